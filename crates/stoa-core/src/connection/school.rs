//! A school: where a connection leads.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::age::Age;
use super::checks::{UrlPolicy, check_url};
use super::error::ConnectionError;
use crate::destination::Destination;
use crate::ids::SchoolId;

/// How old a look at an account may be, where the school's file does not say, in seconds.
const ROLES_MAX_AGE: i64 = 3600;
/// How much older, while the school does not answer, in seconds.
const ROLES_GRACE: i64 = 24 * 3600;
/// How old the mirror of the school's accounts may be, where its file does not say, in seconds.
const MIRROR_MAX_AGE: i64 = 24 * 3600;
/// What a file may say at most.
const MOST: [(&str, i64, &str); 3] = [
    ("roles_max_age", 24 * 3600, "24h"),
    ("roles_grace", 7 * 24 * 3600, "7d"),
    ("mirror_max_age", 7 * 24 * 3600, "7d"),
];

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
    /// How old the last look at a known person's account may be, by which it had no role. Absent: an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles_max_age: Option<Age>,
    /// How much older it may be while the school does not answer. Absent: a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles_grace: Option<Age>,
    /// How old the mirror of the accounts may be that a launch decides from. Absent: a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror_max_age: Option<Age>,
    /// What a first login does with what the mirror knows. Absent: it asks the school all the same.
    #[serde(default, skip_serializing_if = "FirstLogins::is_default")]
    pub first_logins: FirstLogins,
}

/// What a first login does where the mirror knows of no account under the address, or of one that is nobody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstLogins {
    /// It creates or binds the account by the Admin API, in line with everybody else, and signs then.
    #[default]
    Ask,
    /// It signs. The token creates or binds the account; what else must be done follows within minutes. Only for a
    /// school of which it was tried that its tokens do so.
    Sign,
}

impl FirstLogins {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn default_api_url() -> String {
    "https://api.thinkific.com/api/public/v1".into()
}

impl SchoolDocument {
    /// The hosts of its site: Thinkific's own, which the subdomain names, and the one that browsers go to. Two schools
    /// that share one share every account, whatever their ids are.
    pub fn sites(&self) -> BTreeSet<String> {
        let own = format!("{}.thinkific.com", self.subdomain.to_ascii_lowercase());
        let shown = Url::parse(&self.base_url).ok().and_then(|url| site_of(&url));
        std::iter::once(own).chain(shown).collect()
    }
}

/// The host of an address, with a port that is not its scheme's.
fn site_of(url: &Url) -> Option<String> {
    let host = url.host_str()?.trim_end_matches('.');
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
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
        let ages = [&document.roles_max_age, &document.roles_grace, &document.mirror_max_age];
        for ((field, most, text), age) in MOST.into_iter().zip(ages) {
            if age.as_ref().is_some_and(|age| age.seconds() > most) {
                return Err(ConnectionError::AgeTooLarge(field, text));
            }
        }
        if document.subdomain.is_empty() || !document.subdomain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Err(ConnectionError::BadUrl { field: "subdomain", url: document.subdomain });
        }
        Ok(Self { document, key_version })
    }

    /// How old the last look at a known person's account may be, in seconds. 0: each login looks.
    pub fn roles_max_age(&self) -> i64 {
        self.document.roles_max_age.as_ref().map_or(ROLES_MAX_AGE, Age::seconds)
    }

    /// How much older it may be while the school does not answer, in seconds. 0: nobody enters unlooked.
    pub fn roles_grace(&self) -> i64 {
        self.document.roles_grace.as_ref().map_or(ROLES_GRACE, Age::seconds)
    }

    /// How old the mirror of the school's accounts may be that a launch decides from, in seconds. 0: none does.
    pub fn mirror_max_age(&self) -> i64 {
        self.document.mirror_max_age.as_ref().map_or(MIRROR_MAX_AGE, Age::seconds)
    }

    /// Where a whole address of the school's site leads, by whichever of its hosts. None: it is another site's, or leads
    /// to nothing that a login may end at. Only the path is kept, and by the rules of every [`Destination`].
    pub fn destination_of(&self, untrusted: &str) -> Option<Destination> {
        let site = site_of(&Url::parse(untrusted).ok()?)?;
        let (path_at, _) = untrusted.match_indices('/').nth(2)?;
        Destination::parse(&untrusted[path_at..]).ok().filter(|_| self.document.sites().contains(&site))
    }

    /// The absolute address of a destination.
    pub fn url_of(&self, destination: &Destination) -> String {
        format!("{}{}", self.document.base_url, destination.as_str())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_the_same_however_it_is_written() {
        let sites = |subdomain: &str, base_url: &str| {
            let document = SchoolDocument {
                id: SchoolId::parse("academy").unwrap(),
                subdomain: subdomain.to_owned(),
                base_url: base_url.to_owned(),
                api_url: default_api_url(),
                roles_max_age: None,
                roles_grace: None,
                mirror_max_age: None,
                first_logins: FirstLogins::default(),
            };
            document.sites().into_iter().collect::<Vec<_>>()
        };
        assert_eq!(sites("acme", "https://acme.thinkific.com"), ["acme.thinkific.com"]);
        assert_eq!(sites("ACME", "https://Acme.Thinkific.com:443"), ["acme.thinkific.com"]);
        for written in ["https://learn.acme.com", "https://LEARN.acme.com.", "https://learn.acme.com:443"] {
            assert_eq!(sites("acme", written), ["acme.thinkific.com", "learn.acme.com"], "{written}");
        }
        // Simulators are told apart by it.
        assert_eq!(sites("acme", "http://learn.localhost:8081"), ["acme.thinkific.com", "learn.localhost:8081"]);
        assert_eq!(sites("other", "https://acme.thinkific.com"), ["acme.thinkific.com", "other.thinkific.com"]);
    }

    #[test]
    fn c134_an_address_of_the_school_leads_where_its_path_does_and_no_other_does() {
        let school = serde_json::json!({"id": "academy", "subdomain": "acme", "base_url": "https://learn.acme.com"});
        let school = School::check(serde_json::from_value(school).unwrap(), 1, UrlPolicy::Https).unwrap();
        let leads = |address: &str| school.destination_of(address).map(|destination| destination.as_str().to_owned());
        for ours in [
            "https://learn.acme.com/courses/take/x?ref=mail",
            "https://acme.thinkific.com/courses/take/x?ref=mail",
            "HTTPS://Learn.ACME.com:443/courses/take/x?ref=mail",
        ] {
            assert_eq!(leads(ours).as_deref(), Some("/courses/take/x?ref=mail"), "{ours}");
        }
        for other in [
            "",
            "https",
            "https://learn.acme.com",
            "https://learn.acme.com/",
            "https://learn.acme.com/users/sign_out",
            "https://learn.acme.com//courses/x",
            "https://learn.acme.com/courses/../api",
            "https://learn.acme.com/courses/x#y",
            "https://learn.acme.com/courses/x\n",
            "https://learn.acme.com:8443/courses/x",
            "https://learn.acme.com.evil.example/courses/x",
            "https://learn.acme.com@evil.example/courses/x",
            "https://evil.example/https://learn.acme.com/courses/x",
            "https://evil.example/courses/x",
            "//learn.acme.com/courses/x",
            "javascript:/learn.acme.com/courses/x",
            "https://learn.acme.com\\courses/x/courses/y/\u{e9}",
        ] {
            assert_eq!(leads(other), None, "{other}");
        }
    }
}
