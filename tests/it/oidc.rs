//! Logins by OpenID Connect that must not arrive: each defect of a provider has its own fault.

use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::openid::{Defect, Endpoint, Example, GLOBEX, INITECH, PG_OIDC, Product};

use crate::steps::{MARYS_EMAIL, World, go_on};

/// A sandbox with one of the examples connected, its file changed before.
pub async fn connected(example: &Example, change: impl FnOnce(&str) -> String) -> World {
    let world = World::start().await;
    world.connect_openid(example, change).await.unwrap();
    world
}

pub async fn as_it_comes(example: &Example) -> World {
    connected(example, str::to_owned).await
}

pub fn login_url(world: &World, example: &Example, query: &str) -> String {
    format!("{}/login/{}{query}", world.url(), example.id)
}

pub async fn log_in(world: &World, example: &Example, browser: &Browser, query: &str) -> Page {
    world.openid.sign_on_as(example.product, example.person);
    browser.get(&login_url(world, example, query)).await.unwrap()
}

/// A login up to the provider's redirect back to us, which is not followed.
pub async fn answer(world: &World, example: &Example, browser: &Browser, query: &str) -> Page {
    world.openid.sign_on_as(example.product, example.person);
    let stopped = browser.following(Follow::Nothing);
    let ours = stopped.get(&login_url(world, example, query)).await.unwrap();
    let theirs = go_on(&stopped, &ours).await;
    assert!(theirs.header("location").unwrap().contains("/callback?"), "{}", theirs.text());
    theirs
}

/// How a login with a defect ends: the fault, or the empty text where it arrives. A refused one shows the school no
/// token.
async fn end_of(world: &World, example: &Example, defect: Defect) -> String {
    world.forget();
    world.openid.next_defect(defect);
    let tokens = world.thinkific.sso_attempts().len();
    let page = log_in(world, example, &world.browser(), "").await;
    let fault = world.faults().pop().unwrap_or_default();
    if fault.is_empty() {
        assert_eq!(page.url.host_str(), Some(stoa_sandbox::thinkific::HOST), "{defect:?}: {}", page.text());
    } else {
        assert_eq!(world.thinkific.sso_attempts().len(), tokens, "{defect:?} reached the school");
        assert!(page.text().contains("Reference"), "{defect:?}: {}", page.text());
    }
    // What the defect published is taken back, and the minute in which nobody asks for keys again is over.
    world.openid.mend_keys(example.product);
    world.advance(130);
    fault
}

