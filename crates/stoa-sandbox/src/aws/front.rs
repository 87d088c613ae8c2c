//! The one endpoint of the local AWS: who calls, may they, what did it cost; then on to the service.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde_json::Value;
use stoa_core::routes::{Bucket, Table};

use super::capacity;
use super::dynamodb::Dynamo;
use super::elsewhere::Elsewhere;
use super::fault::{Fault, FaultKind, Faults};
use super::files::{Asked, Files, denied, error};
use super::journal::{Call, Journal, LEDGER_VARIABLE, Outcome};
use super::lambda::Lambda;
use super::logs::Logs;
use super::policy::{self, Decision, GrantUse, Target};
use super::request::{Caller, Member, Operation, Service, members};
use super::secrets::Secrets;
use super::served::{Served, conflicting, refusal, refused, throttled, unavailable};
use super::touched::Touched;
use super::trails::Trails;
use super::watched::Watched;
use super::{ACCOUNT, Stack, StartError, Storage, sts, unprocessed};
use crate::functions::Functions;
use crate::listen::{Answer, CutConnection, Server};

/// How to start the local AWS.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where state is kept.
    pub storage: Storage,
    /// The names of tables and secrets.
    pub stack: Stack,
    /// The port on loopback; 0 takes a free one.
    pub port: u16,
    /// The file that a line is added to for each grant when it is first used.
    pub ledger: Option<PathBuf>,
}

impl Default for Config {
    /// In memory, any port, and the ledger that `STOA_GRANT_LEDGER` names.
    fn default() -> Self {
        let ledger = std::env::var_os(LEDGER_VARIABLE).map(PathBuf::from);
        Self { storage: Storage::default(), stack: Stack::default(), port: 0, ledger }
    }
}

/// The running local AWS. It stops when dropped, and with the Tokio runtime that started it.
pub struct Front {
    shared: Arc<Shared>,
    server: Server,
}

