//! Logins without a reference, and the person behind them.

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
