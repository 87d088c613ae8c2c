//! What a guide tells an administrator to choose is what the verifier takes: each choice that is named is made, signed
//! and encrypted, and must come through.

use jiff::Timestamp;
use stoa_saml::idp::{DataEncryption, Encrypt, Issue, KeyTransport, Placement, ResponseTemplate, SignWhat};
use stoa_saml::{
    Certificate, DecryptionKey, DigestAlgorithm, Expected, Freshness, RefusalCode, ResponseInput, SignatureAlgorithm,
    SigningKey, Skew, Trust, verify,
};

use crate::guide::{OIDC, SAML, guide};

macro_rules! key {
    ($file:literal) => {
        include_str!(concat!("../../../stoa-saml/testdata/keys/", $file))
    };
}

const IDP: &str = "https://idp.example";
const ACS: &str = "https://sso.example.com/saml/acme/acs";

/// What a choice in a console does to a message.
#[derive(Clone, Copy, Debug)]
enum Means {
    Signs(SignWhat),
    By(SignatureAlgorithm),
    Digests(DigestAlgorithm),
    Encrypts(Option<DataEncryption>),
    Wraps(KeyTransport),
    /// Nothing that another row does not say as well.
    Nothing,
}

/// A console's words: the label of a row, and the choices there that are known. One that is not known is a mistake of
/// the guide's, or a word to be added here, with what it does.
type Words = &'static [(&'static str, &'static [(&'static str, Means)])];

use DataEncryption::{Aes128Cbc, Aes128Gcm, Aes192Gcm, Aes256Cbc, Aes256Gcm};
use DigestAlgorithm::{Sha256, Sha384, Sha512};
use KeyTransport::{OaepMgf1pSha1, OaepSha256};
use Means::{By, Digests, Encrypts, Nothing, Signs, Wraps};
use SignWhat::{Assertion, Both, Response};
use SignatureAlgorithm::{EcdsaSha256, EcdsaSha384, RsaSha256, RsaSha384, RsaSha512};

const PINGFEDERATE: Words = &[
    (
        "Signature Policy",
        &[("as it is (the Response is signed)", Signs(Response)), ("Always Sign Assertion", Signs(Both))],
    ),
    (
        "Digital Signature Settings",
        &[("RSA SHA256", By(RsaSha256)), ("RSA SHA384", By(RsaSha384)), ("RSA SHA512", By(RsaSha512))],
    ),
    ("Encryption Policy", &[("None", Encrypts(None)), ("The Entire Assertion", Nothing)]),
    (
        "Select XML Encryption Certificate > Block Encryption Algorithm",
        &[
            ("AES-256-GCM", Encrypts(Some(Aes256Gcm))),
            ("AES-128-GCM", Encrypts(Some(Aes128Gcm))),
            ("AES-256", Encrypts(Some(Aes256Cbc))),
            ("AES-128", Encrypts(Some(Aes128Cbc))),
        ],
    ),
    ("Select XML Encryption Certificate > Key Transport Algorithm", &[("RSA-OAEP", Wraps(OaepMgf1pSha1))]),
];

const OKTA: Words = &[
    ("Response, Assertion Signature", &[("Signed", Signs(Both))]),
    ("Signature Algorithm", &[("RSA-SHA256", By(RsaSha256))]),
    ("Digest Algorithm", &[("SHA256", Digests(Sha256))]),
    ("Assertion Encryption", &[("Unencrypted", Encrypts(None)), ("Encrypted", Nothing)]),
    (
        "Encryption Algorithm",
        &[
            ("AES256-GCM", Encrypts(Some(Aes256Gcm))),
            ("AES256-CBC", Encrypts(Some(Aes256Cbc))),
            ("AES128-CBC", Encrypts(Some(Aes128Cbc))),
        ],
    ),
    ("Key Transport Algorithm", &[("RSA-OAEP", Wraps(OaepMgf1pSha1))]),
    ("Encryption Certificate", &[("the one in our metadata", Nothing)]),
];

