//! A bare AWS client: what somebody with a principal's credentials could send.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use stoa_core::routes::{Bucket, Table};

use crate::steps::World;

/// Calls an operation such as `DynamoDB_20120810.GetItem` as `principal`; returns status and answer.
pub async fn call(world: &World, principal: &str, target: &str, body: &Value) -> (u16, Value) {
    let request = Request::post(format!("{}/", world.front.endpoint()))
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", target);
    send(request, principal, body).await
}

/// Invokes a function, by its AWS name, as `principal`; returns status and answer.
pub async fn invoke(world: &World, principal: &str, function: &str, event: &Value) -> (u16, Value) {
    let request = Request::post(format!("{}/2015-03-31/functions/{function}/invocations", world.front.endpoint()));
    send(request, principal, event).await
}

/// Asks S3 for an object, or puts one there, as `principal`; the key is encoded in the path already. Returns status and
/// body.
pub async fn object(world: &World, principal: &str, method: &str, path: &str, sent: Sent<'_>) -> (u16, Bytes) {
    let bucket = world.front.stack().bucket_name(Bucket::Files);
    let hash = digest(&SHA256, sent.body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let request = Request::builder()
        .method(method)
        .uri(format!("{}/{bucket}/{path}", world.front.endpoint()))
        .header("x-amz-content-sha256", sent.hash.unwrap_or(&hash));
    let request = sent.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    exchange(request, principal, Bytes::copy_from_slice(sent.body)).await
}

/// What is sent to S3 with a request.
#[derive(Clone, Copy, Default)]
pub struct Sent<'a> {
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    /// Instead of the body's own.
    pub hash: Option<&'a str>,
}

async fn send(request: http::request::Builder, principal: &str, body: &Value) -> (u16, Value) {
    let (status, body) = exchange(request, principal, Bytes::from(body.to_string())).await;
    (status, serde_json::from_slice(&body).unwrap())
}

async fn exchange(request: http::request::Builder, principal: &str, body: Bytes) -> (u16, Bytes) {
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={principal}/20260101/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=00"
    );
    let request = request
        .header("authorization", credential)
        .header("x-amz-date", "20260101T000000Z")
        .body(Full::new(body))
        .unwrap();
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request).await.unwrap().into_parts();
    (head.status.as_u16(), body.collect().await.unwrap().to_bytes())
}

/// Sets an attribute of every item whose partition key begins so, as somebody with write access to the table would.
pub async fn set(world: &World, table: Table, key: &str, attribute: &str, value: Value) {
    for item in matching(world, table, key) {
        let request = json!({
            "TableName": world.front.stack().table_name(table),
            "Key": key_of(table, &item),
            "UpdateExpression": "SET #a = :v",
            "ExpressionAttributeNames": {"#a": attribute},
            "ExpressionAttributeValues": {":v": value},
        });
        assert_eq!(call(world, "sandbox", "DynamoDB_20120810.UpdateItem", &request).await.0, 200);
    }
}

/// Removes an attribute of every item whose partition key begins so, as a version that did not write it yet.
pub async fn unset(world: &World, table: Table, key: &str, attribute: &str) {
    for item in matching(world, table, key) {
        let request = json!({
            "TableName": world.front.stack().table_name(table),
            "Key": key_of(table, &item),
            "UpdateExpression": "REMOVE #a",
            "ExpressionAttributeNames": {"#a": attribute},
        });
        assert_eq!(call(world, "sandbox", "DynamoDB_20120810.UpdateItem", &request).await.0, 200);
    }
}

/// Deletes every item whose partition key begins so.
pub async fn delete(world: &World, table: Table, key: &str) {
    for item in matching(world, table, key) {
        let request = json!({"TableName": world.front.stack().table_name(table), "Key": key_of(table, &item)});
        assert_eq!(call(world, "sandbox", "DynamoDB_20120810.DeleteItem", &request).await.0, 200);
    }
}

/// Replaces a secret's text, unchecked.
pub async fn spoil_secret(world: &World, name: &str) {
    let request = json!({
        "SecretId": format!("{}/{name}", world.front.stack().name()),
        "SecretString": "not a key set",
        "ClientRequestToken": "0".repeat(32),
    });
    assert_eq!(call(world, "sandbox", "secretsmanager.PutSecretValue", &request).await.0, 200);
}

/// The items whose partition key begins so. That there is none is the test's mistake.
pub fn matching(world: &World, table: Table, key: &str) -> Vec<Value> {
    let items = world.front.items(table).unwrap();
    let found: Vec<_> = items.into_iter().filter(|item| item["pk"]["S"].as_str().unwrap().starts_with(key)).collect();
    assert!(!found.is_empty(), "no item of {} begins with {key:?}", table.as_str());
    found
}

fn key_of(table: Table, item: &Value) -> Value {
    match table.sort_key() {
        Some(sort_key) => json!({"pk": item["pk"], sort_key: item[sort_key]}),
        None => json!({"pk": item["pk"]}),
    }
}
