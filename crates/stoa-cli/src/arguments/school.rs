//! Schools, what they tell stoa, and what stoa tries at them.

use clap::{Args, Subcommand};
use stoa_core::ids::{CourseId, SchoolId};
use stoa_core::rehearsal::{Question, TestDomain};

use super::value::school;

#[derive(Debug, Subcommand)]
pub(crate) enum School {
    /// Look at all accounts of a school now, so that launches need not ask
    Mirror {
        /// The school
        #[arg(value_parser = school)]
        id: SchoolId,
        /// Only print how far the mirror has come, and how many people enter without a call
        #[arg(long)]
        status: bool,
    },
    /// Print a school's settings, and what rehearsals have found of it
    Show {
        /// The school
        #[arg(value_parser = school)]
        id: SchoolId,
    },
    /// Ask a school what is not documented, with people who exist for nothing else; without --domain, print the questions
    Rehearse(Rehearse),
}

#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    /// The school
    #[arg(value_parser = school)]
    pub(crate) id: SchoolId,
    /// A mail domain of yours under which nobody signs in: the people have their addresses there, and are removed
    #[arg(long, value_name = "DOMAIN", value_parser = TestDomain::parse)]
    pub(crate) domain: Option<TestDomain>,
    /// Ask this question only; can be given several times
    #[arg(long, value_name = "QUESTION", value_parser = question)]
    pub(crate) only: Vec<Question>,
    /// Ask nothing, and remove whoever was left by a rehearsal that was interrupted
    #[arg(long, requires = "domain")]
    pub(crate) clear: bool,
    /// The course that people are enrolled in; by default the first that the school lists
    #[arg(long, value_name = "N", value_parser = course)]
    pub(crate) course: Option<CourseId>,
    /// How many of the calls that the school allows in a minute may be used
    #[arg(long, value_name = "N", default_value = "40", value_parser = clap::value_parser!(u16).range(1..=6000))]
    pub(crate) calls_per_minute: u16,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Thinkific {
    /// Print what the school is asked to tell, and what is missing; asks the function `operator`
    Webhooks {
        /// The school
        #[arg(value_name = "SCHOOL", value_parser = school)]
        school: SchoolId,
        /// Subscribe to what is missing, and end what is broken or too much
        #[arg(long)]
        write: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Probe {
    /// Give the probe a key and a connection of its own, which only tests; again: a new key
    SetUp {
        /// The school that its connection leads to; no login gets there
        #[arg(value_parser = school)]
        school: SchoolId,
    },
}

fn question(text: &str) -> Result<Question, &'static str> {
    Question::of_code(text).ok_or("there is no such question; `stoa school rehearse ID` prints them")
}

fn course(text: &str) -> Result<CourseId, std::num::ParseIntError> {
    text.parse().map(CourseId)
}
