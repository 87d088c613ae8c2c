//! What travels in RelayState: hints that survive a lost cookie. Nothing in it is believed.

use crate::destination::Destination;
use crate::ids::ConnectionId;

/// SAML bindings §3.4.3 allows 80 bytes; identity providers cut what is longer.
const MAX_RELAY_STATE: usize = 80;

/// How often this login was begun anew, and where to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relay {
    /// Fresh logins so far because the cookie did not come back.
    pub retries: u8,
    /// Where the person wants to go.
    pub destination: Option<Destination>,
}

impl Relay {
    /// Of a login that is begun for the first time.
    pub fn to(destination: Option<Destination>) -> Self {
        Self { retries: 0, destination }
    }

    /// `{retries}{destination}`: one digit, then a path. A path that does not fit is left out; the login's item has
    /// it as well.
    pub fn to_relay_state(&self) -> String {
        let path = self.destination.as_ref().map_or("", Destination::as_str);
        let path = if path.len() < MAX_RELAY_STATE { path } else { "" };
        format!("{}{path}", self.retries.min(9))
    }

    /// Reads an untrusted RelayState. One that is not ours may still be a destination: PingFederate puts the
    /// `TargetResource` of an IdP-initiated login there, as a path or as an address of the school.
    pub fn from_relay_state(untrusted: &str) -> Self {
        let (retries, rest) = match untrusted.as_bytes().first() {
            Some(digit @ b'0'..=b'9') => (digit - b'0', &untrusted[1..]),
            _ => (0, untrusted),
        };
        Self { retries, destination: Destination::parse(rest).ok() }
    }

    /// Whether a RelayState looks like one that a login of ours sent. A target of the identity provider's does not
    /// begin with a digit.
    pub fn is_ours(untrusted: &str) -> bool {
        untrusted.as_bytes().first().is_some_and(u8::is_ascii_digit)
    }

    /// The path and query that begin a login through a connection.
    pub fn login_path(&self, connection: &ConnectionId) -> String {
        let query = self.query();
        if query.is_empty() { format!("/login/{connection}") } else { format!("/login/{connection}?{query}") }
    }

    /// The same for a login that follows one that had ended: there is no third.
    pub fn login_path_again(&self, connection: &ConnectionId) -> String {
        format!("/login/{connection}?{}", [self.query().as_str(), "again=1"].join("&").trim_start_matches('&'))
    }

    /// The path and query of the page that asks for an address.
    pub fn discovery_path(&self) -> String {
        ["/login", &self.query()].join("?").trim_end_matches('?').to_owned()
    }

    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if self.retries > 0 {
            query.append_pair("retry", &self.retries.to_string());
        }
        if let Some(destination) = &self.destination {
            query.append_pair("return_to", destination.as_str());
        }
        query.finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_state_comes_back() {
        for (retries, path) in [(0, None), (1, Some("/courses/safety")), (3, None)] {
            let relay = Relay { retries, destination: path.map(|path| Destination::parse(path).unwrap()) };
            assert_eq!(Relay::from_relay_state(&relay.to_relay_state()), relay);
        }
    }

    #[test]
    fn c134_a_hostile_relay_state_is_no_destination() {
        for hostile in ["", "https://evil.example", "0//evil.example", "9javascript:alert(1)", "\u{20ac}/courses/x"] {
            assert_eq!(Relay::from_relay_state(hostile).destination, None, "{hostile}");
        }
        let long = Relay { retries: 0, destination: Destination::parse(&format!("/courses/{}", "a".repeat(90))).ok() };
        assert_eq!(long.to_relay_state(), "0");
    }
}
