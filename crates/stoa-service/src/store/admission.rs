//! Whom of a directory a login is: read by what joins the two, and as they are now.

use futures_util::future::try_join;
use stoa_core::directory::{IndexedBy, KeyOf, UserId, UserItem};
use stoa_core::failure::Failure;
use stoa_core::ids::{ConnectionId, EmailKey};
use stoa_core::provision::{Sync, admit, kept_out};
use stoa_core::routes::Table;

use super::directory::{Claiming, Revised};
use super::items::ValueItem;
use super::{ABSENT, Key, Range, Reads, Store, Transacted, read};

/// What a login brings by which somebody of a directory may be known.
pub struct Brought<'a> {
    /// What joins the two.
    pub value: &'a KeyOf,
    /// The address, as the directory has it in keys.
    pub address: Option<KeyOf>,
    /// The address, as the school's accounts have it in keys.
    pub email: &'a EmailKey,
    /// The id that their account has, where that is somebody's of a directory.
    pub account: Option<UserId>,
}

/// Somebody of a directory, as far as a login needs to know.
pub struct Joined {
    /// What their source wants.
    pub user: UserItem,
    /// What is due for them, and what was done.
    pub sync: Option<Sync>,
}

impl Joined {
    /// Whether the value is the person's own: a name or an id is, and of their addresses the one that counts. An item of
    /// an earlier version does not say which that is; then what the school was told does.
    fn is_of(&self, value: &KeyOf, email: &EmailKey) -> bool {
        if value.by != IndexedBy::Email {
            return true;
        }
        let told = self.sync.as_ref().and_then(|sync| sync.applied.email_key.as_ref());
        match &self.user.address {
            Some(own) => *own == value.hash,
            None => told.is_none_or(|told| told == email),
        }
    }
}

/// Of how many who have the same address anything is read: two items of each in one batch of a hundred, and whose the
/// account is.
const MOST: usize = 49;

impl Store {
    /// Whom of a connection's directory a value joins: two reads, and beside the first another one where the address is
    /// another value. Where that is an address, whoever it is the own one of comes before those who have it besides, and
    /// nobody of these comes in by it ([`whom`]). Whoever is kept out by hand is by all that they may bring, also if the
    /// directory has them no more.
    pub async fn joined(&self, connection: &ConnectionId, brought: &Brought<'_>) -> Result<Option<Joined>, Failure> {
        let Brought { value, email, .. } = *brought;
        let range = Range::found(connection, value.by.as_str(), &value.hash);
        let address = brought.address.as_ref().filter(|address| *address != value);
        let by_address = address.map(|address| Range::kept_out_by(connection, address.by.as_str(), &address.hash));
        let by_address = async {
            match &by_address {
                Some(range) => Ok(!self.tables.is_empty(range).await?),
                None => Ok(false),
            }
        };
        let found = self.tables.query::<ValueItem>(&range, Reads::Consistent);
        let (found, is_kept_out) = try_join(found, by_address).await?;
        if is_kept_out || found.iter().any(|item| item.kept_out) {
            return Err(kept_out());
        }
        let users = found.iter().filter_map(|item| UserId::parse(&item.id).ok());
        let keys: Vec<[Key; 2]> =
            users.take(MOST).map(|user| [Key::user(connection, &user), Key::sync(connection, &user)]).collect();
        let mut wanted = keys.concat();
        let of_account = brought.account.as_ref().map(|user| Key::sync(connection, user));
        let of_account = of_account.filter(|key| !wanted.contains(key));
        wanted.extend(of_account.iter().cloned());
        let mut items = match wanted.is_empty() {
            true => return Ok(None),
            false => self.tables.batch("somebody of a directory", wanted, Reads::Consistent).await?,
        };
        for (table, item) in &items {
            if of_account.as_ref().is_some_and(|key| key.is_of(*table, item))
                && read::<Sync>(*table, item.clone())?.blocked
            {
                return Err(kept_out());
            }
        }
        let mut joined = Vec::new();
        for [user, sync] in &keys {
            let mut take = |key: &Key| {
                let place = items.iter().position(|(table, item)| key.is_of(*table, item))?;
                Some(items.swap_remove(place).1)
            };
            let (user, sync) = (take(user), take(sync));
            if let Some(user) = user {
                let sync = sync.map(|sync| read(Table::Directory, sync)).transpose()?;
                joined.push(Joined { user: read(Table::Directory, user)?, sync });
            }
        }
        let is_own = |one: &Joined| one.is_of(value, email);
        Ok(whom(&joined, is_own).map(|place| joined.swap_remove(place)))
    }

    /// Writes a person whose account was made before they came, with their address: both or neither. `false`: somebody
    /// else wrote in the meantime.
    pub async fn adopt(&self, person: &Revised<'_>, claiming: &Claiming<'_>) -> Result<bool, Failure> {
        let put = Key::person(person.person, person.school).put(person.item).only_if(ABSENT);
        let writes = vec![put, super::directory::claim_email(claiming, None)];
        match self.tables.transact(writes).await? {
            Transacted::Applied => Ok(true),
            Transacted::Cancelled(reasons) => super::directory::is_refused(&reasons),
        }
    }
}

/// Who it is, of those who have the value. Of those who have it as their own, it is whoever is kept out by hand; else the
/// one who is active; else, where nobody is, one who is not let in. Of several who are active, nobody. Somebody who has it
/// besides is not known to be who comes: one who is kept out or has left keeps them out, and else they are nobody of the
/// directory.
fn whom(joined: &[Joined], is_own: impl Fn(&Joined) -> bool) -> Option<usize> {
    let is_blocked = |one: &Joined| one.sync.as_ref().is_some_and(|sync| sync.blocked);
    let is_refused = |one: &Joined| admit(&one.user, one.sync.as_ref()).is_err();
    let has_own = joined.iter().any(&is_own);
    let among: Vec<usize> = (0..joined.len()).filter(|place| !has_own || is_own(&joined[*place])).collect();
    let first = |is: &dyn Fn(&Joined) -> bool| among.iter().copied().find(|place| is(&joined[*place]));
    if let Some(blocked) = first(&is_blocked) {
        return Some(blocked);
    }
    let active = among.iter().filter(|place| joined[**place].user.active).count();
    match (has_own, active) {
        (true, 1) => first(&|one| one.user.active),
        (true, 0) => first(&is_refused).or_else(|| among.first().copied()),
        (false, 0) => first(&is_refused),
        (true | false, _) => None,
    }
}
