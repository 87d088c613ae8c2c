//! GraphQL, as far as the Admin API has no call for something: who is in which group.
//!
//! Only an API access token opens it. An operation must have a name. What is written here of the two mutations is what one
//! client of theirs sends; Thinkific's own schema is not public.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router, middleware};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::school::{Pending, School};
use super::{Effect, Shared, admin, gate};

/// Points that a minute has.
const POINTS: u32 = 2000;
/// Of a mutation, and the object that it answers with: (1000 + 100) / 100.
const COST: u32 = 11;

pub(super) fn router(shared: &Shared) -> Router<Shared> {
    Router::new()
        .route("/graphql", post(answer))
        .fallback(|| async { admin::not_found() })
        .layer(middleware::from_fn_with_state((shared.clone(), gate::Credentials::AccessToken), gate::stand))
}

#[derive(Debug, Deserialize)]
struct Operation {
    query: String,
    #[serde(default)]
    variables: Variables,
}

#[derive(Debug, Default, Deserialize)]
struct Variables {
    input: Option<Input>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Input {
    user_ids: Vec<Value>,
    group_ids: Vec<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    Add,
    Remove,
}

impl Mutation {
    const ALL: [Self; 2] = [Self::Add, Self::Remove];

    const fn field(self) -> &'static str {
        match self {
            Self::Add => "bulkAddUsersToGroups",
            Self::Remove => "bulkRemoveUsersFromGroups",
        }
    }

    const fn input(self) -> &'static str {
        match self {
            Self::Add => "BulkAddUsersToGroupsInput",
            Self::Remove => "BulkRemoveUsersFromGroupsInput",
        }
    }
}

async fn answer(State(shared): State<Shared>, Json(operation): Json<Operation>) -> Response {
    let now = shared.config.clock.now();
    let mut school = shared.school();
    let minute = SignedDuration::from_mins(1);
    school.pace.points.retain(|(at, _)| now.duration_since(*at) < minute);
    let spent: u32 = school.pace.points.iter().map(|(_, cost)| cost).sum();
    let Some(mutation) = read(&operation.query) else {
        return error("UNDEFINED_FIELD", "The operation has no name, or asks for what the schema does not have");
    };
    if spent + COST > POINTS {
        return error("RATE_LIMITED", "Rate limit exceeded");
    }
    school.pace.points.push_back((now, COST));
    let resets = school.pace.points.front().map(|(at, _)| at.saturating_add(minute).unwrap_or(*at).to_string());
    let Some(input) = operation.variables.input else {
        return error("INVALID_VARIABLE", "Variable $input was provided invalid value");
    };
    let ids = |values: &[Value]| values.iter().map(id).collect::<Option<Vec<u64>>>();
    let found = ids(&input.user_ids).zip(ids(&input.group_ids)).filter(|(users, groups)| {
        users.iter().all(|id| school.accounts.get(*id).is_some())
            && groups.iter().all(|id| school.groups.get(*id).is_some())
    });
    let outcome = match found {
        None => {
            json!({"message": null, "userErrors": [{"code": "NOT_FOUND", "message": "Record not found", "path": ["input"]}]})
        }
        Some((users, groups)) => {
            apply(&mut school, mutation, (users, groups), (shared.config.group_removal, now));
            json!({"message": "The request is being processed", "userErrors": []})
        }
    };
    let limit = json!({"cost": COST, "remaining": POINTS - spent - COST, "resetAt": resets, "limit": POINTS});
    Json(json!({"data": {mutation.field(): outcome}, "extensions": {"rateLimit": limit}})).into_response()
}

fn apply(
    school: &mut School,
    mutation: Mutation,
    (users, groups): (Vec<u64>, Vec<u64>),
    (removal, now): (Effect, jiff::Timestamp),
) {
    match mutation {
        Mutation::Remove => school.accept(Pending::Leave { users, groups }, removal, now),
        Mutation::Add => {
            for id in groups {
                if let Some(group) = school.groups.get_mut(id) {
                    group.members.extend(&users);
                }
            }
        }
    }
}

/// GraphQL's `ID` is a string or a whole number.
fn id(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn error(code: &str, message: &str) -> Response {
    let error = json!({"message": message, "path": null, "extensions": {"code": code, "request_id": "sandbox"}});
    Json(json!({"errors": [error]})).into_response()
}

/// Which of the two mutations a document is. Each has one form, but for the name, the spaces, and what it asks for of the
/// answer.
fn read(query: &str) -> Option<Mutation> {
    let tokens = tokens(query);
    let mut rest = tokens.iter().map(String::as_str);
    let mut next = || rest.next();
    let is_name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (next()? == "mutation").then_some(())?;
    next().filter(|name| is_name(name))?;
    for wanted in ["(", "$", "input", ":"] {
        (next()? == wanted).then_some(())?;
    }
    let input = next()?;
    let mutation = Mutation::ALL.into_iter().find(|mutation| mutation.input() == input)?;
    for wanted in ["!", ")", "{", mutation.field(), "(", "input", ":", "$", "input", ")", "{"] {
        (next()? == wanted).then_some(())?;
    }
    let asked: Vec<&str> = rest.collect();
    let asked = asked.strip_suffix(&["}", "}"])?.join(" ");
    let known = asked.replace("userErrors { message }", "").replace("userErrors { code message path }", "");
    matches!((asked.as_str(), known.replace("message", "").trim()), (asked, "") if !asked.is_empty())
        .then_some(mutation)
}

fn tokens(query: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    for c in query.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if !c.is_whitespace() && c != ',' {
            tokens.push(c.to_string());
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}
