//! What is found by the key of an e-mail address, for the operator's command.

use aws_sdk_dynamodb::types::AttributeValue;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::Reference;
use stoa_core::person::EmailItem;
use stoa_core::routes::Index;

use super::{Store, read_item, store_failure};

impl Store {
    /// The proven logins of an address begun at `since` or later, newest first.
    pub async fn logins_of(&self, who: &str, since: i64, limit: u16) -> Result<Vec<Reference>, Failure> {
        let answer = self
            .client
            .query()
            .table_name(&self.logins)
            .index_name(Index::LoginsByEmail.as_str())
            .key_condition_expression("who = :who AND began >= :since")
            .expression_attribute_values(":who", AttributeValue::S(who.to_owned()))
            .expression_attribute_values(":since", AttributeValue::N(since.to_string()))
            .scan_index_forward(false)
            .limit(limit.into())
            .send()
            .await
            .map_err(|error| store_failure("logins", &error))?;
        let strange = || Failure::noted(Fault::StoreItemStrange, "an entry of by-email");
        let reference = |pk: &AttributeValue| Reference::parse(pk.as_s().ok()?).ok();
        answer.items().iter().map(|item| item.get("pk").and_then(reference).ok_or_else(strange)).collect()
    }

    /// Whose an address is.
    pub async fn email_owner(&self, email: &str) -> Result<Option<EmailItem>, Failure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.directory)
            .key("pk", AttributeValue::S(format!("email#{email}")))
            .key("sk", AttributeValue::S("owner".into()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| store_failure("directory", &error))?;
        answer.item.map(|item| read_item("directory", item)).transpose()
    }
}
