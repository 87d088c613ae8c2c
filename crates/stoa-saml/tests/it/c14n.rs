//! Exclusive canonicalization. Each expected text is what libxml2 (`xmllint --exc-c14n`) writes; with
//! `STOA_XMLSEC1=1` it is asked again, for these and for generated documents.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use stoa_saml::idp::{SignOptions, canonical_form, sign_enveloped};

use crate::fixture::{accepted, signing_key, template};
use crate::oracle;

fn canonical(xml: &str) -> String {
    String::from_utf8(canonical_form(xml, "r", "").unwrap()).unwrap()
}

#[track_caller]
fn becomes(xml: &str, expected: &str) {
    assert_eq!(canonical(xml), expected);
    oracle::same_canonical_form(xml, expected);
}

#[test]
fn empty_elements_are_written_in_full() {
    becomes("<a ID='r'/>", "<a ID=\"r\"></a>");
}

#[test]
fn attributes_are_ordered_by_namespace_then_name() {
    becomes(
        "<a xmlns:z='urn:a' xmlns:b='urn:z' z:x='1' b:a='2' ID='r' c='3' xml:lang='en' />",
        "<a xmlns:b=\"urn:z\" xmlns:z=\"urn:a\" ID=\"r\" c=\"3\" xml:lang=\"en\" z:x=\"1\" b:a=\"2\"></a>",
    );
}

#[test]
fn only_used_declarations_are_written_where_they_are_used() {
    becomes(
        "<a:a xmlns:a='urn:a' xmlns:b='urn:b' xmlns:c='urn:c' ID='r'><b:b/><a:x b:y='1'><b:b/></a:x></a:a>",
        "<a:a xmlns:a=\"urn:a\" ID=\"r\"><b:b xmlns:b=\"urn:b\"></b:b>\
         <a:x xmlns:b=\"urn:b\" b:y=\"1\"><b:b></b:b></a:x></a:a>",
    );
}

#[test]
fn a_prefix_bound_anew_is_written_anew() {
    becomes(
        "<p:a xmlns:p='urn:1' ID='r'><p:b xmlns:p='urn:2'><p:c xmlns:p='urn:1'/></p:b><p:d/></p:a>",
        "<p:a xmlns:p=\"urn:1\" ID=\"r\"><p:b xmlns:p=\"urn:2\"><p:c xmlns:p=\"urn:1\"></p:c></p:b><p:d></p:d></p:a>",
    );
}

#[test]
fn the_default_namespace_is_undeclared_where_that_matters() {
    becomes(
        "<a xmlns='urn:1' ID='r'><b xmlns=''><c/><p:d xmlns:p='urn:p'><e/></p:d></b><p:f xmlns:p='urn:p' xmlns=''/></a>",
        "<a xmlns=\"urn:1\" ID=\"r\"><b xmlns=\"\"><c></c><p:d xmlns:p=\"urn:p\"><e></e></p:d></b>\
         <p:f xmlns:p=\"urn:p\"></p:f></a>",
    );
}

#[test]
fn escapes_in_text_and_attributes() {
    becomes(
        "<a ID='r' b='&lt;&gt;&amp;&quot;&apos;&#9;&#10;&#13;x\ty\nz'>&lt;&gt;&amp;\"'&#9;&#10;&#13;\t\n<![CDATA[<&>]]></a>",
        "<a ID=\"r\" b=\"&lt;>&amp;&quot;'&#x9;&#xA;&#xD;x y z\">&lt;&gt;&amp;\"'\t\n&#xD;\t\n&lt;&amp;&gt;</a>",
    );
}

#[test]
fn characters_beyond_ascii_stay() {
    becomes("<ä ID='r' ö='&#252;'>\u{1f600}&#x1F601;</ä>", "<ä ID=\"r\" ö=\"ü\">\u{1f600}\u{1f601}</ä>");
}

#[test]
fn comments_go() {
    assert_eq!(canonical("<a ID='r'>x<!-- c -->y<b/><!----></a>"), "<a ID=\"r\">xy<b></b></a>");
}

#[test]
fn a_subtree_forgets_what_it_does_not_use() {
    let inner = "<p:b ID='r'><c/></p:b>";
    assert_eq!(
        canonical(&format!("<a xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q' xml:lang='en'>{inner}</a>")),
        "<p:b xmlns:p=\"urn:p\" ID=\"r\"><c xmlns=\"urn:d\"></c></p:b>"
    );
}

/// Exc-C14N §2.3: listed prefixes are treated as inclusive canonicalization treats all.
#[test]
fn listed_prefixes_are_inclusive() {
    let xml = "<a xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q'><p:b ID='r'><p:c xmlns:q='urn:q2'/></p:b></a>";
    let form = |list| String::from_utf8(canonical_form(xml, "r", list).unwrap()).unwrap();
    assert_eq!(
        form("q #default none"),
        "<p:b xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" ID=\"r\"><p:c xmlns:q=\"urn:q2\"></p:c></p:b>"
    );
    assert_eq!(form("none"), "<p:b xmlns:p=\"urn:p\" ID=\"r\"><p:c></p:c></p:b>");
}

