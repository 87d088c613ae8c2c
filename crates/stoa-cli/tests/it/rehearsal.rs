//! `stoa school rehearse`: each question, asked of a school that gives each of its answers.

use stoa_core::rehearsal::{Answer, NOT_ASKED, Question};
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::sandbox::Options;
use stoa_sandbox::thinkific::{FaultTarget, NewUser, Trouble};

use crate::command::{Desk, Ran};

const DOMAIN: &str = "rehearsal.example";

async fn answering(question: Question, answer: Answer) -> Desk {
    Desk::with(Options { answers: vec![(question, answer)], ..Options::default() }).await
}

async fn rehearse(desk: &Desk, more: &[&str]) -> Ran {
    let fast = ["school", "rehearse", "pg-academy", "--domain", DOMAIN, "--calls-per-minute", "6000"];
    desk.stoa(&[&fast[..], more].concat()).await
}

fn shown(text: &str, question: Question) -> &str {
    let is_its = |line: &&str| line.split_whitespace().next() == Some(question.code());
    text.lines().find(is_its).unwrap_or_else(|| panic!("{question:?}: {text}"))
}

/// The school gives the answer, the rehearsal finds it, and `school show` still knows it; nobody is left.
async fn each_answer_is_found(question: Question) {
    for answer in question.answers() {
        let desk = answering(question, *answer).await;
        let (people, groups) = (desk.sandbox.thinkific.users().len(), desk.sandbox.thinkific.groups().len());
        let asked = rehearse(&desk, &["--only", question.code()]).await.done();
        for text in [asked, desk.stoa(&["school", "show", "pg-academy"]).await.done()] {
            let row = shown(&text, question);
            let found = row.trim_end_matches(" *");
            assert!(found.contains(&format!(" {}", answer.words())), "{question:?}, {answer:?}: {row}");
            assert!(!found.contains("unclear"), "{row}");
            assert_eq!(row.ends_with(" *"), *answer != question.assumed(), "{row}");
            let option = format!("--answer {}={}", question.code(), answer.code());
            assert_eq!(text.contains(&option), *answer != question.assumed(), "{text}");
        }
        let left = (desk.sandbox.thinkific.users().len(), desk.sandbox.thinkific.groups().len());
        assert_eq!(left, (people, groups), "{question:?}, {answer:?}");
    }
}

macro_rules! each {
    ($($name:ident = $question:ident;)+) => {
        $(#[tokio::test]
        async fn $name() {
            each_answer_is_found(Question::$question).await;
        })+

        #[test]
        fn every_question_has_its_test() {
            assert_eq!([$(Question::$question),+].as_slice(), Question::ALL);
        }
    };
}

each! {
    where_a_refused_token_leads = Refusal;
    what_a_token_does_for_a_new_address = NewAddress;
    what_a_token_does_for_an_unbound_account = UnboundAccount;
    what_a_known_id_with_a_free_address_does = OtherAddress;
    what_a_known_id_with_somebody_s_address_does = TakenAddress;
    whether_a_sign_in_writes_names = Names;
    how_old_a_token_may_be = TokenAge;
    how_far_ahead_a_token_may_be = TokenAhead;
    whether_a_token_counts_twice = TokenTwice;
    whether_a_search_is_exact = Search;
    what_a_second_enrollment_does = SecondEnrollment;
    what_an_end_of_null_does = NullExpiry;
    what_an_end_in_the_past_does = PastExpiry;
    whether_the_key_takes_somebody_out_of_a_group = GroupRemoval;
    whether_the_limit_is_told = RateLimit;
    whether_webhooks_take_the_key = WebhooksKey;
    whether_a_password_ends_sessions = PasswordReset;
}

