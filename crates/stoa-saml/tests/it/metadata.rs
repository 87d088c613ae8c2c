//! Metadata in and out.

use stoa_saml::idp::{IdpDescription, SignOptions, idp_metadata, sign_enveloped};
use stoa_saml::metadata::{Binding, LeftOut, MetadataError, SpMetadata, SsoEndpoint, parse, parse_signed, sp_metadata};
use stoa_saml::{Certificate, CertificateError, RefusalCode};

use crate::fixture::*;

fn endpoints() -> Vec<SsoEndpoint> {
    let location = |path: &str| format!("{IDP}/{path}?a=1&b=2");
    vec![
        SsoEndpoint { binding: Binding::Post, location: location("post") },
        SsoEndpoint { binding: Binding::Redirect, location: location("redirect") },
    ]
}

fn metadata(signing: &[Certificate]) -> String {
    let description = IdpDescription {
        entity_id: IDP,
        sso: &endpoints(),
        signing,
        valid_until: Some("2026-11-27T12:00:00Z".parse().unwrap()),
        wants_signed_requests: true,
    };
    idp_metadata(&description)
}

fn usual() -> String {
    metadata(&[certificate("idp-current"), certificate("idp-next")])
}

#[test]
fn what_is_written_is_read() {
    let read = parse(usual().as_bytes(), None, now()).unwrap();
    assert_eq!(read.entity_id, IDP);
    assert_eq!(read.sso, endpoints());
    assert_eq!(read.signing, [certificate("idp-current"), certificate("idp-next")]);
    assert_eq!(read.valid_until, Some("2026-11-27T12:00:00Z".parse().unwrap()));
    assert!(read.wants_signed_requests);
    assert!(read.left_out.is_empty());
}

/// c075: a key without a use is for signing, too.
#[test]
fn c075_key_without_use() {
    let read = parse(usual().replace(" use=\"signing\"", "").as_bytes(), None, now()).unwrap();
    assert_eq!(read.signing.len(), 2);
    let encryption = usual().replace("use=\"signing\"", "use=\"encryption\"");
    assert_eq!(parse(encryption.as_bytes(), None, now()).unwrap_err(), MetadataError::NoSigningKey);
}

/// c076: weak keys are no keys.
#[test]
fn c076_weak_keys_are_refused() {
    for (name, error) in [
        ("weak", CertificateError::KeyWeak),
        ("weak-exponent", CertificateError::KeyWeak),
        ("idp-p521", CertificateError::KeyUnsupported),
    ] {
        assert_eq!(Certificate::from_pem(&pem(name)).unwrap_err(), error, "{name}");
    }
    let body = |name: &str| pem(name).lines().filter(|line| !line.starts_with("--")).collect::<String>();
    let (current, weak) = (body("idp-current"), body("weak"));
    let read = parse(usual().replace(&current, &weak).as_bytes(), None, now()).unwrap();
    assert_eq!(read.signing, [certificate("idp-next")]);
    assert_eq!(read.left_out, [LeftOut::Unusable(CertificateError::KeyWeak)]);
    let only_weak = metadata(&[certificate("idp-current")]).replace(&current, &weak);
    let error = parse(only_weak.as_bytes(), None, now()).unwrap_err();
    assert_eq!(error, MetadataError::NoUsableKey(CertificateError::KeyWeak));
}

/// c130
#[test]
fn c130_valid_until_has_passed() {
    let later = "2026-11-27T12:00:00Z".parse().unwrap();
    assert_eq!(parse(usual().as_bytes(), None, later).unwrap_err(), MetadataError::Expired(later));
}

/// c130: among several, only by entity id.
#[test]
fn c130_several_identity_providers() {
    let one = usual();
    let other = one.replace(IDP, "https://other.example").replace("_metadata", "_other");
    let both = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" validUntil=\"2026-11-21T00:00:00Z\">{one}{other}</md:EntitiesDescriptor>"
    );
    assert_eq!(parse(both.as_bytes(), None, now()).unwrap_err(), MetadataError::SeveralIdentityProviders);
    let chosen = parse(both.as_bytes(), Some("https://other.example"), now()).unwrap();
    assert_eq!(chosen.entity_id, "https://other.example");
    assert_eq!(chosen.valid_until, Some("2026-11-21T00:00:00Z".parse().unwrap()));
    let none = parse(both.as_bytes(), Some("https://third.example"), now()).unwrap_err();
    assert_eq!(none, MetadataError::NoIdentityProvider);
}

#[test]
fn signed_metadata() {
    let key = signing_key("idp-next");
    let signed = sign_enveloped(&usual(), "_metadata", &SignOptions::new(&key)).unwrap();
    let pinned = [certificate("idp-current"), certificate("idp-next")];
    parse_signed(signed.as_bytes(), None, &pinned, now()).unwrap();
    let refused = |xml: &str| {
        let error = parse_signed(xml.as_bytes(), None, &pinned, now()).unwrap_err();
        let MetadataError::Refused(refusal) = error else { panic!("{error}") };
        refusal.code
    };
    assert_eq!(refused(&usual()), RefusalCode::SignatureMissing);
    assert_eq!(refused(&signed.replace("/redirect", "/elsewhere")), RefusalCode::DigestMismatch);
}

#[test]
fn our_metadata() {
    let certificates = [certificate("sp"), certificate("sp-next")];
    let xml = sp_metadata(&SpMetadata {
        entity_id: SP,
        acs_url: "https://stoa.example/acs?a=1&b=2",
        signing: &certificates[..1],
        encryption: &certificates,
        name_id_format: Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
        authn_requests_signed: true,
    });
    assert_eq!(xml.matches("use=\"signing\"").count(), 1);
    assert_eq!(xml.matches("use=\"encryption\"").count(), 2);
    assert!(xml.contains("AuthnRequestsSigned=\"true\""));
    assert!(xml.contains("Location=\"https://stoa.example/acs?a=1&amp;b=2\""));
    assert_eq!(parse(xml.as_bytes(), None, now()).unwrap_err(), MetadataError::NoIdentityProvider);
}

#[test]
fn certificates_are_described() {
    let certificate = certificate("idp-current");
    assert_eq!(certificate.fingerprint().len(), 64);
    assert_eq!(certificate.subject(), "CN=idp,O=Example");
    assert!(certificate.not_before() < certificate.not_after());
    assert_eq!(Certificate::from_der(certificate.der()).unwrap(), certificate);
    assert_eq!(Certificate::from_der(&certificate.der()[1..]).unwrap_err(), CertificateError::Malformed);
    let trailing = [certificate.der(), &[0]].concat();
    assert_eq!(Certificate::from_der(&trailing).unwrap_err(), CertificateError::Malformed);
}
