//! The exchange of a code for tokens (OIDC core §3.1.3, RFC 6749 §4.1.3).

use std::pin::Pin;

use openidconnect::core::CoreErrorResponseType;
use openidconnect::http::header::CONTENT_TYPE;
use openidconnect::{
    AuthType, AuthorizationCode, ClientSecret, HttpRequest, HttpResponse, PkceCodeVerifier, RequestTokenError,
    StandardErrorResponse,
};

use super::client::client;
use super::client_assertion::{ASSERTION_TYPE, client_assertion};
use super::{RefusalCode, error_name};
use crate::binding::Pending;
use crate::connection::{ClientAuth, Oidc};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::keys::Key;
use crate::published::Published;

/// The media type of a token response.
const JSON: &str = "application/json";
/// More than any provider's tokens.
const MAX_TOKENS: usize = 128 * 1024;

/// What a code is exchanged with.
pub struct Exchange<'a> {
    /// The connection's side.
    pub oidc: &'a Oidc,
    /// Our redirect URI, as in the authorization request.
    pub redirect_uri: &'a str,
    /// The code that came.
    pub code: &'a str,
    /// The login that it answers.
    pub login: &'a Pending,
    /// The secret `oidc/{connection}`.
    pub secret: &'a Key,
    /// A random id, for `private_key_jwt`.
    pub assertion_id: &'a str,
    /// The instant from which a client assertion counts.
    pub now: jiff::Timestamp,
}

/// The tokens that came, nothing about them checked.
pub struct Tokens {
    pub(super) unverified_id_token: String,
    pub(super) access_token: String,
}

impl Tokens {
    /// The ID token, as it came.
    pub fn unverified_id_token(&self) -> &str {
        &self.unverified_id_token
    }
}

/// Why the HTTP client has no answer for the library: a failure that is known already.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.fault.code())]
pub struct NoAnswer(pub Failure);

/// Exchanges the code. `http` sends one request; its answers go through [`judge`] first.
pub async fn exchange<H, F>(exchange: Exchange<'_>, http: H) -> Result<Tokens, Failure>
where
    H: Fn(HttpRequest) -> F + Sync,
    F: Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'static,
{
    let client = client(exchange.oidc, exchange.redirect_uri)?;
    let secret = || ClientSecret::new(exchange.secret.expose().to_owned());
    let auth = exchange.oidc.document().client_auth;
    let client = match auth {
        ClientAuth::ClientSecretBasic => client.set_client_secret(secret()).set_auth_type(AuthType::BasicAuth),
        ClientAuth::ClientSecretPost => client.set_client_secret(secret()).set_auth_type(AuthType::RequestBody),
        ClientAuth::PrivateKeyJwt => client.set_auth_type(AuthType::RequestBody),
    };
    let mut request = client
        .exchange_code(AuthorizationCode::new(exchange.code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(exchange.login.pkce_verifier()));
    if auth == ClientAuth::PrivateKeyJwt {
        let assertion = client_assertion(exchange.oidc, exchange.secret, exchange.assertion_id, exchange.now)?;
        request = request
            .add_extra_param("client_assertion_type", ASSERTION_TYPE)
            .add_extra_param("client_assertion", assertion);
    }
    // Boxed, since the compiler loses sight of `Send` in a future of so many lifetimes.
    let answer: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(request.request_async(&http));
    let answer = answer.await.map_err(|error| match error {
        RequestTokenError::Request(NoAnswer(failure)) => failure,
        // The texts of these quote the answer, which may have a token in it.
        RequestTokenError::ServerResponse(_) | RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            RefusalCode::TokenAnswerStrange.into()
        }
    })?;
    let id_token = answer.id_token.ok_or(RefusalCode::IdTokenMissing)?;
    Ok(Tokens { unverified_id_token: id_token.0, access_token: answer.access_token.into_secret() })
}

/// What a status says before a body is read as tokens.
pub fn judge(answer: HttpResponse) -> Result<HttpResponse, NoAnswer> {
    let status = answer.status().as_u16();
    let error: Option<TokenEndpointError> = serde_json::from_slice(answer.body()).ok();
    let code = match status {
        200 => return tokens_or_what_came(answer),
        408 | 429 | 500.. => RefusalCode::TokenEndpointUnavailable,
        400..=499 => match error.as_ref().map(StandardErrorResponse::error) {
            Some(CoreErrorResponseType::InvalidGrant) => RefusalCode::CodeRefused,
            Some(CoreErrorResponseType::InvalidRequest) if is_code_malformed(error.as_ref()) => {
                RefusalCode::CodeRefused
            }
            Some(CoreErrorResponseType::InvalidClient) => RefusalCode::ClientRefused,
            _ if status == 401 => RefusalCode::ClientRefused,
            _ => RefusalCode::TokenRequestRefused,
        },
        _ => RefusalCode::TokenAnswerStrange,
    };
    let said = error.map(|error| said(&error)).unwrap_or_default();
    Err(NoAnswer(Failure::noted(Fault::Oidc(code), &format!("status {status}{said}"))))
}

/// The library says of nothing that came why it is no token response, since its texts quote what did.
fn tokens_or_what_came(answer: HttpResponse) -> Result<HttpResponse, NoAnswer> {
    let strange = |wanted: &str, got: &str| {
        Err(NoAnswer(Failure::with(Fault::Oidc(RefusalCode::TokenAnswerStrange), wanted, got)))
    };
    let kind = answer.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or("not ASCII"));
    let essence = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    // RFC 6749 §5.1 wants the type; the library takes none as this one.
    if essence.is_some_and(|essence| !essence.eq_ignore_ascii_case(JSON)) {
        return strange(JSON, kind.unwrap_or_default());
    }
    let members = Published::parse(answer.body(), MAX_TOKENS).and_then(|mut members| {
        members.text("access_token")?;
        members.text("token_type")
    });
    match members {
        Ok(_) => Ok(answer),
        Err(error) => strange("access_token and token_type", &error.to_string()),
    }
}

/// Entra says of a code that is not of its form what it says of a request that is not: anybody can make such a code up.
fn is_code_malformed(error: Option<&TokenEndpointError>) -> bool {
    error.and_then(entra_number) == Some("AADSTS9002313")
}

type TokenEndpointError = StandardErrorResponse<CoreErrorResponseType>;

/// The error, and Entra's number of it. The rest of a description may name somebody.
fn said(error: &TokenEndpointError) -> String {
    let name = error_name(error.error().as_ref());
    match entra_number(error) {
        Some(number) => format!(" {name} {number}"),
        None => format!(" {name}"),
    }
}

fn entra_number(error: &TokenEndpointError) -> Option<&str> {
    let first = error.error_description().and_then(|text| text.split(':').next())?;
    first.strip_prefix("AADSTS").is_some_and(|rest| rest.parse::<u32>().is_ok()).then_some(first)
}
