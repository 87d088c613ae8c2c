//! A connection: one customer's identity provider joined to one school, as data.
//!
//! [`ConnectionDocument`] is what a TOML file says and what the table stores. [`Connection`] is what flows use: it
//! exists only if everything in the document holds together.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::destination::Destination;
use crate::email::is_domain;
use crate::ids::{ConnectionId, CustomerId, SchoolId};

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
    /// SAML settings. Other protocols get their own table beside it.
    pub saml: SamlDocument,
    /// Which attribute says what.
    #[serde(default)]
    pub attributes: AttributeNames,
    /// What names a person for ever.
    pub subject: SubjectDocument,
    /// Who may enter.
    #[serde(default)]
    pub admit: AdmitDocument,
    /// How persons become school accounts.
    #[serde(default)]
    pub account: AccountDocument,
}

fn default_destination() -> Destination {
    // A constant of the allowed form; a test parses it.
    Destination::parse("/enrollments").unwrap_or_else(|_| unreachable!("a constant that a test parses"))
}

/// The SAML side of a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlDocument {
    /// Path of the identity provider's metadata, beside the TOML file. Read when the connection is applied; the
    /// table holds what was read, in `idp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_file: Option<String>,
    /// What the metadata says; written by `stoa connection apply`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp: Option<IdpDocument>,
    /// Our entity id. It outlives the host, so it may be that of an earlier integration.
    pub sp_entity_id: String,
    /// How the AuthnRequest travels.
    #[serde(default)]
    pub request_binding: RequestBinding,
    /// Whether AuthnRequests are signed, with the key in the secret `saml/{connection}`.
    #[serde(default)]
    pub sign_requests: bool,
    /// What happens to logins that the identity provider began.
    #[serde(default)]
    pub idp_initiated: IdpInitiated,
    /// Ask for a fresh authentication, and check that it was one.
    #[serde(default)]
    pub force_authn: bool,
    /// Clock difference borne, in seconds: at most 300.
    #[serde(default = "default_skew")]
    pub skew_seconds: u16,
    /// NameID format to ask for. Absent: none is asked for (PingFederate refuses an empty one).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_id_format: Option<String>,
    /// Our certificates, PEM, whose private keys are in the secret `saml/{connection}`: for signing requests and for
    /// assertions encrypted to us. Public; two while one follows the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sp_certificates: Vec<String>,
}

const fn default_skew() -> u16 {
    120
}

/// What stoa took from the identity provider's metadata. Its signing keys are in the `trust` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdpDocument {
    /// The issuer of its assertions.
    pub entity_id: String,
    /// `SingleSignOnService` with the HTTP-Redirect binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_redirect: Option<String>,
    /// `SingleSignOnService` with the HTTP-POST binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_post: Option<String>,
}

/// How an AuthnRequest travels (SAML bindings §3.4, §3.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestBinding {
    /// In the address.
    #[default]
    Redirect,
    /// In a form that posts itself.
    Post,
}

/// What happens to logins that the identity provider began. There is no silent "allow": an unsolicited Response can
/// be posted into anybody's browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdpInitiated {
    /// The post is only a reason to begin a login here. Nothing in it is believed.
    #[default]
    Convert,
    /// The Response is verified, then the person is asked "Continue as m…@pg.com?".
    Confirm,
    /// Refused.
    Off,
}

/// The names of the attributes, as the identity provider writes them; case matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttributeNames {
    /// The e-mail address.
    pub email: String,
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
    /// The company, passed on where present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The groups. Used for `admit.groups` and dropped.
    pub groups: String,
}

impl Default for AttributeNames {
    /// What PingFederate administrators already use for such connections.
    fn default() -> Self {
        Self {
            email: "email".into(),
            first_name: "firstName".into(),
            last_name: "lastName".into(),
            company: None,
            groups: "groups".into(),
        }
    }
}

/// What names a person for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectDocument {
    /// `name_id`, or the name of an attribute such as an employee number.
    pub from: String,
    /// Says that the subject is an e-mail address, which may be given to somebody else one day.
    #[serde(default)]
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
    /// No metadata was read.
    #[error("saml: name a metadata_file (the stored form has saml.idp)")]
    NoIdp,
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
    #[error("saml.skew_seconds: at most 300")]
    SkewTooLarge,
    /// Requests are to be signed, but no certificate of ours is named.
    #[error("saml.sign_requests needs saml.sp_certificates and the secret saml/{{connection}}")]
    NoSpCertificate,
    /// A certificate of ours does not parse.
    #[error("saml.sp_certificates[{0}] is not a usable PEM certificate")]
    BadSpCertificate(usize),
    /// An empty attribute name.
    #[error("attributes: a name is empty")]
    EmptyAttributeName,
    /// The subject is the e-mail attribute, and that is not said.
    #[error("subject: the e-mail address names the person; say is_email = true if that is meant")]
    SubjectIsEmail,
    /// Transient identifiers change at each login (SAML core §8.3.8).
    #[error("saml.name_id_format: transient identifiers cannot name a person")]
    TransientNameId,
}

