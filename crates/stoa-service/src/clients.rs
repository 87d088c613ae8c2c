//! The clients of one function, made once.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use serde::Serialize;

use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::egress::Egress;
use crate::environment::Environment;
use crate::http_client::Outbound;
use crate::log::Log;
use crate::objects::Objects;
use crate::pace::Pace;
use crate::secrets::Secrets;
use crate::store::Store;

/// Everything a flow may call.
pub struct Clients {
    /// What the environment's variables say.
    pub environment: Environment,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where log lines go.
    pub log: Log,
    /// DynamoDB.
    pub store: Store,
    /// Secrets Manager, with its cache.
    pub(crate) secrets: Secrets,
    /// The HTTP client for the school.
    pub(crate) outbound: Outbound,
    /// Addresses that a customer's configuration or provider names.
    pub(crate) egress: Egress,
    /// Customers' files.
    pub(crate) objects: Objects,
    /// How many requests of a client are taken at a time.
    pub(crate) pace: Pace,
}

impl Clients {
    /// Makes the clients.
    pub fn new(environment: Environment, credentials: Credentials, clock: Clock, log: Log) -> Self {
        let outbound = Outbound::new(environment.url_policy);
        let objects = Objects::new(&credentials, &environment, outbound.clone());
        let config = sdk_config(environment.endpoint.as_deref(), credentials, outbound.clone());
        Self {
            store: Store::new(aws_sdk_dynamodb::Client::new(&config), &environment),
            secrets: Secrets::new(aws_sdk_secretsmanager::Client::new(&config), &environment.secret_prefix),
            egress: Egress::new(environment.url_policy),
            objects,
            pace: Pace::default(),
            environment,
            clock,
            log,
            outbound,
        }
    }

    /// Writes a log line.
    pub(crate) fn write<T: Serialize>(&self, line: &T) {
        self.log.write(self.clock.now(), line);
    }
}

/// The SDK's settings: one client, short timeouts, no look at files or the network.
pub(crate) fn sdk_config(endpoint: Option<&str>, credentials: Credentials, outbound: Outbound) -> SdkConfig {
    let provided = aws_credential_types::Credentials::new(
        credentials.access_key,
        credentials.secret_key,
        credentials.session_token,
        None,
        "environment",
    );
    // A browser waits: three tries, the last of which has ended before the soft deadline of 8 s.
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(2000))
        .operation_timeout(Duration::from_millis(6500))
        .build();
    let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50));
    let builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(credentials.region))
        .credentials_provider(SharedCredentialsProvider::new(provided))
        .http_client(outbound)
        .retry_config(retries)
        .timeout_config(timeouts)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(aws_smithy_async::time::SystemTimeSource::new()));
    match endpoint {
        Some(endpoint) => builder.endpoint_url(endpoint).build(),
        None => builder.build(),
    }
}
