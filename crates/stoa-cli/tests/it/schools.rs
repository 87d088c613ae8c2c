//! What a school is asked to tell, and people from a file.

use crate::command::Desk;

#[tokio::test]
async fn what_a_school_is_asked_to_tell_is_shown_and_put_right() {
    let desk = Desk::new().await;
    let show = ["thinkific", "webhooks", "pg-academy"];
    let shown = desk.stoa(&show).await.done();
    assert!(shown.contains("user.updated") && shown.contains("missing"), "{shown}");
    assert!(shown.contains("6 subscriptions would change; --write changes them"), "{shown}");
    assert!(desk.sandbox.thinkific.subscriptions().is_empty(), "nothing was written");

    let write = [&show[..], &["--write"]].concat();
    assert!(desk.stoa(&write).await.done().contains("6 subscriptions changed"));
    assert_eq!(desk.sandbox.thinkific.subscriptions().len(), 6);
    assert!(desk.stoa(&write).await.done().contains("pg-academy tells everything that stoa asks for"));

    // Somebody breaks one, doubles one, removes one, and has one of their own.
    let all = desk.sandbox.thinkific.subscriptions();
    desk.sandbox.thinkific.edit_subscription(&all[0].id, |own| own.status = "disabled".to_owned());
    desk.sandbox.thinkific.subscribe(&all[1].topic, &all[1].target_url);
    desk.sandbox
        .thinkific
        .edit_subscription(&all[2].id, |own| own.target_url = "https://crm.example/\u{1b}[2J".to_owned());
    let shown = desk.stoa(&show).await.done();
    assert!(shown.contains("not ours") && !shown.contains('\u{1b}'), "{shown}");
    assert!(shown.contains("4 subscriptions would change"), "{shown}");
    assert!(desk.stoa(&write).await.done().contains("4 subscriptions changed"));
    let mut told: Vec<_> = desk
        .sandbox
        .thinkific
        .subscriptions()
        .into_iter()
        .filter(|own| own.target_url.contains("/thinkific/"))
        .collect();
    told.sort_by(|a, b| a.topic.cmp(&b.topic));
    told.dedup_by(|a, b| a.topic == b.topic);
    assert_eq!((told.len(), desk.sandbox.thinkific.subscriptions().len()), (6, 7));
    assert!(told.iter().all(|own| own.status == "active" && own.is_signed));

    let nobody = desk.stoa(&["thinkific", "webhooks", "nowhere"]).await.refused();
    assert!(nobody.contains("school_unknown"), "{nobody}");
}

#[tokio::test]
async fn a_file_of_people_is_checked_before_anything_else() {
    let desk = Desk::new().await;
    let file = desk.write(
        "people.csv",
        "Employee #;First Name;Last Name;Work Email;Status;Department\r\n\
         0042;Ada;Example;ada@pg.com;Active;Plant 7\r\n\
         0043;Bo;Example;bo@pg.com;Terminated;Plant 7\r\n\
         1,2E+05;Cy;Example;cy@pg.com;Active;Plant 8\r\n\
         0045;Di;Example;di@elsewhere.example;Active;Plant 8\r\n",
    );
    let result = desk.folder.path().join("result.csv");
    let import = ["import", &file, "--connection", "pg"];
    let shown = desk.stoa(&[&import[..], &["--result", result.to_str().unwrap()]].concat()).await.done();
    for part in [
        "letters     ASCII",
        "separator   semicolon",
        "columns     by bamboohr: email in column 4, external_id in column 1",
        "people      1 who are there, 1 who are gone",
        "groups      \"Plant 7\" 2",
        "not usable  2",
        "line 4: external_id is a number in exponent form",
        "line 5: the email address is outside the domains",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains("ada@pg.com") && !shown.contains("elsewhere"), "{shown}");
    let written = std::fs::read_to_string(&result).unwrap();
    assert!(
        written.starts_with("\"line\",\"why\"\r\n\"4\",\"external_id is") && written.lines().count() == 3,
        "{written}"
    );

    let by_hand = [&import[..], &["--column", "email=Department"]].concat();
    assert!(desk.stoa(&by_hand).await.done().contains("not usable  4"));
    let missing = [&import[..], &["--column", "email=Mail"]].concat();
    assert!(desk.stoa(&missing).await.refused().contains("\"Mail\", which is not there; there are: \"Employee #\""));
    assert_eq!(desk.stoa(&[&import[..], &["--column", "mail=x"]].concat()).await.code, 2);
    assert_eq!(desk.stoa(&[&import[..], &["--preset", "sap"]].concat()).await.code, 2);
    assert!(desk.stoa(&["import", "no/such.csv", "--connection", "pg"]).await.refused().contains("no/such.csv"));
    let binary = desk.write("people.xlsx", "PK\u{3}\u{4}\u{14}\u{0}");
    assert!(desk.stoa(&["import", &binary, "--connection", "pg"]).await.refused().contains("no column is called"));
}
