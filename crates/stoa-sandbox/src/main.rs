//! `cargo run -p stoa-sandbox`: everything on loopback, one login by itself, then the addresses to try.

#![allow(clippy::print_stdout, reason = "it is a command")]

use std::process::ExitCode;

use clap::Parser as _;
use stoa_sandbox::arguments::{Arguments, Command};
use stoa_sandbox::events::fresh;
use stoa_sandbox::show;

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Some(Command::Event(asked)) => match fresh(asked).await {
            Ok(event) => {
                println!("{event:#}");
                Ok(())
            }
            Err(error) => Err((error.to_string(), error.advice())),
        },
        None => show::run(&arguments.start).await.map_err(|error| (error.to_string(), error.advice())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((error, advice)) => {
            eprintln!("error: {error}");
            if let Some(advice) = advice {
                eprintln!("  {advice}");
            }
            ExitCode::FAILURE
        }
    }
}
