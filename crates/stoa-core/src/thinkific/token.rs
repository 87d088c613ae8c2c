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
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
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
            exp: Some(iat + BACKDATED_SECONDS + TOKEN_SECONDS),
            jti: self.jti,
        };
        launch_url(school, api_key.expose(), &claims, (&school.url_of(self.destination), self.error_url))
    }
}

/// A token about one of our own people, to see what a school does with it.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    /// The address.
    pub email: &'a str,
    /// The given name.
    pub first_name: &'a str,
    /// The family name.
    pub last_name: &'a str,
    /// `external_id`
    pub external_id: &'a str,
    /// `iat`; a launch's lies 5 s in the past.
    pub iat: i64,
    /// `exp`, if there is to be one.
    pub exp: Option<i64>,
    /// Random, unique, unless it is tried twice.
    pub jti: &'a str,
    /// Signed under a key that is not the school's.
    pub is_forged: bool,
}

impl<'a> Trial<'a> {
    /// With the times that a launch gives.
    pub fn now(names: [&'a str; 3], external_id: &'a str, jti: &'a str, now: Timestamp) -> Self {
        let [email, first_name, last_name] = names;
        let iat = now.as_second() - BACKDATED_SECONDS;
        let exp = Some(now.as_second() + TOKEN_SECONDS);
        Self { email, first_name, last_name, external_id, iat, exp, jti, is_forged: false }
    }

    /// Signs it as a launch does.
    pub fn sign(&self, school: &School, api_key: &Key, error_url: &str) -> Result<LaunchUrl, Failure> {
        let claims = Claims {
            email: self.email,
            first_name: self.first_name,
            last_name: self.last_name,
            external_id: self.external_id,
            company: None,
            iat: self.iat,
            exp: self.exp,
            jti: self.jti,
        };
        let return_to = format!("{}/", school.document.base_url);
        let (key, other) = (api_key.expose(), format!("{} and more", api_key.expose()));
        launch_url(school, if self.is_forged { &other } else { key }, &claims, (&return_to, error_url))
    }
}

fn launch_url(
    school: &School,
    api_key: &str,
    claims: &Claims<'_>,
    (return_to, error_url): (&str, &str),
) -> Result<LaunchUrl, Failure> {
    let key = EncodingKey::from_secret(api_key.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).map_err(|_| Fault::Internal)?;
    let mut url = Url::parse(&format!("{}/api/sso/v2/sso/jwt", school.document.base_url))
        .map_err(|_| Fault::ConfigurationBroken)?;
    url.query_pairs_mut()
        .append_pair("jwt", &token)
        .append_pair("return_to", return_to)
        .append_pair("error_url", error_url);
    if url.as_str().len() > MAX_URL {
        return Err(Failure::with(Fault::TokenTooLong, format!("{MAX_URL} characters"), "more"));
    }
    Ok(LaunchUrl(url.into()))
}
