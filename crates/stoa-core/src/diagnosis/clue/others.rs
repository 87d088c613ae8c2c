//! How others fare.

use super::super::cause::Cause::*;
use super::super::cause::{Seat, Spread};
use super::super::known::Known;
use super::{Case, Clue, at, clue};

impl Case<'_> {
    /// How others fare through the same connection.
    pub(super) fn spread(&self) -> Vec<Clue> {
        let (course, id) = (self.course, &self.evidence.connection);
        if self.evidence.logins.seen().is_none() || !self.symptom.is_bad() {
            return Vec::new();
        }
        let first = at(course.first);
        let mut clues = Vec::new();
        if course.good_since > 0 {
            let says = format!("{} got in through {id} since the first failure like this ({first})", course.good_since);
            clues.push(Clue {
                says,
                on: self.weighed(|_, spread| match spread {
                    Spread::One => 25,
                    Spread::All => -35,
                    Spread::Either => 0,
                }),
            });
        } else if course.same > 1 && course.addresses != 1 {
            let says = format!("{} logins ended like this since {first}, and nobody has got in since", course.same);
            clues.push(Clue {
                says,
                on: self.weighed(|_, spread| match spread {
                    Spread::One => -15,
                    Spread::All => 25,
                    Spread::Either => 0,
                }),
            });
        } else if course.same > 1 {
            clues.push(clue(format!("the {} failures since {first} are all of one address", course.same), &[]));
        }
        if course.good_before.is_none() && course.good_since == 0 {
            let says = format!("nobody is known to have got in through {id} before");
            clues.push(clue(says, &[(KeyRotated, -15), (SetOtherwise, 10), (ProviderRefusesRequest, 10)]));
        }
        clues
    }

    /// How others fare at the same school.
    pub(super) fn elsewhere(&self) -> Vec<Clue> {
        let Known::Seen(logins) = &self.evidence.elsewhere else { return Vec::new() };
        let since: Vec<_> = logins.iter().filter(|seen| seen.order > self.course.first_order).collect();
        let same = since.iter().filter(|seen| seen.symptom == *self.symptom).count();
        let good = since.iter().filter(|seen| seen.symptom.is_good()).count();
        let mut clues = Vec::new();
        if same > 0 {
            let says = format!("{same} ended the same way through other connections of the school");
            let on = self.weighed(|seat, _| match seat {
                Seat::School | Seat::Ours => 20,
                Seat::Provider | Seat::Record => -40,
                Seat::Browser => 0,
            });
            clues.push(Clue { says, on });
        } else if good > 0 {
            let says = format!("{good} got in at the same school through other connections since");
            let on = self.weighed(|seat, spread| match (seat, spread) {
                (Seat::School, Spread::All) => -25,
                (Seat::Provider, _) => 5,
                (Seat::School | Seat::Ours | Seat::Record | Seat::Browser, _) => 0,
            });
            clues.push(Clue { says, on });
        }
        clues
    }
}
