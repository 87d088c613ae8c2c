//! The school's Admin API: its answers, and each refusal.

use std::time::Duration;

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use stoa_sandbox::browser::Browser;
use stoa_sandbox::thinkific::{
    Config, Fault, FaultTarget, NewUser, Plan, ProfileField, ResetUnit, Trouble, UnprocessableShape,
};

use crate::school_api::{Api, send};

fn mary() -> Value {
    json!({"email": "miller.m@pg.com", "first_name": "Mary", "last_name": "Miller"})
}

#[tokio::test]
async fn the_key_the_school_and_an_agent_are_needed() {
    let api = Api::start().await;
    for header in ["x-auth-api-key", "x-auth-subdomain"] {
        for value in [None, Some("wrong")] {
            let mut request = api.request(Method::GET, "/users", &Value::Null);
            request.headers_mut().remove(header);
            if let Some(value) = value {
                request.headers_mut().insert(header, value.parse().unwrap());
            }
            let answer = send(request).await.unwrap();
            assert_eq!(answer.status(), 401, "{header} {value:?}");
            assert_eq!(answer.body().as_ref(), br#"{"error":"Authentication Error"}"#);
        }
    }
    let mut request = api.request(Method::GET, "/users", &Value::Null);
    request.headers_mut().remove("user-agent");
    assert_eq!(send(request).await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_user_is_made_found_changed_and_removed() {
    let api = Api::start().await;
    let mut new = mary();
    new["external_id"] = json!("p-1");
    new["provider"] = json!("SSO");
    let (status, made) = api.call(Method::POST, "/users", new).await;
    assert_eq!(status, 201);
    assert!(made.get("external_id").is_none(), "no answer shows it");
    let id = made["id"].as_u64().unwrap();

    let (_, found) = api.get("/users?query[email]=MILLER.M%40pg.com").await;
    assert_eq!(found["items"][0]["id"], id);
    assert_eq!(api.get(&format!("/users/{id}")).await.1["full_name"], "Mary Miller");
    assert_eq!(api.get("/users/p-1?provider=SSO").await.1["id"], id);
    let (_, bound) = api.get(&format!("/users/{id}/authentications/SSO")).await;
    assert_eq!(bound, json!({"provider": "SSO", "external_id": "p-1"}));

    let change = json!({"email": "mary.new@pg.com", "company": "P&G", "external_id": "p-2"});
    assert_eq!(api.call(Method::PUT, &format!("/users/{id}"), change).await, (204, Value::Null));
    let user = api.school.user("mary.new@pg.com").unwrap();
    assert_eq!((user.company.as_deref(), user.external_id.as_deref()), (Some("P&G"), Some("p-1")));

    assert_eq!(api.call(Method::DELETE, "/users/p-1?provider=SSO", Value::Null).await.0, 204);
    assert_eq!(api.get(&format!("/users/{id}")).await, (404, json!({"error": "Record not found."})));
}

#[tokio::test]
async fn who_has_no_binding_or_does_not_exist_is_not_found() {
    let api = Api::start().await;
    let id = api.school.user("existing@pg.com").unwrap().id;
    for path in [format!("/users/{id}/authentications/SSO"), "/users/9".to_owned(), "/users/x?provider=SSO".to_owned()]
    {
        assert_eq!(api.get(&path).await.0, 404, "{path}");
    }
    assert_eq!(api.get("/bundles").await.0, 404);
}

#[tokio::test]
async fn lists_come_in_pages_of_at_most_250() {
    let users = (0..300).map(|n| NewUser::student(&format!("u{n}@pg.com"), "U", "U")).collect();
    let api = Api::with(Config { users, ..Config::default() }).await;
    let (_, first) = api.get("/users").await;
    assert_eq!(first["items"].as_array().unwrap().len(), 25);
    assert_eq!(first["meta"]["pagination"]["entries_info"], "1-25 of 300");
    let (_, last) = api.get("/users?page=2&limit=1000").await;
    assert_eq!(last["items"].as_array().unwrap().len(), 50);
    let pagination = &last["meta"]["pagination"];
    assert_eq!((&pagination["next_page"], &pagination["prev_page"]), (&Value::Null, &json!(1)));
    assert_eq!((&pagination["total_pages"], &pagination["total_items"]), (&json!(2), &json!(300)));
}

#[tokio::test]
async fn administrators_are_found_by_role() {
    let api = Api::start().await;
    let (_, found) = api.get("/users?query[role]=site_admin").await;
    assert_eq!(found["items"][0]["email"], "admin@pg.com");
    assert_eq!(found["meta"]["pagination"]["total_items"], 1);
}

#[tokio::test]
async fn an_email_query_can_be_loose() {
    let api = Api::with(Config { loose_email_query: true, ..Config::default() }).await;
    let (_, found) = api.get("/users?query[email]=pg.com").await;
    assert_eq!(found["meta"]["pagination"]["total_items"], 2);
}

#[tokio::test]
async fn a_422_comes_in_each_documented_shape() {
    let api = Api::start().await;
    let taken = json!({"email": "EXISTING@pg.com", "first_name": "E", "last_name": "E"});
    for (shape, errors) in [
        (UnprocessableShape::FieldLists, json!({"email": ["has already been taken"]})),
        (UnprocessableShape::FieldStrings, json!({"email": "has already been taken"})),
        (UnprocessableShape::Sentences, json!(["Email has already been taken"])),
        (UnprocessableShape::FieldNames, json!([{"field_name": "email"}])),
    ] {
        api.school.answer_unprocessable_as(shape);
        let answer = api.call(Method::POST, "/users", taken.clone()).await;
        assert_eq!(answer, (422, json!({"errors": errors})), "{shape:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_refused() {
    let api = Api::start().await;
    let id = api.school.user("existing@pg.com").unwrap().id;
    let (status, answer) = api.call(Method::POST, "/users", json!({"email": "a@pg.com"})).await;
    assert_eq!(status, 422);
    assert_eq!(answer["errors"]["last_name"], json!(["can't be blank"]));
    for change in
        [json!({"email": "admin@pg.com"}), json!({"email": "x"}), json!({"last_name": ""}), json!({"password": "abc"})]
    {
        assert_eq!(api.call(Method::PUT, &format!("/users/{id}"), change.clone()).await.0, 422, "{change}");
    }
    let same = json!({"email": "EXISTING@pg.com"});
    assert_eq!(api.call(Method::PUT, &format!("/users/{id}"), same).await.0, 204);
}

#[tokio::test]
async fn the_121st_request_of_a_minute_waits_for_the_reset() {
    let api = Api::start().await;
    for _ in 0..120 {
        assert_eq!(api.get("/courses?limit=1").await.0, 200);
    }
    let answer = send(api.request(Method::GET, "/courses", &Value::Null)).await.unwrap();
    assert_eq!(answer.status(), 429);
    let reset: i64 = answer.headers()["ratelimit-reset"].to_str().unwrap().parse().unwrap();
    let wait = reset - api.school.clock().now().as_millisecond();
    assert!((0..=60_000).contains(&wait), "{wait}");
    api.school.clock().advance(SignedDuration::from_secs(61));
    assert_eq!(api.get("/courses").await.0, 200);
}

#[tokio::test]
async fn the_reset_can_be_in_seconds_or_missing() {
    for (unit, digits) in [(ResetUnit::EpochSeconds, Some(10)), (ResetUnit::Missing, None)] {
        let api = Api::with(Config { reset_unit: unit, ..Config::default() }).await;
        api.school.fail_next(Trouble::RateLimited(Duration::from_secs(5)));
        let answer = send(api.request(Method::GET, "/courses", &Value::Null)).await.unwrap();
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers().get("ratelimit-reset").map(|value| value.len()), digits);
        assert_eq!(api.get("/courses").await.0, 429, "and stays so until the reset");
        api.school.clock().advance(SignedDuration::from_secs(6));
        assert_eq!(api.get("/courses").await.0, 200);
    }
}

#[tokio::test]
async fn the_eleventh_request_at_once_is_too_many() {
    let api = Api::start().await;
    let target = FaultTarget::Admin;
    api.school.inject(Fault { target, trouble: Trouble::Delay(Duration::from_millis(500)), times: 10 });
    let waiting: Vec<_> =
        (0..10).map(|_| tokio::spawn(send(api.request(Method::GET, "/courses", &Value::Null)))).collect();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(api.get("/courses").await.0, 429);
    for call in waiting {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(api.get("/courses").await.0, 200);
}

#[tokio::test]
async fn trouble_comes_on_demand_and_is_written_down() {
    let api = Api::start().await;
    api.school.fail_next(Trouble::Status(520));
    assert_eq!(api.get("/users").await.0, 520);
    let target = FaultTarget::AdminCall { method: Method::POST, path: "/users".to_owned() };
    api.school.inject(Fault { target, trouble: Trouble::ApplyThenCut, times: 1 });
    assert_eq!(api.get("/users").await.0, 200, "another call is not met");
    assert!(send(api.request(Method::POST, "/users", &mary())).await.is_none());
    assert!(api.school.user("miller.m@pg.com").is_some(), "it was done");
    api.school.fail_next(Trouble::Cut);
    assert!(send(api.request(Method::DELETE, "/users/1001", &Value::Null)).await.is_none());
    assert!(api.school.user("admin@pg.com").is_some(), "it was not done");
    let trouble = Trouble::Unprocessable { field: "email".to_owned(), message: "is reserved".to_owned() };
    api.school.fail_next(trouble);
    assert_eq!(api.call(Method::POST, "/users", mary()).await.1["errors"]["email"], json!(["is reserved"]));
    let calls: Vec<_> =
        api.school.take_calls().iter().map(|call| format!("{} {} {}", call.method, call.path, call.status)).collect();
    let wanted = ["GET /users 520", "GET /users 200", "POST /users 0", "DELETE /users/1001 0", "POST /users 422"];
    assert_eq!(calls, wanted);
    assert!(api.school.calls().is_empty());
}

#[tokio::test]
async fn the_sandbox_paths_do_what_the_handle_does() {
    let api = Api::start().await;
    let browser = Browser::new();
    let at = |path: &str| format!("{}/sandbox{path}", api.school.school_url());
    let armed =
        browser.post(None, &at("/fault"), &[("trouble", "503"), ("on", "admin"), ("times", "1")]).await.unwrap();
    assert!(armed.text().contains("1 set"), "{}", armed.text());
    assert_eq!(api.get("/users").await.0, 503);
    assert_eq!(browser.post(None, &at("/fault"), &[("trouble", "9")]).await.unwrap().status, 400);
    let before = api.school.clock().now();
    browser.post(None, &at("/clock"), &[("advance_seconds", "3600")]).await.unwrap();
    assert!(api.school.clock().now().duration_since(before) >= SignedDuration::from_hours(1));
    assert!(browser.get(&at("/users")).await.unwrap().body.contains("admin@pg.com"));
    assert!(browser.get(&at("/calls")).await.unwrap().body.contains("503"));
    assert_eq!(browser.get(&at("/sso")).await.unwrap().body, "[]");
}

#[tokio::test]
async fn accounts_outlive_the_process_where_a_file_keeps_them() {
    let file = std::env::temp_dir().join(format!("stoa-school-{}.json", std::process::id()));
    let config = || Config { file: Some(file.clone()), ..Config::default() };
    let api = Api::with(config()).await;
    let bob = json!({ "email": "bob@pg.com", "first_name": "Bob", "last_name": "Smith", "external_id": "b", "provider": "SSO" });
    let (status, made) = api.call(Method::POST, "/users", bob).await;
    assert_eq!(status, 201);
    let users = api.school.users();
    drop(api);
    let again = Api::with(config()).await;
    assert_eq!(again.school.users(), users);
    let (status, _) = again.get(&format!("/users/{}", made["id"])).await;
    assert_eq!(status, 200);
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn calls_that_do_not_exist_are_not_found_whatever_their_method() {
    let api = Api::start().await;
    for (method, path) in [
        (Method::DELETE, "/enrollments/1"),
        (Method::PUT, "/groups/1"),
        (Method::DELETE, "/group_users"),
        (Method::PATCH, "/users/1001"),
        (Method::GET, "/bundles"),
        (Method::POST, "/courses"),
    ] {
        assert_eq!(api.call(method.clone(), path, json!({})).await.0, 404, "{method} {path}");
    }
}

#[tokio::test]
async fn a_filter_that_is_not_known_filters_nothing() {
    let api = Api::start().await;
    let (_, found) = api.get("/users?query[external_id]=p-1").await;
    assert_eq!(found["meta"]["pagination"]["total_items"], 2);
}

#[tokio::test]
async fn a_full_plan_takes_nobody_more_and_changes_those_it_has() {
    let api = Api::with(Config { seats: Some(2), ..Config::default() }).await;
    let (status, answer) = api.call(Method::POST, "/users", mary()).await;
    assert_eq!((status, answer["errors"]["base"].is_array()), (422, true), "{answer}");
    let id = api.school.user("existing@pg.com").unwrap().id;
    assert_eq!(api.call(Method::PUT, &format!("/users/{id}"), json!({"company": "P&G"})).await.0, 204);
    api.school.change_seats(None);
    assert_eq!(api.call(Method::POST, "/users", mary()).await.0, 201);
}

#[tokio::test]
async fn a_plan_without_the_api_is_refused_like_a_wrong_key() {
    let api = Api::with(Config { plan: Plan::WithoutApi, ..Config::default() }).await;
    assert_eq!(api.get("/users").await, (401, json!({"error": "Authentication Error"})));
    api.school.change_plan(Plan::WithoutApps);
    let (status, answer) = api.get("/users").await;
    assert_eq!((status, answer["error"].as_str().unwrap().contains("plan")), (403, true));
    api.school.change_plan(Plan::WithApi);
    assert_eq!(api.get("/users").await.0, 200);
}

#[tokio::test]
async fn cloudflare_answers_in_html() {
    let api = Api::start().await;
    for (trouble, status) in [(Trouble::Blocked, 403), (Trouble::Status(524), 524)] {
        api.school.fail_next(trouble);
        let answer = send(api.request(Method::GET, "/users", &Value::Null)).await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.body().starts_with(b"<!DOCTYPE html>"));
    }
}

#[tokio::test]
async fn a_required_field_of_profiles_is_asked_for_unless_the_call_skips_it() {
    let profile_fields = vec![ProfileField { label: "Country".to_owned(), is_required: true }];
    let api = Api::with(Config { profile_fields, ..Config::default() }).await;
    let (status, answer) = api.call(Method::POST, "/users", mary()).await;
    assert_eq!((status, &answer["errors"]["custom_profile_fields"]), (422, &json!(["can't be blank"])));
    let mut with_field = mary();
    with_field["custom_profile_fields"] = json!([{"custom_profile_field_definition_id": 1, "value": "Canada"}]);
    let (status, made) = api.call(Method::POST, "/users", with_field).await;
    assert_eq!((status, &made["custom_profile_fields"][0]["value"]), (201, &json!("Canada")));
    let path = "/users?query[custom_profile_field_label]=Country&query[custom_profile_field_value]=Canada";
    assert_eq!(api.get(path).await.1["meta"]["pagination"]["total_items"], 1);
    assert_eq!(api.get("/custom_profile_field_definitions").await.1["items"][0]["required"], true);
    let skipping =
        json!({ "email": "b@pg.com", "first_name": "B", "last_name": "B", "skip_custom_fields_validation": true });
    assert_eq!(api.call(Method::POST, "/users", skipping).await.0, 201);
}

#[tokio::test]
async fn a_role_that_does_not_exist_is_refused() {
    let api = Api::start().await;
    let mut new = mary();
    new["roles"] = json!(["site_owner"]);
    assert_eq!(api.call(Method::POST, "/users", new).await.0, 422);
}

#[tokio::test]
async fn a_limit_can_be_raised_as_for_a_plus_school() {
    let api = Api::start().await;
    api.school.allow_per_minute(130);
    for _ in 0..130 {
        assert_eq!(api.get("/courses?limit=1").await.0, 200);
    }
    assert_eq!(api.get("/courses?limit=1").await.0, 429);
}

#[tokio::test]
async fn a_client_that_hangs_up_frees_its_place() {
    let api = Api::start().await;
    let target = FaultTarget::Admin;
    api.school.inject(Fault { target, trouble: Trouble::Delay(Duration::from_secs(600)), times: 10 });
    for _ in 0..10 {
        let call = send(api.request(Method::GET, "/courses", &Value::Null));
        assert!(tokio::time::timeout(Duration::from_millis(30), call).await.is_err());
    }
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while api.get("/courses").await.0 == 429 {
        assert!(tokio::time::Instant::now() < deadline, "the places stay taken");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
