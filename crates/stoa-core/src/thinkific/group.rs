//! Groups of a school and who is in them.
//!
//! Source: Thinkific's Admin API description, "Groups" and "Group users". A group is named, not numbered, where somebody
//! is added; and there is no call that takes somebody out.

use serde::Deserialize;
use serde_json::json;

use super::admin::{ApiAnswer, ApiMethod, ApiRequest, Page};
use crate::failure::Failure;

/// Groups on a page. The API's most.
const PAGE_GROUPS: usize = 250;

/// A group of a school.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Group {
    /// Thinkific's id.
    pub id: u64,
    /// Its name, which can never change.
    pub name: String,
}

/// Asks for the school's groups: a page of them, counted from 1.
pub fn find_groups(page: u32) -> ApiRequest {
    ApiRequest { method: ApiMethod::Get, path: format!("/groups?limit={PAGE_GROUPS}&page={page}"), body: None }
}

/// Adds a user to a group. One that they are in already is not an error.
pub fn add_to_group(user: u64, name: &str) -> ApiRequest {
    let body = json!({ "user_id": user, "group_names": [name] });
    ApiRequest { method: ApiMethod::Post, path: "/group_users".into(), body: Some(body) }
}

/// Makes a group.
pub fn create_group(name: &str) -> ApiRequest {
    ApiRequest { method: ApiMethod::Post, path: "/groups".into(), body: Some(json!({ "name": name })) }
}

/// Takes a group away; whoever was in it stays.
pub fn delete_group(id: u64) -> ApiRequest {
    ApiRequest { method: ApiMethod::Delete, path: format!("/groups/{id}"), body: None }
}

/// Asks who is in a group: the first page of them.
pub fn find_members(group: u64) -> ApiRequest {
    ApiRequest { method: ApiMethod::Get, path: format!("/users?query%5Bgroup_id%5D={group}"), body: None }
}

impl ApiAnswer {
    /// The answer to [`create_group`].
    pub fn made_group(&self) -> Result<Group, Failure> {
        self.json()
    }

    /// The answer to [`find_groups`].
    pub fn groups(&self) -> Result<Page<Group>, Failure> {
        self.page(PAGE_GROUPS)
    }
}
