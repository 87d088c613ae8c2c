//! Okta's SCIM client, as an application made by its wizard has it: every change of a person is a PUT of the whole, and
//! nobody is ever deleted.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::client::{Ask, Failed};
use super::{App, Group, There, find};
use crate::openid::Person;
use crate::openid::provisioning::Step;

const AGENT: &str = "Okta SCIM Client 1.0.0";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

pub(super) async fn does(app: &mut App, people: &[Person], step: Step) -> Result<(), Failed> {
    match step {
        Step::Connect { address, token } => connect(app, address, token).await,
        Step::Assign { person } => match find(people, &person) {
            Some(person) => {
                app.assign(&person.login);
                assign(app, person).await
            }
            None => Ok(()),
        },
        Step::Unassign { person } => {
            app.unassign(&person);
            match find(people, &person) {
                Some(person) => update(app, person, false).await,
                None => Ok(()),
            }
        }
        Step::PushGroup { name, members } => {
            app.push(&name, &members);
            push(app, people, &name).await
        }
        Step::UnlinkGroup { name } => unlink(app, &name).await,
        Step::Cycle => {
            let mut done = Ok(());
            let logins: Vec<String> = app.people.keys().cloned().collect();
            for person in logins.iter().filter_map(|login| find(people, login)) {
                let is_assigned = app.people.get(&person.login).is_some_and(|at| at.is_assigned);
                done = done.and(update(app, person, is_assigned && person.active).await);
            }
            done
        }
    }
}

/// "Test Connector Configuration": a page of people and of groups.
async fn connect(app: &mut App, address: String, token: String) -> Result<(), Failed> {
    (app.client.address, app.client.token) = (address, token);
    for (path, count) in [("/Users", "2"), ("/Groups", "100")] {
        let query = vec![("startIndex", "1".to_owned()), ("count", count.to_owned())];
        let list = app.client.ask(Ask::get(path, query), Some(AGENT)).await?;
        let are_numbers = ["totalResults", "startIndex", "itemsPerPage"].iter().all(|name| list[*name].is_u64());
        if !are_numbers {
            return Err(app.client.object("totalResults, startIndex and itemsPerPage have to be integers."));
        }
    }
    Ok(())
}

/// Whoever is there already, by user name, is taken over; somebody else is made.
async fn assign(app: &mut App, person: &Person) -> Result<(), Failed> {
    let known = app.people.get(&person.login).is_some_and(|at| at.there.is_some());
    if known {
        return update(app, person, true).await;
    }
    let filter = format!("userName eq \"{}\"", person.login);
    let query = vec![("filter", filter), ("startIndex", "1".to_owned()), ("count", "100".to_owned())];
    let list = app.client.ask(Ask::get("/Users", query), Some(AGENT)).await?;
    if let Some(found) = app.client.only(&list)? {
        let id = app.client.id(&found)?;
        app.assign(&person.login).there = Some(There { id, sent: Value::Null });
        return update(app, person, true).await;
    }
    let mut body = profile(person, true);
    body["groups"] = json!([]);
    // A random one, since passwords are not synchronized.
    body["password"] = json!(crate::web::token());
    let answer = app.client.ask(Ask::send("POST", "/Users".to_owned(), body, &[201]), Some(AGENT)).await?;
    let id = app.client.id(&answer)?;
    app.assign(&person.login).there = Some(There { id, sent: profile(person, true) });
    Ok(())
}

/// Reads the person, writes the profile over what is there, and puts the whole back.
async fn update(app: &mut App, person: &Person, active: bool) -> Result<(), Failed> {
    let there = app.people.get(&person.login).and_then(|at| at.there.clone());
    let Some(there) = there else { return Ok(()) };
    let path = format!("/Users/{}", there.id);
    let mut whole = app.client.ask(Ask::get(&path, Vec::new()), Some(AGENT)).await?;
    let wanted = profile(person, active);
    if let (Some(whole), Some(wanted)) = (whole.as_object_mut(), wanted.as_object()) {
        whole.extend(wanted.clone());
    }
    let answer = app.client.ask(Ask::send("PUT", path, whole, &[200]), Some(AGENT)).await?;
    let id = app.client.id(&answer)?;
    if let Some(at) = app.people.get_mut(&person.login) {
        at.there = Some(There { id, sent: wanted });
    }
    Ok(())
}

