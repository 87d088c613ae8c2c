//! CloudWatch Logs Insights, as far as `stoa trace` asks it: one query over log groups of the stack, of the functions'
//! lines. The gateway here has no access log, so its group is there and empty.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::served::{Served, refused};
use super::{ACCOUNT, Stack};

/// Lines that are kept, the newest of all.
const KEPT: usize = 20_000;
/// Groups of a page.
const PAGE: usize = 7;
/// The template's default.
const RETENTION_DAYS: u32 = 90;
/// `StartQuery`, `logGroupNames`.
const MOST_GROUPS: usize = 50;
/// `StartQuery`, `limit`.
const MOST_LINES: u64 = 10_000;

/// The lines, and the queries that were started.
#[derive(Default)]
pub(super) struct Logs(Mutex<State>);

#[derive(Default)]
struct State {
    /// What functions write now, until somebody takes it.
    written: Arc<Mutex<Vec<String>>>,
    kept: VecDeque<String>,
    queries: BTreeMap<String, Query>,
    /// No query ends.
    is_slow: bool,
    /// Groups whose lines are kept for ever.
    for_ever: BTreeSet<String>,
}

struct Query {
    results: Vec<Value>,
    /// Whether it was asked for before: the first time it runs.
    asked: bool,
}

impl Logs {
    /// Where functions write.
    pub(super) fn follow(&self, written: &Arc<Mutex<Vec<String>>>) {
        self.state(|state| state.written = Arc::clone(written));
    }

    /// Keeps lines that somebody took.
    pub(super) fn keep(&self, lines: &[String]) {
        self.state(|state| {
            state.kept.extend(lines.iter().cloned());
            let old = state.kept.len().saturating_sub(KEPT);
            state.kept.drain(..old);
        });
    }

    /// No query ends from now on.
    pub(super) fn slow_down(&self) {
        self.state(|state| state.is_slow = true);
    }

    /// Takes a group's retention away.
    pub(super) fn keep_for_ever(&self, group: &str) {
        self.state(|state| state.for_ever.insert(group.to_owned()));
    }

    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An operation.
    pub(super) fn answer(&self, operation: &str, body: &Value, stack: &Stack) -> Served {
        match operation {
            "DescribeLogGroups" => self.describe(body, stack),
            "StartQuery" => self.start(body, stack),
            "GetQueryResults" => self.results(body),
            "StopQuery" => self.stop(body),
            _ => refused("UnknownOperationException", "The operation is not known."),
        }
    }

    /// A page of them; so small that nobody forgets to ask for the next.
    fn describe(&self, body: &Value, stack: &Stack) -> Served {
        if !body["limit"].as_u64().is_some_and(|limit| (1..=50).contains(&limit)) {
            return invalid("limit: 1 to 50");
        }
        let prefix = body["logGroupNamePrefix"].as_str().unwrap_or_default();
        let mut named: Vec<String> = stack.log_groups().filter(|group| group.starts_with(prefix)).collect();
        named.sort();
        let begin = match body["nextToken"].as_str().map(str::parse::<usize>) {
            None => 0,
            Some(Ok(begin)) if begin <= named.len() => begin,
            Some(_) => return invalid("nextToken"),
        };
        let described = named.iter().skip(begin).take(PAGE).map(|group| {
            let mut described = json!({ "logGroupName": group, "storedBytes": 0 });
            if !self.state(|state| state.for_ever.contains(group)) {
                described["retentionInDays"] = json!(RETENTION_DAYS);
            }
            described
        });
        let mut answer = json!({ "logGroups": described.collect::<Vec<_>>() });
        if begin + PAGE < named.len() {
            answer["nextToken"] = json!((begin + PAGE).to_string());
        }
        Served::of(StatusCode::OK, answer)
    }

