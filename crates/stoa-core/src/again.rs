//! That a login follows one that had ended, so that there is no third.
//!
//! It goes from one request of a browser to its next in a cookie and not in the address: an address can be mailed, and
//! who opens it would have no second try.

use crate::ids::ConnectionId;

/// First part of the cookie's name; the connection follows.
pub const AGAIN_COOKIE_PREFIX: &str = "__Host-a-";
/// How long the redirect to `/login` may take, in seconds.
const SECONDS: u8 = 60;

/// The `Set-Cookie` value for a browser that begins a login anew.
pub fn set_cookie(connection: &ConnectionId) -> String {
    cookie(connection, "1", SECONDS)
}

/// The `Set-Cookie` value that drops the cookie.
pub fn drop_cookie(connection: &ConnectionId) -> String {
    cookie(connection, "", 0)
}

/// Whether it is among a request's cookies (`name=value` each).
pub fn is_among<'a>(cookies: impl IntoIterator<Item = &'a str>, connection: &ConnectionId) -> bool {
    let is_it = |(name, value): (&str, &str)| {
        name.strip_prefix(AGAIN_COOKIE_PREFIX) == Some(connection.as_str()) && value == "1"
    };
    cookies.into_iter().any(|cookie| cookie.trim().split_once('=').is_some_and(is_it))
}

fn cookie(connection: &ConnectionId, value: &str, seconds: u8) -> String {
    format!("{AGAIN_COOKIE_PREFIX}{connection}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_for_its_connection_until_it_is_dropped() {
        let id = |text| ConnectionId::parse(text).unwrap();
        let (pg, pair) = (id("pg"), |cookie: String| cookie.split(';').next().unwrap().to_owned());
        let (set, dropped) = (pair(set_cookie(&pg)), pair(drop_cookie(&pg)));
        assert!(is_among(["theme=dark", &set], &pg));
        assert!(!is_among([set.as_str()], &id("pg-two")) && !is_among([set.as_str()], &id("p")));
        assert!(!is_among([dropped.as_str(), "__Host-a-pg", "a-pg=1", ""], &pg));
    }
}
