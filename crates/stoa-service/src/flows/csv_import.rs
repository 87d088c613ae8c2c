//! People of a customer's directory, out of a file and into one. The command `stoa` asks, with a permission of its own
//! to invoke this function; a file that is put into the bucket starts it too, and the clock goes on with what broke off.
//!
//! What a file says of people goes through the same store as what a SCIM client says. The line that is logged says what
//! was asked and of which connection, not about whom.

mod file;
mod told;
mod uploads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use stoa_core::connection::{Connection, Source};
use stoa_core::directory::{
    Becomes, FileRow, KeyOf, KnownPerson, RowPlan, RowRefusal, UserId, leaving, unverified_address,
};
use stoa_core::email::Email;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::email_key;
use stoa_core::ids::{ConnectionId, EmailKey};
use stoa_core::keys::{KeySet, Pepper};

use self::told::Told;
use crate::clients::Clients;
use crate::log_line::{Failed, Head, level, milliseconds};
use crate::operator::import_question::{
    ATTEMPT, ExportedPerson, ImportQuestion, ImportReply, MOST_AT_ONCE, RowOutcome, StoredKey, Traces,
};
use crate::store::{Changed, Group, Key, Moved, People, Person, User};

/// People that are written at once.
const AT_ONCE: usize = 8;
/// How often what met another change is looked at again.
const TRIES: u32 = 6;

/// Answers one question of the command's.
pub async fn csv_import(clients: &Clients, event: Value, request: &str) -> Result<Value, Failure> {
    let began = Instant::now();
    let head = Head::new(&clients.environment, request);
    let line = |asked, connection, found| Line { head, asked, connection, found, failed: None, ms: 0 };
    let ms = || milliseconds(began.elapsed());
    match Told::of(&event) {
        Some(Told::Created(told)) => return uploads::created(clients, &told, request).await,
        Some(Told::Clock) => return uploads::go_on(clients, request).await,
        None => {}
    }
    let Ok(question) = serde_json::from_value::<ImportQuestion>(event) else {
        let failure = Fault::EventStrange.into();
        clients.write(&Line { ms: ms(), ..line(None, None, None).failed(&failure) });
        return reply(&ImportReply::not_understood());
    };
    let (asked, connection) = (Some(question.name()), question.connection().clone());
    // The function has longer, for files in the bucket; whoever waits at a terminal has given up by then.
    let answer = Box::pin(answer(clients, question, clients.clock.now()));
    let answer = tokio::time::timeout(ATTEMPT, answer).await;
    let answer = match answer.unwrap_or_else(|_elapsed| Err(Fault::DeadlineExceeded.into())) {
        Ok(answer) => answer,
        Err(failure) => {
            clients.write(&Line { ms: ms(), ..line(asked, Some(&connection), None).failed(&failure) });
            let Failure { fault, detail, .. } = failure;
            return reply(&ImportReply::Refused { fault: fault.code().to_owned(), detail: detail.got });
        }
    };
    let found = match &answer {
        ImportReply::Rows(rows) => Some(rows.iter().filter(|row| row.becomes != Becomes::Unchanged).count()),
        ImportReply::Leavers(people) => Some(people.len()),
        ImportReply::Export(people) => Some(people.len()),
        ImportReply::Traces(traces) => Some(traces.values.len()),
        ImportReply::Refused { .. } | ImportReply::NotUnderstood { .. } => None,
    };
    clients.write(&Line { ms: ms(), ..line(asked, Some(&connection), found) });
    reply(&answer)
}

/// What a question is answered from.
struct Desk<'a> {
    clients: &'a Clients,
    connection: Arc<Connection>,
    pepper: Pepper,
    sealing_keys: Arc<KeySet>,
    now: Timestamp,
}

impl<'a> Desk<'a> {
    async fn of(clients: &'a Clients, connection: &ConnectionId, now: Timestamp) -> Result<Self, Failure> {
        let connection = clients.store.connection_now(connection, now).await?;
        let pepper = Pepper::from_keys(&*clients.secrets.pepper(now).await?);
        let sealing_keys = clients.secrets.directory(now).await?;
        Ok(Self { clients, connection, pepper, sealing_keys, now })
    }

    fn people(&self) -> People<'_> {
        People {
            store: &self.clients.store,
            connection: self.connection.id(),
            sealing_keys: &self.sealing_keys,
            pepper: &self.pepper,
            now: self.now,
        }
    }

    /// Only a connection whose file says so takes people from files: else two sources would undo each other.
    fn takes_files(&self) -> Result<(), Failure> {
        match self.connection.directory().map(|directory| directory.source) {
            Some(Source::Csv) => Ok(()),
            Some(Source::None | Source::Scim | Source::Workos) | None => Err(Fault::CsvOff.into()),
        }
    }
}

