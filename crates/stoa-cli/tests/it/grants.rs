//! What a changed grant does is said before it is applied, and done after; what is misspelt is named.

use serde_json::json;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};

use crate::command::{Desk, stoa};

/// A directory whose everybody has course 3, and whose leaders have course 4 and are managers.
const DIRECTORY: &str = r#"
[directory]
source = "scim"

[[directory.grant]]
everybody = true
courses = [3]

[[directory.grant]]
group = "Leaders"
courses = [4]
thinkific_groups = ["Managers"]
"#;

/// A desk with this directory, in which Ada and Bea lead and Cleo does not.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", |text| text.to_owned() + DIRECTORY);
    desk.stoa(&["connection", "apply", &file, "--reason", "a directory"]).await.done();
    let token = desk.scim_token("90d").await;
    let mut people = Vec::new();
    for name in ["ada", "bea", "cleo"] {
        let person = json!({ "userName": format!("{name}@pg.com"), "displayName": name });
        people.push(json!({ "value": desk.scim(&token, "POST /Users", &person).await }));
    }
    let group = json!({ "displayName": "Leaders", "members": people[..2] });
    desk.scim(&token, "POST /Groups", &group).await;
    provision(&desk).await;
    desk
}

async fn provision(desk: &Desk) {
    let done = desk.sandbox.provision().await.unwrap();
    assert_eq!(done["failed"], 0, "{done}");
}

/// How many of the three may open a course.
fn with_course(desk: &Desk, course: u64) -> usize {
    let school = &desk.sandbox.thinkific;
    let now = school.clock().now();
    let enrolled = |name: &str| {
        let user = school.user(&format!("{name}@pg.com")).unwrap().id;
        school.enrollment(user, course).is_some_and(|enrollment| !enrollment.is_expired(now))
    };
    ["ada", "bea", "cleo"].iter().filter(|name| enrolled(name)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_changed_grant_does_is_counted_before_and_done_after() {
    let desk = desk().await;
    assert_eq!((with_course(&desk, 3), with_course(&desk, 4)), (3, 2));
    // Course 4 goes to everybody, course 3 to leaders only, and no leader is a manager any more.
    let file = desk.file("pg.toml", |text| {
        let changed = DIRECTORY.replace("[3]", "[0]").replace("[4]", "[3]").replace("[0]", "[4]");
        text.to_owned() + &changed.replace("thinkific_groups = [\"Managers\"]\n", "")
    });
    let plan = desk.stoa(&["connection", "plan", &file]).await.done();
    for line in [
        "    grants: of 3 active people whom they reach,\n",
        "        course 3 \"Data protection\": 1 lose it\n",
        "        course 4 \"Leading teams\": 1 gain it\n",
        "        group \"Managers\": 2 should leave it, which only the school's administrator can do\n",
    ] {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    assert!(!plan.contains("warning: directory"), "{plan}");
    provision(&desk).await;
    assert_eq!((with_course(&desk, 3), with_course(&desk, 4)), (3, 2), "a plan changes nothing");

    let applied = desk.stoa(&["connection", "apply", &file, "--reason", "another programme"]).await.done();
    assert!(applied.contains("3 people of its directory get or lose what the grants changed"), "{applied}");
    desk.sandbox.advance(180);
    provision(&desk).await;
    assert_eq!((with_course(&desk, 3), with_course(&desk, 4)), (2, 3));
    // Nobody is due twice.
    desk.sandbox.thinkific.take_calls();
    provision(&desk).await;
    assert!(desk.sandbox.thinkific.take_calls().is_empty());

    // Back again: by the same count.
    let back = desk.stoa(&["connection", "rollback", "pg", "3", "--reason", "it was the other one"]).await.done();
    assert!(back.contains("course 4 \"Leading teams\": 1 lose it"), "{back}");
    desk.sandbox.advance(180);
    provision(&desk).await;
    assert_eq!((with_course(&desk, 3), with_course(&desk, 4)), (3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_kept_out_or_gone_is_not_counted_and_a_removal_is_not_put_off() {
    let desk = desk().await;
    let file = desk.file("pg.toml", |text| text.to_owned() + &DIRECTORY.replace("[3]", "[3, 4]"));
    let items = desk.sandbox.front.items(Table::Directory).unwrap();
    let people: Vec<String> = items
        .iter()
        .filter(|item| item["sk"]["S"] == "sync#thinkific")
        .filter_map(|item| item["pk"]["S"].as_str()?.strip_prefix("user#pg#").map(str::to_owned))
        .collect();
    assert!(desk.stoa(&["connection", "plan", &file]).await.done().contains("of 3 active people"));
    desk.stoa(&["directory", "block", "pg", &people[0], "--reason", "a test"]).await.done();
    let plan = desk.stoa(&["connection", "plan", &file]).await.done();
    assert!(plan.contains("of 2 active people"), "{plan}");
    let applied = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    assert!(applied.contains("people of its directory get or lose"), "{applied}");
    provision(&desk).await;
    let shown = desk.stoa(&["directory", "show", "pg", &people[0]]).await.done();
    assert!(shown.contains("access      withdrawn"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_grant_misspells_is_named_with_what_is_most_like_it() {
    let desk = Desk::new().await;
    let misspelt = DIRECTORY.replace("[4]", "[44]").replace("\"Managers\"", "\"Mangers\"");
    let file = desk.file("pg.toml", |text| text.to_owned() + &misspelt);
    for command in ["check", "plan"] {
        let said = desk.stoa(&["connection", command, &file]).await.done();
        for part in [
            "warning: directory.grant 2: the school lists no course 44; nearest is 4 \"Leading teams\".",
            "warning: directory.grant 2: the school has no group \"Mangers\"; nearest is \"Managers\"",
            "note: the directory has no group \"Leaders\" now",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    let initech = include_str!("../../../../examples/connections/initech.toml");
    let alone = stoa(&["connection", "check", &desk.write("initech.toml", &format!("{initech}{DIRECTORY}"))]).await;
    assert!(alone.done().contains("no stack is named, so the courses and groups of its grants were not looked up"));
    // Whoever may only look is told what could not be looked at, and sees the plan.
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    let other = desk.file("pg.toml", |text| text.to_owned() + DIRECTORY);
    desk.sandbox.front.inject(Fault::next("on-call", "dynamodb:GetItem", FaultKind::Deny).on("directory"));
    let said = desk.stoa(&["connection", "plan", &other]).await.done();
    assert!(said.contains("could not be looked up"), "{said}");
}
