//! Where a person lands in the school.

use serde::{Deserialize, Serialize};
use url::Url;

/// A path on the school that a login may end at: allowed by prefix, normalised, without a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Destination(String);

/// The text is not a destination.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a destination is a path below /courses/, /enrollments, /bundles/, /collections or /pages/ of the school")]
pub struct BadDestination;

/// What people are sent to. Never `/api/`, `/users/` or `/oauth2/`: those act, or leave again.
const ALLOWED: &[&str] = &["/courses/", "/enrollments", "/bundles/", "/collections", "/pages/"];
/// Longer ones do not fit the token's address beside the token.
const MAX_LENGTH: usize = 512;

impl Destination {
    /// Parses an untrusted path, as `return_to` and RelayState carry it.
    ///
    /// The text must be what a browser makes of it (WHATWG URL): no host, no dot segments, no backslash, no control
    /// character, nothing that a second decoding would turn into one of these.
    pub fn parse(untrusted: &str) -> Result<Self, BadDestination> {
        if untrusted.len() > MAX_LENGTH || !untrusted.starts_with('/') || untrusted.contains("//") {
            return Err(BadDestination);
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/?=&+%,:@!$'()*;".contains(&b);
        let encoded = untrusted.to_ascii_lowercase();
        if !untrusted.bytes().all(plain)
            || ["%2f", "%5c", "%2e", "%25", "%00", "%0a", "%0d", "%09", "%3a"].iter().any(|bad| encoded.contains(bad))
        {
            return Err(BadDestination);
        }
        let parsed =
            Url::parse("https://school.invalid").and_then(|base| base.join(untrusted)).map_err(|_| BadDestination)?;
        let path = parsed.path();
        let same = parsed.host_str() == Some("school.invalid")
            && untrusted == parsed.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let allowed = ALLOWED.iter().any(|prefix| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
        });
        if same && allowed { Ok(Self(untrusted.to_owned())) } else { Err(BadDestination) }
    }

    /// The path with its query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Destination {
    type Error = BadDestination;
    fn try_from(text: String) -> Result<Self, BadDestination> {
        Self::parse(&text)
    }
}

impl From<Destination> for String {
    fn from(destination: Destination) -> Self {
        destination.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c134_c135_only_plain_paths_of_the_school_are_destinations() {
        for good in [
            "/enrollments",
            "/courses/safety-101",
            "/courses/take/safety-101/lessons/12-intro?ref=mail",
            "/bundles/new-hires",
            "/pages/welcome",
            "/collections",
            "/collections/a",
        ] {
            assert!(Destination::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "https://evil.example",
            "//evil.example/courses/",
            "/\\evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/courses/%0d%0aSet-Cookie:x",
            "/courses/../api/v1",
            "/courses/%2e%2e/api",
            "/courses/..%2fapi",
            "/courses/.%252e/x",
            "/courses//evil.example",
            "https://good@evil.example",
            "\t/courses/x",
            "/courses/x\n",
            "/courses/x#https://evil.example",
            "/courses/?next=https://evil.example",
            "/courses/?next=https%3A%2F%2Fevil.example",
            "/enrollmentsx",
            "/api/sso/v2/sso/jwt",
            "/users/sign_out",
            "/oauth2/authorize",
            "/Courses/x",
            "/courses",
            "/courses/\u{ff0f}x",
            "jAvAsCrIpT:/courses/",
        ] {
            assert_eq!(Destination::parse(bad), Err(BadDestination), "{bad:?}");
        }
        assert!(Destination::parse(&format!("/courses/{}", "a".repeat(600))).is_err());
    }
}
