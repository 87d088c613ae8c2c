//! A school: the parts of Thinkific that stoa talks to, as strict as is known.
//!
//! One listener answers as the school (`http://thinkific.localhost:PORT`), as the Admin API (`…/api/public/v1`) and as
//! GraphQL (`…/stable/graphql`), and sends signed [webhooks]. What Thinkific does not document is a setting of [`Config`]. Accounts, enrollments and
//! groups are in memory, or in a file where one is named; sessions, spent tokens and journals end with the process.

mod account;
mod account_page;
mod admin;
mod answers;
mod catalog;
mod control_page;
mod enrollment;
mod fault;
mod gate;
mod graphql;
mod group;
mod journal;
mod pages;
mod school;
mod sso;
mod unprocessable;
mod webhooks;
mod webhooks_api;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use jiff::SignedDuration;

pub use self::account::{NewUser, User};
pub use self::catalog::{Bundle, Course, ProfileField};
pub use self::enrollment::{Enrollment, NewEnrollment};
pub use self::fault::{Fault, FaultTarget, ResetUnit, Trouble};
pub use self::group::Group;
pub use self::journal::{Call, SsoAttempt, SsoRefusal};
pub use self::unprocessable::UnprocessableShape;
pub use self::webhooks::{Delivery, Percentage, Subscription, TOPICS, Try};

use self::school::School;
use self::webhooks::{Origin, Sender};
use crate::clock::Clock;
use crate::listen::Server;

/// The school's host name; browsers and the sandbox resolve it to loopback.
pub const HOST: &str = "thinkific.localhost";
/// Where the Admin API starts.
const ADMIN_PATH: &str = "/api/public/v1";
/// Where GraphQL starts.
const GRAPHQL_PATH: &str = "/stable";

