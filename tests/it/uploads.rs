//! Files that a customer puts into the bucket: read once, written only where the connection says so, and told of beside
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use stoa_core::ids::ConnectionId;
use stoa_core::routes::{Bucket, Table};
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_service::operator::Stopped;

use crate::aws::{Sent, call, object};
use crate::steps::{MARYS_EMAIL, World};

const HEADER: &str = "Email,External ID,First Name,Last Name,Groups\n";

/// A connection whose uploads are treated so: `""`, `write = true`.
async fn start(uploads: &str) -> World {
    let world = World::with(|file| format!("{file}{}", directory(""))).await;
    if !uploads.is_empty() {
        world.treat(uploads).await;
    }
    world
}

fn directory(uploads: &str) -> String {
    format!(
        "\n[directory]\nsource = \"csv\"\nuploads = {{ {uploads} }}\n\n[[directory.grant]]\neverybody = true\n\
         courses = [3]\n\n[[directory.grant]]\ngroup = \"Leaders\"\ncourses = [4]\n"
    )
}

fn pg() -> ConnectionId {
    ConnectionId::parse("pg").unwrap()
}

fn person(line: u64) -> String {
    format!("needle{line}@pg.com,{line:05},Needle,Haystack{line},Leaders\n")
}

fn people(lines: impl IntoIterator<Item = u64>) -> String {
    lines.into_iter().fold(HEADER.to_owned(), |text, line| text + &person(line))
}

/// What a result says.
#[derive(Debug, Default)]
struct Told {
    says: BTreeMap<String, String>,
    rows: Vec<(u64, String)>,
}

impl Told {
    #[track_caller]
    fn assert_says(&self, wanted: &[(&str, &str)]) {
        for (what, says) in wanted {
            assert_eq!(self.says.get(*what).map(String::as_str), Some(*says), "{what}: {self:?}");
        }
    }

    fn code(&self) -> &str {
        self.says.get("code").map_or("", String::as_str)
    }
}

impl World {
    async fn treat(&self, uploads: &str) {
        let directory = directory(uploads);
        self.reconfigure(|file| format!("{file}{directory}")).await;
    }

