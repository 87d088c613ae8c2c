//! `new`: from the answers to the form that a new customer gets to the connection's file.

use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;
use stoa_core::connection::{
    AttributesDocument, Connection, ConnectionDocument, ConnectionState, ContactDocument, UrlPolicy,
};
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
    /// The names that differ from the product's.
    #[serde(default)]
    attributes: AttributesDocument,
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
    let entity_id = match answers.protocol {
        Protocol::Saml => Some(format!("{}/saml/{}", target.public_url(io)?, answers.id)),
        Protocol::Oidc => None,
    };
    let file = file(&answers, entity_id.as_deref()).map_err(CliError::Unshown)?;
    // What would be refused later is refused now, while somebody has the form in their hands.
    let mut document: ConnectionDocument =
        toml::from_str(&file).map_err(|error| OperatorError::File { path: name.clone(), message: in_lines(&error) })?;
    stand_in(&mut document);
    let policy = if target.is_sandbox(io)? { UrlPolicy::LoopbackToo } else { UrlPolicy::Https };
    Connection::check(document, 1, ConnectionState::Draft, policy)
        .map_err(|error| CliError::in_file(&name, OperatorError::Connection(error)))?;
    io.say_lines(file.trim_end())
}

/// The connection's file. Texts are written as TOML writes them. `entity_id` is ours, with SAML.
fn file(answers: &Answers, entity_id: Option<&str>) -> Result<String, toml::ser::Error> {
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
            let entity_id = quoted(entity_id.unwrap_or_default());
            writeln!(file, "\n[saml]\nmetadata_url = {address}\nsp_entity_id = {entity_id}")
        }
        Protocol::Oidc => {
            let client_id = quoted(answers.client_id.as_deref().unwrap_or_default());
            writeln!(file, "\n[oidc]\nissuer = {address}\nclient_id = {client_id}")
        }
    };
    // Okta keeps the groups to itself until they are asked for.
    if answers.protocol == Protocol::Oidc && answers.product == Product::Okta && !answers.groups.is_empty() {
        let _ = writeln!(file, "scopes = [\"openid\", \"profile\", \"email\", \"groups\"]");
    }
    if answers.attributes != AttributesDocument::default() {
        let _ = write!(file, "\n[attributes]\n{}", toml::to_string(&answers.attributes)?);
    }
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
    Ok(file)
}
