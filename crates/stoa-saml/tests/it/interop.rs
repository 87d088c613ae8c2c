//! Messages that `xmlsec1` signed or encrypted, and ours in its hands. Only with `STOA_XMLSEC1=1`.

use stoa_saml::idp::{DataEncryption, Encrypt, KeyTransport, Placement, SignWhat};

use crate::fixture::*;
use crate::oracle::{File, IDS, enabled, key_file, run};

/// A signature to be filled in by `xmlsec1`.
fn signature_template(id: &str, method: &str, prefix_list: &str) -> String {
    format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n<ds:SignedInfo>\n\
         <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\n\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#{method}\"/>\n\
         <ds:Reference URI=\"#{id}\">\n<ds:Transforms>\n\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\n\
         <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">\
         <ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{prefix_list}\"/>\
         </ds:Transform>\n</ds:Transforms>\n\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\n<ds:DigestValue/>\n\
         </ds:Reference>\n</ds:SignedInfo>\n<ds:SignatureValue/>\n</ds:Signature>"
    )
}

fn signed_by_xmlsec(key: &str, method: &str, prefix_list: &str) -> Vec<u8> {
    let xml = template()
        .to_xml()
        .replace("<samlp:Response ", "<samlp:Response xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ")
        .replace("<samlp:Status>", &format!("{}<samlp:Status>", signature_template("R-1", method, prefix_list)));
    let mut arguments = vec!["--sign", "--privkey-pem"];
    let key = key_file(&format!("{key}.key"));
    arguments.push(&key);
    arguments.extend(IDS);
    let output = run("xmlsec1", &arguments, &File::new(xml.as_bytes()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn signed_by_xmlsec1() {
    if !enabled() {
        return;
    }
    for (key, method) in [
        ("idp-current", "rsa-sha256"),
        ("idp-current", "rsa-sha384"),
        ("idp-current", "rsa-sha512"),
        ("idp-p256", "ecdsa-sha256"),
        ("idp-p384", "ecdsa-sha384"),
    ] {
        for prefix_list in ["xs", "xs saml #default", "none"] {
            let message = signed_by_xmlsec(key, method, prefix_list);
            let verified = Verifier::trusting(&[key]).verify(&message);
            verified.unwrap_or_else(|refusal| panic!("{key} {method} {prefix_list}: {refusal}"));
        }
    }
}

/// What the oracle says about a message that was changed, so that its silence elsewhere means something.
#[test]
fn xmlsec1_refuses_what_was_changed() {
    if !enabled() {
        return;
    }
    let file = File::new(good().replace(PERSON, "somebody@acme.example").as_bytes());
    let certificate = key_file("idp-current.crt");
    let mut arguments = vec!["--verify", "--pubkey-cert-pem", certificate.as_str()];
    arguments.extend(IDS);
    assert!(!run("xmlsec1", &arguments, &file).status.success());
}

#[test]
fn encrypted_by_xmlsec1() {
    if !enabled() {
        return;
    }
    let assertion = issue(&template(), SignWhat::Assertion);
    let start = assertion.find("<saml:Assertion").unwrap();
    let end = assertion.find("</samlp:Response>").unwrap();
    let plaintext = File::new(&assertion.as_bytes()[start..end]);
    let certificate = key_file("sp.crt");
    for (cipher, session_key) in [
        ("http://www.w3.org/2009/xmlenc11#aes128-gcm", "aes-128"),
        ("http://www.w3.org/2009/xmlenc11#aes256-gcm", "aes-256"),
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "aes-128"),
        ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "aes-256"),
    ] {
        let data = File::new(encryption_template(cipher).as_bytes());
        let (plain, template_path) = (plaintext.path().to_str().unwrap(), &data);
        let arguments =
            ["--encrypt", "--pubkey-cert-pem", &certificate, "--session-key", session_key, "--xml-data", plain];
        let output = run("xmlsec1", &arguments, template_path);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let sealed = String::from_utf8(output.stdout).unwrap();
        let sealed = sealed.split_once("?>").map_or(sealed.as_str(), |(_, body)| body);
        let message = format!(
            "{}<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{sealed}\
             </saml:EncryptedAssertion></samlp:Response>",
            &assertion[..start]
        );
        let mut verifier = Verifier::trusting(&["idp-current"]);
        verifier.decryption_keys = vec![decryption_key("sp")];
        verifier.verify(sign(&message, "R-1")).unwrap_or_else(|refusal| panic!("{cipher}: {refusal}"));
    }
}

fn encryption_template(cipher: &str) -> String {
    format!(
        "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod Algorithm=\"{cipher}\"/>\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
         <xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\">\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/></xenc:EncryptionMethod>\
         <xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>\
         <xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
    )
}

#[test]
fn decrypted_by_xmlsec1() {
    use DataEncryption::{Aes128Cbc, Aes128Gcm, Aes192Cbc, Aes192Gcm, Aes256Cbc, Aes256Gcm};
    if !enabled() {
        return;
    }
    let certificate = certificate("sp");
    let key = key_file("sp.key");
    for data in [Aes128Gcm, Aes192Gcm, Aes256Gcm, Aes128Cbc, Aes192Cbc, Aes256Cbc] {
        let transport = KeyTransport::OaepMgf1pSha1;
        let xml = issue_with(&template(), |issue| {
            issue.sign = SignWhat::Nothing;
            issue.encrypt = Some(Encrypt { certificate: &certificate, data, transport, placement: Placement::Inside });
        });
        let output = run("xmlsec1", &["--decrypt", "--privkey-pem", &key], &File::new(xml.as_bytes()));
        assert!(output.status.success(), "{data:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains(PERSON));
    }
}
