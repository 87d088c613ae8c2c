//! Metadata in and out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stoa_saml::idp::{IdpDescription, SignOptions, idp_metadata, sign_enveloped};
use stoa_saml::metadata::{Binding, LeftOut, MetadataError, SpMetadata, SsoEndpoint, parse, parse_signed, sp_metadata};
use stoa_saml::{Certificate, CertificateError, RefusalCode, Trust};

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

/// Whoever writes "never" names no time: signed metadata without an end can be served again for ever, and is believed as
/// such (`stoa_core::trust`).
#[test]
fn c130_an_end_that_never_comes_is_none() {
    let ending = |end: &str| {
        let xml = usual().replace("2026-11-27T12:00:00.000Z", end);
        assert!(xml.contains(end));
        parse(xml.as_bytes(), None, now()).map(|read| read.valid_until)
    };
    for never in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999Z", "2200-01-01T00:00:00Z"] {
        assert_eq!(ending(never), Ok(None), "{never}");
    }
    assert_eq!(ending("2199-12-31T23:59:59Z"), Ok(Some("2199-12-31T23:59:59Z".parse().unwrap())));
    assert!(matches!(ending("0001-01-01T00:00:00Z"), Err(MetadataError::Expired(_))));
    assert!(matches!(ending("9999-12-31"), Err(MetadataError::Refused(_))));
    // The nearest counts, wherever it stands.
    let never = usual().replace("2026-11-27T12:00:00.000Z", "9999-12-31T23:59:59Z");
    let aggregate = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" validUntil=\"2026-11-21T00:00:00Z\">{never}</md:EntitiesDescriptor>"
    );
    let read = parse(aggregate.as_bytes(), None, now()).unwrap();
    assert_eq!(read.valid_until, Some("2026-11-21T00:00:00Z".parse().unwrap()));
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

fn refusal_of(xml: &str, pinned: &[Certificate]) -> RefusalCode {
    match parse_signed(xml.as_bytes(), Some(IDP), pinned, now()).unwrap_err() {
        MetadataError::Refused(refusal) => refusal.code,
        other => panic!("{other}"),
    }
}

/// A federation, or another company's entry in it, and what its key has signed.
fn aggregate(entities: &[&str]) -> String {
    format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_all\">{}</md:EntitiesDescriptor>",
        entities.concat()
    )
}

/// Each entity of an aggregate may be signed, too: the root's signature covers it as it stands.
#[test]
fn entities_of_a_signed_aggregate_may_be_signed() {
    let pinned = [certificate("idp-next")];
    let own = sign_with(&usual(), "_metadata", "idp-current");
    let other =
        sign_with(&usual().replace(IDP, "https://other.example").replace("_metadata", "_other"), "_other", "attacker");
    let signed = sign_with(&aggregate(&[&own, &other]), "_all", "idp-next");
    let read = parse_signed(signed.as_bytes(), Some(IDP), &pinned, now()).unwrap();
    assert_eq!(read.entity_id, IDP);
    assert_eq!(parse(own.as_bytes(), None, now()).unwrap().entity_id, IDP);
    // That of an entity is not that of the whole.
    assert_eq!(
        refusal_of(&aggregate(&[&sign_with(&usual(), "_metadata", "idp-next")]), &pinned),
        RefusalCode::SignatureMissing
    );
    assert_eq!(refusal_of(&signed.replacen("/post", "/elsewhere", 1), &pinned), RefusalCode::DigestMismatch);
    let twice =
        signed.replacen("</md:EntitiesDescriptor>", "<md:EntityDescriptor ID=\"_all\"/></md:EntitiesDescriptor>", 1);
    assert_eq!(refusal_of(&twice, &pinned), RefusalCode::IdRepeated);
    let start = signed.find("<ds:Signature ").unwrap();
    let end = start + signed[start..].find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let repeated = [&signed[..end], &signed[start..]].concat();
    assert_eq!(refusal_of(&repeated, &pinned), RefusalCode::SignatureRepeated);
}

/// c131: what stands inside the signature of the root is covered by nothing.
#[test]
fn c131_an_entity_inside_the_signature_is_nobody() {
    let pinned = [certificate("idp-next")];
    let others = usual().replace(IDP, "https://other.example");
    let evil = metadata(&[certificate("attacker")]).replace("_metadata", "_evil");
    for (id, xml) in [("_metadata", others.clone()), ("_all", aggregate(&[&others]))] {
        let signed = sign_with(&xml, id, "idp-next");
        assert!(parse_signed(signed.as_bytes(), Some("https://other.example"), &pinned, now()).is_ok());
        for place in [
            format!("<ds:KeyInfo>{evil}</ds:KeyInfo>"),
            format!("<ds:KeyInfo><ds:X509Data>{evil}</ds:X509Data></ds:KeyInfo>"),
        ] {
            let injected = signed.replacen("</ds:Signature>", &format!("{place}</ds:Signature>"), 1);
            let error = parse_signed(injected.as_bytes(), Some(IDP), &pinned, now()).unwrap_err();
            assert_eq!(error, MetadataError::NoIdentityProvider);
            // The real one is found beside it.
            let real = parse_signed(injected.as_bytes(), Some("https://other.example"), &pinned, now()).unwrap();
            assert_eq!(real.signing, [certificate("idp-current"), certificate("idp-next")]);
        }
    }
}

