//! What follows from what was read: decisions without IO.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use stoa_core::connection::{Connection, ConnectionDocument, ContactAt};
use stoa_core::diagnosis::{ApiProbe, Known};
use stoa_core::dsync::SyncItem;
use stoa_core::fault::{Actor, Fault};
use stoa_core::ids::{ConnectionId, CustomerId, SchoolId};
use stoa_core::invisible::visible;
use stoa_core::login::{LoginItem, State, What};
use stoa_core::mirror::SchoolMirror;
use stoa_core::rehearsal::Question;
use stoa_core::trust::{Watch, days_until};
use stoa_service::operator::{
    Becomes, HostMet, HostSeen, ListedSecret, ListedToken, LogGroup, OperatorError, SecretName, Subscribed, Told,
    Traffic, Trail, Trusts, directories_beside, needed_secrets,
};
use stoa_service::store::ConnectionItem;

use super::Check;
use crate::ends::own_certificates;
use crate::number::number;
use crate::time::instant;

/// By how much two clocks may differ. A token is good for a minute.
const CLOCKS: SignedDuration = SignedDuration::from_secs(30);
/// AWS renews a certificate sixty days before its end; one that is not by then is not renewed by itself.
const HOST_DAYS: i64 = 30;
/// How long a provider may be out of reach. Many are for a night.
const UNREADABLE: SignedDuration = SignedDuration::from_hours(24);
/// `trust-refresh` looks every hour.
const UNSEEN: SignedDuration = SignedDuration::from_hours(3);
/// The probe signs in every minute.
const PROBE_SILENT: SignedDuration = SignedDuration::from_mins(15);
/// When the end of a key, a client secret or a SCIM client's last token is first told: with the first of its alarms.
const EXPIRING_DAYS: i64 = 60;
/// How long a SCIM client may be silent. Most come at least once a day.
const SCIM_SILENT: SignedDuration = SignedDuration::from_hours(24);
/// `workos-sync` asks every five minutes.
const WORKOS_SILENT: SignedDuration = SignedDuration::from_mins(30);
/// How long it may fail. The next run mostly finds WorkOS again.
const WORKOS_FAILS: SignedDuration = SignedDuration::from_mins(15);
/// As many functions as a stack should be able to run at once (docs/deploy.md).
const AT_ONCE: i32 = 100;
/// How old what is known of a school's accounts may be. The mirror looks at all of them twice a day, and at those with a
/// role each quarter of an hour.
const MIRROR_OLD: SignedDuration = SignedDuration::from_hours(24);
const ROLES_OLD: SignedDuration = SignedDuration::from_hours(2);
/// So many refusals and nothing else are no coincidence.
const REFUSALS: usize = 3;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Which check found it.
    pub(crate) check: Check,
    /// About what: a connection, a secret, a host.
    pub(crate) about: String,
    /// What is the matter.
    pub(crate) what: String,
    /// The command or page that puts it right.
    pub(crate) repair: String,
}

impl Finding {
    fn new(check: Check, about: impl ToString, what: impl Into<String>, repair: impl Into<String>) -> Self {
        Self { check, about: visible(&about.to_string()), what: visible(&what.into()), repair: repair.into() }
    }

    /// Something that could not be looked at.
    pub(crate) fn not_checked(about: &str, error: &OperatorError) -> Self {
        Self::new(Check::NotChecked, about, error.to_string(), page(Check::NotChecked))
    }

    /// On one line, without the repair.
    pub(crate) fn line(&self) -> String {
        format!("{:<18} {}: {} [{}]", self.check, self.about, self.what, self.check.whose())
    }
}

/// That something ends, in whole days, rounded up; not positive once it is over.
fn ends(what: &str, days: i64) -> String {
    match days {
        1.. => format!("{what} expires in {}", number(days, "day", "days")),
        _ => format!("{what} has expired"),
    }
}

fn page(check: Check) -> String {
    format!("docs/runbook/doctor.md#{}", check.code())
}

