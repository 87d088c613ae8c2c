//! `xmlsec1` and `xmllint` as second opinions: what this crate accepts, they accept; what it canonicalizes, they
//! canonicalize to the same bytes. Asked only with `STOA_XMLSEC1=1`, and then a missing program is a failure.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

pub fn enabled() -> bool {
    env::var("STOA_XMLSEC1").is_ok_and(|value| value == "1")
}

/// A file that goes when it is dropped.
pub struct File(PathBuf);

impl File {
    pub fn new(content: &[u8]) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("stoa-saml-{}-{number}.xml", process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

pub fn key_file(name: &str) -> String {
    format!("{}/testdata/keys/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub fn run(program: &str, arguments: &[&str], input: &File) -> Output {
    let output = Command::new(program).args(arguments).arg(input.path()).output();
    output.unwrap_or_else(|error| panic!("{program} is needed, since STOA_XMLSEC1=1: {error}"))
}

/// The arguments that say which attributes are identifiers.
pub const IDS: [&str; 4] = [
    "--id-attr:ID",
    "urn:oasis:names:tc:SAML:2.0:protocol:Response",
    "--id-attr:ID",
    "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
];

/// Asks `xmlsec1` about every signature in a message that this crate accepted.
#[track_caller]
pub fn accepts(xml: &[u8], certificate: &str) {
    if !enabled() {
        return;
    }
    let file = File::new(xml);
    let certificate = key_file(&format!("{certificate}.crt"));
    for parent in ["Response", "Assertion"] {
        let place = format!("//*[local-name()='{parent}']/*[local-name()='Signature']");
        let tag = String::from_utf8_lossy(xml);
        if !signed_parents(&tag).contains(&parent) {
            continue;
        }
        let mut arguments = vec!["--verify", "--pubkey-cert-pem", &certificate, "--node-xpath", &place];
        arguments.extend(IDS);
        let output = run("xmlsec1", &arguments, &file);
        assert!(
            output.status.success(),
            "xmlsec1 refuses the {parent}: {}\n{tag}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Which of the two elements hold a signature as a child.
fn signed_parents(xml: &str) -> Vec<&str> {
    let text = xml.trim_start_matches('\u{feff}');
    let document = roxmltree::Document::parse(text).unwrap();
    let signatures = document.descendants().filter(|node| node.tag_name().name() == "Signature");
    signatures
        .filter_map(|signature| match signature.parent_element()?.tag_name().name() {
            "Response" => Some("Response"),
            "Assertion" => Some("Assertion"),
            _ => None,
        })
        .collect()
}

/// Asks `xmllint` for the exclusive canonical form of a document.
#[track_caller]
pub fn same_canonical_form(xml: &str, expected: &str) {
    if !enabled() {
        return;
    }
    let output = run("xmllint", &["--exc-c14n"], &File::new(xml.as_bytes()));
    assert!(output.status.success(), "{}\n{xml}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{xml}");
}
