//! `stoa trace`: from a reference to what happened, why, and who mends it how.

mod ask;
mod cause;
mod logs;
mod mail;
mod steps;

use jiff::Timestamp;
use stoa_core::ids::Reference;
use stoa_core::login::LoginItem;

use crate::arguments::{Target, Trace};
use crate::{CliError, Io, contacts};

/// Whether a fault is the last thing that happened to a login.
pub(crate) fn ended_in_a_fault(login: &LoginItem) -> bool {
    cause::fault_of(login).is_some()
}

pub(crate) async fn run(command: &Trace, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let access = target.read(io)?;
    let Ok(reference) = Reference::parse(&command.reference) else {
        let id = logs::RequestId::parse(&command.reference).ok_or(CliError::Reference)?;
        io.say_lines(&logs::of_request(&id, &access.stack))?;
        return match target.is_sandbox(io)? {
            true => io.say_lines("\nA sandbox keeps its log lines to itself, and its gateway has no access log."),
            false => Ok(()),
        };
    };
    let Some(login) = access.operator.login(&reference).await? else {
        io.say_lines(&logs::of_unknown(&reference, &access.stack))?;
        return Err(CliError::NoLogin(reference.to_string()));
    };
    let now = Timestamp::now();
    io.say_lines(&steps::render(&login, &access.stack))?;
    io.say_lines(&cause::render(&login, &access.stack, now))?;
    let document = access.operator.current(&login.connection).await?.map(|item| item.document()).transpose()?;
    let actor = cause::fault_of(&login).map(|(fault, _)| fault.face().actor);
    let called = document.as_ref().zip(actor).map(|(document, actor)| contacts::of(document, actor));
    let called = called.unwrap_or_default();
    if !called.is_empty() {
        io.say_lines("\nWhom to call")?;
        called.iter().try_for_each(|contact| io.say(&contacts::line(contact)))?;
    }
    match mail::render(&login, &called) {
        Some(mail) => io.say_lines(&mail),
        None => Ok(()),
    }
}
