//! Events: the envelope, and what is in it by topic.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::account::User;
use super::super::catalog::Course;
use super::super::enrollment::Enrollment;
use super::Percentage;

/// An event's id, and its body as it is sent and signed.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) topic: String,
    pub(super) body: String,
}

pub(super) fn envelope(number: u64, topic: &str, payload: Value, now: Timestamp) -> Event {
    let id = id(number, now);
    let body = body(&id, topic, payload, now);
    Event { id, topic: topic.to_owned(), body }
}

fn body(id: &str, topic: &str, payload: Value, created_at: Timestamp) -> String {
    let (resource, action) = topic.split_once('.').unwrap_or((topic, ""));
    // As documented: the topic has two l, its action one.
    let action = if topic == "subscription.cancelled" { "canceled" } else { action };
    json!({
        "id": id,
        "resource": resource,
        "action": action,
        "tenant_id": "3",
        "tenant_global_id": "31000002-0000-0000-0000-000000000000",
        "created_at": created_at.to_string(),
        "timestamp": created_at.as_second(),
        "payload": payload,
    })
    .to_string()
}

/// Digits of the time, then of the event: 23, as old ones have.
fn id(number: u64, now: Timestamp) -> String {
    format!("{}{number:06}", now.strftime("%Y%m%d%H%M%S%3f"))
}

/// Of `user.signup`, `user.signin` and `user.updated`.
pub(crate) fn user(user: &User) -> Value {
    json!({
        "administered_course_ids": null,
        "affiliate_code": null,
        "affiliate_commission": "15.00",
        "affiliate_commission_type": "%",
        "affiliate_payout_email": null,
        "avatar_url": null,
        "bio": user.bio,
        "company": user.company,
        "created_at": user.created_at.to_string(),
        "custom_profile_fields": [],
        "email": user.email,
        "external_source": user.external_source,
        "first_name": user.first_name,
        "headline": user.headline,
        "id": user.id,
        "last_name": user.last_name,
        "roles": user.roles,
    })
}

/// Of `user.deleted`, which is not described anywhere: what the others have, of somebody who is gone.
pub(crate) fn deleted(gone: &User) -> Value {
    user(gone)
}

/// Of `enrollment.*`.
pub(crate) fn enrolled(own: &Enrollment, user: &User, course: Option<&Course>, scale: Percentage) -> Value {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let done = f64::from(own.percent_completed);
    let percentage = match scale {
        Percentage::OfHundred => format!("{done:?}"),
        Percentage::OfOne => format!("{:?}", done / 100.0),
    };
    json!({
        "activated_at": text(own.activated_at),
        "completed_at": text(own.completed_at),
        "course": {"id": own.course_id, "name": course.map(|course| &course.name)},
        "course_id": own.course_id,
        "created_at": own.created_at.to_string(),
        "expiry_date": text(own.expiry_date),
        "free_trial": own.is_free_trial(),
        "id": own.id,
        "percentage_completed": percentage,
        "started_at": text(own.started_at),
        "updated_at": own.updated_at.to_string(),
        "user": {"id": user.id, "email": user.email, "first_name": user.first_name, "last_name": user.last_name},
    })
}

/// Of `order.created`.
pub(crate) fn ordered(number: u64, user: &User, course: &Course, now: Timestamp) -> Value {
    json!({
        "id": number,
        "order_number": number,
        "created_at": now.to_string(),
        "product_id": course.product_id(),
        "product_name": course.name,
        "payment_type": "one-time",
        "amount_dollars": 49.0,
        "amount_cents": 4900,
        "status": "Complete",
        "items": [{"product_id": course.product_id(), "product_name": course.name, "amount_cents": 4900}],
        "user": {"id": user.id, "email": user.email, "first_name": user.first_name, "last_name": user.last_name},
    })
}

/// What the administration's button sends: `[TEST]` before names and in the address, tiny ids, a time years ago, and no
/// account that exists.
pub(crate) fn example(topic: &str) -> Value {
    let mut person =
        json!({ "id": 1, "email": "[TEST] ada@x.test", "first_name": "[TEST] Ada", "last_name": "[TEST] Example" });
    let old = "2017-07-01T12:00:00.000Z";
    match topic.split_once('.') {
        Some(("user", _)) => {
            person["roles"] = json!([]);
            person["created_at"] = json!(old);
            person
        }
        Some(("enrollment", action)) => json!({
            "id": 2,
            "activated_at": old,
            "completed_at": (action == "completed").then_some(old),
            "course": {"id": 4, "name": "[TEST] Introduction"},
            "course_id": 4,
            "created_at": old,
            "expiry_date": null,
            "free_trial": action == "trial",
            "percentage_completed": "0",
            "started_at": old,
            "updated_at": old,
            "user": person,
        }),
        _ => json!({"id": 3, "created_at": old, "user": person}),
    }
}
