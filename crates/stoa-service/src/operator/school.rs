//! Schools into the table.

use stoa_core::connection::{School, SchoolDocument};
use stoa_core::ids::SchoolId;

use super::difference::differences;
use super::{Operator, OperatorError, json};
use crate::store::{ABSENT, Key, Outcome, PRESENT, Reads, SchoolItem};

/// A school that is ready to be written.
pub struct PlannedSchool {
    document: SchoolDocument,
    before: Option<SchoolItem>,
    /// `field: old → new`, one line each; empty: nothing to do.
    pub changes: Vec<String>,
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

impl Operator {
    /// Reads a school's file, checks it, and compares it with what is stored.
    pub async fn plan_school(&self, path: &str, text: &str) -> Result<PlannedSchool, OperatorError> {
        let document: SchoolDocument = toml::from_str(text).map_err(|error| OperatorError::File {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        School::check(document.clone(), 0, self.url_policy)?;
        let before = self.school_item(&document.id).await?;
        let stored = before.as_ref().map(SchoolItem::document).transpose()?;
        let changes = differences(stored.as_ref(), &document);
        Ok(PlannedSchool { document, before, changes })
    }

    /// Writes a school, if it changes. Its key version stays.
    pub async fn write_school(&self, planned: PlannedSchool) -> Result<SchoolDocument, OperatorError> {
        if planned.changes.is_empty() {
            return Ok(planned.document);
        }
        let update = Key::school(&planned.document.id)
            .update("SET document = :document, #at = :at, #by = :by, key_version = if_not_exists(key_version, :one)")
            .with(":document", json(&planned.document)?)
            .with(":at", Self::now().as_second())
            .with(":by", &self.by)
            .with(":one", 1);
        let update = match &planned.before {
            None => update.only_if(ABSENT),
            Some(before) => update.only_if("document = :before").with(":before", &before.document),
        };
        match self.tables.write(update).await.map_err(OperatorError::store("write the school"))? {
            Outcome::Applied(_) => Ok(planned.document),
            Outcome::Refused(_) => Err(OperatorError::SchoolMeanwhile(planned.document.id)),
        }
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
