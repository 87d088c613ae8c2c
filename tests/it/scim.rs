//! People and groups that a customer's SCIM client writes, over the gateway.

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_service::operator::OperatorError;

use crate::aws::set;
use crate::scim_client::{DIRECTORY, Scim, members};
use crate::steps::World;

/// Asserts that the last request was refused for exactly this reason, in SCIM's form.
#[track_caller]
fn refused(world: &World, answered: &crate::scim_client::Answered, status: u16, fault: &str) {
    assert_eq!(answered.status, status, "{answered:?}");
    assert_eq!(answered.header("content-type"), Some("application/scim+json"));
    assert_eq!(answered.body["status"], status.to_string(), "{answered:?}");
    let reference = answered.header("apigw-requestid").unwrap();
    let detail = answered.body["detail"].as_str().unwrap();
    assert!(detail.contains(fault) && detail.contains(reference), "{detail}");
    assert_eq!(world.faults().pop().as_deref(), Some(fault), "{answered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_made_found_changed_and_taken_away() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let made = scim
        .post("/v2/Users", &json!({"userName": "Ada@PG.com", "externalId": "A-1", "name": {"givenName": "Ada"}}))
        .await;
    assert_eq!((made.status, made.header("etag")), (201, Some("W/\"1\"")), "{made:?}");
    let (id, path) = (made.id(), format!("/v2/Users/{}", made.id()));
    assert_eq!(made.header("location"), made.body["meta"]["location"].as_str());
    assert!(made.header("location").unwrap().ends_with(&format!("/scim/pg{path}")), "{made:?}");

    for filter in ["userName eq \"ada@pg.com\"", "externalId eq \"A-1\"", "name.givenName sw \"ad\""] {
        let found = scim.get(&format!("/v2/Users?filter={}", encoded(filter))).await;
        assert_eq!((found.status, &found.body["totalResults"]), (200, &json!(1)), "{filter}: {found:?}");
        assert_eq!(found.body["Resources"][0]["id"], id.as_str());
    }
    let nobody = scim.get(&format!("/v2/Users?filter={}", encoded("userName eq \"bob\""))).await;
    assert_eq!((nobody.status, &nobody.body["totalResults"]), (200, &json!(0)));

    let patched = scim.patch(&path, &json!([{"op": "Replace", "path": "active", "value": "False"}])).await;
    assert_eq!((patched.status, &patched.body["active"]), (200, &json!(false)), "{patched:?}");
    assert_eq!(patched.header("etag"), Some("W/\"2\""));
    let again = scim.patch(&path, &json!([{"op": "Replace", "path": "active", "value": "False"}])).await;
    assert_eq!(again.header("etag"), Some("W/\"2\""), "a repetition changes nothing");

    let replaced = scim.put(&path, &json!({"userName": "ada@pg.com", "displayName": "A. L."})).await;
    assert_eq!((replaced.status, &replaced.body["externalId"]), (200, &Value::Null), "{replaced:?}");
    assert_eq!(scim.get(&path).await.body["displayName"], "A. L.");

    assert_eq!(scim.delete(&path).await.status, 204);
    refused(&world, &scim.get(&path).await, 404, "scim_not_found");
    let left = world.front.items(Table::Directory).unwrap();
    let left: Vec<_> = left.iter().filter(|item| !is_of_the_client(item)).collect();
    assert!(left.iter().all(|item| item["sk"]["S"] == "sync#thinkific"), "{left:#?}");
}

/// Its tokens, when they were used, and how often it may ask: nobody's.
fn is_of_the_client(item: &Value) -> bool {
    let key = item["pk"]["S"].as_str().unwrap();
    ["scim#", "used#", "pace#"].iter().any(|form| key.starts_with(form))
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_taken_is_refused_and_nothing_changes() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let ada = scim.person("ada").await;
    let before = world.front.items(Table::Directory).unwrap().len();
    for body in [
        json!({"userName": "ADA"}),
        json!({"userName": "other", "externalId": "ext-ada"}),
        json!({"userName": "ada", "externalId": "ext-other"}),
    ] {
        let taken = scim.post("/v2/Users", &body).await;
        refused(&world, &taken, 409, "scim_taken");
        assert_eq!(taken.body["scimType"], "uniqueness");
        assert_eq!(world.front.items(Table::Directory).unwrap().len(), before, "{body}");
    }
    let bob = scim.person("bob").await;
    let path = format!("/v2/Users/{bob}");
    let taken = scim.patch(&path, &json!([{"op": "replace", "path": "userName", "value": "Ada"}])).await;
    refused(&world, &taken, 409, "scim_taken");
    assert_eq!(scim.get(&path).await.body["userName"], "bob");
    assert_eq!(scim.get(&format!("/v2/Users/{ada}")).await.body["userName"], "ada");
    // A name that was given up is free.
    let renamed = scim.patch(&path, &json!([{"op": "replace", "path": "userName", "value": "bobby"}])).await;
    assert_eq!(renamed.status, 200, "{renamed:?}");
    let new = scim.post("/v2/Users", &json!({"userName": "bob"})).await;
    assert_eq!(new.status, 201, "{new:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c191_of_fifty_creations_of_one_person_at_once_one_is_done() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let scim = &scim;
    let body = json!({"userName": "ada", "externalId": "A-1"});
    let made = join_all((0..50).map(|_| scim.post("/v2/Users", &body))).await;
    let count = |status: u16| made.iter().filter(|answered| answered.status == status).count();
    assert_eq!((count(201), count(409)), (1, 49), "{:?}", made.iter().map(|one| one.status).collect::<Vec<_>>());
    assert_eq!(scim.get("/v2/Users").await.body["totalResults"], 1);
    world.log();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_has_the_id_and_the_groups_that_they_had() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let ada = scim.person("ada").await;
    let group = scim.post("/v2/Groups", &json!({"displayName": "Leaders", "members": members(&[&ada])})).await;
    assert_eq!(group.status, 201, "{group:?}");
    let path = format!("/v2/Users/{ada}");
    scim.patch(&path, &json!([{"op": "replace", "path": "active", "value": false}])).await;
    let back = scim.post("/v2/Users", &json!({"userName": "ada.new", "externalId": "ext-ada"})).await;
    assert_eq!((back.status, back.id()), (201, ada.clone()), "{back:?}");
    assert_eq!((&back.body["active"], &back.body["userName"]), (&json!(true), &json!("ada.new")));
    assert_eq!(back.body["groups"][0]["value"], group.id().as_str());
    // Active again, they are in the way of another one.
    refused(
        &world,
        &scim.post("/v2/Users", &json!({"userName": "x", "externalId": "ext-ada"})).await,
        409,
        "scim_taken",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn p07_changes_of_one_group_side_by_side_lose_nothing_of_each_other() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let people = scim.people(24).await;
    let group = scim.post("/v2/Groups", &json!({"displayName": "Leaders", "members": members(&[&people[0]])})).await;
    let path = format!("/v2/Groups/{}", group.id());
    let (path, scim) = (&path, &scim);
    let added = people[1..].iter().map(|id| async move {
        let add = json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": id}]}]);
        scim.patch(path, &add).await.status
    });
    let mut statuses = join_all(added).await;
    let remove = json!([{"op": "Remove", "path": "members", "value": [{"value": people[0]}]}]);
    statuses.push(scim.patch(path, &remove).await.status);
    assert!(statuses.iter().all(|status| *status == 204), "{statuses:?}");
    let mut wanted = people[1..].to_vec();
    wanted.sort();
    assert_eq!(scim.members(&group.id()).await, wanted);
    for id in &people[1..3] {
        assert_eq!(scim.get(&format!("/v2/Users/{id}")).await.body["groups"][0]["display"], "Leaders");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p12_members_who_are_nobody_are_left_out_and_noted() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let ada = scim.person("ada").await;
    let group = scim.post("/v2/Groups", &json!({"displayName": "Leaders"})).await.id();
    world.log();
    let unknown = ["0".repeat(32), "nobody".to_owned()];
    let add = json!([{"op": "add", "path": "members", "value": members(&[&ada, &unknown[0], &unknown[1]])}]);
    assert_eq!(scim.patch(&format!("/v2/Groups/{group}"), &add).await.status, 204);
    assert_eq!(scim.members(&group).await, [ada]);
    assert!(world.log().iter().any(|line| line.contains("2 unknown members")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_group_is_written_replaced_and_emptied() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let people = scim.people(150).await;
    let all: Vec<&String> = people.iter().collect();
    let made = scim.post("/v2/Groups", &json!({"displayName": "All", "members": members(&all)})).await;
    assert_eq!((made.status, made.body["members"].as_array().map(Vec::len)), (201, Some(150)));
    let path = format!("/v2/Groups/{}", made.id());
    let replaced = scim.put(&path, &json!({"displayName": "Some", "members": members(&all[100..])})).await;
    assert_eq!((replaced.status, replaced.body["members"].as_array().map(Vec::len)), (200, Some(50)));
    // Without members they stay; an empty list empties.
    let renamed = scim.put(&path, &json!({"displayName": "Few"})).await;
    assert_eq!(renamed.body["members"].as_array().map(Vec::len), Some(50), "{renamed:?}");
    assert_eq!(scim.patch(&path, &json!([{"op": "replace", "path": "members", "value": []}])).await.status, 204);
    assert_eq!(scim.members(&made.id()).await, Vec::<String>::new());
    assert_eq!(scim.delete(&path).await.status, 204);
    let listed = scim.get("/v2/Groups").await;
    assert_eq!(listed.body["totalResults"], 0);
}

/// A whole list takes the place of another from one moment on. Cut off before, it has changed nothing; cut off after, what
/// is left to do is done by the next request.
#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_that_is_cut_off_leaves_the_old_list_or_the_new_one() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let people = scim.people(320).await;
    let all: Vec<&String> = people.iter().collect();
    let made = scim.post("/v2/Groups", &json!({"displayName": "All", "members": members(&all[..20])})).await;
    let (id, path) = (made.id(), format!("/v2/Groups/{}", made.id()));
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        ids
    };
    let (old, new) = (sorted(&all[..20]), sorted(&all[10..]));
    let edges = |world: &World| {
        let items = world.front.items(Table::Directory).unwrap();
        items.iter().filter(|item| item["sk"]["S"].as_str().unwrap().starts_with("member#")).count()
    };
    let replace = json!({"displayName": "All", "members": members(&all[10..])});
    // Reads are `Query`, and transactions have a `PutItem`, but for the removals.
    let mut seen = Vec::new();
    for cut in 0..14 {
        world.front.inject(Fault::next("scim", "dynamodb:PutItem", FaultKind::CutConnection).after(cut).times(9));
        let first = scim.put(&path, &replace).await;
        world.front.clear_faults();
        let found = scim.members(&id).await;
        assert!(found == old || found == new, "cut at {cut}: {} members", found.len());
        // Somebody of both lists is in the group once, whatever is left of either.
        let both = scim.get(&format!("/v2/Users/{}", all[15])).await;
        assert_eq!(
            (both.status, both.body["groups"].as_array().map(Vec::len)),
            (200, Some(1)),
            "cut at {cut}: {both:?}"
        );
        assert_eq!(first.status < 300, found == new && first.status == 200, "{}", first.status);
        seen.push(first.status);
        let again = scim.put(&path, &replace).await;
        assert_eq!((again.status, scim.members(&id).await), (200, new.clone()), "cut at {cut}");
        assert_eq!(edges(&world), 2 * new.len(), "cut at {cut}: nothing is left of another list");
        let back = scim.put(&path, &json!({"displayName": "All", "members": members(&all[..20])})).await;
        assert_eq!((back.status, scim.members(&id).await), (200, old.clone()), "{back:?}");
        assert_eq!(edges(&world), 2 * old.len());
    }
    assert!(seen.contains(&200) && seen.iter().any(|status| *status >= 500), "{seen:?}");
    // Cut off after the new list counts: the marks, or the removal of the old list.
    for cut in 0..3 {
        world.front.inject(Fault::next("scim", "dynamodb:DeleteItem", FaultKind::CutConnection).after(cut).times(9));
        let first = scim.put(&path, &replace).await;
        world.front.clear_faults();
        assert_eq!(scim.members(&id).await, new, "cut at {cut}: {}", first.status);
        // Whoever writes next finishes it.
        let add = json!([{"op": "add", "path": "members", "value": members(&all[..1])}]);
        assert_eq!(scim.patch(&path, &add).await.status, 204);
        assert_eq!(edges(&world), 2 * (new.len() + 1), "cut at {cut}");
        scim.put(&path, &json!({"displayName": "All", "members": members(&all[..20])})).await;
        assert_eq!(edges(&world), 2 * old.len());
    }
    world.log();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_cannot_be_shown_as_asked_is_not_made() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let ada = scim.person("ada").await;
    let group = scim.post("/v2/Groups", &json!({"displayName": "All"})).await.id();
    let before = world.front.items(Table::Directory).unwrap();
    let both = "?attributes=userName&excludedAttributes=emails";
    let (user, all) = (json!({"userName": "eve"}), json!({"displayName": "None"}));
    let rename = json!([{"op": "replace", "path": "userName", "value": "eve"}]);
    for answered in [
        scim.post(&format!("/v2/Users{both}"), &user).await,
        scim.put(&format!("/v2/Users/{ada}{both}"), &user).await,
        scim.patch(&format!("/v2/Users/{ada}{both}"), &rename).await,
        scim.post(&format!("/v2/Groups{both}"), &all).await,
        scim.put(&format!("/v2/Groups/{group}{both}"), &all).await,
    ] {
        assert_eq!(answered.status, 400, "{answered:?}");
    }
    let is_record = |item: &&Value| !item["pk"]["S"].as_str().unwrap().starts_with("scim");
    let records = |items: &[Value]| items.iter().filter(is_record).cloned().collect::<Vec<_>>();
    assert_eq!(records(&world.front.items(Table::Directory).unwrap()), records(&before));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_pages_and_leave_members_out_unless_they_are_asked_for() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let empty = scim.get("/v2/Users").await;
    assert_eq!((empty.status, &empty.body["Resources"]), (200, &json!([])));
    let people = scim.people(5).await;
    scim.post("/v2/Groups", &json!({"displayName": "Leaders", "members": members(&[&people[0]])})).await;
    let mut seen = Vec::new();
    for start in [1, 3, 5, 7] {
        let page = scim.get(&format!("/v2/Users?startIndex={start}&count=2")).await;
        assert_eq!(page.body["totalResults"], 5);
        let ids = page.body["Resources"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        seen.extend(ids);
    }
    seen.sort();
    let mut wanted = people.clone();
    wanted.sort();
    assert_eq!(seen, wanted);
    let plain = scim.get("/v2/Groups").await;
    assert!(plain.body["Resources"][0].get("members").is_none(), "{plain:?}");
    let asked = scim.get("/v2/Groups?attributes=members").await;
    assert_eq!(asked.body["Resources"][0]["members"][0]["value"], people[0].as_str(), "{asked:?}");
    let of_member = encoded(&format!("members.value eq \"{}\"", people[0]));
    let found = scim.get(&format!("/v2/Groups?filter={of_member}")).await;
    assert_eq!(found.body["totalResults"], 1, "{found:?}");
    assert!(found.body["Resources"][0].get("members").is_none(), "{found:?}");
    let nobody = encoded(&format!("members.value eq \"{}\"", people[1]));
    assert_eq!(scim.get(&format!("/v2/Groups?filter={nobody}")).await.body["totalResults"], 0);
    let named = encoded(&format!("members.value eq \"{}\" and displayName sw \"L\"", people[0]));
    for filter in [&of_member, &named] {
        let found = scim.get(&format!("/v2/Groups?filter={filter}&attributes=members")).await;
        assert_eq!(found.body["Resources"][0]["members"][0]["value"], people[0].as_str(), "{found:?}");
    }
    let other = encoded(&format!("members.value eq \"{}\" and displayName sw \"M\"", people[0]));
    assert_eq!(scim.get(&format!("/v2/Groups?filter={other}")).await.body["totalResults"], 0);
    let search = json!({"filter": "userName sw \"p\"", "count": 2, "sortBy": "userName", "sortOrder": "descending"});
    let searched = scim.post("/v2/Users/.search", &search).await;
    assert_eq!(searched.body["Resources"][0]["userName"], "p4", "{searched:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c192_a_version_that_there_is_no_more_is_not_written_over() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let ada = scim.person("ada").await;
    let path = format!("/v2/Users/{ada}");
    let body = json!({"userName": "ada"}).to_string();
    let written = scim.send("PUT", &path, &[("if-match", "W/\"1\"")], &body).await;
    assert_eq!(written.status, 200, "{written:?}");
    let late = scim.send("PUT", &path, &[("if-match", "W/\"1\"")], &json!({"userName": "late"}).to_string()).await;
    refused(&world, &late, 412, "scim_version_differs");
    assert_eq!(scim.send("GET", &path, &[("if-none-match", "W/\"2\"")], "").await.status, 304);
    let group = scim.post("/v2/Groups", &json!({"displayName": "Leaders"})).await.id();
    let add = json!({"Operations": [{"op": "add", "path": "members", "value": members(&[&ada])}]}).to_string();
    let path = format!("/v2/Groups/{group}");
    assert_eq!(scim.send("PATCH", &path, &[("if-match", "W/\"1\"")], &add).await.status, 204);
    refused(&world, &scim.send("DELETE", &path, &[("if-match", "W/\"1\"")], "").await, 412, "scim_version_differs");
}

#[tokio::test(flavor = "multi_thread")]
async fn c184_c185_a_client_without_a_token_that_counts_learns_nothing() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    scim.person("ada").await;
    world.add_connection_with(|file| format!("{file}{DIRECTORY}")).await;
    let theirs = Scim::of(&world, "pg-two").await;
    let pg = ConnectionId::parse("pg").unwrap();
    let (own, _) = world.operator.create_scim_token(&pg, None).await.unwrap();
    world.advance(61);

    let mut said = Vec::new();
    for (connection, token) in
        [("pg", ""), ("pg", "x"), ("nobody", own.expose()), ("Nobody!", own.expose()), ("pg-two", own.expose())]
    {
        let answered = Scim::with(&world, connection, token).get("/v2/Users").await;
        assert!(answered.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")));
        refused(&world, &answered, 401, "scim_token_wrong");
        let detail = answered.body["detail"].as_str().unwrap();
        said.push(detail.split(", reference").next().unwrap().to_owned());
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");

    // Another connection's ids are nobody's, whoever asks.
    let ours = scim.get("/v2/Users").await.body["Resources"][0]["id"].as_str().unwrap().to_owned();
    refused(&world, &theirs.get(&format!("/v2/Users/{ours}")).await, 404, "scim_not_found");
    refused(&world, &theirs.delete(&format!("/v2/Users/{ours}")).await, 404, "scim_not_found");
    assert_eq!(theirs.get("/v2/Users").await.body["totalResults"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c184_tokens_are_made_listed_and_revoked_two_at_a_time() {
    let world = World::with_directory().await;
    let pg = ConnectionId::parse("pg").unwrap();
    let scim = Scim::of(&world, "pg").await;
    let soon = Timestamp::now() + jiff::SignedDuration::from_secs(3600);
    let (second, live) = world.operator.create_scim_token(&pg, Some(soon)).await.unwrap();
    let third = world.operator.create_scim_token(&pg, None).await.unwrap_err();
    assert!(matches!(third, OperatorError::TokensLive(_)), "{third}");
    world.advance(61);
    let second = Scim::with(&world, "pg", second.expose());
    assert_eq!((scim.get("/v2/Users").await.status, second.get("/v2/Users").await.status), (200, 200));

    let listed = world.operator.scim_tokens(&pg).await.unwrap();
    assert!(listed.len() == 2 && listed.iter().all(|token| token.used.is_some()), "{listed:?}");
    world.operator.revoke_scim_token(&pg, &listed[0].token.id).await.unwrap();
    let again = world.operator.revoke_scim_token(&pg, &listed[0].token.id).await.unwrap_err();
    assert!(matches!(again, OperatorError::NoToken(..)), "{again}");
    world.advance(61);
    refused(&world, &scim.get("/v2/Users").await, 401, "scim_token_wrong");
    assert_eq!(second.get("/v2/Users").await.status, 200);
    // The other one ends by itself.
    assert_eq!(live.expires, Some(soon.as_second()));
    world.advance(3600);
    refused(&world, &second.get("/v2/Users").await, 401, "scim_token_wrong");
    let items = format!("{:?}", world.front.items(Table::Directory).unwrap());
    assert!(!items.contains("stoa_scim_"), "a token is in the table");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_takes_no_scim_says_so_to_its_own_client_only() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    world.reconfigure(|file| format!("{file}{}", DIRECTORY.replace("\"scim\"", "\"csv\""))).await;
    refused(&world, &scim.get("/v2/Users").await, 403, "scim_off");
    let none = world.operator.create_scim_token(&ConnectionId::parse("pg").unwrap(), None).await.unwrap_err();
    assert!(matches!(none, OperatorError::NotScim(_)), "{none}");
    world.reconfigure(|file| format!("{file}{DIRECTORY}")).await;
    world.set_state("pg", ConnectionState::Disabled).await;
    world.advance(61);
    refused(&world, &scim.get("/v2/Users").await, 403, "connection_disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_scim_as_it_should_be_is_refused_in_scims_form() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let ada = scim.person("ada").await;
    let path = format!("/v2/Users/{ada}");
    for (method, path, body, status, fault, scim_type) in [
        ("POST", "/v2/Users", "{", 400, "scim_malformed", "invalidSyntax"),
        ("POST", "/v2/Users", "{\"displayName\":\"x\"}", 400, "scim_malformed", "invalidValue"),
        ("GET", "/v2/Users?filter=userName+eq", "", 400, "scim_filter_refused", "invalidFilter"),
        ("GET", "/v2/Users?startIndex=one", "", 400, "scim_filter_refused", "invalidValue"),
        ("GET", "/v1/Users", "", 400, "scim_not_offered", "invalidVers"),
        ("POST", "/v2/Bulk", "{}", 501, "scim_not_offered", ""),
        ("GET", "/v2/Me", "", 501, "scim_not_offered", ""),
        ("PUT", "/v2/Users", "{}", 405, "scim_not_offered", ""),
        ("GET", "/v2/Nothing", "", 404, "scim_not_found", ""),
        ("PATCH", &path, "{\"Operations\":[]}", 400, "scim_malformed", "invalidSyntax"),
    ] {
        let answered = scim.send(method, path, &[], body).await;
        refused(&world, &answered, status, fault);
        assert_eq!(answered.body["scimType"].as_str().unwrap_or_default(), scim_type, "{method} {path}");
    }
    let many: Vec<Value> = (0..60).map(|n| json!({"value": format!("a{n}@pg.com")})).collect();
    refused(&world, &scim.put(&path, &json!({"userName": "ada", "emails": many})).await, 413, "scim_too_large");
    for document in ["ServiceProviderConfig", "ResourceTypes", "Schemas"] {
        assert_eq!(scim.get(&format!("/v2/{document}")).await.status, 200, "{document}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_too_fast_is_told_to_wait() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    // The beginning of a minute: a client's own second is 61 ahead of this machine's.
    world.advance(60 - (Timestamp::now().as_second() + 61).rem_euclid(60));
    assert_eq!(scim.get("/v2/ServiceProviderConfig").await.status, 200);
    // As if other processes had taken nearly all of the minute.
    set(&world, Table::Directory, "pace#", "requests", json!({"N": "2980"})).await;
    let mut taken = 0;
    let busy = loop {
        let answered = scim.get("/v2/ServiceProviderConfig").await;
        match answered.status {
            200 => taken += 1,
            _ => break answered,
        }
        assert!(taken < 100, "a minute that does not end");
    };
    refused(&world, &busy, 429, "scim_busy");
    let wait: u32 = busy.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait) && taken == 24, "{wait} s after {taken}");
    world.advance(wait.into());
    assert_eq!(scim.get("/v2/ServiceProviderConfig").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_answer_is_said_so_that_the_client_tries_again() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    scim.person("ada").await;
    world.front.inject(Fault::next("scim", "dynamodb:Query", FaultKind::Deny));
    refused(&world, &scim.get("/v2/Users").await, 500, "permission_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_reads_the_table_or_the_log_learns_a_name() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let ada = scim.person("needle.ada").await;
    let group = scim.post("/v2/Groups", &json!({"displayName": "Needles", "members": members(&[&ada])})).await.id();
    scim.patch(
        &format!("/v2/Users/{ada}"),
        &json!([{"op": "replace", "path": "displayName", "value": "Needle A."}, {"op": "add", "path": "needleXYZ", "value": "needle"}]),
    )
    .await;
    scim.get(&format!("/v2/Users?filter={}", encoded("userName eq \"needle.ada\""))).await;
    scim.get(&format!("/v2/Users?filter={}", encoded("displayName co \"needle\""))).await;
    scim.post("/v2/Users", &json!({"userName": "needle.ada"})).await;
    scim.delete(&format!("/v2/Groups/{group}")).await;
    let log: Vec<String> = world.log().into_iter().map(|line| line.replace("needleXYZ", "")).collect();
    assert!(log.len() >= 7, "{log:?}");
    for text in Table::ALL
        .iter()
        .flat_map(|table| world.front.items(*table).unwrap())
        .filter(|item| !item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("connection#")))
        .map(|item| item.to_string())
        .chain(log)
    {
        let text = text.to_lowercase();
        assert!(!text.contains("needle") && !text.contains("haystack") && !text.contains("@pg.com"), "{text}");
    }
}
