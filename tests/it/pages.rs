//! What the browser is shown, by whatever address and in whatever form it asks.

use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use stoa_core::ids::ConnectionId;
use stoa_sandbox::browser::{Follow, Page};
use stoa_sandbox::pingfederate::Person;

use crate::steps::{MARY, MARYS_EMAIL, World, go_on};

/// An answer to a request that no browser would send.
pub struct Raw {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: String,
}

pub async fn send(world: &World, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Raw {
    let address = world.gateway.address();
    let mut request = Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let client: Client<_, Full<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request.body(Full::from(body)).unwrap()).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Raw { status: head.status.as_u16(), headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn post_to_acs(world: &World, kind: (&str, &str), body: impl Into<Vec<u8>>, fault: &str) {
    let answer = send(world, Method::POST, "/saml/pg/acs", &[kind], body.into()).await;
    assert_eq!(world.faults(), [fault]);
    assert!((400..500).contains(&answer.status) && answer.body.contains("<!DOCTYPE html>"), "{}", answer.status);
}

#[track_caller]
fn kept_to_itself(page: &Page) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), Some(value), "{}", page.url);
    }
    assert!(page.header("strict-transport-security").is_some());
    let Some(policy) = page.header("content-security-policy") else {
        assert_eq!(page.status, 303, "a page without a policy");
        return;
    };
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action "] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c140_every_page_and_every_redirect_is_kept_out_of_caches_frames_and_referrers() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let one_step = browser.following(Follow::Nothing);
    let start = one_step.get(&world.login_url()).await.unwrap();
    let answer = world.answer(&browser, MARY, "").await;
    let ticket = answer.post(&one_step).await;
    let launch = go_on(&one_step, &ticket).await;
    let repost = answer.post(&world.browser().following(Follow::WithoutScripts)).await;
    let not_found = browser.get(&format!("{}/nothing", world.url())).await.unwrap();
    let test = world.log_in_to(&browser, MARY, "?test=1").await;
    assert_eq!([start.status, ticket.status, launch.status, repost.status], [303, 303, 303, 200]);
    for page in [&start, &ticket, &launch, &repost, &not_found, &test] {
        kept_to_itself(page);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_speak_the_browser_s_language() {
    let world = World::start().await;
    let address = format!("{}/login/nobody", world.url());
    for (wish, tag, word) in [("es-MX,es;q=0.9,en;q=0.5", "es", "Referencia"), ("de,en;q=0.5", "en", "Reference")] {
        let page = world.browser().with_header("accept-language", wish).get(&address).await.unwrap();
        assert!(page.body.contains(&format!("<html lang=\"{tag}\"")), "{}", page.body);
        assert!(page.text().contains(word), "{}", page.text());
    }
}

/// The path is not logged: people paste what is theirs into it.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_is_logged_by_its_kind() {
    let world = World::start().await;
    for (path, kind) in [
        ("/", "no path"),
        ("/nothing", "another path"),
        ("/login/pg/more", "below /login"),
        ("/saml/pg", "below /saml"),
        ("/favicon.ico", "a file"),
        ("/.well-known/security.txt", "below /.well-known"),
        ("/return", "/return without a login"),
    ] {
        world.log();
        world.browser().get(&format!("{}{path}", world.url())).await.unwrap();
        let lines: Vec<serde_json::Value> =
            world.log().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [line] = lines.as_slice() else { panic!("{path}: {lines:?}") };
        assert_eq!((&line["fault"], &line["got"]), (&"not_found".into(), &kind.into()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_or_method_has_a_page_of_ours() {
    let world = World::start().await;
    let get = async |path: &str| world.browser().get(&format!("{}{path}", world.url())).await.unwrap();
    world.refused(&get("/nothing").await, "not_found");
    world.refused(&get("/").await, "not_found");
    world.refused(&get("/login/pg/more").await, "not_found");
    world.refused(&get("/login/nobody").await, "connection_unknown");
    world.refused(&get("/login/PG%20%3Cb%3E").await, "connection_unknown");
    let posted = world.browser().post(None, &world.login_url(), &[]).await.unwrap();
    world.refused(&posted, "method_not_allowed");
    assert_eq!(posted.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn c144_the_acs_takes_one_form_by_post_and_nothing_else() {
    let world = World::start().await;
    let page = world.browser().get(&format!("{}/saml/pg/acs", world.url())).await.unwrap();
    world.refused(&page, "method_not_allowed");
    post_to_acs(&world, ("content-type", "application/json"), "{}", "media_type_unsupported").await;
    post_to_acs(&world, ("content-type", "multipart/form-data; boundary=x"), "--x--", "media_type_unsupported").await;
    post_to_acs(&world, ("x-none", ""), "SAMLResponse=PHg%2BPC94Pg", "media_type_unsupported").await;
    post_to_acs(&world, FORM, "", "form_malformed").await;
    post_to_acs(&world, FORM, "RelayState=0", "form_malformed").await;
    post_to_acs(&world, FORM, "SAMLResponse=a&SAMLResponse=b", "form_malformed").await;
    post_to_acs(&world, FORM, "SAMLResponse=a&RelayState=0&RelayState=1", "form_malformed").await;
    post_to_acs(&world, FORM, "SAMLResponse=%%%", "saml_base64_invalid").await;
    let large = format!("SAMLResponse={}", "A".repeat(1 << 20));
    post_to_acs(&world, FORM, large, "body_too_large").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_framed_login_is_offered_outside_the_frame_and_sets_no_cookie() {
    let world = World::start().await;
    let browser = world.browser();
    let portal = browser.get(&format!("{}/enrollments", world.thinkific.school_url())).await.unwrap();
    let page = browser.frame(&portal, &world.login_url()).await.unwrap();
    world.refused(&page, "framed");
    assert!(browser.cookies().iter().all(|cookie| !cookie.name.starts_with("__Host-l-")));
}

/// What strangers try wherever they can write (c141).
const PAYLOADS: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "</textarea><svg onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
    "\" onmouseover=\"alert(1)",
    "' autofocus onfocus='alert(1)",
    "<iframe src=javascript:alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "<base href=https://evil.example/>",
    "<form action=https://evil.example><input name=x>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "\u{ff1c}script\u{ff1e}alert(1)",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<<script>alert(1);//<</script>",
    "<svg/onload=alert(1)>",
    "<math><mtext><img src=x onerror=alert(1)>",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "\u{0}<script>alert(1)</script>",
    "\r\nSet-Cookie: a=b\r\n\r\n<script>alert(1)</script>",
    "<style>@import'https://evil.example'</style>",
    "<link rel=stylesheet href=https://evil.example>",
    "<object data=javascript:alert(1)>",
    "`-alert(1)-`",
    "\\\"-alert(1)}//",
];

/// The page has no element, attribute or address that it does not have by itself.
#[track_caller]
fn harmless(page: &Page, payload: &str) {
    let lower = page.body.to_lowercase();
    let scripts = lower.matches("<script").count();
    assert!(scripts == 0 || (scripts == 1 && page.sends_by_itself().is_some()), "{payload}: {lower}");
    for sign in ["<img", "<svg", "<iframe", "<base", "<object", "<link", "<meta http", "<math", "href=\"javascript"] {
        assert!(!lower.contains(sign), "{payload}: {lower}");
    }
    assert!(page.headers.get_all("set-cookie").iter().all(|cookie| !cookie.to_str().unwrap().starts_with("a=")));
}

fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn c141_nothing_that_a_stranger_writes_becomes_markup() {
    let world = World::start().await;
    let browser = world.browser();
    let one_step = browser.following(Follow::WithoutScripts);
    let url = world.url();
    for payload in PAYLOADS {
        let text = escaped(payload);
        for path in [
            format!("/{text}"),
            format!("/login/{text}"),
            format!("/saml/{text}/metadata"),
            format!("/sign-out/{text}"),
            format!("/return?login={text}"),
            format!("/return?login=000000000000&message={text}&error={text}"),
            format!("/launch?login={text}"),
            format!("/login/pg?test={text}"),
        ] {
            let page = one_step.get(&format!("{url}{path}")).await.unwrap();
            assert!(page.status >= 400, "{path}");
            harmless(&page, payload);
        }
        let acs = format!("{url}/saml/pg/acs");
        for (name, value) in [("RelayState", *payload), ("SAMLResponse", *payload), (*payload, "x")] {
            let page = one_step.post(None, &acs, &[("SAMLResponse", "PHg+PC94Pg=="), (name, value)]).await.unwrap();
            harmless(&page, payload);
        }
        let (ours, login) = (Some(url.as_str()), format!("{url}/login"));
        harmless(&one_step.get(&format!("{login}?return_to={text}&email={text}")).await.unwrap(), payload);
        for (name, value) in [("return_to", *payload), ("connection", *payload), (*payload, "x")] {
            for address in ["x@pg.com", payload] {
                let fields = [("email", address), (name, value)];
                harmless(&one_step.post(ours, &login, &fields).await.unwrap(), payload);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c141_nothing_in_a_person_s_record_becomes_markup() {
    let world = World::start().await;
    // The page of a test shows everything that came.
    let id = ConnectionId::parse("pg").unwrap();
    let (link, _) = world.operator.open_test_link(&id).await.unwrap();
    for (n, payload) in PAYLOADS.iter().filter(|payload| !payload.contains(['\u{0}', '\r'])).enumerate() {
        let person = Person::new(&format!("n{n}{payload}"), &format!("{payload}@pg.com"), payload, payload, "");
        world.pingfederate.add_person(person);
        let page = world.log_in(&world.browser(), &format!("n{n}{payload}")).await;
        assert!(page.status >= 400, "{}", page.text());
        harmless(&page, payload);
        assert_eq!(world.faults().len(), 1);
        let page = world.browser().get(&link.address(&world.url())).await.unwrap();
        assert!(page.text().contains("because you used a test link"), "{}", page.text());
        harmless(&page, payload);
        world.faults();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c143_no_host_header_changes_an_address_of_ours() {
    let world = World::with_mary().await;
    let honest = send(&world, Method::GET, "/saml/pg/metadata", &[], Vec::new()).await.body;
    for name in ["host", "x-forwarded-host", "forwarded", "x-original-url", "x-forwarded-server"] {
        let evil = [(name, "evil.example")];
        let metadata = send(&world, Method::GET, "/saml/pg/metadata", &evil, Vec::new()).await;
        assert_eq!(metadata.body, honest, "{name}");
        let login = send(&world, Method::GET, "/login/pg", &evil, Vec::new()).await;
        assert_eq!(login.status, 303);
        assert!(!format!("{:?}", login.headers).contains("evil.example"), "{name}");
        let page = send(&world, Method::GET, "/nothing", &evil, Vec::new()).await;
        assert!(!page.body.contains("evil.example"), "{name}");
    }
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}
