//! AuthnRequests: written, sent by either binding, and read again by an identity provider.

use stoa_saml::idp::{ReceivedAuthnRequest, parse_post_request, parse_redirect_request};
use stoa_saml::{AuthnRequest, Refusal, RefusalCode};

use crate::fixture::*;

const SSO: &str = "https://idp.example/idp/SSO.saml2";
const RELAY_STATE: &str = "a b&c=d+é";

fn request() -> AuthnRequest<'static> {
    AuthnRequest {
        id: REQUEST,
        issue_instant: now(),
        destination: SSO,
        issuer: SP,
        acs_url: ACS,
        force_authn: false,
        name_id_format: None,
        authn_context: &[],
    }
}

fn redirect(request: &AuthnRequest<'_>, signer: Option<&str>) -> String {
    let key = signer.map(signing_key);
    let url = request.redirect_url(Some(RELAY_STATE), key.as_ref()).unwrap();
    url.strip_prefix(&format!("{}?", request.destination)).unwrap().to_owned()
}

fn received(query: &str) -> Result<ReceivedAuthnRequest, Refusal> {
    parse_redirect_request(query, &[certificate("sp-next"), certificate("sp")])
}

#[track_caller]
fn refused(query: &str, code: RefusalCode) {
    assert_eq!(received(query).expect_err("accepted").code, code);
}

#[test]
fn the_least_request_says_nothing_optional() {
    let xml = request().to_xml();
    for absent in ["ForceAuthn", "NameIDPolicy", "RequestedAuthnContext", "IsPassive"] {
        assert!(!xml.contains(absent), "{xml}");
    }
}

#[test]
fn every_field_arrives() {
    let request = AuthnRequest {
        issuer: "https://sp.example/?a=1&b=\"<2>\"",
        force_authn: true,
        name_id_format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
        authn_context: &["urn:one", "urn:two"],
        ..request()
    };
    let expected = ReceivedAuthnRequest {
        id: REQUEST.into(),
        issuer: request.issuer.into(),
        issue_instant: now(),
        destination: Some(SSO.into()),
        acs_url: Some(ACS.into()),
        force_authn: true,
        name_id_format: request.name_id_format.map(str::to_owned),
        authn_context: vec!["urn:one".into(), "urn:two".into()],
        relay_state: Some(RELAY_STATE.into()),
        signed_by: None,
    };
    assert_eq!(parse_redirect_request(&redirect(&request, None), &[]).unwrap(), expected);
    let form = request.post_form(Some(RELAY_STATE), None).unwrap();
    assert_eq!(form.action, SSO);
    let relay_state = form.relay_state.as_deref();
    assert_eq!(parse_post_request(&form.saml_request, relay_state, &[]).unwrap(), expected);
}

#[test]
fn a_destination_may_have_a_query() {
    let request = AuthnRequest { destination: "https://idp.example/sso?tenant=1", ..request() };
    assert!(request.redirect_url(None, None).unwrap().starts_with("https://idp.example/sso?tenant=1&SAMLRequest="));
}

#[test]
fn signed_by_redirect_and_by_post() {
    let fingerprint = certificate("sp").fingerprint().to_owned();
    assert_eq!(received(&redirect(&request(), Some("sp"))).unwrap().signed_by, Some(fingerprint.clone()));
    for name in ["idp-p256", "idp-p384"] {
        let query = redirect(&request(), Some(name));
        assert!(parse_redirect_request(&query, &[certificate(name)]).unwrap().signed_by.is_some());
    }
    let form = request().post_form(None, Some(&signing_key("sp"))).unwrap();
    let post = parse_post_request(&form.saml_request, None, &[certificate("sp")]).unwrap();
    assert_eq!(post.signed_by, Some(fingerprint));
}

#[test]
fn a_response_is_no_request() {
    let message = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, good());
    let refusal = parse_post_request(&message, None, &[]).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotAnAuthnRequest);
}

/// c010
#[test]
fn c010_deflate_bomb() {
    use std::io::Write as _;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..100 {
        encoder.write_all(&[b' '; 1_000_000]).unwrap();
    }
    let bomb = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, encoder.finish().unwrap());
    let query = format!("SAMLRequest={}", bomb.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"));
    assert_eq!(parse_redirect_request(&query, &[]).unwrap_err().code, RefusalCode::DeflateInvalid);
}

/// c078: the octets as sent are what is signed.
#[test]
fn c078_redirect_signature_is_over_the_raw_query() {
    let query = redirect(&request(), Some("sp"));
    let (signed, signature) = query.split_once("&Signature=").unwrap();
    let (unsigned, algorithm) = signed.split_once("&SigAlg=").unwrap();
    refused(unsigned, RefusalCode::SignatureMissing);
    refused(&format!("{unsigned}&Signature={signature}"), RefusalCode::SignatureMissing);
    refused(&query.replace("rsa-sha256", "rsa-sha1"), RefusalCode::SignatureAlgorithmRefused);
    refused(&query.replace("%26", "%2f"), RefusalCode::SignatureMismatch);
    refused(&query.replace("%3D", "%3d"), RefusalCode::SignatureMismatch);
    received(&format!("Signature={signature}&SigAlg={algorithm}&{unsigned}")).unwrap();
}

/// c079
#[test]
fn c079_repeated_parameters() {
    let query = redirect(&request(), Some("sp"));
    for parameter in ["SAMLRequest=x", "RelayState=x", "SigAlg=x", "Signature=x"] {
        refused(&format!("{query}&{parameter}"), RefusalCode::ParametersInvalid);
    }
}

/// c080
#[test]
fn c080_relay_state_swapped() {
    let query = redirect(&request(), Some("sp"));
    refused(&query.replace("RelayState=a", "RelayState=b"), RefusalCode::SignatureMismatch);
}
