//! The tab in a real browser, with Microsoft's own library, inside a page that speaks as Teams does and has its
//! address. Runs where `STOA_CHROMIUM` is set.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fantoccini::{Client, Locator};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use stoa_sandbox::openid::TeamsToken;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::chromium::{Driver, expect_page, is_wanted, take_picture};
use crate::steps::World;
use crate::teams::{APP, MILA, Tab};

const TEAMS: &str = "https://teams.microsoft.com/";
const STRANGER: &str = "https://evil.example/";

/// A page with the tab in a frame. It answers the library's messages as Teams on the web does, and keeps the address
/// that the tab wants opened.
fn teams_page(tab: &str, token: &Value) -> String {
    let runtime = json!({"apiVersion": 4, "isLegacyTeams": false, "hostVersionsInfo": {}, "supports": {}}).to_string();
    let answers = json!({
        "initialize": ["content", "web", runtime, "2.58.0"],
        "getContext": [{"loginHint": MILA, "userObjectId": "x", "subEntityId": "/courses/take/welcome"}],
        "authentication.getAuthToken": token,
        "executeDeepLink": [true],
    });
    format!(
        "<!DOCTYPE html><title>Teams</title><body><iframe src=\"{tab}\" width=450 height=700></iframe><script>\
         const answers = {answers};\
         addEventListener('message', ({{ data, source, origin }}) => {{\
           if (data.func === 'executeDeepLink') document.body.dataset.opened = data.args[0];\
           if (answers[data.func]) source.postMessage(\
             {{ id: data.id, uuidAsString: data.uuidAsString, args: answers[data.func] }}, origin);\
         }});</script>"
    )
}

/// Serves one page over https, whatever is asked for.
struct Host {
    port: u16,
    page: Arc<Mutex<String>>,
}

impl Host {
    async fn start() -> Self {
        let names = ["teams.microsoft.com", "evil.example"].map(str::to_owned);
        let certified = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
        let (acceptor, listener) =
            (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let host = Self { port: listener.local_addr().unwrap().port(), page: Arc::default() };
        let page = host.page.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, page) = (acceptor.clone(), page.clone());
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await.ok()?;
                    // Whatever was asked: a browser's request is one record here.
                    let _asked = stream.read(&mut [0; 8192]).await.ok()?;
                    let body = page.lock().ok()?.clone();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
                         connection: close\r\n\r\n",
                        body.len()
                    );
                    stream.write_all((head + &body).as_bytes()).await.ok()?;
                    stream.shutdown().await.ok()
                });
            }
        });
        host
    }

    /// A browser to which this host is Teams, and a stranger.
    async fn browser(&self, driver: &Driver) -> Client {
        let port = self.port;
        let rules = format!("MAP teams.microsoft.com:443 127.0.0.1:{port},MAP evil.example:443 127.0.0.1:{port}");
        let arguments = [format!("--host-resolver-rules={rules}"), "--ignore-certificate-errors".to_owned()];
        driver.browser_with("en", true, &arguments).await
    }

    /// Opens the tab in Teams.
    async fn open(&self, browser: &Client, tab: &str, token: &Value) {
        *self.page.lock().unwrap() = teams_page(tab, token);
        browser.goto(TEAMS).await.expect("Teams");
        browser.enter_frame(0).await.expect("the tab");
    }
}

/// Presses the tab's link once the script has taken it over, and returns what Teams was asked to open.
async fn press(browser: &Client) -> Option<String> {
    let link = browser.wait().for_element(Locator::Css("a")).await.expect("the link");
    for _ in 0..100 {
        let taken = browser.execute("return typeof document.querySelector('a').onclick", vec![]).await.expect("a type");
        if taken == "function" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    take_picture(browser, "teams-tab").await;
    link.click().await.expect("a click");
    for _ in 0..40 {
        browser.clone().enter_parent_frame().await.expect("Teams");
        let opened = browser.execute("return document.body.dataset.opened || null", vec![]).await.expect("an address");
        browser.enter_frame(0).await.expect("the tab");
        if let Some(opened) = opened.as_str() {
            return Some(opened.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_comes_from_teams_by_a_token() {
    if !is_wanted() {
        return;
    }
    let (driver, tab, host) = (Driver::start(), Tab::start().await, Host::start().await);
    let browser = host.browser(&driver).await;
    // The optional claims that `stoa teams package` asks for.
    let names = json!({"given_name": "Mila", "family_name": "Nikolova"});
    let token = tab.entra.teams_token(MILA, &TeamsToken { changes: names, ..TeamsToken::v2(APP) }).unwrap();
    host.open(&browser, &tab.url(""), &json!([true, token])).await;
    let opened = press(&browser).await.expect("nothing was opened");
    assert!(opened.starts_with(&tab.url("/continue#code=")), "{opened}");

    browser.goto(&opened).await.expect("the browser");
    expect_page(&browser, "Continue as Mila N. (m…a@globex.com)?", "teams-continue").await;
    assert_eq!(browser.current_url().await.unwrap().as_str(), tab.url("/continue"), "the code stays in the address");
    browser.find(Locator::Css("button")).await.expect("the button").click().await.expect("a click");
    expect_page(&browser, "You are signed in as Mila Nikolova", "teams-signed-in").await;
    assert_eq!(browser.current_url().await.unwrap().path(), "/courses/take/welcome");
    browser.goto(&tab.url("/continue")).await.expect("the page alone");
    expect_page(&browser, "Please go back to Microsoft Teams", "teams-continue-lost").await;
    browser.close().await.expect("the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_shows_in_teams_why_nobody_is_let_in() {
    if !is_wanted() {
        return;
    }
    let (driver, tab, host) = (Driver::start(), Tab::start().await, Host::start().await);
    let browser = host.browser(&driver).await;
    let guest = "gus_agency.example#EXT#@globex.onmicrosoft.com";
    let token = tab.entra.teams_token(guest, &TeamsToken::v2(APP)).unwrap();
    host.open(&browser, &tab.url(""), &json!([true, token])).await;
    assert_eq!(press(&browser).await, None);
    let page = expect_page(&browser, "You are not signed in", "teams-refused").await;
    assert!(page.contains("oidc-policy"), "{page}");

    host.open(&browser, &tab.url(""), &json!([false, "resourceRequiresConsent"])).await;
    assert_eq!(press(&browser).await, None);
    expect_page(&browser, "resourceRequiresConsent", "teams-no-token").await;
    browser.close().await.expect("the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_opens_an_ordinary_login_from_teams_and_c174_frames_the_tab_for_nobody_else() {
    if !is_wanted() {
        return;
    }
    let (driver, host) = (Driver::start(), Host::start().await);
    let world = World::with(|file| format!("{file}\n[teams]\napp_id = \"{APP}\"\n")).await;
    let (browser, tab) = (host.browser(&driver).await, format!("{}/teams/pg", world.url()));
    host.open(&browser, &tab, &json!([false, "never asked for"])).await;
    let opened = press(&browser).await.expect("nothing was opened");
    let query = "login_hint=mila%40globex.com&return_to=%2Fcourses%2Ftake%2Fwelcome";
    assert_eq!(opened, format!("{}?{query}", world.login_url()));

    for (page, is_shown) in [(TEAMS, true), (STRANGER, false)] {
        browser.goto(page).await.expect("a page with the tab in a frame");
        browser.enter_frame(0).await.expect("the frame");
        let found = browser.execute("return document.documentElement.innerText", vec![]).await.expect("a text");
        assert_eq!(found.as_str().unwrap().contains("Open the course"), is_shown, "{page}: {found}");
    }
    browser.close().await.expect("the end");
}
