//! Writes that happen together or not at all, and which of them stood in the way.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use serde::Serialize;
use stoa_core::ids::{ConnectionId, CustomerId};

use super::{Operator, OperatorError};

/// What a write's condition protects.
pub(super) enum Guards {
    /// Nobody has changed the connection since it was read.
    Current(ConnectionId),
    /// The domain is free, or this customer's.
    Domain(String, CustomerId),
    /// A new connection's key is new.
    Key(ConnectionId),
    /// Nobody has changed the person since they were read.
    Person,
    /// A key is not trusted already.
    Trusted(ConnectionId),
    /// Another key remains.
    LastKey(ConnectionId),
    /// Nothing.
    Nothing,
}

impl Guards {
    fn refusal(&self) -> OperatorError {
        match self {
            Self::Current(id) => OperatorError::Meanwhile(id.clone()),
            Self::Domain(domain, customer) => {
                OperatorError::DomainTaken { domain: domain.clone(), wanted_by: customer.clone(), owner: None }
            }
            Self::Key(id) => OperatorError::KeysLeft(id.clone()),
            Self::Person => OperatorError::PersonMeanwhile,
            Self::Trusted(id) => OperatorError::AlreadyTrusted(id.clone()),
            Self::LastKey(id) => OperatorError::LastKey(id.clone()),
            Self::Nothing => OperatorError::Item("a write".into()),
        }
    }
}

/// The writes, each with what its condition protects.
#[derive(Default)]
pub(super) struct Writes(Vec<(TransactWriteItem, Guards)>);

impl Writes {
    pub(super) fn push(&mut self, write: TransactWriteItem, guards: Guards) {
        self.0.push((write, guards));
    }

    pub(super) fn put(&mut self, put: PutBuilder, guards: Guards) -> Result<(), OperatorError> {
        let put = put.build().map_err(|_| OperatorError::Item("a write".into()))?;
        self.item(TransactWriteItem::builder().put(put).build(), guards);
        Ok(())
    }

    pub(super) fn item(&mut self, item: TransactWriteItem, guards: Guards) {
        self.0.push((item, guards));
    }

    pub(super) fn delete(&mut self, table: &str, pk: &str, sk: &str) -> Result<(), OperatorError> {
        let delete = Delete::builder()
            .table_name(table)
            .key("pk", AttributeValue::S(pk.to_owned()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .build()
            .map_err(|_| OperatorError::Item("a write".into()))?;
        self.0.push((TransactWriteItem::builder().delete(delete).build(), Guards::Nothing));
        Ok(())
    }
}

/// Begins the write of an item.
pub(super) fn put<T: Serialize>(table: &str, item: &T) -> Result<PutBuilder, OperatorError> {
    let item = serde_dynamo::to_item(item).map_err(|_| OperatorError::Item(table.to_owned()))?;
    Ok(Put::builder().table_name(table).set_item(Some(item)))
}

impl Operator {
    /// Writes everything or nothing.
    pub(super) async fn write(&self, what: &'static str, writes: Writes) -> Result<(), OperatorError> {
        let (items, guards): (Vec<_>, Vec<_>) = writes.0.into_iter().unzip();
        match self.dynamodb.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_transaction_canceled_exception() => {
                Err(refusal(error.err(), &guards))
            }
            Err(error) => Err(OperatorError::aws(what, &error)),
        }
    }
}

/// The reasons are in the order of the writes; `None` stands at those that were not in the way.
fn refusal(error: &TransactWriteItemsError, guards: &[Guards]) -> OperatorError {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        return OperatorError::Item("a transaction".into());
    };
    let blocking = cancelled
        .cancellation_reasons()
        .iter()
        .zip(guards)
        .find(|(reason, _)| reason.code().is_some_and(|code| code == "ConditionalCheckFailed"));
    match blocking {
        Some((_, guards)) => guards.refusal(),
        None => OperatorError::Busy,
    }
}
