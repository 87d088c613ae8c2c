//! What an administrator who tests is shown: whatever a token said, once its signature was good.

use super::*;
use crate::identity::Verified;

/// Where a refusal stands.
#[derive(PartialEq, Eq, Debug)]
enum Stage {
    /// Before a signature was good: nothing that came is anybody's word.
    Unproven,
    /// After it.
    Proven,
    /// Of a Teams token, after its signature: tried among the tests of those.
    Teams,
    /// Of a profile that is not the customer's, which nobody of theirs is shown.
    Foreign,
}

/// A new code has to say where it stands.
fn stage(code: RefusalCode) -> Stage {
    use RefusalCode as R;
    match code {
        R::ResponseMalformed
        | R::ResponseEmpty
        | R::StateMissing
        | R::StateUnknown
        | R::ErrorWithCode
        | R::ResponseIssuerMissing
        | R::ResponseIssuerWrong
        | R::AccessDenied
        | R::InteractionRequired
        | R::RequestRefused
        | R::ProviderFailed
        | R::ErrorUnknown
        | R::CodeRefused
        | R::TriesSpent
        | R::ClientRefused
        | R::TokenRequestRefused
        | R::TokenEndpointUnavailable
        | R::TokenAnswerStrange
        | R::IdTokenMissing
        | R::AddressForbidden
        | R::TokenEncrypted
        | R::TokenCritical
        | R::AlgorithmRefused
        | R::KeyUnknown
        | R::KeysUnavailable
        | R::SignatureWrong
        | R::WorkosSetUpWrong => Stage::Unproven,
        R::TokenMalformed
        | R::IssuerWrong
        | R::TenantForeign
        | R::HostedDomainForeign
        | R::AudienceWrong
        | R::AuthorizedPartyWrong
        | R::NonceMissing
        | R::NonceWrong
        | R::TokenExpired
        | R::TokenFromFuture
        | R::TokenNotYetValid
        | R::AccessTokenHashWrong
        | R::CodeHashWrong
        | R::AuthTimeMissing
        | R::AuthenticationTooOld
        | R::AcrWrong
        | R::UserInfoUnavailable
        | R::UserInfoStrange
        | R::UserInfoSubjectWrong
        | R::EmailUnverified => Stage::Proven,
        R::TeamsApplicationForeign | R::TeamsScopeMissing | R::TeamsPersonalAccount | R::TeamsGuest => Stage::Teams,
        R::WorkosProfileForeign => Stage::Foreign,
    }
}

/// A login that ends with each code that stands after the signature.
fn refused() -> Vec<(RefusalCode, Failure)> {
    use RefusalCode as R;
    let idp = "issuer = \"https://idp.example\"\n";
    let (plain, max_age) = (plain(), connection(&format!("{idp}max_age = 60")));
    let acr = connection(&format!("{idp}acr_values = [\"mfa\"]"));
    let google = connection(&format!("{idp}hosted_domains = [\"pg.com\"]"));
    let tenants = connection(&format!("{idp}tenants = [\"b7e2f3a0-41c6-4d39-9c5e-0a1d62f7c811\"]"));
    let verified = connection(&format!("{idp}email_verified = \"required\""));
    let of = |connection: &Connection, changes: Value| proved(connection, &changes).err().unwrap();
    let userinfo = |answer: &Value| proved(&plain, &json!({})).unwrap().with_userinfo(&answered(answer), &plain);
    let unsaid = proved(&verified, &json!({ "email": "m@pg.com" })).unwrap();
    let unreached = Failure::from(R::UserInfoUnavailable);
    vec![
        (R::TokenMalformed, of(&plain, json!({ "exp": "tomorrow" }))),
        (R::IssuerWrong, of(&plain, json!({ "iss": "https://other.example" }))),
        (R::TenantForeign, of(&tenants, json!({ "tid": "other" }))),
        (R::HostedDomainForeign, of(&google, json!({}))),
        (R::AudienceWrong, of(&plain, json!({ "aud": "other" }))),
        (R::AuthorizedPartyWrong, of(&plain, json!({ "azp": "other" }))),
        (R::NonceMissing, of(&plain, json!({ "nonce": null }))),
        (R::NonceWrong, of(&plain, json!({ "nonce": "other" }))),
        (R::TokenExpired, of(&plain, json!({ "exp": NOW - 200 }))),
        (R::TokenFromFuture, of(&plain, json!({ "iat": NOW + 200 }))),
        (R::TokenNotYetValid, of(&plain, json!({ "nbf": NOW + 200 }))),
        (R::AccessTokenHashWrong, of(&plain, json!({ "at_hash": "other" }))),
        (R::CodeHashWrong, of(&plain, json!({ "c_hash": "other" }))),
        (R::AuthTimeMissing, of(&max_age, json!({ "auth_time": null }))),
        (R::AuthenticationTooOld, of(&max_age, json!({ "auth_time": NOW - 1000 }))),
        (R::AcrWrong, of(&acr, json!({ "acr": "pwd" }))),
        (R::UserInfoUnavailable, unsaid.failed(unreached, &verified)),
        (R::UserInfoStrange, userinfo(&json!(["a list"])).err().unwrap()),
        (R::UserInfoSubjectWrong, userinfo(&json!({ "sub": "other" })).err().unwrap()),
        (R::EmailUnverified, Verified::from_id_token(&unsaid, &verified).err().unwrap()),
    ]
}

