//! What is due for people at a school, and who carries it out.
//!
//! The index only wakes: what is done about a person is decided from their items, read consistently. Every write says
//! by which lease it is made, and an earlier lease's is refused.

use jiff::Timestamp;
use stoa_core::directory::{KeyItem, UserId};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{Attempt, ConnectionId, SchoolId};
use stoa_core::provision::{Access, Applied, Rank, Removals, Stuck, Sync, allowance, due_at};
use stoa_core::routes::{Index, Table};
use stoa_core::turn::PreviousMinute;

use super::directory::is_refused;
use super::items::{LeaseItem, due_of, stopped_of};
use super::minute::{drawn, second_of};
use super::{ABSENT, Between, Item, Key, Outcome, Reads, Store, Transacted, read};

/// How long a lease is its holder's, in seconds: longer than a run with its last call.
const LEASE_SECONDS: i64 = 75;

/// Somebody for whom something is due.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DuePerson {
    /// Of which directory.
    pub connection: ConnectionId,
    /// Their id in the directory.
    pub user: UserId,
    /// Their place in the index.
    pub due_at: i64,
}

/// Whose item is written, and by which lease.
#[derive(Clone, Copy)]
pub struct Synced<'a> {
    /// Of which directory.
    pub connection: &'a ConnectionId,
    /// Their id in the directory.
    pub user: &'a UserId,
    /// The number of the lease.
    pub fence: u64,
}

/// What follows for a person whose run is over.
#[derive(Clone, Debug)]
pub enum Then {
    /// Nothing: all is as it should be.
    Nothing,
    /// Another try.
    Again {
        /// Their place in the index.
        due_at: i64,
        /// Tries so far.
        tries: u32,
    },
    /// Nothing until something changes.
    Stuck(Stuck),
    /// Nothing until somebody says so: too many would leave at once.
    Held(Timestamp),
}

/// Whom an entry of the index names.
pub(crate) fn due_person(entry: &Item) -> Option<DuePerson> {
    let mut pk = entry.get("pk")?.as_s().ok()?.split('#').skip(1);
    let connection = ConnectionId::parse(pk.next()?).ok()?;
    let user = UserId::parse(pk.next()?).ok()?;
    let due_at = entry.get("due_at")?.as_n().ok()?.parse().ok()?;
    Some(DuePerson { connection, user, due_at })
}

