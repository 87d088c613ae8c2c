//! WorkOS's endpoints: a login with a form, and each refusal. `workos_oracle` sends JSON, as WorkOS's own crate does.

use jiff::SignedDuration;
use serde_json::Value;
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::workos::{CONNECTION, Config, Defect, ORGANIZATION, WorkOs};
use url::Url;

const CALLBACK: &str = "http://stoa.localhost:9/oidc/umbrella/callback";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An environment with one redirect URI, Ada, and a browser that stops at each redirect.
struct Environment {
    workos: WorkOs,
    browser: Browser,
}

impl Environment {
    async fn start() -> Self {
        let workos = WorkOs::start(Config::default()).await.unwrap();
        workos.register(CALLBACK);
        workos.sign_on_as("00u1a");
        Self { workos, browser: Browser::new().following(Follow::Nothing) }
    }

    /// A request with these parameters in place of, or beside, the usual ones. An empty value leaves one out.
    async fn authorize(&self, changes: &[(&str, &str)]) -> Page {
        let mut url = Url::parse(&format!("{}/sso/authorize", self.workos.url())).unwrap();
        let usual = [
            ("response_type", "code"),
            ("client_id", self.workos.client_id()),
            ("redirect_uri", CALLBACK),
            ("connection", CONNECTION),
            ("state", "s"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let kept = usual.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        url.query_pairs_mut().extend_pairs(kept.chain(changes).filter(|(_, value)| !value.is_empty()));
        self.browser.get(url.as_str()).await.unwrap()
    }

    async fn code(&self) -> String {
        parameter(&self.authorize(&[]).await, "code").unwrap()
    }

    /// The exchange, with these fields in place of the usual ones.
    async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
        let usual = [
            ("client_id", self.workos.client_id()),
            ("client_secret", self.workos.api_key().expose()),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        let changed = |name: &str| changes.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
        let fields = usual.map(|(name, value)| (name, changed(name).unwrap_or(value)));
        let page = self.browser.post(None, &format!("{}/sso/token", self.workos.url()), &fields).await.unwrap();
        (page.status, serde_json::from_str(&page.body).unwrap_or_default())
    }
}

/// A parameter of the redirect to the relying party; `None` also where there is no redirect.
fn parameter(page: &Page, name: &str) -> Option<String> {
    let location = Url::parse(page.header("location")?).ok()?;
    assert!(location.as_str().starts_with(CALLBACK));
    location.query_pairs().find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_exchanged_for_a_profile_once() {
    let environment = Environment::start().await;
    let page = environment.authorize(&[]).await;
    assert_eq!(parameter(&page, "state").as_deref(), Some("s"));
    let code = parameter(&page, "code").unwrap();
    let (status, answer) = environment.exchange(&code, &[]).await;
    assert_eq!((status, &answer["token_type"]), (200, &"Bearer".into()));
    for (field, value) in [
        ("object", "profile"),
        ("organization_id", ORGANIZATION),
        ("connection_id", CONNECTION),
        ("connection_type", "PingFederateSAML"),
        ("idp_id", "00u1a"),
        ("email", "ada.wong@umbrella.example"),
        ("first_name", "Ada"),
        ("last_name", "Wong"),
    ] {
        assert_eq!(answer["profile"][field], value, "{field}");
    }
    assert_eq!(answer["profile"]["custom_attributes"]["department"], "Research");
    let (status, answer) = environment.exchange(&code, &[]).await;
    assert_eq!((status, &answer["error"]), (400, &"invalid_grant".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_somebody_unknown_never_leads_back() {
    let environment = Environment::start().await;
    for change in [
        [("client_id", "client_other")],
        [("redirect_uri", "http://stoa.localhost:9/oidc/umbrella/callback/")],
        [("response_type", "token")],
        [("code_challenge_method", "plain")],
        [("code_challenge_method", "")],
    ] {
        let page = environment.authorize(&change).await;
        assert_eq!((page.status, page.header("location")), (400, None), "{change:?}");
    }
    let twice = environment.authorize(&[("state", "s"), ("state", "t")]).await;
    assert_eq!(twice.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_one_linked_connection_must_be_meant() {
    let environment = Environment::start().await;
    let both = environment.authorize(&[("provider", "GoogleOAuth")]).await;
    assert_eq!(parameter(&both, "error").as_deref(), Some("invalid_connection_selector"));
    for (connection, organization, error) in [
        ("", ORGANIZATION, None),
        ("", "", Some("invalid_connection_selector")),
        (CONNECTION, ORGANIZATION, Some("invalid_connection_selector")),
        ("conn_other", "", Some("connection_invalid")),
        ("conn_01PENDING", "", Some("connection_unlinked")),
        ("", "org_other", Some("organization_invalid")),
        ("", "org_01NONE", Some("organization_invalid")),
        ("", "org_01TWO", Some("ambiguous_connection_selector")),
    ] {
        let page = environment.authorize(&[("connection", connection), ("organization", organization)]).await;
        assert_eq!(parameter(&page, "error").as_deref(), error, "{connection} {organization}");
        assert_eq!(parameter(&page, "state").as_deref(), Some("s"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_must_fit_the_request() {
    let environment = Environment::start().await;
    for (change, status, error) in [
        (("client_id", "client_other"), 400, "invalid_client"),
        (("client_secret", "sk_test_wrong"), 401, "invalid_client"),
        (("grant_type", "client_credentials"), 400, "unsupported_grant_type"),
        (("code", "another"), 400, "invalid_grant"),
        (("code_verifier", "another"), 400, "invalid_grant"),
        (("code_verifier", ""), 400, "invalid_grant"),
    ] {
        let code = environment.code().await;
        let (got, answer) = environment.exchange(&code, &[change]).await;
        assert_eq!((got, answer["error"].as_str()), (status, Some(error)), "{change:?}");
    }
    let url = format!("{}/sso/token", environment.workos.url());
    let twice = environment.browser.post(None, &url, &[("code", "a"), ("code", "b")]).await.unwrap();
    assert_eq!(twice.status, 400);
    assert!(twice.body.contains("invalid_request"), "{}", twice.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lives_ten_minutes() {
    let environment = Environment::start().await;
    let (young, old) = (environment.code().await, environment.code().await);
    environment.workos.clock().advance(SignedDuration::from_secs(599));
    assert_eq!(environment.exchange(&young, &[]).await.0, 200);
    environment.workos.clock().advance(SignedDuration::from_secs(2));
    assert_eq!(environment.exchange(&old, &[]).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_begins_at_the_identity_provider_has_a_code_and_no_state() {
    let environment = Environment::start().await;
    let page = environment.browser.get(&environment.workos.start_url(CONNECTION)).await.unwrap();
    assert_eq!(parameter(&page, "state"), None);
    let code = parameter(&page, "code").unwrap();
    let unbound = [("code_verifier", "")];
    assert_eq!(environment.exchange(&code, &unbound).await.0, 200);
    assert_eq!(environment.exchange(&code, &unbound).await.0, 400, "a second time");

    let page = environment.browser.get(&environment.workos.start_url(CONNECTION)).await.unwrap();
    let code = parameter(&page, "code").unwrap();
    assert_eq!(environment.exchange(&code, &[]).await.0, 400, "a verifier to no challenge");
    for connection in ["conn_01PENDING", "conn_other"] {
        let page = environment.browser.get(&environment.workos.start_url(connection)).await.unwrap();
        assert_eq!((page.status, page.header("location")), (400, None), "{connection}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_chooses_who_they_are_and_what_is_wrong() {
    let environment = Environment::start().await;
    environment.workos.ask();
    let page = environment.authorize(&[("login_hint", "rain@umbrella.example")]).await;
    let form = page.forms.first().unwrap();
    assert_eq!(form.field("person"), Some("00u1d"), "the hint is not heard");
    let chosen = [("person", "00u1b"), ("defect", "other-organization")];
    let code = parameter(&environment.browser.submit(&page, form, &chosen).await.unwrap(), "code").unwrap();
    let profile = environment.exchange(&code, &[]).await.1["profile"].take();
    assert_eq!((&profile["idp_id"], &profile["organization_id"]), (&"00u1b".into(), &"org_01TRICELL".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_defect_is_named_as_it_is_parsed_and_each_error_comes_back() {
    let environment = Environment::start().await;
    let mut errors = 0;
    for defect in Defect::ALL {
        assert_eq!(Defect::parse(defect.as_str()), Some(*defect));
        environment.workos.next_defect(*defect);
        let page = environment.authorize(&[]).await;
        errors += usize::from(parameter(&page, "error").is_some());
    }
    // The thirteen that WorkOS documents, one that it does not, and one beside a code.
    assert_eq!(errors, 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_holds_what_no_browser_sent() {
    let environment = Environment::start().await;
    let code = environment.code().await;
    environment.exchange(&code, &[]).await;
    let calls: Vec<_> = environment.workos.take_calls().into_iter().map(|call| (call.path, call.status)).collect();
    assert_eq!(calls, [("/sso/token".to_owned(), 200)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_paths_do_what_the_handle_does() {
    let environment = Environment::start().await;
    let post = async |path: &str, field: (&str, &str)| {
        let url = format!("{}/sandbox/{path}", environment.workos.url());
        environment.browser.post(None, &url, &[field]).await.unwrap().status
    };
    assert_eq!(post("sign-on-as", ("person", "00u1b")).await, 303);
    assert_eq!(post("defect", ("defect", "other-organization")).await, 303);
    assert_eq!(post("defect", ("defect", "unheard-of")).await, 422);
    assert_eq!(post("clock", ("advance_seconds", "3600")).await, 303);
    let profile = environment.exchange(&environment.code().await, &[]).await.1["profile"].take();
    assert_eq!((&profile["idp_id"], &profile["organization_id"]), (&"00u1b".into(), &"org_01TRICELL".into()));
    assert!(environment.workos.clock().offset() >= SignedDuration::from_hours(1));
}