pub(super) fn host(public_url: &str, seen: &HostSeen) -> Vec<Finding> {
    let mut found = Vec::new();
    if seen.status != 200 {
        let what = format!("/login answers with status {}", seen.status);
        found.push(Finding::new(Check::HostUnreachable, public_url, what, page(Check::HostUnreachable)));
    }
    let apart = seen.date.map(|date| date.duration_since(seen.at));
    if let Some(apart) = apart.filter(|apart| apart.abs() > CLOCKS) {
        let what = format!("its clock and this machine's differ by {} s", apart.as_secs().abs());
        found.push(Finding::new(Check::HostClock, public_url, what, page(Check::HostClock)));
    }
    found
}

pub(super) fn no_host(public_url: &str, error: &OperatorError) -> Finding {
    Finding::new(Check::HostUnreachable, public_url, error.to_string(), page(Check::HostUnreachable))
}

/// What the name and the certificate of the host are like. Where they are the reason, that the page does not come is no
/// second finding.
pub(super) fn met(public_url: &str, met: &HostMet, now: Timestamp) -> Option<Finding> {
    let (check, what) = match met {
        HostMet::Plain | HostMet::Silent => return None,
        HostMet::Nameless => (Check::HostUnresolved, "its name leads to no address".to_owned()),
        HostMet::Unaccepted(why) => (Check::HostCertificate, format!("browsers do not accept its certificate: {why}")),
        HostMet::Until(end) => match days_until(*end, now) {
            days if days < HOST_DAYS => (Check::HostCertificate, ends("its certificate", days)),
            _ => return None,
        },
    };
    Some(Finding::new(check, public_url, what, page(check)))
}

/// Each group of the stack has its lines for as long as the template says, which is never forever.
pub(super) fn log_groups(wanted: &[String], kept: &[LogGroup]) -> Vec<Finding> {
    let check = Check::LogRetention;
    let found = wanted.iter().filter_map(|name| {
        let what = match kept.iter().find(|group| group.name == *name) {
            Some(LogGroup { days: Some(_), .. }) => return None,
            Some(LogGroup { days: None, .. }) => "its lines are kept forever",
            None => "there is no such group",
        };
        Some(Finding::new(check, format!("log group {name}"), what, page(check)))
    });
    found.collect()
}

pub(super) fn trail(trail: Trail) -> Option<Finding> {
    let what = "no trail records every change in this account and region";
    (!trail.is_on).then(|| Finding::new(Check::TrailOff, "CloudTrail", what, page(Check::TrailOff)))
}

pub(super) fn shift(function: &str, traffic: &Traffic) -> Option<Finding> {
    let what = format!("another version than {} gets a part of its traffic", traffic.version);
    traffic.is_shared.then(|| Finding::new(Check::TrafficShared, function, what, page(Check::TrafficShared)))
}

/// Each step of a login is a function, and each person who waits for the school holds one.
pub(super) fn concurrency(at_once: i32) -> Option<Finding> {
    let functions = number(at_once, "function", "functions");
    let what = format!("only {functions} may run at once in this account and region");
    let check = Check::ConcurrencyLow;
    (at_once < AT_ONCE).then(|| Finding::new(check, "the account's limits", what, page(check)))
}

pub(super) fn schedule(name: &str, is_on: bool) -> Option<Finding> {
    let check = Check::ScheduleOff;
    (!is_on).then(|| Finding::new(check, format!("schedule {name}"), "it is switched off", page(check)))
}

/// What waits in the queue of runs that failed, by the queue's address.
pub(super) fn failures(url: &str, messages: u64) -> Option<Finding> {
    let (check, name) = (Check::RunsFailed, url.rsplit('/').next().unwrap_or(url));
    let runs = number(messages, "run", "runs");
    let what = format!("{runs} could not be started in the last two weeks");
    (messages > 0).then(|| Finding::new(check, format!("queue {name}"), what, page(check)))
}

pub(super) fn subscribers(topic: &str, who: Subscribed) -> Option<Finding> {
    let what = match who {
        Subscribed { confirmed: 1.., .. } => return None,
        Subscribed { pending: 0, .. } => "nobody is told of the alarms",
        Subscribed { .. } => "nobody who is to be told of the alarms has confirmed it",
    };
    let (check, name) = (Check::AlarmsUnheard, topic.rsplit(':').next().unwrap_or(topic));
    Some(Finding::new(check, format!("topic {name}"), what, page(check)))
}

