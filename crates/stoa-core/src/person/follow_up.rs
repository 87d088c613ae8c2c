//! What has to follow a login that asked the school nothing: names, and the password of an account that was nobody's.
//!
//! The names are sealed, since nobody who reads the table is to learn who is in it. Whoever follows up looks at the
//! account first: an account with a role is not changed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Entered, Owed, PERSON_VERSION};
use crate::fault::Fault;
use crate::identity::Redeemed;
use crate::ids::PersonKey;
use crate::keys::{Key, KeySet, Secret32, follow_up_key, seal, unseal};
use crate::thinkific::{Profile, User};

/// How often something is tried before the person's next login asks the school itself.
pub const MOST_TRIES: u32 = 5;
/// How long after the login an account may not be there yet, in seconds: the person is on their way.
const ON_THEIR_WAY_SECONDS: i64 = 60;

/// What has to be done about one person's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUpItem {
    /// Format of the item.
    pub v: u8,
    /// Whose account it is about.
    pub person: PersonKey,
    /// The `external_id` that their token had.
    pub id: String,
    /// When the token was signed, in epoch seconds.
    pub at: i64,
    /// What is owed to the account.
    pub owed: Owed,
    /// Whether an account loses its password that was there before and not theirs.
    pub resets_password: bool,
    /// What the school is told: sealed, unpadded base64url.
    pub sealed: String,
    /// Random, of the key that it is sealed under.
    pub salt: String,
    /// Which seal secret.
    pub seal_key: String,
    /// How often it was tried.
    #[serde(default)]
    pub tries: u32,
}

/// What the school is told: what is sealed.
#[derive(Serialize, Deserialize)]
pub struct Told {
    e: String,
    f: String,
    l: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<String>,
}

impl Told {
    /// For a request.
    pub fn profile(&self) -> Profile<'_> {
        Profile { email: &self.e, first_name: &self.f, last_name: &self.l, company: self.c.as_deref() }
    }
}

/// What is done about an account that has been looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// It gets the names; and a password that nobody knows, if so.
    Write {
        /// Whether it gets that password.
        resets_password: bool,
    },
    /// It says what it should already: the token created it.
    Nothing,
    /// It is not there yet, or not bound yet: again in a minute.
    Later,
    /// It is not what it was taken for. The person's next login asks the school.
    Doubt,
}

impl FollowUpItem {
    /// Of a login whose token is about to be signed.
    pub fn new(
        arrived: (&PersonKey, &Redeemed, Entered),
        id: &str,
        seal_secret: &Key,
        salt: [u8; 32],
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let (person, identity, entered) = arrived;
        let told = Told {
            e: identity.email().as_str().to_owned(),
            f: identity.first_name().to_owned(),
            l: identity.last_name().to_owned(),
            c: identity.company().map(str::to_owned),
        };
        let plaintext = serde_json::to_vec(&told).map_err(|_| Fault::Internal)?;
        let salt = Secret32::new(salt);
        let sealed = seal(&follow_up_key(&salt, seal_secret), person.as_str().as_bytes(), plaintext);
        Ok(Self {
            v: PERSON_VERSION,
            person: person.clone(),
            id: id.to_owned(),
            at: now.as_second(),
            owed: entered.owed,
            resets_password: entered.resets_password,
            sealed: URL_SAFE_NO_PAD.encode(sealed.map_err(|_| Fault::Internal)?),
            salt: salt.to_base64(),
            seal_key: seal_secret.id.clone(),
            tries: 0,
        })
    }

    /// What the school is told. None: the seal does not open, as after a change of the secret.
    pub fn told(&self, seal_secrets: &KeySet) -> Option<Told> {
        let secret = seal_secrets.all().iter().find(|key| key.id == self.seal_key)?;
        let (salt, sealed) = (Secret32::from_base64(&self.salt)?, URL_SAFE_NO_PAD.decode(&self.sealed).ok()?);
        let plaintext = unseal(&follow_up_key(&salt, secret), self.person.as_str().as_bytes(), sealed).ok()?;
        serde_json::from_slice(&plaintext).ok()
    }

    /// Decides from the account that is bound to the person's id what is done about it.
    pub fn decide(&self, account: Option<&User>, told: &Told, now: Timestamp) -> FollowUp {
        let Some(account) = account else {
            let is_on_their_way = now.as_second() - self.at < ON_THEIR_WAY_SECONDS;
            return if is_on_their_way || self.tries < MOST_TRIES { FollowUp::Later } else { FollowUp::Doubt };
        };
        if !account.roles.is_empty() {
            return FollowUp::Doubt;
        }
        // Whoever knows the password may have changed the address: it is put back with a password that nobody knows.
        let resets_password = self.resets_password_of(account);
        if !resets_password && !account.email.eq_ignore_ascii_case(&told.e) {
            return FollowUp::Doubt;
        }
        match self.owed {
            Owed::TakeOver | Owed::Names => FollowUp::Write { resets_password },
            Owed::Look if self.is_younger_than(account) => FollowUp::Write { resets_password },
            Owed::Look => FollowUp::Nothing,
        }
    }

    /// Whether an account gets a password that nobody knows. A login that owed none does not end what an earlier one
    /// owed.
    pub fn resets_password_of(&self, account: &User) -> bool {
        self.resets_password && (self.owed != Owed::Look || self.is_younger_than(account))
    }

    /// An account that is older than its person's first login was registered by somebody, after the mirror saw that
    /// there was none.
    fn is_younger_than(&self, account: &User) -> bool {
        account.created().is_some_and(|created| created < self.at)
    }

    /// Whether it is tried now: every minute, and once an hour what has failed too often and must not be forgotten.
    pub fn is_tried_at(&self, now: Timestamp) -> bool {
        let minutes = (now.as_second() - self.at).div_euclid(60);
        self.tries <= MOST_TRIES || minutes % 60 == 0
    }
}
