//! The school's records.

use std::collections::{HashMap, VecDeque};
use std::{fs, io};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultTarget, Trouble};
use super::journal::{Call, SsoAttempt};
use super::unprocessable::UnprocessableShape;
use super::{ApiKey, Config};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Thinkific's id.
    pub id: u64,
    /// The e-mail address, unique in the school in any case.
    pub email: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// What the profile says of the person's company.
    pub company: Option<String>,
    /// The job title.
    pub headline: Option<String>,
    /// What the profile says about the person.
    pub bio: Option<String>,
    /// Administrators' roles; students have none.
    pub roles: Vec<String>,
    /// A free mark.
    pub external_source: Option<String>,
    /// The id that provider `SSO` knows this account by. No answer of the Admin API's user calls shows it.
    pub external_id: Option<String>,
    /// The password that it can also be entered with. A real school keeps only its hash.
    pub password: Option<String>,
    /// How often somebody signed in through SSO.
    pub sign_ins: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An account to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUser {
    /// The e-mail address.
    pub email: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// Administrators' roles.
    pub roles: Vec<String>,
    /// The id under provider `SSO`.
    pub external_id: Option<String>,
    /// The password, where it has one.
    pub password: Option<String>,
}

impl NewUser {
    /// A student.
    pub fn student(email: &str, first_name: &str, last_name: &str) -> Self {
        Self {
            email: email.to_owned(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            ..Self::default()
        }
    }
}

/// A course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Course {
    /// Thinkific's id.
    pub id: u64,
    /// The last part of its address.
    pub slug: String,
    /// Its name.
    pub name: String,
}

impl Course {
    /// Two courses to begin with.
    pub fn samples() -> Vec<Self> {
        [("welcome", "Welcome"), ("safety-basics", "Safety basics")]
            .into_iter()
            .zip(1..)
            .map(|((slug, name), id)| Self { id, slug: slug.to_owned(), name: name.to_owned() })
            .collect()
    }
}

/// Of the accounts to begin with that have one.
const SEED_PASSWORD: &str = "sandbox-password";

/// The school's own administrator, whose address lies in the customer's domain, and a student with a password.
pub(super) fn seed() -> Vec<NewUser> {
    vec![
        NewUser {
            roles: vec!["site_admin".to_owned()],
            password: Some(SEED_PASSWORD.to_owned()),
            ..NewUser::student("admin@pg.com", "Sasha", "Admin")
        },
        NewUser { password: Some(SEED_PASSWORD.to_owned()), ..NewUser::student("existing@pg.com", "Erin", "Existing") },
    ]
}

/// What the limits are counted by.
#[derive(Debug, Default)]
pub(super) struct Pace {
    pub(super) recent: VecDeque<Timestamp>,
    pub(super) at_once: usize,
    pub(super) closed_until: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct School {
    pub(super) api_key: ApiKey,
    pub(super) users: Vec<User>,
    pub(super) sessions: HashMap<String, u64>,
    pub(super) spent_tokens: HashMap<String, Timestamp>,
    pub(super) attempts: Vec<SsoAttempt>,
    pub(super) calls: Vec<Call>,
    pub(super) pace: Pace,
    pub(super) faults: Vec<Fault>,
    pub(super) unprocessable: UnprocessableShape,
    pub(super) loose_email_query: bool,
    next_id: u64,
}

impl School {
    /// With the accounts of the file, where it is there; else with those to begin with.
    pub(super) fn open(config: &Config) -> io::Result<Self> {
        let mut school = Self {
            api_key: config.api_key.clone(),
            users: Vec::new(),
            sessions: HashMap::new(),
            spent_tokens: HashMap::new(),
            attempts: Vec::new(),
            calls: Vec::new(),
            pace: Pace::default(),
            faults: Vec::new(),
            unprocessable: config.unprocessable,
            loose_email_query: config.loose_email_query,
            next_id: 1001,
        };
        match &config.file {
            Some(file) if file.exists() => {
                school.users = serde_json::from_slice(&fs::read(file)?)?;
                school.next_id = school.users.iter().map(|user| user.id + 1).max().unwrap_or(school.next_id);
            }
            _ => {
                let now = config.clock.now();
                for user in &config.users {
                    school.add(user.clone(), now);
                }
            }
        }
        Ok(school)
    }

    pub(super) fn add(&mut self, new: NewUser, now: Timestamp) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.users.push(User {
            id,
            email: new.email,
            first_name: new.first_name,
            last_name: new.last_name,
            company: None,
            headline: None,
            bio: None,
            roles: new.roles,
            external_source: None,
            external_id: new.external_id,
            password: new.password,
            sign_ins: 0,
            created_at: now,
        });
        id
    }

    pub(super) fn remove(&mut self, id: u64) -> bool {
        let before = self.users.len();
        self.users.retain(|user| user.id != id);
        self.sessions.retain(|_, owner| *owner != id);
        self.users.len() < before
    }

    pub(super) fn by_email(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| same_email(&user.email, email))
    }

    pub(super) fn by_external_id(&self, external_id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.external_id.as_deref() == Some(external_id))
    }

    pub(super) fn by_id_mut(&mut self, id: u64) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.id == id)
    }

    pub(super) fn signed_in(&self, session: Option<&str>) -> Option<&User> {
        let id = self.sessions.get(session?)?;
        self.users.iter().find(|user| user.id == *id)
    }

    /// The trouble that the next matching call meets, which is then one less.
    pub(super) fn next_trouble(&mut self, hit: impl Fn(&FaultTarget) -> bool) -> Option<Trouble> {
        let at = self.faults.iter().position(|fault| fault.times > 0 && hit(&fault.target))?;
        let fault = self.faults.get_mut(at)?;
        fault.times -= 1;
        let trouble = fault.trouble.clone();
        self.faults.retain(|fault| fault.times > 0);
        Some(trouble)
    }
}

pub(super) fn same_email(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}
