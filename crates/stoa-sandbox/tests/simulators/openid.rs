//! The OpenID providers: a login with each product as it is by default, and each refusal.

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use stoa_sandbox::openid::{Client, Endpoint, GLOBEX_TENANT, Product};

use crate::openid_provider::{Answer, CHALLENGE, CLIENT, Provider, REDIRECT, basic, part};

#[tokio::test]
async fn each_product_describes_itself_at_its_own_paths() {
    for product in Product::ALL {
        let provider = Provider::start(*product).await;
        let url = provider.openid.discovery_url(&provider.realm);
        let path = url.strip_prefix(&provider.openid.url(*product)).unwrap();
        let answer = provider.send(Method::GET, path, &[], "").await;
        let document = answer.json();
        assert_eq!(document["issuer"], provider.openid.issuer(&provider.realm));
        assert_eq!(url, format!("{}/.well-known/openid-configuration", document["issuer"].as_str().unwrap()));
        let keys = provider.send(Method::GET, &provider.path("jwks_uri"), &[], "").await.json();
        assert_eq!(keys.to_string(), provider.openid.jwks(&provider.realm));
    }
    let provider = Provider::start(Product::PingFederate).await;
    let document: Value = serde_json::from_str(&provider.openid.discovery(&provider.realm)).unwrap();
    assert_eq!(document["id_token_signing_alg_values_supported"][0], "none", "as the real one advertises");
    let changes = json!({ "issuer": "https://idp.attacker.example", "userinfo_endpoint": null });
    provider.openid.change_discovery(Product::PingFederate, changes);
    let document: Value = serde_json::from_str(&provider.openid.discovery(&provider.realm)).unwrap();
    assert_eq!(
        (&document["issuer"], document.get("userinfo_endpoint")),
        (&json!("https://idp.attacker.example"), None)
    );
}

#[tokio::test]
async fn a_login_with_each_product_gives_its_own_claims() {
    for (product, token_has, user_info_has) in [
        (Product::PingFederate, vec!["auth_time", "jti"], vec!["email", "given_name", "family_name", "groups"]),
        (Product::Entra, vec!["tid", "oid", "preferred_username", "email", "name", "groups"], vec!["given_name"]),
        (Product::Okta, vec!["auth_time", "amr", "at_hash", "email", "email_verified", "name"], vec!["family_name"]),
        (Product::Google, vec!["azp", "hd", "email_verified", "given_name", "family_name"], vec!["email"]),
    ] {
        let provider = Provider::start(product).await;
        let tokens = provider.tokens().await;
        let claims = provider.verified(tokens["id_token"].as_str().unwrap()).unwrap();
        assert_eq!(claims["iss"], provider.openid.issuer(&provider.realm));
        assert_eq!((&claims["aud"], &claims["nonce"]), (&json!(CLIENT), &json!("n1")));
        let info = provider.user_info(tokens["access_token"].as_str().unwrap()).await.json();
        assert_eq!(info["sub"], claims["sub"]);
        let missing: Vec<_> = token_has.into_iter().filter(|name| claims.get(name).is_none()).collect();
        let unsaid: Vec<_> = user_info_has.into_iter().filter(|name| info.get(name).is_none()).collect();
        assert!(missing.is_empty() && unsaid.is_empty(), "{product:?} {missing:?} {unsaid:?}");
        assert_eq!(claims.get("email").is_some(), product != Product::PingFederate, "PingFederate's tokens are thin");
        assert_eq!(claims.get("given_name").is_some(), product == Product::Google);
    }
}

