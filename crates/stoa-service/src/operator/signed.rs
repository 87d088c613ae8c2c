//! What AWS is asked in a few lines, signed as its SDKs sign it (Signature Version 4). An SDK for each of these services
//! would be many times the code of what is asked of it.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::body::SdkBody;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};

use super::OperatorError;
use crate::clients::Credentials;
use crate::http_client::Outbound;

/// Somebody waits at a terminal.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A list of a hundred subscriptions is a tenth of it.
const MOST_BYTES: usize = 512 * 1024;

/// Signs and sends.
pub(super) struct Signed {
    outbound: Outbound,
    identity: Identity,
    region: String,
    /// In place of each service's own address.
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
        let identity = aws_credential_types::Credentials::new(
            &credentials.access_key,
            &credentials.secret_key,
            credentials.session_token.clone(),
            None,
            "environment",
        );
        Self { outbound, identity: identity.into(), region: credentials.region.clone(), endpoint }
    }

    /// The body of the answer, if that is 200.
    pub(super) async fn send(&self, asked: Asked<'_>) -> Result<Vec<u8>, OperatorError> {
        let Asked { what, .. } = asked;
        let request = self.signed(asked).ok_or(OperatorError::Unformed)?;
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

    fn signed(&self, asked: Asked<'_>) -> Option<Request<SdkBody>> {
        let Asked { service, method, path, headers, body, .. } = asked;
        let host = match &self.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => {
                let suffix = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
                format!("https://{service}.{}.{suffix}", self.region)
            }
        };
        let url = format!("{host}{path}");
        let settings = SigningSettings::default();
        let signing = v4::SigningParams::builder().identity(&self.identity).region(&self.region).name(service);
        let signing = signing.time(SystemTime::now()).settings(settings).build().ok()?.into();
        let signable = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new(method.as_str(), &url, headers.iter().copied(), signable).ok()?;
        let (signature, _) = sign(signable, &signing).ok()?.into_parts();
        let request = Request::builder().method(method).uri(&url);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let mut request = request.body(SdkBody::from(body)).ok()?;
        signature.apply_to_request_http1x(&mut request);
        Some(request)
    }
}

/// The code of a refusal: `__type` of JSON, after its namespace, or the `Code` of XML.
fn code_of(body: &[u8]) -> Option<String> {
    if let Ok(refused) = serde_json::from_slice::<serde_json::Value>(body) {
        let kind = refused["__type"].as_str()?;
        return Some(kind.rsplit('#').next().unwrap_or(kind).to_owned());
    }
    let text = std::str::from_utf8(body).ok()?;
    let refused = roxmltree::Document::parse(text).ok()?;
    let code = refused.descendants().find(|node| node.has_tag_name("Code") || node.tag_name().name() == "Code")?;
    code.text().map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stoa_core::connection::UrlPolicy;

    use super::*;

    #[test]
    fn a_request_is_signed_for_its_service_and_region_with_the_session_s_token() {
        let credentials = Credentials {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: "secret".to_owned(),
            session_token: Some("session".to_owned()),
            region: "eu-central-1".to_owned(),
        };
        let signed = Signed::new(&credentials, None, Outbound::new(UrlPolicy::Https));
        let asked = Asked {
            what: "ask",
            service: "sqs",
            method: Method::POST,
            path: "/",
            headers: &[("x-amz-target", "AmazonSQS.GetQueueAttributes")],
            body: "{}".to_owned(),
        };
        let request = signed.signed(asked).unwrap();
        assert_eq!(request.uri(), "https://sqs.eu-central-1.amazonaws.com/");
        let header = |name| request.headers().get(name).unwrap().to_str().unwrap();
        let scope = header("authorization");
        assert!(scope.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{scope}");
        assert!(scope.contains("/eu-central-1/sqs/aws4_request, SignedHeaders=host;x-amz-date;"), "{scope}");
        assert!(scope.contains("x-amz-target") && !scope.contains("secret"), "{scope}");
        assert_eq!(header("x-amz-security-token"), "session");
    }

    #[test]
    fn the_code_of_a_refusal_is_read_from_json_and_from_xml() {
        let sqs = br#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"x"}"#;
        assert_eq!(code_of(sqs).as_deref(), Some("QueueDoesNotExist"));
        let sns = br#"<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>
            <Code>AuthorizationError</Code><Message>x</Message></Error></ErrorResponse>"#;
        assert_eq!(code_of(sns).as_deref(), Some("AuthorizationError"));
        assert_eq!(code_of(b"<html"), None);
    }
}