async fn answer(clients: &Clients, question: ImportQuestion, now: Timestamp) -> Result<ImportReply, Failure> {
    let desk = Desk::of(clients, question.connection(), now).await?;
    match question {
        ImportQuestion::Rows { rows, write, .. } => {
            desk.takes_files()?;
            at_most(rows.len())?;
            Ok(ImportReply::Rows(take(&desk, &rows, write).await?))
        }
        ImportQuestion::Leavers { people, write, .. } => {
            desk.takes_files()?;
            at_most(people.len())?;
            Ok(ImportReply::Leavers(leave(&desk, &people, write).await?))
        }
        ImportQuestion::Export { people, .. } => {
            at_most(people.len())?;
            let found = desk.people().together(&people.into_iter().collect()).await?;
            let exported = found.into_values().filter_map(exported).collect::<Result<_, _>>()?;
            Ok(ImportReply::Export(exported))
        }
        ImportQuestion::Traces { person, .. } => Ok(ImportReply::Traces(traces(&desk, &person).await?)),
    }
}

fn at_most(count: usize) -> Result<(), Failure> {
    if count <= MOST_AT_ONCE { Ok(()) } else { Err(Failure::noted(Fault::EventStrange, "more than are taken at once")) }
}

/// A row's place among those that were asked about, what is to be done about it, and whom it changes.
struct Planned {
    at: usize,
    plan: RowPlan,
    before: Option<User>,
}

/// Whom rows may name, as far as the directory knows them: one read for each address and id.
async fn named(desk: &Desk<'_>, rows: &[FileRow]) -> Result<Vec<UserId>, Failure> {
    let keys = rows.iter().flat_map(|row| <[_; 2]>::from(row.keys(desk.connection.id(), &desk.pepper)));
    let owners = desk.people().owners(&keys.flatten().collect()).await?;
    Ok(owners.into_values().filter_map(|id| UserId::parse(&id).ok()).collect())
}

/// What becomes of rows. What met another change is looked at again, until all of it is settled: what is settled is not
/// touched any more.
async fn take(desk: &Desk<'_>, rows: &[FileRow], writes: bool) -> Result<Vec<RowOutcome>, Failure> {
    let mut outcomes: BTreeMap<usize, RowOutcome> = BTreeMap::new();
    for trial in 1..=TRIES {
        let open = rows.iter().enumerate().filter(|(at, _)| !outcomes.contains_key(at)).collect();
        let plans = plan(desk, open).await?;
        let plans = match writes {
            true => carry_out(desk, plans, trial == TRIES).await?,
            false => plans,
        };
        let done = plans.into_iter().filter_map(|Planned { at, plan, .. }| {
            Some((at, RowOutcome { line: rows.get(at)?.line, becomes: plan.becomes, user: plan.user }))
        });
        outcomes.extend(done);
        if outcomes.len() == rows.len() {
            return Ok(outcomes.into_values().collect());
        }
    }
    Err(Failure::noted(Fault::StoreContended, "people of a file"))
}

async fn plan(desk: &Desk<'_>, rows: Vec<(usize, &FileRow)>) -> Result<Vec<Planned>, Failure> {
    let (people, connection) = (desk.people(), &desk.connection);
    let keys: Vec<_> = rows.iter().map(|(_, row)| row.keys(connection.id(), &desk.pepper)).collect();
    let values: BTreeSet<KeyOf> = keys.iter().flat_map(|(email, id)| email.iter().chain(id)).cloned().collect();
    let owners: BTreeMap<KeyOf, UserId> = people
        .owners(&values)
        .await?
        .into_iter()
        .filter_map(|(key, id)| Some((key, UserId::parse(&id).ok()?)))
        .collect();
    let mut known: BTreeMap<UserId, (User, Vec<String>)> = BTreeMap::new();
    for (id, Person { user, groups }) in people.together(&owners.values().cloned().collect()).await? {
        let groups = groups.into_iter().map(|(group, _)| group.profile.naming().to_owned()).collect();
        known.extend(user.map(|user| (id, (user, groups))));
    }
    let mut plans = Vec::new();
    for ((at, row), (email, id)) in rows.into_iter().zip(&keys) {
        let who = |key: &Option<KeyOf>| {
            let (user, groups) = known.get(owners.get(key.as_ref()?)?)?;
            Some(KnownPerson { id: &user.item.id, profile: &user.profile, groups })
        };
        plans.push(Planned { at, plan: row.plan(who(email), who(id), connection), before: None });
    }
    for planned in &mut plans {
        planned.before = planned.plan.user.as_ref().and_then(|user| known.remove(user)).map(|(user, _)| user);
    }
    Ok(plans)
}

/// Does what is planned, and returns what of it is done: people first, then whom groups gain, then whom they lose, so
/// that whoever moves from one to another with the same courses keeps them.
async fn carry_out(desk: &Desk<'_>, plans: Vec<Planned>, is_last: bool) -> Result<Vec<Planned>, Failure> {
    let write = |planned: Planned| write_person(desk, planned, is_last);
    let written: Vec<Option<Planned>> = stream::iter(plans).map(write).buffered(AT_ONCE).try_collect().await?;
    let written: Vec<Planned> = written.into_iter().flatten().collect();
    let (mut joins, mut leaves) = (BTreeMap::<String, Moved>::new(), BTreeMap::<String, Moved>::new());
    for Planned { plan, .. } in &written {
        let Some(user) = &plan.user else { continue };
        for name in &plan.joins {
            joins.entry(name.clone()).or_default().joins.insert(user.clone());
        }
        for name in &plan.leaves {
            leaves.entry(name.clone()).or_default().leaves.insert(user.clone());
        }
    }
    for moved in [joins, leaves] {
        let groups = desk.people().groups_named(&moved.keys().cloned().collect()).await?;
        let moved: Vec<(Group, Moved)> =
            moved.into_iter().filter_map(|(name, moved)| Some((groups.get(&name)?.clone(), moved))).collect();
        let move_members =
            |(group, moved): (Group, Moved)| async move { desk.people().move_members(&group, &moved).await };
        let () = stream::iter(moved).map(move_members).buffer_unordered(AT_ONCE).try_collect().await?;
    }
    Ok(written)
}

