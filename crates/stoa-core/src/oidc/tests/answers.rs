//! Claims, callbacks and token answers, and what we send for them.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use aws_lc_rs::digest;
use base64::engine::general_purpose::STANDARD;
use openidconnect::HttpRequest;
use url::form_urlencoded;

use super::*;
use crate::connection::EmailVerified;
use crate::keys::KeySet;

const CALLBACK: &str = "https://sso.example.com/oidc/pg/callback";

#[test]
fn a_subject_is_a_text_of_at_most_255_bytes() {
    assert!(proved(&plain(), &json!({ "sub": "x".repeat(255) })).is_ok());
    for sub in [json!(null), json!(""), json!(7), json!("x".repeat(256))] {
        assert_eq!(code(proved(&plain(), &json!({ "sub": sub }))), RefusalCode::TokenMalformed, "{sub}");
    }
}

#[test]
fn c148_the_nonce_is_this_login_s() {
    for (nonce, wanted) in [
        (json!(null), RefusalCode::NonceMissing),
        (json!([login().oidc_nonce()]), RefusalCode::NonceMissing),
        (json!(""), RefusalCode::NonceWrong),
        (json!(login().pkce_verifier()), RefusalCode::NonceWrong),
    ] {
        assert_eq!(code(proved(&plain(), &json!({ "nonce": nonce }))), wanted, "{nonce}");
    }
}

#[test]
fn c162_each_demand_on_the_authentication_counts_alone() {
    let aged = connection("issuer = \"https://idp.example\"\nmax_age = 60\nskew_seconds = 10");
    assert!(proved(&aged, &json!({ "auth_time": NOW - 70 })).is_ok());
    assert_eq!(code(proved(&aged, &json!({ "auth_time": NOW - 71 }))), RefusalCode::AuthenticationTooOld);
    let strong = connection("issuer = \"https://idp.example\"\nacr_values = [\"mfa\", \"card\"]");
    assert!(proved(&strong, &json!({ "acr": "card" })).is_ok());
    for acr in [json!(null), json!("password"), json!("MFA"), json!(["mfa"])] {
        assert_eq!(code(proved(&strong, &json!({ "acr": acr }))), RefusalCode::AcrWrong, "{acr}");
    }
    let named_none = connection("issuer = \"https://idp.example\"\nacr_values = [\"none\"]");
    assert_eq!(code(proved(&named_none, &json!({}))), RefusalCode::AcrWrong);
}

#[test]
fn c149_a_code_beside_an_error_is_none() {
    let answer = Response::parse("code=a&error=access_denied&state=s").unwrap();
    assert_eq!(code(answer.code_or_error()), RefusalCode::ErrorWithCode);
}

#[test]
fn c158_an_answer_is_the_asked_provider_s() {
    let mut document = plain().document().clone();
    document.oidc.as_mut().unwrap().provider.as_mut().unwrap().response_iss = true;
    let promised = Connection::check(document, 1, ConnectionState::Active, UrlPolicy::Https).unwrap();
    let from = |connection: &Connection, query: &str| {
        Response::parse(query).unwrap().code_from(connection.oidc().unwrap()).map(str::to_owned)
    };
    assert!(from(&plain(), "code=a").is_ok());
    assert_eq!(code(from(&promised, "code=a")), RefusalCode::ResponseIssuerMissing);
    for connection in [plain(), promised] {
        assert!(from(&connection, "code=a&iss=https://idp.example").is_ok());
        for other in ["https://idp.example/", "https://IDP.example", "https://evil.example"] {
            let query = format!("code=a&iss={other}");
            assert_eq!(code(from(&connection, &query)), RefusalCode::ResponseIssuerWrong, "{other}");
        }
    }
}

