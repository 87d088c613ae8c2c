//! A desk with an item of every kind, each left there by what leaves it in earnest: logins that ended well and badly, a
//! directory, what was done for its people at the school, what the school told, a person who was changed. By hand is
//! only what would take hours, dozens of people or another connection: what is seen of a provider, a minute that is
//! spent, removals enough, what is noted of files.

use serde_json::{Value, json};
use stoa_core::rehearsal::Question;
use stoa_core::routes::Table;
use stoa_core::turn::CALLS_PER_MINUTE;
use stoa_sandbox::thinkific::NewUser;

use crate::command::Desk;
use crate::grants::DIRECTORY;
use crate::hostile::{HOSTILE, write};

/// A tab in Teams, which the connection's file has besides a directory and a portal whose logins are confirmed.
const TAB: &str = r#"
[teams]
app_id = "2c3caa80-93f9-425e-8b85-0745f50c0d24"
name = "P&G Academy"
"#;

/// A desk with an item of every kind.
pub async fn full_desk() -> Desk {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", |text| text.replace("\"convert\"", "\"confirm\"") + TAB + DIRECTORY);
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    desk.write("people.csv", "email,first_name,last_name\nada@pg.com,Ada,Lovelace\nada@else.example,Ada,Lovelace\n");
    log_in(&desk).await;
    provision(&desk).await;
    tell(&desk).await;
    look_at_the_school(&desk).await;
    look_at_providers(&desk).await;
    note(&desk).await;
    // One question is enough: all are kept in one item.
    let question = Question::ALL[0].code();
    let rehearse = ["school", "rehearse", "pg-academy", "--domain", "rehearsal.example", "--only", question];
    desk.stoa(&[&rehearse[..], &["--calls-per-minute", "6000"]].concat()).await.done();
    desk
}

/// What an import and an erasure leave, of a connection whose people come from a file, or from WorkOS.
async fn note(desk: &Desk) {
    let (by, at) = (json!({ "S": "arn:aws:iam::000000000000:user/x" }), json!({ "S": "2026-11-27T08:00:00Z" }));
    for sk in [&json!({ "S": "under-way" }), &at] {
        let file = json!({ "S": "a digest" });
        let item = json!({ "pk": { "S": "import#pg" }, "sk": sk, "file": file, "by": by, "reason": { "S": "a test" } });
        write(desk, "PutItem", Table::Directory, ("Item", &item)).await;
    }
    let items = desk.sandbox.front.items(Table::Directory).unwrap();
    let of = |kind: &str| items.iter().find(|item| item["pk"]["S"].as_str().unwrap().starts_with(kind)).unwrap();
    let (user, group) = (&of("user#pg#")["pk"], &of("group#pg#")["pk"]);
    for (pk, sk) in
        [(user, "told"), (user, "told#a group"), (group, "told"), (&json!({ "S": "workos#pg" }), "directory-sync")]
    {
        let item = json!({ "pk": pk, "sk": { "S": sk }, "at": { "S": "2026-11-27T08:00:00Z" } });
        write(desk, "PutItem", Table::Directory, ("Item", &item)).await;
    }
    for (pk, sk) in [("upload#", "pg#an upload"), ("upload#pg", "whose-turn")] {
        let item = json!({ "pk": { "S": pk }, "sk": { "S": sk }, "connection": { "S": "pg" } });
        write(desk, "PutItem", Table::Directory, ("Item", &item)).await;
    }
    let user = json!({ "S": "0".repeat(32) });
    let item = json!({ "pk": { "S": "erased#pg" }, "sk": at, "user": user, "by": by, "reason": { "S": "a test" } });
    write(desk, "PutItem", Table::Directory, ("Item", &item)).await;
}