/// Outputs of an earlier version do not name what could be looked at.
pub(super) fn unnamed(output: &str) -> Finding {
    let what = format!("the stack's outputs do not name {output}");
    Finding::new(Check::NotChecked, output, what, page(Check::NotChecked))
}

pub(super) fn operator(error: &OperatorError) -> Finding {
    let known = if let OperatorError::Refused { fault, .. } = error { Fault::of_code(fault) } else { None };
    let repair = known.map_or_else(|| page(Check::OperatorSilent), |fault| fault_page(&fault));
    Finding::new(Check::OperatorSilent, "the function operator", error.to_string(), repair)
}

/// When the probe last got to its end; one that was set up just now has its time.
pub(super) fn probe(item: &ConnectionItem, last: Option<i64>, now: Timestamp) -> Option<Finding> {
    let is_old = |at: i64| now.as_second() - at > PROBE_SILENT.as_secs();
    if last.is_some_and(|at| !is_old(at)) || !is_old(item.at) {
        return None;
    }
    let what = match last {
        Some(at) => format!("it has not signed in since {}", instant(at)),
        None => "it has never signed in".to_owned(),
    };
    let repair = "`stoa logins --connection probe`; docs/runbook/alarms/ProbeFailing.md";
    Some(Finding::new(Check::ProbeSilent, "the function probe", what, repair))
}

fn is_usable(listed: &[ListedSecret], name: &SecretName) -> bool {
    let name = name.to_string();
    listed.iter().any(|secret| secret.name == name && secret.deleted.is_none())
}

pub(super) fn has_pepper(listed: &[ListedSecret]) -> bool {
    is_usable(listed, &SecretName::Pepper)
}

/// What is needed and missing.
pub(super) fn missing_secrets(listed: &[ListedSecret], documents: &[&ConnectionDocument]) -> Vec<Finding> {
    let mut needed = vec![SecretName::Seal, SecretName::Pepper];
    for document in documents {
        let school = SecretName::Thinkific(document.school.clone());
        if !needed.contains(&school) {
            needed.push(school);
        }
        needed.extend(needed_secrets(document));
    }
    let missing = needed.iter().filter(|name| !is_usable(listed, name)).map(|name| {
        let is_marked = listed.iter().any(|secret| secret.name == name.to_string());
        let what =
            if is_marked { "it is marked for deletion, so nobody can read it" } else { "there is no such secret" };
        let repair = match name {
            // Never a new pepper where there was one.
            SecretName::Pepper => "docs/runbook/faults/secret_broken.md".to_owned(),
            // Its connection has to trust it.
            SecretName::Probe => "`stoa probe set-up SCHOOL`; docs/runbook/alarms/ProbeSilent.md".to_owned(),
            _ => format!("`stoa secret put {name}`; docs/runbook/faults/secret_broken.md"),
        };
        Finding::new(Check::SecretMissing, name, what, repair)
    });
    missing.collect()
}

/// A secret of which no connection and no school is known, whether it has a name that stoa reads or not. What connections
/// lead to is not nobody's, though its own item be missing.
pub(super) fn unowned_secret(secret: &ListedSecret, documents: &[&ConnectionDocument]) -> Option<Finding> {
    let name = SecretName::parse(&secret.name);
    if let Some(SecretName::Thinkific(school)) = &name
        && documents.iter().any(|document| document.school == *school)
    {
        return None;
    }
    let repair = match name {
        Some(name) => format!("`stoa secret remove {name}`, if it was meant for another name: `stoa secret list`"),
        None => page(Check::SecretUnowned),
    };
    let what = "no connection or school of that name exists";
    Some(Finding::new(Check::SecretUnowned, &secret.name, what, repair))
}

/// That it ends on a day is the file's word; that it was replaced is nobody's until the file says so.
pub(super) fn secret_end(document: &ConnectionDocument, now: Timestamp) -> Option<Finding> {
    let (id, end) = (&document.id, document.oidc.as_ref()?.secret_ends()?);
    let days = days_until(end, now);
    let what = format!("{}, as its file says", ends("its client secret", days));
    let repair = format!("`stoa secret put oidc/{id}`; docs/runbook/alarms/CredentialExpiring.md");
    (days <= EXPIRING_DAYS).then(|| Finding::new(Check::SecretExpiring, id, what, repair))
}