#[tokio::test]
async fn an_error_goes_to_the_client_only_where_client_and_redirect_uri_are_right() {
    for product in Product::ALL {
        let provider = Provider::start(*product).await;
        let near = ["http://stoa.localhost:9/oidc/acme/callback/", "HTTP://stoa.localhost:9/oidc/acme/callback", ""];
        for uri in near {
            let answer = provider.authorize(&[("redirect_uri", uri), ("response_type", "token")]).await;
            assert_eq!((answer.status, answer.location), (400, None), "{product:?} {uri:?}");
        }
        let answer = provider.authorize(&[("client_id", "somebody")]).await;
        assert_eq!((answer.status, answer.location), (400, None));
        let answer = provider.authorize(&[("response_type", "token")]).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("unsupported_response_type"));
        assert_eq!(answer.parameter("state").as_deref(), Some("s1"));
        let errors: Vec<_> = provider.openid.calls().into_iter().filter_map(|call| call.error).collect();
        assert_eq!(
            errors[..4],
            ["redirect-uri-mismatch", "redirect-uri-mismatch", "redirect-uri-mismatch", "unknown-client"]
        );
    }
}

#[tokio::test]
async fn what_is_malformed_or_not_supported_is_refused_as_the_product_does() {
    let federate = Provider::start(Product::PingFederate).await;
    for (change, error) in [
        (("response_mode", "pi.flow"), "invalid_request"),
        (("scope", "openid payroll"), "invalid_scope"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "S512"), "invalid_request"),
        (("max_age", "soon"), "invalid_request"),
        (("prompt", "none login"), "invalid_request"),
        (("request", "e30.e30."), "request_not_supported"),
    ] {
        let answer = federate.authorize(&[change]).await;
        assert_eq!(answer.parameter("error").as_deref(), Some(error), "{change:?}");
    }
    let twice = federate.authorize(&[("state", "a"), ("state", "b")]).await;
    assert_eq!((twice.status, twice.location), (400, None));
    let okta = Provider::start(Product::Okta).await;
    for change in [("state", ""), ("acr_values", "urn:unknown"), ("code_challenge_method", "plain")] {
        assert_eq!(
            okta.authorize(&[change]).await.parameter("error").as_deref(),
            Some("invalid_request"),
            "{change:?}"
        );
    }
    let entra = Provider::start(Product::Entra).await;
    assert_eq!(entra.authorize(&[("scope", "payroll")]).await.parameter("error").as_deref(), Some("invalid_client"));
    let google = Provider::start(Product::Google).await;
    assert_eq!(google.authorize(&[("scope", "payroll")]).await.location, None, "Google shows a page");
}

#[tokio::test]
async fn a_code_is_good_once_for_its_client_its_redirect_uri_and_its_verifier() {
    let provider = Provider::start(Product::PingFederate).await;
    provider.openid.register(Client::new(Product::PingFederate, "other", "other", REDIRECT));
    let refused = |answer: Answer| (answer.status, answer.json()["error"].as_str().map(str::to_owned));
    let grant = (400, Some("invalid_grant".to_owned()));
    for change in [("redirect_uri", "http://stoa.localhost:9/"), ("code_verifier", ""), ("code_verifier", CHALLENGE)] {
        let code = provider.code().await;
        assert_eq!(refused(provider.redeem(&code, &[change]).await), grant, "{change:?}");
    }
    let code = provider.code().await;
    assert_eq!(refused(provider.redeem_as(&basic("other", "other"), &code, &[]).await), grant);
    let bare = provider.authorize(&[("code_challenge", ""), ("code_challenge_method", "")]).await;
    let bare = bare.parameter("code").unwrap();
    assert_eq!(refused(provider.redeem(&bare, &[]).await), grant, "a verifier without a challenge");

    let first = provider.redeem(&code, &[]).await;
    assert_eq!(first.status, 200, "another client's attempt does not spend it");
    let access_token = first.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(provider.user_info(&access_token).await.status, 200);
    assert_eq!(refused(provider.redeem(&code, &[]).await), grant);
    assert_eq!(provider.user_info(&access_token).await.status, 401, "the second use ends what the first one gave");
}