/// How a school is set up, and what is assumed where Thinkific does not say.
#[derive(Clone, Debug)]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes any.
    pub port: u16,
    /// The school's name: `X-Auth-Subdomain`.
    pub subdomain: String,
    /// The one key: it signs SSO tokens and opens the Admin API.
    pub api_key: ApiKey,
    /// An API access token: another way into the Admin API, and the only one into GraphQL.
    pub access_token: ApiKey,
    /// What the plan that the school has paid for opens.
    pub plan: Plan,
    /// How many accounts there may be; `None`: any number. What Thinkific answers beyond it is not documented.
    pub seats: Option<usize>,
    /// The time the school believes it is.
    pub clock: Clock,
    /// How old `iat` may be. Not documented.
    pub iat_window: SignedDuration,
    /// Whether a token without `jti` is refused. Not documented; a used one always is.
    pub require_jti: bool,
    /// How far `iat` may lie ahead. Not documented.
    pub iat_leeway: SignedDuration,
    /// Whether a `jti` counts once. Not documented.
    pub spends_tokens: bool,
    /// What a token does for an address without an account. Not documented.
    pub new_by_token: ByToken,
    /// What a token does for an account that is not bound. Not documented.
    pub unbound_by_token: ByToken,
    /// Whose a token is that has one account's `external_id` and another address. Not documented.
    pub conflict: Conflict,
    /// Whether a login overwrites the names of somebody who exists. Not documented.
    pub login_updates_names: bool,
    /// Whether a new password ends the sessions of its account. Not documented.
    pub password_ends_sessions: bool,
    /// Whether a refused token leads to `error_url`. It is documented; a school that leaves it out can be tried.
    pub honors_error_url: bool,
    /// The parameter names added to `error_url`. Not documented.
    pub error_parameters: ErrorParameters,
    /// Other hosts that `return_to` may lead to.
    pub return_hosts: Vec<String>,
    /// Whether `query[email]` also finds addresses that contain the one asked for. Not documented.
    pub loose_email_query: bool,
    /// Which of its documented shapes a 422 takes.
    pub unprocessable: UnprocessableShape,
    /// What a second enrollment of somebody in a course does. Not documented.
    pub repeated_enrollment: Repeated,
    /// What `"expiry_date": null` does to an enrollment that has one. Not documented.
    pub null_expiry: NullExpiry,
    /// Whether an end in the past is taken. Not documented.
    pub takes_past_expiry: bool,
    /// Whether people can be enrolled in courses of the new course builder, which no list shows. Not documented.
    pub enrolls_in_new_builder: bool,
    /// When an enrollment in a bundle is made: at once (201) or later (202).
    pub bundle_enrollment: Effect,
    /// When somebody is out of a group whom GraphQL has been told to remove. Not documented.
    pub group_removal: Effect,
    /// Whether GraphQL takes the API key as a bearer token, or an API access token only.
    pub graphql_takes_api_key: bool,
    /// Whether the Webhooks API takes the API key as a bearer token, or an API access token only. Not documented.
    pub webhooks_take_api_key: bool,
    /// Hosts that webhooks may be sent to without TLS, on this machine.
    pub webhook_hosts: Vec<String>,
    /// The scale of `percentage_completed` in events. The documents have both.
    pub percentage: Percentage,
    /// Admin API requests a minute.
    pub requests_per_minute: usize,
    /// Admin API requests at once.
    pub requests_at_once: usize,
    /// Whether `RateLimit-Reset` comes with every answer.
    pub always_sends_reset: bool,
    /// The unit of `RateLimit-Reset` in a 429.
    pub reset_unit: ResetUnit,
    /// Where accounts, enrollments and groups are kept; `None` keeps them in memory.
    pub file: Option<PathBuf>,
    /// Who has an account from the start.
    pub users: Vec<NewUser>,
    /// The names of the groups that are there from the start.
    pub groups: Vec<String>,
    /// What the school teaches.
    pub courses: Vec<Course>,
    /// The bundles of them.
    pub bundles: Vec<Bundle>,
    /// The fields that the school adds to profiles; ids count from 1.
    pub profile_fields: Vec<ProfileField>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            subdomain: "acme-academy".to_owned(),
            api_key: ApiKey::new("0123456789abcdef0123456789abcdef"),
            access_token: ApiKey::new("thinkific-access-token-of-the-simulated-school"),
            plan: Plan::default(),
            seats: None,
            clock: Clock::default(),
            iat_window: SignedDuration::from_secs(120),
            require_jti: false,
            iat_leeway: SignedDuration::ZERO,
            spends_tokens: true,
            new_by_token: ByToken::default(),
            unbound_by_token: ByToken::default(),
            conflict: Conflict::default(),
            login_updates_names: false,
            password_ends_sessions: false,
            honors_error_url: true,
            error_parameters: ErrorParameters::default(),
            return_hosts: Vec::new(),
            loose_email_query: false,
            unprocessable: UnprocessableShape::default(),
            repeated_enrollment: Repeated::default(),
            null_expiry: NullExpiry::default(),
            takes_past_expiry: true,
            enrolls_in_new_builder: false,
            bundle_enrollment: Effect::AtOnce,
            group_removal: Effect::AtOnce,
            graphql_takes_api_key: false,
            webhooks_take_api_key: true,
            webhook_hosts: Vec::new(),
            percentage: Percentage::default(),
            requests_per_minute: 120,
            requests_at_once: 10,
            always_sends_reset: false,
            reset_unit: ResetUnit::default(),
            file: None,
            users: account::seed(),
            groups: vec!["Everybody".to_owned(), "Managers".to_owned()],
            courses: Course::samples(),
            bundles: Bundle::samples(),
            profile_fields: Vec::new(),
        }
    }
}

impl Config {
    /// Whether the Admin API finds a course that somebody is to be enrolled in.
    fn may_enroll_in(&self, course: u64) -> bool {
        let found = self.courses.iter().find(|known| known.id == course);
        found.is_some_and(|course| !course.in_new_builder || self.enrolls_in_new_builder)
    }
}

/// What the plan that a school has paid for opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plan {
    /// The Admin API.
    #[default]
    WithApi,
    /// No API: its key is refused in the words of a wrong one (401).
    WithoutApi,
    /// No apps: 403 and a sentence about the plan.
    WithoutApps,
}

/// When something is done that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Before the answer.
    AtOnce,
    /// So long after it.
    Later(SignedDuration),
}

/// What a second enrollment of somebody in a course does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeated {
    /// It is refused (422).
    #[default]
    Refused,
    /// It writes over the first one's dates.
    Updated,
    /// It is accepted, and does nothing.
    Ignored,
}

/// What a token does about an account that is not bound to its `external_id` yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByToken {
    /// It opens it, and binds it.
    #[default]
    Binds,
    /// It opens it, and leaves it unbound.
    Leaves,
    /// It is refused.
    Refused,
}

