//! What a function gives back to the gateway.
//!
//! Format 2.0 knows `headers` and `cookies`; there are no headers of several values.

use http::HeaderValue;
use serde_json::{Map, Value, json};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::pages::{HEADERS, Page, in_teams};

use crate::visit::{Answer, Trail};

/// The largest body, in bytes. Lambda takes 6 MiB of JSON, in which one byte can become six characters.
const MAX_BODY: usize = 1_000_000;

/// Whether the gateway could pass this on. Its own error would have no reference and no line of ours.
pub(crate) fn sendable(answer: &Answer) -> Result<(), Failure> {
    let body = match answer {
        // Every address is built by a URL library; one that is no header value is a defect of ours.
        Answer::Redirect(location) if HeaderValue::from_str(location).is_err() => {
            return Err(Failure::noted(Fault::Internal, "an address that is no header value"));
        }
        Answer::Redirect(_) | Answer::Nothing => 0,
        Answer::Page(page) => page.html.len(),
        Answer::Document { text, .. } => text.len(),
        Answer::Script(text) => text.len(),
        // Its own limit is larger, since nothing in it becomes six characters.
        Answer::Resource { body, .. } => body.len() / 4,
    };
    if body > MAX_BODY {
        return Err(Failure::noted(Fault::Internal, &format!("an answer that is {body} bytes long")));
    }
    Ok(())
}

/// The answer as JSON, and its status.
pub(crate) fn returned(answer: &Answer, trail: &Trail) -> (u16, Value) {
    let mut headers: Map<String, Value> =
        HEADERS.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
    let mut set = |name: &str, value: &str| headers.insert(name.to_owned(), Value::from(value));
    set("content-type", "text/plain; charset=utf-8");
    let (status, body) = match answer {
        Answer::Redirect(location) => {
            set("location", location);
            (303, "")
        }
        Answer::Page(page) => {
            set("content-type", "text/html; charset=utf-8");
            set("content-security-policy", &policy(page, trail));
            if let Some(refresh) = &page.refresh {
                set("refresh", refresh);
            }
            (page.status, &*page.html)
        }
        Answer::Document { status, kind, text } => {
            set("content-type", kind);
            (*status, &**text)
        }
        Answer::Script(text) => {
            set("content-type", "text/javascript; charset=utf-8");
            set("cache-control", "public, max-age=31536000, immutable");
            (200, *text)
        }
        Answer::Resource { status, body, headers } => {
            set("content-type", "application/scim+json");
            headers.iter().for_each(|(name, value)| drop(set(name, value)));
            (*status, &**body)
        }
        Answer::Nothing => (204, ""),
    };
    if let (Answer::Page(_), true) = (answer, trail.in_teams) {
        // It knows no list of origins, and would forbid the frame that the policy allows.
        headers.remove("x-frame-options");
    }
    let cookies: Vec<&String> = trail.cookies.iter().filter(|cookie| HeaderValue::from_str(cookie).is_ok()).collect();
    let returned = json!({
        "statusCode": status,
        "headers": headers,
        "cookies": cookies,
        "body": body,
        "isBase64Encoded": false,
    });
    (status, returned)
}

fn policy(page: &Page, trail: &Trail) -> String {
    if trail.in_teams { in_teams(&page.policy) } else { page.policy.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(bytes: usize) -> Answer {
        Answer::Document { status: 200, kind: "text/plain", text: "\u{1}".repeat(bytes) }
    }

    #[test]
    fn what_is_sendable_fits_into_what_lambda_takes() {
        assert!(sendable(&document(MAX_BODY)).is_ok());
        assert!(returned(&document(MAX_BODY), &Trail::default()).1.to_string().len() < 6 * 1024 * 1024);
        assert!(sendable(&document(MAX_BODY + 1)).is_err());
    }

    #[test]
    fn an_address_with_a_line_break_is_not_sent() {
        assert!(sendable(&Answer::Redirect("https://idp.example/\r\nset-cookie: a=b".to_owned())).is_err());
        assert!(sendable(&Answer::Redirect("https://idp.example/?a=b".to_owned())).is_ok());
    }

    #[test]
    fn a_cookie_that_is_no_header_value_is_left_out() {
        let trail = Trail { cookies: vec!["a=1".to_owned(), "b=\n".to_owned()], ..Trail::default() };
        assert_eq!(returned(&Answer::Nothing, &trail).1["cookies"], json!(["a=1"]));
    }
}
