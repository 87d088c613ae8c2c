//! `stoa school`: what is known of a school before anybody comes.

mod rehearsal;

use std::time::Duration;

use stoa_core::connection::FirstLogins;
use stoa_core::ids::SchoolId;
use stoa_core::invisible::visible;
use stoa_core::mirror::SchoolMirror;
use stoa_service::operator::StackAccess;

use crate::arguments::{School, Target};
use crate::connection::shown;
use crate::progress::bar;
use crate::time::instant;
use crate::{CliError, Io};

/// How often it is looked how far a run has come.
const EVERY: Duration = Duration::from_secs(2);
/// How long a run may not come any further. It is started once a minute, and leaves calls to logins.
const PATIENCE: u32 = 300 / 2;

pub(crate) async fn run(command: School, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    match command {
        School::Mirror { id, status: true } => status(&target.read(io)?.operator, &id, io).await,
        School::Mirror { id, status: false } => mirror(&target.change(io).await?, &id, io).await,
        School::Show { id } => show(&target.read(io)?.operator, &id, io).await,
        School::Rehearse(wanted) => rehearsal::run(wanted, target, io).await,
    }
}

/// The settings as in the school's file, and what was found.
async fn show(operator: &StackAccess, id: &SchoolId, io: &mut Io<'_>) -> Result<(), CliError> {
    let school = operator.school_item(id).await?.ok_or_else(|| CliError::NoSchool(id.clone()))?;
    let (document, by) = (school.document()?, visible(&school.by));
    io.say(&format!("# written at {} by {by}", instant(school.at)))?;
    let shown = serde_json::to_value(&document).map(shown).unwrap_or_default();
    io.say_lines(toml::to_string_pretty(&shown).map_err(CliError::Unshown)?.trim_end())?;
    io.say("")?;
    let Some(item) = operator.rehearsal(id).await? else {
        return io.say(&format!("It was never rehearsed: `stoa school rehearse {id}`"));
    };
    io.say(&format!("Rehearsed, last at {} by {}:", instant(item.at), visible(&item.by)))?;
    for line in rehearsal::table(&item.findings()).into_iter().chain(rehearsal::unfit(&document, &item.findings())) {
        io.say(&line)?;
    }
    Ok(())
}

async fn status(operator: &StackAccess, id: &SchoolId, io: &mut Io<'_>) -> Result<(), CliError> {
    let school = operator.school_item(id).await?.ok_or_else(|| CliError::NoSchool(id.clone()))?;
    let (document, mirror) = (school.document()?, operator.school_mirror(id).await?.unwrap_or_default());
    for line in render(&mirror, document.first_logins) {
        io.say(&line)?;
    }
    Ok(())
}

fn render(mirror: &SchoolMirror, first_logins: FirstLogins) -> Vec<String> {
    let at = |at: Option<i64>| at.map_or_else(|| "never".to_owned(), instant);
    let found = mirror.found;
    let known = found.claimed - found.unasked.min(found.claimed);
    let mut lines = vec![
        format!("roles         looked at {}; accounts with one: {}", at(mirror.roles_at), mirror.privileged.len()),
        format!(
            "accounts      looked at {}; {} in all, {} of customers' domains",
            at(mirror.mirrored_at),
            found.accounts,
            found.claimed
        ),
        format!("bindings      known of {known} of {}", found.claimed),
    ];
    lines.extend(mirror.run.as_ref().map(|run| format!("under way     {}", bar(run.page - 1, run.pages))));
    lines.push(match first_logins {
        FirstLogins::Sign => format!(
            "first logins  enter without a call: {known} of the {} who have an account, and whoever has none",
            found.claimed
        ),
        FirstLogins::Ask => {
            "first logins  ask the school, one call or more each, since its file has no first_logins = \"sign\""
                .to_owned()
        }
    });
    lines
}

async fn mirror(operator: &StackAccess, id: &SchoolId, io: &mut Io<'_>) -> Result<(), CliError> {
    operator.school_item(id).await?.ok_or_else(|| CliError::NoSchool(id.clone()))?;
    let wanted = operator.want_mirror(id).await?;
    io.say("Asked. The function `mirror` begins within a minute.")?;
    let (mut said, mut still) = (String::new(), 0);
    loop {
        let mirror = operator.school_mirror(id).await?.unwrap_or_default();
        if mirror.mirrored_at.is_some_and(|at| at >= wanted) && mirror.found.unasked == 0 {
            return status(operator, id, io).await;
        }
        let line = match &mirror.run {
            Some(run) => format!("accounts  {}", bar(run.page - 1, run.pages)),
            None if mirror.mirrored_at.is_some_and(|at| at >= wanted) => {
                let found = mirror.found;
                let known = u32::try_from(found.claimed - found.unasked.min(found.claimed)).unwrap_or(u32::MAX);
                format!("bindings  {}", bar(known, u32::try_from(found.claimed).unwrap_or(u32::MAX)))
            }
            None => said.clone(),
        };
        if line == said {
            still += 1;
            if still > PATIENCE {
                return Err(CliError::MirrorStill(id.clone()));
            }
        } else {
            io.say(&line)?;
            (said, still) = (line, 0);
        }
        tokio::time::sleep(EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use stoa_core::mirror::{Found, Run};

    use super::*;

    #[test]
    fn a_status_says_how_many_enter_without_a_call() {
        let found = Found { accounts: 12_000, claimed: 10_000, unasked: 10 };
        let run = Run { began: 1_790_000_000, page: 13, pages: 40, domains: ["pg.com".to_owned()].into(), found };
        let mirror =
            SchoolMirror { mirrored_at: Some(1_790_000_000), found, run: Some(run), ..SchoolMirror::default() };
        let lines = render(&mirror, FirstLogins::Sign).join("\n");
        assert!(lines.contains("enter without a call: 9990 of the 10000"), "{lines}");
        assert!(lines.contains("[=========                     ] 12 of 40"), "{lines}");
        assert!(render(&mirror, FirstLogins::Ask).join("\n").contains("first_logins"));
        assert!(render(&SchoolMirror::default(), FirstLogins::Sign).join("\n").contains("never"));
    }
}
