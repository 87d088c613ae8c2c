//! `stoa logins`: which logins there were, newest first, for somebody who has no reference.

use std::cmp::Reverse;

use stoa_core::email::Email;
use stoa_core::ids::ConnectionId;
use stoa_core::login::{LoginItem, State};
use stoa_service::operator::{LoginsWanted, StackAccess};

use crate::arguments::{Logins, Target};
use crate::time::instant;
use crate::trace::ended_in_a_fault;
use crate::{CliError, Io};

const HEADING: &str = "REFERENCE       BEGAN                 STATE     LAST STEP";

pub(crate) async fn run(command: &Logins, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.read(io)?.operator;
    let of_domain = match (&command.connection, &command.email) {
        (None, Some(email)) => connections_of(email, &operator).await?,
        (None, None) => return everywhere(command, &operator, io).await,
        (Some(_), _) => Vec::new(),
    };
    for (at, id) in of_domain.iter().enumerate() {
        if at > 0 {
            io.say("")?;
        }
        io.say(&format!("Through connection {id}:"))?;
        of_connection(id, command, &operator, io).await?;
    }
    match &command.connection {
        Some(id) => of_connection(id, command, &operator, io).await,
        None => Ok(()),
    }
}

/// The newest of every connection's logins, together.
async fn everywhere(command: &Logins, operator: &StackAccess, io: &mut Io<'_>) -> Result<(), CliError> {
    let (mut logins, mut may_be_more) = (Vec::new(), false);
    for item in operator.list().await? {
        let id = item.document()?.id;
        let wanted = LoginsWanted { connection: &id, since: command.since, email: None, limit: command.limit.into() };
        let found = operator.logins(wanted, |login| !command.failed || is_failed(login)).await?;
        may_be_more |= found.may_be_more;
        logins.extend(found.logins);
    }
    logins.sort_by_key(|login| Reverse(login.began));
    may_be_more |= logins.len() > command.limit.into();
    logins.truncate(command.limit.into());
    if logins.is_empty() {
        return io.say("No such login.");
    }
    io.say(&format!("{HEADING}   CONNECTION"))?;
    for login in &logins {
        io.say(&format!("{}   {}", line(login), login.connection))?;
    }
    io.say_lines(&what_next(may_be_more))
}

fn what_next(may_be_more: bool) -> String {
    let more = if may_be_more { " There are more: use --limit or --since." } else { "" };
    format!("\n`stoa trace REFERENCE` shows what happened, why, and who can fix it.{more}")
}

/// The connections that an address may come through. Nobody is proven by one that does not have its domain.
async fn connections_of(email: &Email, operator: &StackAccess) -> Result<Vec<ConnectionId>, CliError> {
    let mut found = Vec::new();
    for item in operator.list().await? {
        let document = item.document()?;
        if document.domains.iter().any(|domain| domain == email.domain()) {
            found.push(document.id);
        }
    }
    if found.is_empty() { Err(CliError::NoDomain(email.domain().to_owned())) } else { Ok(found) }
}

async fn of_connection(
    id: &ConnectionId,
    command: &Logins,
    operator: &StackAccess,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let wanted = LoginsWanted {
        connection: id,
        since: command.since,
        email: command.email.as_ref(),
        limit: command.limit.into(),
    };
    let keep = |login: &LoginItem| !command.failed || is_failed(login);
    let found = operator.logins(wanted, keep).await?;
    if found.logins.is_empty() {
        return io.say_lines(&nothing(id, command, found.may_be_more));
    }
    io.say(HEADING)?;
    for login in &found.logins {
        io.say(&line(login))?;
    }
    io.say_lines(&what_next(found.may_be_more))
}

/// Whether something stopped it. A login that is under way, or was left, has not failed.
fn is_failed(login: &LoginItem) -> bool {
    match login.state {
        State::Refused | State::Failed | State::Returned => true,
        State::Started | State::Verified | State::Launched => ended_in_a_fault(login),
    }
}

fn line(login: &LoginItem) -> String {
    let began = instant(login.began);
    let last = login.steps.last().map_or("-", |step| step.what.as_str());
    let test = if login.test { "  (test)" } else { "" };
    // `Display` of a reference does not pad.
    format!("{}  {began:<20}  {:<8}  {}{test}", login.reference, login.state.as_str(), last.escape_debug())
}

fn nothing(id: &ConnectionId, command: &Logins, may_be_more: bool) -> String {
    let mut text = "No such login.".to_owned();
    if may_be_more {
        text.push_str(" Only the newest were searched; --since narrows it down.");
    }
    if command.email.is_some() {
        text.push_str(&format!(
            "\nAn address is known only if the identity provider's response was verified and the person admitted. A \
             login\nthat failed before that is among the connection's: stoa logins --connection {id} --failed",
        ));
    }
    text
}