/// Whose a token is that has one account's `external_id` and another address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conflict {
    /// Nobody's: it is refused.
    #[default]
    Refused,
    /// The account's with the `external_id`, which stays as it is.
    ExternalId,
    /// The same, and the account gets the address, if nobody has it.
    Moves,
    /// The account's with the address, which is made if there is none; it is not bound.
    Address,
}

/// What `"expiry_date": null` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NullExpiry {
    /// The enrollment has no end any more, as after enrolling again by hand.
    #[default]
    Clears,
    /// Nothing.
    Ignored,
}

/// The parameters that say what went wrong.
#[derive(Clone, Debug)]
pub struct ErrorParameters {
    /// The one that holds `error`, if any.
    pub kind: Option<String>,
    /// The one that holds the sentence.
    pub message: String,
}

impl Default for ErrorParameters {
    fn default() -> Self {
        Self { kind: Some("kind".to_owned()), message: "message".to_owned() }
    }
}

/// The school's API key.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// A key. Its ASCII bytes are the MAC key, undecoded.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key itself, for whoever has to store it as a secret.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn is(&self, given: &[u8]) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(self.0.as_bytes(), given).is_ok()
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}

/// A running school. It stops when dropped.
#[derive(Debug)]
pub struct Thinkific {
    server: Server,
    sender: Sender,
    shared: Shared,
}

