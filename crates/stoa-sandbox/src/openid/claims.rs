//! What each product says about a person, in ID tokens and at the userinfo endpoint.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::client::Client;
use super::jws::half_hash;
use super::people::Person;
use super::product::{PERSONAL_TENANT, Product, Realm};
use super::state::Grant;
use crate::web::token;

/// Entra leaves groups out beyond this many.
pub(super) const ENTRA_GROUPS: usize = 200;
/// How far back Entra dates its tokens.
const ENTRA_BACKDATED: i64 = 300;

pub(super) type Claims = Map<String, Value>;

/// Everything that an ID token is made from.
pub(super) struct Issue<'a> {
    /// The product's address, without a path.
    pub(super) base: &'a str,
    pub(super) client: &'a Client,
    pub(super) person: &'a Person,
    pub(super) grant: &'a Grant,
    pub(super) access_token: &'a str,
    pub(super) now: Timestamp,
}

impl Product {
    /// How long a code is good for.
    pub(super) fn code_lifetime(self) -> SignedDuration {
        match self {
            Self::PingFederate => SignedDuration::from_secs(60),
            Self::Okta => SignedDuration::from_mins(5),
            Self::Entra | Self::Google => SignedDuration::from_mins(10),
        }
    }

    fn id_token_seconds(self) -> i64 {
        match self {
            Self::PingFederate => 300,
            Self::Entra => 3900,
            Self::Okta | Self::Google => 3600,
        }
    }
}

