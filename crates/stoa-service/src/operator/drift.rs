//! A directory against the mirror of its school: in what the school differs, and that it is put right.
//!
//! Nobody calls the school here. Who is to be put right is marked as due, and the function `provisioner` does it within
//! the calls that it has.

use std::collections::HashMap;

use stoa_core::directory::{UserId, UserItem};
use stoa_core::ids::ConnectionId;
use stoa_core::mirror::SchoolMirror;
use stoa_core::person::AddressItem;
use stoa_core::provision::{Drift, Sides, Sync, drift};
use stoa_core::routes::Table;

use super::{OperatorError, StackAccess};
use crate::store::{Item, Key, Reads, read};

/// People who are looked at together: the items of one batch.
const TOGETHER: usize = 50;

/// In what a school differs from a directory.
#[derive(Debug, Default)]
pub struct Drifted {
    /// Who, and in what.
    pub people: Vec<(UserId, Drift)>,
    /// How many people were compared.
    pub compared: usize,
    /// When the mirror last looked at all accounts, in epoch seconds.
    pub mirrored_at: Option<i64>,
}

impl StackAccess {
    /// Compares everybody of a connection's directory with what the mirror has seen.
    pub async fn drifted(&self, connection: &ConnectionId) -> Result<Drifted, OperatorError> {
        let unknown = || OperatorError::NoConnection(connection.clone());
        let document = self.current(connection).await?.ok_or_else(unknown)?.document()?;
        let mirror = self.school_mirror(&document.school).await?.unwrap_or_default();
        let ids = self.directory_ids(connection).await?;
        let mut drifted = Drifted { mirrored_at: mirror.mirrored_at, ..Drifted::default() };
        for people in ids.chunks(TOGETHER) {
            let found = self.compared((connection, &mirror), people, &document.account.allow_roles).await?;
            drifted.people.extend(found);
            drifted.compared += people.len();
        }
        Ok(drifted)
    }

    async fn compared(
        &self,
        (connection, mirror): (&ConnectionId, &SchoolMirror),
        people: &[UserId],
        allow_roles: &[String],
    ) -> Result<Vec<(UserId, Drift)>, OperatorError> {
        let keys = people.iter().flat_map(|user| [Key::user(connection, user), Key::sync(connection, user)]);
        let items = self.keyed(keys.collect()).await?;
        let mut sides: Vec<(UserId, UserItem, Option<Sync>)> = Vec::new();
        for user in people {
            let Some(item) = items.get(&Key::user(connection, user)) else { continue };
            let sync = items.get(&Key::sync(connection, user)).cloned();
            let sync = sync.map(|sync| read(Table::Directory, sync)).transpose()?;
            sides.push((user.clone(), read(Table::Directory, item.clone())?, sync));
        }
        let address = |sync: &Option<Sync>| sync.as_ref()?.applied.email_key.as_ref().map(Key::email);
        let mut addresses: Vec<Key> = Vec::new();
        for key in sides.iter().filter_map(|(_, _, sync)| address(sync)) {
            if !addresses.contains(&key) {
                addresses.push(key);
            }
        }
        let addresses = self.keyed(addresses).await?;
        let mut drifted = Vec::new();
        for (user, item, sync) in &sides {
            let under = address(sync).and_then(|key| addresses.get(&key).cloned());
            let under: Option<AddressItem> = under.map(|item| read(Table::Directory, item)).transpose()?;
            let sides = Sides {
                active: item.active,
                modified: item.modified,
                sync: sync.as_ref(),
                under_address: under.as_ref().and_then(|address| address.account.as_ref()),
                mirror,
                allow_roles,
            };
            drifted.extend(drift(&sides).map(|drift| (user.clone(), drift)));
        }
        Ok(drifted)
    }

    /// Items by their keys, as far as they are there.
    async fn keyed(&self, keys: Vec<Key>) -> Result<HashMap<Key, Item>, OperatorError> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let items = self.tables.batch(Table::Directory.as_str(), keys, Reads::Consistent).await?;
        let text = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let keyed =
            |(table, item): (Table, Item)| Some((Key { table, pk: text(&item, "pk")?, sk: text(&item, "sk") }, item));
        Ok(items.into_iter().filter_map(keyed).collect())
    }

    /// Has the account of somebody looked at again, and put right.
    pub async fn repair(
        &self,
        (connection, user): (&ConnectionId, &UserId),
        reason: &str,
    ) -> Result<(), OperatorError> {
        let person = self.directory_person(connection, user).await?;
        self.look_again(&person, reason).await
    }
}
