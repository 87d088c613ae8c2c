//! What shows whether a stack is as it should be, beside its connections, secrets and keys: claims of domains, where they
//! lead, what stands at the public host, which version of a function has the traffic, how many functions may run at once,
//! and whether a school takes its key.

use std::time::Duration;

use http::header::DATE;
use http::{Method, Request};
use jiff::Timestamp;
use stoa_core::connection::Connection;
use stoa_core::diagnosis::{ApiProbe, Known};
use stoa_core::ids::{ConnectionId, CustomerId, SchoolId};

use super::question::{Named, Question, Reply};
use super::{Answerer, OperatorError, StackAccess};
use crate::egress::{GetError, Limits};
use crate::store::{ConnectionItem, DomainItem, HomeRealmItem, Key, Range, Reads};

/// Somebody waits at a terminal, and a page of ours is a few kilobytes.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), max_bytes: 256 * 1024 };

/// What stands at the public host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostSeen {
    /// The status of the page at `/login`.
    pub status: u16,
    /// The host's clock (RFC 9110 §6.6.1), if it says.
    pub date: Option<Timestamp>,
    /// Ours, at the same time.
    pub at: Timestamp,
}

/// Which version of a function has the traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The version behind the alias.
    pub version: String,
    /// Whether another version gets a part of it.
    pub is_shared: bool,
}

impl StackAccess {
    /// A stored connection, if its parts hold together by the rules of this version.
    pub fn valid(&self, item: &ConnectionItem) -> Result<Connection, OperatorError> {
        Ok(Connection::check(item.document()?, item.version, item.state, self.url_policy)?)
    }

    /// Whose a domain is at a school.
    pub async fn claim(&self, school: &SchoolId, domain: &str) -> Result<Option<CustomerId>, OperatorError> {
        let claim: Option<DomainItem> = self.tables.get(&Key::domain(school, domain), Reads::Consistent).await?;
        Ok(claim.map(|claim| claim.customer))
    }

    /// Where `GET /login` leads from a domain.
    pub async fn leads(&self, domain: &str) -> Result<Vec<ConnectionId>, OperatorError> {
        let entries: Vec<HomeRealmItem> = self.tables.query(&Range::home_realm(domain), Reads::Consistent).await?;
        Ok(entries.into_iter().map(|entry| entry.connection).collect())
    }

    /// Asks the function `operator` about nobody: that it answers is what is asked.
    pub async fn operator_answers(&self, connection: &Connection) -> Result<(), OperatorError> {
        let (school, customer) = (connection.school().clone(), connection.customer().clone());
        let named = Named::Subject("nobody".to_owned());
        self.ask(&Question::FindPerson { school, customer, named }).await.map(|_| ())
    }

    /// Has the school behind a connection looked at, from where logins are answered: its Admin API, with its key and
    /// without.
    pub async fn look_at_school(&self, connection: &ConnectionId) -> Result<Known<ApiProbe>, OperatorError> {
        let question = Question::Look { connection: connection.clone(), who: None };
        let Reply::Looked(looked) = self.ask(&question).await? else {
            return Err(OperatorError::Answer(Answerer::Operator));
        };
        Ok(looked.api)
    }

    /// How many functions may run at once in the account and region.
    pub async fn concurrency(&self) -> Result<i32, OperatorError> {
        let settings = self.lambda.get_account_settings().send().await;
        let settings = settings.map_err(|error| OperatorError::aws("ask for the limits of the account", &error))?;
        settings.account_limit.map(|limit| limit.concurrent_executions).ok_or(OperatorError::Answer(Answerer::Lambda))
    }

    /// Opens the page at `/login`, as a browser would.
    pub async fn look_at_host(&self, public_url: &str) -> Result<HostSeen, OperatorError> {
        let url = format!("{public_url}/login");
        let request = Request::builder().method(Method::GET).uri(&url).body(Vec::new());
        let request = request.map_err(|_| OperatorError::Unformed)?;
        let answer = self.egress.send(request, LIMITS).await;
        let answer = answer.map_err(|source| OperatorError::Fetch { url, source: GetError::Egress(source) })?;
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|date| date.timestamp());
        Ok(HostSeen { status: answer.status().as_u16(), date, at: Self::now() })
    }

    /// Which version of a function gets the traffic, by the function's AWS name.
    pub async fn traffic(&self, function: &str) -> Result<Traffic, OperatorError> {
        let alias = self.lambda.get_alias().function_name(function).name("live").send().await;
        let alias = alias.map_err(|error| OperatorError::aws("ask for the alias of a function", &error))?;
        let shared = alias.routing_config.and_then(|config| config.additional_version_weights);
        let is_shared = shared.is_some_and(|weights| weights.values().any(|weight| *weight > 0.0));
        Ok(Traffic { version: alias.function_version.unwrap_or_default(), is_shared })
    }
}
