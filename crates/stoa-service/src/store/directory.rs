//! Persons and the owners of e-mail addresses, as a launch settles them.

use stoa_core::failure::Failure;
use stoa_core::ids::{EmailKey, Fingerprint, PersonKey, SchoolId};
use stoa_core::person::{EmailItem, PersonItem};

use super::{Key, Reads, Store};

impl Store {
    /// Whose an address is.
    pub async fn email_owner(&self, email: &EmailKey) -> Result<Option<EmailItem>, Failure> {
        Ok(self.tables.get(&Key::email(email), Reads::Consistent).await?)
    }

    /// Claims an address for a person. `false`: it is somebody else's.
    pub async fn claim_email(&self, email: &EmailKey, owner: &EmailItem) -> Result<bool, Failure> {
        let claim = Key::email(email)
            .put(owner)
            .only_if("attribute_not_exists(pk) OR person = :person")
            .with(":person", &owner.person);
        Ok(self.tables.write(claim).await?.is_applied())
    }

    /// Writes a person over the revision that was read. `false`: somebody else wrote meanwhile. Our own write whose
    /// reply was lost leaves the very fingerprint that we bring, and counts as applied.
    pub async fn put_person(&self, person: &PersonKey, school: &SchoolId, item: &PersonItem) -> Result<bool, Failure> {
        let put = Key::person(person, school)
            .put(item)
            .only_if("attribute_not_exists(pk) OR rev = :before OR (rev = :rev AND fingerprint = :fingerprint)")
            .with(":before", item.rev - 1)
            .with(":rev", item.rev)
            .with(":fingerprint", item.fingerprint.as_ref().map_or("", Fingerprint::as_str));
        Ok(self.tables.write(put).await?.is_applied())
    }

    /// Gives up a person's former address. Somebody else's is left alone.
    pub async fn release_email(&self, email: &EmailKey, person: &PersonKey) -> Result<(), Failure> {
        let release = Key::email(email).delete().only_if("person = :person").with(":person", person);
        self.tables.write(release).await?;
        Ok(())
    }
}
