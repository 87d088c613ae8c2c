//! Where a login stopped, in the words of the runbook. Why it stopped there is for the diagnosis to say.

use stoa_core::fault::Fault;
use stoa_core::language::Language;
use stoa_core::login::{LoginItem, State, Step, What};

use crate::runbook::{FaultPage, path};

/// The fault that the login ended in, with its step. A login that got through afterwards has none.
pub(super) fn fault_of(login: &LoginItem) -> Option<(Fault, &Step)> {
    let step = login.steps.last()?;
    Some((step.what.stopped()?, step))
}

/// The last step, where it stopped the login or came after it.
pub(super) fn render(login: &LoginItem) -> String {
    let last = login.steps.last().map(|step| &step.what);
    if let Some(fault) = last.and_then(What::stopped) {
        let code = code_of(fault);
        return match login.state {
            State::Launched => format!("\nThe person got in. What happened afterwards:\n{code}"),
            State::Started | State::Verified | State::Refused | State::Failed | State::Returned => code,
        };
    }
    if matches!(last, None | Some(What::Unknown(_))) {
        return "\nThis command does not know the last step. It may be older than the functions, whose build is above."
            .to_owned();
    }
    match login.state {
        State::Refused | State::Failed | State::Returned => {
            "\nThe step that ended the login was not stored; the log has it (commands above).".to_owned()
        }
        State::Started | State::Verified | State::Launched => String::new(),
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
