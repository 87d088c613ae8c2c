//! Users of a school, all of them or those with a role: page by page, for the mirror.

use super::admin::{ApiAnswer, ApiMethod, ApiRequest, Page};
use super::user::User;
use crate::failure::Failure;

/// Users on a page: the API's most.
pub const LISTED_USERS: usize = 250;
/// The roles that the Admin API knows. Who has none of them has no role.
pub const ROLES: [&str; 4] = ["site_admin", "course_admin", "group_analyst", "affiliate"];

/// Asks for a page of all users, counted from 1.
pub fn list_users(page: u32) -> ApiRequest {
    listed(None, page)
}

/// Asks for a page of the users who hold a role, counted from 1.
pub fn list_users_with_role(role: &str, page: u32) -> ApiRequest {
    listed(Some(role), page)
}

fn listed(role: Option<&str>, page: u32) -> ApiRequest {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(role) = role {
        query.append_pair("query[role]", role);
    }
    let query = query.append_pair("limit", &LISTED_USERS.to_string()).append_pair("page", &page.to_string()).finish();
    ApiRequest { method: ApiMethod::Get, path: format!("/users?{query}"), body: None }
}

impl ApiAnswer {
    /// The answer to [`list_users`] and [`list_users_with_role`].
    pub fn listed_users(&self) -> Result<Page<User>, Failure> {
        self.page(LISTED_USERS)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_is_not_the_last() {
        let page = |users: usize, next: Option<u32>| {
            let items: Vec<_> = (0..users).map(|id| serde_json::json!({"id": id, "email": "x"})).collect();
            let body =
                serde_json::json!({"items": items, "meta": {"pagination": {"next_page": next, "total_pages": 3}}});
            ApiAnswer { status: 200, rate_limit_reset: None, body: body.to_string().into_bytes() }
                .listed_users()
                .unwrap()
        };
        assert!(!page(3, None).has_more && page(3, Some(2)).has_more && page(LISTED_USERS, None).has_more);
        assert_eq!((page(3, None).pages, page(3, None).items.len()), (3, 3));
        assert_eq!(list_users_with_role("site_admin", 2).path, "/users?query%5Brole%5D=site_admin&limit=250&page=2");
    }
}
