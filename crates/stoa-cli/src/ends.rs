//! What of a connection ends by itself, and when: certificates of its identity provider and of ours, our client secret,
//! tokens of its SCIM client.

use jiff::Timestamp;
use stoa_core::connection::{ConnectionDocument, Source};
use stoa_core::trust::days_until;
use stoa_saml::Certificate;
use stoa_service::operator::{OperatorError, StackAccess};

use crate::number::number;

/// Something that ends: in how many whole days, rounded up, and what it is. Not positive once it is over.
pub(crate) type End = (i64, String);

/// Whatever ends within so many days, or has ended, in no order.
pub(crate) async fn within(
    operator: &StackAccess,
    document: &ConnectionDocument,
    days: i64,
    now: Timestamp,
) -> Result<Vec<End>, OperatorError> {
    let id = &document.id;
    let keys = operator.trusts(id).await?.keys;
    let keys = keys.iter().filter_map(|key| key.certificate().ok()).filter(|key| !key.is_bare_key());
    let mut ends: Vec<End> =
        keys.map(|key| (days_until(key.not_after(), now), format!("{id}: certificate of {}", key.subject()))).collect();
    ends.extend(own_certificates(document).into_iter().map(|(setting, certificate)| {
        (days_until(certificate.not_after(), now), format!("{id}: the last certificate of {setting}"))
    }));
    if let Some(end) = document.oidc.as_ref().and_then(|oidc| oidc.secret_ends()) {
        ends.push((days_until(end, now), format!("{id}: client secret, as its file says")));
    }
    if document.directory.as_ref().is_some_and(|directory| directory.source == Source::Scim) {
        for token in operator.scim_tokens(id).await?.into_iter().map(|listed| listed.token) {
            let Some(end) = token.expires.and_then(|end| Timestamp::from_second(end).ok()) else { continue };
            ends.push((days_until(end, now), format!("{id}: token {} of its SCIM client", token.id)));
        }
    }
    ends.retain(|(left, _)| *left <= days);
    Ok(ends)
}

/// Of the certificates that stand in a connection's own file, the last one of each setting, and which setting that is.
pub(crate) fn own_certificates(document: &ConnectionDocument) -> Vec<(&'static str, Certificate)> {
    let Some(saml) = &document.saml else { return Vec::new() };
    let settings =
        [("saml.sp_certificates", &saml.sp_certificates), ("saml.metadata_certificates", &saml.metadata_certificates)];
    let last = settings.into_iter().filter_map(|(setting, pems)| {
        let certificates = pems.iter().flat_map(|pem| Certificate::from_pem(pem));
        Some((setting, certificates.max_by_key(Certificate::not_after)?))
    });
    last.collect()
}

/// A line for a list.
pub(crate) fn line((days, what): &End) -> String {
    match days {
        1.. => format!("in {}   {what}", number(*days, "day", "days")),
        _ => format!("is over   {what}"),
    }
}
