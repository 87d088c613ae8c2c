//! An ID token as the login's defect has it.

use aws_lc_rs::error::Unspecified;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::Shared;
use super::claims::{Claims, Issue, object, overage};
use super::client::Algorithm;
use super::defect::Defect;
use super::jws::{Signer, compact, encrypted, half_hash, signing_input};
use super::keys::Key;
use super::people::Person;
use super::product::{Endpoint, FOREIGN_TENANT, Product, Realm};
use crate::web::token;

const HOUR: i64 = 3600;

/// The person as the defect makes their record.
pub(super) fn person(mut person: Person, defect: Option<Defect>) -> Person {
    match defect {
        Some(Defect::EmailMissing) => person.email = None,
        Some(Defect::EmailUnverified) => person.email_verified = Some(json!(false)),
        Some(Defect::EmailVerifiedMissing) => person.email_verified = None,
        Some(Defect::EmailVerifiedText) => person.email_verified = Some(json!("true")),
        Some(Defect::EmailVerifiedYes) => person.email_verified = Some(json!("yes")),
        Some(Defect::SubjectCase) => {
            let other = person.subject.to_uppercase();
            person.subject = if other == person.subject { person.subject.to_lowercase() } else { other };
        }
        _ => {}
    }
    person
}

/// The claims, changed before they are signed.
pub(super) fn claims(issue: &Issue<'_>) -> Claims {
    let mut claims = issue.id_token();
    if let Some(defect) = issue.grant.defect {
        let change = changes(issue, defect);
        claims.extend(change);
        claims.retain(|_, value| !value.is_null());
    }
    claims
}

/// The claims that a defect sets; null takes one away.
fn changes(issue: &Issue<'_>, defect: Defect) -> Claims {
    let now = issue.now.as_second();
    let (issuer, ours) = (issue.issuer(), &issue.client.id);
    let (other, algorithm) = ("another-client", issue.client.algorithm);
    let foreign = Realm { tenant: FOREIGN_TENANT.to_owned(), ..issue.grant.request.realm.clone() };
    object(match defect {
        Defect::IssuerOther => json!({ "iss": "https://idp.attacker.example" }),
        Defect::IssuerSlash => {
            json!({ "iss": issuer.strip_suffix('/').map_or_else(|| format!("{issuer}/"), str::to_owned) })
        }
        Defect::IssuerMissing => json!({ "iss": null }),
        Defect::TenantOther => json!({ "tid": FOREIGN_TENANT, "iss": foreign.issuer(issue.base) }),
        Defect::TenantMismatch => json!({ "tid": FOREIGN_TENANT }),
        Defect::AudienceOther => json!({ "aud": other }),
        Defect::AudienceMissing => json!({ "aud": null }),
        Defect::AudienceSeveral => json!({ "aud": [ours, other], "azp": null }),
        Defect::AudienceSeveralAzp => json!({ "aud": [ours, other], "azp": ours }),
        Defect::AzpOther => json!({ "azp": other }),
        Defect::SubjectMissing => json!({ "sub": null }),
        Defect::SubjectLong => json!({ "sub": "x".repeat(256) }),
        Defect::NonceMissing => json!({ "nonce": null }),
        Defect::NonceOther => json!({ "nonce": token() }),
        Defect::Expired => json!({ "iat": now - 2 * HOUR, "exp": now - HOUR }),
        Defect::ExpiryMissing => json!({ "exp": null }),
        Defect::ExpiryText => json!({ "exp": (now + HOUR).to_string() }),
        Defect::ExpiryFraction => json!({ "exp": 1.5 + 1e9 * 4.0 }),
        Defect::ExpiryHuge => json!({ "exp": i64::MAX }),
        Defect::IssuedInFuture => json!({ "iat": now + HOUR, "exp": now + 2 * HOUR }),
        Defect::IssuedMissing => json!({ "iat": null }),
        Defect::NotYetValid => json!({ "nbf": now + HOUR, "exp": now + 2 * HOUR }),
        Defect::AccessTokenHashWrong => json!({ "at_hash": half_hash(algorithm, &token()) }),
        Defect::CodeHashWrong => json!({ "c_hash": half_hash(algorithm, &token()) }),
        Defect::AuthTimeMissing => json!({ "auth_time": null }),
        Defect::AuthTimeOld => json!({ "auth_time": now - 24 * HOUR }),
        Defect::AcrMissing => json!({ "acr": null }),
        Defect::AcrLower => json!({ "acr": "0" }),
        Defect::GroupsOverage => {
            let mut claims = overage(&issue.person.subject);
            claims.insert("groups".to_owned(), Value::Null);
            Value::Object(claims)
        }
        Defect::HasGroups => json!({ "hasgroups": true, "groups": null }),
        _ => Value::Null,
    })
}

