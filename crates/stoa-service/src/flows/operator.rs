//! The command `stoa` asks, with a permission of its own to invoke this function: whose logins, which person, what
//! is stored of a token.
//!
//! The line that is logged says what was asked, not about whom; CloudTrail has who asked.

use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use stoa_core::directory::{KeyOf, ScimToken};
use stoa_core::email::Email;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::{email_key, person_key};
use stoa_core::keys::Pepper;
use stoa_core::webhook::{Step, Subscription, target_url};

use super::catalogue::catalogue;
use super::look::look;
use super::rehearsal::rehearse;
use super::webhook_subscriptions::webhook_subscriptions;
use crate::clients::Clients;
use crate::log_line::{Failed, Head, level, milliseconds};
use crate::operator::question::{Becomes, MOST_LOGINS, Meant, Named, Question, Reply, Told};

/// Answers one question of the command's.
pub async fn operator(clients: &Clients, event: Value, request: &str) -> Result<Value, Failure> {
    let began = Instant::now();
    let Ok(question) = serde_json::from_value::<Question>(event) else {
        clients.write(&Line::new(clients, request, None, began).failed(&Fault::EventStrange.into()));
        return reply(&Reply::not_understood());
    };
    let asked = question.name();
    let answer = answer(clients, question, clients.clock.now()).await;
    let line = Line::new(clients, request, Some(asked), began);
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            clients.write(&line.failed(&failure));
            let Failure { fault, detail, .. } = failure;
            return reply(&Reply::Refused { fault: fault.code().to_owned(), detail: detail.got });
        }
    };
    let found = match &answer {
        Reply::Logins(logins) => Some(logins.len()),
        Reply::Person(person) => Some(usize::from(person.is_some())),
        Reply::Webhooks(told) => Some(told.len()),
        Reply::Catalogue(has) => Some(has.courses.len() + has.groups.len()),
        Reply::GroupHashes(hashes) => Some(hashes.len()),
        Reply::Rehearsed(rehearsed) => Some(usize::from(rehearsed.finding.is_some())),
        Reply::Looked(looked) => looked.same_address.seen().map(Vec::len),
        Reply::ScimTokenHash(_) | Reply::Refused { .. } | Reply::NotUnderstood { .. } => None,
    };
    clients.write(&Line { found, ..line });
    reply(&answer)
}

async fn answer(clients: &Clients, question: Question, now: Timestamp) -> Result<Reply, Failure> {
    let pepper = async || Ok::<_, Failure>(Pepper::from_keys(&*clients.secrets.pepper(now).await?));
    match question {
        Question::FindLogins { school, email, since, limit } => {
            let who = email_key(&school, &address(&email)?, &pepper().await?);
            Ok(Reply::Logins(clients.store.logins_of(&who, since, limit.clamp(1, MOST_LOGINS)).await?))
        }
        Question::FindPerson { school, customer: _, named: Named::Email(email) } => {
            let email = email_key(&school, &address(&email)?, &pepper().await?);
            let owner = clients.store.email_owner(&email).await?.filter(|owner| !owner.has_lapsed(now));
            Ok(Reply::Person(owner.map(|owner| Meant { person: owner.person, email: Some(email) })))
        }
        Question::FindPerson { school: _, customer, named: Named::Subject(subject) } => {
            let person = person_key(&customer, &subject, &pepper().await?);
            Ok(Reply::Person(Some(Meant { person, email: None })))
        }
        Question::Webhooks { school, write } => {
            let steps = webhook_subscriptions(clients, &school, write, now).await?;
            let target = target_url(&clients.environment.public_url, &school);
            Ok(Reply::Webhooks(steps.into_iter().map(|step| told(step, &target)).collect()))
        }
        Question::Rehearse { school, scene } => {
            Ok(Reply::Rehearsed(Box::pin(rehearse(clients, &school, &scene, now)).await?))
        }
        Question::Look { connection, who } => {
            Ok(Reply::Looked(Box::new(look(clients, &connection, who.as_ref(), now).await)))
        }
        Question::Catalogue { school } => Ok(Reply::Catalogue(catalogue(clients, &school, now).await?)),
        Question::HashGroups { connection, names } => {
            let pepper = pepper().await?;
            let hashes = names.iter().map(|name| KeyOf::of_group(name, &connection, &pepper).hash).collect();
            Ok(Reply::GroupHashes(hashes))
        }
        Question::HashScimToken { connection, token } => {
            let token = ScimToken::from_header(&format!("Bearer {token}")).ok_or(Fault::EventStrange)?;
            Ok(Reply::ScimTokenHash(token.hash(&connection, &pepper().await?)))
        }
    }
}

fn told(step: Step, target: &str) -> Told {
    let of = |becomes, own: Subscription| Told { becomes, topic: own.topic, target_url: own.target_url };
    match step {
        Step::Keep(own) => of(Becomes::Kept, own),
        Step::Remove(own) => of(Becomes::Removed, own),
        Step::Leave(own) => of(Becomes::Left, own),
        Step::Create(topic) => {
            Told { becomes: Becomes::Created, topic: topic.to_owned(), target_url: target.to_owned() }
        }
    }
}

fn address(text: &str) -> Result<Email, Failure> {
    Email::parse(text).map_err(|_| Fault::AddressMalformed.into())
}

fn reply(reply: &Reply) -> Result<Value, Failure> {
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
    found: Option<usize>,
    #[serde(flatten)]
    failed: Option<Failed<'a>>,
    ms: u64,
}

impl<'a> Line<'a> {
    fn new(clients: &'a Clients, request: &'a str, asked: Option<&'static str>, began: Instant) -> Self {
        let head = Head::new(&clients.environment, request);
        Self { head, asked, found: None, failed: None, ms: milliseconds(began.elapsed()) }
    }

    fn failed(self, failure: &'a Failure) -> Self {
        Self { head: self.head.at(level(failure)), failed: Some(Failed::of(failure)), ..self }
    }
}
