//! Providers' key sets: one item a key set, beside the connection's other trust.

use std::sync::Arc;

use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::ids::{Attempt, ConnectionId};
use stoa_core::oidc::Jwks;
use stoa_core::routes::Table;

use super::{FETCH_EVERY, JwksItem, Key, KeySet, Outcome, Reads, Store, Write, read};

/// How far a key set's instant may be ahead of this function's clock.
const AHEAD_SECONDS: i64 = 300;

/// Where a key set is kept, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct KeySource<'a> {
    /// Which of the connection's.
    pub set: KeySet,
    /// The issuer's `jwks_uri`.
    pub uri: &'a str,
}

/// Leave to ask a provider for its keys, and to write them. Only [`Store::claim_jwks_fetch`] gives it.
pub struct FetchLeave<'a> {
    connection: &'a ConnectionId,
    source: KeySource<'a>,
    attempt: Attempt,
}

impl<'a> FetchLeave<'a> {
    /// Whose keys.
    pub const fn connection(&self) -> &'a ConnectionId {
        self.connection
    }

    /// Where they are.
    pub const fn source(&self) -> KeySource<'a> {
        self.source
    }
}

/// Whether this function may ask the provider for its keys.
pub enum FetchClaim<'a> {
    /// It may, and nobody else for a minute.
    Granted(FetchLeave<'a>),
    /// Somebody asked less than a minute ago, or the connection has its keys from elsewhere by now. The item as it is.
    Taken(JwksItem),
}

impl Store {
    /// A connection's key set, as of the last minute.
    pub async fn jwks(&self, connection: &ConnectionId, set: KeySet, now: Timestamp) -> Result<Arc<Jwks>, Failure> {
        match self.held_jwks.fresh(&(connection.clone(), set), now) {
            Some(keys) => Ok(keys),
            None => self.jwks_now(connection, set, now).await,
        }
    }

    /// The same as it is now.
    pub async fn jwks_now(&self, connection: &ConnectionId, set: KeySet, now: Timestamp) -> Result<Arc<Jwks>, Failure> {
        let item = self.read_jwks(connection, set).await?;
        Ok(self.hold_jwks(connection, set, item.keys()?, now))
    }

    async fn read_jwks(&self, connection: &ConnectionId, set: KeySet) -> Result<JwksItem, Failure> {
        Ok(self.tables.get(&Key::key_set(connection, set), Reads::Consistent).await?.unwrap_or_default())
    }

    /// Keeps a key set in this process.
    pub fn hold_jwks(&self, connection: &ConnectionId, set: KeySet, keys: Jwks, now: Timestamp) -> Arc<Jwks> {
        self.held_jwks.hold((connection.clone(), set), keys, now)
    }

    /// Asks leave to fetch a key set. A last try in the future was a wrong clock's.
    pub async fn claim_jwks_fetch<'a>(
        &self,
        connection: &'a ConnectionId,
        source: KeySource<'a>,
        attempt: Attempt,
        now: Timestamp,
    ) -> Result<FetchClaim<'a>, Failure> {
        // Anybody can name an unknown key, and a refused write costs as much as one that is applied.
        let item = self.read_jwks(connection, source.set).await?;
        if item.is_tried(now) {
            return Ok(FetchClaim::Taken(item));
        }
        let claim = Key::key_set(connection, source.set)
            .update("SET tried = :now, asking = :yes, attempt = :attempt, #uri = :uri")
            .only_if(
                "(attribute_not_exists(#uri) OR #uri = :uri) AND \
                 (attribute_not_exists(tried) OR tried <= :then OR tried > :ahead)",
            )
            .showing_refused()
            .with(":uri", source.uri)
            .with(":now", now.as_second())
            .with(":yes", true)
            .with(":attempt", &attempt)
            .with(":then", now.as_second() - FETCH_EVERY)
            .with(":ahead", now.as_second() + FETCH_EVERY);
        let leave = FetchLeave { connection, source, attempt };
        match self.tables.write(claim).await? {
            Outcome::Applied(_) => Ok(FetchClaim::Granted(leave)),
            Outcome::Refused(item) => {
                let item = item.map(|item| read(Table::Trust, item)).transpose()?;
                let item: JwksItem = item.unwrap_or_default();
                // Only the reply of the first try was lost.
                let is_mine = item.attempt.as_ref() == Some(&leave.attempt);
                Ok(if is_mine { FetchClaim::Granted(leave) } else { FetchClaim::Taken(item) })
            }
        }
    }

    /// Writes a key set that was fetched and parsed, unless keys have come another way since leave was given: a look of
    /// `trust-refresh`, which may have seen one withdrawn, or an `apply`.
    pub async fn write_jwks(&self, leave: &FetchLeave<'_>, text: &str, now: Timestamp) -> Result<(), Failure> {
        let write = Key::key_set(leave.connection, leave.source.set)
            .update("SET jwks = :jwks, #at = :now, #uri = :uri REMOVE asking")
            .only_if("attempt = :attempt")
            .with(":uri", leave.source.uri)
            .with(":attempt", &leave.attempt)
            .with(":jwks", text)
            .with(":now", now.as_second());
        self.tables.write(write).await?;
        Ok(())
    }

    /// Replaces a key set by one that was asked for at `asked`, unless a later one is there already. One of a future
    /// that no clock's difference explains is not a later one.
    pub async fn replace_jwks(
        &self,
        connection: &ConnectionId,
        source: KeySource<'_>,
        text: &str,
        asked: Timestamp,
    ) -> Result<(), Failure> {
        self.tables.write(source.replaced(connection, text, asked)).await?;
        Ok(())
    }
}

impl KeySource<'_> {
    /// The write of a key set that was asked for at `asked`, refused where a later one is there already.
    pub(crate) fn replaced(self, connection: &ConnectionId, text: &str, asked: Timestamp) -> Write {
        // Whoever is fetching in a callback has been overtaken.
        Key::key_set(connection, self.set)
            .update("SET jwks = :jwks, #at = :asked, #uri = :uri REMOVE asking, attempt")
            .only_if(
                "attribute_not_exists(#at) OR #at < :asked OR #at > :ahead OR \
                 (#at = :asked AND (attribute_not_exists(#uri) OR #uri = :uri))",
            )
            .with(":uri", self.uri)
            .with(":ahead", asked.as_second() + AHEAD_SECONDS)
            .with(":jwks", text)
            .with(":asked", asked.as_second())
    }
}
