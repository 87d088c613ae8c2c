//! What AWS is asked in a few lines, signed as its SDKs sign it (Signature Version 4). An SDK for each of these services
//! would be many times the code of what is asked of it.

use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_types::body::SdkBody;
use http::{Method, Request};

use crate::credentials::Credentials;

/// Signs as whoever the credentials are of.
pub(crate) struct Signer {
    identity: Identity,
    region: String,
}

/// A request that is to be signed.
pub(crate) struct Unsigned<'a> {
    /// As in the scope of the signature.
    pub(crate) service: &'static str,
    pub(crate) method: Method,
    /// With scheme, host, path and query, percent-encoded once.
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Vec<u8>,
}

impl Signer {
    pub(crate) fn new(credentials: &Credentials) -> Self {
        let identity = aws_credential_types::Credentials::new(
            &credentials.access_key,
            &credentials.secret_key,
            credentials.session_token.clone(),
            None,
            "environment",
        );
        Self { identity: identity.into(), region: credentials.region.clone() }
    }

    /// The region of what it signs.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// `sqs.eu-west-1.amazonaws.com`
    pub(crate) fn host(&self, service: &str) -> String {
        let suffix = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("{service}.{}.{suffix}", self.region)
    }

    /// `None`: the request is none.
    pub(crate) fn sign(&self, unsigned: Unsigned<'_>) -> Option<Request<SdkBody>> {
        self.sign_at(unsigned, SystemTime::now())
    }

    fn sign_at(&self, unsigned: Unsigned<'_>, at: SystemTime) -> Option<Request<SdkBody>> {
        let Unsigned { service, method, url, headers, body } = unsigned;
        let mut settings = SigningSettings::default();
        if service == "s3" {
            // S3 takes a key as it is, dots and all, and wants to know what it is sent.
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let signing = v4::SigningParams::builder().identity(&self.identity).region(&self.region).name(service);
        let signing = signing.time(at).settings(settings).build().ok()?.into();
        let signable = SignableBody::Bytes(&body);
        let signable = SignableRequest::new(method.as_str(), url, headers.iter().copied(), signable).ok()?;
        let (signature, _) = sign(signable, &signing).ok()?.into_parts();
        let request = Request::builder().method(method).uri(url);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let mut request = request.body(SdkBody::from(body)).ok()?;
        signature.apply_to_request_http1x(&mut request);
        Some(request)
    }
}

/// The code of a refusal: `__type` of JSON, after its namespace, or the `Code` of XML.
pub(crate) fn code_of(body: &[u8]) -> Option<String> {
    if let Ok(refused) = serde_json::from_slice::<serde_json::Value>(body) {
        let kind = refused["__type"].as_str()?;
        return Some(kind.rsplit('#').next().unwrap_or(kind).to_owned());
    }
    let text = std::str::from_utf8(body).ok()?;
    let refused = roxmltree::Document::parse(text).ok()?;
    let code = refused.descendants().find(|node| node.tag_name().name() == "Code")?;
    code.text().map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn signer(token: Option<&str>, (access_key, secret_key, region): (&str, &str, &str)) -> Signer {
        Signer::new(&Credentials {
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
            session_token: token.map(str::to_owned),
            region: region.to_owned(),
        })
    }

    fn header<'a>(request: &'a Request<SdkBody>, name: &str) -> &'a str {
        request.headers().get(name).unwrap().to_str().unwrap()
    }

    #[test]
    fn a_request_is_signed_for_its_service_and_region_with_the_session_s_token() {
        let signer = signer(Some("session"), ("AKIDEXAMPLE", "secret", "eu-central-1"));
        let unsigned = Unsigned {
            service: "sqs",
            method: Method::POST,
            url: &format!("https://{}/", signer.host("sqs")),
            headers: &[("x-amz-target", "AmazonSQS.GetQueueAttributes")],
            body: b"{}".to_vec(),
        };
        let request = signer.sign(unsigned).unwrap();
        assert_eq!(request.uri(), "https://sqs.eu-central-1.amazonaws.com/");
        let scope = header(&request, "authorization");
        assert!(scope.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{scope}");
        assert!(scope.contains("/eu-central-1/sqs/aws4_request, SignedHeaders=host;x-amz-date;"), "{scope}");
        assert!(scope.contains("x-amz-target") && !scope.contains("secret"), "{scope}");
        assert_eq!(header(&request, "x-amz-security-token"), "session");
    }

    /// The examples of S3's own manual ("Signature Calculations for the Authorization Header").
    #[test]
    fn s3_would_compute_the_same_signatures() {
        let signer = signer(None, ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"));
        let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_369_353_600);
        let get = Unsigned {
            service: "s3",
            method: Method::GET,
            url: "https://examplebucket.s3.amazonaws.com/test.txt",
            headers: &[("range", "bytes=0-9")],
            body: Vec::new(),
        };
        let request = signer.sign_at(get, at).unwrap();
        let signed = header(&request, "authorization");
        let wanted = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert!(signed.ends_with(&format!("Signature={wanted}")), "{signed}");
        let put = Unsigned {
            service: "s3",
            method: Method::PUT,
            url: "https://examplebucket.s3.amazonaws.com/test%24file.text",
            headers: &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            body: b"Welcome to Amazon S3.".to_vec(),
        };
        let request = signer.sign_at(put, at).unwrap();
        let signed = header(&request, "authorization");
        let wanted = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
        assert!(signed.ends_with(&format!("Signature={wanted}")), "{signed}");
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
