//! The simulators and the test browser, each over real HTTP on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod browser;
mod mirror;
mod openid;
mod openid_clients;
mod openid_defects;
mod openid_provider;
mod openid_refusals;
mod pingfederate;
mod pingfederate_defects;
mod school_api;
mod thinkific_admin;
mod thinkific_enrollments;
mod thinkific_groups;
mod thinkific_sso;
mod thinkific_webhooks;
mod workos;
mod workos_oracle;