/// Logins: a test, one that the portal began, one that asked the school, one that is refused, one that waits in line.
async fn log_in(desk: &Desk) {
    let sandbox = &desk.sandbox;
    let said = desk.stoa(&["connection", "test", "pg", "--host", &sandbox.url()]).await.done();
    sandbox.pingfederate.sign_on_as("miller.m");
    let tested = sandbox.browser().get(said.lines().last().unwrap().trim()).await.unwrap();
    assert!(tested.text().contains("The test login worked"), "{}", tested.text());
    let (browser, portal) = (sandbox.browser(), sandbox.pingfederate.start_url(sandbox.pingfederate_partner(), None));
    let asked = browser.get(&portal).await.unwrap();
    browser.press(&asked, &asked.forms[0], "Continue").await.unwrap();
    sandbox.pingfederate.sign_on_as("partner.p");
    sandbox.browser().get(&sandbox.login_url()).await.unwrap();
    let person = ["--connection", "pg", "--email", "miller.m@pg.com", "--reason", "a test"];
    desk.stoa(&[&["person", "deactivate"][..], &person].concat()).await.done();

    let minute = jiff::Timestamp::now().as_second().div_euclid(60);
    let spent = json!({ "N": CALLS_PER_MINUTE.to_string() });
    for minute in [minute, minute + 1] {
        let pk = json!({ "S": format!("calls#pg-academy#{minute}") });
        let calls = json!({ "pk": pk, "all": spent, "of_pg": spent });
        write(desk, "PutItem", Table::Logins, ("Item", &calls)).await;
    }
    sandbox.pingfederate.sign_on_as("suharto");
    let waits = sandbox.browser().get(&sandbox.login_url()).await.unwrap();
    assert!(waits.text().contains("You are in line"), "{}", waits.text());
    sandbox.advance(120);
}

