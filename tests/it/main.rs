//! Whole logins, through the real functions, against the sandbox: one test binary, one module a subject.
//!
//! Each test starts a sandbox of its own. `STOA_GRANT_LEDGER` and `STOA_FAULT_LEDGER` name files that collect which
//! grants were used and which faults were seen; `infra/check_ledgers.py` reads them after the run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may panic, and prints figures"
)]

mod accounts;
mod alarms;
mod aws;
mod broken_off;
mod browser_rules;
mod budget;
mod catalogue;
mod chromium;
mod contributing;
mod diagnosis;
mod files;
mod forms;
mod got;
mod home_realm;
mod identity;
mod idp_initiated;
mod kept_out;
mod known_again;
mod lifecycle;
mod line;
mod login;
mod logins;
mod made_up;
mod metrics;
mod minted;
mod mirror;
mod modules;
mod odd_events;
mod oidc;
mod oidc_clients;
mod oidc_logins;
mod overtaken;
mod pace;
mod pages;
mod peers;
mod permissions;
mod person;
mod previous_subjects;
mod printed;
mod privacy;
mod probe;
mod products;
mod provisioning;
mod provisioning_faults;
mod references;
mod replay;
mod roles;
mod round_trips;
mod saml_settings;
mod school;
mod school_answers;
mod scim;
mod scim_client;
mod scim_costs;
mod scim_exchanges;
mod scim_products;
mod scim_side_by_side;
mod shown;
mod spending;
mod states;
mod steps;
mod store_faults;
mod sync;
mod takeover;
mod teams;
mod teams_chromium;
mod trust;
mod trust_rounds;
mod turns;
mod two_providers;
mod uploads;
mod webhooks;
mod wire;
mod words;
mod workos;
mod workos_directory;
mod workos_races;
mod workos_whole;
