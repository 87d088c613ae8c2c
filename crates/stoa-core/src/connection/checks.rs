//! What the parts of a connection are checked by.

use url::Url;

use super::error::ConnectionError;
use crate::email::is_domain;

/// The largest clock difference that is borne, in seconds.
pub(super) const MAX_SKEW: u16 = 300;
/// The Entra tenant of everybody's personal accounts.
pub(crate) const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
/// Public mail providers, where a domain says nothing about a customer.
const PUBLIC_MAIL: &[&str] = &[
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
    "zoho.com",
    "126.com",
    "163.com",
];

/// Thinkific's roles that administer nothing of what a school's customers share. The others, `site_admin` and
/// `course_admin`, change courses that everybody takes, or see everybody.
const HARMLESS_ROLES: &[&str] = &["affiliate", "group_analyst"];

/// How connections relax for a machine without a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlPolicy {
    /// https only.
    Https,
    /// http on `*.localhost` and 127.0.0.1 too: only where `AWS_ENDPOINT_URL` is loopback.
    LoopbackToo,
}

pub(super) const fn default_skew() -> u16 {
    120
}

pub(super) fn check_domains(domains: &[String]) -> Result<(), ConnectionError> {
    if domains.is_empty() {
        return Err(ConnectionError::NoDomain);
    }
    for domain in domains {
        if !is_domain(domain) {
            return Err(ConnectionError::BadDomain(domain.clone()));
        }
        if PUBLIC_MAIL.contains(&domain.as_str()) {
            return Err(ConnectionError::PublicDomain(domain.clone()));
        }
    }
    Ok(())
}

/// Whoever states an address would have the roles of its account, so most are never allowed.
pub(super) fn check_roles(roles: &[String]) -> Result<(), ConnectionError> {
    match roles.iter().find(|role| !HARMLESS_ROLES.contains(&role.as_str())) {
        Some(role) => Err(ConnectionError::ForbiddenRole(role.clone())),
        None => Ok(()),
    }
}

/// Checks that an address is absolute and https, as the policy says.
pub fn check_url(field: &'static str, text: &str, policy: UrlPolicy) -> Result<Url, ConnectionError> {
    let bad = || ConnectionError::BadUrl { field, url: text.to_owned() };
    let url = Url::parse(text).map_err(|_| bad())?;
    let host = url.host_str().ok_or_else(bad)?;
    let loopback = host == "127.0.0.1" || host == "localhost" || host.ends_with(".localhost");
    let scheme_good = match policy {
        UrlPolicy::Https => url.scheme() == "https" && !loopback,
        UrlPolicy::LoopbackToo => url.scheme() == "https" || (url.scheme() == "http" && loopback),
    };
    if scheme_good && url.username().is_empty() && url.password().is_none() && url.fragment().is_none() {
        Ok(url)
    } else {
        Err(bad())
    }
}

/// A GUID as Entra writes it: lower case, with dashes.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, byte)| match i {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}
