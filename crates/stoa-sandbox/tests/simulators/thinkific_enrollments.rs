//! Courses, bundles, and who is in them until when.

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use stoa_sandbox::browser::Browser;
use stoa_sandbox::thinkific::{Config, Effect, NullExpiry, Repeated};

use crate::school_api::Api;

/// A course that needs an enrollment, and a bundle of it and another.
const COURSE: u64 = 3;
const BUNDLE: u64 = 51;
const IN_NEW_BUILDER: u64 = 5;

fn student(api: &Api) -> u64 {
    api.school.user("existing@pg.com").unwrap().id
}

fn now(api: &Api) -> String {
    api.school.clock().now().to_string()
}

async fn enroll(api: &Api, body: Value) -> (u16, Value) {
    api.call(Method::POST, "/enrollments", body).await
}

#[tokio::test]
async fn somebody_is_enrolled_found_ended_and_let_in_again() {
    let api = Api::start().await;
    let user = student(&api);
    let (status, made) = enroll(&api, json!({"user_id": user, "course_id": COURSE, "activated_at": now(&api)})).await;
    assert_eq!((status, &made["is_free_trial"], &made["expired"]), (201, &json!(false), &json!(false)), "{made}");
    let id = made["id"].as_u64().unwrap();
    for filter in [format!("user_id]={user}"), format!("course_id]={COURSE}"), "email]=EXISTING@pg.com".to_owned()] {
        let (_, found) = api.get(&format!("/enrollments?query[{filter}")).await;
        assert_eq!(found["items"][0]["id"], id, "{filter}");
    }
    assert_eq!(api.get("/enrollments?query[user_id]=1&limit=250").await.1["items"], json!([]));

    let path = format!("/enrollments/{id}");
    assert_eq!(api.call(Method::PUT, &path, json!({"expiry_date": now(&api)})).await, (204, Value::Null));
    let (_, ended) = api.get(&path).await;
    assert_eq!((&ended["expired"], &ended["user_email"]), (&json!(true), &json!("existing@pg.com")));
    assert_eq!(api.get("/enrollments?query[expired]=true").await.1["meta"]["pagination"]["total_items"], 1);

    assert_eq!(api.call(Method::PUT, &path, json!({"expiry_date": null})).await.0, 204);
    assert_eq!(api.get(&path).await.1["expired"], false);
}

#[tokio::test]
async fn null_can_leave_the_end_as_it_is() {
    let api = Api::with(Config { null_expiry: NullExpiry::Ignored, ..Config::default() }).await;
    let made = enroll(&api, json!({"user_id": student(&api), "course_id": COURSE, "expiry_date": now(&api)})).await.1;
    let path = format!("/enrollments/{}", made["id"]);
    api.call(Method::PUT, &path, json!({"expiry_date": null})).await;
    assert_eq!(api.get(&path).await.1["expired"], true);
    api.call(Method::PUT, &path, json!({"expiry_date": "2099-01-01T00:00:00Z"})).await;
    assert_eq!(api.get(&path).await.1["expired"], false);
}

#[tokio::test]
async fn without_a_beginning_it_is_a_preview() {
    let api = Api::start().await;
    let made = enroll(&api, json!({"user_id": student(&api), "course_id": COURSE})).await.1;
    assert_eq!((&made["is_free_trial"], &made["activated_at"]), (&json!(true), &Value::Null));
    assert_eq!(api.get("/enrollments?query[full]=true").await.1["items"], json!([]));
}

#[tokio::test]
async fn what_does_not_exist_is_named_in_sentences() {
    let api = Api::start().await;
    let answer = enroll(&api, json!({"user_id": 1, "course_id": 99})).await;
    assert_eq!(answer, (422, json!({"errors": ["Course could not be found.", "User could not be found."]})));
    for course in [json!("3"), json!(null), json!(IN_NEW_BUILDER)] {
        let (status, answer) = enroll(&api, json!({"user_id": student(&api), "course_id": course})).await;
        assert_eq!((status, answer), (422, json!({"errors": ["Course could not be found."]})), "{course}");
    }
    let wrong = json!({"user_id": student(&api), "course_id": COURSE, "expiry_date": "tomorrow"});
    assert_eq!(enroll(&api, wrong).await, (422, json!({"errors": {"expiry_date": "is invalid"}})));
    assert!(api.school.enrollments().is_empty());
}

#[tokio::test]
async fn a_second_enrollment_is_refused_or_writes_over_the_first() {
    for (repeated, status, count) in [(Repeated::Refused, 422, 1), (Repeated::Updated, 201, 1)] {
        let api = Api::with(Config { repeated_enrollment: repeated, ..Config::default() }).await;
        let body = json!({"user_id": student(&api), "course_id": COURSE, "activated_at": now(&api)});
        assert_eq!(enroll(&api, body.clone()).await.0, 201);
        assert_eq!(enroll(&api, body).await.0, status, "{repeated:?}");
        assert_eq!(api.school.enrollments().len(), count);
    }
}

#[tokio::test]
async fn courses_of_the_new_builder_are_not_listed_and_may_be_enrolled_in() {
    let api = Api::with(Config { enrolls_in_new_builder: true, ..Config::default() }).await;
    let (_, courses) = api.get("/courses").await;
    assert_eq!(courses["meta"]["pagination"]["total_items"], 4);
    assert_eq!(api.get(&format!("/courses/{IN_NEW_BUILDER}")).await.0, 404);
    assert_eq!(enroll(&api, json!({"user_id": student(&api), "course_id": IN_NEW_BUILDER})).await.0, 201);
}

