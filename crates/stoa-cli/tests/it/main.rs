//! The command `stoa` as a whole: arguments in, text and exit code out, against a running sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod command;
mod connections;
mod doctor;
mod domains;
mod full_desk;
mod grants;
mod guide;
mod guide_settings;
mod history;
mod hostile;
mod hostile_writers;
mod import;
mod lifecycle;
mod milestones;
mod output;
mod people;
mod rehearsal;
mod schools;
mod secrets;
mod sites;
mod stacks;
mod teams;
mod traces;
mod trust;
mod warnings;
mod webhooks;
