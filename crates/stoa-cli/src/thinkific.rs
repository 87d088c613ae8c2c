//! `stoa thinkific`: what a school of Thinkific's is asked for.

use stoa_core::ids::SchoolId;
use stoa_service::operator::{Becomes, Told};

use crate::arguments::{Target, Thinkific};
use crate::number::number;
use crate::{CliError, Io};

pub(crate) async fn run(command: Thinkific, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    match command {
        Thinkific::Webhooks { school, write } => webhooks(&school, write, target, io).await,
    }
}

async fn webhooks(school: &SchoolId, write: bool, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = if write { target.change(io).await? } else { target.read(io)?.operator };
    let told = operator.webhooks(school, write).await?;
    for own in &told {
        io.say(&line(own, write))?;
    }
    let changes = told.iter().filter(|own| matches!(own.becomes, Becomes::Created | Becomes::Removed)).count();
    io.say(&match (changes, write) {
        (0, _) => format!("{school} tells everything that stoa asks for"),
        (changes, true) => number(changes, "subscription changed", "subscriptions changed"),
        (changes, false) => number(
            changes,
            "subscription would change; --write changes it",
            "subscriptions would change; --write changes them",
        ),
    })
}

/// One subscription. What a school says is quoted: anybody with access to its administration can write it.
fn line(own: &Told, write: bool) -> String {
    let becomes = match (own.becomes, write) {
        (Becomes::Kept, _) => "as it should be",
        (Becomes::Created, true) => "subscribed",
        (Becomes::Created, false) => "missing",
        (Becomes::Removed, true) => "removed",
        (Becomes::Removed, false) => "to be removed",
        (Becomes::Left, _) => "not ours",
    };
    format!("{:<24} {becomes:<16} {}", own.topic.escape_debug(), own.target_url.escape_debug())
}
