//! Times in messages, and comparing them with a clock that is allowed to differ.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use crate::refusal::{Refusal, RefusalCode};

/// After every time that is told apart: 2200-01-01T00:00:00Z. Products write `9999-12-31` for what never ends, which is
/// more than the time type holds.
pub(crate) const NEVER: Timestamp = Timestamp::constant(7_258_118_400, 0);

/// Reads `YYYY-MM-DDThh:mm:ss[.f…]Z` (SAML core §1.3.3). Fractions are cut after the ninth digit, and a year after
/// 2199 is as good as [`NEVER`]: no clock of ours stands there.
pub(crate) fn parse(text: &str) -> Result<Timestamp, Refusal> {
    utc(text).ok_or_else(|| Refusal::from(RefusalCode::TimestampInvalid).got(text))
}

/// Writes a time as messages spell it.
pub(crate) fn format(time: Timestamp) -> String {
    format!("{:.3}", time)
}

fn utc(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = match text.strip_suffix('Z')?.split_once('.') {
        Some((seconds, fraction)) => (seconds, nanoseconds(fraction)?),
        None => (text.strip_suffix('Z')?, 0),
    };
    let bytes: &[u8; 19] = seconds.as_bytes().try_into().ok()?;
    for (at, separator) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if bytes[at] != separator {
            return None;
        }
    }
    let year = number(&bytes[..4])?;
    let field = |at: usize| number(&bytes[at..at + 2]).and_then(|value| i8::try_from(value).ok());
    let (month, day, hour, minute, second) = (field(5)?, field(8)?, field(11)?, field(14)?, field(17)?);
    let time = DateTime::new(year, month, day, hour, minute, second, fraction).ok()?;
    match year {
        // XML Schema 1.0 has no such year (part 2, §3.2.7).
        ..=0 => None,
        1..2200 => Offset::UTC.to_timestamp(time).ok(),
        2200.. => Some(NEVER),
    }
}

/// Decimal digits and nothing else.
pub(crate) fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0, |value: i16, digit| match digit {
        b'0'..=b'9' => Some(value * 10 + i16::from(digit - b'0')),
        _ => None,
    })
}

fn nanoseconds(fraction: &str) -> Option<i32> {
    if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let nine = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(nine.fold(0, |value, digit| value * 10 + i32::from(digit - b'0')))
}

/// A tolerated clock difference above the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a clock difference of more than {} seconds is not tolerated", Skew::MAX_SECONDS)]
pub struct SkewError;

/// How far the identity provider's clock may differ from ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(u16);

impl Skew {
    /// The largest difference that can be configured.
    pub const MAX_SECONDS: u16 = 300;

    /// A difference of up to [`Skew::MAX_SECONDS`].
    pub fn from_seconds(seconds: u16) -> Result<Self, SkewError> {
        if seconds <= Self::MAX_SECONDS { Ok(Self(seconds)) } else { Err(SkewError) }
    }

    /// The difference in seconds.
    pub fn seconds(self) -> u16 {
        self.0
    }

    pub(crate) fn duration(self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.0))
    }
}

impl Default for Skew {
    fn default() -> Self {
        Self(120)
    }
}

/// Our time, and how far theirs may differ.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    now: Timestamp,
    skew: SignedDuration,
}

impl Clock {
    pub(crate) fn new(now: Timestamp, skew: Skew) -> Self {
        Self { now, skew: skew.duration() }
    }

    /// Whether `time` may have come: for `NotBefore` and for times that must lie behind.
    pub(crate) fn has_begun(self, time: Timestamp) -> bool {
        time.duration_since(self.now) <= self.skew
    }

    /// Whether `time` must have come: for `NotOnOrAfter`.
    pub(crate) fn has_ended(self, time: Timestamp) -> bool {
        self.now.duration_since(time) >= self.skew
    }

    /// Whether `time`, by their clock, does not lie before `since`, by ours.
    pub(crate) fn follows(self, time: Timestamp, since: Timestamp) -> bool {
        since.duration_since(time) <= self.skew
    }
}