#[tokio::test]
async fn a_bundle_is_a_product_and_enrolls_in_each_of_its_courses() {
    let api = Api::start().await;
    let (_, products) = api.get("/products?limit=250").await;
    let bundles: Vec<_> = products["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|product| product["productable_type"] == "Bundle")
        .collect();
    assert_eq!(bundles[0]["productable_id"], BUNDLE);
    assert_eq!(api.get(&format!("/bundles/{BUNDLE}")).await.1["course_ids"], json!([3, 4]));
    let path = format!("/bundles/{BUNDLE}/enrollments");
    let body = json!({"user_id": student(&api), "activated_at": now(&api)});
    assert_eq!(api.call(Method::POST, &path, body).await, (201, Value::Null));
    assert_eq!(api.get(&path).await.1["meta"]["pagination"]["total_items"], 2);
    let end = json!({"user_id": student(&api), "expiry_date": now(&api)});
    assert_eq!(api.call(Method::PUT, &path, end).await.0, 204);
    assert!(api.school.enrollments().iter().all(|own| own.is_expired(api.school.clock().now())));
    assert_eq!(api.call(Method::POST, &path, json!({"user_id": 1})).await.0, 422);
    assert_eq!(api.call(Method::PUT, "/bundles/9/enrollments", json!({"user_id": 1})).await.0, 404);
}

#[tokio::test]
async fn a_bundle_may_take_its_time() {
    let bundle_enrollment = Effect::Later(SignedDuration::from_secs(30));
    let api = Api::with(Config { bundle_enrollment, ..Config::default() }).await;
    let path = format!("/bundles/{BUNDLE}/enrollments");
    assert_eq!(api.call(Method::POST, &path, json!({"user_id": student(&api)})).await.0, 202);
    assert_eq!(api.get("/enrollments").await.1["items"], json!([]));
    api.school.clock().advance(SignedDuration::from_secs(31));
    assert_eq!(api.get("/enrollments").await.1["meta"]["pagination"]["total_items"], 2);
}

#[tokio::test]
async fn with_an_account_go_its_enrollments_and_groups() {
    let api = Api::start().await;
    let user = student(&api);
    enroll(&api, json!({"user_id": user, "course_id": COURSE})).await;
    api.call(Method::POST, "/group_users", json!({"user_id": user, "group_names": ["Managers"]})).await;
    assert_eq!(api.call(Method::DELETE, &format!("/users/{user}"), Value::Null).await.0, 204);
    assert!(api.school.enrollments().is_empty());
    assert_eq!(api.school.members("Managers"), Some(Vec::new()));
}

#[tokio::test]
async fn enrollments_and_groups_outlive_the_process_where_a_file_keeps_them() {
    let file = std::env::temp_dir().join(format!("stoa-school-records-{}.json", std::process::id()));
    let config = || Config { file: Some(file.clone()), ..Config::default() };
    let api = Api::with(config()).await;
    let user = student(&api);
    enroll(&api, json!({"user_id": user, "course_id": COURSE})).await;
    api.call(Method::POST, "/group_users", json!({"user_id": user, "group_names": ["Managers"]})).await;
    let before = (api.school.enrollments(), api.school.groups());
    drop(api);
    let again = Api::with(config()).await;
    assert_eq!((again.school.enrollments(), again.school.groups()), before);
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn an_administrator_changes_an_account_by_hand() {
    let api = Api::start().await;
    let (user, browser) = (student(&api), Browser::new());
    let page = format!("{}/sandbox/account", api.school.school_url());
    let id = user.to_string();
    let press = async |fields: &[(&str, &str)]| {
        let fields: Vec<_> = [("id", id.as_str())].into_iter().chain(fields.iter().copied()).collect();
        browser.post(None, &page, &fields).await.unwrap().status
    };
    assert_eq!(press(&[("what", "enroll"), ("course", "3")]).await, 200);
    assert_eq!(press(&[("what", "complete"), ("course", "3")]).await, 200);
    let own = api.school.enrollment(user, COURSE).unwrap();
    assert_eq!((own.percent_completed, own.completed_at.is_some()), (100, true));
    assert_eq!(press(&[("what", "expire"), ("course", "3")]).await, 200);
    assert!(!api.school.enrollment(user, COURSE).unwrap().opens_lessons(api.school.clock().now()));
    let group = api.school.groups()[0].id.to_string();
    assert_eq!(press(&[("what", "join"), ("group", &group)]).await, 200);
    assert_eq!(api.school.members("Everybody").unwrap(), ["existing@pg.com"]);
    let new =
        [("what", "save"), ("email", "e@pg.com"), ("first_name", "E"), ("last_name", "E"), ("roles", "site_admin")];
    assert_eq!(press(&new).await, 200);
    assert_eq!(api.school.user("e@pg.com").unwrap().roles, ["site_admin"]);
    assert!(api.school.user("existing@pg.com").is_none());
    assert_eq!(press(&[("what", "save"), ("email", "ADMIN@pg.com")]).await, 400, "somebody else's");
    let shown = browser.get(&format!("{page}?id={id}")).await.unwrap();
    let shown = shown.text();
    assert!(shown.contains("Everybody") && shown.contains("Data protection"), "{shown}");
    assert_eq!(press(&[("what", "delete")]).await, 200);
    assert!(api.school.user("e@pg.com").is_none());
}
