//! What a function is told by its environment.

use std::collections::HashMap;

use stoa_core::connection::UrlPolicy;
use stoa_core::routes::{Bucket, Function, ROUTES, Table, Variable};

/// Environment variables as a map, so that several functions can live in one process.
pub type Variables = HashMap<String, String>;

/// A function's settings.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The function's name.
    pub function: &'static str,
    /// Git revision and, in AWS, the function's version.
    pub build: String,
    /// CloudWatch's namespace of the stack's metrics.
    pub metric_namespace: String,
    /// `https://` and our host.
    pub public_url: String,
    /// First part of every secret's name.
    pub secret_prefix: String,
    /// `AWS_ENDPOINT_URL`, where it is set.
    pub endpoint: Option<String>,
    /// What addresses may look like.
    pub url_policy: UrlPolicy,
    tables: HashMap<Table, String>,
    buckets: HashMap<Bucket, String>,
}

/// The environment lacks something. A function does not start without it.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// No function of that name is registered.
    #[error("no function is called {0:?}")]
    Unknown(&'static str),
    /// A variable is missing.
    #[error("the environment variable {0} is missing")]
    Missing(&'static str),
    /// The public URL ends with a slash or has a path.
    #[error("STOA_PUBLIC_URL must be a scheme and a host, without a path or a trailing slash")]
    PublicUrl,
}

impl Environment {
    /// Reads what the register says the function is given, and nothing more.
    pub fn read(function: &'static str, variables: &Variables) -> Result<Self, EnvironmentError> {
        let entry: &Function =
            ROUTES.iter().find(|entry| entry.name == function).ok_or(EnvironmentError::Unknown(function))?;
        let given: Vec<Variable> = entry.environment().collect();
        let read = |variable: Variable| -> Result<String, EnvironmentError> {
            if !given.contains(&variable) {
                return Ok(String::new());
            }
            variables.get(variable.as_str()).cloned().ok_or(EnvironmentError::Missing(variable.as_str()))
        };
        let mut tables = HashMap::new();
        for table in Table::ALL {
            tables.insert(*table, read(Variable::Table(*table))?);
        }
        let mut buckets = HashMap::new();
        for bucket in Bucket::ALL {
            buckets.insert(*bucket, read(Variable::Bucket(*bucket))?);
        }
        let endpoint = variables.get("AWS_ENDPOINT_URL").cloned();
        let public_url = read(Variable::PublicUrl)?;
        let is_origin = url::Url::parse(&public_url).is_ok_and(|url| url.path() == "/" && url.query().is_none());
        if !is_origin || public_url.ends_with('/') {
            return Err(EnvironmentError::PublicUrl);
        }
        let build = read(Variable::Build)?;
        let version = variables.get("AWS_LAMBDA_FUNCTION_VERSION");
        Ok(Self {
            function: entry.name,
            build: version.map_or_else(|| build.clone(), |version| format!("{build}/{version}")),
            metric_namespace: read(Variable::MetricNamespace)?,
            public_url,
            secret_prefix: read(Variable::SecretPrefix)?,
            url_policy: url_policy(endpoint.as_deref()),
            endpoint,
            tables,
            buckets,
        })
    }

    /// The name of a table; empty where the function is not given it.
    pub fn table(&self, table: Table) -> &str {
        self.tables.get(&table).map_or("", String::as_str)
    }

    /// The name of a bucket; empty where the function is not given it.
    pub fn bucket(&self, bucket: Bucket) -> &str {
        self.buckets.get(&bucket).map_or("", String::as_str)
    }
}

/// Addresses may be http only where AWS itself is on this machine.
pub(crate) fn url_policy(endpoint: Option<&str>) -> UrlPolicy {
    let host = endpoint.and_then(|text| url::Url::parse(text).ok()?.host_str().map(str::to_owned));
    match host.as_deref() {
        Some("127.0.0.1" | "localhost") => UrlPolicy::LoopbackToo,
        _ => UrlPolicy::Https,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_allowed_only_where_aws_is_on_this_machine() {
        assert_eq!(url_policy(None), UrlPolicy::Https);
        assert_eq!(url_policy(Some("https://dynamodb.us-east-1.amazonaws.com")), UrlPolicy::Https);
        assert_eq!(url_policy(Some("http://127.0.0.1.evil.example:4566")), UrlPolicy::Https);
        assert_eq!(url_policy(Some("http://127.0.0.1:4566")), UrlPolicy::LoopbackToo);
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = Environment::read("login", &Variables::new());
        assert!(matches!(error, Err(EnvironmentError::Missing(name)) if name.starts_with("STOA_")));
    }
}
