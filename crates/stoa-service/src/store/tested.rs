//! The last test login of each connection that succeeded.

use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::login::{LoginItem, kept_until};

use super::{Key, Store, TestedItem};

impl Store {
    /// Records a test that succeeded, over the one before.
    pub async fn record_test(&self, login: &LoginItem, now: Timestamp) -> Result<(), Failure> {
        let tested = TestedItem {
            at: now.as_second(),
            connection_version: login.connection_version,
            login: login.reference.clone(),
            ttl: kept_until(now),
        };
        // The function may update items of this table, and put none.
        let update = Key::tested(&login.connection)
            .update("SET #at = :at, cv = :cv, login = :login, #ttl = :ttl")
            .with(":at", tested.at)
            .with(":cv", tested.connection_version)
            .with(":login", &tested.login)
            .with(":ttl", tested.ttl);
        self.tables.write(update).await?;
        Ok(())
    }
}
