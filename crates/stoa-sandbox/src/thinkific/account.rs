//! Accounts, found by id, by address in any case, and by the id that provider `SSO` knows them by.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// What is in the fields that the school adds to profiles, by label.
    #[serde(default)]
    pub profile_fields: BTreeMap<String, String>,
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

/// All of them. Two may hold one address only if a test gave it to them.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    by_id: BTreeMap<u64, User>,
    by_email: HashMap<String, BTreeSet<u64>>,
    by_external_id: HashMap<String, u64>,
}

impl Accounts {
    pub(super) fn all(&self) -> impl Iterator<Item = &User> {
        self.by_id.values()
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn get(&self, id: u64) -> Option<&User> {
        self.by_id.get(&id)
    }

    pub(super) fn by_email(&self, email: &str) -> Option<&User> {
        self.holders(email).next()
    }

    /// Everybody who has an address.
    pub(super) fn holders(&self, email: &str) -> impl Iterator<Item = &User> {
        self.by_email.get(&folded(email)).into_iter().flatten().filter_map(|id| self.by_id.get(id))
    }

    pub(super) fn by_external_id(&self, external_id: &str) -> Option<&User> {
        self.by_id.get(self.by_external_id.get(external_id)?)
    }

    pub(super) fn insert(&mut self, user: User) {
        self.by_email.entry(folded(&user.email)).or_default().insert(user.id);
        if let Some(external_id) = &user.external_id {
            self.by_external_id.insert(external_id.clone(), user.id);
        }
        self.by_id.insert(user.id, user);
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<User> {
        let user = self.by_id.remove(&id)?;
        if let Some(holders) = self.by_email.get_mut(&folded(&user.email)) {
            holders.remove(&id);
        }
        if let Some(external_id) = &user.external_id {
            self.by_external_id.remove(external_id);
        }
        Some(user)
    }

    /// Changes an account, and what it is found by. Whether there is one.
    pub(super) fn change(&mut self, id: u64, change: impl FnOnce(&mut User)) -> bool {
        let Some(mut user) = self.remove(id) else { return false };
        change(&mut user);
        self.insert(user);
        true
    }
}

fn folded(email: &str) -> String {
    email.to_lowercase()
}
