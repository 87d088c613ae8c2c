//! The decisions of stoa, without IO.
//!
//! Everything here is a function of untrusted input, stored records, configuration and *now*; random bytes and the
//! time are arguments. `stoa-service` carries the results out.
//!
//! | module | decides |
//! |---|---|
//! | [`routes`] | which functions exist and what each may touch |
//! | [`connection`] | whether a customer's configuration holds together |
//! | [`discovery`] | which connection an address signs in through |
//! | [`binding`], [`ticket`] | what ties a login to its browser |
//! | [`login`] | what a conditional write that was refused means |
//! | [`identity`] | who a proven message speaks of, and whether they may enter |
//! | [`person`], [`thinkific`] | which school account is theirs |
//! | [`teams`] | whether a Teams token is one of ours |
//! | [`workos`] | what WorkOS answered, and whose profile it is |
//! | [`trust`] | whom a connection believes as time passes |
//! | [`fault`], [`failure`], [`pages`] | what a person is told, and what only the operator is |
//! | [`arrived`] | what an administrator who tests is shown |
// A new variant must say what it means in every table.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod arrived;
pub mod binding;
pub mod connection;
pub mod destination;
pub mod discovery;
pub mod email;
pub mod failure;
pub mod fault;
pub mod identity;
pub mod ids;
pub mod keys;
pub mod language;
pub mod login;
pub mod oidc;
pub mod pages;
pub mod person;
pub mod quote;
pub mod relay;
pub mod routes;
pub mod teams;
pub mod thinkific;
pub mod ticket;
pub mod trust;
pub mod workos;