/// `None`: it met another change, and has to be looked at again.
async fn write_person(desk: &Desk<'_>, planned: Planned, is_last: bool) -> Result<Option<Planned>, Failure> {
    let Planned { at, plan, before } = planned;
    let people = desk.people();
    let changed = match (&plan.profile, &plan.user, &before) {
        (None, _, _) => return Ok(Some(Planned { at, plan, before })),
        (Some(profile), None, _) => people.create_user(profile).await?,
        (Some(profile), Some(_), Some(before)) => people.change_user(before, profile).await?,
        // Another row has changed them.
        (Some(_), Some(_), None) => Changed::Meanwhile,
    };
    let plan = match changed {
        Changed::Applied(user) => RowPlan { user: Some(user.item.id), ..plan },
        Changed::Taken(_) if is_last => {
            let becomes = Becomes::Refused(RowRefusal::AddressOfAnother);
            RowPlan { becomes, joins: BTreeSet::new(), leaves: BTreeSet::new(), ..plan }
        }
        // It was free when this was planned. The next plan says whose it is: perhaps this very row has been written, by a
        // call that was cut off.
        Changed::Taken(_) | Changed::Meanwhile => return Ok(None),
    };
    Ok(Some(Planned { at, plan, before }))
}

/// Lets people leave, and says who of them was still there.
async fn leave(desk: &Desk<'_>, people: &[UserId], writes: bool) -> Result<Vec<UserId>, Failure> {
    let leave = |id: UserId| async move {
        for _ in 0..TRIES {
            let Some(before) = desk.people().user(&id).await? else { return Ok(None) };
            let Some(profile) = leaving(&before.profile) else { return Ok(None) };
            if !writes {
                return Ok(Some(id));
            }
            if let Changed::Applied(_) = desk.people().change_user(&before, &profile).await? {
                return Ok(Some(id));
            }
        }
        Err(Failure::noted(Fault::StoreContended, "somebody who leaves"))
    };
    let left: Vec<Option<UserId>> = stream::iter(people.to_vec()).map(leave).buffered(AT_ONCE).try_collect().await?;
    Ok(left.into_iter().flatten().collect())
}

fn exported(person: Person) -> Option<Result<ExportedPerson, Failure>> {
    let user = person.user?;
    let profile = serde_json::from_str(&user.profile.to_json()).map_err(|_| Failure::from(Fault::Internal));
    let groups = person.groups.iter().map(|(group, _)| group.profile.naming().to_owned()).collect();
    let item = user.item;
    Some(profile.map(|profile| ExportedPerson {
        id: item.id,
        active: item.active,
        created: item.created,
        modified: item.modified,
        email: unverified_address(&user.profile).to_owned(),
        profile,
        groups,
    }))
}

async fn traces(desk: &Desk<'_>, person: &UserId) -> Result<Traces, Failure> {
    let stored = |key: Key| StoredKey { pk: key.pk, sk: key.sk.unwrap_or_default() };
    let Some(user) = desk.people().user(person).await? else {
        let former = desk.people().former_key(person).await?;
        return Ok(Traces { values: former.map(stored).into_iter().collect(), ..Traces::default() });
    };
    let values = desk.people().value_keys(&user).await?.into_iter().map(stored).collect();
    let addresses = user.profile.folded_emails().into_iter().chain([user.profile.naming().to_owned()]);
    let school = desk.connection.school();
    let key = |address: String| Some(email_key(school, &Email::parse(&address).ok()?, &desk.pepper));
    let mut emails: Vec<EmailKey> = Vec::new();
    for key in addresses.filter_map(key) {
        if !emails.contains(&key) {
            emails.push(key);
        }
    }
    Ok(Traces { values, emails })
}

fn reply(reply: &ImportReply) -> Result<Value, Failure> {
    serde_json::to_value(reply).map_err(|_| Fault::Internal.into())
}

/// The log line. `docs/logging.md` describes each field.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    /// `null`: a question of another version.
    asked: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'a ConnectionId>,
    /// How many people, items or files were found or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<usize>,
    #[serde(flatten)]
    failed: Option<Failed<'a>>,
    ms: u64,
}

impl<'a> Line<'a> {
    fn failed(self, failure: &'a Failure) -> Self {
        Self { head: self.head.at(level(failure)), failed: Some(Failed::of(failure)), ..self }
    }
}
