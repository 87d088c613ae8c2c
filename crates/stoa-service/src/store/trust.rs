//! The keys that an identity provider may sign with.

use std::sync::Arc;

use jiff::Timestamp;
use stoa_core::connection::{Connection, Saml};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::trust::{TrustedKey, Watch};
use stoa_saml::{Certificate, Trust};

use super::{Reads, Store, TrustItem};

/// What was read of a connection's trust.
pub enum TrustRead {
    /// As it was parsed in the last minute.
    Held(Arc<Trust>),
    /// As it is stored.
    Items(Vec<TrustItem>),
}

impl Store {
    /// What there is of a connection's trust, as of the last minute: for whoever has not read the connection yet.
    pub async fn trust_read(&self, id: &ConnectionId, now: Timestamp) -> Result<TrustRead, Failure> {
        match self.held_trust.fresh(id, now) {
            Some(trust) => Ok(TrustRead::Held(trust)),
            None => Ok(TrustRead::Items(self.tables.trusted(id, Reads::Eventual).await?)),
        }
    }

    /// Whom a connection trusts. No live key is a broken configuration, never "no check".
    pub fn trust(&self, connection: &Connection, read: TrustRead, now: Timestamp) -> Result<Arc<Trust>, Failure> {
        let items = match read {
            TrustRead::Held(trust) => return Ok(trust),
            TrustRead::Items(items) => items,
        };
        let live = items.iter().filter(|item| item.is_live(now));
        let keys = live.map(TrustItem::certificate).collect::<Result<_, _>>()?;
        let trust = Trust::new(connection.saml()?.idp().entity_id.clone(), keys)
            .map_err(|error| Failure::with(Fault::ConfigurationBroken, "trust", &error.to_string()))?;
        Ok(self.held_trust.hold(connection.id().clone(), trust, now))
    }

    /// A connection's keys as they stand in the table now.
    pub async fn trusted_keys(&self, connection: &ConnectionId) -> Result<Vec<TrustItem>, Failure> {
        Ok(self.tables.trusted(connection, Reads::Consistent).await?)
    }
}

/// The keys that count now, as the rules read them. One whose end a person has set is refused like one that they
/// removed: the metadata does not bring it back.
pub(crate) fn trusted(items: &[TrustItem], watch: &mut Watch, now: Timestamp) -> Result<Vec<TrustedKey>, Failure> {
    let ended = items.iter().filter(|item| item.until.is_some_and(|until| until <= now.as_second()));
    watch.refused.extend(ended.map(|item| item.fingerprint.clone()));
    let key = |item: &TrustItem| {
        let not_after = item.certificate()?.not_after();
        Ok(TrustedKey { fingerprint: item.fingerprint.clone(), not_after, is_kept: item.is_kept })
    };
    items.iter().filter(|item| item.is_live(now)).map(key).collect()
}

/// The certificates that sign the metadata. A connection whose certificates do not parse does not exist.
pub(crate) fn pinned(saml: &Saml) -> Vec<Certificate> {
    saml.document().metadata_certificates.iter().flat_map(|pem| Certificate::from_pem(pem)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_whose_end_a_person_set_counts_no_more_and_is_not_waited_for() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let pem = include_str!("../../../stoa-saml/testdata/keys/idp-current.crt");
        let ended = |until| TrustItem { until, ..TrustItem::new(&Certificate::from_pem(pem).unwrap(), now) };
        let look = |until: Option<i64>| {
            let mut watch = Watch::default();
            let keys = trusted(&[ended(until)], &mut watch, now).unwrap();
            (keys.len(), watch.refused.len())
        };
        assert_eq!(look(None), (1, 0));
        assert_eq!(look(Some(now.as_second() + 1)), (1, 0));
        assert_eq!(look(Some(now.as_second())), (0, 1));
        // By the clock of whoever added it, it begins in a minute: nobody has taken it away.
        let early = TrustItem { from: now.as_second() + 60, ..ended(None) };
        let mut watch = Watch::default();
        assert!(trusted(&[early], &mut watch, now).unwrap().is_empty() && watch.refused.is_empty());
    }
}
