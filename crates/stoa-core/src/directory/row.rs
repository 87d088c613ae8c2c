//! What a row of a customer's file makes of a person of the directory.
//!
//! A file that is taken twice changes nothing the second time: what a row says is compared with what is there, and only
//! the difference is written. What a file has no column for stays as it is.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use stoa_scim::schema::ENTERPRISE_URN;
use stoa_scim::text::folded;
use stoa_scim::{Lookup, Profile, ResourceType};

use super::{KeyOf, UserId};
use crate::connection::Connection;
use crate::email::Email;
use crate::ids::ConnectionId;
use crate::keys::Pepper;

/// The most groups of a row.
const MAX_GROUPS: usize = 64;

/// A row, as it is handed over. `None` where the file has no such column; an empty text where the cell is empty.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRow {
    /// The line of the file that it begins on, counted from 1.
    pub line: u64,
    /// The address.
    pub email: String,
    /// The HR system's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Which part of the customer they work for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// What they belong to, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<BTreeSet<String>>,
    /// Whether they are there.
    pub active: bool,
}

/// A row is personal.
impl fmt::Debug for FileRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileRow").field("line", &self.line).field("active", &self.active).finish_non_exhaustive()
    }
}

/// Why a row is not taken although it can be read. It quotes nothing of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum RowRefusal {
    /// The address is none, or not the connection's.
    #[error("the email address is none, or outside the domains of the connection")]
    Address,
    /// The directory has the row's id for one person, and its address for another.
    #[error(
        "another person of the directory has the email address. If they give it up in the same file, import the file \
         again"
    )]
    AddressOfAnother,
    /// The directory knows whoever has the address by another id.
    #[error(
        "the directory knows the person with this email address by another id, or they left before it knew one. If it \
         is the same person, give the file the earlier id; if they give the address up in the same file, import the file \
         again; if they have left and somebody else has the address now, `stoa directory erase` frees it"
    )]
    OtherId,
    /// The directory refuses what the row says.
    #[error("a text is too long, or the row has more than {MAX_GROUPS} groups")]
    TooLong,
}

/// What becomes of a person by a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Becomes {
    /// They were not in the directory.
    New,
    /// Something of them is another.
    Changed,
    /// They were gone, and are there again.
    Back,
    /// They were there, and are gone.
    Gone,
    /// Nothing is to be done.
    Unchanged,
    /// Nothing is done, and this is why.
    Refused(RowRefusal),
}

/// Somebody of the directory whom a row may mean.
#[derive(Clone, Copy, Debug)]
pub struct KnownPerson<'a> {
    /// Their id.
    pub id: &'a UserId,
    /// What is kept of them.
    pub profile: &'a Profile,
    /// The names of their groups.
    pub groups: &'a [String],
}

/// What is to be done about a row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowPlan {
    /// What becomes of the person.
    pub becomes: Becomes,
    /// Who they are, if the directory knows them.
    pub user: Option<UserId>,
    /// What is to be kept of them. `None`: nothing is written of it.
    pub profile: Option<Profile>,
    /// The names of groups that they come into.
    pub joins: BTreeSet<String>,
    /// The names of groups that they leave.
    pub leaves: BTreeSet<String>,
}

impl RowPlan {
    fn nothing(becomes: Becomes, user: Option<UserId>) -> Self {
        Self { becomes, user, profile: None, joins: BTreeSet::new(), leaves: BTreeSet::new() }
    }
}

impl FileRow {
    /// By what the person is looked up: the address, which is their `userName`, and the id if there is one.
    pub fn keys(&self, connection: &ConnectionId, pepper: &Pepper) -> (Option<KeyOf>, Option<KeyOf>) {
        let key = |lookup: Lookup| KeyOf::of_lookup(&lookup, ResourceType::User, connection, pepper);
        let email = key(Lookup::UserName(folded(&self.email)));
        (email, self.id().and_then(|id| key(Lookup::ExternalId(id.to_owned()))))
    }

    fn id(&self) -> Option<&str> {
        self.external_id.as_deref().filter(|id| !id.is_empty())
    }

