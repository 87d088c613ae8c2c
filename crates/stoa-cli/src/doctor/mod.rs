//! `stoa doctor`: whether the stack and its connections are as they should be, and what puts right what is not.
//!
//! What a check needs is read here; what follows from it is decided in [`findings`]. A check that could not be made is a
//! finding, too: silence would look like health.

mod check;
mod findings;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use stoa_core::connection::{Connection, ConnectionDocument, ConnectionState, Source};
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::rehearsal::{Question, unfit_for};
use stoa_core::routes::ROUTES;
use stoa_service::operator::{
    HostMet, ListedSecret, LoginsWanted, OperatorError, SecretName, SecretOwner, StackAccess,
};
use stoa_service::store::ConnectionItem;

pub(crate) use check::Check;
use findings::Finding;

use crate::arguments::Target;
use crate::number::number;
use crate::stack::Access;
use crate::trace::groups;
use crate::{CliError, Io};

/// How far back logins are looked at, in seconds.
const A_DAY: i64 = 24 * 3600;
/// How many logins of a connection are looked at.
const LOGINS: usize = 50;

/// What came of all checks.
#[derive(Default)]
pub(crate) struct Looked {
    /// What is not as it should be.
    pub(crate) found: Vec<Finding>,
    /// What somebody may want to know, and is no finding.
    remarks: Vec<String>,
}

/// A connection that holds together, and its item.
type Stored = (ConnectionItem, Connection);

/// Makes every check and prints what it finds. Something found is an error, so that a monitor notices.
pub(crate) async fn run(target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let access = target.read(io)?;
    access.check_account().await?;
    let public_url = target.public_url(io)?;
    let Looked { found, remarks } = look(&access, &public_url, Timestamp::now()).await;
    remarks.iter().try_for_each(|remark| io.say(&format!("Not a finding: {remark}")))?;
    if found.is_empty() {
        return io.say(&format!("Nothing found in {}.", number(Check::ALL.len(), "check", "checks")));
    }
    for finding in &found {
        io.say(&finding.line())?;
        io.say(&format!("    {}", finding.repair))?;
    }
    Err(CliError::Found(found.len()))
}

/// Every check, and what it found.
pub(crate) async fn look(access: &Access, public_url: &str, now: Timestamp) -> Looked {
    let operator = &access.operator;
    let mut found = host(operator, public_url, now).await;
    found.extend(shifts(operator, &access.stack).await);
    found.extend(runs(operator, &access.stack).await);
    let mut remarks = Vec::new();
    found.extend(records(operator, &access.stack, &mut remarks).await);
    match operator.concurrency().await {
        Ok(at_once) => found.extend(findings::concurrency(at_once)),
        Err(error) => found.push(Finding::not_checked("the account's limits", &error)),
    }
    let connections = stored(operator, &mut found).await;
    let listed = secrets(operator, &connections, &mut found).await;
    if let Some((_, connection)) = connections.first() {
        let silent = function(operator, connection, &listed).await;
        if silent.is_empty() {
            let open = connections.iter().map(|(_, connection)| connection).filter(|connection| is_open(connection));
            found.extend(schools(operator, open, &listed, now).await);
        }
        found.extend(silent);
    }
    if let Some((item, _)) = connections.iter().find(|(_, connection)| connection.id().is_probe()) {
        match operator.probed().await {
            Ok(last) => found.extend(findings::probe(item, last, now)),
            Err(error) => found.push(Finding::not_checked("the probe's last login", &error)),
        }
    }
    found.extend(each(operator, &connections, now).await);
    let schools = connections.iter().map(|(_, connection)| connection.school());
    found.extend(rehearsed(operator, schools, &mut remarks).await);
    Looked { found, remarks }
}

/// The connections that are stored. One that does not hold together is found here, and looked at no further.
async fn stored(operator: &StackAccess, found: &mut Vec<Finding>) -> Vec<Stored> {
    let items = match operator.list().await {
        Ok(items) => items,
        Err(error) => {
            found.push(Finding::not_checked("connections", &error));
            return Vec::new();
        }
    };
    let mut connections = Vec::new();
    for item in items {
        match operator.valid(&item) {
            Ok(connection) => connections.push((item, connection)),
            Err(error) => found.push(findings::broken(&item, &error)),
        }
    }
    connections
}