pub async fn ends(world: &World, example: &Example, cases: &[(Defect, &str)]) {
    let mut wrong = Vec::new();
    for (defect, fault) in cases {
        let end = end_of(world, example, *defect).await;
        if end != *fault {
            wrong.push(format!("{defect:?}: {end:?}, not {fault:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The calls that we made, by endpoint.
pub fn our_calls(world: &World) -> Vec<Endpoint> {
    let calls = world.openid.take_calls();
    calls.iter().filter(|call| call.is_back_channel()).map(|call| call.endpoint).collect()
}

/// The cases at P&G's PingFederate.
async fn all_end(cases: &[(Defect, &str)]) {
    let world = as_it_comes(&PG_OIDC).await;
    ends(&world, &PG_OIDC, cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c147_a_state_that_is_missing_another_or_there_twice() {
    let cases = [
        (Defect::StateMissing, "oidc_state_missing"),
        (Defect::StateOther, "oidc_state_unknown"),
        (Defect::StateTwice, "oidc_response_malformed"),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c148_a_nonce_that_is_missing_or_another() {
    let cases = [(Defect::NonceMissing, "oidc_nonce_missing"), (Defect::NonceOther, "oidc_nonce_wrong")];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c149_an_error_with_a_code_or_alone() {
    let cases = [
        (Defect::ErrorWithCode, "oidc_error_with_code"),
        (Defect::AccessDenied, "oidc_access_denied"),
        (Defect::LoginRequired, "oidc_interaction_required"),
        (Defect::InteractionRequired, "oidc_interaction_required"),
        (Defect::ConsentRequired, "oidc_interaction_required"),
        (Defect::AccountSelectionRequired, "oidc_interaction_required"),
        (Defect::InvalidRequest, "oidc_request_refused"),
        (Defect::InvalidScope, "oidc_request_refused"),
        (Defect::UnauthorizedClient, "oidc_request_refused"),
        (Defect::UnsupportedResponseType, "oidc_request_refused"),
        (Defect::ServerError, "oidc_provider_failed"),
        (Defect::TemporarilyUnavailable, "oidc_provider_failed"),
        (Defect::UnknownError, "oidc_error_unknown"),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c150_an_answer_in_another_mode_than_was_asked_for() {
    let cases = [
        (Defect::CodeMissing, "oidc_response_empty"),
        (Defect::ModeFragment, "oidc_response_empty"),
        (Defect::ModeJwt, "oidc_response_malformed"),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c151_a_token_without_a_signature_or_without_an_algorithm() {
    let cases = [
        (Defect::AlgNone, "oidc_algorithm_refused"),
        (Defect::AlgNoneCapital, "oidc_algorithm_refused"),
        (Defect::AlgNoneMixed, "oidc_algorithm_refused"),
        (Defect::AlgMissing, "oidc_algorithm_refused"),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c152_an_hmac_by_the_public_key_or_the_client_secret() {
    let cases =
        [(Defect::HmacPublicKey, "oidc_algorithm_refused"), (Defect::HmacClientSecret, "oidc_algorithm_refused")];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c153_keys_and_addresses_in_the_header_are_ignored() {
    let cases = [
        (Defect::HeaderJwk, "oidc_key_unknown"),
        (Defect::HeaderJku, "oidc_key_unknown"),
        (Defect::HeaderX5u, "oidc_key_unknown"),
        (Defect::HeaderX5c, "oidc_key_unknown"),
    ];
    let world = as_it_comes(&PG_OIDC).await;
    for case in cases {
        world.openid.take_calls();
        ends(&world, &PG_OIDC, &[case]).await;
        assert!(!our_calls(&world).contains(&Endpoint::Attacker), "an address out of a header was called");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c154_a_key_that_is_not_published_or_twice() {
    let cases = [
        (Defect::KidUnknown, "oidc_key_unknown"),
        (Defect::KidPath, "oidc_key_unknown"),
        (Defect::KidSql, "oidc_key_unknown"),
        (Defect::KidTwice, "oidc_key_unknown"),
        (Defect::KeysUnavailable, "oidc_keys_unavailable"),
        (Defect::KeyNext, ""),
        (Defect::KidMissing, ""),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c154_while_the_keys_cannot_be_fetched_nobody_is_told_that_their_token_is_wrong() {
    let world = as_it_comes(&PG_OIDC).await;
    for fetches in [1, 0] {
        world.openid.next_defect(Defect::KeysUnavailable);
        let page = log_in(&world, &PG_OIDC, &world.browser(), "").await;
        world.refused_and_traced(&page, "oidc_keys_unavailable");
        assert_eq!(our_calls(&world).iter().filter(|call| **call == Endpoint::Jwks).count(), fetches);
        // Whoever asked would have written what they were told by now.
        world.advance(6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c155_other_forms_and_signatures() {
    let cases = [
        (Defect::SignatureEmpty, "oidc_signature_wrong"),
        (Defect::SignatureTruncated, "oidc_signature_wrong"),
        (Defect::SignedByAnotherKey, "oidc_signature_wrong"),
        (Defect::PayloadChanged, "oidc_signature_wrong"),
        (Defect::SignaturePartMissing, "oidc_token_malformed"),
        (Defect::ExtraPart, "oidc_token_malformed"),
        (Defect::Critical, "oidc_token_critical"),
        (Defect::Encrypted, "oidc_token_encrypted"),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c156_published_keys_that_are_not_for_this() {
    let cases = [
        (Defect::KeyForEncryption, "oidc_key_unknown"),
        (Defect::KeyOfAnotherAlgorithm, "oidc_key_unknown"),
        (Defect::KeyWeak, "oidc_key_unknown"),
        (Defect::KeySymmetric, "oidc_algorithm_refused"),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c157_another_issuer_by_as_little_as_a_slash() {
    let cases = [
        (Defect::IssuerOther, "oidc_issuer_wrong"),
        (Defect::IssuerSlash, "oidc_issuer_wrong"),
        (Defect::IssuerMissing, "oidc_issuer_wrong"),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c158_an_answer_that_names_another_issuer() {
    let cases = [(Defect::ResponseIssuerOther, "oidc_response_issuer_wrong")];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c159_a_token_for_or_to_another_client() {
    let cases = [
        (Defect::AudienceOther, "oidc_audience_wrong"),
        (Defect::AudienceMissing, "oidc_token_malformed"),
        (Defect::AudienceSeveral, "oidc_authorized_party_wrong"),
        (Defect::AzpOther, "oidc_authorized_party_wrong"),
        (Defect::AudienceSeveralAzp, ""),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c160_times_that_are_past_future_or_no_times() {
    let cases = [
        (Defect::Expired, "oidc_token_expired"),
        (Defect::ExpiryMissing, "oidc_token_malformed"),
        (Defect::ExpiryText, "oidc_token_malformed"),
        (Defect::ExpiryFraction, ""),
        (Defect::ExpiryHuge, "oidc_token_malformed"),
        (Defect::IssuedInFuture, "oidc_token_from_future"),
        (Defect::IssuedMissing, "oidc_token_malformed"),
        (Defect::NotYetValid, "oidc_token_not_yet_valid"),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c161_hashes_of_another_access_token_or_code() {
    let cases = [
        (Defect::AccessTokenHashWrong, "oidc_access_token_hash_wrong"),
        (Defect::CodeHashWrong, "oidc_code_hash_wrong"),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c164_a_code_that_was_never_issued_or_has_been_used() {
    let cases = [(Defect::CodeUnknown, "oidc_code_refused"), (Defect::CodeReplayed, "oidc_code_refused")];
    let world = as_it_comes(&PG_OIDC).await;
    // A code that brought one login on brings no other.
    world.signed_in(&log_in(&world, &PG_OIDC, &world.browser(), "").await, MARYS_EMAIL);
    ends(&world, &PG_OIDC, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_a_person() {
    let cases = [
        (Defect::SubjectMissing, "oidc_token_malformed"),
        (Defect::SubjectLong, "oidc_token_malformed"),
        (Defect::EmailMissing, "email_missing"),
    ];
    all_end(&cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c162_an_authentication_that_is_older_or_lower_than_was_asked_for() {
    let world = connected(&PG_OIDC, |file| {
        file.replace(
            "[oidc.authorize_parameters]",
            "max_age = 300\nacr_values = [\"mfa\"]\n[oidc.authorize_parameters]",
        )
    })
    .await;
    let cases = [
        (Defect::AuthTimeMissing, "oidc_auth_time_missing"),
        (Defect::AuthTimeOld, "oidc_authentication_too_old"),
        (Defect::AcrMissing, "oidc_acr_wrong"),
        (Defect::AcrLower, "oidc_acr_wrong"),
    ];
    ends(&world, &PG_OIDC, &cases).await;
    world.signed_in(&log_in(&world, &PG_OIDC, &world.browser(), "").await, MARYS_EMAIL);
    let request = world.openid.requests().pop().unwrap();
    assert_eq!((request["max_age"].as_str(), request["acr_values"].as_str()), ("300", "mfa"));
}

#[tokio::test(flavor = "multi_thread")]
async fn c169_what_an_address_must_be_verified_by() {
    let by_rule = async |rule: &'static str, cases: &[(Defect, &str)]| {
        let world =
            connected(&INITECH, |file| file.replace("[admit]", &format!("email_verified = \"{rule}\"\n[admit]"))).await;
        ends(&world, &INITECH, cases).await;
    };
    let (no, missing) = (Defect::EmailUnverified, Defect::EmailVerifiedMissing);
    let (text, yes) = (Defect::EmailVerifiedText, Defect::EmailVerifiedYes);
    let refused = "oidc_email_unverified";
    by_rule("required", &[(no, refused), (missing, refused), (text, ""), (yes, refused)]).await;
    by_rule("when_present", &[(no, refused), (missing, ""), (text, ""), (yes, refused)]).await;
    by_rule("ignored", &[(no, ""), (missing, ""), (text, ""), (yes, "")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c172_marks_of_too_many_groups_are_no_lack_of_groups() {
    let world =
        connected(&GLOBEX, |file| format!("{file}\n[admit]\ngroups = [\"6f1d9b1c-0000-4000-8000-000000000001\"]\n"))
            .await;
    world.openid.edit_client(Product::Entra, GLOBEX.client_id, |client| client.groups = true);
    ends(&world, &GLOBEX, &[(Defect::GroupsOverage, "groups_overage"), (Defect::HasGroups, "groups_overage")]).await;
    world.signed_in(&log_in(&world, &GLOBEX, &world.browser(), "").await, "mila@globex.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_endpoint_may_not_answer() {
    let cases = [
        (Defect::TokenInvalidGrant, "oidc_code_refused"),
        (Defect::TokenInvalidClient, "oidc_client_refused"),
        (Defect::TokenUnauthorizedClient, "oidc_token_request_refused"),
        (Defect::Token500, "oidc_token_endpoint_unavailable"),
        (Defect::Token503, "oidc_token_endpoint_unavailable"),
        (Defect::Token429, "oidc_token_endpoint_unavailable"),
        (Defect::TokenNever, "oidc_token_endpoint_unavailable"),
        (Defect::TokenCut, "oidc_token_endpoint_unavailable"),
        (Defect::TokenHtml, "oidc_token_answer_strange"),
        (Defect::TokenHalfJson, "oidc_token_answer_strange"),
        (Defect::TokenRedirect, "oidc_token_answer_strange"),
        (Defect::TokenLarge, "oidc_token_answer_strange"),
        (Defect::IdTokenStrange, "oidc_token_answer_strange"),
        (Defect::IdTokenMissing, "oidc_id_token_missing"),
        (Defect::TokenSlow, ""),
    ];
    let world = as_it_comes(&PG_OIDC).await;
    ends(&world, &PG_OIDC, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c167_what_userinfo_may_not_answer() {
    let cases = [
        (Defect::UserInfoSubjectOther, "oidc_userinfo_subject_wrong"),
        (Defect::UserInfoSubjectMissing, "oidc_userinfo_subject_wrong"),
        (Defect::UserInfo401, "oidc_userinfo_unavailable"),
        (Defect::UserInfo500, "oidc_userinfo_unavailable"),
        (Defect::UserInfoNever, "oidc_userinfo_unavailable"),
        (Defect::UserInfoRedirect, "oidc_userinfo_unavailable"),
        (Defect::UserInfoHtml, "oidc_userinfo_strange"),
        (Defect::UserInfoJwt, "oidc_userinfo_strange"),
        (Defect::UserInfoList, "oidc_userinfo_strange"),
        (Defect::UserInfoLarge, "oidc_userinfo_strange"),
    ];
    let world = as_it_comes(&PG_OIDC).await;
    ends(&world, &PG_OIDC, &cases).await;
}
