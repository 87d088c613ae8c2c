//! GraphQL, where the Admin API has no call: taking somebody out of a group.
//!
//! Source: what one client of Thinkific's sends. The schema is not public, and an API access token is said to be needed,
//! which stoa does not have.

use serde_json::json;

use super::{ApiMethod, ApiRequest};

/// A request to GraphQL. Its path is below [`graphql_api`].
#[derive(Clone, Debug, PartialEq)]
pub struct GraphqlRequest(pub ApiRequest);

/// GraphQL's address that belongs to an Admin API; `None`: its address is none of Thinkific's form.
pub fn graphql_api(api_url: &str) -> Option<String> {
    api_url.strip_suffix("/api/public/v1").map(|api| format!("{api}/stable"))
}

/// Takes a user out of a group.
pub fn remove_from_group(user: u64, group: u64) -> GraphqlRequest {
    let query = "mutation Remove($input: BulkRemoveUsersFromGroupsInput!) { bulkRemoveUsersFromGroups(input: $input) { \
                 message userErrors { message } } }";
    let body = json!({ "query": query, "variables": { "input": { "userIds": [user.to_string()], "groupIds": [group.to_string()] } } });
    GraphqlRequest(ApiRequest { method: ApiMethod::Post, path: "/graphql".into(), body: Some(body) })
}
