//! Before a launch asks a school anything: whose turn it is to ask about a person, and out of which part of the school's
//! minute. In `logins`, whose items end by themselves.

use jiff::Timestamp;
use serde::Deserialize;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, PersonKey, SchoolId};
use stoa_core::line::{Line, Place, time_for};
use stoa_core::person::{AddressItem, Indexes};
use stoa_core::turn::{CALLS_FEW, CALLS_PER_MINUTE, CALLS_RESERVED, PreviousMinute, TurnItem};

use super::minute::{drawn, second_of};
use super::{Item, Key, Outcome, Reads, Store, read};

/// How long a line is kept that nobody joins. Longer than anybody has a place.
const LINE_KEPT_SECONDS: i64 = 24 * 3600;
/// Whoever joins while others do tries again; so often at most.
const JOIN_TRIES: u32 = 5;

/// Calls to be made, and out of whose part.
pub struct Draw<'a> {
    /// The school whose minute it is.
    pub school: &'a SchoolId,
    /// Who came through which connection.
    pub connection: &'a ConnectionId,
    /// How many.
    pub calls: u32,
    /// How many more have to be left in the minute.
    pub kept: u32,
    /// Which part of the minute they come out of.
    pub part: Part,
}

/// A part of a school's minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What a connection may spend while nobody waits.
    Open,
    /// What is kept for connections that make few calls.
    Few,
    /// All that is left: for whoever has waited for it.
    Any,
}

/// Somebody who needs a place in a school's line.
pub struct Joining<'a> {
    /// The school that the line is before.
    pub school: &'a SchoolId,
    /// Who came through which connection.
    pub connection: &'a ConnectionId,
    /// How many calls the place has to have time for.
    pub calls: u32,
    /// The earliest place that there is for them.
    pub from: Place,
}

/// What is known of somebody before they ask a school anything.
#[derive(Debug, Default)]
pub struct Turns {
    /// Their turns so far.
    pub turn: Option<TurnItem>,
    /// The line before the school.
    pub line: Line,
}

impl Store {
    /// The turns of a person at a school so far, and the line before it.
    pub async fn turns(
        &self,
        school: &SchoolId,
        person: &PersonKey,
        connection: &ConnectionId,
    ) -> Result<Turns, Failure> {
        let (turn, line) = (Key::turn(school, person), Key::line(school));
        // The function may read items of this table by batch, and in no other way.
        let found = self.tables.batch("turns", [turn.clone(), line.clone()], Reads::Consistent).await?;
        let mut turns = Turns::default();
        for (table, item) in found {
            if turn.is_of(table, &item) {
                turns.turn = Some(read(table, item)?);
            } else if line.is_of(table, &item) {
                turns.line = line_of(&item, connection);
            }
        }
        Ok(turns)
    }

    /// Gives somebody the next free place in a school's line.
    pub async fn join_line(&self, joining: &Joining<'_>, now: Timestamp) -> Result<Place, Failure> {
        let Joining { school, connection, calls, from } = *joining;
        let own = own_count(connection);
        let (time, ttl) = (time_for(calls), now.as_second() + LINE_KEPT_SECONDS);
        for _ in 0..JOIN_TRIES {
            let behind = Key::line(school)
                .update(format!("SET #next = #next + :time, {own} = #next, #ttl = :ttl"))
                .only_if("#next >= :from")
                .showing_old()
                .with(":time", time)
                .with(":from", from)
                .with(":ttl", ttl);
            if let Outcome::Applied(old) = self.tables.write(behind).await? {
                return Ok(old.and_then(|old| number(&old, "next")).unwrap_or(from));
            }
            // Nobody waits: they are the first.
            let first = Key::line(school)
                .update(format!("SET #next = :after, {own} = :from, #ttl = :ttl"))
                .only_if("attribute_not_exists(#next) OR #next < :from")
                .with(":after", from + time)
                .with(":from", from)
                .with(":ttl", ttl);
            if self.tables.write(first).await?.is_applied() {
                return Ok(from);
            }
        }
        Err(Failure::noted(Fault::StoreContended, "the line before the school"))
    }

    /// Lets the clock of a school's line run later, or closes it for a while, if nobody else has since it was read.
    pub async fn move_line(&self, school: &SchoolId, found: &Line, line: &Line, now: Timestamp) -> Result<(), Failure> {
        let write = Key::line(school)
            .update("SET moved = :moved, closed = :closed, #ttl = :ttl")
            .only_if("attribute_not_exists(moved) OR (moved = :found AND closed = :before)")
            .with(":moved", line.moved)
            .with(":closed", line.closed)
            .with(":found", found.moved)
            .with(":before", found.closed)
            .with(":ttl", now.as_second() + LINE_KEPT_SECONDS);
        self.tables.write(write).await?;
        Ok(())
    }

