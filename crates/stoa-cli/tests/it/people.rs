//! Logins without a reference, and the person behind them.

use stoa_sandbox::openid::{Defect, INITECH, Product};

use crate::command::Desk;

async fn login(desk: &Desk, person: &str) {
    desk.sandbox.pingfederate.sign_on_as(person);
    desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
}

/// The words of each line of the table, without reference and time.
fn told(table: &str) -> Vec<Vec<&str>> {
    let rows = table.lines().skip(1).take_while(|line| !line.is_empty());
    rows.map(|row| row.split_whitespace().skip(2).collect()).collect()
}

#[tokio::test]
async fn logins_are_listed_newest_first() {
    let desk = Desk::new().await;
    login(&desk, "miller.m").await;
    desk.sandbox.advance(2);
    login(&desk, "partner.p").await;
    desk.sandbox.advance(2);
    desk.sandbox.browser().get(&format!("{}?test=1", desk.sandbox.login_url())).await.unwrap();

    let all = ["logins", "--connection", "pg"];
    let table = desk.stoa(&all).await.done();
    let first = ["refused", "email_domain_foreign", "(test)"];
    assert_eq!(told(&table), [&first[..], &first[..2], &["launched", "launched"]], "{table}");
    assert!(table.starts_with("REFERENCE       BEGAN                 STATE     LAST STEP\n"), "{table}");
    let reference = table.lines().nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(desk.stoa(&["trace", reference]).await.done().contains("email_domain_foreign"));

    let with = async |more: &[&str]| desk.stoa(&[&all, more].concat()).await.done();
    assert_eq!(told(&with(&["--failed"]).await), [&first[..], &first[..2]]);
    let one = with(&["--limit", "1"]).await;
    assert!(told(&one).len() == 1 && one.contains("There are more"), "{one}");
    assert_eq!(told(&with(&["--since", "1h"]).await).len(), 3);
    assert!(with(&["--since", "2100-01-01"]).await.starts_with("No such login."));
    assert_eq!(told(&with(&["--email", "Miller.M@pg.com"]).await), [["launched", "launched"]]);
    let unproven = with(&["--email", "pat@agency.example"]).await;
    assert!(unproven.contains("only if the identity provider's response was verified"), "{unproven}");
    let by_address = desk.stoa(&["logins", "--email", "miller.m@pg.com"]).await.done();
    assert!(by_address.starts_with("Through connection pg:\nREFERENCE"), "{by_address}");
    let nobody_s = desk.stoa(&["logins", "--email", "somebody@else.example"]).await.refused();
    assert!(nobody_s.contains("no connection has the domain else.example"), "{nobody_s}");
    assert!(desk.stoa(&["logins", "--connection", "nobody"]).await.refused().contains("there is no connection nobody"));
}

#[tokio::test]
async fn failures_are_listed_over_all_connections_newest_first() {
    let desk = Desk::new().await;
    let none = desk.stoa(&["logins", "--failed"]).await.done();
    assert_eq!(none, "No such login.\n");
    login(&desk, "miller.m").await;
    login(&desk, "partner.p").await;
    desk.sandbox.advance(2);
    let (openid, okta) = (&desk.sandbox.openid, Product::Okta);
    desk.sandbox.connect_openid(&INITECH, str::to_owned).await.unwrap();
    openid.sign_on_as(okta, INITECH.person);
    openid.next_defect(Defect::AudienceOther);
    desk.sandbox.browser().get(&format!("{}/login/initech", desk.sandbox.url())).await.unwrap();
    let table = desk.stoa(&["logins", "--failed"]).await.done();
    let connections: Vec<_> = table.lines().skip(1).take_while(|line| !line.is_empty()).collect();
    assert!(connections.len() == 2 && connections[0].ends_with(" initech"), "{table}");
    assert!(connections[1].contains("email_domain_foreign") && connections[1].ends_with(" pg"), "{table}");
    let one = desk.stoa(&["logins", "--failed", "--limit", "1"]).await.done();
    assert!(one.contains(" initech\n") && !one.contains(" pg\n") && one.contains("There are more"), "{one}");
    assert_eq!(desk.stoa(&["logins"]).await.code, 2, "neither a connection nor an address nor --failed");
}

/// Mallory's record has Mary's address. As long as Mary comes in, it is Mary's.
#[tokio::test]
async fn an_address_is_not_freed_while_its_owner_still_comes_in() {
    let desk = Desk::new().await;
    login(&desk, "miller.m").await;
    login(&desk, "mallory.m").await;
    let whom = ["--connection", "pg", "--email", "miller.m@pg.com", "--reason", "a test"];
    let free = async || desk.stoa(&[&["person", "free-address"], &whom[..]].concat()).await;
    let refused = free().await.refused();
    assert!(refused.contains("still signs in, last at 20") && refused.contains("person deactivate"), "{refused}");
    desk.stoa(&[&["person", "deactivate"], &whom[..]].concat()).await.done();
    assert!(free().await.done().contains("Whoever next signs in with that address will own it."));
}

