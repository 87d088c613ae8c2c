//! A launch's turn to ask the school about its person.

use std::time::Duration;

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::person::Arrival;
use stoa_core::turn::{TURN_SECONDS, Turn, TurnItem, Wish};

use crate::clients::Clients;
use crate::edge::SOFT_DEADLINE;
use crate::flows::account::CHANGE;
use crate::random;

/// The edge ends a request before its turn ends, which was taken later than it came, and is counted in whole seconds.
const _: () = assert!(SOFT_DEADLINE.as_millis() + 1000 <= TURN_SECONDS as u128 * 1000, "a turn ends before its request");
/// What most settlements take, with plenty to spare.
const USUALLY: Duration = Duration::from_secs(1);

/// Who would ask.
pub(super) struct Asking<'a> {
    /// What is read and written through.
    pub(super) clients: &'a Clients,
    /// Who comes, and into what.
    pub(super) arrival: &'a Arrival<'a>,
    /// The connection that an operator linked them through, if they have not come since.
    pub(super) linked: Option<ConnectionId>,
    /// How long a settlement may still take.
    pub(super) left: Duration,
}

impl Asking<'_> {
    /// Takes the turn.
    pub(super) async fn turn(&self, wish: Wish) -> Result<Turn, Failure> {
        let Arrival { indexes, school, now, .. } = *self.arrival;
        let (store, school) = (&self.clients.store, &school.document.id);
        let found = store.turns(school, &indexes.person_key).await?;
        let turn = Turn::take(found.as_ref(), wish, &self.about(), random::attempt()?, now);
        let Turn::Ours(item) = turn else { return Ok(turn) };
        if item.is_taken_over && self.left < CHANGE + USUALLY {
            // Another try has the time that this one has spent waiting.
            return Ok(Turn::UnderWay);
        }
        let is_ours = store.write_turn(school, &indexes.person_key, &item, found.as_ref()).await?;
        Ok(if is_ours { Turn::Ours(item) } else { Turn::UnderWay })
    }

    /// Ends the turn. That this fails must not hide how it ended, and lasts for seconds: returns why.
    pub(super) async fn end(&self, turn: TurnItem, failure: Option<&Failure>) -> Option<Fault> {
        let Arrival { indexes, school, now, .. } = *self.arrival;
        let over = turn.over(failure, &self.about(), now);
        let written = self.clients.store.write_turn(&school.document.id, &indexes.person_key, &over, Some(&over)).await;
        written.err().map(|second| second.fault)
    }

    /// What a refusal is about: the same details through the connection as it is, of a person whom no operator has
    /// linked in the meantime.
    fn about(&self) -> String {
        let (details, connection) = (&self.arrival.indexes.fingerprint, self.arrival.connection);
        let linked = self.linked.as_ref().map_or("", ConnectionId::as_str);
        format!("{details}.{}.{}.{linked}", connection.id(), connection.version)
    }
}
