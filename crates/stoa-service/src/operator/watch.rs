//! Whether what should run by itself does, and whether anybody would hear that it does not: schedules, the queues of runs
//! that failed, and who is told of alarms.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::signed::Asked;
use super::{Answerer, OperatorError, StackAccess};

/// Who is told of the alarms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subscribed {
    /// So many have confirmed that they want to be.
    pub confirmed: usize,
    /// So many were asked and have not.
    pub pending: usize,
}

impl StackAccess {
    /// Whether a schedule is on, by its name.
    pub async fn is_scheduled(&self, name: &str) -> Result<bool, OperatorError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Schedule {
            state: String,
        }
        let path = format!("/schedules/{name}?groupName=default");
        let (what, service) = ("ask for a schedule", "scheduler");
        let asked = Asked { what, service, method: Method::GET, path: &path, headers: &[], body: String::new() };
        let answer = self.signed.send(asked).await?;
        let schedule: Schedule =
            serde_json::from_slice(&answer).map_err(|_| OperatorError::Answer(Answerer::Scheduler))?;
        Ok(schedule.state == "ENABLED")
    }

    /// How many messages wait in a queue, by its address.
    pub async fn queued(&self, url: &str) -> Result<u64, OperatorError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Answer {
            attributes: Attributes,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Attributes {
            approximate_number_of_messages: String,
        }
        let body = json!({ "QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"] }).to_string();
        let headers =
            &[("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "AmazonSQS.GetQueueAttributes")];
        let (what, service) = ("ask for the length of a queue", "sqs");
        let answer = self.signed.send(Asked { what, service, method: Method::POST, path: "/", headers, body }).await?;
        let strange = || OperatorError::Answer(Answerer::Sqs);
        let answer: Answer = serde_json::from_slice(&answer).map_err(|_| strange())?;
        answer.attributes.approximate_number_of_messages.parse().map_err(|_| strange())
    }

    /// Who is told of the alarms, of the first hundred.
    pub async fn alarm_subscribers(&self, topic: &str) -> Result<Subscribed, OperatorError> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "ListSubscriptionsByTopic")
            .append_pair("Version", "2010-03-31")
            .append_pair("TopicArn", topic)
            .finish();
        let headers = &[("content-type", "application/x-www-form-urlencoded")];
        let (what, service) = ("ask who is told of alarms", "sns");
        let answer = self.signed.send(Asked { what, service, method: Method::POST, path: "/", headers, body }).await?;
        subscribed(&answer).ok_or(OperatorError::Answer(Answerer::Sns))
    }

    /// The addresses of the queues of runs that failed, as far as the outputs name them.
    pub fn failure_queues(&self) -> &[String] {
        &self.names.failure_queues
    }

    /// The topic of the alarms, where the outputs name it.
    pub fn alarm_topic(&self) -> Option<&str> {
        self.names.alarm_topic.as_deref()
    }
}

/// Until somebody confirms, `PendingConfirmation` stands in the place of the ARN (SNS API, `Subscription`), and after
/// somebody has unsubscribed, `Deleted`.
fn subscribed(answer: &[u8]) -> Option<Subscribed> {
    let answer = roxmltree::Document::parse(std::str::from_utf8(answer).ok()?).ok()?;
    let named = |name: &'static str| answer.descendants().filter(move |node| node.tag_name().name() == name);
    named("Subscriptions").next()?;
    let arns: Vec<&str> = named("SubscriptionArn").filter_map(|arn| arn.text()).collect();
    let count = |is: fn(&str) -> bool| arns.iter().filter(|arn| is(arn)).count();
    Some(Subscribed {
        confirmed: count(|arn| arn.starts_with("arn:")),
        pending: count(|arn| arn == "PendingConfirmation"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_not_confirmed_is_not_told() {
        let list = |arns: &[&str]| {
            let members: String = arns
                .iter()
                .map(|arn| {
                    format!("<member><SubscriptionArn>{arn}</SubscriptionArn><Protocol>email</Protocol></member>")
                })
                .collect();
            format!(
                "<ListSubscriptionsByTopicResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
                 <ListSubscriptionsByTopicResult><Subscriptions>{members}</Subscriptions></ListSubscriptionsByTopicResult>\
                 </ListSubscriptionsByTopicResponse>"
            )
        };
        let of = |arns: &[&str]| subscribed(list(arns).as_bytes());
        assert_eq!(of(&[]), Some(Subscribed::default()));
        let one = "arn:aws:sns:eu-central-1:123456789012:x:1";
        assert_eq!(of(&[one, "PendingConfirmation", one]), Some(Subscribed { confirmed: 2, pending: 1 }));
        assert_eq!(of(&["Deleted"]), Some(Subscribed::default()), "nobody hears them any more");
        assert_eq!(subscribed(b"<html/>"), None);
    }
}
