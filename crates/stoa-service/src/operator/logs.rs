//! Lines of the stack's logs, by an id that stands in them (CloudWatch Logs Insights, API 2014-03-28).

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::signed::Asked;
use super::{Answerer, OperatorError, StackAccess};

/// How long a query may take. Somebody waits at a terminal.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks whether it has ended.
const PAUSE: Duration = Duration::from_millis(400);
/// Of fifty groups each.
const MOST_PAGES: usize = 10;
/// More lines than one request leaves.
const MOST_LINES: u32 = 50;

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The name of its log group.
    pub group: String,
    /// As it was written; whatever a stranger sent may be in it.
    pub message: String,
}

/// A log group as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogGroup {
    /// Its name.
    #[serde(rename = "logGroupName")]
    pub name: String,
    /// For how many days its lines are kept; `None`: for ever.
    #[serde(default, rename = "retentionInDays")]
    pub days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    log_groups: Vec<LogGroup>,
    #[serde(default)]
    next_token: Option<String>,
}

/// What a query is about.
#[derive(Clone, Copy, Debug)]
pub struct LogsWanted<'a> {
    /// Names of log groups, at most fifty.
    pub groups: &'a [String],
    /// What a line has somewhere: letters, digits and `-_=+/`.
    pub text: &'a str,
    /// From when on.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    query_id: String,
}

#[derive(Deserialize)]
struct Results {
    status: String,
    #[serde(default)]
    results: Vec<Vec<ResultField>>,
}

#[derive(Deserialize)]
struct ResultField {
    field: String,
    value: String,
}

impl StackAccess {
    /// The lines that have a text in them, oldest first. What was written in the last minute may not be found yet.
    pub async fn log_lines(&self, wanted: LogsWanted<'_>) -> Result<Vec<LogLine>, OperatorError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'+' | b'/');
        if wanted.text.is_empty() || !wanted.text.bytes().all(plain) {
            return Err(OperatorError::Unformed);
        }
        let text = wanted.text;
        let query = json!({
            "logGroupNames": wanted.groups,
            "startTime": wanted.since.as_second(),
            "endTime": wanted.until.as_second(),
            "queryString": format!("fields @log, @message | filter @message like \"{text}\" | sort @timestamp asc"),
            "limit": MOST_LINES,
        });
        let Started { query_id } = self.ask_logs("StartQuery", &query).await?;
        let (query, until) = (json!({ "queryId": query_id }), Instant::now() + PATIENCE);
        while Instant::now() < until {
            tokio::time::sleep(PAUSE).await;
            let Results { status, results } = self.ask_logs("GetQueryResults", &query).await?;
            match status.as_str() {
                "Complete" => return Ok(results.into_iter().filter_map(line).collect()),
                "Scheduled" | "Running" => {}
                other => return Err(failed(other)),
            }
        }
        // It would go on, and cost, without anybody who reads it. That it cannot be stopped changes nothing here.
        let _ = self.ask_logs::<Value>("StopQuery", &query).await;
        Err(failed("no answer in time"))
    }

    /// The log groups whose names begin so. A stack has two pages at most.
    pub async fn log_groups(&self, prefix: &str) -> Result<Vec<LogGroup>, OperatorError> {
        let (mut groups, mut next) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let mut body = json!({ "logGroupNamePrefix": prefix, "limit": 50 });
            if let Some(token) = next.take() {
                body["nextToken"] = json!(token);
            }
            let listed: Listed = self.ask_logs("DescribeLogGroups", &body).await?;
            groups.extend(listed.log_groups);
            next = listed.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(groups)
    }

    async fn ask_logs<T: DeserializeOwned>(&self, operation: &str, body: &Value) -> Result<T, OperatorError> {
        let target = format!("Logs_20140328.{operation}");
        let headers = &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let (what, service, body) = (WHAT, "logs", body.to_string());
        let answer = self.signed.send(Asked { what, service, method: Method::POST, path: "/", headers, body }).await?;
        serde_json::from_slice(&answer).map_err(|_| OperatorError::Answer(Answerer::Logs))
    }
}

const WHAT: &str = "read the logs";

fn failed(code: &str) -> OperatorError {
    OperatorError::Aws { what: WHAT, code: code.to_owned() }
}

/// `@log` has the account before the group's name.
fn line(fields: Vec<ResultField>) -> Option<LogLine> {
    let of = |name: &str| fields.iter().find(|field| field.field == name).map(|field| field.value.clone());
    let (log, message) = (of("@log")?, of("@message")?);
    let group = log.split_once(':').map_or(log.as_str(), |(_, group)| group).to_owned();
    Some(LogLine { group, message })
}
