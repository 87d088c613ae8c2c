//! Schools into the table.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use stoa_core::connection::{School, SchoolDocument};
use stoa_core::ids::SchoolId;

use super::difference::differences;
use super::{Operator, OperatorError, json};
use crate::store::SchoolItem;

/// A school that is ready to be written.
pub struct PlannedSchool {
    document: SchoolDocument,
    before: Option<SchoolItem>,
    /// `field: old → new`, one line each; empty: nothing to do.
    pub changes: Vec<String>,
}

impl PlannedSchool {
    /// The school.
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
        let stored = before
            .as_ref()
            .map(|item| serde_json::from_str(&item.document).map_err(|_| OperatorError::Item(item.pk.clone())))
            .transpose()?;
        let changes = differences(stored.as_ref(), &document);
        Ok(PlannedSchool { document, before, changes })
    }

    /// Writes a school, if it changes. Its key version stays.
    pub async fn write_school(&self, planned: PlannedSchool) -> Result<SchoolDocument, OperatorError> {
        if planned.changes.is_empty() {
            return Ok(planned.document);
        }
        let update = self
            .dynamodb
            .update_item()
            .table_name(&self.names.connections)
            .key("pk", AttributeValue::S(format!("school#{}", planned.document.id)))
            .key("sk", AttributeValue::S("current".into()))
            .update_expression(
                "SET document = :document, #at = :at, #by = :by, key_version = if_not_exists(key_version, :one)",
            )
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#by", "by")
            .expression_attribute_values(":document", AttributeValue::S(json(&planned.document)?))
            .expression_attribute_values(":at", AttributeValue::N(Self::now().as_second().to_string()))
            .expression_attribute_values(":by", AttributeValue::S(self.by.clone()))
            .expression_attribute_values(":one", AttributeValue::N("1".into()));
        let update = match &planned.before {
            None => update.condition_expression("attribute_not_exists(pk)"),
            Some(before) => update
                .condition_expression("document = :before")
                .expression_attribute_values(":before", AttributeValue::S(before.document.clone())),
        };
        match update.send().await {
            Ok(_) => Ok(planned.document),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Err(OperatorError::SchoolMeanwhile(planned.document.id))
            }
            Err(error) => Err(OperatorError::aws("write the school", &error)),
        }
    }

    /// Plans and writes a school.
    pub async fn apply_school(&self, path: &str, text: &str) -> Result<SchoolDocument, OperatorError> {
        self.write_school(self.plan_school(path, text).await?).await
    }

    /// A school's item.
    pub async fn school_item(&self, id: &SchoolId) -> Result<Option<SchoolItem>, OperatorError> {
        self.get(&self.names.connections, format!("school#{id}"), "current").await
    }

    /// Tells functions that the school's API key has changed, so that none uses the old one. Before the school is
    /// applied there is nobody to tell.
    pub(super) async fn announce_key(&self, school: &SchoolId) -> Result<(), OperatorError> {
        let answer = self
            .dynamodb
            .update_item()
            .table_name(&self.names.connections)
            .key("pk", AttributeValue::S(format!("school#{school}")))
            .key("sk", AttributeValue::S("current".into()))
            .update_expression("ADD key_version :one")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":one", AttributeValue::N("1".into()))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(OperatorError::aws("announce the key", &error)),
        }
    }
}
