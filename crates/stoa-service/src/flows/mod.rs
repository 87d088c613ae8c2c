//! The flows: one file a function.

mod account;
pub mod login;
pub mod oidc_callback;
mod proven;
pub mod saml_acs;
mod saml_keys;
pub mod saml_metadata;
pub mod teams_session;
pub mod thinkific_launch;
pub mod thinkific_return;
