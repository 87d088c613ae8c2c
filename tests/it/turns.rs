//! One request at a time settles an account: slow ones, late ones, and ones whose clocks are wrong.

use std::time::{Duration, Instant};

use serde_json::Value;
use stoa_core::person::CLAIM_SECONDS;
use stoa_core::turn::TURN_SECONDS;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::browser::{Browser, Page};
use stoa_sandbox::thinkific::{Fault as SchoolFault, FaultTarget, Trouble};

use crate::steps::{MARY, MARYS_EMAIL, World, go_on};

/// A tab that is about to launch, as the person was called at the time.
struct Tab {
    browser: Browser,
    ticket: Page,
}

impl Tab {
    async fn of(world: &World, login: &str) -> Self {
        let browser = world.browser();
        let ticket = world.ticket(&browser, login, "").await;
        Self { browser, ticket }
    }

    async fn called(world: &World, last_name: &str) -> Self {
        world.pingfederate.edit_person(MARY, |person| person.last_name = Some(last_name.to_owned()));
        Self::of(world, MARY).await
    }

    async fn launch(&self) -> Page {
        go_on(&self.browser, &self.ticket).await
    }
}

/// Lets the first calls of the school take this long each.
fn slow(world: &World, times: usize, each: Duration) {
    let trouble = Trouble::Delay(each);
    world.thinkific.inject(SchoolFault { target: FaultTarget::Admin, trouble, times });
}

/// The last names that the school was told, in the order of the calls.
fn told(world: &World) -> Vec<String> {
    let calls = world.thinkific.calls();
    let changes = calls.iter().filter(|call| call.method != "GET");
    changes
        .map(|call| serde_json::from_str::<Value>(&call.body).unwrap()["last_name"].as_str().unwrap().into())
        .collect()
}

fn last_name(world: &World) -> String {
    world.thinkific.user(MARYS_EMAIL).unwrap().last_name
}

/// The account says what the directory believes: whoever comes again as it says has nothing to be told. (The account is
/// looked at once more where the last look is of a clock that is ahead.)
async fn agree(world: &World, name: &str) {
    assert_eq!(last_name(world), name);
    let tab = Tab::called(world, name).await;
    world.forget();
    world.signed_in(&tab.launch().await, MARYS_EMAIL);
    assert_eq!(told(world), [""; 0], "{name} was told already");
}

/// The account was settled. Whether the school takes the token of an instance whose clock is wrong is another question.
#[track_caller]
fn settled(world: &World, page: &Page) {
    let text = page.text();
    assert!(
        text.contains("school-sent-back") || text.contains(MARYS_EMAIL),
        "at {}: {text} {:?}",
        page.url,
        world.faults()
    );
}

