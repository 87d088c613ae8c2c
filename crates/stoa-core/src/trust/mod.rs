//! Whom a connection believes as time passes, and what may change that.
//!
//! A SAML provider's keys are believed because they stood in its metadata for three days, because a pinned certificate
//! signed metadata that is current, or because a person said so ([`decide`]). An OpenID provider's key set is believed
//! because it came from the provider's own https address; its description never changes a connection
//! ([`decide_provider`]). A key set that is published again after it was withdrawn is no more than that, too: nothing
//! signs it, so whoever could serve an old one there could serve one of their own.

mod event;
mod openid;
mod provider;
mod saml;
mod unread;
mod watch;

pub use self::event::{Event, EventKind, HeldChange};
pub use self::openid::{ProviderDecision, ProviderReading, decide_provider};
pub use self::provider::{DiscoveryError, MAX_DISCOVERY, PublishedError, discovery_url, parse_discovery};
pub use self::saml::{
    Believed, Decision, GONE, MAX_KEYS, MAX_METADATA, Reading, TrustedKey, WAIT, days_until, decide, expiry_step, read,
    read_metadata,
};
pub use self::unread::Unread;
pub use self::watch::{Held, WaitingKey, Watch};
