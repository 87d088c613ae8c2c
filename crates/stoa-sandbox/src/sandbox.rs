//! The whole of it: AWS, the customer's PingFederate, the school, and stoa between them, on loopback.

mod connections;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::rehearsal::{Answer, Question};
use stoa_saml::metadata::{SpMetadata, sp_metadata};
use stoa_service::operator::{ConnectionFile, OperatorError, SecretName, SecretText, StackAccess};
use stoa_service::{Clock, Log};

use crate::aws::Storage;
use crate::aws::front::{Config as FrontConfig, Front};
use crate::browser::Browser;
use crate::functions::{FunctionError, Functions};
use crate::gateway::Gateway;
use crate::gateway::wire::{Config as WireConfig, Wire};
use crate::in_process::{InProcess, Later};
use crate::openid::{Config as OpenIdConfig, OpenId};
use crate::pingfederate::{Config as PingConfig, PingFederate, SpConnection};
use crate::thinkific::{Config as SchoolConfig, Thinkific};
use crate::workos::{Config as WorkOsConfig, WorkOs};

pub use stoa_service::operator::sandbox::HOST;

/// The connection of the sandbox, as on-call would write it.
pub const CONNECTION_FILE: &str = include_str!("../../../examples/connections/pg.toml");
const SCHOOL: &str = "pg-academy";
const CONNECTION: &str = "pg";

