//! `stoa logins`: which logins there were, newest first, for somebody who has no reference.

use jiff::{SignedDuration, Timestamp};
use stoa_core::email::Email;
use stoa_core::ids::ConnectionId;
use stoa_core::login::{LoginItem, State};
use stoa_service::operator::{LoginsWanted, Operator};

use crate::arguments::{Logins, Target};
use crate::trace::ended_in_a_fault;
use crate::{CliError, Io};

pub(crate) async fn run(command: &Logins, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.read(io)?.operator;
    let of_domain = match (&command.connection, &command.email) {
        (None, Some(email)) => connections_of(email, &operator).await?,
        (Some(_), _) | (None, None) => Vec::new(),
    };
    for (at, id) in of_domain.iter().enumerate() {
        let apart = if at > 0 { "\n" } else { "" };
        io.say(&format!("{apart}Through connection {id}:"))?;
        of_connection(id, command, &operator, io).await?;
    }
    match &command.connection {
        Some(id) => of_connection(id, command, &operator, io).await,
        None => Ok(()),
    }
}

/// The connections that an address may come through. Nobody is proven by one that does not have its domain.
async fn connections_of(email: &Email, operator: &Operator) -> Result<Vec<ConnectionId>, CliError> {
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
    operator: &Operator,
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
        return io.say(&nothing(id, command, found.may_be_more));
    }
    io.say("REFERENCE       BEGAN                 STATE     LAST STEP")?;
    for login in &found.logins {
        io.say(&line(login))?;
    }
    let more = if found.may_be_more { " There are more: use --limit or --since." } else { "" };
    io.say(&format!("\n`stoa trace REFERENCE` shows what happened, why, and who can fix it.{more}"))
}

/// Whether something stopped it. A login that is under way, or was left, has not failed.
fn is_failed(login: &LoginItem) -> bool {
    match login.state {
        State::Refused | State::Failed | State::Returned => true,
        State::Started | State::Verified | State::Launched => ended_in_a_fault(login),
    }
}

fn line(login: &LoginItem) -> String {
    let began = Timestamp::from_second(login.began).map_or_else(|_| login.began.to_string(), |at| at.to_string());
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

/// `30m`, `2h`, `3d`, a day (`2026-11-20`, from its beginning in UTC) or an instant.
pub(crate) fn since(text: &str) -> Result<Timestamp, &'static str> {
    const FORM: &str = "30m, 2h, 3d, a day like 2026-11-20 or an instant like 2026-11-20T08:00:00Z";
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(at) = format!("{text}T00:00:00Z").parse::<Timestamp>() {
        return Ok(at);
    }
    let seconds = match text.as_bytes().last() {
        Some(b'm') => 60,
        Some(b'h') => 3600,
        Some(b'd') => 86_400,
        Some(_) | None => return Err(FORM),
    };
    let count: u16 = text[..text.len() - 1].parse().map_err(|_| FORM)?;
    let ago = SignedDuration::from_secs(i64::from(count) * seconds);
    Timestamp::now().checked_sub(ago).map_err(|_| FORM)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_age_a_day_or_an_instant() {
        let ago = |text| Timestamp::now().duration_since(since(text).unwrap()).as_secs();
        for (text, seconds) in [("30m", 1800), ("2h", 7200), ("3d", 259_200)] {
            assert!((ago(text) - seconds).abs() < 5, "{text}");
        }
        assert_eq!(since("2026-11-20").unwrap().to_string(), "2026-11-20T00:00:00Z");
        assert_eq!(since("2026-11-20T08:00:00+02:00").unwrap().to_string(), "2026-11-20T06:00:00Z");
        for wrong in ["", "h", "2", "2w", "-2h", "yesterday", "2026-13-01", "99999d", "2\u{e4}"] {
            assert!(since(wrong).is_err(), "{wrong:?}");
        }
    }
}
