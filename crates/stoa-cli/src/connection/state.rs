//! Where connections stand, where they stood, and how they get from one to the other.

use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_service::operator::Operator;
use stoa_service::store::ConnectionItem;

use super::apply::print_connection;
use crate::arguments::{StateChange, Target};
use crate::time::instant;
use crate::{CliError, Io};

pub(super) async fn list(target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.read(io)?.operator;
    let items = operator.list().await?;
    if items.is_empty() {
        return io.say("No connections. `stoa connection apply FOLDER` creates the first.");
    }
    for item in items {
        let document = item.document()?;
        let state = match item.state {
            ConnectionState::Draft | ConnectionState::Tested => tested(&operator, &document.id).await?,
            state @ (ConnectionState::Active | ConnectionState::Disabled) => state,
        };
        io.say(&format!(
            "{:<20} {:<9} version {:<4} school {:<20} {}   changed {}",
            document.id.as_str(),
            state.as_str(),
            item.version,
            document.school.as_str(),
            document.domains.join(", "),
            instant(item.at),
        ))?;
    }
    Ok(())
}

/// A draft that has been tested since is as good as marked, and one whose document has changed since is a draft again.
async fn tested(operator: &Operator, id: &ConnectionId) -> Result<ConnectionState, CliError> {
    let is_tested = operator.last_test(id).await?.is_ok();
    Ok(if is_tested { ConnectionState::Tested } else { ConnectionState::Draft })
}

pub(super) async fn history(id: &ConnectionId, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let versions = target.read(io)?.operator.history(id).await?;
    for item in versions {
        io.say(&line(&item))?;
    }
    Ok(())
}

fn line(item: &ConnectionItem) -> String {
    let reason = item.reason.as_deref().map(|reason| format!("   {reason}")).unwrap_or_default();
    let (at, state) = (instant(item.at), item.state.as_str());
    format!("version {:<4} {at}   {state:<9} {}{reason}", item.version, item.by)
}

pub(super) async fn activate(change: &StateChange, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let effect = "Within a minute everybody at its identity provider can sign in.";
    set(change, ConnectionState::Active, effect, target, io).await
}

pub(super) async fn disable(change: &StateChange, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let effect = "From now on nobody can sign in through it. Sessions at the school continue.";
    set(change, ConnectionState::Disabled, effect, target, io).await
}

async fn set(
    change: &StateChange,
    state: ConnectionState,
    effect: &str,
    target: &Target,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let applied = target.change(io).await?.set_state(&change.id, state, &change.reason).await?;
    let id = &change.id;
    if applied.changes.is_empty() {
        return io.say(&format!("Connection {id} is already {}. Nothing was written.", state.as_str()));
    }
    io.say(&format!("Connection {id}: version {}, {}", applied.version, applied.changes.join(", ")))?;
    io.say(effect)
}

pub(super) async fn rollback(
    id: &ConnectionId,
    version: u32,
    reason: &str,
    target: &Target,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let operator = target.change(io).await?;
    let planned = operator.plan_rollback(id, version, reason).await?;
    print_connection(&planned, io)?;
    if planned.summary().changes.is_empty() {
        return io.say(&format!("Version {version} is the same as the current one. Nothing was written."));
    }
    let applied = operator.apply(planned).await?;
    io.say(&format!("Written: connection {id}, version {}, restored from version {version}.", applied.version))
}
