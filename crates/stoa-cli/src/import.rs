//! `stoa import`: people from a file of a customer's HR system.
//!
//! The file is read twice: once to say what it is and which rows cannot be used, and once to compare the others with the
//! directory, a hundred at a time. What the file says of people goes to the function `csv-import` and nowhere else.

mod reading;
mod report;
mod sending;

use stoa_core::ids::ConnectionId;
use stoa_import::{Mapping, Why};
use stoa_service::operator::{OperatorError, StackAccess};

use self::reading::Reading;
use self::report::Checked;
use self::sending::{Asked, Compared, send};
use crate::arguments::{Imported, Target};
use crate::{CliError, Io, private_file};

pub(crate) async fn run(asked: &Imported, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = match asked.write {
        true => target.change(io).await?,
        false => target.read(io)?.operator,
    };
    let id = &asked.connection;
    let of_files = match operator.of_files(id).await {
        Ok(document) => Some(document),
        // The file itself can be checked all the same.
        Err(OperatorError::NotCsv(_)) if !asked.write && !asked.complete => None,
        Err(error) => return Err(error.into()),
    };
    let domains = match &of_files {
        Some(document) => document.domains.clone(),
        None => domains(&operator, id).await?,
    };
    let named = of_files.as_ref().and_then(|document| document.directory.as_ref()).map(|it| it.columns.clone());
    let mut columns = named.unwrap_or_default();
    columns.extend(asked.column.iter().cloned());
    let mapping = Mapping { preset: asked.preset, columns };
    let (mut checked, digest) = check(asked, &mapping, &domains)?;
    for line in checked.render() {
        io.say(&line)?;
    }
    // What cannot be used is said whatever becomes of the rest.
    let compared = match of_files {
        Some(_) => {
            let reading = Reading::begin(&asked.file, mapping, domains)?;
            Some(compare(&operator, asked, (&checked, digest), reading, io).await)
        }
        None => None,
    };
    if let Some(Ok(compared)) = &compared {
        checked.refused_by_directory(&compared.refused);
    }
    for line in checked.refusals() {
        io.say(&line)?;
    }
    if let Some(path) = &asked.result {
        // Lines only, and still of people: for its owner.
        let written = private_file::write(path, checked.result().as_bytes());
        written.map_err(|source| CliError::File { path: path.clone(), source })?;
        io.say(&format!("{}: a line for each row that cannot be used", path.display()))?;
    }
    match compared {
        Some(compared) => compared.and_then(|compared| finish(asked, &compared, io)),
        None => io.say(&format!(
            "Not compared: {id} takes no people from files. Its file would need [directory] with source = \"csv\"."
        )),
    }
}

async fn domains(operator: &StackAccess, id: &ConnectionId) -> Result<Vec<String>, CliError> {
    let unknown = || OperatorError::NoConnection(id.clone());
    Ok(operator.current(id).await?.ok_or_else(unknown)?.document()?.domains)
}

/// Reads the whole file, and asks nobody about it.
fn check(asked: &Imported, mapping: &Mapping, domains: &[String]) -> Result<(Checked, String), CliError> {
    let mut reading = Reading::begin(&asked.file, mapping.clone(), domains.to_vec())?;
    let mut checked = Checked::default();
    let mut rows = Vec::new();
    while reading.next(&mut rows)? {
        for row in rows.drain(..) {
            checked.note(row);
        }
    }
    for row in rows.drain(..) {
        checked.note(row);
    }
    let (seen, digest) = reading.end()?;
    checked.seen = Some(seen);
    Ok((checked, digest))
}

async fn compare(
    operator: &StackAccess,
    asked: &Imported,
    (checked, digest): (&Checked, String),
    reading: Reading,
    io: &mut Io<'_>,
) -> Result<Compared, CliError> {
    let of = Asked {
        connection: &asked.connection,
        file: &digest,
        write: asked.reason.as_deref().filter(|_| asked.write),
        complete: asked.complete,
        rows: checked.people(),
    };
    let mut compared = send(operator, &of, reading, io).await?;
    if asked.complete {
        // An exact double says nothing that another row does not say.
        let unread = checked.rejected.iter().filter(|rejection| !matches!(rejection.why, Why::Double(_))).count();
        let refused = u64::try_from(unread).unwrap_or(u64::MAX) + compared.done.refused;
        compared.unused = refused;
        compared.leavers = match refused == 0 && checked.people() > 0 {
            true => Some(sending::leave(operator, &of, &mut compared, io).await?),
            false => None,
        };
    }
    if of.write.is_some() {
        operator.finish_import(&asked.connection, &compared.done).await?;
    }
    Ok(compared)
}

fn finish(asked: &Imported, compared: &Compared, io: &mut Io<'_>) -> Result<(), CliError> {
    for line in compared.render(asked) {
        io.say(&line)?;
    }
    match compared.leavers {
        None if asked.complete && compared.unused > 0 => {
            Err(CliError::Incomplete { refused: compared.unused, wrote: asked.write })
        }
        None if asked.complete => Err(CliError::NamesNobody(asked.file.clone())),
        None | Some(_) => Ok(()),
    }
}
