//! The log lines of a login or a request, as commands to paste.

use stoa_core::ids::Reference;
use stoa_core::login::Step;
use stoa_core::routes::ROUTES;

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

fn of_every_function(stack: &str, pattern: &str) -> String {
    let command = |function: &str| {
        format!("  aws logs filter-log-events --log-group-name {} --filter-pattern '{pattern}'", group(stack, function))
    };
    // Only requests have an id of the gateway, and only they take part in a login.
    let answering = ROUTES.iter().filter(|function| !function.routes.is_empty());
    answering.map(|function| command(function.name)).collect::<Vec<_>>().join("\n")
}

/// What can be said of a request that belongs to no login.
pub(super) fn of_request(id: &RequestId, stack: &str) -> String {
    let id = &id.0;
    format!(
        "{id} is the id of a request, not of a login. A page shows it if no login was known: an address that does\n\
         not exist, a message without a login's cookie, a connection that is turned off. Such a request leaves a log\n\
         line and no item. The line has the fault (`fault`), what was expected (`wanted`) and what arrived (`got`);\n\
         each fault has its page in docs/runbook/faults. This command does not read logs; these do:\n\n\
         \x20 aws logs filter-log-events --log-group-name /aws/vendedlogs/{stack}-http-api \
         --filter-pattern '{{ $.requestId = \"{id}\" }}'\n{}",
        of_every_function(stack, &format!("{{ $.gateway = \"{id}\" }}"))
    )
}

/// What can be said of a login that is not there.
pub(super) fn of_unknown(reference: &Reference, stack: &str) -> String {
    format!(
        "There is no login {reference} in {stack}. Either\n\
         - it was misread: the letters I, L and O are already read as 1, 1 and 0, so check the others;\n\
         - it belongs to another stack;\n\
         - it began more than a day ago and never got past the identity provider, or ended more than 30 days ago.\n\
         The log may still have it:\n\n{}",
        of_every_function(stack, &format!("{{ $.login = \"{}\" }}", reference.as_str()))
    )
}
