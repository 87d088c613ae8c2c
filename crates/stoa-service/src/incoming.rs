//! A request as the flows see it.

use std::collections::{BTreeMap, HashMap};

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, SchoolId};

use crate::fields::fields;

/// The largest body that is looked at: a SAML Response of 512 KiB in base64, percent-encoded at worst in part.
const MAX_BODY: usize = 1024 * 1024;

/// What came, in parts. All of it is untrusted.
#[derive(Default)]
pub struct Incoming {
    /// AWS's id of this invocation.
    pub request_id: String,
    /// The gateway's id of this request, which it sends as `apigw-requestid`.
    pub gateway_id: String,
    pub(crate) route_key: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    /// By their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) cookies: Vec<String>,
    /// The route's parameter of this name.
    pub(crate) connection: String,
    /// The route's parameter of this name.
    pub(crate) school: String,
    pub(crate) body: Vec<u8>,
}

impl Incoming {
    /// The gateway's name of the route, as the register has it: `POST /saml/{connection}/acs`, or `$default`.
    pub fn route_key(&self) -> &str {
        &self.route_key
    }

    /// The method, as it stood in the request line.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path, as the gateway decodes it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A header's value, if it is text: printable ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?;
        value.bytes().all(|byte| byte == b'\t' || byte == b' ' || byte.is_ascii_graphic()).then_some(value)
    }

    /// The cookies, `name=value` each. Those beyond ASCII are none of ours: a host beside us can set them for the domain
    /// that we share, and they must not hide the others.
    pub fn cookies(&self) -> impl Iterator<Item = &str> {
        // The gateway has them in a list of their own; whoever writes an event by hand may have left them in the header.
        let header = self.headers.get("cookie").filter(|_| self.cookies.is_empty());
        let lines = self.cookies.iter().chain(header);
        lines.flat_map(|line| line.split(';')).filter(|cookie| cookie.is_ascii()).map(str::trim)
    }

    /// The `{connection}` of the route.
    pub fn connection(&self) -> Result<ConnectionId, Failure> {
        let text = &self.connection;
        ConnectionId::parse(text).map_err(|_| Failure::noted(Fault::ConnectionUnknown, text))
    }

    /// The `{school}` of the route.
    pub fn school(&self) -> Result<SchoolId, Failure> {
        let text = &self.school;
        SchoolId::parse(text).map_err(|_| Failure::noted(Fault::SchoolUnknown, text))
    }

    /// The query as it came.
    pub fn raw_query(&self) -> &str {
        &self.raw_query
    }

    /// Whether the query is one that somebody may have sent in earnest. The edge asks before any flow begins.
    pub(crate) fn check_query(&self) -> Result<(), Failure> {
        let too_much = fields(self.raw_query().as_bytes()).find_map(Result::err);
        too_much.map_or(Ok(()), |too_much| Err(Failure::noted(Fault::QueryMalformed, &too_much.to_string())))
    }

    /// A query parameter. One that is sent twice is none.
    pub fn query(&self, name: &str) -> Option<String> {
        let mut values = url::form_urlencoded::parse(self.raw_query().as_bytes()).filter(|(own, _)| own == name);
        let first = values.next().map(|(_, value)| value.into_owned());
        if values.next().is_some() { None } else { first }
    }

    /// The fields of a posted form.
    pub fn form(&self) -> Result<HashMap<String, String>, Failure> {
        let kind = self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Failure::with(Fault::MediaTypeUnsupported, "application/x-www-form-urlencoded", kind));
        }
        let malformed = |note: &str| Failure::noted(Fault::FormMalformed, note);
        let mut form = HashMap::new();
        for field in fields(self.body()?) {
            let (name, value) = field.map_err(|too_much| malformed(&too_much.to_string()))?;
            if form.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(malformed(&format!("{name} is sent twice")));
            }
        }
        Ok(form)
    }

    /// The body, byte for byte.
    pub fn body(&self) -> Result<&[u8], Failure> {
        let body = &*self.body;
        if body.len() > MAX_BODY {
            return Err(Failure::with(Fault::BodyTooLarge, format!("{MAX_BODY} bytes"), &body.len().to_string()));
        }
        Ok(body)
    }

    /// Whether the browser only loads this in advance (`Sec-Purpose: prefetch`).
    pub fn is_prefetch(&self) -> bool {
        ["sec-purpose", "purpose", "x-moz"]
            .iter()
            .any(|name| self.header(name).is_some_and(|value| value.contains("prefetch")))
    }

    /// Whether the page would be inside a frame.
    pub fn is_framed(&self) -> bool {
        matches!(self.header("sec-fetch-dest"), Some("iframe" | "frame" | "embed" | "object"))
    }

    /// Whether a page of ours sent this, as the browser itself says. `Origin` is for browsers without fetch metadata;
    /// the others say `null` there, since our pages send no referrer (Fetch §3.2).
    pub fn is_from_us(&self, public_url: &str) -> bool {
        self.header("sec-fetch-site") == Some("same-origin") || self.header("origin") == Some(public_url)
    }

    /// The browser's family, for the log: never the whole header.
    pub fn browser(&self) -> &'static str {
        let agent = self.header("user-agent").unwrap_or_default();
        [("Edg", "edge"), ("Firefox", "firefox"), ("Chrome", "chromium"), ("Safari", "safari")]
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map_or("other", |(_, family)| family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: &str = "__Host-l-7KQ39FXM2B4T=1790000000.AAAA";

    fn seen(incoming: &Incoming) -> Vec<&str> {
        let mut cookies: Vec<_> = incoming.cookies().collect();
        cookies.sort_unstable();
        cookies
    }

    #[test]
    fn a_cookie_beyond_ascii_hides_no_other() {
        for odd in ["name=José", "name=\u{fffd}\u{fffd}", "名=値", "\u{80}"] {
            for parts in [[LOGIN, odd, "theme=dark"], [odd, "theme=dark", LOGIN]] {
                let listed = Incoming { cookies: parts.map(str::to_owned).into(), ..Incoming::default() };
                assert_eq!(seen(&listed), [LOGIN, "theme=dark"], "beside {odd}");
                let headers = [("cookie".to_owned(), parts.join("; "))].into();
                assert_eq!(seen(&Incoming { headers, ..Incoming::default() }), [LOGIN, "theme=dark"], "beside {odd}");
            }
        }
    }

    #[test]
    fn a_header_that_is_not_plain_text_is_none() {
        for (value, is_text) in [("a b\tc", true), ("", true), ("é", false), ("a\nb", false), ("a\u{7f}", false)] {
            let headers = [("origin".to_owned(), value.to_owned())].into();
            assert_eq!(Incoming { headers, ..Incoming::default() }.header("origin").is_some(), is_text, "{value:?}");
        }
    }
}
