//! ETags (RFC 7644 §3.14, RFC 7232).

use std::fmt;

use crate::limits::TAGS;
use crate::refusal::Refusal;

/// The version of a resource: a number that grows with each change. Prints as a weak ETag, `W/"7"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W/\"{}\"", self.0)
    }
}

/// What `If-Match` and `If-None-Match` ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    wanted: Option<Tags>,
    unwanted: Option<Tags>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    Some(Vec<String>),
}

impl Precondition {
    /// From the two headers' texts.
    pub fn from_headers(if_match: Option<&str>, if_none_match: Option<&str>) -> Self {
        Self { wanted: if_match.map(Tags::parse), unwanted: if_none_match.map(Tags::parse) }
    }

    /// Whether a reader has this version already: the answer is 304, without a body.
    pub fn is_known_to_reader(&self, current: Version) -> bool {
        self.unwanted.as_ref().is_some_and(|tags| tags.has(current))
    }

    /// Whether a writer names versions: then no other change may come in between.
    pub fn is_exact(&self) -> bool {
        self.wanted.as_ref().is_some_and(|tags| *tags != Tags::Any)
    }

    /// Whether a writer means the version that there is. Without the headers every version is meant.
    pub fn admits_write(&self, current: Version) -> Result<(), Refusal> {
        let is_wanted = self.wanted.as_ref().is_none_or(|tags| tags.has(current));
        match is_wanted && !self.is_known_to_reader(current) {
            true => Ok(()),
            false => Err(Refusal::VersionDiffers),
        }
    }
}

impl Tags {
    /// Weak and strong tags are compared alike: there is one form of a resource. A tag that is not ours, whole or in
    /// pieces, matches nothing.
    fn parse(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::Any;
        }
        let opaque = |tag: &str| {
            let tag = tag.trim();
            tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned()
        };
        Self::Some(text.split(',').take(TAGS).map(opaque).collect())
    }

    fn has(&self, version: Version) -> bool {
        match self {
            Self::Any => true,
            Self::Some(tags) => tags.contains(&version.0.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c192_a_writer_who_read_an_older_version_is_told() {
        let written = |if_match: Option<&str>| Precondition::from_headers(if_match, None).admits_write(Version(7));
        for good in [None, Some("*"), Some("W/\"7\""), Some("\"7\""), Some("W/\"6\", W/\"7\""), Some(" W/\"7\" ")] {
            assert_eq!(written(good), Ok(()), "{good:?}");
        }
        let many = "\"1\",".repeat(TAGS) + "\"7\"";
        for bad in ["W/\"6\"", "\"77\"", "", "\"\"", "W/", "8", &many, "W/\"07\""] {
            assert_eq!(written(Some(bad)), Err(Refusal::VersionDiffers), "{bad:?}");
        }
    }

    #[test]
    fn c192_a_reader_who_has_it_already_is_told() {
        let known = |tags: &str| Precondition::from_headers(None, Some(tags)).is_known_to_reader(Version(7));
        assert!(known("W/\"7\"") && known("*") && !known("W/\"8\"") && !known(""));
        assert!(!Precondition::default().is_known_to_reader(Version(7)));
        let creates_only = Precondition::from_headers(None, Some("*"));
        assert_eq!(creates_only.admits_write(Version(7)), Err(Refusal::VersionDiffers));
    }

    #[test]
    fn a_version_prints_as_it_is_read() {
        let printed = Version(u64::MAX).to_string();
        assert_eq!(printed, "W/\"18446744073709551615\"");
        assert_eq!(Precondition::from_headers(Some(&printed), None).admits_write(Version(u64::MAX)), Ok(()));
    }
}
