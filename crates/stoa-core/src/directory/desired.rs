//! What a person of the directory is to have at the school.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use stoa_scim::Profile;
use stoa_scim::text::folded;

use super::UserId;
use crate::connection::{Age, Connection, GrantDocument};
use crate::email::Email;
use crate::ids::CourseId;

/// A group of the directory that a person belongs to.
#[derive(Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group's name.
    pub group: String,
    /// Since when.
    pub since: Timestamp,
}

/// What a person is to have at the school. Personal, so without `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Desired {
    /// Their id in the directory.
    pub user: UserId,
    /// When the directory was first told of them, in epoch seconds. `None`: it has them no more, and nobody knows.
    pub created: Option<i64>,
    /// Whether they are to be there at all. If not, nothing is granted to them.
    pub active: bool,
    /// The address of their account: the directory's, if it is of the plain form and of a domain that the connection
    /// claims. Without one nothing can be done about them.
    pub email: Option<Email>,
    /// First name, or empty.
    pub first_name: String,
    /// Last name, or empty.
    pub last_name: String,
    /// Their courses, and when each ends; `None`: not by itself.
    pub enrolments: BTreeMap<CourseId, Option<Timestamp>>,
    /// Groups of the school, by their names there.
    pub groups: BTreeSet<String>,
}

/// What follows from what the directory says of a person. `since` is when the directory was first told of them.
pub fn desired(
    user: &UserId,
    profile: &Profile,
    memberships: &[Membership],
    since: Timestamp,
    connection: &Connection,
) -> Desired {
    let text = |text: Option<&str>| text.unwrap_or_default().trim().to_owned();
    let mut desired = Desired {
        user: user.clone(),
        created: Some(since.as_second()),
        active: profile.is_active(),
        email: email(profile, connection),
        first_name: text(profile.given_name()),
        last_name: text(profile.family_name()),
        enrolments: BTreeMap::new(),
        groups: BTreeSet::new(),
    };
    if let Some(directory) = connection.directory().filter(|_| desired.active) {
        (desired.enrolments, desired.groups) = granted(&directory.grant, memberships, since);
    }
    desired
}

/// What grants give to somebody who is active: courses and when each ends, and groups of the school.
pub fn granted(
    grants: &[GrantDocument],
    memberships: &[Membership],
    since: Timestamp,
) -> (BTreeMap<CourseId, Option<Timestamp>>, BTreeSet<String>) {
    let (mut enrolments, mut groups) = (BTreeMap::new(), BTreeSet::new());
    for grant in grants {
        if let Some(since) = granted_since(grant, memberships, since) {
            groups.extend(grant.thinkific_groups.iter().cloned());
            let ends = grant.expires_after.as_ref().map(|age| ends(since, age));
            for course in &grant.courses {
                let longest = enrolments.entry(CourseId(*course)).or_insert(ends);
                // By two grants they have it as long as by the longer one.
                *longest = longest.zip(ends).map(|(one, other)| one.max(other));
            }
        }
    }
    (enrolments, groups)
}

/// Where the client says that a person is reached: an address; its name for them, where there is none.
pub fn unverified_address(profile: &Profile) -> &str {
    profile.unverified_email().unwrap_or_else(|| profile.naming())
}

fn email(profile: &Profile, connection: &Connection) -> Option<Email> {
    let email = Email::parse(unverified_address(profile)).ok()?;
    connection.owns_domain(email.domain()).then_some(email)
}

fn granted_since(grant: &GrantDocument, memberships: &[Membership], since: Timestamp) -> Option<Timestamp> {
    let Some(group) = grant.group.as_deref() else { return Some(since) };
    let wanted = folded(group.trim());
    memberships.iter().filter(|one| folded(one.group.trim()) == wanted).map(|one| one.since).min()
}