/// The compact token.
pub(super) fn id_token(shared: &Shared, issue: &Issue<'_>) -> Result<String, Unspecified> {
    let claims = Value::Object(claims(issue));
    let (product, algorithm) = (issue.client.product, issue.client.algorithm);
    let rotation = shared.state().rotation(product);
    let keys = &shared.keys;
    let current = match algorithm {
        Algorithm::Es256 => Some(&keys.elliptic),
        Algorithm::Rs256 | Algorithm::Rs512 | Algorithm::Ps256 => keys.current(product, rotation),
    };
    let (current, next) = (current.ok_or(Unspecified)?, keys.next(product, rotation).ok_or(Unspecified)?);
    let header = header(product, algorithm.as_str(), &current.kid);
    let plain = || compact(&header, &claims, &current.signer, algorithm);
    let with = |members: Value, key: &Key| compact(&merged(&header, members), &claims, &key.signer, algorithm);
    let by_next = || with(json!({ "kid": next.kid }), next);
    let by_attacker = |members: Value| with(merged(&json!({ "kid": keys.attacker.kid }), members), &keys.attacker);
    let unsigned = |members: Value| Ok(format!("{}.", signing_input(&merged(&header, members), &claims)));
    let hmac = |members: Value, secret: Vec<u8>| {
        compact(&merged(&header, members), &claims, &Signer::Hmac(secret), Algorithm::Rs256)
    };
    let publish = |keys: Vec<Value>| shared.state().publish(product, keys);
    let elsewhere = format!("{}{}", issue.base, issue.grant.request.realm.path(Endpoint::Attacker));
    match issue.grant.defect {
        Some(Defect::AlgNone) => unsigned(json!({ "alg": "none" })),
        Some(Defect::AlgNoneCapital) => unsigned(json!({ "alg": "None" })),
        Some(Defect::AlgNoneMixed) => unsigned(json!({ "alg": "nOnE" })),
        Some(Defect::AlgMissing) => with(json!({ "alg": null }), current),
        Some(Defect::HmacPublicKey) => hmac(json!({ "alg": "HS256" }), current.public_pem()),
        Some(Defect::HmacClientSecret) => {
            let secret = issue.client.secret().map(|secret| secret.expose().as_bytes().to_vec());
            hmac(json!({ "alg": "HS256" }), secret.unwrap_or_default())
        }
        Some(Defect::HeaderJwk) => by_attacker(json!({ "jwk": keys.attacker.bare() })),
        Some(Defect::HeaderJku) => by_attacker(json!({ "jku": elsewhere })),
        Some(Defect::HeaderX5u) => by_attacker(json!({ "x5u": elsewhere })),
        Some(Defect::HeaderX5c) => by_attacker(json!({ "x5c": [attacker_certificate()] })),
        Some(Defect::KidUnknown) => with(json!({ "kid": token() }), current),
        Some(Defect::KidMissing) => with(json!({ "kid": null }), current),
        Some(Defect::KidPath) => with(json!({ "kid": "../../../../dev/null" }), current),
        Some(Defect::KidSql) => with(json!({ "kid": "x' UNION SELECT 'key' -- " }), current),
        Some(Defect::KidTwice) => {
            let twin = merged(&keys.attacker.public(product), json!({ "kid": next.kid }));
            publish(vec![next.public(product), twin]);
            by_next()
        }
        Some(Defect::KeyForEncryption) => {
            publish(vec![merged(&next.public(product), json!({ "use": "enc" }))]);
            by_next()
        }
        Some(Defect::KeyOfAnotherAlgorithm) => {
            publish(vec![merged(&next.public(product), json!({ "alg": "RS384" }))]);
            by_next()
        }
        Some(Defect::KeySymmetric) => {
            let secret = token();
            publish(vec![
                json!({ "kty": "oct", "use": "sig", "alg": "HS256", "kid": "oct", "k": URL_SAFE_NO_PAD.encode(&secret) }),
            ]);
            hmac(json!({ "alg": "HS256", "kid": "oct" }), secret.into_bytes())
        }
        Some(Defect::KeyWeak) => {
            publish(vec![keys.weak.public(product)]);
            with(json!({ "kid": keys.weak.kid }), &keys.weak)
        }
        Some(Defect::KeyNext) => {
            publish(vec![next.public(product)]);
            by_next()
        }
        Some(Defect::KeysUnavailable) => {
            shared.state().keys_down.insert(product);
            by_next()
        }
        Some(Defect::SignedByAnotherKey) => with(json!({}), &keys.attacker),
        Some(Defect::PayloadChanged) => {
            let signed = plain()?;
            let signature = signed.rsplit('.').next().unwrap_or_default();
            let changed = merged(&claims, json!({ "sub": "somebody-else", "email": "admin@pg.com" }));
            Ok(format!("{}.{signature}", signing_input(&header, &changed)))
        }
        Some(Defect::SignatureEmpty) => unsigned(json!({})),
        Some(Defect::SignatureTruncated) => plain().map(|signed| {
            let signature = signed.len() - signed.rfind('.').unwrap_or_default();
            signed[..signed.len() - signature / 2].to_owned()
        }),
        Some(Defect::SignaturePartMissing) => Ok(signing_input(&header, &claims)),
        Some(Defect::ExtraPart) => plain().map(|signed| format!("{signed}.e30")),
        Some(Defect::Critical) => with(json!({ "crit": ["exp"], "exp": 0 }), current),
        Some(Defect::Encrypted) => {
            encrypted(&claims, issue.client.secret().map(|secret| secret.expose()).unwrap_or_default())
        }
        _ => plain(),
    }
}

/// An attacker's certificate, in the form that `x5c` has.
fn attacker_certificate() -> String {
    STANDARD.encode(include_bytes!("keys/attacker.cert.der"))
}

fn header(product: Product, algorithm: &str, kid: &str) -> Value {
    let mut header = json!({ "alg": algorithm, "kid": kid });
    match product {
        Product::Entra | Product::Google => header["typ"] = json!("JWT"),
        Product::PingFederate | Product::Okta => {}
    }
    header
}

/// `base` with these members; null takes one away.
pub(super) fn merged(base: &Value, members: Value) -> Value {
    let mut merged = object(base.clone());
    merged.extend(object(members));
    merged.retain(|_, value| !value.is_null());
    Value::Object(merged)
}
