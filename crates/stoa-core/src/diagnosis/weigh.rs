//! The ranking: the causes that a symptom can have, by what the evidence says for and against each.

use super::candidates::candidates;
use super::cause::{Cause, Row};
use super::clue::Case;
use super::course::Course;
use super::evidence::{ChangeKind, Evidence, KeyAct, Seen, Symptom};
use super::known::Known;
use crate::fault::Fault;

/// Within so much of the first, a cause is not told apart from it.
const CLOSE: i32 = 20;
/// What the likeliest cause of a symptom weighs before anything is known, and how much less each next one.
const FIRST: i32 = 40;
const STEP: i32 = 5;
const LEAST: i32 = 10;
/// How many causes are told.
const TOLD: usize = 4;

/// What the evidence says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// How it ended.
    pub symptom: Symptom,
    /// The login that was looked at: the one asked about, or the newest that has the symptom.
    pub login: Option<Seen>,
    /// When the first login with this symptom began, in epoch seconds.
    pub first: i64,
    /// How many logins through the connection have it.
    pub same: usize,
    /// How many got in since the first.
    pub good_since: usize,
    /// The causes, the likeliest first.
    pub findings: Vec<Finding>,
    /// What is not known.
    pub unseen: Vec<Unseen>,
}

impl Diagnosis {
    /// The causes between which the evidence does not decide: the likeliest, and what comes close to it.
    pub fn leading(&self) -> &[Finding] {
        let Some(first) = self.findings.first() else { return &[] };
        let close = self.findings.iter().take_while(|finding| first.weight - finding.weight <= CLOSE).count();
        &self.findings[..close]
    }
}

/// A cause, and what was found out about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The cause's row in the register.
    pub cause: Cause,
    /// How much speaks for it, for comparison only.
    pub weight: i32,
    /// What speaks for it.
    pub speaks: Vec<String>,
    /// What speaks against it.
    pub against: Vec<String>,
    /// The row's texts with what is known in them.
    repair: String,
    test: String,
}

impl Finding {
    /// Its row.
    pub const fn row(&self) -> Row {
        self.cause.row()
    }
    /// What whoever acts does, with the names that are known.
    pub fn repair(&self) -> &str {
        &self.repair
    }
    /// What shows that it is this one, with the names that are known.
    pub fn test(&self) -> &str {
        &self.test
    }
}

/// Something that is not known, and whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// What cannot be seen, as words for whoever is on call.
    pub what: &'static str,
    /// Why not.
    pub why: String,
    /// Who knows it.
    pub ask: &'static str,
}

/// Weighs everything that is known.
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    let (symptom, login) = subject(evidence);
    let evidence = &Evidence { login: login.clone(), ..evidence.clone() };
    let course = Course::of(evidence, &symptom);
    let candidates = candidates(&symptom);
    let case = Case { evidence, symptom: &symptom, course: &course, candidates };
    let clues = case.clues();
    let mut findings: Vec<Finding> = candidates
        .iter()
        .zip(0..)
        .map(|(cause, rank)| {
            let weigh = |sign: i32| {
                let about = clues.iter().filter_map(move |clue| {
                    let (_, weight) = clue.on.iter().find(|(about, _)| about == cause)?;
                    (weight.signum() == sign).then(|| (clue.says.clone(), *weight))
                });
                about.unzip::<String, i32, Vec<String>, Vec<i32>>()
            };
            let ((speaks, pro), (against, contra)) = (weigh(1), weigh(-1));
            let base = (FIRST - STEP * rank).max(LEAST);
            let weight = base + pro.iter().sum::<i32>() + contra.iter().sum::<i32>();
            let (repair, test) = (filled(cause.row().repair, *cause, &case), filled(cause.row().test, *cause, &case));
            Finding { cause: *cause, weight, speaks, against, repair, test }
        })
        .collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
    // What the evidence rules out is not told, but something always is.
    let told = findings.iter().filter(|finding| finding.weight > 0).count().clamp(1, TOLD);
    findings.truncate(told);
    Diagnosis {
        first: course.first,
        same: course.same,
        good_since: course.good_since,
        unseen: unseen(evidence, &symptom),
        findings,
        login,
        symptom,
    }
}

/// What is asked about: the login, or for a complaint without a reference whatever stops most of the latest.
fn subject(evidence: &Evidence) -> (Symptom, Option<Seen>) {
    if let Some(login) = &evidence.login {
        return (login.symptom.clone(), Some(login.clone()));
    }
    if evidence.settings.seen().is_some_and(|settings| !settings.takes_everybody()) {
        return (Symptom::Closed, None);
    }
    match most_common(evidence.logins.seen().map(Vec::as_slice).unwrap_or_default()) {
        Some(seen) => (seen.symptom.clone(), Some(seen.clone())),
        None => (Symptom::Nothing, None),
    }
}

/// Of the logins that failed, the newest with the symptom that most of them have. A test tells of nobody's complaint.
pub fn most_common(logins: &[Seen]) -> Option<&Seen> {
    let bad: Vec<&Seen> = logins.iter().filter(|seen| seen.symptom.is_bad() && !seen.test).collect();
    let count = |symptom: &Symptom| bad.iter().filter(|seen| seen.symptom == *symptom).count();
    bad.iter().copied().max_by_key(|seen| (count(&seen.symptom), seen.began))
}

