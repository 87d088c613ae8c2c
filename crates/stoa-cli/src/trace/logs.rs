//! The log lines of a login, as commands to paste; those of a request that belongs to no login, as they are.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;
use stoa_core::fault::Fault;
use stoa_core::ids::Reference;
use stoa_core::invisible::visible;
use stoa_core::login::Step;
use stoa_core::routes::ROUTES;
use stoa_service::operator::{LogLine, LogsWanted};

use crate::stack::Access;
use crate::{CliError, Io};

/// How long a reference is at most, as somebody writes it, with one character too many.
const REFERENCE_WITH_DASHES: usize = 15;

/// An id of the gateway or of Lambda. It goes into a shell command, so it holds nothing that a shell reads.
pub(super) struct RequestId(String);

impl RequestId {
    /// What somebody has typed. The gateway's ids end in `=` and Lambda's are longer than any reference, so what is
    /// neither is a reference of which something is missing.
    pub(super) fn typed(text: &str) -> Option<Self> {
        Self::parse(text).filter(|id| id.0.ends_with('=') || id.0.len() > REFERENCE_WITH_DASHES)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'+' | b'/');
        ((8..=64).contains(&text.len()) && text.bytes().all(plain)).then(|| Self(text.to_owned()))
    }
}

/// The log group of a function.
pub(super) fn group(stack: &str, function: &str) -> String {
    format!("/aws/lambda/{stack}-{function}")
}

/// The command that finds a step's log lines. There is none for a step whose function or request is no such thing: who
/// can write logins would otherwise write the commands of whoever pastes them.
pub(super) fn of_step(step: &Step, stack: &str) -> Option<String> {
    let function = ROUTES.iter().find(|function| function.name == step.function)?;
    let request = RequestId::parse(&step.request)?;
    // The line is written when the function ends, which is up to 10 s after the step.
    let (from, to) = (step.t.saturating_sub(60_000), step.t.saturating_add(60_000));
    Some(format!(
        "aws logs filter-log-events --log-group-name {} --start-time {from} --end-time {to} \
         --filter-pattern '{{ $.request = \"{}\" }}'",
        group(stack, function.name),
        request.0
    ))
}

/// The log groups of a stack: the gateway's, then each function's.
pub(crate) fn groups(stack: &str) -> Vec<String> {
    let gateway = format!("/aws/vendedlogs/{stack}-http-api");
    std::iter::once(gateway).chain(ROUTES.iter().map(|function| group(stack, function.name))).collect()
}

/// The lines of a request that belongs to no login: a page shows its id where no login was known.
pub(super) async fn of_request(id: &RequestId, access: &Access, io: &mut Io<'_>) -> Result<(), CliError> {
    let id = &id.0;
    io.say_lines(&format!(
        "{id} is the id of a request, not of a login. A page shows it if no login was known: an address that does\n\
         not exist, a message without a login's cookie, a connection that is turned off.\n"
    ))?;
    look(id, access, io).await
}

/// The lines of a login that is not there.
pub(super) async fn of_unknown(reference: &Reference, access: &Access, io: &mut Io<'_>) -> Result<(), CliError> {
    io.say_lines(&format!(
        "There is no login {reference} in {}. Either\n\
         - it was misread: the letters I, L and O are already read as 1, 1 and 0, so check the others;\n\
         - it belongs to another stack;\n\
         - it began more than a day ago and never got past the identity provider, or ended more than 30 days ago.\n",
        access.stack
    ))?;
    look(reference.as_str(), access, io).await
}

