//! A launch's turn to ask the school about its person, and their place in its line.

use std::time::Duration;

use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::line::{LONGEST_SECONDS, Line, Place, Way, next_minute, time_for};
use stoa_core::person::{Arrival, Standing};
use stoa_core::turn::{TURN_SECONDS, Turn, TurnItem, Wish};

use crate::clients::Clients;
use crate::edge::SOFT_DEADLINE;
use crate::flows::account::{CHANGE, Calls};
use crate::random;
use crate::store::{Joining, Part};

/// The edge ends a request before its turn ends, which was taken later than it came, and is counted in whole seconds.
const _: () =
    assert!(SOFT_DEADLINE.as_millis() + 1000 <= TURN_SECONDS as u128 * 1000, "a turn ends before its request");
/// What most settlements take, with plenty to spare.
const USUALLY: Duration = Duration::from_secs(1);

/// Who would ask.
pub(super) struct Asking<'a> {
    /// What is read and written through.
    pub(super) clients: &'a Clients,
    /// Who comes, and into what.
    pub(super) arrival: &'a Arrival<'a>,
    /// The connection that on-call linked them through, if they have not come since.
    pub(super) linked: Option<ConnectionId>,
    /// How long a settlement may still take.
    pub(super) left: Duration,
}

/// Whether somebody asks the school.
pub(super) enum Asked {
    /// There is nothing to ask.
    Nothing,
    /// They do, now.
    Now(Ours),
    /// Another request does, about the same person.
    UnderWay,
    /// It is not asked again.
    Refused(Failure),
    /// Not before this time.
    Later(Timestamp),
    /// They need a place in the line.
    Join(Ours),
}

/// A turn that is this request's.
pub(super) struct Ours {
    /// As it was written.
    pub(super) turn: TurnItem,
    /// Which part of the minute its calls come out of.
    pub(super) part: Part,
    /// The line, as it was found.
    pub(super) line: Line,
}

impl Asking<'_> {
    /// Takes the turn, where the school has to be asked anything.
    pub(super) async fn turn(&self, standing: &Standing) -> Result<Asked, Failure> {
        let wish = match standing {
            Standing::Settled(_) | Standing::Entered(..) => return Ok(Asked::Nothing),
            Standing::Overdue(..) => Wish::Look,
            Standing::Unsettled(..) => Wish::Settle,
        };
        let Arrival { indexes, school, connection, now, .. } = *self.arrival;
        let (store, school) = (&self.clients.store, &school.document.id);
        let found = store.turns(school, &indexes.person_key, connection.id()).await?;
        let place = found.turn.as_ref().and_then(|turn| turn.place);
        let way = match standing {
            // Who may do without a look waits for none: it is made while half the minute is left.
            Standing::Overdue(person, _) if self.arrival.may_go_unlooked(person, Fault::CallsSpent) => Way::AtOnce,
            Standing::Overdue(..) | Standing::Unsettled(..) | Standing::Settled(_) | Standing::Entered(..) => {
                found.line.way(place, now)
            }
        };
        let part = match way {
            Way::Later(at) => return Ok(Asked::Later(at)),
            Way::AtOnce | Way::Join => Part::Open,
            Way::PastTheLine => Part::Few,
            Way::AtTheirPlace => Part::Any,
        };
        let turn = match Turn::take(found.turn.as_ref(), wish, &self.about(), random::attempt()?, now) {
            Turn::Ours(turn) => turn,
            Turn::UnderWay => return Ok(Asked::UnderWay),
            Turn::Refused(failure) => return Ok(Asked::Refused(failure)),
        };
        if turn.is_taken_over && self.left < CHANGE + USUALLY {
            // Another try has the time that this one has spent waiting.
            return Ok(Asked::UnderWay);
        }
        if !store.write_turn(school, &indexes.person_key, &turn, found.turn.as_ref()).await? {
            return Ok(Asked::UnderWay);
        }
        // A place that nobody came for in time is none any more.
        let turn = if part == Part::Any { turn } else { TurnItem { place: None, ..turn } };
        let ours = Ours { turn, part, line: found.line };
        Ok(if way == Way::Join { Asked::Join(ours) } else { Asked::Now(ours) })
    }

    /// Gives somebody a place in the line who cannot ask now, and says when they can. `why`: what stopped them, if they
    /// have tried. Who has a place keeps it, and the line moves: nobody overtakes them.
    pub(super) async fn wait(
        &self,
        ours: Ours,
        calls: u32,
        why: Option<(Fault, &Calls)>,
    ) -> Result<Timestamp, Failure> {
        let Arrival { indexes, school, connection, now, .. } = *self.arrival;
        let (store, school) = (&self.clients.store, &school.document.id);
        let Ours { turn, part, line } = ours;
        let again = match why {
            Some((Fault::ThinkificBusy, made)) => Timestamp::from_second(made.closed_until()).unwrap_or(now).max(now),
            Some(_) => next_minute(now),
            None => now,
        };
        // Who had waited for all that was left of the minute, or was refused by the school, knows of everybody.
        let closes = matches!(why, Some((Fault::ThinkificBusy, _))) || why.is_some() && part == Part::Any;
        let found = line;
        let line = if closes { found.closed_until(again, now) } else { found };
        let earliest: Place = line.now(again);
        let at = line.time_of(turn.place.unwrap_or_else(|| line.next.max(earliest)));
        if at.as_second() - now.as_second() > LONGEST_SECONDS {
            let fault = why.map_or(Fault::CallsSpent, |(fault, _)| fault);
            let failure = Failure::noted(fault, connection.id().as_str());
            self.end(turn, Some(&failure)).await;
            return Err(failure);
        }
        if closes {
            store.move_line(school, &found, &line, now).await?;
        }
        let place = match turn.place {
            Some(place) => place,
            None => {
                let joining = Joining { school, connection: connection.id(), calls, from: earliest };
                store.join_line(&joining, now).await?
            }
        };
        let turn = turn.waiting(place, why.is_some_and(|(_, made)| made.is_taken()));
        store.write_turn(school, &indexes.person_key, &turn, Some(&turn)).await?;
        Ok(line.time_of(place))
    }

    /// Lets the line move by the calls that somebody made beyond those that their place had time for.
    pub(super) async fn made(&self, ours: &Ours, usual: u32, made: u32) -> Option<Fault> {
        let Arrival { school, now, .. } = *self.arrival;
        let beyond = made.saturating_sub(usual);
        if beyond == 0 || ours.line.next <= ours.line.now(now) {
            return None;
        }
        let line = Line { moved: ours.line.moved + time_for(beyond), ..ours.line };
        self.clients.store.move_line(&school.document.id, &ours.line, &line, now).await.err().map(|it| it.fault)
    }

    /// Ends the turn. That this fails must not hide how it ended, and lasts for seconds: returns why.
    pub(super) async fn end(&self, turn: TurnItem, failure: Option<&Failure>) -> Option<Fault> {
        let Arrival { indexes, school, now, .. } = *self.arrival;
        let over = turn.over(failure, &self.about(), now);
        let written = self.clients.store.write_turn(&school.document.id, &indexes.person_key, &over, Some(&over)).await;
        written.err().map(|second| second.fault)
    }

    /// What a refusal is about: the same details through the connection as it is, of a person whom on-call has not
    /// linked in the meantime.
    fn about(&self) -> String {
        let (details, connection) = (&self.arrival.indexes.fingerprint, self.arrival.connection);
        let linked = self.linked.as_ref().map_or("", ConnectionId::as_str);
        format!("{details}.{}.{}.{linked}", connection.id(), connection.version)
    }
}
