//! A login, for whoever looks into it.

use aws_sdk_dynamodb::types::AttributeValue;
use stoa_core::ids::Reference;
use stoa_core::login::LoginItem;

use super::{Operator, OperatorError};

impl Operator {
    /// A login's item, if it is still kept.
    pub async fn login(&self, reference: &Reference) -> Result<Option<LoginItem>, OperatorError> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(&self.names.logins)
            .key("pk", AttributeValue::S(reference.as_str().to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| OperatorError::aws("read the login", &error))?;
        let broken = |_| OperatorError::Item(format!("login {reference}"));
        answer.item.map(|item| serde_dynamo::from_item(item).map_err(broken)).transpose()
    }
}
