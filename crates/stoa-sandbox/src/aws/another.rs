//! Another AWS on this machine, such as moto's server: what holds tables and secrets instead of the embedded ones, as a
//! second opinion on what stoa asks of them.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use stoa_core::routes::Table;

use super::definition::table_definition;
use super::policy::SANDBOX;
use super::{REGION, Stack, StartError};

/// Creates the tables of the register that are missing there.
pub(super) async fn create_tables(address: SocketAddr, stack: &Stack) -> Result<(), StartError> {
    for &table in Table::ALL {
        let name = stack.table_name(table);
        let (status, answer) = call(address, "CreateTable", &table_definition(table, &name)).await?;
        let is_there = answer["__type"].as_str().is_some_and(|kind| kind.ends_with("ResourceInUseException"));
        if status != StatusCode::OK && !is_there {
            return Err(StartError::Another("CreateTable", answer.to_string()));
        }
        if let (Some(attribute), false) = (table.ttl_attribute(), is_there) {
            let ttl = json!({
                "TableName": name,
                "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true},
            });
            let (status, answer) = call(address, "UpdateTimeToLive", &ttl).await?;
            if status != StatusCode::OK {
                return Err(StartError::Another("UpdateTimeToLive", answer.to_string()));
            }
        }
    }
    Ok(())
}

async fn call(address: SocketAddr, operation: &'static str, body: &Value) -> Result<(StatusCode, Value), StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::Another(operation, error.to_string());
    // It tells services apart by the scope of the signature, and checks none.
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential={SANDBOX}/20260101/{REGION}/dynamodb/aws4_request, SignedHeaders=host, Signature=00"
    );
    let request = Request::post(format!("http://{address}/"))
        .header("authorization", scope)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20260101T000000Z")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .body(Full::new(Bytes::from(body.to_string())))
        .map_err(|error| failed(&error))?;
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request).await.map_err(|error| failed(&error))?.into_parts();
    let body = body.collect().await.map_err(|error| failed(&error))?.to_bytes();
    Ok((head.status, serde_json::from_slice(&body)?))
}
