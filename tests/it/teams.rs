//! From the Teams tab into the course: by a token and a code, or by an ordinary login. And who does not get there.

use serde_json::{Value, json};
use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::openid::{Config, GLOBEX_TENANT, OpenId, Product, Realm, TeamsKey, TeamsToken};
use stoa_service::operator::ConnectionFile;

use crate::aws;
use crate::steps::{MARY, MARYS_EMAIL, World, go_on};

pub const APP: &str = "2c3caa80-93f9-425e-8b85-0745f50c0d24";
pub const MILA: &str = "mila@globex.com";
const ID: &str = "globex-teams";

/// A sandbox with a connection that people reach from Teams only.
pub struct Tab {
    pub world: World,
    pub entra: OpenId,
}

/// A code as the tab hands it to the browser.
struct Handed {
    page: String,
    code: String,
    hint: String,
}

impl Tab {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut String)) -> Self {
        let tab = Self::draft(change).await;
        let id = ConnectionId::parse(ID).unwrap();
        tab.world.operator.activate_untested(&id, "a test").await.unwrap();
        tab.world.forget();
        tab
    }

    async fn draft(change: impl FnOnce(&mut String)) -> Self {
        let (world, entra) = (World::start().await, OpenId::start(Config::default()).await.unwrap());
        let mut text = format!(
            "id = \"{ID}\"\ncustomer = \"globex\"\nschool = \"pg-academy\"\ndomains = [\"globex.com\"]\n[teams]\n\
             app_id = \"{APP}\"\ntenants = [\"{GLOBEX_TENANT}\"]\ntoken = true\nname = \"Globex Academy\"\n\
             jwks_uri = \"{}\"\n",
            entra.jwks_url(&Realm::tenant("common"))
        );
        change(&mut text);
        let file = ConnectionFile { path: "globex-teams.toml".into(), text, ..ConnectionFile::default() };
        world.operator.apply(world.operator.plan(&file).await.unwrap()).await.unwrap();
        Self { world, entra }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/teams/{ID}{path}", self.world.url())
    }

    /// What the tab's script posts.
    async fn post(&self, fields: &[(&str, &str)]) -> Page {
        let tab = self.url("");
        self.world.browser().following(Follow::Nothing).post(Some(&tab), &self.url("/session"), fields).await.unwrap()
    }

    async fn session(&self, person: &str, token: &TeamsToken) -> Page {
        self.post(&[("token", &self.entra.teams_token(person, token).unwrap())]).await
    }

    /// A session that works, up to the address that the tab opens in the browser.
    async fn handed(&self) -> Handed {
        Handed::read(&self.session(MILA, &TeamsToken::v2(APP)).await)
    }

    /// From the token to the school, as if the tab's script and the person did it.
    pub async fn arrive(&self) -> Page {
        self.handed().await.press(&self.world.browser()).await
    }

    /// Refused for this reason, in Teams' frame; and no login has begun.
    async fn refused(&self, person: &str, token: &TeamsToken, fault: &str) {
        let before = self.logins().len();
        let page = self.session(person, token).await;
        self.world.refused(&page, fault);
        assert!(page.header("content-security-policy").unwrap().contains("https://teams.microsoft.com"));
        assert_eq!(self.logins().len(), before, "{fault}: a login began");
    }

    fn logins(&self) -> Vec<Value> {
        self.world.logins()
    }
}

