//! `stoa status`: one screen: how the logins of each connection end, and what was changed lately and by whom.

use std::cmp::Reverse;

use jiff::Timestamp;
use stoa_core::connection::ConnectionState;
use stoa_core::fault::Actor;
use stoa_core::ids::ConnectionId;
use stoa_core::login::{LoginItem, State, What};
use stoa_service::operator::{LoginsWanted, StackAccess};

use crate::arguments::Target;
use crate::time::instant;
use crate::{CliError, Io, ends};

const AN_HOUR: i64 = 3600;
const A_DAY: i64 = 24 * AN_HOUR;
/// How far back changes are told, in seconds.
const LATELY: i64 = 7 * A_DAY;
/// How early it is told that something ends: the first of the alarms about it.
const ENDS_DAYS: i64 = 60;
/// How many changes are told.
const MOST_CHANGES: usize = 20;
/// How many logins of a connection are counted.
const MOST_LOGINS: usize = 1000;

pub(crate) async fn run(target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let access = target.read(io)?;
    let (operator, now) = (&access.operator, Timestamp::now());
    io.say(&format!("{} at {now:.0}", access.stack))?;
    io.say("")?;
    io.say(&format!("{:<20} {:<9} {:<34} {:<34} LAST GOOD LOGIN", "CONNECTION", "STATE", "LAST HOUR", "LAST DAY"))?;
    let (mut changes, mut ends) = (Vec::new(), Vec::new());
    for item in operator.list().await? {
        let document = item.document()?;
        let id = document.id.clone();
        let since = Timestamp::from_second(now.as_second() - A_DAY).ok();
        let wanted = LoginsWanted { connection: &id, since, email: None, limit: MOST_LOGINS };
        let found = operator.logins(wanted, |login| !login.test).await?;
        let hour = Tally::of(&found.logins, now.as_second() - AN_HOUR);
        let day = Tally::of(&found.logins, now.as_second() - A_DAY);
        let more = if found.may_be_more { " (the newest)" } else { "" };
        let last = day.last_good.map_or_else(|| "none in a day".to_owned(), instant);
        let (hour, day) = (hour.to_string(), day.to_string() + more);
        io.say(&format!("{:<20} {:<9} {hour:<34} {day:<34} {last}", id.as_str(), item.state.as_str()))?;
        changes.extend(lately(operator, &id, now).await?);
        if item.state != ConnectionState::Disabled {
            ends.extend(ends::within(operator, &document, ENDS_DAYS, now).await?);
        }
    }
    if !ends.is_empty() {
        ends.sort();
        io.say("")?;
        io.say(&format!("Expires within {ENDS_DAYS} days:"))?;
        ends.iter().try_for_each(|end| io.say(&ends::line(end)))?;
    }
    io.say("")?;
    print_changes(changes, io)?;
    io.say("")?;
    io.say("`stoa logins --failed` lists what was refused, `stoa doctor` checks the stack.")
}

/// How logins ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    good: u32,
    by_idp: u32,
    by_school: u32,
    by_person: u32,
    by_stoa: u32,
    /// At the identity provider or on their way, or left there.
    open: u32,
    last_good: Option<i64>,
}

impl Tally {
    /// Of the logins that began then or later.
    fn of(logins: &[LoginItem], since: i64) -> Self {
        let mut tally = Self::default();
        for login in logins.iter().filter(|login| login.began >= since) {
            match (login.state, login.steps.last().map(|step| &step.what)) {
                // What happens after somebody got in does not keep them out.
                (State::Launched, _) => {
                    tally.good += 1;
                    tally.last_good = tally.last_good.max(Some(login.began));
                }
                (_, Some(What::Stopped(fault))) => match fault.face().actor {
                    Actor::IdpAdministrator => tally.by_idp += 1,
                    Actor::SchoolAdministrator => tally.by_school += 1,
                    Actor::Person => tally.by_person += 1,
                    Actor::OnCall => tally.by_stoa += 1,
                },
                (State::Started | State::Verified, _) => tally.open += 1,
                // Its last step is of another version, or was not stored.
                (State::Refused | State::Failed | State::Returned, _) => tally.by_stoa += 1,
            }
        }
        tally
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ok", self.good)?;
        let refused = [
            (self.by_idp, "idp"),
            (self.by_school, "school"),
            (self.by_stoa, "stoa"),
            (self.by_person, "person"),
            (self.open, "open"),
        ];
        refused.iter().filter(|(count, _)| *count > 0).try_for_each(|(count, whose)| write!(f, ", {count} {whose}"))
    }
}

/// A change, for the list.
pub(crate) struct Change {
    at: i64,
    text: String,
}

/// What was changed of a connection and its keys within a week.
pub(crate) async fn lately(operator: &StackAccess, id: &ConnectionId, now: Timestamp) -> Result<Vec<Change>, CliError> {
    let is_late = |at: i64| now.as_second() - at <= LATELY;
    let mut changes = Vec::new();
    for version in operator.versions(id).await?.into_iter().filter(|version| is_late(version.item.at)) {
        let item = &version.item;
        let what = match (item.version, version.changes.as_slice()) {
            (1, _) => "new".to_owned(),
            (_, [only]) => only.clone(),
            (_, several) => format!("{} settings", several.len()),
        };
        let reason = item.reason.as_deref().unwrap_or("no reason was given");
        let text = format!("{id} version {}: {what}   {}   {reason}", item.version, item.by);
        changes.push(Change { at: item.at, text });
    }
    let keys = operator.trusts(id).await?.history.into_iter().filter(|change| is_late(change.at));
    changes.extend(keys.map(|change| {
        let short = change.fingerprint.get(..16).unwrap_or_default();
        let what = change.what.as_str();
        Change { at: change.at, text: format!("{id} key {short}…: {what}   {}   {}", change.by, change.reason) }
    }));
    Ok(changes)
}

pub(crate) fn print_changes(mut changes: Vec<Change>, io: &mut Io<'_>) -> Result<(), CliError> {
    if changes.is_empty() {
        return io.say("Nothing was changed in the last 7 days.");
    }
    changes.sort_by_key(|change| Reverse(change.at));
    io.say("Changed in the last 7 days, newest first:")?;
    let left = changes.len().saturating_sub(MOST_CHANGES);
    for change in changes.iter().take(MOST_CHANGES) {
        io.say(&format!("{}   {}", instant(change.at), change.text))?;
    }
    if left > 0 {
        io.say(&format!("… and {left} more: `stoa connection history ID`, `stoa connection trust ID`"))?;
    }
    Ok(())
}
