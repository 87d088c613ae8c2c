//! The flows: one file a function.

mod account;
pub mod login;
pub mod saml_acs;
mod saml_keys;
pub mod saml_metadata;
pub mod thinkific_launch;
pub mod thinkific_return;