/// An entity, a role and a key have their places; what looks like one elsewhere is none.
#[test]
fn c131_only_in_its_place() {
    let key = usual();
    let start = key.find("<md:KeyDescriptor").unwrap();
    let end = key.find("</md:KeyDescriptor>").unwrap() + "</md:KeyDescriptor>".len();
    let descriptor = &key[start..end];
    let nested = format!("<md:Extensions>{descriptor}</md:Extensions>");
    let other = format!("<x xmlns=\"urn:x\">{descriptor}</x>");
    for junk in [nested, other] {
        let without: String = usual().replace(descriptor, &junk);
        assert_eq!(parse(without.as_bytes(), None, now()).unwrap().signing, [certificate("idp-next")]);
    }
    let extension = usual().replacen(
        "<md:IDPSSODescriptor",
        &format!("<md:Extensions>{}</md:Extensions><md:IDPSSODescriptor", usual()),
        1,
    );
    assert_eq!(parse(extension.as_bytes(), None, now()).unwrap().entity_id, IDP);
}

/// An anyURI may have white space round it (XML Schema part 2 §3.2.17); `Issuer` is trimmed, too.
#[test]
fn white_space_round_the_entity_id() {
    let blank = usual().replace(&format!("entityID=\"{IDP}\""), &format!("entityID=\" {IDP}\n\""));
    for entity_id in [None, Some(IDP), Some(" https://idp.example")] {
        assert_eq!(parse(blank.as_bytes(), entity_id, now()).unwrap().entity_id, IDP);
    }
    let location = usual().replace("Location=\"", "Location=\" ").replace("=\"true\"", "=\" true \"");
    let read = parse(location.as_bytes(), None, now()).unwrap();
    assert_eq!(read.sso, endpoints());
    assert!(read.wants_signed_requests);
}

/// The first certificate of each X509Data, whatever it is; the second is no second chance.
#[test]
fn c075_one_key_for_each_x509_data() {
    let body = |name: &str| pem(name).lines().filter(|line| !line.starts_with("--")).collect::<String>();
    let data = |names: &[&str]| {
        let all: String =
            names.iter().map(|name| format!("<ds:X509Certificate>\n{}</ds:X509Certificate>", body(name))).collect();
        format!("<ds:X509Data>{all}</ds:X509Data>")
    };
    let with = |key_info: &str| {
        let xml = metadata(&[certificate("idp-current")]);
        let (start, end) = (xml.find("<ds:X509Data>").unwrap(), xml.find("</ds:KeyInfo>").unwrap());
        parse([&xml[..start], key_info, &xml[end..]].concat().as_bytes(), None, now())
    };
    let both = with(&(data(&["idp-current"]) + &data(&["idp-next", "attacker", "idp-p256"]))).unwrap();
    assert_eq!(both.signing, [certificate("idp-current"), certificate("idp-next")]);
    assert!(matches!(&both.left_out[..], [LeftOut::Chain(_), LeftOut::Chain(_)]), "{:?}", both.left_out);
    let weak = with(&(data(&["weak", "attacker"]) + &data(&["idp-next"]))).unwrap();
    assert_eq!(weak.signing, [certificate("idp-next")]);
    assert!(matches!(&weak.left_out[..], [LeftOut::Chain(_), LeftOut::Unusable(CertificateError::KeyWeak)]));
    let error = with(&data(&["weak", "idp-current"])).unwrap_err();
    assert_eq!(error, MetadataError::NoUsableKey(CertificateError::KeyWeak));
    let broken = with(
        &(data(&["idp-current"]).replace("</ds:X509Data>", "<ds:X509Certificate>x</ds:X509Certificate></ds:X509Data>")),
    );
    assert_eq!(broken.unwrap().signing, [certificate("idp-current")]);
}

const MODULUS: &str = include_str!("../../testdata/as-sent/idp-current.modulus");

