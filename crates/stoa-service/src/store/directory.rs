//! Persons and the owners of e-mail addresses, as a launch settles them.

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{DetailsKey, EmailKey, PersonKey, SchoolId};
use stoa_core::mirror::MirroredAccount;
use stoa_core::person::{AddressItem, Claim, EmailItem, FollowUpItem, Indexes, PersonItem};

use super::{Key, Reads, Store, Transacted, Write, read};

/// A person's item, to be written over the revision before it.
pub struct Revised<'a> {
    /// Their key.
    pub person: &'a PersonKey,
    /// In which school.
    pub school: &'a SchoolId,
    /// What is written of them.
    pub item: &'a PersonItem,
}

/// To whom a login has proven an address to belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenOwner {
    /// Their id at the school.
    pub external_id: String,
    /// When that was last seen, in epoch seconds.
    pub seen: i64,
}

/// A claim of an address, to be written where it is free or theirs.
pub struct Claiming<'a> {
    /// The address.
    pub email: &'a EmailKey,
    /// The claim.
    pub item: &'a EmailItem,
    /// The address as it was found.
    pub found: &'a Claim,
}

impl Store {
    /// Whose an address is.
    pub async fn email_owner(&self, email: &EmailKey) -> Result<Option<EmailItem>, Failure> {
        let address: Option<AddressItem> = self.tables.get(&Key::email(email), Reads::Consistent).await?;
        Ok(address.and_then(|address| address.owner()))
    }

    /// To whom a login has proven an address to belong: two reads.
    pub async fn owner_of(&self, email: &EmailKey, school: &SchoolId) -> Result<Option<ProvenOwner>, Failure> {
        let Some(owner) = self.email_owner(email).await?.filter(|owner| owner.until.is_none()) else {
            return Ok(None);
        };
        let person: Option<PersonItem> =
            self.tables.get(&Key::person(&owner.person, school), Reads::Consistent).await?;
        Ok(person.map(|person| {
            let seen = person.checked.filter(|_| person.has(email));
            ProvenOwner { external_id: person.id, seen: seen.map_or(owner.since, |seen| seen.max(owner.since)) }
        }))
    }

    /// An address as a person finds it. Where somebody else has claimed it, their item has a say: one read more.
    pub async fn claim(
        &self,
        owner: Option<EmailItem>,
        school: &SchoolId,
        indexes: &Indexes,
        now: jiff::Timestamp,
    ) -> Result<Claim, Failure> {
        let claimant = match &owner {
            Some(owner) if owner.person != indexes.person_key => {
                let key = Key::person(&owner.person, school);
                let found = self.tables.batch("claimant", [key], Reads::Consistent).await?.pop();
                found.map(|(table, item)| read::<PersonItem>(table, item)).transpose()?
            }
            Some(_) | None => None,
        };
        Ok(Claim::of(owner, claimant.as_ref(), indexes, now))
    }

    /// Writes that a settlement begins: of a known person, that they are under way; of an address that is not theirs
    /// yet, a claim. Both or neither. `false`: somebody else wrote in the meantime.
    pub async fn begin_settling(
        &self,
        person: Option<&Revised<'_>>,
        claim: Option<&Claiming<'_>>,
    ) -> Result<bool, Failure> {
        self.write_all(person.map(revise).into_iter().chain(claim.map(|claim| claim_email(claim, None))).collect())
            .await
    }

    /// Writes that a settlement ended: the person has the address, and the claim is kept. Both or neither. `false`:
    /// somebody else wrote in the meantime, or the claim is no longer theirs.
    pub async fn end_settling(
        &self,
        person: &Revised<'_>,
        email: &EmailKey,
        kept: &EmailItem,
    ) -> Result<bool, Failure> {
        let keep = own_email(email, kept, None).only_if("person = :person");
        self.write_all(vec![revise(person), keep]).await
    }

