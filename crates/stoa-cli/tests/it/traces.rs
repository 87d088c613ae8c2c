//! From a reference to the cause and the repair.

use stoa_core::ids::Reference;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::pingfederate::Defect;

use crate::command::Desk;

/// The reference of the only login.
fn reference(desk: &Desk) -> String {
    let mut items = desk.sandbox.front.items(Table::Logins).unwrap();
    // Whose turn it was to ask the school, and its minutes, are items of the same table.
    items.retain(|item| item.get("state").is_some());
    assert_eq!(items.len(), 1, "{items:?}");
    Reference::parse(items[0]["pk"]["S"].as_str().unwrap()).unwrap().to_string()
}

async fn login(desk: &Desk, person: &str) -> String {
    desk.sandbox.pingfederate.sign_on_as(person);
    let page = desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    page.text().to_owned()
}

#[tokio::test]
async fn a_good_login_is_told_step_by_step() {
    let desk = Desk::new().await;
    login(&desk, "miller.m").await;
    let trace = desk.stoa(&["trace", &reference(&desk)]).await.done();
    for part in [
        "State launched: done.",
        "login: the login started",
        "saml-acs: the identity provider's response was verified",
        "thinkific-launch: the account was made ready",
        "log group /aws/lambda/stoa-local-saml-acs, request local-",
        "aws logs filter-log-events --log-group-name /aws/lambda/stoa-local-login",
        "build sandbox",
        "The person was handed over to the school and not sent back; what they met there cannot be seen from here.",
        "who acts:     the administrator of the school.",
    ] {
        assert!(trace.contains(part), "{part}\n{trace}");
    }
    assert!(!trace.contains("email to the administrator"), "{trace}");
    assert!(!trace.contains("became theirs"), "{trace}");
}

#[tokio::test]
async fn a_take_over_of_an_account_that_was_nobody_s_is_told() {
    let desk = Desk::new().await;
    let account = desk.sandbox.thinkific.user("existing@pg.com").unwrap().id;
    login(&desk, "existing.e").await;
    let trace = desk.stoa(&["trace", &reference(&desk)]).await.done();
    for part in [
        "thinkific-launch: an account of the school that nobody was bound to",
        &format!("\"user {account}, password replaced\""),
        "thinkific-launch: the account was made ready",
    ] {
        assert!(trace.contains(part), "{part}\n{trace}");
    }
}

#[tokio::test]
async fn a_failed_login_names_cause_repair_and_who_acts_and_no_person() {
    for (person, defect, fault, mail) in [
        ("partner.p", None, "email_domain_foreign", true),
        ("nomail.n", None, "email_missing", true),
        ("miller.m", Some(Defect::SignedByAnotherKey), "saml_signature_mismatch", true),
        ("miller.m", Some(Defect::WrongAudience), "saml_audience_mismatch", true),
        ("admin.s", None, "account_privileged", false),
    ] {
        let desk = Desk::new().await;
        if let Some(defect) = defect {
            desk.sandbox.pingfederate.next_defect(defect);
        }
        let page = login(&desk, person).await;
        // The person reads it out in small letters.
        let reference = reference(&desk);
        assert!(page.contains(&reference), "{page}");
        let trace = desk.stoa(&["trace", &reference.to_lowercase()]).await.done();
        assert!(trace.contains(&format!("Stopped by {fault}")), "{person} {fault}\n{trace}");
        for part in ["who acts: ", "repair: ", "do not harm: ", "not if: ", "Runbook: docs/runbook/faults/"] {
            assert!(trace.contains(part), "{part}\n{trace}");
        }
        assert_eq!(trace.contains("email to the administrator of the customer's"), mail, "{trace}");
        // Whom to call is named, and nobody who signs in.
        let (school, idp) = ("desk@academy.example", "identity-team@pg.com");
        assert_eq!((trace.contains(school), trace.contains(idp)), (!mail, mail), "{trace}");
        assert!(!mail || trace.contains(&format!("To: {idp}\n")) && trace.contains("Hello Identity team,"), "{trace}");
        let trace = trace.replace(idp, "");
        for personal in ["miller", "Mary", "@pg.com", "pat@", "admin@"] {
            assert!(!trace.contains(personal), "{personal}\n{trace}");
        }
    }
}

