//! `stoa probe`: the login that the stack makes by itself.

use crate::arguments::{Probe, Target};
use crate::{CliError, Io};

pub(crate) async fn run(command: Probe, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let Probe::SetUp { school } = command;
    let public_url = target.public_url(io)?;
    let applied = target.change(io).await?.set_up_probe(&school, &public_url).await?;
    io.say(&format!("The connection probe has version {} and a new key. It takes tests only.", applied.version))?;
    io.say("Within two minutes the probe signs in through it; `stoa logins --connection probe` lists its logins.")
}
