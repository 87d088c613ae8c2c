//! Before a launch asks a school anything: whose turn it is to ask about a person, and out of which part of the school's
//! minute. In `logins`, whose items end by themselves.

use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::ids::{ConnectionId, PersonKey, SchoolId};
use stoa_core::person::{EmailItem, Indexes};
use stoa_core::turn::{CALLS_FEW, CALLS_PER_MINUTE, CALLS_RESERVED, TurnItem};

use super::{Key, Reads, Store, read};

/// How long a minute's calls are kept: for whoever looks at a busy morning afterwards.
const CALLS_KEPT_SECONDS: i64 = 3600;

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
}

impl Store {
    /// The turns of a person at a school so far.
    pub async fn turns(&self, school: &SchoolId, person: &PersonKey) -> Result<Option<TurnItem>, Failure> {
        // The function may read items of this table by batch, and in no other way.
        let found = self.tables.batch("turns", [Key::turn(school, person)], Reads::Consistent).await?.pop();
        Ok(found.map(|(table, item)| read(table, item)).transpose()?)
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
                "SET attempt = :attempt, #until = :until, #day = :day, turns = :turns, refused = :refused, #ttl = :ttl",
            )
            .only_if("attribute_not_exists(pk) OR attempt = :found OR attempt = :attempt")
            .with(":attempt", &turn.attempt)
            .with(":until", turn.until)
            .with(":day", turn.day)
            .with(":turns", turn.turns)
            .with(":refused", &turn.refused)
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
                is_persons = read::<EmailItem>(table, item)?.person == indexes.person_key;
            }
        }
        Ok(is_theirs && is_persons)
    }

    /// Draws calls from the school's minute. `false`: they are spent, or what is left of them is kept for connections
    /// that have made few.
    pub async fn draw_calls(&self, draw: &Draw<'_>, now: Timestamp) -> Result<bool, Failure> {
        let Draw { school, connection, calls, kept } = *draw;
        // A connection's own count is an attribute of its name, which has no underscores.
        let own = format!("#of_{}", connection.as_str().replace('-', "_"));
        let count = |name: &str| format!("{name} = if_not_exists({name}, :none) + :calls");
        let draw = Key::calls(school, now.as_second().div_euclid(60))
            .update(format!("SET {}, {}, #ttl = :ttl", count("#all"), count(&own)))
            .only_if(format!(
                "attribute_not_exists(pk) OR (#all <= :most AND (#all <= :open OR attribute_not_exists({own}) \
                 OR {own} <= :few))"
            ))
            .with(":none", 0)
            .with(":calls", calls)
            .with(":most", CALLS_PER_MINUTE.saturating_sub(calls + kept))
            .with(":open", (CALLS_PER_MINUTE - CALLS_RESERVED).saturating_sub(calls + kept))
            .with(":few", CALLS_FEW.saturating_sub(calls))
            .with(":ttl", now.as_second() + CALLS_KEPT_SECONDS);
        Ok(self.tables.write(draw).await?.is_applied())
    }
}
