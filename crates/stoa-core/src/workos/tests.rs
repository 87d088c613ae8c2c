//! Callbacks, requests, answers and profiles.

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::*;
use crate::binding::Pending;
use crate::connection::{Connection, ConnectionDocument, ConnectionState, Protocol, UrlPolicy, WorkosDocument};
use crate::failure::Failure;
use crate::ids::Reference;
use crate::keys::KeySet;
use crate::oidc::Response;

fn connection(settings: &str) -> Connection {
    let text = format!(
        "id = \"umbrella\"\ncustomer = \"umbrella\"\nschool = \"umbrella\"\ndomains = [\"umbrella.example\"]\n{settings}"
    );
    let document: ConnectionDocument = toml::from_str(&text).unwrap();
    Connection::check(document, 1, ConnectionState::Active, UrlPolicy::Https).unwrap()
}

fn ours() -> Connection {
    connection("[workos]\nclient_id = \"client_1\"\norganization = \"org_1\"\nconnection = \"conn_1\"")
}

fn settings(connection: &Connection) -> &WorkosDocument {
    let Protocol::Workos(settings) = connection.protocol() else { panic!() };
    settings
}

fn answer(status: u16, body: &str) -> http::Response<Vec<u8>> {
    http::Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
}

fn profile(change: impl FnOnce(&mut Value)) -> Profile {
    let mut profile = json!({
        "object": "profile", "id": "prof_1", "connection_id": "conn_1", "connection_type": "OktaSAML",
        "organization_id": "org_1", "idp_id": "00u1", "email": "ada@umbrella.example", "name": "Ada Wong",
        "first_name": "Ada", "last_name": "Wong", "role": {"slug": "admin"}, "roles": [{"slug": "admin"}],
        "groups": ["a", "b"], "custom_attributes": {"employee": 7, "email": "evil@umbrella.example", "deep": {"x": 1}},
        "raw_attributes": {"email": "evil@umbrella.example"},
    });
    change(&mut profile);
    Profile::from_token_answer(&answer(200, &json!({ "profile": profile }).to_string())).unwrap()
}

fn fault<T>(result: Result<T, Failure>) -> &'static str {
    result.err().map_or("none", |failure| failure.fault.code())
}

fn pending() -> Vec<Pending> {
    vec![Pending::begin(Reference::from_random([1; 8]), jiff::Timestamp::UNIX_EPOCH, [1; 32])]
}

fn answered(query: &str) -> &'static str {
    answered_to(query, &pending())
}

fn answered_to(query: &str, pending: &[Pending]) -> &'static str {
    let connection = ours();
    let state = pending.first().map(|login| state_of(login, settings(&connection))).unwrap_or_default();
    let response = Response::parse(&query.replace("OURS", &state));
    match response.and_then(|response| Callback::read(&response, settings(&connection), pending)) {
        Ok(Callback::Answer { code: Ok(_), .. }) => "code",
        Ok(Callback::Answer { code: Err(failure), .. }) | Err(failure) => failure.fault.code(),
        Ok(Callback::Unsolicited) => "unsolicited",
    }
}

