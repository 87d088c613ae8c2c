//! `stoa`: the command. What it does is in the library; here it gets its arguments, streams and exit code.

use std::io::{IsTerminal, stdin};
use std::process::ExitCode;

use stoa_cli::{Input, Io};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let input =
        if stdin().is_terminal() { Input::Terminal(Box::new(stdin().lock())) } else { Input::Piped(Box::new(stdin())) };
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let mut io = Io { input, out: &mut out, err: &mut err, environment: std::env::vars().collect() };
    stoa_cli::run(std::env::args_os(), &mut io).await.into()
}
