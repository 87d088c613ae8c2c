//! `stoa directory`: people of a customer's directory at the school.

mod drift;
mod erase;
pub(crate) mod export;

use stoa_core::directory::UserId;
use stoa_core::provision::{Access, Enrolled, InGroup, Stuck, Sync};
use stoa_service::operator::{DirectoryPerson, STOPPED_LISTED, Stopped};

use crate::arguments::{Directory, DirectoryChanged, Target};
use crate::number::number;
use crate::person::print_history;
use crate::time::instant;
use crate::{CliError, Io};

pub(crate) async fn run(command: Directory, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    match command {
        Directory::Show { id, person } => {
            let operator = target.read(io)?.operator;
            let person = operator.directory_person(&id, &person).await?;
            for line in render(&person) {
                io.say(&line)?;
            }
            print_history(operator.directory_history(&person).await?, io)
        }
        Directory::Held { id } => list(&id, Stopped::Held, target, io).await,
        Directory::Stuck { id } => list(&id, Stopped::Stuck, target, io).await,
        Directory::Export { id, user: None, out } => export::people(&id, &out, target, io).await,
        Directory::Export { id, user: Some(user), out } => export::person(&id, &user, &out, target, io).await,
        Directory::Drift { id, repair: _, write: _, reason } => drift::run(&id, reason.as_deref(), target, io).await,
        Directory::Erase { id, person, write: _, reason } => {
            erase::run(&id, &person, reason.as_deref(), target, io).await
        }
        Directory::Retry(changed) => {
            let (operator, person) = meant(&changed, target, io).await?;
            operator.retry_person(&person, &changed.reason).await?;
            io.say(&format!("{}: another try is made within a minute", person.user))
        }
        Directory::Release { id, reason } => {
            let operator = target.change(io).await?;
            let held = operator.held(&id).await?;
            for person in &held {
                operator.release_person(person, &reason).await?;
            }
            let removals = number(held.len(), "removal is let through", "removals are let through");
            io.say(&format!("{id}: {removals}, and carried out within minutes."))
        }
        Directory::Block { changed, off } => {
            let (operator, person) = meant(&changed, target, io).await?;
            operator.block_person(&person, !off, &changed.reason).await?;
            let what = match off {
                false => "kept out from now on; their courses end within a minute",
                true => "let in again, as the directory says",
            };
            io.say(&format!("{}: {what}", person.user))
        }
    }
}

async fn meant(
    changed: &DirectoryChanged,
    target: &Target,
    io: &mut Io<'_>,
) -> Result<(stoa_service::operator::StackAccess, DirectoryPerson), CliError> {
    let operator = target.change(io).await?;
    let person = operator.directory_person(&changed.id, &changed.person).await?;
    Ok((operator, person))
}

async fn list(
    id: &stoa_core::ids::ConnectionId,
    why: Stopped,
    target: &Target,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let people = target.read(io)?.operator.stopped(id, why).await?;
    if people.is_empty() {
        return io.say("nobody");
    }
    let is_full = people.len() >= usize::from(STOPPED_LISTED);
    for person in people {
        let sync = person.sync.unwrap_or_default();
        let why = match (&sync.stuck, sync.held) {
            (Some(stuck), _) => says(stuck),
            (None, Some(since)) => format!("held since {}", instant(since)),
            (None, None) => "on its way".to_owned(),
        };
        io.say(&format!("{}  {why}", person.user))?;
    }
    match is_full {
        true => io.say(&format!("and perhaps more: the first {STOPPED_LISTED} are shown")),
        false => Ok(()),
    }
}

fn render(person: &DirectoryPerson) -> Vec<String> {
    let user: &UserId = &person.user;
    let mut lines = vec![format!("person {user} of the directory of {}", person.connection)];
    if !person.kept_out.is_empty() {
        let addresses_and_ids = number(person.kept_out.len(), "address or id", "addresses or ids");
        lines.push(format!("kept out    by command, by {addresses_and_ids}: whoever brings one, until `block --off`"));
    }
    for item in &person.kept_out_beside {
        let first = item.first();
        lines.push(format!("kept out    with {first}, who had their address, until `block --off` for one of the two"));
    }
    for other in &person.kept_out_with {
        lines.push(format!(
            "note        {other} has their address and is kept out by command: nobody signs in with it until that ends"
        ));
    }
    let Some(sync) = &person.sync else {
        if !person.exists && !person.kept_out.is_empty() {
            lines.push("note        the directory has them no more".to_owned());
            return lines;
        }
        if !person.exists {
            return vec![format!("the directory of {} has nobody with the id {user}", person.connection)];
        }
        lines.push("nothing was ever due for them".to_owned());
        return lines;
    };
    if !person.exists {
        lines.push("note        deleted by the source; what follows at the school is below".to_owned());
    }
    lines.push(format!("due         {}", due(sync)));
    let applied = &sync.applied;
    lines.push(match &applied.account {
        Some(account) => {
            let made = if account.is_made { "made by stoa" } else { "found at the school" };
            format!("account     Thinkific user {}, external id {:?}, {made}", account.user, account.external_id)
        }
        None => "account     none yet".to_owned(),
    });
    lines.push(match applied.access {
        Access::None => "access      none yet".to_owned(),
        Access::Given => "access      given".to_owned(),
        Access::Withdrawn => "access      withdrawn".to_owned(),
    });
    for (course, enrolled) in &applied.enrolments {
        let until = |until: &Option<i64>| until.map_or_else(|| "without an end".to_owned(), instant);
        lines.push(match enrolled {
            Enrolled::Giving => format!("course      {course}: being given"),
            Enrolled::Given { until: end, .. } => format!("course      {course}: given, {}", until(end)),
            Enrolled::Found { until: end } => format!("course      {course}: theirs already, {}", until(end)),
        });
    }
    for (group, is) in &applied.groups {
        lines.push(match is {
            InGroup::Given => format!("group       {group:?}"),
            InGroup::Left => format!("group       {group:?}: they should not be in it; take them out at the school"),
        });
    }
    if applied.is_doubtful {
        lines.push("note        a run broke off; the next one looks at the account first".to_owned());
    }
    lines
}

fn due(sync: &Sync) -> String {
    let kept = if sync.blocked { "; kept out by command" } else { "" };
    let due = match (&sync.stuck, sync.held, sync.due_at) {
        (Some(stuck), _, _) => format!("stuck: {}", says(stuck)),
        (None, Some(since), _) => format!("a removal, held since {}", instant(since)),
        (None, None, Some(_)) if sync.tries > 0 => format!("yes, after {} tries in vain", sync.tries),
        (None, None, Some(_)) => "yes".to_owned(),
        (None, None, None) => "nothing".to_owned(),
    };
    due + kept
}

fn says(stuck: &Stuck) -> String {
    match stuck {
        Stuck::NoAddress => "the directory has no address for them in a domain of the connection".to_owned(),
        Stuck::Privileged { user } => format!("Thinkific user {user} has a role"),
        Stuck::Unbound { user } => format!("Thinkific user {user} is nobody's, and the connection takes none over"),
        Stuck::Bound { user } => format!("Thinkific user {user} is somebody else's"),
        Stuck::AddressForeign { user } => format!("Thinkific user {user} has an address of another domain"),
        Stuck::ProfileRefused { fields } => format!("the school refuses their name or address ({fields:?})"),
        Stuck::CourseRefused { course } => format!("the school has no course {course} to give"),
        Stuck::GroupRefused { group } => format!("the school has no group {group:?}"),
        Stuck::NoAnswer { fault } => format!("the school did not answer for a day ({fault})"),
    }
}