impl Thinkific {
    /// Opens the school.
    pub async fn start(config: Config) -> io::Result<Self> {
        let shared = Shared { school: Arc::new(Mutex::new(School::open(&config)?)), config: Arc::new(config) };
        let router = Router::new()
            .merge(pages::router())
            .merge(sso::router())
            .nest(ADMIN_PATH, admin::router(&shared))
            .nest(GRAPHQL_PATH, graphql::router(&shared))
            .merge(webhooks_api::router(&shared))
            .merge(control_page::router(&shared.config.clock))
            .layer(axum::middleware::from_fn_with_state(shared.clone(), lead_on))
            .layer(axum::middleware::from_fn_with_state(shared.clone(), keep))
            .with_state(shared.clone());
        let server = crate::web::serve(shared.config.port, router, &shared.config.clock).await?;
        Ok(Self { server, sender: Sender::start(shared.clone()), shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The school's address, without a path.
    pub fn school_url(&self) -> String {
        format!("http://{HOST}:{}", self.address().port())
    }

    /// The Admin API's address, `/api/public/v1` included.
    pub fn admin_url(&self) -> String {
        format!("{}{ADMIN_PATH}", self.school_url())
    }

    /// GraphQL's address.
    pub fn graphql_url(&self) -> String {
        format!("{}{GRAPHQL_PATH}/graphql", self.school_url())
    }

    /// Its API access token.
    pub fn access_token(&self) -> ApiKey {
        self.shared.school().access_token.clone()
    }

    /// The `X-Auth-Subdomain` it answers to.
    pub fn subdomain(&self) -> &str {
        &self.shared.config.subdomain
    }

    /// Its API key.
    pub fn api_key(&self) -> ApiKey {
        self.shared.school().api_key.clone()
    }

    /// Changes the API key; the old one stops at once, as Thinkific's does.
    pub fn rotate_api_key(&self, key: ApiKey) {
        self.shared.school().api_key = key;
    }

    /// The time it believes it is.
    pub fn clock(&self) -> &Clock {
        &self.shared.config.clock
    }

    /// Everybody who has an account.
    pub fn users(&self) -> Vec<User> {
        self.shared.school().accounts.all().cloned().collect()
    }

    /// Somebody's account, by e-mail in any case.
    pub fn user(&self, email: &str) -> Option<User> {
        self.shared.school().accounts.by_email(email).cloned()
    }

    /// Which account an address and a password open at the school's own sign-in page, which stoa has no part in.
    pub fn enter_with_password(&self, email: &str, password: &str) -> Option<u64> {
        let school = self.shared.school();
        school.accounts.by_email(email).filter(|user| user.password.as_deref() == Some(password)).map(|user| user.id)
    }

    /// Gives somebody an account, as an administrator of the school would. Returns its id.
    pub fn add_user(&self, user: NewUser) -> u64 {
        let now = self.clock().now();
        self.shared.school().add(user, now)
    }

    /// Changes somebody's account, as its owner or an administrator of the school would. Whether there is one.
    pub fn edit_user(&self, id: u64, change: impl FnOnce(&mut User)) -> bool {
        let now = self.clock().now();
        self.shared.school().change_account(id, now, change)
    }

    /// Takes somebody's account away. Whether there was one.
    pub fn remove_user(&self, id: u64) -> bool {
        let now = self.clock().now();
        self.shared.school().remove(id, now)
    }

    /// Every enrollment, oldest first.
    pub fn enrollments(&self) -> Vec<Enrollment> {
        self.settled().enrollments.all().cloned().collect()
    }

    /// Somebody's enrollment in a course.
    pub fn enrollment(&self, user: u64, course: u64) -> Option<Enrollment> {
        self.settled().enrollments.find(user, course).cloned()
    }

    /// Enrolls somebody, as an administrator of the school or a purchase would. Returns the enrollment's id.
    pub fn enroll(&self, new: NewEnrollment) -> u64 {
        let now = self.clock().now();
        self.shared.school().enroll(new, now)
    }

    /// Changes an enrollment, as an administrator of the school would. Whether there is one.
    pub fn edit_enrollment(&self, id: u64, change: impl FnOnce(&mut Enrollment)) -> bool {
        let now = self.clock().now();
        self.shared.school().change_enrollment(id, now, change)
    }

    /// Lets somebody learn: so much of a course of theirs is done then, in percent. Whether they are in it.
    pub fn study(&self, user: u64, course: u64, percent: u8) -> bool {
        let now = self.clock().now();
        self.shared.school().study(user, course, percent, now)
    }

    /// Every group, oldest first.
    pub fn groups(&self) -> Vec<Group> {
        self.settled().groups.all().cloned().collect()
    }

    /// Who is in a group, by address; `None`: there is no such group.
    pub fn members(&self, group: &str) -> Option<Vec<String>> {
        let school = self.settled();
        let members = &school.groups.by_name(group)?.members;
        Some(members.iter().filter_map(|id| Some(school.accounts.get(*id)?.email.clone())).collect())
    }

    /// Makes a group, as an administrator of the school would. Returns its id.
    pub fn add_group(&self, name: &str) -> u64 {
        let now = self.clock().now();
        self.shared.school().add_group(name, now)
    }

    /// Changes a group, as an administrator of the school would. Whether there is one.
    pub fn edit_group(&self, id: u64, change: impl FnOnce(&mut Group)) -> bool {
        self.shared.school().groups.get_mut(id).map(change).is_some()
    }

    /// Takes a group away. Whether there was one.
    pub fn remove_group(&self, id: u64) -> bool {
        self.shared.school().groups.remove(id)
    }

    /// Lets somebody buy a course, which enrolls them. Whether both exist.
    pub fn buy(&self, user: u64, course: u64) -> bool {
        let now = self.clock().now();
        self.shared.school().buy(user, course, now)
    }

    /// The Webhooks API's address.
    pub fn webhooks_url(&self) -> String {
        format!("{}/api/v2/webhooks", self.school_url())
    }

    /// What others have subscribed to.
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.shared.school().webhooks.subscriptions.clone()
    }

    /// Subscribes as a call of the Webhooks API does. What it would refuse is not refused here.
    pub fn subscribe(&self, topic: &str, target_url: &str) -> Subscription {
        let now = self.clock().now();
        self.shared.school().subscribe((topic, target_url), Origin::Api, now)
    }

    /// Subscribes by hand, in the school's administration: what is sent for it is not signed.
    pub fn subscribe_by_hand(&self, topic: &str, target_url: &str) -> Subscription {
        let now = self.clock().now();
        self.shared.school().subscribe((topic, target_url), Origin::ByHand, now)
    }

    /// Changes a subscription, as somebody in the school's administration would. Whether there is one.
    pub fn edit_subscription(&self, id: &str, change: impl FnOnce(&mut Subscription)) -> bool {
        let mut school = self.shared.school();
        let found = school.webhooks.subscriptions.iter_mut().find(|subscription| subscription.id == id);
        found.map(change).is_some()
    }

    /// Sends what the administration's button sends to whoever subscribed to a topic.
    pub fn send_example(&self, topic: &str) {
        let now = self.clock().now();
        self.shared.school().webhooks.tell(topic, webhooks::example(topic), now);
    }

    /// Sends an event of any topic, with any payload.
    pub fn send_event(&self, topic: &str, payload: serde_json::Value) {
        let now = self.clock().now();
        self.shared.school().webhooks.tell(topic, payload, now);
    }

    /// Sends an event once more, under its own id. Whether it was sent before.
    pub fn repeat_event(&self, event: &str) -> bool {
        let now = self.clock().now();
        self.shared.school().webhooks.repeat(event, now)
    }

    /// Chooses whether deliveries wait until [`deliver`](Self::deliver) is called.
    pub fn hold_webhooks(&self, is_held: bool) {
        self.shared.school().webhooks.is_held = is_held;
    }

    /// Sends every delivery that is due, and waits for the answers.
    pub async fn deliver(&self) {
        self.sender.send_due(&self.shared).await;
    }

    /// Every delivery, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.school().webhooks.deliveries.clone()
    }

    /// Changes how many requests a minute the Admin API takes.
    pub fn allow_per_minute(&self, requests: usize) {
        self.shared.school().pace.per_minute = requests;
    }

    /// Moves the school to another host: its address leads there, to the first page. `None`: back again.
    pub fn move_to(&self, host: Option<&str>) {
        self.shared.school().moved_to = host.map(str::to_owned);
    }

    /// Changes the plan.
    pub fn change_plan(&self, plan: Plan) {
        self.shared.school().plan = plan;
    }

    /// Changes how many accounts there may be; `None`: any number.
    pub fn change_seats(&self, seats: Option<usize>) {
        self.shared.school().seats = seats;
    }

    /// The records, with everything done that is due.
    fn settled(&self) -> MutexGuard<'_, School> {
        let now = self.clock().now();
        let mut school = self.shared.school();
        school.settle(now);
        school
    }

