//! Tests of a connection: the link for the customer's administrator, and what has to be shown before everybody is
//! let in.

use stoa_core::connection::{ConnectionState, Tester};
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::keys::Secret32;

use super::{Applied, OperatorError, StackAccess, Untested};
use crate::random;
use crate::store::{ConnectionItem, Key, Outcome, Reads, TestedItem};

/// How long a test counts.
const RECENT_SECONDS: i64 = 7 * 24 * 3600;

/// A test link, open from now on. The address is a secret of the customer's administrator.
pub struct TestLink {
    key: Secret32,
    id: ConnectionId,
    /// Until when it works, in epoch seconds.
    pub until: i64,
}

impl TestLink {
    /// The address, for whoever made the link.
    pub fn address(&self, public_url: &str) -> String {
        format!("{public_url}/login/{}?test={}", self.id, self.key.to_base64())
    }

    /// The address of the connection's tab in Teams, for whoever made the link.
    pub fn tab_address(&self, public_url: &str) -> String {
        format!("{public_url}/teams/{}?test={}", self.id, self.key.to_base64())
    }
}

/// A test that counts: recent, and of the document that is in force.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The login that showed it.
    pub login: Reference,
    /// When, in epoch seconds.
    pub at: i64,
}

impl StackAccess {
    /// Opens a test link, in place of the one before. A connection that is switched off becomes a draft, so that
    /// there is something to test; nobody else is let in by that.
    pub async fn open_test_link(&self, id: &ConnectionId) -> Result<(TestLink, Option<Applied>), OperatorError> {
        let mut moved = None;
        let mut current = self.existing(id).await?;
        if current.state == ConnectionState::Disabled {
            moved = Some(self.set_state(id, ConnectionState::Draft, "opened for a test").await?);
            current = self.existing(id).await?;
        }
        let key = Secret32::new(random::bytes().map_err(|_| OperatorError::Secret("no random bytes"))?);
        let tester = Tester::new(id, &key, Self::now());
        self.write_tester(id, &current, &tester).await?;
        Ok((TestLink { key, id: id.clone(), until: tester.until }, moved))
    }

    /// A link is no version of the connection, but it must not get lost between two versions either.
    async fn write_tester(
        &self,
        id: &ConnectionId,
        current: &ConnectionItem,
        tester: &Tester,
    ) -> Result<(), OperatorError> {
        let update = current.unchanged(Key::connection(id).update("SET tester = :tester")).with(":tester", tester);
        match self.tables.write(update).await.map_err(OperatorError::store("write the test link"))? {
            Outcome::Applied(_) => Ok(()),
            Outcome::Refused(_) => Err(OperatorError::Meanwhile(id.clone())),
        }
    }

    /// The last test of a connection, or why none counts.
    pub async fn last_test(&self, id: &ConnectionId) -> Result<Result<Tested, Untested>, OperatorError> {
        self.test_of(&self.existing(id).await?, id).await
    }

    async fn test_of(
        &self,
        current: &ConnectionItem,
        id: &ConnectionId,
    ) -> Result<Result<Tested, Untested>, OperatorError> {
        let last = self.tables.get(&Key::tested(id), Reads::Consistent).await;
        let last: Option<TestedItem> = last.map_err(OperatorError::store("read the last test"))?;
        let Some(last) = last else { return Ok(Err(Untested::Never)) };
        // A change of state is a version too. What counts is whether the document is the one that was tested.
        let history = self.history(id).await?;
        if !history.iter().any(|item| item.version == last.connection_version && item.document == current.document) {
            return Ok(Err(Untested::Earlier { version: last.connection_version }));
        }
        let age = Self::now().as_second() - last.at;
        if age > RECENT_SECONDS {
            return Ok(Err(Untested::Old { days: age / (24 * 3600) }));
        }
        Ok(Ok(Tested { login: last.login, at: last.at }))
    }

    /// When a test of the probe last got to its end, in epoch seconds.
    pub async fn probed(&self) -> Result<Option<i64>, OperatorError> {
        let last = self.tables.get(&Key::tested(&ConnectionId::probe()), Reads::Consistent).await;
        let last: Option<TestedItem> = last.map_err(OperatorError::store("read the probe's last test"))?;
        Ok(last.map(|last| last.at))
    }

    /// Says so where a draft has been tested.
    pub async fn mark_tested(&self, id: &ConnectionId) -> Result<Option<Applied>, OperatorError> {
        let current = self.existing(id).await?;
        match (current.state, self.test_of(&current, id).await?) {
            (ConnectionState::Draft, Ok(test)) => {
                let reason = format!("test login {}", test.login);
                self.change_state(current, ConnectionState::Tested, &reason).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Lets everybody in, after a test of the document in force. To undo a `disable` needs none: who was let in before
    /// is let in again.
    pub(super) async fn activate(&self, current: ConnectionItem, reason: &str) -> Result<Applied, OperatorError> {
        let id = current.document()?.id;
        if id.is_probe() {
            return Err(OperatorError::ProbeStays);
        }
        let reason = match self.test_of(&current, &id).await? {
            Ok(test) => format!("{reason} (test login {})", test.login),
            Err(_) if self.was_active(&current, &id).await? => reason.to_owned(),
            Err(why) => return Err(OperatorError::Untested(id, why)),
        };
        self.change_state(current, ConnectionState::Active, &reason).await
    }

    /// Lets everybody in without a test: where there is nobody to make one, as in the sandbox. No command does it.
    pub async fn activate_untested(&self, id: &ConnectionId, reason: &str) -> Result<Applied, OperatorError> {
        let current = self.existing(id).await?;
        self.change_state(current, ConnectionState::Active, reason).await
    }

    /// Whether a connection that is switched off was active with the very document that it has now.
    async fn was_active(&self, current: &ConnectionItem, id: &ConnectionId) -> Result<bool, OperatorError> {
        if current.state != ConnectionState::Disabled {
            return Ok(false);
        }
        let history = self.history(id).await?;
        Ok(history.iter().any(|item| item.state == ConnectionState::Active && item.document == current.document))
    }
}
