//! What the school sells: courses and products, which can be read only.
//!
//! Courses of the new course builder are in neither list, although students have them.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::super::Shared;
use super::super::catalog::{Bundle, Course};
use super::{Asked, listing, not_found};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/courses", get(courses))
        .route("/courses/{id}", get(course))
        .route("/products", get(products))
        .route("/custom_profile_field_definitions", get(definitions))
}

async fn courses(State(shared): State<Shared>, Query(query): Asked) -> Response {
    listing::page(&query, listed(&shared), answer)
}

async fn course(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let found = listed(&shared).find(|course| course.id.to_string() == id);
    found.map_or_else(not_found, |course| Json(answer(course)).into_response())
}

fn listed(shared: &Shared) -> impl Iterator<Item = &Course> {
    shared.config.courses.iter().filter(|course| !course.in_new_builder)
}

pub(super) fn answer(course: &Course) -> Value {
    json!({"id": course.id, "name": course.name, "slug": course.slug, "product_id": course.product_id()})
}

async fn products(State(shared): State<Shared>, Query(query): Asked) -> Response {
    let of_course = |course: &Course| product(course.product_id(), "Course", course.id, (&course.name, &course.slug));
    let of_bundle = |bundle: &Bundle| product(bundle.product_id(), "Bundle", bundle.id, (&bundle.name, &bundle.slug));
    let all = listed(&shared).map(of_course).chain(shared.config.bundles.iter().map(of_bundle));
    listing::page(&query, all, |product| product)
}

fn product(id: u64, productable_type: &str, productable_id: u64, (name, slug): (&str, &str)) -> Value {
    json!({
        "id": id,
        "productable_id": productable_id,
        "productable_type": productable_type,
        "name": name,
        "slug": slug,
        "status": "published",
        "private": false,
        "hidden": false,
        "days_until_expiry": null,
    })
}

async fn definitions(State(shared): State<Shared>, Query(query): Asked) -> Response {
    let all = shared.config.profile_fields.iter().zip(1_u64..);
    listing::page(
        &query,
        all,
        |(field, id)| json!({"id": id, "label": field.label, "field_type": "text", "required": field.is_required}),
    )
}
