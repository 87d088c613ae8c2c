//! Tests of a connection: the link for the customer's administrator, and what came of it.

use stoa_core::connection::ConnectionDocument;
use stoa_core::ids::ConnectionId;
use stoa_service::operator::{Applied, StackAccess};

use crate::arguments::Target;
use crate::time::instant;
use crate::{CliError, Io};

pub(super) async fn test(
    id: &ConnectionId,
    result_only: bool,
    target: &Target,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let public_url = target.public_url(io)?;
    let operator = target.change(io).await?;
    match operator.last_test(id).await? {
        Ok(test) => io.say(&format!(
            "Connection {id} is tested: login {} at {}, with the current document.",
            test.login,
            instant(test.at)
        ))?,
        Err(why) => io.say(&format!(
            "Connection {id} is not tested: {why}. `stoa logins --connection {id}` lists the tests that failed."
        ))?,
    }
    if let Some(applied) = operator.mark_tested(id).await? {
        print_move(&applied, io)?;
    }
    if result_only {
        return Ok(());
    }
    link(&operator, id, &public_url, io).await
}

/// Makes the link for the customer's administrator, and says what it is for.
pub(super) async fn link(
    operator: &StackAccess,
    id: &ConnectionId,
    public_url: &str,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    if operator.current(id).await?.is_some_and(|item| item.document().is_ok_and(|document| is_teams_only(&document))) {
        return io
            .say(&format!("It works only in Teams: `stoa teams package {id} --test` makes a tab for test logins."));
    }
    let (link, moved) = operator.open_test_link(id).await?;
    if let Some(applied) = moved {
        print_move(&applied, io)?;
    }
    io.say(&format!(
        "For the customer's administrator, valid until {}; it replaces any earlier link. It shows what arrived, what we \
         expected, and what would be passed on; it never reaches the school:",
        instant(link.until)
    ))?;
    io.say(&format!("    {}", link.address(public_url)))
}

/// Whether there is no login of its own that a link could begin.
fn is_teams_only(document: &ConnectionDocument) -> bool {
    document.saml.is_none() && document.oidc.is_none() && document.workos.is_none()
}

pub(crate) fn print_move(applied: &Applied, io: &mut Io<'_>) -> Result<(), CliError> {
    io.say(&format!("Connection {}: version {}, {}", applied.id, applied.version, applied.changes.join(", ")))
}
