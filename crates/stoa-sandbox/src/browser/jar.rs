//! The cookie jar: RFC 6265bis with what Chromium makes of it.
//!
//! Not done: the two minutes in which Chromium sends a fresh cookie without `SameSite` with a cross-site post. Relying
//! on them would hide a fault here.

use cookie::{Cookie, SameSite as Attribute};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::origin::{registrable, same_site, trustworthy};

/// The largest name and value together that a browser keeps (RFC 6265bis §5.7).
const MAX_COOKIE: usize = 4096;
/// The longest life a browser gives a cookie, whatever the server says (RFC 6265bis §5.5).
const MAX_LIFE: SignedDuration = SignedDuration::from_hours(400 * 24);

/// With which requests from elsewhere a cookie goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Only requests that the site itself began.
    Strict,
    /// Also a top-level GET begun elsewhere. The default for a cookie that does not say.
    Lax,
    /// Sent with every request (`SameSite=None`).
    None,
}

/// A cookie in the jar.
#[derive(Clone, Debug)]
pub struct StoredCookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The host, or the domain where `host_only` is false.
    pub domain: String,
    /// Whether subdomains are left out.
    pub host_only: bool,
    /// The path it is sent under.
    pub path: String,
    /// Whether it needs https or loopback.
    pub secure: bool,
    /// Whether scripts cannot read it.
    pub http_only: bool,
    /// With which requests it goes along.
    pub same_site: SameSite,
    /// When it ends; `None` is the end of the session.
    pub expires: Option<Timestamp>,
}

/// Why a browser did not keep a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieRefusal {
    /// `Domain` is not the host or a parent of it, or is a public suffix.
    ForeignDomain,
    /// `__Host-` without `Secure`, without `Path=/` or with `Domain`.
    HostPrefix,
    /// Not a cookie.
    Malformed,
    /// `SameSite=None` without `Secure`.
    NoneWithoutSecure,
    /// `__Secure-` without `Secure`.
    SecurePrefix,
    /// `Secure` from an address that is neither https nor loopback.
    SecureFromInsecure,
    /// In a frame of another site, and not `SameSite=None`.
    ThirdParty,
    /// Over 4096 bytes.
    TooLarge,
}

/// How a request relates to the site it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The site itself began it, or the person typed the address.
    Own,
    /// Another site began a top-level GET.
    CrossSiteLink,
    /// Another site began anything else.
    CrossSite,
}

#[derive(Debug, Default)]
pub(super) struct Jar {
    cookies: Vec<StoredCookie>,
}

impl Jar {
    /// Keeps what a response sets, or says why not (RFC 6265bis §5.7).
    pub(super) fn store(
        &mut self,
        header: &str,
        url: &Url,
        third_party: bool,
        now: Timestamp,
    ) -> Result<String, (String, CookieRefusal)> {
        let parsed = Cookie::parse(header).map_err(|_| (header.to_owned(), CookieRefusal::Malformed))?;
        let name = parsed.name().to_owned();
        let cookie = admit(&parsed, url, third_party, now).map_err(|refusal| (name.clone(), refusal))?;
        self.cookies.retain(|old| {
            (&old.name, &old.domain, &old.path, old.host_only)
                != (&cookie.name, &cookie.domain, &cookie.path, cookie.host_only)
        });
        if cookie.expires.is_none_or(|end| end > now) {
            self.cookies.push(cookie);
        }
        Ok(name)
    }

    /// The cookies that go along with a request, longest path first (RFC 6265bis §5.8.3).
    pub(super) fn matching(&mut self, url: &Url, reach: Reach, now: Timestamp) -> Vec<StoredCookie> {
        self.cookies.retain(|cookie| cookie.expires.is_none_or(|end| end > now));
        let mut found: Vec<_> = self.cookies.iter().filter(|cookie| goes_along(cookie, url, reach)).cloned().collect();
        found.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        found
    }

    pub(super) fn all(&mut self, now: Timestamp) -> Vec<StoredCookie> {
        self.cookies.retain(|cookie| cookie.expires.is_none_or(|end| end > now));
        self.cookies.clone()
    }

    /// Forgets what the site of `url` has set.
    pub(super) fn forget_site(&mut self, url: &Url) {
        let site = registrable(url);
        self.cookies.retain(|cookie| !covers(site, &cookie.domain));
    }

    pub(super) fn end_session(&mut self) {
        self.cookies.retain(|cookie| cookie.expires.is_some());
    }

