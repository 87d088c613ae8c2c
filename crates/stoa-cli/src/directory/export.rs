//! `stoa directory export`: what the directory has, for the customer or for one person.
//!
//! The file is for its owner's eyes only, and no cell of it is a formula to a spreadsheet.

use std::path::Path;

use serde_json::{Value, json};
use stoa_core::directory::{ENTERPRISE_URN, UserId};
use stoa_core::ids::ConnectionId;
use stoa_import::write_row;
use stoa_service::operator::{ExportedPerson, MOST_AT_ONCE};

use crate::arguments::Target;
use crate::number::number;
use crate::progress::Progress;
use crate::time::instant;
use crate::{CliError, Io, private_file};

/// Who a person is, by the names that `stoa import` knows.
pub(crate) const WHO: [&str; 7] = ["email", "external id", "first name", "last name", "company", "groups", "status"];
/// What else the directory has of them.
const WHEN: [&str; 3] = ["directory id", "created", "changed"];

pub(super) async fn people(id: &ConnectionId, out: &Path, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.change(io).await?;
    let everybody = operator.directory_ids(id).await?;
    let mut bar = Progress::new(u64::try_from(everybody.len()).unwrap_or(u64::MAX));
    let (mut text, mut written) = (String::new(), 0);
    write_row(&mut text, WHO.into_iter().chain(WHEN));
    for batch in everybody.chunks(MOST_AT_ONCE) {
        for person in operator.exported(id, batch).await? {
            let when = [person.id.to_string(), instant(person.created), instant(person.modified)];
            write_row(&mut text, who(&person).iter().chain(&when).map(String::as_str));
            written += 1;
        }
        bar.at(written, io)?;
    }
    bar.end(io)?;
    write(out, text.as_bytes())?;
    io.say(&format!(
        "{}: {} of the directory of {id}, in personal data. Only you can read it.",
        out.display(),
        number(written, "person", "people"),
    ))
}

/// Everything that is stored of somebody, to be handed to them.
pub(super) async fn person(
    id: &ConnectionId,
    user: &UserId,
    out: &Path,
    target: &Target,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let operator = target.change(io).await?;
    let stored = operator.stored_of(id, user).await?;
    let known = operator.exported(id, std::slice::from_ref(user)).await?;
    let items = operator.items_as_json(&stored).await?;
    let count = number(items.len(), "item", "items");
    let document = json!({
        "connection": id,
        "person": user,
        "directory": known.first().map(directory),
        "account at the school": stored.account,
        "stored": items,
    });
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    write(out, text.as_bytes())?;
    io.say(&format!("{}: {count} about {user}, in personal data. Only you can read it.", out.display()))?;
    io.say("Not in it: logins (`stoa logins --email`, for 30 days), and the account at the school.")
}

fn directory(person: &ExportedPerson) -> Value {
    let ExportedPerson { id, active, created, modified, email, profile, groups } = person;
    json!({
        "id": id,
        "active": active,
        "created": instant(*created),
        "changed": instant(*modified),
        "address": email,
        "profile": profile,
        "groups": groups,
    })
}

/// The cells of [`WHO`].
pub(crate) fn who(person: &ExportedPerson) -> [String; 7] {
    let text = |pointer: &str| person.profile.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    [
        person.email.clone(),
        text("/externalId"),
        text("/name/givenName"),
        text("/name/familyName"),
        text(&format!("/{ENTERPRISE_URN}/organization")),
        person.groups.join("|"),
        if person.active { "active" } else { "inactive" }.to_owned(),
    ]
}

pub(crate) fn write(out: &Path, bytes: &[u8]) -> Result<(), CliError> {
    private_file::write(out, bytes).map_err(|source| CliError::File { path: out.to_owned(), source })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn c213_no_cell_of_an_export_is_a_formula() {
        let person = ExportedPerson {
            id: UserId::from_random([7; 16]),
            active: true,
            created: 1_790_000_000,
            modified: 1_790_000_000,
            email: "@x@acme.com".to_owned(),
            profile: json!({
                "userName": "@x@acme.com", "externalId": "-1",
                "name": {"givenName": "=HYPERLINK(\"http://x\")", "familyName": "\t+1"},
                ENTERPRISE_URN: {"organization": "\r@SUM(1)"},
            }),
            groups: vec!["+a".to_owned(), "=b".to_owned()],
        };
        let mut row = String::new();
        write_row(&mut row, who(&person).iter().map(String::as_str));
        let wanted =
            "\"'@x@acme.com\",\"'-1\",\"'=HYPERLINK(\"\"http://x\"\")\",\"'\t+1\",\"'\r@SUM(1)\",\"'+a|=b\",\"active\"";
        assert!(row.starts_with(wanted), "{row}");
    }
}
