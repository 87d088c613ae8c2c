//! Where a login stopped, in the words of the runbook. Why it stopped there is for the diagnosis to say.

use stoa_core::fault::Fault;
use stoa_core::language::Language;
use stoa_core::login::{LoginItem, State, Step, What};

use crate::runbook::{FaultPage, path};

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

/// The last step, where it stopped the login or came after it.
pub(super) fn render(login: &LoginItem) -> String {
    match (login.steps.last().map(|step| &step.what), login.state) {
        (Some(What::Stopped(fault)), State::Launched) => {
            format!("\nThe person got in. What happened afterwards:\n{}", code_of(*fault))
        }
        (Some(What::Stopped(fault)), _) => code_of(*fault),
        (
            Some(
                What::Started
                | What::Verified
                | What::Continued
                | What::Waiting
                | What::TakenOver
                | What::Launched
                | What::Tested,
            ),
            State::Refused | State::Failed | State::Returned,
        ) => "\nThe step that ended the login was not stored; the log has it (commands above).".to_owned(),
        (None | Some(What::Unknown(_)), _) => {
            "\nThis command does not know the last step. It may be older than the functions, whose build is above."
                .to_owned()
        }
        (Some(_), State::Started | State::Verified | State::Launched) => String::new(),
    }
}

/// What a fault's code means, and what the person saw.
pub(crate) fn code_of(fault: Fault) -> String {
    let (face, code) = (fault.face(), fault.code());
    let page = FaultPage::of(code);
    let sentence = Language::negotiate(None).text(&format!("fault-{}", face.public));
    let meaning = page.as_ref().and_then(|page| page.section("Meaning")).unwrap_or(&sentence);
    format!(
        "\nStopped by {code}\n{meaning}\n\nThe person saw the code {} (HTTP {}): {sentence}\n\
         Runbook: docs/runbook/{}",
        face.public,
        face.status,
        path(code)
    )
}