/// The secrets that are there. A connection that is closed needs none of its own.
async fn secrets(operator: &StackAccess, connections: &[Stored], found: &mut Vec<Finding>) -> Vec<ListedSecret> {
    let listed = match operator.list_secrets().await {
        Ok(listed) => listed,
        Err(error) => {
            found.push(Finding::not_checked("secrets", &error));
            return Vec::new();
        }
    };
    let documents = |is_wanted: fn(&Connection) -> bool| -> Vec<&ConnectionDocument> {
        let wanted = connections.iter().map(|(_, connection)| connection).filter(|connection| is_wanted(connection));
        wanted.map(Connection::document).collect()
    };
    found.extend(findings::missing_secrets(&listed, &documents(is_open)));
    for secret in listed.iter().filter(|secret| secret.deleted.is_none()) {
        if is_nobodys(operator, secret).await {
            found.extend(findings::unowned_secret(secret, &documents(|_| true)));
        }
    }
    listed
}

/// What has to hold of each connection. Of one that is closed, nothing: nobody comes in through it, and a customer who has
/// left would be found for ever.
async fn each(operator: &StackAccess, connections: &[Stored], now: Timestamp) -> Vec<Finding> {
    let (mut found, mut unseen) = (Vec::new(), BTreeSet::new());
    for (item, connection) in connections.iter().filter(|(_, connection)| is_open(connection)) {
        let id = connection.id();
        match operator.trusts(id).await {
            Ok(trusts) => {
                found.extend(findings::trust(id, &trusts, now));
                if findings::is_unseen(connection, item, &trusts, now) {
                    unseen.insert(id.to_string());
                }
            }
            Err(error) => found.push(Finding::not_checked(&format!("keys of {id}"), &error)),
        }
        found.extend(findings::own_keys(connection.document(), now));
        found.extend(findings::secret_end(connection.document(), now));
        found.extend(source(operator, item, connection, now).await);
        if connection.state == ConnectionState::Active {
            let others = connections.iter().map(|(_, other)| other).filter(|other| is_open(other));
            found.extend(findings::unasked(connection, others));
            found.extend(active(operator, item, connection, now).await);
        }
    }
    found.extend(findings::unseen(&unseen));
    found
}

/// Where a connection's people come from.
async fn source(
    operator: &StackAccess,
    item: &ConnectionItem,
    connection: &Connection,
    now: Timestamp,
) -> Vec<Finding> {
    let id = connection.id();
    match connection.directory().map(|directory| directory.source) {
        Some(Source::Workos) => match operator.workos_seen(id).await {
            Ok(seen) => findings::workos((id, item.at), seen.as_ref(), now).into_iter().collect(),
            Err(error) => vec![Finding::not_checked(&format!("directory of {id}"), &error)],
        },
        Some(Source::Scim) => match scim(operator, connection, now).await {
            Ok(scim) => scim,
            Err(error) => vec![Finding::not_checked(&format!("SCIM tokens of {id}"), &error)],
        },
        Some(Source::Csv | Source::None) | None => Vec::new(),
    }
}

fn is_open(connection: &Connection) -> bool {
    connection.state != ConnectionState::Disabled
}

/// Each school that connections lead to which are not closed, as it answers now and as it was last looked at. That it is
/// not stored is found where its connections are looked at.
async fn schools(
    operator: &StackAccess,
    connections: impl Iterator<Item = &Connection>,
    listed: &[ListedSecret],
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let schools: BTreeMap<&SchoolId, &ConnectionId> =
        connections.map(|connection| (connection.school(), connection.id())).collect();
    for (school, connection) in schools {
        match school_stands(operator, school, connection, listed, now).await {
            Ok(findings) => found.extend(findings),
            Err(error) => found.push(Finding::not_checked(&format!("school {school}"), &error)),
        }
    }
    found
}

