//! STS, as far as the operator's command asks it: who am I (`GetCallerIdentity`, query protocol, version 2011-06-15).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::Full;

use super::request::access_key_id;
use super::{ACCOUNT, policy};

/// Answers `GetCallerIdentity` to a principal that exists. It needs no permission and is not in the journal.
pub(super) fn answer(headers: &HeaderMap, body: &[u8]) -> Option<Response<Full<Bytes>>> {
    let asked = url::form_urlencoded::parse(body).any(|(name, value)| name == "Action" && value == "GetCallerIdentity");
    let principal = access_key_id(headers).filter(|principal| asked && policy::is_principal(principal))?;
    let text = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{ACCOUNT}:user/{principal}</Arn><UserId>{principal}</UserId><Account>{ACCOUNT}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>"
    );
    let mut response = Response::new(Full::new(Bytes::from(text)));
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/xml"));
    Some(response)
}
