//! Whose the address is.

use super::super::cause::Cause::*;
use super::super::known::Known;
use super::{Case, Clue, DAY, RECENT, at, clue, span};

/// An owner who has not signed in for so long may have left.
const LONG: i64 = 21 * DAY;

impl Case<'_> {
    /// Whose the address is.
    pub(super) fn address(&self) -> Vec<Clue> {
        let mut clues = Vec::new();
        if !self.candidates.contains(&SubjectsChanged) {
            return clues;
        }
        if self.course.addresses > 1 {
            let says = format!("{} different addresses have it since {}", self.course.addresses, at(self.course.first));
            clues.push(clue(says, &[(SubjectsChanged, 60)]));
        } else {
            clues.push(clue("one address has it so far", &[(SubjectsChanged, -10)]));
        }
        let Known::Seen(owner) = &self.evidence.owner else { return clues };
        let Some(owner) = owner else {
            let says = "nobody in the directory has the address now";
            clues.push(clue(says, &[(ClaimUnderWay, 20), (ColleaguesAddress, -30)]));
            return clues;
        };
        if owner.until.is_some() {
            let says = "the address was claimed by a login that did not end; no person keeps it";
            clues.push(clue(says, &[(ClaimUnderWay, 90), (ColleaguesAddress, -60), (AddressRecycled, -60)]));
            return clues;
        }
        clues.push(clue("the address is kept by its owner, not only claimed", &[(ClaimUnderWay, -100)]));
        let launched = self.evidence.same_address.seen().map(|logins| {
            logins
                .iter()
                .filter(|seen| seen.symptom.is_good() && seen.began <= self.course.first)
                .map(|seen| seen.began)
        });
        let Some(last) = launched.map(|began| began.chain(owner.checked).chain([owner.since]).max().unwrap_or(0))
        else {
            return clues;
        };
        let ago = self.course.first - last;
        let says = format!("the owner of the address was last seen {} before ({})", span(ago), at(last));
        clues.push(match ago {
            ..RECENT => clue(says, &[(ColleaguesAddress, 45), (AddressRecycled, -30)]),
            RECENT..LONG => clue(says, &[]),
            LONG.. => clue(says, &[(AddressRecycled, 45), (ColleaguesAddress, -30)]),
        });
        clues
    }
}
