//! How far somebody has come in a course.

use jiff::Timestamp;

/// How far somebody has come in a course, as of an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Thinkific's id of the enrollment.
    pub enrollment: u64,
    /// Thinkific's id of the person.
    pub user: u64,
    /// Thinkific's id of the course.
    pub course: u64,
    /// How much of it is done, 0 to 100; `None`: the school said something that is no such number.
    pub percent: Option<u8>,
    /// Whether all of it is, and since when.
    pub completion: Completion,
    /// When the school's record of it last changed. Of two events the one with the later instant counts.
    pub updated_at: Timestamp,
}

/// Whether a course is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// Not by what the event says.
    Open,
    /// Since then.
    At(Timestamp),
}

/// Reads `percentage_completed`. The scale is not documented: samples have `"24.0"`, and the Admin API's `0.24` of the
/// same number. So what lies between 0 and 1 is a part of one, and what is larger a part of a hundred. Exactly 1 is one
/// percent: with a course that is done, the event says when it was, and then that decides instead of the number. Digits
/// behind the point are dropped, so that 99.9 is not done.
pub fn percent(said: &str) -> Option<u8> {
    let number: f64 = said.trim().parse().ok().filter(|number| (0.0..=100.0).contains(number))?;
    let percent = if number < 1.0 { number * 100.0 } else { number };
    // 0.29 of one is 28.999999999999996 of a hundred.
    (0..=100_u8).rev().find(|whole| f64::from(*whole) <= percent + 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scale_is_read_as_what_it_must_be() {
        for (said, wanted) in [
            ("0.0", Some(0)),
            ("0", Some(0)),
            ("24.0", Some(24)),
            ("0.24", Some(24)),
            ("0.333", Some(33)),
            ("0.29", Some(29)),
            ("1.0", Some(1)),
            ("1", Some(1)),
            ("1.5", Some(1)),
            ("99.9", Some(99)),
            ("0.999", Some(99)),
            ("100", Some(100)),
            ("100.0", Some(100)),
            (" 50 ", Some(50)),
            ("100.1", None),
            ("-1", None),
            ("NaN", None),
            ("inf", None),
            ("1e1", Some(10)),
            ("", None),
            ("done", None),
        ] {
            assert_eq!(percent(said), wanted, "{said:?}");
        }
    }

    #[test]
    fn every_whole_percentage_is_itself_in_both_scales() {
        for whole in 2..=100_u8 {
            assert_eq!(percent(&format!("{:?}", f64::from(whole))), Some(whole));
            assert!(whole == 100 || percent(&format!("{:?}", f64::from(whole) / 100.0)) == Some(whole), "{whole}");
        }
    }
}