/// A tag that is spelled like the one before it may mean something else, or stand where more is declared already.
#[test]
fn alike_tags_in_a_row() {
    let value = "<p:v q:t='&#9;x'>1</p:v>";
    let written = |declared: &str| format!("<p:v{declared} q:t=\"&#x9;x\">1</p:v>");
    let both = |q: &str| written(&format!(" xmlns:p=\"urn:p\" xmlns:q=\"{q}\""));
    becomes(
        &format!(
            "<a xmlns:p='urn:p' xmlns:q='urn:q' ID='r'>{value}{value}<b>{value}</b><b xmlns:q='urn:r'>{value}{value}</b>\
             <p:b>{value}<p:v q:t='&#9;x'><c/></p:v>{value}</p:b>{value}</a>"
        ),
        &format!(
            "<a ID=\"r\">{0}{0}<b>{0}</b><b>{1}{1}</b><p:b xmlns:p=\"urn:p\">{2}{3}{2}</p:b>{0}</a>",
            both("urn:q"),
            both("urn:r"),
            written(" xmlns:q=\"urn:q\""),
            "<p:v xmlns:q=\"urn:q\" q:t=\"&#x9;x\"><c></c></p:v>",
        ),
    );
}

/// What is too long to be kept whole is hashed in pieces, with the same result.
#[test]
fn long_forms_are_hashed_in_pieces() {
    let values = [">".repeat(20_000), "x".repeat(70_000), "y".repeat(3)];
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let xml = template().attribute("long", &values).attribute("many", &["<&>"; 2_000]).to_xml();
    let signed = sign_enveloped(&xml, "R-1", &SignOptions::new(&signing_key("idp-current"))).unwrap();
    let whole = digest(&SHA256, &canonical_form(&xml, "R-1", "").unwrap());
    assert!(signed.contains(&format!("<ds:DigestValue>{}</ds:DigestValue>", STANDARD.encode(whole))));
    accepted(signed);
}

/// Elements with prefixes bound and bound anew, attributes of every kind, and text that needs escaping.
pub fn element() -> impl Strategy<Value = String> {
    let declaration = prop_oneof![
        Just(String::new()),
        "xmlns:[pq]=\"urn:[12]\"",
        "xmlns=\"(urn:[12])?\"",
        Just("xmlns:p=\"urn:1\" xmlns:q=\"urn:1\" xmlns=\"urn:2\"".to_owned()),
    ];
    let attributes = prop_oneof![
        Just(String::new()),
        "a=\"[ -!#-%'-;=?-~\t\n]{0,6}\" q:z=\"1\" p:a=\"(&#9;|&#13;|&#10;|&amp;|&lt;|&quot;|é){0,3}\"",
        "xml:lang=\"en\" b='\"'",
    ];
    let name = prop_oneof![Just(""), Just("p:"), Just("q:")]
        .prop_flat_map(|prefix| "[xyz]".prop_map(move |n| format!("{prefix}{n}")));
    let text = "([ -%'-;=?-~\n\t]|&amp;|&lt;|&gt;|&#13;|&#xE9;|<!\\[CDATA\\[[<& a]{0,3}\\]\\]>){0,4}";
    let head = (name, declaration, attributes);
    let leaf = (head.clone(), text).prop_map(|((name, declaration, attributes), text)| {
        format!("<{name} {declaration} {attributes}>{text}</{name}>")
    });
    leaf.prop_recursive(5, 40, 4, move |inner| {
        // Some children are repeated, as in a list.
        (head.clone(), proptest::collection::vec((text, inner, 1..3_usize), 0..4)).prop_map(
            |((name, declaration, attributes), children)| {
                let child = |(text, child, times): (String, String, usize)| (text + &child).repeat(times);
                let children: String = children.into_iter().map(child).collect();
                format!("<{name} {declaration} {attributes}>{children}</{name}>")
            },
        )
    })
}

/// A document round [`element`], with every prefix bound.
pub fn document() -> impl Strategy<Value = String> {
    element().prop_map(|inner| format!("<p:r xmlns:p=\"urn:1\" xmlns:q=\"urn:2\" ID=\"r\">{inner}</p:r>"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if oracle::enabled() { 300 } else { 32 }))]

    /// A canonical form is its own canonical form, and libxml2's.
    #[test]
    fn canonical_forms_are_stable(xml in document()) {
        let once = canonical(&xml);
        prop_assert_eq!(&canonical(&once), &once);
        oracle::same_canonical_form(&xml, &once);
    }

    /// Whatever stands in a Response, what we sign we accept, and so does xmlsec1: with any prefix list, for the
    /// whole and for a part.
    #[test]
    fn signatures_over_anything(
        content in element(),
        prefix_list in prop_oneof![Just(""), Just("p"), Just("q #default"), Just("#default p q samlp none")],
        whole in any::<bool>(),
    ) {
        let place = if whole { "<samlp:Status>" } else { "<saml:AuthnStatement" };
        let wrapper = if whole { "samlp:Extensions" } else { "saml:Advice" };
        let content = format!("<{wrapper} xmlns:p=\"urn:1\" xmlns:q=\"urn:2\" xmlns=\"urn:d\">{content}</{wrapper}>");
        let xml = template().to_xml().replace(place, &format!("{content}{place}"));
        let key = signing_key("idp-current");
        let options = SignOptions { prefix_list, ..SignOptions::new(&key) };
        accepted(sign_enveloped(&xml, if whole { "R-1" } else { "A-1" }, &options).unwrap());
    }
}
