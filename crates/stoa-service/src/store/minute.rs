//! The calls that a school was asked for in a minute, of everybody together: drawn before they are made, and looked at by
//! whoever takes what is left.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use stoa_core::failure::Failure;
use stoa_core::ids::SchoolId;
use stoa_core::turn::PreviousMinute;

use super::{Key, Reads, Store, Write};

/// How long a minute's calls are kept: for whoever looks at a busy morning afterwards.
const CALLS_KEPT_SECONDS: i64 = 3600;
/// What the attribute of a second's calls begins with.
const SECOND: char = 's';

/// Draws calls from the minute, for whoever adds the condition. `more` is counted along with them.
pub(super) fn drawn(school: &SchoolId, calls: u32, more: &str, now: Timestamp) -> Write {
    let count = |name: &str| format!("{name} = if_not_exists({name}, :none) + :calls");
    let second = format!("#{SECOND}{:02}", second_of(now));
    Key::calls(school, minute_of(now))
        .update(format!("SET {}, {}{more}, #ttl = :ttl", count("#all"), count(&second)))
        .with(":none", 0)
        .with(":calls", calls)
        .with(":ttl", now.as_second() + CALLS_KEPT_SECONDS)
}

/// A minute, counted from the epoch.
pub(crate) fn minute_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(60)
}

/// The second of its minute.
pub(crate) fn second_of(now: Timestamp) -> u32 {
    u32::try_from(now.as_second().rem_euclid(60)).unwrap_or(0)
}

impl Store {
    /// The calls that a school was asked for in the minute before this one: one read.
    pub async fn previous_minute(&self, school: &SchoolId, now: Timestamp) -> Result<PreviousMinute, Failure> {
        let key = Key::calls(school, minute_of(now) - 1);
        let item: Option<BTreeMap<String, Value>> = self.tables.get(&key, Reads::Consistent).await?;
        let calls = |(name, value): (String, Value)| {
            Some((name.strip_prefix(SECOND)?.parse().ok()?, value.as_u64()?.try_into().ok()?))
        };
        Ok(item.into_iter().flatten().filter_map(calls).collect())
    }
}
