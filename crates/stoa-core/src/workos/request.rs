//! What is sent to WorkOS: the browser, and then the code.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE};
use url::{Url, form_urlencoded};

use crate::binding::Pending;
use crate::connection::{Connection, Protocol, WorkosDocument};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::keys::Key;

/// Where the browser is sent, for a code bound to it (WorkOS API reference, "Get an authorization URL"; PKCE by S256,
/// RFC 7636 §4.3).
pub fn authorization_url(
    connection: &Connection,
    redirect_uri: &str,
    login: &Pending,
    login_hint: Option<&str>,
) -> Result<String, Failure> {
    let Protocol::Workos(settings) = connection.protocol() else { return Err(connection.other_protocol("workos")) };
    let mut url = Url::parse(&format!("{}/sso/authorize", settings.api_url))
        .map_err(|_| Failure::noted(Fault::ConfigurationBroken, connection.id().as_str()))?;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .extend_pairs(selector(settings))
        .append_pair("state", &state_of(login, settings))
        .append_pair("code_challenge", &challenge(login))
        .append_pair("code_challenge_method", "S256")
        .extend_pairs(login_hint.map(|hint| ("login_hint", hint)));
    Ok(url.into())
}

/// Of the two WorkOS takes one. A connection is the narrower, and the profile is held against both.
fn selector(settings: &WorkosDocument) -> Option<(&'static str, &str)> {
    let connection = settings.connection.as_deref().map(|id| ("connection", id));
    connection.or_else(|| settings.organization.as_deref().map(|id| ("organization", id)))
}

/// The `state` of a login, bound to whose people are asked for.
pub fn state_of(login: &Pending, settings: &WorkosDocument) -> String {
    let selectors = [&settings.organization, &settings.connection].map(|id| id.as_deref().unwrap_or_default());
    login.oidc_state(&[&settings.api_url, &settings.client_id, selectors[0], selectors[1]])
}

fn challenge(login: &Pending) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, login.pkce_verifier().as_bytes()))
}

/// The exchange of a code (WorkOS API reference, "Get a Profile and Token"; RFC 6749 §4.1.3).
pub fn token_request(
    settings: &WorkosDocument,
    api_key: &Key,
    code: &str,
    login: &Pending,
) -> Result<Request<Vec<u8>>, Failure> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("client_id", &settings.client_id)
        // The environment's API key is the client's secret.
        .append_pair("client_secret", api_key.expose())
        .append_pair("code", code)
        .append_pair("code_verifier", &login.pkce_verifier())
        .finish();
    Request::post(format!("{}/sso/token", settings.api_url))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(form.into_bytes())
        .map_err(|_| Fault::ConfigurationBroken.into())
}
