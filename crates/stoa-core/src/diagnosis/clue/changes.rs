//! What somebody changed here before the first failure: settings, keys, the school's file, the build, the state.

use super::super::candidates::settings_behind;
use super::super::cause::Cause::*;
use super::super::cause::{Seat, Spread};
use super::super::evidence::{ChangeKind, KeyAct, Symptom};
use super::{Case, Clue, at, by, clue};
use crate::fault::Fault;
use crate::invisible::visible;

/// Parts of a document that hold settings of every kind.
const BROAD: [&str; 6] = ["", "saml", "oidc", "workos", "teams", "preset"];

impl Case<'_> {
    /// Whether a setting behind the symptom changed before the first failure.
    pub(super) fn settings(&self) -> Vec<Clue> {
        let behind = settings_behind(self.symptom);
        if self.evidence.changes.seen().is_none() || behind.is_empty() {
            return Vec::new();
        }
        let mut clues = Vec::new();
        for change in self.suspects() {
            let ChangeKind::Settings { version, lines, .. } = &change.kind else { continue };
            let is_behind = |line: &&String| behind.iter().any(|path| line.starts_with(path));
            let changed: Vec<String> = lines.iter().filter(is_behind).map(|line| visible(line)).collect();
            if changed.is_empty() {
                continue;
            }
            let says = format!("version {version}, written {}, changed {}", by(change), changed.join("; "));
            // A setting of the very thing explains more than any of the protocol's.
            let is_exact =
                behind.iter().any(|path| !BROAD.contains(path) && changed.iter().any(|line| line.starts_with(path)));
            let weight = self.weight_of(&changed, if is_exact { 90 } else { 60 });
            // What it explains, nobody else need have done.
            let less = if is_exact { -40 } else { -15 };
            let others = |seat, spread| if seat == Seat::Provider && spread == Spread::All { less } else { 0 };
            let on = if weight > 0 { self.weighed(others) } else { Vec::new() };
            clues.push(Clue { says, on: on.into_iter().chain([(OurSetting, weight)]).collect() });
        }
        if clues.is_empty() {
            let on = self.weighed(|seat, _| if seat == Seat::Provider { 5 } else { 0 });
            let on = on.into_iter().chain([(OurSetting, -100)]).collect();
            let says = "no setting that could do this changed between the last good login and the first failure";
            clues.push(Clue { says: says.to_owned(), on });
        }
        clues
    }

    /// A domain that the connection never had was not taken away.
    fn weight_of(&self, changed: &[String], weight: i32) -> i32 {
        let got = self.got();
        let taken_away = |line: &String| {
            let before = line.split(" → ").next().unwrap_or_default();
            !line.starts_with("domains") || before.contains(&format!("{got:?}"))
        };
        if *self.symptom != Symptom::Stopped(Fault::EmailDomainForeign) || changed.iter().any(taken_away) {
            weight
        } else {
            -100
        }
    }

    /// Whether a key was taken away.
    pub(super) fn keys(&self) -> Vec<Clue> {
        if self.evidence.changes.seen().is_none() {
            return Vec::new();
        }
        let mut clues: Vec<Clue> = self
            .suspects()
            .filter_map(|change| match &change.kind {
                ChangeKind::Key(KeyAct::Removed, print) => {
                    let says = format!("the key {print} was removed {}", by(change));
                    Some(clue(says, &[(OurTrust, 80), (KeyUnpublished, -20)]))
                }
                ChangeKind::Key(KeyAct::Dropped, print) => {
                    let says = format!("the key {print} was dropped {}: the metadata had it no longer", at(change.at));
                    Some(clue(says, &[(OurTrust, 60)]))
                }
                ChangeKind::Key(KeyAct::Trusted, _)
                | ChangeKind::Settings { .. }
                | ChangeKind::State(_)
                | ChangeKind::School => None,
            })
            .collect();
        if clues.is_empty() {
            clues.push(clue("no key was removed here before the first failure", &[(OurTrust, -100)]));
        }
        clues
    }

    /// Whether the school's file was written.
    pub(super) fn school_written(&self) -> Vec<Clue> {
        if self.evidence.changes.seen().is_none() {
            return Vec::new();
        }
        match self.suspects().find(|change| change.kind == ChangeKind::School) {
            Some(change) => vec![clue(
                format!("the school's file was applied {}", by(change)),
                &[(OurSchoolFile, 60), (SchoolBlocked, -50), (SchoolDown, -20), (SchoolMoved, -20)],
            )],
            None => vec![clue(
                "the school's file was not applied between the last good login and the first failure",
                &[(OurSchoolFile, -100)],
            )],
        }
    }

    /// Whether it began with a build.
    pub(super) fn build(&self) -> Vec<Clue> {
        let (Some(login), Some((_, _, before))) = (&self.evidence.login, &self.course.good_before) else {
            return vec![clue("no good login is known before it, by this build or another", &[(OurBuild, -20)])];
        };
        if login.build == *before || self.course.build_works {
            return vec![clue("logins by the same build got in", &[(OurBuild, -100)])];
        }
        let says =
            format!("the last good login was by build {}, this one by {}", visible(before), visible(&login.build));
        vec![clue(says, &[(OurBuild, 40)])]
    }

    /// Who closed the connection.
    pub(super) fn state(&self) -> Vec<Clue> {
        let Some(settings) = self.evidence.settings.seen() else { return Vec::new() };
        let why = settings.state_reason.as_deref().unwrap_or("no reason was given");
        let says = format!(
            "the connection is {} since {}, by {}: {}",
            settings.state.as_str(),
            at(settings.state_since),
            visible(&settings.state_by),
            visible(why)
        );
        vec![clue(says, &[(OurState, 50)])]
    }
}
