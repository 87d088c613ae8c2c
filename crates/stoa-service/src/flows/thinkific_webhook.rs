//! `POST /thinkific/{school}/webhook`
//!
//! The school's API key is here, because Thinkific signs with it, and so is what strangers send. They meet in one place
//! only: the MAC over the body's bytes. Nothing of the body is read before that.

use jiff::Timestamp;
use std::collections::BTreeSet;

use stoa_core::email::Email;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::email_key;
use stoa_core::ids::SchoolId;
use stoa_core::keys::Pepper;
use stoa_core::mirror::{MIRROR_VERSION, MirroredAccount, Privileged};
use stoa_core::routes::SecretKind;
use stoa_core::webhook::{Event, Happened, MAX_BODY, Signature, UserChange, UserTold};

use crate::clients::Clients;
use crate::secrets::Named;
use crate::visit::{Answer, Visit};

/// How often a role is entered while others write the mirror.
const TRIES: u32 = 3;

/// Takes an event of a school's. Whatever was taken before, is about nobody, or concerns stoa in no way, is answered as
/// what was taken now: the school has done its part.
pub async fn thinkific_webhook(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    let school = visit.incoming.school()?;
    let signature = Signature::read(visit.incoming.header(Signature::HEADER))?;
    let body = visit.incoming.body()?;
    if body.len() > MAX_BODY {
        return Err(Failure::with(Fault::BodyTooLarge, format!("{MAX_BODY} bytes"), &body.len().to_string()));
    }
    let (clients, now) = (visit.clients, visit.now);
    Delivery { clients, now, school: &school, signature: &signature }.prove(body).await?;
    let event = Event::read(body, now)?;
    let progress = match &event.happened {
        Happened::Progress(progress) => Some(progress),
        Happened::User(told) => {
            // Done again, it changes nothing more; so it is done before it is noted that it was.
            Told { clients, now, school: &school, told }.mirror().await?;
            None
        }
        Happened::Example | Happened::Other => None,
    };
    clients.store.take_webhook(&school, &event.id, progress, now).await?;
    Ok(Answer::Nothing)
}

/// A body, and what it is believed for.
struct Delivery<'a> {
    clients: &'a Clients,
    now: Timestamp,
    school: &'a SchoolId,
    signature: &'a Signature,
}

impl Delivery<'_> {
    async fn prove(&self, body: &[u8]) -> Result<(), Failure> {
        let known = self.clients.store.school_if_known(self.school).await?;
        let known = known.ok_or_else(|| Failure::noted(Fault::SchoolUnknown, self.school.as_str()))?;
        let named = Named::of(SecretKind::Thinkific, self.school);
        let keys = self.clients.secrets.of(&named, known.key_version, None, self.now).await?;
        self.signature.check(keys.current(self.now), body)
    }
}

/// What a school tells of an account, on its way into the mirror.
struct Told<'a> {
    clients: &'a Clients,
    now: Timestamp,
    school: &'a SchoolId,
    told: &'a UserTold,
}

impl Told<'_> {
    /// Makes the mirror know what the school tells: an account that is new under its address or gone from it, and one that
    /// holds a role. That one holds none any more is left to the look at those who do: events come in any order, and an
    /// older one must not open an administrator's account.
    async fn mirror(&self) -> Result<(), Failure> {
        let (store, told) = (&self.clients.store, self.told);
        if told.change == UserChange::SignedIn && told.roles.is_empty() {
            return Ok(());
        }
        let Some(email) = told.email.as_deref().and_then(|text| Email::parse(text).ok()) else { return Ok(()) };
        let is_mirrored = store.school_mirror(self.school).await?.domains.contains(email.domain());
        if !is_mirrored && told.roles.is_empty() {
            return Ok(());
        }
        let pepper = Pepper::from_keys(&*self.clients.secrets.pepper(self.now).await?);
        let key = email_key(self.school, &email, &pepper);
        match told.change {
            UserChange::Deleted if is_mirrored => return store.forget_account(&key, told.user).await,
            UserChange::Deleted => return Ok(()),
            UserChange::SignedUp | UserChange::SignedIn | UserChange::Updated => {}
        }
        if is_mirrored {
            let known = store.mirrored_accounts(std::slice::from_ref(&key)).await?.remove(&key);
            // What was seen since the event is newer than what it says, and of the same account it says nothing new.
            let is_known = known.is_some_and(|known| known.user == told.user || known.seen > told.at.as_second());
            if !is_known {
                let seen = self.now.as_second();
                let account = MirroredAccount { user: told.user, bound: None, seen, several: false };
                store.mirror_account(&key, &account).await?;
            }
        }
        if told.roles.is_empty() {
            return Ok(());
        }
        let roles = told.roles.iter().cloned().collect();
        self.enter_role(&Privileged { user: told.user, email: Some(key), roles }).await
    }

    async fn enter_role(&self, holder: &Privileged) -> Result<(), Failure> {
        let store = &self.clients.store;
        for _ in 0..TRIES {
            let mut mirror = store.school_mirror(self.school).await?;
            // Events come in any order: an older one takes no role away.
            let before = mirror.privileged.iter().filter(|other| other.user == holder.user);
            let earlier: BTreeSet<String> = before.flat_map(|other| other.roles.iter().cloned()).collect();
            let merged = Privileged { roles: &holder.roles | &earlier, ..holder.clone() };
            if mirror.privileged.contains(&merged) {
                return Ok(());
            }
            mirror.privileged.retain(|other| other.user != holder.user);
            mirror.privileged.push(merged);
            mirror.v = MIRROR_VERSION;
            mirror.rev += 1;
            if store.put_school_mirror(self.school, &mirror).await? {
                return Ok(());
            }
        }
        Err(Fault::StoreContended.into())
    }
}
