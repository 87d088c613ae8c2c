//! Secrets Manager, with values held for a minute and, while it is out of reach, for an hour.
//!
//! A service that hangs is worse than one that refuses: three patient tries for each of two secrets outlast the function.
//! So whoever holds a value asks once and briefly, and after a failure goes on with all that is held for a minute. Only
//! a value that is not held, or that was replaced since, is worth full patience.

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
    in_vain: Held<Vain, ()>,
}

/// A secret's keys, and as of which version of the school they were read.
struct Read {
    keys: Arc<KeySet>,
    version: u32,
}

/// What was asked for in vain in the last minute.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Vain {
    /// Anything: a service that hangs for one value hangs for all of them.
    Any,
    /// A value as of a version that is not held, by the secret's name.
    Replaced(String, u32),
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
        let stale = self.held.within(&name, STALE_SECONDS, now);
        let is_replaced = stale.as_ref().is_some_and(|stale| stale.version != version);
        let vain = if is_replaced { Vain::Replaced(name.clone(), version) } else { Vain::Any };
        if let Some(stale) = stale.as_ref().filter(|_| self.in_vain.fresh(&vain, now).is_some()) {
            return Ok(stale.keys.clone());
        }
        let patience = if stale.is_some() && !is_replaced { Patience::Brief } else { Patience::Full };
        match self.fetch(&name, patience).await {
            Ok(keys) => Ok(self.held.hold(name, Read { keys: Arc::new(keys), version }, now).keys.clone()),
            Err(failure) if failure.fault == Fault::SecretsUnavailable => {
                self.in_vain.hold(vain, (), now);
                self.in_vain.hold(Vain::Any, (), now);
                stale.map(|stale| stale.keys.clone()).ok_or(failure)
            }
            Err(failure) => Err(failure),
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
    /// As the client does everything: without this value there is no login, or one with a key that was replaced.
    Full,
    /// One try, since the value is at hand.
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
        // The second is said of a secret that is marked for deletion: it is there, and nobody can read it.
        Some("ResourceNotFoundException" | "InvalidRequestException") => Fault::SecretBroken,
        Some("AccessDeniedException") => Fault::PermissionMissing,
        _ => Fault::SecretsUnavailable,
    };
    Failure::with(fault, name, code.unwrap_or("no answer"))
}
