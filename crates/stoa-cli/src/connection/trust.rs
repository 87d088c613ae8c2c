//! `trust`: the keys that a connection believes, and a person's word on them.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use stoa_core::ids::ConnectionId;
use stoa_core::invisible::visible;
use stoa_core::oidc::Jwks;
use stoa_core::trust::{Decision, GONE, WAIT, Watch, days_until};
use stoa_saml::Certificate;
use stoa_service::operator::{OperatorError, TrustedKeySet, Trusts};
use stoa_service::store::TrustItem;

use crate::arguments::{Target, Trust, TrustAction};
use crate::time::instant;
use crate::{CliError, Io};

pub(super) async fn run(trust: &Trust, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let id = &trust.id;
    match &trust.action {
        None => print(id, &target.read(io)?.operator.trusts(id).await?, Timestamp::now(), io),
        Some(TrustAction::Fetch) => fetch(id, target, io).await,
        Some(TrustAction::Approve { fingerprint, reason }) => {
            let certificate = target.change(io).await?.approve_key(id, fingerprint, reason).await?;
            io.say(&format!("Within a minute connection {id} will trust {}:", certificate.subject()))?;
            io.say(&format!("    SHA-256 {fingerprint}"))
        }
        Some(TrustAction::Add { file, reason }) => {
            let certificate = certificate(file)?;
            target.change(io).await?.add_key(id, &certificate, reason).await?;
            io.say(&format!("Within a minute connection {id} will trust {},", certificate.subject()))?;
            io.say("whatever the identity provider's metadata says, until it is removed:")?;
            io.say(&format!("    SHA-256 {}", certificate.fingerprint()))?;
            io.say(&format!("    valid to {}", certificate.not_after()))
        }
        Some(TrustAction::Remove { fingerprint, reason }) => {
            target.change(io).await?.remove_key(id, fingerprint, reason).await?;
            io.say(&format!("Within a minute connection {id} will accept nothing signed with this key:"))?;
            io.say(&format!("    SHA-256 {fingerprint}"))?;
            io.say("It stays removed even if the metadata still names it; `approve` brings it back.")
        }
    }
}

fn certificate(path: &Path) -> Result<Certificate, CliError> {
    let bytes = std::fs::read(path).map_err(|source| CliError::File { path: path.to_owned(), source })?;
    // Consoles export both forms under one name, and DER is no text.
    let parsed = match std::str::from_utf8(&bytes) {
        Ok(pem) => Certificate::from_pem(pem),
        Err(_) => Certificate::from_der(&bytes),
    };
    parsed.map_err(|source| CliError::Certificate { path: path.to_owned(), source })
}

fn print(id: &ConnectionId, trusts: &Trusts, now: Timestamp, io: &mut Io<'_>) -> Result<(), CliError> {
    let watch = &trusts.watch;
    for key in &trusts.keys {
        print_key(key, watch, now, io)?;
    }
    for waiting in &watch.waiting {
        let state = match waiting.since {
            Some(since) => format!("waiting; trusted from {} if every fetch until then has it", after(since, WAIT)),
            None => "held: it came with a change that a person must approve".to_owned(),
        };
        let certificate = Certificate::from_base64(&waiting.certificate).ok();
        print_certificate(&waiting.fingerprint, certificate.as_ref(), &state, now, io)?;
    }
    for fingerprint in &watch.refused {
        print_certificate(fingerprint, None, "removed; it does not come back on its own", now, io)?;
    }
    for TrustedKeySet { set, item, watch } in &trusts.key_sets {
        let ids = item.jwks.as_deref().and_then(|text| Jwks::parse(text).ok());
        let ids = ids.map_or_else(|| "(none)".to_owned(), |keys| key_ids(&keys));
        io.say(&format!("Key set {set}: {ids}"))?;
        io.say(&format!("    fetched {}", instant(item.at)))?;
        print_watch(watch, io)?;
    }
    if trusts.keys.is_empty() && trusts.key_sets.is_empty() {
        io.say(&format!("Connection {id} has no keys of its own."))?;
    }
    print_watch(watch, io)?;
    for change in &trusts.history {
        let (at, what, by) = (instant(change.at), change.what.as_str().escape_debug().to_string(), &change.by);
        let short = change.fingerprint.get(..16).unwrap_or_default();
        let (short, by, reason) = (visible(short), visible(by), visible(&change.reason));
        io.say(&format!("{at}   {what:<8} {short}…   {by}   {reason}"))?;
    }
    Ok(())
}

