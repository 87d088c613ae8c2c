//! A settlement that breaks off, at any call and any write: nobody ends with another's address or account, nobody is
//! locked out, and nothing is left that needs an operator.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use stoa_core::routes::Table;
use stoa_core::turn::REMEMBERED_SECONDS;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::browser::Page;
use stoa_sandbox::pingfederate::Person;
use stoa_sandbox::thinkific::{Fault as SchoolFault, FaultTarget, NewUser, Trouble};

use crate::accounts::{rename, turned_away};
use crate::aws;
use crate::steps::{MARY, MARYS_EMAIL, World};

/// Longer than a claim counts that was not kept, and than the school's minute.
const MINUTE: i64 = 61;

/// What somebody does whose settlement breaks off. Each runs with people of its own, so that one world serves all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    /// They are new.
    New,
    /// They are new, and somebody has registered their address.
    Registered,
    /// They are known, and have another address.
    Moved,
    /// They are known, and have another name.
    Renamed,
    /// They are known, and it is time to look at their account.
    Overdue,
    /// The same, and their account is gone and registered again.
    Replaced,
}

const STORIES: [Story; 6] =
    [Story::New, Story::Registered, Story::Moved, Story::Renamed, Story::Overdue, Story::Replaced];

/// Where it breaks off.
#[derive(Clone, Debug)]
enum Point {
    /// The nth request of the launch to a table that has this action.
    Write { action: String, nth: usize, kind: FaultKind },
    /// The nth call of the school.
    Call { nth: usize, trouble: Trouble },
}

/// Somebody whose record shows `disputed` when it breaks off. Their own address is another, and so is `disputed` its
/// owner's, who has not come yet.
struct Somebody {
    login: String,
    own: String,
    disputed: String,
}

impl Somebody {
    /// Somebody who is about to do what the story says.
    async fn of(world: &World, story: Story, n: usize) -> Self {
        let login = format!("p{n}.{story:?}").to_lowercase();
        let [own, disputed] = [format!("{login}@pg.com"), format!("owner.of.{login}@pg.com")];
        world.pingfederate.add_person(Person::new(&login, &own, "Pat", "Person", ""));
        let somebody = Self { login, own, disputed };
        let stranger = NewUser { password: Some("a stranger's".into()), ..NewUser::student("", "At", "Tacker") };
        match story {
            Story::New => somebody.shows(world, &somebody.disputed),
            Story::Registered => {
                somebody.shows(world, &somebody.disputed);
                world.thinkific.add_user(NewUser { email: somebody.disputed.clone(), ..stranger });
            }
            Story::Moved => {
                somebody.comes_in(world, &somebody.own).await;
                somebody.shows(world, &somebody.disputed);
            }
            Story::Renamed => {
                somebody.comes_in(world, &somebody.own).await;
                world.pingfederate.edit_person(&somebody.login, |person| person.last_name = Some("Other".into()));
            }
            Story::Overdue | Story::Replaced => {
                somebody.comes_in(world, &somebody.own).await;
                if story == Story::Replaced {
                    world.thinkific.remove_user(world.thinkific.user(&somebody.own).unwrap().id);
                    world.thinkific.add_user(NewUser { email: somebody.own.clone(), ..stranger });
                }
                world.advance(3600);
            }
        }
        somebody
    }

    fn shows(&self, world: &World, email: &str) {
        world.pingfederate.edit_person(&self.login, |person| person.email = Some(email.to_owned()));
    }

    async fn tries(&self, world: &World) -> Page {
        world.log_in(&world.browser(), &self.login).await
    }

    async fn comes_in(&self, world: &World, email: &str) {
        world.signed_in(&self.tries(world).await, email);
    }

    /// The address that their record shows.
    fn shown(&self, story: Story) -> &str {
        match story {
            Story::New | Story::Registered | Story::Moved => &self.disputed,
            Story::Renamed | Story::Overdue | Story::Replaced => &self.own,
        }
    }
}

