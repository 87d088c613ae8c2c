//! What is stored: one file a table, and in it the keys of its items, their forms, and how long they are kept.
//!
//! Functions and the command `stoa` read and write the same items, by the same [`Key`]s: no key is put together
//! anywhere else, and `docs/data.md` is held against [`forms`]. A key is no part of an item's form: an item is written
//! under its key, and holds of it only what it is read for.

mod connections;
mod directory;
mod key;
mod logins;
mod people;
mod provision;
mod trust;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub use connections::{ConnectionItem, RehearsalItem, SchoolItem};
pub(crate) use connections::{DomainItem, HomeRealmItem, ListedItem, SiteItem};
pub(crate) use directory::{PersonChangeItem, course_of};
pub(crate) use key::Range;
pub use key::{Form, Key};
pub use logins::TestedItem;
pub(crate) use logins::{AssertionItem, WebhookItem};
pub use people::KeptOutItem;
pub(crate) use people::{
    ErasedItem, ImportItem, ListedId, RefusedLine, UploadItem, UploadProgress, UploadTurnItem, UploadWritten, UsedItem,
    ValueItem, is_kept_out, is_membership, told_group_of,
};
pub(crate) use provision::{LeaseItem, due_of, stopped_of};
pub(crate) use trust::{FETCH_EVERY, NO_KEY};
pub use trust::{JwksItem, KeyChange, KeySet, RoundItem, TrustChange, TrustItem, WatchItem, WatchOver};

/// An item as DynamoDB has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The form of the keys of every kind of item.
pub fn forms() -> impl Iterator<Item = &'static Form> {
    [connections::FORMS, trust::FORMS, logins::FORMS, directory::FORMS, people::FORMS, provision::FORMS]
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests;
