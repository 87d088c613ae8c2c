//! `GET /saml/{connection}/metadata`: what the customer's administrator imports.

use stoa_core::failure::Failure;
use stoa_saml::metadata::{SpMetadata, sp_metadata};

use crate::visit::{Answer, Fresh, Visit};

/// Publishes our side of a SAML connection.
pub async fn saml_metadata(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    let connection = visit.enter(Fresh::LastMinute).await?;
    let saml = connection.saml()?;
    let settings = saml.document();
    let text = sp_metadata(&SpMetadata {
        entity_id: &settings.sp_entity_id,
        acs_url: &connection.acs_url(visit.public_url()),
        signing: saml.sp_certificates(),
        encryption: saml.sp_certificates(),
        name_id_format: settings.name_id_format.as_deref(),
        authn_requests_signed: settings.sign_requests,
    });
    Ok(Answer::Document { status: 200, kind: "application/samlmetadata+xml", text })
}
