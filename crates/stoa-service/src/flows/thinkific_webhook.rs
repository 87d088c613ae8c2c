//! `POST /thinkific/{school}/webhook`
//!
//! The school's API key is here, because Thinkific signs with it, and so is what strangers send. They meet in one place
//! only: the MAC over the body's bytes. Nothing of the body is read before that.

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::SchoolId;
use stoa_core::routes::SecretKind;
use stoa_core::webhook::{Event, Happened, MAX_BODY, Signature};

use crate::visit::{Answer, Visit};

/// Takes an event of a school's. Whatever was taken before, is about nobody, or concerns stoa in no way, is answered as
/// what was taken now: the school has done its part.
pub async fn thinkific_webhook(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    let school = visit.incoming.school()?;
    let signature = Signature::read(visit.incoming.header(Signature::HEADER))?;
    let body = visit.incoming.body()?;
    if body.len() > MAX_BODY {
        return Err(Failure::with(Fault::BodyTooLarge, format!("{MAX_BODY} bytes"), &body.len().to_string()));
    }
    prove(visit, &school, &signature, body).await?;
    let event = Event::read(body, visit.now)?;
    let progress = match &event.happened {
        Happened::Progress(progress) => Some(progress),
        Happened::User(_) | Happened::Example | Happened::Other => None,
    };
    visit.clients.store.take_webhook(&school, &event.id, progress, visit.now).await?;
    Ok(Answer::Nothing)
}

async fn prove(visit: &Visit<'_>, school: &SchoolId, signature: &Signature, body: &[u8]) -> Result<(), Failure> {
    let (clients, now) = (visit.clients, visit.now);
    let known = clients.store.school_if_known(school).await?;
    let known = known.ok_or_else(|| Failure::noted(Fault::SchoolUnknown, school.as_str()))?;
    let keys = clients.secrets.of(SecretKind::Thinkific, school.as_str(), known.key_version, now).await?;
    signature.check(keys.current(now), body)
}
