//! Secrets Manager, with values held for a minute and, while it is out of reach, for an hour.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_secretsmanager::error::SdkError;
use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::keys::KeySet;
use stoa_core::routes::SecretKind;

const FRESH_SECONDS: i64 = 60;
const STALE_SECONDS: i64 = 3600;

/// Reads secrets that the function is granted.
pub struct Secrets {
    client: aws_sdk_secretsmanager::Client,
    prefix: String,
    held: Mutex<HashMap<String, Held>>,
}

#[derive(Clone)]
struct Held {
    keys: Arc<KeySet>,
    version: u32,
    at: i64,
}

impl Secrets {
    pub(crate) fn new(client: aws_sdk_secretsmanager::Client, prefix: &str) -> Self {
        Self { client, prefix: prefix.to_owned(), held: Mutex::default() }
    }

    /// A secret of the whole installation.
    pub(crate) async fn shared(&self, kind: SecretKind, now: Timestamp) -> Result<Arc<KeySet>, Failure> {
        self.read(format!("{}/{}", self.prefix, kind.as_str()), 0, now).await
    }

    /// A connection's or a school's secret. A value of another `version` than asked for is read anew at once.
    pub(crate) async fn of(
        &self,
        kind: SecretKind,
        id: &str,
        version: u32,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, Failure> {
        self.read(format!("{}/{}/{id}", self.prefix, kind.as_str()), version, now).await
    }

    async fn read(&self, name: String, version: u32, now: Timestamp) -> Result<Arc<KeySet>, Failure> {
        let held = self.held().get(&name).cloned();
        let age = held.as_ref().map(|held| now.as_second() - held.at);
        if let (Some(held), Some(age)) = (&held, age)
            && (0..FRESH_SECONDS).contains(&age)
            && held.version == version
        {
            return Ok(held.keys.clone());
        }
        match (self.fetch(&name).await, held) {
            (Ok(keys), _) => {
                let keys = Arc::new(keys);
                self.held().insert(name, Held { keys: keys.clone(), version, at: now.as_second() });
                Ok(keys)
            }
            (Err(failure), Some(held))
                if failure.fault == Fault::SecretsUnavailable && age.is_some_and(|age| age < STALE_SECONDS) =>
            {
                Ok(held.keys)
            }
            (Err(failure), _) => Err(failure),
        }
    }

    async fn fetch(&self, name: &str) -> Result<KeySet, Failure> {
        let answer = self.client.get_secret_value().secret_id(name).send().await;
        let output = answer.map_err(|error| refused(name, &error))?;
        let text = output.secret_string().ok_or_else(|| Failure::noted(Fault::SecretBroken, name))?;
        KeySet::parse(text).map_err(|error| Failure::with(Fault::SecretBroken, name, &error.to_string()))
    }

    /// A panic elsewhere must not make every later login fail, so a poisoned lock is used as it is.
    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused<E, R>(name: &str, error: &SdkError<E, R>) -> Failure
where
    E: aws_sdk_secretsmanager::error::ProvideErrorMetadata,
{
    let code = match error {
        SdkError::ServiceError(service) => service.err().meta().code(),
        _ => None,
    };
    let fault = match code {
        Some("ResourceNotFoundException") => Fault::SecretBroken,
        Some("AccessDeniedException") => Fault::PermissionMissing,
        _ => Fault::SecretsUnavailable,
    };
    Failure::with(fault, name, code.unwrap_or("no answer"))
}
