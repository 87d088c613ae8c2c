//! Whatever a school answers to a question of a rehearsal, everybody enters their own account or is told why not.

use serde_json::Value;
use stoa_core::ids::ConnectionId;
use stoa_core::provision::{Stuck, TRIES};
use stoa_core::rehearsal::{Answer, Question};
use stoa_sandbox::sandbox::{Options, Sandbox};
use stoa_service::operator::Stopped;

use crate::accounts::rename;
use crate::provisioning::{make_mary, set_active, start_with};
use crate::steps::{MARY, MARYS_EMAIL, World};

const EXISTING: &str = "existing@pg.com";

async fn enter_under_each_answer(question: Question) {
    for answer in question.answers() {
        let options = Options { answers: vec![(question, *answer)], ..Options::default() };
        let world = World::of(Sandbox::start(options).await.unwrap());
        let everybody = world.thinkific.users().len();
        enters(&world).await;
        let is_refused = (question, *answer) == (Question::UnboundAccount, Answer::Refused);
        // An account that somebody made before. Where its school lets tokens open no such account, its person meets us.
        let existing = world.thinkific.user(EXISTING).unwrap().id;
        for _ in 0..2 {
            let page = world.log_in(&world.browser(), "existing.e").await;
            if is_refused {
                assert_eq!(page.url.host_str(), Some(stoa_sandbox::sandbox::HOST), "{}", page.text());
                assert!(page.text().contains("Reference"), "{}", page.text());
            } else {
                world.signed_in(&page, EXISTING);
            }
        }
        assert_eq!(world.thinkific.user(EXISTING).unwrap().id, existing);
        assert_eq!(world.thinkific.users().len(), everybody + 1, "{question:?}, {answer:?}");
    }
}

/// Somebody new, three times: as they are, under another name, at another address.
async fn enters(world: &World) {
    for _ in 0..2 {
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    }
    let first = world.thinkific.user(MARYS_EMAIL).unwrap();
    assert!(first.external_id.is_some());
    world.pingfederate.edit_person(MARY, |person| person.last_name = Some("Miller-Jones".into()));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().last_name, "Miller-Jones");
    rename(world, "mary.jones@pg.com");
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "mary.jones@pg.com");
    let last = world.thinkific.user("mary.jones@pg.com").unwrap();
    assert_eq!((last.id, last.external_id), (first.id, first.external_id));
}

/// Mary comes, leaves and comes back. Which courses are open to her each time.
async fn leaves_and_comes_back(question: Question, answer: Answer) -> Vec<Vec<u64>> {
    let (world, scim) = start_with(vec![(question, answer)]).await;
    let id = make_mary(&scim).await;
    let mut seen = Vec::new();
    for is_active in [true, false, true] {
        set_active(&scim, &id, is_active).await;
        world.invoke("provisioner", Value::Null).await.unwrap();
        seen.push(world.open_to(MARYS_EMAIL));
        let page = world.log_in(&world.browser(), MARY).await;
        if is_active {
            world.signed_in(&page, MARYS_EMAIL);
        } else {
            world.refused_and_traced(&page, "person_inactive");
        }
    }
    seen
}

/// What the runbook says of a school that answers so: whoever has left is kept out, but courses stay open or closed.
#[tokio::test(flavor = "multi_thread")]
async fn courses_of_whoever_leaves_and_comes_back() {
    let usual = [vec![3], vec![], vec![3]];
    for answer in Question::NullExpiry.answers() {
        assert_eq!(leaves_and_comes_back(Question::NullExpiry, *answer).await, usual, "{answer:?}");
    }
    for answer in Question::SecondEnrollment.answers() {
        assert_eq!(leaves_and_comes_back(Question::SecondEnrollment, *answer).await, usual, "{answer:?}");
    }
    let refused = leaves_and_comes_back(Question::PastExpiry, Answer::Refused).await;
    assert_eq!(refused, [[3], [3], [3]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_a_school_that_ends_nothing_is_listed_as_stuck() {
    let (world, scim) = start_with(vec![(Question::PastExpiry, Answer::Refused)]).await;
    let id = make_mary(&scim).await;
    world.invoke("provisioner", Value::Null).await.unwrap();
    set_active(&scim, &id, false).await;
    for _ in 0..TRIES {
        world.invoke("provisioner", Value::Null).await.unwrap();
        world.advance(24 * 3600);
    }
    let stuck = world.operator.stopped(&ConnectionId::parse("pg").unwrap(), Stopped::Stuck).await.unwrap();
    let why = stuck[0].sync.as_ref().unwrap().stuck.clone();
    assert_eq!(why, Some(Stuck::NoAnswer { fault: "thinkific_refused_account".to_owned() }));
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);
}

macro_rules! each {
    ($($name:ident = $question:ident;)+) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            enter_under_each_answer(Question::$question).await;
        })+

        #[test]
        fn every_question_has_its_test() {
            assert_eq!([$(Question::$question),+].as_slice(), Question::ALL);
        }
    };
}

each! {
    refusal = Refusal;
    new_address = NewAddress;
    unbound_account = UnboundAccount;
    other_address = OtherAddress;
    taken_address = TakenAddress;
    names = Names;
    token_age = TokenAge;
    token_ahead = TokenAhead;
    token_twice = TokenTwice;
    search = Search;
    second_enrollment = SecondEnrollment;
    null_expiry = NullExpiry;
    past_expiry = PastExpiry;
    group_removal = GroupRemoval;
    rate_limit = RateLimit;
    webhooks_key = WebhooksKey;
    password_reset = PasswordReset;
}