const ENTRA: Words = &[
    (
        "SAML Certificates > Signing Option",
        &[
            ("Sign SAML assertion", Signs(Assertion)),
            ("Sign SAML response", Signs(Response)),
            ("Sign SAML response and assertion", Signs(Both)),
        ],
    ),
    ("SAML Certificates > Signing Algorithm", &[("SHA-256", By(RsaSha256))]),
    ("Token encryption", &[("none", Encrypts(None)), ("Import Certificate", Encrypts(Some(Aes256Cbc)))]),
];

const GOOGLE: Words = &[("Signed response", &[("selected", Signs(Response))])];

const GENERIC: Words = &[
    ("What is signed", &[("Response", Signs(Response)), ("Assertion", Signs(Assertion)), ("both", Signs(Both))]),
    (
        "Signature algorithm",
        &[
            ("RSA-SHA256", By(RsaSha256)),
            ("RSA-SHA384", By(RsaSha384)),
            ("RSA-SHA512", By(RsaSha512)),
            ("ECDSA-SHA256", By(EcdsaSha256)),
            ("ECDSA-SHA384", By(EcdsaSha384)),
        ],
    ),
    ("Digest algorithm", &[("SHA-256", Digests(Sha256)), ("SHA-384", Digests(Sha384)), ("SHA-512", Digests(Sha512))]),
    ("Canonicalization", &[("Exclusive (xml-exc-c14n)", Nothing)]),
    (
        "Encryption of the Assertion",
        &[
            ("none", Encrypts(None)),
            ("AES-256-GCM", Encrypts(Some(Aes256Gcm))),
            ("AES-192-GCM", Encrypts(Some(Aes192Gcm))),
            ("AES-128-GCM", Encrypts(Some(Aes128Gcm))),
            ("AES-256-CBC", Encrypts(Some(Aes256Cbc))),
            ("AES-128-CBC", Encrypts(Some(Aes128Cbc))),
        ],
    ),
    (
        "Key transport",
        &[("RSA-OAEP with SHA-1 only", Wraps(OaepMgf1pSha1)), ("RSA-OAEP with SHA-256 only", Wraps(OaepSha256))],
    ),
];

const ADFS: Words = &[
    ("Properties > Advanced > Secure hash algorithm", &[("SHA-256", By(RsaSha256))]),
    (
        "Set-AdfsRelyingPartyTrust -SamlResponseSignature",
        &[("AssertionOnly", Signs(Assertion)), ("MessageOnly", Signs(Response)), ("MessageAndAssertion", Signs(Both))],
    ),
    ("Set-AdfsRelyingPartyTrust -EncryptClaims", &[("$true", Encrypts(Some(Aes256Cbc))), ("$false", Encrypts(None))]),
];

const KEYCLOAK: Words = &[
    ("Settings > Sign documents", &[("On", Nothing)]),
    ("Settings > Sign assertions", &[("Off", Signs(Response)), ("On", Signs(Both))]),
    ("Settings > Signature algorithm", &[("RSA_SHA256", By(RsaSha256)), ("RSA_SHA512", By(RsaSha512))]),
    ("Settings > Canonicalization method", &[("EXCLUSIVE", Nothing)]),
    ("Keys > Client signature required", &[("Off", Nothing)]),
    ("Keys > Encrypt assertions", &[("Off", Encrypts(None)), ("On", Nothing)]),
    (
        "Keys > Encryption algorithm",
        &[
            ("AES_256_GCM", Encrypts(Some(Aes256Gcm))),
            ("AES_192_GCM", Encrypts(Some(Aes192Gcm))),
            ("AES_128_GCM", Encrypts(Some(Aes128Gcm))),
            ("AES_256_CBC", Encrypts(Some(Aes256Cbc))),
            ("AES_128_CBC", Encrypts(Some(Aes128Cbc))),
        ],
    ),
    ("Keys > Key transport algorithm", &[("RSA-OAEP-11", Wraps(OaepSha256))]),
    ("Keys > Digest method", &[("SHA-256", Nothing)]),
    ("Keys > Mask generation function", &[("mgf1sha256", Nothing)]),
];