impl Store {
    /// People of a connection for whom something of a rank is due, those who have waited longest first.
    pub async fn due(
        &self,
        connection: &ConnectionId,
        rank: Rank,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<DuePerson>, Failure> {
        let (first, last) = (due_at(rank, Timestamp::UNIX_EPOCH), due_at(rank, now));
        self.listed_due(&due_of(connection), (first, last), limit).await
    }

    /// People of a partition of the index.
    pub async fn listed_due(&self, of: &str, between: (i64, i64), limit: u16) -> Result<Vec<DuePerson>, Failure> {
        let between = Between { index: Index::DirectoryByDue, of, first: between.0, last: between.1 };
        let items = self.tables.earliest(&between, limit).await?;
        let strange = || Failure::noted(Fault::StoreItemStrange, "an entry of by-due");
        items.iter().map(|item| due_person(item).ok_or_else(strange)).collect()
    }

    /// What is due for a person and what was done.
    pub async fn sync(&self, connection: &ConnectionId, user: &UserId) -> Result<Option<Sync>, Failure> {
        Ok(self.tables.get(&Key::sync(connection, user), Reads::Consistent).await?)
    }

    /// Writes down that an account that was at the school before the person is theirs. `false`: it is somebody else's of the
    /// directory.
    pub async fn claim_account(&self, synced: Synced<'_>, account: u64) -> Result<bool, Failure> {
        let Synced { connection, user, .. } = synced;
        let claim = Key::account(connection, account).put(&KeyItem::of(user.to_string()));
        let claim = claim.only_if("attribute_not_exists(pk) OR id = :user").with(":user", user);
        Ok(self.tables.write(claim).await?.is_applied())
    }

    /// Writes down that an account is the person's which was somebody else's who is gone. What was done for that one is not
    /// theirs any more: nothing is done about the account on their account, neither what ends nor what begins again. `false`:
    /// something is still to be done for them, or they have the account no more.
    pub async fn hand_over(&self, synced: Synced<'_>, account: u64, previous: &UserId) -> Result<bool, Failure> {
        let Synced { connection, user, .. } = synced;
        let mut writes = Vec::new();
        if let Some(sync) = self.sync(connection, previous).await? {
            let is_open = sync.due_at.is_some() || sync.held.is_some() || sync.applied.access == Access::Given;
            if is_open {
                return Ok(false);
            }
            let nothing = Applied { school: sync.applied.school, access: sync.applied.access, ..Applied::default() };
            let take = Key::sync(connection, previous).update("SET applied = :nothing").only_if("wanted = :wanted");
            writes.push(take.with(":nothing", nothing).with(":wanted", sync.wanted));
        }
        let claim = Key::account(connection, account).put(&KeyItem::of(user.to_string()));
        let claim = claim.only_if("attribute_not_exists(pk) OR id = :user OR id = :previous");
        writes.push(claim.with(":user", user).with(":previous", previous));
        match self.tables.transact(writes).await? {
            Transacted::Applied => Ok(true),
            Transacted::Cancelled(reasons) => is_refused(&reasons),
        }
    }

    /// Who of a directory has an account that was at the school before them.
    pub async fn claimant(&self, connection: &ConnectionId, account: u64) -> Result<Option<UserId>, Failure> {
        let item: Option<KeyItem> = self.tables.get(&Key::account(connection, account), Reads::Consistent).await?;
        let strange = |_| Failure::noted(Fault::StoreItemStrange, "whose an account is");
        item.map(|item| UserId::parse(&item.id).map_err(strange)).transpose()
    }

    /// Takes the lease of a school, if it is nobody's. Its number.
    pub async fn take_lease(
        &self,
        school: &SchoolId,
        holder: &Attempt,
        now: Timestamp,
    ) -> Result<Option<u64>, Failure> {
        let take = Key::lease(school)
            .update("SET holder = :holder, #until = :until ADD fence :one")
            .only_if("attribute_not_exists(pk) OR #until < :now OR holder = :holder")
            .with(":holder", holder)
            .with(":until", now.as_second() + LEASE_SECONDS)
            .with(":now", now.as_second())
            .with(":one", 1)
            .showing_old();
        match self.tables.write(take).await? {
            Outcome::Applied(None) => Ok(Some(1)),
            Outcome::Applied(Some(old)) => Ok(Some(read::<LeaseItem>(Table::Directory, old)?.fence + 1)),
            Outcome::Refused(_) => Ok(None),
        }
    }

    /// Gives a lease up, if it is still its holder's.
    pub async fn end_lease(&self, school: &SchoolId, holder: &Attempt) -> Result<(), Failure> {
        let end = Key::lease(school).update("SET #until = :none").only_if("holder = :holder");
        self.tables.write(end.with(":none", 0).with(":holder", holder)).await?;
        Ok(())
    }

    /// Writes down what was done so far. Whoever has lost the lease fails.
    pub async fn note_applied(&self, synced: Synced<'_>, applied: &Applied) -> Result<(), Failure> {
        let note = Key::sync(synced.connection, synced.user)
            .update("SET applied = :applied, fence = :fence")
            .only_if("attribute_exists(pk) AND (attribute_not_exists(fence) OR fence <= :fence)")
            .with(":applied", applied)
            .with(":fence", synced.fence);
        match self.tables.write(note).await?.is_applied() {
            true => Ok(()),
            false => Err(Failure::noted(Fault::StoreContended, "the school's lease is somebody else's now")),
        }
    }

    /// Writes down what was done, and what follows. Where something else is wanted since `wanted` was read, it stays
    /// due.
    pub async fn end_sync(
        &self,
        synced: Synced<'_>,
        applied: &Applied,
        wanted: u64,
        then: &Then,
    ) -> Result<(), Failure> {
        const DONE: &str = "SET applied = :applied, fence = :fence, tries = :tries";
        let tries = match then {
            Then::Again { tries, .. } => *tries,
            Then::Nothing | Then::Stuck(_) | Then::Held(_) => 0,
        };
        let key = Key::sync(synced.connection, synced.user);
        let end = match then {
            Then::Nothing => key.update(format!("{DONE} REMOVE due_of, due_at, stuck, held, released, counted")),
            Then::Again { due_at, .. } => key.update(format!("{DONE}, due_at = :at")).with(":at", due_at),
            Then::Stuck(why) => key
                .update(format!("{DONE}, stuck = :why, due_of = :of REMOVE held"))
                .with(":why", why)
                .with(":of", stopped_of("stuck", synced.connection)),
            Then::Held(since) => key
                .update(format!("{DONE}, held = :since, due_of = :of"))
                .with(":since", since.as_second())
                .with(":of", stopped_of("held", synced.connection)),
        };
        let end = end
            .only_if("wanted = :wanted AND (attribute_not_exists(fence) OR fence <= :fence)")
            .with(":wanted", wanted)
            .with(":applied", applied)
            .with(":fence", synced.fence)
            .with(":tries", tries);
        if self.tables.write(end).await?.is_applied() {
            return Ok(());
        }
        self.note_applied(synced, applied).await
    }

    /// Draws calls for the provisioner from the school's minute. `false`: what is left of it until now is the logins'.
    pub async fn draw_provisioning(
        &self,
        school: &SchoolId,
        calls: u32,
        previous: &PreviousMinute,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let open = allowance(second_of(now), previous);
        if open < calls {
            return Ok(false);
        }
        let draw = drawn(school, calls, "", now)
            .only_if("attribute_not_exists(#all) OR #all <= :open")
            .with(":open", open.saturating_sub(calls));
        Ok(self.tables.write(draw).await?.is_applied())
    }

    /// The removals of a connection so far.
    pub async fn removals(&self, connection: &ConnectionId) -> Result<Removals, Failure> {
        Ok(self.tables.get(&Key::removals(connection), Reads::Consistent).await?.unwrap_or_default())
    }

    /// Counts a person's removal, and with them that it is counted. `false`: somebody else has counted one in the
    /// meantime.
    pub async fn count_removal(
        &self,
        synced: Synced<'_>,
        before: &Removals,
        after: &Removals,
    ) -> Result<bool, Failure> {
        let put = Key::removals(synced.connection).put(after);
        let put = match before.made {
            0 if before.since == 0 => put.only_if(ABSENT),
            made => put.only_if("made = :made AND since = :since").with(":made", made).with(":since", before.since),
        };
        let counted = Key::sync(synced.connection, synced.user)
            .update("SET counted = :yes, fence = :fence")
            .only_if("attribute_exists(pk) AND (attribute_not_exists(fence) OR fence <= :fence)")
            .with(":yes", true)
            .with(":fence", synced.fence);
        match self.tables.transact(vec![put, counted]).await? {
            Transacted::Applied => Ok(true),
            Transacted::Cancelled(reasons) => is_refused(&reasons),
        }
    }
}
