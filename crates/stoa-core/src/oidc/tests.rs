//! The rules one by one, with real signatures.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::binding::Pending;
use crate::connection::{Connection, ConnectionDocument, ConnectionState, SigningAlgorithm, UrlPolicy};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::ids::Reference;
use crate::published::PublishedError;

mod answers;
mod lawful;
mod shown;

const NOW: i64 = 1_790_000_000;
const CLIENT: &str = "P&G Academy (test)";

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

struct Signer(EcdsaKeyPair, &'static str);

impl Signer {
    fn new(algorithm: &'static EcdsaSigningAlgorithm, curve: &'static str) -> Self {
        Self(EcdsaKeyPair::generate(algorithm).unwrap(), curve)
    }

    fn p256() -> Self {
        Self::new(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    fn jwk(&self, kid: &str) -> Value {
        let point = &self.0.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        json!({ "kty": "EC", "crv": self.1, "kid": kid, "use": "sig", "x": encode(x), "y": encode(y) })
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_texts(&header.to_string(), &claims.to_string())
    }

    fn sign_texts(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(signature))
    }
}

fn set(keys: &[Value]) -> Jwks {
    Jwks::parse(&json!({ "keys": keys }).to_string()).unwrap()
}

fn header(kid: &str) -> Value {
    json!({ "alg": "ES256", "kid": kid })
}

#[track_caller]
fn code<T>(result: Result<T, Failure>) -> RefusalCode {
    match result.err().map(|failure| failure.fault) {
        Some(Fault::Oidc(code)) => code,
        other => panic!("{other:?}"),
    }
}

fn verify(token: &str, keys: &Jwks) -> Result<Claims, Failure> {
    verify_jws(token, keys, &[SigningAlgorithm::Es256, SigningAlgorithm::Es384])
}

#[test]
fn a_key_answers_for_its_own_curve_and_name_only() {
    let (one, two) = (Signer::p256(), Signer::new(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"));
    let keys = set(&[one.jwk("a"), two.jwk("b")]);
    assert_eq!(verify(&one.sign(&header("a"), &json!({ "sub": "x" })), &keys).unwrap().text("sub"), Some("x"));
    let longer = json!({ "alg": "ES384", "kid": "b" });
    assert!(verify(&two.sign(&longer, &json!({})), &keys).is_ok());
    assert_eq!(code(verify(&one.sign(&header("b"), &json!({})), &keys)), RefusalCode::KeyUnknown);
    let crossed = json!({ "alg": "ES384", "kid": "a" });
    assert_eq!(code(verify(&one.sign(&crossed, &json!({})), &keys)), RefusalCode::KeyUnknown);
    // No name: the only key of the algorithm.
    assert!(verify(&one.sign(&json!({ "alg": "ES256" }), &json!({})), &keys).is_ok());
}

#[test]
fn c154_two_keys_that_answer_are_none() {
    let (one, two) = (Signer::p256(), Signer::p256());
    let token = one.sign(&header("a"), &json!({}));
    assert_eq!(code(verify(&token, &set(&[one.jwk("a"), two.jwk("a")]))), RefusalCode::KeyUnknown);
    let nameless = one.sign(&json!({ "alg": "ES256" }), &json!({}));
    assert_eq!(code(verify(&nameless, &set(&[one.jwk("a"), two.jwk("b")]))), RefusalCode::KeyUnknown);
    // A key without a name answers to none.
    let mut unnamed = one.jwk("a");
    unnamed.as_object_mut().unwrap().remove("kid");
    assert_eq!(code(verify(&token, &set(&[unnamed]))), RefusalCode::KeyUnknown);
}

#[test]
fn c156_a_key_that_names_an_algorithm_takes_no_other() {
    let key = json!({ "kty": "RSA", "kid": "a", "alg": "PS256", "n": encode([0xff; 256]), "e": "AQAB" });
    let token = Signer::p256().sign(&json!({ "alg": "RS256", "kid": "a" }), &json!({}));
    assert_eq!(code(verify_jws(&token, &set(&[key]), &[SigningAlgorithm::Rs256])), RefusalCode::KeyUnknown);
}

#[test]
fn c156_keys_for_something_else_are_left_out() {
    let signer = Signer::p256();
    let changed = |name: &str, value: Value| {
        let mut jwk = signer.jwk("a");
        jwk[name] = value;
        jwk
    };
    let short = json!({ "kty": "RSA", "kid": "r", "n": encode([0xff; 255]), "e": "AQAB" });
    let padded = json!({ "kty": "RSA", "kid": "r", "n": encode([&[0; 9][..], &[0xff; 250]].concat()), "e": "AQAB" });
    let unusable = [
        changed("use", json!("enc")),
        changed("key_ops", json!(["encrypt"])),
        changed("alg", json!("RS256")),
        changed("alg", json!("ECDH-ES")),
        changed("crv", json!("secp256k1")),
        changed("kty", json!("OKP")),
        changed("x", json!("AQAB")),
        changed("kid", json!(7)),
        json!({ "kty": "oct", "kid": "o", "k": "c2VjcmV0" }),
        short,
        padded,
        // Of 2047 bits.
        json!({ "kty": "RSA", "kid": "r", "n": encode([0x7f; 256]), "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": "r", "n": encode([0xff; 256]), "e": "" }),
        json!("no key"),
    ];
    for jwk in &unusable {
        let text = json!({ "keys": [jwk] }).to_string();
        assert_eq!(Jwks::parse(&text).unwrap_err(), JwksError::NoUsableKey, "{jwk}");
    }
    let with_good = [&unusable[..], &[Signer::p256().jwk("good")]].concat();
    assert_eq!(set(&with_good).key_ids().collect::<Vec<_>>(), ["good"]);
    for (text, expected) in [
        ("{}", PublishedError::Missing("keys")),
        ("{\"keys\":null}", PublishedError::Missing("keys")),
        ("{\"keys\":{}}", PublishedError::Member("keys", "a list")),
        ("\u{feff}{\"keys\":[]}", PublishedError::ByteOrderMark),
        ("<html>", PublishedError::WebPage),
    ] {
        assert_eq!(Jwks::parse(text).unwrap_err(), JwksError::Form(expected), "{text}");
    }
    let long = format!("{}{}", json!({ "keys": [signer.jwk("a")] }), " ".repeat(MAX_JWKS));
    assert_eq!(Jwks::parse(&long).unwrap_err(), PublishedError::TooLong(MAX_JWKS).into());
}

#[test]
fn c155_other_forms_than_three_parts_of_base64url_are_refused() {
    let signer = Signer::p256();
    let keys = set(&[signer.jwk("a")]);
    let good = signer.sign(&header("a"), &json!({}));
    let (rest, signature) = good.rsplit_once('.').unwrap();
    for (token, wanted) in [
        (String::new(), RefusalCode::TokenMalformed),
        (rest.to_owned(), RefusalCode::TokenMalformed),
        (format!("{good}.e30"), RefusalCode::TokenMalformed),
        (format!("{good}.e30.e30"), RefusalCode::TokenEncrypted),
        (format!("{good}.e30.e30.e30"), RefusalCode::TokenMalformed),
        (format!("{rest}."), RefusalCode::SignatureWrong),
        (format!("{rest}.{}", &signature[..40]), RefusalCode::SignatureWrong),
        (format!("{good}="), RefusalCode::SignatureWrong),
        (good.replacen('.', " .", 1), RefusalCode::TokenMalformed),
        (signer.sign(&header("a"), &json!({ "x": "y".repeat(64 * 1024) })), RefusalCode::TokenMalformed),
        (signer.sign(&json!(["alg"]), &json!({})), RefusalCode::TokenMalformed),
        (signer.sign(&json!({ "alg": "ES256", "kid": 1 }), &json!({})), RefusalCode::TokenMalformed),
        (signer.sign(&json!({ "alg": "ES256", "cty": "JWT" }), &json!({})), RefusalCode::TokenMalformed),
        (signer.sign(&header("a"), &json!(["no", "claims"])), RefusalCode::TokenMalformed),
        (signer.sign(&json!({ "alg": "ES256", "crit": [] }), &json!({})), RefusalCode::TokenCritical),
    ] {
        assert_eq!(code(verify(&token, &keys)), wanted, "{token:.80}");
    }
}

#[test]
fn c151_c152_algorithms_are_the_connections() {
    let signer = Signer::p256();
    let keys = set(&[signer.jwk("a")]);
    for alg in [json!("none"), json!("nOnE"), json!(""), json!("HS256"), json!("es256"), json!(null), json!(["ES256"])]
    {
        let token = signer.sign(&json!({ "alg": alg, "kid": "a" }), &json!({}));
        assert_eq!(code(verify(&token, &keys)), RefusalCode::AlgorithmRefused, "{alg}");
    }
    let token = signer.sign(&header("a"), &json!({}));
    assert_eq!(code(verify_jws(&token, &keys, &[SigningAlgorithm::Rs256])), RefusalCode::AlgorithmRefused);
}

fn connection(more: &str) -> Connection {
    let text = format!(
        "id = \"pg\"\ncustomer = \"pg\"\nschool = \"s\"\ndomains = [\"pg.com\"]\n[oidc]\nclient_id = \"{CLIENT}\"\n{more}\n\
         [oidc.provider]\nauthorization_endpoint = \"https://idp.example/authorize?policy=1\"\n\
         token_endpoint = \"https://idp.example/token\"\njwks_uri = \"https://idp.example/keys\"\n\
         userinfo_endpoint = \"https://idp.example/userinfo\"\n"
    );
    let document: ConnectionDocument = toml::from_str(&text).unwrap();
    Connection::check(document, 1, ConnectionState::Active, UrlPolicy::Https).unwrap()
}

fn plain() -> Connection {
    connection("issuer = \"https://idp.example\"")
}

fn login() -> Pending {
    let now = Timestamp::from_second(NOW - 60).unwrap();
    Pending::begin(Reference::from_random([1; 8]), now, [7; 32])
}

/// The end of a login whose ID token has these claims changed; null takes one away.
fn proved(connection: &Connection, changes: &Value) -> Result<ProvenIdentity, Failure> {
    let mut claims = json!({
        "iss": "https://idp.example", "aud": CLIENT, "sub": "miller.m", "nonce": login().oidc_nonce(),
        "iat": NOW, "exp": NOW + 300, "auth_time": NOW - 30,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let signer = Signer::p256();
    let tokens = Tokens {
        unverified_id_token: signer.sign(&header("a"), &claims),
        access_token: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y".to_owned(),
    };
    let claims = verify(tokens.unverified_id_token(), &set(&[signer.jwk("a")])).unwrap();
    let nonce = login().oidc_nonce();
    let now = Timestamp::from_second(NOW).unwrap();
    prove(claims, &Expected { connection, nonce: &nonce, code: "c", tokens: &tokens, began: NOW - 60, now })
}

#[test]
fn c160_times_are_within_the_skew() {
    let plain = plain();
    for good in [
        json!({ "exp": NOW - 119 }),
        json!({ "iat": NOW + 120 }),
        json!({ "nbf": NOW + 120 }),
        json!({ "exp": 253_402_300_799_i64 }),
    ] {
        assert!(proved(&plain, &good).is_ok(), "{good}");
    }
    for (bad, wanted) in [
        (json!({ "exp": NOW - 120 }), RefusalCode::TokenExpired),
        (json!({ "exp": 0 }), RefusalCode::TokenExpired),
        (json!({ "iat": NOW + 121 }), RefusalCode::TokenFromFuture),
        (json!({ "nbf": NOW + 121 }), RefusalCode::TokenNotYetValid),
        (json!({ "exp": -1 }), RefusalCode::TokenMalformed),
        (json!({ "exp": 1.5 }), RefusalCode::TokenExpired),
        (json!({ "exp": 1e300 }), RefusalCode::TokenMalformed),
        (json!({ "exp": u64::MAX }), RefusalCode::TokenMalformed),
        (json!({ "exp": "1790000300" }), RefusalCode::TokenMalformed),
        (json!({ "nbf": true }), RefusalCode::TokenMalformed),
        (json!({ "iat": [NOW] }), RefusalCode::TokenMalformed),
    ] {
        assert_eq!(code(proved(&plain, &bad)), wanted, "{bad}");
    }
}

#[test]
fn c159_an_audience_is_ours_and_the_party_too() {
    let plain = plain();
    for (changes, wanted) in [
        (json!({ "aud": [] }), Some(RefusalCode::AudienceWrong)),
        (json!({ "aud": [CLIENT.to_lowercase()] }), Some(RefusalCode::AudienceWrong)),
        (json!({ "aud": [CLIENT, 7] }), Some(RefusalCode::TokenMalformed)),
        (json!({ "aud": { "0": CLIENT } }), Some(RefusalCode::TokenMalformed)),
        (json!({ "aud": [CLIENT, CLIENT] }), None),
        (json!({ "aud": [CLIENT, "other"] }), Some(RefusalCode::AuthorizedPartyWrong)),
        (json!({ "aud": [CLIENT, "other"], "azp": CLIENT }), None),
        (json!({ "azp": "other" }), Some(RefusalCode::AuthorizedPartyWrong)),
        (json!({ "azp": [CLIENT] }), Some(RefusalCode::AuthorizedPartyWrong)),
    ] {
        let result = proved(&plain, &changes);
        match wanted {
            Some(wanted) => assert_eq!(code(result), wanted, "{changes}"),
            None => assert!(result.is_ok(), "{changes}"),
        }
    }
}

#[test]
fn c161_hashes_are_of_this_access_token_and_this_code() {
    let plain = plain();
    // The example of OIDC core A.3, under SHA-256.
    assert!(proved(&plain, &json!({ "at_hash": "77QmUPtjPfzWtF2AnpK9RQ" })).is_ok());
    for other in [json!("77QmUPtjPfzWtF2AnpK9RA"), json!(""), json!(7)] {
        assert_eq!(code(proved(&plain, &json!({ "at_hash": other }))), RefusalCode::AccessTokenHashWrong);
        assert_eq!(code(proved(&plain, &json!({ "c_hash": other }))), RefusalCode::CodeHashWrong);
    }
}

#[test]
fn c157_c170_the_issuer_of_several_tenants_is_that_of_an_allowed_one() {
    let (ours, other) = ("b7e2f3a0-41c6-4d39-9c5e-0a1d62f7c811", "0badc0de-7a11-4e57-8b3c-5d1f90e4a6b2");
    let several =
        connection(&format!("issuer = \"https://login.example/{{tenantid}}/v2.0\"\ntenants = [\"{ours}\"]\n"));
    let of = |tenant: &str, tid: Value| {
        proved(&several, &json!({ "iss": format!("https://login.example/{tenant}/v2.0"), "tid": tid }))
    };
    assert!(of(ours, json!(ours)).is_ok());
    assert_eq!(code(of(other, json!(other))), RefusalCode::TenantForeign);
    assert_eq!(code(of(other, json!(ours))), RefusalCode::IssuerWrong);
    assert_eq!(code(of("{tenantid}", json!("{tenantid}"))), RefusalCode::TenantForeign);
    assert_eq!(code(of(ours, json!(null))), RefusalCode::IssuerWrong);
    assert_eq!(code(of("", json!(null))), RefusalCode::TenantForeign);
}

#[test]
fn c170_a_google_account_is_in_a_workspace_that_the_connection_names() {
    // Whatever the preset: the issuer is everybody's.
    let issuer = "issuer = \"https://accounts.google.com\"\n";
    let of = |more: &str, hd: Value| {
        proved(&connection(&format!("{issuer}{more}")), &json!({ "iss": "https://accounts.google.com", "hd": hd }))
    };
    assert!(of("", json!("pg.com")).is_ok());
    for hd in [json!(null), json!("evil.example"), json!("none"), json!(""), json!(["pg.com"]), json!("PG.com")] {
        assert_eq!(code(of("", hd.clone())), RefusalCode::HostedDomainForeign, "{hd}");
    }
    let other = "hosted_domains = [\"pg.example\"]";
    assert!(of(other, json!("pg.example")).is_ok());
    assert_eq!(code(of(other, json!("pg.com"))), RefusalCode::HostedDomainForeign);
}

#[test]
fn c162_the_younger_of_two_demands_on_the_authentication_counts() {
    let both = connection("issuer = \"https://idp.example\"\nmax_age = 3600\nprompt = \"login\"\nskew_seconds = 10");
    assert!(proved(&both, &json!({ "auth_time": NOW - 70 })).is_ok());
    for (changes, wanted) in [
        (json!({ "auth_time": NOW - 71 }), RefusalCode::AuthenticationTooOld),
        (json!({ "auth_time": NOW + 11 }), RefusalCode::TokenFromFuture),
        (json!({ "auth_time": null }), RefusalCode::AuthTimeMissing),
        (json!({ "auth_time": "now" }), RefusalCode::TokenMalformed),
    ] {
        assert_eq!(code(proved(&both, &changes)), wanted, "{changes}");
    }
}

fn answered(claims: &Value) -> openidconnect::http::Response<Vec<u8>> {
    let response = openidconnect::http::Response::builder().header("content-type", "application/json; charset=utf-8");
    response.body(claims.to_string().into_bytes()).unwrap()
}

fn claim(identity: &ProvenIdentity, name: &str) -> Option<String> {
    identity.attributes().into_iter().find(|(own, _)| own == name).map(|(_, values)| values.join(","))
}

#[test]
fn c167_the_id_tokens_claims_win_and_what_is_verified_is_of_the_same_address() {
    let said = json!({ "email": "m@pg.com", "name": "Mary" });
    let more = json!({ "sub": "miller.m", "name": "Other", "given_name": "Mary", "email_verified": true });
    let merged = |more: &Value| proved(&plain(), &said).unwrap().with_userinfo(&answered(more), &plain());
    let identity = merged(&more).unwrap();
    assert_eq!(claim(&identity, "name").as_deref(), Some("Mary"));
    assert_eq!(claim(&identity, "given_name").as_deref(), Some("Mary"));
    // It does not say which address.
    assert_eq!(claim(&identity, "email_verified"), None);
    let mut same = more.clone();
    same["email"] = json!("m@pg.com");
    assert_eq!(claim(&merged(&same).unwrap(), "email_verified").as_deref(), Some("true"));
    let mut other = same.clone();
    other["sub"] = json!("Miller.M");
    assert_eq!(code(merged(&other)), RefusalCode::UserInfoSubjectWrong);
    assert_eq!(code(merged(&json!({ "email": "m@pg.com" }))), RefusalCode::UserInfoSubjectWrong);
}

#[test]
fn c169_an_id_token_without_an_address_vouches_for_none_that_userinfo_brings() {
    let verified = |said: &Value, more: Value| {
        let identity = proved(&plain(), said).unwrap().with_userinfo(&answered(&more), &plain()).unwrap();
        claim(&identity, "email_verified")
    };
    let userinfo = |flag: bool| json!({ "sub": "miller.m", "email": "m@pg.com", "email_verified": flag });
    for said in [json!({ "email_verified": true }), json!({ "email": "", "email_verified": "true" })] {
        assert_eq!(verified(&said, userinfo(false)).as_deref(), Some("false"), "{said}");
        assert_eq!(verified(&said, json!({ "sub": "miller.m", "email": "m@pg.com" })), None, "{said}");
    }
    // What it says against the person's address stays.
    assert_eq!(verified(&json!({ "email_verified": false }), userinfo(true)).as_deref(), Some("false"));
}

#[test]
fn a_claim_of_the_id_token_without_a_value_is_userinfos_to_say() {
    let said = json!({ "email": "", "given_name": "Mary" });
    let more = json!({ "sub": "miller.m", "email": "m@pg.com", "given_name": "Other" });
    let identity = proved(&plain(), &said).unwrap().with_userinfo(&answered(&more), &plain()).unwrap();
    assert_eq!(claim(&identity, "email").as_deref(), Some("m@pg.com"));
    assert_eq!(claim(&identity, "given_name").as_deref(), Some("Mary"));
}

#[test]
fn c171_two_people_are_not_one_by_a_colon_in_the_wrong_place() {
    let text = "issuer = \"https://idp.example\"\n";
    let connection = connection(text);
    let mut document = connection.document().clone();
    document.subject.from = Some("realm+uid".to_owned());
    let connection = Connection::check(document, 1, ConnectionState::Active, UrlPolicy::Https).unwrap();
    let verified = |realm: &str, uid: &str| {
        let said = json!({ "realm": realm, "uid": uid, "email": "m@pg.com" });
        crate::identity::Verified::from_id_token(&proved(&connection, &said).unwrap(), &connection)
    };
    assert!(verified("a", "b:c").is_ok());
    assert_eq!(verified("a:b", "c").err().map(|failure| failure.fault), Some(Fault::SubjectMissing));
}

#[test]
fn userinfo_is_asked_for_what_the_connection_lacks() {
    let with = |more: &str| connection(&format!("issuer = \"https://idp.example\"\n{more}"));
    let asks = |connection: &Connection, claims: &Value| {
        let identity = proved(connection, claims).unwrap();
        identity.userinfo_endpoint(connection).unwrap().is_some()
    };
    let whole = json!({ "email": "m@pg.com", "given_name": "Mary" });
    let plain = with("");
    assert!(!asks(&plain, &whole));
    assert!(asks(&plain, &json!({ "email": "m@pg.com" })), "no name");
    assert!(asks(&plain, &json!({ "given_name": "Mary" })), "no address");
    assert!(asks(&with("email_verified = \"required\""), &whole), "not said whether the address is verified");
    assert!(asks(&with("userinfo = \"always\""), &whole));
    assert!(!asks(&with("userinfo = \"never\""), &json!({})));
}
