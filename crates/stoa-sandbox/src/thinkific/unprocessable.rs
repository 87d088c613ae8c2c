//! 422: what is wrong with which field.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Shared;

/// The shapes of a 422 that Thinkific documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnprocessableShape {
    /// `{"errors":{"email":["has already been taken"]}}`
    #[default]
    FieldLists,
    /// `{"errors":{"email":"has already been taken"}}`
    FieldStrings,
    /// `{"errors":["Email has already been taken"]}`
    Sentences,
    /// `{"errors":[{"field_name":"email"}]}`
    FieldNames,
}

/// A 422 in the shape that the school is told to use.
pub(super) fn unprocessable(shared: &Shared, wrong: &[(&str, &str)]) -> Response {
    let shape = shared.school().unprocessable;
    let mut by_field = Map::new();
    for (field, message) in wrong {
        let messages = by_field.entry(*field).or_insert_with(|| json!([]));
        if let Some(messages) = messages.as_array_mut() {
            messages.push(json!(message));
        }
    }
    let errors = match shape {
        UnprocessableShape::FieldLists => Value::Object(by_field),
        UnprocessableShape::FieldStrings => {
            Value::Object(wrong.iter().map(|(field, message)| ((*field).to_owned(), json!(message))).collect())
        }
        UnprocessableShape::Sentences => {
            wrong.iter().map(|(field, message)| json!(format!("{} {message}", sentence_case(field)))).collect()
        }
        UnprocessableShape::FieldNames => wrong.iter().map(|(field, _)| json!({"field_name": field})).collect(),
    };
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"errors": errors}))).into_response()
}

/// The sentences that the calls about enrollments and groups answer with, whatever the others' shape.
pub(super) fn sentences_unprocessable(wrong: &[&str]) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"errors": wrong}))).into_response()
}

/// A string for each field, which is how the calls about enrollments speak of a value that they cannot read.
pub(super) fn fields_unprocessable(wrong: &[(&str, &str)]) -> Response {
    let fields: Map<String, Value> =
        wrong.iter().map(|(field, message)| ((*field).to_owned(), json!(message))).collect();
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"errors": fields}))).into_response()
}

fn sentence_case(field: &str) -> String {
    let words = field.replace('_', " ");
    let (first, rest) = words.split_at(words.len().min(1));
    first.to_uppercase() + rest
}
