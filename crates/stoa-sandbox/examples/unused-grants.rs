//! Fails if the register grants something that no test run used: `unused-grants LEDGER`.
//!
//! The ledger is the file that `STOA_GRANT_LEDGER` named while the tests ran.

use std::io::{self, Write as _};
use std::process::ExitCode;

use stoa_sandbox::aws::policy::unused_in_ledger;

fn main() -> io::Result<ExitCode> {
    let Some(path) = std::env::args_os().nth(1) else {
        writeln!(io::stderr(), "usage: unused-grants LEDGER")?;
        return Ok(ExitCode::FAILURE);
    };
    let unused = unused_in_ledger(&std::fs::read_to_string(path)?);
    for grant in &unused {
        writeln!(io::stderr(), "granted and never used: {grant}")?;
    }
    Ok(if unused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
