//! Binds a login to the browser that began it.
//!
//! `/login` sets a cookie `__Host-l-{reference}` with 32 random bytes. The SAML request id, and the state, nonce and
//! PKCE verifier of OpenID Connect, are derived from them, each under its own label; so an answer is to a login of this
//! browser or to none. The login's item holds only a hash.

use jiff::Timestamp;

use crate::ids::{BindingHash, Reference};
use crate::keys::Secret32;

/// First part of the names of pending logins' cookies.
pub const LOGIN_COOKIE_PREFIX: &str = "__Host-l-";
/// First part of the names of tickets' cookies.
pub const TICKET_COOKIE_PREFIX: &str = "__Host-t-";
/// Pending logins that a browser may hold. API Gateway refuses headers over 10 KB, identity providers' cookies aside.
pub const MAX_PENDING: usize = 4;
/// How long a login may last: time for MFA or a password reset.
pub const LOGIN_SECONDS: i64 = 30 * 60;
/// How long the way from the proof to the launch may take.
pub const TICKET_SECONDS: i64 = 120;

/// Ends the cookie of a login that began at an administrator's test link.
const TESTER_MARK: &str = ".t";

/// Whether a cookie goes along with a cross-site POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// SAML posts come from the identity provider's site.
    None,
    /// Everything else arrives by a top-level GET.
    Lax,
}

/// A login that this browser began, as its cookie tells it.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Names the login.
    pub reference: Reference,
    /// When it began, in epoch seconds, as the cookie says. Only orders the cookies among themselves.
    pub unverified_began: i64,
    /// Whether the cookie says that an administrator tests. Decides only how much is sealed and how fresh the
    /// connection is; what is shown, the login's item decides.
    pub unverified_tester: bool,
    secret: Secret32,
}

impl Pending {
    /// Begins a login.
    pub fn begin(reference: Reference, now: Timestamp, random: [u8; 32]) -> Self {
        Self { reference, unverified_began: now.as_second(), unverified_tester: false, secret: Secret32::new(random) }
    }

