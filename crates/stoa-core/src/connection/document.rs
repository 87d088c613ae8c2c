//! What a connection's file says: settings, and what counts where one is absent.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::contact::ContactDocument;
use super::directory::DirectoryDocument;
use super::oidc::OidcDocument;
use super::preset::Preset;
use super::saml::SamlDocument;
use super::teams::TeamsDocument;
use super::workos::WorkosDocument;
use crate::destination::Destination;
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
    /// Whom to call about it. No function reads it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<ContactDocument>,
    /// Where people come from other than by signing in, and what they get at the school.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectoryDocument>,
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
    /// Where the identity provider still sends what it named people by before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousSubjectDocument>,
}

/// What named people before, for as long as they are moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousSubjectDocument {
    /// As `subject.from`: the names, joined by `+`, whose values were the subject.
    pub from: String,
    /// The last day on which somebody is moved, in UTC.
    pub until: Date,
}

impl PreviousSubjectDocument {
    /// Whether people are still moved.
    pub fn counts(&self, now: Timestamp) -> bool {
        TimeZone::UTC.to_datetime(now).date() <= self.until
    }
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
    /// What happens to an account under a new person's address that nobody is bound to.
    #[serde(skip_serializing_if = "is_take_over")]
    pub existing: Existing,
    /// Thinkific's roles that an account may have and be entered all the same. Empty: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_roles: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_take_over(existing: &Existing) -> bool {
    *existing == Existing::TakeOver
}

/// What happens to an account under a new person's address that nobody is bound to: anybody may have registered it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Existing {
    /// It becomes the person's, with a password that nobody knows.
    #[default]
    TakeOver,
    /// It becomes the person's, with the password that it has.
    KeepPassword,
    /// The person is turned away until somebody links them.
    Refuse,
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
