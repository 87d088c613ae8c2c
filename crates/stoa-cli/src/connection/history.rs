//! What a connection is and was, who changed what of it, when and why, and whom to call about it.

use serde_json::Value;
use stoa_core::ids::ConnectionId;
use stoa_core::invisible::visible;
use stoa_saml::Certificate;
use stoa_service::store::ConnectionItem;

use crate::arguments::Target;
use crate::time::instant;
use crate::{CliError, Io};

/// Prints a version in the form of a connection's file, with what `apply` took from the identity provider.
pub(super) async fn show(
    id: &ConnectionId,
    version: Option<u32>,
    target: &Target,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let item = target.read(io)?.operator.version(id, version).await?;
    let document = serde_json::to_value(item.document()?).map(shown).unwrap_or_default();
    let text = toml::to_string_pretty(&document).map_err(CliError::Unshown)?;
    io.say(&format!("# Connection {id}, {}", line(&item).trim_start()))?;
    io.say("# As it is stored: what `apply` read from the identity provider is in it. Change the file, not this.")?;
    io.say_lines(text.trim_end())
}

/// Prints whom to call.
pub(super) async fn contacts(id: &ConnectionId, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let document = target.read(io)?.operator.version(id, None).await?.document()?;
    if document.contact.is_empty() {
        return io.say(&format!("The file of connection {id} names nobody: docs/connections.md explains [[contact]]."));
    }
    document.contact.iter().try_for_each(|contact| io.say(&crate::contacts::line(contact)))
}

/// Prints the versions, oldest first, each with what it changed.
pub(super) async fn history(id: &ConnectionId, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    for version in target.read(io)?.operator.versions(id).await? {
        io.say(&line(&version.item))?;
        // The first one changes everything, which is what `show` is for.
        if version.item.version > 1 {
            version.changes.iter().try_for_each(|change| io.say(&format!("    {change}")))?;
        }
    }
    io.say(&format!("`stoa connection show {id} VERSION` prints one of them, `stoa connection rollback` restores it."))
}

/// The same with texts that neither command a terminal nor begin a line of their own, but for certificates, whose lines
/// are theirs. A setting that is not there is no line: TOML has no word for it.
pub(crate) fn shown(value: Value) -> Value {
    match value {
        Value::String(text) if is_certificate(&text) => Value::String(text),
        Value::String(text) => Value::String(visible(&text)),
        Value::Array(values) => values.into_iter().map(shown).collect(),
        Value::Object(members) => {
            let set = members.into_iter().filter(|(_, member)| !member.is_null());
            set.map(|(name, member)| (visible(&name), shown(member))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// A certificate and nothing beside it.
fn is_certificate(text: &str) -> bool {
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let is_all = text.starts_with(begin) && text.trim_end().ends_with(end) && text.matches(end).count() == 1;
    is_all && Certificate::from_pem(text).is_ok()
}

fn line(item: &ConnectionItem) -> String {
    let reason = item.reason.as_deref().unwrap_or("no reason was given");
    let (at, state) = (instant(item.at), item.state.as_str());
    format!("version {:<4} {at}   {state:<9} {}   {}", item.version, visible(&item.by), visible(reason))
}
