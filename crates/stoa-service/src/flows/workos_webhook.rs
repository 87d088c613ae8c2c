//! `POST /workos/{connection}/webhook`
//!
//! WorkOS tells each endpoint of every directory of its environment, so what is about another directory is answered like
//! what was taken. Nothing of a body is read before its signature is proven, and what is proven is applied itself: the
//! Events API may still hide what has just happened.

use stoa_core::dsync::{Event, Happened, MAX_BODY, Signature};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::keys::Pepper;
use stoa_core::quote::quote;
use stoa_core::routes::SecretKind;

use crate::store::{Heard, People};
use crate::visit::{Answer, Fresh, Visit};

/// Takes an event of a directory. Whatever was heard before, is overtaken, or is of no use, is answered as what is news.
pub async fn workos_webhook(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    visit.trail.is_machine = true;
    let signature = Signature::read(visit.incoming.header(Signature::HEADER))?;
    let body = visit.incoming.body()?;
    if body.len() > MAX_BODY {
        return Err(Failure::with(Fault::BodyTooLarge, format!("{MAX_BODY} bytes"), &body.len().to_string()));
    }
    let connection = visit.enter(Fresh::LastMinute).await?;
    let source = connection.directory().and_then(|directory| directory.workos.as_ref());
    let source = source.ok_or(Fault::WorkosSourceOff)?;
    let secrets = visit.secret_of(SecretKind::Workos, &connection).await?;
    signature.check(&secrets, body, visit.now)?;
    let event = Event::read(body, visit.now)?;
    visit.trail.asked = Some(event.happened.kind());
    if let Happened::Other(kind) = &event.happened {
        visit.trail.ignored = Some(quote(kind));
        return Ok(Answer::Nothing);
    }
    if event.directory.as_ref().is_none_or(|directory| directory.as_str() != source.directory) {
        visit.trail.ignored = Some("another directory".to_owned());
        return Ok(Answer::Nothing);
    }
    let (clients, now) = (visit.clients, visit.now);
    let pepper = Pepper::from_keys(&*clients.secrets.pepper(now).await?);
    let sealing_keys = clients.secrets.directory(now).await?;
    let (store, id) = (&clients.store, connection.id());
    let people = People { store, connection: id, sealing_keys: &sealing_keys, pepper: &pepper, now };
    if people.hear(&event).await? == Heard::Known {
        visit.trail.ignored = Some("nothing new".to_owned());
    }
    Ok(Answer::Nothing)
}
