//! What WorkOS says of a person or a group, as it is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stoa_scim::{Profile, ResourceType};

use super::told::Order;
use crate::directory::{GroupId, UserId};
use crate::ids::ConnectionId;
use crate::keys::Pepper;

/// An id of WorkOS's, such as `directory_user_01E1X1B89NH8Z3SDFJR4H7RGX7`. It says nothing about a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorkosId(String);

/// A text that is no id of WorkOS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of WorkOS's: letters, digits and _, at most 100")]
pub struct BadWorkosId;

impl WorkosId {
    /// As WorkOS wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Letters, digits and underscores, at most 100; anything else is no id.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (is_plain && (1..=100).contains(&text.len())).then(|| Self(text.to_owned()))
    }
}

impl TryFrom<String> for WorkosId {
    type Error = BadWorkosId;
    fn try_from(text: String) -> Result<Self, BadWorkosId> {
        Self::parse(&text).ok_or(BadWorkosId)
    }
}

impl From<WorkosId> for String {
    fn from(id: WorkosId) -> Self {
        id.0
    }
}

/// By what a person stays the same. WorkOS gives whoever comes back another id, and the identity provider keeps its own of
/// them: that one counts, and WorkOS's where there is no other. Personal, so without `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// The identity provider's id of them.
    Idp(String),
    /// WorkOS's.
    Workos(WorkosId),
}

/// What WorkOS says of a person. Personal, so without `Debug`.
#[derive(Clone, PartialEq)]
pub struct PersonWords {
    /// Who it is.
    pub who: Who,
    /// As it is kept.
    pub profile: Profile,
    /// Which description of them it is.
    pub order: Order,
}

/// What WorkOS says of a group.
#[derive(Clone, PartialEq)]
pub struct GroupWords {
    /// WorkOS's id of it.
    pub id: WorkosId,
    /// As it is kept.
    pub profile: Profile,
    /// Which description of it it is.
    pub order: Order,
}

/// Our id of a person: the same whatever is told of them first, and nobody's who does not have the pepper.
pub fn user_id(who: &Who, connection: &ConnectionId, pepper: &Pepper) -> UserId {
    let (kind, id) = match who {
        Who::Idp(id) => ("idp", id.as_str()),
        Who::Workos(id) => ("workos", id.as_str()),
    };
    UserId::from_random(sixteen(pepper.index("workos directory user", &[connection.as_str(), kind, id])))
}

/// Our id of a group.
pub fn group_id(id: &WorkosId, connection: &ConnectionId, pepper: &Pepper) -> GroupId {
    GroupId::from_random(sixteen(pepper.index("workos directory group", &[connection.as_str(), id.as_str()])))
}

fn sixteen([bytes @ .., _, _, _, _, _, _, _, _]: [u8; 24]) -> [u8; 16] {
    bytes
}

impl Who {
    /// Whom a `directory_user` describes.
    pub(super) fn read(user: &Value) -> Option<Self> {
        let id = WorkosId::parse(user.get("id")?.as_str()?)?;
        Some(text(user, "idp_id").map_or(Self::Workos(id), |own| Self::Idp(own.to_owned())))
    }
}

/// A text that says something.
fn text<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    of.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

impl PersonWords {
    /// Reads a `directory_user`, told at `at` by `by`. Whatever is not `active` is inactive: a person in any state that
    /// WorkOS may think of later gets nothing at the school.
    ///
    /// Kept are what names them, their address and their names, and nothing else of what WorkOS knows. Names that cannot be
    /// kept are left out: who is there counts more than what they are called.
    pub(super) fn read(user: &Value, at: i64, by: &str) -> Option<Self> {
        let (who, text) = (Who::read(user)?, |name: &str| text(user, name));
        let id = WorkosId::parse(text("id")?)?;
        let mut document = json!({
            "userName": id.as_str(),
            "active": text("state") == Some("active"),
        });
        if let Some(own) = text("idp_id") {
            document["externalId"] = own.into();
        }
        let least = document.clone();
        if let Some(email) = text("email").or_else(|| primary_email(user)) {
            document["emails"] = json!([{"value": email, "type": "work", "primary": true}]);
        }
        let mut name = json!({});
        for (ours, theirs) in [("givenName", "first_name"), ("familyName", "last_name")] {
            if let Some(text) = text(theirs) {
                name[ours] = text.into();
            }
        }
        if name.as_object().is_some_and(|name| !name.is_empty()) {
            document["name"] = name;
        }
        let kept = |document: &Value| Profile::create(ResourceType::User, document.to_string().as_bytes()).ok();
        let profile = kept(&document).or_else(|| kept(&least))?.profile;
        Some(Self { order: order(user, at, by), who, profile })
    }
}

impl GroupWords {
    /// Reads a `directory_group`, told at `at` by `by`.
    pub(super) fn read(group: &Value, at: i64, by: &str) -> Option<Self> {
        let id = WorkosId::parse(group.get("id")?.as_str()?)?;
        let name = text(group, "name");
        // A name is what grants go by: a group without one that can be kept grants nothing, and is there for those who are
        // in it.
        let document = |name: &str| json!({"displayName": name, "externalId": id.as_str()}).to_string();
        let kept = |name| Profile::create(ResourceType::Group, document(name).as_bytes()).ok();
        let profile = name.and_then(kept).or_else(|| kept(id.as_str()))?.profile;
        Some(Self { order: order(group, at, by), id, profile })
    }
}

