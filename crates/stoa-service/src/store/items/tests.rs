#![allow(clippy::unwrap_used, reason = "a test may panic")]

use jiff::Timestamp;
use serde_json::{Value, json};
use stoa_core::directory::{GroupId, KeyHash, UserId};
use stoa_core::ids::{Attempt, ConnectionId, CustomerId, EmailKey, PersonKey, ProofHash, Reference, SchoolId};
use stoa_core::login::LoginItem;
use stoa_core::person::PersonItem;
use stoa_core::trust::Watch;
use stoa_core::webhook::EventId;

use super::*;
use crate::store::write::{Action, Write};

fn pg() -> ConnectionId {
    ConnectionId::parse("pg").unwrap()
}

fn academy() -> SchoolId {
    SchoolId::parse("pg-academy").unwrap()
}

/// What is put, as JSON.
fn put(write: Write) -> Value {
    let Action::Put(item) = write.action else { panic!("no put: {write:?}") };
    serde_dynamo::from_item(item).unwrap()
}

/// Items in the field have these keys.
#[test]
fn keys_are_what_they_were() {
    let at = Timestamp::from_second(1_790_000_000).unwrap();
    let (mary, proof) = (PersonKey::from_bytes([1; 24]), ProofHash::from_bytes([1; 18]));
    let (ada, group) = (UserId::from_random([7; 16]), GroupId::from_random([8; 16]));
    let hash: KeyHash = serde_json::from_value(json!("0a0b")).unwrap();
    let event = EventId::parse("20260921141320123456789".to_owned()).unwrap();
    let keys = [
        (Key::connection(&pg()), "connection#pg / current"),
        (Key::version(&pg(), 7, 1_790_000_000), "connection#pg / version#000007#1790000000"),
        (Key::listed(&pg()), "connections / pg"),
        (Key::school(&academy()), "school#pg-academy / current"),
        (Key::rehearsal(&academy()), "school#pg-academy / rehearsed"),
        (Key::site("learn.pg.com"), "site#learn.pg.com / claim"),
        (Key::domain(&academy(), "pg.com"), "domain#pg-academy#pg.com / claim"),
        (Key::home_realm("pg.com", &pg()), "discovery#pg.com / pg"),
        (Key::trusted(&pg(), "0a"), "pg / 0a"),
        (Key::key_set(&pg(), KeySet::Teams), "pg / jwks#teams"),
        (Key::watch(&pg(), WatchOver::Saml), "watch#pg / saml"),
        (Key::round(), "watch# / round"),
        (Key::trust_change(&pg(), 12), "watch#pg / history#000012"),
        (Key::login(&Reference::parse("7KQ3-9FXM-2B4T").unwrap()), "7KQ39FXM2B4T"),
        (Key::tested(&pg()), "tested#pg"),
        (Key::assertion(&proof), "assertion#AQEBAQEBAQEBAQEBAQEBAQEB"),
        (Key::turn(&academy(), &mary), "turn#pg-academy#AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"),
        (Key::calls(&academy(), 29_833_333), "calls#pg-academy#29833333"),
        (Key::line(&academy()), "line#pg-academy"),
        (Key::webhook(&academy(), &event), "webhook#pg-academy#20260921141320123456789"),
        (Key::progress(&academy(), 7, 9), "progress#pg-academy#7 / course#9"),
        (Key::lease(&academy()), "lease#pg-academy / lease"),
        (Key::removals(&pg()), "removals#pg / removals"),
        (Key::directory_change(&pg(), &ada, at), "history#pg#07070707070707070707070707070707 / 2026-09-21T14:13:20Z"),
        (Key::mirror(&academy()), "school#pg-academy / mirrored"),
        (Key::mirrored_page(&academy(), 1, 7), "mirror#pg-academy / page#1#000007"),
        (Key::follow_up(&academy(), &mary), "owed#pg-academy / account#AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"),
        (Key::user(&pg(), &ada), "user#pg#07070707070707070707070707070707 / itself"),
        (Key::sync(&pg(), &ada), "user#pg#07070707070707070707070707070707 / sync#thinkific"),
        (
            Key::belongs(&pg(), &ada, &group, 2),
            "user#pg#07070707070707070707070707070707 / member#08080808080808080808080808080808#2",
        ),
        (Key::told_user(&pg(), &ada), "user#pg#07070707070707070707070707070707 / told"),
        (
            Key::told_member(&pg(), &ada, &group),
            "user#pg#07070707070707070707070707070707 / told#08080808080808080808080808080808",
        ),
        (Key::told_group(&pg(), &group), "group#pg#08080808080808080808080808080808 / told"),
        (Key::workos_sync(&pg()), "workos#pg / directory-sync"),
        (Key::listed_user(&pg(), &ada), "users#pg / 07070707070707070707070707070707"),
        (Key::group(&pg(), &group), "group#pg#08080808080808080808080808080808 / itself"),
        (
            Key::member(&pg(), &group, 2, &ada),
            "group#pg#08080808080808080808080808080808 / member#2#07070707070707070707070707070707",
        ),
        (Key::listed_group(&pg(), &group), "groups#pg / 08080808080808080808080808080808"),
        (Key::lock(&pg(), "email", &hash), "lock#pg#email#0a0b / lock"),
        (Key::found(&pg(), "email", &hash, "7"), "lock#pg#email#0a0b / 7"),
        (Key::kept_out(&pg(), "email", &hash, &ada), "lock#pg#email#0a0b / kept-out#07070707070707070707070707070707"),
        (
            Key::kept_out_user(&pg(), &ada, "email", &hash, &ada),
            "user#pg#07070707070707070707070707070707 / kept-out#email#0a0b#07070707070707070707070707070707",
        ),
        (Key::account(&pg(), 7), "account#pg#7 / whose"),
        (Key::scim_tokens(&pg()), "scim#pg / tokens"),
        (Key::scim_requests(&pg()), "pace#pg / requests"),
        (Key::import_started(&pg()), "import#pg / under-way"),
        (Key::imported(&pg(), at), "import#pg / 2026-09-21T14:13:20Z"),
        (Key::upload(&pg(), "0a0b"), "upload# / pg#0a0b"),
        (Key::upload_turn(&pg()), "upload#pg / whose-turn"),
        (Key::erased(&pg(), at), "erased#pg / 2026-09-21T14:13:20Z"),
        (Key::scim_token_used(&pg(), "3"), "used#pg / 3"),
        (Key::person(&mary, &academy()), "person#AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB / school#pg-academy"),
        (Key::email(&EmailKey::from_bytes([1; 24])), "email#AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB / owner"),
        (
            Key::person_change(&mary, &academy(), at),
            "person#AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB / history#pg-academy#2026-09-21T14:13:20Z",
        ),
    ];
    for (key, text) in &keys {
        assert_eq!(key.to_string(), *text);
    }
    assert_eq!(keys.len(), forms().count(), "a kind of item whose key is not here");
}