    fn start(&self, body: &Value, stack: &Stack) -> Served {
        let named = body["logGroupNames"].as_array().into_iter().flatten();
        let named: Vec<&str> = named.filter_map(Value::as_str).collect();
        let (from, to) = (body["startTime"].as_i64(), body["endTime"].as_i64());
        let (Some(from), Some(to)) = (from, to) else { return invalid("startTime and endTime are required") };
        if named.is_empty() || named.len() > MOST_GROUPS {
            return invalid("logGroupNames: 1 to 50 names");
        }
        if from > to {
            return invalid("endTime is before startTime");
        }
        if !body["limit"].as_u64().is_some_and(|limit| (1..=MOST_LINES).contains(&limit)) {
            return invalid("limit: 1 to 10000");
        }
        if let Some(unknown) = named.iter().find(|name| !stack.log_groups().any(|group| group == **name)) {
            return refused("ResourceNotFoundException", &format!("Log group '{unknown}' does not exist"));
        }
        let Some(text) = body["queryString"].as_str().and_then(filtered) else {
            return refused("MalformedQueryException", "unexpected symbol found");
        };
        let limit = body["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or_default();
        let id = format!("query-{}", self.state(|state| state.queries.len()));
        let lines = self.lines();
        let found = lines.iter().filter_map(|line| row(line, text, (from, to), &named, stack)).take(limit);
        let query = Query { results: found.collect(), asked: false };
        self.state(|state| state.queries.insert(id.clone(), query));
        Served::of(StatusCode::OK, json!({ "queryId": id }))
    }

    fn lines(&self) -> Vec<String> {
        self.state(|state| {
            let written = state.written.lock().unwrap_or_else(PoisonError::into_inner);
            state.kept.iter().chain(written.iter()).cloned().collect()
        })
    }

    fn results(&self, body: &Value) -> Served {
        self.state(|state| {
            let is_slow = state.is_slow;
            let id = body["queryId"].as_str().unwrap_or_default();
            let Some(query) = state.queries.get_mut(id) else { return unknown(id) };
            if is_slow || !std::mem::replace(&mut query.asked, true) {
                return Served::of(StatusCode::OK, json!({ "status": "Running", "results": [] }));
            }
            Served::of(StatusCode::OK, json!({ "status": "Complete", "results": query.results }))
        })
    }

    fn stop(&self, body: &Value) -> Served {
        let id = body["queryId"].as_str().unwrap_or_default();
        match self.state(|state| state.queries.remove(id)) {
            Some(_) => Served::of(StatusCode::OK, json!({ "success": true })),
            None => unknown(id),
        }
    }
}

fn invalid(message: &str) -> Served {
    refused("InvalidParameterException", message)
}

fn unknown(id: &str) -> Served {
    refused("ResourceNotFoundException", &format!("Query '{id}' does not exist"))
}

/// The text of the one form of query that is understood here. Another form has to be read here first.
fn filtered(query: &str) -> Option<&str> {
    let rest = query.strip_prefix("fields @log, @message | filter @message like \"")?;
    let (text, rest) = rest.split_once('"')?;
    (rest == " | sort @timestamp asc" && !text.is_empty()).then_some(text)
}

/// A line as a row of results, if it is asked for.
fn row(line: &str, text: &str, (from, to): (i64, i64), named: &[&str], stack: &Stack) -> Option<Value> {
    if !line.contains(text) {
        return None;
    }
    let parsed: Value = serde_json::from_str(line).ok()?;
    let at = parsed["timestamp"].as_str()?.parse::<Timestamp>().ok()?.as_second();
    let group = format!("/aws/lambda/{}-{}", stack.name(), parsed["function"].as_str()?);
    let is_asked = (from..=to).contains(&at) && named.contains(&group.as_str());
    is_asked.then(|| {
        json!([
            { "field": "@log", "value": format!("{ACCOUNT}:{group}") },
            { "field": "@message", "value": line },
            { "field": "@ptr", "value": "local" },
        ])
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_refuses_is_refused() {
        let (logs, stack) = (Logs::default(), Stack::default());
        let good = json!({
            "logGroupNames": ["/aws/lambda/stoa-local-login"],
            "startTime": 1,
            "endTime": 2,
            "limit": 5,
            "queryString": "fields @log, @message | filter @message like \"x\" | sort @timestamp asc",
        });
        let refused = |name: &str, value: Value| {
            let mut body = good.clone();
            body[name] = value;
            logs.answer("StartQuery", &body, &stack).error().map(str::to_owned)
        };
        assert_eq!(refused("limit", json!(5)), None);
        for (name, value, code) in [
            ("logGroupNames", json!([]), "InvalidParameterException"),
            ("logGroupNames", json!(vec!["/aws/lambda/stoa-local-login"; 51]), "InvalidParameterException"),
            ("logGroupNames", json!(["/aws/lambda/stoa-local-nothing"]), "ResourceNotFoundException"),
            ("startTime", json!(3), "InvalidParameterException"),
            ("startTime", json!("yesterday"), "InvalidParameterException"),
            ("limit", json!(0), "InvalidParameterException"),
            ("limit", json!(10_001), "InvalidParameterException"),
            ("queryString", json!("fields @message | filter"), "MalformedQueryException"),
        ] {
            assert_eq!(refused(name, value.clone()).as_deref(), Some(code), "{name} {value}");
        }
        for operation in ["GetQueryResults", "StopQuery"] {
            let unknown = logs.answer(operation, &json!({ "queryId": "query-7" }), &stack);
            assert_eq!(unknown.error(), Some("ResourceNotFoundException"));
        }
    }
}
