//! What each piece of evidence says for and against causes.

mod address;
mod changes;
mod others;
mod provider;
mod said;
mod school;
mod secrets;

use jiff::Timestamp;

use super::cause::{Cause, Seat, Spread};
use super::course::Course;
use super::evidence::{Change, Evidence, Symptom};
use crate::invisible::visible;

const DAY: i64 = 24 * 3600;
/// An owner who signed in as lately still uses the address.
const RECENT: i64 = 7 * DAY;

/// A piece of evidence, in words, and what it weighs for each cause that it speaks of.
pub(super) struct Clue {
    /// What is known, as a clause.
    pub(super) says: String,
    /// For or against.
    pub(super) on: Vec<(Cause, i32)>,
}

/// What the clues are about.
pub(super) struct Case<'a> {
    /// Everything that is known.
    pub(super) evidence: &'a Evidence,
    /// How it ended.
    pub(super) symptom: &'a Symptom,
    /// How it went.
    pub(super) course: &'a Course,
    /// The causes that are weighed.
    pub(super) candidates: &'a [Cause],
}

fn clue(says: impl Into<String>, on: &[(Cause, i32)]) -> Clue {
    Clue { says: says.into(), on: on.to_vec() }
}

/// An instant, for a sentence.
fn at(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |at| at.to_string())
}

/// Who did something and why, for a sentence. Both were written by people.
fn by(change: &Change) -> String {
    let by = change.by.as_deref().map(|by| format!(" by {}", visible(by))).unwrap_or_default();
    let why = change.reason.as_deref().map(|why| format!(" ({})", visible(why))).unwrap_or_default();
    format!("{}{by}{why}", at(change.at))
}

/// A span of time, for a sentence.
fn span(seconds: i64) -> String {
    match seconds.abs() {
        0..120 => format!("{} s", seconds.abs()),
        120..7200 => format!("{} min", seconds.abs() / 60),
        7200..172_800 => format!("{} hours", seconds.abs() / 3600),
        _ => format!("{} days", seconds.abs() / DAY),
    }
}

impl Case<'_> {
    /// Every clue, in the order in which they are told.
    pub(super) fn clues(&self) -> Vec<Clue> {
        [
            self.spread(),
            self.elsewhere(),
            self.settings(),
            self.keys(),
            self.secrets(),
            self.school_written(),
            self.build(),
            self.state(),
            self.address(),
            self.published(),
            self.clock(),
            self.name(),
            self.endpoints(),
            self.said(),
            self.site(),
            self.api(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The causes that a rule of their rows speaks of.
    fn weighed(&self, weigh: impl Fn(Seat, Spread) -> i32) -> Vec<(Cause, i32)> {
        let weight = |cause: &Cause| (*cause, weigh(cause.row().seat, cause.row().spread));
        self.candidates.iter().map(weight).filter(|(_, weight)| *weight != 0).collect()
    }

    /// What changed between the last good login and the first failure.
    fn suspects(&self) -> impl Iterator<Item = &Change> {
        let changes = self.evidence.changes.seen().map(Vec::as_slice).unwrap_or_default();
        changes.iter().filter(|change| self.course.is_suspect_change(change))
    }

    /// What arrived, as the step noted it.
    fn got(&self) -> &str {
        self.evidence.login.as_ref().and_then(|login| login.got.as_deref()).unwrap_or_default()
    }
}