fn print_key(key: &TrustItem, watch: &Watch, now: Timestamp, io: &mut Io<'_>) -> Result<(), CliError> {
    let by = key.by.as_ref().map(|by| format!(", by {}", visible(by))).unwrap_or_default();
    let kept = if key.is_kept { ", whatever the metadata says" } else { "" };
    let missing = watch.missing.get(&key.fingerprint).map(|since| {
        format!(
            "; missing from the metadata since {}, dropped at {} if it does not come back",
            instant(*since),
            after(*since, GONE)
        )
    });
    let state = format!("trusted since {}{by}{kept}{}", instant(key.from), missing.unwrap_or_default());
    print_certificate(&key.fingerprint, key.certificate().ok().as_ref(), &state, now, io)
}

fn print_certificate(
    fingerprint: &str,
    certificate: Option<&Certificate>,
    state: &str,
    now: Timestamp,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    io.say(&format!("SHA-256 {}", visible(fingerprint)))?;
    if let Some(certificate) = certificate {
        let end = certificate.not_after();
        io.say(&format!("    {}, valid to {end} ({} days)", certificate.subject(), days_until(end, now)))?;
    }
    io.say(&format!("    {state}"))
}

fn print_watch(watch: &Watch, io: &mut Io<'_>) -> Result<(), CliError> {
    if let Some(at) = watch.fetched {
        io.say(&format!("Last read from the identity provider at {}.", instant(at)))?;
    }
    if let (Some(since), Some(why)) = (watch.failing_since, &watch.failure) {
        io.say(&format!("It has been unreadable since {}: {}", instant(since), visible(why)))?;
    }
    if let Some(held) = &watch.held {
        io.say(&format!("Held since {}: {}: {}", instant(held.since), held.what.as_str(), visible(&held.got)))?;
    }
    if let Some(drift) = &watch.drift {
        io.say(&format!(
            "The provider's description differs from the connection's; `apply` takes it over: {}",
            visible(drift)
        ))?;
    }
    Ok(())
}

/// Metadata is only looked at: whose keys count is a person's decision, or that of three days. A key set counts as it is
/// published, so it is written.
async fn fetch(id: &ConnectionId, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.read(io)?.operator;
    let has_key_sets = !operator.key_sets(id).await?.is_empty();
    match operator.look(id).await {
        Ok(decision) => print_look(id, &decision, io)?,
        // A connection by SAML from a file, with a Teams tab, has something to fetch all the same.
        Err(OperatorError::NotSaml(_) | OperatorError::NothingPublished(_)) if has_key_sets => {}
        Err(OperatorError::NotSaml(id)) => return Err(OperatorError::NoKeys(id).into()),
        Err(error) => return Err(error.into()),
    }
    if !has_key_sets {
        return Ok(());
    }
    let operator = target.change(io).await?;
    for taken in operator.take_key_sets(id).await? {
        let ids: Vec<_> = taken.key_ids.iter().map(|id| visible(id)).collect();
        io.say(&format!("Key set {}, as {} publishes it now: {}", taken.set, visible(&taken.uri), ids.join(", ")))?;
        match taken.changes.iter().find_map(|event| event.detail.as_deref()) {
            Some(detail) => io.say(&format!("    changed: {}", visible(detail)))?,
            None => io.say("    the same keys as before")?,
        }
    }
    io.say("Written. Functions use it within a minute.")
}

/// What the hourly look would make of the metadata.
fn print_look(id: &ConnectionId, decision: &Decision, io: &mut Io<'_>) -> Result<(), CliError> {
    if decision.events.is_empty() {
        io.say(&format!("There is nothing new in the metadata of {id}."))?;
    }
    for event in &decision.events {
        let about = event.fingerprint.as_ref().map(|key| format!(" SHA-256 {}", visible(key))).unwrap_or_default();
        let days = event.days.map(|days| format!(" {days} days")).unwrap_or_default();
        let detail = event.detail.as_ref().map(|detail| format!(": {}", visible(detail))).unwrap_or_default();
        io.say(&format!("{}{days}{about}{detail}", event.kind.code()))?;
    }
    io.say("Nothing was written: trust-refresh does that once an hour.")?;
    if decision.watch.waiting.is_empty() {
        return Ok(());
    }
    io.say("To trust a new key now, compare its fingerprint with the customer's administrator first, then:")?;
    for waiting in &decision.watch.waiting {
        let fingerprint = &waiting.fingerprint;
        // Only what a shell reads as one word goes into a command.
        if !fingerprint.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            continue;
        }
        io.say(&format!("    stoa connection trust {id} approve {fingerprint} --reason TEXT"))?;
    }
    Ok(())
}

/// The names that the provider gave its keys. They are any text.
fn key_ids(keys: &Jwks) -> String {
    keys.key_ids().map(visible).collect::<Vec<_>>().join(", ")
}

fn after(since: i64, wait: SignedDuration) -> String {
    instant(since + wait.as_secs())
}
