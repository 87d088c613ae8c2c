//! A customer changes what names its people, and sends the previous value beside the new one for a while.

use stoa_core::ids::ConnectionId;
use stoa_core::login::What;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_service::operator::{FoundPerson, Named, PersonChange};

use crate::aws::matching;
use crate::steps::{MARY, MARYS_EMAIL, World};

const NEW: &str = "E-1001";

/// The identity provider names Mary by a number, and has her short name in `uid`; the connection knows of it.
async fn renumbered(until: &str) -> World {
    let world = World::with_mary().await;
    rename(&world, MARY, NEW, MARY);
    moves_until(&world, until).await;
    world
}

fn rename(world: &World, login: &str, new: &str, previous: &str) {
    let others = vec![("uid".to_owned(), vec![previous.to_owned()])];
    assert!(world.pingfederate.edit_person(login, |person| {
        person.login = new.to_owned();
        person.others = others.clone();
    }));
}

async fn moves_until(world: &World, until: &str) {
    let subject = format!("[subject]\nprevious = {{ from = \"uid\", until = \"{until}\" }}");
    world.reconfigure(|text| text.replace("[subject]", &subject)).await;
    world.forget();
}

async fn find(world: &World, subject: &str) -> FoundPerson {
    let named = Named::Subject(subject.to_owned());
    world.operator.person(&ConnectionId::parse("pg").unwrap(), named).await.unwrap()
}

/// A day that is far away wherever the test's clock stands.
const LATER: &str = "2100-01-01";

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_moved_by_their_next_login_and_keeps_their_account() {
    let world = renumbered(LATER).await;
    let account = world.thinkific.user(MARYS_EMAIL).unwrap();
    let before = find(&world, MARY).await;
    world.signed_in(&world.log_in(&world.browser(), NEW).await, MARYS_EMAIL);

    let now = world.thinkific.user(MARYS_EMAIL).unwrap();
    assert_eq!((now.id, now.external_id, now.sign_ins), (account.id, account.external_id, 2), "the same account");
    assert_eq!(world.thinkific.calls(), [], "and the school was not asked");
    assert!(find(&world, MARY).await.item.is_none(), "nobody is known under the previous subject");
    let after = find(&world, NEW).await;
    let (was, is) = (before.item.unwrap(), after.item.clone().unwrap());
    assert_eq!((is.id, is.user, is.state, is.fingerprint), (was.id, was.user, was.state, was.fingerprint));
    assert!(after.address.is_some(), "the address moved with them");
    for key in [&before.key, &after.key] {
        let notes = matching(&world, Table::Directory, &format!("person#{key}"));
        assert!(notes.iter().any(|item| item["by"]["S"] == "a login through pg"), "{notes:?}");
    }
    let moved = What::Moved.as_str();
    assert_eq!(world.steps().iter().filter(|step| step.contains(moved)).count(), 1, "{:?}", world.steps());

    // From now on they are known: nothing is moved, and nothing asked.
    world.signed_in(&world.log_in(&world.browser(), NEW).await, MARYS_EMAIL);
    assert_eq!(world.steps().iter().filter(|step| step.contains(moved)).count(), 1);
    // Who comes under the previous subject with that address is a stranger to it.
    rename(&world, NEW, MARY, "nobody");
    world.refused(&world.log_in(&world.browser(), MARY).await, "email_owned");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_its_last_day_nobody_is_moved() {
    let world = renumbered("2020-01-01").await;
    world.refused(&world.log_in(&world.browser(), NEW).await, "email_owned");
    moves_until(&world, LATER).await;
    world.signed_in(&world.log_in(&world.browser(), NEW).await, MARYS_EMAIL);
}

/// Whoever can write the attribute writes a colleague's subject into it.
#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_s_previous_subject_opens_nothing_without_their_address() {
    let world = World::with_mary().await;
    rename(&world, "li.xl", "E-1002", MARY);
    moves_until(&world, LATER).await;
    let page = world.log_in(&world.browser(), "E-1002").await;
    assert!(!page.text().contains(MARYS_EMAIL), "{}", page.text());
    assert!(find(&world, MARY).await.item.is_some(), "Mary is where she was");
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_known_is_moved_onto_nobody_and_who_was_shut_out_stays_out() {
    let world = World::with_mary().await;
    world.log_in(&world.browser(), "li.xl").await;
    let li = find(&world, "li.xl").await;
    // A known person brings somebody else's previous subject.
    let others = vec![("uid".to_owned(), vec![MARY.to_owned()])];
    world.pingfederate.edit_person("li.xl", |person| person.others = others.clone());
    moves_until(&world, LATER).await;
    world.log_in(&world.browser(), "li.xl").await;
    assert_eq!(find(&world, "li.xl").await.item, li.item);
    assert!(find(&world, MARY).await.item.is_some());

    world.operator.change_person(&find(&world, MARY).await, &PersonChange::Deactivate, "left").await.unwrap();
    rename(&world, MARY, NEW, MARY);
    world.refused(&world.log_in(&world.browser(), NEW).await, "email_owned");
    assert!(find(&world, NEW).await.item.is_none());
}

/// Somebody who never had a previous subject, or has two, comes as whoever they are.
#[tokio::test(flavor = "multi_thread")]
async fn a_previous_subject_that_says_nothing_turns_nobody_away() {
    let world = World::with_mary().await;
    moves_until(&world, LATER).await;
    for values in [vec![], vec![MARY.to_owned(), "li.xl".to_owned()], vec!["x".repeat(300)], vec![String::new()]] {
        world.pingfederate.edit_person(MARY, |person| person.others = vec![("uid".to_owned(), values.clone())]);
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    }
}

/// Two tabs at once: one moves the person, the other finds them moved.
#[tokio::test(flavor = "multi_thread")]
async fn two_logins_at_once_move_a_person_once() {
    let world = renumbered(LATER).await;
    let late = FaultKind::Delay(std::time::Duration::from_millis(700));
    world.front.inject(Fault::next("thinkific-launch", "dynamodb:TransactWriteItems", late).times(1));
    let (one, two) = (world.browser(), world.browser());
    let (first, second) = tokio::join!(world.log_in(&one, NEW), world.log_in(&two, NEW));
    world.signed_in(&first, MARYS_EMAIL);
    world.signed_in(&second, MARYS_EMAIL);
    assert_eq!(world.steps().iter().filter(|step| step.contains(What::Moved.as_str())).count(), 1);
}

/// The table is gone in the middle: nothing was half done, and the next login moves them.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_fails_leaves_everything_as_it_was() {
    let world = renumbered(LATER).await;
    let before = find(&world, MARY).await.item;
    let gone = Fault::next("thinkific-launch", "dynamodb:PutItem", FaultKind::Unavailable);
    world.front.inject(gone.times(4));
    world.log_in(&world.browser(), NEW).await;
    world.front.clear_faults();
    assert!(find(&world, NEW).await.item.is_none());
    assert_eq!(find(&world, MARY).await.item, before);
    world.signed_in(&world.log_in(&world.browser(), NEW).await, MARYS_EMAIL);
}
