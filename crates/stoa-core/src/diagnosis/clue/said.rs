//! What the step itself says.

use super::super::cause::Cause::{self, *};
use super::super::evidence::{Seen, Symptom};
use super::{Case, Clue};
use crate::fault::Fault;
use crate::refusal::RefusalCode as Oidc;

impl Case<'_> {
    /// What the step itself says. Most say what is printed beside them, and nothing that tells two causes apart.
    pub(super) fn said(&self) -> Vec<Clue> {
        let Symptom::Stopped(fault) = *self.symptom else { return Vec::new() };
        let got = self.got();
        let has = |words: &[&str]| words.iter().any(|word| got.contains(word));
        let quoted = |what: &str| format!("{what}: {got:?}");
        let told = if fault == Fault::GroupNotAdmitted && has(&["not sent", "without a value"]) {
            Some((quoted("the step says"), vec![(GroupsNotSent, 70), (NotInGroup, -10), (GroupRemade, -30)]))
        } else if fault == Fault::GroupNotAdmitted {
            Some(("groups did arrive".to_owned(), vec![(GroupsNotSent, -100)]))
        } else if fault == Fault::ThinkificRefusedAccount {
            Some(Self::refused_account(&has, &quoted))
        } else if matches!(fault, Fault::ThinkificSentBack | Fault::ReturnedAgain) {
            Some(Self::sent_back(&has, &quoted))
        } else if fault == Fault::PersonInactive {
            let on = if has(&["by hand"]) {
                [(PersonKeptOut, 60), (PersonInactive, -60)]
            } else {
                [(PersonKeptOut, -60), (PersonInactive, 20)]
            };
            Some((quoted("the step says"), on.to_vec()))
        } else if fault == Fault::EmailDomainForeign && self.same_domain() > 1 {
            let says = format!("{} logins had an address of {got:?}", self.same_domain());
            Some((says, vec![(DomainUnclaimed, 20)]))
        } else if fault == Fault::AccountBound && has(&["holds the new address"]) {
            Some((quoted("the step says"), vec![(AccountOther, 35), (AccountEarlier, -20)]))
        } else if fault == Fault::AccountBound {
            self.evidence.settings.seen().map(|settings| match settings.has_earlier_ids {
                true => ("the connection knows the earlier integration's ids".to_owned(), vec![(AccountEarlier, -15)]),
                false => {
                    ("the connection names no ids of an earlier integration".to_owned(), vec![(AccountEarlier, 5)])
                }
            })
        } else if fault == Fault::ThinkificKeyRefused && has(&["403"]) {
            Some((quoted("Thinkific's address answered"), vec![(SchoolBlocked, 15), (SchoolPlan, 15)]))
        } else if fault == Fault::Oidc(Oidc::UserInfoUnavailable) {
            Some(("the token endpoint had answered this login".to_owned(), vec![(TokenEndpointDown, -60)]))
        } else {
            None
        };
        told.into_iter().map(|(says, on)| Clue { says, on }).collect()
    }

    /// Which field Thinkific named, if any.
    fn refused_account(has: &dyn Fn(&[&str]) -> bool, quoted: &dyn Fn(&str) -> String) -> (String, Vec<(Cause, i32)>) {
        if has(&["taken"]) {
            (quoted("Thinkific says"), vec![(AccountAddressTaken, 60), (AccountLimit, -20)])
        } else if has(&["fields: "]) {
            (quoted("Thinkific names"), vec![(AccountField, 45), (AccountAddressTaken, -20), (AccountLimit, -20)])
        } else {
            (quoted("Thinkific names no field"), vec![(AccountLimit, 40), (AccountAddressTaken, -15)])
        }
    }

    fn same_domain(&self) -> usize {
        let logins = self.evidence.logins.seen().map(Vec::as_slice).unwrap_or_default();
        let same = |seen: &&Seen| seen.symptom == *self.symptom && seen.got.as_deref() == Some(self.got());
        logins.iter().filter(same).count()
    }

    /// Thinkific's words, as they were reduced.
    fn sent_back(has: &dyn Fn(&[&str]) -> bool, quoted: &dyn Fn(&str) -> String) -> (String, Vec<(Cause, i32)>) {
        let says = quoted("Thinkific's words, reduced");
        let on = if has(&["message=signature"]) {
            vec![
                (SchoolKeyRenewed, 45),
                (OurSchoolKey, 45),
                (SlowBrowser, -60),
                (SchoolClock, -60),
                (SchoolRefusesData, -60),
            ]
        } else if has(&["=expired", "=iat", "=exp"]) {
            vec![
                (SlowBrowser, 45),
                (SchoolClock, 40),
                (SchoolSsoOff, -60),
                (SchoolRefusesData, -60),
                (SchoolKeyRenewed, -60),
            ]
        } else if has(&["=disabled", "=permission", "=plan"]) {
            vec![(SchoolPlan, 60), (SchoolSsoOff, 30), (SchoolRefusesData, -40)]
        } else if has(&["message=email", "external_id", "_name", "=blank", "=taken", "=invalid"]) {
            vec![
                (SchoolRefusesData, 60),
                (SchoolSsoOff, -40),
                (SchoolKeyRenewed, -60),
                (SlowBrowser, -40),
                (SchoolClock, -40),
            ]
        } else {
            vec![(SchoolRefusesData, -5)]
        };
        (says, on)
    }
}
