//! As whom AWS is asked.

use crate::environment::{EnvironmentError, Variables};

/// AWS credentials, from the environment. A Lambda's do not change while it lives.
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`; in the sandbox, the function's name.
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_key: String,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<String>,
    /// `AWS_REGION`
    pub region: String,
}

impl Credentials {
    /// Reads them. The usual provider chain would look at files and at the network, which costs start time.
    pub fn read(variables: &Variables) -> Result<Self, EnvironmentError> {
        let read = |name: &'static str| variables.get(name).cloned().ok_or(EnvironmentError::Missing(name));
        Ok(Self {
            access_key: read("AWS_ACCESS_KEY_ID")?,
            secret_key: read("AWS_SECRET_ACCESS_KEY")?,
            session_token: variables.get("AWS_SESSION_TOKEN").cloned(),
            region: read("AWS_REGION")?,
        })
    }
}
