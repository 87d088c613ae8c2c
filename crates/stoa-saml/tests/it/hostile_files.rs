//! Messages in `testdata/hostile`: signed for real by `xmlsec1` and OpenSSL in ways that this profile does not take.
//! Nothing else is wrong with them, so a rule that is lost would let them in.

use std::{fs, path::Path};

use stoa_saml::RefusalCode as R;

use crate::fixture::*;

/// Every file, and the answer to it.
const FILES: [(&str, Option<R>); 17] = [
    ("c053-empty-uri", Some(R::ReferenceUri)),
    ("c055-xpath-without-name-id", Some(R::TransformRefused)),
    ("c057-inclusive-c14n", Some(R::CanonicalizationRefused)),
    ("c057-signed-info-inclusive", Some(R::CanonicalizationRefused)),
    ("c057-signed-info-with-comments", Some(R::CanonicalizationRefused)),
    ("c057-with-comments", Some(R::CanonicalizationRefused)),
    ("c062-sha1-digest", Some(R::DigestAlgorithmRefused)),
    ("c062-sha1-signature", Some(R::SignatureAlgorithmRefused)),
    ("c063-hmac-with-the-certificate", Some(R::SignatureAlgorithmRefused)),
    ("c066-hmac-output-length", Some(R::SignatureAlgorithmRefused)),
    ("c067-key-value-of-the-attacker", Some(R::SignatureMismatch)),
    ("c076-block-type-2", Some(R::SignatureMismatch)),
    ("c076-digest-info-without-null", Some(R::SignatureMismatch)),
    ("c076-garbage-after-the-digest", Some(R::SignatureMismatch)),
    ("c076-garbage-in-the-padding", Some(R::SignatureMismatch)),
    ("c076-no-digest-info", Some(R::SignatureMismatch)),
    ("c076-padding-sound", None),
];

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/hostile"))
}

#[test]
fn c053_c055_c057_c062_c063_c066_c067_c076_signed_by_other_tools() {
    for (name, expected) in FILES {
        let xml = fs::read(folder().join(format!("{name}.xml"))).unwrap();
        let code = check(&xml).err().map(|refusal| refusal.code);
        assert_eq!(code, expected, "{name}");
    }
}

#[test]
fn every_file_is_tried() {
    let mut files: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".xml").map(str::to_owned))
        .filter(|name| name != "unsigned")
        .collect();
    files.sort();
    assert_eq!(files, FILES.map(|(name, _)| name));
}

/// The message under all of these is a good one.
#[test]
fn the_unsigned_message_is_sound() {
    let xml = fs::read_to_string(folder().join("unsigned.xml")).unwrap();
    refused(&xml, R::SignatureMissing);
    accepted(sign(&xml, "R-1"));
}