    /// Writes that somebody goes in who was settled by the mirror: the person, their address where it is not theirs
    /// yet, and what has to follow. All or nothing. `false`: somebody else wrote in the meantime.
    pub async fn enter(
        &self,
        person: &Revised<'_>,
        claim: Option<(&Claiming<'_>, Option<&MirroredAccount>)>,
        follow_up: &FollowUpItem,
    ) -> Result<bool, Failure> {
        let follow_up = owe(person, follow_up);
        let claim = claim.map(|(claim, account)| claim_email(claim, account));
        let writes = [revise(person), follow_up].into_iter().chain(claim);
        self.write_all(writes.collect()).await
    }

    /// Writes a person. `false`: somebody else wrote in the meantime.
    pub async fn put_person(&self, person: &Revised<'_>) -> Result<bool, Failure> {
        self.write_all(vec![revise(person)]).await
    }

    /// Gives up a claim that its settlement did not keep. Somebody else's, and one that was kept, is left alone.
    pub async fn unclaim_email(&self, email: &EmailKey, person: &PersonKey) -> Result<(), Failure> {
        self.free(email, person, "person = :person AND attribute_exists(#until)").await
    }

    /// Gives up a person's former address. Somebody else's is left alone.
    pub async fn release_email(&self, email: &EmailKey, person: &PersonKey) -> Result<(), Failure> {
        self.free(email, person, "person = :person").await
    }

    /// What the mirror does not know is deleted: an item that says nothing is still an address's.
    async fn free(&self, email: &EmailKey, person: &PersonKey, condition: &str) -> Result<(), Failure> {
        let delete = free_email(email, person, false).only_if(format!("{condition} AND attribute_not_exists(mirror)"));
        if !self.tables.write(delete).await?.is_applied() {
            self.tables.write(free_email(email, person, true).only_if(condition)).await?;
        }
        Ok(())
    }

    async fn write_all(&self, mut writes: Vec<Write>) -> Result<bool, Failure> {
        if writes.len() > 1 {
            return match self.tables.transact(writes).await? {
                Transacted::Applied => Ok(true),
                Transacted::Cancelled(reasons) => is_refused(&reasons),
            };
        }
        match writes.pop() {
            Some(write) => Ok(self.tables.write(write).await?.is_applied()),
            None => Ok(true),
        }
    }
}

/// Whether a transaction was cancelled because of what others wrote: else DynamoDB could not carry it out.
pub(super) fn is_refused(reasons: &[Option<String>]) -> Result<bool, Failure> {
    let mut reasons = reasons.iter().flatten();
    match reasons.find(|reason| !matches!(reason.as_str(), "ConditionalCheckFailed" | "TransactionConflict")) {
        Some(reason) => Err(Failure::noted(Fault::StoreUnavailable, reason)),
        None => Ok(false),
    }
}

/// Our own write whose reply was lost leaves the very item that we bring, as far as two settlements can differ, and
/// counts as applied.
fn revise(person: &Revised<'_>) -> Write {
    let item = person.item;
    let put = Key::person(person.person, person.school)
        .put(item)
        .with(":before", item.rev - 1)
        .with(":rev", item.rev)
        .with(":fingerprint", item.fingerprint.as_ref().map_or("", DetailsKey::as_str));
    let mine = "attribute_not_exists(pk) OR rev = :before OR (rev = :rev AND fingerprint = :fingerprint AND";
    match &item.trying {
        Some(email) => put.only_if(format!("{mine} trying = :trying)")).with(":trying", email),
        None => put.only_if(format!("{mine} attribute_not_exists(trying))")),
    }
}

/// What has to follow replaces what had to before, but for a password that must end.
fn owe(person: &Revised<'_>, item: &FollowUpItem) -> Write {
    let key = Key::follow_up(person.school, person.person);
    if item.resets_password {
        return key.put(item);
    }
    let what = "v = :v, person = :person, id = :id, #at = :at, owed = :owed, tries = :tries";
    let sealed = "sealed = :sealed, salt = :salt, seal_key = :seal_key";
    key.update(format!("SET {what}, {sealed}, resets_password = if_not_exists(resets_password, :resets)"))
        .with(":v", item.v)
        .with(":person", &item.person)
        .with(":id", &item.id)
        .with(":at", item.at)
        .with(":owed", item.owed)
        .with(":tries", item.tries)
        .with(":sealed", &item.sealed)
        .with(":salt", &item.salt)
        .with(":seal_key", &item.seal_key)
        .with(":resets", item.resets_password)
}

/// A claim that counts no longer is replaced as it was found: its person may just be claiming again.
pub(super) fn claim_email(claim: &Claiming<'_>, account: Option<&MirroredAccount>) -> Write {
    let write = own_email(claim.email, claim.item, account);
    let free = "attribute_not_exists(person) OR person = :person";
    let Claim::Free(Some(found)) = claim.found else { return write.only_if(free) };
    let write = write.with(":claimant", &found.person).with(":found", found.since);
    let left = format!("{free} OR (person = :claimant AND since = :found AND");
    match found.until {
        Some(until) => write.only_if(format!("{left} #until = :ended)")).with(":ended", until),
        None => write.only_if(format!("{left} attribute_not_exists(#until))")),
    }
}

/// Makes an address somebody's. What the mirror knows of it stays, or becomes what is known now.
fn own_email(email: &EmailKey, item: &EmailItem, account: Option<&MirroredAccount>) -> Write {
    let mirror = if account.is_some() { ", mirror = :account" } else { "" };
    let own = format!("SET v = :v, person = :person, since = :since{mirror}");
    let write = match item.until {
        Some(until) => Key::email(email).update(format!("{own}, #until = :until")).with(":until", until),
        None => Key::email(email).update(format!("{own} REMOVE #until")),
    };
    let write = write.with(":v", item.v).with(":person", &item.person).with(":since", item.since);
    match account {
        Some(account) => write.with(":account", account),
        None => write,
    }
}

/// Makes an address nobody's. What the mirror knows of it stays.
pub(crate) fn free_email(email: &EmailKey, person: &PersonKey, is_mirrored: bool) -> Write {
    let key = Key::email(email);
    let write = if is_mirrored { key.update("REMOVE person, since, #until") } else { key.delete() };
    write.with(":person", person)
}
