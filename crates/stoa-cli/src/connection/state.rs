//! Where connections stand, and how they get from one state or version to another.

use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_core::invisible::visible;
use stoa_service::operator::StackAccess;
use stoa_service::store::ConnectionItem;

use super::apply::print_connection;
use super::grants::{follow, print_planned};
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
async fn tested(operator: &StackAccess, id: &ConnectionId) -> Result<ConnectionState, CliError> {
    let is_tested = operator.last_test(id).await?.is_ok();
    Ok(if is_tested { ConnectionState::Tested } else { ConnectionState::Draft })
}

/// Opens a connection. Whoever opens one that was closed sees why it was, and is asked if there is anybody to ask.
pub(super) async fn activate(change: &StateChange, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.change(io).await?;
    let closed = operator.current(&change.id).await?.filter(|item| item.state == ConnectionState::Disabled);
    if closed.is_some() {
        let history = operator.history(&change.id).await?;
        if let Some(closing) = closing(&history) {
            let reason = closing.reason.as_deref().map_or_else(|| "no reason was given".to_owned(), visible);
            let (id, at, by) = (&change.id, instant(closing.at), visible(&closing.by));
            io.say_lines(&format!("Connection {id} was closed at {at} by {by}: {reason}"))?;
        }
        let answer = io.ask("If that is over, type yes to open the connection: ")?;
        if answer.is_some_and(|answer| !answer.eq_ignore_ascii_case("yes")) {
            return Err(CliError::NotConfirmed);
        }
    }
    let effect = "Within a minute everybody at its identity provider can sign in.";
    set(change, ConnectionState::Active, effect, &operator, io).await
}

/// The version by which a connection was closed for the last time: settings can be applied to one that is closed.
fn closing(history: &[ConnectionItem]) -> Option<&ConnectionItem> {
    let is_closed = |item: &&ConnectionItem| item.state == ConnectionState::Disabled;
    history.iter().rev().take_while(is_closed).last()
}

pub(super) async fn disable(change: &StateChange, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let effect = "From now on nobody can sign in through it. Sessions at the school continue.";
    set(change, ConnectionState::Disabled, effect, &target.change(io).await?, io).await
}

async fn set(
    change: &StateChange,
    state: ConnectionState,
    effect: &str,
    operator: &StackAccess,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let applied = operator.set_state(&change.id, state, &change.reason).await?;
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
    let change = print_planned(&operator, &planned, io).await?;
    let document = planned.document().clone();
    let change = if planned.summary().changes.is_empty() {
        io.say(&format!("Version {version} is the same as the current one. Nothing was written."))?;
        None
    } else {
        let change = change?;
        let applied = operator.apply(planned).await?;
        io.say(&format!("Written: connection {id}, version {}, restored from version {version}.", applied.version))?;
        change
    };
    follow(&operator, &document, change.as_ref(), io).await?;
    Ok(())
}