/// `2021-06-25T19:07:33.155Z`, or `2021-06-25 19:07:33.155`, which is UTC too.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// The primary address of those that the environment maps.
fn primary_email(user: &Value) -> Option<&str> {
    let emails = user.get("custom_attributes")?.get("emails")?.as_array()?;
    let primary = emails.iter().find(|email| email.get("primary") == Some(&Value::Bool(true)));
    primary.or(emails.first())?.get("value")?.as_str()
}

fn order(described: &Value, at: i64, by: &str) -> Order {
    let updated = described.get("updated_at").and_then(Value::as_str).and_then(instant);
    Order { updated: updated.map_or(at, |updated| updated.as_millisecond()), at, by: by.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::keys::KeySet;

    fn lela() -> Value {
        json!({
            "id": "directory_user_01E1X1B89NH8Z3SDFJR4H7RGX7", "directory_id": "directory_01ECAZ4NV9QMV47GW873HDCX74",
            "organization_id": "org_01EZTR6WYX1A0DSE2CYMGXQ24Y", "idp_id": "8931", "email": "lela.block@example.com",
            "first_name": "Lela", "last_name": "Block", "state": "active",
            "created_at": "2021-06-25T19:07:33.155Z", "updated_at": "2021-06-25T19:07:33.155Z",
            "custom_attributes": {"department": "Engineering", "username": "lela"},
            "role": {"slug": "member"}, "raw_attributes": {"secret": "x"},
        })
    }

    fn read(change: impl FnOnce(&mut Value)) -> PersonWords {
        let mut user = lela();
        change(&mut user);
        PersonWords::read(&user, 7, "event_1").unwrap()
    }

    #[test]
    fn a_person_is_what_names_them_and_no_more() {
        let words = read(|_| {});
        let id = "directory_user_01E1X1B89NH8Z3SDFJR4H7RGX7";
        assert_eq!((words.profile.naming(), words.profile.external_id()), (id, Some("8931")));
        assert!(words.who == Who::Idp("8931".to_owned()));
        assert_eq!((words.profile.given_name(), words.profile.family_name()), (Some("Lela"), Some("Block")));
        assert_eq!(words.profile.unverified_email(), Some("lela.block@example.com"));
        assert!(words.profile.is_active());
        assert_eq!(words.order.updated, 1_624_648_053_155);
        let kept = words.profile.to_json();
        assert!(!kept.contains("Engineering") && !kept.contains("secret") && !kept.contains("member"), "{kept}");
    }

    #[test]
    fn p18_whoever_is_in_any_other_state_is_inactive() {
        for state in [json!("inactive"), json!("suspended"), json!("Active"), json!(null), json!(1)] {
            assert!(!read(|user| user["state"] = state.clone()).profile.is_active(), "{state}");
        }
    }

    #[test]
    fn what_may_be_null_is_left_out() {
        let words = read(|user| {
            for name in ["email", "first_name", "last_name", "idp_id", "updated_at", "custom_attributes"] {
                user[name] = Value::Null;
            }
        });
        assert_eq!(
            words.profile.to_json(),
            json!({"active": true, "userName": "directory_user_01E1X1B89NH8Z3SDFJR4H7RGX7"}).to_string()
        );
        assert_eq!((words.order.updated, words.order.at, words.order.by.as_str()), (7, 7, "event_1"));
        let mapped = read(|user| {
            user["email"] = Value::Null;
            user["custom_attributes"]["emails"] =
                json!([{"value": "a@example.com"}, {"primary": true, "value": "b@example.com"}]);
        });
        assert_eq!(mapped.profile.unverified_email(), Some("b@example.com"));
    }

    #[test]
    fn a_name_that_cannot_be_kept_keeps_nobody_out() {
        let words = read(|user| user["first_name"] = "a\u{0}b".into());
        assert!(words.profile.is_active() && words.profile.external_id() == Some("8931"));
    }

    #[test]
    fn a_group_whose_name_cannot_be_kept_is_there_without_it() {
        for name in [json!("a\u{0}b"), json!("x".repeat(100_000)), json!(null), json!(" "), json!(7)] {
            let group = json!({"id": "directory_group_1", "name": name});
            let words = GroupWords::read(&group, 7, "event_1").unwrap();
            assert_eq!(words.profile.naming(), "directory_group_1", "{name:.20}");
        }
    }

    #[test]
    fn an_id_of_ours_is_one_connections_and_one_persons() {
        let pepper = KeySet::parse(r#"{"keys":[{"id":"1","from":0,"value":"pepper"}]}"#).unwrap();
        let pepper = Pepper::from_keys(&pepper);
        let ids = ["acme", "globex"].map(|id| ConnectionId::parse(id).unwrap());
        let group = WorkosId::parse("directory_group_1").unwrap();
        let [one, other] = ["directory_group_1", "00u1a"].map(|id| Who::Idp(id.to_owned()));
        assert_ne!(user_id(&one, &ids[0], &pepper), user_id(&Who::Workos(group.clone()), &ids[0], &pepper));
        assert_eq!(user_id(&one, &ids[0], &pepper), user_id(&one, &ids[0], &pepper));
        assert_ne!(user_id(&one, &ids[0], &pepper), user_id(&other, &ids[0], &pepper));
        assert_ne!(user_id(&one, &ids[0], &pepper), user_id(&one, &ids[1], &pepper));
        assert_ne!(user_id(&one, &ids[0], &pepper).as_str(), group_id(&group, &ids[0], &pepper).as_str());
        for bad in ["", "a#b", "a/b", &"a".repeat(101)] {
            assert_eq!(WorkosId::parse(bad), None, "{bad}");
        }
    }
}