#[test]
fn c158_the_state_is_of_one_issuer_and_one_client() {
    let of = |connection: &Connection| state(connection.oidc().unwrap(), &login());
    let other_issuer = connection("issuer = \"https://other.example\"");
    let mut document = plain().document().clone();
    document.oidc.as_mut().unwrap().client_id = "other".to_owned();
    let other_client = Connection::check(document, 1, ConnectionState::Active, UrlPolicy::Https).unwrap();
    assert_eq!(of(&plain()), of(&plain()));
    assert_ne!(of(&plain()), of(&other_issuer));
    assert_ne!(of(&plain()), of(&other_client));
}

#[test]
fn an_authorization_request_keeps_the_endpoints_own_query() {
    let (connection, login) = (plain(), login());
    let url = authorization_url(&connection, "https://sso.example.com/oidc/pg/callback", &login, None).unwrap();
    assert!(url.starts_with("https://idp.example/authorize?policy=1&response_type=code&"), "{url}");
    assert!(url.contains("&client_id=P%26G+Academy+%28test%29&"), "{url}");
}

/// Without `max_age` Entra leaves `auth_time` out, and the fresh sign-on could not be proven.
#[test]
fn a_fresh_sign_on_is_asked_for_so_that_the_token_says_when_it_was() {
    let ask = |settings: &str| {
        let connection = connection(&format!("issuer = \"https://idp.example\"\n{settings}"));
        authorization_url(&connection, "https://sso.example.com/oidc/pg/callback", &login(), None).unwrap()
    };
    assert!(ask("prompt = \"login\"").contains("&max_age=0&"));
    assert!(ask("prompt = \"login\"\nmax_age = 60").contains("&max_age=60&"));
    assert!(!ask("prompt = \"select_account\"").contains("max_age"));
}

#[test]
fn c149_c150_a_query_is_read_once_and_strictly() {
    for (query, wanted) in [
        ("code=a&code=a&state=s", RefusalCode::ResponseMalformed),
        ("code=a&iss=x&iss=x", RefusalCode::ResponseMalformed),
        ("code=a&co%64e=b", RefusalCode::ResponseMalformed),
        ("response=e30.e30.e30", RefusalCode::ResponseMalformed),
        ("code=a&id_token=e30", RefusalCode::ResponseMalformed),
    ] {
        assert_eq!(code(Response::parse(query)), wanted, "{query}");
    }
    for query in ["state=s", "code=&state=s"] {
        assert_eq!(code(Response::parse(query).unwrap().code_or_error()), RefusalCode::ResponseEmpty, "{query}");
    }
    // The description may hold anything; it goes nowhere.
    let failure =
        Response::parse("error=access_denied&error_description=%3Cb%3E").unwrap().code_or_error().unwrap_err();
    assert_eq!(failure.detail.got.as_deref(), Some("access_denied"));
    let failure = Response::parse("error=%3Cscript%3E").unwrap().code_or_error().unwrap_err();
    assert_eq!(failure.detail.got.as_deref(), Some("not the name of an error"));
}

/// The form that a code is exchanged with.
fn exchanged(connection: &Connection, secret: &KeySet, assertion_id: &str) -> Vec<(String, String)> {
    let sent: Arc<Mutex<Option<HttpRequest>>> = Arc::default();
    let kept = sent.clone();
    let http = move |request| {
        *kept.lock().unwrap() = Some(request);
        std::future::ready(Err(NoAnswer(RefusalCode::TokenEndpointUnavailable.into())))
    };
    let what = Exchange {
        oidc: connection.oidc().unwrap(),
        redirect_uri: CALLBACK,
        code: "c",
        login: &login(),
        secret: secret.current(Timestamp::from_second(NOW).unwrap()),
        assertion_id,
        now: Timestamp::from_second(NOW).unwrap(),
    };
    let future = std::pin::pin!(exchange(what, http));
    // The answer is there at once, so the first look is the last.
    let Poll::Ready(answer) = future.poll(&mut Context::from_waker(Waker::noop())) else { panic!("it waits") };
    assert_eq!(code(answer), RefusalCode::TokenEndpointUnavailable);
    let request = sent.lock().unwrap().take().unwrap();
    form_urlencoded::parse(request.body()).into_owned().collect()
}

