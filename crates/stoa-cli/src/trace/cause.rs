//! Why a login did not end well, and the repair: from the runbook, where the fault is known.

use jiff::Timestamp;
use stoa_core::fault::{Actor, Fault};
use stoa_core::language::Language;
use stoa_core::login::{LoginItem, State, Step, What};

use crate::runbook::{FaultPage, path, told};

/// The fault that the login ended in, with its step. A login that got through afterwards has none.
pub(super) fn fault_of(login: &LoginItem) -> Option<(Fault, &Step)> {
    let step = login.steps.last()?;
    match step.what {
        What::Stopped(fault) => Some((fault, step)),
        What::Started
        | What::Verified
        | What::Continued
        | What::Waiting
        | What::TakenOver
        | What::Launched
        | What::Tested
        | What::Unknown(_) => None,
    }
}

/// Probable cause, who acts, repair.
pub(super) fn render(login: &LoginItem, stack: &str, now: Timestamp) -> String {
    match login.steps.last().map(|step| &step.what) {
        Some(What::Stopped(fault)) => {
            let before = match login.state {
                State::Launched => "\nThe person got in. What happened afterwards:\n",
                State::Started | State::Verified | State::Refused | State::Failed | State::Returned => "",
            };
            before.to_owned() + &told(&explain(*fault), stack, &login.connection)
        }
        Some(
            What::Started
            | What::Verified
            | What::Continued
            | What::Waiting
            | What::TakenOver
            | What::Launched
            | What::Tested,
        ) => so_far(login, now),
        None | Some(What::Unknown(_)) => "\nThis command does not know the last step. It may be \
             older than the functions, whose build is above."
            .to_owned(),
    }
}

/// Of a login that nothing stopped, as far as its steps go.
fn so_far(login: &LoginItem, now: Timestamp) -> String {
    match login.state {
        State::Launched => launched(login),
        State::Refused | State::Failed | State::Returned => {
            "\nThe step that ended the login was not stored; the log has it (commands above).".to_owned()
        }
        State::Started if login.is_expired(now) => "\nProbable cause\n\
            The person never came back from the identity provider: they closed the window, could not sign in there, or\n\
            were shown an error there. Its log will show which. stoa was not asked again.\n\n\
            Who acts: the person, by trying again; if many are affected, the administrator of the identity provider."
            .to_owned(),
        State::Started => "\nNothing is wrong so far: the person is at the identity provider.".to_owned(),
        State::Verified if !login.is_ticket_expired(now) && login.waits.is_some() => {
            "\nNothing is wrong so far: the person waits in the line before the school, at a page that continues by itself. \
             The school takes so many\ncalls a minute (docs/runbook/morning.md)."
                .to_owned()
        }
        State::Verified if login.is_ticket_expired(now) => "\nProbable cause\n\
            The browser did not follow the redirect to /launch: the window was closed or the connection was lost.\n\
            Posting the same response again (reload) would have fixed it; now it takes a new login.\n\n\
            Who acts: the person, by trying again."
            .to_owned(),
        State::Verified => "\nNothing is wrong so far: the browser is on its way to /launch.".to_owned(),
    }
}

fn launched(login: &LoginItem) -> String {
    let stumbled = login.steps.iter().any(|step| matches!(step.what, What::Stopped(_)));
    let before = if stumbled { " An earlier failure was resolved." } else { "" };
    let end = if login.test {
        "The test succeeded."
    } else {
        "The person was handed over to Thinkific and was not sent back."
    };
    format!("\n{end}{before} There is nothing to fix.")
}

fn explain(fault: Fault) -> String {
    let (face, code) = (fault.face(), fault.code());
    let page = FaultPage::of(code);
    let section = |heading| page.as_ref().and_then(|page| page.section(heading));
    let sentence = Language::negotiate(None).text(&format!("fault-{}", face.public));
    let cause = section("Meaning").unwrap_or(&sentence);
    let mut text = format!("\nProbable cause: {code}\n{cause}\n\nWho acts: {}", who(face.actor));
    for (heading, title) in [("Diagnosis", "How to confirm it"), ("Mitigation", "How to fix it")] {
        if let Some(section) = section(heading) {
            text.push_str(&format!("\n\n{title}\n{section}"));
        }
    }
    text.push_str(&format!(
        "\n\nThe person saw the code {} (HTTP {}): {sentence}\nRunbook: docs/runbook/{}",
        face.public,
        face.status,
        path(code)
    ));
    text
}

fn who(actor: Actor) -> &'static str {
    match actor {
        Actor::Person => "the person.",
        Actor::IdpAdministrator => "the administrator of the customer's identity provider. An email to them is below.",
        Actor::SchoolAdministrator => "the administrator of the school.",
        Actor::OnCall => "you, on call.",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stoa_core::ids::{Attempt, BindingHash, ConnectionId, Reference};
    use stoa_core::login::Begin;

    use super::*;

    fn began() -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap()
    }

    fn step(what: &str) -> Step {
        Step {
            t: began().as_millisecond(),
            function: "login".into(),
            what: serde_json::from_value(what.into()).unwrap(),
            request: "r".into(),
            build: "b".into(),
            wanted: None,
            got: None,
        }
    }

    fn login(state: State, steps: &[&str]) -> LoginItem {
        let begin = Begin {
            connection: ConnectionId::parse("pg").unwrap(),
            version: 1,
            binding: BindingHash::from_bytes([1; 32]),
            destination: None,
            test: false,
            show: false,
            again: false,
        };
        let mut login = LoginItem::begin(
            Reference::from_random([1; 8]),
            begin,
            Attempt::from_bytes([1; 16]),
            step("started"),
            began(),
        );
        login.state = state;
        login.verified = Some(began().as_second());
        login.steps.extend(steps.iter().map(|what| step(what)));
        login
    }

    #[test]
    fn each_way_to_end_is_explained() {
        let hour = jiff::SignedDuration::from_hours(1);
        for (state, steps, later, wanted) in [
            (State::Started, &[][..], false, "Nothing is wrong so far"),
            (State::Started, &[], true, "never came back from the identity provider"),
            (State::Started, &["fault_of_tomorrow"], true, "older than the functions"),
            (State::Verified, &["verified"], false, "on its way to /launch"),
            (State::Verified, &["verified"], true, "did not follow the redirect to /launch"),
            (State::Verified, &["verified", "continued"], false, "on its way to /launch"),
            (State::Verified, &["verified", "continued"], true, "did not follow the redirect to /launch"),
            (State::Verified, &["verified", "store_unavailable"], false, "Probable cause: store_unavailable"),
            (State::Launched, &["verified", "launched"], true, "There is nothing to fix."),
            (State::Launched, &["ticket_expired", "verified", "launched"], true, "An earlier failure was resolved"),
            (State::Launched, &["verified", "launched", "login_replayed"], true, "The person got in. What happened"),
            (
                State::Returned,
                &["verified", "launched", "thinkific_sent_back"],
                true,
                "the administrator of the school",
            ),
            (State::Failed, &["verified"], true, "the log has it"),
            (State::Failed, &["verified", "fault_of_tomorrow"], true, "older than the functions"),
        ] {
            let now = if later { began() + hour } else { began() };
            let text = render(&login(state, steps), "stoa", now);
            assert!(text.contains(wanted), "{state:?} {steps:?}: {text}");
        }
    }
}