async fn a_moment_later<T>(doing: impl Future<Output = T>) -> T {
    tokio::time::sleep(Duration::from_millis(400)).await;
    doing.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_settlement_keeps_its_turn_to_the_end() {
    let world = World::with_mary().await;
    let [first, second] = [Tab::called(&world, "First").await, Tab::called(&world, "Second").await];
    world.forget();
    // Four calls: nearly six seconds.
    slow(&world, 4, Duration::from_millis(1400));
    let (page, waited) = tokio::join!(first.launch(), a_moment_later(second.launch()));
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!((waited.status, world.faults()), (409, vec!["settling_under_way".to_owned()]));
    assert_eq!((told(&world), last_name(&world).as_str()), (vec!["First".to_owned()], "First"));
    // It waits in its tab.
    world.signed_in(&second.launch().await, MARYS_EMAIL);
    agree(&world, "Second").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_settled_between_the_read_and_the_turn_is_not_settled_again() {
    let world = World::start().await;
    let [late, quick] = [Tab::of(&world, MARY).await, Tab::of(&world, MARY).await];
    world.forget();
    // The late one has read the directory, and asks whose turn it is after the quick one is done.
    let waits = FaultKind::Delay(Duration::from_millis(1500));
    world.front.inject(Fault::next("thinkific-launch", "dynamodb:BatchGetItem", waits).after(1));
    let (page, quick) = tokio::join!(late.launch(), a_moment_later(quick.launch()));
    world.signed_in(&quick, MARYS_EMAIL);
    world.signed_in(&page, MARYS_EMAIL);
    let calls = world.thinkific.calls();
    assert_eq!(calls.iter().map(|call| call.method.as_str()).collect::<Vec<_>>(), ["POST"]);
    let turn = &crate::aws::matching(&world, stoa_core::routes::Table::Logins, "turn#")[0];
    assert_eq!((&turn["turns"]["N"], &turn["until"]["N"]), (&"1".into(), &"0".into()), "one settlement is counted");
}

/// The second one believes that it is nearly a minute later: the first one's turn is over, by its clock.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_the_turn_to_a_clock_that_is_ahead_changes_nothing_until_it_has_it_again() {
    let world = World::with_mary().await;
    let [first, second] = [Tab::called(&world, "First").await, Tab::called(&world, "Second").await];
    world.forget();
    slow(&world, 1, Duration::from_millis(2500));
    let (page, overtook) = tokio::join!(
        first.launch(),
        a_moment_later(async {
            world.shift_functions(50);
            second.launch().await
        })
    );
    settled(&world, &overtook);
    settled(&world, &page);
    assert_eq!(told(&world), ["Second", "First"]);
    world.shift_functions(-50);
    agree(&world, "First").await;
}

/// A change that is under way is waited for, whatever the clocks say.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_under_way_is_not_overtaken() {
    let world = World::with_mary().await;
    for (nth, (before, after)) in [(0, 100), (-3600, 3600), (-65, 65)].into_iter().enumerate() {
        let [one, two] = [format!("One {nth}"), format!("Two {nth}")];
        let [first, second] = [Tab::called(&world, &one).await, Tab::called(&world, &two).await];
        world.forget();
        let target = FaultTarget::AdminCall { method: http::Method::PUT, path: "/users".into() };
        let trouble = Trouble::Delay(Duration::from_millis(2600));
        world.thinkific.inject(SchoolFault { target, trouble, times: 1 });
        world.shift_functions(before);
        let began = Instant::now();
        let (page, overtook) = tokio::join!(
            first.launch(),
            a_moment_later(async {
                world.shift_functions(after);
                second.launch().await
            })
        );
        settled(&world, &page);
        settled(&world, &overtook);
        assert!(began.elapsed() > Duration::from_millis(3900), "{before} {after}: it did not wait");
        assert_eq!(told(&world), [one.as_str(), two.as_str()], "{before} {after}");
        world.shift_functions(-before - after);
        agree(&world, &two).await;
    }
}

/// Whatever two clocks say, and wherever the slow call is: the account ends as the directory believes, and nobody has
/// to be let in by on-call.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_clocks_delay_and_spoil_nothing() {
    let world = World::with_mary().await;
    for (before, after) in [(0, 119), (-3600, 3600), (0, -3600), (119, -119), (-86_400, 86_400)] {
        for nth in [1, 3] {
            let name = |what: &str| format!("{what} {before} {nth}");
            let [first, second] = [Tab::called(&world, &name("A")).await, Tab::called(&world, &name("B")).await];
            slow(&world, nth, Duration::from_millis(900));
            world.shift_functions(before);
            tokio::join!(
                first.launch(),
                a_moment_later(async {
                    world.shift_functions(after);
                    second.launch().await
                })
            );
            world.shift_functions(-before - after);
            world.thinkific.clear_faults();
            world.advance(TURN_SECONDS + CLAIM_SECONDS + 60);
            let last = name("C");
            world.signed_in(&Tab::called(&world, &last).await.launch().await, MARYS_EMAIL);
            agree(&world, &last).await;
            // Of another day: nobody is to meet the limit of settlements here.
            world.advance(2 * 86_400);
        }
    }
}

/// The claim of an instance whose clock is behind has lapsed for everybody else, while it is still at work.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_lost_to_another_clock_is_nobody_s_twice() {
    let world = World::start().await;
    let [behind, right] = [Tab::of(&world, MARY).await, Tab::of(&world, "mallory.m").await];
    world.forget();
    // It has claimed the address, and is about to look whether that is still so.
    let waits = FaultKind::Delay(Duration::from_millis(1500));
    world.front.inject(Fault::next("thinkific-launch", "dynamodb:BatchGetItem", waits).after(3));
    world.shift_functions(-CLAIM_SECONDS - 10);
    let (lost, page) = tokio::join!(
        behind.launch(),
        a_moment_later(async {
            world.shift_functions(CLAIM_SECONDS + 10);
            right.launch().await
        })
    );
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!((lost.status, world.faults()), (409, vec!["email_owned".to_owned()]));
    assert_eq!(told(&world).len(), 1, "{:?}", told(&world));
}
