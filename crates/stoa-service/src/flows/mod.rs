//! The flows: one file a function.

mod account;
mod admission;
mod asking;
mod begin;
mod catalogue;
mod code;
mod home_realm;
pub mod login;
mod look;
pub mod mirror;
pub mod oidc_callback;
mod oidc_exchange;
pub mod operator;
mod proven;
mod provider_keys;
pub mod provisioner;
pub mod saml_acs;
mod saml_keys;
pub mod saml_metadata;
pub mod scim;
pub mod teams_session;
pub mod thinkific_launch;
pub mod thinkific_return;
pub mod thinkific_webhook;
pub mod trust_refresh;
mod webhook_subscriptions;
mod workos;