#[test]
fn a_table_with_a_sort_key_has_keys_with_one() {
    for form in forms() {
        assert_eq!(form.sk.is_some(), form.table.sort_key().is_some(), "{form}");
    }
}

/// What a range is asked for is in it, and what else is in the partition is not.
#[test]
fn ranges_hold_their_keys() {
    let holds = |range: &Range, key: &Key| {
        range.table == key.table
            && range.pk == key.pk
            && range.begin.as_ref().is_none_or(|begin| key.sk.as_ref().is_some_and(|sk| sk.starts_with(begin)))
    };
    let (at, mary) = (Timestamp::UNIX_EPOCH, PersonKey::from_bytes([1; 24]));
    assert!(holds(&Range::listed(), &Key::listed(&pg())));
    assert!(holds(&Range::home_realm("pg.com"), &Key::home_realm("pg.com", &pg())));
    assert!(holds(&Range::trusted(&pg()), &Key::trusted(&pg(), "0a")));
    let versions = Range::versions(&pg());
    assert!(holds(&versions, &Key::version(&pg(), 1, 0)) && !holds(&versions, &Key::connection(&pg())));
    let changes = Range::trust_changes(&pg());
    assert!(holds(&changes, &Key::trust_change(&pg(), 1)) && !holds(&changes, &Key::watch(&pg(), WatchOver::Saml)));
    let changes = Range::person_changes(&mary, &academy());
    assert!(
        holds(&changes, &Key::person_change(&mary, &academy(), at))
            && !holds(&changes, &Key::person(&mary, &academy()))
    );
    let ada = UserId::from_random([7; 16]);
    assert!(holds(&Range::directory_changes(&pg(), &ada), &Key::directory_change(&pg(), &ada, at)));
    assert!(holds(&Range::progress(&academy(), 7), &Key::progress(&academy(), 7, 9)));
    let (of_pg, upload) =
        (Range::uploads(Some(&pg())), |id: &str| Key::upload(&ConnectionId::parse(id).unwrap(), "0a0b"));
    assert!(holds(&of_pg, &upload("pg")) && holds(&Range::uploads(None), &upload("pg2")));
    assert!(!holds(&of_pg, &upload("pg2")) && !holds(&of_pg, &upload("pg-2")));
    let other = SchoolId::parse("pg").unwrap();
    assert!(!holds(&Range::person_changes(&mary, &other), &Key::person_change(&mary, &academy(), at)));
}

