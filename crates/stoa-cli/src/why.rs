//! `stoa why`: a complaint without a reference, looked at by what stops most of the connection's latest logins.

use jiff::Timestamp;
use stoa_core::diagnosis::{Symptom, diagnose};
use stoa_service::operator::About;

use crate::arguments::{Target, Why};
use crate::diagnosis::render;
use crate::trace::code_of;
use crate::{CliError, Io};

pub(crate) async fn run(command: &Why, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.read(io)?.operator;
    let about = About::Complaint { connection: &command.connection, since: command.since };
    let evidence = operator.evidence(about, Timestamp::now()).await?;
    let diagnosis = diagnose(&evidence);
    io.say(&format!("Connection {}, logins since {:.0}", command.connection, command.since))?;
    if let Symptom::Stopped(fault) = diagnosis.symptom {
        io.say_lines(&code_of(fault))?;
    }
    io.say_lines(&render(&diagnosis))?;
    match &diagnosis.login {
        Some(login) => {
            io.say("")?;
            io.say(&format!("The newest of them, step by step: stoa trace {}", login.reference))
        }
        None => Ok(()),
    }
}