/// Looks at the last day and, if nothing is there, at the last month: most ask on the same day, and each day that is
/// looked at costs.
async fn look(text: &str, access: &Access, io: &mut Io<'_>) -> Result<(), CliError> {
    let (groups, until) = (groups(&access.stack), Timestamp::now());
    for days in [1, DAYS] {
        let since = Timestamp::from_second(until.as_second() - days * 24 * 3600).unwrap_or(until);
        let wanted = LogsWanted { groups: &groups, text, since, until };
        match access.operator.log_lines(wanted).await {
            Ok(lines) if lines.is_empty() => {}
            Ok(lines) => return lines.iter().try_for_each(|line| io.say_lines(&render(line))),
            Err(error) => {
                let commands = by_hand(text, &groups, since);
                return io.say_lines(&format!(
                    "The logs could not be read: {error}. These commands do it by hand:\n\n{commands}"
                ));
            }
        }
    }
    io.say_lines(&format!(
        "No log of {} has {text} in its last {DAYS} days. What that leaves open:\n\
         - a line can take a minute to arrive: ask again if the page is that new;\n\
         - older lines are not looked at, nor those of another stack, account or region;\n\
         - a request that never reached the gateway leaves no line: a name that leads elsewhere, a certificate that the\n\
         \x20 browser does not accept, a proxy of the company's that answers by itself;\n\
         - it was misread: capital and small letters are different.",
        access.stack
    ))
}

/// How far back is looked, in days: as long as logins are kept.
const DAYS: i64 = 30;

/// Names of fields that say nothing about what happened, or that the head of the text has.
const LEFT_OUT: [&str; 9] =
    ["_aws", "timestamp", "time", "level", "function", "build", "Logins", "bytes", "integrationLatency"];

/// A line of a log for a terminal. A stranger may have written what is in it.
fn render(line: &LogLine) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(&line.message) else {
        return format!("{}\n    {}", visible(&line.group), line.message.escape_debug());
    };
    let word = |name: &str| fields.get(name).and_then(Value::as_str);
    let at = word("timestamp").or_else(|| word("time")).map(instant).unwrap_or_default();
    let mut text = format!("{}  {}", visible(&at), visible(&line.group));
    for (name, value) in fields.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())) {
        let shown = match value {
            Value::String(text) if text.is_empty() || text == "-" => continue,
            Value::String(text) => text.escape_debug().to_string(),
            Value::Null => continue,
            other => visible(&other.to_string()),
        };
        let _ = write!(text, "\n    {:<11} {shown}", visible(name));
    }
    if let Some(fault) = word("fault").and_then(Fault::of_code) {
        let _ = write!(text, "\n    Runbook: docs/runbook/faults/{}.md", fault.code());
    }
    if let Some(login) = word("login").and_then(|text| Reference::parse(text).ok()) {
        let _ = write!(text, "\n    It is of a login: stoa trace {login}");
    }
    text
}

/// A line's time. Our lines and Lambda's own write it out; the gateway counts, and AWS does not say in what. What is no
/// time is shown as it is.
fn instant(text: &str) -> String {
    let count = text.parse::<i64>().ok();
    let at = count.and_then(|count| match count.abs() {
        // Milliseconds, these would be of 1970.
        ..100_000_000_000 => Timestamp::from_second(count).ok(),
        _ => Timestamp::from_millisecond(count).ok(),
    });
    at.map_or_else(|| text.to_owned(), |at| at.to_string())
}

/// The same by the client of AWS, group by group.
fn by_hand(text: &str, groups: &[String], since: Timestamp) -> String {
    let command = |group: &String| {
        format!(
            "  aws logs filter-log-events --log-group-name {group} --start-time {} --filter-pattern '\"{text}\"'",
            since.as_millisecond()
        )
    };
    groups.iter().map(command).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_time_whoever_wrote_it() {
        let shown = |message: &str| render(&LogLine { group: "group".to_owned(), message: message.to_owned() });
        let at = "2026-11-23T06:00:00Z";
        for line in [
            r#"{"timestamp":"2026-11-23T06:00:00Z","fault":"internal"}"#,
            // The gateway's, in either count.
            r#"{"time":"1795413600000","status":500}"#,
            r#"{"time":"1795413600","status":500}"#,
            // Lambda's own.
            r#"{"time":"2026-11-23T06:00:00Z","type":"platform.report","record":{"status":"timeout"}}"#,
        ] {
            assert!(shown(line).starts_with(&format!("{at}  group\n")), "{line}: {}", shown(line));
        }
        assert!(shown(r#"{"time":"soon"}"#).starts_with("soon  group"));
        assert!(
            shown(r#"{"record":{"x":"a\u202eb"}}"#).contains("{202e}")
                || !shown(r#"{"record":{"x":"a\u202eb"}}"#).contains('\u{202e}')
        );
    }
}
