//! S3: customers' files, read a part at a time, and what is told about them.
//!
//! Two calls, signed here. The SDK of S3 would be larger than everything else in the function.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::routes::Bucket;

use crate::credentials::Credentials;
use crate::environment::Environment;
use crate::http_client::Outbound;
use crate::signing::{Signer, Unsigned, code_of};

/// Bytes that are read at once.
pub(crate) const PART: u64 = 256 * 1024;
/// What an error of S3's may say.
const MOST_OF_AN_ERROR: usize = 16 * 1024;
/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How often a call is made that S3 did not answer.
const TRIES: u32 = 4;
/// How long the second try waits; each further one waits twice as long.
const BACKOFF: Duration = Duration::from_millis(200);

/// The objects of a bucket.
pub(crate) struct Objects {
    outbound: Outbound,
    signer: Signer,
    /// With the bucket in it, and no slash at its end.
    base: String,
}

/// Why a part of an object is not there.
pub(crate) enum Unread {
    /// There is no such object. S3 says so to those who may list, and to others that they may not read it.
    Gone,
    /// Another was put there since.
    Replaced,
    /// S3 itself.
    Failed(Failure),
}

impl Objects {
    pub(crate) fn new(credentials: &Credentials, environment: &Environment, outbound: Outbound) -> Self {
        let (signer, bucket) = (Signer::new(credentials), environment.bucket(Bucket::Files));
        let base = match &environment.endpoint {
            Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
            None => format!("https://{bucket}.{}", signer.host("s3")),
        };
        Self { outbound, signer, base }
    }

    /// At most [`PART`] bytes of an object from there on, as long as it has this ETag.
    pub(crate) async fn part(&self, key: &str, etag: &str, from: u64) -> Result<Bytes, Unread> {
        let (range, etag) = (format!("bytes={from}-{}", from + PART - 1), format!("\"{etag}\""));
        let headers = [("if-match", etag.as_str()), ("range", range.as_str())];
        let (status, body) = self.call(Method::GET, key, &headers, &[]).await.map_err(Unread::Failed)?;
        match status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(body),
            // Without the bucket, no file is there; but nobody has deleted any.
            StatusCode::NOT_FOUND if code_of(&body).is_none_or(|code| code == "NoSuchKey") => Err(Unread::Gone),
            StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE => Err(Unread::Replaced),
            status => Err(Unread::Failed(refused(status, &body))),
        }
    }

    /// Puts a CSV file there, over what may be there.
    pub(crate) async fn put(&self, key: &str, text: &str) -> Result<(), Failure> {
        let headers = [("content-type", "text/csv; charset=utf-8")];
        match self.call(Method::PUT, key, &headers, text.as_bytes()).await? {
            (StatusCode::OK, _) => Ok(()),
            (status, body) => Err(refused(status, &body)),
        }
    }

    /// What S3 answers, unless that is an error of its own. Either call may be made again.
    async fn call(
        &self,
        method: Method,
        key: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<(StatusCode, Bytes), Failure> {
        let url = format!("{}/{}", self.base, encoded(key));
        let mut last = Fault::FilesUnavailable.into();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(BACKOFF * (1 << (attempt - 1))).await;
            }
            let unsigned = Unsigned { service: "s3", method: method.clone(), url: &url, headers, body: body.to_vec() };
            let request = self.signer.sign(unsigned).ok_or(Fault::Internal)?;
            let exchange = async {
                let answer = self.outbound.send(request).await.map_err(|_| "no connection")?;
                let status = answer.status();
                let most = if status.is_success() { as_size(PART) } else { MOST_OF_AN_ERROR };
                let body = Limited::new(answer.into_body(), most).collect().await;
                let body = body.map_err(|_| "the answer broke off or is too large")?.to_bytes();
                Ok::<_, &'static str>((status, body))
            };
            last = match tokio::time::timeout(TIMEOUT, exchange).await {
                Ok(Ok((status, body))) if status.is_server_error() => refused(status, &body),
                Ok(Ok(answered)) => return Ok(answered),
                Ok(Err(why)) => Failure::noted(Fault::FilesUnavailable, why),
                Err(_elapsed) => Failure::noted(Fault::FilesUnavailable, "no answer in time"),
            };
        }
        Err(last)
    }
}

fn as_size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn refused(status: StatusCode, body: &[u8]) -> Failure {
    let code = code_of(body).unwrap_or_else(|| format!("status {}", status.as_u16()));
    let fault = if status == StatusCode::FORBIDDEN { Fault::PermissionMissing } else { Fault::FilesUnavailable };
    Failure::noted(fault, &code)
}

/// A key as S3's signature wants it: each byte that is not unreserved is `%XX`, and slashes stay.
fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_encoded_once_and_its_slashes_stay() {
        assert_eq!(encoded("acme/in/a b+c%20d.csv"), "acme/in/a%20b%2Bc%2520d.csv");
        assert_eq!(encoded("Größe$~_-.csv"), "Gr%C3%B6%C3%9Fe%24~_-.csv");
    }
}