/// A directory with a group and people: one is at the school, one is stuck, one has left, one who left is held, one is
/// kept out by hand, and one shares the address that this one had.
async fn provision(desk: &Desk) {
    let role = NewUser { roles: vec!["site_admin".into()], ..NewUser::student("stuck@pg.com", "A", "Role") };
    desk.sandbox.thinkific.add_user(role);
    // Theirs was there before the directory.
    desk.sandbox.thinkific.add_user(NewUser::student("held@pg.com", "H", "Eld"));
    let token = &desk.scim_token("90d").await;
    let mut people = Vec::new();
    for name in ["given", "stuck", "left", "held", "kept.out"] {
        let email = json!([{ "value": format!("{name}@pg.com"), "type": "work", "primary": true }]);
        let person = json!({ "userName": name, "externalId": name, "displayName": name, "emails": email });
        people.push(desk.scim(token, "POST /Users", &person).await);
    }
    let [given, stuck, left, held, kept_out] = &people[..] else { panic!("{people:?}") };
    let group = json!({ "displayName": "Leaders", "externalId": "leaders", "members": [{ "value": given }] });
    desk.scim(token, "POST /Groups", &group).await;
    run(desk).await;

    let leaves = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": false }],
    });
    desk.scim(token, &format!("DELETE /Users/{left}"), &json!({})).await;
    run(desk).await;
    let ten = json!({ "pk": { "S": "removals#pg" }, "sk": { "S": "removals" }, "since": now(), "made": { "N": "10" } });
    write(desk, "PutItem", Table::Directory, ("Item", &ten)).await;
    desk.scim(token, &format!("PATCH /Users/{held}"), &leaves).await;
    run(desk).await;
    let shared = json!([{ "value": "kept.out@pg.com", "type": "work", "primary": true }]);
    let shares = json!({ "userName": "shares", "externalId": "shares", "displayName": "shares", "emails": shared });
    let shares = &desk.scim(token, "POST /Users", &shares).await;
    desk.stoa(&["directory", "block", "pg", kept_out, "--reason", "a test"]).await.done();
    let moves = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "moved@pg.com" }],
    });
    desk.scim(token, &format!("PATCH /Users/{kept_out}"), &moves).await;
    for (id, part) in [
        (given, "group       \"Managers\""),
        (stuck, "stuck: Thinkific user"),
        (left, "deleted by the source"),
        (held, "a removal, held since"),
        (kept_out, "kept out, by arn:"),
        (kept_out, "by 1 address or id: whoever brings one"),
        (shares, "who had their address"),
    ] {
        let shown = desk.stoa(&["directory", "show", "pg", id]).await.done();
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

/// What the clock starts every minute.
async fn run(desk: &Desk) {
    let done = desk.sandbox.provision().await.unwrap();
    assert_eq!(done["failed"], 0, "{done}");
}

/// What a school tells, by a webhook that it signs. One of its subscriptions is a stranger's.
async fn tell(desk: &Desk) {
    let school = &desk.sandbox.thinkific;
    school.hold_webhooks(true);
    desk.stoa(&["thinkific", "webhooks", "pg-academy", "--write"]).await.done();
    let theirs = school.subscribe("user.updated", "https://crm.example/");
    school.edit_subscription(&theirs.id, |own| {
        own.topic += HOSTILE;
        own.target_url += HOSTILE;
    });
    assert!(school.study(school.user("given@pg.com").unwrap().id, 3, 24));
    school.deliver().await;
}

/// The mirror of the school, and somebody whom it is asked nothing about for that reason: what follows is owed.
async fn look_at_the_school(desk: &Desk) {
    let sandbox = &desk.sandbox;
    let file = format!("{}first_logins = \"sign\"\n", sandbox.school_file());
    sandbox.operator.apply_school("pg-academy.toml", &file).await.unwrap();
    loop {
        let done = sandbox.mirror().await.unwrap();
        assert_eq!(done["failed"], 0, "{done}");
        // Functions hold for a minute how far the mirror has come.
        sandbox.advance(61);
        if done["calls"] == 0 {
            break;
        }
    }
    sandbox.pingfederate.sign_on_as("nogroup.n");
    let page = sandbox.browser().get(&sandbox.login_url()).await.unwrap();
    assert!(page.text().contains("nogroup.n@pg.com"), "{}", page.text());
}

/// What is trusted, and all that can be seen of a provider.
async fn look_at_providers(desk: &Desk) {
    let key = desk.write("key.pem", include_str!("../../testdata/sha1.pem"));
    desk.stoa(&["connection", "trust", "pg", "add", &key, "--reason", "a test"]).await.done();
    desk.sandbox.refresh_trust().await.unwrap();
    let items = desk.sandbox.front.items(Table::Trust).unwrap();
    let trusted = items.iter().find(|item| item.get("certificate").is_some()).unwrap();
    let (fingerprint, certificate) = (&trusted["sk"], &trusted["certificate"]);
    let at = json!({ "N": "1790000000" });
    let watch = json!({ "M": {
        "fetched": at, "failing_since": at, "failure": { "S": "no answer" },
        "waiting": { "L": [
            { "M": { "fingerprint": fingerprint, "certificate": certificate, "since": at } },
            { "M": { "fingerprint": fingerprint, "certificate": certificate } },
        ] },
        "missing": { "M": { fingerprint["S"].as_str().unwrap(): at } },
        "dropped": { "M": { fingerprint["S"].as_str().unwrap(): at } },
        "refused": { "L": [fingerprint] },
        "held": { "M": { "what": { "S": "entity_id" }, "got": { "S": "https://other.example" }, "since": at } },
        "drift": { "S": "token_endpoint: a, not b" },
    } });
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "one", "use": "sig",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
    let jwks = json!({ "keys": [jwk] }).to_string();
    for sk in ["jwks", "jwks#teams"] {
        let set = json!({ "pk": { "S": "pg" }, "sk": { "S": sk }, "uri": { "S": "https://idp.example/keys" },
            "jwks": { "S": jwks }, "at": at });
        write(desk, "PutItem", Table::Trust, ("Item", &set)).await;
        let seen = json!({ "pk": { "S": "watch#pg" }, "sk": { "S": sk }, "n": { "N": "1" }, "watch": watch });
        write(desk, "PutItem", Table::Trust, ("Item", &seen)).await;
    }
    let seen = json!({ "pk": { "S": "watch#pg" }, "sk": { "S": "saml" }, "n": { "N": "7" }, "watch": watch });
    write(desk, "PutItem", Table::Trust, ("Item", &seen)).await;
    let shown = desk.stoa(&["connection", "trust", "pg"]).await.done();
    for part in
        ["waiting; trusted from", "held: it came", "removed;", "Key set jwks: one", "Held since", "unreadable since"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

fn now() -> Value {
    json!({ "N": jiff::Timestamp::now().as_second().to_string() })
}
