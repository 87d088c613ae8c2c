//! Groups: people are added by name through the Admin API, and removed through GraphQL only.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use jiff::SignedDuration;
use serde_json::{Value, json};
use stoa_sandbox::thinkific::{Config, Effect};

use crate::school_api::{Api, send};

const REMOVE: &str = "mutation Leave($input: BulkRemoveUsersFromGroupsInput!) {
  bulkRemoveUsersFromGroups(input: $input) { message userErrors { message } }
}";

fn student(api: &Api) -> u64 {
    api.school.user("existing@pg.com").unwrap().id
}

async fn graphql(api: &Api, bearer: &str, body: Value) -> (u16, Value) {
    let request = Request::post(format!("http://{}/stable/graphql", api.school.address()))
        .header("user-agent", "stoa-test")
        .header("authorization", format!("Bearer {bearer}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let answer = send(request).await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
}

async fn join(api: &Api, names: Value) -> (u16, Value) {
    api.call(Method::POST, "/group_users", json!({"user_id": student(api), "group_names": names})).await
}

#[tokio::test]
async fn a_group_is_made_found_joined_by_name_and_removed() {
    let api = Api::start().await;
    let (status, made) = api.call(Method::POST, "/groups", json!({"name": "Plant 7"})).await;
    assert_eq!((status, made["token"].as_str().unwrap().len()), (200, 8));
    for name in ["Plant 7", "", "  "] {
        assert_eq!(api.call(Method::POST, "/groups", json!({"name": name})).await.0, 422, "{name:?}");
    }
    assert_eq!(join(&api, json!(["Plant 7", "Everybody"])).await, (201, Value::Null));
    assert_eq!(join(&api, json!(["Plant 7"])).await.0, 201, "again");
    let path = format!("/users?query[group_id]={}", made["id"]);
    assert_eq!(api.get(&path).await.1["items"][0]["email"], "existing@pg.com");
    assert_eq!(api.get("/groups").await.1["meta"]["pagination"]["total_items"], 3);
    let path = format!("/groups/{}", made["id"]);
    assert_eq!(api.get(&path).await.1["name"], "Plant 7");
    assert_eq!(api.call(Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(api.get(&path).await.0, 404);
}

#[tokio::test]
async fn one_unknown_name_changes_nothing() {
    let api = Api::start().await;
    for names in [json!(["Everybody", "Nobody"]), json!(["everybody"]), json!([]), json!([7]), json!("Everybody")] {
        assert_eq!(join(&api, names.clone()).await, (422, json!({"errors": ["Invalid group_names"]})), "{names}");
    }
    assert_eq!(api.school.members("Everybody"), Some(Vec::new()));
    let nobody = json!({"user_id": 1, "group_names": ["Everybody"]});
    assert_eq!(api.call(Method::POST, "/group_users", nobody).await.0, 422);
}

#[tokio::test]
async fn only_graphql_takes_somebody_out_and_only_with_an_access_token() {
    let removal = Effect::Later(SignedDuration::from_secs(20));
    let api = Api::with(Config { group_removal: removal, ..Config::default() }).await;
    join(&api, json!(["Everybody", "Managers"])).await;
    let group = api.school.groups()[0].id;
    let input = json!({"userIds": [student(&api).to_string()], "groupIds": [group]});
    let body = json!({"query": REMOVE, "variables": {"input": input}});
    assert_eq!(graphql(&api, api.school.api_key().expose(), body.clone()).await.0, 401);
    let (status, answer) = graphql(&api, api.school.access_token().expose(), body).await;
    assert_eq!((status, &answer["data"]["bulkRemoveUsersFromGroups"]["userErrors"]), (200, &json!([])), "{answer}");
    assert_eq!(api.school.members("Everybody").unwrap().len(), 1, "not yet");
    api.school.clock().advance(SignedDuration::from_secs(21));
    assert_eq!(api.school.members("Everybody").unwrap().len(), 0);
    assert_eq!(api.school.members("Managers").unwrap().len(), 1);
}

#[tokio::test]
async fn graphql_refuses_what_its_schema_does_not_have() {
    let api = Api::start().await;
    let (token, group) = (api.school.access_token(), api.school.groups()[0].id);
    let input = json!({"userIds": [student(&api)], "groupIds": [group]});
    for query in [
        REMOVE.replace("mutation Leave(", "mutation ("),
        REMOVE.replace("bulkRemove", "remove"),
        REMOVE.replace("message userErrors { message }", ""),
        REMOVE.replace("message userErrors", "ok userErrors"),
        REMOVE.replace("$input: BulkRemove", "$input: BulkAdd"),
        REMOVE.replace("mutation", "query"),
    ] {
        let (status, answer) =
            graphql(&api, token.expose(), json!({"query": query, "variables": {"input": input}})).await;
        assert_eq!((status, answer["errors"].is_array()), (200, true), "{query}: {answer}");
    }
    for input in [Value::Null, json!({"userIds": [1], "groupIds": [group]}), json!({"userIds": ["x"], "groupIds": []})]
    {
        let (_, answer) = graphql(&api, token.expose(), json!({"query": REMOVE, "variables": {"input": input}})).await;
        let is_refused = answer["errors"].is_array()
            || answer["data"]["bulkRemoveUsersFromGroups"]["userErrors"]
                .as_array()
                .is_some_and(|errors| !errors.is_empty());
        assert!(is_refused, "{input}: {answer}");
    }
}

#[tokio::test]
async fn graphql_counts_points_instead_of_requests() {
    let api = Api::start().await;
    let token = api.school.access_token();
    let input = json!({"userIds": [student(&api)], "groupIds": [api.school.groups()[0].id]});
    let body = json!({"query": REMOVE, "variables": {"input": input}});
    for _ in 0..181 {
        assert!(graphql(&api, token.expose(), body.clone()).await.1["data"].is_object());
    }
    let (status, answer) = graphql(&api, token.expose(), body).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (200, &json!("RATE_LIMITED")));
    assert_eq!(api.get("/users").await.0, 200);
}
