//! What a live look at the school says.

use super::super::cause::Cause::*;
use super::super::evidence::Symptom;
use super::super::probe::CLOCK_SECONDS;
use super::{Case, Clue, clue, span};
use crate::invisible::visible;

impl Case<'_> {
    /// The school's address.
    pub(super) fn site(&self) -> Vec<Clue> {
        let Some(site) = self.evidence.site.seen() else { return Vec::new() };
        let mut clues = Vec::new();
        match (&site.leads_to, site.status) {
            (Some(host), _) => {
                let says = format!("the school's address leads to {} now", visible(host));
                clues.push(clue(says, &[(SchoolMoved, 70), (InTheSchool, -10)]));
            }
            (None, None) => {
                clues.push(clue(
                    "the school's address does not answer from here",
                    &[(SchoolDown, 40), (SchoolMoved, -20)],
                ));
            }
            (None, Some(status @ 500..)) => {
                clues.push(clue(
                    format!("the school's address answers {status}"),
                    &[(SchoolDown, 40), (SchoolMoved, -50)],
                ));
            }
            (None, Some(status)) => {
                let down = if *self.symptom == Symptom::HandedOver { -40 } else { 0 };
                let says = format!("the school's address answers as it should ({status})");
                clues.push(clue(says, &[(SchoolMoved, -60), (SchoolDown, down)]));
            }
        }
        if let Some(skew) = site.skew {
            clues.push(if skew.abs() > CLOCK_SECONDS {
                let side = if skew > 0 { "ahead of" } else { "behind" };
                let says = format!("the school's clock is {} {side} ours", span(skew));
                clue(says, &[(SchoolClock, 70), (SlowBrowser, -20)])
            } else {
                clue("the school's clock is right", &[(SchoolClock, -80), (SlowBrowser, 5)])
            });
        }
        clues
    }

    /// The Admin API.
    pub(super) fn api(&self) -> Vec<Clue> {
        let of_api = [SchoolKeyRenewed, SchoolBlocked, SchoolDown, SchoolPlan, SchoolSsoOff, SchoolBusy];
        let Some(api) = self.evidence.api.seen().filter(|_| self.candidates.iter().any(|cause| of_api.contains(cause)))
        else {
            return Vec::new();
        };
        let mut clues = Vec::new();
        match (api.keyless, api.keyless_is_thinkific) {
            (None, _) => {
                clues.push(clue("the Admin API does not answer from here", &[(SchoolDown, 30), (SchoolBlocked, -10)]))
            }
            (Some(status @ 500..), false) => {
                let says = format!("the Admin API answers {status} without a key");
                clues.push(clue(says, &[(SchoolDown, 35)]));
            }
            (Some(status), false) => {
                let says = format!("without a key something answers {status} that is not Thinkific's JSON");
                clues.push(clue(says, &[(SchoolBlocked, 70), (SchoolKeyRenewed, -20), (OurSchoolKey, -20)]));
            }
            (Some(status), true) => {
                let says = format!("without a key Thinkific itself answers ({status}, JSON)");
                clues.push(clue(says, &[(SchoolBlocked, -50), (OurSchoolFile, -10)]));
            }
        }
        if api.plan_lacks_api {
            clues.push(clue("Thinkific says that the plan does not include the API", &[(SchoolPlan, 90)]));
        }
        match api.keyed {
            Some(200..300) => clues.push(clue(
                "Thinkific takes the stored key now",
                &[
                    (SchoolKeyRenewed, -45),
                    (OurSchoolKey, -45),
                    (SchoolSsoOff, 20),
                    (SchoolPlan, -20),
                    (SchoolDown, -10),
                ],
            )),
            Some(status @ (401 | 403)) if api.keyless_is_thinkific => clues.push(clue(
                format!("Thinkific refuses the stored key now ({status})"),
                &[(SchoolKeyRenewed, 35), (OurSchoolKey, 35), (SchoolPlan, 40), (SchoolSsoOff, -45)],
            )),
            Some(429) => clues.push(clue("the Admin API answers 429 now", &[(SchoolBusy, 20)])),
            Some(status @ 500..) => {
                clues.push(clue(format!("with the key the Admin API answers {status} now"), &[(SchoolDown, 20)]));
            }
            Some(_) | None => {}
        }
        if let Some(fault) = &api.key_unread {
            clues.push(clue(format!("the stored key could not be read ({})", visible(fault)), &[]));
        }
        clues
    }
}
