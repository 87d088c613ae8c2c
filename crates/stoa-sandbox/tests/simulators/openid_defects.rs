//! Each defect of the OpenID providers is real: what it names is wrong, and nothing else is.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stoa_sandbox::openid::{Defect, Endpoint, FOREIGN_TENANT, Product, Realm, Stage};

use crate::openid_provider::{Answer, CLIENT, Provider, REDIRECT, SECRET, basic, part};

fn of(stage: Stage) -> impl Iterator<Item = Defect> {
    Defect::ALL.iter().copied().filter(move |defect| defect.stage() == stage)
}

#[test]
fn every_defect_has_a_name_of_its_own() {
    for defect in Defect::ALL {
        assert_eq!(Defect::parse(defect.as_str()), Some(*defect));
    }
}

/// The error that an answer is; none where something else is wrong with it.
fn error_of(defect: Defect) -> Option<String> {
    match defect {
        Defect::ErrorWithCode => Some("access_denied".to_owned()),
        Defect::UnknownError => Some("something_else".to_owned()),
        Defect::AccessDenied
        | Defect::LoginRequired
        | Defect::InteractionRequired
        | Defect::ConsentRequired
        | Defect::AccountSelectionRequired
        | Defect::InvalidRequest
        | Defect::InvalidScope
        | Defect::UnauthorizedClient
        | Defect::UnsupportedResponseType
        | Defect::ServerError
        | Defect::TemporarilyUnavailable => Some(defect.as_str().replace('-', "_")),
        _ => None,
    }
}

fn answer_shows(defect: Defect, answer: &Answer, issuer: &str, previous: &str) -> bool {
    let has = |name: &str| answer.parameter(name).is_some();
    let is = |name: &str, value: &str| answer.parameter(name).as_deref() == Some(value);
    let location = answer.location.clone().unwrap_or_default();
    let whole = has("code") && is("state", "s1") && is("iss", issuer);
    match defect {
        Defect::StateMissing => has("code") && !has("state"),
        Defect::StateOther => has("code") && has("state") && !is("state", "s1"),
        Defect::StateTwice => whole && location.matches("state=").count() == 2,
        Defect::CodeMissing => !has("code") && !has("error") && is("state", "s1"),
        Defect::CodeUnknown => whole && !is("code", previous),
        Defect::CodeReplayed => whole && is("code", previous),
        Defect::ErrorWithCode => whole && has("error"),
        Defect::ResponseIssuerOther => has("code") && has("iss") && !is("iss", issuer),
        Defect::ResponseIssuerMissing => has("code") && !has("iss"),
        Defect::ModeFragment => whole && location.starts_with(&format!("{REDIRECT}#")),
        Defect::ModeFormPost => answer.status == 200 && String::from_utf8_lossy(&answer.body).contains("name=\"code\""),
        Defect::ModeJwt => has("response") && !has("code"),
        Defect::HtmlPage => answer.status == 200 && !String::from_utf8_lossy(&answer.body).contains(REDIRECT),
        _ => !has("code") && answer.parameter("error") == error_of(defect) && is("state", "s1") && is("iss", issuer),
    }
}

