//! A real browser walks a login that works and some that do not. Runs where `STOA_CHROMIUM` is set, and then fails
//! where Chromium or ChromeDriver is missing. Screenshots go to `target/screenshots/`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use stoa_core::ids::ConnectionId;
use stoa_sandbox::sandbox::{Options, Sandbox};

/// ChromeDriver on a port of its own; ends when dropped.
pub struct Driver {
    process: Child,
    url: String,
}

impl Driver {
    /// Starts it.
    pub fn start() -> Self {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver must be installed (infra/install.sh)");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let port = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split("successfully on port ").nth(1)?.trim_end_matches('.').to_owned()))
            .expect("chromedriver names its port");
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }

    /// A browser with its own empty profile.
    async fn browser(&self, language: &str, cookies: bool) -> Client {
        self.browser_with(language, cookies, &[]).await
    }

    /// The same with more arguments.
    pub async fn browser_with(&self, language: &str, cookies: bool, arguments: &[String]) -> Client {
        let mut all: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--window-size=500,900",
        ]
        .map(str::to_owned)
        .into();
        all.push(format!("--accept-lang={language}"));
        all.extend_from_slice(arguments);
        let setting = if cookies { 1 } else { 2 };
        let mut capabilities = Capabilities::new();
        capabilities.insert(
            "goog:chromeOptions".to_owned(),
            serde_json::json!({
                "args": all,
                "prefs": {
                    "profile.default_content_setting_values.cookies": setting,
                    "intl.accept_languages": language,
                },
            }),
        );
        ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.url)
            .await
            .expect("a browser")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether this run has a browser.
pub fn is_wanted() -> bool {
    std::env::var_os("STOA_CHROMIUM").is_some()
}

