//! What each piece of evidence says for and against causes.

use jiff::Timestamp;

use super::candidates::settings_behind;
use super::cause::Cause::{self, *};
use super::cause::{Seat, Spread};
use super::course::Course;
use super::evidence::{Change, ChangeKind, Evidence, KeyAct, Symptom};
use super::known::Known;
use super::probe::CLOCK_SECONDS;
use crate::fault::Fault;
use crate::invisible::visible;
use crate::refusal::RefusalCode as Oidc;

/// Parts of a document that hold settings of every kind.
const BROAD: [&str; 6] = ["", "saml", "oidc", "workos", "teams", "preset"];
const DAY: i64 = 24 * 3600;
/// An owner who signed in as lately still uses the address.
const RECENT: i64 = 7 * DAY;
/// One who has not for so long may have left.
const LONG: i64 = 21 * DAY;

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

    fn weighed(&self, weigh: impl Fn(Seat, Spread) -> i32) -> Vec<(Cause, i32)> {
        let weight = |cause: &Cause| (*cause, weigh(cause.row().seat, cause.row().spread));
        self.candidates.iter().map(weight).filter(|(_, weight)| *weight != 0).collect()
    }

    /// How others fare through the same connection.
    fn spread(&self) -> Vec<Clue> {
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
    fn elsewhere(&self) -> Vec<Clue> {
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

    fn suspects(&self) -> impl Iterator<Item = &Change> {
        let changes = self.evidence.changes.seen().map(Vec::as_slice).unwrap_or_default();
        changes.iter().filter(|change| self.course.is_suspect_change(change))
    }

    /// Whether a setting behind the symptom changed before the first failure.
    fn settings(&self) -> Vec<Clue> {
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
    fn keys(&self) -> Vec<Clue> {
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

    fn secret_name(&self, kind: &str) -> Option<String> {
        let settings = self.evidence.settings.seen()?;
        Some(match kind {
            "thinkific" => format!("{kind}/{}", settings.school),
            "seal" => kind.to_owned(),
            _ => format!("{kind}/{}", self.evidence.connection),
        })
    }

    /// Whether a secret was replaced, and where.
    fn secrets(&self) -> Vec<Clue> {
        let Known::Seen(secrets) = &self.evidence.secrets else { return Vec::new() };
        let mut clues = Vec::new();
        let suspect = |at: i64| self.course.is_suspect(at);
        let own = |kind: &str| {
            let name = self.secret_name(kind);
            secrets.iter().find(|secret| Some(&secret.name) == name.as_ref() && !secret.elsewhere)
        };
        let kind = if matches!(self.symptom, Symptom::Stopped(Fault::Saml(_))) { "saml" } else { "oidc" };
        let is_own_suspect = match own(kind).and_then(|secret| secret.changed.map(|changed| (secret, changed))) {
            Some((secret, changed)) if secret.replaced && suspect(changed) => {
                let says = format!("the secret {} was replaced {}, before the first failure", secret.name, at(changed));
                clues.push(clue(says, &[(OurSecret, 65), (OurTokenRefused, -30)]));
                true
            }
            Some((secret, changed)) => {
                let says = format!("the secret {} has not changed here since {}", secret.name, at(changed));
                clues.push(clue(says, &[(OurSecret, -100), (OurTokenRefused, 20)]));
                false
            }
            None => false,
        };
        let is_misplaced = |at: i64| {
            let from =
                self.course.good_before.as_ref().map_or(self.course.first - RECENT, |(began, ..)| began - RECENT);
            at >= from
        };
        let elsewhere = secrets.iter().find(|secret| {
            secret.elsewhere
                && secret.replaced
                && secret.name.starts_with("oidc/")
                && secret.changed.is_some_and(is_misplaced)
        });
        match elsewhere.filter(|_| !is_own_suspect) {
            Some(other) => {
                let when = at(other.changed.unwrap_or_default());
                let says = format!(
                    "the secret {}, of another connection, was replaced {when}; this one's was not",
                    other.name
                );
                clues.push(clue(says, &[(SecretElsewhere, 55), (OurTokenRefused, -40)]));
            }
            None => clues.push(clue("no other connection's secret was replaced", &[(SecretElsewhere, -100)])),
        }
        match own("thinkific").and_then(|secret| secret.changed.map(|changed| (secret, changed))) {
            Some((secret, changed)) if secret.replaced && suspect(changed) => {
                let says = format!("the secret {} was replaced {}, before the first failure", secret.name, at(changed));
                clues.push(clue(says, &[(OurSchoolKey, 70), (SchoolKeyRenewed, -40)]));
            }
            Some((secret, changed)) => {
                let says = format!("the secret {} has not changed here since {}", secret.name, at(changed));
                clues.push(clue(says, &[(OurSchoolKey, -100), (SchoolKeyRenewed, 10)]));
            }
            None => {}
        }
        match own("seal").and_then(|secret| secret.changed.map(|changed| (secret.replaced, changed))) {
            // Only what was sealed before it and opened after it is harmed: within a few minutes.
            Some((true, changed)) if (changed - 600..=changed + 600).contains(&self.course.first) => {
                clues.push(clue(format!("the seal was replaced {}", at(changed)), &[(OurSeal, 70)]));
            }
            Some(_) => clues.push(clue("the seal was not replaced at that time", &[(OurSeal, -100)])),
            None => {}
        }
        if *self.symptom == Symptom::Stopped(Fault::SecretBroken) {
            clues.extend(self.broken_secret());
        }
        clues
    }

    /// The secret that a step could not use: is it there?
    fn broken_secret(&self) -> Option<Clue> {
        let wanted = self.evidence.login.as_ref()?.wanted.as_deref()?;
        let secrets = self.evidence.secrets.seen()?;
        let secret = secrets.iter().find(|secret| wanted.ends_with(&format!("/{}", secret.name)))?;
        Some(match secret.changed {
            None => clue(format!("there is no secret {}", secret.name), &[(SecretAbsent, 60), (SecretMalformed, -100)]),
            Some(changed) => {
                let says = format!("the secret {} is there, written {}", secret.name, at(changed));
                clue(says, &[(SecretMalformed, 40), (SecretAbsent, -100)])
            }
        })
    }

    /// Whether the school's file was written.
    fn school_written(&self) -> Vec<Clue> {
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
    fn build(&self) -> Vec<Clue> {
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
    fn state(&self) -> Vec<Clue> {
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

    /// Whose the address is.
    fn address(&self) -> Vec<Clue> {
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

    /// What the identity provider publishes, beside what is trusted.
    fn published(&self) -> Vec<Clue> {
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
    pub(super) fn untrusted_certificates(&self) -> Vec<String> {
        let published = self.evidence.provider.seen().and_then(|probe| probe.published.as_ref());
        let (Some(published), Some(trust)) = (published, self.evidence.trust.seen()) else { return Vec::new() };
        published.certificates.iter().filter(|print| !trust.trusted.contains(print)).cloned().collect()
    }

    /// The identity provider's clock.
    fn clock(&self) -> Vec<Clue> {
        let Some(skew) = self.evidence.provider.seen().and_then(|probe| probe.skew) else { return Vec::new() };
        if skew.abs() <= CLOCK_SECONDS {
            return vec![clue("the identity provider's clock is right", &[(ProviderClock, -60), (AnswerLate, 10)])];
        }
        let side = if skew > 0 { "ahead of" } else { "behind" };
        let says = format!("the identity provider's clock is {} {side} ours", span(skew));
        vec![clue(says, &[(ProviderClock, 70), (AnswerLate, -20), (ProviderSilent, -10)])]
    }

    /// The identity provider's name.
    fn name(&self) -> Vec<Clue> {
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
    fn endpoints(&self) -> Vec<Clue> {
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

    fn got(&self) -> &str {
        self.evidence.login.as_ref().and_then(|login| login.got.as_deref()).unwrap_or_default()
    }

    /// What the step itself says. Most say what is printed beside them, and nothing that tells two causes apart.
    fn said(&self) -> Vec<Clue> {
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
        let same =
            |seen: &&super::evidence::Seen| seen.symptom == *self.symptom && seen.got.as_deref() == Some(self.got());
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

    /// The school's address.
    fn site(&self) -> Vec<Clue> {
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
    fn api(&self) -> Vec<Clue> {
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
