//! A connection: one customer's identity provider joined to one school, as data.
//!
//! [`ConnectionDocument`] is what a TOML file says and what the table stores. [`Connection`] is what flows use: it
//! exists only if everything in the document holds together.

mod oidc;
mod preset;
mod saml;
mod school;
mod teams;
mod tester;
mod workos;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::destination::Destination;
use crate::email::is_domain;
use crate::ids::{ConnectionId, CustomerId, SchoolId};

pub use self::oidc::{
    ClientAuth, EmailVerified, Oidc, OidcDocument, Prompt, ProviderDocument, SigningAlgorithm, TENANT_PLACEHOLDER,
    UserInfo,
};
pub use self::preset::{Kind, Preset};
pub use self::saml::{IdpDocument, IdpInitiated, RequestBinding, Saml, SamlDocument};
pub use self::school::{School, SchoolDocument};
pub use self::teams::TeamsDocument;
pub use self::tester::Tester;
pub use self::workos::WorkosDocument;

/// The largest clock difference that is borne, in seconds.
const MAX_SKEW: u16 = 300;

/// A connection as written in `connections/*.toml` and stored, as JSON, in the `connections` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionDocument {
    /// Names the connection in URLs, tables and logs.
    pub id: ConnectionId,
    /// Whose people come through it.
    pub customer: CustomerId,
    /// Where they go.
    pub school: SchoolId,
    /// The customer's mail domains, lower case, matched exactly.
    pub domains: Vec<String>,
    /// Where people land who asked for nothing else.
    #[serde(default = "default_destination")]
    pub default_destination: Destination,
    /// The identity provider's product, whose defaults count where this document says nothing.
    #[serde(default, skip_serializing_if = "is_generic")]
    pub preset: Preset,
    /// What people choose by, where one domain has several connections. Absent: the customer's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether `GET /login` finds the connection by the domain of an address.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub discoverable: bool,
    /// SAML settings. A connection has one of `saml`, `oidc` and `workos`, or only `teams`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml: Option<SamlDocument>,
    /// OpenID Connect settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcDocument>,
    /// WorkOS settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workos: Option<WorkosDocument>,
    /// The Teams tab, beside one of the others or alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams: Option<TeamsDocument>,
    /// Which attribute or claim says what, where it is not as the preset has it.
    #[serde(default)]
    pub attributes: AttributesDocument,
    /// What names a person for ever.
    #[serde(default)]
    pub subject: SubjectDocument,
    /// Who may enter.
    #[serde(default)]
    pub admit: AdmitDocument,
    /// How persons become school accounts.
    #[serde(default)]
    pub account: AccountDocument,
}

const fn default_skew() -> u16 {
    120
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
const fn is_yes(flag: &bool) -> bool {
    *flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_generic(preset: &Preset) -> bool {
    *preset == Preset::Generic
}

fn default_destination() -> Destination {
    // A constant of the allowed form; a test parses it.
    Destination::parse("/enrollments").unwrap_or_else(|_| unreachable!("a constant that a test parses"))
}

/// The names of the attributes or claims, as the identity provider writes them; case matters. Absent: the preset's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttributesDocument {
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The company, passed on where present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The groups. Used for `admit.groups` and dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<String>,
}

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
    /// The groups.
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

/// What names a person for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubjectDocument {
    /// `name_id` (SAML), or the name of an attribute or claim such as an employee number. Several, joined by `+`, are
    /// one subject. Absent: the preset's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Says that the subject is an e-mail address, which may be given to somebody else one day.
    pub is_email: bool,
}

/// Who may enter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdmitDocument {
    /// Any of these groups, byte for byte. Empty: everybody of the identity provider.
    pub groups: Vec<String>,
}

/// How persons become school accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountDocument {
    /// What happens to a person whom stoa has not seen.
    pub unknown_person: UnknownPerson,
    /// The `external_id` that an earlier integration gave to its people. An account that holds it is the person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier_external_id: Option<EarlierExternalId>,
}

