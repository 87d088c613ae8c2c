//! In the making.

use stoa_core::fault::{Failure, Fault};

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::incoming::Incoming;

/// The flow.
pub async fn oidc_callback(_: &Clients, incoming: &Incoming, _: &mut Trail) -> Result<Answer, Failure> {
    Err(Failure::noted(Fault::NotFound, incoming.path()))
}
