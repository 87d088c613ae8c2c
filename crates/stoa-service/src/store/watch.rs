//! What `trust-refresh` has seen, and the keys it trusts and drops: one transaction, and only over what was read.

use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_core::trust::{Decision, Watch};

use super::{ABSENT, Key, NoAnswer, Reads, Store, StoreError, Transacted, TrustItem, WatchItem, WatchOver, Write};

impl WatchItem {
    /// The next version, as a write that is refused if anybody has written since.
    pub(crate) fn next(&self, key: Key, watch: Watch) -> Write {
        let next = key.put(&Self { n: self.n + 1, watch });
        match self.n {
            0 => next.only_if(ABSENT),
            n => next.only_if("n = :n").with(":n", n),
        }
    }
}

/// What had been seen of a provider, and whose it is.
pub struct Watched<'a> {
    connection: &'a ConnectionId,
    over: WatchOver,
    /// The item as it was read.
    pub item: WatchItem,
}

impl Watched<'_> {
    /// What is watched.
    pub const fn over(&self) -> WatchOver {
        self.over
    }
}

/// Whether a transaction was cancelled by another writer, and by nothing else: a throttled one is a failure.
fn was_overtaken(reasons: &[Option<String>]) -> bool {
    let mut reasons = reasons.iter().flatten().peekable();
    reasons.peek().is_some()
        && reasons.all(|code| matches!(code.as_str(), "ConditionalCheckFailed" | "TransactionConflict"))
}

impl Store {
    /// What has been seen of a provider.
    pub async fn watch<'a>(&self, connection: &'a ConnectionId, over: WatchOver) -> Result<Watched<'a>, Failure> {
        let item = self.tables.get(&Key::watch(connection, over), Reads::Consistent).await?.unwrap_or_default();
        Ok(Watched { connection, over, item })
    }

    /// Writes what follows from a look, all or nothing. `false`: somebody has written since `before` was read, and the
    /// next look sees what they wrote.
    pub async fn write_decision(
        &self,
        before: &Watched<'_>,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let Watched { connection, over, item } = before;
        let mut writes = vec![item.next(Key::watch(connection, *over), decision.watch.clone())];
        for certificate in &decision.trust {
            let key = Key::trusted(connection, certificate.fingerprint());
            writes.push(key.put(&TrustItem::new(certificate, now)));
        }
        writes.extend(decision.drop.iter().map(|fingerprint| Key::trusted(connection, fingerprint).delete()));
        match self.tables.transact(writes).await? {
            Transacted::Applied => Ok(true),
            Transacted::Cancelled(reasons) if was_overtaken(&reasons) => Ok(false),
            Transacted::Cancelled(_) => {
                let answer = NoAnswer::Refused(Some("TransactionCanceledException".to_owned()));
                Err(StoreError::Aws { what: Table::Trust.as_str(), answer }.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c220_only_another_writer_overtakes_and_a_throttled_write_is_a_failure() {
        let overtaken = |codes: &[Option<&str>]| {
            was_overtaken(&codes.iter().map(|code| code.map(str::to_owned)).collect::<Vec<_>>())
        };
        assert!(overtaken(&[Some("ConditionalCheckFailed"), None]) && overtaken(&[None, Some("TransactionConflict")]));
        for other in [
            &[Some("ThrottlingError"), None][..],
            &[Some("ConditionalCheckFailed"), Some("ValidationError")],
            &[None],
            &[],
        ] {
            assert!(!overtaken(other), "{other:?}");
        }
    }
}
