//! What a live look at the identity provider says.

use super::super::cause::Cause::*;
use super::super::evidence::{ChangeKind, KeyAct, Symptom};
use super::super::known::Known;
use super::super::probe::CLOCK_SECONDS;
use super::{Case, Clue, clue, span};
use crate::fault::Fault;
use crate::invisible::visible;

impl Case<'_> {
    /// What the identity provider publishes, beside what is trusted.
    pub(super) fn published(&self) -> Vec<Clue> {
        let of_keys = [KeyRotated, KeyUnpublished, KeyUnknownWhether, KeysUnfetched];
        if !self.candidates.iter().any(|cause| of_keys.contains(cause)) {
            return Vec::new();
        }
        let unread = |why: String| {
            let says = format!("what the identity provider publishes could not be looked at ({why})");
            vec![clue(says, &[(KeyRotated, -15), (KeyUnknownWhether, 20), (KeysUnfetched, 50)])]
        };
        let probe = match &self.evidence.provider {
            Known::Seen(probe) => probe,
            Known::NotAsked(_) | Known::NotAllowed(_) | Known::NotAnswered(_) => {
                return unread(self.evidence.provider.missing().unwrap_or_default());
            }
        };
        let Some(published) = &probe.published else {
            return unread(probe.unread.clone().unwrap_or_else(|| "it publishes nothing at an address".to_owned()));
        };
        let new = self.untrusted_certificates();
        let removed = new.iter().find(|print| self.removed().any(|removed| removed == *print));
        if let Some(print) = removed {
            let says = format!("the identity provider still publishes the key that was removed: {print}");
            let on = [(OurTrust, 20), (KeyRotated, -60), (KeyUnpublished, -60), (KeyUnknownWhether, -100)];
            return vec![clue(says, &on)];
        }
        let is_saml = matches!(self.symptom, Symptom::Stopped(Fault::Saml(_)));
        let changed = if is_saml { &new } else { &published.keys_changed };
        let named = changed.iter().map(|key| visible(key)).collect::<Vec<_>>().join(", ");
        vec![match (changed.is_empty(), is_saml) {
            (false, _) => clue(
                format!("the identity provider publishes a key that is not trusted: {named}"),
                &[(KeyRotated, 50), (KeyUnpublished, -20), (KeyUnknownWhether, -100), (KeysUnfetched, -60)],
            ),
            (true, true) if self.evidence.trust.seen().is_none() => {
                clue("what is trusted is not known", &[(KeyUnknownWhether, -20)])
            }
            (true, _) => clue(
                "the identity provider publishes no key that is not trusted",
                &[(KeyRotated, -60), (KeyUnpublished, 35), (KeyUnknownWhether, -100), (KeysUnfetched, -60)],
            ),
        }]
    }

    /// The keys that were taken away before the first failure.
    fn removed(&self) -> impl Iterator<Item = &String> {
        self.suspects().filter_map(|change| match &change.kind {
            ChangeKind::Key(KeyAct::Removed | KeyAct::Dropped, print) => Some(print),
            ChangeKind::Key(KeyAct::Trusted, _)
            | ChangeKind::Settings { .. }
            | ChangeKind::State(_)
            | ChangeKind::School => None,
        })
    }

    /// Published certificates that are not trusted.
    pub(in super::super) fn untrusted_certificates(&self) -> Vec<String> {
        let published = self.evidence.provider.seen().and_then(|probe| probe.published.as_ref());
        let (Some(published), Some(trust)) = (published, self.evidence.trust.seen()) else { return Vec::new() };
        published.certificates.iter().filter(|print| !trust.trusted.contains(print)).cloned().collect()
    }

    /// The identity provider's clock.
    pub(super) fn clock(&self) -> Vec<Clue> {
        let Some(skew) = self.evidence.provider.seen().and_then(|probe| probe.skew) else { return Vec::new() };
        if skew.abs() <= CLOCK_SECONDS {
            return vec![clue("the identity provider's clock is right", &[(ProviderClock, -60), (AnswerLate, 10)])];
        }
        let side = if skew > 0 { "ahead of" } else { "behind" };
        let says = format!("the identity provider's clock is {} {side} ours", span(skew));
        vec![clue(says, &[(ProviderClock, 70), (AnswerLate, -20), (ProviderSilent, -10)])]
    }

    /// The identity provider's name.
    pub(super) fn name(&self) -> Vec<Clue> {
        if !self.candidates.contains(&ProviderRenamed) {
            return Vec::new();
        }
        let published = self.evidence.provider.seen().and_then(|probe| probe.published.as_ref());
        let (Some(published), Some(settings)) = (published, self.evidence.settings.seen()) else { return Vec::new() };
        let name = visible(&published.name);
        vec![if published.name == settings.provider {
            let says = format!("the identity provider publishes the name that the connection has, {name}");
            clue(says, &[(ProviderRenamed, -100), (OtherProvider, 10)])
        } else if published.name == self.got() {
            let says = format!("the identity provider publishes the very name that came, {name}");
            clue(says, &[(ProviderRenamed, 70), (OtherProvider, -20)])
        } else {
            clue(format!("the identity provider publishes another name, {name}, and not what came"), &[])
        }]
    }

    /// Whether the identity provider's addresses answer.
    pub(super) fn endpoints(&self) -> Vec<Clue> {
        let Some(probe) = self.evidence.provider.seen() else { return Vec::new() };
        let mut clues = Vec::new();
        if self.candidates.contains(&TokenEndpointDown) {
            match probe.token_endpoint {
                None => {
                    clues.push(clue("the token endpoint does not answer from here now", &[(TokenEndpointDown, 30)]))
                }
                Some(status @ 500..) => {
                    let says = format!("the token endpoint answers {status} now");
                    clues.push(clue(says, &[(TokenEndpointDown, 30)]));
                }
                Some(status) => {
                    let says = format!("the token endpoint answers now ({status} to a request without a client)");
                    clues.push(clue(says, &[(TokenEndpointDown, -5)]));
                }
            }
        }
        if let Some(published) = probe.published.as_ref().filter(|_| self.candidates.contains(&TokenEndpointMoved)) {
            clues.push(match published.token_endpoint_moved {
                true => clue("the discovery document names another token endpoint", &[(TokenEndpointMoved, 70)]),
                false => clue("the discovery document names the same token endpoint", &[(TokenEndpointMoved, -100)]),
            });
        }
        if self.candidates.contains(&ProviderSilent) {
            clues.push(match probe.sign_in {
                None => clue("the identity provider does not answer from here now", &[(ProviderSilent, 30)]),
                Some(status) => clue(format!("the identity provider answers from here ({status})"), &[]),
            });
        }
        clues
    }
}
