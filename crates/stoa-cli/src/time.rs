//! Times, as the command takes and prints them.

use jiff::{SignedDuration, Timestamp};

/// `30m`, `2h`, `3d`, a day (`2026-11-20`, from its beginning in UTC) or an instant.
pub(crate) fn since(text: &str) -> Result<Timestamp, &'static str> {
    const FORM: &str = "30m, 2h, 3d, a day like 2026-11-20 or an instant like 2026-11-20T08:00:00Z";
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(at) = format!("{text}T00:00:00Z").parse::<Timestamp>() {
        return Ok(at);
    }
    let seconds = match text.as_bytes().last() {
        Some(b'm') => 60,
        Some(b'h') => 3600,
        Some(b'd') => 86_400,
        Some(_) | None => return Err(FORM),
    };
    let count: u16 = text[..text.len() - 1].parse().map_err(|_| FORM)?;
    let ago = SignedDuration::from_secs(i64::from(count) * seconds);
    Timestamp::now().checked_sub(ago).map_err(|_| FORM)
}

/// A length of time from now, a day (its beginning in UTC) or an instant; none that has passed.
pub(crate) fn until(text: &str) -> Result<Timestamp, &'static str> {
    const FORM: &str = "12h, 90d, a day like 2027-03-01 or an instant like 2027-03-01T08:00:00Z, in the future";
    let now = Timestamp::now();
    let at = since(text).map_err(|_| FORM)?;
    // An age is as far behind us as the end is to be ahead.
    let is_length = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let at = if is_length { now.checked_add(now.duration_since(at)).map_err(|_| FORM)? } else { at };
    if at > now { Ok(at) } else { Err(FORM) }
}

/// Seconds since 1970. What is stored and no time is printed as it stands.
pub(crate) fn instant(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |at| at.to_string())
}

/// Milliseconds since 1970, with so many of the second's digits.
pub(crate) fn moment(milliseconds: i64, digits: usize) -> String {
    Timestamp::from_millisecond(milliseconds).map_or_else(|_| milliseconds.to_string(), |at| format!("{at:.digits$}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_age_a_day_or_an_instant() {
        let ago = |text| Timestamp::now().duration_since(since(text).unwrap()).as_secs();
        for (text, seconds) in [("30m", 1800), ("2h", 7200), ("3d", 259_200)] {
            assert!((ago(text) - seconds).abs() < 5, "{text}");
        }
        assert_eq!(since("2026-11-20").unwrap().to_string(), "2026-11-20T00:00:00Z");
        assert_eq!(since("2026-11-20T08:00:00+02:00").unwrap().to_string(), "2026-11-20T06:00:00Z");
        for wrong in ["", "h", "2", "2w", "-2h", "yesterday", "2026-13-01", "99999d", "2\u{e4}"] {
            assert!(since(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_stored_time_is_printed_even_if_it_is_none() {
        assert_eq!(instant(1_790_000_000), "2026-09-21T14:13:20Z");
        assert_eq!(moment(1_790_000_000_456, 3), "2026-09-21T14:13:20.456Z");
        assert_eq!((instant(i64::MAX), moment(i64::MIN, 0)), (i64::MAX.to_string(), i64::MIN.to_string()));
    }
}