#[tokio::test]
async fn a_whole_rehearsal_takes_few_calls_and_leaves_a_school_as_it_was() {
    let desk = Desk::new().await;
    desk.sandbox.thinkific.allow_per_minute(1000);
    let before = (desk.sandbox.thinkific.users(), desk.sandbox.thinkific.groups());
    let asked = rehearse(&desk, &[]).await.done();
    for question in Question::ALL {
        assert!(!shown(&asked, *question).contains(['*']), "{asked}");
    }
    assert_eq!((desk.sandbox.thinkific.users(), desk.sandbox.thinkific.groups()), before);
    let calls = desk.sandbox.thinkific.calls();
    assert!(calls.len() <= 130, "{}", calls.len());
    // Whoever is changed or deleted is one of its own.
    let made: Vec<u64> = calls.iter().filter(|call| call.method == "DELETE").map(|call| id_of(&call.path)).collect();
    assert!(made.iter().all(|id| before.0.iter().all(|user| user.id != *id)), "{made:?}");
    // With rights to look and to repair: nothing was denied. The doctor has nothing more to remark.
    let ran = desk.stoa(&["doctor", "--host", &desk.sandbox.url()]).await;
    assert!(ran.code == 0 && !ran.out.contains("never rehearsed") && ran.out.contains("Nothing found in "), "{ran:?}");
    // What is kept names nobody, and what another version found stays.
    let items = desk.sandbox.front.items(Table::Connections).unwrap();
    let mut item = items.into_iter().find(|item| item["sk"]["S"] == "rehearsed").unwrap();
    assert_eq!(item["v"]["N"], "1");
    assert!(!item["found"].to_string().contains('@'), "{item}");
    item["found"]["M"]["of_tomorrow"] = serde_json::json!({ "M": { "answer": { "S": "unheard_of" } } });
    item["found"]["M"]["names"] = serde_json::json!({ "M": { "answer": { "S": "unheard_of" } } });
    let name = desk.sandbox.front.stack().table_name(Table::Connections);
    desk.dynamodb("PutItem", &serde_json::json!({ "TableName": name, "Item": item }).to_string()).await;
    let known = desk.stoa(&["school", "show", "pg-academy"]).await.done();
    assert!(known.contains("token_age") && !known.contains("of_tomorrow") && !known.contains("unheard_of"), "{known}");
    rehearse(&desk, &["--only", "names"]).await.done();
    let items = desk.sandbox.front.items(Table::Connections).unwrap();
    let item = items.into_iter().find(|item| item["sk"]["S"] == "rehearsed").unwrap();
    assert_eq!(item["found"]["M"]["of_tomorrow"]["M"]["answer"]["S"], "unheard_of");
    assert_eq!(item["found"]["M"]["names"]["M"]["answer"]["S"], "kept");
}

fn id_of(path: &str) -> u64 {
    path.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap()
}

#[tokio::test]
async fn whoever_is_left_by_a_rehearsal_that_broke_off_is_removed() {
    let desk = Desk::new().await;
    let before = desk.sandbox.thinkific.users();
    // The school dies in the middle of a question: while it reads, and while it would remove.
    let down = |path: &str, method| {
        let target = FaultTarget::AdminCall { method, path: path.to_owned() };
        desk.sandbox.thinkific.inject(stoa_sandbox::thinkific::Fault {
            target,
            trouble: Trouble::Status(503),
            times: 9,
        });
    };
    down("/users/", "GET".parse().unwrap());
    down("/users/", "DELETE".parse().unwrap());
    let broken = rehearse(&desk, &["--only", "names", "--only", "rate_limit"]).await;
    assert_eq!(broken.code, 1, "{broken:?}");
    assert!(shown(&broken.out, Question::Names).contains("thinkific_unavailable"), "{broken:?}");
    assert!(shown(&broken.out, Question::RateLimit).contains("not sent"), "the others are asked: {broken:?}");
    assert!(broken.err.contains("1 of 2 questions without an answer"), "{broken:?}");
    assert_eq!(desk.sandbox.thinkific.users().len(), before.len() + 1, "one is left");
    desk.sandbox.thinkific.clear_faults();
    assert!(rehearse(&desk, &["--clear"]).await.done().contains("Removed the one who was left"));
    assert_eq!(desk.sandbox.thinkific.users(), before);
    assert!(rehearse(&desk, &["--clear"]).await.done().contains("Nobody was left"));
    // Without that, the next rehearsal does it.
    desk.sandbox.thinkific.add_user(NewUser::student(&format!("stoa-rehearsal-names@{DOMAIN}"), "Left", "Behind"));
    desk.sandbox.thinkific.add_group("stoa rehearsal");
    assert!(shown(&rehearse(&desk, &["--only", "names"]).await.done(), Question::Names).contains(" stays as it was"));
    assert!(
        shown(&rehearse(&desk, &["--only", "group_removal"]).await.done(), Question::GroupRemoval).contains(" refused")
    );
    assert_eq!((desk.sandbox.thinkific.users(), desk.sandbox.thinkific.groups().len()), (before, 2));
}