/// The Metadata Interoperability Profile §2.5 wants keys read that come without a certificate.
#[test]
fn a_bare_key_is_a_key() {
    let with = |key_info: &str| {
        let xml = metadata(&[certificate("idp-current")]);
        let (start, end) = (xml.find("<ds:X509Data>").unwrap(), xml.find("</ds:KeyInfo>").unwrap());
        parse([&xml[..start], key_info, &xml[end..]].concat().as_bytes(), None, now())
    };
    let rsa = |modulus: &str| {
        format!(
            "<ds:KeyValue>\n<ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
        )
    };
    let read = with(&rsa(MODULUS)).unwrap();
    let [key] = &read.signing[..] else { panic!("{:?}", read.signing) };
    assert!(key.is_bare_key() && !certificate("idp-current").is_bare_key());
    assert!(key.not_before() < key.not_after());
    let mut verifier = Verifier::trusting(&["attacker"]);
    verifier.trust = Trust::new(IDP, read.signing.clone()).unwrap();
    assert_eq!(verifier.verify(good()).unwrap().signed_by(), key.fingerprint());
    // As it is stored, it comes back.
    assert_eq!(&Certificate::from_base64(&STANDARD.encode(key.der())).unwrap(), key);

    let point = signing_key("idp-p256").public_key().to_vec();
    let ec = |curve: &str| {
        format!(
            "<ds:KeyValue><e:ECKeyValue xmlns:e=\"http://www.w3.org/2009/xmldsig11#\"><e:NamedCurve URI=\"urn:oid:{curve}\"/>\
             <e:PublicKey>{}</e:PublicKey></e:ECKeyValue></ds:KeyValue>",
            STANDARD.encode(&point)
        )
    };
    verifier.trust = Trust::new(IDP, with(&ec("1.2.840.10045.3.1.7")).unwrap().signing).unwrap();
    verifier.verify(sign_with(&template().to_xml(), "R-1", "idp-p256")).unwrap();
    let encoded = format!(
        "<e:DEREncodedKeyValue xmlns:e=\"http://www.w3.org/2009/xmldsig11#\">{}</e:DEREncodedKeyValue>",
        STANDARD.encode(key.der())
    );
    assert_eq!(with(&encoded).unwrap().signing, read.signing);

    for (bare, error) in [
        (rsa("AQAB"), CertificateError::KeyWeak),
        (rsa("!"), CertificateError::Base64),
        (rsa(""), CertificateError::Malformed),
        (ec("1.3.132.0.35"), CertificateError::KeyUnsupported),
        (ec("x"), CertificateError::KeyUnsupported),
        ("<ds:KeyValue><ds:DSAKeyValue/></ds:KeyValue>".to_owned(), CertificateError::KeyUnsupported),
        ("<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>".to_owned(), CertificateError::Malformed),
    ] {
        assert_eq!(with(&bare).unwrap_err(), MetadataError::NoUsableKey(error), "{bare}");
    }
    for nothing in ["<ds:KeyName>x</ds:KeyName>", "<ds:KeyValue/>", ""] {
        assert_eq!(with(nothing).unwrap_err(), MetadataError::NoSigningKey, "{nothing}");
    }
    // Beside a certificate it is the same key again.
    let xml = metadata(&[certificate("idp-current")]);
    let beside = xml.replace("<ds:X509Data>", &format!("{}<ds:X509Data>", rsa(MODULUS)));
    assert_eq!(parse(beside.as_bytes(), None, now()).unwrap().signing, [certificate("idp-current")]);
}

/// What answers at an address that has no metadata.
#[test]
fn what_is_no_metadata_is_named() {
    let error = |text: &str| parse(text.as_bytes(), None, now()).unwrap_err();
    for page in [
        "<!DOCTYPE html><html><body>Sign in</body></html>",
        "\n\u{feff}<!doctype HTML>\n<html>",
        "<HTML><br></HTML>",
        "<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://x\"><html/>",
        "<html xmlns=\"http://www.w3.org/1999/xhtml\"/>",
        "<!-- saved --><html><p>unclosed</html>",
    ] {
        assert_eq!(error(page), MetadataError::WebPage, "{page}");
    }
    for json in ["{\"error\":\"not found\"}", " [1]", "\u{feff}{}"] {
        assert_eq!(error(json), MetadataError::Json, "{json}");
    }
    for nothing in ["", " \r\n\t", "\u{feff}"] {
        assert_eq!(error(nothing), MetadataError::Nothing, "{nothing:?}");
    }
    for text in ["Not found", "-----BEGIN CERTIFICATE-----", "\0"] {
        assert_eq!(error(text), MetadataError::NotXml, "{text}");
    }
    assert_eq!(error("<x:a xmlns:x='urn:x'/>"), MetadataError::NotMetadata("a".to_owned()));
    assert_eq!(error(&good()), MetadataError::NotMetadata("Response".to_owned()));
    assert!(matches!(error("<!DOCTYPE x><x/>"), MetadataError::Refused(r) if r.code == RefusalCode::Doctype));
    // A page's words inside metadata make no page of it.
    let commented = usual().replacen('>', "><!-- <html> -->", 1);
    assert!(parse(commented.as_bytes(), None, now()).is_ok());
    // Signed or not, the answer is the same.
    let pinned = [certificate("idp-current")];
    assert_eq!(parse_signed(b"{}", None, &pinned, now()).unwrap_err(), MetadataError::Json);
}

