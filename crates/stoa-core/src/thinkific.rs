//! Thinkific's requests and answers as data, and the token that signs a person in.
//!
//! Sources: Thinkific's "Custom SSO using JWT" and its Admin API description. What they leave open is said beside it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
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

/// A request to the Admin API, without its host and its credentials.
#[derive(Clone, PartialEq)]
pub struct ApiRequest {
    /// The HTTP method.
    pub method: ApiMethod,
    /// Below `api_url`, with its query.
    pub path: String,
    /// JSON.
    pub body: Option<serde_json::Value>,
}

/// Without the body, which can hold a password.
impl std::fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiRequest").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

/// A password that nobody knows: it replaces whatever the one who registered an account chose.
pub struct UnknownPassword(String);

impl UnknownPassword {
    /// From 32 random bytes. base64url, so 43 characters: more than Thinkific's 6, fewer than the 72 that bcrypt reads.
    pub fn from_bytes(random: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }
}

impl std::fmt::Debug for UnknownPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnknownPassword([redacted])")
    }
}

/// Methods that stoa uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiMethod {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl ApiMethod {
    /// As it stands in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    /// Whether what is asked so changes anything.
    pub const fn changes(self) -> bool {
        match self {
            Self::Get => false,
            Self::Post | Self::Put => true,
        }
    }
}

/// A user of the school, as far as stoa looks.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    /// Thinkific's id.
    pub id: u64,
    /// The address, in whatever case it was typed.
    pub email: String,
    /// Empty for a student.
    #[serde(default)]
    pub roles: Vec<String>,
}

#[derive(Deserialize)]
struct Users {
    items: Vec<User>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    pagination: Pagination,
}

#[derive(Default, Deserialize)]
struct Pagination {
    #[serde(default)]
    next_page: Option<u32>,
}

/// What a page of a search for an address holds.
#[derive(Clone, Debug)]
pub enum Searched {
    /// The user who has it.
    Found(User),
    /// Nobody who has it, and there are more pages.
    NotYet,
    /// Nobody has it.
    Nobody,
}

/// Users on a page of a search. The API's most is 250; these are small enough to read while a browser waits.
const PAGE_USERS: usize = 100;
/// Pages that are searched for an address: one, unless the filter is loose and very many addresses contain it.
pub const SEARCH_PAGES: u32 = 5;

#[derive(Deserialize)]
struct Authentication {
    external_id: Option<String>,
}

/// Asks for the users under an address: a page of them, counted from 1.
pub fn find_user(email: &str, page: u32) -> ApiRequest {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("query[email]", email)
        .append_pair("limit", &PAGE_USERS.to_string())
        .append_pair("page", &page.to_string())
        .finish();
    ApiRequest { method: ApiMethod::Get, path: format!("/users?{query}"), body: None }
}

/// Asks for one user.
pub fn get_user(id: u64) -> ApiRequest {
    ApiRequest { method: ApiMethod::Get, path: format!("/users/{id}"), body: None }
}

/// Asks for the user who is bound to an `external_id`.
pub fn get_bound_user(external_id: &str) -> ApiRequest {
    let id: String = url::form_urlencoded::byte_serialize(external_id.as_bytes()).collect();
    let path = format!("/users/{}?provider=SSO", id.replace('+', "%20"));
    ApiRequest { method: ApiMethod::Get, path, body: None }
}

/// Asks which `external_id` a user is bound to.
pub fn get_binding(id: u64) -> ApiRequest {
    ApiRequest { method: ApiMethod::Get, path: format!("/users/{id}/authentications/SSO"), body: None }
}

/// Creates a user, bound to our id.
pub fn create_user(identity: &Redeemed, external_id: &str) -> ApiRequest {
    let mut body = profile(identity);
    body["external_id"] = external_id.into();
    body["provider"] = "SSO".into();
    body["skip_custom_fields_validation"] = true.into();
    body["send_welcome_email"] = false.into();
    ApiRequest { method: ApiMethod::Post, path: "/users".into(), body: Some(body) }
}

/// Writes name and address. `external_id` cannot be changed on an existing user.
pub fn update_user(id: u64, identity: &Redeemed) -> ApiRequest {
    ApiRequest { method: ApiMethod::Put, path: format!("/users/{id}"), body: Some(profile(identity)) }
}

