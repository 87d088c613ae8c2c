//! The Webhooks API v2: another address than the Admin API's, and the key as a bearer token.

use serde::Deserialize;

use super::{ApiAnswer, ApiMethod, ApiRequest};
use crate::failure::Failure;
use crate::webhook::Subscription;

/// Subscriptions on a page.
const PAGE_SUBSCRIPTIONS: usize = 100;

/// A request to the Webhooks API. Its path is below [`webhooks_api`].
#[derive(Clone, Debug, PartialEq)]
pub struct WebhooksRequest(pub ApiRequest);

/// The Webhooks API that belongs to an Admin API; `None`: its address is none of Thinkific's form.
pub fn webhooks_api(api_url: &str) -> Option<String> {
    api_url.strip_suffix("/public/v1").map(|api| format!("{api}/v2"))
}

/// Asks for the subscriptions, from the beginning or from where a page has ended.
pub fn list_subscriptions(next: Option<&str>) -> WebhooksRequest {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &PAGE_SUBSCRIPTIONS.to_string());
    if let Some(next) = next {
        query.append_pair("next", next);
    }
    let path = format!("/webhooks?{}", query.finish());
    WebhooksRequest(ApiRequest { method: ApiMethod::Get, path, body: None })
}

/// Subscribes to a topic.
pub fn create_subscription(topic: &str, target_url: &str) -> WebhooksRequest {
    let body = Some(serde_json::json!({"topic": topic, "target_url": target_url}));
    WebhooksRequest(ApiRequest { method: ApiMethod::Post, path: "/webhooks".into(), body })
}

/// Ends a subscription.
pub fn delete_subscription(id: &str) -> WebhooksRequest {
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let path = format!("/webhooks/{}", id.replace('+', "%20"));
    WebhooksRequest(ApiRequest { method: ApiMethod::Delete, path, body: None })
}

/// A page of subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionPage {
    /// What is on it.
    pub items: Vec<Subscription>,
    /// Where the next one begins, if there is one.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    items: Vec<Item>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    topic: String,
    target_url: String,
    #[serde(default)]
    status: String,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    page: PageMeta,
}

#[derive(Default, Deserialize)]
struct PageMeta {
    #[serde(default)]
    has_next: bool,
    #[serde(default)]
    next_page: Option<String>,
}

impl ApiAnswer {
    /// The answer to [`list_subscriptions`].
    pub fn subscriptions(&self) -> Result<SubscriptionPage, Failure> {
        let Listed { items, meta } = self.json::<Listed>()?;
        let items = items.into_iter().map(|Item { id, topic, target_url, status }| Subscription {
            id,
            topic,
            target_url,
            status,
        });
        let next = meta.page.next_page.filter(|next| meta.page.has_next && !next.is_empty());
        Ok(SubscriptionPage { items: items.collect(), next })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_webhooks_api_stands_beside_the_admin_api() {
        let api = webhooks_api("https://api.thinkific.com/api/public/v1");
        assert_eq!(api.as_deref(), Some("https://api.thinkific.com/api/v2"));
        assert_eq!(webhooks_api("https://api.thinkific.com"), None);
        assert_eq!(delete_subscription("a/../b c").0.path, "/webhooks/a%2F..%2Fb%20c");
        assert_eq!(list_subscriptions(Some("a&b")).0.path, "/webhooks?limit=100&next=a%26b");
    }

    #[test]
    fn the_last_page_says_so() {
        let answer = |page: &str| {
            let item =
                r#"{"id":"7","topic":"user.signup","target_url":"https://x","status":"active","created_by":"1"}"#;
            let body = format!(r#"{{"items":[{item}],"meta":{{"page":{page}}}}}"#).into_bytes();
            ApiAnswer { status: 200, rate_limit_reset: None, body }.subscriptions().unwrap()
        };
        assert_eq!(answer(r#"{"has_next":true,"next_page":"7"}"#).next.as_deref(), Some("7"));
        for last in [r#"{"has_next":false,"next_page":""}"#, r#"{"has_next":true,"next_page":""}"#, "{}"] {
            assert_eq!(answer(last).next, None, "{last}");
        }
    }
}
