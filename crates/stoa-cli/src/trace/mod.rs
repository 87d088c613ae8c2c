//! `stoa trace`: from a reference to what happened, why, and who mends it how.

mod cause;
mod logs;
mod mail;
mod steps;

use jiff::Timestamp;
use stoa_core::diagnosis::{Evidence, diagnose};
use stoa_core::ids::Reference;
use stoa_core::login::LoginItem;
use stoa_service::operator::{About, OperatorError};

use crate::arguments::{Target, Trace};
use crate::diagnosis::render;
use crate::runbook::told;
use crate::{CliError, Io, contacts};

pub(crate) use cause::code_of;
pub(crate) use logs::groups;

/// Whether a fault is the last thing that happened to a login.
pub(crate) fn ended_in_a_fault(login: &LoginItem) -> bool {
    cause::fault_of(login).is_some()
}

pub(crate) async fn run(command: &Trace, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let access = target.read(io)?;
    let Ok(reference) = Reference::parse(&command.reference) else {
        let id = logs::RequestId::typed(&command.reference).ok_or(CliError::Reference)?;
        logs::of_request(&id, &access, io).await?;
        return match target.is_sandbox(io)? {
            true => io.say_lines("\nThe gateway of a sandbox has no access log: only functions write lines."),
            false => Ok(()),
        };
    };
    let Some(login) = access.operator.login(&reference).await? else {
        logs::of_unknown(&reference, &access, io).await?;
        return Err(CliError::NoLogin(reference.to_string()));
    };
    let now = Timestamp::now();
    io.say_lines(&steps::render(&login, &access.stack))?;
    let stopped = told(&cause::render(&login), &access.stack, &login.connection);
    if !stopped.is_empty() {
        io.say_lines(&stopped)?;
    }
    let evidence = match access.operator.evidence(About::Login(&login), now).await {
        // Its connection has been removed: the login is all that is left.
        Err(OperatorError::NoConnection(_)) => Evidence::of_login(&login, now, "the connection is gone"),
        evidence => evidence?,
    };
    let diagnosis = diagnose(&evidence);
    io.say_lines(&render(&diagnosis))?;
    // That nobody can be named hides nothing else.
    let current = access.operator.current(&login.connection).await.ok().flatten();
    let document = current.and_then(|item| item.document().ok());
    let actor = diagnosis.findings.first().map(|finding| finding.row().actor);
    let called = document.as_ref().zip(actor).map(|(document, actor)| contacts::of(document, actor));
    let called = called.unwrap_or_default();
    if !called.is_empty() {
        io.say_lines("\nWhom to call")?;
        called.iter().try_for_each(|contact| io.say(&contacts::line(contact)))?;
    }
    match mail::render(&login, &diagnosis, &called) {
        Some(mail) => io.say_lines(&mail),
        None => Ok(()),
    }
}
