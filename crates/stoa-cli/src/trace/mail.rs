//! A mail to the administrator of the customer's identity provider. It names nobody: the reference is enough for the
//! person who failed, and the log of the identity provider for its administrator.

use stoa_core::connection::ContactDocument;
use stoa_core::fault::Actor;
use stoa_core::invisible::visible;
use stoa_core::language::Language;
use stoa_core::login::LoginItem;

use super::ask::ask;
use super::cause::fault_of;
use crate::runbook::FaultPage;
use crate::time::moment;

/// The mail, where they are the ones who act.
pub(super) fn render(login: &LoginItem, to: &[&ContactDocument]) -> Option<String> {
    let (fault, step) = fault_of(login)?;
    if fault.face().actor != Actor::IdpAdministrator {
        return None;
    }
    let at = moment(step.t, 0);
    let page = FaultPage::of(fault.code());
    let sentence = Language::negotiate(None).text(&format!("fault-{}", fault.face().public));
    let meaning = page.as_ref().and_then(|page| page.section("Meaning")).unwrap_or_default();
    let detail = [("We expected", &step.wanted), ("We received", &step.got)];
    let detail: String =
        detail.iter().filter_map(|(label, value)| Some(format!("{label}: {:?}\n", value.as_deref()?))).collect();
    let addresses: Vec<_> = to.iter().filter_map(|contact| contact.email.as_deref()).collect();
    let hello = match to {
        [only] => format!("Hello {}", visible(&only.name)),
        _ => "Hello".to_owned(),
    };
    let to = if addresses.is_empty() { String::new() } else { format!("To: {}\n", visible(&addresses.join(", "))) };
    let ask = ask(fault);
    let (reference, connection, code) = (&login.reference, &login.connection, fault.code());
    Some(format!(
        "\n----- email to the administrator of the customer's identity provider -----\n\
         {to}Subject: Sign-in to the learning platform fails ({code}, reference {reference})\n\n\
         {hello},\n\n\
         A sign-in through your identity provider to the learning platform was refused.\n\n\
         When: {at} (UTC)\n\
         Connection: {connection}\n\
         Reference: {reference}\n\
         Problem: {code}\n\
         What the person was told: {sentence}\n\n\
         {meaning}\n\n\
         {detail}\
         \n\
         {ask}\n\n\
         Could you let us know when it is fixed or if anything is unclear? Please quote the reference.\n\n\
         Thank you\n\
         ----- end of email -----"
    ))
}
