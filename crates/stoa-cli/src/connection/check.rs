//! `check`: what can be said of a connection's file without asking anybody but, where a stack is named, what the school
//! has.

use std::path::Path;

use jiff::Timestamp;
use stoa_core::connection::{Connection, ConnectionDocument, ConnectionState, Protocol, SamlDocument, UrlPolicy};
use stoa_saml::Certificate;
use stoa_saml::metadata::IdpMetadata;
use stoa_service::operator::OperatorError;

use super::files::{connection, stand_in};
use super::grants::print_names;
use super::warnings;
use crate::arguments::Target;
use crate::domain::doubt;
use crate::{CliError, Io};

pub(super) async fn check(path: &Path, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
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
    if let Some(warning) = warnings::of_groups(document) {
        io.say(&format!("    warning: {warning}"))?;
    }
    if let Some(said) = warnings::of_previous_subject(document, now) {
        io.say(&format!("    {said}"))?;
    }
    print_protocol(&checked, published.metadata.as_ref(), is_partial, io)?;
    if document.directory.as_ref().is_some_and(|directory| !directory.grant.is_empty()) {
        match target.read(io) {
            Ok(access) => {
                print_names(&access.operator, document, io).await?;
            }
            Err(_) => {
                io.say("    note: no stack is named, so the courses and groups of its grants were not looked up")?
            }
        }
    }
    if is_partial {
        io.say("What the identity provider publishes is not in a file next to this one, so it was not checked:")?;
        io.say("`stoa connection plan` fetches it, and writes nothing.")?;
    }
    Ok(())
}

/// Whom it talks to, and by which certificates.
fn print_protocol(
    checked: &Connection,
    metadata: Option<&IdpMetadata>,
    is_partial: bool,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let now = Timestamp::now();
    match checked.protocol() {
        Protocol::Saml(saml) => {
            if !is_partial {
                io.say(&format!("    identity provider {}", saml.idp().entity_id))?;
                io.say(&format!("    requests go to {}", saml.sso_url()))?;
            }
            io.say(&format!("    our entity id {}", saml.document().sp_entity_id))?;
            if let Some(metadata) = metadata {
                print_metadata(metadata, saml.document(), now, io)?;
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
    saml: &SamlDocument,
    now: Timestamp,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    for certificate in &metadata.signing {
        print_certificate("Signing certificate", certificate, now, io)?;
    }
    let warnings = warnings::of_metadata(metadata, saml);
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
    warnings::of_certificate(certificate, now)
        .into_iter()
        .try_for_each(|warning| io.say(&format!("    warning: {warning}")))
}