#[tokio::test]
async fn each_defect_of_an_answer_is_in_the_answer() {
    let provider = Provider::start(Product::Google).await;
    let issuer = provider.openid.issuer(&provider.realm);
    let mut wrong = Vec::new();
    let previous = provider.code().await;
    provider.redeem(&previous, &[]).await;
    for defect in of(Stage::Answer) {
        provider.openid.next_defect(defect);
        let answer = provider.authorize(&[]).await;
        if !answer_shows(defect, &answer, &issuer, &previous) {
            wrong.push(format!("{defect:?} => {:?}", answer.location));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The ID token of a login with this defect.
async fn token(provider: &Provider, defect: Defect) -> String {
    provider.openid.next_defect(defect);
    provider.tokens().await["id_token"].as_str().unwrap().to_owned()
}

fn signature_shows(defect: Defect, provider: &Provider, token: &str) -> bool {
    let jwks: Value = serde_json::from_str(&provider.openid.jwks(&provider.realm)).unwrap();
    let parts: Vec<_> = token.split('.').collect();
    let header = part(token, 0);
    let published = |kid: &Value| {
        jwks["keys"].as_array().unwrap().iter().filter(|key| key["kid"] == *kid).cloned().collect::<Vec<_>>()
    };
    let keys = published(&header["kid"]);
    let good = provider.verified(token).is_some();
    let unsigned = parts.len() == 3 && parts[2].is_empty();
    let alg = |name: &str| header["alg"] == name;
    match defect {
        Defect::AlgNone => alg("none") && unsigned,
        Defect::AlgNoneCapital => alg("None") && unsigned,
        Defect::AlgNoneMixed => alg("nOnE") && unsigned,
        Defect::AlgMissing => header.get("alg").is_none() && !unsigned,
        Defect::HmacPublicKey | Defect::HmacClientSecret => alg("HS256") && keys.len() == 1 && !good,
        Defect::HeaderJwk => header["jwk"]["n"].is_string() && keys.is_empty(),
        Defect::HeaderJku => header["jku"].as_str().unwrap().starts_with("http://okta.localhost") && keys.is_empty(),
        Defect::HeaderX5u => header["x5u"].is_string() && keys.is_empty(),
        Defect::HeaderX5c => header["x5c"][0].is_string() && keys.is_empty(),
        Defect::KidUnknown | Defect::KidPath | Defect::KidSql => header["kid"].is_string() && keys.is_empty(),
        Defect::KidMissing => header.get("kid").is_none() && !unsigned,
        Defect::KidTwice => keys.len() == 2 && good,
        Defect::KeyForEncryption => keys.len() == 1 && keys[0]["use"] == "enc" && good,
        Defect::KeyOfAnotherAlgorithm => keys.len() == 1 && keys[0]["alg"] == "RS384" && alg("RS256"),
        Defect::KeySymmetric => keys[0]["kty"] == "oct" && alg("HS256") && good,
        Defect::KeyWeak => {
            let modulus = URL_SAFE_NO_PAD.decode(keys[0]["n"].as_str().unwrap()).unwrap();
            modulus.len() == 128 && weak_signature_holds(&modulus, token)
        }
        Defect::KeyNext => keys.len() == 1 && good,
        Defect::KeysUnavailable => keys.is_empty(),
        Defect::SignedByAnotherKey | Defect::PayloadChanged | Defect::SignatureTruncated => {
            keys.len() == 1 && !good && parts.len() == 3
        }
        Defect::SignatureEmpty => unsigned && alg("RS256"),
        Defect::SignaturePartMissing => parts.len() == 2,
        Defect::ExtraPart => parts.len() == 4,
        Defect::Critical => header["crit"] == json!(["exp"]),
        Defect::Encrypted => parts.len() == 5 && header["enc"] == "A256GCM",
        _ => unreachable!("no defect of the signature"),
    }
}

/// That the signature is a good one, so that only the key's length speaks against it.
fn weak_signature_holds(modulus: &[u8], token: &str) -> bool {
    use aws_lc_rs::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents};
    let (input, signature) = token.rsplit_once('.').unwrap();
    let key = RsaPublicKeyComponents { n: modulus, e: &[1, 0, 1] };
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    key.verify(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, input.as_bytes(), &signature).is_ok()
}

#[tokio::test]
async fn each_defect_of_a_signature_is_in_the_token_or_the_key_set() {
    let provider = Provider::start(Product::Okta).await;
    let mut wrong = Vec::new();
    for defect in of(Stage::Signature) {
        let token = token(&provider, defect).await;
        if !signature_shows(defect, &provider, &token) {
            wrong.push(format!("{defect:?} => {} {}", part(&token, 0), provider.openid.jwks(&provider.realm)));
        }
        provider.openid.mend_keys(Product::Okta);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_key_set_fails_until_it_is_mended() {
    let provider = Provider::start(Product::Okta).await;
    token(&provider, Defect::KeysUnavailable).await;
    let fetch = async || provider.send(http::Method::GET, &provider.path("jwks_uri"), &[], "").await.status;
    assert_eq!(fetch().await, 500);
    provider.openid.mend_keys(Product::Okta);
    assert_eq!(fetch().await, 200);
}

fn claims_show(defect: Defect, claims: &Value, before: &Value, now: i64) -> bool {
    let missing = |name: &str| claims.get(name).is_none();
    let other = |name: &str| !missing(name) && claims[name] != before[name];
    let number = |name: &str| claims[name].as_i64().unwrap_or_default();
    match defect {
        Defect::IssuerOther => other("iss"),
        Defect::IssuerSlash => claims["iss"] == format!("{}/", before["iss"].as_str().unwrap()),
        Defect::IssuerMissing => missing("iss"),
        Defect::TenantOther => claims["tid"] == FOREIGN_TENANT && other("iss") && claims["email"] == before["email"],
        Defect::TenantMismatch => claims["tid"] == FOREIGN_TENANT && claims["iss"] == before["iss"],
        Defect::AudienceOther => other("aud"),
        Defect::AudienceMissing => missing("aud"),
        Defect::AudienceSeveral => claims["aud"][0] == CLIENT && claims["aud"][1].is_string() && missing("azp"),
        Defect::AudienceSeveralAzp => claims["aud"][1].is_string() && claims["azp"] == CLIENT,
        Defect::AzpOther => claims["azp"].is_string() && claims["azp"] != CLIENT,
        Defect::SubjectMissing => missing("sub"),
        Defect::SubjectLong => claims["sub"].as_str().unwrap().len() == 256,
        Defect::SubjectCase => claims["oid"] == before["oid"].as_str().unwrap().to_uppercase(),
        Defect::NonceMissing => missing("nonce"),
        Defect::NonceOther => other("nonce"),
        Defect::Expired => number("exp") == now - 3600,
        Defect::ExpiryMissing => missing("exp"),
        Defect::ExpiryText => claims["exp"].is_string(),
        Defect::ExpiryFraction => claims["exp"].is_f64(),
        Defect::ExpiryHuge => number("exp") == i64::MAX,
        Defect::IssuedInFuture => number("iat") == now + 3600,
        Defect::IssuedMissing => missing("iat"),
        Defect::NotYetValid => number("nbf") == now + 3600,
        Defect::AccessTokenHashWrong => claims["at_hash"].is_string(),
        Defect::CodeHashWrong => claims["c_hash"].is_string(),
        Defect::AuthTimeMissing => missing("auth_time"),
        Defect::AuthTimeOld => number("auth_time") == now - 24 * 3600,
        Defect::AcrMissing => missing("acr"),
        Defect::AcrLower => claims["acr"] == "0",
        Defect::EmailMissing => missing("email"),
        Defect::EmailUnverified => claims["email_verified"] == false,
        Defect::EmailVerifiedMissing => missing("email_verified"),
        Defect::EmailVerifiedText => claims["email_verified"] == "true",
        Defect::EmailVerifiedYes => claims["email_verified"] == "yes",
        Defect::GroupsOverage => missing("groups") && claims["_claim_names"]["groups"] == "src1",
        Defect::HasGroups => missing("groups") && claims["hasgroups"] == true,
        _ => unreachable!("no defect of the claims"),
    }
}

#[tokio::test]
async fn each_defect_of_the_claims_is_in_a_token_that_is_well_signed() {
    let provider = Provider::with(Realm::of(Product::Entra), |client| client.thin = false).await;
    let before = part(provider.tokens().await["id_token"].as_str().unwrap(), 1);
    let mut wrong = Vec::new();
    for defect in of(Stage::Claims) {
        let token = token(&provider, defect).await;
        let now = provider.openid.clock().now().as_second();
        let claims = provider.verified(&token).unwrap();
        if !(claims_show(defect, &claims, &before, now) || claims_show(defect, &claims, &before, now - 1)) {
            wrong.push(format!("{defect:?} => {claims}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn each_defect_of_the_token_endpoint_is_in_its_answer() {
    let provider = Provider::start(Product::PingFederate).await;
    // Two do not answer at all.
    for defect in of(Stage::Token).filter(|defect| !matches!(defect, Defect::TokenNever | Defect::TokenCut)) {
        provider.openid.next_defect(defect);
        let answer = provider.redeem(&provider.code().await, &[]).await;
        let (status, json) = (answer.status, answer.json());
        let shown = match defect {
            Defect::TokenInvalidGrant => status == 400 && json["error"] == "invalid_grant",
            Defect::TokenInvalidClient => status == 401 && json["error"] == "invalid_client",
            Defect::TokenUnauthorizedClient => status == 400 && json["error"] == "unauthorized_client",
            Defect::Token500 => status == 500,
            Defect::Token503 => status == 503 && answer.header("retry-after").is_some(),
            Defect::Token429 => status == 429 && answer.header("retry-after").is_some(),
            Defect::TokenHtml | Defect::TokenHalfJson => status == 200 && json.is_null(),
            Defect::TokenSlow => status == 200 && json["id_token"].is_string(),
            Defect::TokenRedirect => status == 302 && answer.location.is_some(),
            Defect::TokenLarge => answer.body.len() > 4 << 20,
            Defect::IdTokenMissing => status == 200 && json.get("id_token").is_none(),
            Defect::IdTokenStrange => json["id_token"] == 42,
            _ => unreachable!("no defect of the token endpoint"),
        };
        assert!(shown, "{defect:?} => {status}");
    }
}

#[tokio::test]
async fn a_cut_connection_gives_no_answer_and_no_answer_takes_long() {
    let provider = Provider::start(Product::PingFederate).await;
    let authorization = basic(CLIENT, SECRET);
    provider.openid.next_defect(Defect::TokenCut);
    assert!(provider.try_redeem(&authorization, &provider.code().await, &[]).await.is_none());
    let call = provider.openid.take_calls().pop().unwrap();
    assert_eq!((call.endpoint, call.status), (Endpoint::Token, None));
    provider.openid.next_defect(Defect::TokenNever);
    let code = provider.code().await;
    let waiting = provider.try_redeem(&authorization, &code, &[]);
    assert!(tokio::time::timeout(Duration::from_millis(300), waiting).await.is_err());
}

#[tokio::test]
async fn each_defect_of_userinfo_is_in_its_answer() {
    let provider = Provider::start(Product::PingFederate).await;
    for defect in of(Stage::UserInfo).filter(|defect| *defect != Defect::UserInfoNever) {
        provider.openid.next_defect(defect);
        let tokens = provider.tokens().await;
        let answer = provider.user_info(tokens["access_token"].as_str().unwrap()).await;
        let (status, json) = (answer.status, answer.json());
        let shown = match defect {
            Defect::UserInfoSubjectOther => json["sub"] == "somebody-else" && json["email"].is_string(),
            Defect::UserInfoSubjectMissing => json.get("sub").is_none() && json["email"].is_string(),
            Defect::UserInfo401 => status == 401,
            Defect::UserInfo500 => status == 500,
            Defect::UserInfoHtml => status == 200 && json.is_null(),
            Defect::UserInfoJwt => answer.header("content-type") == Some("application/jwt"),
            Defect::UserInfoList => json.is_array(),
            Defect::UserInfoRedirect => status == 302,
            Defect::UserInfoLarge => answer.body.len() > 4 << 20,
            _ => unreachable!("no defect of userinfo"),
        };
        assert!(shown, "{defect:?} => {status}");
    }
}

/// What a person reads on the sign-on page is what a developer can choose.
#[tokio::test]
async fn the_sign_on_page_offers_every_defect() {
    let provider = Provider::start(Product::Okta).await;
    provider.openid.ask(Product::Okta);
    let page = provider.authorize(&[]).await;
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    let offered = Defect::ALL.iter().filter(|defect| text.contains(&format!("<option>{}</option>", defect.as_str())));
    assert_eq!(offered.count(), Defect::ALL.len());
}
