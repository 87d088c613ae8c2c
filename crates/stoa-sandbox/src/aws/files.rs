//! S3, as far as customers' files need it (REST API 2006-03-01): `GetObject` with a range and a condition, `HeadObject`,
//! `PutObject`; and what EventBridge is told of an object that was put there. In memory.
//!
//! Errors are S3's, as XML, and so is what S3 does not say: whoever may not list a bucket is not told that an object is
//! not there, but that they may not read it. What the bucket's policy in `template.yaml` refuses is refused here too.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use stoa_core::routes::Bucket;

use super::policy::Target;
use super::request::Member;
use super::touched::{Touched, is_like};
use super::{ACCOUNT, REGION, Stack};

/// The longest key, in bytes.
const LONGEST_KEY: usize = 1024;

/// The objects of every bucket, and what nobody was told of yet.
#[derive(Default)]
pub(super) struct Files(Mutex<State>);

#[derive(Default)]
struct State {
    objects: BTreeMap<(Bucket, String), Object>,
    told: Vec<Value>,
    puts: u64,
}

/// What is kept of an object.
#[derive(Clone)]
struct Object {
    bytes: Bytes,
    etag: String,
    kind: HeaderValue,
}

/// What is asked of which object.
pub(super) struct Asked {
    method: Method,
    bucket: Bucket,
    key: String,
}

/// What S3 answers.
pub(super) struct Answered {
    pub(super) response: Response<Full<Bytes>>,
    /// Of an error.
    pub(super) code: Option<&'static str>,
}

impl Asked {
    /// `None`: no object of a bucket of the stack. A bucket stands in the path here, and in the host at AWS.
    pub(super) fn of(head: &Parts, stack: &Stack) -> Option<Self> {
        let (name, key) = head.uri.path().strip_prefix('/')?.split_once('/')?;
        let bucket = stack.bucket(name)?;
        let key = percent_decode_str(key).decode_utf8().ok()?.into_owned();
        Some(Self { method: head.method.clone(), bucket, key })
    }

    /// The operation's name.
    pub(super) fn operation(&self) -> Option<&'static str> {
        match self.method {
            Method::GET => Some("GetObject"),
            Method::HEAD => Some("HeadObject"),
            Method::PUT => Some("PutObject"),
            _ => None,
        }
    }

    /// For the policy and the journal.
    pub(super) fn member(&self, stack: &Stack) -> Member {
        let action = if self.method == Method::PUT { "s3:PutObject" } else { "s3:GetObject" };
        Member {
            action: action.to_owned(),
            target: Target::Object(self.bucket, self.key.clone()),
            touched: Touched::default(),
            arn: format!("arn:aws:s3:::{}/{}", stack.bucket_name(self.bucket), self.key),
            resource: format!("{}/{}", self.bucket.as_str(), self.key),
            table: None,
            consistent: true,
        }
    }
}

impl Files {
    /// The bucket, if whoever asks for one of its objects has to be allowed to list it in order to be told that the object
    /// is not there.
    pub(super) fn lacks(&self, asked: &Asked) -> Option<Bucket> {
        let is_there = self.state(|state| state.objects.contains_key(&(asked.bucket, asked.key.clone())));
        (asked.method != Method::PUT && !is_there).then_some(asked.bucket)
    }

    /// Carries out what is allowed, for somebody who may list the bucket or not.
    pub(super) fn answer(
        &self,
        asked: &Asked,
        (may_list, headers): (bool, &HeaderMap),
        body: Bytes,
        stack: &Stack,
    ) -> Answered {
        if asked.key.len() > LONGEST_KEY {
            return error(StatusCode::BAD_REQUEST, "KeyTooLongError", &asked.method);
        }
        // What is sent has to be what was signed.
        let hash = headers.get("x-amz-content-sha256").and_then(|hash| hash.to_str().ok());
        match hash {
            None => return error(StatusCode::BAD_REQUEST, "InvalidRequest", &asked.method),
            Some("UNSIGNED-PAYLOAD") => {}
            Some(hash) if hash == hex(&body) => {}
            Some(_) => return error(StatusCode::BAD_REQUEST, "XAmzContentSHA256Mismatch", &asked.method),
        }
        match asked.method {
            Method::PUT => self.put(asked, headers, body, stack),
            _ => self.get(asked, may_list, headers),
        }
    }

    fn get(&self, asked: &Asked, may_list: bool, headers: &HeaderMap) -> Answered {
        let found = self.state(|state| state.objects.get(&(asked.bucket, asked.key.clone())).cloned());
        let Some(object) = found else {
            return match may_list {
                true => error(StatusCode::NOT_FOUND, "NoSuchKey", &asked.method),
                false => denied(&asked.method),
            };
        };
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if text("if-match").is_some_and(|wanted| wanted != "*" && wanted != object.etag) {
            return error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", &asked.method);
        }
        let whole = object.bytes.len();
        let (status, from, until) = match text("range").and_then(|range| Range::read(range, whole)) {
            None => (StatusCode::OK, 0, whole),
            Some(Range::Part(from, until)) => (StatusCode::PARTIAL_CONTENT, from, until),
            Some(Range::Beyond) => return error(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", &asked.method),
        };
        let part = if asked.method == Method::HEAD { Bytes::new() } else { object.bytes.slice(from..until) };
        let mut response = Response::new(Full::new(part));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert("content-type", object.kind);
        headers.extend(HeaderValue::from_str(&object.etag).map(|etag| (http::header::ETAG, etag)));
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {from}-{}/{whole}", until - 1);
            headers.extend(HeaderValue::from_str(&range).map(|range| (http::header::CONTENT_RANGE, range)));
        }
        if asked.method == Method::HEAD {
            headers.insert("content-length", whole.into());
        }
        Answered { response, code: None }
    }

