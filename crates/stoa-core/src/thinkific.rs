//! Thinkific's requests and answers as data, and the token that signs a person in.
//!
//! Sources: Thinkific's "Custom SSO using JWT" and its Admin API description. What they leave open is said beside it.

mod admin;
mod course;
mod enrollment;
mod graphql;
mod group;
mod listing;
mod token;
mod user;
mod webhook;

pub use self::admin::{ApiAnswer, ApiMethod, ApiRequest, Page};
pub use self::course::{Course, find_courses};
pub use self::enrollment::{Enrollment, create_enrollment, find_enrollments, unend_enrollment, update_enrollment};
pub use self::graphql::{GraphqlRequest, graphql_api, remove_from_group};
pub use self::group::{Group, add_to_group, create_group, delete_group, find_groups, find_members};
pub use self::listing::{LISTED_USERS, ROLES, list_users, list_users_with_role};
pub use self::token::{Launch, LaunchUrl, TOKEN_SECONDS, Trial};
pub use self::user::{
    Profile, SEARCH_PAGES, Searched, UnknownPassword, User, create_unbound_user, create_user, delete_user, find_user,
    get_binding, get_bound_user, get_user, reset_password, take_over_user, update_user,
};
pub use self::webhook::{
    SubscriptionPage, WebhooksRequest, create_subscription, delete_subscription, list_subscriptions, webhooks_api,
};