#[tokio::test]
async fn codes_and_access_tokens_end() {
    for (product, seconds) in [(Product::PingFederate, 60), (Product::Okta, 300), (Product::Entra, 600)] {
        let provider = Provider::start(product).await;
        let (in_time, late) = (provider.code().await, provider.code().await);
        provider.openid.clock().advance(SignedDuration::from_secs(seconds - 2));
        let answer = provider.redeem(&in_time, &[]).await;
        assert_eq!(answer.status, 200, "{product:?}");
        provider.openid.clock().advance(SignedDuration::from_secs(4));
        assert_eq!(provider.redeem(&late, &[]).await.json()["error"], "invalid_grant");
        let access_token = answer.json()["access_token"].as_str().unwrap().to_owned();
        provider.openid.clock().advance(SignedDuration::from_hours(1));
        assert_eq!(provider.user_info(&access_token).await.status, 401);
    }
}

#[tokio::test]
async fn userinfo_needs_an_access_token() {
    let provider = Provider::start(Product::Okta).await;
    let bare = provider.send(Method::GET, &provider.path("userinfo_endpoint"), &[], "").await;
    assert_eq!((bare.status, bare.header("www-authenticate")), (401, Some("Bearer")));
    let wrong = provider.user_info("at-wrong").await;
    assert_eq!((wrong.status, wrong.header("www-authenticate")), (401, Some("Bearer error=\"invalid_token\"")));
}

