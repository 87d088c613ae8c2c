//! People from a file.

use stoa_sandbox::aws::{Fault, FaultKind};

use crate::command::Desk;

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

/// What a connection's file needs besides.
const FROM_FILES: &str = "\n[directory]\nsource = \"csv\"\n\n[[directory.grant]]\neverybody = true\ncourses = [3]\n";

/// A connection that takes people from files.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", |file| format!("{file}{FROM_FILES}"));
    desk.stoa(&["connection", "apply", &file, "--reason", "they send files"]).await.done();
    desk
}

fn file_of(people: std::ops::Range<u32>) -> String {
    let rows = people.map(|number| {
        let name = ["Ada", "=cmd", "Bo"][number as usize % 3];
        format!("{number:05},{name},Example {number},person{number}@pg.com,Plant {}\r\n", number % 4)
    });
    format!("External ID,First Name,Last Name,Email,Groups\r\n{}", rows.collect::<String>())
}

/// The lines of what a run counted, without their blanks.
fn counted(shown: &str) -> String {
    let names = ["new", "changed", "back", "gone", "unchanged", "leavers"];
    let lines = shown.lines().filter(|line| names.iter().any(|name| line.starts_with(&format!("{name} "))));
    lines.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_compared_written_and_written_again_without_an_effect() {
    let desk = desk().await;
    let file = desk.write("people.csv", &file_of(0..130));
    let import = ["import", &file, "--connection", "pg"];
    let write = [&import[..], &["--write", "--reason", "the file of November"]].concat();
    let shown = desk.stoa(&import).await.done();
    assert_eq!(counted(&shown), "new 130, changed 0, back 0, gone 0, unchanged 0");
    assert!(shown.contains("Nothing was written. --write --reason TEXT writes it."), "{shown}");
    assert_eq!(counted(&desk.stoa(&write).await.done()), "new 130, changed 0, back 0, gone 0, unchanged 0");
    assert_eq!(counted(&desk.stoa(&write).await.done()), "new 0, changed 0, back 0, gone 0, unchanged 130");
    assert_eq!(desk.stoa(&[&import[..], &["--write"]].concat()).await.code, 2);

    // Whoever is missing stays, unless the file is said to name everybody.
    let part = desk.write("part.csv", &file_of(0..100));
    let part = ["import", &part, "--connection", "pg"];
    assert_eq!(counted(&desk.stoa(&part).await.done()), "new 0, changed 0, back 0, gone 0, unchanged 100");
    let complete = [&part[..], &["--complete"]].concat();
    let shown = desk.stoa(&complete).await.done();
    assert_eq!(counted(&shown), "new 0, changed 0, back 0, gone 30, unchanged 100, leavers 30");
    assert!(shown.contains("stoa directory release pg"), "{shown}");
    let leaves = [&complete[..], &["--write", "--reason", "the whole file"]].concat();
    assert_eq!(counted(&desk.stoa(&leaves).await.done()), counted(&shown));
    assert_eq!(counted(&desk.stoa(&leaves).await.done()), "new 0, changed 0, back 0, gone 0, unchanged 100, leavers 0");
    assert_eq!(counted(&desk.stoa(&write).await.done()), "new 0, changed 0, back 30, gone 0, unchanged 100");

    // Of rows that cannot be used nobody knows who is in them: nobody leaves, and the others are written.
    let torn = desk.write("torn.csv", &file_of(0..50).replace("person7@pg.com", "person7@elsewhere.example"));
    let torn = ["import", &torn, "--connection", "pg", "--complete", "--write", "--reason", "the whole file"];
    let refused = desk.stoa(&torn).await.refused();
    assert!(refused.contains("nobody has left: 1 row cannot be used"), "{refused}");
    let empty = desk.write("empty.csv", &file_of(0..0));
    let empty = ["import", &empty, "--connection", "pg", "--complete", "--write", "--reason", "the whole file"];
    assert!(desk.stoa(&empty).await.refused().contains("names nobody"));
    assert_eq!(counted(&desk.stoa(&import).await.done()), "new 0, changed 0, back 0, gone 0, unchanged 130");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_broke_off_goes_on_where_it_ended() {
    let desk = desk().await;
    let file = desk.write("people.csv", &file_of(0..250));
    let write = ["import", &file, "--connection", "pg", "--write", "--reason", "the file of November"];
    // The note about the second hundred is not written; the first is done and noted.
    desk.sandbox.front.inject(Fault::next("on-call", "dynamodb:PutItem", FaultKind::Deny).on("directory").after(1));
    let broke_off = desk.stoa(&write).await.refused();
    assert!(broke_off.contains("could not note how far the file has come"), "{broke_off}");
    desk.sandbox.front.clear_faults();
    let shown = desk.stoa(&write).await.done();
    assert!(shown.contains("goes on     behind the first 100 rows, which are written"), "{shown}");
    // What the earlier run did is counted once, and what it did without a note is there.
    assert_eq!(counted(&shown), "new 150, changed 0, back 0, gone 0, unchanged 100");
    // It is done: another run begins at the beginning.
    let shown = desk.stoa(&write).await.done();
    assert!(!shown.contains("goes on"), "{shown}");
    let shown = desk.stoa(&["import", &file, "--connection", "pg"]).await.done();
    assert_eq!(counted(&shown), "new 0, changed 0, back 0, gone 0, unchanged 250");
}

/// Which rows count depends on the domains: with others, so many rows of it are other rows.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_broke_off_begins_again_where_the_domains_are_others() {
    let desk = desk().await;
    let rows = file_of(0..150).replace("person7@pg.com", "person7@pg-two.example");
    let file = desk.write("people.csv", &rows);
    let write = ["import", &file, "--connection", "pg", "--write", "--reason", "the file of November"];
    desk.sandbox.front.inject(Fault::next("on-call", "dynamodb:PutItem", FaultKind::Deny).on("directory").after(1));
    desk.stoa(&write).await.refused();
    desk.sandbox.front.clear_faults();
    let more = desk.file("pg.toml", |file| {
        let file = file.replace("\"pg.com\"", "\"pg.com\", \"pg-two.example\"");
        format!("{file}{FROM_FILES}")
    });
    desk.stoa(&["connection", "apply", &more, "--reason", "their second domain"]).await.done();
    let shown = desk.stoa(&write).await.done();
    assert!(!shown.contains("goes on"), "{shown}");
    let shown = desk.stoa(&["import", &file, "--connection", "pg"]).await.done();
    assert_eq!(counted(&shown), "new 0, changed 0, back 0, gone 0, unchanged 150");
}

#[tokio::test]
async fn what_columns_are_called_is_in_the_connection_s_file_unless_it_is_said() {
    let desk = Desk::new().await;
    let columns = "columns = { email = \"Login Mail\" }\n\n[[directory.grant]]";
    let file = desk.file("pg.toml", |file| format!("{file}{}", FROM_FILES.replace("\n[[directory.grant]]", columns)));
    desk.stoa(&["connection", "apply", &file, "--reason", "they send files"]).await.done();
    let people = desk.write("people.csv", "External ID,Login Mail,Other\r\n1,ada@pg.com,bo@pg.com\r\n");
    let import = ["import", &people, "--connection", "pg"];
    let shown = desk.stoa(&import).await.done();
    assert!(shown.contains("email in column 2, external_id in column 1"), "{shown}");
    let other = [&import[..], &["--column", "email=Other"]].concat();
    assert!(desk.stoa(&other).await.done().contains("email in column 3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_with_another_source_writes_nothing_from_a_file() {
    let desk = Desk::new().await;
    let file = desk.write("people.csv", &file_of(0..3));
    let import = ["import", &file, "--connection", "pg"];
    let shown = desk.stoa(&import).await.done();
    assert!(shown.contains("Not compared: pg takes no people from files."), "{shown}");
    for more in [&["--write", "--reason", "x"][..], &["--complete"]] {
        let refused = desk.stoa(&[&import[..], more].concat()).await.refused();
        assert!(refused.contains("pg takes no people from files; its file needs [directory]"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_read_again_without_a_difference_and_whoever_left_is_forgotten() {
    let desk = desk().await;
    let file = desk.write("people.csv", &file_of(0..7));
    let write = ["import", &file, "--connection", "pg", "--write", "--reason", "the file of November"];
    desk.stoa(&write).await.done();
    let out = desk.folder.path().join("export.csv");
    let shown = desk.stoa(&["directory", "export", "pg", "--out", out.to_str().unwrap()]).await.done();
    assert!(shown.contains("7 people of the directory of pg") && !shown.contains("person1@pg.com"), "{shown}");
    let text = std::fs::read_to_string(&out).unwrap();
    assert_eq!(text.lines().count(), 8);
    assert!(
        text.contains("\"person1@pg.com\",\"00001\",\"'=cmd\",\"Example 1\",\"\",\"Plant 1\",\"active\","),
        "{text}"
    );
    // What a spreadsheet would take for a formula comes back with its apostrophe; all else as it is.
    let shown = desk.stoa(&["import", out.to_str().unwrap(), "--connection", "pg"]).await.done();
    assert_eq!(counted(&shown), "new 0, changed 2, back 0, gone 0, unchanged 5");

    let row = text.lines().find(|line| line.contains("person3@pg.com")).unwrap();
    let person = row.split("\",\"").nth(7).unwrap();
    let of_person = desk.folder.path().join("person.json");
    let arguments = ["directory", "export", "pg", "--user", person, "--out", of_person.to_str().unwrap()];
    desk.stoa(&arguments).await.done();
    let document: serde_json::Value = serde_json::from_slice(&std::fs::read(&of_person).unwrap()).unwrap();
    assert_eq!(document["directory"]["profile"]["externalId"], "00003");
    assert_eq!(document["directory"]["groups"], serde_json::json!(["Plant 3"]));
    assert!(document["stored"].as_array().unwrap().len() >= 7, "{document}");
    assert!(!document.to_string().contains("\"sealed\""), "{document}");

    let erase = ["directory", "erase", "pg", person];
    let shown = desk.stoa(&erase).await.done();
    for part in ["not yet     they are active", "Nothing was erased.", "their logins, which go by themselves"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let write = [&erase[..], &["--write", "--reason", "asked by letter"]].concat();
    assert!(desk.stoa(&write).await.refused().contains("nothing was erased: they are active"));
    let left = file_of(0..7).replace("Email,Groups", "Email,Groups,Status").replace("Plant 3\r", "Plant 3,left\r");
    let left = left.lines().map(|line| match line.matches(',').count() {
        4 => format!("{line},active\r\n"),
        _ => format!("{line}\r\n"),
    });
    let left = desk.write("left.csv", &left.collect::<String>());
    let shown = desk.stoa(&["import", &left, "--connection", "pg", "--write", "--reason", "left"]).await.done();
    assert_eq!(counted(&shown), "new 0, changed 0, back 0, gone 1, unchanged 6");
    desk.sandbox.provision().await.unwrap();
    // What stays is said by what it is: nothing of WorkOS's, and the block that outlives them.
    let stays = "by what they are kept out by hand";
    let shown = desk.stoa(&erase).await.done();
    assert!(!shown.contains("WorkOS") && !shown.contains(stays), "{shown}");
    desk.stoa(&["directory", "block", "pg", person, "--reason", "a test"]).await.done();
    desk.sandbox.provision().await.unwrap();
    let shown = desk.stoa(&erase).await.done();
    assert!(!shown.contains("WorkOS") && shown.contains(stays), "{shown}");
    assert!(shown.contains(&format!("`stoa directory block pg {person} --off --reason \"…\"`")), "{shown}");
    let shown = desk.stoa(&write).await.done();
    assert!(shown.contains("items erased") && shown.contains("What this does not erase:"), "{shown}");
    assert!(desk.stoa(&erase).await.refused().contains("has nobody with that id"));
    let out = ["directory", "export", "pg", "--out", out.to_str().unwrap()];
    assert!(desk.stoa(&out).await.done().contains("6 people"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_compared_with_its_school() {
    let desk = desk().await;
    let file = desk.write("people.csv", &file_of(0..3));
    desk.stoa(&["import", &file, "--connection", "pg", "--write", "--reason", "x"]).await.done();
    let drift = ["directory", "drift", "pg"];
    let shown = desk.stoa(&drift).await.done();
    assert!(shown.contains("compared    3 people, without those whom their source has deleted; the mirror has not looked at all accounts yet"), "{shown}");
    // They are on their way.
    assert!(shown.contains("differ      0"), "{shown}");
    assert_eq!(desk.stoa(&[&drift[..], &["--repair"]].concat()).await.code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_people_have_come_is_written_out_for_their_customer() {
    let desk = desk().await;
    let file = desk.write("people.csv", &file_of(0..3));
    desk.stoa(&["import", &file, "--connection", "pg", "--write", "--reason", "a test"]).await.done();
    desk.stoa(&["thinkific", "webhooks", "pg-academy", "--write"]).await.done();
    let run = desk.sandbox.provision().await.unwrap();
    assert_eq!(run["people"], 3, "{run}");
    let school = &desk.sandbox.thinkific;
    let user = |number: u32| school.user(&format!("person{number}@pg.com")).unwrap().id;
    assert!(school.study(user(0), 3, 40) && school.study(user(1), 3, 100));

    let out = desk.path().join("progress.csv");
    let export = ["progress", "export", "pg", "--out", out.to_str().unwrap()];
    let mut written = String::new();
    // The school sends its events by itself.
    for _ in 0..100 {
        let said = desk.stoa(&export).await.done();
        assert!(said.contains("3 people of the directory of pg"), "{said}");
        written = std::fs::read_to_string(&out).unwrap();
        std::fs::remove_file(&out).unwrap();
        if written.contains("\"40\"") && written.contains("\"100\"") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let cells = |email: &str| {
        let line = written.lines().find(|line| line.contains(email)).unwrap_or_else(|| panic!("{email}: {written}"));
        line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect::<Vec<_>>()
    };
    assert!(written.starts_with("\"email\",\"external id\",\"first name\""), "{written}");
    let (ada, cmd) = (cells("person0@pg.com"), cells("person1@pg.com"));
    assert_eq!((&*ada[6], &*ada[7], &*ada[8], &*ada[9]), ("active", "3", "40", ""));
    assert_eq!((&*cmd[2], &*cmd[7], &*cmd[8]), ("'=cmd", "3", "100"), "no cell is a formula");
    assert!(cmd[9].starts_with("20"), "{cmd:?}");
    let bo = cells("person2@pg.com");
    assert!(bo[7] == "3" && bo[8] == "0" || bo[7].is_empty(), "{bo:?}");
    assert!(desk.stoa(&["progress", "export", "nowhere", "--out", "x"]).await.refused().contains("nowhere"));
}