/// A connection whose parts hold together.
#[derive(Clone, Debug)]
pub struct Connection {
    document: ConnectionDocument,
    idp: IdpDocument,
    sso_url: String,
    sp_certificates: Vec<stoa_saml::Certificate>,
    /// The stored version, counted from 1.
    pub version: u32,
    /// Where it stands.
    pub state: ConnectionState,
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
        let saml = &document.saml;
        let idp = saml.idp.clone().ok_or(ConnectionError::NoIdp)?;
        if !(1..=1024).contains(&saml.sp_entity_id.len()) {
            return Err(ConnectionError::BadEntityId);
        }
        if saml.skew_seconds > 300 {
            return Err(ConnectionError::SkewTooLarge);
        }
        if saml.name_id_format.as_deref().is_some_and(|format| format.ends_with(":transient")) {
            return Err(ConnectionError::TransientNameId);
        }
        let sso_url = match saml.request_binding {
            RequestBinding::Redirect => &idp.sso_redirect,
            RequestBinding::Post => &idp.sso_post,
        };
        let sso_url = sso_url.clone().ok_or(ConnectionError::NoEndpoint(saml.request_binding))?;
        check_url("saml.idp", &sso_url, policy)?;
        let sp_certificates = saml
            .sp_certificates
            .iter()
            .enumerate()
            .map(|(i, pem)| stoa_saml::Certificate::from_pem(pem).map_err(|_| ConnectionError::BadSpCertificate(i)))
            .collect::<Result<Vec<_>, _>>()?;
        if saml.sign_requests && sp_certificates.is_empty() {
            return Err(ConnectionError::NoSpCertificate);
        }
        let names = &document.attributes;
        if [&names.email, &names.first_name, &names.last_name, &names.groups, &document.subject.from]
            .iter()
            .any(|name| name.is_empty())
        {
            return Err(ConnectionError::EmptyAttributeName);
        }
        if document.subject.from == names.email && !document.subject.is_email {
            return Err(ConnectionError::SubjectIsEmail);
        }
        Ok(Self { idp, sso_url, sp_certificates, document, version, state })
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
    /// The identity provider.
    pub fn idp(&self) -> &IdpDocument {
        &self.idp
    }
    /// Where AuthnRequests go, by the chosen binding.
    pub fn sso_url(&self) -> &str {
        &self.sso_url
    }
    /// Our certificates.
    pub fn sp_certificates(&self) -> &[stoa_saml::Certificate] {
        &self.sp_certificates
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

/// A school as written in `schools/*.toml` and stored in the `connections` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchoolDocument {
    /// Names the school in tables, logs and the secret `thinkific/{id}`.
    pub id: SchoolId,
    /// `X-Auth-Subdomain`: the first label of `{subdomain}.thinkific.com`.
    pub subdomain: String,
    /// Where browsers go: `https://{subdomain}.thinkific.com`, or the school's own host. No trailing slash.
    pub base_url: String,
    /// The Admin API, without a trailing slash.
    #[serde(default = "default_api_url")]
    pub api_url: String,
}

fn default_api_url() -> String {
    "https://api.thinkific.com/api/public/v1".into()
}

/// A school whose parts hold together.
#[derive(Clone, Debug)]
pub struct School {
    /// As written.
    pub document: SchoolDocument,
    /// Changes when the API key does, so that no function keeps an old one.
    pub key_version: u32,
}

impl School {
    /// Checks a document.
    pub fn check(document: SchoolDocument, key_version: u32, policy: UrlPolicy) -> Result<Self, ConnectionError> {
        for (field, text) in [("base_url", &document.base_url), ("api_url", &document.api_url)] {
            let url = check_url(field, text, policy)?;
            if text.ends_with('/') || url.query().is_some() {
                return Err(ConnectionError::BadUrl { field, url: text.clone() });
            }
        }
        if document.subdomain.is_empty() || !document.subdomain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Err(ConnectionError::BadUrl { field: "subdomain", url: document.subdomain });
        }
        Ok(Self { document, key_version })
    }

    /// The absolute address of a destination.
    pub fn url_of(&self, destination: &Destination) -> String {
        format!("{}{}", self.document.base_url, destination.as_str())
    }
}