    fn put(&self, asked: &Asked, headers: &HeaderMap, body: Bytes, stack: &Stack) -> Answered {
        if has_key_of_its_own(headers) {
            return denied(&asked.method);
        }
        // At S3 it is MD5, or nothing in particular.
        let etag = format!("\"{}\"", hex(&body).split_at(32).0);
        let octets = HeaderValue::from_static("binary/octet-stream");
        let kind = headers.get("content-type").cloned().unwrap_or(octets);
        self.state(|state| {
            state.puts += 1;
            if is_like(asked.bucket.starting(), &asked.key) {
                state.told.push(created(asked, (&etag, body.len(), state.puts), stack));
            }
            let object = Object { bytes: body, etag: etag.clone(), kind };
            state.objects.insert((asked.bucket, asked.key.clone()), object);
        });
        let mut response = Response::new(Full::new(Bytes::new()));
        response.headers_mut().extend(HeaderValue::from_str(&etag).map(|etag| (http::header::ETAG, etag)));
        Answered { response, code: None }
    }

    /// What EventBridge would hand over, and begins again.
    pub(super) fn take_told(&self) -> Vec<Value> {
        self.state(|state| std::mem::take(&mut state.told))
    }

    /// An object's bytes.
    pub(super) fn object(&self, bucket: Bucket, key: &str) -> Option<Bytes> {
        self.state(|state| state.objects.get(&(bucket, key.to_owned())).map(|object| object.bytes.clone()))
    }

    /// The keys of a bucket.
    pub(super) fn keys(&self, bucket: Bucket) -> Vec<String> {
        self.state(|state| state.objects.keys().filter(|(of, _)| *of == bucket).map(|(_, key)| key.clone()).collect())
    }

    /// Puts an object there.
    pub(super) fn put_there(&self, bucket: Bucket, key: &str, bytes: Bytes, stack: &Stack) {
        self.put(&Asked { method: Method::PUT, bucket, key: key.to_owned() }, &HeaderMap::new(), bytes, stack);
    }

    /// Deletes an object, as its lifetime does or whoever put it there.
    pub(super) fn delete(&self, bucket: Bucket, key: &str) {
        self.state(|state| state.objects.remove(&(bucket, key.to_owned())));
    }

    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

enum Range {
    Part(usize, usize),
    Beyond,
}

impl Range {
    /// `bytes=FROM-TO`, both of them in it; `bytes=FROM-`, to the end; `bytes=-LAST`, so many at the end. Another form is
    /// passed over, as S3 does.
    fn read(text: &str, whole: usize) -> Option<Self> {
        let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
        let number = |text: &str| match text {
            "" => Some(None),
            text => text.parse::<usize>().ok().map(Some),
        };
        match (number(from)?, number(to)?) {
            (None, None) => None,
            (Some(from), Some(to)) if to < from => None,
            (Some(from), _) if from >= whole => Some(Self::Beyond),
            (Some(from), Some(to)) => Some(Self::Part(from, whole.min(to.saturating_add(1)))),
            (Some(from), None) => Some(Self::Part(from, whole)),
            (None, Some(last)) if last == 0 || whole == 0 => Some(Self::Beyond),
            (None, Some(last)) => Some(Self::Part(whole.saturating_sub(last), whole)),
        }
    }
}

/// Whether an object is to be encrypted with a key that the bucket's readers may not use: one of KMS, or the sender's own.
fn has_key_of_its_own(headers: &HeaderMap) -> bool {
    let by = headers.get("x-amz-server-side-encryption");
    by.is_some_and(|by| by != "AES256") || headers.contains_key("x-amz-server-side-encryption-customer-algorithm")
}

/// "Object Created", as Amazon S3 tells EventBridge.
fn created(asked: &Asked, (etag, bytes, number): (&str, usize, u64), stack: &Stack) -> Value {
    let bucket = stack.bucket_name(asked.bucket);
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
    json!({
        "version": "0",
        "id": format!("00000000-0000-0000-0000-{number:012}"),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": now.to_string(),
        "region": REGION,
        "resources": [format!("arn:aws:s3:::{bucket}")],
        "detail": {
            "version": "0",
            "bucket": { "name": bucket },
            "object": {
                "key": asked.key,
                "size": bytes,
                "etag": etag.trim_matches('"'),
                "sequencer": format!("{number:018X}"),
            },
            "request-id": format!("{number:016}"),
            "requester": ACCOUNT,
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        },
    })
}

/// Whoever may not.
pub(super) fn denied(method: &Method) -> Answered {
    error(StatusCode::FORBIDDEN, "AccessDenied", method)
}

/// An error as S3 writes it; one to `HEAD` has no body.
pub(super) fn error(status: StatusCode, code: &'static str, method: &Method) -> Answered {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{code}</Message>\
         <RequestId>local</RequestId></Error>"
    );
    let body = if method == Method::HEAD { Bytes::new() } else { Bytes::from(text) };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/xml"));
    Answered { response, code: Some(code) }
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
