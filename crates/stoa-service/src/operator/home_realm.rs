//! Where a connection's domains lead: kept with each change of its document or state, in the same transaction.

use std::collections::BTreeMap;

use stoa_core::connection::{ConnectionDocument, ConnectionState};
use stoa_core::home_realm::entries;

use super::transaction::Writes;
use crate::store::{HomeRealmItem, Key};

/// Writes the entries that are new or say something else now, and deletes those that are no more.
pub(super) fn lead(
    writes: &mut Writes,
    before: Option<(&ConnectionDocument, ConnectionState)>,
    after: (&ConnectionDocument, ConnectionState),
) {
    let (old, new) = (before.map(items).unwrap_or_default(), items(after));
    for (domain, item) in new.iter().filter(|(domain, item)| old.get(*domain) != Some(item)) {
        writes.push(Key::home_realm(domain, &item.connection).put(item));
    }
    for (domain, item) in old.iter().filter(|(domain, _)| !new.contains_key(*domain)) {
        writes.push(Key::home_realm(domain, &item.connection).delete());
    }
}

/// By domain.
fn items<'a>((document, state): (&'a ConnectionDocument, ConnectionState)) -> BTreeMap<&'a str, HomeRealmItem> {
    let item = |(domain, name): (&'a str, &str)| {
        let (connection, school) = (document.id.clone(), document.school.clone());
        (domain, HomeRealmItem { connection, name: name.to_owned(), school })
    };
    entries(document, state).into_iter().map(item).collect()
}
