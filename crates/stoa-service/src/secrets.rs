//! Secrets Manager, with values held for a minute and, while it is out of reach, for an hour.
//!
//! A service that hangs is worse than one that refuses: three patient tries for each of two secrets outlast the function.
//! So whoever holds a value asks once and briefly, and after a failure goes on with what is held for a minute.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::error::SdkError;
use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::keys::KeySet;
use stoa_core::routes::SecretKind;

use crate::held::Held;

/// How long a value is used while Secrets Manager does not answer, in seconds.
const STALE_SECONDS: i64 = 3600;
/// How long Secrets Manager may take where a value is at hand. It usually takes 10 ms, and 100 with a new connection.
const BRIEFLY: Duration = Duration::from_millis(500);

/// Reads secrets that the function is granted.
pub struct Secrets {
    client: aws_sdk_secretsmanager::Client,
    prefix: String,
    held: Held<String, Read>,
    /// What was asked for in vain in the last minute: which secret, as of which version of the school.
    in_vain: Held<(String, u32), ()>,
}

/// A secret's keys, and as of which version of the school they were read.
struct Read {
    keys: Arc<KeySet>,
    version: u32,
}

impl Secrets {
    pub(crate) fn new(client: aws_sdk_secretsmanager::Client, prefix: &str) -> Self {
        Self { client, prefix: prefix.to_owned(), held: Held::default(), in_vain: Held::default() }
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
        let stale = self.held.within(&name, STALE_SECONDS, now).map(|held| held.keys.clone());
        let asked = (name, version);
        if let Some(stale) = stale.as_ref().filter(|_| self.in_vain.fresh(&asked, now).is_some()) {
            return Ok(stale.clone());
        }
        let patience = if stale.is_some() { Patience::Brief } else { Patience::Full };
        match (self.fetch(&asked.0, patience).await, stale) {
            (Ok(keys), _) => Ok(self.held.hold(asked.0, Read { keys: Arc::new(keys), version }, now).keys.clone()),
            (Err(failure), Some(stale)) if failure.fault == Fault::SecretsUnavailable => {
                self.in_vain.hold(asked, (), now);
                Ok(stale)
            }
            (Err(failure), _) => Err(failure),
        }
    }

    async fn fetch(&self, name: &str, patience: Patience) -> Result<KeySet, Failure> {
        let request = self.client.get_secret_value().secret_id(name).customize();
        let request = match patience {
            Patience::Full => request,
            Patience::Brief => request.config_override(briefly()),
        };
        let output = request.send().await.map_err(|error| refused(name, &error))?;
        let text = output.secret_string().ok_or_else(|| Failure::noted(Fault::SecretBroken, name))?;
        KeySet::parse(text).map_err(|error| Failure::with(Fault::SecretBroken, name, &error.to_string()))
    }
}

/// How long to wait for Secrets Manager.
#[derive(Clone, Copy)]
enum Patience {
    /// As the client does everything: without a value there is no login.
    Full,
    /// One try, since there is a value.
    Brief,
}

fn briefly() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_timeout(BRIEFLY).build();
    Builder::default().timeout_config(timeouts).retry_config(RetryConfig::disabled())
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
