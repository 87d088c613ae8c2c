//! What a live look at the identity provider and at the school said. The function `operator` looks at the school, from
//! where logins are answered and with the school's key; the command looks at the identity provider, so that what parses
//! a stranger's message holds no key. Nothing here holds a body, or anything of a person's.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::known::Known;

/// How far two clocks may lie apart before that explains anything, in seconds: as far as verifiers usually allow.
pub(super) const CLOCK_SECONDS: i64 = 60;

/// What the function `operator` found by looking at the school.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// The function's time, which AWS keeps, in epoch seconds.
    pub now: i64,
    /// The proven logins with the same address, newest first, by their references.
    pub same_address: Known<Vec<crate::ids::Reference>>,
    /// The school's own address, as a browser meets it.
    pub site: Known<SiteProbe>,
    /// The school's Admin API.
    pub api: Known<ApiProbe>,
}

/// The identity provider, as it answers now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderProbe {
    /// How far its clock (`Date`, RFC 9110 §6.6.1) is ahead of ours, in seconds.
    pub skew: Option<i64>,
    /// What it publishes: metadata, or discovery document and key set.
    pub published: Option<Published>,
    /// Why that could not be read.
    pub unread: Option<String>,
    /// The status that the address which people are sent to answers without a request in it; absent: no answer.
    pub sign_in: Option<u16>,
    /// The status of the token endpoint, asked without a client or a code; absent: no answer, or there is none.
    pub token_endpoint: Option<u16>,
}

/// What an identity provider publishes about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Its entity id or issuer.
    pub name: String,
    /// Fingerprints of SAML signing certificates, lower-case hexadecimal.
    pub certificates: Vec<String>,
    /// Names of the keys of a key set that differ from the stored set: new, gone or replaced under the same name.
    pub keys_changed: Vec<String>,
    /// The token endpoint, where it is another than the stored one.
    pub token_endpoint_moved: bool,
}

/// The school's address, as a browser meets it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteProbe {
    /// The status; absent: no answer.
    pub status: Option<u16>,
    /// The host that it leads to, where that is another.
    pub leads_to: Option<String>,
    /// How far its clock is ahead of ours, in seconds.
    pub skew: Option<i64>,
}

/// The Admin API, asked for one user, with the school's key and without.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiProbe {
    /// The status of the call without a key; absent: no answer.
    pub keyless: Option<u16>,
    /// Whether that answer is Thinkific's own, which is JSON with an `error`. Anything else came from something between.
    pub keyless_is_thinkific: bool,
    /// The status of the call with the key; absent: no answer, or the key could not be read.
    pub keyed: Option<u16>,
    /// Whether the answer with the key says that the plan does not include the API.
    pub plan_lacks_api: bool,
    /// The fault's code, where the key could not be read.
    pub key_unread: Option<String>,
}

/// How far a `Date` header (RFC 9110 §5.6.7) is ahead of `now`, in seconds.
pub fn skew_of(date: &str, now: Timestamp) -> Option<i64> {
    let zoned = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(zoned.timestamp().as_second() - now.as_second())
}
