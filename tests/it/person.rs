//! What on-call does to one person by `stoa person`.

use std::time::Duration;

use stoa_core::ids::ConnectionId;
use stoa_core::person::PersonState;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::thinkific::NewUser;
use stoa_service::operator::{FoundPerson, Named, OperatorError, PersonChange};

use crate::aws::{matching, set};
use crate::steps::{MARY, MARYS_EMAIL, World};

async fn find(world: &World, named: Named) -> Result<FoundPerson, OperatorError> {
    world.operator.person(&ConnectionId::parse("pg").unwrap(), named).await
}

async fn mary(world: &World) -> FoundPerson {
    find(world, Named::Email(MARYS_EMAIL.to_owned())).await.unwrap()
}

async fn change(world: &World, person: &FoundPerson, change: PersonChange) -> Result<(), OperatorError> {
    world.operator.change_person(person, &change, "a test").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_by_address_and_by_subject_and_nobody_by_a_free_address() {
    let world = World::with_mary().await;
    let by_email = mary(&world).await;
    let by_subject = find(&world, Named::Subject(MARY.to_owned())).await.unwrap();
    assert_eq!((&by_email.key, by_email.item.is_some()), (&by_subject.key, true));
    assert!(by_email.address.is_some() && by_subject.address.is_some());
    let nobody = find(&world, Named::Email("nobody@pg.com".to_owned())).await.unwrap_err();
    assert!(matches!(nobody, OperatorError::NoPerson(_)), "{nobody}");
    let stranger = find(&world, Named::Subject("stranger".to_owned())).await.unwrap();
    assert!(stranger.item.is_none() && stranger.address.is_none());
    assert!(world.log().iter().all(|line| line.contains("find_person") && !line.contains('@')));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deactivated_is_refused_from_the_next_launch_on_until_reactivated() {
    let world = World::with_mary().await;
    let before = mary(&world).await;
    change(&world, &before, PersonChange::Deactivate).await.unwrap();
    world.refused(&world.log_in(&world.browser(), MARY).await, "person_deactivated");

    let stale = change(&world, &before, PersonChange::Deactivate).await.unwrap_err();
    assert!(matches!(stale, OperatorError::PersonMeanwhile), "{stale}");
    let twice = change(&world, &mary(&world).await, PersonChange::Deactivate).await.unwrap_err();
    assert!(matches!(twice, OperatorError::PersonIs(_)), "{twice}");

    change(&world, &mary(&world).await, PersonChange::Reactivate).await.unwrap();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let history = world.operator.person_history(&mary(&world).await).await.unwrap();
    let told: Vec<_> =
        history.iter().map(|[_, what, by, reason]| (what.as_str(), by.as_str(), reason.as_str())).collect();
    let by = "arn:aws:iam::000000000000:user/sandbox";
    assert_eq!(told, [("deactivated", by, "a test"), ("reactivated", by, "a test")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_under_way_does_not_undo_a_deactivation() {
    let world = World::with_mary().await;
    let before = mary(&world).await;
    change(&world, &before, PersonChange::FreeAddress).await.unwrap();
    // The address is claimed anew, and the person, who is under way, is about to be written.
    let late = Fault::next("thinkific-launch", "dynamodb:PutItem", FaultKind::Delay(Duration::from_millis(1500)));
    world.front.inject(late.after(1));
    let browser = world.browser();
    let (page, ()) = tokio::join!(world.log_in(&browser, MARY), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // What was read before the login began is out of date.
        let stale = change(&world, &before, PersonChange::Deactivate).await.unwrap_err();
        assert!(matches!(stale, OperatorError::PersonMeanwhile), "{stale}");
        let under_way = find(&world, Named::Subject(MARY.to_owned())).await.unwrap();
        change(&world, &under_way, PersonChange::Deactivate).await.unwrap();
    });
    world.refused(&page, "person_deactivated");
    let after = find(&world, Named::Subject(MARY.to_owned())).await.unwrap().item.unwrap();
    assert_eq!(after.state, PersonState::Deactivated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_is_not_woken() {
    let world = World::with_mary().await;
    set(&world, Table::Directory, "person#", "state", serde_json::json!({"S": "deleted"})).await;
    for wanted in [PersonChange::Deactivate, PersonChange::Reactivate] {
        let refused = change(&world, &mary(&world).await, wanted).await.unwrap_err();
        assert!(matches!(refused, OperatorError::PersonIs(_)), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freed_address_is_the_next_one_s() {
    let world = World::with_mary().await;
    world.refused(&world.log_in(&world.browser(), "mallory.m").await, "email_owned");

    let former = mary(&world).await;
    change(&world, &former, PersonChange::FreeAddress).await.unwrap();
    let again = change(&world, &former, PersonChange::FreeAddress).await.unwrap_err();
    assert!(matches!(again, OperatorError::PersonMeanwhile), "{again}");
    // The old account still has the address at the school: that is the next thing to settle.
    world.refused(&world.log_in(&world.browser(), "mallory.m").await, "account_bound");
    let nobody = find(&world, Named::Email(MARYS_EMAIL.to_owned())).await.unwrap_err();
    assert!(matches!(nobody, OperatorError::NoPerson(_)), "{nobody}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_an_earlier_integration_is_entered_once_it_is_linked() {
    let world = World::start().await;
    let user = world
        .thinkific
        .add_user(NewUser { external_id: Some("legacy-17".into()), ..NewUser::student(MARYS_EMAIL, "Mary", "Miller") });
    world.refused(&world.log_in(&world.browser(), MARY).await, "account_bound");

    let person = find(&world, Named::Subject(MARY.to_owned())).await.unwrap();
    let nothing = change(&world, &person, PersonChange::Deactivate).await.unwrap_err();
    assert!(matches!(nothing, OperatorError::NeverCameIn), "{nothing}");
    let link = PersonChange::Link { user, external_id: "legacy-17".to_owned() };
    change(&world, &person, link).await.unwrap();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.forget();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.calls(), [], "settled for good");
    assert_eq!(matching(&world, Table::Directory, "person#").len(), 2, "the person and the note of who linked them");
}

/// Whoever has decided something about a person knows better than what was counted against them.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_decides_opens_another_change_of_address_on_the_same_day() {
    let world = World::with_mary().await;
    let shows = |email: &str| world.pingfederate.edit_person(MARY, |person| person.email = Some(email.to_owned()));
    let account = world.thinkific.user(MARYS_EMAIL).unwrap();
    let link = PersonChange::Link { user: account.id, external_id: account.external_id.unwrap() };
    let mut now_at = MARYS_EMAIL.to_owned();
    for (n, decided) in
        [vec![PersonChange::FreeAddress], vec![link], vec![PersonChange::Deactivate, PersonChange::Reactivate]]
            .into_iter()
            .enumerate()
    {
        for next in ["a", "b"] {
            now_at = format!("mary.{n}.{next}@pg.com");
            shows(&now_at);
            world.signed_in(&world.log_in(&world.browser(), MARY).await, &now_at);
        }
        shows("third@pg.com");
        world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "email_change_limit");
        for decision in decided {
            let mary = find(&world, Named::Email(now_at.clone())).await.unwrap();
            change(&world, &mary, decision).await.unwrap();
        }
    }
    shows("third@pg.com");
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "third@pg.com");
}
