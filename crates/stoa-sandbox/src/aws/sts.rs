//! STS, as far as the command `stoa` asks it: who am I (`GetCallerIdentity`, query protocol, version 2011-06-15).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::Full;

use super::policy;
use super::request::Caller;

/// Answers `GetCallerIdentity` to a principal that exists. It needs no permission and is not in the journal.
pub(super) fn answer(headers: &HeaderMap, body: &[u8]) -> Option<Response<Full<Bytes>>> {
    let asked = url::form_urlencoded::parse(body).any(|(name, value)| name == "Action" && value == "GetCallerIdentity");
    let caller = Caller::of(headers).filter(|caller| asked && policy::is_principal(&caller.principal))?;
    let Caller { principal, account, .. } = &caller;
    let text = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account}:user/{principal}</Arn><UserId>{principal}</UserId><Account>{account}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>local</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>"
    );
    let mut response = Response::new(Full::new(Bytes::from(text)));
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/xml"));
    Some(response)
}
