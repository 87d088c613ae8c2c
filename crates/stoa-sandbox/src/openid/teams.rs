//! The token that Microsoft Teams gives to a tab (`getAuthToken`): an Entra access token for the tab's application.

use serde_json::{Value, json};

use super::claims::{Claims, ENTRA_GROUPS, home, object, overage, pairwise};
use super::client::Algorithm;
use super::jws::compact;
use super::people::Person;
use super::product::Product;
use super::{OpenId, forge};
use crate::web::token;

/// The client id of Teams in the browser.
pub const TEAMS_WEB: &str = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346";

const MINUTE: i64 = 60;

/// Which key signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TeamsKey {
    /// Entra's current one.
    #[default]
    Current,
    /// Entra's next one, published or not.
    Next,
    /// A stranger's, under Entra's current `kid`.
    Attacker,
}

/// What kind of token it is, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct TeamsToken {
    /// The tab's application.
    pub app_id: String,
    /// `aud`. A token of version 2 names the application, one of version 1 its Application ID URI or the application.
    pub audience: String,
    /// Version 1, which an application gets whose manifest says nothing else.
    pub v1: bool,
    /// The program that asked: `azp`, or in version 1 `appid`.
    pub program: String,
    /// `scp`
    pub scope: String,
    /// Minutes by which all its times are moved.
    pub moved: i64,
    /// Which key signs it.
    pub key: TeamsKey,
    /// Claims that are set, or with null taken away, at the end.
    pub changes: Value,
}

impl TeamsToken {
    /// An ordinary one of version 2.
    pub fn v2(app_id: &str) -> Self {
        Self {
            app_id: app_id.to_owned(),
            audience: app_id.to_owned(),
            v1: false,
            program: TEAMS_WEB.to_owned(),
            scope: "access_as_user".to_owned(),
            moved: 0,
            key: TeamsKey::default(),
            changes: Value::Null,
        }
    }

    /// An ordinary one of version 1, for an application whose tab is on this host.
    pub fn v1(app_id: &str, host: &str) -> Self {
        Self { audience: format!("api://{host}/{app_id}"), v1: true, ..Self::v2(app_id) }
    }
}

impl OpenId {
    /// The token that Teams would give to its tab for an Entra person; `None` for somebody unknown. Its issuer is
    /// Microsoft's real one; only its key is the simulator's, at [`Self::jwks_url`] of `common`.
    pub fn teams_token(&self, login: &str, kind: &TeamsToken) -> Option<String> {
        let person = self.shared.state().person(Product::Entra, login).cloned()?;
        let rotation = self.shared.state().rotation(Product::Entra);
        let keys = &self.shared.keys;
        let ring = keys.ring(Product::Entra);
        let current = ring.current(rotation);
        let signing = match kind.key {
            TeamsKey::Current => current,
            TeamsKey::Next => ring.next(rotation),
            TeamsKey::Attacker => &keys.attacker,
        };
        let kid = if kind.key == TeamsKey::Attacker { &current.kid } else { &signing.kid };
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": kid });
        let now = self.clock().now().as_second() + kind.moved * MINUTE;
        let claims = forge::merged(&Value::Object(claims(&person, kind, now)), kind.changes.clone());
        compact(&header, &claims, &signing.signer, Algorithm::Rs256).ok()
    }
}

fn claims(person: &Person, kind: &TeamsToken, now: i64) -> Claims {
    let tenant = &person.tenant;
    let mut claims = object(json!({
        "aud": kind.audience,
        "iat": now - 5 * MINUTE,
        "nbf": now - 5 * MINUTE,
        "exp": now + 65 * MINUTE,
        "name": person.name(),
        "oid": person.subject,
        "sub": pairwise(&person.subject, &kind.app_id),
        "tid": tenant,
        "scp": kind.scope,
        "email": person.email,
        "uti": token(),
        "rh": token(),
        "acct": person.home_tenant.as_ref().map(|_| 1),
        "idp": person.home_tenant.as_deref().map(home),
    }));
    let version = if kind.v1 {
        json!({
            "iss": format!("https://sts.windows.net/{tenant}/"),
            "appid": kind.program,
            "appidacr": "0",
            "amr": ["pwd"],
            "upn": person.login,
            "unique_name": person.login,
            "given_name": person.first_name,
            "family_name": person.last_name,
            "ver": "1.0",
        })
    } else {
        json!({
            "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0"),
            "azp": kind.program,
            "azpacr": "0",
            "preferred_username": person.login,
            "ver": "2.0",
        })
    };
    claims.extend(object(version));
    if person.groups.len() > ENTRA_GROUPS {
        claims.extend(overage(&person.subject));
    }
    claims
}
