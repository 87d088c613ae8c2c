//! One write of one item, and what must hold for it.
//!
//! A write stands alone or in a transaction. That its condition is refused is an answer; what it means is for the caller
//! to say.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update};
use serde::Serialize;
use stoa_core::routes::Table;

use super::error::StoreError;
use super::items::{Item, Key};

/// The condition of a write of an item that must not be there.
pub(crate) const ABSENT: &str = "attribute_not_exists(pk)";
/// The condition of a write of an item that must be there.
pub(crate) const PRESENT: &str = "attribute_exists(pk)";

/// A write of one item.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(super) key: Key,
    pub(super) action: Action,
    pub(super) condition: Option<String>,
    pub(super) old: Old,
    values: Result<Item, Unformed>,
}

/// A value that DynamoDB's form has no place for.
#[derive(Clone, Copy, Debug)]
struct Unformed;

/// What is done to the item.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// The whole item is written.
    Put(Item),
    /// Attributes are set and removed, as the expression says.
    Update(String),
    /// The item is deleted.
    Delete,
    /// Nothing: the condition is all. In transactions only.
    Check,
}

/// When an update brings the item back as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Old {
    Never,
    IfRefused,
    Always,
}

/// How a write ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was applied; the item as it was, where that was asked for.
    Applied(Option<Item>),
    /// Its condition was refused; the item as it was, where that was asked for and there is one.
    Refused(Option<Item>),
}

impl Outcome {
    /// Whether it was applied.
    pub(crate) const fn is_applied(&self) -> bool {
        match self {
            Self::Applied(_) => true,
            Self::Refused(_) => false,
        }
    }
}

impl Key {
    /// Writes the whole item.
    pub(crate) fn put<T: Serialize>(self, item: &T) -> Write {
        let values: Result<Item, serde_dynamo::Error> = serde_dynamo::to_item(item);
        let (item, values) = match values {
            Ok(item) => (item, Ok(Item::new())),
            Err(_) => (Item::new(), Err(Unformed)),
        };
        let item = item.into_iter().chain(self.attributes()).collect();
        Write { values, ..self.write(Action::Put(item)) }
    }

    /// Sets and removes attributes (DynamoDB, update expressions). `#name` stands for an attribute whose name is
    /// reserved.
    pub(crate) fn update(self, expression: impl Into<String>) -> Write {
        self.write(Action::Update(expression.into()))
    }

    /// Deletes the item.
    pub(crate) fn delete(self) -> Write {
        self.write(Action::Delete)
    }

    /// Writes nothing, in a transaction that depends on the item.
    pub(crate) fn check(self, condition: &str) -> Write {
        self.write(Action::Check).only_if(condition)
    }

    fn write(self, action: Action) -> Write {
        Write { key: self, action, condition: None, old: Old::Never, values: Ok(Item::new()) }
    }

    /// Whether an item of a table is the one that is here.
    pub(crate) fn is_of(&self, table: Table, item: &Item) -> bool {
        self.table == table && self.attributes().iter().all(|(name, value)| item.get(name) == Some(value))
    }

    /// As DynamoDB has it.
    pub(super) fn attributes(&self) -> Item {
        let (pk, sk) = (self.table.partition_key(), self.table.sort_key());
        let sk = sk.zip(self.sk.as_ref()).map(|(name, sk)| (name.to_owned(), AttributeValue::S(sk.clone())));
        let pk = (pk.to_owned(), AttributeValue::S(self.pk.clone()));
        std::iter::once(pk).chain(sk).collect()
    }
}

impl Write {
    /// What must hold (DynamoDB, condition expressions). `#name` stands for an attribute whose name is reserved.
    pub(crate) fn only_if(self, condition: impl Into<String>) -> Self {
        Self { condition: Some(condition.into()), ..self }
    }

    /// What must hold as well.
    pub(crate) fn and_only_if(self, condition: &str) -> Self {
        match &self.condition {
            Some(before) => {
                let both = format!("({before}) AND ({condition})");
                self.only_if(both)
            }
            None => self.only_if(condition),
        }
    }

    /// The value that a `:name` of an expression stands for.
    pub(crate) fn with(self, name: &str, value: impl Serialize) -> Self {
        let values = self.values.and_then(|mut values| {
            values.insert(
                name.to_owned(),
                serde_dynamo::to_attribute_value(value).map_err(|_: serde_dynamo::Error| Unformed)?,
            );
            Ok(values)
        });
        Self { values, ..self }
    }

    /// An update whose refusal shows the item as it is.
    pub(crate) fn showing_refused(self) -> Self {
        Self { old: Old::IfRefused, ..self }
    }

    /// An update that shows the item as it was, whether it is applied or refused.
    pub(crate) fn showing_old(self) -> Self {
        Self { old: Old::Always, ..self }
    }

    /// The values of the expressions; DynamoDB takes no empty map.
    pub(super) fn values(&self) -> Result<Option<Item>, StoreError> {
        let values = self.values.as_ref().map_err(|_| StoreError::Unformed)?;
        Ok((!values.is_empty()).then(|| values.clone()))
    }

    /// Each `#name` of the expressions stands for the attribute of that name; DynamoDB takes no other and no empty map.
    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        let update = match &self.action {
            Action::Update(expression) => expression,
            Action::Put(_) | Action::Delete | Action::Check => "",
        };
        let names: HashMap<String, String> = [update, self.condition.as_deref().unwrap_or_default()]
            .iter()
            .flat_map(|expression| expression.split('#').skip(1))
            .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default())
            .map(|name| (format!("#{name}"), name.to_owned()))
            .collect();
        (!names.is_empty()).then_some(names)
    }

    /// As a part of a transaction.
    pub(super) fn in_transaction(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let (names, values) = (self.names(), self.values()?);
        let (key, condition) = (Some(self.key.attributes()), self.condition);
        let unformed = |_| StoreError::Unformed;
        let builder = TransactWriteItem::builder();
        let builder = match self.action {
            Action::Put(item) => {
                let put = Put::builder().table_name(table).set_item(Some(item)).set_condition_expression(condition);
                let put = put.set_expression_attribute_names(names).set_expression_attribute_values(values);
                builder.put(put.build().map_err(unformed)?)
            }
            Action::Update(expression) => {
                let update = Update::builder().table_name(table).set_key(key).update_expression(expression);
                let update = update.set_condition_expression(condition);
                let update = update.set_expression_attribute_names(names).set_expression_attribute_values(values);
                builder.update(update.build().map_err(unformed)?)
            }
            Action::Delete => {
                let delete = Delete::builder().table_name(table).set_key(key).set_condition_expression(condition);
                let delete = delete.set_expression_attribute_names(names).set_expression_attribute_values(values);
                builder.delete(delete.build().map_err(unformed)?)
            }
            Action::Check => {
                let check = ConditionCheck::builder().table_name(table).set_key(key);
                let check = check.set_condition_expression(condition);
                let check = check.set_expression_attribute_names(names).set_expression_attribute_values(values);
                builder.condition_check(check.build().map_err(unformed)?)
            }
        };
        Ok(builder.build())
    }
}
