//! People of a customer's file: in the directory once, at the school before they come, and out of it when they leave.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stoa_core::directory::{Becomes, FileRow, RowRefusal};
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::provision::Drift;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_service::operator::{MOST_AT_ONCE, NotYet, OperatorError, RowOutcome, Stopped};

use crate::steps::{MARY, MARYS_EMAIL, World};

/// What a connection's file needs besides.
const FROM_FILES: &str = r#"
[directory]
source = "csv"

[[directory.grant]]
everybody = true
courses = [3]

[[directory.grant]]
group = "Leaders"
courses = [4]
"#;

async fn start() -> World {
    World::with(|file| format!("{file}{FROM_FILES}")).await
}

fn pg() -> ConnectionId {
    ConnectionId::parse("pg").unwrap()
}

fn row(line: u64, email: &str, groups: &[&str]) -> FileRow {
    FileRow {
        line,
        email: email.to_owned(),
        external_id: Some(format!("{line:05}")),
        first_name: Some("Needle".to_owned()),
        last_name: Some(format!("Haystack{line}")),
        company: Some("Plants".to_owned()),
        groups: Some(groups.iter().map(|group| (*group).to_owned()).collect()),
        active: true,
    }
}

fn people(count: u64) -> Vec<FileRow> {
    (1..=count).map(|line| row(line, &format!("needle{line}@pg.com"), &["Leaders"])).collect()
}

impl World {
    async fn import(&self, rows: &[FileRow], write: bool) -> Vec<RowOutcome> {
        self.operator.import_rows(&pg(), rows.to_vec(), write).await.unwrap()
    }

    fn directory(&self, begin: &str) -> Vec<Value> {
        let items = self.front.items(Table::Directory).unwrap();
        items.into_iter().filter(|item| item["pk"]["S"].as_str().unwrap().starts_with(begin)).collect()
    }
}