/// The customer has changed what it sends: everybody is new, and would not get their own account.
#[tokio::test]
async fn people_are_moved_to_their_new_subjects_and_keep_their_accounts() {
    let desk = Desk::new().await;
    login(&desk, "miller.m").await;
    let account = |shown: &str| shown.lines().find(|line| line.starts_with("account")).unwrap().to_owned();
    let show =
        async |subject: &str| desk.stoa(&["person", "show", "--connection", "pg", "--subject", subject]).await.done();
    let before = account(&show("miller.m").await);
    let moving = async |file: &str| {
        desk.stoa(&["person", "move", "--connection", "pg", "--file", file, "--reason", "new subjects"]).await
    };
    let file = desk.write("moves.csv", "miller.m,mallory.m\nnobody.n,else.e\n");
    let ran = moving(&file).await;
    assert!(ran.code == 1 && ran.err.contains("1 of 2 were not moved"), "{ran:?}");
    assert!(ran.out.contains("1: moved, now person ") && ran.out.contains("2: this person has never"), "{ran:?}");
    assert!(!ran.out.contains("miller") && !ran.out.contains("nobody.n"), "{ran:?}");
    // The file again does no harm.
    assert!(moving(&file).await.out.contains("1: moved before, person "));
    let after = show("mallory.m").await;
    assert_eq!(account(&after), before);
    assert!(after.contains("theirs since") && after.contains("moved from another subject, by arn:"), "{after}");
    assert!(show("miller.m").await.contains("moved to another subject"));

    // Under the new subject they reach their account; under the former one they are somebody new with a taken address.
    desk.sandbox.pingfederate.sign_on_as("mallory.m");
    let page = desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    assert_eq!(page.url.host_str(), Some(stoa_sandbox::thinkific::HOST), "{}", page.text());
    assert_eq!(account(&show("mallory.m").await), before);
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    let page = desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    assert_eq!(page.status, 409, "{}", page.text());

    let back = ["person", "move", "--connection", "pg", "--from", "mallory.m", "--to", "mallory.m", "--reason", "x"];
    let same = desk.stoa(&back).await;
    assert!(same.code == 1 && same.out.contains("somebody is known under the new subject already"), "{same:?}");
    for wrong in ["miller.m\n", "a,b,c\n", ",b\n"] {
        assert!(moving(&desk.write("wrong.csv", wrong)).await.refused().contains("line 1 is not PREVIOUS,NEW"));
    }
    assert_eq!(desk.stoa(&["person", "move", "--connection", "pg", "--reason", "x"]).await.code, 2);
}

#[tokio::test]
async fn a_person_is_shown_and_changed_with_a_reason() {
    let desk = Desk::new().await;
    login(&desk, "miller.m").await;
    let whom = ["--connection", "pg", "--email", "miller.m@pg.com"];
    let person =
        async |command: &str, more: &[&str]| desk.stoa(&[&["person", command], &whom[..], more].concat()).await;
    let shown = person("show", &[]).await.done();
    for part in ["in pg-academy\n", "state       active\n", "Thinkific user ", "looked at   20", "theirs since 20"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains("miller"), "{shown}");
    assert_eq!(person("deactivate", &[]).await.code, 2, "without a reason");
    let done = person("deactivate", &["--reason", "lost laptop"]).await.done();
    assert!(done.contains("deactivated. It takes effect at their next launch."), "{done}");
    let again = person("deactivate", &["--reason", "lost laptop"]).await.refused();
    assert!(again.contains("this person is already deactivated"), "{again}");
    let shown = person("show", &[]).await.done();
    assert!(shown.contains("state       deactivated\n"), "{shown}");
    assert!(shown.contains("deactivated, by arn:aws:iam::000000000000:user/on-call: lost laptop"), "{shown}");
    assert!(person("reactivate", &["--reason", "found"]).await.done().contains("They can sign in again."));

    let nobody = desk.stoa(&["person", "show", "--connection", "pg", "--email", "nobody@pg.com"]).await.refused();
    assert!(nobody.contains("nobody at the school of pg has that address") && nobody.contains("--subject"), "{nobody}");
    for arguments in [&["show", "--connection", "pg"][..], &["show", "--connection", "pg", "--email", "nobody"]] {
        assert_eq!(desk.stoa(&[&["person"], arguments].concat()).await.code, 2);
    }
}

#[tokio::test]
async fn an_id_that_is_nobody_s_in_a_directory_is_said_to_be() {
    let desk = Desk::new().await;
    let nobody = stoa_core::directory::UserId::from_random([7; 16]).to_string();
    let shown = desk.stoa(&["directory", "show", "pg", &nobody]).await.done();
    assert_eq!(shown, format!("the directory of pg has nobody with the id {nobody}\n"));
    let blocked = desk.stoa(&["directory", "block", "pg", &nobody, "--reason", "a stolen telephone"]).await.refused();
    assert!(blocked.contains("nothing was written") && blocked.contains("stoa person deactivate"), "{blocked}");
}
