//! What each product refuses, and in which words: statuses, `error`, and the members of the body.

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use stoa_sandbox::openid::{Client, FOREIGN_TENANT, Product, Realm};

use crate::openid_provider::{Answer, CHALLENGE, CLIENT, Provider, REDIRECT, SECRET, basic};

/// Status, `error`, and Entra's number.
type Refusal = (u16, &'static str, u32);

/// The products' view of one mistake: PingFederate's, Entra's, Okta's and Google's.
fn by_product(product: Product, [pingfederate, entra, okta, google]: [Refusal; 4]) -> Refusal {
    match product {
        Product::PingFederate => pingfederate,
        Product::Entra => entra,
        Product::Okta => okta,
        Product::Google => google,
    }
}

/// A mistake that all see alike; Entra has a number for it.
fn alike(status: u16, error: &'static str, number: u32) -> [Refusal; 4] {
    [(status, error, number); 4]
}

fn names(body: &Value) -> Vec<&str> {
    body.as_object().unwrap().keys().map(String::as_str).collect()
}

fn check(product: Product, answer: &Answer, (status, error, number): Refusal) {
    let body = answer.json();
    assert_eq!(answer.status, status, "{product:?} {body}");
    if product == Product::Okta && body.get("errorCode").is_some() {
        assert_eq!(names(&body), ["errorCauses", "errorCode", "errorId", "errorLink", "errorSummary"]);
        assert_eq!((body["errorCode"].as_str(), status), (Some(error), 400), "{body}");
        return;
    }
    assert_eq!(body["error"], error, "{product:?} {body}");
    if product != Product::Entra {
        assert_eq!(names(&body), ["error", "error_description"], "{product:?}");
        return;
    }
    let known = ["correlation_id", "error", "error_codes", "error_description", "error_uri", "timestamp", "trace_id"];
    assert_eq!(names(&body), known);
    assert_eq!(body["error_codes"], json!([number]), "{body}");
    assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{number}: ")), "{body}");
}

#[tokio::test]
async fn a_token_request_with_a_mistake_is_refused_as_the_product_does() {
    let elsewhere = (400, "invalid_grant", 0);
    let redirect = [elsewhere, (401, "invalid_client", 500_112), elsewhere, (400, "redirect_uri_mismatch", 0)];
    for product in Product::ALL {
        let provider = Provider::start(*product).await;
        for (change, refusals) in [
            (("grant_type", "client_credentials"), alike(400, "unsupported_grant_type", 70_003)),
            (("grant_type", ""), alike(400, "invalid_request", 900_144)),
            (("code", ""), alike(400, "invalid_request", 900_144)),
            // Not of the form of a code.
            (("code", "another"), [elsewhere, (400, "invalid_request", 9_002_313), elsewhere, elsewhere]),
            (("redirect_uri", "http://stoa.localhost:9/oidc/acme/callback/"), redirect),
            (("redirect_uri", ""), redirect),
            (("code_verifier", ""), alike(400, "invalid_grant", 501_481)),
            (("code_verifier", CHALLENGE), alike(400, "invalid_grant", 501_481)),
        ] {
            let answer = provider.redeem(&provider.code().await, &[change]).await;
            check(*product, &answer, by_product(*product, refusals));
        }
    }
}

#[tokio::test]
async fn a_client_that_is_unknown_wrong_or_silent_is_refused_as_the_product_does() {
    let nobody = (401, "invalid_client", 0);
    for product in Product::ALL {
        let provider = Provider::start(*product).await;
        let unknown = [nobody, (400, "unauthorized_client", 700_016), (400, "invalid_client", 0), nobody];
        let silent = [nobody, (401, "invalid_client", 7_000_218), nobody, (400, "invalid_request", 0)];
        for (authorization, form, refusals) in [
            (basic(CLIENT, "wrong"), vec![], alike(401, "invalid_client", 7_000_215)),
            (basic("somebody", SECRET), vec![], unknown),
            // A public client's `none`.
            (String::new(), vec![("client_id", CLIENT)], silent),
            (String::new(), vec![], alike(400, "invalid_request", 900_144)),
            (basic(CLIENT, SECRET), vec![("client_secret", SECRET)], alike(400, "invalid_request", 9_000_101)),
        ] {
            let code = provider.code().await;
            let answer = provider.redeem_as(&authorization, &code, &form).await;
            check(*product, &answer, by_product(*product, refusals));
            assert_eq!(provider.redeem(&code, &[]).await.status, 200, "a stranger's attempt spent the code");
        }
    }
}

#[tokio::test]
async fn a_code_is_refused_a_second_time_late_and_from_another_client() {
    for product in Product::ALL {
        let provider = Provider::start(*product).await;
        let (spent, late) = (provider.code().await, provider.code().await);
        let access_token = provider.redeem(&spent, &[]).await.json()["access_token"].as_str().unwrap().to_owned();
        provider.openid.register(Client::new(*product, "other", "other", REDIRECT));
        let other = provider.redeem_as(&basic("other", "other"), &spent, &[]).await;
        check(*product, &other, (400, "invalid_grant", 70_000));
        assert_eq!(provider.user_info(&access_token).await.status, 200, "another client ended what the first one has");
        check(*product, &provider.redeem(&spent, &[]).await, (400, "invalid_grant", 54_005));
        assert_eq!(provider.user_info(&access_token).await.status, 401);
        provider.openid.clock().advance(SignedDuration::from_mins(11));
        check(*product, &provider.redeem(&late, &[]).await, (400, "invalid_grant", 70_008));
    }
}

#[tokio::test]
async fn secrets_codes_and_access_tokens_are_one_products_alone() {
    let mut provider = Provider::start(Product::PingFederate).await;
    provider.openid.register(Client::new(Product::Okta, CLIENT, "Okta's", REDIRECT));
    let with_oktas = basic(CLIENT, "Okta's");
    let answer = provider.redeem_as(&with_oktas, &provider.code().await, &[]).await;
    check(Product::PingFederate, &answer, (401, "invalid_client", 0));
    let access_token = provider.tokens().await["access_token"].as_str().unwrap().to_owned();
    let code = provider.code().await;
    provider.realm = Realm::of(Product::Okta);
    check(Product::Okta, &provider.redeem_as(&with_oktas, &code, &[]).await, (400, "invalid_grant", 0));
    assert_eq!(provider.user_info(&access_token).await.status, 401);
}

#[tokio::test]
async fn entra_takes_a_code_only_where_it_gave_it() {
    let mut provider = Provider::with(Realm::of(Product::Entra), |client| {
        client.tenants.push(FOREIGN_TENANT.to_owned());
    })
    .await;
    let code = provider.code().await;
    for elsewhere in [Realm::tenant(FOREIGN_TENANT), Realm::tenant("organizations"), Realm::of(Product::Entra).v1()] {
        provider.realm = elsewhere;
        check(Product::Entra, &provider.redeem(&code, &[]).await, (400, "invalid_grant", 700_005));
    }
    provider.realm = Realm::of(Product::Entra);
    assert_eq!(provider.redeem(&code, &[]).await.status, 200);

    let mut single = Provider::start(Product::Entra).await;
    let code = single.code().await;
    single.realm = Realm::tenant(FOREIGN_TENANT);
    check(Product::Entra, &single.redeem(&code, &[]).await, (400, "unauthorized_client", 700_016));
}

#[tokio::test]
async fn every_product_refuses_what_the_specifications_refuse() {
    for product in Product::ALL {
        let provider = Provider::start(*product).await;
        for (change, error) in [
            (("response_type", ""), "invalid_request"),
            (("response_type", "id_token"), "unsupported_response_type"),
            (("response_mode", "pi.flow"), "invalid_request"),
            (("code_challenge", "short"), "invalid_request"),
            (("code_challenge_method", "S512"), "invalid_request"),
            (("max_age", "-1"), "invalid_request"),
            (("prompt", "none login"), "invalid_request"),
        ] {
            let answer = provider.authorize(&[change]).await;
            assert_eq!(answer.parameter("error").as_deref(), Some(error), "{product:?} {change:?}");
            assert_eq!(answer.parameter("code"), None);
        }
        let bare = [("code_challenge", ""), ("code_challenge_method", "")];
        assert!(provider.authorize(&bare).await.parameter("code").is_some());
        provider.openid.edit_client(*product, CLIENT, |client| client.require_pkce = true);
        assert_eq!(provider.authorize(&bare).await.parameter("error").as_deref(), Some("invalid_request"));
        let twice = provider.authorize(&[("client_id", CLIENT), ("client_id", CLIENT)]).await;
        assert_eq!((twice.status, twice.location), (400, None), "{product:?}");
    }
}

#[tokio::test]
async fn only_okta_insists_on_a_state() {
    for product in Product::ALL {
        let answer = Provider::start(*product).await.authorize(&[("state", "")]).await;
        assert_eq!(answer.parameter("state"), None);
        assert_eq!(answer.parameter("code").is_none(), *product == Product::Okta);
    }
}

#[tokio::test]
async fn without_the_scope_openid_there_is_no_id_token_and_nobody_to_ask_about() {
    for product in [Product::PingFederate, Product::Entra, Product::Google] {
        let provider = Provider::start(product).await;
        let code = provider.authorize(&[("scope", "profile email")]).await.parameter("code").unwrap();
        let tokens = provider.redeem(&code, &[]).await.json();
        assert_eq!(tokens.get("id_token"), None, "{product:?}");
        let info = provider.user_info(tokens["access_token"].as_str().unwrap()).await;
        let challenge = info.header("www-authenticate");
        assert_eq!((info.status, challenge), (403, Some("Bearer error=\"insufficient_scope\"")), "{product:?}");
        let nothing = provider.authorize(&[("scope", "")]).await;
        assert_eq!(nothing.location.is_some(), product == Product::PingFederate, "{product:?}");
    }
    let okta = Provider::start(Product::Okta).await;
    for scope in ["profile email", ""] {
        let answer = okta.authorize(&[("scope", scope)]).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("invalid_scope"));
    }
}