fn becomes(outcomes: &[RowOutcome]) -> Vec<Becomes> {
    outcomes.iter().map(|outcome| outcome.becomes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_a_file_is_enrolled_enters_without_a_call_and_is_out_when_they_are_missing() {
    let world = start().await;
    let mut rows = people(3);
    rows[0] = FileRow { external_id: Some("mary".to_owned()), ..row(2, MARYS_EMAIL, &["Leaders"]) };
    // A plan writes nothing.
    assert_eq!(becomes(&world.import(&rows, false).await), [Becomes::New; 3]);
    assert!(world.directory("user").is_empty() && world.directory("group").is_empty());

    let written = world.import(&rows, true).await;
    assert_eq!(becomes(&written), [Becomes::New; 3]);
    assert_eq!(becomes(&world.import(&rows, true).await), [Becomes::Unchanged; 3]);
    assert_eq!((world.directory("users#pg").len(), world.directory("groups#pg").len()), (3, 1));
    let stored = format!("{:?}", world.front.items(Table::Directory).unwrap());
    let log = world.log().concat();
    for needle in ["eedle", "aystack", "Leaders", "mary", "Mary", "pg.com"] {
        assert!(!stored.contains(needle), "{needle}");
    }
    for needle in ["eedle", "aystack", "Leaders"] {
        assert!(!log.contains(needle), "{needle}");
    }

    world.provision().await.unwrap();
    assert_eq!(world.open_to(MARYS_EMAIL), [3, 4]);
    world.thinkific.take_calls();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert!(world.thinkific.take_calls().is_empty());

    // The group is left, and the course of everybody stays.
    rows[0].groups = Some(BTreeSet::new());
    assert_eq!(becomes(&world.import(&rows, true).await), [Becomes::Changed, Becomes::Unchanged, Becomes::Unchanged]);
    world.provision().await.unwrap();
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);

    // Missing in a whole file.
    let mary = written[0].user.clone().unwrap();
    let left = world.operator.leavers(&pg(), std::slice::from_ref(&mary), false).await.unwrap();
    assert_eq!(left.first(), Some(&mary));
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);
    let left = world.operator.leavers(&pg(), std::slice::from_ref(&mary), true).await.unwrap();
    assert_eq!(left.first(), Some(&mary));
    assert!(world.operator.leavers(&pg(), std::slice::from_ref(&mary), true).await.unwrap().is_empty());
    world.provision().await.unwrap();
    assert_eq!(world.open_to(MARYS_EMAIL), [0; 0]);
    let page = world.log_in(&world.browser(), MARY).await;
    world.refused_and_traced(&page, "person_inactive");

    // Named again, they are back under the id that they had.
    let back = world.import(&rows[..1], true).await;
    assert_eq!((back[0].becomes, back[0].user.as_ref()), (Becomes::Back, Some(&mary)));
    world.provision().await.unwrap();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_people_come_otherwise_takes_none_from_files() {
    let world = start().await;
    for source in ["scim", "none"] {
        let directory = FROM_FILES.replace("\"csv\"", &format!("{source:?}"));
        world.reconfigure(|file| format!("{file}{directory}")).await;
        let refused = world.operator.of_files(&pg()).await.unwrap_err();
        assert!(matches!(refused, OperatorError::NotCsv(_)), "{refused}");
        // Nor does the function, whoever asks it.
        let refused = world.operator.import_rows(&pg(), people(1), true).await.unwrap_err();
        assert!(matches!(&refused, OperatorError::Refused { fault, .. } if fault == "csv_off"), "{refused}");
        assert_eq!(world.faults(), ["csv_off"]);
        let refused = world.operator.leavers(&pg(), &[], true).await.unwrap_err();
        assert!(matches!(&refused, OperatorError::Refused { fault, .. } if fault == "csv_off"), "{refused}");
        assert_eq!(world.faults(), ["csv_off"]);
        assert!(world.directory("user").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_function_is_handed_is_bounded_and_checked_again() {
    let world = start().await;
    let most = u64::try_from(MOST_AT_ONCE).unwrap();
    let refused = world.operator.import_rows(&pg(), people(most + 1), true).await.unwrap_err();
    assert!(matches!(&refused, OperatorError::Refused { fault, .. } if fault == "event_strange"), "{refused}");
    let foreign = FileRow { email: "eve@globex.com".to_owned(), ..row(1, "", &[]) };
    let long = FileRow { last_name: Some("x".repeat(70_000)), ..row(2, "long@pg.com", &[]) };
    let outcomes = world.import(&[foreign, long], true).await;
    assert_eq!(becomes(&outcomes), [RowRefusal::Address, RowRefusal::TooLong].map(Becomes::Refused));
    for event in [json!({}), json!({"rows": {"connection": "pg", "rows": [{}], "write": true}}), json!("x")] {
        let answer = world.invoke("csv-import", event).await.unwrap();
        assert_eq!(answer["not_understood"]["known"], json!(["rows", "leavers", "export", "traces"]));
    }
    assert!(world.directory("user").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_one_file_who_pass_on_their_address_do_so_in_two_runs_and_nobody_gets_another_s_account() {
    let world = start().await;
    let [ada, bob] = [row(1, "ada@pg.com", &[]), row(2, "bob@pg.com", &[])];
    world.import(&[ada.clone(), bob.clone()], true).await;
    let rows = [FileRow { email: "bob@pg.com".to_owned(), ..ada }, FileRow { email: "rob@pg.com".to_owned(), ..bob }];
    let first = world.import(&rows, true).await;
    assert_eq!(becomes(&first), [Becomes::Refused(RowRefusal::AddressOfAnother), Becomes::Changed]);
    assert_eq!(becomes(&world.import(&rows, true).await), [Becomes::Changed, Becomes::Unchanged]);
    // Two rows of one question that mean one person are settled one after the other.
    let same = FileRow { first_name: Some("Other".to_owned()), ..rows[0].clone() };
    assert_eq!(becomes(&world.import(&[same, rows[0].clone()], true).await), [Becomes::Changed, Becomes::Unchanged]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_of_a_group_at_once_are_in_it_and_too_many_who_leave_are_held() {
    let world = start().await;
    let rows = people(60);
    assert_eq!(becomes(&world.import(&rows, true).await), vec![Becomes::New; 60]);
    for _ in 0..4 {
        world.provision().await.unwrap();
        world.advance(61);
    }
    assert_eq!(world.open_to("needle1@pg.com"), [3, 4]);
    let everybody = world.operator.directory_ids(&pg()).await.unwrap();
    assert_eq!(everybody.len(), 60);
    let left = world.operator.leavers(&pg(), &everybody[..40], true).await.unwrap();
    assert_eq!(left.len(), 40);
    for _ in 0..4 {
        world.provision().await.unwrap();
        world.advance(61);
    }
    // Ten may always leave; the directory is right at once, and the school waits.
    assert_eq!(world.operator.stopped(&pg(), Stopped::Held).await.unwrap().len(), 30);
    let open = (1..=60).filter(|line| !world.open_to(&format!("needle{line}@pg.com")).is_empty()).count();
    assert_eq!(open, 50);
}

/// At each write and each read, what may become of it: done and its reply lost, not done, throttled; once, so that it is
/// tried again by itself, or as often as it is tried.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_a_call_every_row_is_there_once() {
    let kinds = [FaultKind::ApplyThenCutConnection, FaultKind::CutConnection, FaultKind::Throttle];
    let (mut points, mut broke_off) = (0, 0);
    for action in ["PutItem", "UpdateItem", "DeleteItem", "GetItem", "BatchGetItem", "Query"] {
        let world = start().await;
        for (kind, times) in kinds.iter().flat_map(|kind| [(*kind, 1), (*kind, 3)]) {
            for after in 0..3 {
                let told = format!("{action}: {kind:?}, {times} times, after {after}");
                let base = 1000 + 10 * points;
                points += 1;
                let mut rows: Vec<FileRow> =
                    (0..3).map(|at| row(base + at, &format!("p{}@pg.com", base + at), &["Leaders"])).collect();
                world.import(&rows[..2], true).await;
                rows[0].last_name = Some("Other".to_owned());
                rows[1].groups = Some(BTreeSet::from(["Others".to_owned()]));
                let fault = Fault::next("csv-import", &format!("dynamodb:{action}"), kind);
                world.front.inject(fault.after(after).times(times));
                let first = world.operator.import_rows(&pg(), rows.clone(), true).await;
                world.front.clear_faults();
                broke_off += u32::from(first.is_err());
                let is_refused = |row: &RowOutcome| matches!(row.becomes, Becomes::Refused(_));
                assert!(!first.unwrap_or_default().iter().any(is_refused), "{told}");
                // Taken again, whatever became of the first time: everything is there, once.
                let again = world.operator.import_rows(&pg(), rows.clone(), true).await;
                let again = again.unwrap_or_else(|error| panic!("{told}: {error}"));
                assert!(!again.iter().any(is_refused), "{told}: {again:?}");
                assert_eq!(becomes(&world.import(&rows, true).await), [Becomes::Unchanged; 3], "{told}");
                let ids: Vec<_> = again.iter().filter_map(|row| row.user.clone()).collect();
                let exported = world.operator.exported(&pg(), &ids).await.unwrap();
                let groups: Vec<&[String]> = exported.iter().map(|person| &person.groups[..]).collect();
                assert!(exported.len() == 3 && groups.iter().all(|groups| groups.len() == 1), "{told}: {groups:?}");
            }
        }
        assert_eq!(world.directory("users#pg").len(), 54, "{action}");
        assert_eq!(world.directory("groups#pg").len(), 2, "{action}");
    }
    assert!(points == 108 && broke_off > 20, "{points} points, {broke_off} broke off");
}

/// Mary, provisioned and once signed in, and somebody else.
async fn two_people(world: &World) -> Vec<RowOutcome> {
    let mary = FileRow { external_id: Some("mary".to_owned()), ..row(2, MARYS_EMAIL, &["Leaders"]) };
    let written = world.import(&[mary, row(3, "other@pg.com", &["Leaders"])], true).await;
    world.provision().await.unwrap();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    written
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_of_a_person_is_listed_and_then_gone_and_nobody_else_s_is() {
    let world = start().await;
    let written = two_people(&world).await;
    let (mary, other) = (written[0].user.clone().unwrap(), written[1].user.clone().unwrap());
    let stored = world.operator.stored_of(&pg(), &mary).await.unwrap();
    assert_eq!(stored.account, Some(world.thinkific.user(MARYS_EMAIL).unwrap().id));
    // They are active: their source would bring them back.
    let refused = world.operator.erase(&stored, "asked by letter").await.unwrap_err();
    assert!(matches!(refused, OperatorError::NotErasable(NotYet::Active)), "{refused}");

    world.operator.leavers(&pg(), std::slice::from_ref(&mary), true).await.unwrap();
    let stored = world.operator.stored_of(&pg(), &mary).await.unwrap();
    let refused = world.operator.erase(&stored, "asked by letter").await.unwrap_err();
    assert!(matches!(refused, OperatorError::NotErasable(NotYet::Given)), "{refused}");
    world.provision().await.unwrap();

    let others = world.operator.stored_of(&pg(), &other).await.unwrap().items;
    let before = world.front.items(Table::Directory).unwrap();
    let stored = world.operator.stored_of(&pg(), &mary).await.unwrap();
    for what in ["itself", "sync#thinkific", "owner", "lock"] {
        assert!(stored.items.iter().any(|item| item.key.sk.as_deref() == Some(what)), "{what}: {stored:?}");
    }
    assert!(!stored.address_is_another_s);
    world.operator.erase(&stored, "asked by letter").await.unwrap();
    let after = world.front.items(Table::Directory).unwrap();
    // What is left names her by nothing: not by her id but where it says that she was erased, nor by a key of hers.
    let gone: Vec<&Value> = before.iter().filter(|item| !after.contains(item)).collect();
    assert!(gone.len() >= 10, "{gone:?}");
    let left: Vec<String> = after
        .iter()
        .filter(|item| !item["pk"]["S"].as_str().unwrap().starts_with("erased#pg"))
        .map(|item| item.to_string())
        .collect();
    let account = stored.account.unwrap().to_string();
    for needle in [mary.as_str(), &format!("\"N\":\"{account}\"")] {
        assert!(!left.iter().any(|item| item.contains(needle)), "{needle}: {left:?}");
    }
    assert_eq!(world.operator.stored_of(&pg(), &other).await.unwrap().items, others);
    let none = world.operator.stored_of(&pg(), &mary).await.unwrap_err();
    assert!(matches!(none, OperatorError::NotInDirectory(_)), "{none}");
    // Whoever comes under the address is new.
    let back = world.import(&[FileRow { external_id: Some("new".into()), ..row(9, MARYS_EMAIL, &[]) }], true).await;
    assert_eq!(back[0].becomes, Becomes::New);
    assert_ne!(back[0].user.as_ref(), Some(&mary));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_breaks_off_anywhere_is_finished_by_the_next() {
    for after in 0..2 {
        let world = start().await;
        let mary = two_people(&world).await[0].user.clone().unwrap();
        world.operator.leavers(&pg(), std::slice::from_ref(&mary), true).await.unwrap();
        world.provision().await.unwrap();
        let stored = world.operator.stored_of(&pg(), &mary).await.unwrap();
        let fault = Fault::next("on-call", "dynamodb:DeleteItem", FaultKind::Deny).after(after);
        world.front.inject(fault);
        world.operator.erase(&stored, "asked by letter").await.unwrap_err();
        world.front.clear_faults();
        // Somebody else comes by the address in between, if it is free already.
        let next = [FileRow { external_id: Some("next".into()), ..row(9, MARYS_EMAIL, &[]) }];
        let came = world.import(&next, true).await;
        assert_eq!(came[0].becomes == Becomes::New, after == 1, "{came:?}");
        let stored = world.operator.stored_of(&pg(), &mary).await.unwrap();
        world.operator.erase(&stored, "asked by letter").await.unwrap();
        let left = world.front.items(Table::Directory).unwrap();
        let left: Vec<_> = left.iter().filter(|item| item.to_string().contains(mary.as_str())).collect();
        assert!(left.len() == 1 && left[0]["pk"]["S"] == "erased#pg", "{after}: {left:?}");
        let known = world.import(&next, true).await;
        assert_eq!(known[0].becomes, if after == 1 { Becomes::Unchanged } else { Becomes::New });
        assert!(after == 0 || known[0].user == came[0].user, "they have kept the address");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_at_the_school_behind_stoas_back_is_found_and_put_right() {
    let world = start().await;
    let mary = two_people(&world).await[0].user.clone().unwrap();
    world.advance(2 * 3600);
    let school = world.operator.school_mirror(&SchoolId::parse("pg-academy").unwrap()).await.unwrap();
    assert!(school.is_none_or(|mirror| mirror.mirrored_at.is_none()));
    assert!(world.operator.drifted(&pg()).await.unwrap().people.is_empty(), "nobody has looked yet");

    let account = world.thinkific.user(MARYS_EMAIL).unwrap().id;
    world.thinkific.remove_user(account);
    crate::mirror::mirrored(&world).await;
    let drifted = world.operator.drifted(&pg()).await.unwrap();
    assert_eq!(drifted.people, [(mary.clone(), Drift::AccountGone)]);
    assert_eq!(drifted.compared, 2);
    world.operator.repair((&pg(), &mary), "deleted by mistake").await.unwrap();
    assert!(world.operator.drifted(&pg()).await.unwrap().people.is_empty(), "it is on its way");
    for _ in 0..3 {
        world.provision().await.unwrap();
        world.advance(120);
    }
    assert_eq!(world.open_to(MARYS_EMAIL), [3, 4]);
}