/// Every point of a story, from a run in which nothing breaks off.
async fn points(world: &World, story: Story) -> Vec<Point> {
    let somebody = Somebody::of(world, story, 0).await;
    world.advance(MINUTE);
    world.forget();
    somebody.comes_in(world, somebody.shown(story)).await;
    let mut points = Vec::new();
    let calls = world.front.take_calls();
    let written = calls.iter().filter(|call| call.principal == "thinkific-launch" && call.is_write());
    let mut requests: Vec<(u64, String)> = written.map(|call| (call.request, call.action.clone())).collect();
    requests.dedup();
    for (at, (_, action)) in requests.iter().enumerate() {
        let nth = requests[..at].iter().filter(|(_, other)| other == action).count();
        for kind in [FaultKind::Unavailable, FaultKind::ApplyThenCutConnection] {
            points.push(Point::Write { action: action.clone(), nth, kind });
        }
    }
    for nth in 0..world.thinkific.take_calls().len() {
        let limited = Trouble::RateLimited(Duration::from_secs(60));
        for trouble in [Trouble::Cut, Trouble::ApplyThenCut, Trouble::Status(500), limited] {
            points.push(Point::Call { nth, trouble });
        }
    }
    points
}

impl Point {
    /// Lets the next login break off here.
    fn order(&self, world: &World) {
        match self {
            Self::Write { action, nth, kind } => {
                // The SDK asks three times in all.
                world.front.inject(Fault::next("thinkific-launch", action, *kind).after(*nth).times(3));
            }
            Self::Call { nth, trouble } => {
                let fine = Trouble::Delay(Duration::ZERO);
                if *nth > 0 {
                    world.thinkific.inject(SchoolFault { target: FaultTarget::Admin, trouble: fine, times: *nth });
                }
                world.thinkific.inject(SchoolFault { target: FaultTarget::Admin, trouble: trouble.clone(), times: 1 });
            }
        }
    }

    fn is_over(world: &World) {
        world.front.clear_faults();
        world.thinkific.clear_faults();
        world.advance(MINUTE);
    }
}

/// Everybody who has an account has one only, and no stranger has the password of one that somebody entered.
fn assert_sound(world: &World, what: &str) {
    let users = world.thinkific.users();
    for user in &users {
        let holders = users.iter().filter(|other| other.external_id.is_some() && other.external_id == user.external_id);
        assert!(holders.count() <= 1, "{what}: two accounts of {}", user.email);
        let is_strangers = user.password.as_deref() == Some("a stranger's");
        assert!(!is_strangers || user.sign_ins == 0, "{what}: a stranger's password opens {}", user.email);
    }
}

async fn breaks_off(world: &World, somebody: &Somebody, story: Story, point: &Point) {
    point.order(world);
    let page = somebody.tries(world).await;
    // A look that is not answered is borne, and so is an address that cannot be given up: they may be in.
    if page.url.host_str() == Some(stoa_sandbox::thinkific::HOST) {
        world.signed_in(&page, somebody.shown(story));
    } else {
        // Who finds the school busy waits.
        let is_waiting = page.header("refresh").is_some();
        assert!(is_waiting || [502, 503].contains(&page.status), "{story:?} {point:?}: {}", page.text());
    }
    Point::is_over(world);
}

/// Whoever tries again gets in, with one account, whatever it was.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_broke_off_anywhere_gets_in_with_the_next_try() {
    // Beside each other, since some have to wait for whoever may still be calling.
    let counts = join_all(STORIES.map(async |story| {
        let world = World::start().await;
        let points = points(&world, story).await;
        for (n, point) in (1..).zip(&points) {
            let (what, somebody) = (format!("{story:?} {point:?}"), Somebody::of(&world, story, n).await);
            let users = world.thinkific.users().len();
            breaks_off(&world, &somebody, story, point).await;
            let page = somebody.tries(&world).await;
            assert!(page.status == 200, "{what}: {}", page.text());
            world.signed_in(&page, somebody.shown(story));
            assert_sound(&world, &what);
            let added = usize::from(story == Story::New);
            assert_eq!(world.thinkific.users().len(), users + added, "{what}: another account");
        }
        points.len()
    }));
    let count: usize = counts.await.into_iter().sum();
    println!("{count} points");
    assert!(count > 60, "{count}");
}

/// The record was wrong when it broke off: both people get in, each with their own address and account, without an
/// operator.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_was_shown_once_is_its_owner_s_again() {
    join_all([Story::New, Story::Moved].map(async |story| {
        let world = World::start().await;
        for (n, point) in (1..).zip(points(&world, story).await) {
            is_its_owner_s_again(&world, story, (n, &point)).await;
        }
    }))
    .await;
}

