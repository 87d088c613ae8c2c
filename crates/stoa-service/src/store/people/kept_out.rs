//! Whom somebody keeps out by hand, by what names them when they come: a block outlives the id that it was given to.
//!
//! While the directory has them, their own item says it. What they give up, with an address or with their id, is written
//! down before it is given up, and whoever brings it later, by a login, a new id or a change, is kept out.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use stoa_core::directory::{KeyOf, UserId};
use stoa_core::failure::Failure;
use stoa_core::provision::Rank;

use super::People;
use crate::store::items::KeptOutItem;
use crate::store::{Key, Range, Reads, Write};

/// The values of a person that change.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    /// What they have from now on, and had not.
    pub(super) taken: &'a [&'a KeyOf],
    /// What they had.
    pub(super) given_up: &'a [&'a KeyOf],
}

/// Those by which a login finds its person.
fn joining<'a>(values: &[&'a KeyOf]) -> Vec<&'a KeyOf> {
    values.iter().copied().filter(|value| value.by.joins()).collect()
}

impl People<'_> {
    /// The mark of somebody who gives values up.
    pub(super) async fn mark_giving_up(&self, id: &UserId, mark: Write, values: &[&KeyOf]) -> Result<Write, Failure> {
        self.mark_blocked(id, mark, &joining(values)).await
    }

    /// The mark of somebody new, and what is written down with it. Where one of their values keeps out, they are who was kept
    /// out before, under another id, and letting them in lifts all of it.
    pub(super) async fn mark_new(&self, id: &UserId, values: &[KeyOf], room: usize) -> Result<Vec<Write>, Failure> {
        let copies = self.inherited(id, &values.iter().collect::<Vec<_>>(), room).await?;
        let mark = match copies {
            Some(_) => self.due().mark_kept_out(id, Rank::Then),
            None => self.due().mark(id, Rank::Then),
        };
        Ok(copies.into_iter().flatten().chain([mark]).collect())
    }

    /// The mark of somebody whose values change, and what is written down with it. Where they take one that keeps out, they
    /// are kept out like somebody new who has it.
    pub(super) async fn mark_changed(
        &self,
        id: &UserId,
        rank: Rank,
        values: Values<'_>,
        room: usize,
    ) -> Result<Vec<Write>, Failure> {
        let copies = self.inherited(id, values.taken, room).await?;
        let mark = match copies {
            Some(_) => self.due().mark_kept_out(id, Rank::First),
            None => self.due().mark(id, rank),
        };
        let mark = self.mark_blocked(id, mark, &joining(values.given_up)).await?;
        Ok(copies.into_iter().flatten().chain([mark]).collect())
    }

    /// A mark. Where the person is kept out, whoever brings one of these values is from now on. It is refused where somebody
    /// has kept them out or let them in since that was read.
    async fn mark_blocked(&self, id: &UserId, mark: Write, values: &[&KeyOf]) -> Result<Write, Failure> {
        if values.is_empty() {
            return Ok(mark);
        }
        let sync = self.store.sync(self.connection, id).await?;
        if !sync.is_some_and(|sync| sync.blocked) {
            return Ok(mark.only_if("attribute_not_exists(blocked)"));
        }
        let keep_out = |value: &&KeyOf| {
            let (by, hash) = (value.by.as_str(), &value.hash);
            let beside = Key::kept_out(self.connection, by, hash, id);
            let item = KeptOutItem::new(id, beside.pk.clone());
            [beside.put(&item), Key::kept_out_user(self.connection, id, by, hash, id).put(&item)]
        };
        self.write_edges(values.iter().map(keep_out).collect()).await?;
        Ok(mark.only_if("blocked = :blocked").with(":blocked", true))
    }

    /// Where one of these values keeps out: all by which those are whose it was, to be written down for this person too. What
    /// a transaction has no room for is written before it.
    async fn inherited(&self, id: &UserId, values: &[&KeyOf], room: usize) -> Result<Option<Vec<Write>>, Failure> {
        let of_value = |value: &KeyOf| Range::kept_out_by(self.connection, value.by.as_str(), &value.hash);
        let found = self.kept_out_in(joining(values).into_iter().map(of_value)).await?;
        if found.is_empty() {
            return Ok(None);
        }
        let firsts: BTreeSet<&UserId> = found.iter().map(KeptOutItem::first).collect();
        let all = self.kept_out_in(firsts.into_iter().map(|first| Range::kept_out(self.connection, first))).await?;
        let copy = |item: &KeptOutItem| {
            let key = item.among(self.connection, id);
            (key.to_string(), key.put(item))
        };
        // Each once: a transaction takes no item twice.
        let copies: BTreeMap<String, Write> = found.iter().chain(&all).map(copy).collect();
        let mut copies: Vec<Write> = copies.into_values().collect();
        let before = copies.split_off(copies.len().min(room));
        self.write_edges(before.into_iter().map(|copy| [copy]).collect()).await?;
        Ok(Some(copies))
    }

    async fn kept_out_in(&self, ranges: impl Iterator<Item = Range>) -> Result<Vec<KeptOutItem>, Failure> {
        let read = |range: Range| async move { self.store.tables.query(&range, Reads::Consistent).await };
        let found: Vec<Vec<KeptOutItem>> = try_join_all(ranges.map(read)).await?;
        Ok(found.into_iter().flatten().collect())
    }
}
