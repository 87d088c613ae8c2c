//! Where a connection's people come from other than by signing in, and what they get at the school.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::age::Age;
use super::checks::UrlPolicy;
use super::column::Column;
use super::error::ConnectionError;
use super::workos;
use crate::ids::ConnectionId;

/// Of those whom a source takes away at once, how many it may without being asked, in percent of its people.
const REMOVALS_PERCENT: u8 = 10;
/// How long removals are added up, in seconds.
const REMOVALS_WINDOW: i64 = 24 * 3600;

/// The directory of a connection, as written: `[directory]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryDocument {
    /// Who says which people there are.
    pub source: Source,
    /// Where the connection has no source of its own: the connection of the same customer and school whose directory says
    /// of those who sign in whether they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<ConnectionId>,
    /// Which directory of WorkOS's, where that is the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workos: Option<WorkosSourceDocument>,
    /// By what a person who signs in is known to be one of the directory.
    #[serde(default)]
    pub join: JoinDocument,
    /// Whose names and addresses count.
    #[serde(default)]
    pub authority: Authority,
    /// What happens at the school to those who leave.
    #[serde(default)]
    pub leavers: Leavers,
    /// How many may leave at once.
    #[serde(default)]
    pub removals: RemovalsDocument,
    /// What columns of the customer's files are called, as far as that is not known by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<Column, String>,
    /// What is done with a file that the customer puts into the bucket.
    #[serde(default, skip_serializing_if = "UploadsDocument::is_cautious")]
    pub uploads: UploadsDocument,
    /// What people get at the school, by group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant: Vec<GrantDocument>,
}

/// A directory of WorkOS's (Directory Sync). Its API key is the secret `oidc/{connection}`, the secret of its webhooks
/// `workos/{connection}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkosSourceDocument {
    /// `directory_…`
    pub directory: String,
    /// WorkOS's API, without a trailing slash.
    #[serde(default = "workos::default_api_url")]
    pub api_url: String,
}

/// A connection's directory whose parts hold together.
pub type Directory = DirectoryDocument;

/// Who says which people there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Nobody but those who sign in.
    None,
    /// A SCIM client of the customer's.
    Scim,
    /// WorkOS Directory Sync.
    Workos,
    /// Files that are imported.
    Csv,
}

/// What is done with a file that the customer puts into the bucket. Without a word, it is only compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UploadsDocument {
    /// Whether what differs is written.
    pub write: bool,
    /// Whether each file names everybody, so that whoever is missing has left.
    pub complete: bool,
}

impl UploadsDocument {
    /// Whether nothing but a comparison is asked for.
    pub fn is_cautious(&self) -> bool {
        *self == Self::default()
    }
}

/// Which claim of a login equals which attribute of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinDocument {
    /// The claim or attribute of the login, by the name that the identity provider gives it.
    pub claim: String,
    /// The attribute of the directory.
    pub attribute: JoinAttribute,
}

/// An attribute of the directory that names one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinAttribute {
    /// What the person is known by at the source.
    #[serde(rename = "userName")]
    UserName,
    /// The source's own id.
    #[serde(rename = "externalId")]
    ExternalId,
    /// The address.
    #[serde(rename = "email")]
    Email,
}

impl Default for JoinDocument {
    fn default() -> Self {
        Self { claim: "email".to_owned(), attribute: JoinAttribute::Email }
    }
}

/// Whose names and addresses count where the directory and a login differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authority {
    /// The directory's: a login writes neither.
    #[default]
    Directory,
    /// The login's, once there was one.
    Login,
}

/// What happens at the school to those who leave. Their progress is kept but by `delete`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leavers {
    /// What the grants gave them ends.
    #[default]
    Expire,
    /// The same, and their account gets a password that nobody knows.
    ExpireAndResetPassword,
    /// Their account is deleted, with their progress.
    Delete,
}

/// How many may leave at once before somebody is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RemovalsDocument {
    /// In percent of the connection's people; up to ten people may always leave.
    pub percent: u8,
    /// How long they are added up.
    pub window: Option<Age>,
}

impl Default for RemovalsDocument {
    fn default() -> Self {
        Self { percent: REMOVALS_PERCENT, window: None }
    }
}

impl RemovalsDocument {
    /// How long removals are added up, in seconds.
    pub fn window_seconds(&self) -> i64 {
        self.window.as_ref().map_or(REMOVALS_WINDOW, Age::seconds)
    }
}

/// What the people of a group get at the school.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantDocument {
    /// The group's name in the directory. Case does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Instead of a group: every person who is active.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub everybody: bool,
    /// Courses that they are enrolled in, by their ids at the school.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub courses: BTreeSet<u64>,
    /// Groups of the school that they are put into, by their names there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub thinkific_groups: BTreeSet<String>,
    /// How long the courses are theirs, from when they came into the group. Absent: as long as they are in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<Age>,
}