impl Issue<'_> {
    /// The issuer: at a shared authority, that of the person's own tenant.
    pub(super) fn issuer(&self) -> String {
        Realm { tenant: self.person.tenant.clone(), ..self.grant.request.realm.clone() }.issuer(self.base)
    }

    /// The claims of an ID token without any defect.
    pub(super) fn id_token(&self) -> Claims {
        let product = self.client.product;
        let mut claims = self.common();
        let particular = match product {
            Product::PingFederate => self.pingfederate(),
            Product::Entra if self.grant.request.realm.v1 => self.entra_v1(),
            Product::Entra => self.entra_v2(),
            Product::Okta => self.okta(),
            Product::Google => self.google(),
        };
        claims.extend(particular);
        if !self.client.thin {
            claims.extend(self.profile());
        }
        claims.retain(|_, value| !value.is_null());
        claims
    }

    /// What the userinfo endpoint says.
    pub(super) fn user_info(&self) -> Claims {
        let mut claims = self.profile();
        claims.insert("sub".to_owned(), json!(self.subject()));
        if self.scope("profile") {
            claims.insert("name".to_owned(), json!(self.person.name()));
        }
        if self.client.product == Product::Entra {
            // Microsoft Graph's endpoint knows no groups.
            claims.remove("groups");
            claims.insert("picture".to_owned(), json!("https://graph.microsoft.com/v1.0/me/photo/$value"));
        }
        claims.retain(|_, value| !value.is_null());
        claims
    }

    fn common(&self) -> Claims {
        let issued = match self.client.product {
            Product::Entra => self.now.as_second() - ENTRA_BACKDATED,
            Product::PingFederate | Product::Okta | Product::Google => self.now.as_second(),
        };
        object(json!({
            "iss": self.issuer(),
            "sub": self.subject(),
            "aud": self.client.id,
            "iat": issued,
            "exp": issued + self.client.product.id_token_seconds(),
            "nonce": self.grant.request.nonce,
        }))
    }

    fn pingfederate(&self) -> Claims {
        object(json!({
            "jti": token(),
            "auth_time": self.grant.authenticated_at.as_second(),
            "acr": self.grant.request.acr,
        }))
    }

    fn entra_v2(&self) -> Claims {
        let mut claims = self.entra("2.0");
        claims.extend(object(json!({
            "preferred_username": self.person.login,
            "email": self.email(),
            "rh": token(),
        })));
        claims
    }

    /// As of the older endpoints, which have the parts of the name too.
    fn entra_v1(&self) -> Claims {
        let mut claims = self.entra("1.0");
        claims.extend(object(json!({
            "upn": self.person.home_tenant.is_none().then_some(&self.person.login),
            "unique_name": self.person.login,
            "email": self.person.home_tenant.is_some().then_some(self.person.email.as_ref()).flatten(),
            "given_name": self.person.first_name,
            "family_name": self.person.last_name,
            "amr": ["pwd"],
        })));
        claims
    }

    fn entra(&self, version: &str) -> Claims {
        let asked = self.grant.request.max_age.is_some() || !self.client.thin;
        let mut claims = object(json!({
            "nbf": self.now.as_second() - ENTRA_BACKDATED,
            "tid": self.person.tenant,
            "oid": self.person.subject,
            "name": self.person.name(),
            "uti": token(),
            "ver": version,
            "auth_time": asked.then(|| self.grant.authenticated_at.as_second()),
            "idp": self.person.home_tenant.as_deref().map(home),
            "acct": self.person.home_tenant.as_ref().map(|_| 1),
        }));
        if self.client.groups && self.person.groups.len() > ENTRA_GROUPS {
            claims.extend(overage(&self.person.subject));
        } else if self.client.groups && !self.person.groups.is_empty() {
            claims.insert("groups".to_owned(), json!(self.person.groups));
        }
        claims
    }

    fn okta(&self) -> Claims {
        let profile = self.scope("profile");
        object(json!({
            "ver": 1,
            "jti": format!("ID.{}", token()),
            "amr": ["pwd"],
            "idp": "00o1a2b3c4d5e6f7g8h9",
            "auth_time": self.grant.authenticated_at.as_second(),
            "at_hash": half_hash(self.client.algorithm, self.access_token),
            "acr": self.grant.request.acr,
            "name": profile.then(|| self.person.name()),
            "preferred_username": profile.then_some(&self.person.login),
            "email": self.email(),
            "email_verified": self.email().and(self.person.email_verified.as_ref()),
        }))
    }

    fn google(&self) -> Claims {
        let mut claims = self.profile();
        claims.extend(object(json!({
            "azp": self.client.id,
            "at_hash": half_hash(self.client.algorithm, self.access_token),
            "hd": self.person.workspace,
            "name": self.scope("profile").then(|| self.person.name()),
        })));
        claims
    }

    /// What a product leaves to userinfo while the client is thin.
    fn profile(&self) -> Claims {
        let profile = self.scope("profile");
        let groups = self.client.groups
            && !self.person.groups.is_empty()
            && match self.client.product {
                Product::PingFederate => profile,
                Product::Okta => self.scope("groups"),
                // In Entra's ID token in any case, or too many; and Google has none.
                Product::Entra | Product::Google => false,
            };
        let mut claims = object(json!({
            "email": self.email(),
            "email_verified": self.email().and(self.person.email_verified.as_ref()),
            "given_name": self.person.first_name.as_ref().filter(|_| profile),
            "family_name": self.person.last_name.as_ref().filter(|_| profile),
        }));
        if groups {
            claims.insert("groups".to_owned(), json!(self.person.groups));
        }
        claims
    }

    fn email(&self) -> Option<&String> {
        self.person.email.as_ref().filter(|_| self.scope("email"))
    }

    fn scope(&self, name: &str) -> bool {
        self.grant.request.scopes.iter().any(|scope| scope == name)
    }

    /// Entra's differs from application to application.
    fn subject(&self) -> String {
        match self.client.product {
            Product::PingFederate | Product::Okta | Product::Google => self.person.subject.clone(),
            Product::Entra => pairwise(&self.person.subject, &self.client.id),
        }
    }
}

/// The `sub` that Entra gives to an application.
pub(super) fn pairwise(subject: &str, client: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("{client}\n{subject}").as_bytes()))
}

/// Who vouches for a guest (`idp`).
pub(super) fn home(tenant: &str) -> String {
    match tenant {
        PERSONAL_TENANT => "live.com".to_owned(),
        tenant => format!("https://sts.windows.net/{tenant}/"),
    }
}

/// What stands instead of too many groups.
pub(super) fn overage(subject: &str) -> Claims {
    object(json!({
        "_claim_names": { "groups": "src1" },
        "_claim_sources": {
            "src1": { "endpoint": format!("https://graph.windows.net/{subject}/getMemberObjects") }
        },
    }))
}

pub(super) fn object(value: Value) -> Claims {
    match value {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}