fn value<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

fn secret(value: &str) -> KeySet {
    KeySet::parse(&json!({ "keys": [{ "id": "k1", "from": 0, "value": value }] }).to_string()).unwrap()
}

#[test]
fn c163_the_challenge_is_s256_of_the_verifier_that_follows() {
    let url = authorization_url(&plain(), CALLBACK, &login(), None).unwrap();
    let challenge = encode(digest::digest(&digest::SHA256, login().pkce_verifier().as_bytes()));
    assert!(url.contains(&format!("&code_challenge={challenge}&code_challenge_method=S256")), "{url}");
    let form = exchanged(&plain(), &secret("s3cret"), "1");
    assert_eq!(value(&form, "code_verifier"), login().pkce_verifier());
}

#[test]
fn an_assertion_is_for_one_endpoint_one_minute_and_one_use() {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(&pkcs8));
    let signing = connection("issuer = \"https://idp.example\"\nclient_auth = \"private_key_jwt\"");
    let form = exchanged(&signing, &secret(&pem), "once");
    let payload = value(&form, "client_assertion").split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let expected = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": "https://idp.example/token", "jti": "once", "iat": NOW, "exp": NOW + 60,
    });
    assert_eq!(claims, expected);
}

#[test]
fn only_200_is_an_answer_with_tokens() {
    let answer = |status: u16, body: &str| {
        let mut answer = answered(&json!({}));
        *answer.status_mut() = status.try_into().unwrap();
        *answer.body_mut() = body.as_bytes().to_vec();
        judge(answer).map_err(|NoAnswer(failure)| failure)
    };
    assert!(answer(200, "{\"access_token\":\"a\",\"token_type\":\"Bearer\"}").is_ok());
    for (status, body, wanted) in [
        (400, "{\"error\":\"invalid_grant\"}", RefusalCode::CodeRefused),
        (400, "{\"error\":\"invalid_client\"}", RefusalCode::ClientRefused),
        (400, "<html>", RefusalCode::TokenRequestRefused),
        (401, "", RefusalCode::ClientRefused),
        (429, "", RefusalCode::TokenEndpointUnavailable),
        (503, "", RefusalCode::TokenEndpointUnavailable),
        (302, "", RefusalCode::TokenAnswerStrange),
        (201, "", RefusalCode::TokenAnswerStrange),
    ] {
        assert_eq!(code(answer(status, body)), wanted, "{status} {body}");
    }
    // For whoever is on call, and nothing that names somebody.
    for (body, got) in [
        (
            "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000222: The keys of 'x' expired.\"}",
            "status 400 invalid_client AADSTS7000222",
        ),
        ("{\"error\":\"invalid_grant\",\"error_description\":\"mary@pg.com: no\"}", "status 400 invalid_grant"),
        ("{\"error\":\"of_their_own\",\"error_description\":\"AADSTS\"}", "status 400 of_their_own"),
        ("{\"error\":\"mary@pg.com\"}", "status 400 not the name of an error"),
        ("{\"errorCode\":\"E0000001\"}", "status 400"),
    ] {
        assert_eq!(answer(400, body).unwrap_err().detail.got.as_deref(), Some(got), "{body}");
    }
}

/// An address that somebody kept is for them to leave, and nobody's mistake at the provider.
#[test]
fn c149_an_address_with_nothing_in_it_is_no_answer_unless_one_is_waited_for() {
    for (query, waits, wanted) in [
        ("", false, RefusalCode::StateMissing),
        ("", true, RefusalCode::ResponseEmpty),
        ("iss=https%3A%2F%2Fidp.example", true, RefusalCode::ResponseEmpty),
        ("code=a", false, RefusalCode::StateMissing),
        ("code=a", true, RefusalCode::StateMissing),
        ("error=access_denied", true, RefusalCode::StateMissing),
    ] {
        let pending = if waits { vec![login()] } else { Vec::new() };
        assert_eq!(Response::parse(query).unwrap().answers_nothing(&pending), wanted, "{query} {waits}");
    }
}

