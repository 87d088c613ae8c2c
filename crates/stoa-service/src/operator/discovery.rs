//! Where a connection's domains lead: kept with each change of its document or state, in the same transaction.

use std::collections::BTreeMap;

use stoa_core::connection::{ConnectionDocument, ConnectionState};
use stoa_core::discovery::entries;

use super::transaction::{Guards, Writes, put};
use super::{Operator, OperatorError};
use crate::store::DiscoveryItem;

impl Operator {
    /// Writes the entries that are new or say something else now, and deletes those that are no more.
    pub(super) fn lead(
        &self,
        writes: &mut Writes,
        before: Option<(&ConnectionDocument, ConnectionState)>,
        (document, state): (&ConnectionDocument, ConnectionState),
    ) -> Result<(), OperatorError> {
        let (old, new) = (before.map(items).unwrap_or_default(), items((document, state)));
        for item in new.values().filter(|item| old.get(&item.pk) != Some(item)) {
            writes.put(put(&self.names.connections, item)?, Guards::Nothing)?;
        }
        for item in old.values().filter(|item| !new.contains_key(&item.pk)) {
            writes.delete(&self.names.connections, &item.pk, item.sk.as_str())?;
        }
        Ok(())
    }
}

fn items((document, state): (&ConnectionDocument, ConnectionState)) -> BTreeMap<String, DiscoveryItem> {
    let item = |(domain, name): (&str, &str)| DiscoveryItem {
        pk: DiscoveryItem::partition(domain),
        sk: document.id.clone(),
        name: name.to_owned(),
        school: document.school.to_string(),
    };
    entries(document, state).into_iter().map(item).map(|item| (item.pk.clone(), item)).collect()
}
