//! Items as versions in the field have written them: a deployment happens in mid-login, so this version reads them.
//!
//! A folder a format version. A change of format adds a folder and leaves the others as they are.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use stoa_core::directory::{DIRECTORY_VERSION, EdgeItem, GroupItem, KeyItem, TokensItem, UserItem};
use stoa_core::ids::EmailKey;
use stoa_core::login::{ITEM_VERSION, LoginItem, State};
use stoa_core::mirror::{Bound, MIRROR_VERSION, SchoolMirror};
use stoa_core::person::{AddressItem, FollowUpItem, Owed, PERSON_VERSION, PersonItem, PersonState};

/// The item, and that writing it again loses nothing. A person is written under their key, which the store adds: there
/// a test holds the two together against the same files.
fn read<T: for<'de> serde::Deserialize<'de> + serde::Serialize>(text: &str) -> T {
    let item: T = serde_json::from_str(text).unwrap();
    let written: serde_json::Value = serde_json::to_value(&item).unwrap();
    let mut stored: serde_json::Value = serde_json::from_str(text).unwrap();
    if stored.get("sk").is_some() {
        stored.as_object_mut().unwrap().retain(|name, _| name != "pk" && name != "sk");
    }
    assert_eq!(written, stored);
    item
}

#[test]
fn logins_of_version_1_are_read_in_each_state() {
    assert_eq!(ITEM_VERSION, 1, "a new version: commit its items in a folder of their own");
    let started: LoginItem = read(include_str!("items/v1/started.json"));
    assert_eq!((started.state, started.again, started.ticket), (State::Started, false, None));
    let shown: LoginItem = read(include_str!("items/v1/started-by-a-test-link.json"));
    assert_eq!((started.show, shown.test, shown.show), (false, true, true));
    let verified: LoginItem = read(include_str!("items/v1/verified.json"));
    assert_eq!((verified.state, verified.again, verified.confirm), (State::Verified, true, true));
    assert_eq!(verified.steps[1].wanted.as_deref(), Some("https://sso.example.com/saml/pg"));
    assert_eq!(verified.email_key, None, "written before logins were found by address");
    let found: LoginItem = read(include_str!("items/v1/verified-who.json"));
    assert_eq!(found.email_key.as_ref().map(EmailKey::as_str), Some("oW2rT5yU7iO0pAsDfGhJkLzXcVbNmQwE"));
    let launched: LoginItem = read(include_str!("items/v1/launched.json"));
    assert_eq!((launched.state, launched.test, launched.sealed), (State::Launched, true, None));
}

#[test]
fn persons_of_version_1_are_read() {
    assert_eq!(PERSON_VERSION, 1, "a new version: commit its items in a folder of their own");
    let person: PersonItem = read(include_str!("items/v1/person.json"));
    assert_eq!((person.state, person.user, person.rev), (PersonState::Active, Some(3_251_643), 2));
    assert!(person.email_key.is_some() && person.fingerprint.is_some());
    let linked: PersonItem = read(include_str!("items/v1/person-linked.json"));
    assert_eq!((linked.email_key, linked.fingerprint), (None, None));
}

#[test]
fn mirrors_of_version_1_are_read() {
    assert_eq!(MIRROR_VERSION, 1, "a new version: commit its items in a folder of their own");
    let mirror: SchoolMirror = read(include_str!("items/v1/mirrored.json"));
    assert_eq!((mirror.roles_at, mirror.privileged.len(), mirror.side), (Some(1_790_000_900), 1, 1));
    assert_eq!(mirror.run.map(|run| (run.page, run.pages)), Some((13, 40)));
    // Nobody's, and read for what the mirror knows of it.
    let address: AddressItem = serde_json::from_str(include_str!("items/v1/address-mirrored.json")).unwrap();
    assert_eq!(address.owner(), None);
    assert_eq!(address.account.and_then(|account| account.bound), Some(Bound::ToNobody));
    let follow_up: FollowUpItem = read(include_str!("items/v1/follow-up.json"));
    assert_eq!((follow_up.owed, follow_up.resets_password, follow_up.tries), (Owed::TakeOver, true, 1));
}

#[test]
fn directories_of_version_1_are_read() {
    assert_eq!(DIRECTORY_VERSION, 1, "a new version: commit its items in a folder of their own");
    let user: UserItem = read(include_str!("items/v1/directory-user.json"));
    assert_eq!((user.version, user.active, user.sealed.key.as_str()), (3, true, "1"));
    let group: GroupItem = read(include_str!("items/v1/directory-group.json"));
    assert_eq!((group.version, group.profile, group.generation, group.leaving), (5, 2, 2, Some(1)));
    let member: EdgeItem = read(include_str!("items/v1/directory-member.json"));
    assert_eq!((&member.user, &member.group, member.generation), (&user.id, &group.id, group.generation));
    let lock: KeyItem = read(include_str!("items/v1/directory-lock.json"));
    assert_eq!(lock.id, user.id.as_str());
    let tokens: TokensItem = read(include_str!("items/v1/directory-tokens.json"));
    assert_eq!((tokens.rev, tokens.tokens[0].expires, tokens.tokens[1].expires), (2, Some(1_797_776_000), None));
}
