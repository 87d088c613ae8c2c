//! A mail to the administrator of the customer's identity provider. It names nobody: the reference is enough for the
//! person who failed, and the log of the identity provider for its administrator.

use stoa_core::connection::ContactDocument;
use stoa_core::diagnosis::{Diagnosis, Finding};
use stoa_core::fault::Actor;
use stoa_core::invisible::visible;
use stoa_core::language::Language;
use stoa_core::login::LoginItem;

use super::cause::fault_of;
use crate::number::number;
use crate::time::{instant, moment};

/// The mail, where the likeliest cause is theirs to repair.
pub(super) fn render(login: &LoginItem, diagnosis: &Diagnosis, to: &[&ContactDocument]) -> Option<String> {
    let finding = diagnosis.findings.first()?;
    if finding.row().actor != Actor::IdpAdministrator {
        return None;
    }
    let found = fault_of(login);
    let at = found.map_or_else(|| instant(login.began), |(_, step)| moment(step.t, 0));
    let code = diagnosis.symptom.code();
    let told = found.map(|(fault, _)| Language::negotiate(None).text(&format!("fault-{}", fault.face().public)));
    let told = told.map(|sentence| format!("What the person was told: {sentence}\n")).unwrap_or_default();
    let detail = found.map(|(_, step)| [("We expected", &step.wanted), ("We received", &step.got)]);
    let detail: String = detail
        .into_iter()
        .flatten()
        .filter_map(|(label, value)| Some(format!("{label}: {:?}\n", value.as_deref()?)))
        .collect();
    let others = match diagnosis.good_since {
        0 if diagnosis.same <= 1 => format!("It happened once, at {}.", instant(diagnosis.first)),
        0 => format!("It has happened {} times since {}.", diagnosis.same, instant(diagnosis.first)),
        good => {
            let good = number(good, "other sign-in has worked", "other sign-ins have worked");
            format!("{good} since it first happened, at {}.", instant(diagnosis.first))
        }
    };
    let addresses: Vec<_> = to.iter().filter_map(|contact| contact.email.as_deref()).collect();
    let hello = match to {
        [only] => format!("Hello {}", visible(&only.name)),
        _ => "Hello".to_owned(),
    };
    let to = if addresses.is_empty() { String::new() } else { format!("To: {}\n", visible(&addresses.join(", "))) };
    let (reference, connection) = (&login.reference, &login.connection);
    let (title, ask) = (finding.row().title, asked(finding));
    Some(format!(
        "\n----- email to the administrator of the customer's identity provider -----\n\
         {to}Subject: Sign-in to the learning platform fails ({code}, reference {reference})\n\n\
         {hello},\n\n\
         A sign-in through your identity provider to the learning platform did not work. This is what it looks like\n\
         from here:\n\n\
         {title}\n\
         {others}\n\n\
         What we ask of you: {ask}\n\n\
         When: {at} (UTC)\n\
         Connection: {connection}\n\
         Reference: {reference}\n\
         Problem: {code}\n\
         {told}\
         {detail}\
         \n\
         Your identity provider's log has the sign-in at that time. Please let us know when it is fixed, or if it\n\
         looks different from your side, and quote the reference.\n\n\
         Thank you\n\
         ----- end of email -----"
    ))
}

/// The repair without what only whoever is on call can do.
fn asked(finding: &Finding) -> String {
    let sentences = finding.repair().split(". ").filter(|sentence| !sentence.contains("`stoa "));
    let asked = sentences.collect::<Vec<_>>().join(". ");
    if asked.ends_with(['.', '?']) { asked } else { asked + "." }
}
