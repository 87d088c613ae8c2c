//! `GET /saml/{connection}/metadata`: what the customer's administrator imports.

use stoa_core::connection::ConnectionState;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_saml::metadata::{SpMetadata, sp_metadata};

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::incoming::Incoming;

/// The flow.
pub async fn saml_metadata(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    let id = incoming.connection()?;
    let connection = clients.store.connection(&id, clients.clock.now()).await?;
    trail.connection = Some(id);
    if connection.state == ConnectionState::Disabled {
        return Err(Fault::ConnectionDisabled.into());
    }
    let saml = connection.saml()?;
    let settings = saml.document();
    let text = sp_metadata(&SpMetadata {
        entity_id: &settings.sp_entity_id,
        acs_url: &connection.acs_url(&clients.environment.public_url),
        signing: saml.sp_certificates(),
        encryption: saml.sp_certificates(),
        name_id_format: settings.name_id_format.as_deref(),
        authn_requests_signed: settings.sign_requests,
    });
    Ok(Answer::Document { kind: "application/samlmetadata+xml", text })
}
