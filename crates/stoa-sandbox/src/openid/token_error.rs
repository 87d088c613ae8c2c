//! How the token endpoints refuse (RFC 6749 §5.2), each product in its own words.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, PRAGMA, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::product::Product;
use super::refuse::Refused;
use crate::web::token;

/// Why a token request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenError {
    /// The body is not a form.
    NotAForm,
    /// A parameter is there twice.
    Repeated,
    /// This parameter is missing.
    Missing(&'static str),
    /// Another grant type than `authorization_code`.
    GrantType,
    /// Nobody knows the client, or at Entra this tenant does not.
    UnknownClient,
    /// The client's secret is another one, or comes in another way than the client is registered for.
    WrongSecret,
    /// The client proves nothing, as a public one would.
    NoSecret,
    /// The client's assertion is not good, or was used before.
    BadAssertion,
    /// The client proves itself in two ways at once.
    TwoWays,
    /// A code that was never given, or to another client.
    UnknownCode,
    /// A code that is not of the form of one.
    MalformedCode,
    /// A code that was given too long ago.
    OldCode,
    /// A code that was used before.
    SpentCode,
    /// A code of another authority: a product, or at Entra a tenant or the other version's endpoints.
    ForeignCode,
    /// Another redirect URI than in the authorization request.
    RedirectUri,
    /// The PKCE verifier is missing, wrong, or to no challenge.
    Verifier,
    /// What a defect asks for.
    AsArmed(&'static str),
}

impl TokenError {
    /// In the product's form. `basic`: the client tried HTTP Basic, and is told that again.
    pub(super) fn response(self, product: Product, now: Timestamp, basic: bool) -> Response {
        let error = self.error(product);
        let is_okta_stranger = product == Product::Okta && self == Self::UnknownClient;
        let status = match error {
            "invalid_client" if !is_okta_stranger => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = match product {
            Product::Entra => self.entra(error, now),
            Product::Okta if is_okta_stranger => okta_object(error, &self.description(product)),
            Product::PingFederate | Product::Okta | Product::Google => {
                json!({ "error": error, "error_description": self.description(product) })
            }
        };
        let mut response = (status, [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED && basic {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"OAuth\""));
        }
        response.extensions_mut().insert(Refused(error));
        response
    }

    /// The specification's code, except where a product has its own view.
    fn error(self, product: Product) -> &'static str {
        match (product, self) {
            (Product::Entra, Self::UnknownClient) => "unauthorized_client",
            (Product::Entra, Self::RedirectUri) => "invalid_client",
            (Product::Google, Self::RedirectUri) => "redirect_uri_mismatch",
            (Product::Google, Self::NoSecret) | (Product::Entra, Self::MalformedCode) => "invalid_request",
            (_, Self::NotAForm | Self::Repeated | Self::Missing(_) | Self::TwoWays) => "invalid_request",
            (_, Self::GrantType) => "unsupported_grant_type",
            (_, Self::UnknownClient | Self::WrongSecret | Self::NoSecret | Self::BadAssertion) => "invalid_client",
            (_, Self::UnknownCode | Self::MalformedCode | Self::OldCode | Self::SpentCode | Self::ForeignCode) => {
                "invalid_grant"
            }
            (_, Self::RedirectUri | Self::Verifier) => "invalid_grant",
            (_, Self::AsArmed(error)) => error,
        }
    }

    fn description(self, product: Product) -> String {
        let text = match (product, self) {
            (_, Self::Missing(name)) => return format!("The parameter '{name}' is missing."),
            (Product::Okta, Self::UnknownClient) => "Invalid value for 'client_id' parameter.",
            (Product::Okta, Self::WrongSecret) => "The client secret supplied for a confidential client is invalid.",
            (Product::Google, Self::UnknownClient) => "The OAuth client was not found.",
            (Product::Google, Self::WrongSecret) => "The provided client secret is invalid.",
            (Product::Google, Self::NoSecret) => "client_secret is missing.",
            (Product::Google, Self::UnknownCode | Self::MalformedCode | Self::OldCode | Self::SpentCode) => {
                "Malformed auth code."
            }
            (Product::Entra, Self::MalformedCode) => "Invalid request. Request is malformed or invalid.",
            (Product::Google, Self::RedirectUri) => "Bad Request",
            (_, Self::NotAForm) => "The body is not form-urlencoded.",
            (_, Self::Repeated) => "A parameter is repeated.",
            (_, Self::TwoWays) => "There is more than one client authentication method.",
            (_, Self::GrantType) => "The grant type is not supported.",
            (_, Self::UnknownClient | Self::WrongSecret | Self::NoSecret | Self::BadAssertion) => {
                "Invalid client or client credentials."
            }
            (_, Self::UnknownCode | Self::MalformedCode | Self::OldCode | Self::SpentCode | Self::ForeignCode) => {
                "The authorization code is invalid or has expired."
            }
            (_, Self::RedirectUri) => "The redirect_uri is not that of the authorization request.",
            (_, Self::Verifier) => "PKCE verification failed.",
            (_, Self::AsArmed(_)) => "As the defect asks.",
        };
        text.to_owned()
    }

    /// Entra's body: its number stands in three places.
    fn entra(self, error: &str, now: Timestamp) -> Value {
        let (number, text, trace_id, correlation_id) =
            (self.number(), self.description(Product::Entra), token(), token());
        let timestamp = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        json!({
            "error": error,
            "error_description": format!(
                "AADSTS{number}: {text} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}"
            ),
            "error_codes": [number],
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
        })
    }

    /// Entra's number, `AADSTS…`.
    fn number(self) -> u32 {
        match self {
            Self::NotAForm | Self::Missing(_) => 900_144,
            Self::Repeated | Self::TwoWays => 9_000_101,
            Self::GrantType => 70_003,
            Self::UnknownClient => 700_016,
            Self::WrongSecret => 7_000_215,
            Self::NoSecret => 7_000_218,
            Self::BadAssertion => 700_027,
            Self::UnknownCode => 70_000,
            Self::MalformedCode => 9_002_313,
            Self::OldCode => 70_008,
            Self::SpentCode => 54_005,
            Self::ForeignCode => 700_005,
            Self::RedirectUri => 500_112,
            Self::Verifier => 501_481,
            Self::AsArmed(_) => 50_000,
        }
    }
}

/// The error object of Okta's other interfaces, which stands at the token endpoint too where the client is unknown.
fn okta_object(error: &str, summary: &str) -> Value {
    json!({
        "errorCode": error,
        "errorSummary": summary,
        "errorLink": error,
        "errorId": format!("oae{}", token()),
        "errorCauses": [],
    })
}
