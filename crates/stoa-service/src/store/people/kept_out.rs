//! Whom somebody keeps out by hand, by what names them when they come: a block outlives the id that it was given to.
//!
//! While the directory has them, their own item says it. What they give up, with an address or with their id, is written
//! down before it is given up, and whoever brings it later, by a login or by a new id, is kept out.

use stoa_core::directory::{KeyOf, UserId};
use stoa_core::failure::Failure;
use stoa_core::provision::Rank;
use stoa_core::routes::Table;

use super::People;
use crate::store::items::KeptOutItem;
use crate::store::{Key, Range, Reads, Write, read};

impl People<'_> {
    /// The mark of somebody who gives values up. Where they are kept out, whoever brings one of these is from now on. The
    /// mark is refused where somebody has kept them out or let them in since that was read.
    pub(super) async fn mark_giving_up(&self, id: &UserId, mark: Write, values: &[&KeyOf]) -> Result<Write, Failure> {
        let joining: Vec<&KeyOf> = values.iter().copied().filter(|value| value.by.joins()).collect();
        if joining.is_empty() {
            return Ok(mark);
        }
        let sync = self.store.sync(self.connection, id).await?;
        if !sync.is_some_and(|sync| sync.blocked) {
            return Ok(mark.only_if("attribute_not_exists(blocked)"));
        }
        let keep_out = |value: &KeyOf| {
            let (by, hash) = (value.by.as_str(), &value.hash);
            let beside = Key::kept_out(self.connection, by, hash);
            let item = KeptOutItem::new(id, beside.pk.clone());
            [beside.put(&item), Key::kept_out_user(self.connection, id, by, hash).put(&item)]
        };
        self.write_edges(joining.into_iter().map(keep_out).collect()).await?;
        Ok(mark.only_if("blocked = :yes").with(":yes", true))
    }

    /// The mark of somebody new. Where one of their values keeps out, they are who was kept out before, under another id, and
    /// letting them in lifts all of it.
    pub(super) async fn mark_new(&self, id: &UserId, values: &[KeyOf]) -> Result<Write, Failure> {
        let joining = values.iter().filter(|value| value.by.joins());
        let keys = joining.map(|value| Key::kept_out(self.connection, value.by.as_str(), &value.hash)).collect();
        let mut found = Vec::new();
        for item in self.read_all(keys).await? {
            let first: KeptOutItem = read(Table::Directory, item)?;
            let range = Range::kept_out(self.connection, &first.id);
            let all: Vec<KeptOutItem> = self.store.tables.query(&range, Reads::Consistent).await?;
            for item in all.into_iter().chain([first]) {
                if !found.contains(&item) {
                    found.push(item);
                }
            }
        }
        if found.is_empty() {
            return Ok(self.due().mark(id, Rank::Then));
        }
        let copies = found.iter().map(|item| [item.among(self.connection, id).put(item)]);
        self.write_edges(copies.collect()).await?;
        Ok(self.due().mark_kept_out(id))
    }
}
