//! Whole logins, through the real functions, against the sandbox: one test binary, one module a subject.
//!
//! Each test starts a sandbox of its own. `STOA_GRANT_LEDGER` and `STOA_FAULT_LEDGER` name files that collect which
//! grants were used and which faults were seen; `infra/check_ledgers.py` reads them after the run.

mod accounts;
mod aws;
mod budget;
mod chromium;
mod identity;
mod login;
mod replay;
mod saml_settings;
mod school;
mod steps;
mod sync;
mod wire;
