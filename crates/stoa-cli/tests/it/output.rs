//! What the command says of itself and of mistakes, word for word. Change it as you like; this shows what you changed.

use insta::assert_snapshot;

use crate::command::{Desk, stoa};

#[tokio::test]
async fn help() {
    for (name, arguments) in [
        ("help", vec!["--help"]),
        ("help_connection", vec!["connection", "--help"]),
        ("help_connection_apply", vec!["connection", "apply", "--help"]),
        ("help_connection_rollback", vec!["connection", "rollback", "--help"]),
        ("help_school_mirror", vec!["school", "mirror", "--help"]),
        ("help_school_rehearse", vec!["school", "rehearse", "--help"]),
        ("help_secret_put", vec!["secret", "put", "--help"]),
        ("help_teams_package", vec!["teams", "package", "--help"]),
        ("help_logins", vec!["logins", "--help"]),
        ("help_person_link", vec!["person", "link", "--help"]),
        ("help_trace", vec!["trace", "--help"]),
        ("help_secret", vec!["secret", "--help"]),
        ("help_person_move", vec!["person", "move", "--help"]),
        ("help_connection_trust_add", vec!["connection", "trust", "pg", "add", "--help"]),
    ] {
        assert_snapshot!(name, stoa(&arguments).await.done());
    }
}

#[tokio::test]
async fn mistakes_in_the_arguments() {
    let sandbox = ["--sandbox", "http://127.0.0.1:1"];
    let link = ["person", "link", "--connection", "pg", "--subject", "s", "--reason", "x"];
    let mut shown = String::new();
    for arguments in [
        vec![],
        vec!["connection", "list"],
        vec!["connection", "list", "--sandbox", ""],
        vec!["connection", "list", "--outputs", "no/such/file.json"],
        vec!["connection", "disable", "pg"],
        vec!["connection", "disable", "pg", "--reason", "  "],
        vec!["connection", "disable", "pg", "--reason", "two\u{1b}[2Jlines"],
        vec!["connection", "history", "P&G"],
        vec!["connection", "rollback", "pg", "first", "--reason", "x"],
        [&sandbox[..], &["connection", "plan", "no/such/folder"]].concat(),
        [&sandbox[..], &["connection", "list"]].concat(),
        [&sandbox[..], &["secret", "put", "salt"]].concat(),
        [&sandbox[..], &["trace", "hello there"]].concat(),
        [&sandbox[..], &["trace", "7KQ3-9FXM-2B4"]].concat(),
        [&sandbox[..], &["logins"]].concat(),
        [&sandbox[..], &["connection", "timeline"]].concat(),
        [&sandbox[..], &["connection", "check", "."]].concat(),
        [&link[..], &["--user", "0", "--external-id", "x"]].concat(),
        [&link[..], &["--user", "7", "--external-id", " "]].concat(),
    ] {
        let ran = stoa(&arguments).await;
        shown.push_str(&format!("$ stoa {}\n{}\n", arguments.join(" ").escape_debug(), ran.shown()));
    }
    assert_snapshot!(shown);
}

#[tokio::test]
async fn mistakes_in_files_and_names() {
    let desk = Desk::new().await;
    let outputs = desk.write("stack.json", "[{\"OutputKey\":\"ConnectionsTable\",\"OutputValue\":\"t\"}]");
    let mut shown = String::new();
    for (name, change) in [
        ("unknown-setting.toml", ("skew_second = 5", "idp_initiated = \"convert\"")),
        ("domain.toml", ("domains = [\"PG.com\"]", "domains = [\"pg.com\"]")),
        ("school.toml", ("school = \"nowhere\"", "school = \"pg-academy\"")),
        ("metadata.toml", ("metadata_file = \"missing.xml\"", "metadata_file = \"pg-metadata.xml\"")),
        (
            "entity.toml",
            ("sp_entity_id = \"https://new.example\"", "sp_entity_id = \"https://sso.example.com/saml/pg\""),
        ),
    ] {
        let (after, before) = change;
        let file = desk.file(name, |text| text.replace(before, after));
        let ran = desk.stoa(&["connection", "apply", &file]).await;
        shown.push_str(&format!("# {after}\n{}\n", ran.shown()));
    }
    for arguments in [
        vec!["connection", "history", "nobody"],
        vec!["connection", "activate", "nobody", "--reason", "x"],
        vec!["connection", "rollback", "pg", "7", "--reason", "x"],
    ] {
        let ran = desk.stoa(&arguments).await;
        shown.push_str(&format!("$ stoa {}\n{}\n", arguments.join(" "), ran.shown()));
    }
    let ran = stoa(&["connection", "list", "--outputs", &outputs]).await;
    shown.push_str(&format!("# outputs of another stack\n{}\n", ran.shown()));
    let outputs =
        ["ConnectionsTable", "TrustTable", "LoginsTable", "DirectoryTable", "SecretPrefix", "OperatorFunction"].map(
            |name| {
                let value = match name {
                    "OperatorFunction" => {
                        "arn:aws:lambda:eu-central-1:123456789012:function:stoa-operator:live".to_owned()
                    }
                    _ => format!("stoa-{name}-1"),
                };
                format!("{{\"OutputKey\":\"{name}\",\"OutputValue\":\"{value}\"}}")
            },
        );
    let outputs = desk.write("stack.json", &format!("[{}]", outputs.join(",")));
    let ran = stoa(&["connection", "list", "--outputs", &outputs]).await;
    shown.push_str(&format!("# no credentials\n{}\n", ran.shown()));
    assert_snapshot!(desk.settled(&shown));
}
