//! Secrets Manager, with values held for a minute and, while it is out of reach, for an hour.

use std::sync::Arc;

use aws_sdk_secretsmanager::error::SdkError;
use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::keys::KeySet;
use stoa_core::routes::SecretKind;

use crate::held::Held;

/// How long a value is used while Secrets Manager does not answer, in seconds.
const STALE_SECONDS: i64 = 3600;

/// Reads secrets that the function is granted.
pub struct Secrets {
    client: aws_sdk_secretsmanager::Client,
    prefix: String,
    held: Held<String, Read>,
}

/// A secret's keys, and as of which version of the school they were read.
struct Read {
    keys: Arc<KeySet>,
    version: u32,
}

impl Secrets {
    pub(crate) fn new(client: aws_sdk_secretsmanager::Client, prefix: &str) -> Self {
        Self { client, prefix: prefix.to_owned(), held: Held::default() }
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
        if let Some(held) = self.held.fresh(&name, now).filter(|held| held.version == version) {
            return Ok(held.keys.clone());
        }
        match self.fetch(&name).await {
            Ok(keys) => Ok(self.held.hold(name, Read { keys: Arc::new(keys), version }, now).keys.clone()),
            Err(failure) if failure.fault == Fault::SecretsUnavailable => {
                self.held.within(&name, STALE_SECONDS, now).map(|held| held.keys.clone()).ok_or(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn fetch(&self, name: &str) -> Result<KeySet, Failure> {
        let answer = self.client.get_secret_value().secret_id(name).send().await;
        let output = answer.map_err(|error| refused(name, &error))?;
        let text = output.secret_string().ok_or_else(|| Failure::noted(Fault::SecretBroken, name))?;
        KeySet::parse(text).map_err(|error| Failure::with(Fault::SecretBroken, name, &error.to_string()))
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