/// Signs on at PingFederate's page, with a defect where one is named. The page before it may be one of the same form, and
/// go while it is filled in.
async fn sign_on(browser: &Client, person: &str, defect: &str) {
    let mut why = None;
    for _ in 0..50 {
        match fill_in(browser, person, defect).await {
            Ok(button) => return button.click().await.expect("a click"),
            Err(error) => why = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the sign-on page: {why:?}");
}

/// The button to press then.
async fn fill_in(browser: &Client, person: &str, defect: &str) -> Result<Element, CmdError> {
    browser.find(Locator::Css("select[name='pf.username']")).await?.select_by_value(person).await?;
    if !defect.is_empty() {
        browser.find(Locator::Css("select[name='defect']")).await?.select_by_label(defect).await?;
    }
    browser.find(Locator::Css("button[name='pf.ok']")).await
}

/// Waits for a page with this text and takes a picture of it.
pub async fn expect_page(browser: &Client, text: &str, picture: &str) -> String {
    for _ in 0..100 {
        let body = match browser.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        };
        if body.contains(text) {
            take_picture(browser, picture).await;
            return body;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    take_picture(browser, picture).await;
    let (url, source) = (browser.current_url().await, browser.source().await);
    panic!("{picture}: no {text:?} at {url:?}: {source:?}");
}

pub async fn take_picture(browser: &Client, picture: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
    std::fs::create_dir_all(&folder).expect("a folder");
    let png = browser.screenshot().await.expect("a screenshot");
    std::fs::write(folder.join(format!("{picture}.png")), png).expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_walks_a_login_and_failed_ones_with_and_without_cookies() {
    if !is_wanted() {
        return;
    }
    let (driver, sandbox) = (Driver::start(), Sandbox::start(Options::default()).await.expect("a sandbox"));
    let login = format!("{}?return_to=/courses/safety-basics", sandbox.login_url());

    let browser = driver.browser("en", true).await;
    browser.goto(&login).await.expect("the login");
    take_picture(&browser, "pingfederate-sign-on").await;
    sign_on(&browser, "miller.m", "").await;
    expect_page(&browser, "You are signed in as Mary Miller", "signed-in").await;
    browser.close().await.expect("the end");

    let browser = driver.browser("en", true).await;
    browser.goto(&login).await.expect("the login");
    sign_on(&browser, "miller.m", "expired").await;
    let page = expect_page(&browser, "You are not signed in", "fault-expired").await;
    assert!(page.contains("saml-time") && page.contains("help desk"), "{page}");
    browser.close().await.expect("the end");

    let browser = driver.browser("es-MX", true).await;
    browser.goto(&login).await.expect("the login");
    sign_on(&browser, "partner.p", "").await;
    let page = expect_page(&browser, "No pudo iniciar sesión", "fault-spanish").await;
    assert!(page.contains("email-domain-foreign"), "{page}");
    browser.close().await.expect("the end");

    let browser = driver.browser("en", false).await;
    browser.goto(&login).await.expect("the login");
    sign_on(&browser, "miller.m", "").await;
    // Without cookies PingFederate does not remember the person either, so the fresh login asks again.
    sign_on(&browser, "miller.m", "").await;
    let page = expect_page(&browser, "You are not signed in", "fault-cookies-blocked").await;
    assert!(page.contains("cookies-blocked"), "{page}");
    browser.close().await.expect("the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_confirms_a_login_that_the_identity_provider_began_and_ends_a_test_login() {
    if !is_wanted() {
        return;
    }
    let options = Options {
        connection: |file| file.replace("idp_initiated = \"convert\"", "idp_initiated = \"confirm\""),
        ..Options::default()
    };
    let (driver, sandbox) = (Driver::start(), Sandbox::start(options).await.expect("a sandbox"));
    let browser = driver.browser("en", true).await;
    let start = sandbox.pingfederate.start_url(sandbox.pingfederate_partner(), Some("/courses/safety-basics"));
    browser.goto(&start).await.expect("the portal");
    sign_on(&browser, "miller.m", "").await;
    expect_page(&browser, "Continue as Mary M. (m…m@pg.com)?", "confirm").await;
    browser.find(Locator::Css("button")).await.expect("the button").click().await.expect("a click");
    expect_page(&browser, "You are signed in as Mary Miller", "confirmed").await;

    browser.goto(&format!("{}?test=1", sandbox.login_url())).await.expect("a test login");
    expect_page(&browser, "The test login worked", "test-worked").await;
    browser.goto(&format!("{}/nothing/here", sandbox.url())).await.expect("an unknown path");
    expect_page(&browser, "There is nothing at this address", "not-found").await;
    browser.close().await.expect("the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_finds_the_connection_of_an_address_and_shows_an_administrator_what_arrived() {
    if !is_wanted() {
        return;
    }
    let (driver, sandbox) = (Driver::start(), Sandbox::start(Options::default()).await.expect("a sandbox"));
    let browser = driver.browser("en", true).await;
    browser.goto(&format!("{}/login?return_to=/courses/safety-basics", sandbox.url())).await.expect("the question");
    expect_page(&browser, "Enter your work email address", "address").await;
    let field = browser.find(Locator::Css("input[type='email']")).await.expect("the field");
    field.send_keys("miller.m@pg.com").await.expect("keys");
    browser.find(Locator::Css("button")).await.expect("the button").click().await.expect("a click");
    sign_on(&browser, "miller.m", "").await;
    expect_page(&browser, "You are signed in as Mary Miller", "address-signed-in").await;

    let id = ConnectionId::parse(sandbox.connection()).expect("its name");
    let (link, _) = sandbox.operator.open_test_link(&id).await.expect("a test link");
    browser.goto(&link.address(&sandbox.url())).await.expect("the link");
    let page = expect_page(&browser, "because you used a test link", "test-shown").await;
    assert!(page.contains("miller.m@pg.com") && page.contains("external_id"), "{page}");
    browser.close().await.expect("the end");

    let browser = driver.browser("es-MX", true).await;
    browser.goto(&link.address(&sandbox.url())).await.expect("the link");
    sign_on(&browser, "partner.p", "").await;
    let page = expect_page(&browser, "email_domain_foreign", "test-failed-spanish").await;
    assert!(page.contains("Todo lo que llegó"), "{page}");
    browser.close().await.expect("the end");
}
