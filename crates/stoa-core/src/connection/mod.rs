//! A connection: one customer's identity provider joined to one school, as data.
//!
//! [`ConnectionDocument`] is what a TOML file says and what the table stores. [`Connection`] is what flows use: it
//! exists only if everything in the document holds together.

mod age;
mod checks;
mod column;
mod contact;
mod directory;
mod document;
mod error;
mod oidc;
mod preset;
mod saml;
mod school;
mod teams;
mod tester;
mod workos;

use serde::{Deserialize, Serialize};

use self::checks::{check_domains, check_roles};
use self::contact::check_contacts;
use crate::ids::{ConnectionId, CustomerId, SchoolId};

pub use self::age::{Age, BadAge};
pub(crate) use self::checks::{PERSONAL_TENANT, is_guid};
pub use self::checks::{UrlPolicy, check_url};
pub use self::column::Column;
pub use self::contact::{ContactAt, ContactDocument, ContactRole};
pub use self::directory::{
    Authority, Directory, DirectoryDocument, GrantDocument, JoinAttribute, JoinDocument, Leavers, RemovalsDocument,
    Source, UploadsDocument, WorkosSourceDocument,
};
pub use self::document::{
    AccountDocument, AdmitDocument, AttributesDocument, ConnectionDocument, EarlierExternalId, Existing,
    PreviousSubjectDocument, SubjectDocument, UnknownPerson,
};
pub use self::error::ConnectionError;
pub use self::oidc::{
    ClientAuth, Oidc, OidcDocument, Prompt, ProviderDocument, SigningAlgorithm, TENANT_PLACEHOLDER, UserInfo,
};
pub use self::preset::{EmailVerified, Kind, Preset};
pub(crate) use self::saml::NAME_ID;
pub use self::saml::{IdpDocument, IdpInitiated, RequestBinding, Saml, SamlDocument};
pub use self::school::{FirstLogins, School, SchoolDocument};
pub use self::teams::TeamsDocument;
pub use self::tester::Tester;
pub use self::workos::WorkosDocument;

/// The names that count: the document's, else the preset's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeNames {
    /// The e-mail address.
    pub email: String,
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
    /// The company, passed on where present.
    pub company: Option<String>,
    /// The attribute with the names of their groups.
    pub groups: String,
}

impl AttributeNames {
    fn resolve(document: &AttributesDocument, preset: Preset, kind: Kind) -> Result<Self, ConnectionError> {
        let defaults = preset.names(kind);
        let pick = |own: &Option<String>, default: &str| match own.as_deref() {
            Some("") => Err(ConnectionError::EmptyAttributeName),
            Some(own) => Ok(own.to_owned()),
            None => Ok(default.to_owned()),
        };
        Ok(Self {
            email: pick(&document.email, defaults.email)?,
            first_name: pick(&document.first_name, defaults.first_name)?,
            last_name: pick(&document.last_name, defaults.last_name)?,
            company: document.company.clone().filter(|name| !name.is_empty()),
            groups: pick(&document.groups, defaults.groups)?,
        })
    }
}

/// Where a connection stands. Changed by `stoa connection activate`, not by a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionState {
    /// Takes test logins, which never reach the school.
    Draft,
    /// A test login has succeeded.
    Tested,
    /// Takes everybody.
    Active,
    /// Takes nobody.
    Disabled,
}

impl ConnectionState {
    /// As stored and printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Tested => "tested",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

/// By which way the identity arrives, checked.
#[derive(Clone, Debug)]
pub enum Protocol {
    /// SAML 2.0
    Saml(Saml),
    /// OpenID Connect
    Oidc(Oidc),
    /// WorkOS SSO
    Workos(WorkosDocument),
    /// A Teams token only.
    Teams,
}

/// A connection whose parts hold together.
#[derive(Clone, Debug)]
pub struct Connection {
    document: ConnectionDocument,
    protocol: Protocol,
    attribute_names: AttributeNames,
    subject_from: Vec<String>,
    previous_subject_from: Vec<String>,
    /// The stored version, counted from 1.
    pub version: u32,
    /// Where it stands.
    pub state: ConnectionState,
    /// The test link that is open, if one is.
    pub tester: Option<Tester>,
}

impl Connection {
    /// Checks a document. `version` and `state` come from its item.
    pub fn check(
        document: ConnectionDocument,
        version: u32,
        state: ConnectionState,
        policy: UrlPolicy,
    ) -> Result<Self, ConnectionError> {
        check_domains(&document.domains)?;
        check_roles(&document.account.allow_roles)?;
        check_contacts(&document.contact)?;
        document.directory.as_ref().map_or(Ok(()), |directory| directory.check(policy))?;
        if document.oidc.is_some() && document.directory.as_ref().is_some_and(|own| own.source == Source::Workos) {
            return Err(ConnectionError::WorkosSourceBesideOidc);
        }
        let protocol = check_protocol(&document, policy)?;
        let kind = protocol.kind();
        let attribute_names = AttributeNames::resolve(&document.attributes, document.preset, kind)?;
        let subject = document.subject.from.as_deref().unwrap_or(document.preset.subject(kind));
        let subject_from = parts(subject)?;
        let previous = document.subject.previous.as_ref();
        let previous_subject_from = previous.map(|previous| parts(&previous.from)).transpose()?.unwrap_or_default();
        if previous_subject_from == subject_from {
            return Err(ConnectionError::PreviousSubject);
        }
        if subject_from == [attribute_names.email.as_str()] && !document.subject.is_email {
            return Err(ConnectionError::SubjectIsEmail);
        }
        if document.teams.as_ref().is_some_and(|teams| teams.token) && subject_from != ["tid", "oid"] {
            return Err(ConnectionError::TeamsSubject);
        }
        if let (true, Some(demand)) = (document.teams.as_ref().is_some_and(|teams| teams.token), protocol.demand()) {
            return Err(ConnectionError::TeamsDemand(demand));
        }
        let tester = None;
        Ok(Self { protocol, attribute_names, subject_from, previous_subject_from, document, version, state, tester })
    }

