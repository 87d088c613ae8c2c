//! `stoa event`: a fresh sample event, good for `cargo lambda invoke` and for the wire.

use stoa_sandbox::events::{Fresh, fresh};

use crate::arguments::Event;
use crate::{CliError, Io};

pub(crate) async fn run(command: &Event, io: &mut Io<'_>) -> Result<(), CliError> {
    let after = command
        .after
        .as_ref()
        .map(|path| std::fs::read_to_string(path).map_err(|source| CliError::File { path: path.clone(), source }))
        .transpose()?;
    let asked = Fresh {
        function: &command.function,
        stoa: &command.stoa,
        connection: &command.connection,
        person: &command.person,
        after: after.as_deref(),
    };
    let event = fresh(&asked).await?;
    io.say(&format!("{event:#}"))
}
