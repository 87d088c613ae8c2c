//! Forms and queries of a size that nobody sends in earnest: what they may cost us, and what comes back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use stoa_core::routes::{ROUTES, Route};

use crate::pages::{FORM, send};
use crate::steps::World;

/// Every route, through a connection that there is.
fn routes() -> impl Iterator<Item = (Method, String)> {
    ROUTES.iter().flat_map(|function| function.routes).map(|route| match route {
        Route::On(method, pattern) => {
            let path = pattern.replace("{connection}", "pg").replace("{proxy+}", "v2/Users");
            (method.as_str().parse().unwrap(), path)
        }
        Route::Default => (Method::GET, "/nothing".to_owned()),
    })
}

/// A Response of no login, which the ACS posts once more from a page of ours.
fn response() -> String {
    let xml = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" InResponseTo=\"_x\"/>";
    STANDARD.encode(xml).replace('+', "%2B").replace('=', "%3D")
}

#[tokio::test(flavor = "multi_thread")]
async fn c144_a_form_with_more_fields_than_any_of_ours_is_refused_wherever_it_is_posted() {
    let world = World::start().await;
    let fields = |count: usize| (0..count).map(|n| format!("&{n:05x}")).collect::<String>();
    // SCIM and webhooks read no forms.
    let reads_forms = |path: &str| !["/scim/", "/thinkific/", "/workos/"].iter().any(|begin| path.starts_with(begin));
    for (method, path) in routes().filter(|(method, path)| *method == Method::POST && reads_forms(path)) {
        for many in [fields(17), fields(140_000), format!("&{}", "n".repeat(65))] {
            let body = format!("SAMLResponse={}{many}", response());
            let answer = send(&world, method.clone(), &path, &[FORM], body.into()).await;
            // The launch reads no form, and has no ticket here.
            let fault = if path == "/launch" { "ticket_missing" } else { "form_malformed" };
            assert_eq!(world.faults(), [fault], "{path}");
            assert!(answer.body.len() < 8192 && answer.status == 400, "{path}: {} bytes", answer.body.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c144_an_address_with_more_parameters_than_any_of_ours_is_refused_on_every_route() {
    let world = World::start().await;
    let (most, more) = (vec!["a=b"; 16].join("&"), vec!["a=b"; 17].join("&"));
    let long = format!("{}=", "n".repeat(65));
    for (method, path) in routes() {
        for query in [&more, &long, &"&a".repeat(2000)] {
            let answer = send(&world, method.clone(), &format!("{path}?{query}"), &[FORM], Vec::new()).await;
            assert_eq!((world.faults(), answer.status), (vec!["query_malformed".to_owned()], 400), "{method} {path}");
        }
        send(&world, method, &format!("{path}?{most}"), &[FORM], Vec::new()).await;
        assert!(!world.faults().contains(&"query_malformed".to_owned()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c139_what_is_posted_once_more_is_the_response_and_what_is_read_of_its_relay_state() {
    let world = World::start().await;
    let post = async |rest: &str| {
        let body = format!("SAMLResponse={}{rest}", response());
        let page = send(&world, Method::POST, "/saml/pg/acs", &[FORM], body.into()).await;
        assert_eq!((page.status, page.body.matches("<input").count()), (200, 3), "{}", page.body);
        page.body
    };
    let plain = post("").await;
    let quotes = format!("&RelayState={}", "%22".repeat(200_000));
    for (rest, relay_state) in [
        ("&RelayState=stoa-0/courses/x&a=<b>&c=d", "stoa-0/courses/x"),
        ("&RelayState=/courses/x", "/courses/x"),
        ("&RelayState=0", "stoa-0"),
        ("&RelayState=portal", ""),
        (&quotes, ""),
    ] {
        let page = post(rest).await;
        assert!(page.contains(&format!("name=\"RelayState\" value=\"{relay_state}\"")), "{page}");
        assert_eq!(page.len(), plain.len() + relay_state.len(), "more is written than is read");
    }
}
