//! How it went: when the failure was first met, who got in before and since, and what changed in between.

use std::collections::BTreeSet;

use super::evidence::{Change, ChangeKind, Evidence, Seen, Symptom};

/// How far back a change can explain a failure that nobody got in before, in seconds.
const WEEK: i64 = 7 * 24 * 3600;
/// How long a function may go on with what it holds, in seconds.
const HELD_SECONDS: i64 = 60;

/// The course of one symptom through a connection.
pub(super) struct Course {
    /// When the earliest login that is known to have it began, in epoch seconds.
    pub(super) first: i64,
    /// The same in milliseconds.
    pub(super) first_order: i64,
    /// The version that it ran under, where there is such a login.
    first_version: Option<u32>,
    /// How many logins have it.
    pub(super) same: usize,
    /// Of how many proven addresses they are.
    pub(super) addresses: usize,
    /// How many got in since the first.
    pub(super) good_since: usize,
    /// The last that got in before the first: when it began, under which version and build.
    pub(super) good_before: Option<(i64, u32, String)>,
    /// Whether any login got in by the build of the failed one.
    pub(super) build_works: bool,
}

impl Course {
    /// Of a symptom, among the logins that are known.
    pub(super) fn of(evidence: &Evidence, symptom: &Symptom) -> Self {
        let listed = evidence.logins.seen().map(Vec::as_slice).unwrap_or_default();
        let asked = evidence.login.iter().filter(|asked| listed.iter().all(|seen| seen.reference != asked.reference));
        let all: Vec<&Seen> = listed.iter().chain(asked).collect();
        let same: Vec<&&Seen> = all.iter().filter(|seen| seen.symptom == *symptom).collect();
        let earliest = same.iter().min_by_key(|seen| seen.order);
        let closed = evidence.settings.seen().filter(|_| *symptom == Symptom::Closed).map(|s| s.state_since);
        let first = earliest.map(|seen| seen.began).or(closed).unwrap_or(evidence.now.as_second());
        let first_order = earliest.map_or(first.saturating_mul(1000), |seen| seen.order);
        let good = || all.iter().filter(|seen| seen.symptom.is_good());
        let build = evidence.login.as_ref().map(|login| login.build.as_str());
        Self {
            first,
            first_order,
            first_version: earliest.map(|seen| seen.version),
            same: same.len(),
            addresses: same.iter().filter_map(|seen| seen.who.as_ref()).collect::<BTreeSet<_>>().len(),
            good_since: good().filter(|seen| seen.order > first_order).count(),
            good_before: good()
                .filter(|seen| seen.order < first_order)
                .max_by_key(|seen| seen.order)
                .map(|seen| (seen.began, seen.version, seen.build.clone())),
            build_works: good().any(|seen| Some(seen.build.as_str()) == build),
        }
    }

    /// Whether something that was done then can explain the first failure: after the last good login, as far as
    /// functions had noticed, or within a week where nobody got in before.
    pub(super) fn is_suspect(&self, at: i64) -> bool {
        let from = self.good_before.as_ref().map_or(self.first - WEEK, |(began, ..)| began - HELD_SECONDS);
        (from..=self.first).contains(&at)
    }

    /// Whether a change can explain it. Of a version it is known whether the last good login ran under it.
    pub(super) fn is_suspect_change(&self, change: &Change) -> bool {
        match (&change.kind, &self.good_before, self.first_version) {
            (ChangeKind::Settings { version, .. }, Some((_, good, _)), Some(failed)) => {
                (good + 1..=failed).contains(version)
            }
            // The table keeps the last time only, and that may be the first.
            (ChangeKind::School, Some((good, ..)), _) => (*good + 1..=self.first).contains(&change.at),
            (ChangeKind::School, None, _) => false,
            (ChangeKind::Settings { .. } | ChangeKind::State(_) | ChangeKind::Key(..), _, _) => {
                self.is_suspect(change.at)
            }
        }
    }
}