    /// What is to be done, given who has the address and who has the id.
    pub fn plan(
        &self,
        by_email: Option<KnownPerson<'_>>,
        by_id: Option<KnownPerson<'_>>,
        connection: &Connection,
    ) -> RowPlan {
        let refused = |why| RowPlan::nothing(Becomes::Refused(why), None);
        let owned = Email::parse(&self.email).ok().filter(|email| connection.owns_domain(email.domain()));
        let Some(email) = owned else { return refused(RowRefusal::Address) };
        if self.groups.as_ref().is_some_and(|groups| groups.len() > MAX_GROUPS) {
            return refused(RowRefusal::TooLong);
        }
        let known = match self.whose(by_email, by_id) {
            Ok(known) => known,
            Err(why) => return refused(why),
        };
        let Some(known) = known else {
            // Nobody is made in order to be removed.
            if !self.active {
                return RowPlan::nothing(Becomes::Unchanged, None);
            }
            let Some(profile) = self.profile(&email, None) else { return refused(RowRefusal::TooLong) };
            let joins = self.groups.clone().unwrap_or_default();
            return RowPlan { profile: Some(profile), joins, ..RowPlan::nothing(Becomes::New, None) };
        };
        let user = Some(known.id.clone());
        let was_active = known.profile.is_active();
        if !self.active {
            // What became of the details of somebody who is gone is nobody's business.
            return match leaving(known.profile) {
                Some(profile) => RowPlan { profile: Some(profile), ..RowPlan::nothing(Becomes::Gone, user) },
                None => RowPlan::nothing(Becomes::Unchanged, user),
            };
        }
        let Some(profile) = self.profile(&email, Some(known.profile)) else { return refused(RowRefusal::TooLong) };
        let (joins, leaves) = self.moves(known.groups);
        let profile = Some(profile).filter(|profile| profile != known.profile);
        let becomes = match profile.is_none() && joins.is_empty() && leaves.is_empty() {
            true => Becomes::Unchanged,
            false if was_active => Becomes::Changed,
            false => Becomes::Back,
        };
        RowPlan { becomes, user, profile, joins, leaves }
    }

    /// The id counts more than the address, which changes. Somebody whom the directory knows by another id, or who left
    /// without one, is not taken for this one: addresses are given to others. In a file without ids the address is all
    /// that there is.
    fn whose<'a>(
        &self,
        by_email: Option<KnownPerson<'a>>,
        by_id: Option<KnownPerson<'a>>,
    ) -> Result<Option<KnownPerson<'a>>, RowRefusal> {
        match (by_id, by_email) {
            (Some(known), Some(other)) if known.id != other.id => Err(RowRefusal::AddressOfAnother),
            (Some(known), _) => Ok(Some(known)),
            (None, Some(known)) => match (self.id(), known.profile.external_id(), known.profile.is_active()) {
                (Some(_), Some(_), _) | (Some(_), None, false) => Err(RowRefusal::OtherId),
                (Some(_), None, true) | (None, _, _) => Ok(Some(known)),
            },
            (None, None) => Ok(None),
        }
    }

    /// What is to be kept: what the row says, over what is there. `None`: it is larger than what is kept of anybody.
    fn profile(&self, email: &Email, before: Option<&Profile>) -> Option<Profile> {
        let mut map = before.map_or_else(Map::new, attributes);
        map.insert("userName".to_owned(), json!(email.as_str()));
        map.insert("emails".to_owned(), json!([{"value": email.as_str(), "type": "work", "primary": true}]));
        map.insert("active".to_owned(), json!(true));
        if let Some(id) = self.id() {
            map.insert("externalId".to_owned(), json!(id));
        }
        set_within(&mut map, "name", "givenName", self.first_name.as_deref());
        set_within(&mut map, "name", "familyName", self.last_name.as_deref());
        set_within(&mut map, ENTERPRISE_URN, "organization", self.company.as_deref());
        read(map)
    }

    /// Into which groups they come, and which they leave. Case does not matter, as in grants.
    fn moves(&self, current: &[String]) -> (BTreeSet<String>, BTreeSet<String>) {
        let Some(wanted) = &self.groups else { return (BTreeSet::new(), BTreeSet::new()) };
        let of = |names: &mut dyn Iterator<Item = &String>| names.map(|name| folded(name.trim())).collect();
        let (wants, has): (BTreeSet<String>, BTreeSet<String>) = (of(&mut wanted.iter()), of(&mut current.iter()));
        let joins = wanted.iter().filter(|name| !has.contains(&folded(name.trim()))).cloned().collect();
        let leaves = current.iter().filter(|name| !wants.contains(&folded(name.trim()))).cloned().collect();
        (joins, leaves)
    }
}