#[tokio::test]
async fn somebody_who_never_came_back_is_told_apart() {
    let desk = Desk::new().await;
    desk.sandbox.pingfederate.ask();
    desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    let trace = desk.stoa(&["trace", &reference(&desk)]).await.done();
    assert!(trace.contains("Nothing is wrong so far: the login is under way."), "{trace}");
}

#[tokio::test]
async fn a_complaint_without_a_reference_is_told_by_what_stops_most() {
    let desk = Desk::new().await;
    let nothing = desk.stoa(&["why", "--connection", "pg"]).await.done();
    assert!(nothing.contains("No login that failed was found") && nothing.contains("Ask the person"), "{nothing}");
    login(&desk, "partner.p").await;
    let found = desk.stoa(&["why", "--connection", "pg", "--since", "1h"]).await.done();
    let shown = format!("step by step: stoa trace {}", reference(&desk));
    for part in ["Stopped by email_domain_foreign", "[foreign_domain]", &shown] {
        assert!(found.contains(part), "{part}\n{found}");
    }
    let unknown = desk.stoa(&["why", "--connection", "nobody"]).await;
    assert_eq!(unknown.code, 1, "{unknown:?}");
}

#[tokio::test]
async fn a_request_without_a_login_is_read_from_the_logs() {
    let desk = Desk::new().await;
    let page =
        desk.sandbox.browser().get(&format!("{}/launch?login=7KQ3-9FXM-2B4T", desk.sandbox.url())).await.unwrap();
    let id = page.header("apigw-requestid").unwrap().to_owned();
    let found = desk.stoa(&["trace", &id]).await.done();
    for part in [
        "is the id of a request, not of a login",
        "/aws/lambda/stoa-local-thinkific-launch",
        "fault       ticket_missing",
        "Runbook: docs/runbook/faults/ticket_missing.md",
        &format!("gateway     {id}"),
    ] {
        assert!(found.contains(part), "{part}\n{found}");
    }
    assert!(!found.contains("aws logs"), "{found}");
    // Also once somebody has taken the lines, and by Lambda's id.
    let lines = desk.sandbox.take_log();
    let line: serde_json::Value = lines.iter().rev().find(|line| line.contains(&id)).unwrap().parse().unwrap();
    let found = desk.stoa(&["trace", line["request"].as_str().unwrap()]).await.done();
    assert!(found.contains("fault       ticket_missing"), "{found}");
}

#[tokio::test]
async fn what_no_log_has_is_told_with_what_that_leaves_open() {
    let desk = Desk::new().await;
    let ran = desk.stoa(&["trace", "7KQ3-9FXM-2B4T"]).await;
    assert!(
        ran.out.contains("misread") && ran.out.contains("No log of stoa-local has 7KQ39FXM2B4T in its last 30 days")
    );
    assert_eq!(ran.refused(), "error: there is no login 7KQ3-9FXM-2B4T in this stack\n");
    let found = desk.stoa(&["trace", "AbCdEfGhIAMEJ1A="]).await.done();
    for part in
        ["No log of stoa-local has AbCdEfGhIAMEJ1A= in", "a request that never reached the gateway", "no access log"]
    {
        assert!(found.contains(part), "{part}\n{found}");
    }
    let strange = desk.stoa(&["trace", "x'; rm -rf ~; echo '"]).await;
    assert_eq!((strange.code, strange.out.as_str()), (2, ""), "{strange:?}");
}

#[tokio::test]
async fn logs_that_may_not_be_read_or_do_not_answer_leave_the_commands() {
    let desk = Desk::new().await;
    let by_hand = "aws logs filter-log-events --log-group-name /aws/vendedlogs/stoa-local-http-api --start-time";
    desk.sandbox.front.inject(Fault::next("on-call", "logs:StartQuery", FaultKind::Deny));
    let denied = desk.stoa(&["trace", "AbCdEfGhIAMEJ1A="]).await.done();
    assert!(denied.contains("could not read the logs: AccessDeniedException") && denied.contains(by_hand), "{denied}");
    desk.sandbox.front.slow_logs_down();
    desk.sandbox.front.take_calls();
    let slow = desk.stoa(&["trace", "AbCdEfGhIAMEJ1A="]).await.done();
    assert!(slow.contains("could not read the logs: no answer in time") && slow.contains(by_hand), "{slow}");
    let calls: Vec<String> = desk.sandbox.front.calls().iter().map(ToString::to_string).collect();
    assert!(calls.last().unwrap().contains("StopQuery"), "nobody reads what it would find: {calls:?}");
}
