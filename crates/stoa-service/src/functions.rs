//! One module a function: `handler` for whoever has an event, `serve` for the Lambda binary.

/// Why a function did not start, or stopped.
pub type ServeError = lambda_http::Error;

macro_rules! function {
    ($(#[$doc:meta])* $module:ident, $name:literal, $flow:path) => {
        $(#[$doc])*
        pub mod $module {
            use std::future::Future;
            use std::pin::Pin;
            use std::sync::Arc;

            use super::ServeError;
            use crate::clients::{Clients, Credentials};
            use crate::clock::Clock;
            use crate::edge::{self, Handler};
            use crate::log::Log;
            use crate::environment::{Environment, EnvironmentError, Variables};

            /// The function over these settings.
            pub fn handler(variables: &Variables, clock: Clock, log: Log) -> Result<Handler, EnvironmentError> {
                let environment = Environment::read($name, variables)?;
                let clients = Clients::new(environment, Credentials::read(variables)?, clock, log);
                Ok(edge::handler(Arc::new(clients), |clients, incoming, trail| {
                    Box::pin($flow(clients, incoming, trail))
                }))
            }

            /// Runs the function until Lambda ends it. Boxed: a release build compiles the flow once, here, and not
            /// again in every binary.
            pub fn serve() -> Pin<Box<dyn Future<Output = Result<(), ServeError>>>> {
                Box::pin(super::run(handler))
            }
        }
    };
}

macro_rules! invoked_function {
    ($(#[$doc:meta])* $module:ident, $name:literal, $flow:path) => {
        $(#[$doc])*
        pub mod $module {
            use std::future::Future;
            use std::pin::Pin;
            use std::sync::Arc;

            use super::ServeError;
            use crate::clients::{Clients, Credentials};
            use crate::clock::Clock;
            use crate::environment::{Environment, EnvironmentError, Variables};
            use crate::invoked::{self, Invoked};
            use crate::log::Log;

            /// The function over these settings.
            pub fn handler(variables: &Variables, clock: Clock, log: Log) -> Result<Invoked, EnvironmentError> {
                let environment = Environment::read($name, variables)?;
                let clients = Clients::new(environment, Credentials::read(variables)?, clock, log);
                Ok(invoked::invoked(Arc::new(clients), |clients, event, request| {
                    Box::pin($flow(clients, event, request))
                }))
            }

            /// Runs the function until Lambda ends it.
            pub fn serve() -> Pin<Box<dyn Future<Output = Result<(), ServeError>>>> {
                Box::pin(super::run_invoked(handler))
            }
        }
    };
}

/// Reads the process's environment and answers events that are no requests.
async fn run_invoked(
    make: fn(
        &crate::environment::Variables,
        crate::clock::Clock,
        crate::log::Log,
    ) -> Result<crate::invoked::Invoked, crate::environment::EnvironmentError>,
) -> Result<(), ServeError> {
    let handler = make(&std::env::vars().collect(), crate::clock::Clock::default(), crate::log::Log::default())?;
    let service = lambda_http::service_fn(move |event: lambda_http::LambdaEvent<serde_json::Value>| {
        handler(event.payload, event.context.request_id)
    });
    lambda_http::lambda_runtime::run(service).await
}

/// Reads the process's environment and answers events.
async fn run(
    make: fn(
        &crate::environment::Variables,
        crate::clock::Clock,
        crate::log::Log,
    ) -> Result<crate::edge::Handler, crate::environment::EnvironmentError>,
) -> Result<(), ServeError> {
    let handler = make(&std::env::vars().collect(), crate::clock::Clock::default(), crate::log::Log::default())?;
    let service = lambda_http::service_fn(move |request| {
        let handler = handler.clone();
        async move { Ok::<_, std::convert::Infallible>(handler(request).await) }
    });
    lambda_http::run(service).await
}

function! {
    /// `login`
    login, "login", crate::flows::login::login
}
function! {
    /// `saml-acs`
    saml_acs, "saml-acs", crate::flows::saml_acs::saml_acs
}
function! {
    /// `saml-metadata`
    saml_metadata, "saml-metadata", crate::flows::saml_metadata::saml_metadata
}
function! {
    /// `oidc-callback`
    oidc_callback, "oidc-callback", crate::flows::oidc_callback::oidc_callback
}
function! {
    /// `teams-session`
    teams_session, "teams-session", crate::flows::teams_session::teams_session
}
function! {
    /// `thinkific-launch`
    thinkific_launch, "thinkific-launch", crate::flows::thinkific_launch::thinkific_launch
}
function! {
    /// `thinkific-return`
    thinkific_return, "thinkific-return", crate::flows::thinkific_return::thinkific_return
}
invoked_function! {
    /// `trust-refresh`
    trust_refresh, "trust-refresh", crate::flows::trust_refresh::trust_refresh
}
invoked_function! {
    /// `operator`
    operator, "operator", crate::flows::operator::operator
}
