//! The token that signs a person in to a school.
//!
//! Source: Thinkific's "Custom SSO using JWT".

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use url::Url;

use crate::connection::School;
use crate::destination::Destination;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::identity::Redeemed;
use crate::keys::Key;

/// The token is minted at the redirect, so it need not live long.
pub const TOKEN_SECONDS: i64 = 60;
/// Ruby's JWT library refuses an `iat` in the future without leeway, so it lies a little in the past.
const BACKDATED_SECONDS: i64 = 5;
/// Proxies refuse longer addresses.
const MAX_URL: usize = 8000;

/// The claims that Thinkific documents, and `exp` and `jti`, which it tolerates.
#[derive(Serialize)]
struct Claims<'a> {
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    external_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<&'a str>,
    iat: i64,
    exp: i64,
    jti: &'a str,
}

/// Where to send the browser so that the school signs the person in. Contains the token: never logged.
pub struct LaunchUrl(String);

impl LaunchUrl {
    /// For the `Location` header, and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for LaunchUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LaunchUrl([redacted])")
    }
}

/// What a launch signs.
pub struct Launch<'a> {
    /// Who is signed in.
    pub identity: &'a Redeemed,
    /// Thinkific's `external_id`.
    pub external_id: &'a str,
    /// Where to.
    pub destination: &'a Destination,
    /// Where Thinkific sends the person when it refuses. Always sent: without it the person would land at
    /// `return_to`, silently not signed in.
    pub error_url: &'a str,
    /// Random, unique.
    pub jti: &'a str,
}

impl Launch<'_> {
    /// Signs the token (HS256; the key is the API key's ASCII bytes as they stand, not decoded) and builds the
    /// address `/api/sso/v2/sso/jwt`.
    pub fn sign(&self, school: &School, api_key: &Key, now: Timestamp) -> Result<LaunchUrl, Failure> {
        let iat = now.as_second() - BACKDATED_SECONDS;
        let claims = Claims {
            email: self.identity.email().as_str(),
            first_name: self.identity.first_name(),
            last_name: self.identity.last_name(),
            external_id: self.external_id,
            company: self.identity.company(),
            iat,
            exp: iat + BACKDATED_SECONDS + TOKEN_SECONDS,
            jti: self.jti,
        };
        let key = EncodingKey::from_secret(api_key.expose().as_bytes());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(|_| Fault::Internal)?;
        let mut url = Url::parse(&format!("{}/api/sso/v2/sso/jwt", school.document.base_url))
            .map_err(|_| Fault::ConfigurationBroken)?;
        url.query_pairs_mut()
            .append_pair("jwt", &token)
            .append_pair("return_to", &school.url_of(self.destination))
            .append_pair("error_url", self.error_url);
        if url.as_str().len() > MAX_URL {
            return Err(Failure::with(Fault::TokenTooLong, format!("{MAX_URL} characters"), "more"));
        }
        Ok(LaunchUrl(url.into()))
    }
}
