//! A launch's turn to ask the school about its person.

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::person::{Arrival, Standing};
use stoa_core::turn::{Turn, TurnItem, Wish};

use crate::clients::Clients;
use crate::random;

/// Who would ask.
pub(super) struct Asking<'a> {
    /// What is read and written through.
    pub(super) clients: &'a Clients,
    /// Who comes, and into what.
    pub(super) arrival: &'a Arrival<'a>,
    /// The connection that an operator linked them through, if they have not come since.
    pub(super) linked: Option<ConnectionId>,
}

impl Asking<'_> {
    /// Takes the turn, where the school has to be asked anything.
    pub(super) async fn turn(&self, standing: &Standing) -> Result<Option<Turn>, Failure> {
        let wish = match standing {
            Standing::Settled(_) => return Ok(None),
            Standing::Overdue(..) => Wish::Look,
            Standing::Unsettled(..) => Wish::Settle,
        };
        let Arrival { indexes, school, now, .. } = *self.arrival;
        let (store, school) = (&self.clients.store, &school.document.id);
        let found = store.turns(school, &indexes.person_key).await?;
        let turn = Turn::take(found.as_ref(), wish, &self.about(), random::attempt()?, now);
        let Turn::Ours(item) = turn else { return Ok(Some(turn)) };
        let is_ours = store.write_turn(school, &indexes.person_key, &item, found.as_ref()).await?;
        Ok(Some(if is_ours { Turn::Ours(item) } else { Turn::UnderWay }))
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