/// A file that is read in another way begins again; what was written of it stays written, and what was compared was not.
#[test]
fn what_was_written_of_a_file_is_remembered_when_it_begins_again() {
    let mut done = UploadProgress::default();
    done.read_as("as first".to_owned(), false);
    (done.rows, done.new, done.gone, done.left, done.perhaps, done.runs, done.since) = (300, 200, 9, 9, 100, 2, 77);
    done.read_as("as first".to_owned(), false);
    assert_eq!((done.rows, done.before), (300, UploadWritten::default()));
    done.read_as("compared".to_owned(), true);
    let written = UploadWritten { rows: 300, perhaps: 100, new: 200, gone: 9, ..UploadWritten::default() };
    assert_eq!((done.rows, done.left, done.perhaps, done.before), (0, 0, 0, written));
    // How long it has come no further counts on.
    assert_eq!((done.runs, done.since), (2, 77));
    (done.rows, done.new) = (500, 100);
    assert_eq!(done.written(), written);
    done.read_as("as third".to_owned(), false);
    assert_eq!((done.rows, done.before, done.is_written()), (0, written, true));
    (done.rows, done.new) = (10, 1);
    assert_eq!((done.written().rows, done.written().new), (310, 201));

    // A file that is only compared is under way, and nothing of it is written.
    let mut done = UploadProgress { rows: 5, compared: true, ..UploadProgress::default() };
    assert!(done.is_under_way() && !done.is_written());
    // As the version before this one wrote it, which did not say whether it only compared.
    done.compared = false;
    assert!(done.is_under_way() && done.is_written());
    assert!(!UploadProgress::default().is_under_way());
}

/// Items as versions in the field have written them: under its key, this version writes each as it is there.
#[test]
fn items_of_version_1_are_written_as_they_were() {
    let person = include_str!("../../../../stoa-core/tests/items/v1/person.json");
    let item: PersonItem = serde_json::from_str(person).unwrap();
    let key = Key::person(&PersonKey::parse("Wn4kLq9wE2rT5yU7iO0pAsDfGhJkLzXc").unwrap(), &academy());
    assert_eq!(put(key.put(&item)), serde_json::from_str::<Value>(person).unwrap());
    for login in [
        include_str!("../../../../stoa-core/tests/items/v1/started.json"),
        include_str!("../../../../stoa-core/tests/items/v1/verified-who.json"),
        include_str!("../../../../stoa-core/tests/items/v1/launched.json"),
    ] {
        let item: LoginItem = serde_json::from_str(login).unwrap();
        assert_eq!(put(Key::login(&item.reference).put(&item)), serde_json::from_str::<Value>(login).unwrap());
    }
}

/// The forms that only the store reads, as versions in the field have written them.
#[test]
fn what_is_read_of_a_key_is_written_as_a_key() {
    let listed = Key::listed(&pg()).put(&ListedItem { connection: pg() });
    assert_eq!(put(listed), json!({ "pk": "connections", "sk": "pg" }));
    let site = Key::site("learn.pg.com").put(&SiteItem { school: academy() });
    assert_eq!(put(site), json!({ "pk": "site#learn.pg.com", "sk": "claim", "school": "pg-academy" }));
    let domain = DomainItem { customer: CustomerId::parse("pg").unwrap() };
    let domain = Key::domain(&academy(), "pg.com").put(&domain);
    assert_eq!(put(domain), json!({ "pk": "domain#pg-academy#pg.com", "sk": "claim", "customer": "pg" }));
    let leads = HomeRealmItem { connection: pg(), name: "P&G".to_owned(), school: academy() };
    let leads = Key::home_realm("pg.com", &pg()).put(&leads);
    assert_eq!(put(leads), json!({ "pk": "discovery#pg.com", "sk": "pg", "name": "P&G", "school": "pg-academy" }));
    let keys = JwksItem { uri: Some("u".to_owned()), jwks: Some("j".to_owned()), at: 7, ..JwksItem::default() };
    let keys = Key::key_set(&pg(), KeySet::Oidc).put(&keys);
    assert_eq!(put(keys), json!({ "pk": "pg", "sk": "jwks", "uri": "u", "jwks": "j", "at": 7 }));
    let proof = ProofHash::from_bytes([1; 18]);
    let used = AssertionItem::new(Attempt::from_bytes([0; 16]), Timestamp::from_second(1_790_000_000).unwrap());
    let used = Key::assertion(&proof).put(&used);
    assert_eq!(
        put(used),
        json!({ "pk": format!("assertion#{proof}"), "attempt": "A".repeat(22), "ttl": 1_790_003_600 })
    );
    let watch = WatchItem::default().next(Key::watch(&pg(), WatchOver::Saml), Watch::default());
    assert_eq!(put(watch), json!({ "pk": "watch#pg", "sk": "saml", "n": 1, "watch": {} }));
}
