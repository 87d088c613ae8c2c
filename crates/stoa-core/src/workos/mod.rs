//! WorkOS SSO: what is sent, what comes back to the redirect URI, and what a profile says (WorkOS API reference, "SSO").
//!
//! WorkOS has verified the identity provider's answer. Its profile is believed because it came from the token endpoint
//! by TLS, in exchange for a code that only the login of this browser could redeem (PKCE).

mod callback;
mod profile;
mod request;

pub use self::callback::Callback;
pub use self::profile::{CUSTOM_PREFIX, Profile};
pub use self::request::{authorization_url, state_of, token_request};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
