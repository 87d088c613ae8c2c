//! Lists: filters, pages and their envelope.

use std::collections::HashMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The most that a page holds; what asks for more gets this many, without a word.
const MAX_LIMIT: usize = 250;

pub(super) type Parameters = HashMap<String, String>;

/// Whether a filter is absent, or holds.
pub(super) fn fits(query: &Parameters, name: &str, test: impl Fn(&str) -> bool) -> bool {
    query.get(name).is_none_or(|wanted| test(wanted))
}

/// The page that was asked for, of everything that passed the filters. Only what is on it is written out.
pub(super) fn page<T>(query: &Parameters, all: impl Iterator<Item = T>, answer: impl Fn(T) -> Value) -> Response {
    let number = |name: &str| query.get(name).and_then(|value| value.parse::<usize>().ok()).filter(|value| *value > 0);
    let (page, limit) = (number("page").unwrap_or(1), number("limit").unwrap_or(25).min(MAX_LIMIT));
    let first = (page - 1).saturating_mul(limit);
    let (mut items, mut total) = (Vec::new(), 0);
    for item in all {
        if total >= first && items.len() < limit {
            items.push(answer(item));
        }
        total += 1;
    }
    let (pages, last) = (total.div_ceil(limit).max(1), first + items.len());
    let info = if items.is_empty() { format!("0-0 of {total}") } else { format!("{}-{last} of {total}", first + 1) };
    Json(json!({
        "items": items,
        "meta": {"pagination": {
            "current_page": page,
            "next_page": (page < pages).then_some(page + 1),
            "prev_page": (page > 1).then_some(page - 1),
            "total_pages": pages,
            "total_items": total,
            "entries_info": info,
        }},
    }))
    .into_response()
}
