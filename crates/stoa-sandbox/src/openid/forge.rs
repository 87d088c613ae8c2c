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
    let (product, algorithm) = (issue.client.product, issue.client.algorithm);
    let rotation = shared.state().rotation(product);
    let ring = shared.keys.ring(product);
    let current = match algorithm {
        Algorithm::Es256 => &shared.keys.elliptic,
        Algorithm::Rs256 | Algorithm::Rs512 | Algorithm::Ps256 => ring.current(rotation),
    };
    let forger = Forger {
        shared,
        issue,
        current,
        next: ring.next(rotation),
        header: header(product, algorithm.as_str(), &current.kid),
        claims: Value::Object(claims(issue)),
    };
    match issue.grant.defect {
        Some(defect) => forger.token(defect),
        None => forger.with(json!({}), current),
    }
}

/// What a token is made from, and with which keys.
struct Forger<'a> {
    shared: &'a Shared,
    issue: &'a Issue<'a>,
    current: &'a Key,
    next: &'a Key,
    header: Value,
    claims: Value,
}

impl Forger<'_> {
    fn token(&self, defect: Defect) -> Result<String, Unspecified> {
        let (keys, product) = (&self.shared.keys, self.issue.client.product);
        let kid = |kid: &str| self.with(json!({ "kid": kid }), self.current);
        let stranger =
            |members: Value| self.with(merged(&json!({ "kid": keys.attacker.kid }), members), &keys.attacker);
        match defect {
            Defect::AlgNone => Ok(self.unsigned(json!({ "alg": "none" }))),
            Defect::AlgNoneCapital => Ok(self.unsigned(json!({ "alg": "None" }))),
            Defect::AlgNoneMixed => Ok(self.unsigned(json!({ "alg": "nOnE" }))),
            Defect::AlgMissing => self.with(json!({ "alg": null }), self.current),
            Defect::HmacPublicKey => self.hmac(json!({ "alg": "HS256" }), self.current.public_pem()),
            Defect::HmacClientSecret => self.hmac(json!({ "alg": "HS256" }), self.secret().as_bytes().to_vec()),
            Defect::HeaderJwk => stranger(json!({ "jwk": keys.attacker.bare() })),
            Defect::HeaderJku => stranger(json!({ "jku": self.elsewhere() })),
            Defect::HeaderX5u => stranger(json!({ "x5u": self.elsewhere() })),
            Defect::HeaderX5c => stranger(json!({ "x5c": [attacker_certificate()] })),
            Defect::KidUnknown => kid(&token()),
            Defect::KidMissing => self.with(json!({ "kid": null }), self.current),
            Defect::KidPath => kid("../../../../dev/null"),
            Defect::KidSql => kid("x' UNION SELECT 'key' -- "),
            Defect::KidTwice => {
                let twin = merged(&keys.attacker.public(product), json!({ "kid": self.next.kid }));
                self.by_next(vec![self.next.public(product), twin])
            }
            Defect::KeyForEncryption => self.by_next_with(json!({ "use": "enc" })),
            Defect::KeyOfAnotherAlgorithm => self.by_next_with(json!({ "alg": "RS384" })),
            Defect::KeyNext => self.by_next_with(json!({})),
            Defect::KeySymmetric => self.symmetric(),
            Defect::KeyWeak => {
                self.publish(vec![keys.weak.public(product)]);
                self.with(json!({ "kid": keys.weak.kid }), &keys.weak)
            }
            Defect::KeysUnavailable => {
                self.shared.state().keys_down.insert(product);
                self.by_next(vec![])
            }
            Defect::SignedByAnotherKey => self.with(json!({}), &keys.attacker),
            Defect::PayloadChanged => self.payload_changed(),
            Defect::SignatureEmpty => Ok(self.unsigned(json!({}))),
            Defect::SignatureTruncated => self.truncated(),
            Defect::SignaturePartMissing => Ok(signing_input(&self.header, &self.claims)),
            Defect::ExtraPart => Ok(format!("{}.e30", self.with(json!({}), self.current)?)),
            Defect::Critical => self.with(json!({ "crit": ["exp"], "exp": 0 }), self.current),
            Defect::Encrypted => encrypted(&self.claims, self.secret()),
            _ => self.with(json!({}), self.current),
        }
    }

    /// Signed by a key, with these members in the header; null takes one away.
    fn with(&self, members: Value, key: &Key) -> Result<String, Unspecified> {
        compact(&merged(&self.header, members), &self.claims, &key.signer, self.issue.client.algorithm)
    }

    fn unsigned(&self, members: Value) -> String {
        format!("{}.", signing_input(&merged(&self.header, members), &self.claims))
    }

    fn hmac(&self, members: Value, secret: Vec<u8>) -> Result<String, Unspecified> {
        compact(&merged(&self.header, members), &self.claims, &Signer::Hmac(secret), Algorithm::Rs256)
    }

    /// Signed by the next key, while these are published.
    fn by_next(&self, published: Vec<Value>) -> Result<String, Unspecified> {
        self.publish(published);
        self.with(json!({ "kid": self.next.kid }), self.next)
    }

    /// Signed by the next key, which is published with these members.
    fn by_next_with(&self, members: Value) -> Result<String, Unspecified> {
        self.by_next(vec![merged(&self.next.public(self.issue.client.product), members)])
    }

    fn symmetric(&self) -> Result<String, Unspecified> {
        let (secret, kid) = (token(), token());
        let k = URL_SAFE_NO_PAD.encode(&secret);
        self.publish(vec![json!({ "kty": "oct", "use": "sig", "alg": "HS256", "kid": kid, "k": k })]);
        self.hmac(json!({ "alg": "HS256", "kid": kid }), secret.into_bytes())
    }

    fn payload_changed(&self) -> Result<String, Unspecified> {
        let signed = self.with(json!({}), self.current)?;
        let signature = signed.rsplit('.').next().unwrap_or_default();
        let changed = merged(&self.claims, json!({ "sub": "somebody-else", "email": "admin@pg.com" }));
        Ok(format!("{}.{signature}", signing_input(&self.header, &changed)))
    }

    fn truncated(&self) -> Result<String, Unspecified> {
        let mut signed = self.with(json!({}), self.current)?;
        let signature = signed.len() - signed.rfind('.').unwrap_or_default();
        signed.truncate(signed.len() - signature / 2);
        Ok(signed)
    }

    fn publish(&self, keys: Vec<Value>) {
        self.shared.state().publish(self.issue.client.product, keys);
    }

    fn secret(&self) -> &str {
        self.issue.client.secret().map(|secret| secret.expose()).unwrap_or_default()
    }

    /// Where the attacker's keys lie. Nobody has a reason to go there.
    fn elsewhere(&self) -> String {
        format!("{}{}", self.issue.base, self.issue.grant.request.realm.path(Endpoint::Attacker))
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
