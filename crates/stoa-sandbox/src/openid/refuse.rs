//! How the products refuse: an error page, or the `error` of OAuth in each one's own form.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use maud::html;

use super::product::Product;
use crate::web::token;

/// Why a browser sees an error page, because the request says nothing that could be trusted with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageReason {
    /// Nobody knows the client.
    UnknownClient,
    /// The redirect URI is not one of the client's, byte for byte.
    RedirectUriMismatch,
    /// Entra: there is no such tenant.
    UnknownTenant,
    /// Entra: the client, or the person, belongs to another tenant.
    ForeignTenant,
    /// A parameter is there twice (RFC 6749 §3.1).
    RepeatedParameter,
    /// Google: a scope is unknown.
    UnknownScope,
    /// Entra and Google: there is no scope.
    NoScope,
    /// The sign-on form belongs to no login.
    UnknownTransaction,
}

impl PageReason {
    /// As recorded.
    const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownClient => "unknown-client",
            Self::RedirectUriMismatch => "redirect-uri-mismatch",
            Self::UnknownTenant => "unknown-tenant",
            Self::ForeignTenant => "foreign-tenant",
            Self::RepeatedParameter => "repeated-parameter",
            Self::UnknownScope => "unknown-scope",
            Self::NoScope => "no-scope",
            Self::UnknownTransaction => "unknown-transaction",
        }
    }

    /// In the product's words.
    fn text(self, product: Product) -> &'static str {
        match (product, self) {
            (Product::Entra, Self::UnknownClient) => {
                "AADSTS700016: Application was not found in the directory. This can happen if the application has not \
                 been installed by the administrator of the tenant."
            }
            (Product::Entra, Self::RedirectUriMismatch) => {
                "AADSTS50011: The redirect URI specified in the request does not match the redirect URIs configured \
                 for the application."
            }
            (_, Self::UnknownTenant) => {
                "AADSTS90002: Tenant not found. Check to make sure you have the correct tenant ID."
            }
            (_, Self::ForeignTenant) => {
                "AADSTS50020: User account from identity provider does not exist in tenant and cannot access the \
                 application in that tenant."
            }
            (Product::Okta, Self::RedirectUriMismatch) => {
                "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings."
            }
            (Product::Okta, Self::UnknownClient) => "Invalid value for 'client_id' parameter.",
            (Product::Google, Self::RedirectUriMismatch) => "Error 400: redirect_uri_mismatch",
            (Product::Google, Self::UnknownClient) => "Error 401: invalid_client. The OAuth client was not found.",
            (_, Self::UnknownScope) => "Error 400: invalid_scope",
            (Product::Entra, Self::NoScope) => {
                "AADSTS900144: The request body must contain the following parameter: 'scope'."
            }
            (_, Self::NoScope) => "Error 400: invalid_request. Missing required parameter: scope",
            (_, Self::RepeatedParameter) => "A request parameter is included more than once.",
            (_, Self::UnknownTransaction) => "Unknown or expired transaction.",
            (Product::PingFederate, Self::UnknownClient) => "Unknown or invalid client_id",
            (Product::PingFederate, Self::RedirectUriMismatch) => {
                "The redirect_uri specified does not match any of the redirect_uris registered for the client."
            }
        }
    }
}

/// The page. Nothing is sent to the redirect URI (RFC 6749 §4.1.2.1).
pub(super) fn page(product: Product, reason: PageReason) -> Response {
    let text = html! { p { (reason.text(product)) } p { "Reference: " (token()) } };
    let mut response =
        (StatusCode::BAD_REQUEST, crate::web::page(product.name(), "Sign-on error", &text)).into_response();
    response.extensions_mut().insert(Refused(reason.as_str()));
    response
}

/// What the journal says of a refusal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused(pub(super) &'static str);

/// The answer to a bad, poor or missing access token (RFC 6750 §3).
pub(super) fn bearer(error: Option<&'static str>) -> Response {
    let poor = error == Some("insufficient_scope");
    let status = if poor { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
    let challenge = error.map_or_else(|| "Bearer".to_owned(), |error| format!("Bearer error=\"{error}\""));
    let mut response = (status, [(WWW_AUTHENTICATE, challenge)]).into_response();
    response.extensions_mut().insert(Refused(error.unwrap_or("token-missing")));
    response
}