#[test]
fn what_arrived_is_shown_with_each_refusal_after_the_signature_and_with_no_other() {
    let refused = refused();
    for code in RefusalCode::ALL {
        let failures = refused.iter().filter(|(own, _)| own == code).count();
        assert_eq!(failures, usize::from(stage(*code) == Stage::Proven), "{code:?}");
    }
    for (code, failure) in refused {
        assert_eq!(failure.fault, Fault::Oidc(code));
        let arrived = failure.arrived.unwrap_or_else(|| panic!("{code:?} shows nothing"));
        assert!(arrived.attributes().iter().any(|(name, value)| name == "sub" && value == "miller.m"), "{code:?}");
    }
    // The same code before the signature: of a token that is none.
    let failure = verify("a.b", &set(&[Signer::p256().jwk("a")])).unwrap_err();
    assert_eq!(failure.fault, Fault::Oidc(RefusalCode::TokenMalformed));
    assert!(failure.arrived.is_none());
    assert_eq!(failure.detail.got.as_deref(), Some("two parts: it is not signed (none)"));
}

/// An object beside the one text would make a list of several look like one.
#[test]
fn a_list_of_a_text_and_something_else_is_not_one_value() {
    let plain = plain();
    let person = |changes: &Value| {
        let mut said = json!({ "email": "m@pg.com", "given_name": "Mary", "family_name": "Miller" });
        said.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let identity = proved(&plain, &said).unwrap();
        Verified::from_id_token(&identity, &plain).and_then(|verified| verified.admit(&plain))
    };
    assert!(person(&json!({})).is_ok());
    for name in ["email", "given_name", "family_name"] {
        for more in [json!({ "value": "x" }), json!(["x"]), json!({})] {
            let refused = person(&json!({ name: ["m@pg.com", more] })).err().unwrap();
            assert_eq!(
                (refused.fault, refused.detail.got.as_deref()),
                (Fault::AttributeAmbiguous, Some(name)),
                "{more}"
            );
            assert!(refused.arrived.is_some());
        }
        // Nothing beside it, and what nobody reads may be as it likes.
        assert!(person(&json!({ name: ["m@pg.com", null] })).is_ok(), "{name}");
    }
    assert!(person(&json!({ "address": ["x", {}], "groups": ["a", {}] })).is_ok());
    // Groups are several, and one that is none takes nothing from the others.
    let mut document = plain.document().clone();
    document.admit.groups = vec!["a".to_owned()];
    let admitting = Connection::check(document, 1, ConnectionState::Active, UrlPolicy::Https).unwrap();
    let admitted = |groups: Value| {
        let said = json!({ "email": "m@pg.com", "given_name": "Mary", "groups": groups });
        Verified::from_id_token(&proved(&admitting, &said).unwrap(), &admitting)
            .and_then(|verified| verified.admit(&admitting))
    };
    assert!(admitted(json!(["a", {}])).is_ok());
    assert_eq!(admitted(json!([{ "name": "a" }])).err().map(|failure| failure.fault), Some(Fault::GroupNotAdmitted));
}
