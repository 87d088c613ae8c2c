//! `timeline`: when each milestone of an integration was reached, from what is stored.

use jiff::Timestamp;
use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_core::login::{LoginItem, State};
use stoa_service::operator::{LoginsWanted, StackAccess};
use stoa_service::store::ConnectionItem;

use crate::arguments::Target;
use crate::time::instant;
use crate::{CliError, Io};

const A_DAY: i64 = 24 * 3600;
/// How long logins are kept, in seconds.
const KEPT: i64 = 30 * A_DAY;
/// How many logins are looked at.
const MOST_LOGINS: usize = 2000;
/// So many people have tried it.
const MANY: usize = 100;

/// Something that is reached on the way to a working connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Milestone {
    Applied,
    FirstTest,
    Tested,
    Active,
    FirstLogin,
    ManyLogins,
}

impl Milestone {
    const ALL: [Self; 6] =
        [Self::Applied, Self::FirstTest, Self::Tested, Self::Active, Self::FirstLogin, Self::ManyLogins];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "file applied",
            Self::FirstTest => "first test",
            Self::Tested => "tested",
            Self::Active => "active",
            Self::FirstLogin => "first login",
            Self::ManyLogins => "first hundred",
        }
    }
}

/// When it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    /// Then, in epoch seconds.
    At(i64),
    /// Not yet.
    NotYet,
    /// It was or was not, and what would say so is not kept any more.
    NotKept,
}

/// What is stored of a connection's way.
struct Traces<'a> {
    /// Its versions, oldest first.
    versions: &'a [ConnectionItem],
    /// Its logins, newest first.
    logins: &'a [LoginItem],
    /// Whether there are more logins than these.
    may_be_more: bool,
}

impl Traces<'_> {
    fn reached(&self, milestone: Milestone, now: Timestamp) -> Reached {
        let version = |state| self.versions.iter().find(|item| item.state == state).map(|item| item.at);
        let of_version = |at: Option<i64>| at.map_or(Reached::NotYet, Reached::At);
        match milestone {
            Milestone::Applied => of_version(self.versions.first().map(|item| item.at)),
            Milestone::Active => of_version(version(ConnectionState::Active)),
            // A test is noted when somebody asks for its result or activates; the login itself is the earlier word.
            Milestone::Tested => {
                let noted = version(ConnectionState::Tested).or_else(|| version(ConnectionState::Active));
                let login = self.oldest(now, |login| login.test && login.state == State::Launched, 1);
                match (login, noted) {
                    (Reached::At(login), Some(noted)) => Reached::At(login.min(noted)),
                    (Reached::NotYet | Reached::NotKept, Some(noted)) => Reached::At(noted),
                    (login, None) => login,
                }
            }
            Milestone::FirstTest => self.oldest(now, |login| login.test, 1),
            Milestone::FirstLogin => self.oldest(now, is_good, 1),
            Milestone::ManyLogins => self.oldest(now, is_good, MANY),
        }
    }

    /// When the so-manieth login of a kind began. Those of the first month are not kept for ever.
    fn oldest(&self, now: Timestamp, is_wanted: impl Fn(&LoginItem) -> bool, number: usize) -> Reached {
        let is_young = self.versions.first().is_some_and(|first| now.as_second() - first.at < KEPT);
        if !is_young || self.may_be_more {
            return Reached::NotKept;
        }
        let mut wanted = self.logins.iter().rev().filter(|login| is_wanted(login));
        wanted.nth(number - 1).map_or(Reached::NotYet, |login| Reached::At(login.began))
    }
}

fn is_good(login: &LoginItem) -> bool {
    !login.test && login.state == State::Launched
}

async fn way(operator: &StackAccess, id: &ConnectionId) -> Result<Vec<(Milestone, Reached)>, CliError> {
    let versions = operator.history(id).await?;
    let wanted = LoginsWanted { connection: id, since: None, email: None, limit: MOST_LOGINS };
    let found = operator.logins(wanted, |_| true).await?;
    let traces = Traces { versions: &versions, logins: &found.logins, may_be_more: found.may_be_more };
    let now = Timestamp::now();
    Ok(Milestone::ALL.map(|milestone| (milestone, traces.reached(milestone, now))).into())
}

pub(super) async fn one(id: &ConnectionId, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let way = way(&target.read(io)?.operator, id).await?;
    let began = match way.first() {
        Some((_, Reached::At(at))) => *at,
        Some((_, Reached::NotYet | Reached::NotKept)) | None => 0,
    };
    for (milestone, reached) in way {
        let told = match reached {
            Reached::At(at) => format!("{}   day {}", instant(at), days(at - began)),
            Reached::NotYet => "not yet".to_owned(),
            Reached::NotKept => "not kept any more: logins are kept for 30 days".to_owned(),
        };
        io.say(&format!("{:<14} {told}", milestone.as_str()))?;
    }
    Ok(())
}

/// Each connection on a line, in days since its file was applied, and the median of each milestone.
pub(super) async fn all(target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.read(io)?.operator;
    let heading: Vec<_> = Milestone::ALL.iter().map(|milestone| format!("{:>13}", milestone.as_str())).collect();
    io.say(&format!("{:<20} {}", "DAYS UNTIL", heading.join(" ")))?;
    let mut columns = vec![Vec::new(); Milestone::ALL.len()];
    for item in operator.list().await? {
        let id = item.document()?.id;
        // No customer's.
        if id == ConnectionId::probe() {
            continue;
        }
        let way = way(&operator, &id).await?;
        let Some((_, Reached::At(began))) = way.first().copied() else { continue };
        let cells = way.iter().zip(&mut columns).map(|((_, reached), column)| match reached {
            Reached::At(at) => {
                column.push(at - began);
                format!("{:>13}", days(at - began))
            }
            Reached::NotYet => format!("{:>13}", "not yet"),
            Reached::NotKept => format!("{:>13}", "not kept"),
        });
        io.say(&format!("{:<20} {}", id.as_str(), cells.collect::<Vec<_>>().join(" ")))?;
    }
    let medians =
        columns.iter_mut().map(|column| format!("{:>13}", median(column).map_or_else(|| "-".to_owned(), days)));
    io.say(&format!("{:<20} {}", "the middle one", medians.collect::<Vec<_>>().join(" ")))
}

fn median(values: &mut [i64]) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// Days with one digit, which is what whoever plans wants.
fn days(seconds: i64) -> String {
    let tenths = seconds * 10 / A_DAY;
    format!("{}.{}", tenths / 10, (tenths % 10).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_one_digit_and_the_middle_is_of_what_is_known() {
        assert_eq!([0, A_DAY / 2, 3 * A_DAY].map(days), ["0.0", "0.5", "3.0"]);
        assert_eq!(median(&mut [3, 1, 2]), Some(2));
        assert_eq!(median(&mut [4, 1, 2, 3]), Some(2));
        assert_eq!(median(&mut []), None);
    }
}