    /// Reads the pending logins among a request's cookies (`name=value` each), the youngest first.
    pub fn among<'a>(cookies: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let mut pending: Vec<Self> = cookies.into_iter().filter_map(Self::from_cookie).collect();
        pending.sort_by_key(|login| std::cmp::Reverse(login.unverified_began));
        pending
    }

    /// Whether this browser has begun as many logins as it can hold within two minutes.
    pub fn is_going_round(pending: &[Self], now: Timestamp) -> bool {
        let recent = |login: &&Self| now.as_second().saturating_sub(login.unverified_began) < 120;
        pending.iter().filter(recent).count() >= MAX_PENDING
    }

    fn from_cookie(cookie: &str) -> Option<Self> {
        let (name, value) = cookie.trim().split_once('=')?;
        let reference = Reference::parse(name.strip_prefix(LOGIN_COOKIE_PREFIX)?).ok()?;
        let (began, secret) = value.split_once('.')?;
        let (secret, unverified_tester) =
            secret.strip_suffix(TESTER_MARK).map_or((secret, false), |secret| (secret, true));
        let (unverified_began, secret) = (began.parse().ok()?, Secret32::from_base64(secret)?);
        Some(Self { reference, unverified_began, unverified_tester, secret })
    }

    /// The `Set-Cookie` value.
    pub fn set_cookie(&self, same_site: SameSite) -> String {
        let same_site = match same_site {
            SameSite::None => "None",
            SameSite::Lax => "Lax",
        };
        format!(
            "{}={}.{}{}; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age={LOGIN_SECONDS}",
            self.cookie_name(),
            self.unverified_began,
            self.secret.to_base64(),
            if self.unverified_tester { TESTER_MARK } else { "" },
        )
    }

    fn cookie_name(&self) -> String {
        format!("{LOGIN_COOKIE_PREFIX}{}", self.reference.as_str())
    }

    /// The `Set-Cookie` value that drops the cookie.
    pub fn drop_cookie(&self) -> String {
        format!("{}=; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=0", self.cookie_name())
    }

    /// The `ID` of the AuthnRequest: an NCName, so it begins with `_` (SAML core §1.3.4).
    pub fn saml_request_id(&self) -> String {
        format!("_{}", self.derived("saml request"))
    }

    /// The `state` of the authorization request (OIDC core §3.1.2.1). It is bound to whom is asked, such as issuer and
    /// client id: where a connection gets another provider in mid-login, the former one's answer is to no login.
    pub fn oidc_state(&self, asked: &[&str]) -> String {
        let asked = asked.iter().map(|part| part.as_bytes());
        let context: Vec<&[u8]> = std::iter::once(self.reference.as_str().as_bytes()).chain(asked).collect();
        self.secret.derive("oidc state", &context).to_base64()
    }

    /// The `nonce`: it comes back in the ID token.
    pub fn oidc_nonce(&self) -> String {
        self.derived("oidc nonce")
    }

    /// The PKCE `code_verifier`: 43 characters (RFC 7636 §4.1).
    pub fn pkce_verifier(&self) -> String {
        self.derived("pkce verifier")
    }

    /// What the login's item holds of the secret.
    pub fn hash(&self) -> BindingHash {
        BindingHash::from_bytes(self.derive("binding").into_hash())
    }

    fn derived(&self, label: &str) -> String {
        self.derive(label).to_base64()
    }

    fn derive(&self, label: &str) -> Secret32 {
        self.secret.derive(label, &[self.reference.as_str().as_bytes()])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pending(second: i64, byte: u8) -> Pending {
        Pending::begin(Reference::from_random([byte; 8]), Timestamp::from_second(second).unwrap(), [byte; 32])
    }

    #[test]
    fn c138_a_cookie_is_small_host_only_and_comes_back() {
        let cookie = pending(1_790_000_000, 7).set_cookie(SameSite::None);
        assert!(cookie.starts_with("__Host-l-"));
        for flag in ["Path=/", "Secure", "HttpOnly", "SameSite=None"] {
            assert!(cookie.contains(flag), "{flag}");
        }
        let pair = cookie.split(';').next().unwrap();
        assert!(pair.len() <= 120, "{}", pair.len());
        let back = Pending::among(["other=1", pair]);
        assert_eq!(back.len(), 1);
        assert_eq!(back[0].saml_request_id(), pending(1_790_000_000, 7).saml_request_id());
    }

    #[test]
    fn a_cookie_tells_a_test_from_a_login() {
        let tested = Pending { unverified_tester: true, ..pending(1_790_000_000, 7) };
        let back = |login: &Pending| {
            let cookie = login.set_cookie(SameSite::None);
            let pair = cookie.split(';').next().unwrap();
            assert!(pair.len() <= 120);
            Pending::among([pair]).remove(0)
        };
        assert!(back(&tested).unverified_tester && !back(&pending(1_790_000_000, 7)).unverified_tester);
        assert_eq!(back(&tested).hash(), tested.hash());
    }

    #[test]
    fn nothing_in_the_item_or_the_request_tells_the_cookie() {
        let login = pending(1, 9);
        let derived = [
            login.hash().to_string(),
            login.saml_request_id()[1..].to_owned(),
            login.oidc_state(&[]),
            login.oidc_nonce(),
            login.pkce_verifier(),
        ];
        assert_eq!(derived.iter().collect::<std::collections::HashSet<_>>().len(), derived.len());
        assert!(derived.iter().all(|text| text.len() == 43));
        assert!(!login.set_cookie(SameSite::Lax).contains(login.hash().as_str()));
    }

    #[test]
    fn c168_a_state_is_bound_to_whom_was_asked() {
        let login = pending(1, 9);
        let states = [&["issuer", "client"][..], &["issuer", "other"], &["issuerc", "lient"], &["issuer"], &[]];
        let states: std::collections::HashSet<String> = states.map(|asked| login.oidc_state(asked)).into();
        assert_eq!(states.len(), 5);
    }

    #[test]
    fn broken_cookies_are_no_logins_and_the_youngest_comes_first() {
        let cookies: Vec<String> = [pending(5, 1), pending(9, 2)].iter().map(|p| p.set_cookie(SameSite::Lax)).collect();
        let mut all: Vec<&str> = cookies.iter().filter_map(|c| c.split(';').next()).collect();
        all.extend(["__Host-l-", "__Host-l-7KQ39FXM2B4T=1", "__Host-l-7KQ39FXM2B4T=x.y", "=", ""]);
        let began: Vec<i64> = Pending::among(all).iter().map(|p| p.unverified_began).collect();
        assert_eq!(began, [9, 5]);
    }
}