pub(super) fn broken(item: &ConnectionItem, error: &OperatorError) -> Finding {
    let repair = "docs/runbook/faults/configuration_broken.md";
    Finding::new(Check::ConnectionBroken, &item.pk, error.to_string(), repair)
}

pub(super) fn no_school(id: &ConnectionId, school: &SchoolId) -> Finding {
    let what = format!("its school {school} is not stored");
    Finding::new(Check::SchoolMissing, id, what, page(Check::SchoolMissing))
}

/// What the Admin API of a school answers. That the key is missing is found where secrets are looked at.
pub(super) fn admin_api(school: &SchoolId, seen: &Known<ApiProbe>, listed: &[ListedSecret]) -> Option<Finding> {
    let silent = |what: String| {
        let repair = "docs/runbook/faults/thinkific_unavailable.md";
        Some(Finding::new(Check::SchoolSilent, school, what, repair))
    };
    let refuses = |what: &str| {
        let repair = format!("`stoa secret put thinkific/{school}`; docs/runbook/faults/thinkific_key_refused.md");
        Some(Finding::new(Check::SchoolRefuses, school, what, repair))
    };
    let api = match seen {
        Known::Seen(api) => api,
        Known::NotAsked(why) | Known::NotAllowed(why) | Known::NotAnswered(why) => {
            return silent(format!("it could not be looked at: {why}"));
        }
    };
    if let Some(fault) = &api.key_unread {
        let is_there = is_usable(listed, &SecretName::Thinkific(school.clone()));
        return is_there.then(|| silent(format!("its key cannot be read: {fault}"))).flatten();
    }
    match api.keyed {
        // It is busy, so it took the key.
        Some(200 | 429) => None,
        Some(_) if api.plan_lacks_api => refuses("Thinkific says that its plan does not include the Admin API"),
        Some(status @ (401 | 403)) if api.keyless_is_thinkific => {
            refuses(&format!("Thinkific refuses its key, with status {status}"))
        }
        Some(status) => silent(format!("its Admin API answers with status {status}")),
        None => silent("its Admin API does not answer".to_owned()),
    }
}

/// What a school is asked to tell. One that is asked for nothing is not set up for it.
pub(super) fn webhooks(school: &SchoolId, told: &[Told]) -> Option<Finding> {
    let count = |becomes| told.iter().filter(|own| own.becomes == becomes).count();
    let (kept, missing, broken) = (count(Becomes::Kept), count(Becomes::Created), count(Becomes::Removed));
    if kept + broken == 0 || missing + broken == 0 {
        return None;
    }
    let missing = number(missing, "is missing", "are missing");
    let broken = number(broken, "is broken or one too many", "are broken or too many");
    let what = format!("of its webhooks, {missing} and {broken}");
    let check = Check::WebhooksBroken;
    let repair = format!("`stoa thinkific webhooks {school} --write`; {}", page(check));
    Some(Finding::new(check, school, what, repair))
}

/// How old what is known of a school's accounts is. One that nobody has looked at yet is new.
pub(super) fn mirror(school: &SchoolId, mirror: &SchoolMirror, now: Timestamp) -> Option<Finding> {
    let old = |at: Option<i64>, most: SignedDuration| at.filter(|at| now.as_second() - at > most.as_secs());
    let what = match (old(mirror.mirrored_at, MIRROR_OLD), old(mirror.roles_at, ROLES_OLD)) {
        (Some(at), _) => format!("its accounts were last looked at {}", instant(at)),
        (None, Some(at)) => format!("its accounts with a role were last looked at {}", instant(at)),
        (None, None) => return None,
    };
    let repair = format!("`stoa school mirror {school} --status`; docs/runbook/alarms/MirrorAbsent.md");
    Some(Finding::new(Check::MirrorOld, school, what, repair))
}

/// A setting of the school that a rehearsal speaks against.
pub(super) fn unfit(school: &SchoolId, question: Question) -> Finding {
    let what = format!("first_logins = \"sign\" is set, and a rehearsal found otherwise: {}", question.asks());
    let repair = format!("`stoa school show {school}`; {}", page(Check::SchoolUnfit));
    Finding::new(Check::SchoolUnfit, school, what, repair)
}