/// Its own words, of which the library's tell nobody anything.
#[test]
fn what_came_instead_of_tokens_is_named_and_nothing_of_it_is_quoted() {
    let tokens = "{\"access_token\":\"needle\",\"token_type\":\"Bearer\",\"id_token\":\"a.b.c\"}";
    let answer = |kind: Option<&str>, body: &str| {
        let mut answer = openidconnect::http::Response::new(body.as_bytes().to_vec());
        if let Some(kind) = kind {
            answer.headers_mut().insert("content-type", kind.parse().unwrap());
        }
        judge(answer).map(drop).map_err(|NoAnswer(failure)| failure)
    };
    for kind in [None, Some("application/json"), Some("Application/JSON; charset=utf-8")] {
        assert!(answer(kind, tokens).is_ok(), "{kind:?}");
    }
    for (kind, body, got) in [
        (Some("text/html; charset=utf-8"), "<html>needle</html>", "text/html; charset=utf-8"),
        (Some("application/jwt"), tokens, "application/jwt"),
        (Some(""), tokens, ""),
        (None, "<html>needle</html>", "a web page came instead of JSON; look at the address in a browser"),
        (None, "", "nothing came"),
        (None, "access_token=needle", "it is not JSON"),
        (None, "[\"needle\"]", "it is JSON, but not an object"),
        (None, "{\"token_type\":\"Bearer\"}", "the member \"access_token\" is missing"),
        (None, "{\"access_token\":7,\"token_type\":\"Bearer\"}", "the member \"access_token\" is not a text"),
        (None, "{\"access_token\":\"needle\"}", "the member \"token_type\" is missing"),
    ] {
        let failure = answer(kind, body).unwrap_err();
        assert_eq!(failure.fault, Fault::Oidc(RefusalCode::TokenAnswerStrange), "{body}");
        assert_eq!(failure.detail.got.as_deref(), Some(got), "{body}");
    }
}

#[test]
fn c167_userinfo_is_200_and_json() {
    let merged = |status: u16, kind: &'static str| {
        let mut answer = answered(&json!({ "sub": "miller.m" }));
        *answer.status_mut() = status.try_into().unwrap();
        answer.headers_mut().insert("content-type", kind.parse().unwrap());
        proved(&plain(), &json!({})).unwrap().with_userinfo(&answer, &plain())
    };
    assert!(merged(200, "Application/JSON;charset=utf-8").is_ok());
    assert_eq!(code(merged(401, "application/json")), RefusalCode::UserInfoUnavailable);
    assert_eq!(code(merged(200, "application/jwt")), RefusalCode::UserInfoStrange);
    let page = |body: &str| {
        let mut answer = answered(&json!({}));
        *answer.body_mut() = body.as_bytes().to_vec();
        let failure = proved(&plain(), &json!({})).unwrap().with_userinfo(&answer, &plain()).err().unwrap();
        assert_eq!(failure.fault, Fault::Oidc(RefusalCode::UserInfoStrange));
        failure.detail.got.unwrap()
    };
    assert_eq!(page("<html></html>"), "a web page came instead of JSON; look at the address in a browser");
    assert_eq!(page(" "), "nothing came");
}

#[test]
fn c169_an_address_is_verified_by_true_alone() {
    let check = |said: Value, rule| {
        proved(&plain(), &json!({ "email_verified": said })).unwrap().check_email_verified(rule, "email")
    };
    for said in [json!(true), json!("true")] {
        assert!(check(said.clone(), EmailVerified::Required).is_ok(), "{said}");
    }
    for said in [json!(false), json!("false"), json!("True"), json!(1), json!("")] {
        for rule in [EmailVerified::Required, EmailVerified::WhenPresent] {
            assert_eq!(code(check(said.clone(), rule)), RefusalCode::EmailUnverified, "{said}");
        }
        assert!(check(said, EmailVerified::Ignored).is_ok());
    }
    assert_eq!(code(check(json!(null), EmailVerified::Required)), RefusalCode::EmailUnverified);
    assert!(check(json!(null), EmailVerified::WhenPresent).is_ok());
}

