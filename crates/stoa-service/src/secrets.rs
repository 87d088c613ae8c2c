//! Secrets Manager, with values held in the process: for a minute; seal and pepper, which hardly ever change, for an hour;
//! and longer while the service is out of reach.
//!
//! A service that hangs is worse than one that refuses: three patient tries for each of two secrets outlast the function.
//! So whoever holds a value asks once and briefly, and after a failure goes on with all that is held for a minute. Only
//! a value that is not held, or that was replaced since, is worth full patience.
//!
//! What a request asks for [ahead](Secrets::ahead) may be for somebody who has made it all up, and may be dropped half
//! way. So a process calls ahead once a minute; in between, a value that is not held is read when it is needed.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::error::SdkError;
use futures_util::future::{OptionFuture, join};
use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::keys::KeySet;
use stoa_core::routes::SecretKind;

use crate::held::{FRESH_SECONDS, Held};

/// For how long a value counts, in seconds.
#[derive(Clone, Copy)]
struct Age {
    /// Without looking again.
    fresh: i64,
    /// While Secrets Manager does not answer.
    usable: i64,
}

/// A connection's or a school's own.
const OWN: Age = Age { fresh: FRESH_SECONDS, usable: 3600 };
/// Seal and pepper: each new environment of each function would ask for them once a minute, and for what hardly changes.
const SHARED: Age = Age { fresh: 3600, usable: 7200 };
/// The seal, where the one that is held may have been replaced.
const SEAL_AGAIN: Age = Age { fresh: FRESH_SECONDS, usable: SHARED.usable };
/// How long Secrets Manager may take where a value is at hand. It usually takes 10 ms, and 100 with a new connection.
const BRIEFLY: Duration = Duration::from_millis(500);

/// Reads secrets that the function is granted.
pub struct Secrets {
    client: aws_sdk_secretsmanager::Client,
    prefix: String,
    held: Held<String, Read>,
    in_vain: Held<Vain, ()>,
    called_ahead: Held<(), ()>,
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

/// A connection's or a school's secret, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Of which kind.
    pub(crate) kind: SecretKind,
    /// The name of the connection or school.
    pub(crate) id: String,
}

impl Named {
    /// The secret of one kind, of whoever has this name.
    pub(crate) fn of(kind: SecretKind, id: &impl ToString) -> Self {
        Self { kind, id: id.to_string() }
    }
}

/// Seal and pepper, each as it came.
pub(crate) type Shared = (Result<Arc<KeySet>, Failure>, Result<Arc<KeySet>, Failure>);

/// What was asked for ahead, as it came.
#[derive(Default)]
pub(crate) struct SecretsAhead {
    /// Seal and pepper.
    pub(crate) shared: Option<Shared>,
    /// A secret that was not held. Whoever takes it knows of which version it has to be; one that is replaced between the
    /// two reads is noticed a minute later.
    pub(crate) own: Option<(Named, Result<KeySet, Failure>)>,
}

impl Secrets {
    pub(crate) fn new(client: aws_sdk_secretsmanager::Client, prefix: &str) -> Self {
        Self {
            client,
            prefix: prefix.to_owned(),
            held: Held::default(),
            in_vain: Held::default(),
            called_ahead: Held::default(),
        }
    }

    /// The pepper, as of the last hour. It is written once.
    pub(crate) async fn pepper(&self, now: Timestamp) -> Result<Arc<KeySet>, Failure> {
        self.read(self.name_of_shared(SecretKind::Pepper), 0, SHARED, now).await
    }

    /// The seal, as of the last hour.
    pub(crate) async fn seal(&self, now: Timestamp) -> Result<Arc<KeySet>, Failure> {
        self.read(self.name_of_shared(SecretKind::Seal), 0, SHARED, now).await
    }

    /// What seals directories, as of the last minute.
    pub(crate) async fn directory(&self, now: Timestamp) -> Result<Arc<KeySet>, Failure> {
        self.read(self.name_of_shared(SecretKind::Directory), 0, OWN, now).await
    }

