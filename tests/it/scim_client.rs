//! A SCIM client before the gateway: what somebody with a token could send.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use stoa_core::ids::ConnectionId;

use crate::steps::World;

/// What a connection's file needs besides.
pub const DIRECTORY: &str = r#"
[directory]
source = "scim"
join = { claim = "name_id", attribute = "userName" }

[[directory.grant]]
everybody = true
courses = [1]

[[directory.grant]]
group = "Leaders"
courses = [2]
thinkific_groups = ["Leaders"]
"#;

/// A client with a token.
pub struct Scim {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    token: String,
}

/// What it was answered.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl Answered {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `id` of the resource.
    #[track_caller]
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id: {self:?}")).to_owned()
    }
}

impl Scim {
    /// The client of a connection's customer, with a token that on-call has just made.
    pub async fn of(world: &World, connection: &str) -> Self {
        let id = ConnectionId::parse(connection).unwrap();
        let (token, _) = world.operator.create_scim_token(&id, None).await.unwrap();
        // That there was no token is held for a minute. No clock of ours is the deployables', and they have not asked yet.
        if world.wire.is_none() {
            world.advance(61);
        }
        Self::with(world, connection, token.expose())
    }

    /// The same with any text for a token.
    pub fn with(world: &World, connection: &str, token: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            base: format!("http://127.0.0.1:{}/scim/{connection}", world.gateway.address().port()),
            token: token.to_owned(),
        }
    }

    /// Where its connection is, without the version.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Its token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Sends a request; the path begins behind `/scim/{connection}`.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("content-type", "application/scim+json")
            .header("user-agent", "a test");
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let (head, body) = self.client.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body).unwrap_or_else(|_| panic!("no JSON: {body:?}")),
        };
        Answered { status: head.status.as_u16(), headers: head.headers, body }
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.send("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answered {
        self.send("POST", path, &[], &body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answered {
        self.send("PUT", path, &[], &body.to_string()).await
    }

    /// PATCH with these operations.
    pub async fn patch(&self, path: &str, operations: &Value) -> Answered {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        self.send("PATCH", path, &[], &body.to_string()).await
    }

    pub async fn delete(&self, path: &str) -> Answered {
        self.send("DELETE", path, &[], "").await
    }

    /// Makes a person; their id.
    #[track_caller]
    pub fn person(&self, name: &str) -> impl Future<Output = String> {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": name,
            "externalId": format!("ext-{name}"),
            "name": {"givenName": "Needle", "familyName": "Haystack"},
            "emails": [{"value": format!("{name}@pg.com"), "type": "work", "primary": true}],
        });
        async move {
            let made = self.post("/v2/Users", &body).await;
            assert_eq!(made.status, 201, "{made:?}");
            made.id()
        }
    }

    /// Makes so many people; their ids.
    pub async fn people(&self, count: usize) -> Vec<String> {
        let made = (0..count).map(|n| async move { self.person(&format!("p{n}")).await });
        stream::iter(made).buffered(8).collect().await
    }

    /// The ids of a group's members, in order.
    pub async fn members(&self, group: &str) -> Vec<String> {
        let group = self.get(&format!("/v2/Groups/{group}")).await;
        let members = group.body["members"].as_array().cloned().unwrap_or_default();
        let mut ids: Vec<String> = members.iter().map(|one| one["value"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }
}

impl World {
    /// A sandbox whose connection takes people by SCIM.
    pub async fn with_directory() -> Self {
        Self::with(|file| format!("{file}{DIRECTORY}")).await
    }
}

/// A value of `members` that names these.
pub fn members(ids: &[&String]) -> Value {
    ids.iter().map(|id| json!({"value": id})).collect()
}
