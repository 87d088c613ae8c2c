//! The steps that the tests are made of.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::ops::Deref;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_sandbox::browser::{Browser, Follow, Form, Page};
use stoa_sandbox::pingfederate::SpConnection;
use stoa_sandbox::sandbox::{CONNECTION_FILE, Options, Sandbox};
use stoa_service::operator::ConnectionFile;

/// The ordinary person of most tests.
pub const MARY: &str = "miller.m";
/// Her address.
pub const MARYS_EMAIL: &str = "miller.m@pg.com";

/// A sandbox, and everything its functions have logged.
pub struct World {
    sandbox: Sandbox,
    log: Mutex<Vec<String>>,
}

impl Deref for World {
    type Target = Sandbox;
    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl World {
    /// A sandbox as it comes.
    pub async fn start() -> Self {
        Self::with(str::to_owned).await
    }

    /// A sandbox whose connection's file is changed before it is applied.
    pub async fn with(connection: fn(&str) -> String) -> Self {
        let options = Options { connection, ..Options::default() };
        Self::of(Sandbox::start(options).await.unwrap())
    }

    /// Around a sandbox that was started already.
    pub fn of(sandbox: Sandbox) -> Self {
        Self { sandbox, log: Mutex::default() }
    }

    /// A sandbox in which Mary has an account already and nobody remembers how.
    pub async fn with_mary() -> Self {
        let world = Self::start().await;
        let browser = world.browser();
        world.signed_in(&world.log_in(&browser, MARY).await, MARYS_EMAIL);
        world.forget();
        world
    }

    /// Forgets what was called and logged so far.
    pub fn forget(&self) {
        self.front.take_calls();
        self.thinkific.take_calls();
        self.log();
    }

    /// The log lines since the last time this was called.
    pub fn log(&self) -> Vec<String> {
        let lines = self.sandbox.take_log();
        self.log.lock().unwrap().extend(lines.iter().cloned());
        lines
    }

    /// Every log line so far.
    pub fn whole_log(&self) -> Vec<String> {
        self.log();
        self.log.lock().unwrap().clone()
    }

    /// The exact faults in the log since the last look.
    pub fn faults(&self) -> Vec<String> {
        self.log().iter().filter_map(|line| fault_in(line)).collect()
    }

    /// The logins. Other items of their table have no state.
    pub fn logins(&self) -> Vec<Value> {
        let items = self.front.items(Table::Logins).unwrap();
        items.into_iter().filter(|item| item.get("state").is_some()).collect()
    }

    /// What the steps of all logins say.
    pub fn steps(&self) -> Vec<String> {
        let items = self.front.items(Table::Logins).unwrap();
        let steps = items.iter().filter_map(|item| item["steps"]["L"].as_array()).flatten();
        steps.map(|step| step["M"]["s"]["S"].as_str().unwrap().to_owned()).collect()
    }

    /// A whole login in a browser, from our address to wherever it ends.
    pub async fn log_in(&self, browser: &Browser, login: &str) -> Page {
        self.log_in_to(browser, login, "").await
    }

    /// A whole login through the second connection.
    pub async fn log_in_through_two(&self, browser: &Browser, login: &str) -> Page {
        self.pingfederate.sign_on_as(login);
        browser.get(&format!("{}/login/pg-two", self.url())).await.unwrap()
    }

    /// The same with a query, such as `?return_to=/courses/take/welcome`.
    pub async fn log_in_to(&self, browser: &Browser, login: &str, query: &str) -> Page {
        self.pingfederate.sign_on_as(login);
        browser.get(&format!("{}{query}", self.login_url())).await.unwrap()
    }

    /// A login up to the identity provider's page with the Response in it, before that page has sent it.
    pub async fn answer(&self, browser: &Browser, login: &str, query: &str) -> Answer {
        self.pingfederate.sign_on_as(login);
        let address = format!("{}{query}", self.login_url());
        Answer::on(browser.following(Follow::WithoutScripts).get(&address).await.unwrap())
    }

    /// A login up to the ticket, before its redirect to `/launch` is followed.
    pub async fn ticket(&self, browser: &Browser, login: &str, query: &str) -> Page {
        let page = self.answer(browser, login, query).await.post(&browser.following(Follow::Nothing)).await;
        assert_eq!(page.status, 303, "{}", page.text());
        page
    }

    /// Asserts that the browser ended in the school, signed in as the owner of this address.
    #[track_caller]
    pub fn signed_in(&self, page: &Page, email: &str) {
        let at_school = page.url.host_str() == Some(stoa_sandbox::thinkific::HOST);
        let here = format!("({email})");
        assert!(at_school && page.text().contains(&here), "at {}: {}", page.url, page.text());
    }

    /// Asserts that the browser ended on our fault page, for exactly this reason, and that nobody was let in.
    #[track_caller]
    pub fn refused(&self, page: &Page, fault: &str) {
        assert_eq!(page.url.host_str(), Some(stoa_sandbox::sandbox::HOST), "{}", page.text());
        assert_eq!(self.faults().pop().as_deref(), Some(fault), "{}", page.text());
        assert!(page.status >= 400 && page.text().contains("Reference"), "{}", page.text());
    }

    /// The same, where the login is known: its steps say so too.
    #[track_caller]
    pub fn refused_and_traced(&self, page: &Page, fault: &str) {
        self.refused(page, fault);
        let steps = self.steps();
        assert!(steps.iter().any(|step| step == fault), "{fault} is in no login's steps: {steps:?}");
    }

    /// How many tokens opened an account.
    pub fn launches(&self) -> usize {
        self.thinkific.sso_attempts().iter().filter(|attempt| attempt.outcome.is_ok()).count()
    }

    /// Applies the connection's file once more, changed. Functions hold a connection for a minute.
    pub async fn reconfigure(&self, change: impl FnOnce(&str) -> String) {
        self.apply(change(CONNECTION_FILE)).await;
        self.advance(61);
    }

    /// A second connection of the same customer, `pg-two`, registered and active.
    pub async fn add_connection(&self) {
        self.add_connection_with(str::to_owned).await;
    }

    /// The same with a file that is changed before it is applied.
    pub async fn add_connection_with(&self, change: impl FnOnce(&str) -> String) {
        let file = CONNECTION_FILE.replace("id = \"pg\"", "id = \"pg-two\"");
        self.apply(change(&file.replace("/saml/pg\"", "/saml/pg-two\""))).await;
        self.set_state("pg-two", ConnectionState::Active).await;
        self.import_metadata("pg-two").await;
    }

    /// The customer's administrator imports a connection's metadata from us.
    pub async fn import_metadata(&self, connection: &str) {
        let metadata = self.browser().get(&format!("{}/saml/{connection}/metadata", self.url())).await.unwrap();
        self.pingfederate.register(SpConnection::from_metadata(&metadata.body).unwrap());
    }

    /// What on-call does by `stoa connection activate` or `disable`, without the test that `activate` asks for.
    pub async fn set_state(&self, connection: &str, state: ConnectionState) {
        let connection = ConnectionId::parse(connection).unwrap();
        let applied = match state {
            ConnectionState::Active => self.operator.activate_untested(&connection, "a test").await,
            ConnectionState::Draft | ConnectionState::Tested | ConnectionState::Disabled => {
                self.operator.set_state(&connection, state, "a test").await
            }
        };
        applied.unwrap();
    }

    /// Applies the connection's file, changed, with no file beside it: what the provider publishes is fetched.
    pub async fn apply_unaided(&self, change: impl FnOnce(&str) -> String) {
        let file =
            ConnectionFile { path: "test.toml".into(), text: change(CONNECTION_FILE), ..ConnectionFile::default() };
        self.operator.apply(self.operator.plan(&file).await.unwrap()).await.unwrap();
    }

    async fn apply(&self, text: String) {
        let metadata = self.pingfederate.metadata(self.pingfederate_partner()).unwrap();
        let metadata = Some(metadata.into_bytes());
        let file = ConnectionFile { path: "test.toml".into(), text, metadata, ..ConnectionFile::default() };
        self.operator.apply(self.operator.plan(&file).await.unwrap()).await.unwrap();
    }
}

impl Drop for World {
    /// Adds the faults that were seen to the ledger. A ledger that cannot be written shows as faults never seen.
    fn drop(&mut self) {
        self.log();
        let Some(path) = std::env::var_os("STOA_FAULT_LEDGER") else { return };
        let Ok(lines) = self.log.lock() else { return };
        let seen: String = lines.iter().filter_map(|line| fault_in(line)).map(|fault| fault + "\n").collect();
        let _ = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(seen.as_bytes()));
    }
}

