//! `trust`: the keys that a connection believes, and a person's word on them.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use stoa_core::ids::ConnectionId;
use stoa_core::invisible::visible;
use stoa_core::oidc::Jwks;
use stoa_core::trust::{Decision, GONE, WAIT, Watch, days_until};
use stoa_saml::Certificate;
use stoa_service::operator::{MetadataSource, OperatorError, TrustedKeySet, Trusts};
use stoa_service::store::TrustItem;

use crate::arguments::{Target, Trust, TrustAction};
use crate::io::word;
use crate::number::number;
use crate::time::instant;
use crate::{CliError, Io};

pub(super) async fn run(trust: &Trust, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let id = &trust.id;
    match &trust.action {
        None => print(id, &target.read(io)?.operator.trusts(id).await?, Timestamp::now(), io),
        Some(TrustAction::Fetch { from: None }) => fetch(id, target, io).await,
        Some(TrustAction::Fetch { from: Some(from) }) => fetch_from(id, from, target, io).await,
        Some(TrustAction::Approve { fingerprint, reason }) => {
            let certificate = target.change(io).await?.approve_key(id, fingerprint, reason).await?;
            io.say(&format!("Within a minute connection {id} will trust {}:", certificate.subject()))?;
            io.say(&format!("    SHA-256 {fingerprint}"))
        }
        Some(TrustAction::Add { source, reason }) => add(id, source, reason, target, io).await,
        Some(TrustAction::Remove { fingerprint, reason }) => {
            target.change(io).await?.remove_key(id, fingerprint, reason).await?;
            io.say(&format!("Within a minute connection {id} will accept nothing signed with this key:"))?;
            io.say(&format!("    SHA-256 {fingerprint}"))?;
            io.say("It stays removed even if the metadata still names it; `approve` brings it back.")
        }
    }
}

/// What somebody brings: metadata, or a certificate alone.
enum Brought {
    Metadata(MetadataSource),
    Certificate(Certificate),
}

impl Brought {
    /// An address is one of metadata. What is in a file shows what it is: XML begins with an angle bracket.
    fn read(source: &str) -> Result<Self, CliError> {
        if source.starts_with("https://") || source.starts_with("http://") {
            return Ok(Self::Metadata(MetadataSource::Address(source.to_owned())));
        }
        let path = Path::new(source);
        let bytes = std::fs::read(path).map_err(|source| CliError::File { path: path.to_owned(), source })?;
        let text = std::str::from_utf8(&bytes).ok();
        if text.is_some_and(|text| text.trim_start_matches('\u{feff}').trim_start().starts_with('<')) {
            return Ok(Self::Metadata(MetadataSource::File { path: source.to_owned(), xml: bytes }));
        }
        // Consoles export both forms under one name, and DER is no text.
        let parsed = text.map_or_else(|| Certificate::from_der(&bytes), Certificate::from_pem);
        let parsed = parsed.map_err(|source| CliError::Certificate { path: path.to_owned(), source })?;
        Ok(Self::Certificate(parsed))
    }
}

async fn add(id: &ConnectionId, source: &str, reason: &str, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let brought = Brought::read(source)?;
    let operator = target.change(io).await?;
    let certificates = match &brought {
        Brought::Certificate(certificate) => vec![certificate.clone()],
        Brought::Metadata(source) => operator.new_keys(id, source).await?,
    };
    if certificates.is_empty() {
        return Err(OperatorError::AlreadyTrusted(id.clone()).into());
    }
    for certificate in certificates {
        operator.add_key(id, &certificate, reason).await?;
        io.say(&format!("Within a minute connection {id} will trust {},", certificate.subject()))?;
        io.say("whatever the identity provider's metadata says, until it is removed:")?;
        io.say(&format!("    SHA-256 {}", certificate.fingerprint()))?;
        io.say(&format!("    valid to {}", certificate.not_after()))?;
    }
    into_the_file(&brought, io)
}

/// What to put into the connection's file, so that the next `apply` does not go back.
fn into_the_file(brought: &Brought, io: &mut Io<'_>) -> Result<(), CliError> {
    match brought {
        Brought::Certificate(_) => io.say("Nothing of it belongs in the connection's file: keys are not in it."),
        Brought::Metadata(MetadataSource::Address(url)) => {
            io.say(
                "If it is published there from now on, put this into the connection's file, under [saml], and apply:",
            )?;
            io.say(&format!("    metadata_url = {url:?}"))
        }
        Brought::Metadata(MetadataSource::File { path, .. }) => {
            let name = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            io.say("If the connection's file names a metadata_file, put this one beside it, name it under [saml], and apply:")?;
            io.say(&format!("    metadata_file = {name:?}"))
        }
    }
}

/// Compares metadata from elsewhere with what is trusted. Nothing is written.
async fn fetch_from(id: &ConnectionId, from: &str, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let brought = Brought::read(from)?;
    let operator = target.read(io)?.operator;
    let new = match &brought {
        Brought::Certificate(certificate) => {
            let trusted = operator.trusts(id).await?.keys;
            let is_trusted = trusted.iter().any(|key| key.fingerprint == certificate.fingerprint());
            if is_trusted { Vec::new() } else { vec![certificate.clone()] }
        }
        Brought::Metadata(source) => {
            print_events(id, &operator.look_at(id, source).await?, io)?;
            operator.new_keys(id, source).await?
        }
    };
    io.say("Nothing was written.")?;
    if new.is_empty() {
        return io.say(&format!("Connection {id} trusts every key of it already."));
    }
    io.say("New keys; compare each fingerprint with the customer's administrator before you trust them:")?;
    for certificate in &new {
        io.say(&format!("    {}, valid to {}", certificate.subject(), certificate.not_after()))?;
        io.say(&format!("    SHA-256 {}", certificate.fingerprint()))?;
    }
    io.say(&format!("    stoa connection trust {id} add {} --reason TEXT", word(from)))?;
    into_the_file(&brought, io)
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
        let days = number(days_until(end, now), "day", "days");
        io.say(&format!("    {}, valid to {end} ({days})", certificate.subject()))?;
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
    print_events(id, decision, io)?;
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

fn print_events(id: &ConnectionId, decision: &Decision, io: &mut Io<'_>) -> Result<(), CliError> {
    if decision.events.is_empty() {
        io.say(&format!("There is nothing new in the metadata of {id}."))?;
    }
    for event in &decision.events {
        let about = event.fingerprint.as_ref().map(|key| format!(" SHA-256 {}", visible(key))).unwrap_or_default();
        let days = event.days.map(|days| format!(" {}", number(days, "day", "days"))).unwrap_or_default();
        let detail = event.detail.as_ref().map(|detail| format!(": {}", visible(detail))).unwrap_or_default();
        io.say(&format!("{}{days}{about}{detail}", event.kind.code()))?;
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
