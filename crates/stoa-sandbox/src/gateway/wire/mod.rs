//! The deployable `bootstrap` files behind the gateway, each in a local Lambda execution environment.
//!
//! Reference: "Using the Lambda runtime API for custom runtimes", AWS documentation.

mod environment;
mod runtime_api;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use stoa_core::routes::{Function, ROUTES, Variable};

use crate::aws::front::Front;
use crate::functions::{FunctionError, Functions, Invocation};
use environment::Environment;
pub use environment::{LogLine, Resident};

/// How to start the functions.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder with `{function}/bootstrap`, as cargo-lambda leaves it: `target/lambda`.
    pub bootstraps: PathBuf,
    /// The functions to start; every one of the register, normally.
    pub functions: Vec<&'static Function>,
    /// The endpoint of the local AWS.
    pub endpoint: String,
    /// The first part of each function's AWS name.
    pub stack: String,
    /// The values of the variables. A function is given those that the register says it reads, no others.
    pub variables: BTreeMap<Variable, String>,
    /// Variables that every function is given besides, for the sandbox's own needs.
    pub extra: Vec<(String, String)>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// The memory size that the functions are told.
    pub memory_mb: u32,
}

impl Config {
    /// Every function of the register, against a local AWS; `Build` and `PublicUrl` are what it cannot know.
    pub fn new(bootstraps: impl Into<PathBuf>, front: &Front, build: &str, public_url: &str) -> Self {
        Self {
            bootstraps: bootstraps.into(),
            functions: ROUTES.iter().collect(),
            endpoint: front.endpoint(),
            stack: front.stack().name().to_owned(),
            variables: front.stack().variables(build, public_url),
            extra: Vec::new(),
            timeout: Duration::from_secs(10),
            memory_mb: 256,
        }
    }

    fn bootstrap(&self, function: &Function) -> PathBuf {
        self.bootstraps.join(function.name).join("bootstrap")
    }

    /// The environment of a function, as Lambda sets it, with the register's variables.
    fn environment(&self, function: &Function, runtime_api: &str) -> Result<Vec<(String, String)>, StartError> {
        let name = format!("{}-{}", self.stack, function.name);
        let mut environment: Vec<(String, String)> = [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("AWS_LAMBDA_FUNCTION_NAME", &name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &self.memory_mb.to_string()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{name}")),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
            ("AWS_REGION", crate::aws::REGION),
            ("AWS_DEFAULT_REGION", crate::aws::REGION),
            // The local AWS knows a function by its access key.
            ("AWS_ACCESS_KEY_ID", function.name),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_SESSION_TOKEN", "local"),
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("_HANDLER", "bootstrap"),
            ("LAMBDA_TASK_ROOT", &self.bootstraps.join(function.name).to_string_lossy()),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
            ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        for variable in function.environment() {
            let value = self.variables.get(&variable);
            let value = value.ok_or(StartError::Variable { function: function.name, variable: variable.as_str() })?;
            environment.push((variable.as_str().to_owned(), value.clone()));
        }
        environment.extend(self.extra.iter().cloned());
        Ok(environment)
    }
}

/// Why a function did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no `bootstrap` to start.
    #[error("{function}: no deployable at {path}; `cargo lambda build --release` makes it")]
    Missing {
        /// The name of the function.
        function: &'static str,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The register says it reads a variable that has no value.
    #[error("{function}: no value for {variable}")]
    Variable {
        /// The name of the function.
        function: &'static str,
        /// The name of the variable.
        variable: &'static str,
    },
    /// A port or process could not be had.
    #[error("{function}: could not start: {source}")]
    Io {
        /// The name of the function.
        function: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// It ended, or was silent, before it asked for its first event.
    #[error("{function}: never asked for an event; it printed: {printed}")]
    Silent {
        /// The name of the function.
        function: &'static str,
        /// What it printed.
        printed: String,
    },
}

/// The functions, running. They are killed when this is dropped.
pub struct Wire {
    environments: BTreeMap<&'static str, Environment>,
}

impl Wire {
    /// Starts every function and waits until each has asked for its first event.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        // A function starts in its own folder, from where a relative path leads elsewhere.
        let bootstraps = std::path::absolute(&config.bootstraps).unwrap_or(config.bootstraps);
        let config = Arc::new(Config { bootstraps, ..config });
        let mut environments = BTreeMap::new();
        // One after the other, so that the start times measured are each function's own.
        for function in &config.functions {
            let path = config.bootstrap(function);
            if !is_file(&path) {
                return Err(StartError::Missing { function: function.name, path });
            }
            environments.insert(function.name, Environment::start(function, Arc::clone(&config)).await?);
        }
        Ok(Self { environments })
    }

    /// From the start of the process to its first request for an event, for each function.
    pub fn start_times(&self) -> BTreeMap<&'static str, Duration> {
        self.environments.iter().filter_map(|(name, running)| Some((*name, running.start_time()?))).collect()
    }

    /// The id of a function's process.
    pub fn process(&self, function: &str) -> Option<u32> {
        self.environments.get(function)?.process()
    }

    /// The memory of a function's process, where the kernel has `/proc`.
    pub fn resident(&self, function: &str) -> Option<Resident> {
        self.environments.get(function)?.resident()
    }

    /// What a function gives back to an event of these bytes, JSON or not.
    pub async fn invoke_bytes(&self, function: &str, event: Bytes) -> Result<Value, FunctionError> {
        self.environments.get(function).ok_or(FunctionError::Unknown)?.invoke(event).await
    }

    /// What the functions printed so far, oldest first within a function.
    pub fn logs(&self) -> Vec<LogLine> {
        self.environments.values().flat_map(Environment::logs).collect()
    }

    /// What the functions printed since the start or the last time this was called.
    pub fn take_logs(&self) -> Vec<LogLine> {
        self.environments.values().flat_map(Environment::take_logs).collect()
    }
}

impl Functions for Wire {
    fn invoke<'a>(&'a self, function: &'a str, event: Value) -> Invocation<'a> {
        Box::pin(self.invoke_bytes(function, Bytes::from(event.to_string())))
    }
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}