/// Writes name and address as [`update_user`] does, and replaces the password in the same call: there is no moment at
/// which the account is the person's and still opens with the password of whoever registered it.
pub fn take_over_user(id: u64, identity: &Redeemed, password: &UnknownPassword) -> ApiRequest {
    let mut body = profile(identity);
    body["password"] = password.0.as_str().into();
    ApiRequest { method: ApiMethod::Put, path: format!("/users/{id}"), body: Some(body) }
}

fn profile(identity: &Redeemed) -> serde_json::Value {
    let mut body = serde_json::json!({
        "email": identity.email().as_str(),
        "first_name": identity.first_name(),
        "last_name": identity.last_name(),
    });
    if let Some(company) = identity.company() {
        body["company"] = company.into();
    }
    body
}

/// An answer of the Admin API.
#[derive(Clone, Debug)]
pub struct ApiAnswer {
    /// HTTP status.
    pub status: u16,
    /// `RateLimit-Reset`, as sent.
    pub rate_limit_reset: Option<String>,
    /// The body; at most a few hundred kilobytes.
    pub body: Vec<u8>,
}

impl ApiAnswer {
    /// The answer to [`find_user`]. Whether the filter is exact is not documented, so the address is compared again: as
    /// [`Email`](crate::email::Email) has it, ASCII without regard to case. An address that is merely like it is
    /// somebody else's.
    pub fn searched(&self, email: &str) -> Result<Searched, Failure> {
        let Users { items, meta } = self.json::<Users>()?;
        let has_more = meta.pagination.next_page.is_some() || items.len() >= PAGE_USERS;
        let mut holders = items.into_iter().filter(|user| user.email.eq_ignore_ascii_case(email));
        match (holders.next(), holders.next()) {
            (Some(_), Some(_)) => Err(Failure::noted(Fault::ThinkificAnswerStrange, "several users hold one address")),
            (Some(user), None) => Ok(Searched::Found(user)),
            (None, _) if has_more => Ok(Searched::NotYet),
            (None, _) => Ok(Searched::Nobody),
        }
    }

    /// The answer to [`get_user`] and [`get_bound_user`]; `None`: there is none.
    pub fn user(&self) -> Result<Option<User>, Failure> {
        if self.status == 404 { Ok(None) } else { self.json().map(Some) }
    }

    /// The answer to [`get_binding`]; `None`: not bound.
    pub fn binding(&self) -> Result<Option<String>, Failure> {
        if self.status == 404 { Ok(None) } else { Ok(self.json::<Authentication>()?.external_id) }
    }

    /// The answer to [`create_user`]: the new user.
    pub fn created(&self) -> Result<User, Failure> {
        self.json()
    }

    /// The answer to [`update_user`] and [`take_over_user`]: any success, with or without a body.
    pub fn updated(&self) -> Result<(), Failure> {
        self.check_status()
    }

    fn json<T: for<'de> Deserialize<'de>>(&self) -> Result<T, Failure> {
        self.check_status()?;
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde_json's message would quote the body.
            let place = format!("{:?} at line {} column {}", error.classify(), error.line(), error.column());
            Failure::noted(Fault::ThinkificAnswerStrange, &place)
        })
    }

    fn check_status(&self) -> Result<(), Failure> {
        match self.status {
            200..=299 => Ok(()),
            401 | 403 => Err(Failure::noted(Fault::ThinkificKeyRefused, &format!("HTTP {}", self.status))),
            422 => Err(Failure::noted(Fault::ThinkificRefusedAccount, &refused_fields(&self.body))),
            429 => Err(Failure::noted(Fault::ThinkificBusy, self.rate_limit_reset.as_deref().unwrap_or("no reset"))),
            500..=599 => Err(Failure::noted(Fault::ThinkificUnavailable, &format!("HTTP {}", self.status))),
            other => Err(Failure::noted(Fault::ThinkificAnswerStrange, &format!("HTTP {other}"))),
        }
    }

    /// How long to wait after a 429, in seconds. `RateLimit-Reset` is a Unix time, in milliseconds where it is larger
    /// than 10^10, else in seconds; a minute where it is missing.
    pub fn retry_after(&self, now: Timestamp) -> i64 {
        let reset = self.rate_limit_reset.as_deref().and_then(|text| text.trim().parse::<i64>().ok());
        let at = match reset {
            Some(milliseconds) if milliseconds > 10_000_000_000 => milliseconds / 1000,
            Some(seconds) => seconds,
            None => now.as_second() + 60,
        };
        (at - now.as_second()).clamp(0, 60)
    }
}