    /// The name that routes, tables and the command know it by.
    pub fn id(&self) -> &ConnectionId {
        &self.document.id
    }
    /// Whose people come through it.
    pub fn customer(&self) -> &CustomerId {
        &self.document.customer
    }
    /// Where they go.
    pub fn school(&self) -> &SchoolId {
        &self.document.school
    }
    /// Everything as written.
    pub fn document(&self) -> &ConnectionDocument {
        &self.document
    }
    /// Where its people come from other than by signing in, if from anywhere.
    pub fn directory(&self) -> Option<&Directory> {
        self.document.directory.as_ref().filter(|directory| directory.source != Source::None)
    }
    /// The directory that says of those who sign in whether they may, and whose it is: its own, or another connection's.
    pub fn joined_directory(&self) -> Option<(&ConnectionId, &Directory)> {
        let directory = self.document.directory.as_ref()?;
        match (directory.source, &directory.of) {
            (Source::None, None) => None,
            (Source::None, Some(of)) => Some((of, directory)),
            (Source::Scim | Source::Workos | Source::Csv, _) => Some((self.id(), directory)),
        }
    }
    /// By which way the identity arrives.
    pub fn protocol(&self) -> &Protocol {
        &self.protocol
    }
    /// The names of the attributes or claims.
    pub fn attribute_names(&self) -> &AttributeNames {
        &self.attribute_names
    }
    /// The attributes or claims that are the subject, in order; `name_id` is SAML's NameID.
    pub fn subject_from(&self) -> &[String] {
        &self.subject_from
    }
    /// The attributes or claims that were the subject before and are still sent, in order. Empty: none.
    pub fn previous_subject_from(&self) -> &[String] {
        &self.previous_subject_from
    }
    /// What people choose by.
    pub fn name(&self) -> &str {
        self.document.name.as_deref().unwrap_or(self.document.customer.as_str())
    }
    /// Our redirect URI, for OpenID Connect and WorkOS.
    pub fn redirect_uri(&self, public_url: &str) -> String {
        format!("{public_url}/oidc/{}/callback", self.id())
    }
    /// Our assertion consumer service.
    pub fn acs_url(&self, public_url: &str) -> String {
        format!("{public_url}/saml/{}/acs", self.id())
    }
    /// Whether the customer has claimed the domain.
    pub fn owns_domain(&self, domain: &str) -> bool {
        self.document.domains.iter().any(|own| own == domain)
    }
}

impl Protocol {
    /// Which one.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Saml(_) => Kind::Saml,
            Self::Oidc(_) => Kind::Oidc,
            Self::Workos(_) => Kind::Workos,
            Self::Teams => Kind::Teams,
        }
    }

    /// The first setting that demands of a sign-on what no Teams token says.
    fn demand(&self) -> Option<&'static str> {
        match self {
            Self::Saml(saml) => saml.document().force_authn.then_some("saml.force_authn"),
            Self::Oidc(oidc) => oidc.demand(),
            Self::Workos(_) | Self::Teams => None,
        }
    }
}

/// The names of a subject's parts.
fn parts(subject: &str) -> Result<Vec<String>, ConnectionError> {
    let subject_from: Vec<String> = subject.split('+').map(str::to_owned).collect();
    if subject_from.iter().any(String::is_empty) {
        return Err(ConnectionError::EmptyAttributeName);
    }
    Ok(subject_from)
}

fn check_protocol(document: &ConnectionDocument, policy: UrlPolicy) -> Result<Protocol, ConnectionError> {
    if let Some(teams) = &document.teams {
        teams.check(policy)?;
    }
    match (&document.saml, &document.oidc, &document.workos, &document.teams) {
        (Some(saml), None, None, _) => Ok(Protocol::Saml(Saml::check(saml, policy)?)),
        (None, Some(oidc), None, _) => {
            Ok(Protocol::Oidc(Oidc::check(oidc, document.preset, &document.domains, policy)?))
        }
        (None, None, Some(workos), _) => {
            workos.check(policy)?;
            Ok(Protocol::Workos(workos.clone()))
        }
        (None, None, None, Some(teams)) if teams.token => Ok(Protocol::Teams),
        (saml, oidc, workos, _) => {
            let count = [saml.is_some(), oidc.is_some(), workos.is_some()].into_iter().filter(|is| *is).count();
            Err(ConnectionError::NotOneProtocol(count))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
