//! A customer's SCIM client, by the events that the gateway makes of its requests.

use serde_json::{Value, json};
use stoa_core::ids::ConnectionId;
use stoa_sandbox::sandbox::Sandbox;

/// A client with a token.
pub struct Client<'a> {
    sandbox: &'a Sandbox,
    token: String,
}

impl<'a> Client<'a> {
    /// With a token that on-call has just made.
    pub async fn of(sandbox: &'a Sandbox) -> Self {
        let id = ConnectionId::parse(sandbox.connection()).unwrap();
        let (token, _) = sandbox.operator.create_scim_token(&id, None).await.unwrap();
        // That there was no token is held for a minute.
        sandbox.advance(61);
        Self { sandbox, token: token.expose().to_owned() }
    }

    /// Sends a request below `/scim/{connection}/v2/`. Status and body.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> (u64, Value) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (id, route) = (self.sandbox.connection(), format!("{method} /scim/{{connection}}/{{proxy+}}"));
        let raw = format!("/scim/{id}/v2/{path}");
        let event = json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": raw,
            "rawQueryString": query,
            "headers": {"authorization": format!("Bearer {}", self.token), "content-type": "application/scim+json"},
            "pathParameters": {"connection": id, "proxy": format!("v2/{path}")},
            "requestContext": {
                "http": {"method": method, "path": raw, "sourceIp": "203.0.113.7"},
                "requestId": "AAAAAAAAAAAAAAA=",
                "routeKey": route,
            },
            "isBase64Encoded": false,
            "body": if body.is_null() { String::new() } else { body.to_string() },
        });
        let answer = self.sandbox.invoke("scim", event).await.unwrap();
        let body = answer["body"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        (answer["statusCode"].as_u64().unwrap(), body)
    }

    /// Makes a person whose address is `{name}@pg.com`. Their id. A minute whose requests are spent is over at once.
    pub async fn person(&self, name: &str) -> String {
        let email = format!("{name}@pg.com");
        let person = json!({
            "userName": email,
            "externalId": format!("ext-{name}"),
            "name": {"givenName": "A", "familyName": "Pupil"},
            "emails": [{"value": email, "type": "work", "primary": true}],
        });
        loop {
            let (status, made) = self.send("POST", "Users", &person).await;
            match status {
                201 => return made["id"].as_str().unwrap().to_owned(),
                429 => self.sandbox.advance(60),
                _ => panic!("{status}: {made}"),
            }
        }
    }
}
