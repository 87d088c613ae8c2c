//! Whom of a directory a login is: read by what joins the two, and as they are now.

use stoa_core::directory::{KeyItem, KeyOf, UserId, UserItem};
use stoa_core::failure::Failure;
use stoa_core::ids::ConnectionId;
use stoa_core::provision::{Sync, admit};
use stoa_core::routes::Table;

use super::directory::{Claiming, Revised};
use super::{ABSENT, Key, Range, Reads, Store, Transacted, read};

/// Somebody of a directory, as far as a login needs to know.
pub struct Joined {
    /// What their source wants.
    pub user: UserItem,
    /// What is due for them, and what was done.
    pub sync: Option<Sync>,
}

/// Of how many who have the same address anything is read: two items of each in one batch.
const MOST: usize = 50;

impl Store {
    /// Whom of a connection's directory a value joins: two reads. Of several who have the address, it is whoever is kept
    /// out by hand; else the one who is active; else, where nobody is, one who is not let in. Of several who are active,
    /// nobody.
    pub async fn joined(&self, connection: &ConnectionId, value: &KeyOf) -> Result<Option<Joined>, Failure> {
        let range = Range::found(connection, value.by.as_str(), &value.hash);
        let found: Vec<KeyItem> = self.tables.query(&range, Reads::Consistent).await?;
        let users = found.iter().filter_map(|item| UserId::parse(&item.id).ok());
        let keys: Vec<[Key; 2]> =
            users.take(MOST).map(|user| [Key::user(connection, &user), Key::sync(connection, &user)]).collect();
        let mut items = match keys.is_empty() {
            true => return Ok(None),
            false => self.tables.batch("somebody of a directory", keys.concat(), Reads::Consistent).await?,
        };
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
        Ok(whom(&joined).map(|place| joined.swap_remove(place)))
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

/// Who it is, of those who have the value.
fn whom(joined: &[Joined]) -> Option<usize> {
    let is_blocked = |one: &Joined| one.sync.as_ref().is_some_and(|sync| sync.blocked);
    let is_refused = |one: &Joined| admit(&one.user, one.sync.as_ref()).is_err();
    if let Some(blocked) = joined.iter().position(is_blocked) {
        return Some(blocked);
    }
    let mut active = joined.iter().enumerate().filter(|(_, one)| one.user.active).map(|(place, _)| place);
    match (active.next(), active.next()) {
        (Some(place), None) => Some(place),
        (Some(_), Some(_)) => None,
        (None, _) => joined.iter().position(is_refused).or((!joined.is_empty()).then_some(0)),
    }
}