    /// The customer's administrator puts a file there; the path is encoded.
    async fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let sent = Sent { body: text.as_ref(), ..Sent::default() };
        assert_eq!(object(self, "sandbox", "PUT", path, sent).await.0, 200, "{path}");
    }

    /// The same, and every event is delivered.
    async fn upload(&self, path: &str, text: impl AsRef<[u8]>) {
        self.put(path, text).await;
        for answer in self.deliver_uploads().await {
            answer.unwrap();
        }
    }

    fn object(&self, key: &str) -> Option<String> {
        let bytes = self.front.object(Bucket::Files, key)?;
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn told(&self, name: &str) -> Option<Told> {
        let text = self.object(&format!("pg/out/{name}.result.csv"))?;
        let mut told = Told::default();
        for row in text.lines().skip(1) {
            let cells: Vec<&str> = row.trim_matches('"').split("\",\"").collect();
            match cells[..] {
                ["row", line, why] => told.rows.push((line.parse().unwrap(), why.to_owned())),
                [what, "", says] => drop(told.says.insert(what.to_owned(), says.to_owned())),
                _ => panic!("{row}"),
            }
        }
        Some(told)
    }

    fn members(&self) -> usize {
        let items = self.front.items(Table::Directory).unwrap();
        items.iter().filter(|item| item["pk"]["S"] == "users#pg").count()
    }

    fn waiting(&self) -> Vec<Value> {
        let items = self.front.items(Table::Directory).unwrap();
        items.into_iter().filter(|item| item["pk"]["S"] == "upload#").collect()
    }

    async fn go_on(&self) -> Value {
        self.go_on_with_uploads().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_compared_first_and_written_where_the_connection_says_so_and_nobody_is_named() {
    let world = start("").await;
    let file = people(2..5) + &format!("{MARYS_EMAIL},mary,Mary,Miller,Leaders\nnobody@globex.com,9,A,B,\nx,8,A,B,\n");
    world.upload("pg/in/needles.csv", &file).await;
    let told = world.told("needles.csv").unwrap();
    told.assert_says(&[
        ("file", "needles.csv"),
        ("outcome", "compared; nothing was written"),
        ("new", "4"),
        ("unchanged", "0"),
        ("rows that cannot be used", "2"),
    ]);
    assert_eq!(told.rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [6, 7]);
    assert_eq!((world.members(), world.waiting().len()), (0, 0));

    world.treat("write = true").await;
    world.upload("pg/in/needles.csv", &file).await;
    world.told("needles.csv").unwrap().assert_says(&[("outcome", "written"), ("new", "4"), ("gone", "0")]);
    assert_eq!(world.members(), 4);
    world.provision().await.unwrap();
    assert_eq!(world.open_to(MARYS_EMAIL), [3, 4]);
    // Once more, it changes nothing; what it does not name stays.
    world.upload("pg/in/one.csv", people([2])).await;
    world.told("one.csv").unwrap().assert_says(&[("new", "0"), ("unchanged", "1"), ("gone", "0")]);
    assert_eq!(world.members(), 4);

    // Nobody is named but in the file itself: not in the result, not in the table, not in the log.
    let results = world.front.object_keys(Bucket::Files).into_iter().filter(|key| key.contains("/out/"));
    let results: Vec<_> = results.map(|key| world.object(&key).unwrap()).collect();
    let stored = format!("{:?}", world.front.items(Table::Directory).unwrap());
    let log = world.whole_log().concat();
    for needle in ["eedle1", "eedle2", "aystack", "Mary", "miller", "Leaders", "globex"] {
        assert!(!results.concat().contains(needle), "{needle}");
    }
    for needle in ["eedle", "aystack", "Leaders", "mary", "Mary"] {
        assert!(!stored.contains(needle), "{needle}");
    }
    for needle in ["eedle", "aystack", "Leaders"] {
        assert!(!log.contains(needle), "{needle}");
    }
    let imported = world.front.items(Table::Directory).unwrap();
    let imported: Vec<_> = imported.iter().filter(|item| item["pk"]["S"] == "import#pg").collect();
    assert!(imported.len() == 2 && imported.iter().all(|item| item["by"]["S"] == "upload"), "{imported:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_people_is_refused_with_a_code_beside_it() {
    let world = start("write = true").await;
    let text = people([2]);
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, bytes, code) in [
        ("people.xlsx", text.as_bytes(), "not_csv"),
        ("book.csv", &b"PK\x03\x04\x14\0"[..], "not_csv"),
        ("page.csv", b"<!doctype html>", "not_csv"),
        ("empty.csv", b"", "header"),
        ("columns.csv", b"Name,Age\nA,1\n", "header"),
        ("bare.csv", b"needle7@pg.com,Needle,Haystack7\nneedle8@pg.com,Needle,Haystack8\n", "header"),
        ("header.csv", b"Email\n", ""),
        ("wide.csv", &[&[0xff, 0xfe][..], &utf_16].concat(), ""),
    ] {
        world.forget();
        world.upload(&format!("pg/in/{name}"), bytes).await;
        let told = world.told(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(told.code(), code, "{name}: {told:?}");
        let outcome = if code.is_empty() { "written" } else { "refused; nothing was written" };
        told.assert_says(&[("outcome", outcome)]);
        let log = world.log().concat();
        let faults = usize::from(!code.is_empty());
        assert_eq!(log.matches("upload_refused").count(), faults, "{name}: {log}");
        assert!(log.contains(&format!("\"got\":\"{code}\"")) || code.is_empty(), "{name}: {log}");
        assert!(world.waiting().is_empty(), "{name}");
    }
    assert_eq!(world.members(), 1);
    // Of a file without a header the first row is somebody.
    let said = world.object("pg/out/bare.csv.result.csv").unwrap() + &world.whole_log().concat();
    assert!(!said.contains("eedle") && !said.contains("aystack"), "{said}");
    // The size is known before anything is read.
    world.put("pg/in/large.csv", &text).await;
    let mut event = world.front.take_object_events().remove(0);
    event["detail"]["object"]["size"] = json!(64 * 1024 * 1024 + 1);
    world.forget();
    world.invoke("csv-import", event).await.unwrap();
    assert_eq!(world.told("large.csv").unwrap().code(), "too_large");
    assert!(!world.front.take_calls().iter().any(|call| call.action == "s3:GetObject"));
    // Deleted before it is read.
    world.put("pg/in/gone.csv", &text).await;
    world.front.delete_object(Bucket::Files, "pg/in/gone.csv");
    world.deliver_uploads().await.remove(0).unwrap();
    assert_eq!(world.told("gone.csv").unwrap().code(), "gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_nobody_s_or_of_a_connection_that_takes_no_files_is_told_so() {
    let world = start("write = true").await;
    world.upload("initech/in/people.csv", people([2])).await;
    let result = world.object("initech/out/people.csv.result.csv").unwrap();
    assert!(result.contains("no_connection"), "{result}");
    for source in ["scim", "none"] {
        world.reconfigure(|file| format!("{file}\n[directory]\nsource = {source:?}\n")).await;
        world.upload(&format!("pg/in/{source}.csv"), people([2])).await;
        assert_eq!(world.told(&format!("{source}.csv")).unwrap().code(), "not_from_files");
    }
    world.reconfigure(str::to_owned).await;
    world.upload("pg/in/off.csv", people([2])).await;
    assert_eq!(world.told("off.csv").unwrap().code(), "not_from_files");
    // Where nobody could read a result, the run fails, and its event ends in the queue.
    for path in ["Globex/in/people.csv", "a/b/in/people.csv"] {
        world.put(path, people([2])).await;
        let answers = world.deliver_uploads().await;
        assert!(answers.len() == 1 && answers[0].is_err(), "{path}: {answers:?}");
        assert_eq!(world.faults().last().map(String::as_str), Some("upload_refused"), "{path}");
    }
    // A console's folder is no file, and what is put elsewhere starts nothing.
    world.upload("pg/in/", "").await;
    world.upload("pg/people.csv", people([2])).await;
    let outs = world.front.object_keys(Bucket::Files).into_iter().filter(|key| key.contains("/out/")).count();
    assert_eq!((outs, world.members(), world.waiting().len()), (4, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_are_read_as_they_are_and_those_that_mislead_are_not() {
    let world = start("write = true").await;
    let mut line = 1;
    for (path, name) in [
        ("pg/in/all%20people.csv", "all people.csv"),
        ("pg/in/a%2Bb.csv", "a+b.csv"),
        ("pg/in/100%25.csv", "100%.csv"),
        ("pg/in/a%2520b.csv", "a%20b.csv"),
        ("pg/in/..a..csv", "..a..csv"),
        ("pg/in/Gr%C3%B6%C3%9Fe%E2%80%93%E5%90%8D.csv", "Größe–名.csv"),
        ("pg/in/a%26b%3Dc%3F%23%27%28%29.csv", "a&b=c?#'().csv"),
        ("pg/in/%3D1%2B1.csv", "=1+1.csv"),
    ] {
        line += 1;
        world.upload(path, people([line])).await;
        let told = world.told(name).unwrap_or_else(|| panic!("{name}: {:?}", world.front.object_keys(Bucket::Files)));
        told.assert_says(&[("new", "1")]);
    }
    // A key that is encoded like a form, as S3's older notifications are.
    world.put("pg/in/x%20y%2Bz.csv", people([20])).await;
    let mut event = world.front.take_object_events().remove(0);
    event["detail"]["object"]["key"] = json!("pg/in/x+y%2Bz.csv");
    world.invoke("csv-import", event).await.unwrap();
    world.told("x y+z.csv").unwrap().assert_says(&[("new", "1")]);
    let before = world.members();
    let long = "x".repeat(201);
    for name in ["a/b.csv", "%2E%2E/globex/in/x.csv", "a%5Cb.csv", "a%0Ab.csv", &long] {
        world.upload(&format!("pg/in/{name}"), people([99])).await;
        let told = world.told("unusable-name").unwrap_or_else(|| panic!("{name}"));
        assert_eq!(told.code(), "name", "{name}");
        world.front.delete_object(Bucket::Files, "pg/out/unusable-name.result.csv");
    }
    assert_eq!((world.members(), world.waiting().len()), (before, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_twice_reads_once_and_events_in_another_order_undo_nothing() {
    let world = start("write = true").await;
    world.put("pg/in/a.csv", people([2])).await;
    let event = world.front.take_object_events().remove(0);
    world.invoke("csv-import", event.clone()).await.unwrap();
    world.forget();
    let again = world.invoke("csv-import", event.clone()).await.unwrap();
    assert_eq!(again, json!({"again": true}));
    assert!(!world.front.take_calls().iter().any(|call| call.action.starts_with("s3:")));
    // The same bytes put there once more are another upload.
    world.upload("pg/in/a.csv", people([2])).await;
    world.told("a.csv").unwrap().assert_says(&[("unchanged", "1"), ("new", "0")]);

    // An older file that is told of later would undo the younger one.
    world.put("pg/in/old.csv", HEADER.to_owned() + "needle2@pg.com,00002,Older,Name,\n").await;
    let mut event = world.front.take_object_events().remove(0);
    event["time"] = json!("2026-01-01T00:00:00Z");
    world.invoke("csv-import", event).await.unwrap();
    assert_eq!(world.told("old.csv").unwrap().code(), "overtaken");

    // Overwritten before it was read: the first event finds another file, and leaves it to the second.
    world.put("pg/in/b.csv", people([30])).await;
    world.put("pg/in/b.csv", people([31, 32])).await;
    let answers = world.deliver_uploads().await;
    assert!(answers.len() == 2 && answers.iter().all(Result::is_ok), "{answers:?}");
    world.told("b.csv").unwrap().assert_says(&[("new", "2")]);
    assert!(world.log().concat().contains("\"got\":\"replaced\""));
    assert_eq!((world.members(), world.waiting().len()), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_missing_leaves_only_where_files_name_everybody_and_every_row_can_be_used() {
    let world = start("write = true, complete = true").await;
    world.upload("pg/in/all.csv", people(2..32)).await;
    for _ in 0..4 {
        world.provision().await.unwrap();
        world.advance(61);
    }
    let enrolled = || (2..32).filter(|line| !world.open_to(&format!("needle{line}@pg.com")).is_empty()).count();
    assert_eq!(enrolled(), 30);
    // A row that cannot be used may be somebody's.
    world.upload("pg/in/some.csv", people(2..10) + "nobody,1,A,B,\n").await;
    let told = world.told("some.csv").unwrap();
    told.assert_says(&[
        ("code", "incomplete"),
        ("outcome", "written; nobody is gone for not being in the file"),
        ("gone", "0"),
    ]);
    world.upload("pg/in/none.csv", HEADER).await;
    let told = world.told("none.csv").unwrap();
    told.assert_says(&[("code", "names_nobody"), ("outcome", "refused; nothing was written")]);
    // Compared only.
    world.treat("complete = true").await;
    world.upload("pg/in/plan.csv", people(2..10)).await;
    world.told("plan.csv").unwrap().assert_says(&[("gone", "22"), ("gone, not in the file", "22"), ("unchanged", "8")]);
    world.provision().await.unwrap();
    assert_eq!(enrolled(), 30);
    // Written: too many at once are held, as by any other source.
    world.treat("write = true, complete = true").await;
    world.upload("pg/in/write.csv", people(2..10)).await;
    world.told("write.csv").unwrap().assert_says(&[("gone", "22"), ("outcome", "written")]);
    for _ in 0..4 {
        world.provision().await.unwrap();
        world.advance(61);
    }
    assert_eq!((enrolled(), world.operator.stopped(&pg(), Stopped::Held).await.unwrap().len()), (20, 12));
}

/// More than a part of an object has, and more than are taken at once.
const MANY: u64 = 600;

/// A file with rows as long as they may be.
fn long_rows(lines: impl IntoIterator<Item = u64>) -> String {
    let name = "x".repeat(250);
    let row = |line: u64| format!("needle{line}@pg.com,{line:05},{name},{name},\n");
    lines.into_iter().fold(HEADER.to_owned(), |text, line| text + &row(line))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_for_which_there_is_no_time_goes_on_where_it_stopped_and_another_waits_its_turn() {
    let world = start("write = true, complete = true").await;
    world.upload("pg/in/first.csv", people([9_999])).await;
    let file = long_rows(2..MANY + 2);
    assert!(file.len() > 256 * 1024);
    world.put("pg/in/long.csv", &file).await;
    let events = world.front.take_object_events();
    let run = world.invoke("csv-import", events[0].clone());
    let meanwhile = async {
        while world.members() == 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world.put("pg/in/next.csv", people(2..4)).await;
        let waits = world.deliver_uploads().await.remove(0).unwrap();
        assert_eq!(waits, json!({"waits": true}));
        world.advance(13 * 60);
    };
    let (stopped, ()) = tokio::join!(run, meanwhile);
    assert_eq!(stopped.unwrap(), json!({"files": 0, "goes_on": true}));
    assert!(world.told("long.csv").is_none() && world.waiting().len() == 2);
    let done = u64::try_from(world.members()).unwrap() - 1;
    assert!(done > 0 && done < MANY && done % 100 == 0, "{done}");
    let noted: u64 = {
        let waiting = world.waiting();
        let rows = |item: &Value| item["done"]["M"]["rows"]["N"].as_str().unwrap().parse::<u64>().unwrap();
        waiting.iter().map(rows).sum()
    };
    assert_eq!(noted, done, "how far it has come is noted");
    let went_on = world.go_on().await;
    assert_eq!(went_on, json!({"taken": [{"files": 2}]}));
    let many = MANY.to_string();
    world.told("long.csv").unwrap().assert_says(&[("new", &many), ("gone, not in the file", "1"), ("unchanged", "0")]);
    // Then the younger one, which names everybody too.
    let rest = (MANY - 2).to_string();
    world.told("next.csv").unwrap().assert_says(&[("changed", "2"), ("gone", &rest)]);
    assert_eq!((u64::try_from(world.members()).unwrap(), world.waiting().len()), (MANY + 1, 0));
}

/// At each call of a run, what may become of it; then the clock comes.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_a_call_a_file_is_told_of_and_everybody_is_there_once() {
    let kinds = [FaultKind::ApplyThenCutConnection, FaultKind::CutConnection, FaultKind::Throttle];
    let (mut points, mut failed) = (0u64, 0u32);
    let world = start("write = true").await;
    let actions = ["s3:GetObject", "s3:PutObject", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"];
    for action in actions.into_iter().chain(["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]) {
        for kind in kinds {
            for after in 0..3 {
                let told = format!("{action}: {kind:?}, after {after}");
                let lines = [100 + 10 * points, 101 + 10 * points];
                let name = format!("file{points}.csv");
                points += 1;
                world.put(&format!("pg/in/{name}"), people(lines)).await;
                let event = world.front.take_object_events().remove(0);
                world.front.inject(Fault::next("csv-import", action, kind).after(after).times(6));
                let first = world.invoke("csv-import", event.clone()).await;
                world.front.clear_faults();
                failed += u32::from(first.is_err());
                // A turn that could not be given up ends by itself.
                world.advance(17 * 60);
                if first.is_err() {
                    world.invoke("csv-import", event).await.unwrap_or_else(|error| panic!("{told}: {error}"));
                }
                world.go_on().await;
                let result = world.told(&name).unwrap_or_else(|| panic!("{told}"));
                result.assert_says(&[("outcome", "written"), ("rows that cannot be used", "0")]);
                assert!(world.waiting().is_empty(), "{told}");
                assert_eq!(world.members(), 2 * usize::try_from(points).unwrap(), "{told}");
            }
        }
    }
    println!("{points} points, {failed} runs failed");
    assert!(points == 72 && failed > 15, "{points} points, {failed} failed");
}

/// More than are taken at once.
const SOME: u64 = 150;

/// A file of so many people who are in none before it, without groups.
fn some(first: u64) -> String {
    (first..first + SOME).fold("Email,First Name\n".to_owned(), |text, line| text + &format!("needle{line}@pg.com,N\n"))
}

impl World {
    /// A file is put there, and its first run meets this.
    async fn breaks_off(&self, name: &str, text: impl AsRef<[u8]>, fault: Fault) {
        self.put(&format!("pg/in/{name}"), text).await;
        self.front.inject(fault.times(1_000));
        assert!(self.deliver_uploads().await.remove(0).is_err(), "{name}");
        self.front.clear_faults();
        // A turn that could not be given up ends by itself.
        self.advance(17 * 60);
    }

    fn imported(&self) -> usize {
        let items = self.front.items(Table::Directory).unwrap();
        items.iter().filter(|item| item["pk"]["S"] == "import#pg").count()
    }
}

fn cut(action: &str, after: usize) -> Fault {
    Fault::next("csv-import", action, FaultKind::CutConnection).after(after)
}

impl Told {
    /// What a result may say of this, as a number.
    fn number(&self, what: &str) -> u64 {
        self.says.get(what).map_or(0, |says| says.parse().unwrap())
    }

    /// What it says was written is what was.
    #[track_caller]
    fn assert_true_of(&self, written: u64, case: &str) -> &str {
        let (rows, perhaps) = match self.says["outcome"].as_str() {
            "refused; nothing was written" | "compared; nothing was written" => (0, 0),
            "broken off; a part of it is written" | "broken off; a part of it may be written" => {
                let (rows, new) = (self.number("rows that are done"), self.number("new"));
                assert_eq!(rows, new, "{case}: {self:?}");
                (rows, self.number("rows that may be done as well, at most"))
            }
            "compared; a part of it was written before, under other settings" => {
                assert_eq!(self.number("new"), SOME - written, "{case}: {self:?}");
                let rows = self.number("before, under other settings: rows that are done");
                assert_eq!(rows, self.number("before: new"), "{case}: {self:?}");
                (rows, self.number("before: rows that may be done as well, at most"))
            }
            "written" => (self.number("new"), self.number("more that this file may have done, at most")),
            other => panic!("{case}: {other}"),
        };
        assert!((rows..=rows + perhaps).contains(&written), "{case}: {written} were written: {self:?}");
        &self.says["outcome"]
    }
}

/// At each point at which a run may break off, whatever happens to the file and its connection before the next one.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_of_a_file_is_true_wherever_it_broke_off() {
    let world = start("write = true").await;
    let mut outcomes = BTreeSet::new();
    let points = [
        ("s3:GetObject", 0, "gone"),
        ("dynamodb:UpdateItem", 2, "off"),
        ("dynamodb:UpdateItem", 3, "gone"),
        ("dynamodb:UpdateItem", 3, "on"),
        ("dynamodb:UpdateItem", 4, "compared"),
        ("dynamodb:PutItem", 1, "gone"),
        ("dynamodb:PutItem", 51, "off"),
        ("dynamodb:PutItem", 131, "on"),
        ("dynamodb:PutItem", 121, "gone"),
        ("dynamodb:BatchGetItem", 0, "gone"),
        ("dynamodb:PutItem", 121, "replaced"),
    ];
    for (at, (action, after, then)) in (0..).zip(points) {
        let (case, name) = (format!("{action}, after {after}, {then}"), format!("file{at}.csv"));
        let (before, imported) = (world.members(), world.imported());
        let written = || u64::try_from(world.members() - before).unwrap();
        let file = some(1_000 * (at + 1));
        world.breaks_off(&name, &file, cut(action, after)).await;
        let broke_off = written();
        match then {
            "gone" => world.front.delete_object(Bucket::Files, &format!("pg/in/{name}")),
            "off" => world.reconfigure(|file| format!("{file}\n[directory]\nsource = \"none\"\n")).await,
            "compared" => world.treat("").await,
            "replaced" => world.upload(&format!("pg/in/{name}"), file + "last@pg.com,Last\n").await,
            _ => {}
        }
        world.go_on().await;
        assert!(world.waiting().is_empty(), "{case}");
        let told = world.told(&name).unwrap_or_else(|| panic!("{case}"));
        match then {
            // The second file is told of, and so is what the first one did.
            "replaced" => {
                let counts = (told.number("new"), told.number("unchanged"));
                assert_eq!(counts, (SOME + 1 - broke_off, broke_off), "{case}: {told:?}");
                assert_eq!((written(), world.imported()), (SOME + 1, imported + 2), "{case}");
                let told = world.told(&format!("{name}.replaced")).unwrap();
                told.assert_says(&[("code", "replaced"), ("outcome", "broken off; a part of it is written")]);
                told.assert_true_of(broke_off, &case);
            }
            _ => {
                let outcome = told.assert_true_of(written(), &case);
                let is_written = !outcome.ends_with("nothing was written");
                assert_eq!(world.imported(), imported + usize::from(is_written), "{case}");
                outcomes.insert(outcome.to_owned());
            }
        }
        world.treat("write = true").await;
        world.advance(60);
    }
    assert_eq!(outcomes.len(), 5, "{outcomes:?}");
}

/// With files that name everybody: whoever left before a run broke off is counted too, and whom the rows before it name
/// is found out without reading each of those people.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_is_counted_also_where_a_run_broke_off_and_nobody_is_read_twice_for_it() {
    let world = start("write = true, complete = true").await;
    let user_queries = || {
        let calls = world.front.take_calls().into_iter();
        calls
            .filter(|call| call.action == "dynamodb:Query" && call.keys.iter().any(|key| key.starts_with("user#")))
            .count()
    };
    world.upload("pg/in/one.csv", people([9_999])).await;
    world.breaks_off("some.csv", some(1_000), cut("dynamodb:PutItem", 121)).await;
    world.forget();
    world.go_on().await;
    let told = world.told("some.csv").unwrap();
    told.assert_says(&[("outcome", "written"), ("gone", "1"), ("gone, not in the file", "1")]);
    told.assert_true_of(SOME, "some.csv");
    // Some of the second hundred, and whoever leaves; of the hundred rows that were done, nobody.
    let queries = user_queries();
    assert!(queries < 60, "{queries} people were read");

    // A hundred have left, and perhaps some more.
    world.breaks_off("few.csv", people(2..4), cut("dynamodb:PutItem", 115)).await;
    // And once more, before anybody else is let leave: that some may have left is not forgotten.
    world.front.inject(cut("s3:GetObject", 1).times(1_000));
    assert!(world.go_on_with_uploads().await.is_err());
    world.front.clear_faults();
    world.advance(17 * 60);
    world.go_on().await;
    let told = world.told("few.csv").unwrap();
    let (gone, more) = (told.number("gone"), told.number("more that this file may have done, at most"));
    told.assert_says(&[("outcome", "written"), ("gone, not in the file", &gone.to_string())]);
    assert!((100..=150).contains(&gone) && gone + more >= 150, "{told:?}");
    // Sent again, it finds everybody gone.
    world.upload("pg/in/few.csv", people(2..4)).await;
    world.told("few.csv").unwrap().assert_says(&[("gone", "0"), ("unchanged", "2")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_ends_before_an_older_file_of_which_s3_told_late() {
    let world = start("write = true").await;
    world.breaks_off("young.csv", some(1_000), cut("dynamodb:PutItem", 121)).await;
    let waiting = world.waiting().remove(0);
    world.put("pg/in/old.csv", "Email,First Name\nneedle1000@pg.com,Older\n").await;
    let mut event = world.front.take_object_events().remove(0);
    event["time"] = json!("2026-01-01T00:00:00Z");
    world.invoke("csv-import", event).await.unwrap();
    let told = world.told("young.csv").unwrap();
    told.assert_true_of(SOME, "young.csv");
    assert_eq!(world.told("old.csv").unwrap().code(), "overtaken");
    // The event came twice, and one of the two was slow: what was told stays.
    let table = world.front.stack().table_name(Table::Directory);
    let item = json!({"TableName": table, "Item": waiting});
    assert_eq!(call(&world, "sandbox", "DynamoDB_20120810.PutItem", &item).await.0, 200);
    world.go_on().await;
    assert_eq!(world.told("young.csv").unwrap().says, told.says);
    assert!(world.waiting().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_be_read_is_not_gone_and_waits_until_it_may() {
    let world = start("write = true").await;
    world.put("pg/in/a.csv", people([2])).await;
    world.front.inject(Fault::next("csv-import", "s3:GetObject", FaultKind::Deny));
    assert!(world.deliver_uploads().await.remove(0).is_err());
    assert_eq!(world.faults().last().map(String::as_str), Some("permission_missing"));
    assert!(world.told("a.csv").is_none());
    assert_eq!(world.waiting().len(), 1);
    world.go_on().await;
    world.told("a.csv").unwrap().assert_says(&[("outcome", "written"), ("new", "1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_no_further_for_hours_is_given_up_and_not_before_and_on_call_is_told() {
    let world = start("write = true").await;
    world.put("pg/in/a.csv", some(1_000)).await;
    world.front.inject(Fault::next("csv-import", "s3:GetObject", FaultKind::Unavailable).times(4));
    assert!(world.deliver_uploads().await.remove(0).is_err());
    assert!(world.faults().contains(&"files_unavailable".to_owned()));
    // It comes further once, and then no more. A clock that fails is tried again: three runs in five minutes.
    world.front.inject(cut("dynamodb:PutItem", 120).times(100_000));
    for run in 1..=25 {
        assert!(world.go_on_with_uploads().await.is_err(), "{run}");
        world.advance(100);
    }
    assert!(world.told("a.csv").is_none() && world.waiting().len() == 1, "given up within the hour");
    world.front.clear_faults();
    world.front.inject(cut("dynamodb:BatchGetItem", 0).times(100_000));
    world.advance(6 * 60 * 60);
    world.forget();
    // Lambda tries an event that fails twice more: it ends in the queue.
    for run in 0..3 {
        assert_eq!(world.waiting().len(), 1, "{run}");
        assert!(world.go_on_with_uploads().await.is_err(), "{run}");
        assert_eq!(world.faults(), ["upload_given_up", "upload_given_up"], "of the file, and of the run");
    }
    let told = world.told("a.csv").unwrap();
    told.assert_says(&[("code", "failed"), ("new", "100"), ("rows that are done", "100")]);
    told.assert_true_of(u64::try_from(world.members()).unwrap(), "given up");
    assert_eq!((world.waiting().len(), world.imported()), (0, 1));
    world.go_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_reads_what_customers_put_and_writes_results_only_and_neither_starts_it() {
    let world = start("").await;
    world.upload("pg/in/a.csv", people([2])).await;
    assert!(world.front.take_object_events().is_empty(), "a result started a run");
    let none = Sent::default();
    let ranged = |headers| Sent { headers, ..Sent::default() };
    for (principal, method, path, status) in [
        ("csv-import", "GET", "pg/in/a.csv", 200),
        ("csv-import", "HEAD", "pg/in/a.csv", 200),
        ("csv-import", "GET", "pg/out/a.csv.result.csv", 403),
        ("csv-import", "PUT", "pg/in/b.csv", 403),
        ("csv-import", "PUT", "pg/out/b.csv", 200),
        // Not there, or not to be read: whoever may not list is not told.
        ("csv-import", "GET", "pg/in/b.csv", 404),
        ("csv-import", "HEAD", "pg/in/b.csv", 404),
        ("csv-import", "GET", "pg/out/b.csv", 403),
        ("scim", "GET", "pg/in/b.csv", 403),
        ("sandbox", "GET", "pg/in/b.csv", 404),
        ("csv-import", "DELETE", "pg/in/a.csv", 405),
        ("scim", "GET", "pg/in/a.csv", 403),
        ("operator", "GET", "pg/out/a.csv.result.csv", 403),
        ("on-call", "GET", "pg/in/a.csv", 403),
        ("nobody", "GET", "pg/in/a.csv", 403),
    ] {
        let (got, body) = object(&world, principal, method, path, none).await;
        assert_eq!(got, status, "{principal} {method} {path}: {body:?}");
    }
    let etag = {
        let event = {
            world.put("pg/in/c.csv", "0123456789").await;
            world.front.take_object_events().remove(0)
        };
        event["detail"]["object"]["etag"].as_str().unwrap().to_owned()
    };
    let (quoted, other) = (format!("\"{etag}\""), "\"other\"".to_owned());
    for (headers, status, body) in [
        (&[("range", "bytes=2-4"), ("if-match", quoted.as_str())][..], 206, Some("234")),
        (&[("range", "bytes=8-100")], 206, Some("89")),
        (&[("range", "bytes=10-11")], 416, None),
        (&[("range", "bytes=5-")], 206, Some("56789")),
        (&[("range", "bytes=10-")], 416, None),
        (&[("range", "bytes=-3")], 206, Some("789")),
        (&[("range", "bytes=-30")], 206, Some("0123456789")),
        (&[("range", "bytes=-0")], 416, None),
        (&[("range", "bytes=4-2")], 200, Some("0123456789")),
        (&[("range", "bytes=-")], 200, Some("0123456789")),
        (&[("range", "bytes=0-18446744073709551615")], 206, Some("0123456789")),
        (&[("if-match", other.as_str())], 412, None),
        (&[], 200, Some("0123456789")),
    ] {
        let got = object(&world, "csv-import", "GET", "pg/in/c.csv", ranged(headers)).await;
        assert_eq!(got.0, status, "{headers:?}");
        assert!(body.is_none_or(|body| got.1 == body), "{headers:?}: {:?}", got.1);
    }
    // What arrives has to be what was signed.
    let torn = Sent { body: b"x", hash: Some("00"), ..none };
    assert_eq!(object(&world, "sandbox", "PUT", "pg/in/d.csv", torn).await.0, 400);
    // Nor may it have another key than the bucket's, whoever sends it: nobody could read it.
    for (header, value, status) in [
        ("x-amz-server-side-encryption", "AES256", 200),
        ("x-amz-server-side-encryption", "aws:kms", 403),
        ("x-amz-server-side-encryption", "aws:kms:dsse", 403),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256", 403),
    ] {
        let sent = Sent { headers: &[(header, value)], body: b"x", hash: None };
        assert_eq!(object(&world, "sandbox", "PUT", &format!("pg/in/{status}.csv"), sent).await.0, status, "{value}");
    }
    let keys: BTreeSet<String> = world.front.object_keys(Bucket::Files).into_iter().collect();
    assert!(keys.contains("pg/in/200.csv") && !keys.contains("pg/in/403.csv"), "{keys:?}");
    assert!(!keys.contains("pg/in/d.csv") && !keys.contains("pg/in/b.csv"), "{keys:?}");
}
