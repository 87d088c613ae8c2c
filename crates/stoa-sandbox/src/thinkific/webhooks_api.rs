//! The Webhooks API v2: who is told of what. One topic each.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::unprocessable::fields_unprocessable;
use super::webhooks::{Origin, Subscription, TOPICS};
use super::{Config, HOST, Shared, admin, gate};

/// Where the Webhooks API starts.
const PATH: &str = "/api/v2";
/// The most that a page holds.
const MAX_LIMIT: usize = 100;

pub(super) fn router(shared: &Shared) -> Router<Shared> {
    let calls = Router::new()
        .route("/webhooks", get(list).post(create))
        .route("/webhooks/{id}", get(show).put(update).delete(remove))
        .fallback(|| async { admin::not_found() })
        .method_not_allowed_fallback(|| async { admin::not_found() })
        .layer(middleware::from_fn_with_state((shared.clone(), gate::Credentials::Bearer), gate::stand));
    Router::new().nest(PATH, calls)
}

#[derive(Debug, Deserialize)]
struct Paging {
    limit: Option<usize>,
    next: Option<String>,
}

async fn list(State(shared): State<Shared>, Query(paging): Query<Paging>) -> Response {
    let school = shared.school();
    let all = &school.webhooks.subscriptions;
    let limit = paging.limit.filter(|limit| *limit > 0).unwrap_or(25).min(MAX_LIMIT);
    let next = paging.next.filter(|next| !next.is_empty());
    let start = match &next {
        None => Some(0),
        Some(next) => all.iter().position(|subscription| subscription.id == *next),
    };
    let Some(start) = start else { return admin::not_found() };
    let items: Vec<Value> = all.iter().skip(start).take(limit).map(answer).collect();
    let after = all.get(start + items.len()).map(|subscription| subscription.id.as_str());
    Json(json!({
        "meta": {"page": {
            "has_next": after.is_some(),
            "next_page": after.unwrap_or_default(),
            "page_items": items.len(),
            "total_items": all.len(),
        }},
        "items": items,
    }))
    .into_response()
}

async fn show(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let school = shared.school();
    let found = school.webhooks.subscriptions.iter().find(|subscription| subscription.id == id);
    found.map_or_else(admin::not_found, |found| Json(answer(found)).into_response())
}

async fn create(State(shared): State<Shared>, Json(body): Json<Map<String, Value>>) -> Response {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (topic, target) = (text("topic"), text("target_url"));
    let wrong = faults_of(&shared.config, Some(&topic), Some(&target));
    if !wrong.is_empty() {
        return fields_unprocessable(&wrong);
    }
    let made = shared.school().subscribe((&topic, &target), Origin::Api, shared.config.clock.now());
    (StatusCode::CREATED, Json(answer(&made))).into_response()
}

async fn update(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Response {
    let text = |name: &str| body.get(name).map(|value| value.as_str().unwrap_or_default());
    let (topic, target) = (text("topic"), text("target_url"));
    let now = shared.config.clock.now();
    let mut school = shared.school();
    let found = school.webhooks.subscriptions.iter_mut().find(|subscription| subscription.id == id);
    let Some(found) = found else { return admin::not_found() };
    let wrong = faults_of(&shared.config, topic, target);
    if !wrong.is_empty() {
        return fields_unprocessable(&wrong);
    }
    found.topic = topic.unwrap_or(&found.topic).to_owned();
    found.target_url = target.unwrap_or(&found.target_url).to_owned();
    found.status = "active".to_owned();
    found.updated_at = now;
    Json(answer(found)).into_response()
}

async fn remove(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let mut school = shared.school();
    let before = school.webhooks.subscriptions.len();
    school.webhooks.subscriptions.retain(|subscription| subscription.id != id);
    if school.webhooks.subscriptions.len() < before {
        StatusCode::NO_CONTENT.into_response()
    } else {
        admin::not_found()
    }
}

fn faults_of(config: &Config, topic: Option<&str>, target: Option<&str>) -> Vec<(&'static str, &'static str)> {
    let mut wrong = Vec::new();
    if topic.is_some_and(|topic| !TOPICS.contains(&topic)) {
        wrong.push(("topic", "invalid format"));
    }
    if target.is_some_and(|target| !may_be_told(config, target)) {
        wrong.push(("target_url", "invalid format"));
    }
    wrong
}

/// https, and neither this machine nor Thinkific; or a host that the simulator is told of, since it can reach no other.
fn may_be_told(config: &Config, target: &str) -> bool {
    let Ok(url) = Url::parse(target) else { return false };
    let Some(Host::Domain(host)) = url.host() else { return false };
    if config.webhook_hosts.iter().any(|known| known == host) {
        return matches!(url.scheme(), "http" | "https");
    }
    let is_ours = |own: &str| host == own || host.ends_with(&format!(".{own}"));
    url.scheme() == "https" && !["localhost", "thinkific.com", HOST].into_iter().any(is_ours)
}

fn answer(subscription: &Subscription) -> Value {
    json!({
        "id": subscription.id,
        "status": subscription.status,
        "topic": subscription.topic,
        "created_at": subscription.created_at.to_string(),
        "created_by": "156118",
        "updated_at": subscription.updated_at.to_string(),
        "updated_by": "156118",
        "target_url": subscription.target_url,
    })
}
