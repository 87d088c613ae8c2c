//! What starts the function that is no question of the command's: S3, by way of EventBridge, and the clock.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Who starts the function.
pub(super) enum Told {
    /// An object was put into a bucket.
    Created(Created),
    /// The clock, which goes on with what waits.
    Clock,
}

/// An object that was put into a bucket ("Object Created", Amazon S3's events of EventBridge). It comes at least once,
/// and in any order.
#[derive(Deserialize)]
pub(super) struct Created {
    /// When, to the second.
    pub(super) time: Timestamp,
    /// Which object, of which bucket.
    pub(super) detail: Detail,
}

#[derive(Deserialize)]
pub(super) struct Detail {
    pub(super) bucket: Bucket,
    pub(super) object: Object,
}

#[derive(Deserialize)]
pub(super) struct Bucket {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Object {
    pub(super) key: String,
    #[serde(default)]
    pub(super) size: u64,
    /// Without quotation marks.
    pub(super) etag: String,
    /// Grows with each time that something is put under the same key.
    #[serde(default)]
    pub(super) sequencer: String,
}

impl Told {
    /// `None`: neither of the two.
    pub(super) fn of(event: &Value) -> Option<Self> {
        match (event["source"].as_str()?, event["detail-type"].as_str()?) {
            ("aws.s3", "Object Created") => Created::deserialize(event).ok().map(Self::Created),
            ("aws.scheduler", _) => Some(Self::Clock),
            _ => None,
        }
    }
}

/// The keys that may be meant: as it stands there, and as it is if it is encoded like a form, which S3's older
/// notifications do. EventBridge's are not, as far as is known; S3's manual does not say.
pub(super) fn keys(key: &str) -> impl Iterator<Item = String> {
    let form = format!("={}", key.replace('&', "%26"));
    let decoded = url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned());
    std::iter::once(key.to_owned()).chain(decoded.filter(|decoded| decoded != key))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_neither_an_object_nor_the_clock_is_a_question() {
        let object = json!({"bucket": {"name": "b"}, "object": {"key": "k", "size": 1, "etag": "e"}});
        let event = json!({"source": "aws.s3", "detail-type": "Object Created", "time": "2026-11-23T06:00:00Z",
            "detail": object});
        assert!(matches!(Told::of(&event), Some(Told::Created(_))));
        let clock = json!({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}"});
        assert!(matches!(Told::of(&clock), Some(Told::Clock)));
        let deleted = json!({"source": "aws.s3", "detail-type": "Object Deleted"});
        for other in [deleted, json!({"rows": {}}), json!(null), json!({"source": "aws.s3", "detail-type": 1})] {
            assert!(Told::of(&other).is_none(), "{other}");
        }
        let mut torn = event;
        torn["detail"]["object"]["key"] = json!(1);
        assert!(Told::of(&torn).is_none());
    }

    #[test]
    fn a_key_is_taken_as_it_is_first_and_decoded_only_then() {
        let keys = |key: &str| super::keys(key).collect::<Vec<_>>();
        assert_eq!(keys("pg/in/a.csv"), ["pg/in/a.csv"]);
        assert_eq!(keys("pg/in/a+b%2Bc&=.csv"), ["pg/in/a+b%2Bc&=.csv", "pg/in/a b+c&=.csv"]);
        assert_eq!(keys("pg/in/Gr%C3%B6%C3%9Fe.csv")[1], "pg/in/Größe.csv");
    }
}
