//! One module a function: `handler` for whoever has an event, `serve` for the Lambda binary. [`ALL`] joins the names of
//! the register to them.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::clients::Clients;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::edge::{self, Handler};
use crate::environment::{Environment, EnvironmentError, Variables};
use crate::flows;
use crate::invoked::{self, Invoked};
use crate::log::{Log, ProcessLine};

/// Why a function did not start, or stopped.
pub type ServeError = lambda_runtime::Error;

/// Makes a function over settings.
pub type Make<T> = fn(&Variables, Clock, Log) -> Result<T, EnvironmentError>;

/// What starts a function, and how one is made that it can start.
pub enum Maker {
    /// A browser's request.
    Requests(Make<Handler>),
    /// A schedule, or the command `stoa`.
    Events(Make<Invoked>),
}

// What stands in brackets says how the failures of a function are answered whose requests no browser sends.
macro_rules! functions {
    ($($name:literal $module:ident: $kind:ident $(($manners:path))? => $flow:path;)+) => {
        /// Every function, by its name in the register.
        pub const ALL: &[(&str, Maker)] = &[$(($name, Maker::$kind($module::handler)),)+];

        $(
            #[doc = concat!("`", $name, "`")]
            pub mod $module {
                use super::*;

                /// The function over these settings.
                pub fn handler(variables: &Variables, clock: Clock, log: Log) -> Result<started_by!($kind), EnvironmentError> {
                    let environment = Environment::read($name, variables)?;
                    let clients = Clients::new(environment, Credentials::read(variables)?, clock, log);
                    Ok(started_by!($kind, Arc::new(clients), $flow $(, $manners)?))
                }

                /// Runs the function until Lambda ends it. Boxed: a release build compiles the flow once, here, and
                /// not again in every binary.
                pub fn serve() -> Pin<Box<dyn Future<Output = Result<(), ServeError>>>> {
                    Box::pin(Maker::$kind(handler).serve($name))
                }
            }
        )+
    };
}

macro_rules! started_by {
    (Requests) => {
        Handler
    };
    (Events) => {
        Invoked
    };
    (Requests, $clients:expr, $flow:path) => {
        started_by!(Requests, $clients, $flow, edge::BROWSER)
    };
    (Requests, $clients:expr, $flow:path, $manners:path) => {
        edge::handler($clients, $manners, |visit| Box::pin($flow(visit)))
    };
    (Events, $clients:expr, $flow:path) => {
        invoked::invoked($clients, |clients, event, request| Box::pin($flow(clients, event, request)))
    };
}

functions! {
    "login" login: Requests => flows::login::login;
    "saml-acs" saml_acs: Requests => flows::saml_acs::saml_acs;
    "saml-metadata" saml_metadata: Requests => flows::saml_metadata::saml_metadata;
    "oidc-callback" oidc_callback: Requests => flows::oidc_callback::oidc_callback;
    "teams-session" teams_session: Requests => flows::teams_session::teams_session;
    "thinkific-launch" thinkific_launch: Requests => flows::thinkific_launch::thinkific_launch;
    "thinkific-return" thinkific_return: Requests => flows::thinkific_return::thinkific_return;
    "thinkific-webhook" thinkific_webhook: Requests(edge::MACHINE) => flows::thinkific_webhook::thinkific_webhook;
    "scim" scim: Requests(flows::scim::CLIENT) => flows::scim::scim;
    "workos-webhook" workos_webhook: Requests(edge::MACHINE) => flows::workos_webhook::workos_webhook;
    "csv-import" csv_import: Events => flows::csv_import::csv_import;
    "operator" operator: Events => flows::operator::operator;
    "provisioner" provisioner: Events => flows::provisioner::provisioner;
    "workos-sync" workos_sync: Events => flows::workos_sync::workos_sync;
    "trust-refresh" trust_refresh: Events => flows::trust_refresh::trust_refresh;
    "mirror" mirror: Events => flows::mirror::mirror;
    "probe" probe: Events => flows::probe::probe;
}

impl Maker {
    /// Reads the process's environment and answers what comes. What ends the process, and where it panicked, is logged:
    /// the runtime itself says nothing, and a panic's own message could quote what came.
    async fn serve(self, function: &'static str) -> Result<(), ServeError> {
        let log = Log::default();
        std::panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
            Log::default().write(Clock::default().now(), &ProcessLine::panicked(function, place));
        }));
        let served = self.run(&log).await;
        if let Err(error) = &served {
            log.write(Clock::default().now(), &ProcessLine::ended(function, error.downcast_ref::<EnvironmentError>()));
        }
        served
    }

    async fn run(self, log: &Log) -> Result<(), ServeError> {
        let (variables, clock, log) = (std::env::vars().collect(), Clock::default(), log.clone());
        match self {
            Self::Requests(make) => {
                let handler = make(&variables, clock, log)?;
                let service = service_fn(move |event: LambdaEvent<Event>| {
                    let answer = handler(event.payload.0, event.context.request_id);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                lambda_runtime::run(service).await
            }
            Self::Events(make) => {
                let handler = make(&variables, clock, log)?;
                let service =
                    service_fn(move |event: LambdaEvent<Event>| handler(event.payload.0, event.context.request_id));
                lambda_runtime::run(service).await
            }
        }
    }
}

/// What Lambda hands over. The runtime would report what it cannot read by itself, without a line or a page; so what is
/// not JSON that can be read is `null` here, and the function says what it expects.
struct Event(Value);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Value::deserialize(deserializer).unwrap_or_default()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_cannot_be_read_is_null() {
        // As the runtime reads it, which does not look at what follows.
        let read = |bytes: &[u8]| Event::deserialize(&mut serde_json::Deserializer::from_slice(bytes)).unwrap().0;
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in ["", "{", "nul", "{\"a\":\"\\ud800\"}", "1e999", &deep] {
            assert_eq!(read(text.as_bytes()), Value::Null, "{text:.20}");
        }
        assert_eq!(read(b"{\"a\":\"\xff\"}"), Value::Null);
        assert_eq!(read(b"{\"a\":1}"), serde_json::json!({"a": 1}));
    }

    #[test]
    fn every_function_of_the_register_is_made_for_what_starts_it() {
        let made = ALL.iter().map(|(name, maker)| (*name, matches!(maker, Maker::Requests(_))));
        let registered = stoa_core::routes::ROUTES.iter().map(|function| (function.name, !function.routes.is_empty()));
        assert!(made.eq(registered));
    }
}