/// Where the functions run.
#[derive(Clone, Debug, Default)]
pub enum Mode {
    /// In this process.
    #[default]
    InProcess,
    /// As their deployable binaries, below this folder (`target/lambda`).
    Wire(PathBuf),
}

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the functions run.
    pub mode: Mode,
    /// Where state is kept.
    pub storage: Storage,
    /// Ports of stoa, PingFederate, the school, AWS, the OpenID providers and WorkOS; 0 takes any.
    pub ports: [u16; 6],
    /// Changes to the connection's file before it is applied.
    pub connection: fn(&str) -> String,
    /// What the school answers to questions of a rehearsal, where that is not what is assumed.
    pub answers: Vec<(Question, Answer)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            storage: Storage::default(),
            ports: [0; 6],
            connection: str::to_owned,
            answers: Vec::new(),
        }
    }
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A port or folder.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The local AWS.
    #[error(transparent)]
    Aws(#[from] crate::aws::StartError),
    /// The SAML identity provider.
    #[error(transparent)]
    PingFederate(#[from] crate::pingfederate::StartError),
    /// The OpenID providers.
    #[error(transparent)]
    OpenId(#[from] crate::openid::StartError),
    /// PingFederate's connection to us.
    #[error(transparent)]
    Partner(#[from] crate::pingfederate::SpMetadataError),
    /// The functions' settings.
    #[error(transparent)]
    Environment(#[from] stoa_service::EnvironmentError),
    /// The deployable binaries.
    #[error(transparent)]
    Wire(#[from] crate::gateway::wire::StartError),
    /// What the command `stoa` would do.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The sandbox's own files.
    #[error("the sandbox's own connection is not valid: {0}")]
    Own(&'static str),
}

/// A running sandbox. Everything stops when it is dropped.
pub struct Sandbox {
    /// The local AWS.
    pub front: Front,
    /// The customer's identity provider.
    pub pingfederate: PingFederate,
    /// WorkOS, for a customer whose identity provider stands behind it.
    pub workos: WorkOs,
    /// The OpenID providers of other customers.
    pub openid: OpenId,
    /// The simulated school.
    pub thinkific: Thinkific,
    /// The local API Gateway.
    pub gateway: Gateway,
    /// The deployable binaries, in wire mode.
    pub wire: Option<Arc<Wire>>,
    /// The command's access.
    pub operator: StackAccess,
    functions: Arc<Later>,
    clock: Clock,
    log: Arc<Mutex<Vec<String>>>,
    entity_id: String,
}

impl Sandbox {
    /// Starts everything and applies the connection, as on-call would.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let [port, ping_port, school_port, aws_port, openid_port, workos_port] = options.ports;
        let front_config = FrontConfig { storage: options.storage.clone(), port: aws_port, ..FrontConfig::default() };
        let front = Front::start(front_config).await?;
        let pingfederate = PingFederate::start(PingConfig { port: ping_port, ..PingConfig::default() }).await?;
        let workos = WorkOs::start(WorkOsConfig { port: workos_port, ..WorkOsConfig::default() }).await?;
        let openid = OpenId::start(OpenIdConfig { port: openid_port, ..OpenIdConfig::default() }).await?;
        let file = match &options.storage {
            Storage::Memory | Storage::Another(_) => None,
            Storage::Folder(folder) => Some(folder.join("school.json")),
        };
        let subdomain = SCHOOL.to_owned();
        let webhook_hosts = vec![HOST.to_owned()];
        let mut school_config =
            SchoolConfig { port: school_port, subdomain, file, webhook_hosts, ..SchoolConfig::default() };
        for (question, answer) in options.answers {
            school_config =
                school_config.answering(question, answer).ok_or(SandboxError::Own("the school's answers"))?;
        }
        let thinkific = Thinkific::start(school_config).await?;
        let functions = Arc::new(Later::default());
        front.set_functions(functions.clone());
        let gateway = Gateway::start(port, functions.clone()).await?;
        let clock = Clock::default();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        front.follow_log(&log);
        let public_url = format!("http://{HOST}:{}", gateway.address().port());
        let wire = match options.mode {
            Mode::InProcess => {
                functions.set(in_process(&front, &public_url, &clock, &log)?);
                None
            }
            Mode::Wire(folder) => {
                let wire = Arc::new(Wire::start(WireConfig::new(folder, &front, &build(), &public_url)).await?);
                functions.set(wire.clone());
                Some(wire)
            }
        };
        let operator = StackAccess::sandbox(front.endpoint(), "arn:aws:iam::000000000000:user/sandbox".to_owned());
        let connection_file = (options.connection)(CONNECTION_FILE);
        let sandbox = Self {
            front,
            pingfederate,
            workos,
            openid,
            thinkific,
            gateway,
            wire,
            operator,
            functions,
            clock,
            log,
            entity_id: entity_id(&connection_file)?,
        };
        sandbox.set_up(&connection_file).await?;
        // What it takes to set up is not part of any login.
        sandbox.front.take_calls();
        Ok(sandbox)
    }

    async fn set_up(&self, connection_file: &str) -> Result<(), SandboxError> {
        let connection = ConnectionId::parse(CONNECTION).map_err(|_| SandboxError::Own("its id"))?;
        let school = SchoolId::parse(SCHOOL).map_err(|_| SandboxError::Own("its school"))?;
        self.register_with_pingfederate(&self.entity_id)?;
        // A folder that was used before has its secrets, and a pepper is never replaced.
        if self.operator.current(&connection).await?.is_none() {
            self.operator.put_secret(&SecretName::Seal, SecretText::random()?).await?;
            self.operator.put_secret(&SecretName::Pepper, SecretText::random()?).await?;
            self.operator.put_secret(&SecretName::Directory, SecretText::random()?).await?;
        }
        let key = SecretText::new(self.thinkific.api_key().expose())?;
        self.operator.put_secret(&SecretName::Thinkific(school), key).await?;
        self.operator.apply_school("pg-academy.toml", &self.school_file()).await?;
        let metadata = self.pingfederate.metadata(&self.entity_id).ok_or(SandboxError::Own("its metadata"))?;
        let file = ConnectionFile {
            path: "pg.toml".to_owned(),
            text: connection_file.to_owned(),
            metadata: Some(metadata.into_bytes()),
            ..ConnectionFile::default()
        };
        self.operator.apply(self.operator.plan(&file).await?).await?;
        self.operator.activate_untested(&connection, "the sandbox's own connection").await?;
        Ok(())
    }

    /// The customer's administrator imports our metadata.
    fn register_with_pingfederate(&self, entity_id: &str) -> Result<(), SandboxError> {
        let acs_url = format!("{}/saml/{CONNECTION}/acs", self.url());
        let metadata = sp_metadata(&SpMetadata {
            entity_id,
            acs_url: &acs_url,
            signing: &[],
            encryption: &[],
            name_id_format: None,
            authn_requests_signed: false,
        });
        self.pingfederate.register(SpConnection::from_metadata(&metadata)?);
        Ok(())
    }

    /// The school's file, as on-call would write it.
    pub fn school_file(&self) -> String {
        // Functions resolve names as the machine does, which may not know `thinkific.localhost`.
        let api_url = self.thinkific.admin_url().replace(crate::thinkific::HOST, "127.0.0.1");
        format!(
            "id = \"{SCHOOL}\"\nsubdomain = \"{SCHOOL}\"\nbase_url = \"{}\"\napi_url = \"{}\"\n",
            self.thinkific.school_url(),
            api_url,
        )
    }

    /// Where stoa is.
    pub fn url(&self) -> String {
        format!("http://{HOST}:{}", self.gateway.address().port())
    }

    /// Where a login begins.
    pub fn login_url(&self) -> String {
        format!("{}/login/{CONNECTION}", self.url())
    }

    /// Our entity id, by which PingFederate knows us.
    pub fn pingfederate_partner(&self) -> &str {
        &self.entity_id
    }

    /// The connection's name.
    pub fn connection(&self) -> &'static str {
        CONNECTION
    }

    /// A browser whose clock runs with the sandbox's.
    pub fn browser(&self) -> Browser {
        Browser::with_clock(self.pingfederate.clock().clone())
    }

    /// The log lines of the functions since the start or the last time this was called.
    pub fn take_log(&self) -> Vec<String> {
        let lines: Vec<String> = match &self.wire {
            None => std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner)),
            Some(wire) => wire.take_logs().into_iter().map(|line| line.text).collect(),
        };
        self.front.keep_lines(&lines);
        lines
    }

    /// Begins every function's process again, as a deployment does: it holds nothing. The deployable binaries go on.
    pub fn start_functions_again(&self) -> Result<(), SandboxError> {
        if self.wire.is_none() {
            self.functions.set(in_process(&self.front, &self.url(), &self.clock, &self.log)?);
        }
        Ok(())
    }

    /// Lets other functions answer from now on, such as the deployable binaries of another build.
    pub fn run_in(&self, functions: Arc<dyn Functions>) {
        self.functions.set(functions);
    }

    /// What a function gives back to an event, whoever sends it.
    pub async fn invoke(&self, function: &str, event: Value) -> Result<Value, FunctionError> {
        self.functions.invoke(function, event).await
    }

    /// What the clock starts once a minute: `provisioner`.
    pub async fn provision(&self) -> Result<Value, FunctionError> {
        self.invoke("provisioner", Value::Null).await
    }

    /// What EventBridge starts for each file that was put into the bucket: `csv-import`. What each run gives back.
    pub async fn deliver_uploads(&self) -> Vec<Result<Value, FunctionError>> {
        let mut answers = Vec::new();
        for event in self.front.take_object_events() {
            answers.push(self.invoke("csv-import", event).await);
        }
        answers
    }

    /// What the clock starts every five minutes: `csv-import`.
    pub async fn go_on_with_uploads(&self) -> Result<Value, FunctionError> {
        let event = json!({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}"});
        self.invoke("csv-import", event).await
    }

    /// What the clock starts once an hour: `trust-refresh`.
    pub async fn refresh_trust(&self) -> Result<Value, FunctionError> {
        self.invoke("trust-refresh", Value::Null).await
    }

    /// What the clock starts once a minute: `mirror`.
    pub async fn mirror(&self) -> Result<Value, FunctionError> {
        self.invoke("mirror", Value::Null).await
    }

    /// Gives the probe its connection and key, as whoever deploys would.
    pub async fn set_up_probe(&self) -> Result<(), SandboxError> {
        let school = SchoolId::parse(SCHOOL).map_err(|_| SandboxError::Own("its school"))?;
        self.operator.set_up_probe(&school, &self.url()).await?;
        Ok(())
    }

    /// What the clock starts once a minute: `probe`.
    pub async fn probe(&self) -> Result<Value, FunctionError> {
        self.invoke("probe", Value::Null).await
    }

    /// Lets time pass for stoa, PingFederate, the school and browsers. The deployable binaries keep the real time.
    pub fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
        self.pingfederate.clock().advance(jiff::SignedDuration::from_secs(seconds));
        self.workos.clock().advance(jiff::SignedDuration::from_secs(seconds));
        self.openid.clock().advance(jiff::SignedDuration::from_secs(seconds));
        self.thinkific.clock().advance(jiff::SignedDuration::from_secs(seconds));
    }

    /// Puts the clock of the functions wrong, for the requests that come from now on: each keeps the time at which it
    /// came, so that two can believe in different times, as in two instances.
    pub fn shift_functions(&self, seconds: i64) {
        self.clock.advance(seconds);
    }
}

fn in_process(
    front: &Front,
    public_url: &str,
    clock: &Clock,
    log: &Arc<Mutex<Vec<String>>>,
) -> Result<Arc<InProcess>, SandboxError> {
    Ok(Arc::new(InProcess::new(front, &build(), public_url, clock, &Log::Memory(log.clone()))?))
}

/// The git revision is the deployable's; a sandbox says what it is.
fn build() -> String {
    "sandbox".to_owned()
}

fn entity_id(connection_file: &str) -> Result<String, SandboxError> {
    let table: toml::Table = connection_file.parse().map_err(|_| SandboxError::Own("its TOML"))?;
    let entity_id = table.get("saml").and_then(|saml| saml.get("sp_entity_id")).and_then(toml::Value::as_str);
    entity_id.map(str::to_owned).ok_or(SandboxError::Own("its entity id"))
}
