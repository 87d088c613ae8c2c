//! What somebody makes up: codes that no provider gave, states of logins that never began, tickets of other people's
//! logins. What they cost us and others, what they tell, and whom they wake.

use futures_util::future::join_all;
use http::Method;
use serde_json::Value;
use stoa_core::binding::{Pending, SameSite};
use stoa_core::connection::WorkosDocument;
use stoa_core::ids::Reference;
use stoa_core::login::MAX_STEPS;
use stoa_core::routes::{ROUTES, Route, Table};
use stoa_sandbox::aws::journal::Tally;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::openid::{Defect, Endpoint, GLOBEX, PG_OIDC, Product, Realm};
use stoa_sandbox::thinkific::{Fault as SchoolFault, FaultTarget, Trouble};
use stoa_sandbox::workos::{CONNECTION, ORGANIZATION};
use url::Url;

use crate::aws;
use crate::oidc::{answer, as_it_comes, log_in, login_url, our_calls};
use crate::pages::{FORM, send};
use crate::steps::{MARY, MARYS_EMAIL, World, go_on};
use crate::teams::Tab;
use crate::workos::{ADAS_EMAIL, umbrella};

const MANY: usize = 100;

/// A login that a browser has begun, up to the redirect to the provider: the state in it.
async fn begun(browser: &Browser, login: &str) -> String {
    let page = browser.following(Follow::Nothing).get(login).await.unwrap();
    let asked = Url::parse(page.header("location").unwrap()).unwrap();
    asked.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

async fn bring(world: &World, browser: &Browser, connection: &str, code: &str, state: &str) -> Page {
    let address = format!("{}/oidc/{connection}/callback?code={code}&state={state}", world.url());
    browser.get(&address).await.unwrap()
}

/// Many codes for one login, at once or one after the other.
async fn bring_many(world: &World, browser: &Browser, connection: &str, state: &str, at_once: bool) -> Vec<Page> {
    let codes: Vec<_> = (0..MANY).map(|n| format!("junk{n}")).collect();
    let mut pages = Vec::new();
    // The embedded DynamoDB answers no hundred at once in time.
    for codes in codes.chunks(if at_once { 20 } else { 1 }) {
        pages.extend(join_all(codes.iter().map(|code| bring(world, browser, connection, code, state))).await);
    }
    pages
}

/// How often each fault was seen.
fn counted(faults: &[String], fault: &str) -> usize {
    faults.iter().filter(|seen| *seen == fault).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn c164_a_hundred_codes_for_one_login_ask_the_provider_three_times() {
    for at_once in [true, false] {
        let world = as_it_comes(&PG_OIDC).await;
        let browser = world.browser();
        let state = begun(&browser, &login_url(&world, &PG_OIDC, "")).await;
        world.forget();
        let pages = bring_many(&world, &browser, PG_OIDC.id, &state, at_once).await;
        let faults = world.faults();
        assert!(pages.iter().all(|page| (400..500).contains(&page.status)), "at once: {at_once}: {faults:?}");
        assert_eq!(our_calls(&world), [Endpoint::Token; 3], "at once: {at_once}");
        let (refused, spent) = (counted(&faults, "oidc_code_refused"), counted(&faults, "oidc_tries_spent"));
        assert_eq!((refused, spent), (3, MANY - 3), "{faults:?}");
        // The login says it once each, or as often as requests met before the first had said it.
        let steps = world.steps();
        assert!(steps.len() <= stoa_core::login::MAX_NOTES, "{steps:?}");
        assert!(at_once || counted(&steps, "oidc_tries_spent") == 1, "{steps:?}");
        // One write for each that is turned away. A refused one counts as the least that it may cost.
        let tally = Tally::of(&world.front.take_calls());
        assert!(at_once || (tally.writes, tally.reads) == (MANY + 4, 2), "{tally:?}");
        world.signed_in(&log_in(&world, &PG_OIDC, &browser, "").await, MARYS_EMAIL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c164_a_hundred_codes_for_one_login_ask_workos_three_times() {
    let world = umbrella().await;
    let (browser, login) = (world.browser(), format!("{}/login/umbrella", world.url()));
    let state = begun(&browser, &login).await;
    let pages = bring_many(&world, &browser, "umbrella", &state, true).await;
    assert!(pages.iter().all(|page| (400..500).contains(&page.status)));
    assert_eq!(world.workos.take_calls().len(), 3);
    assert_eq!(counted(&world.faults(), "oidc_tries_spent"), MANY - 3);
    world.signed_in(&browser.get(&login).await.unwrap(), ADAS_EMAIL);
}

const NOBODYS: &str = "7KQ39FXM2B4T";

/// A login that never began, and the cookie that says it did.
fn never_begun() -> (Pending, &'static str) {
    let reference = Reference::parse(NOBODYS).unwrap();
    let made_up = Pending::begin(reference, jiff::Timestamp::now(), [7; 32]);
    let cookie = made_up.set_cookie(SameSite::Lax).leak().split(';').next().unwrap();
    (made_up, cookie)
}

/// The states of a login that never began, by connection.
fn states_of(world: &World, made_up: &Pending) -> [(&'static str, String); 2] {
    let issuer = world.openid.issuer(&Realm::of(Product::PingFederate));
    let document = WorkosDocument {
        client_id: world.workos.client_id().to_owned(),
        organization: Some(ORGANIZATION.to_owned()),
        connection: Some(CONNECTION.to_owned()),
        api_url: world.workos.url(),
    };
    [
        (PG_OIDC.id, made_up.oidc_state(&[&issuer, PG_OIDC.client_id])),
        ("umbrella", stoa_core::workos::state_of(made_up, &document)),
    ]
}

/// The cookie of a ticket that nobody was given.
fn ticket(reference: &str, connection: &str, school: &str) -> &'static str {
    let (key, secret) = ("A".repeat(32), "A".repeat(43));
    format!("__Host-t-{reference}={connection}.{school}.{key}.{key}.{secret}").leak()
}

#[tokio::test(flavor = "multi_thread")]
async fn c164_a_login_that_never_began_asks_nobody_anything() {
    let world = as_it_comes(&PG_OIDC).await;
    world.connect_workos(str::to_owned).await.unwrap();
    world.forget();
    let (made_up, cookie) = never_begun();
    let browser = world.browser().with_header("cookie", cookie);
    for (connection, state) in states_of(&world, &made_up) {
        for n in 0..20 {
            let page = bring(&world, &browser, connection, &format!("junk{n}"), &state).await;
            world.refused(&page, "login_unknown");
        }
    }
    assert_eq!((our_calls(&world).len(), world.workos.take_calls().len()), (0, 0));
    assert_eq!(world.front.items(Table::Logins).unwrap().len(), 0, "a login came into being");
}

#[tokio::test(flavor = "multi_thread")]
async fn c164_a_code_is_asked_about_once_however_often_it_comes_while_the_provider_is_slow() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    world.openid.next_defect(Defect::TokenSlow);
    let back = answer(&world, &PG_OIDC, &browser, "").await;
    our_calls(&world);
    let others: Vec<_> = (0..5).map(|_| browser.with_stolen_cookies()).collect();
    let stopped: Vec<_> = others.iter().map(|browser| browser.following(Follow::Nothing)).collect();
    let pages = join_all(stopped.iter().map(|browser| go_on(browser, &back))).await;
    assert!(pages.iter().all(|page| page.status == 303), "{:?}", world.faults());
    assert_eq!(our_calls(&world).iter().filter(|call| **call == Endpoint::Token).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_the_provider_could_not_look_at_may_come_again() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    let back = answer(&world, &PG_OIDC, &browser, "").await;
    let wrong = back.header("location").unwrap().replace("code=", "code=x");
    for _ in 0..2 {
        world.refused_and_traced(&browser.get(&wrong).await.unwrap(), "oidc_code_refused");
    }
    world.signed_in(&go_on(&browser, &back).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_to_the_claim_of_a_code_fails_no_login() {
    let world = as_it_comes(&PG_OIDC).await;
    world.front.inject(Fault::next("oidc-callback", "dynamodb:UpdateItem", FaultKind::ApplyThenCutConnection));
    world.signed_in(&log_in(&world, &PG_OIDC, &world.browser(), "").await, MARYS_EMAIL);
    assert_eq!(our_calls(&world).iter().filter(|call| **call == Endpoint::Token).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c164_a_code_that_is_none_calls_nobody_to_us() {
    for example in [&PG_OIDC, &GLOBEX] {
        let world = as_it_comes(example).await;
        for (code, fault) in
            [("x", "oidc_code_refused"), ("%00", "oidc_response_malformed"), ("%C3%A9", "oidc_response_malformed")]
        {
            let browser = world.browser();
            let state = begun(&browser, &login_url(&world, example, "")).await;
            world.forget();
            let page = bring(&world, &browser, example.id, code, &state).await;
            let line = world.log().pop().unwrap();
            assert!(page.status < 500 && line.contains(&format!("\"fault\":\"{fault}\"")), "{}: {line}", example.id);
            assert!(!line.contains("\"level\":\"error\""), "{}: {line}", example.id);
        }
    }
}

/// Mary's login, which somebody who has heard its reference on the phone knows of: not yet proven, with its ticket
/// made, and launched.
struct Overheard {
    world: World,
    browser: Browser,
    reference: String,
}

impl Overheard {
    async fn started() -> (Self, crate::steps::Answer) {
        let world = World::with_mary().await;
        let browser = world.browser();
        let before: Vec<_> = world.front.items(Table::Logins).unwrap();
        let answer = world.answer(&browser, MARY, "").await;
        let logins = world.front.items(Table::Logins).unwrap();
        let login = logins.iter().find(|login| !before.iter().any(|other| other["pk"] == login["pk"])).unwrap();
        let reference = login["pk"]["S"].as_str().unwrap().to_owned();
        world.forget();
        (Self { world, browser, reference }, answer)
    }

    fn item(&self) -> Value {
        aws::matching(&self.world, Table::Logins, &self.reference)[0].clone()
    }

    /// What strangers try with a reference: each is refused, none is an error of ours, and the item stays as it is.
    async fn is_left_alone(&self, fault: &str) {
        let before = self.item();
        let mut pages = Vec::new();
        for (connection, school) in
            [("pg", "pg-academy"), ("pg", "nowhere"), ("pg-two", "pg-academy"), ("nobody", "nowhere")]
        {
            let address = format!("{}/launch?login={}", self.world.url(), self.reference);
            let stranger = self.world.browser().with_header("cookie", ticket(&self.reference, connection, school));
            let page = stranger.get(&address).await.unwrap();
            self.world.refused(&page, fault);
            pages.push((page.status, page.body));
        }
        assert!(pages.iter().all(|page| *page == pages[0] && page.0 < 500), "told apart: {pages:#?}");
        let attempt = "A".repeat(22);
        for launch in ["", "&launch=x", &format!("&launch={attempt}")] {
            let address = format!("{}/return?login={}{launch}&message=x", self.world.url(), self.reference);
            self.world.refused(&self.world.browser().get(&address).await.unwrap(), "login_unknown");
        }
        assert_eq!(self.item(), before, "a stranger has written into it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c107_whoever_has_a_reference_learns_nothing_and_neither_blinds_nor_lengthens_its_trace() {
    let (login, answer) = Overheard::started().await;
    login.world.add_connection().await;
    for _ in 0..MAX_STEPS {
        login.is_left_alone("ticket_wrong").await;
    }
    // What really happens is noted all the same.
    let refused = answer.post_with(&login.browser, &[("SAMLResponse", &answer.tampered())]).await;
    login.world.refused_and_traced(&refused, "saml_digest_mismatch");
    let ticket = answer.post(&login.browser.following(Follow::Nothing)).await;
    login.is_left_alone("ticket_wrong").await;
    login.world.signed_in(&go_on(&login.browser, &ticket).await, MARYS_EMAIL);
    login.is_left_alone("ticket_wrong").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c107_a_ticket_of_no_login_is_told_nothing_and_wakes_nobody() {
    let world = World::with_mary().await;
    let mut pages = Vec::new();
    for (connection, school) in
        [("pg", "pg-academy"), ("pg", "nowhere"), ("nobody", "pg-academy"), ("nobody", "nowhere")]
    {
        let stranger = world.browser().with_header("cookie", ticket(NOBODYS, connection, school));
        let page = stranger.get(&format!("{}/launch?login={NOBODYS}", world.url())).await.unwrap();
        let line = world.log().pop().unwrap();
        assert!(line.contains("\"fault\":\"login_unknown\"") && line.contains("\"level\":\"info\""), "{line}");
        // But for the gateway's id of the request, which is its reference here.
        let words: Vec<String> = page.text().split_whitespace().map(str::to_owned).collect();
        let at = words.iter().position(|word| word == "Reference").unwrap();
        pages.push((page.status, [&words[..at], &words[at + 2..]].concat()));
    }
    assert!(pages.iter().all(|page| *page == pages[0] && page.0 == 400), "told apart: {pages:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_school_sends_back_is_told_so_again_and_it_counts_once() {
    let (login, answer) = Overheard::started().await;
    // However much has been noted on the login before.
    for _ in 0..MAX_STEPS {
        answer.post_with(&login.browser, &[("SAMLResponse", &answer.tampered())]).await;
    }
    let refuse = Trouble::Unprocessable { field: "email".into(), message: "is invalid".into() };
    login.world.thinkific.inject(SchoolFault { target: FaultTarget::Sso, trouble: refuse, times: 1 });
    let page = answer.post(&login.browser).await;
    login.world.refused_and_traced(&page, "thinkific_sent_back");
    assert_eq!((page.status, login.item()["steps"]["L"].as_array().unwrap().len()), (502, MAX_STEPS));
    let item = login.item();
    for _ in 0..3 {
        let again = login.browser.get(page.url.as_str()).await.unwrap();
        assert_eq!(again.status, 409);
        login.world.refused(&again, "returned_again");
    }
    assert_eq!(login.item(), item);
}

/// What can be sent to a route by somebody who has nothing but the addresses.
fn tries(route: Route, connections: &[&str]) -> Vec<(Method, String)> {
    let (method, pattern) = match route {
        Route::On(method, pattern) => (method.as_str().parse().unwrap(), pattern),
        Route::Default => (Method::GET, "/nothing"),
    };
    let paths = connections
        .iter()
        .map(|connection| pattern.replace("{connection}", connection).replace("{proxy+}", "v2/Users"));
    let paths: std::collections::BTreeSet<String> = paths.collect();
    paths.into_iter().map(|path| (method.clone(), path)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn c219_nothing_that_anybody_can_make_up_is_an_error_of_ours() {
    let tab = Tab::start().await;
    let world = &tab.world;
    world.connect_openid(&PG_OIDC, str::to_owned).await.unwrap();
    world.connect_workos(str::to_owned).await.unwrap();
    let answer = world.answer(&world.browser(), MARY, "").await;
    let begun = aws::matching(world, Table::Logins, "")[0]["pk"]["S"].as_str().unwrap().to_owned();
    world.forget();

    let (made_up, cookie) = never_begun();
    let [(_, openid), (_, workos)] = states_of(world, &made_up);
    let (first, secret) = (cookie.split_once('=').unwrap().0, cookie.split_once('.').unwrap().1);
    let cookies = [
        String::new(),
        cookie.to_owned(),
        format!("{first}={}.{secret}; {first}={}.{secret}.t", i64::MIN, i64::MAX),
        [ticket(NOBODYS, "nobody", "nowhere"), ticket(&begun, "pg", "nowhere")].join("; "),
    ];
    let errors = [
        "access_denied",
        "invalid_request",
        "invalid_scope",
        "server_error",
        "oauth_failed",
        "connection_invalid",
        "x",
    ];
    let said = errors.iter().flat_map(|error| [&openid, &workos].map(|state| format!("error={error}&state={state}")));
    let queries: Vec<String> = [
        String::new(),
        format!("login={NOBODYS}"),
        format!("login={begun}"),
        format!("login={begun}&launch={}", "A".repeat(22)),
        "return_to=//evil&retry=300&again=1&test=key&login_hint=%00".to_owned(),
        format!("code=x&state={openid}"),
        format!("code=x&state={workos}"),
        format!("code=%ff&state={openid}"),
        "code=x&id_token=y".to_owned(),
    ]
    .into_iter()
    .chain(said)
    .collect();
    let responses = [answer.response(), &answer.tampered(), "PHg+PC94Pg==", "AAAA", "%"].map(str::to_owned);
    let responses = responses.iter().map(|text| {
        let form = [("SAMLResponse", text.as_str()), ("RelayState", "stoa-5")];
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
    });
    let none = "eyJhbGciOiJub25lIn0.e30.";
    let tokens = ["", "a.b.c", "a.b.c.d.e", none].map(|token| format!("token={token}&test=key"));
    let code = format!("code={NOBODYS}.pg.nowhere.{}.{}.{}&hint=x", "A".repeat(32), "A".repeat(32), "A".repeat(43));
    let others = [String::new(), code, "email=a@pg.com&connection=nobody".to_owned()];
    let forms: Vec<String> = responses.chain(tokens).chain(others).collect();

    let mut wrong = Vec::new();
    for route in ROUTES.iter().flat_map(|function| function.routes) {
        for (method, path) in tries(*route, &["pg", PG_OIDC.id, "umbrella", "globex-teams", "nobody"]) {
            let (given, is_form) = if method == Method::POST { (&forms, true) } else { (&queries, false) };
            for (given, cookie) in given.iter().flat_map(|given| cookies.iter().map(move |cookie| (given, cookie))) {
                let (address, body) = match is_form {
                    true => (format!("{path}?login={begun}"), given.clone()),
                    false => (format!("{path}?{given}"), String::new()),
                };
                let headers = [FORM, ("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
                let page = send(world, method.clone(), &address, &headers, body.into()).await;
                let loud = world.log().into_iter().filter(|line| line.contains("\"level\":\"error\""));
                wrong.extend(loud.map(|line| format!("{method} {address} {given} {cookie}: {line}")));
                if page.status >= 500 {
                    wrong.push(format!("{method} {address} {given} {cookie}: {}", page.status));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
