//! Microsoft Entra's provisioning service, with and without the flag `aadOptscim062020` in the Tenant URL.
//!
//! The mappings are those of our guide: `externalId` from objectId, by which people are matched, and `userName` from
//! userPrincipalName.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::client::{Ask, Failed};
use super::{App, There, find, member_list};
use crate::openid::people::subject;
use crate::openid::provisioning::Step;
use crate::openid::{Person, Product};

/// With it, `op` is in lower case, booleans are booleans, and several attributes change at once.
const FLAG: &str = "aadOptscim062020";
/// Somebody who does not exist, for whom "Test Connection" asks.
const NOBODY: &str = "0f1e2d3c-0000-4000-8000-000000000000";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const AD_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

pub(super) async fn does(app: &mut App, people: &[Person], step: Step) -> Result<(), Failed> {
    match step {
        Step::Connect { address, token } => connect(app, address, token).await,
        Step::Assign { person } => {
            if find(people, &person).is_some() {
                app.assign(&person);
            }
            Ok(())
        }
        Step::Unassign { person } => {
            app.unassign(&person);
            Ok(())
        }
        Step::PushGroup { name, members } => {
            app.push(&name, &members);
            Ok(())
        }
        Step::UnlinkGroup { name } => {
            if let Some(group) = app.groups.get_mut(&name) {
                group.is_linked = false;
            }
            Ok(())
        }
        Step::Cycle => cycle(app, people).await,
    }
}

async fn connect(app: &mut App, address: String, token: String) -> Result<(), Failed> {
    (app.client.address, app.client.token) = (address, token);
    let user = format!("externalId eq \"{NOBODY}\"");
    let group = format!("displayName eq \"{NOBODY}\"");
    let without_members = ("excludedAttributes", "members".to_owned());
    for ask in
        [Ask::get("/Users", vec![("filter", user)]), Ask::get("/Groups", vec![without_members, ("filter", group)])]
    {
        let list = app.client.ask(ask, None).await?;
        if app.client.only(&list)?.is_some() {
            return Err(app.client.object("Somebody was found who does not exist."));
        }
    }
    Ok(())
}

/// Each person and group goes on its own: what fails of one is tried again by the next cycle.
async fn cycle(app: &mut App, people: &[Person]) -> Result<(), Failed> {
    let logins: Vec<String> = app.people.keys().cloned().collect();
    let mut done = Ok(());
    for login in logins {
        done = done.and(send_person(app, people, &login).await);
    }
    let names: Vec<String> = app.groups.keys().cloned().collect();
    for name in names {
        done = done.and(send_group(app, &name).await);
    }
    done
}

async fn send_person(app: &mut App, people: &[Person], login: &str) -> Result<(), Failed> {
    let Some(at) = app.people.get(login).cloned() else { return Ok(()) };
    let Some(person) = find(people, login) else { return Ok(()) };
    // Whoever is not assigned any more is switched off, not deleted ("soft delete").
    let wanted = attributes(person, at.is_assigned && person.active);
    let there = match at.there {
        Some(there) => there,
        None if !at.is_assigned => return Ok(()),
        None => match matched(app, person).await? {
            Some(there) => there,
            None => {
                let made = Ask::send("POST", "/Users".to_owned(), creation(&wanted), &[201]);
                let answer = app.client.ask(made, None).await?;
                let id = app.client.id(&answer)?;
                app.assign(login).there = Some(There { id, sent: wanted });
                return Ok(());
            }
        },
    };
    let there = change(app, there, wanted).await;
    if let Some(at) = app.people.get_mut(login) {
        // Who is not there any more is looked for by the next cycle.
        match there {
            Ok(there) => at.there = Some(there),
            Err(Failed { status: 404 }) => at.there = None,
            Err(failed) => return Err(failed),
        }
    }
    Ok(())
}

/// Somebody in the application with the person's matching attribute.
async fn matched(app: &mut App, person: &Person) -> Result<Option<There>, Failed> {
    let filter = format!("externalId eq \"{}\"", person.subject);
    let list = app.client.ask(Ask::get("/Users", vec![("filter", filter)]), None).await?;
    let Some(found) = app.client.only(&list)? else { return Ok(None) };
    let id = app.client.id(&found)?;
    Ok(Some(There { id, sent: shown(&found) }))
}

/// The mapped attributes, each under its path.
fn attributes(person: &Person, active: bool) -> Value {
    let mut attributes = Map::new();
    let mut put = |path: &str, value: Option<Value>| value.map(|value| attributes.insert(path.to_owned(), value));
    put("userName", Some(json!(person.login)));
    put("externalId", Some(json!(person.subject)));
    put("active", Some(json!(active)));
    put("displayName", Some(json!(person.name())));
    // An empty attribute is not sent, neither at first nor when it becomes empty.
    put("emails[type eq \"work\"].value", person.email.as_ref().map(|email| json!(email)));
    put("name.givenName", person.first_name.as_ref().map(|name| json!(name)));
    put("name.familyName", person.last_name.as_ref().map(|name| json!(name)));
    attributes.into()
}

/// The same of what the application shows.
fn shown(found: &Value) -> Value {
    let work = found["emails"].as_array().into_iter().flatten().find(|email| email["type"] == "work");
    json!({
        "userName": found["userName"],
        "externalId": found["externalId"],
        "active": found["active"],
        "displayName": found["displayName"],
        "emails[type eq \"work\"].value": work.map(|email| &email["value"]),
        "name.givenName": found["name"]["givenName"],
        "name.familyName": found["name"]["familyName"],
    })
}

