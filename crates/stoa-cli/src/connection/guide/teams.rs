//! The Teams tab, beside another protocol or alone.

use stoa_core::connection::{Connection, TeamsDocument};
use stoa_core::teams::{APPLICATIONS, application_uri};

use super::section::Section;

pub(super) fn sections(connection: &Connection, settings: &TeamsDocument, public_url: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    if settings.token {
        sections.push(registration(settings, public_url));
    }
    sections.push(
        Section::new("Teams admin center > Teams apps > Manage apps > Actions > Upload new app")
            .row("Package", format!("{}-teams.zip, which comes with this guide", connection.id()))
            .row("The tab's name", &*settings.name)
            .note("Then Setup policies, if the tab is to be pinned for everybody.")
            .note(format!("We make the package with `stoa teams package {}`.", connection.id())),
    );
    sections
}

fn registration(settings: &TeamsDocument, public_url: &str) -> Section {
    let programs =
        APPLICATIONS.iter().map(|(id, name)| ("Authorized client application".to_owned(), format!("{id}   ({name})")));
    Section::new("Entra: App registrations > the tab's application > Expose an API")
        .row("Application (client) ID, as we have it", &*settings.app_id)
        .row("Application ID URI", application_uri(public_url, settings))
        .row("Add a scope", "access_as_user; Who can consent: Admins and users")
        .rows(programs)
        .row("Token configuration > Add optional claim > Access", "email, given_name, family_name, acct")
        .row("Tenants, as we have them", settings.tenants.join(", "))
        .note("Guests and personal accounts are refused.")
}
