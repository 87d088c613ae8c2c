//! `stoa directory erase`: everything that is stored of a person who has left, listed and then forgotten.

use std::collections::BTreeMap;

use stoa_core::directory::UserId;
use stoa_core::ids::ConnectionId;
use stoa_service::operator::{Kept, StoredOf};

use crate::arguments::Target;
use crate::number::number;
use crate::{CliError, Io};

pub(super) async fn run(
    id: &ConnectionId,
    user: &UserId,
    reason: Option<&str>,
    target: &Target,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    // Whoever lists it opens what is sealed, as whoever changes it does.
    let operator = target.change(io).await?;
    let stored = operator.stored_of(id, user).await?;
    for line in render(&stored) {
        io.say(&line)?;
    }
    match reason {
        Some(reason) => {
            operator.erase(&stored, reason).await?;
            io.say(&format!("{user}: {} erased", number(stored.items.len(), "item", "items")))?;
        }
        None => io.say("Nothing was erased. --write --reason TEXT erases it.")?,
    }
    for line in remains(&stored) {
        io.say(&line)?;
    }
    Ok(())
}

fn render(stored: &StoredOf) -> Vec<String> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for item in &stored.items {
        *counted.entry(item.what).or_default() += 1;
    }
    let mut lines = vec![format!("stored of {} in the directory of {}:", stored.user, stored.connection)];
    lines.extend(counted.iter().map(|(what, count)| format!("  {count:>3}  {what}")));
    lines.extend(stored.not_yet().map(|why| format!("not yet     {why}")));
    lines
}

/// What a command cannot reach, so that nobody promises it.
fn remains(stored: &StoredOf) -> Vec<String> {
    let mut lines = vec!["What this does not erase:".to_owned()];
    match stored.account {
        Some(account) => lines.push(format!(
            "  their account at the school, Thinkific user {account}, with name, address and progress: its administrator \
             deletes it. Until then the mirror notes a hash of its address again."
        )),
        None => lines.push("  an account at the school, if there is one: stoa knows of none".to_owned()),
    }
    lines.extend(stored.outlived_by().into_iter().map(|kept| match kept {
        Kept::Told => {
            "  when WorkOS last spoke of them, by a hash of its id: an older event that comes late would bring them back"
                .to_owned()
        }
        Kept::Account => {
            "  that their account was theirs: two ids, without which whoever has their address next would get it".to_owned()
        }
        Kept::KeptOut => format!(
            "  by what they are kept out by hand, as hashes of their addresses and ids, until `stoa directory block {} {} \
             --off --reason \"…\"`",
            stored.connection, stored.user
        ),
    }));
    if stored.address_is_another_s {
        lines.push(
            "  what logins with their address left: it is not known to be theirs. `stoa person show --email` shows it."
                .to_owned(),
        );
    }
    lines.push("  their logins, which go by themselves after 30 days, and log lines, which name nobody".to_owned());
    lines.push("  backups of the tables, which go after 35 days".to_owned());
    lines
}
