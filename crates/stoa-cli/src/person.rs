//! `stoa person`: one person of the directory, by their address or their subject.

use jiff::Timestamp;
use stoa_core::person::{EMAIL_CHANGES_PER_DAY, EmailItem};
use stoa_service::operator::{FoundPerson, Named, PersonChange};

use crate::arguments::{Person, PersonAsked, PersonChanged, Target, Whom};
use crate::time::instant;
use crate::{CliError, Io};

pub(crate) async fn run(command: Person, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    match command {
        Person::Show(asked) => show(asked, target, io).await,
        Person::Deactivate(changed) => change(changed, &PersonChange::Deactivate, target, io).await,
        Person::Reactivate(changed) => change(changed, &PersonChange::Reactivate, target, io).await,
        Person::FreeAddress(changed) => change(changed, &PersonChange::FreeAddress, target, io).await,
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
    for [at, what, by, reason] in operator.person_history(&person).await? {
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
    operator.change_person(&person, change, &changed.reason).await?;
    io.say(&format!("person {} in {}: {}. {}", person.key, person.school, change.describe(), after(change)))
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