fn profile(person: &Person, active: bool) -> Value {
    let email = person.email.as_deref().unwrap_or(&person.login);
    json!({
        "schemas": [USER],
        "userName": person.login,
        "name": { "givenName": person.first_name, "familyName": person.last_name },
        "emails": [{ "primary": true, "value": email, "type": "work" }],
        "displayName": person.name(),
        "locale": "en-US",
        "externalId": person.subject,
        "active": active,
    })
}

/// A new group with its members in one request, one of that name that is there already with the whole list of them, later
/// changes in one PATCH, the name with the id among them.
async fn push(app: &mut App, people: &[Person], name: &str) -> Result<(), Failed> {
    let Some(group) = app.groups.get(name).cloned() else { return Ok(()) };
    let wanted = app.members(&group);
    let shown = displayed(app, people, &group);
    let id = match &group.id {
        None => match linked(app, name).await? {
            Some(id) => {
                let whole = json!({ "op": "replace", "path": "members", "value": shown(&wanted) });
                let body = json!({ "schemas": [PATCH], "Operations": [whole] });
                let ask = Ask::send("PATCH", format!("/Groups/{id}"), body, &[200, 204]);
                app.client.ask(ask, Some(AGENT)).await?;
                id
            }
            None => {
                let body = json!({ "schemas": [GROUP], "displayName": name, "members": shown(&wanted) });
                let answer = app.client.ask(Ask::send("POST", "/Groups".to_owned(), body, &[201]), Some(AGENT)).await?;
                app.client.id(&answer)?
            }
        },
        Some(id) => {
            let mut operations = vec![json!({ "op": "replace", "value": { "id": id, "displayName": name } })];
            let gone = &group.sent - &wanted;
            let remove = |id: &String| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") });
            operations.extend(gone.iter().map(remove));
            let new = &wanted - &group.sent;
            if !new.is_empty() {
                operations.push(json!({ "op": "add", "path": "members", "value": shown(&new) }));
            }
            let body = json!({ "schemas": [PATCH], "Operations": operations });
            let ask = Ask::send("PATCH", format!("/Groups/{id}"), body, &[200, 204]);
            app.client.ask(ask, Some(AGENT)).await?;
            id.clone()
        }
    };
    if let Some(group) = app.groups.get_mut(name) {
        (group.id, group.sent) = (Some(id), wanted);
    }
    Ok(())
}

/// The group of that name in the application, as "Refresh App Groups" and "Link Group" find it.
async fn linked(app: &mut App, name: &str) -> Result<Option<String>, Failed> {
    let query = vec![("startIndex", "1".to_owned()), ("count", "100".to_owned())];
    let list = app.client.ask(Ask::get("/Groups", query), Some(AGENT)).await?;
    let found = list["Resources"].as_array().into_iter().flatten().find(|group| group["displayName"] == name);
    found.map(|group| app.client.id(group)).transpose()
}

/// How members are written: the id, and the login beside it.
fn displayed(app: &App, people: &[Person], group: &Group) -> impl Fn(&BTreeSet<String>) -> Value + use<> {
    let of = |login: &String| {
        let there = app.people.get(login)?.there.as_ref()?;
        Some((there.id.clone(), find(people, login)?.login.clone()))
    };
    let names: Vec<(String, String)> = group.members.iter().filter_map(of).collect();
    move |ids| {
        let shown = names.iter().filter(|(id, _)| ids.contains(id));
        shown.map(|(id, login)| json!({ "value": id, "display": login })).collect()
    }
}

async fn unlink(app: &mut App, name: &str) -> Result<(), Failed> {
    let id = app.groups.get(name).and_then(|group| group.id.clone());
    if let Some(id) = id {
        let ask = Ask::send("DELETE", format!("/Groups/{id}"), Value::Null, &[204, 404]);
        app.client.ask(ask, Some(AGENT)).await?;
    }
    app.groups.remove(name);
    Ok(())
}
