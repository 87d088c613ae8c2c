//! A request as the flows see it.

use std::collections::HashMap;

use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;

/// The largest body that is looked at: a SAML Response of 512 KiB in base64, percent-encoded at worst in part.
const MAX_BODY: usize = 1024 * 1024;

/// What came, in parts. All of it is untrusted.
pub struct Incoming {
    request: Request,
    /// AWS's id of this invocation.
    pub request_id: String,
    /// The gateway's id of this request, which it sends as `apigw-requestid`.
    pub gateway_id: String,
}

impl Incoming {
    pub(crate) fn new(request: Request) -> Self {
        let request_id = request.lambda_context_ref().map(|context| context.request_id.clone()).unwrap_or_default();
        let gateway_id = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone().unwrap_or_default(),
            _ => String::new(),
        };
        Self { request, request_id, gateway_id }
    }

    /// The gateway's name of the route, as the register has it: `POST /saml/{connection}/acs`, or `$default`.
    pub fn route_key(&self) -> &str {
        match self.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.route_key.as_deref().unwrap_or_default(),
            _ => "",
        }
    }

    /// The method, as it stood in the request line.
    pub fn method(&self) -> &str {
        self.request.method().as_str()
    }

    /// The path, percent-encoded as it came, without the query.
    pub fn path(&self) -> &str {
        self.request.uri().path()
    }

    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The cookies, `name=value` each. Those beyond ASCII are none of ours: a host beside us can set them for the domain
    /// that we share, and they must not hide the others.
    pub fn cookies(&self) -> impl Iterator<Item = &str> {
        let headers = self.request.headers().get_all("cookie").iter();
        let cookies = headers.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
        cookies.filter(|cookie| cookie.is_ascii()).filter_map(|cookie| std::str::from_utf8(cookie).ok()).map(str::trim)
    }

    /// The `{connection}` of the route.
    pub fn connection(&self) -> Result<ConnectionId, Failure> {
        let parameters = self.request.path_parameters_ref();
        let text = parameters.and_then(|parameters| parameters.first("connection")).unwrap_or_default();
        ConnectionId::parse(text).map_err(|_| Failure::noted(Fault::ConnectionUnknown, text))
    }

    /// The query as it came.
    pub fn raw_query(&self) -> &str {
        self.request.uri().query().unwrap_or_default()
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
        let mut fields = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(self.body()?) {
            if fields.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(Failure::noted(Fault::FormMalformed, &format!("{name} is sent twice")));
            }
        }
        Ok(fields)
    }

    /// The body, byte for byte.
    pub fn body(&self) -> Result<&[u8], Failure> {
        let body: &[u8] = match self.request.body() {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        };
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
#[allow(clippy::unwrap_used)]
mod tests {
    use lambda_http::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_beyond_ascii_hides_no_other() {
        let login = "__Host-l-7KQ39FXM2B4T=1790000000.AAAA";
        for odd in ["name=José".as_bytes(), b"name=\xff\xfe", "名=値".as_bytes(), b"\x80"] {
            for parts in [[login.as_bytes(), odd, b"theme=dark"], [odd, b"theme=dark", login.as_bytes()]] {
                let header = HeaderValue::from_bytes(&parts.join(&b"; "[..])).unwrap();
                let request = lambda_http::http::Request::builder().header("cookie", header).body(Body::Empty).unwrap();
                let incoming = Incoming { request, request_id: String::new(), gateway_id: String::new() };
                let mut cookies: Vec<_> = incoming.cookies().collect();
                cookies.sort_unstable();
                assert_eq!(cookies, [login, "theme=dark"], "beside {odd:?}");
            }
        }
    }
}
