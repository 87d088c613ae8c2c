//! The command line of the sandbox.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use stoa_core::rehearsal::{Answer, Question};
use stoa_service::operator::sandbox::PORT;

use crate::aws::Storage;
use crate::events::Fresh;
use crate::sandbox::{Mode, Options};

const PORTS: [u16; 6] = [PORT, 8081, 8082, 8083, 8084, 8085];

/// Everything around stoa on loopback: AWS, the identity providers and the school.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo run -p stoa-sandbox --", args_conflicts_with_subcommands = true, term_width = 100)]
pub struct Arguments {
    /// Something else than a sandbox.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A sandbox.
    #[command(flatten)]
    pub start: Start,
}

/// What is asked of a sandbox that runs already.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a sample event for a function that is good now, against a running sandbox
    ///
    /// Samples whose answers do not depend on the time, and those of the other functions, are in events/.
    Event(Fresh),
}

/// How a sandbox is started.
#[derive(Debug, Args)]
pub struct Start {
    /// Run three logins, print them, and stop
    #[arg(long)]
    pub once: bool,
    /// Run the deployable binaries of target/lambda (`sam build` or `cargo lambda build --release`)
    #[arg(long)]
    wire: bool,
    /// Keep state in a folder; without it, state is in memory
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Keep tables and secrets in another AWS on this machine, such as moto's server
    #[arg(long, value_name = "URL", value_parser = another, conflicts_with = "folder")]
    aws: Option<SocketAddr>,
    /// The ports to listen on. By default 8080 to 8085, or any free ones with --once. The fifth (the OpenID providers)
    /// and the sixth (WorkOS) are any free ones if they are not given
    #[arg(long, value_name = "STOA,SAML,SCHOOL,AWS[,OPENID[,WORKOS]]", value_parser = ports)]
    ports: Option<[u16; 6]>,
    /// What the school does where that is not documented, as `stoa school show` prints it; can be given several times
    #[arg(long = "answer", value_name = "QUESTION=ANSWER", value_parser = answer)]
    answers: Vec<(Question, Answer)>,
}

impl Start {
    /// The sandbox that is asked for.
    pub fn options(&self) -> Options {
        Options {
            mode: if self.wire { Mode::Wire(PathBuf::from("target/lambda")) } else { Mode::InProcess },
            storage: match (&self.folder, self.aws) {
                (Some(folder), _) => Storage::Folder(folder.clone()),
                (None, Some(address)) => Storage::Another(address),
                (None, None) => Storage::Memory,
            },
            answers: self.answers.clone(),
            ports: self.ports.unwrap_or(if self.once { [0; 6] } else { PORTS }),
            ..Options::default()
        }
    }
}

/// `http://127.0.0.1:PORT`. What is elsewhere is nobody's to fill with tables.
fn another(text: &str) -> Result<SocketAddr, &'static str> {
    let address = text.strip_prefix("http://").map(|rest| rest.trim_end_matches('/').parse::<SocketAddr>());
    match address {
        Some(Ok(address)) if address.ip().is_loopback() => Ok(address),
        Some(_) | None => Err("an address on this machine, like http://127.0.0.1:5000"),
    }
}

/// A question of a rehearsal and one of its answers.
fn answer(text: &str) -> Result<(Question, Answer), String> {
    let (question, answer) = text.split_once('=').ok_or("QUESTION=ANSWER, as in token_twice=accepted")?;
    let question = Question::of_code(question).ok_or("`stoa school rehearse ID` prints the questions")?;
    let found = question.answers().iter().find(|known| known.code() == answer).copied();
    let known = || question.answers().iter().map(|known| known.code()).collect::<Vec<_>>().join(", ");
    found.map(|answer| (question, answer)).ok_or_else(|| format!("it can have the answers {}", known()))
}

fn ports(text: &str) -> Result<[u16; 6], &'static str> {
    let wanted = "four to six port numbers, as in 8080,8081,8082,8083";
    let mut ports = text.split(',').map(str::parse).collect::<Result<Vec<u16>, _>>().map_err(|_| wanted)?;
    if ports.len() < 4 {
        return Err(wanted);
    }
    if ports.len() < 6 {
        ports.resize(6, 0);
    }
    ports.try_into().map_err(|_| wanted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(given: &[&str]) -> Result<Options, clap::Error> {
        let arguments = Arguments::try_parse_from(["stoa-sandbox"].iter().chain(given))?;
        Ok(arguments.start.options())
    }

    #[test]
    fn ports_that_are_not_given_are_any() {
        assert_eq!(parsed(&[]).unwrap().ports, PORTS);
        assert_eq!(parsed(&["--once"]).unwrap().ports, [0; 6]);
        assert_eq!(parsed(&["--ports", "1,2,3,4"]).unwrap().ports, [1, 2, 3, 4, 0, 0]);
        assert_eq!(parsed(&["--once", "--ports", "1,2,3,4,5,6"]).unwrap().ports, [1, 2, 3, 4, 5, 6]);
        for wrong in ["", "1,2,3", "1,2,3,4,5,6,7", "1,2,3,x", "1,2,3,70000"] {
            assert!(parsed(&["--ports", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn another_aws_is_on_this_machine() {
        let storage = parsed(&["--aws", "http://127.0.0.1:5000"]).unwrap().storage;
        assert!(matches!(storage, Storage::Another(address) if address.port() == 5000));
        for wrong in ["127.0.0.1:5000", "http://10.0.0.1:5000", "https://127.0.0.1:5000", "http://127.0.0.1"] {
            assert!(parsed(&["--aws", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_event_starts_no_sandbox() {
        assert!(parsed(&["--once", "event", "login"]).is_err());
        assert!(parsed(&["event", "teams-session"]).is_err(), "no event is made for it");
    }
}
