//! The Admin API: users, courses, products, bundles, enrollments and groups.
//!
//! There is no call that takes somebody out of a group, and none that ends an enrollment other than by its expiry date;
//! the first is [GraphQL's](super::graphql). Filters that it does not know are ignored, as the documents' `query[…]` are.

mod bundles;
mod catalog;
mod enrollments;
mod fields;
mod groups;
mod listing;
mod users;

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware};
use http::StatusCode;
use serde_json::json;

use self::listing::Parameters;
use super::Shared;
use super::gate;

pub(super) fn router(shared: &Shared) -> Router<Shared> {
    Router::new()
        .merge(catalog::router())
        .merge(users::router())
        .merge(enrollments::router())
        .merge(bundles::router())
        .merge(groups::router())
        .fallback(|| async { not_found() })
        .method_not_allowed_fallback(|| async { not_found() })
        .layer(middleware::from_fn_with_state((shared.clone(), gate::Credentials::ApiKey), gate::stand))
}

type Asked = Query<Parameters>;

pub(super) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": "Record not found."}))).into_response()
}
