//! Properties: whatever is done to a good message, nothing panics, and what still passes says the same.

use std::sync::LazyLock;

use proptest::prelude::*;
use stoa_saml::idp::{DataEncryption, Encrypt, KeyTransport, Placement, SignWhat};
use stoa_saml::{Attribute, VerifiedResponse, decode_post_binding, metadata, unverified_in_response_to};

use crate::fixture::*;
use crate::oracle;

/// One change to a message.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Insert(usize, String),
    Remove(usize, usize),
    Copy(usize, usize, usize),
    Swap(usize, usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        match self {
            Self::Set(at, value) => bytes[at % length] = *value,
            Self::Insert(at, text) => drop(bytes.splice(at % length..at % length, text.bytes())),
            Self::Remove(at, count) => drop(bytes.drain(at % length..(at % length + count).min(length))),
            Self::Copy(from, count, to) => {
                let piece = bytes[from % length..(from % length + count).min(length)].to_vec();
                bytes.splice(to % length..to % length, piece);
            }
            Self::Swap(a, b) => bytes.swap(a % length, b % length),
        }
        if bytes.is_empty() {
            bytes.push(b'<');
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let at = || 0..8192_usize;
    let piece = prop_oneof![
        "[ -~]{1,3}",
        Just("<!---->".to_owned()),
        Just("&#65;".to_owned()),
        Just("<![CDATA[x]]>".to_owned()),
        Just(" xmlns:q=\"urn:q\"".to_owned()),
        Just(" ID=\"A-1\"".to_owned()),
        Just("\r\n".to_owned()),
    ];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, value)| Change::Set(at, value)),
        (at(), piece).prop_map(|(at, text)| Change::Insert(at, text)),
        (at(), 1..400_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (at(), 1..2000_usize, at()).prop_map(|(from, count, to)| Change::Copy(from, count, to)),
        (at(), at()).prop_map(|(a, b)| Change::Swap(a, b)),
    ]
}

/// Whether `changed` says what `original` says, or less: what was made unreadable is not read.
fn says_no_more(changed: &VerifiedResponse, original: &VerifiedResponse) -> bool {
    let no_more = |(changed, original): (&Attribute, &Attribute)| {
        changed.name == original.name
            && changed.values.len() + changed.not_text == original.values.len()
            && changed.values.iter().all(|value| original.values.contains(value))
    };
    let (ours, theirs) = (changed.attributes(), original.attributes());
    (changed.name_id() == original.name_id() || changed.name_id().is_err())
        && ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(no_more)
        && changed.issuer() == original.issuer()
        && changed.assertion_id() == original.assertion_id()
        && changed.authn_instant() == original.authn_instant()
        && changed.session_index() == original.session_index()
        && (changed.authn_context() == original.authn_context() || changed.authn_context().is_none())
}

/// A good message for each way of signing, and one encrypted, with what each says.
static MESSAGES: LazyLock<Vec<(String, VerifiedResponse)>> = LazyLock::new(|| {
    let signed = [SignWhat::Response, SignWhat::Assertion, SignWhat::Both].map(|sign| issue(&template(), sign));
    signed.into_iter().chain([encrypted()]).map(|xml| (xml.clone(), VERIFIER.verify(xml).unwrap())).collect()
});

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.decryption_keys = vec![decryption_key("sp")];
    verifier
});

fn encrypted() -> String {
    let certificate = certificate("sp");
    issue_with(&template(), |issue| {
        issue.encrypt = Some(Encrypt {
            certificate: &certificate,
            data: DataEncryption::Aes256Gcm,
            transport: KeyTransport::OaepMgf1pSha1,
            placement: Placement::Sibling,
        });
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn c024_c026_a_changed_message_is_refused_or_says_the_same(
        which in 0..4_usize,
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        let (original, said) = &MESSAGES[which];
        let mut bytes = original.clone().into_bytes();
        changes.iter().for_each(|change| change.apply(&mut bytes));
        if let Ok(verified) = VERIFIER.verify(&bytes) {
            prop_assert!(says_no_more(&verified, said), "{}", String::from_utf8_lossy(&bytes));
            oracle::accepts(&bytes, "idp-current");
        }
    }

    #[test]
    fn nothing_panics_on_anything(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,200}") {
        let _ = check(&bytes);
        let _ = check(&text);
        let _ = decode_post_binding(&text);
        let _ = unverified_in_response_to(text.as_bytes());
        let _ = metadata::parse(text.as_bytes(), None, now());
    }
}

#[test]
fn the_pending_request_is_found() {
    assert_eq!(unverified_in_response_to(good().as_bytes()).as_deref(), Some(REQUEST));
    let declared = format!("\u{feff}<?xml version=\"1.0\"?>\n{}", good());
    assert_eq!(unverified_in_response_to(declared.as_bytes()).as_deref(), Some(REQUEST));
    assert_eq!(unverified_in_response_to(b"<a b='>' InResponseTo='x'/>").as_deref(), Some("x"));
    for nothing in ["", "<", "<a", "<a b=\"", "x", "<a/>", "<!DOCTYPE a><a InResponseTo='x'/>"] {
        assert_eq!(unverified_in_response_to(nothing.as_bytes()), None, "{nothing}");
    }
}