impl Handed {
    fn read(page: &Page) -> Self {
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.headers.get("set-cookie").is_none(), "a cookie in a frame");
        let answer: Value = serde_json::from_str(&page.body).unwrap();
        let (page, fragment) = answer["continue"].as_str().unwrap().split_once('#').unwrap();
        let fields: Vec<_> = url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
        let field = |name| fields.iter().find(|(own, _)| own == name).unwrap().1.clone();
        Self { page: page.to_owned(), code: field("code"), hint: field("hint") }
    }

    async fn open(&self, browser: &Browser) -> Page {
        browser.get(&self.page).await.unwrap()
    }

    /// The person presses "Continue".
    async fn press(&self, browser: &Browser) -> Page {
        let page = self.open(browser).await;
        let fields = [("code", &*self.code), ("hint", &*self.hint)];
        browser.submit(&page, page.form_to("/continue").unwrap(), &fields).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_in_teams_arrives_in_the_course_in_their_browser() {
    let tab = Tab::start().await;
    let frame = tab.world.browser().get(&tab.url("?return_to=/courses/take/welcome")).await.unwrap();
    let link = frame.link("Open the course").unwrap();
    assert_eq!((link.path(), link.query()), ("/login/globex-teams", Some("return_to=%2Fcourses%2Ftake%2Fwelcome")));

    let token = tab.entra.teams_token(MILA, &TeamsToken::v2(APP)).unwrap();
    let handed = Handed::read(&tab.post(&[("token", &token), ("return_to", "/courses/take/welcome")]).await);
    assert_eq!(handed.hint, "m…a@globex.com", "a token of version 2 has no names unless it is asked for them");
    let browser = tab.world.browser();
    let page = handed.press(&browser).await;
    tab.world.signed_in(&page, MILA);
    assert_eq!(page.url.path(), "/courses/take/welcome");
    assert_eq!(tab.world.faults(), [""; 0]);
    assert_eq!(tab.world.steps(), ["verified", "continued", "launched"]);
    let log = tab.world.log().join("\n");
    assert!(!log.contains(&handed.code) && !log.contains(&token) && !log.contains("mila"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c173_tokens_of_both_versions_name_the_same_person() {
    let tab = Tab::start().await;
    let host = tab.world.url().split_once("://").unwrap().1.to_owned();
    for token in [TeamsToken::v2(APP), TeamsToken::v1(APP, &host), TeamsToken::v1(APP, &host)] {
        let handed = Handed::read(&tab.session(MILA, &token).await);
        let hint = if token.v1 { "Mila N. (m…a@globex.com)" } else { "m…a@globex.com" };
        assert_eq!(handed.hint, hint);
        tab.world.signed_in(&handed.press(&tab.world.browser()).await, MILA);
    }
    let persons = tab.world.front.items(Table::Directory).unwrap();
    assert_eq!(
        persons.iter().filter(|item| item["pk"]["S"].as_str().unwrap().starts_with("person#")).count(),
        1,
        "{persons:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c173_every_other_token_is_refused_and_begins_nothing() {
    let tab = Tab::start().await;
    let token = || TeamsToken::v2(APP);
    let with = |changes: Value| TeamsToken { changes, ..token() };
    let guest = "gus_agency.example#EXT#@globex.onmicrosoft.com";
    let other = "api://evil.example/2c3caa80-93f9-425e-8b85-0745f50c0d24";
    tab.refused(guest, &token(), "teams_guest").await;
    tab.refused("petra_outlook.com#EXT#@globex.onmicrosoft.com", &token(), "teams_guest").await;
    tab.refused("pia@outlook.com", &token(), "teams_personal_account").await;
    tab.refused("mallory@evil.example", &token(), "oidc_tenant_foreign").await;
    tab.refused("noah@globex.com", &token(), "email_missing").await;
    tab.refused(MILA, &TeamsToken { program: APP.into(), ..token() }, "teams_application_foreign").await;
    tab.refused(MILA, &TeamsToken { scope: "User.Read".into(), ..token() }, "teams_scope_missing").await;
    tab.refused(MILA, &TeamsToken { audience: other.into(), ..token() }, "oidc_audience_wrong").await;
    tab.refused(MILA, &TeamsToken { audience: other.into(), ..TeamsToken::v1(APP, "") }, "oidc_audience_wrong").await;
    tab.refused(MILA, &TeamsToken { moved: -68, ..token() }, "oidc_token_expired").await;
    tab.refused(MILA, &TeamsToken { moved: 8, ..token() }, "oidc_token_from_future").await;
    tab.refused(MILA, &TeamsToken { key: TeamsKey::Attacker, ..token() }, "oidc_signature_wrong").await;
    tab.refused(MILA, &with(json!({"iss": "https://sts.windows.net/x/"})), "oidc_issuer_wrong").await;
    tab.refused(MILA, &with(json!({"nbf": 9_999_999_999_i64})), "oidc_token_not_yet_valid").await;
    tab.refused(MILA, &with(json!({"email": "mila@evil.example"})), "email_domain_foreign").await;
    tab.refused(MILA, &with(json!({"oid": null})), "oidc_token_malformed").await;
    tab.world.refused(&tab.post(&[("token", "e30.e30.")]).await, "oidc_algorithm_refused");
    tab.world.refused(&tab.post(&[("token", "token")]).await, "oidc_token_malformed");
    tab.world.refused(&tab.post(&[]).await, "form_malformed");
    assert_eq!(tab.world.launches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_of_entra_s_is_fetched_when_a_token_names_it() {
    let tab = Tab::start().await;
    tab.handed().await;
    tab.entra.take_calls();
    tab.handed().await;
    assert_eq!(tab.entra.take_calls().len(), 0, "a known key was fetched");
    tab.world.advance(61);
    tab.entra.clock().advance(jiff::SignedDuration::from_secs(61));
    tab.entra.rotate_keys(Product::Entra);
    tab.handed().await;
    assert_eq!(tab.entra.take_calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hourly_look_brings_a_new_key_before_a_token_names_it() {
    let tab = Tab::start().await;
    tab.handed().await;
    tab.entra.rotate_keys(Product::Entra);
    tab.entra.take_calls();
    tab.world.refresh_trust().await.unwrap();
    assert_eq!(tab.entra.take_calls().len(), 1, "the look is one call");
    tab.world.advance(61);
    tab.entra.clock().advance(jiff::SignedDuration::from_secs(61));
    tab.handed().await;
    assert_eq!(tab.entra.take_calls().len(), 0, "the key was there");
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_the_page_as_often_as_one_likes_uses_nothing_up() {
    let tab = Tab::start().await;
    let (handed, before) = (tab.handed().await, tab.logins());
    for _ in 0..3 {
        assert_eq!(handed.open(&tab.world.browser()).await.status, 200);
    }
    assert_eq!(tab.logins(), before);
    tab.world.signed_in(&handed.press(&tab.world.browser()).await, MILA);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_used_once() {
    let tab = Tab::start().await;
    let (handed, browser) = (tab.handed().await, tab.world.browser());
    let first = handed.press(&browser.following(Follow::Nothing)).await;
    tab.world.refused_and_traced(&handed.press(&tab.world.browser()).await, "teams_code_wrong");
    // The same browser, before its launch: a double click.
    let second = handed.press(&browser.following(Follow::Nothing)).await;
    assert_eq!((second.status, second.header("location")), (303, first.header("location")));
    tab.world.signed_in(&go_on(&browser, &first).await, MILA);
    tab.world.refused(&handed.press(&browser).await, "teams_code_wrong");
    assert_eq!(tab.world.launches(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lasts_a_minute() {
    let tab = Tab::start().await;
    let (early, late) = (tab.handed().await, tab.handed().await);
    tab.world.advance(59);
    tab.world.signed_in(&early.press(&tab.world.browser()).await, MILA);
    tab.world.advance(2);
    tab.world.refused_and_traced(&late.press(&tab.world.browser()).await, "teams_code_wrong");
    assert_eq!(tab.world.launches(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_worth_nothing_with_another_hint_or_in_place_of_a_ticket() {
    let tab = Tab::start().await;
    let handed = tab.handed().await;
    let false_hint = Handed { hint: "a…@globex.com".into(), ..tab.handed().await };
    tab.world.refused(&false_hint.press(&tab.world.browser()).await, "teams_code_wrong");
    for code in ["", ".", "x.y", &handed.code[..20], &handed.code.replace("globex-teams", "pg")] {
        let forged = Handed { code: code.to_owned(), page: handed.page.clone(), hint: handed.hint.clone() };
        tab.world.refused(&forged.press(&tab.world.browser()).await, "teams_code_wrong");
    }
    // Somebody writes the cookie that the code would have become.
    let (reference, value) = handed.code.split_once('.').unwrap();
    let cookie: &'static str = format!("__Host-t-{reference}={value}").leak();
    let launch = format!("{}/launch?login={reference}", tab.world.url());
    let page = tab.world.browser().with_header("cookie", cookie).get(&launch).await.unwrap();
    tab.world.refused(&page, "ticket_wrong");
    assert_eq!(tab.world.launches(), 0);
    tab.world.signed_in(&handed.press(&tab.world.browser()).await, MILA);
}

#[tokio::test(flavor = "multi_thread")]
async fn c136_no_other_page_can_press_continue_and_no_frame_can() {
    let tab = Tab::start().await;
    let (handed, browser) = (tab.handed().await, tab.world.browser());
    let fields = [("code", &*handed.code), ("hint", &*handed.hint)];
    for from in [Some("http://evil.localhost/"), None] {
        let page = browser.post(from, &handed.page, &fields).await.unwrap();
        tab.world.refused(&page, "teams_code_wrong");
    }
    let portal = browser.get(&format!("{}/enrollments", tab.world.thinkific.school_url())).await.unwrap();
    tab.world.refused(&browser.frame(&portal, &handed.page).await.unwrap(), "framed");
    let in_frame = browser.with_header("sec-fetch-dest", "iframe");
    let framed = in_frame.post(Some(&handed.page), &handed.page, &fields).await.unwrap();
    tab.world.refused(&framed, "framed");
    tab.world.signed_in(&handed.press(&browser).await, MILA);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_of_either_write_still_arrives() {
    for action in ["dynamodb:PutItem", "dynamodb:UpdateItem"] {
        let tab = Tab::start().await;
        // The first token makes the function fetch Entra's keys.
        tab.handed().await;
        tab.world.front.inject(Fault::next("teams-session", action, FaultKind::ApplyThenCutConnection));
        let handed = tab.handed().await;
        tab.world.signed_in(&handed.press(&tab.world.browser()).await, MILA);
        assert_eq!((tab.world.launches(), tab.logins().len()), (1, 2), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_is_not_begun_anew_where_there_is_no_login_to_begin() {
    let tab = Tab::start().await;
    let (handed, browser) = (tab.handed().await, tab.world.browser());
    let ticket = handed.press(&browser.following(Follow::Nothing)).await;
    let kept = browser.with_stolen_cookies();
    tab.world.signed_in(&go_on(&browser, &ticket).await, MILA);
    tab.world.refused(&go_on(&kept, &ticket).await, "login_used");
    let login = browser.get(&format!("{}/login/{ID}", tab.world.url())).await.unwrap();
    tab.world.refused(&login, "teams_only");
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_a_tab_takes_whom_its_connection_takes() {
    let tab = Tab::draft(|_| {}).await;
    let id = ConnectionId::parse(ID).unwrap();
    let browser = tab.world.browser();
    tab.world.refused(&browser.get(&tab.url("")).await.unwrap(), "connection_not_active");
    tab.refused(MILA, &TeamsToken::v2(APP), "connection_not_active").await;
    let test = browser.get(&tab.url("?test=1")).await.unwrap();
    assert_eq!(test.link("Open the course").unwrap().query(), Some("test=1"));
    let token = tab.entra.teams_token(MILA, &TeamsToken::v2(APP)).unwrap();
    let handed = Handed::read(&tab.post(&[("token", &token), ("test", "1")]).await);
    let page = handed.press(&tab.world.browser()).await;
    assert!(page.text().contains("The test login worked"), "{}", page.text());

    // A test in Teams is a test.
    tab.world.operator.set_state(&id, ConnectionState::Active, "a test").await.unwrap();
    tab.world.advance(61);
    let handed = tab.handed().await;
    tab.world.operator.set_state(&id, ConnectionState::Disabled, "a test").await.unwrap();
    tab.world.advance(61);
    tab.world.refused(&browser.get(&tab.url("")).await.unwrap(), "connection_disabled");
    tab.refused(MILA, &TeamsToken::v2(APP), "connection_disabled").await;
    tab.world.refused(&handed.open(&browser).await, "connection_disabled");
    let fields = [("code", &*handed.code), ("hint", &*handed.hint)];
    let posted = browser.post(Some(&handed.page), &handed.page, &fields).await.unwrap();
    tab.world.refused(&posted, "connection_disabled");
    assert_eq!(tab.world.launches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_a_test_in_teams_is_no_test_of_the_login_beside_it() {
    let tab = Tab::draft(|text| {
        text.push_str(
            "[subject]\nfrom = \"tid+oid\"\n[saml]\nsp_entity_id = \"https://sso.example.com/globex\"\n[saml.idp]\n\
             entity_id = \"https://idp.globex.example\"\nsso_redirect = \"https://idp.globex.example/sso\"\n",
        );
    })
    .await;
    let token = tab.entra.teams_token(MILA, &TeamsToken::v2(APP)).unwrap();
    let handed = Handed::read(&tab.post(&[("token", &token), ("test", "1")]).await);
    let page = handed.press(&tab.world.browser()).await;
    assert!(page.text().contains("The test login worked"), "{}", page.text());
    let id = ConnectionId::parse(ID).unwrap();
    assert!(tab.world.operator.set_state(&id, ConnectionState::Active, "a test").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_link_in_teams_shows_what_arrived_and_why_somebody_is_refused() {
    let tab = Tab::draft(|_| {}).await;
    let id = ConnectionId::parse(ID).unwrap();
    let (link, _) = tab.world.operator.open_test_link(&id).await.unwrap();
    let address = link.tab_address(&tab.world.url());
    let frame = tab.world.browser().get(&address).await.unwrap();
    // What the tab's script sends on with the token.
    let fields = frame.link("Open the course").unwrap();
    let key = fields.query().unwrap().strip_prefix("test=").unwrap().to_owned();
    assert!(address.ends_with(&key) && key.len() > 40, "{address}");
    let session = async |person: &str, key: &str| {
        let token = tab.entra.teams_token(person, &TeamsToken::v2(APP)).unwrap();
        tab.post(&[("token", &token), ("test", key)]).await
    };
    let page = Handed::read(&session(MILA, &key).await).press(&tab.world.browser()).await;
    for part in ["The test login worked", "because you used a test link", "Email email mila@globex.com", "tid"] {
        assert!(page.text().contains(part), "no {part:?} in {}", page.text());
    }
    // From here on the login is known by its code and then by its ticket.
    let (handed, browser) = (Handed::read(&session(MILA, &key).await), tab.world.browser());
    let ticket = handed.press(&browser.following(Follow::Nothing)).await;
    let twice = handed.press(&tab.world.browser()).await;
    tab.world.refused(&twice, "teams_code_wrong");
    assert!(twice.text().contains("Code teams_code_wrong Received it was used before"), "{}", twice.text());
    let set = async |state| tab.world.operator.set_state(&id, state, "a test").await.unwrap();
    set(ConnectionState::Disabled).await;
    let stopped = go_on(&browser, &ticket).await;
    tab.world.refused(&stopped, "connection_disabled");
    assert!(stopped.text().contains("because you used a test link"), "{}", stopped.text());
    set(ConnectionState::Draft).await;
    let refused = session("noah@globex.com", &key).await;
    tab.world.refused(&refused, "email_missing");
    assert!(refused.text().contains("email_missing") && refused.text().contains("Email email (not sent)"));
    let stranger = session("noah@globex.com", "1").await;
    tab.world.refused(&stranger, "email_missing");
    assert!(
        !stranger.text().contains("email_missing") && !stranger.text().contains("(not sent)"),
        "{}",
        stranger.text()
    );
    tab.world.refused(&session(MILA, &key.to_lowercase()).await, "test_link_wrong");
    tab.world.advance(72 * 3600);
    tab.world.refused(&tab.world.browser().get(&address).await.unwrap(), "test_link_wrong");
    assert_eq!(tab.world.launches(), 0);
    assert!(!tab.world.log().join("\n").contains(&key));
}

/// Teams' own hosts, and nobody else.
const TEAMS: &str = "frame-ancestors https://*.cloud.microsoft https://teams.microsoft.com \
https://*.teams.microsoft.com https://*.microsoft365.com https://*.office.com https://outlook.office.com \
https://outlook.office365.com";

#[track_caller]
fn framed_by(page: &Page, ancestors: &str) {
    let policy = page.header("content-security-policy").unwrap();
    let own = policy.split("; ").find(|part| part.starts_with("frame-ancestors"));
    assert_eq!(own, Some(ancestors), "{}", page.url);
    assert!(policy.contains("default-src 'none'") && policy.contains("base-uri 'none'") && !policy.contains("unsafe"));
    let old = (ancestors == "frame-ancestors 'none'").then_some("DENY");
    assert_eq!(page.header("x-frame-options"), old, "{}", page.url);
    for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer")] {
        assert_eq!(page.header(name), Some(value), "{}", page.url);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c140_c174_only_what_teams_shows_can_be_framed_and_only_by_teams() {
    let tab = Tab::start().await;
    let (browser, handed) = (tab.world.browser(), tab.handed().await);
    framed_by(&browser.get(&tab.url("")).await.unwrap(), TEAMS);
    framed_by(&browser.get(&format!("{}/teams/nobody", tab.world.url())).await.unwrap(), TEAMS);
    framed_by(&tab.post(&[("token", "token")]).await, TEAMS);
    let none = "frame-ancestors 'none'";
    framed_by(&handed.open(&browser).await, none);
    framed_by(&browser.post(None, &handed.page, &[]).await.unwrap(), none);
    framed_by(&browser.get(&format!("{}/login/{ID}", tab.world.url())).await.unwrap(), none);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tab_loads_microsoft_s_library_from_us_and_nothing_else() {
    let tab = Tab::start().await;
    let page = tab.world.browser().get(&tab.url("")).await.unwrap();
    let source = page.body.split("<script src=\"").nth(1).unwrap().split('"').next().unwrap();
    let library = tab.world.browser().get(&format!("{}{source}", tab.world.url())).await.unwrap();
    assert_eq!(library.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(library.header("cache-control"), Some("public, max-age=31536000, immutable"));
    // `npm view @microsoft/teams-js@2.58.0` names the package that this file was taken from.
    assert!(library.body.len() > 200_000 && library.body.contains("microsoftTeams"));
    let policy = page.header("content-security-policy").unwrap();
    let scripts = policy.split("; ").find(|part| part.starts_with("script-src")).unwrap();
    assert!(scripts.starts_with(&format!("script-src {}/teams/script.js 'sha256-", tab.world.url())), "{scripts}");
    assert_eq!(scripts.split(' ').count(), 3, "{scripts}");
    assert!(page.body.contains("integrity=\"sha384-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_the_tab_opens_an_ordinary_login() {
    let world = World::with(|file| format!("{file}\n[teams]\napp_id = \"{APP}\"\n")).await;
    let browser = world.browser();
    let tab = browser.get(&format!("{}/teams/pg?return_to=/courses/take/welcome", world.url())).await.unwrap();
    world.pingfederate.sign_on_as(MARY);
    let page = browser.follow_link(&tab, tab.link("Open the course").unwrap().as_str()).await.unwrap();
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
    // The token's routes do not exist for it.
    for path in ["/session", "/continue"] {
        let address = format!("{}/teams/pg{path}", world.url());
        world.refused(&browser.post(Some(&world.url()), &address, &[]).await.unwrap(), "connection_unknown");
    }
    world.reconfigure(str::to_owned).await;
    world.refused(&browser.get(&format!("{}/teams/pg", world.url())).await.unwrap(), "connection_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_the_table_learns_nobody_s_identity_and_cannot_launch() {
    let tab = Tab::start().await;
    let handed = tab.handed().await;
    let items = serde_json::to_string(&tab.logins()).unwrap();
    let secret = handed.code.rsplit('.').next().unwrap();
    assert!(!items.contains(secret) && !items.contains("globex.com") && !items.contains("Nikolova"));
    // Who writes the table can take the wait away, but has no code.
    aws::set(&tab.world, Table::Logins, "", "binding", json!({"S": "x".repeat(43)})).await;
    tab.world.refused(&handed.press(&tab.world.browser()).await, "teams_code_wrong");
}