    /// Makes coming calls fail.
    pub fn inject(&self, fault: Fault) {
        self.shared.school().faults.push(fault);
    }

    /// Makes the next call of the Admin API fail.
    pub fn fail_next(&self, trouble: Trouble) {
        self.inject(Fault { target: FaultTarget::Admin, trouble, times: 1 });
    }

    /// Lets the troubles end that have not come yet.
    pub fn clear_faults(&self) {
        self.shared.school().faults.clear();
    }

    /// Chooses whether `query[email]` finds addresses that contain the one asked for.
    pub fn search_loosely(&self, is_loose: bool) {
        self.shared.school().loose_email_query = is_loose;
    }

    /// Chooses the shape of coming 422 answers.
    pub fn answer_unprocessable_as(&self, shape: UnprocessableShape) {
        self.shared.school().unprocessable = shape;
    }

    /// The Admin API's journal, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.school().calls.clone()
    }

    /// The journal so far, which then starts again.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared.school().calls)
    }

    /// Every token that was presented, and what became of it.
    pub fn sso_attempts(&self) -> Vec<SsoAttempt> {
        self.shared.school().attempts.clone()
    }
}

#[derive(Clone, Debug)]
struct Shared {
    school: Arc<Mutex<School>>,
    config: Arc<Config>,
}

/// Where the school has moved, its former address leads to the first page of the new one, whatever was asked for. The
/// Admin API has an address of its own, which stays.
async fn lead_on(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let moved_to = shared.school().moved_to.clone();
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_there = moved_to.as_deref().is_none_or(|new| host.starts_with(new));
    if is_there || !host.starts_with(HOST) || request.uri().path().starts_with(ADMIN_PATH) {
        return next.run(request).await;
    }
    let port = host.split_once(':').map(|(_, port)| format!(":{port}")).unwrap_or_default();
    axum::response::Redirect::permanent(&format!("http://{}{port}/", moved_to.unwrap_or_default())).into_response()
}

/// Writes the records down after a request, where a file is to keep them. A file that cannot be written fails the
/// request, as a database would.
async fn keep(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(file) = &shared.config.file else { return response };
    let written = shared.school().write().map_err(io::Error::from);
    match written.and_then(|records| std::fs::write(file, records)) {
        Ok(()) => response,
        Err(_) => http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Shared {
    fn school(&self) -> MutexGuard<'_, School> {
        self.school.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