pub(super) fn claim(connection: &Connection, domain: &str, claim: Option<&CustomerId>) -> Option<Finding> {
    let what = match claim {
        Some(owner) if owner == connection.customer() => return None,
        Some(owner) => format!("its domain {domain} is claimed by {owner}"),
        None => format!("nobody has claimed its domain {domain}"),
    };
    Some(Finding::new(Check::ClaimMissing, connection.id(), what, page(Check::ClaimMissing)))
}

pub(super) fn leads(connection: &Connection, domain: &str, leads: &[ConnectionId]) -> Option<Finding> {
    if !connection.document().discoverable || leads.contains(connection.id()) {
        return None;
    }
    let what = format!("/login does not lead to it from {domain}");
    Some(Finding::new(Check::LeadMissing, connection.id(), what, page(Check::LeadMissing)))
}

/// What is known of a connection's keys, and of their ends.
pub(super) fn trust(id: &ConnectionId, trusts: &Trusts, now: Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    let watches = std::iter::once(&trusts.watch).chain(trusts.key_sets.iter().map(|set| &set.watch));
    for watch in watches {
        found.extend(watched(id, watch, now));
    }
    let keys = trusts.keys.iter().filter_map(|key| key.certificate().ok()).filter(|key| !key.is_bare_key());
    let last = keys.map(|key| days_until(key.not_after(), now)).max();
    if let Some(days) = last.filter(|days| *days <= EXPIRING_DAYS) {
        let what = match days {
            1.. => ends("the last certificate that it trusts", days),
            _ => "every certificate that it trusts has expired".to_owned(),
        };
        let repair = format!("`stoa connection trust {id}`; docs/runbook/alarms/TrustKeyExpiring.md");
        found.push(Finding::new(Check::KeyExpiring, id, what, repair));
    }
    found
}

/// The certificates that stand in the connection's own file: ours, and those by which metadata is proven.
pub(super) fn own_keys(document: &ConnectionDocument, now: Timestamp) -> Vec<Finding> {
    let found = own_certificates(document).into_iter().filter_map(|(setting, certificate)| {
        let (check, days) = (Check::OwnKeyExpiring, days_until(certificate.not_after(), now));
        let what = ends(&format!("the last certificate of {setting}"), days);
        (days <= EXPIRING_DAYS)
            .then(|| Finding::new(check, &document.id, what, "docs/runbook/alarms/TrustKeyExpiring.md"))
    });
    found.collect()
}

fn watched(id: &ConnectionId, watch: &Watch, now: Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    let see = format!("`stoa connection trust {id}`");
    if let Some(held) = &watch.held {
        let what = format!("held since {}: {}", instant(held.since), held.what.as_str());
        let repair = format!("{see}; docs/runbook/alarms/TrustHeld.md");
        found.push(Finding::new(Check::TrustHeld, id, what, repair));
    } else if !watch.waiting.is_empty() {
        let what = number(watch.waiting.len(), "new key waits to be trusted", "new keys wait to be trusted");
        let repair = format!("{see}; docs/runbook/alarms/TrustKeysWaiting.md");
        found.push(Finding::new(Check::KeyWaiting, id, what, repair));
    }
    let failing = watch.failing_since.filter(|since| now.as_second() - since > UNREADABLE.as_secs());
    if let Some(since) = failing {
        let why = watch.failure.as_deref().unwrap_or("no reason is known");
        let what = format!("what its identity provider publishes cannot be read since {}: {why}", instant(since));
        found.push(Finding::new(Check::TrustUnreadable, id, what, "docs/runbook/alarms/TrustFetchFailing.md"));
    }
    found
}

/// Whether something is published for a connection and nobody has tried to read it for hours.
pub(super) fn is_unseen(connection: &Connection, item: &ConnectionItem, trusts: &Trusts, now: Timestamp) -> bool {
    let document = connection.document();
    let has_metadata = document.saml.as_ref().is_some_and(|saml| saml.metadata_url.is_some());
    let seen = |watch: &Watch| watch.failing_since.is_some() || watch.fetched.is_some_and(|at| is_recent(at, now));
    let metadata = has_metadata && !seen(&trusts.watch);
    let sets = trusts.key_sets.iter().any(|set| !seen(&set.watch) && !is_recent(set.item.at, now));
    // One that was just applied has not been looked at yet.
    (metadata || sets) && !is_recent(item.at, now)
}