#[tokio::test]
async fn a_session_is_used_unless_the_request_says_otherwise() {
    let mut provider = Provider::start(Product::PingFederate).await;
    provider.openid.ask(Product::PingFederate);
    let silent = provider.authorize(&[("prompt", "none")]).await;
    assert_eq!(silent.parameter("error").as_deref(), Some("login_required"));
    let page = provider.authorize(&[("login_hint", "li.xl@pg.com")]).await;
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(text.contains("<option value=\"li.xl\" selected>"), "the hint chooses the person");
    let transaction = text.split("name=\"transaction\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = format!("transaction={transaction}&username=li.xl");
    let signed_on = provider.send(Method::POST, "/signin", &[], &form).await;
    assert!(signed_on.parameter("code").is_some());
    let again = provider.send(Method::POST, "/signin", &[], &form).await;
    assert_eq!((again.status, again.location), (400, None), "a sign-on form is good once");
    provider.cookie = signed_on.header("set-cookie").and_then(|cookie| cookie.split(';').next()).map(str::to_owned);

    assert!(provider.authorize(&[("prompt", "none")]).await.parameter("code").is_some());
    let asks = |answer: Answer| answer.status == 200 && answer.location.is_none();
    assert!(asks(provider.authorize(&[("prompt", "login")]).await));
    provider.openid.clock().advance(SignedDuration::from_secs(90));
    assert!(asks(provider.authorize(&[("max_age", "60")]).await));
    let code = provider.authorize(&[("max_age", "3600")]).await.parameter("code").unwrap();
    let claims = part(provider.redeem(&code, &[]).await.json()["id_token"].as_str().unwrap(), 1);
    let age = claims["iat"].as_i64().unwrap() - claims["auth_time"].as_i64().unwrap();
    assert!((90..100).contains(&age), "{age}");

    provider.openid.edit_person(Product::PingFederate, "li.xl", |person| person.active = false);
    assert!(asks(provider.authorize(&[]).await), "who is deactivated has no session any more");
}

#[tokio::test]
async fn a_person_who_cancels_or_may_not_comes_back_with_an_error() {
    let provider = Provider::start(Product::PingFederate).await;
    provider.openid.sign_on_as(Product::PingFederate, "gone.g");
    assert_eq!(provider.authorize(&[]).await.parameter("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn google_names_itself_in_its_answers() {
    let provider = Provider::start(Product::Google).await;
    let issuer = provider.openid.issuer(&provider.realm);
    assert_eq!(provider.authorize(&[]).await.parameter("iss"), Some(issuer.clone()));
    assert_eq!(provider.authorize(&[("prompt", "none login")]).await.parameter("iss"), Some(issuer));
}

#[tokio::test]
async fn a_key_is_announced_used_and_retired() {
    for product in Product::ALL {
        let provider = Provider::start(*product).await;
        let kids = || {
            let set: Value = serde_json::from_str(&provider.openid.jwks(&provider.realm)).unwrap();
            set["keys"]
                .as_array()
                .unwrap()
                .iter()
                .map(|key| key["kid"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let before = provider.tokens().await["id_token"].as_str().unwrap().to_owned();
        let alone = kids();
        provider.openid.announce_next_key(*product);
        assert_eq!(kids().len(), alone.len() + 1);
        provider.openid.rotate_keys(*product);
        let after = provider.tokens().await["id_token"].as_str().unwrap().to_owned();
        assert_ne!(part(&before, 0)["kid"], part(&after, 0)["kid"]);
        assert!(provider.verified(&before).is_some() && provider.verified(&after).is_some());
        provider.openid.retire_previous_key(*product);
        assert!(provider.verified(&before).is_none() && provider.verified(&after).is_some());
    }
}

#[tokio::test]
async fn calls_are_told_apart_from_a_browsers() {
    let provider = Provider::start(Product::Entra).await;
    provider.tokens().await;
    let calls = provider.openid.take_calls();
    let endpoints: Vec<_> = calls.iter().map(|call| (call.endpoint, call.is_back_channel())).collect();
    assert_eq!(endpoints, [(Endpoint::Authorize, false), (Endpoint::Token, true)]);
    assert!(provider.openid.calls().is_empty());
    assert_eq!(provider.realm.tenant, GLOBEX_TENANT);
}

/// What a handle does, `/sandbox` does for other processes and for a developer.
#[tokio::test]
async fn the_providers_are_steered_over_http_too() {
    let provider = Provider::start(Product::Okta).await;
    let post = async |path: &str, form: &str| {
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        provider.send(Method::POST, path, &kind, form).await.status
    };
    assert_eq!(post("/sandbox/sign-on-as", "product=okta&person=milton@initech.com").await, 303);
    // Whoever set the wrong one takes it back.
    assert_eq!(post("/sandbox/defect", "defect=code-missing").await, 303);
    assert_eq!(post("/sandbox/defect", "defect=").await, 303);
    assert_eq!(post("/sandbox/defect", "defect=nonce-other").await, 303);
    let page = provider.send(Method::GET, "/sandbox", &[], "").await;
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(page.contains("Set: nonce-other<"), "{page}");
    assert_eq!(post("/sandbox/keys", "product=okta&step=rotate").await, 303);
    assert_eq!(post("/sandbox/clock", "advance_seconds=3600").await, 303);
    let client = "product=okta&client_id=new&client_secret=s&redirect_uri=";
    assert_eq!(post("/sandbox/clients", &format!("{client}https://sso.example.com/oidc/new/callback")).await, 303);
    for (path, form) in [
        ("/sandbox/defect", "defect=none"),
        ("/sandbox/keys", "product=other&step=rotate"),
        ("/sandbox/clients", "product=okta&client_id=&client_secret=s&redirect_uri=https://a.example/"),
        ("/sandbox/clients", &format!("{client}/oidc/new/callback")),
    ] {
        assert_eq!(post(path, form).await, 422);
    }
    let claims = part(provider.tokens().await["id_token"].as_str().unwrap(), 1);
    assert_eq!((&claims["email"], claims["nonce"] == "n1"), (&json!("milton@initech.com"), false));
    assert!(provider.openid.clock().offset() >= SignedDuration::from_hours(1));
    let calls = provider.send(Method::GET, "/sandbox/calls", &[], "").await.json();
    assert_eq!((&calls[0]["endpoint"], &calls[1]["endpoint"]), (&json!("authorize"), &json!("token")));
    let page = provider.send(Method::GET, "/sandbox", &[], "").await;
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(page.contains(REDIRECT) && page.contains("new → https://sso.example.com/oidc/new/callback"), "{page}");
}
