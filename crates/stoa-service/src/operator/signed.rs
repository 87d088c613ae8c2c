//! What the command asks of services of which the SDKs are not worth their code, and what they answer.

use std::time::Duration;

use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};

use super::OperatorError;
use crate::credentials::Credentials;
use crate::http_client::Outbound;
use crate::signing::{Signer, Unsigned, code_of};

/// Somebody waits at a terminal.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A list of a hundred subscriptions is a tenth of it.
const MOST_BYTES: usize = 512 * 1024;

/// Signs and sends.
pub(super) struct Signed {
    outbound: Outbound,
    signer: Signer,
    /// Instead of each service's own address.
    endpoint: Option<String>,
}

/// A request to a service.
pub(super) struct Asked<'a> {
    /// As a verb says it, for the message of a failure.
    pub(super) what: &'static str,
    /// As in its address and in the scope of the signature.
    pub(super) service: &'static str,
    pub(super) method: Method,
    /// With its query.
    pub(super) path: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: String,
}

impl Signed {
    pub(super) fn new(credentials: &Credentials, endpoint: Option<String>, outbound: Outbound) -> Self {
        Self { outbound, signer: Signer::new(credentials), endpoint }
    }

    /// The region that is asked.
    pub(super) fn region(&self) -> &str {
        self.signer.region()
    }

    /// The body of the answer, if that is 200.
    pub(super) async fn send(&self, asked: Asked<'_>) -> Result<Vec<u8>, OperatorError> {
        let Asked { what, service, method, path, headers, body } = asked;
        let host = match &self.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://{}", self.signer.host(service)),
        };
        let unsigned = Unsigned { service, method, url: &format!("{host}{path}"), headers, body: body.into_bytes() };
        let request = self.signer.sign(unsigned).ok_or(OperatorError::Unformed)?;
        let failed = |code: &str| OperatorError::Aws { what, code: code.to_owned() };
        let exchange = async {
            let answer = self.outbound.send(request).await.map_err(|_| failed("no connection"))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
            let body = body.map_err(|_| failed("the answer broke off or is too large"))?.to_bytes().to_vec();
            Ok::<_, OperatorError>((status, body))
        };
        let answer = tokio::time::timeout(TIMEOUT, exchange).await.map_err(|_elapsed| failed("no answer in time"))?;
        match answer? {
            (StatusCode::OK, body) => Ok(body),
            (status, body) => Err(failed(&code_of(&body).unwrap_or_else(|| format!("status {}", status.as_u16())))),
        }
    }
}
