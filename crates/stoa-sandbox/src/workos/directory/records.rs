//! People and groups, as WorkOS describes them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

/// A customer's directory.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    pub(super) id: String,
    pub(super) organization: String,
    pub(super) name: String,
    pub(super) users: Vec<DirectoryUser>,
    pub(super) groups: Vec<DirectoryGroup>,
    /// Group and person.
    pub(super) members: BTreeSet<(String, String)>,
    /// How it stands, as the API says it.
    pub(super) state: String,
}

/// A person of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryUser {
    /// `directory_user_…`
    pub id: String,
    /// The identity provider's id of them.
    pub idp_id: String,
    /// Their address.
    pub email: Option<String>,
    /// Their given name.
    pub first_name: Option<String>,
    /// Their family name.
    pub last_name: Option<String>,
    /// `active` or `inactive`.
    pub state: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A person of whom the identity provider tells.
#[derive(Clone, Debug)]
pub struct NewDirectoryUser {
    /// The identity provider's id of them.
    pub idp_id: String,
    /// Their address.
    pub email: Option<String>,
    /// Their given name.
    pub first_name: Option<String>,
    /// Their family name.
    pub last_name: Option<String>,
}

/// A group of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryGroup {
    /// `directory_group_…`
    pub id: String,
    /// Its name.
    pub name: String,
    directory: String,
    organization: String,
    created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Directory {
    pub(super) fn new(id: &str, organization: &str, name: &str) -> Self {
        let text = str::to_owned;
        let (users, groups, members) = (Vec::new(), Vec::new(), BTreeSet::new());
        let state = text("linked");
        Self { id: text(id), organization: text(organization), name: text(name), users, groups, members, state }
    }

    /// As events describe it; the API has other states.
    pub(super) fn document(&self, state: &str) -> Value {
        let mut document = json!({
            "object": "directory", "id": self.id, "name": self.name, "organization_id": self.organization,
            "state": state, "type": "generic scim v2.0",
            "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z",
        });
        if state != "deleting" {
            document["external_key"] = "UWuccu6o1E0GqkYs".into();
        }
        document
    }
}

impl NewDirectoryUser {
    /// Somebody with both names.
    pub fn sample(idp_id: &str, email: &str) -> Self {
        let some = |text: &str| Some(text.to_owned());
        Self { idp_id: idp_id.to_owned(), email: some(email), first_name: some("Ada"), last_name: some("Wong") }
    }
}

impl DirectoryUser {
    pub(super) fn new(id: &str, new: &NewDirectoryUser, now: Timestamp) -> Self {
        let NewDirectoryUser { idp_id, email, first_name, last_name } = new.clone();
        let (id, state) = (id.to_owned(), "active".to_owned());
        Self { id, idp_id, email, first_name, last_name, state, created_at: now, updated_at: now }
    }

    pub(super) fn document(&self, directory: &str, organization: &str) -> Value {
        json!({
            "object": "directory_user", "id": self.id, "directory_id": directory, "organization_id": organization,
            "idp_id": self.idp_id, "email": self.email, "first_name": self.first_name, "last_name": self.last_name,
            "state": self.state, "role": {"slug": "member"}, "roles": [{"slug": "member"}], "groups": [],
            "custom_attributes": {"department": "Research", "job_title": "Researcher"}, "raw_attributes": {},
            "created_at": format!("{:.3}", self.created_at), "updated_at": format!("{:.3}", self.updated_at),
        })
    }
}

impl DirectoryGroup {
    pub(super) fn new(id: &str, directory: &str, organization: &str, name: &str, now: Timestamp) -> Self {
        let text = str::to_owned;
        let (id, name) = (text(id), text(name));
        let (directory, organization) = (text(directory), text(organization));
        Self { id, name, directory, organization, created_at: now, updated_at: now }
    }

    pub(super) fn document(&self) -> Value {
        json!({
            "object": "directory_group", "id": self.id, "idp_id": self.id, "directory_id": self.directory,
            "organization_id": self.organization, "name": self.name,
            "created_at": format!("{:.3}", self.created_at), "updated_at": format!("{:.3}", self.updated_at),
        })
    }
}