    pub(super) fn put(&mut self, cookie: StoredCookie) {
        self.cookies.push(cookie);
    }
}

fn admit(parsed: &Cookie<'_>, url: &Url, third_party: bool, now: Timestamp) -> Result<StoredCookie, CookieRefusal> {
    let host = url.host_str().unwrap_or_default();
    let secure = parsed.secure().unwrap_or(false);
    let same_site = match parsed.same_site() {
        Some(Attribute::Strict) => SameSite::Strict,
        Some(Attribute::None) => SameSite::None,
        Some(Attribute::Lax) | None => SameSite::Lax,
    };
    if parsed.name().is_empty() && parsed.value().is_empty() {
        return Err(CookieRefusal::Malformed);
    }
    if parsed.name().len() + parsed.value().len() > MAX_COOKIE {
        return Err(CookieRefusal::TooLarge);
    }
    if secure && !trustworthy(url) {
        return Err(CookieRefusal::SecureFromInsecure);
    }
    if same_site == SameSite::None && !secure {
        return Err(CookieRefusal::NoneWithoutSecure);
    }
    if third_party && same_site != SameSite::None {
        return Err(CookieRefusal::ThirdParty);
    }
    check_prefix(parsed, secure)?;
    let domain = parsed.domain().map(str::to_ascii_lowercase).filter(|domain| !domain.is_empty());
    if let Some(domain) = &domain
        && domain != host
        && (!covers(domain, host) || !domain.contains('.'))
    {
        return Err(CookieRefusal::ForeignDomain);
    }
    Ok(StoredCookie {
        name: parsed.name().to_owned(),
        value: parsed.value().to_owned(),
        host_only: domain.is_none(),
        domain: domain.unwrap_or_else(|| host.to_owned()),
        path: parsed.path().filter(|path| path.starts_with('/')).map_or_else(|| default_path(url), str::to_owned),
        secure,
        http_only: parsed.http_only().unwrap_or(false),
        same_site,
        expires: expiry(parsed, now),
    })
}

fn check_prefix(parsed: &Cookie<'_>, secure: bool) -> Result<(), CookieRefusal> {
    let name = parsed.name().to_ascii_lowercase();
    if name.starts_with("__host-") && !(secure && parsed.path() == Some("/") && parsed.domain().is_none()) {
        return Err(CookieRefusal::HostPrefix);
    }
    if name.starts_with("__secure-") && !secure {
        return Err(CookieRefusal::SecurePrefix);
    }
    Ok(())
}

/// `Max-Age` before `Expires` (RFC 6265bis §5.7).
fn expiry(parsed: &Cookie<'_>, now: Timestamp) -> Option<Timestamp> {
    let asked = if let Some(age) = parsed.max_age() {
        now.saturating_add(SignedDuration::from_secs(age.whole_seconds())).unwrap_or(Timestamp::MAX)
    } else {
        let at = parsed.expires_datetime()?;
        Timestamp::from_second(at.unix_timestamp()).unwrap_or(Timestamp::MAX)
    };
    Some(asked.min(now.saturating_add(MAX_LIFE).unwrap_or(Timestamp::MAX)))
}

/// RFC 6265bis §5.1.4.
fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(at) => url.path()[..at].to_owned(),
    }
}

fn goes_along(cookie: &StoredCookie, url: &Url, reach: Reach) -> bool {
    let host = url.host_str().unwrap_or_default();
    let here = if cookie.host_only { cookie.domain == host } else { covers(&cookie.domain, host) };
    here && under(&cookie.path, url.path()) && (!cookie.secure || trustworthy(url)) && allowed(cookie.same_site, reach)
}

fn allowed(same_site: SameSite, reach: Reach) -> bool {
    match reach {
        Reach::Own => true,
        Reach::CrossSiteLink => same_site != SameSite::Strict,
        Reach::CrossSite => same_site == SameSite::None,
    }
}

/// Whether `host` is `domain` or below it.
fn covers(domain: &str, host: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// RFC 6265bis §5.1.4, path-match.
fn under(cookie_path: &str, path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

/// How a request begun by `initiator` (`None`: the person) reaches `url`.
pub(super) fn reach(initiator: Option<&Url>, url: &Url, top_level: bool, safe_method: bool) -> Reach {
    match initiator {
        None => Reach::Own,
        Some(initiator) if same_site(initiator, url) => Reach::Own,
        Some(_) if top_level && safe_method => Reach::CrossSiteLink,
        Some(_) => Reach::CrossSite,
    }
}
