//! `stoa person`: one person of the directory, by their address or their subject.

use std::path::Path;

use jiff::Timestamp;
use stoa_core::ids::ConnectionId;
use stoa_core::person::{EMAIL_CHANGES_PER_DAY, EmailItem};
use stoa_service::operator::{FoundPerson, Named, OperatorError, PersonChange, StackAccess};

use crate::arguments::{Move, Person, PersonAsked, PersonChanged, Target, Whom};
use crate::time::instant;
use crate::{CliError, Io};

pub(crate) async fn run(command: Person, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    match command {
        Person::Show(asked) => show(asked, target, io).await,
        Person::Deactivate(changed) => change(changed, &PersonChange::Deactivate, target, io).await,
        Person::Reactivate(changed) => change(changed, &PersonChange::Reactivate, target, io).await,
        Person::FreeAddress(changed) => change(changed, &PersonChange::FreeAddress, target, io).await,
        Person::Move(command) => move_all(&command, target, io).await,
        Person::Link { changed, user, external_id } => {
            change(changed, &PersonChange::Link { user, external_id }, target, io).await
        }
    }
}

async fn show(asked: PersonAsked, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.read(io)?.operator;
    let person = operator.person(&asked.connection, named(asked.whom)).await?;
    for line in render(&person) {
        io.say(&line)?;
    }
    print_history(operator.person_history(&person).await?, io)
}

/// Prints what was changed by hand.
pub(crate) fn print_history(changes: Vec<[String; 4]>, io: &mut Io<'_>) -> Result<(), CliError> {
    for [at, what, by, reason] in changes {
        // Its fraction makes it a key; nobody needs to read it.
        let at = at.parse::<Timestamp>().map_or(at, |at| format!("{at:.0}"));
        io.say(&format!("{at}  {what}, by {by}: {}", reason.escape_debug()))?;
    }
    Ok(())
}

async fn change(
    changed: PersonChanged,
    change: &PersonChange,
    target: &Target,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let operator = target.change(io).await?;
    let person = operator.person(&changed.asked.connection, named(changed.asked.whom)).await?;
    if let (PersonChange::FreeAddress, Some(seen)) = (change, person.still_comes_in(Timestamp::now())) {
        return Err(CliError::StillComesIn(instant(seen)));
    }
    operator.change_person(&person, change, &changed.reason).await?;
    io.say(&format!("person {} in {}: {}. {}", person.key, person.school, change.describe(), after(change)))
}

/// Moves each person in turn. What does not succeed for one is said, and the others are moved all the same.
async fn move_all(command: &Move, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let pairs = match (&command.file, &command.from, &command.to) {
        (Some(path), _, _) => pairs(path)?,
        (None, Some(from), Some(to)) => vec![(from.clone(), to.clone())],
        (None, _, _) => Vec::new(),
    };
    let operator = target.change(io).await?;
    let (all, mut failed) = (pairs.len(), 0);
    for (number, pair) in pairs.into_iter().enumerate() {
        // The subjects themselves are not repeated: a terminal is recorded more often than one thinks.
        match move_one(&operator, &command.connection, pair, &command.reason).await {
            Ok(what) => io.say(&format!("{}: {what}", number + 1))?,
            Err(error) => {
                failed += 1;
                io.say(&format!("{}: {error}", number + 1))?;
            }
        }
    }
    if failed > 0 {
        return Err(CliError::NotAll { failed, all });
    }
    io.say(&format!("{all} done. Each keeps their account at the school from their next login on."))
}

async fn move_one(
    operator: &StackAccess,
    connection: &ConnectionId,
    (from, to): (String, String),
    reason: &str,
) -> Result<String, OperatorError> {
    let former = operator.person(connection, Named::Subject(from)).await?;
    let subject = operator.person(connection, Named::Subject(to)).await?;
    // The file was given before, up to here or to its end.
    if former.item.is_none() && subject.item.is_some() {
        return Ok(format!("moved before, person {}", subject.key));
    }
    operator.move_person(&former, &subject, reason).await?;
    Ok(format!("moved, now person {}", subject.key))
}

/// The pairs of a file, as they stand: subjects are compared byte for byte.
fn pairs(path: &Path) -> Result<Vec<(String, String)>, CliError> {
    let text = std::fs::read_to_string(path).map_err(|source| CliError::File { path: path.to_owned(), source })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
    let pair = |(at, line): (usize, &str)| {
        let pair = line.split_once(',').filter(|(from, to)| !from.is_empty() && !to.is_empty() && !to.contains(','));
        pair.map(|(from, to)| (from.to_owned(), to.to_owned()))
            .ok_or_else(|| CliError::NoPair { path: path.to_owned(), line: at + 1 })
    };
    lines.map(pair).collect()
}

/// What follows from a change.
fn after(change: &PersonChange) -> &'static str {
    match change {
        PersonChange::Deactivate => {
            "It takes effect at their next launch. A session that they already have at Thinkific lasts until they sign out there."
        }
        PersonChange::Reactivate => "They can sign in again.",
        PersonChange::FreeAddress => "Whoever next signs in with that address will own it.",
        PersonChange::Link { .. } => "Their next login opens that account and writes their address and names to it.",
    }
}

fn named(whom: Whom) -> Named {
    match whom {
        Whom { email: Some(email), .. } => Named::Email(email.as_str().to_owned()),
        Whom { subject, .. } => Named::Subject(subject.unwrap_or_default()),
    }
}

fn render(person: &FoundPerson) -> Vec<String> {
    let mut lines = vec![format!("person {} in {}", person.key, person.school)];
    match &person.item {
        None => lines.push("they have never signed in".to_owned()),
        Some(item) => {
            lines.push(format!("state       {}", item.state.as_str()));
            let user = item.user.map_or_else(|| "not known yet".to_owned(), |user| user.to_string());
            lines.push(format!("account     Thinkific user {user}, external id {:?}", item.id));
            lines.push(match item.checked {
                Some(checked) => format!("looked at   {}", instant(checked)),
                None => "looked at   not yet".to_owned(),
            });
            if let Some(connection) = &item.linked {
                lines.push(format!("linked      through {connection}; they have not come since"));
            }
            if item.changes > 0 {
                let day = Timestamp::from_second(item.changed_day * 86_400)
                    .map_or_else(|_| item.changed_day.to_string(), |at| at.to_string()[..10].to_owned());
                let (changes, most) = (item.changes, EMAIL_CHANGES_PER_DAY);
                lines.push(format!("changes     address changed on {day}: {changes} of {most} allowed changes"));
            }
        }
    }
    lines.push(match &person.address {
        Some(EmailItem { until: Some(until), .. }) => {
            format!(
                "address     claimed by a login that has not ended; free from {} on unless it does",
                instant(*until)
            )
        }
        Some(address) => format!("address     theirs since {}", instant(address.since)),
        None => "address     none".to_owned(),
    });
    lines
}