#[test]
fn c169_an_address_out_of_another_claim_is_verified_only_where_it_is_the_same() {
    let plain = connection("issuer = \"https://idp.example\"\nemail_verified = \"required\"");
    let mut document = plain.document().clone();
    document.attributes.email = Some("upn".to_owned());
    let connection = Connection::check(document, 1, ConnectionState::Active, UrlPolicy::Https).unwrap();
    let verified = |email: Value| {
        let said = json!({ "email": email, "email_verified": true, "upn": "m@pg.com" });
        crate::identity::Verified::from_id_token(&proved(&connection, &said).unwrap(), &connection)
    };
    assert!(verified(json!("m@pg.com")).is_ok());
    for other in [json!("m@evil.example"), json!(null)] {
        assert_eq!(code(verified(other.clone())), RefusalCode::EmailUnverified, "{other}");
    }
}

/// As Entra publishes them: most keys are every tenant's, that of the personal accounts is not.
#[test]
fn c157_c170_a_key_of_one_tenant_vouches_for_no_other() {
    let (ours, personal) = ("b7e2f3a0-41c6-4d39-9c5e-0a1d62f7c811", "9188040d-6c67-4c5b-b112-36a304b66dad");
    let issuer = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let signer = Signer::p256();
    let verified = |key_of: &str, iss: &str| {
        let mut jwk = signer.jwk("a");
        jwk["issuer"] = json!(key_of);
        verify(&signer.sign(&header("a"), &json!({ "iss": iss })), &set(&[jwk]))
    };
    for iss in [issuer(ours), format!("https://sts.windows.net/{ours}/")] {
        for key_of in [issuer("{tenantid}"), issuer(ours), "https://idp.example".to_owned()] {
            assert!(verified(&key_of, &iss).is_ok(), "{key_of} {iss}");
        }
        assert_eq!(code(verified(&issuer(personal), &iss)), RefusalCode::IssuerWrong);
    }
    assert!(verified(&issuer(personal), &issuer(personal)).is_ok());
}

/// A guest's address comes from their own tenant, whose administrator may be anybody.
#[test]
fn c170_a_guests_address_counts_only_where_entra_has_verified_whose_domain_it_is() {
    let tenant = "b7e2f3a0-41c6-4d39-9c5e-0a1d62f7c811";
    let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let of = |rule: &str| connection(&format!("issuer = \"{issuer}\"\n{rule}"));
    let (plain, trusting) = (of(""), of("email_verified = \"ignored\""));
    let verified = |connection: &Connection, more: Value| {
        let mut said = json!({ "iss": issuer, "tid": tenant, "email": "m@pg.com" });
        said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        crate::identity::Verified::from_id_token(&proved(connection, &said).unwrap(), connection)
    };
    let home = "https://sts.windows.net/0badc0de-7a11-4e57-8b3c-5d1f90e4a6b2/";
    for guest in [json!({ "idp": home }), json!({ "acct": 1 }), json!({ "idp": home, "xms_edov": false })] {
        assert_eq!(code(verified(&plain, guest.clone())), RefusalCode::EmailUnverified, "{guest}");
        assert!(verified(&trusting, guest).is_ok());
    }
    let member = format!("https://sts.windows.net/{tenant}/");
    for good in [
        json!({}),
        json!({ "idp": issuer, "acct": 0 }),
        json!({ "idp": member }),
        json!({ "idp": home, "acct": 1, "xms_edov": true }),
        json!({ "idp": home, "xms_edov": "1" }),
        // Not Entra's, though of the same name: Okta's own.
        json!({ "tid": null, "idp": "00o1a2b3c4d5e6f7g8h9" }),
    ] {
        assert!(verified(&plain, good.clone()).is_ok(), "{good}");
    }
}
