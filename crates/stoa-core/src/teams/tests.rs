use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::connection::SigningAlgorithm;
use crate::ids::{Attempt, BindingHash, ConnectionId, Reference, TicketHash};
use crate::login::{Begin, Step, What};
use crate::oidc::{Jwks, verify_jws};

const APP: &str = "2c3caa80-93f9-425e-8b85-0745f50c0d24";
const TENANT: &str = "fec4f964-8bc9-4fac-b972-1c1da35adbcd";
const OTHER_TENANT: &str = "00000000-0000-4000-8000-000000000001";
const TEAMS_WEB: &str = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346";
const URL: &str = "https://sso.example.com";
const NOW: i64 = 1_790_000_000;

fn key() -> &'static RsaKeyPair {
    static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

/// The claims as they come out of a token that Entra has signed.
fn claims(payload: &Value) -> Claims {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = key().public_key();
    let (n, e) = (public.modulus().big_endian_without_leading_zero(), public.exponent());
    let (n, e) = (encode(n), encode(e.big_endian_without_leading_zero()));
    let keys = json!({"keys": [{"kty": "RSA", "use": "sig", "kid": "k", "n": n, "e": e}]}).to_string();
    let signed = format!("{}.{}", encode(br#"{"alg":"RS256","kid":"k"}"#), encode(payload.to_string().as_bytes()));
    let mut signature = vec![0; public.modulus_len()];
    key().sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    let token = format!("{signed}.{}", encode(&signature));
    verify_jws(&token, &Jwks::parse(&keys).unwrap(), &[SigningAlgorithm::Rs256]).unwrap()
}

fn connection() -> Connection {
    let text = format!(
        "id = \"globex\"\ncustomer = \"globex\"\nschool = \"s\"\ndomains = [\"globex.com\"]\npreset = \"entra\"\n\
         [teams]\napp_id = \"{APP}\"\ntenants = [\"{TENANT}\"]\ntoken = true\n"
    );
    let document = toml::from_str(&text).unwrap();
    Connection::check(document, 1, crate::connection::ConnectionState::Active, crate::connection::UrlPolicy::Https)
        .unwrap()
}

/// A tab that tests shows what Teams sent, whichever rule refused it.
#[test]
fn what_arrived_is_shown_with_each_refusal() {
    let (connection, now) = (connection(), Timestamp::from_second(NOW).unwrap());
    let teams = connection.document().teams.as_ref().unwrap();
    let personal = format!("https://login.microsoftonline.com/{PERSONAL_TENANT}/v2.0");
    for (change, code) in [
        (json!({ "ver": "3.0" }), RefusalCode::TokenMalformed),
        (json!({ "iss": "https://other.example" }), RefusalCode::IssuerWrong),
        (json!({ "tid": PERSONAL_TENANT, "iss": personal }), RefusalCode::TeamsPersonalAccount),
        (json!({ "aud": "other" }), RefusalCode::AudienceWrong),
        (json!({ "exp": NOW - 200 }), RefusalCode::TokenExpired),
        (json!({ "azp": "other" }), RefusalCode::TeamsApplicationForeign),
        (json!({ "scp": "other" }), RefusalCode::TeamsScopeMissing),
        (json!({ "acct": 1 }), RefusalCode::TeamsGuest),
    ] {
        let failure = prove(claims(&changed(version_2(), &change)), &connection, teams, URL, now).unwrap_err();
        assert_eq!(failure.fault, Fault::Oidc(code));
        let arrived = failure.arrived.unwrap();
        assert!(arrived.attributes().iter().any(|(_, value)| value == "Mila Nikolova"), "{code:?}");
    }
    assert!(prove(claims(&version_2()), &connection, teams, URL, now).is_ok());
}

fn version_2() -> Value {
    json!({
        "aud": APP, "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "ver": "2.0",
        "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 3600, "azp": TEAMS_WEB, "azpacr": "0",
        "name": "Mila Nikolova", "oid": "6467882c-fdfd-4354-a1ed-4e13f064be25", "email": "mila@globex.com",
        "preferred_username": "mila@globex.com", "scp": "access_as_user", "sub": "Xkjg", "tid": TENANT, "uti": "x",
    })
}

fn version_1() -> Value {
    changed(
        version_2(),
        &json!({
            "aud": format!("api://sso.example.com/{APP}"), "iss": format!("https://sts.windows.net/{TENANT}/"),
            "ver": "1.0", "azp": null, "azpacr": null, "appid": TEAMS_WEB, "appidacr": "0",
        }),
    )
}

/// The token with other claims; `null` takes one out.
fn changed(mut token: Value, changes: &Value) -> Value {
    let map = token.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        map.insert(name.clone(), value.clone());
    }
    map.retain(|_, value| !value.is_null());
    token
}

fn checked(token: &Value) -> Result<TeamsToken, Failure> {
    let teams = TeamsDocument {
        app_id: APP.to_owned(),
        tenants: vec![TENANT.to_owned()],
        token: true,
        jwks_uri: "https://login.microsoftonline.com/common/discovery/v2.0/keys".to_owned(),
        name: "Learning".to_owned(),
    };
    check(claims(token), &teams, URL, Timestamp::from_second(NOW).unwrap())
}

#[track_caller]
fn assert_refused(token: Value, changes: &Value, code: RefusalCode) {
    let failure = checked(&changed(token, changes)).unwrap_err();
    assert_eq!(failure.fault, Fault::Oidc(code), "{changes}: {:?}", failure.detail);
}

#[test]
fn c173_both_forms_of_a_token_are_taken() {
    let home = format!("https://sts.windows.net/{TENANT}/");
    for (token, changes) in [
        (version_2(), json!({})),
        (version_1(), json!({})),
        (version_1(), json!({"aud": APP})),
        (version_2(), json!({"scp": "User.Read access_as_user"})),
        (version_2(), json!({"acct": 0})),
        (version_2(), json!({"idp": home})),
        (version_2(), json!({"nbf": null})),
        (version_2(), json!({"iat": NOW + 119, "nbf": NOW + 119})),
        (version_2(), json!({"exp": NOW - 119})),
    ] {
        let token = checked(&changed(token, &changes)).unwrap_or_else(|failure| panic!("{changes}: {failure:?}"));
        assert_eq!(token.claims().text("tid"), Some(TENANT));
    }
}

#[test]
fn c173_every_other_token_is_refused_for_its_own_reason() {
    let other = |form: TokenForm| json!({"iss": form.issuer(OTHER_TENANT), "tid": OTHER_TENANT});
    let personal = json!({"iss": TokenForm::Two.issuer(PERSONAL_TENANT), "tid": PERSONAL_TENANT});
    let guest_of = TokenForm::One.issuer(OTHER_TENANT);
    let uri = format!("api://sso.example.com/{APP}");
    use RefusalCode::*;
    for (changes, code) in [
        (json!({"ver": null}), TokenMalformed),
        (json!({"ver": "3.0"}), TokenMalformed),
        (json!({"iss": TokenForm::One.issuer(TENANT)}), IssuerWrong),
        (json!({"iss": TokenForm::Two.issuer(OTHER_TENANT)}), IssuerWrong),
        (json!({"iss": "https://login.microsoftonline.com/common/v2.0"}), IssuerWrong),
        (json!({"tid": OTHER_TENANT}), IssuerWrong),
        (json!({"tid": null}), TokenMalformed),
        (other(TokenForm::Two), TenantForeign),
        (personal, TeamsPersonalAccount),
        (json!({"aud": uri}), AudienceWrong),
        (json!({"aud": "00000003-0000-0000-c000-000000000000"}), AudienceWrong),
        (json!({"aud": [APP]}), TokenMalformed),
        (json!({"exp": NOW - 120}), TokenExpired),
        (json!({"exp": null}), TokenMalformed),
        (json!({"exp": "soon"}), TokenMalformed),
        (json!({"iat": NOW + 121}), TokenFromFuture),
        (json!({"nbf": NOW + 121}), TokenNotYetValid),
        (json!({"azp": APP}), TeamsApplicationForeign),
        (json!({"azp": null, "appid": TEAMS_WEB}), TokenMalformed),
        (json!({"scp": "User.Read"}), TeamsScopeMissing),
        (json!({"scp": "access_as_user_all"}), TeamsScopeMissing),
        (json!({"scp": null, "roles": ["access_as_user"]}), TeamsScopeMissing),
        (json!({"acct": 1}), TeamsGuest),
        (json!({"acct": "1"}), TeamsGuest),
        (json!({"idp": guest_of}), TeamsGuest),
        (json!({"idp": "live.com"}), TeamsGuest),
        (json!({"oid": null}), TokenMalformed),
        (json!({"oid": ""}), TokenMalformed),
    ] {
        assert_refused(version_2(), &changes, code);
    }
    for (changes, code) in [
        (json!({"iss": TokenForm::Two.issuer(TENANT)}), IssuerWrong),
        (json!({"iss": format!("https://sts.windows.net/{TENANT}")}), IssuerWrong),
        (other(TokenForm::One), TenantForeign),
        (json!({"aud": format!("api://evil.example/{APP}")}), AudienceWrong),
        (json!({"aud": format!("api://sso.example.com/{OTHER_TENANT}")}), AudienceWrong),
        (json!({"appid": APP}), TeamsApplicationForeign),
        (json!({"appid": null, "azp": TEAMS_WEB}), TokenMalformed),
    ] {
        assert_refused(version_1(), &changes, code);
    }
}

/// The item of a login that the tab has proven at [`NOW`], whose code nobody has handed over.
fn verified() -> LoginItem {
    let begin = Begin {
        connection: ConnectionId::parse("pg").unwrap(),
        version: 1,
        binding: BindingHash::from_bytes([1; 32]),
        destination: None,
        test: false,
        show: false,
        again: false,
    };
    let step = Step {
        t: 0,
        function: "teams-session".to_owned(),
        what: What::Verified,
        request: "r".to_owned(),
        build: "b".to_owned(),
        wanted: None,
        got: None,
    };
    let now = Timestamp::from_second(NOW).unwrap();
    let item = LoginItem::begin(Reference::from_random([1; 8]), begin, Attempt::from_bytes([1; 16]), step, now);
    LoginItem { state: State::Verified, verified: Some(NOW), ..item }
}

#[test]
fn a_code_is_handed_over_once_within_a_minute() {
    let (tab, page) = (Attempt::from_bytes([1; 16]), Attempt::from_bytes([2; 16]));
    let (code, other) = (BindingHash::from_bytes([1; 32]), BindingHash::from_bytes([2; 32]));
    let meet = |old: Option<&LoginItem>, attempt: &Attempt, code: &BindingHash, after: i64| {
        meet_handed_over(old, attempt, code, Timestamp::from_second(NOW + after).unwrap()).map_err(|error| error.fault)
    };
    let fresh = verified();
    let used = LoginItem { ticket: Some(TicketHash::from_bytes([1; 32])), ..verified() };
    let launched = LoginItem { state: State::Launched, ..verified() };
    // Everything holds, so it was another's write that came between.
    assert_eq!(meet(Some(&fresh), &page, &code, 60), Err(Fault::StoreContended));
    // Our own write, of which the answer was lost.
    assert_eq!(meet(Some(&used), &tab, &code, 1), Ok(()));
    for (old, code, after) in [
        (None, &code, 1),
        (Some(&fresh), &other, 1),
        (Some(&used), &code, 1),
        (Some(&launched), &code, 1),
        (Some(&fresh), &code, 61),
    ] {
        assert_eq!(meet(old, &page, code, after), Err(Fault::TeamsCodeWrong));
    }
}
