//! `stoa directory drift`: in what a school differs from a directory, and that it is put right.

use stoa_core::ids::ConnectionId;

use crate::arguments::Target;
use crate::number::number;
use crate::progress::Progress;
use crate::time::instant;
use crate::{CliError, Io};

/// People who are printed; all of them are put right.
const SHOWN: usize = 50;

pub(super) async fn run(
    id: &ConnectionId,
    repair: Option<&str>,
    target: &Target,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let operator = match repair {
        Some(_) => target.change(io).await?,
        None => target.read(io)?.operator,
    };
    let drifted = operator.drifted(id).await?;
    let looked = drifted.mirrored_at.map_or_else(
        || "has not looked at all accounts yet".to_owned(),
        |at| format!("looked at all accounts at {}", instant(at)),
    );
    io.say(&format!(
        "compared    {}, without those whom their source has deleted; the mirror {looked}",
        number(drifted.compared, "person", "people")
    ))?;
    io.say(&format!("differ      {}", drifted.people.len()))?;
    for (user, drift) in drifted.people.iter().take(SHOWN) {
        io.say(&format!("  {user}  {drift}"))?;
    }
    if drifted.people.len() > SHOWN {
        io.say(&format!("  and {} more", drifted.people.len() - SHOWN))?;
    }
    let Some(reason) = repair.filter(|_| !drifted.people.is_empty()) else {
        return match drifted.people.is_empty() {
            true => Ok(()),
            false => {
                io.say("Nothing was done. --repair --write --reason TEXT puts it right, within the school's calls.")
            }
        };
    };
    let mut bar = Progress::new(u64::try_from(drifted.people.len()).unwrap_or(u64::MAX));
    let mut done = 0;
    for (user, _) in &drifted.people {
        operator.repair((id, user), reason).await?;
        done += 1;
        bar.at(done, io)?;
    }
    bar.end(io)?;
    let looked = number(done, "person is looked at again", "people are looked at again");
    io.say(&format!("{looked}, and put right, as the school's calls allow"))
}
