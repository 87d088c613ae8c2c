//! `guide`: what the customer's administrator sets up, with the names of their console and the values to paste.

mod attributes;
mod files;
mod oidc;
mod saml;
mod saml_application;
mod scim;
mod section;
mod teams;
mod workos;
mod workos_directory;

use std::path::Path;

use stoa_core::connection::{Connection, ConnectionDocument, ConnectionState, Preset, Protocol, UrlPolicy};
use stoa_core::ids::ConnectionId;
use stoa_service::operator::{OperatorError, in_lines};

use self::section::{Section, render};
use super::files::stand_in;
use crate::arguments::{Target, Which};
use crate::{CliError, Io};

/// Prints the guide of a connection that has been applied, or of a file that waits for what the guide asks for.
pub(super) async fn guide(which: &Which, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let public_url = target.public_url(io)?;
    let document = match which {
        Which::Applied(id) => applied(id, target, io).await?,
        Which::File(path) => read(path)?,
    };
    // Only a sandbox may be reached by http.
    let policy = if target.is_sandbox(io)? { UrlPolicy::LoopbackToo } else { UrlPolicy::Https };
    // No guide depends on version or state.
    let connection = Connection::check(document, 1, ConnectionState::Draft, policy);
    let connection = connection.map_err(OperatorError::Connection)?;
    io.say_lines(text(&connection, &public_url).trim_end())
}

async fn applied(id: &ConnectionId, target: &Target, io: &Io<'_>) -> Result<ConnectionDocument, CliError> {
    let item = target.read(io)?.operator.current(id).await?;
    let item = item.ok_or_else(|| OperatorError::NoConnection(id.clone()))?;
    Ok(item.document()?)
}

/// Reads a file. What the identity provider has yet to send does not matter to its guide, so something stands for it.
fn read(path: &Path) -> Result<ConnectionDocument, CliError> {
    let text = std::fs::read_to_string(path).map_err(|source| CliError::File { path: path.into(), source })?;
    let mut document: ConnectionDocument = toml::from_str(&text)
        .map_err(|error| OperatorError::File { path: path.display().to_string(), message: in_lines(&error) })?;
    stand_in(&mut document);
    Ok(document)
}

/// All of it, for one connection.
fn text(connection: &Connection, public_url: &str) -> String {
    let document = connection.document();
    let (how, mut sections) = match connection.protocol() {
        Protocol::Saml(saml) => ("SAML 2.0", saml::sections(connection, saml, public_url)),
        Protocol::Oidc(oidc) => ("OpenID Connect", oidc::sections(connection, oidc, public_url)),
        Protocol::Workos(settings) => ("WorkOS", workos::sections(connection, settings, public_url)),
        Protocol::Teams => ("Microsoft Teams", Vec::new()),
    };
    if let Some(settings) = &document.teams {
        sections.extend(teams::sections(connection, settings, public_url));
    }
    sections.extend(scim::sections(connection, public_url));
    sections.extend(files::sections(connection));
    sections.extend(workos_directory::sections(connection, public_url));
    sections.push(who_may_come(connection));
    sections.push(trial(connection, public_url));
    let product = product(document.preset).map(|name| format!(", {name}")).unwrap_or_default();
    let title = format!("Single sign-on for {} (connection {}): {how}{product}", connection.name(), connection.id());
    render(&title, &sections)
}

/// The product's own name.
const fn product(preset: Preset) -> Option<&'static str> {
    match preset {
        Preset::Generic => None,
        Preset::Pingfederate => Some("PingFederate"),
        Preset::Okta => Some("Okta"),
        Preset::Entra => Some("Microsoft Entra ID"),
        Preset::Google => Some("Google Workspace"),
    }
}

fn who_may_come(connection: &Connection) -> Section {
    let document = connection.document();
    let assign = match (document.preset, connection.protocol()) {
        (Preset::Okta, _) => "Assignments > Assign: the people or groups that can sign in.",
        (Preset::Entra, _) => {
            "Enterprise applications > the application > Properties > Assignment required: Yes; then Users and groups."
        }
        (Preset::Google, Protocol::Saml(_)) => {
            "User access > On, for the organizational units or groups that can sign in."
        }
        (Preset::Google, _) => "Internal lets in everybody in your Google Workspace.",
        (Preset::Generic | Preset::Pingfederate, _) => "Anybody your identity provider lets through can sign in.",
    };
    let mut section = Section::new("Decide who can sign in").note(assign).note(format!(
        "Only addresses at exactly {} are accepted; a subdomain is a different domain.",
        document.domains.join(", ")
    ));
    if !document.admit.groups.is_empty() {
        section = section.note(format!(
            "Of these people, only members of one of these groups: {}",
            document.admit.groups.join(", ")
        ));
    }
    section
}

fn trial(connection: &Connection, public_url: &str) -> Section {
    let id = connection.id();
    let section =
        Section::new("Test it, then go live").row("Once it is live, people open", format!("{public_url}/login/{id}"));
    let section = if connection.document().discoverable {
        section.row("or, with their email address", format!("{public_url}/login"))
    } else {
        section
    };
    section
        .note("Open the test link that comes with this guide. It signs you in, shows what arrived, what was expected")
        .note("and what would be passed on, and never reaches the school. If it fails, send us the reference on the page.")
        .note(format!("We make the link with `stoa connection test {id}`; it is valid for three days."))
}
