//! Whatever a school answers to a question of a rehearsal, everybody enters their own account or is told why not.

use stoa_core::rehearsal::{Answer, Question};
use stoa_sandbox::sandbox::Options;

use crate::accounts::rename;
use crate::steps::{MARY, MARYS_EMAIL, World};

const EXISTING: &str = "existing@pg.com";

async fn enter_under_each_answer(question: Question) {
    for answer in question.answers() {
        let world = World::of(Options { answers: vec![(question, *answer)], ..Options::default() }).await;
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