/// What a new person is made with.
fn creation(wanted: &Value) -> Value {
    let email = &wanted["emails[type eq \"work\"].value"];
    let emails = if email.is_null() { json!([]) } else { json!([{ "primary": true, "type": "work", "value": email }]) };
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": wanted["externalId"],
        "userName": wanted["userName"],
        "active": wanted["active"],
        "displayName": wanted["displayName"],
        "emails": emails,
        "meta": { "resourceType": "User" },
        "name": {
            "formatted": wanted["displayName"],
            "familyName": wanted["name.familyName"],
            "givenName": wanted["name.givenName"],
        },
        "roles": [],
    })
}

async fn change(app: &mut App, there: There, wanted: Value) -> Result<There, Failed> {
    let is_other = |(path, value): &(&String, &Value)| there.sent[path.as_str()] != **value;
    let changed: Vec<(&String, &Value)> = wanted.as_object().into_iter().flatten().filter(is_other).collect();
    if changed.is_empty() {
        return Ok(There { sent: wanted, ..there });
    }
    let operations = match app.client.has_flag(FLAG) {
        true => together(&changed),
        false => changed.iter().map(|(path, value)| one_by_one(path, value, &there.sent)).collect(),
    };
    let body = json!({ "schemas": [PATCH], "Operations": operations });
    let ask = Ask::send("PATCH", format!("/Users/{}", there.id), body, &[200, 204]);
    app.client.ask(ask, None).await?;
    Ok(There { sent: wanted, ..there })
}

/// With the flag: whatever is no filter goes into one operation without a path.
fn together(changed: &[(&String, &Value)]) -> Vec<Value> {
    let (filtered, plain): (Vec<_>, Vec<_>) = changed.iter().partition(|(path, _)| path.contains('['));
    let plain: Map<String, Value> =
        plain.into_iter().map(|(path, value)| ((*path).clone(), (*value).clone())).collect();
    let plain = (!plain.is_empty()).then(|| json!({ "op": "replace", "value": plain }));
    let filtered = filtered.into_iter().map(|(path, value)| json!({ "op": "replace", "path": path, "value": value }));
    plain.into_iter().chain(filtered).collect()
}

/// Without it: an operation each, a new value added, and booleans as texts.
fn one_by_one(path: &str, value: &Value, sent: &Value) -> Value {
    let op = if sent[path].is_null() { "Add" } else { "Replace" };
    let value = match value {
        Value::Bool(true) => json!("True"),
        Value::Bool(false) => json!("False"),
        other => other.clone(),
    };
    json!({ "op": op, "path": path, "value": value })
}

async fn send_group(app: &mut App, name: &str) -> Result<(), Failed> {
    let Some(group) = app.groups.get(name).cloned() else { return Ok(()) };
    if !group.is_linked {
        if let Some(id) = &group.id {
            app.client.ask(Ask::send("DELETE", format!("/Groups/{id}"), Value::Null, &[204, 404]), None).await?;
        }
        app.groups.remove(name);
        return Ok(());
    }
    let wanted = app.members(&group);
    let (id, sent) = match group.id.clone() {
        Some(id) => (id, group.sent.clone()),
        None => (found_or_made(app, name).await?, BTreeSet::new()),
    };
    for (op, ids) in [("Add", &wanted - &sent), ("Remove", &sent - &wanted)] {
        if !ids.is_empty() {
            let operations = member_operations(app.client.has_flag(FLAG), op, &ids);
            let body = json!({ "schemas": [PATCH], "Operations": operations });
            app.client.ask(Ask::send("PATCH", format!("/Groups/{id}"), body, &[200, 204]), None).await?;
        }
    }
    if let Some(group) = app.groups.get_mut(name) {
        (group.id, group.sent) = (Some(id), wanted);
    }
    Ok(())
}

/// A group is found by its name, and made without members.
async fn found_or_made(app: &mut App, name: &str) -> Result<String, Failed> {
    let query = vec![
        ("excludedAttributes", "members".to_owned()),
        ("filter", format!("displayName eq \"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))),
    ];
    let list = app.client.ask(Ask::get("/Groups", query), None).await?;
    if let Some(found) = app.client.only(&list)? {
        return app.client.id(&found);
    }
    let body = json!({
        "schemas": [GROUP, AD_GROUP],
        "displayName": name,
        "externalId": subject(Product::Entra, name),
        "members": [],
        "meta": { "resourceType": "Group" },
    });
    let answer = app.client.ask(Ask::send("POST", "/Groups".to_owned(), body, &[201]), None).await?;
    app.client.id(&answer)
}

fn member_operations(has_flag: bool, op: &str, ids: &BTreeSet<String>) -> Vec<Value> {
    match (has_flag, op) {
        (true, "Remove") => {
            let remove = |id| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") });
            ids.iter().map(remove).collect()
        }
        (true, _) => vec![json!({ "op": "add", "path": "members", "value": member_list(ids) })],
        (false, "Remove") => vec![json!({ "op": "Remove", "path": "members", "value": member_list(ids) })],
        (false, _) => {
            let add = |id| json!({ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": id }] });
            ids.iter().map(add).collect()
        }
    }
}
