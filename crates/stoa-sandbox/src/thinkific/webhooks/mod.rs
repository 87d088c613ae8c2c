//! What the school tells others, as it happens: subscriptions (Webhooks API v2), events, signed deliveries.
//!
//! A delivery is signed with the site's API key over the body's bytes, unless its subscription was made by hand. What is
//! not answered with 200 to 299 is sent again, fourteen times within sixteen hours, each time later than before. Nothing
//! is promised of the order.

mod delivery;
mod event;
mod subscriptions;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinHandle;

pub use self::delivery::{Delivery, Try};
pub(super) use self::event::{deleted, enrolled, example, ordered, user};
pub(super) use self::subscriptions::Origin;
pub use self::subscriptions::Subscription;

use super::Shared;

/// The topics that can be subscribed to. Those of payments need Thinkific Payments.
pub const TOPICS: &[&str] = &[
    "app.uninstalled",
    "course.created",
    "course.deleted",
    "course.updated",
    "enrollment.completed",
    "enrollment.created",
    "enrollment.progress",
    "enrollment.trial",
    "lead.created",
    "lesson.completed",
    "order.created",
    "order_transaction.failed",
    "order_transaction.refunded",
    "order_transaction.succeeded",
    "plan.updated",
    "product.created",
    "product.deleted",
    "product.updated",
    "quiz.attempted",
    "subscription.cancelled",
    "subscription.past_due",
    "subscription.unpaid",
    "user.deleted",
    "user.signin",
    "user.signup",
    "user.updated",
];

/// The scale of `percentage_completed` in an event; the documents' samples have both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Percentage {
    /// `"24.0"`
    #[default]
    OfHundred,
    /// `"0.24"`
    OfOne,
}

/// What is subscribed to, what happened, and what has been sent.
#[derive(Debug, Default)]
pub(super) struct Webhooks {
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) deliveries: Vec<Delivery>,
    /// Whether deliveries wait until they are asked for.
    pub(super) is_held: bool,
    events: u64,
}

impl Webhooks {
    /// Something happened: a delivery for each subscription to it.
    pub(super) fn tell(&mut self, topic: &str, payload: serde_json::Value, now: Timestamp) {
        self.events += 1;
        let targets: Vec<Subscription> =
            self.subscriptions.iter().filter(|subscription| subscription.topic == topic).cloned().collect();
        if targets.is_empty() {
            return;
        }
        let event = event::envelope(self.events, topic, payload, now);
        self.deliveries.extend(targets.iter().map(|target| Delivery::new(target, &event, now)));
    }

    /// Sends an event of a topic again that was sent, under its own id, as a lost answer of ours makes Thinkific do.
    pub(super) fn repeat(&mut self, event: &str, now: Timestamp) -> bool {
        let Some(delivery) = self.deliveries.iter_mut().find(|delivery| delivery.event == event) else { return false };
        delivery.due = Some(now);
        true
    }
}

/// Sends what is due, one after the other, and what becomes due while it runs.
#[derive(Debug)]
pub(super) struct Sender {
    wake: Arc<Notify>,
    one_at_a_time: Arc<Mutex<()>>,
    running: JoinHandle<()>,
}

impl Sender {
    pub(super) fn start(shared: Shared) -> Self {
        let (wake, one_at_a_time) = (Arc::new(Notify::new()), Arc::new(Mutex::new(())));
        let (woken, turn) = (wake.clone(), one_at_a_time.clone());
        let running = tokio::spawn(async move {
            loop {
                // Retries are due by the school's clock, which can be moved.
                let _ = tokio::time::timeout(Duration::from_millis(200), woken.notified()).await;
                let is_held = shared.school().webhooks.is_held;
                if !is_held {
                    let _turn = turn.lock().await;
                    delivery::send_due(&shared).await;
                }
            }
        });
        Self { wake, one_at_a_time, running }
    }

    /// Waits until nothing is due any more.
    pub(super) async fn send_due(&self, shared: &Shared) {
        self.wake.notify_one();
        let _turn = self.one_at_a_time.lock().await;
        delivery::send_due(shared).await;
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.running.abort();
    }
}
