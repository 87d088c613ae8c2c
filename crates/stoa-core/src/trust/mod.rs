//! Whom a connection believes as time passes, and what may change that.

mod provider;

pub use self::provider::{DiscoveryError, MAX_DISCOVERY, discovery_url, parse_discovery};
