//! What `stoa doctor` asks of schedules (EventBridge Scheduler, REST API 2021-06-30), of failure queues (SQS, JSON protocol)
//! and of the topic of alarms (SNS, query protocol, version 2010-03-31). As they are after a deployment: schedules on, queues
//! empty, one subscriber who has confirmed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use stoa_core::routes::ROUTES;
use stoa_service::operator::sandbox::{FAILURE_QUEUES, queue_url, topic};

use super::policy::{self, Decision, Target};
use super::request::Caller;
use super::served::{Served, refused};
use super::touched::Touched;
use super::{ACCOUNT, REGION, Stack};

/// What somebody has done to them.
#[derive(Default)]
pub(super) struct Watched(Mutex<State>);

#[derive(Default)]
struct State {
    off: BTreeSet<String>,
    queued: BTreeMap<String, u64>,
    subscribers_left: bool,
}

impl Watched {
    /// Switches the schedule of a function off.
    pub(super) fn switch_off(&self, function: &str) {
        self.state(|state| state.off.insert(function.to_owned()));
    }

    /// Puts a message into a queue, by its name in the template.
    pub(super) fn queue(&self, queue: &str) {
        self.state(|state| *state.queued.entry(queue.to_owned()).or_default() += 1);
    }

    /// Nobody has confirmed to be told of alarms.
    pub(super) fn unsubscribe(&self) {
        self.state(|state| state.subscribers_left = true);
    }

    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `GetSchedule`.
    pub(super) fn schedule(&self, name: &str, stack: &Stack) -> Served {
        let function = name.strip_prefix(stack.name()).and_then(|name| name.strip_prefix('-'));
        let known = function.and_then(|name| ROUTES.iter().find(|function| function.name == name));
        let Some((function, schedule)) = known.and_then(|function| Some((function.name, function.schedule?))) else {
            let message = format!("Schedule {name} does not exist.");
            return Served { status: StatusCode::NOT_FOUND, ..refused("ResourceNotFoundException", &message) };
        };
        let is_off = self.state(|state| state.off.contains(function));
        let schedule = json!({
            "Arn": format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"),
            "GroupName": "default",
            "Name": name,
            "ScheduleExpression": schedule,
            "State": if is_off { "DISABLED" } else { "ENABLED" },
        });
        Served::of(StatusCode::OK, schedule)
    }

    /// `GetQueueAttributes`, of the one attribute that is asked for.
    pub(super) fn attributes(&self, body: &Value, stack: &Stack) -> Served {
        let url = body["QueueUrl"].as_str().unwrap_or_default();
        let Some(queue) = FAILURE_QUEUES.iter().find(|queue| queue_url(stack.name(), queue) == url) else {
            return refused("com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.");
        };
        if body["AttributeNames"] != json!(["ApproximateNumberOfMessages"]) {
            return refused("com.amazonaws.sqs#InvalidAttributeName", "Unknown Attribute.");
        }
        let messages = self.state(|state| state.queued.get(*queue).copied().unwrap_or_default());
        Served::of(StatusCode::OK, json!({ "Attributes": { "ApproximateNumberOfMessages": messages.to_string() } }))
    }

    /// `ListSubscriptionsByTopic`, if it is that. It is not in the journal.
    pub(super) fn subscriptions(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        stack: &Stack,
    ) -> Option<Response<Full<Bytes>>> {
        const ACTION: &str = "ListSubscriptionsByTopic";
        let asked: BTreeMap<_, _> = url::form_urlencoded::parse(body).into_owned().collect();
        let of = |name: &str| asked.get(name).map(String::as_str);
        let caller = Caller::of(headers).filter(|_| of("Action") == Some(ACTION))?;
        let (action, own) = (format!("sns:{ACTION}"), topic(stack.name()));
        let decision = policy::decide(&caller.principal, &action, &Target::Any, &Touched::default());
        if matches!(decision, Decision::Denied) || caller.account != ACCOUNT {
            return Some(error(StatusCode::FORBIDDEN, "AuthorizationError"));
        }
        if of("Version") != Some("2010-03-31") {
            return Some(error(StatusCode::BAD_REQUEST, "InvalidAction"));
        }
        if of("TopicArn") != Some(&own) {
            return Some(error(StatusCode::NOT_FOUND, "NotFound"));
        }
        let is_left = self.state(|state| state.subscribers_left);
        let arn = if is_left { "PendingConfirmation".to_owned() } else { format!("{own}:00000000") };
        let text = format!(
            "<ListSubscriptionsByTopicResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
             <ListSubscriptionsByTopicResult><Subscriptions><member><TopicArn>{own}</TopicArn><Protocol>email</Protocol>\
             <SubscriptionArn>{arn}</SubscriptionArn><Owner>{ACCOUNT}</Owner><Endpoint>on-call@stoa.example</Endpoint>\
             </member></Subscriptions></ListSubscriptionsByTopicResult><ResponseMetadata><RequestId>local</RequestId>\
             </ResponseMetadata></ListSubscriptionsByTopicResponse>"
        );
        Some(xml(StatusCode::OK, text))
    }
}

fn error(status: StatusCode, code: &str) -> Response<Full<Bytes>> {
    let text = format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{code}</Message></Error><RequestId>local</RequestId></ErrorResponse>"
    );
    xml(status, text)
}

fn xml(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/xml"));
    response
}