#[tokio::test]
async fn nobody_s_account_is_touched() {
    let desk = Desk::new().await;
    desk.sandbox.thinkific.take_calls();
    let theirs = ["school", "rehearse", "pg-academy", "--domain", "PG.com"];
    let refused = desk.stoa(&theirs).await.refused();
    assert!(refused.contains("nothing was asked: pg signs in with addresses of pg.com"), "{refused}");
    // The function refuses too, whoever asks it.
    let domain = stoa_core::rehearsal::TestDomain::parse("pg.com").unwrap();
    let scene = stoa_service::operator::Scene { question: Question::Names, domain, course: None, only_clears: true };
    let school = stoa_core::ids::SchoolId::parse("pg-academy").unwrap();
    let refused = desk.sandbox.operator.rehearse(&school, scene).await.unwrap_err().to_string();
    assert!(refused.contains("event_strange"), "{refused}");
    assert!(desk.sandbox.thinkific.calls().is_empty());
    // An account with a role is none of ours, whatever its address is.
    let own = format!("stoa-rehearsal-names@{DOMAIN}");
    let roles = vec!["site_admin".to_owned()];
    desk.sandbox.thinkific.add_user(NewUser { roles, ..NewUser::student(&own, "An", "Administrator") });
    let refused = rehearse(&desk, &["--only", "names"]).await;
    assert!(shown(&refused.out, Question::Names).contains("account_privileged"), "{refused:?}");
    assert!(desk.sandbox.thinkific.user(&own).is_some());

    for wrong in ["example", "a@b.com", ""] {
        let ran = desk.stoa(&["school", "rehearse", "pg-academy", "--domain", wrong]).await;
        assert_eq!(ran.code, 2, "{ran:?}");
    }
    let nowhere = desk.stoa(&["school", "rehearse", "nowhere", "--domain", DOMAIN]).await.refused();
    assert!(nowhere.contains("there is no school nowhere"), "{nowhere}");
}

#[tokio::test]
async fn without_a_domain_the_questions_are_printed_and_nothing_is_asked() {
    let desk = Desk::new().await;
    let printed = desk.stoa(&["school", "rehearse", "pg-academy"]).await.done();
    for question in Question::ALL {
        assert!(printed.contains(&format!("{}: {}", question.code(), question.asks())), "{question:?}");
        assert!(printed.contains(question.matters()), "{question:?}");
    }
    for (what, how) in NOT_ASKED {
        assert!(printed.contains(what) && printed.contains(how), "{what}");
    }
    assert!(desk.sandbox.thinkific.calls().is_empty());
    let never = desk.stoa(&["school", "show", "pg-academy"]).await.done();
    assert!(never.lines().any(|line| line == "subdomain = \"pg-academy\""), "{never}");
    assert!(never.contains("It was never rehearsed"), "{never}");
}

#[tokio::test]
async fn a_school_that_signs_at_once_though_its_tokens_bind_nobody_is_found() {
    let desk = answering(Question::NewAddress, Answer::Unbound).await;
    let doctor = async || desk.stoa(&["doctor", "--host", &desk.sandbox.url()]).await;
    let file = desk.sandbox.school_file();
    desk.sandbox.operator.apply_school("pg-academy.toml", &format!("{file}\nfirst_logins = \"sign\"")).await.unwrap();
    assert_eq!(doctor().await.code, 0, "nobody has asked");
    let asked = rehearse(&desk, &["--only", "new_address"]).await.done();
    assert!(asked.contains("first_logins = \"sign\" is set, and must not be"), "{asked}");
    let found = doctor().await;
    assert_eq!(found.code, 1, "{found:?}");
    assert!(found.out.contains("school_unfit") && found.out.contains("`stoa school show pg-academy`"), "{found:?}");
    desk.sandbox.operator.apply_school("pg-academy.toml", &file).await.unwrap();
    assert_eq!(doctor().await.code, 0, "the repair mends it");
}

#[tokio::test]
async fn what_was_found_is_not_lost_without_a_word() {
    let desk = Desk::new().await;
    desk.sandbox.front.inject(Fault::next("on-call", "dynamodb:PutItem", FaultKind::Deny));
    let refused = rehearse(&desk, &["--only", "rate_limit"]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("keep what was found"), "{refused:?}");
}
