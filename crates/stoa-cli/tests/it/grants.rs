//! What a changed grant does is said before it is applied, and done after; what is misspelt is named.

use serde_json::json;
use stoa_sandbox::aws::{Fault, FaultKind};

use crate::command::{Desk, stoa};

/// A directory whose everybody has course 3, and whose leaders have course 4 and are managers.
pub const DIRECTORY: &str = r#"
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

/// A desk with this directory, in which Ada and Bea lead and Cleo does not; and their ids.
async fn desk() -> (Desk, [String; 3]) {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", |text| text.to_owned() + DIRECTORY);
    desk.stoa(&["connection", "apply", &file, "--reason", "a directory"]).await.done();
    let token = desk.scim_token("90d").await;
    let create = async |name| {
        let person = json!({ "userName": format!("{name}@pg.com"), "displayName": name });
        desk.scim(&token, "POST /Users", &person).await
    };
    let people = [create("ada").await, create("bea").await, create("cleo").await];
    let leaders = [json!({ "value": people[0] }), json!({ "value": people[1] })];
    desk.scim(&token, "POST /Groups", &json!({ "displayName": "Leaders", "members": leaders })).await;
    provision(&desk).await;
    (desk, people)
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
    let (desk, _) = desk().await;
    assert_eq!((with_course(&desk, 3), with_course(&desk, 4)), (3, 2));
    // Course 4 goes to everybody, course 3 to leaders only, and no leader is a manager any more.
    let file = desk.file("pg.toml", |text| {
        let changed = DIRECTORY.replace("[3]", "[0]").replace("[4]", "[3]").replace("[0]", "[4]");
        text.to_owned() + &changed.replace("thinkific_groups = [\"Managers\"]\n", "")
    });
    let plan = desk.stoa(&["connection", "plan", &file]).await.done();
    for line in [
        "    grants: of 3 active people whom they reach,\n",
        "        course 3 \"Data protection\": 1 loses it\n",
        "        course 4 \"Leading teams\": 1 gains it\n",
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
    assert!(back.contains("course 4 \"Leading teams\": 1 loses it"), "{back}");
    desk.sandbox.advance(180);
    provision(&desk).await;
    assert_eq!((with_course(&desk, 3), with_course(&desk, 4)), (3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_kept_out_is_not_counted_and_an_address_is_not_put_off() {
    let (desk, [ada, _, cleo]) = desk().await;
    let file = desk.file("pg.toml", |text| text.to_owned() + &DIRECTORY.replace("[3]", "[3, 4]"));
    assert!(desk.stoa(&["connection", "plan", &file]).await.done().contains("of 3 active people"));
    desk.stoa(&["directory", "block", "pg", &ada, "--reason", "a test"]).await.done();
    let plan = desk.stoa(&["connection", "plan", &file]).await.done();
    assert!(plan.contains("of 2 active people") && plan.contains("course 4 \"Leading teams\": 1 gains it"), "{plan}");

    // Cleo has another address, which is due before everything else.
    let token = desk.scim_token("90d").await;
    desk.sandbox.advance(61);
    let renamed = json!({ "userName": "cleo@pg.com", "emails": [{ "value": "cleo.new@pg.com" }] });
    desk.scim(&token, &format!("PUT /Users/{cleo}"), &renamed).await;
    let applied = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    assert!(applied.contains("0 people of its directory"), "{applied}");
    assert!(applied.contains(&format!("{cleo} is being worked on now")), "{applied}");
    provision(&desk).await;
    assert!(desk.sandbox.thinkific.user("cleo.new@pg.com").is_some());
    let shown = desk.stoa(&["directory", "show", "pg", &ada]).await.done();
    assert!(shown.contains("access      withdrawn"), "{shown}");
}

/// A directory that is nobody's gives and takes nothing; one that is back reaches who was in it before.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_goes_and_comes_back_reaches_who_is_in_it() {
    let (desk, _) = desk().await;
    let off = DIRECTORY.replace("\"scim\"", "\"none\"");
    let off = desk.file("pg.toml", |text| text.to_owned() + off.split("\n[[").next().unwrap() + "\n");
    let plan = desk.stoa(&["connection", "plan", &off]).await.done();
    assert!(!plan.contains("grants: of"), "{plan}");
    desk.stoa(&["connection", "apply", &off, "--reason", "a pause"]).await.done();
    let back = desk.file("pg.toml", |text| text.to_owned() + &DIRECTORY.replace("[3]", "[3, 4]"));
    let plan = desk.stoa(&["connection", "plan", &back]).await.done();
    assert!(plan.contains("course 4 \"Leading teams\": 1 gains it"), "{plan}");
    desk.stoa(&["connection", "apply", &back, "--reason", "they are back"]).await.done();
    desk.sandbox.advance(180);
    provision(&desk).await;
    assert_eq!((with_course(&desk, 3), with_course(&desk, 4)), (3, 3));
}

/// A grant of a course that the school does not have leaves people stuck; another one is tried for them.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_stuck_at_a_course_gets_the_right_one() {
    let (desk, [ada, ..]) = desk().await;
    let file = |course: &str| {
        desk.file("pg.toml", |text| text.to_owned() + &DIRECTORY.replace("[3]", &format!("[3, {course}]")))
    };
    desk.stoa(&["connection", "apply", &file("44"), "--reason", "misspelt"]).await.done();
    desk.sandbox.advance(180);
    provision(&desk).await;
    let shown = desk.stoa(&["directory", "show", "pg", &ada]).await.done();
    assert!(shown.contains("stuck: the school has no course 44"), "{shown}");
    desk.stoa(&["connection", "apply", &file("4"), "--reason", "as it was meant"]).await.done();
    desk.sandbox.advance(180);
    provision(&desk).await;
    assert_eq!(with_course(&desk, 4), 3);
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

/// Whoever is stuck for want of a domain is tried again by each write, and by a run that has nothing to write: an earlier
/// one may have been cut off.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_stuck_for_want_of_a_domain_is_tried_again() {
    let (desk, _) = desk().await;
    let file = |domains: &str| desk.file("pg.toml", |text| text.replace("[\"pg.com\"]", domains) + DIRECTORY);
    let (one, two) = ("[\"pg.com\"]", "[\"pg.com\", \"pg.org\"]");
    desk.stoa(&["connection", "apply", &file(two), "--reason", "two"]).await.done();
    desk.stoa(&["connection", "apply", &file(one), "--reason", "one"]).await.done();
    let token = desk.scim_token("90d").await;
    desk.sandbox.advance(61);
    desk.scim(&token, "POST /Users", &json!({ "userName": "dora@pg.org", "displayName": "Dora" })).await;
    provision(&desk).await;
    let stuck = async || desk.stoa(&["directory", "stuck", "pg"]).await.done();
    assert!(stuck().await.contains("no address for them in a domain"), "{}", stuck().await);

    let tried = "1 person of its directory was stuck for want of a domain, and is tried again within minutes.\n";
    let said = desk.stoa(&["connection", "apply", &file(one)]).await.done();
    assert!(said.contains(tried) && !said.contains("Nothing to do."), "{said}");
    let said = desk.stoa(&["connection", "apply", &file(one)]).await.done();
    assert!(!said.contains("stuck") && said.contains("Nothing to do."), "{said}");
    desk.sandbox.advance(180);
    provision(&desk).await;
    assert!(stuck().await.contains("no address for them in a domain"), "the domain is not there yet");

    // Listed once the domain is there: whoever gets stuck in the meantime is not missed.
    desk.sandbox.front.take_calls();
    let said = desk.stoa(&["connection", "rollback", "pg", "4", "--reason", "it was right"]).await.done();
    assert!(said.contains(tried), "{said}");
    let calls = desk.sandbox.front.take_calls();
    let place = |operation: &str, resource: &str| {
        calls.iter().rposition(|call| call.operation == operation && call.resource.starts_with(resource)).unwrap()
    };
    assert!(place("TransactWriteItems", "connections") < place("Query", "directory/index/by-due"), "{calls:?}");
    desk.sandbox.advance(180);
    provision(&desk).await;
    assert_eq!(stuck().await, "nobody\n");
    assert!(desk.sandbox.thinkific.user("dora@pg.org").is_some());
}