async fn school_stands(
    operator: &StackAccess,
    school: &SchoolId,
    connection: &ConnectionId,
    listed: &[ListedSecret],
    now: Timestamp,
) -> Result<Vec<Finding>, OperatorError> {
    let mut found = Vec::new();
    if operator.school_item(school).await?.is_none() {
        return Ok(found);
    }
    let api = operator.look_at_school(connection).await?;
    let is_asked = api.seen().is_some_and(|api| api.keyed == Some(200));
    found.extend(findings::admin_api(school, &api, listed));
    if is_asked {
        match operator.webhooks(school, false).await {
            Ok(told) => found.extend(findings::webhooks(school, &told)),
            // The Admin API has just taken the key, so it is the Webhooks API that takes none: `webhooks_key` of a rehearsal.
            Err(OperatorError::Refused { fault, .. }) if fault == Fault::ThinkificKeyRefused.code() => {}
            Err(error) => found.push(Finding::not_checked(&format!("webhooks of {school}"), &error)),
        }
    }
    if let Some(mirror) = operator.school_mirror(school).await? {
        found.extend(findings::mirror(school, &mirror, now));
    }
    Ok(found)
}

/// Schools whose settings do not go with what was found of them. Of whom nobody has asked what is not documented, nothing
/// is wrong with them.
async fn rehearsed(
    operator: &StackAccess,
    schools: impl Iterator<Item = &SchoolId>,
    remarks: &mut Vec<String>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for school in schools.collect::<BTreeSet<_>>() {
        match unfit(operator, school).await {
            Ok(Some(questions)) => found.extend(questions.into_iter().map(|it| findings::unfit(school, it))),
            Ok(None) => remarks.push(format!("{school} was never rehearsed: `stoa school rehearse {school}`")),
            Err(error) => found.push(Finding::not_checked(&format!("school {school}"), &error)),
        }
    }
    found
}

/// What a rehearsal found that the school's file goes against; `None`: there was none.
async fn unfit(operator: &StackAccess, school: &SchoolId) -> Result<Option<Vec<Question>>, OperatorError> {
    let Some(rehearsal) = operator.rehearsal(school).await? else { return Ok(None) };
    let Some(item) = operator.school_item(school).await? else { return Ok(Some(Vec::new())) };
    Ok(Some(unfit_for(item.document()?.first_logins, &rehearsal.findings())))
}

/// Whether a secret is nobody's. Where that cannot be said, it is not: the repair would remove it.
async fn is_nobodys(operator: &StackAccess, secret: &ListedSecret) -> bool {
    match SecretName::parse(&secret.name) {
        Some(name) => matches!(operator.owner_of(&name).await, Ok(SecretOwner::Nobody)),
        None => true,
    }
}

/// What has to hold of a connection that everybody may come through.
async fn active(
    operator: &StackAccess,
    item: &ConnectionItem,
    connection: &Connection,
    now: Timestamp,
) -> Vec<Finding> {
    let id = connection.id();
    let mut found: Vec<_> = findings::contacts(connection.document()).into_iter().collect();
    match standing(operator, connection).await {
        Ok(standing) => found.extend(standing),
        Err(error) => found.push(Finding::not_checked(&format!("domains of {id}"), &error)),
    }
    let since = Timestamp::from_second((now.as_second() - A_DAY).max(item.at)).ok();
    let wanted = LoginsWanted { connection: id, since, email: None, limit: LOGINS };
    match operator.logins(wanted, |login| !login.test).await {
        Ok(logins) => found.extend(findings::logins(id, &logins.logins)),
        Err(error) => found.push(Finding::not_checked(&format!("logins of {id}"), &error)),
    }
    found
}

/// What is known of a connection's SCIM client. Until the connection is open to everybody, it may not have one.
async fn scim(operator: &StackAccess, connection: &Connection, now: Timestamp) -> Result<Vec<Finding>, OperatorError> {
    let id = connection.id();
    let tokens = operator.scim_tokens(id).await?;
    let mut found: Vec<_> = findings::token_end(id, &tokens, now).into_iter().collect();
    if connection.state == ConnectionState::Active {
        found.extend(findings::scim(id, &tokens, operator.has_people(id).await?, now));
    }
    Ok(found)
}

