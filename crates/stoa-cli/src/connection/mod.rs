//! `stoa connection`: customers' identity providers.

mod apply;
mod check;
mod files;
mod grants;
mod guide;
mod history;
mod new;
mod state;
mod test;
mod timeline;
mod trust;
mod warnings;

pub(crate) use self::history::shown;
pub(crate) use self::test::print_move;
use crate::arguments::{Connection, Target};
use crate::{CliError, Io};

pub(crate) async fn run(command: Connection, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    match command {
        Connection::Plan(files) => apply::plan(&files, target, io).await,
        Connection::Apply(files) => apply::apply(&files, target, io).await,
        Connection::Check { file } => check::check(&file, target, io).await,
        Connection::Guide { connection } => guide::guide(&connection, target, io).await,
        Connection::List => state::list(target, io).await,
        Connection::New { from } => new::new(&from, target, io),
        Connection::Timeline { id: Some(id), .. } => timeline::one(&id, target, io).await,
        Connection::Timeline { id: None, .. } => timeline::all(target, io).await,
        Connection::Show { id, version } => history::show(&id, version, target, io).await,
        Connection::Test { id, result } => test::test(&id, result, target, io).await,
        Connection::Activate(change) => state::activate(&change, target, io).await,
        Connection::Disable(change) => state::disable(&change, target, io).await,
        Connection::Trust(command) => trust::run(&command, target, io).await,
        Connection::Contacts { id } => history::contacts(&id, target, io).await,
        Connection::History { id } => history::history(&id, target, io).await,
        Connection::Rollback { id, version, reason } => state::rollback(&id, version, &reason, target, io).await,
    }
}