async fn is_its_owner_s_again(world: &World, story: Story, (n, point): (usize, &Point)) {
    let (what, somebody) = (format!("{story:?} {point:?}"), Somebody::of(world, story, n).await);
    breaks_off(world, &somebody, story, point).await;

    let login = format!("o{n}.{story:?}").to_lowercase();
    world.pingfederate.add_person(Person::new(&login, &somebody.disputed, "Olga", "Owner", ""));
    let owner = Somebody { login, own: somebody.disputed.clone(), disputed: String::new() };
    somebody.shows(world, &somebody.own);
    // Where the school has given the address to the other's account already, it takes the other's next login.
    let first = owner.tries(world).await;
    assert!(first.status == 200 || first.status == 409, "{what}: {}", first.text());
    let page = somebody.tries(world).await;
    assert!(page.status == 200, "{what}: {}", page.text());
    world.signed_in(&page, &somebody.own);
    world.advance(REMEMBERED_SECONDS);
    let page = owner.tries(world).await;
    assert!(page.status == 200, "{what}: {}", page.text());
    world.signed_in(&page, &owner.own);
    let [theirs, owners] = [&somebody.own, &owner.own].map(|email| world.thinkific.user(email).unwrap());
    assert_ne!(theirs.id, owners.id, "{what}");
    assert_eq!((theirs.first_name.as_str(), owners.first_name.as_str()), ("Pat", "Olga"), "{what}");
    assert_sound(world, &what);
    world.advance(MINUTE);
}

/// While nobody knows how it ended, the address is nobody else's, and for a minute only.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_counts_for_a_minute_unless_it_is_kept() {
    let world = World::start().await;
    // The claim is written, and then the function is gone: it cannot even give it up.
    let down = |action| Fault::next("thinkific-launch", action, FaultKind::Unavailable).times(3);
    world.thinkific.fail_next(Trouble::Cut);
    world.front.inject(down("dynamodb:DeleteItem"));
    world.refused(&world.log_in(&world.browser(), MARY).await, "thinkific_unavailable");
    turned_away(&world, "mallory.m", "email_owned").await;
    world.advance(45);
    turned_away(&world, "mallory.m", "email_owned").await;
    world.advance(15);
    world.signed_in(&world.log_in(&world.browser(), "mallory.m").await, MARYS_EMAIL);
    // And now it is kept.
    world.advance(365 * 24 * 3600);
    turned_away(&world, MARY, "email_owned").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_given_up_at_once_where_the_school_refuses_or_fails() {
    for trouble in [
        Trouble::Cut,
        Trouble::Status(500),
        Trouble::Status(200),
        Trouble::Status(401),
        Trouble::RateLimited(Duration::from_secs(60)),
        Trouble::Unprocessable { field: "email".into(), message: "is invalid".into() },
    ] {
        let world = World::start().await;
        world.thinkific.fail_next(trouble.clone());
        let page = world.log_in(&world.browser(), MARY).await;
        assert!(page.status >= 409 || page.header("refresh").is_some(), "{trouble:?}");
        assert!(world.front.items(Table::Directory).unwrap().is_empty(), "{trouble:?}");
    }
}

/// As versions wrote them that knew of no end, and left them behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_of_an_earlier_version_counts_while_its_person_has_the_address() {
    let world = World::with_mary().await;
    // Of a person who has another address by now.
    aws::set(&world, Table::Directory, "person#", "email", json!({"S": "A".repeat(32)})).await;
    world.advance(MINUTE);
    // The account is bound to Mary all the same.
    turned_away(&world, "mallory.m", "account_bound").await;
    world.thinkific.remove_user(world.thinkific.user(MARYS_EMAIL).unwrap().id);
    world.advance(REMEMBERED_SECONDS);
    world.signed_in(&world.log_in(&world.browser(), "mallory.m").await, MARYS_EMAIL);

    // Of a person who never got an item.
    let world = World::with_mary().await;
    aws::delete(&world, Table::Directory, "person#").await;
    turned_away(&world, "mallory.m", "email_owned").await;
    world.advance(MINUTE);
    turned_away(&world, "mallory.m", "account_bound").await;
    // It is still theirs if they come first.
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    turned_away(&world, "mallory.m", "email_owned").await;
}

