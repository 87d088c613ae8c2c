//! What a request asks for before it needs it, beside its first reads: calls that do not depend on each other take as
//! long as the slowest of them, and not as all of them together.
//!
//! What comes is kept as it came, failures too, until the flow gets to where it needs it. So a flow decides in the same
//! order as if it asked for each thing by itself.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::{BoxFuture, MaybeDone, OptionFuture, join3, maybe_done};
use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::ids::ConnectionId;
use stoa_core::oidc::Jwks;

use crate::clients::Clients;
use crate::secrets::{Named, SecretsAhead};
use crate::store::{KeySet, TrustRead};

/// What a flow will need, as far as it knows the names already.
#[derive(Default)]
pub(crate) struct Wanted {
    /// Seal and pepper.
    pub(crate) shared: bool,
    /// A connection's or a school's own secret.
    pub(crate) own: Option<Named>,
    /// Whom a connection trusts, by SAML.
    pub(crate) trust: Option<ConnectionId>,
    /// A provider's keys.
    pub(crate) jwks: Option<(ConnectionId, KeySet)>,
}

/// What has come of it, and of whom it is. Each is taken once; after that, or where it was not asked for, it is read when
/// it is needed.
#[derive(Default)]
pub(crate) struct Early {
    pub(crate) secrets: SecretsAhead,
    pub(crate) trust: Option<Came<ConnectionId, TrustRead>>,
    pub(crate) jwks: Option<Came<(ConnectionId, KeySet), Arc<Jwks>>>,
}

/// What was asked for under a name, as it came.
type Came<N, T> = (N, Result<T, Failure>);

/// Reads under way.
pub(crate) struct Ahead<'a>(Pin<Box<MaybeDone<BoxFuture<'a, Early>>>>);

impl<'a> Ahead<'a> {
    /// Begins them. Nothing is called before somebody waits.
    pub(crate) fn begin(clients: &'a Clients, wanted: Wanted, now: Timestamp) -> Self {
        let secrets = clients.secrets.ahead(wanted.shared, wanted.own, now);
        let trust = wanted.trust.map(|id| async move {
            let read = clients.store.trust_read(&id, now).await;
            (id, read)
        });
        let jwks = wanted.jwks.map(|(id, set)| async move {
            let keys = clients.store.jwks(&id, set, now).await;
            ((id, set), keys)
        });
        let reads: BoxFuture<'a, Early> = Box::pin(async move {
            let (secrets, trust, jwks) = join3(secrets, OptionFuture::from(trust), OptionFuture::from(jwks)).await;
            Early { secrets, trust, jwks }
        });
        Self(Box::pin(maybe_done(reads)))
    }

    /// Waits for something else, while these go on.
    pub(crate) async fn beside<T>(&mut self, other: impl Future<Output = T>) -> T {
        let mut other = pin!(other);
        poll_fn(|context| match other.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(value),
            Poll::Pending => {
                let _ = self.0.as_mut().poll(context);
                Poll::Pending
            }
        })
        .await
    }

    /// Waits for all of them.
    pub(crate) async fn done(mut self) -> Early {
        self.0.as_mut().await;
        self.0.as_mut().take_output().unwrap_or_default()
    }
}
