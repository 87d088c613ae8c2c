//! `stoa hand-off`: the current state, for whoever takes over. docs/hand-off.md is the check-list beside it.

use jiff::Timestamp;
use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;

use crate::arguments::Target;
use crate::status::{lately, print_changes};
use crate::time::instant;
use crate::{CliError, Io, contacts, doctor, ends};

/// Whoever takes over may have it for a season.
const SOON_DAYS: i64 = 180;

pub(crate) async fn run(target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let access = target.read(io)?;
    let (public_url, now) = (target.public_url(io)?, Timestamp::now());
    let operator = &access.operator;
    io.say(&format!("# {} at {now:.0}, {public_url}", access.stack))?;
    io.say("")?;
    io.say("## Connections")?;
    let (mut ends, mut changes) = (Vec::new(), Vec::new());
    for item in operator.list().await? {
        let document = item.document()?;
        let id = &document.id;
        let open = match item.state {
            ConnectionState::Active => "",
            ConnectionState::Draft | ConnectionState::Tested if *id == ConnectionId::probe() => {
                "   the stack's own: it only tests"
            }
            ConnectionState::Draft | ConnectionState::Tested => "   under way: not active yet",
            ConnectionState::Disabled => "   closed: `stoa connection history` says why",
        };
        io.say("")?;
        io.say(&format!(
            "{id}   {}   school {}   version {} of {}{open}",
            item.state.as_str(),
            document.school,
            item.version,
            instant(item.at)
        ))?;
        document.contact.iter().try_for_each(|contact| io.say(&format!("    {}", contacts::line(contact))))?;
        if item.state != ConnectionState::Disabled {
            ends.extend(ends::within(operator, &document, SOON_DAYS, now).await?);
        }
        changes.extend(lately(operator, id, now).await?);
    }
    io.say("")?;
    io.say(&format!("## Certificates, client secrets and tokens that expire within {SOON_DAYS} days"))?;
    io.say("")?;
    ends.sort();
    if ends.is_empty() {
        io.say("None.")?;
    }
    ends.iter().try_for_each(|end| io.say(&ends::line(end)))?;
    io.say("")?;
    io.say("## What `stoa doctor` finds now")?;
    io.say("")?;
    let found = doctor::look(&access, &public_url, now).await.found;
    if found.is_empty() {
        io.say("Nothing.")?;
    }
    found.iter().try_for_each(|finding| io.say(&finding.line()))?;
    io.say("")?;
    io.say("## Changes")?;
    io.say("")?;
    print_changes(changes, io)
}