    /// The key of the probe's identity provider, as of the last minute.
    pub(crate) async fn probe(&self, now: Timestamp) -> Result<Arc<KeySet>, Failure> {
        self.read(self.name_of_shared(SecretKind::Probe), 0, OWN, now).await
    }

    /// Seal and pepper, as of the last hour.
    pub(crate) async fn shared(&self, now: Timestamp) -> Shared {
        join(self.seal(now), self.pepper(now)).await
    }

    /// The seal as of the last minute: for whoever meets what the one that is held does not open.
    pub(crate) async fn seal_again(&self, now: Timestamp) -> Result<Arc<KeySet>, Failure> {
        self.read(self.name_of_shared(SecretKind::Seal), 0, SEAL_AGAIN, now).await
    }

    /// A connection's or a school's secret. A value of another `version` than asked for is read again at once. `ahead`
    /// is what came where it was asked for ahead.
    pub(crate) async fn of(
        &self,
        named: &Named,
        version: u32,
        ahead: Option<Result<KeySet, Failure>>,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, Failure> {
        let name = self.name_of(named);
        match ahead {
            Some(keys) => Ok(self.held.hold(name, Read { keys: Arc::new(keys?), version }, now).keys.clone()),
            None => self.read(name, version, OWN, now).await,
        }
    }

    /// Whether a value was ever read under this name: then nobody has made it up.
    pub(crate) fn is_known(&self, named: &Named, now: Timestamp) -> bool {
        self.held.within(&self.name_of(named), i64::MAX, now).is_some()
    }

    /// Asks for what will probably be needed, unless all of it is at hand.
    pub(crate) async fn ahead(&self, with_shared: bool, own: Option<Named>, now: Timestamp) -> SecretsAhead {
        let is_held = |name: String, age: Age| self.held.since(&name, age.fresh, now).is_some();
        let is_shared_held =
            [SecretKind::Seal, SecretKind::Pepper].iter().all(|kind| is_held(self.name_of_shared(*kind), SHARED));
        let is_own_held = own.as_ref().is_none_or(|own| is_held(self.name_of(own), OWN));
        let is_held = (is_shared_held || !with_shared) && is_own_held;
        if is_held || self.called_ahead.fresh(&(), now).is_some() {
            return SecretsAhead::default();
        }
        self.called_ahead.hold((), (), now);
        let shared = with_shared.then(|| self.shared(now));
        let own = own.map(|own| self.own_ahead(own, now));
        let (shared, own) = join(OptionFuture::from(shared), OptionFuture::from(own)).await;
        SecretsAhead { shared, own: own.flatten() }
    }

    /// One that is held is read again as it would be, and is held afterwards; whether it is of the version that is
    /// wanted is seen there. One that is not held is nobody's before its version is known.
    async fn own_ahead(&self, own: Named, now: Timestamp) -> Option<(Named, Result<KeySet, Failure>)> {
        let name = self.name_of(&own);
        match self.held.within(&name, i64::MAX, now) {
            Some(held) => {
                let _ = self.read(name, held.version, OWN, now).await;
                None
            }
            None => {
                let keys = self.fetch(&name, Patience::Full).await;
                Some((own, keys))
            }
        }
    }

    fn name_of_shared(&self, kind: SecretKind) -> String {
        format!("{}/{}", self.prefix, kind.as_str())
    }

    fn name_of(&self, named: &Named) -> String {
        format!("{}/{}/{}", self.prefix, named.kind.as_str(), named.id)
    }

    async fn read(&self, name: String, version: u32, age: Age, now: Timestamp) -> Result<Arc<KeySet>, Failure> {
        if let Some(held) = self.held.since(&name, age.fresh, now).filter(|held| held.version == version) {
            return Ok(held.keys.clone());
        }
        let stale = self.held.within(&name, age.usable, now);
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
