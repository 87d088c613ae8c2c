//! Why a document does not hold together.

use super::column::Column;

/// A document that does not hold together. The texts are for whoever applies it.
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
    /// Whoever states an address would administer the school.
    #[error(
        "account.allow_roles: {0:?} is neither \"affiliate\" nor \"group_analyst\"; accounts that administer the school \
         are never entered"
    )]
    ForbiddenRole(String),
    /// Somebody who is called at night cannot be found in a crowd.
    #[error("contact: at most {0}")]
    TooManyContacts(usize),
    /// A contact that cannot be reached, or is more than a line.
    #[error("contact {0:?}: {1}")]
    BadContact(String, &'static str),
    /// A look at an account would be too old.
    #[error("{0}: at most {1}")]
    AgeTooLarge(&'static str, &'static str),
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
    /// A parameter is stoa's to set, or to leave out.
    #[error(
        "oidc.authorize_parameters: {0:?} is not one to add: stoa sets it, has a setting for it, or needs its default"
    )]
    ReservedParameter(String),
    /// The product knows no such proof, or not in the form in which stoa gives it.
    #[error("oidc.client_auth: {0}; use client_secret_basic or client_secret_post")]
    NoPrivateKeyJwt(&'static str),
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
    #[error("saml.request_binding: the metadata has no SingleSignOnService for {0}")]
    NoEndpoint(&'static str),
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
    /// What names people now cannot be what named them before.
    #[error("subject.previous: from is the subject that counts now; name the attribute that was it before")]
    PreviousSubject,
    /// Nothing of a login is compared with the directory.
    #[error("directory.join.claim: empty")]
    NoJoinClaim,
    /// A connection that has a directory and names another's.
    #[error("directory.of names another connection's directory, and goes with source = \"none\" only")]
    TwoDirectories,
    /// A source that says nothing of which directory, or the other way round.
    #[error("directory.workos names the directory where source = \"workos\", and stands nowhere else")]
    WorkosSource,
    /// What is done with files, where none are taken.
    #[error("directory.uploads says what is done with files, and stands where source = \"csv\" only")]
    UploadsWithoutCsv,
    /// Its one secret would be two: the client's, and the API key.
    #[error(
        "a connection with [oidc] has its client secret where WorkOS's API key would be: source = \"workos\" goes with [saml], [workos] or [teams]"
    )]
    WorkosSourceBesideOidc,
    /// A guard that holds everything or nothing.
    #[error("directory.removals: percent is 1 to 100, window 1h to 30d")]
    BadRemovals,
    /// A column of the customer's files is called nothing.
    #[error("directory.columns.{0}: empty")]
    NoColumnName(Column),
    /// A grant to a group and to everybody, or to neither.
    #[error("directory.grant {0}: name a group, or say everybody = true; not both")]
    GrantToNobody(usize),
    /// A grant without a course or a group of the school.
    #[error("directory.grant {0}: name courses or thinkific_groups")]
    GrantOfNothing(usize),
    /// A grant that ends as it begins.
    #[error("directory.grant {0}: expires_after is longer than 0")]
    GrantExpiresAtOnce(usize),
    /// Transient identifiers change at each login (SAML core §8.3.8).
    #[error("saml.name_id_format: transient identifiers cannot identify a person")]
    TransientNameId,
}
