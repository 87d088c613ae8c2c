//! What a page's headers allow it to do: the parts of CSP and of Referrer Policy that decide whether a login arrives.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use url::Url;

use super::origin::same_origin;

/// Which script of a page may run (CSP 3 §6.7.3).
#[derive(Clone, Copy, Debug)]
pub(super) enum Script<'a> {
    /// An attribute such as `onload`.
    Handler,
    /// The text of a `script` element, and its nonce.
    Inline { text: &'a str, nonce: Option<&'a str> },
}

/// A page's Content-Security-Policy, each header on its own.
#[derive(Clone, Debug, Default)]
pub(super) struct ContentPolicy {
    policies: Vec<String>,
}

impl ContentPolicy {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all("content-security-policy").into_iter().filter_map(|value| value.to_str().ok());
        Self { policies: values.flat_map(|value| value.split(',')).map(|policy| policy.trim().to_owned()).collect() }
    }

    /// Whether a form of the page at `page` may be sent to `target`. Chromium asks again at each redirect that follows.
    pub(super) fn form_may_reach(&self, page: &Url, target: &Url) -> bool {
        self.policies.iter().all(|policy| {
            directive(policy, "form-action").is_none_or(|list| list.iter().any(|source| admits(source, page, target)))
        })
    }

    /// Whether a script of the page may run.
    pub(super) fn script_may_run(&self, script: Script<'_>) -> bool {
        self.policies.iter().all(|policy| {
            directive(policy, "script-src")
                .or_else(|| directive(policy, "default-src"))
                .is_none_or(|list| runs(&list, script))
        })
    }
}

fn directive<'a>(policy: &'a str, name: &str) -> Option<Vec<&'a str>> {
    policy.split(';').find_map(|part| {
        let mut words = part.split_ascii_whitespace();
        words.next().filter(|first| first.eq_ignore_ascii_case(name)).map(|_| words.collect())
    })
}

fn admits(source: &str, page: &Url, target: &Url) -> bool {
    match source {
        "'none'" => false,
        "'self'" => same_origin(page, target),
        "*" => matches!(target.scheme(), "http" | "https"),
        scheme if scheme.ends_with(':') => schemes_match(scheme.trim_end_matches(':'), target),
        host => names(host, target),
    }
}

/// `http` in a policy also means https (CSP 3 §6.7.2.9).
fn schemes_match(source: &str, target: &Url) -> bool {
    source == target.scheme() || (source == "http" && target.scheme() == "https")
}

/// Host sources (CSP 3 §6.7.2.8): scheme and port where they are given, `*.` for subdomains, a path as a prefix.
fn names(source: &str, target: &Url) -> bool {
    let (scheme, rest) = source.split_once("://").map_or((None, source), |(scheme, rest)| (Some(scheme), rest));
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(authority, path)| (authority, Some(path)));
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let target_host = target.host_str().unwrap_or_default();
    let host_fits = match host.strip_prefix('*') {
        Some(below) => target_host.ends_with(below),
        None => host.eq_ignore_ascii_case(target_host),
    };
    let port_fits = match port {
        Some("*") => true,
        Some(port) => port.parse().ok() == target.port_or_known_default(),
        None => target.port().is_none(),
    };
    let path_fits = path.is_none_or(|path| {
        path.is_empty() || target.path().strip_prefix('/').is_some_and(|given| given.starts_with(path))
    });
    scheme.is_none_or(|scheme| schemes_match(scheme, target)) && host_fits && port_fits && path_fits
}

fn runs(list: &[&str], script: Script<'_>) -> bool {
    let nonce_fits = |nonce: Option<&str>| {
        nonce.is_some_and(|nonce| list.iter().any(|source| *source == format!("'nonce-{nonce}'")))
    };
    // A nonce or a hash in the list switches 'unsafe-inline' off.
    let exact = list.iter().any(|source| source.starts_with("'nonce-") || source.starts_with("'sha"));
    let anything = list.contains(&"'unsafe-inline'") && !exact;
    match script {
        Script::Handler => anything,
        Script::Inline { text, nonce } => {
            let hash = format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, text.as_bytes())));
            anything || nonce_fits(nonce) || list.iter().any(|source| *source == hash)
        }
    }
}

/// How much of its address a page tells others (Referrer Policy §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ReferrerPolicy {
    NoReferrer,
    Origin,
    SameOrigin,
    #[default]
    StrictOriginWhenCrossOrigin,
    UnsafeUrl,
}

impl ReferrerPolicy {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let value = headers.get("referrer-policy").and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The last word that the browser knows counts.
        value.split(',').rev().find_map(|word| Self::parse(word.trim())).unwrap_or_default()
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "no-referrer" => Some(Self::NoReferrer),
            "origin" | "strict-origin" => Some(Self::Origin),
            "same-origin" => Some(Self::SameOrigin),
            "no-referrer-when-downgrade" | "unsafe-url" => Some(Self::UnsafeUrl),
            "origin-when-cross-origin" | "strict-origin-when-cross-origin" => Some(Self::StrictOriginWhenCrossOrigin),
            _ => None,
        }
    }

    /// The `Referer` that goes from `page` to `target`.
    pub(super) fn referrer(self, page: &Url, target: &Url) -> Option<String> {
        let origin = format!("{}/", page.origin().ascii_serialization());
        let mut whole = page.clone();
        whole.set_fragment(None);
        match self {
            Self::NoReferrer => None,
            Self::Origin => Some(origin),
            Self::SameOrigin => same_origin(page, target).then(|| whole.into()),
            Self::StrictOriginWhenCrossOrigin if same_origin(page, target) => Some(whole.into()),
            Self::StrictOriginWhenCrossOrigin => Some(origin),
            Self::UnsafeUrl => Some(whole.into()),
        }
    }

    /// Whether a post from `page` to `target` says `Origin: null` (Fetch §3.2, "append a request Origin header").
    pub(super) fn hides_origin(self, page: &Url, target: &Url) -> bool {
        match self {
            Self::NoReferrer => true,
            Self::SameOrigin => !same_origin(page, target),
            Self::Origin | Self::StrictOriginWhenCrossOrigin | Self::UnsafeUrl => false,
        }
    }
}
