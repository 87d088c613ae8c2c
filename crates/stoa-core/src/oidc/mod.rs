//! OpenID Connect as a relying party, and the two that resemble it: WorkOS SSO and Teams tokens. Without IO.
//!
//! `openidconnect` writes the requests and reads the token response; keys, signatures and the rules about claims are
//! here, where each has its own fault.

mod claims;
mod client;
mod client_assertion;
mod entra;
mod id_token;
mod jwks;
mod jws;
mod key;
mod response;
mod token;
mod token_answer;
mod userinfo;

pub use self::claims::Claims;
pub(crate) use self::claims::{attributes, mixed};
pub use self::client::{authorization_url, state};
pub(crate) use self::entra::{TokenForm, is_guest};
pub(crate) use self::id_token::in_utc;
pub use self::id_token::{Expected, ProvenIdentity, prove};
pub use self::jwks::{Jwks, JwksError, MAX_JWKS};
pub use self::jws::verify_jws;
pub use self::response::Response;
pub(crate) use self::response::error_name;
pub use self::token::{Exchange, NoAnswer, Tokens, exchange, judge};
pub use self::userinfo::userinfo_request;
pub use crate::refusal::{Family, RefusalCode};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