fn fault_in(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).unwrap();
    line["fault"].as_str().map(str::to_owned)
}

/// A Response in the identity provider's page, not sent yet.
pub struct Answer {
    page: Page,
    form: Form,
}

impl Answer {
    /// The form on the page.
    pub fn on(page: Page) -> Self {
        let form = page.form_to("/acs").unwrap_or_else(|| panic!("no answer: {}", page.text())).clone();
        Self { page, form }
    }

    /// The page's script sends it.
    pub async fn post(&self, browser: &Browser) -> Page {
        self.post_with(browser, &[]).await
    }

    /// The same with other fields.
    pub async fn post_with(&self, browser: &Browser, fields: &[(&str, &str)]) -> Page {
        browser.submit(&self.page, &self.form, fields).await.unwrap()
    }

    /// The address of the request that was answered.
    pub fn came_from(&self) -> String {
        self.page.url.to_string()
    }

    /// The Response with another address in it, signed as before.
    pub fn tampered(&self) -> String {
        let xml = String::from_utf8(STANDARD.decode(self.response()).unwrap()).unwrap();
        assert!(xml.contains(MARYS_EMAIL));
        STANDARD.encode(xml.replace(MARYS_EMAIL, "admin@pg.com"))
    }

    /// What the browser is about to post, in base64.
    pub fn response(&self) -> &str {
        self.form.field("SAMLResponse").unwrap()
    }
}

/// Follows a redirect that a browser has stopped at.
pub async fn go_on(browser: &Browser, page: &Page) -> Page {
    browser.follow_link(page, page.header("location").unwrap()).await.unwrap()
}