/// A person who may not come in keeps the address until on-call frees it.
#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_somebody_deactivated_is_not_free() {
    for state in ["deactivated", "deleted"] {
        let world = World::with_mary().await;
        aws::set(&world, Table::Directory, "person#", "state", json!({"S": state})).await;
        world.advance(MINUTE);
        turned_away(&world, "mallory.m", "email_owned").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_address_that_could_not_be_given_up_is_free() {
    let world = World::with_mary().await;
    let down = Fault::next("thinkific-launch", "dynamodb:DeleteItem", FaultKind::Unavailable).times(3);
    world.front.inject(down);
    rename(&world, "married.m@pg.com");
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "married.m@pg.com");
    assert_eq!(aws::matching(&world, Table::Directory, "email#").len(), 2);
    world.advance(MINUTE);
    world.signed_in(&world.log_in(&world.browser(), "mallory.m").await, MARYS_EMAIL);
}

/// Put, so that the school never says how it ended.
fn on_change(trouble: Trouble) -> SchoolFault {
    SchoolFault {
        target: FaultTarget::AdminCall { method: http::Method::PUT, path: "/users".into() },
        trouble,
        times: 1,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c183_tries_that_failed_count_as_changes_of_address_and_the_same_one_counts_once() {
    let world = World::with_mary().await;
    for (email, troubles) in [("one@pg.com", 3), ("two@pg.com", 2)] {
        rename(&world, email);
        for _ in 0..troubles {
            world.thinkific.inject(on_change(Trouble::Status(500)));
            turned_away(&world, MARY, "thinkific_unavailable").await;
        }
    }
    for email in ["three@pg.com", "one@pg.com"] {
        rename(&world, email);
        turned_away(&world, MARY, "email_change_limit").await;
    }
    // Back is always open, and so is what was counted last.
    rename(&world, "two@pg.com");
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "two@pg.com");
    rename(&world, "three@pg.com");
    turned_away(&world, MARY, "email_change_limit").await;
    world.advance(24 * 3600);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "three@pg.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_addresses_tried_at_once_are_not_one_try() {
    let world = World::with_mary().await;
    let mut tickets = Vec::new();
    for n in 0..6 {
        rename(&world, &format!("try.{n}@pg.com"));
        let browser = world.browser();
        let ticket = world.ticket(&browser, MARY, "").await;
        tickets.push((browser, ticket));
    }
    let slow = Trouble::Delay(Duration::from_millis(100));
    world.thinkific.inject(SchoolFault { target: FaultTarget::Admin, trouble: slow, times: 100 });
    let pages = tickets.iter().map(|(browser, ticket)| crate::steps::go_on(browser, ticket));
    join_all(pages).await;
    let tried: std::collections::BTreeSet<String> = world
        .thinkific
        .calls()
        .iter()
        .filter(|call| call.method == "PUT")
        .map(|call| serde_json::from_str::<serde_json::Value>(&call.body).unwrap()["email"].to_string())
        .collect();
    assert!(tried.len() <= 2, "{tried:?}");
}

/// The flow is dropped at its deadline, wherever it stands: no code runs after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_in_a_settlement_counts_as_a_try_and_leaves_nothing() {
    let world = World::with_mary().await;
    let account = world.thinkific.user(MARYS_EMAIL).unwrap().id;
    // Two reads and three calls, each within its own time limit, are together too slow.
    let read = FaultKind::Delay(Duration::from_millis(1200));
    world.front.inject(Fault::next("thinkific-launch", "dynamodb:BatchGetItem", read).times(2));
    let slow = Trouble::Delay(Duration::from_millis(2300));
    rename(&world, "existing.f@pg.com");
    world.thinkific.inject(SchoolFault { target: FaultTarget::Admin, trouble: slow, times: 3 });
    let launches = world.launches();
    world.refused(&world.log_in(&world.browser(), MARY).await, "deadline_exceeded");
    assert_eq!(world.launches(), launches);
    let item = &aws::matching(&world, Table::Directory, "person#")[0];
    assert_eq!((item["changes"]["N"].as_str(), item["fingerprint"]["S"].as_str()), (Some("1"), Some("")), "{item}");
    // It was given up in time to say so: the next try has nobody to wait for.
    assert_eq!(aws::matching(&world, Table::Logins, "turn#")[0]["until"]["N"], "0");

    world.front.clear_faults();
    world.thinkific.clear_faults();
    world.pingfederate.add_person(Person::new("existing.f", "existing.f@pg.com", "Erin", "F", ""));
    turned_away(&world, "existing.f", "email_owned").await;
    rename(&world, MARYS_EMAIL);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().id, account);
    world.advance(MINUTE);
    world.signed_in(&world.log_in(&world.browser(), "existing.f").await, "existing.f@pg.com");
}
