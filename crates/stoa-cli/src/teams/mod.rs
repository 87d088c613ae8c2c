//! `stoa teams package`: the app that a customer's Teams administrator uploads, and what they set up for it.

mod manifest;

use std::io::{Cursor, Write};
use std::path::PathBuf;

use serde_json::Value;
use stoa_core::connection::{ConnectionDocument, SchoolDocument, TeamsDocument};
use stoa_core::ids::ConnectionId;
use stoa_core::teams::{APPLICATIONS, application_uri};
use stoa_service::operator::{OperatorError, StackAccess, TestLink};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use self::manifest::{App, COLOR_ICON, OUTLINE_ICON};
use crate::arguments::{Package, Target, Teams};
use crate::connection::print_move;
use crate::time::instant;
use crate::{CliError, Io, private_file};

const COLOR: &[u8] = include_bytes!("../../assets/teams-color.png");
const OUTLINE: &[u8] = include_bytes!("../../assets/teams-outline.png");

pub(crate) async fn run(command: Teams, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    match command {
        Teams::Package(package) => make(&package, target, io).await,
    }
}

async fn make(package: &Package, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let public_url = target.public_url(io)?;
    let operator = if package.test { target.change(io).await? } else { target.read(io)?.operator };
    let item = operator.current(&package.id).await?.ok_or_else(|| OperatorError::NoConnection(package.id.clone()))?;
    let connection = item.document()?;
    let teams = connection.teams.as_ref().ok_or_else(|| CliError::NoTab(package.id.clone()))?;
    let school = school(&operator, &connection).await?;
    let test = if package.test { Some(test_link(&operator, &package.id, io).await?) } else { None };
    let app = App {
        connection: &connection,
        teams,
        school: &school,
        version: item.version,
        public_url: &public_url,
        test: test.as_ref(),
    };
    let path = package.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}-teams.zip", package.id)));
    let bytes = zipped(&app.manifest()).map_err(CliError::Package)?;
    // With a test link in it, whoever reads the package may test, and sees what arrives.
    let written = if package.test { private_file::write(&path, &bytes) } else { std::fs::write(&path, &bytes) };
    written.map_err(|source| CliError::File { path: path.clone(), source })?;
    io.say(&format!(
        "{}: version {} of the app {:?}, whose tab is {}",
        path.display(),
        app.version(),
        app.name(),
        app.content_url()
    ))?;
    if let Some(link) = &test {
        io.say(&format!(
            "    It works until {}, and replaces any earlier test link. It shows what arrived, what we expected, and what \
             would be passed on; it never reaches the school. Only you can read the file: whoever gets it can test.",
            instant(link.until)
        ))?;
    }
    if !public_url.starts_with("https://") {
        io.say("    warning: Teams accepts only https addresses; use --host URL")?;
    }
    if teams.token {
        print_application(&connection, teams, &public_url, io)?;
    }
    print_upload(&app, io)
}

async fn test_link(operator: &StackAccess, id: &ConnectionId, io: &mut Io<'_>) -> Result<TestLink, CliError> {
    let (link, moved) = operator.open_test_link(id).await?;
    if let Some(applied) = moved {
        print_move(&applied, io)?;
    }
    Ok(link)
}

async fn school(operator: &StackAccess, connection: &ConnectionDocument) -> Result<SchoolDocument, CliError> {
    let school = &connection.school;
    let item = operator.school_item(school).await?.ok_or_else(|| OperatorError::NoSchool(school.clone()))?;
    Ok(item.document()?)
}

/// The package: the same bytes for the same manifest, since every file in it is dated 1980.
fn zipped(manifest: &Value) -> Result<Vec<u8>, zip::result::ZipError> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let manifest = format!("{manifest:#}\n");
    for (name, bytes) in [("manifest.json", manifest.as_bytes()), (COLOR_ICON, COLOR), (OUTLINE_ICON, OUTLINE)] {
        archive.start_file(name, options)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// What a Teams token needs in Entra.
fn print_application(
    connection: &ConnectionDocument,
    teams: &TeamsDocument,
    public_url: &str,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let email = connection.attributes.email.as_deref().unwrap_or("email");
    io.say("")?;
    io.say(&format!("In Entra, App registrations, the application {}:", teams.app_id))?;
    io.say(&format!("    Expose an API, Application ID URI      {}", application_uri(public_url, teams)))?;
    io.say("    Expose an API, a scope                 access_as_user, for admins and users")?;
    io.say("    Authorized client applications, each for that scope:")?;
    for (id, program) in APPLICATIONS {
        io.say(&format!("        {id}  {program}"))?;
    }
    io.say(&format!("    Token configuration, access token      {email}, given_name, family_name, acct"))?;
    io.say("    API permissions                        Grant admin consent, so that people are not asked")
}

fn print_upload(app: &App<'_>, io: &mut Io<'_>) -> Result<(), CliError> {
    io.say_lines("\nIn the Teams admin center:")?;
    io.say("    Teams apps, Manage apps, Upload new app; a higher version updates an app that is there")?;
    io.say("    Teams apps, Setup policies: installed and pinned for the people it is meant for")?;
    io.say_lines("\nThe app's entry links to two pages of the school. Check that they exist:")?;
    io.say(&format!("    {}", app.privacy_url()))?;
    io.say(&format!("    {}", app.terms_url()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Width, height and colour type of a PNG (its IHDR; PNG §11.2.2).
    fn header(png: &[u8]) -> (u32, u32, u8) {
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        (number(16), number(20), png[25])
    }

    #[test]
    fn the_icons_are_of_the_sizes_that_teams_takes() {
        assert_eq!(header(COLOR), (192, 192, 2));
        // With an alpha channel: Teams wants the outline on nothing.
        assert_eq!(header(OUTLINE), (32, 32, 6));
    }
}
