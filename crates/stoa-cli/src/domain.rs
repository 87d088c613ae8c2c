//! Domains that hardly belong to one customer, or that look like another's.
//!
//! A connection may let in whoever has an address in one of its domains, so a domain that everybody can have an address
//! in, or under, is nobody's. A few suffixes have an owner who writes mail from them: a health service, the police.
//! Functions do not check this again: the lists are long, and only on-call claims domains.

use std::fmt;

use psl::Type;

/// Mail providers where anybody can get an address; lines that begin with `#` are about the list.
const FREE_MAIL: &str = include_str!("../assets/free-mail.txt");
/// What both lists lack: a suffix under which Microsoft gives every tenant a domain, and mail providers.
const SHARED: &[&str] = &["onmicrosoft.com", "onmicrosoft.us", "partner.onmschina.cn"];
const MORE_FREE_MAIL: &[&str] = &["hey.com", "tuta.com", "tuta.io", "tutanota.com", "tutanota.de"];

/// The first label of suffixes that registries keep for a kind of registrant, most of them for anybody.
const KINDS: &[&str] = &[
    "ac", "asso", "biz", "co", "com", "edu", "firm", "gen", "ind", "info", "ltd", "me", "mobi", "name", "ne", "net",
    "nom", "or", "org", "plc", "pro", "store", "web",
];

/// Why a domain is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Others register names under it (<https://publicsuffix.org>), and nobody owns the whole.
    PublicSuffix,
    /// Others register names under it, but only those of one sector or place, who may have mail there, too.
    SectorSuffix,
    /// Anybody can get an address there.
    FreeMail,
    /// It has letters beyond ASCII: this is what people see, and the letters themselves.
    Disguised(String),
}

impl Doubt {
    /// Whether somebody may say that the domain is the customer's all the same.
    pub(crate) const fn may_be_overruled(&self) -> bool {
        match self {
            Self::PublicSuffix => false,
            Self::SectorSuffix | Self::FreeMail | Self::Disguised(_) => true,
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublicSuffix => f.write_str("others register domains below it, so it is not one customer's"),
            Self::SectorSuffix => f.write_str("others of one sector or place register domains below it"),
            Self::FreeMail => f.write_str("it is on the list of mail providers where anybody can get an address"),
            Self::Disguised(shown) => write!(f, "people see it as {shown}"),
        }
    }
}

/// Whether a domain, in lower case, is asked about before it is claimed.
pub(crate) fn doubt(domain: &str) -> Option<Doubt> {
    if SHARED.contains(&domain) {
        return Some(Doubt::PublicSuffix);
    }
    if let Some(suffix) = psl::suffix(domain.as_bytes()).filter(|suffix| suffix.as_bytes() == domain.as_bytes()) {
        return Some(if is_of_a_sector(domain, suffix.typ()) { Doubt::SectorSuffix } else { Doubt::PublicSuffix });
    }
    if MORE_FREE_MAIL.contains(&domain) || FREE_MAIL.lines().any(|line| line == domain) {
        return Some(Doubt::FreeMail);
    }
    domain.split('.').any(|label| label.starts_with("xn--")).then(|| Doubt::Disguised(shown(domain)))
}

/// Whether a registry keeps a suffix for a sector or a place. Suffixes that a company lists (`github.io`) are for its
/// customers, and one label is a whole registry.
fn is_of_a_sector(suffix: &str, registered: Option<Type>) -> bool {
    let first = suffix.split_once('.').map(|(first, _)| first);
    registered == Some(Type::Icann) && first.is_some_and(|first| !KINDS.contains(&first))
}

/// As browsers and mail programs may show it, and which letters those are: some are twins of ASCII's.
fn shown(domain: &str) -> String {
    let (shown, valid) = idna::domain_to_unicode(domain);
    let mut letters: Vec<char> = shown.chars().filter(|c| !c.is_ascii()).collect();
    letters.dedup();
    let letters: Vec<String> = letters.iter().map(|letter| format!("{letter} U+{:04X}", u32::from(*letter))).collect();
    match valid {
        Ok(()) => format!("{shown} ({})", letters.join(", ")),
        Err(_) => format!("{shown}, which is not a valid name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_of_everybody_s_is_asked_about_and_a_company_s_is_not() {
        for domain in ["co.uk", "com.mx", "github.io", "onmicrosoft.com", "amazonaws.com", "s3.amazonaws.com"] {
            let expected = (domain != "amazonaws.com").then_some(Doubt::PublicSuffix);
            assert_eq!(doubt(domain), expected, "{domain}");
        }
        for domain in ["nhs.uk", "police.uk", "wa.gov.au", "qld.gov.au", "gc.ca", "k12.ca.us"] {
            assert_eq!(doubt(domain), Some(Doubt::SectorSuffix), "{domain}");
        }
        for domain in ["com.au", "co.jp", "or.at", "ac.uk", "uk", "bank", "acme", "uk.com"] {
            assert_eq!(doubt(domain), Some(Doubt::PublicSuffix), "{domain}");
        }
        for domain in
            ["gmail.com", "yahoo.co.uk", "hotmail.fr", "t-online.de", "uol.com.br", "proton.me", "tutanota.com"]
        {
            assert_eq!(doubt(domain), Some(Doubt::FreeMail), "{domain}");
        }
        for domain in
            ["pg.com", "acme.example", "acme.co.uk", "acme.onmicrosoft.com", "acme.github.io", "mail.acme.com"]
        {
            assert_eq!(doubt(domain), None, "{domain}");
        }
    }

    #[test]
    fn a_domain_in_other_letters_is_shown_with_them() {
        let twin = doubt("xn--pple-43d.com");
        assert_eq!(twin, Some(Doubt::Disguised("\u{430}pple.com (\u{430} U+0430)".to_owned())));
        assert_eq!(doubt("xn--mnchen-3ya.de"), Some(Doubt::Disguised("münchen.de (ü U+00FC)".to_owned())));
        assert!(matches!(doubt("xn--zzzz--.com"), Some(Doubt::Disguised(shown)) if shown.contains("not a valid name")));
    }

    #[test]
    fn the_list_is_one_of_domains() {
        let domains: Vec<&str> = FREE_MAIL.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(domains.len() > 10_000 && domains.iter().all(|domain| stoa_core::email::is_domain(domain)));
    }
}
