//! Schools into the table.

use std::collections::BTreeMap;

use stoa_core::connection::{School, SchoolDocument};
use stoa_core::ids::SchoolId;

use super::difference::differences;
use super::files::in_lines;
use super::transaction::{Guards, Writes};
use super::{OperatorError, StackAccess, json};
use crate::store::{ABSENT, Key, PRESENT, Reads, SchoolItem, SiteItem, Write};

/// A school that is ready to be written.
pub struct PlannedSchool {
    document: SchoolDocument,
    before: Option<SchoolItem>,
    /// Claims of sites that it needs and does not have.
    wanted: BTreeMap<String, Free>,
    /// Claims of sites that it has and no longer needs.
    left: Vec<String>,
    /// `field: old → new`, one line each; empty: nothing to do.
    pub changes: Vec<String>,
}

/// Why a site can be claimed.
enum Free {
    /// Nobody has claimed it.
    Unclaimed,
    /// A school did that has another site now, or is no more: its item, if it has one.
    LeftBy(SchoolId, Option<SchoolItem>),
}

impl PlannedSchool {
    /// The school's name.
    pub fn id(&self) -> &SchoolId {
        &self.document.id
    }

    /// Whether it is not in the table yet.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }
}

impl StackAccess {
    /// Reads a school's file, checks it, and compares it with what is stored.
    pub async fn plan_school(&self, path: &str, text: &str) -> Result<PlannedSchool, OperatorError> {
        let document: SchoolDocument = toml::from_str(text)
            .map_err(|error| OperatorError::File { path: path.to_owned(), message: in_lines(&error) })?;
        School::check(document.clone(), 0, self.url_policy)?;
        let before = self.school_item(&document.id).await?;
        let stored = before.as_ref().map(SchoolItem::document).transpose()?;
        let mut changes = differences(stored.as_ref(), &document);
        let (wanted, left) = (self.wanted_sites(&document).await?, self.left_sites(stored.as_ref(), &document).await?);
        changes.extend(wanted.keys().map(|site| format!("site: (none) → {site:?}")));
        changes.extend(left.iter().map(|site| format!("site: {site:?} → (none)")));
        Ok(PlannedSchool { document, before, wanted, left, changes })
    }

    /// The sites that a school has to claim, none of which is another school's.
    async fn wanted_sites(&self, document: &SchoolDocument) -> Result<BTreeMap<String, Free>, OperatorError> {
        let mut wanted = BTreeMap::new();
        for site in document.sites() {
            match self.school_of(&site).await? {
                None => wanted.insert(site, Free::Unclaimed),
                Some(school) if school == document.id => None,
                Some(owner) => {
                    let item = self.school_item(&owner).await?;
                    let still_has = item.as_ref().map(SchoolItem::document).transpose()?;
                    if still_has.is_some_and(|owner| owner.sites().contains(&site)) {
                        let (wanted_by, owner) = (document.id.clone(), Some(owner));
                        return Err(OperatorError::SiteTaken { site, wanted_by, owner });
                    }
                    wanted.insert(site, Free::LeftBy(owner, item))
                }
            };
        }
        Ok(wanted)
    }

    /// The sites of its stored document that a school has claimed and no longer needs.
    async fn left_sites(
        &self,
        stored: Option<&SchoolDocument>,
        document: &SchoolDocument,
    ) -> Result<Vec<String>, OperatorError> {
        let (old, new) = (stored.map(SchoolDocument::sites).unwrap_or_default(), document.sites());
        let mut left = Vec::new();
        for site in old.difference(&new) {
            if self.school_of(site).await?.as_ref() == Some(&document.id) {
                left.push(site.clone());
            }
        }
        Ok(left)
    }

    async fn school_of(&self, site: &str) -> Result<Option<SchoolId>, OperatorError> {
        let claim: Option<SiteItem> = self.tables.get(&Key::site(site), Reads::Consistent).await?;
        Ok(claim.map(|claim| claim.school))
    }

    /// Writes a school with its claims, if it changes: all or nothing. Its key version stays.
    pub async fn write_school(&self, planned: PlannedSchool) -> Result<SchoolDocument, OperatorError> {
        if planned.changes.is_empty() {
            return Ok(planned.document);
        }
        let (mut writes, id) = (Writes::default(), &planned.document.id);
        let update = Key::school(id)
            .update("SET document = :document, #at = :at, #by = :by, key_version = if_not_exists(key_version, :one)")
            .with(":document", json(&planned.document)?)
            .with(":at", Self::now().as_second())
            .with(":by", &self.by)
            .with(":one", 1);
        writes.guarded(unchanged(update, planned.before.as_ref()), Guards::School(id.clone()));
        claim(&mut writes, id, &planned.wanted);
        for site in &planned.left {
            let freed = Key::site(site).delete().only_if("school = :school").with(":school", id);
            writes.guarded(freed, Guards::School(id.clone()));
        }
        self.write("write the school", writes).await?;
        Ok(planned.document)
    }

    /// Plans and writes a school.
    pub async fn apply_school(&self, path: &str, text: &str) -> Result<SchoolDocument, OperatorError> {
        self.write_school(self.plan_school(path, text).await?).await
    }

    /// A school's item.
    pub async fn school_item(&self, id: &SchoolId) -> Result<Option<SchoolItem>, OperatorError> {
        Ok(self.tables.get(&Key::school(id), Reads::Consistent).await?)
    }

    /// Tells functions that the school's API key has changed, so that none uses the old one. Before the school is
    /// applied there is nobody to tell.
    pub(super) async fn announce_key(&self, school: &SchoolId) -> Result<(), OperatorError> {
        let update = Key::school(school).update("ADD key_version :one").only_if(PRESENT).with(":one", 1);
        self.tables.write(update).await.map_err(OperatorError::store("announce the key"))?;
        Ok(())
    }
}

impl SchoolItem {
    /// The document that the item holds.
    pub fn document(&self) -> Result<SchoolDocument, OperatorError> {
        serde_json::from_str(&self.document).map_err(|_| OperatorError::Item(self.key()))
    }
}

/// A write that is refused if anybody has written the school's document since it was read.
fn unchanged(write: Write, before: Option<&SchoolItem>) -> Write {
    match before {
        None => write.only_if(ABSENT),
        Some(before) => write.only_if("document = :before").with(":before", &before.document),
    }
}

fn claim(writes: &mut Writes, id: &SchoolId, wanted: &BTreeMap<String, Free>) {
    let mut left_by = BTreeMap::new();
    for (site, free) in wanted {
        let claim = Key::site(site).put(&SiteItem { school: id.clone() });
        let claim = match free {
            Free::Unclaimed => claim.only_if(ABSENT),
            Free::LeftBy(school, item) => {
                left_by.insert(school, (site, item));
                claim.only_if("attribute_not_exists(pk) OR school = :left_by").with(":left_by", school)
            }
        };
        writes.guarded(claim, Guards::Site(site.clone(), id.clone()));
    }
    // Until this is written, the school that had a site must not get it back. One check for each: a transaction takes
    // no item twice.
    for (school, (site, item)) in left_by {
        let check = unchanged(Key::school(school).check(ABSENT), item.as_ref());
        writes.guarded(check, Guards::Site(site.clone(), id.clone()));
    }
}