struct Shared {
    stack: Stack,
    dynamo: Dynamo,
    secrets: Secrets,
    files: Files,
    elsewhere: Elsewhere,
    lambda: Lambda,
    watched: Watched,
    logs: Logs,
    trails: Trails,
    journal: Journal,
    faults: Faults,
    distance: Mutex<Duration>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Front {
    /// Starts DynamoDB, Secrets Manager and the endpoint in front of them.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let shared = Arc::new(Shared {
            dynamo: Dynamo::start(&config.storage, &config.stack).await?,
            secrets: Secrets::open(&config.storage)?,
            files: Files::default(),
            elsewhere: Elsewhere::default(),
            lambda: Lambda::default(),
            watched: Watched::default(),
            logs: Logs::default(),
            trails: Trails::default(),
            stack: config.stack,
            journal: Journal::new(config.ledger),
            faults: Faults::default(),
            distance: Mutex::default(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        });
        let handler = Arc::clone(&shared);
        let server = Server::start(config.port, move |_, request| {
            let shared = Arc::clone(&handler);
            async move { shared.answer(request).await }
        })
        .await?;
        Ok(Self { shared, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The value for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The names of tables and secrets.
    pub fn stack(&self) -> &Stack {
        &self.shared.stack
    }

    /// Every call since the start or the last [`Self::take_calls`].
    pub fn calls(&self) -> Vec<Call> {
        self.shared.journal.calls()
    }

    /// The calls so far, and begins anew.
    pub fn take_calls(&self) -> Vec<Call> {
        self.shared.journal.take_calls()
    }

    /// The grants of the register that were used since the start.
    pub fn used_grants(&self) -> BTreeSet<GrantUse> {
        self.shared.journal.used_grants()
    }

    /// The grants of the register that nothing used since the start.
    pub fn unused_grants(&self) -> BTreeSet<GrantUse> {
        policy::unused_grants(&self.used_grants())
    }

    /// Lets the command `stoa` invoke these functions.
    pub fn set_functions(&self, functions: Arc<dyn Functions>) {
        self.shared.lambda.set(functions);
    }

    /// Shifts a part of a function's traffic to another version, as a deployment does that is under way.
    pub fn shift_traffic(&self, function: &str) {
        self.shared.lambda.shift(function);
    }

    /// Lets the account have the limits of a new one.
    pub fn limit_account(&self) {
        self.shared.lambda.limit();
    }

    /// Switches the schedule of a function off, as somebody may in the console.
    pub fn switch_schedule_off(&self, function: &str) {
        self.shared.watched.switch_off(function);
    }

    /// Lets a run fail to start, by the name of its queue in the template.
    pub fn queue_failure(&self, queue: &str) {
        self.shared.watched.queue(queue);
    }

    /// Nobody has confirmed to be told of alarms.
    pub fn leave_alarms_unconfirmed(&self) {
        self.shared.watched.unsubscribe();
    }

    /// Lets the logs have what functions write here.
    pub fn follow_log(&self, written: &Arc<Mutex<Vec<String>>>) {
        self.shared.logs.follow(written);
    }

    /// Lets the logs have lines that were taken from there.
    pub fn keep_lines(&self, lines: &[String]) {
        self.shared.logs.keep(lines);
    }

    /// Lets the lines of a function be kept for ever, as somebody may in the console.
    pub fn keep_log_for_ever(&self, function: &str) {
        self.shared.logs.keep_for_ever(&format!("/aws/lambda/{}-{function}", self.shared.stack.name()));
    }

    /// Stops the account's trail.
    pub fn stop_trail(&self) {
        self.shared.trails.stop();
    }

    /// Makes the account's trail one of a single region.
    pub fn keep_trail_to(&self, region: &str) {
        self.shared.trails.keep_to(region);
    }

    /// Lets the account's trail record this: `EventSelectors` or `AdvancedEventSelectors`.
    pub fn select_trail(&self, selected: Value) {
        self.shared.trails.select(selected);
    }

    /// No query of the logs ends from now on.
    pub fn slow_logs_down(&self) {
        self.shared.logs.slow_down();
    }

    /// What EventBridge would hand over for objects that were put into buckets since the last time.
    pub fn take_object_events(&self) -> Vec<Value> {
        self.shared.files.take_told()
    }

    /// An object of a bucket, if it is there; leaves no trace in the journal.
    pub fn object(&self, bucket: Bucket, key: &str) -> Option<Bytes> {
        self.shared.files.object(bucket, key)
    }

    /// The keys of the objects of a bucket.
    pub fn object_keys(&self, bucket: Bucket) -> Vec<String> {
        self.shared.files.keys(bucket)
    }

    /// Puts an object there, as a customer does; leaves no trace in the journal.
    pub fn put_object(&self, bucket: Bucket, key: &str, bytes: Bytes) {
        self.shared.files.put_there(bucket, key, bytes, &self.shared.stack);
    }

    /// Deletes an object, as its lifetime does or whoever put it there.
    pub fn delete_object(&self, bucket: Bucket, key: &str) {
        self.shared.files.delete(bucket, key);
    }

    /// Orders a fault.
    pub fn inject(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// Lets each call take this long, as if AWS were as far away.
    pub fn set_distance(&self, time: Duration) {
        *self.shared.distance.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }

    /// How many calls met a fault so far.
    pub fn faults_met(&self) -> usize {
        self.shared.faults.hits()
    }

    /// Forgets the faults that have not happened.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// Every item of a table, as DynamoDB JSON; leaves no trace in the journal.
    pub fn items(&self, table: Table) -> Result<Vec<Value>, StartError> {
        self.shared.dynamo.items(table)
    }

    /// The names of the secrets that were written in another account or region than the stack's.
    pub fn secrets_elsewhere(&self) -> BTreeSet<String> {
        self.shared.elsewhere.secrets()
    }

    /// Deletes what has expired, as DynamoDB does some hours late. Says how many items.
    pub fn sweep_expired(&self) -> Result<usize, StartError> {
        self.shared.dynamo.sweep_expired()
    }
}

/// A request whose caller is known and allowed.
struct Admitted {
    number: u64,
    principal: String,
    /// The operation's.
    name: String,
    members: Vec<Member>,
    at: Timestamp,
    since: Instant,
}

impl Admitted {
    /// Its entry in the journal; the units of a table are shared out among its members.
    fn calls(&self, outcome: &Outcome, served: &Served) -> Vec<Call> {
        let took = self.since.elapsed();
        let call = |member: &Member| Call {
            request: self.number,
            principal: self.principal.clone(),
            operation: self.name.clone(),
            action: member.action.clone(),
            resource: member.resource.clone(),
            keys: member.touched.leading_keys.clone(),
            units: self.share(member, &served.units),
            consistent: member.consistent,
            at: self.at,
            since: self.since,
            took,
            outcome: outcome.clone(),
            message: served.message().map(str::to_owned),
        };
        self.members.iter().map(call).collect()
    }

    fn share(&self, member: &Member, units: &BTreeMap<String, f64>) -> f64 {
        let Some(total) = member.table.as_ref().and_then(|table| units.get(table)) else { return 0.0 };
        let sharers = self.members.iter().filter(|other| other.table == member.table).count();
        total / u32::try_from(sharers).map_or(1.0, f64::from)
    }

    fn units_of_failure(&self, error: &str) -> BTreeMap<String, f64> {
        let mut units = BTreeMap::new();
        for table in self.members.iter().filter_map(|member| member.table.clone()) {
            *units.entry(table).or_default() += capacity::of_failure(error, &self.name);
        }
        units
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (at, since) = (Timestamp::now(), Instant::now());
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return Err(CutConnection) };
        let body = body.to_bytes();
        if let Some(asked) = Asked::of(&head, &self.stack) {
            return self.answer_files(&asked, &head, body, (at, since)).await;
        }
        if let Some(answer) = sts::answer(&head.headers, &body) {
            return Ok(answer);
        }
        if let Some(answer) = self.watched.subscriptions(&head.headers, &body, &self.stack) {
            return Ok(answer);
        }
        let Some(operation) = Operation::of(&head) else {
            return Ok(refusal("com.amazon.coral.service#UnknownOperationException", "The operation is not known."));
        };
        // What is only asked for has no body.
        let text = if body.is_empty() { &b"{}"[..] } else { &body };
        let Ok(parsed) = serde_json::from_slice::<Value>(text) else {
            return Ok(refusal("com.amazon.coral.service#SerializationException", "The body is not JSON."));
        };
        let Some(caller) = Caller::of(&head.headers) else {
            return Ok(refusal(
                "com.amazon.coral.service#MissingAuthenticationTokenException",
                "Request is missing Authentication Token",
            ));
        };
        if !policy::is_principal(&caller.principal) {
            return Ok(refusal(
                "com.amazon.coral.service#UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ));
        }
        if Elsewhere::is_asked(&caller) {
            let served = self.elsewhere.answer(&caller, &operation, &parsed).map_err(|_| CutConnection)?;
            return Ok(served.numbered(self.journal.next_request()));
        }
        let (principal, members) = (caller.principal, members(&operation, &parsed, &self.stack));
        let distance = *self.distance.lock().unwrap_or_else(PoisonError::into_inner);
        if !distance.is_zero() {
            tokio::time::sleep(distance).await;
        }
        let Operation { service, name } = operation;
        let admitted = Admitted { number: self.journal.next_request(), principal, name, members, at, since };
        if let Some(denied) = self.denial(&admitted, &service) {
            self.journal.record(admitted.calls(&Outcome::Denied, &denied));
            return Ok(denied.numbered(admitted.number));
        }
        self.carry_out((&admitted, &service), &head.headers, parsed).await
    }

    /// S3 speaks a language of its own: objects in the address, bytes in the body, errors as XML.
    async fn answer_files(
        &self,
        asked: &Asked,
        head: &Parts,
        body: Bytes,
        (at, since): (Timestamp, Instant),
    ) -> Answer {
        let Some(name) = asked.operation() else {
            return Ok(error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", &head.method).response);
        };
        let caller = Caller::of(&head.headers).filter(|caller| policy::is_principal(&caller.principal));
        let Some(Caller { principal, .. }) = caller else { return Ok(denied(&head.method).response) };
        let member = asked.member(&self.stack);
        let decision = policy::decide(&principal, &member.action, &member.target, &member.touched);
        let (number, name) = (self.journal.next_request(), name.to_owned());
        let admitted = Admitted { number, principal, name, members: vec![member], at, since };
        let record = |outcome| self.journal.record(admitted.calls(&outcome, &Served::nothing()));
        match decision {
            Decision::Denied => {
                record(Outcome::Denied);
                return Ok(denied(&head.method).response);
            }
            Decision::Granted(grant) => self.journal.record_use(grant),
            Decision::Allowed => {}
        }
        let fault = self.faults.due(&admitted.principal, &admitted.members);
        let answered = match fault {
            Some(FaultKind::CutConnection) => {
                record(Outcome::Cut);
                return Err(CutConnection);
            }
            Some(FaultKind::Deny) => denied(&head.method),
            Some(FaultKind::Throttle) => error(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", &head.method),
            Some(FaultKind::Unavailable) => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &head.method),
            // S3 has no transactions and no batches.
            None
            | Some(
                FaultKind::ApplyThenCutConnection
                | FaultKind::Delay(_)
                | FaultKind::LeaveUnprocessed
                | FaultKind::Conflict,
            ) => {
                if let Some(FaultKind::Delay(time)) = fault {
                    tokio::time::sleep(time).await;
                }
                let may_list = self.may_list(&admitted.principal, self.files.lacks(asked));
                self.files.answer(asked, (may_list, &head.headers), body, &self.stack)
            }
        };
        let is_cut = fault == Some(FaultKind::ApplyThenCutConnection);
        record(match answered.code {
            Some(code) => Outcome::Failed(code.to_owned()),
            None if is_cut => Outcome::DoneUnanswered,
            None => Outcome::Done,
        });
        if is_cut { Err(CutConnection) } else { Ok(answered.response) }
    }

    /// Whether somebody may list the bucket of an object that is not there.
    fn may_list(&self, principal: &str, bucket: Option<Bucket>) -> bool {
        let Some(bucket) = bucket else { return false };
        match policy::decide(principal, "s3:ListBucket", &Target::Bucket(bucket), &Touched::default()) {
            Decision::Granted(grant) => {
                self.journal.record_use(grant);
                true
            }
            Decision::Allowed => true,
            Decision::Denied => false,
        }
    }

    /// Refuses the whole request if one member is not allowed, as DynamoDB does.
    fn denial(&self, request: &Admitted, service: &Service) -> Option<Served> {
        let mut used = Vec::new();
        for member in &request.members {
            match policy::decide(&request.principal, &member.action, &member.target, &member.touched) {
                Decision::Granted(grant) => used.push(grant),
                Decision::Allowed => {}
                Decision::Denied => {
                    let kind = match service {
                        Service::DynamoDb => "com.amazon.coral.service#AccessDeniedException",
                        Service::SecretsManager
                        | Service::Lambda { .. }
                        | Service::LambdaAccount
                        | Service::Scheduler { .. }
                        | Service::Logs
                        | Service::CloudTrail
                        | Service::Sqs => "AccessDeniedException",
                    };
                    let (user, action, arn) = (&request.principal, &member.action, &member.arn);
                    return Some(refused(
                        kind,
                        &format!(
                            "User: arn:aws:sts::{ACCOUNT}:assumed-role/{user}/{user} is not authorized to perform: \
                             {action} on resource: {arn} because no identity-based policy allows the {action} action"
                        ),
                    ));
                }
            }
        }
        used.into_iter().for_each(|grant| self.journal.record_use(grant));
        None
    }

    async fn carry_out(&self, (request, service): (&Admitted, &Service), headers: &HeaderMap, body: Value) -> Answer {
        let fault = self.faults.due(&request.principal, &request.members);
        let served = match fault {
            None | Some(FaultKind::ApplyThenCutConnection) => self.serve((request, service), headers, body).await,
            Some(FaultKind::Delay(time)) => {
                tokio::time::sleep(time).await;
                self.serve((request, service), headers, body).await
            }
            Some(FaultKind::LeaveUnprocessed) => {
                let mut body = body;
                let unprocessed = unprocessed::take_last_key(&mut body);
                let mut served = self.serve((request, service), headers, body).await;
                unprocessed::put_back(&mut served.body, unprocessed);
                served
            }
            Some(FaultKind::CutConnection) => {
                self.journal.record(request.calls(&Outcome::Cut, &Served::nothing()));
                return Err(CutConnection);
            }
            Some(FaultKind::Deny) => refused(
                "com.amazon.coral.service#AccessDeniedException",
                "User is not authorized to perform this action.",
            ),
            Some(FaultKind::Conflict) => conflicting(request.members.len(), &request.name),
            Some(FaultKind::Throttle) => throttled(service),
            Some(FaultKind::Unavailable) => unavailable(service),
        };
        let cut = fault == Some(FaultKind::ApplyThenCutConnection);
        let outcome = match served.error() {
            Some(error) => Outcome::Failed(error.to_owned()),
            None if cut => Outcome::DoneUnanswered,
            None => Outcome::Done,
        };
        self.journal.record(request.calls(&outcome, &served));
        if cut { Err(CutConnection) } else { Ok(served.numbered(request.number)) }
    }

    async fn serve(&self, (request, service): (&Admitted, &Service), headers: &HeaderMap, body: Value) -> Served {
        match service {
            Service::SecretsManager if self.dynamo.is_another() => match self.forward(headers, &body).await {
                Some((status, body)) => Served::of(status, body),
                None => unavailable(&Service::SecretsManager),
            },
            Service::SecretsManager => Served::of_secrets(self.secrets.answer(&request.name, &body)),
            Service::Lambda { function } if request.name == "GetAlias" => self.lambda.alias(function, &self.stack),
            Service::LambdaAccount => self.lambda.account(),
            Service::Scheduler { schedule } => self.watched.schedule(schedule, &self.stack),
            Service::Sqs => self.watched.attributes(&body, &self.stack),
            Service::CloudTrail => self.trails.answer(&request.name, &body),
            Service::Logs => self.logs.answer(&request.name, &body, &self.stack),
            Service::Lambda { function } => self.lambda.invoke(function, &self.stack, body).await,
            Service::DynamoDb => self.serve_dynamodb(request, headers, body).await,
        }
    }

    async fn serve_dynamodb(&self, request: &Admitted, headers: &HeaderMap, mut body: Value) -> Served {
        let hide = capacity::ask(&request.name, &mut body);
        let Some((status, mut body)) = self.forward(headers, &body).await else {
            return unavailable(&Service::DynamoDb);
        };
        let units = capacity::read(&mut body, hide);
        let mut served = Served { units, ..Served::of(status, body) };
        if let Some(error) = served.error() {
            served.units = request.units_of_failure(error);
        }
        served
    }

    async fn forward(&self, headers: &HeaderMap, body: &Value) -> Option<(StatusCode, Value)> {
        let mut request = Request::post(format!("http://{}/", self.dynamo.address()));
        for name in ["authorization", "content-type", "x-amz-date", "x-amz-target"] {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        let request = request.body(Full::new(Bytes::from(body.to_string()))).ok()?;
        let answer = self.client.request(request).await.ok()?;
        let status = answer.status();
        let body = answer.into_body().collect().await.ok()?.to_bytes();
        Some((status, serde_json::from_slice(&body).ok()?))
    }
}