    /// Writes a turn, over the one that was found or over itself. `false`: somebody else's came in between.
    pub async fn write_turn(
        &self,
        school: &SchoolId,
        person: &PersonKey,
        turn: &TurnItem,
        found: Option<&TurnItem>,
    ) -> Result<bool, Failure> {
        let write = Key::turn(school, person)
            .update(
                "SET attempt = :attempt, #until = :until, #day = :day, turns = :turns, refused = :refused, #place = :place, \
                 taken = :taken, #ttl = :ttl",
            )
            .only_if("attribute_not_exists(pk) OR attempt = :found OR attempt = :attempt")
            .with(":attempt", &turn.attempt)
            .with(":until", turn.until)
            .with(":day", turn.day)
            .with(":turns", turn.turns)
            .with(":refused", &turn.refused)
            .with(":place", turn.place)
            .with(":taken", turn.taken)
            .with(":ttl", turn.ttl)
            .with(":found", found.map_or("", |found| found.attempt.as_str()));
        Ok(self.tables.write(write).await?.is_applied())
    }

    /// Whether the turn is still theirs who have taken it, and the address their person's.
    pub async fn has_turn(&self, school: &SchoolId, indexes: &Indexes, turn: &TurnItem) -> Result<bool, Failure> {
        let (theirs, address) = (Key::turn(school, &indexes.person_key), Key::email(&indexes.email_key));
        let (mut is_theirs, mut is_persons) = (false, false);
        for (table, item) in self.tables.batch("turn", [theirs.clone(), address], Reads::Consistent).await? {
            if theirs.is_of(table, &item) {
                is_theirs = read::<TurnItem>(table, item)?.attempt == turn.attempt;
            } else {
                let address: AddressItem = read(table, item)?;
                is_persons = address.owner().is_some_and(|owner| owner.person == indexes.person_key);
            }
        }
        Ok(is_theirs && is_persons)
    }

    /// Draws calls from the school's minute. `false`: they are spent, or what is left of them is kept for connections
    /// that have made few.
    pub async fn draw_calls(&self, draw: &Draw<'_>, now: Timestamp) -> Result<bool, Failure> {
        let Draw { school, connection, calls, kept, part } = *draw;
        let own = own_count(connection);
        let more = format!(", {own} = if_not_exists({own}, :none) + :calls");
        let draw = drawn(school, calls, &more, now).with(":most", CALLS_PER_MINUTE.saturating_sub(calls + kept));
        let few = CALLS_FEW.saturating_sub(calls);
        let is_few = format!("attribute_not_exists({own}) OR {own} <= :few");
        let draw = match part {
            Part::Any => draw.only_if("attribute_not_exists(pk) OR #all <= :most"),
            Part::Few => {
                draw.only_if(format!("attribute_not_exists(pk) OR (#all <= :most AND ({is_few}))")).with(":few", few)
            }
            Part::Open => draw
                .only_if(format!("attribute_not_exists(pk) OR (#all <= :most AND (#all <= :open OR {is_few}))"))
                .with(":open", (CALLS_PER_MINUTE - CALLS_RESERVED).saturating_sub(calls + kept))
                .with(":few", few),
        };
        Ok(self.tables.write(draw).await?.is_applied())
    }

    /// Draws a call for the mirror from what is left of the school's minute and of the last sixty seconds, if as many more
    /// are left as are to be kept.
    pub(crate) async fn draw_spare(
        &self,
        school: &SchoolId,
        kept: u32,
        previous: &PreviousMinute,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let open = CALLS_PER_MINUTE.saturating_sub(kept + previous.since(second_of(now)));
        if open == 0 {
            return Ok(false);
        }
        let draw =
            drawn(school, 1, "", now).only_if("attribute_not_exists(pk) OR #all <= :most").with(":most", open - 1);
        Ok(self.tables.write(draw).await?.is_applied())
    }

    /// The line before a school, as nobody in particular finds it.
    pub(crate) async fn line(&self, school: &SchoolId) -> Result<Line, Failure> {
        let found: Option<Front> = self.tables.get(&Key::line(school), Reads::Consistent).await?;
        let Front { next, moved, closed } = found.unwrap_or_default();
        Ok(Line { next, moved, own: 0, closed })
    }
}

/// What everybody finds of a line.
#[derive(Default, Deserialize)]
struct Front {
    #[serde(default)]
    next: i64,
    #[serde(default)]
    moved: i64,
    #[serde(default)]
    closed: i64,
}

/// A connection's own number is an attribute of its name, which has no underscores.
fn own_count(connection: &ConnectionId) -> String {
    format!("#of_{}", connection.as_str().replace('-', "_"))
}

fn line_of(item: &Item, connection: &ConnectionId) -> Line {
    let number = |name: &str| number(item, name).unwrap_or_default();
    let own = number(own_count(connection).trim_start_matches('#'));
    Line { next: number("next"), moved: number("moved"), own, closed: number("closed") }
}

fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
