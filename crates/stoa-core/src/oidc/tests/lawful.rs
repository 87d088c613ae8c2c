//! JSON as JSON may be written: what says the same is taken for the same.

use super::*;
use crate::trust::parse_discovery;

#[test]
fn c160_a_time_may_have_a_fraction_or_an_exponent() {
    let wanting = connection("issuer = \"https://idp.example\"\nmax_age = 3600");
    for (changes, wanted) in [
        (r#"{ "exp": 1790000300.5, "iat": 1789999999.25, "nbf": 1789999999.75, "auth_time": 1789999970.67 }"#, None),
        (r#"{ "exp": 1790000300.0, "iat": 1790000000.0, "nbf": 1.79e9, "auth_time": 17899999.7e2 }"#, None),
        // Cut to the second on the side that the token gains nothing by, at the edges of the skew of 120 s.
        (r#"{ "exp": 1789999881.0 }"#, None),
        (r#"{ "exp": 1789999880.9 }"#, Some(RefusalCode::TokenExpired)),
        (r#"{ "iat": 1790000120.0 }"#, None),
        (r#"{ "iat": 1790000120.1 }"#, Some(RefusalCode::TokenFromFuture)),
        (r#"{ "nbf": 1790000120.1 }"#, Some(RefusalCode::TokenNotYetValid)),
        (r#"{ "auth_time": 1789996280.0 }"#, None),
        (r#"{ "auth_time": 1789996279.9 }"#, Some(RefusalCode::AuthenticationTooOld)),
        (r#"{ "exp": 1e300 }"#, Some(RefusalCode::TokenMalformed)),
        (r#"{ "exp": -0.5 }"#, Some(RefusalCode::TokenMalformed)),
        (r#"{ "exp": "1790000300.5" }"#, Some(RefusalCode::TokenMalformed)),
    ] {
        let result = proved(&wanting, &serde_json::from_str(changes).unwrap());
        match wanted {
            Some(wanted) => assert_eq!(code(result), wanted, "{changes}"),
            None => assert!(result.is_ok(), "{changes}: {:?}", result.err()),
        }
    }
}

/// The claims of a token of this header and payload, under one key `a`.
fn read(header: &Value, claims: &Value) -> Result<Claims, Failure> {
    let signer = Signer::p256();
    verify(&signer.sign(header, claims), &set(&[signer.jwk("a")]))
}

#[test]
fn c155_c161_null_is_absent_in_header_claims_and_key() {
    let header = json!({ "alg": "ES256", "kid": null, "cty": null, "crit": null, "typ": null });
    let claims = json!({ "at_hash": null, "c_hash": null, "azp": null, "nbf": null, "auth_time": null, "sub": "x" });
    let read_back = read(&header, &claims).unwrap();
    assert_eq!(read_back.map.keys().collect::<Vec<_>>(), ["sub"]);
    let signer = Signer::p256();
    let mut jwk = signer.jwk("a");
    for name in ["use", "key_ops", "alg", "issuer", "n", "e", "x5c"] {
        jwk[name] = json!(null);
    }
    assert!(verify(&signer.sign(&super::header("a"), &claims), &set(&[jwk])).is_ok());
    let said = answered(&json!({ "sub": "miller.m", "email": null, "given_name": "Mary" }));
    let identity = proved(&plain(), &json!({})).unwrap().with_userinfo(&said, &plain()).unwrap();
    assert_eq!((claim(&identity, "email"), claim(&identity, "given_name")), (None, Some("Mary".to_owned())));
}

#[test]
fn c154_one_key_published_for_each_algorithm_is_one() {
    let (one, other) = (Signer::p256(), Signer::p256());
    let longer = Signer::new(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384");
    let with = |mut jwk: Value, name: &str, value: &str| {
        jwk[name] = json!(value);
        jwk
    };
    let token = one.sign(&header("a"), &json!({}));
    // Of two kinds under one name, as of one kind for two algorithms.
    assert!(verify(&token, &set(&[longer.jwk("a"), one.jwk("a")])).is_ok());
    // Twice, with and without the algorithm, with another member.
    let again = [one.jwk("a"), one.jwk("a"), with(one.jwk("a"), "alg", "ES256"), with(one.jwk("a"), "x5t", "AQAB")];
    assert!(verify(&token, &set(&again)).is_ok());
    let nameless = one.sign(&json!({ "alg": "ES256" }), &json!({}));
    assert!(verify(&nameless, &set(&again)).is_ok());
    // Another key under the name, or the same of another tenant, is another.
    let tenant = with(one.jwk("a"), "issuer", "https://login.example/b7e2f3a0-41c6-4d39-9c5e-0a1d62f7c811/v2.0");
    for second in [other.jwk("a"), tenant] {
        let keys = set(&[one.jwk("a"), second]);
        assert_eq!(code(verify(&token, &keys)), RefusalCode::KeyUnknown);
    }
    let rsa = |alg: &str| json!({ "kty": "RSA", "kid": "same", "alg": alg, "n": encode([0xff; 256]), "e": "AQAB" });
    let keys = set(&[rsa("RS256"), rsa("RS384"), rsa("RS512")]);
    for (alg, algorithm) in [("RS256", SigningAlgorithm::Rs256), ("RS512", SigningAlgorithm::Rs512)] {
        let token = one.sign(&json!({ "alg": alg, "kid": "same" }), &json!({}));
        // The key is found; this signature is not its.
        assert_eq!(code(verify_jws(&token, &keys, &[algorithm])), RefusalCode::SignatureWrong);
    }
}

#[test]
fn an_element_that_says_nothing_takes_nothing_from_its_list() {
    let said = json!({ "groups": ["a", null, { "id": "b" }, 7, 7.0, 7e0, 1.5], "none": [null] });
    let identity = proved(&plain(), &said).unwrap();
    assert_eq!(claim(&identity, "groups").as_deref(), Some("a,7,7,7,1.5"));
    assert_eq!(claim(&identity, "none").as_deref(), Some(""));
}

#[test]
fn groups_that_were_not_sent_are_told_apart_from_groups_that_are_others() {
    let mut document = plain().document().clone();
    document.admit.groups = vec!["staff".to_owned()];
    let connection = Connection::check(document, 1, ConnectionState::Active, UrlPolicy::Https).unwrap();
    let name = connection.attribute_names().groups.clone();
    let got = |groups: &Value| {
        let mut said = json!({ "email": "m@pg.com" });
        said[&name] = groups.clone();
        let identity = proved(&connection, &said).unwrap();
        let admitted = crate::identity::Verified::from_id_token(&identity, &connection).unwrap().admit(&connection);
        admitted.err().and_then(|failure| failure.detail.got)
    };
    for (groups, wanted) in [
        (json!(null), Some(format!("{name} was not sent"))),
        (json!([]), Some(format!("{name} was sent without a value"))),
        (json!([null, {}]), Some(format!("{name} was sent without a value"))),
        (json!({ "staff": true }), Some(format!("{name} was sent without a value"))),
        (json!(["others", null]), Some("none of these".to_owned())),
        (json!("others"), Some("none of these".to_owned())),
        (json!([null, "staff", {}]), None),
        (json!("staff"), None),
    ] {
        assert_eq!(got(&groups), wanted, "{groups}");
    }
}

/// Members that mean nothing where they are null.
const NOTHING: &[&str] =
    &["azp", "at_hash", "c_hash", "nbf", "crit", "cty", "use", "alg", "key_ops", "userinfo_endpoint", "acr"];

/// The same JSON (RFC 8259) in another spelling: each choice of white space, order, escapes, number forms, members that
/// are null and members that nobody knows takes one number.
fn respelled(value: &Value, choose: &mut dyn FnMut(usize) -> usize) -> String {
    let space = |choose: &mut dyn FnMut(usize) -> usize| ["", " ", "\n\t", "\r\n"][choose(4)];
    let whole = match value {
        Value::Null | Value::Bool(_) => value.to_string(),
        Value::Number(number) => match choose(4) {
            0 => number.to_string(),
            1 => format!("{number}.0"),
            2 => format!("{number}e0"),
            _ => format!("{number}0E-1"),
        },
        Value::String(text) => spelled(text, choose),
        Value::Array(many) => {
            let elements: Vec<String> = many.iter().map(|one| respelled(one, choose)).collect();
            format!("[{}{}]", elements.join(","), space(choose))
        }
        Value::Object(map) => {
            let mut members: Vec<String> = Vec::new();
            for (name, value) in map {
                members.push(format!("{}{}:{}", spelled(name, choose), space(choose), respelled(value, choose)));
            }
            let absent = NOTHING[choose(NOTHING.len())];
            if !map.contains_key(absent) {
                members.push(format!("\"{absent}\":null"));
            }
            members.push("\"x-new\":{\"keys\":[1e2,null]}".to_owned());
            let by = choose(members.len());
            members.rotate_left(by);
            format!("{{{}}}", members.join(&format!("{},", space(choose))))
        }
    };
    format!("{}{whole}{}", space(choose), space(choose))
}

fn spelled(text: &str, choose: &mut dyn FnMut(usize) -> usize) -> String {
    let escaped = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect::<String>();
    let plain = |c: char| serde_json::to_string(&c.to_string()).unwrap().trim_matches('"').to_owned();
    // The quotation mark's own escape would lose its mark to `trim_matches`.
    let one = |c: char, choice: usize| if choice == 0 || c == '"' { escaped(c) } else { plain(c) };
    let inner: String = text.chars().map(|c| one(c, choose(4))).collect();
    format!("\"{inner}\"")
}

fn known(identity: &ProvenIdentity) -> Vec<(String, Vec<String>)> {
    let mut all = identity.attributes();
    all.retain(|(name, _)| name != "x-new");
    all.sort();
    all
}

#[test]
fn every_lawful_spelling_of_token_keys_and_description_says_the_same() {
    let signer = Signer::p256();
    for seed in 0..300_u64 {
        // Knuth's numbers (MMIX): a failure comes again with its seed.
        let mut state = seed;
        let mut choose = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::from(u8::try_from(state >> 56).unwrap()) % below
        };
        let plain = plain();
        let claims = json!({
            "iss": "https://idp.example", "aud": [CLIENT], "sub": "miller.m", "nonce": login().oidc_nonce(),
            "iat": NOW, "exp": NOW + 300, "auth_time": NOW - 30, "email": "m@pg.com", "given_name": "Zoë \u{1f600}\"/",
            "groups": ["a\\b", 7], "email_verified": true,
        });
        let read = |header: &str, payload: &str, set: &str| {
            let tokens =
                Tokens { unverified_id_token: signer.sign_texts(header, payload), access_token: "t".to_owned() };
            let claims = verify(tokens.unverified_id_token(), &Jwks::parse(set).unwrap()).unwrap();
            let (nonce, now) = (login().oidc_nonce(), Timestamp::from_second(NOW).unwrap());
            let expected =
                Expected { connection: &plain, nonce: &nonce, code: "c", tokens: &tokens, began: NOW - 60, now };
            known(&prove(claims, &expected).unwrap())
        };
        let (header, set) = (super::header("a"), json!({ "keys": [signer.jwk("a"), Signer::p256().jwk("b")] }));
        let as_it_is = read(&header.to_string(), &claims.to_string(), &set.to_string());
        let other =
            read(&respelled(&header, &mut choose), &respelled(&claims, &mut choose), &respelled(&set, &mut choose));
        assert_eq!(as_it_is, other, "{seed}");
        let description = json!({
            "issuer": "https://idp.example", "authorization_endpoint": "https://idp.example/a",
            "token_endpoint": "https://idp.example/t", "jwks_uri": "https://idp.example/k",
            "authorization_response_iss_parameter_supported": true, "ui_locales_supported": ["es"],
        });
        let found = |text: &str| parse_discovery(text.as_bytes(), "https://idp.example").unwrap();
        assert_eq!(found(&description.to_string()), found(&respelled(&description, &mut choose)), "{seed}");
    }
}