impl DirectoryDocument {
    pub(super) fn check(&self, policy: UrlPolicy) -> Result<(), ConnectionError> {
        if (self.source == Source::Workos) != self.workos.is_some() {
            return Err(ConnectionError::WorkosSource);
        }
        if self.of.is_some() && self.source != Source::None {
            return Err(ConnectionError::TwoDirectories);
        }
        if let Some(source) = &self.workos {
            workos::check_api_url("directory.workos.api_url", &source.api_url, policy)?;
            workos::check_id("directory_", &source.directory)?;
        }
        if !self.uploads.is_cautious() && self.source != Source::Csv {
            return Err(ConnectionError::UploadsWithoutCsv);
        }
        if self.join.claim.trim().is_empty() {
            return Err(ConnectionError::NoJoinClaim);
        }
        if !(1..=100).contains(&self.removals.percent)
            || !(3600..=30 * 86_400).contains(&self.removals.window_seconds())
        {
            return Err(ConnectionError::BadRemovals);
        }
        if let Some((column, _)) = self.columns.iter().find(|(_, name)| name.trim().is_empty()) {
            return Err(ConnectionError::NoColumnName(*column));
        }
        self.grant.iter().enumerate().try_for_each(|(index, grant)| grant.check(index + 1))
    }
}

impl GrantDocument {
    fn check(&self, number: usize) -> Result<(), ConnectionError> {
        let group = self.group.as_deref().map(str::trim);
        if group.is_some() == self.everybody || group == Some("") {
            return Err(ConnectionError::GrantToNobody(number));
        }
        if self.courses.is_empty() && self.thinkific_groups.is_empty() {
            return Err(ConnectionError::GrantOfNothing(number));
        }
        if self.expires_after.as_ref().is_some_and(|age| age.seconds() == 0) {
            return Err(ConnectionError::GrantExpiresAtOnce(number));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<DirectoryDocument, String> {
        let document: DirectoryDocument = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        document.check(UrlPolicy::Https).map_err(|error| error.to_string())?;
        Ok(document)
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let directory = checked("source = \"scim\"").unwrap();
        assert_eq!((directory.join.claim.as_str(), directory.join.attribute), ("email", JoinAttribute::Email));
        assert_eq!((directory.authority, directory.leavers), (Authority::Directory, Leavers::Expire));
        assert_eq!((directory.removals.percent, directory.removals.window_seconds()), (10, 86_400));
        assert!(directory.grant.is_empty() && directory.uploads.is_cautious());
        // A version that does not know the setting reads what does not have it.
        assert!(!serde_json::to_string(&directory).unwrap().contains("uploads"));
        let written = checked("source = \"csv\"\nuploads = { write = true }").unwrap().uploads;
        assert_eq!(written, UploadsDocument { write: true, complete: false });
    }

    #[test]
    fn a_directory_that_says_everything_is_stored_as_it_was_written() {
        let text = r#"
            source = "scim"
            join = { claim = "oid", attribute = "externalId" }
            authority = "login"
            leavers = "expire_and_reset_password"
            removals = { percent = 25, window = "12h" }
            columns = { email = "Login Mail", external_id = "Personnel No" }
            [[grant]]
            group = "Leaders"
            courses = [7, 3]
            thinkific_groups = ["P&G"]
            expires_after = "90d"
            [[grant]]
            everybody = true
            courses = [1]
        "#;
        let directory = checked(text).unwrap();
        let stored = serde_json::to_string(&directory).unwrap();
        assert_eq!(serde_json::from_str::<DirectoryDocument>(&stored).unwrap(), directory);
    }

    #[test]
    fn what_does_not_hold_together_is_refused_with_its_place() {
        let scim = "source = \"scim\"\n";
        for (text, said) in [
            ("source = \"ldap\"", "unknown variant"),
            ("", "source"),
            ("source = \"workos\"", "directory.workos"),
            ("source = \"scim\"\nworkos = { directory = \"directory_1\" }", "directory.workos"),
            ("source = \"scim\"\nof = \"acme\"", "directory.of"),
            ("source = \"workos\"\nworkos = { directory = \"org_1\" }", "directory_"),
            ("source = \"workos\"\nworkos = { directory = \"directory_\" }", "directory_"),
            (
                "source = \"workos\"\nworkos = { directory = \"directory_1\", api_url = \"http://a.example\" }",
                "directory.workos.api_url",
            ),
            ("source = \"scim\"\njoin = { claim = \" \", attribute = \"email\" }", "directory.join.claim"),
            ("source = \"scim\"\nremovals = { percent = 0 }", "directory.removals"),
            ("source = \"scim\"\nremovals = { percent = 101 }", "directory.removals"),
            ("source = \"scim\"\nremovals = { window = \"59m\" }", "directory.removals"),
            ("source = \"csv\"\ncolumns = { email = \" \" }", "directory.columns.email"),
            ("source = \"scim\"\nuploads = { write = true }", "directory.uploads"),
            ("source = \"csv\"\nuploads = { erase = true }", "unknown field"),
            ("source = \"csv\"\ncolumns = { mail = \"x\" }", "unknown variant"),
            ("[[grant]]\ncourses = [1]", "directory.grant 1"),
            ("[[grant]]\ngroup = \"a\"\neverybody = true\ncourses = [1]", "directory.grant 1"),
            ("[[grant]]\ngroup = \" \"\ncourses = [1]", "directory.grant 1"),
            ("[[grant]]\ngroup = \"a\"\ncourses = [1]\n[[grant]]\ngroup = \"a\"", "directory.grant 2"),
            ("[[grant]]\ngroup = \"a\"\ncourses = [1]\nexpires_after = \"0d\"", "directory.grant 1"),
        ] {
            let whole = if text.starts_with('[') { format!("{scim}{text}") } else { text.to_owned() };
            let refused = checked(&whole).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
