//! `stoa doctor`: whether the stack and its connections are as they should be, and what puts right what is not.
//!
//! What a check needs is read here; what follows from it is decided in [`findings`]. A check that could not be made is a
//! finding, too: silence would look like health.

mod check;
mod findings;

use std::collections::BTreeSet;

use jiff::Timestamp;
use stoa_core::connection::{Connection, ConnectionState};
use stoa_core::ids::SchoolId;
use stoa_core::rehearsal::{Question, unfit_for};
use stoa_core::routes::ROUTES;
use stoa_service::operator::{ListedSecret, LoginsWanted, Operator, OperatorError, SecretName, SecretOwner};
use stoa_service::store::ConnectionItem;

pub(crate) use check::Check;
use findings::Finding;

use crate::arguments::Target;
use crate::stack::Access;
use crate::{CliError, Io};

/// How far back logins are looked at, in seconds.
const A_DAY: i64 = 24 * 3600;
/// How many logins of a connection are looked at.
const LOGINS: usize = 50;

/// Makes every check and prints what it finds. Something found is an error, so that a monitor notices.
pub(crate) async fn run(target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let access = target.read(io)?;
    let public_url = target.public_url(io)?;
    let found = look(&access, &public_url, Timestamp::now()).await;
    for school in never_rehearsed(&access.operator).await {
        io.say(&format!("Not a finding: {school} was never rehearsed: `stoa school rehearse {school}`"))?;
    }
    if found.is_empty() {
        return io.say(&format!("Nothing found in {} checks.", Check::ALL.len()));
    }
    for finding in &found {
        io.say(&finding.line())?;
        io.say(&format!("    {}", finding.repair))?;
    }
    Err(CliError::Found(found.len()))
}

/// Every check, and what it found.
pub(crate) async fn look(access: &Access, public_url: &str, now: Timestamp) -> Vec<Finding> {
    let operator = &access.operator;
    let mut found = host(operator, public_url).await;
    found.extend(shifts(operator, &access.stack).await);
    let items = match operator.list().await {
        Ok(items) => items,
        Err(error) => {
            found.push(Finding::not_checked("connections", &error));
            Vec::new()
        }
    };
    let mut connections = Vec::new();
    for item in items {
        match operator.valid(&item) {
            Ok(connection) => connections.push((item, connection)),
            Err(error) => found.push(findings::broken(&item, &error)),
        }
    }
    let listed = operator.list_secrets().await;
    let documents: Vec<_> = connections.iter().map(|(_, connection)| connection.document()).collect();
    match &listed {
        Ok(listed) => {
            found.extend(findings::missing_secrets(listed, &documents));
            for secret in listed.iter().filter(|secret| secret.deleted.is_none()) {
                if is_nobodys(operator, secret).await {
                    found.extend(findings::unowned_secret(secret, &documents));
                }
            }
        }
        Err(error) => found.push(Finding::not_checked("secrets", error)),
    }
    if let Some((_, connection)) = connections.first() {
        found.extend(function(operator, connection, listed.as_deref().unwrap_or_default()).await);
    }
    let mut unseen = BTreeSet::new();
    for (item, connection) in &connections {
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
        if connection.state == ConnectionState::Active {
            found.extend(active(operator, item, connection, now).await);
        }
    }
    found.extend(findings::unseen(&unseen));
    found.extend(schools(operator, connections.iter().map(|(_, connection)| connection.school())).await);
    found
}

/// Schools whose settings do not go with what was found of them.
async fn schools(operator: &Operator, schools: impl Iterator<Item = &SchoolId>) -> Vec<Finding> {
    let mut found = Vec::new();
    for school in schools.collect::<BTreeSet<_>>() {
        match unfit(operator, school).await {
            Ok(questions) => found.extend(questions.into_iter().map(|it| findings::unfit(school, it))),
            Err(error) => found.push(Finding::not_checked(&format!("school {school}"), &error)),
        }
    }
    found
}

async fn unfit(operator: &Operator, school: &SchoolId) -> Result<Vec<Question>, OperatorError> {
    let (item, rehearsal) = (operator.school_item(school).await?, operator.rehearsal(school).await?);
    let Some((item, rehearsal)) = item.zip(rehearsal) else { return Ok(Vec::new()) };
    Ok(unfit_for(item.document()?.first_logins, &rehearsal.findings()))
}

/// Schools of which nobody has asked what is not documented. Nothing is wrong with them. What cannot be read here is a
/// finding already.
async fn never_rehearsed(operator: &Operator) -> BTreeSet<SchoolId> {
    let mut schools = BTreeSet::new();
    for item in operator.list().await.unwrap_or_default() {
        let Ok(connection) = operator.valid(&item) else { continue };
        let school = connection.school();
        if !schools.contains(school) && matches!(operator.rehearsal(school).await, Ok(None)) {
            schools.insert(school.clone());
        }
    }
    schools
}

/// Whether a secret is nobody's. Where that cannot be said, it is not: the repair would remove it.
async fn is_nobodys(operator: &Operator, secret: &ListedSecret) -> bool {
    match SecretName::parse(&secret.name) {
        Some(name) => matches!(operator.owner_of(&name).await, Ok(SecretOwner::Nobody)),
        None => true,
    }
}

/// What has to hold of a connection that everybody may come through.
async fn active(operator: &Operator, item: &ConnectionItem, connection: &Connection, now: Timestamp) -> Vec<Finding> {
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

/// What other items say of the connection's domains and school.
async fn standing(operator: &Operator, connection: &Connection) -> Result<Vec<Finding>, OperatorError> {
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

async fn host(operator: &Operator, public_url: &str) -> Vec<Finding> {
    match operator.look_at_host(public_url).await {
        Ok(seen) => findings::host(public_url, &seen),
        Err(error) => vec![findings::no_host(public_url, &error)],
    }
}

async fn shifts(operator: &Operator, stack: &str) -> Vec<Finding> {
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

/// The function `operator`. That it lacks the pepper is found where secrets are looked at.
async fn function(operator: &Operator, connection: &Connection, listed: &[ListedSecret]) -> Vec<Finding> {
    match operator.operator_answers(connection).await {
        Ok(()) => Vec::new(),
        Err(OperatorError::Refused { fault, .. }) if fault == "secret_broken" && !findings::has_pepper(listed) => {
            Vec::new()
        }
        Err(error) => vec![findings::operator(&error)],
    }
}