/// A text of the register with what is known in the place of its stand-ins.
fn filled(text: &str, cause: Cause, case: &Case<'_>) -> String {
    let evidence = case.evidence;
    let school = evidence.settings.seen().map(|settings| settings.school.to_string());
    let school = school.unwrap_or_else(|| "SCHOOL".to_owned());
    text.replace("{version}", &version(case).unwrap_or_else(|| "VERSION".to_owned()))
        .replace("{fingerprint}", &fingerprint(case).unwrap_or_else(|| "FINGERPRINT".to_owned()))
        .replace("{secret}", &secret(cause, case, &school))
        .replace("{school}", &school)
        .replace("{id}", evidence.connection.as_str())
}

/// The last version before the change that is suspected.
fn version(case: &Case<'_>) -> Option<String> {
    let changes = case.evidence.changes.seen()?.iter();
    let before =
        changes.filter(|change| case.course.is_suspect_change(change)).filter_map(|change| match &change.kind {
            ChangeKind::Settings { before, .. } => Some(*before),
            ChangeKind::State(_) | ChangeKind::Key(..) | ChangeKind::School => None,
        });
    before.min().map(|version| version.to_string())
}

/// The key to be trusted: one that was removed, else one that is published and is not trusted.
fn fingerprint(case: &Case<'_>) -> Option<String> {
    let changes = case.evidence.changes.seen().map(Vec::as_slice).unwrap_or_default();
    let removed =
        changes.iter().filter(|change| case.course.is_suspect_change(change)).find_map(|change| match &change.kind {
            ChangeKind::Key(KeyAct::Removed | KeyAct::Dropped, print) => Some(print.clone()),
            ChangeKind::Key(KeyAct::Trusted, _)
            | ChangeKind::Settings { .. }
            | ChangeKind::State(_)
            | ChangeKind::School => None,
        });
    let print = removed.or_else(|| case.untrusted_certificates().into_iter().next())?;
    // It goes into a command.
    (print.len() == 64 && print.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(print)
}

fn secret(cause: Cause, case: &Case<'_>, school: &str) -> String {
    let known = case.evidence.secrets.seen().map(Vec::as_slice).unwrap_or_default();
    let wanted = case.evidence.login.as_ref().and_then(|login| login.wanted.as_deref()).unwrap_or_default();
    let named = known.iter().find(|secret| wanted.ends_with(&format!("/{}", secret.name)));
    match (cause, named, case.symptom) {
        (Cause::SecretAbsent | Cause::SecretMalformed, Some(secret), _) => secret.name.clone(),
        (Cause::OurSchoolKey | Cause::SchoolKeyRenewed, _, _) => format!("thinkific/{school}"),
        (_, _, Symptom::Stopped(Fault::Saml(_))) => format!("saml/{}", case.evidence.connection),
        (..) => format!("oidc/{}", case.evidence.connection),
    }
}

/// What is not known and would matter.
fn unseen(evidence: &Evidence, symptom: &Symptom) -> Vec<Unseen> {
    fn missing<T>(known: &Known<T>) -> Option<String> {
        known.missing()
    }
    let provider = evidence.provider.seen();
    let unread = provider.and_then(|probe| probe.unread.clone());
    let no_clock = provider.filter(|probe| probe.skew.is_none()).map(|_| "its answers carry no time".to_owned());
    let parts = [
        ("the connection's settings", missing(&evidence.settings), "whoever has OnCallRead"),
        ("the other logins through the connection", missing(&evidence.logins), "whoever has OnCallRead"),
        ("the logins at the school through other connections", missing(&evidence.elsewhere), "whoever has OnCallRead"),
        (
            "the logins with the same address",
            missing(&evidence.same_address),
            "whoever may invoke the function operator",
        ),
        ("whose the address is", missing(&evidence.owner), "whoever has OnCallRead"),
        ("what changed", missing(&evidence.changes), "whoever has OnCallRead"),
        ("when the secrets were written", missing(&evidence.secrets), "whoever has OnCallRead"),
        ("which keys are trusted", missing(&evidence.trust), "whoever has OnCallRead"),
        ("what the identity provider says now", missing(&evidence.provider), "the customer's administrator"),
        ("what the identity provider publishes", unread, "the customer's administrator"),
        ("the identity provider's clock", no_clock, "the customer's administrator"),
        ("what the school's address says now", missing(&evidence.site), "the school's administrator"),
        ("what the Admin API says now", missing(&evidence.api), "the school's administrator"),
    ];
    let mut unseen: Vec<Unseen> =
        parts.into_iter().filter_map(|(what, why, ask)| Some(Unseen { what, why: why?, ask })).collect();
    let mut never = |what, ask| unseen.push(Unseen { what, why: "cannot be seen from here".to_owned(), ask });
    match symptom {
        Symptom::NotBack => never(
            "what the identity provider showed the person",
            "the person, for a picture of the page; the customer's administrator, for the log",
        ),
        Symptom::HandedOver => never(
            "whether the person arrived at the school, and what they met there",
            "the school's administrator, for the account's last sign-in",
        ),
        Symptom::Stopped(Fault::ThinkificSentBack | Fault::ReturnedAgain) => {
            never("why Thinkific refused the token", "Thinkific's support, with the time of the step `launched`");
        }
        Symptom::NotLaunched => never(
            "whether the launch was reached and failed before it could leave a step",
            "the log: the commands of the last step, with `thinkific-launch` instead of its function",
        ),
        Symptom::Nothing => never(
            "which page the person saw; requests that belong to no login are in the logs only",
            "the person, for the reference or a picture of the page",
        ),
        Symptom::Stopped(_)
        | Symptom::Tested
        | Symptom::InLine
        | Symptom::UnderWay
        | Symptom::Closed
        | Symptom::Unknown => {}
    }
    unseen
}