/// A product, the preset of its guide, the part of it, and its words.
const PRODUCTS: [(&str, &str, &str, Words); 7] = [
    ("PingFederate", "pingfederate", "1. Applications > Integration > SP Connections", PINGFEDERATE),
    ("Okta", "okta", "1. Applications > Applications > Create App Integration", OKTA),
    ("Entra", "entra", "1. Enterprise applications", ENTRA),
    ("Google", "google", "1. Apps > Web and mobile apps", GOOGLE),
    ("any product", "generic", "1. Create an application", GENERIC),
    ("AD FS", "generic", "2. If it is AD FS", ADFS),
    ("Keycloak", "generic", "3. If it is Keycloak", KEYCLOAK),
];

/// The rows of a part: label, and the choices that its value names.
fn rows(guide: &str, part: &str) -> Vec<(String, Vec<String>)> {
    let from = guide.find(part).unwrap_or_else(|| panic!("no part {part:?} in {guide}"));
    let lines = guide[from..].lines().skip(1).take_while(|line| !line.is_empty());
    let pairs = lines.filter_map(|line| line.trim_start().split_once("   "));
    let choices = |value: &str| {
        let value = value.trim().replace(", or ", ", ").replace(" or ", ", ");
        value.split(", ").map(str::to_owned).collect()
    };
    pairs.map(|(label, value)| (label.to_owned(), choices(value))).collect()
}

/// Everything that the part names, in one list.
fn meanings(guide: &str, (product, _, part, words): (&str, &str, &str, Words)) -> Vec<Means> {
    let mut all = Vec::new();
    for (label, choices) in rows(guide, part) {
        let lower = label.to_lowercase();
        let is_about_crypto =
            ["signature", "signed", "signing", "sign ", "encrypt", "algorithm", "digest", "hash", "key"].iter().any(
                |word| lower.contains(word) && !lower.starts_with("sign on url") && !lower.starts_with("single sign"),
            );
        match words.iter().find(|(known, _)| *known == label) {
            Some((_, known)) => all.extend(choices.iter().map(|choice| {
                let means = known.iter().find(|(word, _)| word == choice);
                means.unwrap_or_else(|| panic!("{product}: {label}: what does {choice:?} do?")).1
            })),
            None => assert!(!is_about_crypto, "{product}: what does {label:?} do?"),
        }
    }
    all
}

/// The choices of one kind, or what a product does where it offers none.
fn chosen<T>(all: &[Means], of: impl Fn(Means) -> Option<T>, otherwise: T) -> Vec<T> {
    let named: Vec<T> = all.iter().filter_map(|means| of(*means)).collect();
    if named.is_empty() { vec![otherwise] } else { named }
}

/// Signs and encrypts a Response so, and verifies it as the connection would.
fn tried(
    sign: SignWhat,
    algorithm: SignatureAlgorithm,
    digest: DigestAlgorithm,
    data: Option<DataEncryption>,
    transport: KeyTransport,
) -> Result<(), RefusalCode> {
    let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let (key, certificate) = match algorithm {
        RsaSha256 | RsaSha384 | RsaSha512 => (key!("idp-current.key"), key!("idp-current.crt")),
        EcdsaSha256 => (key!("idp-p256.key"), key!("idp-p256.crt")),
        EcdsaSha384 => (key!("idp-p384.key"), key!("idp-p384.crt")),
    };
    let (key, ours) = (SigningKey::from_pkcs8_pem(key).unwrap(), Certificate::from_pem(key!("sp.crt")).unwrap());
    let issue = Issue {
        sign,
        algorithm: Some(algorithm),
        digest,
        encrypt: data.map(|data| Encrypt { certificate: &ours, data, transport, placement: Placement::Inside }),
        ..Issue::new(&key)
    };
    let sp = "https://sso.example.com/saml/acme";
    let template = ResponseTemplate::pingfederate("-1", IDP, sp, ACS, Some("_request"), "m.muster", now);
    let mut octet = 0_u8;
    let mut random = |buffer: &mut [u8]| {
        buffer.fill_with(|| {
            octet = octet.wrapping_mul(5).wrapping_add(17);
            octet
        });
    };
    let xml = template.issue(&issue, &mut random).unwrap();
    let verified = verify(&ResponseInput {
        xml: &xml,
        trust: &Trust::new(IDP, vec![Certificate::from_pem(certificate).unwrap()]).unwrap(),
        sp_entity_id: sp,
        acs_url: ACS,
        expected: Expected::Request { id: "_request" },
        freshness: Freshness::Any,
        skew: Skew::default(),
        decryption_keys: &[DecryptionKey::from_pkcs8_pem(key!("sp.key")).unwrap()],
        now,
    });
    let verified = verified.map_err(|refusal| refusal.code)?;
    assert_eq!(verified.was_encrypted(), data.is_some());
    Ok(())
}

