//! What travels in RelayState: hints that survive a lost cookie. Nothing in it is believed.

use crate::destination::Destination;
use crate::ids::ConnectionId;

/// SAML bindings §3.4.3 allows 80 bytes; identity providers cut what is longer.
const MAX_RELAY_STATE: usize = 80;

/// What no portal begins a RelayState with. Letters and a hyphen, which nothing on the way escapes.
const MARK: &str = "stoa-";
/// The most fresh logins that are begun for one: many tabs at once, of which a browser holds four.
pub const MAX_RETRIES: u8 = 5;

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

    /// `stoa-{retries}{destination}`: our mark, one digit, then a path. A path that does not fit is left out; the login's
    /// item has it as well.
    pub fn to_relay_state(&self) -> String {
        let path = self.destination.as_ref().map_or("", Destination::as_str);
        let path = if MARK.len() + path.len() < MAX_RELAY_STATE { path } else { "" };
        format!("{MARK}{}{path}", self.retries.min(MAX_RETRIES))
    }

    /// Reads an untrusted RelayState that came with an answer to a request of ours.
    pub fn from_relay_state(untrusted: &str) -> Self {
        match ours(untrusted).or_else(|| earlier(untrusted)) {
            Some((retries, rest)) => Self { retries, destination: Destination::parse(rest).ok() },
            None => Self::from_target(untrusted),
        }
    }

    /// Reads an untrusted RelayState that no login of ours has sent: PingFederate puts the `TargetResource` of an
    /// IdP-initiated login there. A path is read; what a whole address is, its school says
    /// ([`School::destination_of`](crate::connection::School::destination_of)). Other portals put there what they like.
    pub fn from_target(untrusted: &str) -> Self {
        Self { retries: 0, destination: Destination::parse(untrusted).ok() }
    }

    /// As much of an untrusted RelayState as is ever read of it, so that a page of ours can post it on: what was counted
    /// stays counted, and what was not does not become so. Empty where nothing of it is read.
    pub fn rewritten(untrusted: &str) -> String {
        if Self::is_counted(untrusted) {
            return Self::from_relay_state(untrusted).to_relay_state();
        }
        Self::from_target(untrusted).destination.map_or_else(String::new, |target| target.as_str().to_owned())
    }

    /// Whether a RelayState bears the mark of one that a login of ours sent. Beginning with a digit says nothing:
    /// portals number their tiles.
    pub fn is_ours(untrusted: &str) -> bool {
        ours(untrusted).is_some()
    }

    /// Whether the count of retries came back with an answer to a request of ours.
    pub fn is_counted(untrusted: &str) -> bool {
        ours(untrusted).or_else(|| earlier(untrusted)).is_some()
    }

    /// The path and query that begin a login through a connection.
    pub fn login_path(&self, connection: &ConnectionId) -> String {
        let query = self.query();
        if query.is_empty() { format!("/login/{connection}") } else { format!("/login/{connection}?{query}") }
    }

    /// The path and query of the page that asks for an address.
    pub fn home_realm_path(&self) -> String {
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

/// The count and the rest of a RelayState of ours. The rest need not be a path any more: some providers escape it.
fn ours(untrusted: &str) -> Option<(u8, &str)> {
    counted(untrusted.strip_prefix(MARK)?)
}

/// The same without the mark, as logins sent it that began before there was one.
fn earlier(untrusted: &str) -> Option<(u8, &str)> {
    counted(untrusted).filter(|(_, rest)| rest.is_empty() || rest.starts_with('/'))
}

fn counted(text: &str) -> Option<(u8, &str)> {
    let digit = text.as_bytes().first().filter(|digit| (b'0'..=b'0' + MAX_RETRIES).contains(digit))?;
    Some((digit - b'0', &text[1..]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_state_comes_back() {
        for (retries, path) in [(0, None), (1, Some("/courses/safety")), (3, None), (5, Some("/enrollments"))] {
            let relay = Relay { retries, destination: path.map(|path| Destination::parse(path).unwrap()) };
            let text = relay.to_relay_state();
            assert_eq!(Relay::from_relay_state(&text), relay);
            assert!(Relay::is_ours(&text) && Relay::is_counted(&text));
            // As a login sent it that was under way when this was deployed.
            let earlier = text.strip_prefix(MARK).unwrap();
            assert_eq!(Relay::from_relay_state(earlier), relay);
            assert!(Relay::is_counted(earlier) && !Relay::is_ours(earlier));
        }
        let many = Relay { retries: 9, destination: None };
        assert_eq!(Relay::from_relay_state(&many.to_relay_state()).retries, MAX_RETRIES);
        // With its path escaped on the way, it is ours still, and only the path is lost.
        let escaped = Relay::from_relay_state("stoa-2%2Fcourses%2Fsafety");
        assert_eq!(escaped, Relay { retries: 2, destination: None });
    }

    #[test]
    fn a_portals_relay_state_is_not_ours_whatever_it_begins_with() {
        for portals in
            ["101", "7", "2024-onboarding", "1", "0", "6/courses", "stoa", "stoa-", "stoa-6", "stoa-x", "STOA-1"]
        {
            assert!(!Relay::is_ours(portals), "{portals}");
            assert_eq!(Relay::from_target(portals), Relay::default(), "{portals}");
        }
        for portals in ["101", "7", "2024-onboarding", "6/courses", "12/courses", "5x"] {
            assert!(!Relay::is_counted(portals), "{portals}");
            assert_eq!(Relay::from_relay_state(portals), Relay::default(), "{portals}");
        }
        assert_eq!(Relay::from_target("/courses/x").destination.unwrap().as_str(), "/courses/x");
    }

    #[test]
    fn what_is_posted_on_says_the_same_and_nothing_else() {
        let quotes = "\"".repeat(100_000);
        for untrusted in [
            "",
            "stoa-0",
            "stoa-3/courses/x",
            "2/courses/x",
            "5",
            "/courses/x",
            "7",
            "101",
            "stoa-6",
            "stoa-2%2Fx",
            "x",
            &quotes,
        ] {
            let posted = Relay::rewritten(untrusted);
            assert_eq!(Relay::from_relay_state(&posted), Relay::from_relay_state(untrusted), "{untrusted:.9}");
            assert_eq!(Relay::is_counted(&posted), Relay::is_counted(untrusted), "{untrusted:.9}");
            assert!(posted.len() <= MAX_RELAY_STATE, "{untrusted:.9}");
        }
    }

    #[test]
    fn c134_a_hostile_relay_state_is_no_destination() {
        for hostile in
            ["", "https://evil.example", "stoa-0//evil.example", "5javascript:alert(1)", "\u{20ac}/courses/x"]
        {
            assert_eq!(Relay::from_relay_state(hostile).destination, None, "{hostile}");
            assert_eq!(Relay::from_target(hostile).destination, None, "{hostile}");
        }
        let long = |path: usize| Relay {
            retries: 0,
            destination: Destination::parse(&format!("/courses/{}", "a".repeat(path))).ok(),
        };
        assert_eq!(long(90).to_relay_state(), "stoa-0");
        assert_eq!(long(66).to_relay_state(), "stoa-0");
        assert_eq!(long(65).to_relay_state().len(), MAX_RELAY_STATE);
    }
}