/// Which fields a 422 is about, in any of the shapes that are documented. Values are not repeated: they are people's.
fn refused_fields(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refused {
        errors: serde_json::Value,
    }
    let Ok(refused) = serde_json::from_slice::<Refused>(body) else { return "HTTP 422 without errors".into() };
    match refused.errors {
        serde_json::Value::Object(fields) => {
            let taken = fields.values().any(|value| value.to_string().contains("taken"));
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            format!("fields: {}{}", names.join(", "), if taken { " (already taken)" } else { "" })
        }
        serde_json::Value::Array(entries) => {
            let named = entries.iter().filter_map(|entry| entry.as_object()).flat_map(|entry| entry.keys());
            let names: Vec<&str> = named.map(String::as_str).collect();
            if names.is_empty() {
                format!("{} messages", entries.len())
            } else {
                format!("fields: {}", names.join(", "))
            }
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => "HTTP 422 of an unknown shape".into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> ApiAnswer {
        ApiAnswer { status, rate_limit_reset: None, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn every_documented_shape_of_422_is_a_fault_that_names_fields_only() {
        for (body, note) in [
            (r#"{"errors":{"email":["has already been taken"]}}"#, "fields: email (already taken)"),
            (r#"{"errors":{"first_name":["can't be blank"]}}"#, "fields: first_name"),
            (r#"{"errors":["Invalid group_names"]}"#, "1 messages"),
            (r#"{"errors":{"group_id":"Invalid group ID: 1"}}"#, "fields: group_id"),
            (r#"{"errors":[{"email":"x@y.z"}]}"#, "fields: email"),
            (r#"{"error":"x"}"#, "HTTP 422 without errors"),
            ("<html>", "HTTP 422 without errors"),
        ] {
            let failure = answer(422, body).updated().unwrap_err();
            assert_eq!(failure.fault, Fault::ThinkificRefusedAccount);
            assert_eq!(failure.detail.got.as_deref(), Some(note));
        }
    }

    #[test]
    fn a_found_user_must_hold_the_very_address() {
        let page = |users: &[&str], next: Option<u32>| {
            let user = |(id, email): (usize, &&str)| serde_json::json!({"id": id + 1, "email": email});
            let items: Vec<_> = users.iter().enumerate().map(user).collect();
            answer(200, &serde_json::json!({"items": items, "meta": {"pagination": {"next_page": next}}}).to_string())
        };
        let search = |answer: &ApiAnswer| match answer.searched("maria@pg.com") {
            Ok(Searched::Found(user)) => format!("user {}", user.id),
            Ok(Searched::NotYet) => "not yet".to_owned(),
            Ok(Searched::Nobody) => "nobody".to_owned(),
            Err(failure) => failure.fault.code().to_owned(),
        };
        let likes = ["maria@pg.com.br", "amaria@pg.com", "maria@pg.com ", "mar\u{131}a@pg.com", ""];
        assert_eq!(search(&page(&likes, None)), "nobody");
        assert_eq!(search(&page(&likes, Some(2))), "not yet");
        assert_eq!(search(&page(&[likes[0], "Maria@PG.com"], Some(2))), "user 2");
        assert_eq!(search(&page(&["Maria@PG.com", "maria@pg.com"], None)), "thinkific_answer_strange");
        // A page that is full may not be the last one, whatever it says of itself.
        assert_eq!(search(&page(&[likes[0]; PAGE_USERS], None)), "not yet");
        let bare = serde_json::json!({"items": [{"id": 1, "email": "maria@pg.com"}]});
        assert_eq!(search(&answer(200, &bare.to_string())), "user 1");
    }

    #[test]
    fn no_password_is_in_what_a_request_prints() {
        let password = UnknownPassword::from_bytes([7; 32]);
        let body = serde_json::json!({"password": password.0.as_str()});
        let request = ApiRequest { method: ApiMethod::Put, path: "/users/1".into(), body: Some(body) };
        assert!(!format!("{request:?} {password:?}").contains(&password.0));
    }

    #[test]
    fn a_reset_may_be_in_milliseconds_in_seconds_or_missing() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        for (reset, seconds) in [(Some("1790000007000"), 7), (Some("1790000009"), 9), (None, 60), (Some("x"), 60)] {
            let busy = ApiAnswer { rate_limit_reset: reset.map(Into::into), ..answer(429, "") };
            assert_eq!(busy.retry_after(now), seconds, "{reset:?}");
        }
    }
}
