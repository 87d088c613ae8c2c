//! Trouble on demand.

use std::time::Duration;

/// What is to go wrong, where and how often.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which calls.
    pub target: FaultTarget,
    /// What happens to them.
    pub trouble: Trouble,
    /// How many of them.
    pub times: usize,
}

/// Which calls meet a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultTarget {
    /// Any call of the Admin API.
    Admin,
    /// Calls of the Admin API with this method, whose path starts so: `/users`, also `/webhooks` and `/graphql`.
    AdminCall {
        /// Only calls with this method are met.
        method: http::Method,
        /// The start of the path below `/api/public/v1`, `/api/v2` or `/stable`.
        path: String,
    },
    /// The SSO endpoint.
    Sso,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is done, and the connection cut before the answer.
    ApplyThenCut,
    /// 403, and a page of Cloudflare's that asks for a browser.
    Blocked,
    /// The connection is cut before it is done.
    Cut,
    /// It takes this long.
    Delay(Duration),
    /// 429, although the limit is not reached, for this long.
    RateLimited(Duration),
    /// This status: 5xx, or Cloudflare's 520 to 530.
    Status(u16),
    /// 422 about a field.
    Unprocessable {
        /// The field that the answer complains about.
        field: String,
        /// What is wrong with it.
        message: String,
    },
}

/// The unit of `RateLimit-Reset`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetUnit {
    /// Unix time in milliseconds, as observed.
    #[default]
    EpochMilliseconds,
    /// Unix time in seconds.
    EpochSeconds,
    /// The header is missing.
    Missing,
}
