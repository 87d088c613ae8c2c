//! Origins and sites, and the rule that this browser never leaves the machine.

use url::{Host, Url};

use super::BrowserError;

/// Whether the two are of one origin (HTML, "same origin").
pub(super) fn same_origin(a: &Url, b: &Url) -> bool {
    a.origin() == b.origin()
}

/// Whether the two are of one site (HTML, "schemelessly same site" with the scheme compared too, as Chromium does).
///
/// `localhost` counts as a public suffix here, as it does in Chromium: `a.localhost` and `b.localhost` are two sites.
pub(super) fn same_site(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && registrable(a) == registrable(b)
}

/// The host without its subdomains: the part that one party registers.
pub(super) fn registrable(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    match url.host() {
        Some(Host::Domain(name)) => {
            let second_dot = name.rmatch_indices('.').nth(1).map(|(at, _)| at + 1);
            second_dot.map_or(name, |at| &name[at..])
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => host,
    }
}

/// Whether a browser trusts this address as it trusts https (Secure Contexts §3.1): `Secure` cookies and fetch metadata.
pub(super) fn trustworthy(url: &Url) -> bool {
    url.scheme() == "https" || loopback_host(url)
}

/// The port to connect to on 127.0.0.1, for the addresses this browser may open.
pub(super) fn loopback_port(url: &Url) -> Result<u16, BrowserError> {
    if url.scheme() != "http" || !loopback_host(url) {
        return Err(BrowserError::NotLoopback(url.origin().ascii_serialization()));
    }
    Ok(url.port_or_known_default().unwrap_or(80))
}

fn loopback_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(_)) | None => false,
    }
}