fn is_recent(at: i64, now: Timestamp) -> bool {
    now.as_second() - at <= UNSEEN.as_secs()
}

/// One finding for all of them: it is one function that does not run.
pub(super) fn unseen(connections: &BTreeSet<String>) -> Option<Finding> {
    let names: Vec<&str> = connections.iter().map(String::as_str).collect();
    let what = format!("it has not looked for three hours at what is published for {}", names.join(", "));
    let repair = "docs/runbook/alarms/TrustRefreshAbsent.md";
    (!names.is_empty()).then(|| Finding::new(Check::TrustUnseen, "the function trust-refresh", what, repair))
}

/// That the last token of a SCIM client ends. Two can count at once, so a later one may be there already.
pub(super) fn token_end(id: &ConnectionId, tokens: &[ListedToken], now: Timestamp) -> Option<Finding> {
    let live = tokens.iter().filter(|listed| listed.token.is_live(now));
    let last = live.map(|listed| listed.token.expires.unwrap_or(i64::MAX)).max()?;
    let days = days_until(Timestamp::from_second(last).ok()?, now);
    let check = Check::ScimTokenExpiring;
    let repair = format!("`stoa scim token create {id}`; {}", page(check));
    let what = ends("the last token of its SCIM client", days);
    (days <= EXPIRING_DAYS).then(|| Finding::new(check, id, what, repair))
}

/// The tokens of a connection whose people its SCIM client tells, and whether it has told of any.
pub(super) fn scim(id: &ConnectionId, tokens: &[ListedToken], has_people: bool, now: Timestamp) -> Option<Finding> {
    let live = || tokens.iter().filter(|listed| listed.token.is_live(now));
    // One that was just made has not been put into the client yet.
    let Some(heard) = live().map(|listed| listed.used.unwrap_or_default().max(listed.token.created)).max() else {
        let what = "its SCIM client has no token that counts, so nothing that it sends is taken";
        let check = Check::ScimTokenMissing;
        return Some(Finding::new(check, id, what, format!("`stoa scim token create {id}`; {}", page(check))));
    };
    let is_silent = has_people && now.as_second() - heard > SCIM_SILENT.as_secs();
    let what = format!("its SCIM client has not come since {}", instant(heard));
    is_silent.then(|| Finding::new(Check::ScimSilent, id, what, page(Check::ScimSilent)))
}

/// That somebody who has left may still come in: by a connection that does not ask the directory beside it.
pub(super) fn unasked<'a>(connection: &Connection, others: impl Iterator<Item = &'a Connection>) -> Option<Finding> {
    let others = others.map(Connection::document);
    let beside = directories_beside(connection.document(), others).into_iter().next()?;
    let what = format!("whoever has left the directory of {beside} still comes in through it");
    let check = Check::DirectoryUnasked;
    let repair = format!("directory = {{ source = \"none\", of = \"{beside}\" }} in its file; {}", page(check));
    Some(Finding::new(check, connection.id(), what, repair))
}