/// The parameters of a request, each of which is there once.
fn parameters(text: &str) -> BTreeMap<String, String> {
    let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let map: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(map.len(), pairs.len(), "{text}");
    map
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn c163_the_request_asks_for_a_code_bound_to_this_browser() {
    let (connection, login) = (ours(), &pending()[0]);
    let url = authorization_url(&connection, "https://sso.example/a?b&c", login, Some("ada+1@umbrella.example"));
    let url = Url::parse(&url.unwrap()).unwrap();
    assert!(url.as_str().starts_with("https://api.workos.com/sso/authorize?"));
    let asked = parameters(url.query().unwrap());
    let usual = [
        ("response_type", "code"),
        ("client_id", "client_1"),
        ("redirect_uri", "https://sso.example/a?b&c"),
        ("state", &state_of(login, settings(&connection))),
        // Of `pkce_verifier`, by another implementation of RFC 7636.
        ("code_challenge", &openidconnect_challenge(login)),
        ("code_challenge_method", "S256"),
    ];
    assert_eq!(
        asked,
        map(&[&usual[..], &[("connection", "conn_1"), ("login_hint", "ada+1@umbrella.example")]].concat())
    );
}

fn openidconnect_challenge(login: &Pending) -> String {
    use openidconnect::{PkceCodeChallenge, PkceCodeVerifier};
    let verifier = PkceCodeVerifier::new(login.pkce_verifier());
    PkceCodeChallenge::from_code_verifier_sha256(&verifier).as_str().to_owned()
}

#[test]
fn an_organization_is_the_selector_where_there_is_no_connection() {
    for (settings, selector) in [
        ("organization = \"org_1\"", ("organization", "org_1")),
        ("connection = \"conn_1\"", ("connection", "conn_1")),
        ("organization = \"org_1\"\nconnection = \"conn_1\"", ("connection", "conn_1")),
    ] {
        let connection = connection(&format!("[workos]\nclient_id = \"client_1\"\n{settings}"));
        let url = authorization_url(&connection, "https://sso.example/", &pending()[0], None).unwrap();
        let mut asked = parameters(Url::parse(&url).unwrap().query().unwrap());
        asked.retain(|name, _| ["connection", "organization", "login_hint"].contains(&name.as_str()));
        assert_eq!(asked, map(&[selector]));
    }
}

#[test]
fn c164_the_code_is_sent_once_as_a_form_with_what_proves_whose_it_is() {
    let key = KeySet::parse(r#"{"keys":[{"id":"1","from":0,"value":"sk_test_a+b&c=d"}]}"#).unwrap();
    let (connection, login) = (ours(), &pending()[0]);
    let request = token_request(settings(&connection), &key.all()[0], "a code/+", login).unwrap();
    assert_eq!(
        (request.method().as_str(), request.uri().to_string()),
        ("POST", "https://api.workos.com/sso/token".into())
    );
    assert_eq!(request.headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
    // The key is in the body and nowhere else.
    assert!(!request.headers().contains_key("authorization"));
    let sent = parameters(std::str::from_utf8(request.body()).unwrap());
    let wanted = [
        ("grant_type", "authorization_code"),
        ("client_id", "client_1"),
        ("client_secret", "sk_test_a+b&c=d"),
        ("code", "a code/+"),
        ("code_verifier", &login.pkce_verifier()),
    ];
    assert_eq!(sent, map(&wanted));
}

#[test]
fn an_answer_is_to_a_login_of_this_browser_or_to_none() {
    for (query, wanted) in [
        ("code=x&state=OURS", "code"),
        ("code=x", "unsolicited"),
        ("code=x&state=other", "oidc_state_unknown"),
        ("code=x&code=y&state=OURS", "oidc_response_malformed"),
        ("code=x&state=OURS&state=OURS", "oidc_response_malformed"),
        ("code=x&error=server_error&state=OURS", "oidc_error_with_code"),
        ("code=&state=OURS", "oidc_response_empty"),
        ("state=OURS", "oidc_response_empty"),
        ("", "oidc_response_empty"),
        ("error=access_denied", "oidc_access_denied"),
    ] {
        assert_eq!(answered(query), wanted, "{query}");
    }
    // A bookmark.
    assert_eq!(answered_to("", &[]), "oidc_state_missing");
    assert_eq!(answered_to("code=x", &[]), "unsolicited");
}

#[test]
fn each_error_of_workos_has_its_fault() {
    for (error, wanted) in [
        ("access_denied", "oidc_access_denied"),
        ("ambiguous_connection_selector", "workos_set_up_wrong"),
        ("connection_domain_invalid", "workos_set_up_wrong"),
        ("connection_invalid", "workos_set_up_wrong"),
        ("connection_strategy_invalid", "workos_set_up_wrong"),
        ("connection_unlinked", "workos_set_up_wrong"),
        ("idp_initiated_sso_disabled", "idp_initiated_off"),
        ("invalid_connection_selector", "workos_set_up_wrong"),
        ("organization_invalid", "workos_set_up_wrong"),
        ("oauth_failed", "oidc_provider_failed"),
        ("profile_not_allowed_outside_organization", "workos_profile_foreign"),
        ("server_error", "oidc_provider_failed"),
        ("signin_consent_denied", "oidc_access_denied"),
        ("Access_Denied", "oidc_error_unknown"),
    ] {
        assert_eq!(answered(&format!("error={error}&error_description=x&state=OURS")), wanted, "{error}");
    }
}

#[test]
fn each_refusal_of_the_token_endpoint_has_its_fault() {
    for (status, body, wanted) in [
        (400, r#"{"error":"invalid_grant","error_description":"x"}"#, "oidc_code_refused"),
        (400, r#"{"error":"invalid_client"}"#, "oidc_client_refused"),
        (400, r#"{"error":"unauthorized_client"}"#, "oidc_client_refused"),
        (401, r#"{"message":"Unauthorized"}"#, "oidc_client_refused"),
        (400, r#"{"error":"unsupported_grant_type"}"#, "oidc_token_request_refused"),
        (422, r#"{"code":"invalid_request_parameters","message":"x"}"#, "oidc_token_request_refused"),
        (400, r#"{"code":"invalid_grant","error":"Bad Request"}"#, "oidc_code_refused"),
        (400, r#"{"error":{"code":"invalid_grant"}}"#, "oidc_token_request_refused"),
        (404, "<!doctype html>", "oidc_token_request_refused"),
        (429, r#"{"error":"invalid_grant"}"#, "oidc_token_endpoint_unavailable"),
        (500, "", "oidc_token_endpoint_unavailable"),
        (307, "", "oidc_token_answer_strange"),
    ] {
        assert_eq!(fault(Profile::from_token_answer(&answer(status, body))), wanted, "{status} {body}");
    }
}

#[test]
fn an_answer_needs_a_profile_and_nothing_else() {
    for (body, wanted) in [
        (r#"{"profile":{}}"#, "none"),
        (r#"{"access_token":"a","profile":{"id":null,"roles":null}}"#, "none"),
        (r#"{"access_token":"a","token_type":"Bearer","expires_in":600,"profile":{},"oauth_tokens":null}"#, "none"),
        (r#"{"access_token":"a"}"#, "oidc_token_answer_strange"),
        (r#"{"profile":null}"#, "oidc_token_answer_strange"),
        (r#"{"profile":["00u1"]}"#, "oidc_token_answer_strange"),
        (r#"{"profile":{},"profile":{}}"#, "oidc_token_answer_strange"),
        ("", "oidc_token_answer_strange"),
        ("<!doctype html>", "oidc_token_answer_strange"),
    ] {
        assert_eq!(fault(Profile::from_token_answer(&answer(200, body))), wanted, "{body}");
    }
}

#[test]
fn a_profile_of_another_organization_or_connection_is_foreign() {
    assert_eq!(fault(profile(|_| {}).verify(&ours())), "none");
    for (field, value) in [
        ("organization_id", json!("org_2")),
        ("organization_id", json!(null)),
        ("organization_id", json!("ORG_1")),
        ("connection_id", json!("conn_2")),
        ("connection_id", json!(["conn_1"])),
    ] {
        let foreign = profile(|profile| profile[field] = value.clone());
        assert_eq!(fault(foreign.verify(&ours())), "workos_profile_foreign", "{field} {value}");
    }
    // What the connection does not name is not compared.
    let by_organization = connection("[workos]\nclient_id = \"client_1\"\norganization = \"org_1\"");
    let other = profile(|profile| profile["connection_id"] = "conn_2".into());
    assert_eq!(fault(other.verify(&by_organization)), "none");
}

#[test]
fn a_mapped_attribute_never_takes_the_place_of_a_field() {
    let admitted = profile(|_| {}).verify(&ours()).unwrap().admit(&ours()).unwrap();
    assert_eq!(admitted.hint(), "Ada W. (a…@umbrella.example)");
    let renamed = connection(
        "[subject]\nfrom = \"custom.employee\"\n[workos]\nclient_id = \"client_1\"\norganization = \"org_1\"",
    );
    assert_eq!(fault(profile(|_| {}).verify(&renamed).and_then(|it| it.admit(&renamed))), "none");
}

#[test]
fn a_profile_that_names_nobody_is_not_admitted() {
    for (field, value, wanted) in [
        ("email", json!(null), "email_missing"),
        ("email", json!(" "), "email_missing"),
        ("email", json!(["a@umbrella.example", "b@umbrella.example"]), "attribute_ambiguous"),
        ("email", json!("ada@evil.example"), "email_domain_foreign"),
        ("idp_id", json!(null), "subject_missing"),
        ("idp_id", json!("ada@umbrella.example"), "subject_is_email"),
    ] {
        let changed = profile(|profile| profile[field] = value.clone());
        let result = changed.verify(&ours()).and_then(|verified| verified.admit(&ours()));
        assert_eq!(fault(result), wanted, "{field} {value}");
    }
}

#[test]
fn a_login_needs_the_subject_the_address_and_whose_profile_it_is() {
    let least = profile(|profile| {
        *profile = json!({
            "organization_id": "org_1", "connection_id": "conn_1", "idp_id": "00u1", "email": "ada@umbrella.example",
        });
    });
    assert_eq!(fault(least.verify(&ours()).and_then(|verified| verified.admit(&ours()))), "none");
    let nothing = || profile(|profile| *profile = json!({}));
    assert_eq!(fault(nothing().verify(&ours())), "workos_profile_foreign");
    // Another subject than `idp_id`, of a profile that has none.
    let by_id = connection("[subject]\nfrom = \"id\"\n[workos]\nclient_id = \"client_1\"\norganization = \"org_1\"");
    let without = profile(|profile| profile["idp_id"] = Value::Null);
    assert_eq!(fault(without.verify(&by_id).and_then(|verified| verified.admit(&by_id))), "none");
}