#[tokio::test]
async fn entra_says_its_number_in_the_browser_too() {
    let provider = Provider::start(Product::Entra).await;
    let described = async |changes: &[(&str, &str)]| {
        let answer = provider.authorize(changes).await;
        answer.parameter("error_description").unwrap_or_else(|| String::from_utf8_lossy(&answer.body).into_owned())
    };
    for (change, number) in [
        (("client_id", "somebody"), 700_016),
        (("redirect_uri", "http://stoa.localhost:9/"), 50_011),
        (("response_type", "id_token"), 700_051),
        (("scope", "payroll"), 650_053),
        (("scope", ""), 900_144),
    ] {
        let text = described(&[change]).await;
        assert!(text.contains(&format!("AADSTS{number}: ")), "{change:?} {text}");
    }
    provider.openid.ask(Product::Entra);
    assert!(described(&[("prompt", "none")]).await.starts_with("AADSTS50058: "));
}

#[tokio::test]
async fn endpoints_have_their_methods() {
    for product in Product::ALL {
        let provider = Provider::start(*product).await;
        for member in ["token_endpoint", "jwks_uri"] {
            let wrong = if member == "jwks_uri" { Method::POST } else { Method::GET };
            let answer = provider.send(wrong, &provider.path(member), &[], "").await;
            assert_eq!(answer.status, 405, "{product:?} {member}");
        }
    }
}
