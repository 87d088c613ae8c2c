//! What a connection was, who changed what of it and why, and whoever is asked before something is opened or changed.

use std::io::Cursor;

use stoa_cli::Input;
use stoa_core::connection::ConnectionDocument;

use crate::command::Desk;

fn typed(text: &'static str) -> Input {
    Input::Terminal(Box::new(Cursor::new(text)))
}

fn company(desk: &Desk) -> String {
    desk.file("pg.toml", |text| format!("{text}company = \"company\"\n"))
}

#[tokio::test]
async fn a_change_of_a_connection_has_a_reason_and_ends_with_a_commit() {
    let desk = Desk::new().await;
    let file = company(&desk);
    let apply = ["connection", "apply", &file];
    let refused = desk.stoa(&apply).await;
    assert!(refused.code == 2 && refused.err.contains("needs a reason"), "{refused:?}");
    assert!(refused.out.contains("attributes.company"), "the plan is shown all the same: {refused:?}");
    // Whoever is at a terminal is asked.
    let silent = desk.stoa_with(&apply, typed("  \n")).await;
    assert!(silent.code == 2 && silent.out.contains("Why? It is kept in the history: "), "{silent:?}");
    let done = desk.stoa_with(&apply, typed("they send a company now\n")).await.done();
    assert!(done.contains("Written: connection pg, version 3") && done.contains("pg.toml now: whoever"), "{done}");
    let history = desk.stoa(&["connection", "history", "pg"]).await.done();
    assert!(history.contains("they send a company now\n    attributes.company: (none) → \"company\"\n"), "{history}");
    assert!(history.starts_with("version 1 ") && history.contains("no reason was given"), "{history}");
}

#[tokio::test]
async fn a_version_is_shown_in_the_form_of_a_file() {
    let desk = Desk::new().await;
    desk.stoa(&["connection", "apply", &company(&desk), "--reason", "a test"]).await.done();
    let document = async |more: &[&str]| {
        let shown = desk.stoa(&[&["connection", "show", "pg"], more].concat()).await.done();
        assert!(shown.starts_with("# Connection pg, version "), "{shown}");
        toml::from_str::<ConnectionDocument>(&shown).unwrap()
    };
    assert_eq!(document(&[]).await.attributes.company.as_deref(), Some("company"));
    assert_eq!(document(&["1"]).await.attributes.company, None);
    assert!(document(&[]).await.saml.unwrap().idp.is_some());
    let none = desk.stoa(&["connection", "show", "pg", "9"]).await.refused();
    assert!(none.contains("has no version 9") && none.contains("connection history pg"), "{none}");
}

#[tokio::test]
async fn whoever_opens_a_closed_connection_sees_why_it_was_closed_and_is_asked() {
    let desk = Desk::new().await;
    desk.stoa(&["connection", "disable", "pg", "--reason", "their key was stolen"]).await.done();
    // A change while it is closed is not what closed it.
    desk.stoa(&["connection", "apply", &company(&desk), "--reason", "prepared"]).await.done();
    desk.stoa(&["connection", "rollback", "pg", "1", "--reason", "not yet"]).await.done();
    let activate = ["connection", "activate", "pg", "--reason", "new key"];
    let refused = desk.stoa_with(&activate, typed("no\n")).await;
    assert!(refused.code == 1 && refused.err.contains("that was not a yes"), "{refused:?}");
    assert!(refused.out.contains("Connection pg was closed at 20") && refused.out.contains(": their key was stolen\n"));
    assert_eq!(desk.stoa_with(&activate, typed("")).await.code, 1, "nobody answered");
    let done = desk.stoa_with(&activate, typed("yes\n")).await.done();
    assert!(done.contains("their key was stolen") && done.contains("state: disabled → active"), "{done}");
    // A script has decided; it is told all the same.
    desk.stoa(&["connection", "disable", "pg", "--reason", "a drill"]).await.done();
    let done = desk.stoa(&activate).await.done();
    assert!(done.contains(": a drill\n") && !done.contains("type yes"), "{done}");
}
