//! The MAC of a webhook (WorkOS documentation, "Webhooks", "Validate the requests").

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};

use crate::failure::Failure;
use crate::fault::Fault;
use crate::keys::KeySet;
use crate::webhook::mac_of;

/// The header's name, in lower case.
const HEADER: &str = "workos-signature";
/// How far the time in the header may be from ours, either way: WorkOS's own libraries allow as much. Each try is signed
/// anew, so this is no limit of the retries.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(3);
/// Milliseconds have thirteen digits until the year 2286; seconds have ten.
const DIGITS: usize = 13;

/// What `WorkOS-Signature` says: `t=MILLISECONDS, v1=HEXADECIMAL`, the HMAC-SHA256 of `t`, a point and the body's bytes,
/// under the endpoint's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `t` as it stands there: these characters are signed.
    time: String,
    at: Timestamp,
    mac: [u8; 32],
}

impl Signature {
    /// The header's name, in lower case.
    pub const HEADER: &str = HEADER;

    /// Reads the header. Each of its parts is there once: two headers come as one with both.
    pub fn read(header: Option<&str>) -> Result<Self, Failure> {
        let text = header.map(str::trim).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Failure::with(Fault::WorkosEventUnsigned, HEADER, "no such header"))?;
        Self::of(text).ok_or_else(|| {
            let got = format!("{} characters", text.len());
            Failure::with(Fault::WorkosEventSignatureWrong, "t=MILLISECONDS, v1=64 hexadecimal digits", &got)
        })
    }

    fn of(text: &str) -> Option<Self> {
        let (mut time, mut mac) = (None, None);
        for part in text.split(',') {
            let (name, value) = part.trim().split_once('=')?;
            let before = match name {
                "t" => time.replace(value),
                "v1" => mac.replace(value),
                // A later scheme beside this one.
                _ => None,
            };
            if before.is_some() {
                return None;
            }
        }
        let time = time.filter(|time| time.len() == DIGITS && time.bytes().all(|byte| byte.is_ascii_digit()))?;
        let at = Timestamp::from_millisecond(time.parse().ok()?).ok()?;
        // WorkOS writes small letters, and its own libraries take no others.
        let mac = mac.filter(|mac| !mac.bytes().any(|byte| byte.is_ascii_uppercase()))?;
        Some(Self { time: time.to_owned(), at, mac: mac_of(mac)? })
    }

    /// Whether a body is signed so, by one of the endpoint's secrets and now. While one secret follows another, both
    /// count.
    pub fn check(&self, secrets: &KeySet, body: &[u8], now: Timestamp) -> Result<(), Failure> {
        let is_by = |key: &crate::keys::Key| {
            // The MAC is over these very parts, without a copy of the body.
            let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes()));
            context.update(self.time.as_bytes());
            context.update(b".");
            context.update(body);
            aws_lc_rs::constant_time::verify_slices_are_equal(context.sign().as_ref(), &self.mac).is_ok()
        };
        if !secrets.all().iter().any(is_by) {
            let wanted = "the MAC under the secret of the endpoint";
            return Err(Failure::with(Fault::WorkosEventSignatureWrong, wanted, "another MAC"));
        }
        if now.duration_since(self.at).abs() > TOLERANCE {
            let wanted = format!("signed within three minutes of {now:.0}");
            return Err(Failure::with(Fault::WorkosEventStale, wanted, &format!("{:.0}", self.at)));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"event_1"}"#;
    /// `printf '1795435200000.{"id":"event_1"}' | openssl dgst -sha256 -hmac whsec_test`
    const HEADER_OF_BODY: &str = "t=1795435200000, v1=4e51b58a6b51c705c3da1776615e8cdc409e173ff3bb0788053b841f0434ba34";

    fn secrets(values: &[&str]) -> KeySet {
        let keys: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(at, value)| format!(r#"{{"id":"{at}","from":{at},"value":"{value}"}}"#))
            .collect();
        KeySet::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(","))).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::from_millisecond(1_795_435_200_000).unwrap()
    }

    fn fault(header: &str, body: &[u8], now: Timestamp) -> &'static str {
        let checked = Signature::read(Some(header));
        let checked = checked.and_then(|signature| signature.check(&secrets(&["whsec_test"]), body, now));
        checked.err().map_or("none", |failure| failure.fault.code())
    }

    #[test]
    fn c199_the_mac_is_openssls_over_time_point_and_body() {
        let mac = HEADER_OF_BODY.split_once("v1=").unwrap().1;
        let with = |text: String| fault(&text, BODY, now());
        assert_eq!(fault(HEADER_OF_BODY, BODY, now()), "none");
        assert_eq!(with(format!("t=1795435200000,v1={mac}")), "none");
        assert_eq!(with(format!("v1={mac},t=1795435200000")), "none");
        assert_eq!(with(format!("t=1795435200000, v1={mac}, v2=another")), "none");
        for wrong in [
            format!("t=1795435200000, v1={}", mac.to_uppercase()),
            format!("t=1795435200000, v1={}", &mac[..63]),
            format!("t=1795435200000, v1={mac}00"),
            format!("t=1795435200000, v0={mac}"),
            format!("v1={mac}"),
            mac.to_owned(),
            format!("{HEADER_OF_BODY},{HEADER_OF_BODY}"),
            format!("{HEADER_OF_BODY},t=1795435200000"),
            // Not what was signed.
            format!("t=1795435200001, v1={mac}"),
            // Seconds.
            format!("t=1795435200, v1={mac}"),
            format!("t=+795435200000, v1={mac}"),
        ] {
            assert_eq!(with(wrong.clone()), "workos_event_signature_wrong", "{wrong}");
        }
        for missing in [None, Some(""), Some("  ")] {
            assert_eq!(Signature::read(missing).unwrap_err().fault, Fault::WorkosEventUnsigned);
        }
    }

    #[test]
    fn c200_one_bit_more_or_less_is_refused() {
        let signature = Signature::read(Some(HEADER_OF_BODY)).unwrap();
        let secrets = secrets(&["whsec_test"]);
        for at in 0..BODY.len() {
            for bit in 0..8 {
                let mut body = BODY.to_vec();
                body[at] ^= 1 << bit;
                assert!(signature.check(&secrets, &body, now()).is_err(), "{at} {bit}");
            }
            assert!(signature.check(&secrets, &BODY[..at], now()).is_err());
        }
        for at in 0..32 {
            let mut other = signature.clone();
            other.mac[at] ^= 1;
            assert!(other.check(&secrets, BODY, now()).is_err(), "{at}");
        }
    }

    #[test]
    fn c201_what_was_signed_long_ago_or_is_to_be_is_refused() {
        for (seconds, wanted) in [
            (0, "none"),
            (180, "none"),
            (-180, "none"),
            (181, "workos_event_stale"),
            (-181, "workos_event_stale"),
            (86_400 * 400, "workos_event_stale"),
        ] {
            assert_eq!(fault(HEADER_OF_BODY, BODY, now() + SignedDuration::from_secs(seconds)), wanted, "{seconds}");
        }
    }

    #[test]
    fn c205_two_secrets_count_while_one_follows_the_other() {
        let signature = Signature::read(Some(HEADER_OF_BODY)).unwrap();
        for (values, is_good) in [
            (&["whsec_test", "whsec_next"][..], true),
            (&["whsec_old", "whsec_test"], true),
            (&["whsec_old", "whsec_next"], false),
            // What it encodes is not the key.
            (&["test"], false),
        ] {
            assert_eq!(signature.check(&secrets(values), BODY, now()).is_ok(), is_good, "{values:?}");
        }
    }
}