#[tokio::test]
async fn each_setting_that_a_saml_guide_names_is_one_that_the_verifier_takes() {
    let with_certificate = format!("{SAML}sp_certificates = ['''{}''']\n", key!("sp.crt"));
    for product in PRODUCTS {
        let (name, preset, ..) = product;
        for saml in [SAML, &with_certificate] {
            let guide = guide(&format!("preset = \"{preset}\"\n{saml}")).await;
            let all = meanings(&guide, product);
            let signs = chosen(&all, |means| if let Signs(what) = means { Some(what) } else { None }, Assertion);
            let by = chosen(&all, |means| if let By(algorithm) = means { Some(algorithm) } else { None }, RsaSha256);
            let digests = chosen(&all, |means| if let Digests(digest) = means { Some(digest) } else { None }, Sha256);
            let encrypts = chosen(&all, |means| if let Encrypts(data) = means { Some(data) } else { None }, None);
            let wraps = chosen(&all, |means| if let Wraps(key) = means { Some(key) } else { None }, OaepMgf1pSha1);
            let offers = encrypts.iter().any(Option::is_some);
            assert_eq!(offers, saml != SAML && name != "Google", "{name}: encryption only where we have a certificate");
            for sign in &signs {
                for (algorithm, digest) in by.iter().flat_map(|by| digests.iter().map(move |digest| (by, digest))) {
                    for (data, wrap) in encrypts.iter().flat_map(|data| wraps.iter().map(move |wrap| (data, wrap))) {
                        let what = format!("{name}: {sign:?} {algorithm:?} {digest:?} {data:?} {wrap:?}");
                        assert_eq!(tried(*sign, *algorithm, *digest, *data, *wrap), Ok(()), "{what}");
                    }
                }
            }
        }
    }
}

/// What the guides must steer around: the defaults of Entra and of AD FS, once they have our certificate.
#[test]
fn c119_a_default_that_no_guide_may_name_is_refused() {
    let of = |sign| tried(sign, RsaSha256, Sha256, Some(Aes256Cbc), OaepMgf1pSha1);
    assert_eq!(of(Assertion), Err(RefusalCode::CbcUnsigned));
    assert_eq!((of(Response), of(Both)), (Ok(()), Ok(())));
}

#[tokio::test]
async fn each_signature_that_an_openid_guide_names_is_one_that_the_connection_takes() {
    let algorithms = [
        ("RS256", "RSA using SHA-256"),
        ("PS384", "RSASSA-PSS using SHA-384"),
        ("ES256", "ECDSA using P256 Curve and SHA-256"),
    ];
    for taken in [&algorithms[..1], &algorithms[1..2], &algorithms[..]] {
        let list: Vec<String> = taken.iter().map(|(name, _)| format!("{name:?}")).collect();
        let settings = format!("{OIDC}algorithms = [{}]\n", list.join(", "));
        let generic = guide(&settings).await;
        let pingfederate = guide(&format!("preset = \"pingfederate\"\n{settings}")).await;
        for (name, by_console) in algorithms {
            let is_taken = taken.contains(&(name, by_console));
            let names = |guide: &str, label: &str, word: &str| {
                let line = guide.lines().find(|line| line.contains(label)).unwrap();
                rows(&format!("x\n{line}"), "x")[0].1.contains(&word.to_owned())
            };
            assert_eq!(names(&generic, "ID token signature", name), is_taken, "{generic}");
            assert_eq!(names(&pingfederate, "ID Token Signing Algorithm", by_console), is_taken, "{pingfederate}");
        }
    }
}
