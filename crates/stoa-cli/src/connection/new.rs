//! `new`: from the answers to the form that a new customer gets to the connection's file.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;
use stoa_core::connection::{Connection, ConnectionDocument, ConnectionState, ContactDocument, UrlPolicy};
use stoa_core::ids::{ConnectionId, CustomerId, SchoolId};
use stoa_service::operator::{OperatorError, in_lines};

use super::files::stand_in;
use crate::arguments::Target;
use crate::{CliError, Io};

/// The answers, as docs/integration-checklist.md asks for them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    id: ConnectionId,
    /// Absent: the connection's name.
    customer: Option<CustomerId>,
    school: SchoolId,
    product: Product,
    protocol: Protocol,
    /// Of the metadata, or the issuer.
    address: String,
    client_id: Option<String>,
    domains: Vec<String>,
    subject: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    contact: Vec<ContactDocument>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Product {
    PingFederate,
    Okta,
    Entra,
    Google,
    Other,
}

impl Product {
    /// The preset, where there is one.
    const fn preset(self) -> Option<&'static str> {
        match self {
            Self::PingFederate => Some("pingfederate"),
            Self::Okta => Some("okta"),
            Self::Entra => Some("entra"),
            Self::Google => Some("google"),
            Self::Other => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Protocol {
    Saml,
    Oidc,
}

pub(super) fn new(path: &Path, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let text = std::fs::read_to_string(path).map_err(|source| CliError::File { path: path.to_owned(), source })?;
    let name = path.display().to_string();
    let answers: Answers =
        toml::from_str(&text).map_err(|error| OperatorError::File { path: name.clone(), message: in_lines(&error) })?;
    if answers.protocol == Protocol::Oidc && answers.client_id.is_none() {
        return Err(CliError::NoAnswer("client_id"));
    }
    let file = file(&answers, &target.public_url(io)?);
    // What would be refused later is refused now, while somebody has the form in their hands.
    let mut document: ConnectionDocument =
        toml::from_str(&file).map_err(|error| OperatorError::File { path: name.clone(), message: in_lines(&error) })?;
    stand_in(&mut document);
    let policy = if target.is_sandbox(io)? { UrlPolicy::LoopbackToo } else { UrlPolicy::Https };
    Connection::check(document, 1, ConnectionState::Draft, policy)
        .map_err(|error| CliError::in_file(&name, OperatorError::Connection(error)))?;
    io.say_lines(file.trim_end())
}

/// The connection's file. Texts are written as TOML writes them.
fn file(answers: &Answers, public_url: &str) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let list = |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    let id = &answers.id;
    let customer = answers.customer.as_ref().map_or(id.as_str(), CustomerId::as_str);
    let mut file = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(file, "id = \"{id}\"\ncustomer = \"{customer}\"\nschool = \"{}\"", answers.school);
    let _ = writeln!(file, "domains = [{}]", list(&answers.domains));
    if let Some(preset) = answers.product.preset() {
        let _ = writeln!(file, "preset = \"{preset}\"");
    }
    if let Some(subject) = &answers.subject {
        let _ = writeln!(file, "\n[subject]\nfrom = {}", quoted(subject));
    }
    let address = quoted(&answers.address);
    let _ = match answers.protocol {
        Protocol::Saml => {
            writeln!(file, "\n[saml]\nmetadata_url = {address}\nsp_entity_id = \"{public_url}/saml/{id}\"")
        }
        Protocol::Oidc => {
            let client_id = quoted(answers.client_id.as_deref().unwrap_or_default());
            writeln!(file, "\n[oidc]\nissuer = {address}\nclient_id = {client_id}")
        }
    };
    if !answers.groups.is_empty() {
        let _ = writeln!(file, "\n[admit]\ngroups = [{}]", list(&answers.groups));
    }
    for contact in &answers.contact {
        let _ = writeln!(file, "\n[[contact]]\nname = {}", quoted(&contact.name));
        let _ = writeln!(file, "role = \"{}\"\nat = \"{}\"", contact.role.as_str(), contact.at.as_str());
        let others = [("email", &contact.email), ("phone", &contact.phone)];
        let others = others.into_iter().chain([("hours", &contact.hours), ("language", &contact.language)]);
        for (name, value) in others {
            if let Some(value) = value {
                let _ = writeln!(file, "{name} = {}", quoted(value));
            }
        }
    }
    file
}
