//! `stoa`, the command: the same code against AWS and against the sandbox.
//!
//! It reads no secret, says in exact words what it changes, and records who changed it. Exit codes: 0 done, 1 refused
//! or failed, 2 a mistake in the arguments.
//!
//! | module | is |
//! |---|---|
//! | `arguments` | the command line |
//! | `connection` | `stoa connection`: check, plan, apply, guide, test, activate, trust, … |
//! | `import` | `stoa import`: people from a file |
//! | `learning` | `stoa progress`: how far people have come in their courses |
//! | `school`, `thinkific` | `stoa school`, `stoa thinkific webhooks`: what is known of a school, what it tells |
//! | `secret`, `scim`, `teams` | `stoa secret`, `stoa scim token`, `stoa teams package` |
//! | `directory` | `stoa directory`: people of a customer's directory at the school |
//! | `trace`, `why`, `logins`, `person` | what happened to a login, why logins fail, which there were, who somebody is |
//! | `diagnosis` | the causes and repairs that the core found, in words |
//! | `probe` | the login that the clock makes: its connection and key |
//! | `status`, `doctor` | how the stack is doing, and what is not as it should be |
//! | `hand_off` | what whoever takes over has to know |
//! | `ends` | what ends by itself, and when: certificates, secrets, tokens |
//! | `contacts` | whom to call about a connection |
//! | `runbook` | the pages that `trace` quotes, compiled in |
//! | `stack` | which stack, by whose credentials |
//! | `domain` | whether a domain is hardly one customer's |
//! | `private_file` | files that hold a key, or people |
//! | `progress` | how far something has come |
//! | `io`, `time`, `number`, `error` | what is read and printed, in which form, and what can stop the command |

mod arguments;
mod connection;
mod contacts;
mod diagnosis;
mod directory;
mod doctor;
mod domain;
mod ends;
mod error;
mod hand_off;
mod import;
mod io;
mod learning;
mod logins;
mod number;
mod person;
mod private_file;
mod probe;
mod progress;
mod runbook;
mod school;
mod scim;
mod secret;
mod stack;
mod status;
mod teams;
mod thinkific;
mod time;
mod trace;
mod why;

use std::ffi::OsString;

use clap::Parser;

use arguments::{Arguments, Command};
pub use domain::Doubt;
pub use error::CliError;
pub use io::{Input, Io};

/// Runs the command and returns its exit code.
pub async fn run(arguments: impl IntoIterator<Item = OsString>, io: &mut Io<'_>) -> u8 {
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return io.usage(error),
    };
    // Boxed: every command's future is in it, too much for the stack of whoever runs several.
    match Box::pin(carry_out(parsed, io)).await {
        Ok(()) => 0,
        Err(error) => io.report(&error),
    }
}

async fn carry_out(arguments: Arguments, io: &mut Io<'_>) -> Result<(), CliError> {
    let target = arguments.target;
    match arguments.command {
        Command::Connection(command) => connection::run(command, &target, io).await,
        Command::School(command) => school::run(command, &target, io).await,
        Command::Secret(command) => secret::run(command, &target, io).await,
        Command::Directory(command) => directory::run(command, &target, io).await,
        Command::Progress(command) => learning::run(command, &target, io).await,
        Command::Scim(command) => scim::run(command, &target, io).await,
        Command::Teams(command) => teams::run(command, &target, io).await,
        Command::Person(command) => person::run(command, &target, io).await,
        Command::Logins(command) => logins::run(&command, &target, io).await,
        Command::Import(asked) => import::run(&asked, &target, io).await,
        Command::Thinkific(command) => thinkific::run(command, &target, io).await,
        Command::Probe(command) => probe::run(command, &target, io).await,
        Command::Status => status::run(&target, io).await,
        Command::HandOff => hand_off::run(&target, io).await,
        Command::Doctor => doctor::run(&target, io).await,
        Command::Trace(command) => trace::run(&command, &target, io).await,
        Command::Why(command) => why::run(&command, &target, io).await,
    }
}
