//! Whether a secret was replaced, and where.

use super::super::cause::Cause::{self, *};
use super::super::evidence::{SecretSeen, Symptom};
use super::super::known::Known;
use super::{Case, Clue, RECENT, at, clue};
use crate::fault::Fault;

impl Case<'_> {
    /// Whether a secret was replaced, and where.
    pub(super) fn secrets(&self) -> Vec<Clue> {
        let Known::Seen(secrets) = &self.evidence.secrets else { return Vec::new() };
        let kind = if matches!(self.symptom, Symptom::Stopped(Fault::Saml(_))) { "saml" } else { "oidc" };
        let of_client = [(OurSecret, 65), (OurTokenRefused, -30)];
        let own = self.replaced(kind, &of_client, &[(OurSecret, -100), (OurTokenRefused, 20)]);
        let is_own_suspect = own.as_ref().is_some_and(|(is_suspect, _)| *is_suspect);
        let of_school = [(OurSchoolKey, 70), (SchoolKeyRenewed, -40)];
        let school = self.replaced("thinkific", &of_school, &[(OurSchoolKey, -100), (SchoolKeyRenewed, 10)]);
        let mut clues: Vec<Clue> = own.into_iter().map(|(_, clue)| clue).collect();
        clues.push(self.misplaced(secrets, is_own_suspect));
        clues.extend(school.map(|(_, clue)| clue));
        clues.extend(self.seal());
        if *self.symptom == Symptom::Stopped(Fault::SecretBroken) {
            clues.extend(self.broken_secret());
        }
        clues
    }

    /// The secret of a kind that this login needs, and when it was written.
    fn own_secret(&self, kind: &str) -> Option<(&SecretSeen, i64)> {
        let name = self.secret_name(kind)?;
        let secret = self.evidence.secrets.seen()?.iter().find(|secret| secret.name == name && !secret.elsewhere)?;
        Some((secret, secret.changed?))
    }

    /// Whether it was replaced before the first failure, and what that weighs, if so and if not.
    fn replaced(&self, kind: &str, yes: &[(Cause, i32)], no: &[(Cause, i32)]) -> Option<(bool, Clue)> {
        let (secret, changed) = self.own_secret(kind)?;
        let (name, when) = (&secret.name, at(changed));
        Some(match secret.replaced && self.course.is_suspect(changed) {
            true => (true, clue(format!("the secret {name} was replaced {when}, before the first failure"), yes)),
            false => (false, clue(format!("the secret {name} has not changed here since {when}"), no)),
        })
    }

    /// Whether another connection's secret was replaced, as if it were this one's.
    fn misplaced(&self, secrets: &[SecretSeen], is_own_suspect: bool) -> Clue {
        let from = self.course.good_before.as_ref().map_or(self.course.first, |(began, ..)| *began) - RECENT;
        let other = secrets.iter().filter(|secret| secret.elsewhere && secret.replaced && !is_own_suspect);
        let other = other.filter(|secret| secret.name.starts_with("oidc/"));
        match other.filter_map(|secret| Some((&secret.name, secret.changed?))).find(|(_, changed)| *changed >= from) {
            Some((name, changed)) => {
                let when = at(changed);
                let says = format!("the secret {name}, of another connection, was replaced {when}; this one's was not");
                clue(says, &[(SecretElsewhere, 55), (OurTokenRefused, -40)])
            }
            None => clue("no other connection's secret was replaced", &[(SecretElsewhere, -100)]),
        }
    }

    fn seal(&self) -> Option<Clue> {
        let (secret, changed) = self.own_secret("seal")?;
        // Only what was sealed before it and opened after it is harmed: within a few minutes.
        let is_near = (changed - 600..=changed + 600).contains(&self.course.first);
        Some(match secret.replaced && is_near {
            true => clue(format!("the seal was replaced {}", at(changed)), &[(OurSeal, 70)]),
            false => clue("the seal was not replaced at that time", &[(OurSeal, -100)]),
        })
    }

    fn secret_name(&self, kind: &str) -> Option<String> {
        let settings = self.evidence.settings.seen()?;
        Some(match kind {
            "thinkific" => format!("{kind}/{}", settings.school),
            "seal" => kind.to_owned(),
            _ => format!("{kind}/{}", self.evidence.connection),
        })
    }

    /// The secret that a step could not use: is it there?
    fn broken_secret(&self) -> Option<Clue> {
        let wanted = self.evidence.login.as_ref()?.wanted.as_deref()?;
        let secrets = self.evidence.secrets.seen()?;
        let secret = secrets.iter().find(|secret| wanted.ends_with(&format!("/{}", secret.name)))?;
        Some(match secret.changed {
            None => clue(format!("there is no secret {}", secret.name), &[(SecretAbsent, 60), (SecretMalformed, -100)]),
            Some(changed) if !secret.replaced && changed > self.course.first => {
                let says = format!("the secret {} was first written {}, after this failure", secret.name, at(changed));
                clue(says, &[(SecretAbsent, 60), (SecretMalformed, -60)])
            }
            Some(changed) => {
                let says = format!("the secret {} is there, written {}", secret.name, at(changed));
                clue(says, &[(SecretMalformed, 40), (SecretAbsent, -100)])
            }
        })
    }
}