/// Beyond the end of time there is no end.
fn ends(since: Timestamp, age: &Age) -> Timestamp {
    since.saturating_add(SignedDuration::from_secs(age.seconds())).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stoa_scim::ResourceType;

    use super::*;
    use crate::connection::{ConnectionState, UrlPolicy};

    const FILE: &str = r#"
        id = "acme"
        customer = "acme"
        school = "academy"
        domains = ["acme.com"]
        [attributes]
        email = "mail"
        [saml]
        sp_entity_id = "https://stoa.example/saml/acme"
        [saml.idp]
        entity_id = "https://idp.acme.com"
        sso_redirect = "https://idp.acme.com/sso"
        [directory]
        source = "scim"
        [[directory.grant]]
        everybody = true
        courses = [1]
        [[directory.grant]]
        group = "Leaders"
        courses = [1, 2]
        thinkific_groups = ["Leaders of Acme"]
        expires_after = "10d"
        [[directory.grant]]
        group = "Coaches"
        courses = [2, 3]
        expires_after = "20d"
    "#;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + day * 86_400).unwrap()
    }

    fn wanted(profile: &str, memberships: &[(&str, i64)]) -> Desired {
        let file = toml::from_str(FILE).unwrap();
        let connection = Connection::check(file, 1, ConnectionState::Active, UrlPolicy::Https).unwrap();
        let profile = Profile::create(ResourceType::User, profile.as_bytes()).unwrap().profile;
        let memberships: Vec<_> =
            memberships.iter().map(|(group, day)| Membership { group: (*group).to_owned(), since: at(*day) }).collect();
        desired(&UserId::from_random([7; 16]), &profile, &memberships, at(0), &connection)
    }

    const ADA: &str = r#"{"userName":"ada","name":{"givenName":" Ada ","familyName":"Lovelace"},
                          "emails":[{"value":"Ada@ACME.com","type":"work"}]}"#;

    #[test]
    fn everybody_gets_what_is_everybodys_and_groups_what_is_theirs() {
        let ada = wanted(ADA, &[]);
        assert_eq!(ada.email.as_ref().map(Email::as_str), Some("ada@acme.com"));
        assert_eq!((ada.first_name.as_str(), ada.last_name.as_str(), ada.active), ("Ada", "Lovelace", true));
        assert_eq!(ada.enrolments, BTreeMap::from([(CourseId(1), None)]));
        assert!(ada.groups.is_empty());

        let leader = wanted(ADA, &[("LEADERS", 3), ("Others", 1)]);
        assert_eq!(leader.enrolments, BTreeMap::from([(CourseId(1), None), (CourseId(2), Some(at(13)))]));
        assert_eq!(leader.groups, BTreeSet::from(["Leaders of Acme".to_owned()]));
    }

    #[test]
    fn by_two_grants_a_course_is_theirs_as_long_as_by_the_longer_one() {
        for memberships in [[("Leaders", 3), ("Coaches", 1)], [("Coaches", 1), ("Leaders", 3)]] {
            assert_eq!(wanted(ADA, &memberships).enrolments[&CourseId(2)], Some(at(21)));
        }
        assert_eq!(wanted(ADA, &[("Leaders", 20), ("Coaches", 1)]).enrolments[&CourseId(2)], Some(at(30)));
    }

    #[test]
    fn whoever_is_inactive_gets_nothing_and_keeps_their_name() {
        let gone = wanted(&ADA.replace("{\"userName\"", "{\"active\":false,\"userName\""), &[("Leaders", 3)]);
        assert!(!gone.active && gone.enrolments.is_empty() && gone.groups.is_empty());
        assert_eq!(gone.first_name, "Ada");
    }

    #[test]
    fn an_address_counts_if_the_connection_claims_its_domain() {
        let address = |profile: &str| wanted(profile, &[]).email.map(|email| email.as_str().to_owned());
        assert_eq!(address(r#"{"userName":"Ada@acme.com"}"#).as_deref(), Some("ada@acme.com"));
        assert_eq!(address(r#"{"userName":"ada@globex.com"}"#), None);
        assert_eq!(address(r#"{"userName":"ada@acme.com","emails":[{"value":"ada@gmail.com"}]}"#), None);
        assert_eq!(address(r#"{"userName":"ada"}"#), None);
    }
}
