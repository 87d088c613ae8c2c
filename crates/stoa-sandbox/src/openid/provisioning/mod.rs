//! The SCIM clients of Entra and Okta (RFC 7644): what their consoles send to an application while people are assigned to
//! it, taken away again, and put into groups.
//!
//! Each sends what its product sends, oddities included, and believes the application as little: an answer of another
//! status or without an `id` is an error that the console shows. Okta sends as soon as something is assigned; Entra in
//! cycles, which take 40 minutes there and one click here.

mod client;
mod entra;
mod okta;
mod page;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::client::Exchange;
pub(super) use self::page::router;

use self::client::{Client, Failed};
use super::people::Person;
use super::product::Product;
use super::{OpenId, Shared};

/// What an administrator does in the console.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Enters where the application is, and the token, and tests the connection.
    Connect {
        /// Entra: Tenant URL. Okta: base URL.
        address: String,
        /// The bearer token.
        token: String,
    },
    /// Assigns a person.
    Assign {
        /// Their login.
        person: String,
    },
    /// Takes a person's assignment away.
    Unassign {
        /// Their login.
        person: String,
    },
    /// Pushes a group, or the one of that name as it is now.
    PushGroup {
        /// Its name, in the application too.
        name: String,
        /// The logins of its members, with blanks between them.
        members: String,
    },
    /// Pushes a group no longer, and has it deleted.
    UnlinkGroup {
        /// Its name, in the application too.
        name: String,
    },
    /// Sends whatever has changed. Okta: the profiles of everybody who is assigned ("Force Sync").
    Cycle,
}

/// What Entra or Okta knows of the application that it provisions.
#[derive(Debug, Default)]
pub(super) struct App {
    client: Client,
    people: BTreeMap<String, Assigned>,
    groups: BTreeMap<String, Group>,
}

/// Somebody who is or was assigned.
#[derive(Clone, Debug, Default)]
struct Assigned {
    is_assigned: bool,
    /// What they are in the application.
    there: Option<There>,
}

/// A person in the application: the id there, and what was sent last.
#[derive(Clone, Debug)]
struct There {
    id: String,
    sent: Value,
}

/// A group that is pushed.
#[derive(Clone, Debug, Default)]
struct Group {
    members: BTreeSet<String>,
    is_linked: bool,
    id: Option<String>,
    /// The ids, in the application, of the members that it has been sent.
    sent: BTreeSet<String>,
}

/// Whether somebody is in the application, for a test or a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provisioned {
    /// The login.
    pub person: String,
    /// Whether they are assigned.
    pub is_assigned: bool,
    /// Their id in the application.
    pub id: Option<String>,
}

impl OpenId {
    /// Does something in the console of Entra or Okta, and sends what that product sends then. The requests, each with
    /// what is wrong with its answer; the other products have no SCIM client here, and send nothing.
    pub async fn provision(&self, product: Product, step: Step) -> Vec<Exchange> {
        provision(&self.shared, product, step).await
    }

    /// Forgets the application, as a new tenant has never heard of it.
    pub async fn forget_provisioned(&self, product: Product) {
        self.shared.apps.lock().await.remove(&product);
    }

    /// Who is, or was, assigned.
    pub async fn provisioned(&self, product: Product) -> Vec<Provisioned> {
        let apps = self.shared.apps.lock().await;
        let people = apps.get(&product).map(|app| app.people.iter()).into_iter().flatten();
        let shown = people.map(|(person, at)| Provisioned {
            person: person.clone(),
            is_assigned: at.is_assigned,
            id: at.there.as_ref().map(|there| there.id.clone()),
        });
        shown.collect()
    }
}

async fn provision(shared: &Shared, product: Product, step: Step) -> Vec<Exchange> {
    let people = shared.state().people.iter().filter(|person| person.product == product).cloned().collect::<Vec<_>>();
    // A product does one thing after the other for an application.
    let mut apps = shared.apps.lock().await;
    let app = apps.entry(product).or_default();
    let before = app.client.sent;
    // What fails is among the exchanges, and is tried again by the next step, as in the products.
    let _: Result<(), Failed> = match product {
        Product::Entra => entra::does(app, &people, step).await,
        Product::Okta => okta::does(app, &people, step).await,
        Product::PingFederate | Product::Google => Ok(()),
    };
    let new = app.client.sent - before;
    let exchanges = &app.client.exchanges;
    exchanges[exchanges.len().saturating_sub(new)..].to_vec()
}

impl App {
    fn assign(&mut self, person: &str) -> &mut Assigned {
        let assigned = self.people.entry(person.to_owned()).or_default();
        assigned.is_assigned = true;
        assigned
    }

    fn unassign(&mut self, person: &str) {
        if let Some(assigned) = self.people.get_mut(person) {
            assigned.is_assigned = false;
        }
    }

    fn push(&mut self, name: &str, members: &str) {
        let group = self.groups.entry(name.to_owned()).or_default();
        group.is_linked = true;
        group.members = members.split_whitespace().map(str::to_owned).collect();
    }

    /// The ids in the application of a group's members: of those who are assigned and there.
    fn members(&self, group: &Group) -> BTreeSet<String> {
        let there = |login: &String| {
            let assigned = self.people.get(login).filter(|at| at.is_assigned)?;
            Some(assigned.there.as_ref()?.id.clone())
        };
        group.members.iter().filter_map(there).collect()
    }
}

fn member_list(ids: &BTreeSet<String>) -> Value {
    ids.iter().map(|id| json!({ "value": id })).collect()
}

fn find<'a>(people: &'a [Person], login: &str) -> Option<&'a Person> {
    people.iter().find(|person| person.login == login)
}
