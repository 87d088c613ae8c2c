//! What WorkOS's API is asked (WorkOS API reference, "Events", "Directory Sync").

use http::Request;
use http::header::{ACCEPT, AUTHORIZATION};
use url::Url;

use super::cursor::Cursor;
use super::words::WorkosId;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::keys::Key;

/// The kinds of events that stoa has a use for.
pub const KINDS: &[&str] = &[
    "dsync.activated",
    "dsync.deleted",
    "dsync.user.created",
    "dsync.user.updated",
    "dsync.user.deleted",
    "dsync.group.created",
    "dsync.group.updated",
    "dsync.group.deleted",
    "dsync.group.user_added",
    "dsync.group.user_removed",
];
/// The most that a page holds.
const LIMIT: &str = "100";

/// A question to WorkOS's API. `after` is the last id of the page before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask<'a> {
    /// A directory.
    Directory(&'a WorkosId),
    /// What happened in an organization.
    Events {
        /// Whose directory it is; `None`: WorkOS does not say.
        organization: Option<&'a str>,
        /// After what.
        cursor: &'a Cursor,
    },
    /// The people of a directory.
    People {
        /// Of which.
        directory: &'a WorkosId,
        /// After whom.
        after: Option<&'a str>,
    },
    /// The groups of a directory.
    Groups {
        /// Of which.
        directory: &'a WorkosId,
        /// After which.
        after: Option<&'a str>,
    },
    /// Who belongs to a group.
    Members {
        /// To which.
        group: &'a WorkosId,
        /// After whom.
        after: Option<&'a str>,
    },
}

impl Ask<'_> {
    /// The request, with the environment's API key.
    pub fn request(&self, api_url: &str, api_key: &Key) -> Result<Request<Vec<u8>>, Failure> {
        let broken = || Failure::from(Fault::ConfigurationBroken);
        let mut url = Url::parse(&format!("{api_url}{}", self.path())).map_err(|_| broken())?;
        let parameters = self.parameters();
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Request::get(url.as_str())
            // The key is the environment's, and opens nothing but its API.
            .header(AUTHORIZATION, format!("Bearer {}", api_key.expose()))
            .header(ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| broken())
    }

    fn path(&self) -> String {
        match self {
            Self::Directory(id) => format!("/directories/{}", id.as_str()),
            Self::Events { .. } => "/events".to_owned(),
            Self::People { .. } | Self::Members { .. } => "/directory_users".to_owned(),
            Self::Groups { .. } => "/directory_groups".to_owned(),
        }
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        let (own, after) = match self {
            Self::Directory(_) => return Vec::new(),
            Self::Events { organization, cursor } => {
                let usual = [("events", KINDS.join(",")), ("order", "asc".to_owned()), ("limit", LIMIT.to_owned())];
                let organization = organization.map(|id| ("organization_id", id.to_owned()));
                let from = match cursor {
                    Cursor::After { event, .. } => ("after", event.as_str().to_owned()),
                    Cursor::From { at } => ("range_start", Cursor::text(*at)),
                };
                return usual.into_iter().chain(organization).chain([from]).collect();
            }
            Self::People { directory, after } | Self::Groups { directory, after } => {
                (("directory", directory.as_str().to_owned()), after)
            }
            Self::Members { group, after } => (("group", group.as_str().to_owned()), after),
        };
        // From the oldest on: whoever comes in the meantime stands at the end.
        let order = ("order", "asc".to_owned());
        let after = after.map(|id| ("after", id.to_owned()));
        [own, order, ("limit", LIMIT.to_owned())].into_iter().chain(after).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::keys::KeySet;

    #[test]
    fn each_question_is_an_address_of_the_api() {
        let keys = KeySet::parse(r#"{"keys":[{"id":"1","from":0,"value":"sk_test_1"}]}"#).unwrap();
        let id = |text| WorkosId::parse(text).unwrap();
        let (directory, group, event) = (id("directory_1"), id("directory_group_1"), id("event_1"));
        let (after, from) = (Cursor::After { event, at: 1 }, Cursor::From { at: 1_795_435_200_000 });
        let kinds = KINDS.join("%2C");
        for (ask, wanted) in [
            (Ask::Directory(&directory), "/directories/directory_1".to_owned()),
            (
                Ask::Events { organization: Some("org_1"), cursor: &after },
                format!("/events?events={kinds}&order=asc&limit=100&organization_id=org_1&after=event_1"),
            ),
            (
                Ask::Events { organization: None, cursor: &from },
                format!("/events?events={kinds}&order=asc&limit=100&range_start=2026-11-23T12%3A00%3A00.000Z"),
            ),
            (
                Ask::People { directory: &directory, after: Some("directory_user_7") },
                "/directory_users?directory=directory_1&order=asc&limit=100&after=directory_user_7".to_owned(),
            ),
            (
                Ask::Groups { directory: &directory, after: None },
                "/directory_groups?directory=directory_1&order=asc&limit=100".to_owned(),
            ),
            (
                Ask::Members { group: &group, after: None },
                "/directory_users?group=directory_group_1&order=asc&limit=100".to_owned(),
            ),
        ] {
            let request = ask.request("https://api.workos.com", &keys.all()[0]).unwrap();
            assert_eq!(request.uri().to_string(), format!("https://api.workos.com{wanted}"));
            assert_eq!(request.headers()["authorization"], "Bearer sk_test_1");
        }
    }
}