/// What is kept of somebody who leaves. `None`: they are gone already.
pub fn leaving(before: &Profile) -> Option<Profile> {
    if !before.is_active() {
        return None;
    }
    let mut map = attributes(before);
    map.insert("active".to_owned(), json!(false));
    read(map)
}

/// What a group is kept as, by its name. `None`: that is none.
pub fn group_named(name: &str) -> Option<Profile> {
    let body = json!({"displayName": name.trim()}).to_string();
    Profile::create(ResourceType::Group, body.as_bytes()).ok().map(|received| received.profile)
}

/// By what a group is found that a row names.
pub fn group_key(name: &str, connection: &ConnectionId, pepper: &Pepper) -> Option<KeyOf> {
    KeyOf::of_lookup(&Lookup::DisplayName(folded(name.trim())), ResourceType::Group, connection, pepper)
}

fn attributes(profile: &Profile) -> Map<String, Value> {
    serde_json::from_str(&profile.to_json()).unwrap_or_default()
}

fn read(map: Map<String, Value>) -> Option<Profile> {
    let body = Value::Object(map).to_string();
    Profile::create(ResourceType::User, body.as_bytes()).ok().map(|received| received.profile)
}

/// An empty text takes the value away; none leaves it as it is.
fn set_within(map: &mut Map<String, Value>, object: &str, name: &str, text: Option<&str>) {
    let Some(text) = text else { return };
    let mut within = match map.remove(object) {
        Some(Value::Object(within)) => within,
        Some(_) | None => Map::new(),
    };
    match text.is_empty() {
        true => within.remove(name),
        false => within.insert(name.to_owned(), json!(text)),
    };
    if !within.is_empty() {
        map.insert(object.to_owned(), Value::Object(within));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
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
        source = "csv"
    "#;

    fn connection() -> Connection {
        Connection::check(toml::from_str(FILE).unwrap(), 1, ConnectionState::Active, UrlPolicy::Https).unwrap()
    }

    fn row() -> FileRow {
        FileRow {
            line: 2,
            email: "Ada@acme.com".to_owned(),
            external_id: Some("00042".to_owned()),
            first_name: Some("Ada".to_owned()),
            last_name: Some("Lovelace".to_owned()),
            company: Some("Engines".to_owned()),
            groups: Some(BTreeSet::from(["Plant 7".to_owned(), "Leaders".to_owned()])),
            active: true,
        }
    }

    fn profile(text: &str) -> Profile {
        Profile::create(ResourceType::User, text.as_bytes()).unwrap().profile
    }

    fn user(byte: u8) -> UserId {
        UserId::from_random([byte; 16])
    }

    struct Known(UserId, Profile, Vec<String>);

    impl Known {
        fn of(plan: &RowPlan, byte: u8) -> Self {
            Self(user(byte), plan.profile.clone().unwrap(), plan.joins.iter().cloned().collect())
        }

        fn seen(&self) -> Option<KnownPerson<'_>> {
            Some(KnownPerson { id: &self.0, profile: &self.1, groups: &self.2 })
        }
    }

    fn becomes(row: &FileRow, by_email: Option<KnownPerson<'_>>, by_id: Option<KnownPerson<'_>>) -> Becomes {
        row.plan(by_email, by_id, &connection()).becomes
    }

    #[test]
    fn a_row_taken_twice_changes_nothing_the_second_time() {
        let plan = row().plan(None, None, &connection());
        assert_eq!((plan.becomes, &plan.joins), (Becomes::New, row().groups.as_ref().unwrap()));
        let profile = plan.profile.as_ref().unwrap();
        assert_eq!((profile.naming(), profile.external_id()), ("ada@acme.com", Some("00042")));
        assert_eq!((profile.given_name(), profile.family_name()), (Some("Ada"), Some("Lovelace")));
        let known = Known::of(&plan, 1);
        let again = row().plan(known.seen(), known.seen(), &connection());
        assert_eq!(again, RowPlan::nothing(Becomes::Unchanged, Some(user(1))));
        // Groups are told apart without case, as grants do.
        let shouted = FileRow { groups: Some(BTreeSet::from(["PLANT 7".into(), "leaders ".into()])), ..row() };
        assert_eq!(becomes(&shouted, known.seen(), known.seen()), Becomes::Unchanged);
    }

    #[test]
    fn what_the_file_has_no_column_for_stays_and_an_empty_cell_takes_away() {
        let known = Known::of(&row().plan(None, None, &connection()), 1);
        let silent =
            FileRow { external_id: None, first_name: None, last_name: None, company: None, groups: None, ..row() };
        assert_eq!(becomes(&silent, known.seen(), None), Becomes::Unchanged);
        let empty = FileRow { last_name: Some(String::new()), groups: Some(BTreeSet::new()), ..row() };
        let plan = empty.plan(known.seen(), known.seen(), &connection());
        assert_eq!((plan.becomes, plan.joins.len(), plan.leaves.len()), (Becomes::Changed, 0, 2));
        let kept = plan.profile.unwrap();
        assert_eq!((kept.given_name(), kept.family_name()), (Some("Ada"), None));
    }

    #[test]
    fn what_another_source_wrote_beside_is_kept() {
        let before = profile(r#"{"userName":"ada@acme.com","title":"Countess","externalId":"00042"}"#);
        let known = Known(user(1), before, Vec::new());
        let plan = row().plan(known.seen(), known.seen(), &connection());
        assert!(plan.profile.unwrap().to_json().contains("Countess"));
    }

    #[test]
    fn who_leaves_is_gone_once_and_comes_back_as_they_were() {
        let known = Known::of(&row().plan(None, None, &connection()), 1);
        let left =
            FileRow { active: false, last_name: Some("Other".to_owned()), groups: Some(BTreeSet::new()), ..row() };
        let plan = left.plan(known.seen(), known.seen(), &connection());
        assert_eq!((plan.becomes, plan.leaves.len()), (Becomes::Gone, 0));
        let gone = Known(user(1), plan.profile.unwrap(), known.2.clone());
        assert!(!gone.1.is_active() && gone.1.family_name() == Some("Lovelace"));
        assert_eq!(becomes(&left, gone.seen(), gone.seen()), Becomes::Unchanged);
        assert_eq!(becomes(&row(), gone.seen(), gone.seen()), Becomes::Back);
        // Nobody is made in order to be removed.
        assert_eq!(becomes(&left, None, None), Becomes::Unchanged);
    }

    #[test]
    fn c182_an_id_counts_more_than_an_address_and_nobody_takes_over_another_s() {
        let ada = Known::of(&row().plan(None, None, &connection()), 1);
        let bob = Known(user(2), profile(r#"{"userName":"bob@acme.com","externalId":"7"}"#), Vec::new());
        let anonymous = Known(user(3), profile(r#"{"userName":"bob@acme.com"}"#), Vec::new());
        let moved = FileRow { email: "bob@acme.com".to_owned(), ..row() };
        assert_eq!(becomes(&moved, None, ada.seen()), Becomes::Changed);
        assert_eq!(becomes(&moved, bob.seen(), ada.seen()), Becomes::Refused(RowRefusal::AddressOfAnother));
        assert_eq!(becomes(&moved, bob.seen(), None), Becomes::Refused(RowRefusal::OtherId));
        let plan = moved.plan(anonymous.seen(), None, &connection());
        assert_eq!((plan.becomes, plan.user), (Becomes::Changed, Some(user(3))));
        let left = Known(user(3), profile(r#"{"userName":"bob@acme.com","active":false}"#), Vec::new());
        assert_eq!(becomes(&moved, left.seen(), None), Becomes::Refused(RowRefusal::OtherId));
        let without = FileRow { external_id: None, ..moved.clone() };
        assert_eq!(becomes(&without, left.seen(), None), Becomes::Back);
        // A file without ids does not take an id away.
        let without = FileRow { external_id: None, email: "bob@acme.com".to_owned(), ..row() };
        assert_eq!(without.plan(bob.seen(), None, &connection()).profile.unwrap().external_id(), Some("7"));
    }

    #[test]
    fn an_address_outside_the_connection_is_refused_whoever_hands_it_over() {
        for email in ["ada@globex.com", "ada", "ada@acme.com.evil.example", ""] {
            let row = FileRow { email: email.to_owned(), ..row() };
            assert_eq!(becomes(&row, None, None), Becomes::Refused(RowRefusal::Address), "{email}");
        }
        let groups = (0..65).map(|number| number.to_string()).collect();
        let row = FileRow { groups: Some(groups), ..row() };
        assert_eq!(becomes(&row, None, None), Becomes::Refused(RowRefusal::TooLong));
    }
}
