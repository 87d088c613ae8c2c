//! Two identity providers of one customer: its people are shared, and each provider speaks for its own domains only.

use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_sandbox::browser::Page;
use stoa_service::operator::{Named, PersonChange};

use crate::accounts::{rename, turned_away};
use crate::aws;
use crate::steps::{MARY, MARYS_EMAIL, World};

const OUTSIDE: &str = "mallory@contractors.example";

/// Mary is known through `pg`; whoever runs `pg-two` may speak for contractors only, and can state any subject.
async fn contractors_beside(world: &World) {
    world.add_connection_with(|file| file.replace("[\"pg.com\"]", "[\"contractors.example\"]")).await;
}

async fn through_two(world: &World) -> Page {
    world.log_in_through_two(&world.browser(), MARY).await
}

/// A login through the second provider that must not end in the school; the school is as it was before.
async fn turned_away_at_two(world: &World, fault: &str) {
    let (users, launches) = (world.thinkific.users(), world.launches());
    let page = through_two(world).await;
    world.refused_and_traced(&page, fault);
    assert!(page.status == 409 && page.text().contains("email-change-foreign"), "{}", page.text());
    assert_eq!(world.launches(), launches);
    assert_eq!(world.thinkific.users(), users, "an account was touched");
}

/// The items of the directory as a version wrote them that did not know of domains.
async fn forget_domains(world: &World) {
    for attribute in ["checked", "domain"] {
        aws::unset(world, Table::Directory, "person#", attribute).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c183_a_provider_does_not_replace_an_address_of_another_s_domain() {
    let world = World::with_mary().await;
    contractors_beside(&world).await;
    rename(&world, OUTSIDE);
    turned_away_at_two(&world, "email_change_foreign").await;
    // It was refused before the school was asked anything, and it harmed nobody.
    assert_eq!(world.thinkific.calls(), []);
    rename(&world, MARYS_EMAIL);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_written_by_an_earlier_version_is_protected_by_their_account_s_address() {
    let world = World::with_mary().await;
    contractors_beside(&world).await;
    forget_domains(&world).await;
    rename(&world, OUTSIDE);
    turned_away_at_two(&world, "email_change_foreign").await;

    // Their own provider still may, and writes down whose the domain is.
    rename(&world, "married.m@pg.com");
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "married.m@pg.com");
    rename(&world, OUTSIDE);
    world.forget();
    turned_away_at_two(&world, "email_change_foreign").await;
    assert_eq!(world.thinkific.calls(), []);
}

/// The account is there and bound to the subject, and its person is not: the first login broke off, or an item is gone.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_its_person_is_protected_by_its_address() {
    let world = World::with_mary().await;
    contractors_beside(&world).await;
    aws::delete(&world, Table::Directory, "").await;
    rename(&world, OUTSIDE);
    turned_away_at_two(&world, "email_change_foreign").await;
    rename(&world, MARYS_EMAIL);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_says_whose_an_address_was_nobody_replaces_it() {
    let world = World::with_mary().await;
    contractors_beside(&world).await;
    forget_domains(&world).await;
    world.thinkific.remove_user(world.thinkific.user(MARYS_EMAIL).unwrap().id);
    rename(&world, OUTSIDE);
    turned_away_at_two(&world, "email_change_foreign").await;
    // With the address that they had, they come in as before.
    rename(&world, MARYS_EMAIL);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_providers_of_one_domain_share_its_people() {
    let world = World::with_mary().await;
    let account = world.thinkific.user(MARYS_EMAIL).unwrap().id;
    world.add_connection().await;
    world.signed_in(&through_two(&world).await, MARYS_EMAIL);
    rename(&world, "married.m@pg.com");
    world.signed_in(&through_two(&world).await, "married.m@pg.com");
    rename(&world, MARYS_EMAIL);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().id, account);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_moves_to_another_domain_through_a_provider_of_both() {
    let world = World::with_mary().await;
    let account = world.thinkific.user(MARYS_EMAIL).unwrap().id;
    contractors_beside(&world).await;
    world.reconfigure(|text| text.replace("[\"pg.com\"]", "[\"pg.com\", \"contractors.example\"]")).await;
    rename(&world, OUTSIDE);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, OUTSIDE);
    // From now on the second provider speaks for them, and cannot move them back.
    world.signed_in(&through_two(&world).await, OUTSIDE);
    assert_eq!(world.thinkific.user(OUTSIDE).unwrap().id, account);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_named_a_subject_first_does_not_get_its_owner_s_account_later() {
    let world = World::start().await;
    contractors_beside(&world).await;
    rename(&world, OUTSIDE);
    world.signed_in(&through_two(&world).await, OUTSIDE);
    let users = world.thinkific.users();
    rename(&world, MARYS_EMAIL);
    turned_away(&world, MARY, "email_change_foreign").await;
    assert_eq!(world.thinkific.users(), users);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_says_which_provider_may_replace_the_address() {
    let world = World::with_mary().await;
    let account = world.thinkific.user(MARYS_EMAIL).unwrap();
    contractors_beside(&world).await;
    let link = |connection: &'static str| {
        let (world, external_id) = (&world, account.external_id.clone().unwrap());
        async move {
            let connection = ConnectionId::parse(connection).unwrap();
            let person = world.operator.person(&connection, Named::Subject(MARY.to_owned())).await.unwrap();
            let link = PersonChange::Link { user: account.id, external_id };
            world.operator.change_person(&person, &link, "a test").await.unwrap();
        }
    };
    rename(&world, OUTSIDE);
    link("pg").await;
    turned_away_at_two(&world, "email_change_foreign").await;
    link("pg-two").await;
    world.signed_in(&through_two(&world).await, OUTSIDE);
    assert_eq!(world.thinkific.user(OUTSIDE).unwrap().id, account.id);
    // Once: from then on it is as with everybody.
    rename(&world, MARYS_EMAIL);
    turned_away(&world, MARY, "email_change_foreign").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_linked_before_they_came_is_waited_for_at_that_provider_only() {
    let world = World::start().await;
    contractors_beside(&world).await;
    let account = world.thinkific.user("existing@pg.com").unwrap().id;
    let person = world.operator.person(&ConnectionId::parse("pg").unwrap(), Named::Subject(MARY.to_owned())).await;
    let link = PersonChange::Link { user: account, external_id: "legacy-17".to_owned() };
    world.operator.change_person(&person.unwrap(), &link, "a test").await.unwrap();
    rename(&world, OUTSIDE);
    turned_away_at_two(&world, "email_change_foreign").await;
    rename(&world, MARYS_EMAIL);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().id, account);
}

/// Whoever reads the table does not learn from it who works where: of two people of one domain each has another key.
#[tokio::test(flavor = "multi_thread")]
async fn the_domain_in_an_item_tells_nobody_who_works_together() {
    let world = World::with_mary().await;
    world.signed_in(&world.log_in(&world.browser(), "li.xl").await, "li.xl@pg.com");
    let people = aws::matching(&world, Table::Directory, "person#");
    assert_eq!(people.len(), 2);
    assert_ne!(people[0]["domain"], people[1]["domain"]);
    assert!(people.iter().all(|item| item["domain"]["S"].as_str().unwrap().len() == 32), "{people:?}");
}
