//! What a client posts to the token endpoint.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::token_error::TokenError;
use crate::web::is_repeated;

/// A form whose parameters appear once each.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, TokenError> {
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
            return Err(TokenError::NotAForm);
        }
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
        if is_repeated(&fields) { Err(TokenError::Repeated) } else { Ok(Self(fields)) }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