/// What other items say of the connection's domains and school.
async fn standing(operator: &StackAccess, connection: &Connection) -> Result<Vec<Finding>, OperatorError> {
    let (id, document) = (connection.id(), connection.document());
    let mut found = Vec::new();
    if operator.school_item(connection.school()).await?.is_none() {
        found.push(findings::no_school(id, connection.school()));
    }
    for domain in &document.domains {
        let claim = operator.claim(connection.school(), domain).await?;
        found.extend(findings::claim(connection, domain, claim.as_ref()));
        let leads = operator.leads(domain).await?;
        found.extend(findings::leads(connection, domain, &leads));
    }
    Ok(found)
}

async fn host(operator: &StackAccess, public_url: &str, now: Timestamp) -> Vec<Finding> {
    let met = operator.meet_host(public_url).await;
    let found = findings::met(public_url, &met, now);
    if matches!(met, HostMet::Nameless | HostMet::Unaccepted(_)) {
        return found.into_iter().collect();
    }
    let page = opened(operator, public_url).await;
    found.into_iter().chain(page).collect()
}

async fn opened(operator: &StackAccess, public_url: &str) -> Vec<Finding> {
    match operator.look_at_host(public_url).await {
        Ok(seen) => findings::host(public_url, &seen),
        Err(error) => vec![findings::no_host(public_url, &error)],
    }
}

async fn shifts(operator: &StackAccess, stack: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for function in ROUTES {
        let name = format!("{stack}-{}", function.name);
        match operator.traffic(&name).await {
            Ok(traffic) => found.extend(findings::shift(&name, &traffic)),
            Err(error) => found.push(Finding::not_checked(&format!("function {name}"), &error)),
        }
    }
    found
}

/// What starts by itself: whether it does, and whether anybody would hear that it does not.
async fn runs(operator: &StackAccess, stack: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for function in ROUTES.iter().filter(|function| function.schedule.is_some()) {
        let name = format!("{stack}-{}", function.name);
        match operator.is_scheduled(&name).await {
            Ok(is_on) => found.extend(findings::schedule(&name, is_on)),
            Err(error) => found.push(Finding::not_checked(&format!("schedule {name}"), &error)),
        }
    }
    if operator.failure_queues().is_empty() {
        found.push(findings::unnamed("FailureQueues"));
    }
    for url in operator.failure_queues() {
        match operator.queued(url).await {
            Ok(messages) => found.extend(findings::failures(url, messages)),
            Err(error) => found.push(Finding::not_checked(&format!("queue {url}"), &error)),
        }
    }
    match operator.alarm_topic() {
        Some(topic) => match operator.alarm_subscribers(topic).await {
            Ok(who) => found.extend(findings::subscribers(topic, who)),
            Err(error) => found.push(Finding::not_checked("who is told of alarms", &error)),
        },
        None => found.push(findings::unnamed("AlarmTopic")),
    }
    found
}

/// What is written down: lines of logs, and what is done in the account.
async fn records(operator: &StackAccess, stack: &str, remarks: &mut Vec<String>) -> Vec<Finding> {
    let (mut found, wanted) = (Vec::new(), groups(stack));
    for prefix in [format!("/aws/lambda/{stack}-"), format!("/aws/vendedlogs/{stack}-")] {
        let own: Vec<String> = wanted.iter().filter(|name| name.starts_with(&prefix)).cloned().collect();
        match operator.log_groups(&prefix).await {
            Ok(kept) => found.extend(findings::log_groups(&own, &kept)),
            Err(error) => found.push(Finding::not_checked(&format!("log groups {prefix}…"), &error)),
        }
    }
    match operator.trail().await {
        Ok(trail) => {
            found.extend(findings::trail(trail));
            if trail.is_on && !trail.has_invocations {
                let what = "no trail records who asks the function operator: docs/runbook/doctor.md#trail_off";
                remarks.push(what.to_owned());
            }
        }
        Err(error) => found.push(Finding::not_checked("the account's trail", &error)),
    }
    found
}

/// The function `operator`. That it lacks the pepper is found where secrets are looked at.
async fn function(operator: &StackAccess, connection: &Connection, listed: &[ListedSecret]) -> Vec<Finding> {
    match operator.operator_answers(connection).await {
        Ok(()) => Vec::new(),
        Err(OperatorError::Refused { fault, .. }) if fault == "secret_broken" && !findings::has_pepper(listed) => {
            Vec::new()
        }
        Err(error) => vec![findings::operator(&error)],
    }
}