/// What was last seen of a connection's directory at WorkOS, by the function that asks for it.
pub(super) fn workos((id, applied): (&ConnectionId, i64), seen: Option<&SyncItem>, now: Timestamp) -> Option<Finding> {
    let is_old = |at: i64, most: SignedDuration| now.as_second() - at > most.as_secs();
    let silent = |what: String, repair: &str| Some(Finding::new(Check::WorkosSilent, id, what, repair));
    let turn = seen.and_then(|seen| seen.turn_at).map(|at| at / 1000);
    // One that was just applied has not been asked yet.
    if turn.unwrap_or(applied).max(applied) < now.as_second() - WORKOS_SILENT.as_secs() {
        let what = match turn {
            Some(at) => format!("its directory at WorkOS was last asked {}", instant(at)),
            None => "its directory at WorkOS was never asked".to_owned(),
        };
        return silent(what, "docs/runbook/alarms/WorkosSyncAbsent.md");
    }
    let seen = seen?;
    if let Some(failing) = seen.failing.as_ref().filter(|failing| is_old(failing.since / 1000, WORKOS_FAILS)) {
        let since = instant(failing.since / 1000);
        let what = format!("its directory at WorkOS cannot be asked since {since}: {}", visible(&failing.fault));
        let known = Fault::of_code(&failing.fault);
        let repair = known.map_or_else(|| page(Check::WorkosSilent), |fault| fault_page(&fault));
        return silent(what, &repair);
    }
    if let Some(state) = seen.state.filter(|state| !state.is_listed_truly()) {
        let what = format!("its directory at WorkOS is {}", state.as_str());
        return Some(Finding::new(Check::WorkosUnlinked, id, what, page(Check::WorkosUnlinked)));
    }
    let missed = seen.arrivals.missing()?;
    let what = format!("its webhook has not told what happened {}", instant(missed / 1000));
    Some(Finding::new(Check::WorkosUnheard, id, what, page(Check::WorkosUnheard)))
}

fn fault_page(fault: &Fault) -> String {
    format!("docs/runbook/faults/{}.md", fault.code())
}

/// The newest logins of a connection, newest first. What people do to themselves is no finding.
pub(super) fn logins(id: &ConnectionId, newest: &[LoginItem]) -> Option<Finding> {
    let stopped = |login: &LoginItem| match login.steps.last().map(|step| &step.what) {
        Some(What::Stopped(fault)) if fault.face().actor != Actor::Person => Some(*fault),
        Some(_) | None => None,
    };
    if newest.iter().any(|login| login.state == State::Launched) {
        return None;
    }
    let refused: Vec<_> = newest.iter().filter_map(|login| Some((login, stopped(login)?))).collect();
    let (login, fault) = refused.first().filter(|_| refused.len() >= REFUSALS)?;
    // Never one alone (`REFUSALS`).
    let what = format!("none of its last {} logins got through; the last one ended in {}", refused.len(), fault.code());
    Some(Finding::new(Check::LoginsFailing, id, what, format!("`stoa trace {}`", login.reference)))
}

pub(super) fn contacts(document: &ConnectionDocument) -> Option<Finding> {
    let named = |at| document.contact.iter().any(|contact| contact.at == at);
    let what = match (named(ContactAt::Customer), named(ContactAt::School)) {
        (true, true) => return None,
        (true, false) => "its file names nobody at the school",
        (false, true) => "its file names nobody at the customer",
        (false, false) => "its file names nobody to call",
    };
    let repair = format!("{}; docs/connections.md explains [[contact]]", page(Check::ContactMissing));
    Some(Finding::new(Check::ContactMissing, &document.id, what, repair))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_s_certificate_is_told_before_it_ends_and_a_silent_host_elsewhere() {
        let now = Timestamp::UNIX_EPOCH;
        let told = |seen: HostMet| met("https://x.example", &seen, now).map(|finding| (finding.check, finding.what));
        let until = |days: i64| HostMet::Until(now + SignedDuration::from_hours(24 * days));
        assert_eq!(told(until(30)), None);
        for (days, what) in [(29, "expires in 29 days"), (1, "expires in 1 day"), (0, "has expired")] {
            let what = format!("its certificate {what}");
            assert_eq!(told(until(days)), Some((Check::HostCertificate, what)));
        }
        assert_eq!((told(HostMet::Plain), told(HostMet::Silent)), (None, None));
        assert_eq!(told(HostMet::Nameless).map(|(check, _)| check), Some(Check::HostUnresolved));
    }

    #[test]
    fn a_log_group_that_is_gone_is_found() {
        let [kept, forever] = ["/a", "/b"].map(|name| LogGroup { name: name.to_owned(), days: None });
        let kept = [LogGroup { days: Some(90), ..kept }, forever];
        let wanted = ["/a", "/b", "/c"].map(str::to_owned);
        let told: Vec<String> = log_groups(&wanted, &kept).iter().map(|found| found.about.clone()).collect();
        assert_eq!(told, ["log group /b", "log group /c"]);
    }
}
