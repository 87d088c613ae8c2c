//! `check`: what can be said of a connection's file without asking anybody.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use stoa_core::connection::{Connection, ConnectionDocument, ConnectionState, Protocol, UrlPolicy};
use stoa_saml::Certificate;
use stoa_saml::metadata::IdpMetadata;
use stoa_service::operator::OperatorError;
use x509_cert::der::Decode;
use x509_cert::der::oid::ObjectIdentifier;

use super::domain::doubt;
use super::files::{connection, stand_in};
use crate::arguments::Target;
use crate::{CliError, Io};

/// The first of the alarms on a certificate's end.
const SOON: SignedDuration = SignedDuration::from_hours(60 * 24);
/// sha1WithRSAEncryption (RFC 3279) and ecdsa-with-SHA1 (RFC 3279).
const SHA1: [ObjectIdentifier; 2] =
    [ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"), ObjectIdentifier::new_unwrap("1.2.840.10045.4.1")];

pub(super) fn check(path: &Path, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let now = Timestamp::now();
    let file = connection(path)?;
    let (mut document, published) = file.read(now).map_err(|error| CliError::in_file(&file.path, error))?;
    let is_partial = is_to_be_fetched(&document);
    if is_partial {
        stand_in(&mut document);
    }
    // Only a sandbox may be reached by http.
    let policy = if target.is_sandbox(io)? { UrlPolicy::LoopbackToo } else { UrlPolicy::Https };
    let checked = Connection::check(document, 1, ConnectionState::Draft, policy)
        .map_err(|error| CliError::in_file(&file.path, OperatorError::Connection(error)))?;
    let document = checked.document();
    io.say(&format!("Connection {}: valid.", checked.id()))?;
    io.say(&format!("    customer {}, school {}", checked.customer(), checked.school()))?;
    io.say(&format!("    domains {}", document.domains.join(", ")))?;
    for (domain, why) in document.domains.iter().filter_map(|domain| Some((domain, doubt(domain)?))) {
        io.say(&format!("    warning: {domain}: {why}"))?;
    }
    match checked.protocol() {
        Protocol::Saml(saml) => {
            if !is_partial {
                io.say(&format!("    identity provider {}", saml.idp().entity_id))?;
                io.say(&format!("    requests go to {}", saml.sso_url()))?;
            }
            io.say(&format!("    our entity id {}", saml.document().sp_entity_id))?;
            if let Some(metadata) = &published.metadata {
                print_metadata(metadata, saml.document().sign_requests, now, io)?;
            }
            for certificate in saml.sp_certificates() {
                print_certificate("Our certificate", certificate, now, io)?;
            }
        }
        Protocol::Oidc(oidc) => {
            io.say(&format!("    identity provider {}", oidc.document().issuer))?;
            if !is_partial {
                io.say(&format!("    requests go to {}", oidc.provider().authorization_endpoint))?;
            }
            io.say(&format!("    our client id {}", oidc.document().client_id))?;
        }
        Protocol::Workos(workos) => {
            io.say(&format!("    through WorkOS, {}", workos.api_url))?;
            io.say(&format!("    our client id {}", workos.client_id))?;
        }
        Protocol::Teams => io.say("    with Teams tokens only")?,
    }
    if is_partial {
        io.say("What the identity provider publishes is not in a file next to this one, so it was not checked:")?;
        io.say("`stoa connection plan` fetches it, and writes nothing.")?;
    }
    Ok(())
}

/// Whether the file leaves something to be fetched, which only `plan` and `apply` do.
fn is_to_be_fetched(document: &ConnectionDocument) -> bool {
    let saml = document.saml.as_ref().is_some_and(|saml| saml.idp.is_none() && saml.metadata_url.is_some());
    let oidc = document.oidc.as_ref().is_some_and(|oidc| oidc.provider.is_none());
    saml || oidc
}

fn print_metadata(
    metadata: &IdpMetadata,
    sign_requests: bool,
    now: Timestamp,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    for certificate in &metadata.signing {
        print_certificate("Signing certificate", certificate, now, io)?;
    }
    let mut warnings = Vec::new();
    if metadata.signing.len() > 1 {
        warnings.push(format!(
            "{} signing certificates: all of them are trusted. Ask whether one is being phased out.",
            metadata.signing.len()
        ));
    }
    for left_out in &metadata.left_out {
        warnings.push(format!("left out, {left_out}"));
    }
    if let Some(end) = metadata.valid_until {
        warnings.push(format!("the metadata is valid until {end}; fetch it again before then"));
    }
    if metadata.wants_signed_requests && !sign_requests {
        warnings.push("the identity provider wants signed requests, but saml.sign_requests is not set".to_owned());
    }
    warnings.iter().try_for_each(|warning| io.say(&format!("warning: {warning}")))
}

fn print_certificate(label: &str, certificate: &Certificate, now: Timestamp, io: &mut Io<'_>) -> Result<(), CliError> {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    io.say(&format!("{label}: {}", certificate.subject()))?;
    io.say(&format!("    SHA-256 {}", certificate.fingerprint()))?;
    io.say(&match certificate.is_bare_key() {
        true => "    without dates".to_owned(),
        false => format!("    {from} to {until}"),
    })?;
    warnings(certificate, now).into_iter().try_for_each(|warning| io.say(&format!("    warning: {warning}")))
}

fn warnings(certificate: &Certificate, now: Timestamp) -> Vec<&'static str> {
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let mut warnings = Vec::new();
    if until <= now {
        warnings.push(
            "it has expired. It still verifies (docs/runbook/trust-keys.md), but its owner will probably replace it soon.",
        );
    } else if until.duration_since(now) < SOON {
        warnings.push("it expires within 60 days. Ask for the next one now.");
    }
    if from > now {
        warnings.push("it is not valid yet.");
    }
    if signed_with_sha1(certificate) {
        warnings.push(
            "it is itself signed with SHA-1, a sign of an old setup. Its messages may be, too, and those are refused.",
        );
    }
    warnings
}

fn signed_with_sha1(certificate: &Certificate) -> bool {
    x509_cert::Certificate::from_der(certificate.der())
        .is_ok_and(|parsed| SHA1.contains(&parsed.signature_algorithm().oid))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_warned_of_before_it_ends_and_for_sha1() {
        let certificate = Certificate::from_pem(include_str!("../../testdata/sha1.pem")).unwrap();
        let days = |count: i64| SignedDuration::from_hours(24 * count);
        let (from, until) = (certificate.not_before(), certificate.not_after());
        for (now, wanted) in [
            (from - days(1), "not valid yet"),
            (until - days(61), ""),
            (until - days(59), "within 60 days"),
            (until + days(1), "has expired"),
        ] {
            let warnings = warnings(&certificate, now);
            assert!(warnings.last().unwrap().contains("SHA-1"));
            assert_eq!(warnings.len(), if wanted.is_empty() { 1 } else { 2 }, "{warnings:?}");
            assert!(warnings[0].contains(wanted), "{warnings:?}");
        }
    }
}
