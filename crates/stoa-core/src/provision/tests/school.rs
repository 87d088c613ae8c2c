//! A school as far as a reconciliation sees it: requests in, answers out, state in between.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::thinkific::{ApiAnswer, ApiMethod, ApiRequest};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub email: String,
    pub name: String,
    pub roles: Vec<String>,
    pub external_id: Option<String>,
    /// Whether the password is the one that was there at first.
    pub has_old_password: bool,
    /// Whether it was made before anybody's directory knew of them.
    pub is_older: bool,
    pub groups: BTreeSet<String>,
    pub is_deleted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Course {
    pub user: u64,
    pub course: u64,
    pub is_trial: bool,
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct School {
    pub people: BTreeMap<u64, Person>,
    pub courses: BTreeMap<u64, Course>,
    pub groups: BTreeSet<String>,
    pub known_courses: BTreeSet<u64>,
    /// Whether a second enrollment in one course is refused, as is not documented.
    pub refuses_twice: bool,
    /// Whether an enrollment is answered without a body.
    pub answers_empty: bool,
    /// Whether an end that is null is none, as is not documented.
    pub keeps_ends: bool,
    pub next: u64,
}

impl School {
    pub(super) fn new() -> Self {
        Self {
            groups: ["A", "B"].map(str::to_owned).into(),
            known_courses: (1..=4).collect(),
            refuses_twice: true,
            next: 100,
            ..Self::default()
        }
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn person(&mut self, email: &str) -> u64 {
        let id = self.id();
        let person = Person { email: email.to_owned(), has_old_password: true, is_older: true, ..Person::default() };
        self.people.insert(id, person);
        id
    }

    pub(super) fn course(&mut self, user: u64, course: u64, until: Option<Timestamp>) -> u64 {
        let id = self.id();
        self.courses.insert(id, Course { user, course, is_trial: false, until });
        id
    }

    /// Courses that are open to a user now.
    pub(super) fn open(&self, user: u64, now: Timestamp) -> BTreeMap<u64, Option<Timestamp>> {
        let open = |it: &&Course| it.user == user && !it.is_trial && it.until.is_none_or(|until| until > now);
        self.courses.values().filter(open).map(|it| (it.course, it.until)).collect()
    }

    fn user(&self, id: u64) -> Option<Value> {
        let person = self.people.get(&id).filter(|person| !person.is_deleted)?;
        let made = if person.is_older { super::days(-1) } else { super::now() };
        Some(json!({"id": id, "email": person.email, "roles": person.roles, "created_at": made.to_string()}))
    }

    fn holder(&self, email: &str) -> Option<u64> {
        let is_it = |(_, person): &(&u64, &Person)| !person.is_deleted && person.email.eq_ignore_ascii_case(email);
        self.people.iter().find(is_it).map(|(id, _)| *id)
    }

    fn bound(&self, external_id: &str) -> Option<u64> {
        let is_it = |(_, it): &(&u64, &Person)| !it.is_deleted && it.external_id.as_deref() == Some(external_id);
        self.people.iter().find(is_it).map(|(id, _)| *id)
    }

    pub(super) fn answer(&mut self, request: &ApiRequest) -> ApiAnswer {
        let (status, body) = self.handle(request);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        ApiAnswer { status, rate_limit_reset: None, body }
    }

    fn handle(&mut self, request: &ApiRequest) -> (u16, Value) {
        let url = url::Url::parse(&format!("http://api{}", request.path)).unwrap();
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let parts: Vec<&str> = url.path().trim_start_matches('/').split('/').collect();
        let body = request.body.clone().unwrap_or_default();
        match (request.method, &parts[..]) {
            (ApiMethod::Get, ["users"]) => {
                let found = self.holder(&query["query[email]"]).and_then(|id| self.user(id));
                (200, json!({"items": found.into_iter().collect::<Vec<_>>()}))
            }
            (ApiMethod::Post, ["users"]) => self.create(&body),
            (ApiMethod::Get, ["users", id, "authentications", "SSO"]) => {
                match self.people[&id.parse().unwrap()].external_id.clone() {
                    Some(id) => (200, json!({"external_id": id})),
                    None => missing(),
                }
            }
            (method, ["users", id]) => {
                let id = match query.get("provider") {
                    Some(_) => self.bound(id),
                    None => id.parse().ok().filter(|id| self.user(*id).is_some()),
                };
                match (id, method) {
                    (None, _) => missing(),
                    (Some(id), ApiMethod::Get) => (200, self.user(id).unwrap()),
                    (Some(id), ApiMethod::Put) => self.update(id, &body),
                    (Some(id), ApiMethod::Delete) => {
                        self.people.get_mut(&id).unwrap().is_deleted = true;
                        self.courses.retain(|_, it| it.user != id);
                        (204, Value::Null)
                    }
                    (Some(_), ApiMethod::Post) => (404, Value::Null),
                }
            }
            (ApiMethod::Get, ["enrollments"]) => {
                let user: u64 = query["query[user_id]"].parse().unwrap();
                let page: usize = query["page"].parse().unwrap();
                let all: Vec<Value> = self.courses.iter().filter(|it| it.1.user == user).map(listed).collect();
                let next = (all.len() > page).then_some(page + 1);
                let items: Vec<_> = all.into_iter().skip(page - 1).take(1).collect();
                (200, json!({"items": items, "meta": {"pagination": {"next_page": next}}}))
            }
            (ApiMethod::Post, ["enrollments"]) => self.enrol(&body),
            (ApiMethod::Put, ["enrollments", id]) => {
                let Some(it) = self.courses.get_mut(&id.parse().unwrap()) else { return missing() };
                match body["expiry_date"].as_str() {
                    Some(text) => it.until = Some(text.parse().unwrap()),
                    None if self.keeps_ends => {}
                    None => it.until = None,
                }
                it.is_trial &= body["activated_at"].is_null();
                (204, Value::Null)
            }
            (ApiMethod::Post, ["group_users"]) => {
                let name = body["group_names"][0].as_str().unwrap().to_owned();
                if !self.groups.contains(&name) {
                    return (422, json!({"errors": ["Invalid group_names"]}));
                }
                let user = body["user_id"].as_u64().unwrap();
                self.people.get_mut(&user).unwrap().groups.insert(name);
                (201, Value::Null)
            }
            (method, path) => panic!("{method:?} {path:?}"),
        }
    }

    fn create(&mut self, body: &Value) -> (u16, Value) {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        if text("first_name") == "Refused" {
            return (422, json!({"errors": {"first_name": ["is reserved"]}}));
        }
        let external_id = text("external_id");
        if self.holder(&text("email")).is_some() || self.bound(&external_id).is_some() {
            return (422, json!({"errors": {"email": ["has already been taken"]}}));
        }
        let id = self.id();
        let person = Person {
            email: text("email"),
            name: format!("{} {}", text("first_name"), text("last_name")),
            external_id: Some(external_id),
            ..Person::default()
        };
        self.people.insert(id, person);
        (201, self.user(id).unwrap())
    }

    fn update(&mut self, id: u64, body: &Value) -> (u16, Value) {
        if body["first_name"] == "Refused" {
            return (422, json!({"errors": {"first_name": ["is reserved"]}}));
        }
        if let Some(email) = body["email"].as_str() {
            if self.holder(email).is_some_and(|holder| holder != id) {
                return (422, json!({"errors": {"email": ["has already been taken"]}}));
            }
            let name = format!("{} {}", body["first_name"].as_str().unwrap(), body["last_name"].as_str().unwrap());
            let person = self.people.get_mut(&id).unwrap();
            (person.email, person.name) = (email.to_owned(), name);
        }
        let person = self.people.get_mut(&id).unwrap();
        person.has_old_password &= body["password"].is_null();
        (204, Value::Null)
    }

    fn enrol(&mut self, body: &Value) -> (u16, Value) {
        let (user, course) = (body["user_id"].as_u64().unwrap(), body["course_id"].as_u64().unwrap());
        if !self.known_courses.contains(&course) || self.user(user).is_none() {
            return (422, json!({"errors": ["Course could not be found."]}));
        }
        if self.refuses_twice && self.courses.values().any(|it| (it.user, it.course) == (user, course)) {
            return (422, json!({"errors": ["User is already enrolled"]}));
        }
        let until = body["expiry_date"].as_str().map(|text| text.parse().unwrap());
        let id = self.course(user, course, until);
        if self.answers_empty {
            return (201, Value::Null);
        }
        (201, listed((&id, &self.courses[&id])))
    }
}

fn missing() -> (u16, Value) {
    (404, json!({"error": "Record not found."}))
}

fn listed((id, it): (&u64, &Course)) -> Value {
    json!({
        "id": id,
        "user_id": it.user,
        "course_id": it.course,
        "is_free_trial": it.is_trial,
        "activated_at": (!it.is_trial).then_some("2026-01-01T00:00:00Z"),
        "expiry_date": it.until,
    })
}
