//! The functions of stoa in this process: the same handlers that the deployable binaries serve.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use stoa_core::routes::ROUTES;
use stoa_service::functions::{self, Maker};
use stoa_service::{Clock, EnvironmentError, Handler, Invoked, Log, Variables};

use crate::aws::REGION;
use crate::aws::front::Front;
use crate::functions::{FunctionError, Functions, Invocation};

/// The functions, by name.
pub struct InProcess {
    handlers: HashMap<&'static str, Handler>,
    invoked: HashMap<&'static str, Invoked>,
}

impl InProcess {
    /// Makes every function of the register against a local AWS.
    pub fn new(
        front: &Front,
        build: &str,
        public_url: &str,
        clock: &Clock,
        log: &Log,
    ) -> Result<Self, EnvironmentError> {
        let (mut handlers, mut invoked) = (HashMap::new(), HashMap::new());
        for (name, maker) in functions::ALL {
            let (variables, clock, log) = (variables(front, name, build, public_url), clock.clone(), log.clone());
            match maker {
                Maker::Requests(make) => drop(handlers.insert(*name, make(&variables, clock, log)?)),
                Maker::Events(make) => drop(invoked.insert(*name, make(&variables, clock, log)?)),
            }
        }
        Ok(Self { handlers, invoked })
    }
}

/// What a function's environment holds: the register's variables, and the credentials by which the local AWS knows it.
fn variables(front: &Front, function: &'static str, build: &str, public_url: &str) -> Variables {
    let own = front.stack().variables(build, public_url);
    let given = ROUTES.iter().filter(|entry| entry.name == function).flat_map(|entry| entry.environment());
    let mut variables: Variables =
        given.filter_map(|variable| Some((variable.as_str().to_owned(), own.get(&variable)?.clone()))).collect();
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", function),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_REGION", REGION),
        ("AWS_ENDPOINT_URL", front.endpoint().as_str()),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    variables
}

impl Functions for InProcess {
    fn invoke<'a>(&'a self, function: &'a str, event: Value) -> Invocation<'a> {
        Box::pin(async move {
            if let Some(function) = self.invoked.get(function) {
                let not_answered = |error| FunctionError::Failed { kind: "NotAnswered".to_owned(), message: error };
                return function(event, request_id()).await.map_err(|error| not_answered(error.to_string()));
            }
            let handler = self.handlers.get(function).ok_or(FunctionError::Unknown)?;
            Ok(handler(event, request_id()).await)
        })
    }
}

fn request_id() -> String {
    let mut bytes = [0; 8];
    crate::web::fill(&mut bytes);
    format!("local-{:016x}", u64::from_be_bytes(bytes))
}

/// Functions that are set later: the gateway must have its port before they can know our address.
#[derive(Default)]
pub struct Later(RwLock<Option<Arc<dyn Functions>>>);

impl Later {
    /// Sets them, instead of those that were set before.
    pub fn set(&self, functions: Arc<dyn Functions>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(functions);
    }

    fn current(&self) -> Option<Arc<dyn Functions>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Functions for Later {
    fn invoke<'a>(&'a self, function: &'a str, event: Value) -> Invocation<'a> {
        Box::pin(async move {
            match self.current() {
                Some(functions) => functions.invoke(function, event).await,
                None => Err(FunctionError::Throttled),
            }
        })
    }
}
