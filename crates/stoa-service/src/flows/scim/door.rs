//! Who asks: a connection's SCIM client, by its bearer token.
//!
//! A connection that there is not, one without tokens and one whose token is another are refused alike.

use std::sync::Arc;

use stoa_core::connection::{Connection, Source};
use stoa_core::directory::ScimToken;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::keys::{KeySet, Pepper};
use stoa_scim::Refusal;

use super::answer::refuse;
use crate::pace::DRAWN;
use crate::store::People;
use crate::visit::{Fresh, Visit};

/// A client that was let in.
pub(super) struct Entered {
    /// Its connection.
    pub(super) connection: Arc<Connection>,
    pepper: Pepper,
    sealing_keys: Arc<KeySet>,
}

impl Entered {
    /// The connection's directory.
    pub(super) fn people<'s, 'v: 's>(&'s self, visit: &Visit<'v>) -> People<'s> {
        People {
            store: &visit.clients.store,
            connection: self.connection.id(),
            sealing_keys: &self.sealing_keys,
            pepper: &self.pepper,
            now: visit.now,
        }
    }
}

/// Takes a request out of the connection's minute. A count that cannot be kept turns nobody away.
async fn take(visit: &mut Visit<'_>, connection: &ConnectionId) -> Result<(), Failure> {
    let clients = visit.clients;
    if clients.pace.takes(connection, visit.now) {
        return Ok(());
    }
    match clients.store.draw_requests(connection, DRAWN, visit.now).await {
        Ok(true) => clients.pace.drew(connection, visit.now),
        Ok(false) => {
            let left = 60 - visit.now.as_second().rem_euclid(60);
            let seconds = u32::try_from(left).unwrap_or(60);
            return Err(refuse(visit, Refusal::TooManyRequests { seconds }));
        }
        Err(second) => visit.trail.also = Some(second.fault),
    }
    Ok(())
}

pub(super) async fn enter(visit: &mut Visit<'_>) -> Result<Entered, Failure> {
    let named = ConnectionId::parse(&visit.incoming.connection).ok();
    let token = visit.incoming.header("authorization").and_then(ScimToken::from_header);
    let (Some(id), Some(token)) = (named, token) else { return Err(refuse(visit, Refusal::Unauthorized)) };
    let secrets = &visit.clients.secrets;
    let pepper = Pepper::from_keys(&*secrets.pepper(visit.now).await?);
    let tokens = visit.clients.store.scim_tokens(&id, visit.now).await?;
    let Some(live) = tokens.find(&token.hash(&id, &pepper), visit.now) else {
        return Err(refuse(visit, Refusal::Unauthorized));
    };
    visit.trail.connection = Some(id.clone());
    take(visit, &id).await?;
    // That it cannot be noted is no reason to turn the client away.
    if let Err(second) = visit.clients.store.note_scim_token(&id, live, visit.now).await {
        visit.trail.also = Some(second.fault);
    }
    let connection = visit.enter_through(&id, Fresh::LastMinute).await?;
    match connection.directory().map(|directory| directory.source) {
        Some(Source::Scim) => {}
        Some(Source::None | Source::Workos | Source::Csv) | None => return Err(Fault::ScimOff.into()),
    }
    let sealing_keys = visit.clients.secrets.directory(visit.now).await?;
    Ok(Entered { connection, pepper, sealing_keys })
}