/// What a federation needs is far below; each of these would cost a process its memory or its time.
#[test]
fn metadata_is_bounded_in_memory_and_in_time() {
    let with = |content: &str| {
        let xml = usual().replacen("<md:IDPSSODescriptor", &format!("{content}<md:IDPSSODescriptor"), 1);
        parse(xml.as_bytes(), None, now()).map(drop)
    };
    let refused = |content: &str, code: RefusalCode| match with(content).unwrap_err() {
        MetadataError::Refused(refusal) => assert_eq!(refusal.code, code),
        other => panic!("{other}"),
    };
    // The parser reserves memory for each of these signs, wherever they stand.
    assert_eq!(with(&"=".repeat(520_000)), Ok(()));
    refused(&"=".repeat(530_000), RefusalCode::TooMuchMarkup);
    assert_eq!(with(&format!("<!-- {} -->", "<".repeat(520_000))), Ok(()));
    refused(&format!("<!-- {} -->", "<".repeat(530_000)), RefusalCode::TooMuchMarkup);
    // Each of these becomes a node, an attribute or a text of its own.
    for (piece, most) in [("<b/>", 61_500), ("<b a=''/>", 47_500), ("<b a='&#9;'/>", 41_000), ("<b>&#9;</b>", 51_000)] {
        assert_eq!(with(&piece.repeat(most - 2_000)), Ok(()), "{piece}");
        refused(&piece.repeat(most), RefusalCode::TooMuchMarkup);
    }
    let names = |length: usize| format!("<b xmlns:x='urn:{0}1' xmlns:y='urn:{0}2'>", "n".repeat(length));
    let children = format!("{}</b>", "<c x:a='' y:a=''/>".repeat(10_000));
    assert_eq!(with(&(names(20) + &children)), Ok(()));
    refused(&(names(32_000) + &children), RefusalCode::TooManyAttributes);
}

#[test]
fn more_keys_than_anybody_has_are_not_read() {
    let keys = |count: usize| {
        let current = metadata(&[certificate("idp-current")]);
        let (from, to) = (current.find("    <md:KeyDescriptor").unwrap(), current.find("    <md:Single").unwrap());
        let xml = format!("{}{}{}", &current[..from], current[from..to].repeat(count), &current[to..]);
        parse(xml.as_bytes(), None, now()).map(|read| read.signing.len())
    };
    assert_eq!(keys(64), Ok(1));
    assert_eq!(keys(65), Err(MetadataError::TooManyKeys));
    let error = keys(3_000).unwrap_err().to_string();
    assert_eq!(error, "the identity provider shows more than 64 certificates and keys");
}

/// What nothing reads may be whatever it likes.
#[test]
fn a_name_id_format_that_is_no_text_is_left_out() {
    let format = |content: &str| format!("<md:NameIDFormat>{content}</md:NameIDFormat>");
    let formats = format("urn:a") + &format("<x/>") + &format("<!-- -->") + &format(" urn:b ");
    let xml = usual().replacen("<md:SingleSignOnService", &format!("{formats}<md:SingleSignOnService"), 1);
    assert_eq!(parse(xml.as_bytes(), None, now()).unwrap().name_id_formats, ["urn:a", "urn:b"]);
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
    // A root says for how long it may be kept (saml-metadata-2.0-os §2.3.2).
    let document = roxmltree::Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert!(root.attribute("cacheDuration").is_some_and(|time| time.starts_with("PT")));
    assert!(root.attribute("ID").is_some_and(|id| id.starts_with('_')));
    // Beside each key that is encrypted to, and no other, stands what may be used.
    let methods: Vec<Vec<&str>> = root
        .descendants()
        .filter(|node| node.tag_name().name() == "KeyDescriptor")
        .map(|key| key.children().filter_map(|method| method.attribute("Algorithm")).collect())
        .collect();
    assert_eq!(methods[0], [""; 0]);
    assert_eq!(methods[1], methods[2]);
    let names: Vec<&str> = methods[1].iter().map(|uri| uri.rsplit_once('#').unwrap().1).collect();
    assert_eq!(names, ["aes256-gcm", "aes192-gcm", "aes128-gcm", "rsa-oaep", "rsa-oaep-mgf1p"]);
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
