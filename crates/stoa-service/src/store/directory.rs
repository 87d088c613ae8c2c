//! The `directory` table: persons and the owners of e-mail addresses.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::person::{EmailItem, PersonItem};

use super::{Store, store_failure};

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

impl Store {
    /// Claims an address for a person. `false`: it is somebody else's.
    pub async fn claim_email(&self, item: &EmailItem) -> Result<bool, Failure> {
        let values: HashMap<String, AttributeValue> = serde_dynamo::to_item(item).map_err(|_| Fault::Internal)?;
        let answer = self
            .client
            .put_item()
            .table_name(&self.directory)
            .set_item(Some(values))
            .condition_expression("attribute_not_exists(pk) OR person = :person")
            .expression_attribute_values(":person", text(&item.person))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(store_failure("directory", &error)),
        }
    }

    /// Writes a person over the revision that was read. `false`: somebody else wrote meanwhile. Our own write whose
    /// reply was lost leaves the very fingerprint that we bring, and counts as applied.
    pub async fn put_person(&self, item: &PersonItem) -> Result<bool, Failure> {
        let values: HashMap<String, AttributeValue> = serde_dynamo::to_item(item).map_err(|_| Fault::Internal)?;
        let answer = self
            .client
            .put_item()
            .table_name(&self.directory)
            .set_item(Some(values))
            .condition_expression(
                "attribute_not_exists(pk) OR rev = :before OR (rev = :rev AND fingerprint = :fingerprint)",
            )
            .expression_attribute_values(":before", AttributeValue::N((item.rev - 1).to_string()))
            .expression_attribute_values(":rev", AttributeValue::N(item.rev.to_string()))
            .expression_attribute_values(":fingerprint", text(&item.fingerprint))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(false),
            Err(error) => Err(store_failure("directory", &error)),
        }
    }

    /// Gives up a person's former address. Somebody else's is left alone.
    pub async fn release_email(&self, email: &str, person: &str) -> Result<(), Failure> {
        let answer = self
            .client
            .delete_item()
            .table_name(&self.directory)
            .key("pk", text(format!("email#{email}")))
            .key("sk", text("owner"))
            .condition_expression("person = :person")
            .expression_attribute_values(":person", text(person))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(store_failure("directory", &error)),
        }
    }
}