/// What happens to a person whom stoa has not seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownPerson {
    /// They get an account.
    #[default]
    Create,
    /// They are turned away: the directory says who exists.
    Refuse,
}

/// What an earlier integration used as Thinkific's `external_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EarlierExternalId {
    /// The e-mail address.
    Email,
    /// The subject, as the identity provider sends it.
    Subject,
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

/// How connections relax for a machine without a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlPolicy {
    /// https only.
    Https,
    /// http on `*.localhost` and 127.0.0.1 too: only where `AWS_ENDPOINT_URL` is loopback.
    LoopbackToo,
}

/// A document that does not hold together. The texts are for the operator who applies it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConnectionError {
    /// No claimed domain.
    #[error("domains: name at least one mail domain of the customer")]
    NoDomain,
    /// Not a lower-case host name.
    #[error("domains: {0:?} is not a lower-case domain")]
    BadDomain(String),
    /// Anybody can get an address there.
    #[error("domains: {0:?} is a public mail provider; anybody can get an address there")]
    PublicDomain(String),
    /// Not a lower-case host name.
    #[error("oidc.hosted_domains: {0:?} is not a lower-case domain")]
    BadHostedDomain(String),
    /// Not exactly one protocol.
    #[error("a connection has one of [saml], [oidc] and [workos], or only [teams]; this one has {0}")]
    NotOneProtocol(usize),
    /// No metadata was read.
    #[error("saml: name a metadata_file or a metadata_url (the stored form has saml.idp)")]
    NoIdp,
    /// No discovery document was read.
    #[error("oidc: the provider's discovery document was not read (the stored form has oidc.provider)")]
    NoProvider,
    /// A client id is empty or has control characters.
    #[error("oidc.client_id: empty, or with control characters")]
    BadClientId,
    /// No algorithm would be accepted.
    #[error("oidc.algorithms: name at least one")]
    NoAlgorithm,
    /// A parameter is stoa's to set.
    #[error("oidc.authorize_parameters: {0:?} is set by stoa; if there is a setting for it, use that")]
    ReservedParameter(String),
    /// Without `openid` there is no ID token.
    #[error("oidc.scopes: openid is missing")]
    NoOpenidScope,
    /// Anybody could come.
    #[error(
        "tenants: name the Entra tenants whose people can sign in; the issuer must be one tenant's, or have {{tenantid}}"
    )]
    NoTenant,
    /// Anybody can have a personal account, with the address of an employer of long ago.
    #[error("{0}: this is the tenant of personal Microsoft accounts, which belongs to no customer")]
    PersonalTenant(&'static str),
    /// Not a GUID.
    #[error("{0}: {1:?} is not a GUID in lower case")]
    BadGuid(&'static str, String),
    /// Not an id of WorkOS's.
    #[error("workos: {1:?} does not begin with {0:?}, or has characters other than letters, digits and _")]
    BadWorkosId(&'static str, String),
    /// Anybody of the WorkOS environment could come.
    #[error("workos: name an organization or a connection")]
    NoWorkosSelector,
    /// Teams cuts longer ones.
    #[error("teams.name: 1 to 30 characters")]
    BadTeamsName,
    /// A Teams token names a person as Entra does; another subject would make each person two.
    #[error("teams.token: the subject must be tid+oid, as in [oidc] with the preset entra")]
    TeamsSubject,
    /// What the connection demands of a sign-on, a Teams token does not say: that way would go around it.
    #[error("teams.token: a Teams token does not say what {0} demands; leave one of the two out")]
    TeamsDemand(&'static str),
    /// An address is not https, or not absolute.
    #[error("{field}: {url:?} must be an absolute https address without user, password or fragment")]
    BadUrl {
        /// Which setting.
        field: &'static str,
        /// What it says.
        url: String,
    },
    /// The identity provider does not take requests by the chosen binding.
    #[error("saml.request_binding: the metadata has no SingleSignOnService for {0:?}")]
    NoEndpoint(RequestBinding),
    /// An empty or oversized entity id.
    #[error("saml.sp_entity_id: 1 to 1024 characters (SAML core §8.3.6)")]
    BadEntityId,
    /// More than 300 s.
    #[error("{0}.skew_seconds: at most 300")]
    SkewTooLarge(&'static str),
    /// Requests are to be signed, but no certificate of ours is named.
    #[error("saml.sign_requests needs saml.sp_certificates and the secret saml/{{connection}}")]
    NoSpCertificate,
    /// A certificate does not parse.
    #[error("{0}[{1}] is not a usable PEM certificate")]
    BadCertificate(&'static str, usize),
    /// An empty attribute name.
    #[error("attributes: a name is empty")]
    EmptyAttributeName,
    /// The subject is the e-mail attribute, and that is not said.
    #[error("subject: the email address identifies the person; set is_email = true if that is intended")]
    SubjectIsEmail,
    /// Transient identifiers change at each login (SAML core §8.3.8).
    #[error("saml.name_id_format: transient identifiers cannot identify a person")]
    TransientNameId,
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
    /// The stored version, counted from 1.
    pub version: u32,
    /// Where it stands.
    pub state: ConnectionState,
    /// The test link that is open, if one is.
    pub tester: Option<Tester>,
}

/// Public mail providers, where a domain says nothing about a customer.
const PUBLIC_MAIL: &[&str] = &[
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
    "zoho.com",
    "126.com",
    "163.com",
];

impl Connection {
    /// Checks a document. `version` and `state` come from its item.
    pub fn check(
        document: ConnectionDocument,
        version: u32,
        state: ConnectionState,
        policy: UrlPolicy,
    ) -> Result<Self, ConnectionError> {
        check_domains(&document.domains)?;
        let protocol = check_protocol(&document, policy)?;
        let kind = protocol.kind();
        let attribute_names = AttributeNames::resolve(&document.attributes, document.preset, kind)?;
        let subject = document.subject.from.as_deref().unwrap_or(document.preset.subject(kind));
        let subject_from: Vec<String> = subject.split('+').map(str::to_owned).collect();
        if subject_from.iter().any(String::is_empty) {
            return Err(ConnectionError::EmptyAttributeName);
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
        Ok(Self { protocol, attribute_names, subject_from, document, version, state, tester: None })
    }

    /// The name.
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

/// The Entra tenant of everybody's personal accounts.
pub(crate) const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// A GUID as Entra writes it: lower case, with dashes.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, byte)| match i {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

fn check_domains(domains: &[String]) -> Result<(), ConnectionError> {
    if domains.is_empty() {
        return Err(ConnectionError::NoDomain);
    }
    for domain in domains {
        if !is_domain(domain) {
            return Err(ConnectionError::BadDomain(domain.clone()));
        }
        if PUBLIC_MAIL.contains(&domain.as_str()) {
            return Err(ConnectionError::PublicDomain(domain.clone()));
        }
    }
    Ok(())
}

/// Checks that an address is absolute and https, as the policy says.
pub fn check_url(field: &'static str, text: &str, policy: UrlPolicy) -> Result<Url, ConnectionError> {
    let bad = || ConnectionError::BadUrl { field, url: text.to_owned() };
    let url = Url::parse(text).map_err(|_| bad())?;
    let host = url.host_str().ok_or_else(bad)?;
    let loopback = host == "127.0.0.1" || host == "localhost" || host.ends_with(".localhost");
    let scheme_good = match policy {
        UrlPolicy::Https => url.scheme() == "https" && !loopback,
        UrlPolicy::LoopbackToo => url.scheme() == "https" || (url.scheme() == "http" && loopback),
    };
    if scheme_good && url.username().is_empty() && url.password().is_none() && url.fragment().is_none() {
        Ok(url)
    } else {
        Err(bad())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
