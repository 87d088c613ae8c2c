//! The tables: one client, and what it is asked. Functions and the command `stoa` read and write through this.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure as OnRefusal,
};
use serde::de::DeserializeOwned;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::{Index, Table};

use super::error::StoreError;
use super::items::{Item, Key, Range, TrustItem};
use super::write::{Action, Old, Outcome, Write};

/// How often what DynamoDB left out of a batch is asked for again.
const TRIES: u32 = 3;

/// The tables of one stack.
pub(crate) struct Tables {
    client: Client,
    names: HashMap<Table, String>,
}

/// Whether a read sees every write that has ended. One that does costs twice as much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// It may miss the last second.
    Eventual,
    /// It misses nothing.
    Consistent,
}

/// Entries of an index: those of one partition, from an instant on.
pub(crate) struct Entries<'a> {
    /// In which index.
    pub(crate) index: Index,
    /// The partition key's value.
    pub(crate) of: &'a str,
    /// The smallest sort key.
    pub(crate) since: i64,
}

/// Entries of an index: those of one partition, between two sort keys.
pub(crate) struct Between<'a> {
    /// In which index.
    pub(crate) index: Index,
    /// The partition key's value.
    pub(crate) of: &'a str,
    /// The smallest sort key.
    pub(crate) first: i64,
    /// The largest sort key.
    pub(crate) last: i64,
}

/// Some entries of an index.
pub(crate) struct Page {
    /// The entries of this page.
    pub(crate) items: Vec<Item>,
    /// Where the next ones begin, if there may be any.
    pub(crate) next: Option<Item>,
}

/// How a transaction ended.
#[derive(Debug)]
pub(crate) enum Transacted {
    /// All of it was written.
    Applied,
    /// Nothing was written: of each write in turn DynamoDB's reason, if it stood in the way.
    Cancelled(Vec<Option<String>>),
}

/// Items of a page of a range: more than a megabyte holds of the smallest ones, which is where DynamoDB ends a page. The
/// embedded one reads all that is left of the range for each page that names no number.
const PAGE: i32 = 13_000;

impl Tables {
    /// The tables of these names.
    pub(crate) fn new(client: Client, name: impl Fn(Table) -> String) -> Self {
        Self { client, names: Table::ALL.iter().map(|table| (*table, name(*table))).collect() }
    }

    /// The name of a table.
    pub(crate) fn name(&self, table: Table) -> &str {
        self.names.get(&table).map_or("", String::as_str)
    }

    /// One item, if it is there.
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: &Key, reads: Reads) -> Result<Option<T>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(self.name(key.table))
            .set_key(Some(key.attributes()))
            .consistent_read(reads == Reads::Consistent)
            .send()
            .await
            .map_err(|error| StoreError::aws(key.table.as_str(), &error))?;
        answer.item.map(|item| read(key.table, item)).transpose()
    }

    /// The items of a range, in the order of their sort keys.
    pub(crate) async fn query<T: DeserializeOwned>(&self, range: &Range, reads: Reads) -> Result<Vec<T>, StoreError> {
        let items = self.items(range, reads).await?.into_iter();
        items.map(|item| read(range.table, item)).collect()
    }

    /// The keys that a connection trusts: its key sets, which stand beside them, are none.
    pub(crate) async fn trusted(&self, connection: &ConnectionId, reads: Reads) -> Result<Vec<TrustItem>, StoreError> {
        let keys = self.items(&Range::trusted(connection), reads).await?.into_iter().filter(TrustItem::is_key);
        keys.map(|item| read(Table::Trust, item)).collect()
    }

    /// The items of a range as they are: of several kinds, in the order of their sort keys.
    pub(crate) async fn all(&self, range: &Range, reads: Reads) -> Result<Vec<Item>, StoreError> {
        self.items(range, reads).await
    }

    /// Whether nothing is in a range.
    pub(crate) async fn is_empty(&self, range: &Range) -> Result<bool, StoreError> {
        let first = self.query_of(range, Reads::Consistent).limit(1).send().await;
        let first = first.map_err(|error| StoreError::aws(range.table.as_str(), &error))?;
        Ok(first.items.unwrap_or_default().is_empty())
    }

    fn query_of(&self, range: &Range, reads: Reads) -> QueryFluentBuilder {
        let condition = match range.begin {
            Some(_) => "pk = :pk AND begins_with(sk, :begin)",
            None => "pk = :pk",
        };
        let begin = range.begin.as_ref().map(|begin| (":begin".to_owned(), AttributeValue::S(begin.clone())));
        let pk = (":pk".to_owned(), AttributeValue::S(range.pk.clone()));
        let values: Item = std::iter::once(pk).chain(begin).collect();
        self.client
            .query()
            .table_name(self.name(range.table))
            .consistent_read(reads == Reads::Consistent)
            .key_condition_expression(condition)
            .set_expression_attribute_values(Some(values))
    }

    async fn items(&self, range: &Range, reads: Reads) -> Result<Vec<Item>, StoreError> {
        let query = self.query_of(range, reads);
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let page = query.clone().limit(PAGE).set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| StoreError::aws(range.table.as_str(), &error))?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// Entries of an index, the newest first.
    pub(crate) async fn entries(
        &self,
        entries: &Entries<'_>,
        limit: u16,
        start: Option<Item>,
    ) -> Result<Page, StoreError> {
        let (index, table) = (entries.index, entries.index.table());
        let page = self
            .client
            .query()
            .table_name(self.name(table))
            .index_name(index.as_str())
            .key_condition_expression("#partition = :partition AND #sort >= :since")
            .expression_attribute_names("#partition", index.partition_key())
            .expression_attribute_names("#sort", index.sort_key())
            .expression_attribute_values(":partition", AttributeValue::S(entries.of.to_owned()))
            .expression_attribute_values(":since", AttributeValue::N(entries.since.to_string()))
            .scan_index_forward(false)
            .limit(limit.into())
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| StoreError::aws(table.as_str(), &error))?;
        let next = page.last_evaluated_key.filter(|key| !key.is_empty());
        Ok(Page { items: page.items.unwrap_or_default(), next })
    }

    /// Entries of an index, those with the smallest sort keys first.
    pub(crate) async fn earliest(&self, between: &Between<'_>, limit: u16) -> Result<Vec<Item>, StoreError> {
        let (index, table) = (between.index, between.index.table());
        let page = self
            .client
            .query()
            .table_name(self.name(table))
            .index_name(index.as_str())
            .key_condition_expression("#partition = :partition AND #sort BETWEEN :first AND :last")
            .expression_attribute_names("#partition", index.partition_key())
            .expression_attribute_names("#sort", index.sort_key())
            .expression_attribute_values(":partition", AttributeValue::S(between.of.to_owned()))
            .expression_attribute_values(":first", AttributeValue::N(between.first.to_string()))
            .expression_attribute_values(":last", AttributeValue::N(between.last.to_string()))
            .limit(limit.into())
            .send()
            .await
            .map_err(|error| StoreError::aws(table.as_str(), &error))?;
        Ok(page.items.unwrap_or_default())
    }

    /// Up to a hundred items, in no order, as far as they are there. `what` says in a failure what was read.
    pub(crate) async fn batch(
        &self,
        what: &'static str,
        keys: impl IntoIterator<Item = Key>,
        reads: Reads,
    ) -> Result<Vec<(Table, Item)>, StoreError> {
        let mut wanted: HashMap<Table, Vec<Item>> = HashMap::new();
        for key in keys {
            wanted.entry(key.table).or_default().push(key.attributes());
        }
        let mut asked = HashMap::new();
        for (table, keys) in wanted {
            let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(reads == Reads::Consistent);
            asked.insert(self.name(table).to_owned(), keys.build().map_err(|_| StoreError::Unformed)?);
        }
        let mut found = Vec::new();
        for attempt in 0..TRIES {
            if asked.is_empty() {
                break;
            }
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
            }
            let answer = self.client.batch_get_item().set_request_items(Some(asked)).send().await;
            let answer = answer.map_err(|error| StoreError::aws(what, &error))?;
            for (name, items) in answer.responses.unwrap_or_default() {
                let table = self.names.iter().find(|(_, own)| **own == name).map(|(table, _)| *table);
                found.extend(items.into_iter().filter_map(|item| Some((table?, item))));
            }
            asked = answer.unprocessed_keys.unwrap_or_default();
        }
        if asked.is_empty() { Ok(found) } else { Err(StoreError::Unfinished) }
    }

    /// Writes one item, if its condition holds.
    pub(crate) async fn write(&self, write: Write) -> Result<Outcome, StoreError> {
        let (table, names, values) = (write.key.table, write.names(), write.values()?);
        let (name, key) = (self.name(table), Some(write.key.attributes()));
        match write.action {
            Action::Put(item) => {
                let put = self.client.put_item().table_name(name).set_item(Some(item));
                let put = put.set_condition_expression(write.condition);
                let put = put.set_expression_attribute_names(names).set_expression_attribute_values(values);
                outcome(table, put.send().await.map(|put| put.attributes))
            }
            Action::Update(expression) => {
                let update = self.client.update_item().table_name(name).set_key(key).update_expression(expression);
                let update = update.set_condition_expression(write.condition);
                let update = update.set_expression_attribute_names(names).set_expression_attribute_values(values);
                let update = match write.old {
                    Old::Never => update,
                    Old::IfRefused => update.return_values_on_condition_check_failure(OnRefusal::AllOld),
                    Old::Always => update
                        .return_values(ReturnValue::AllOld)
                        .return_values_on_condition_check_failure(OnRefusal::AllOld),
                };
                outcome(table, update.send().await.map(|update| update.attributes))
            }
            Action::Delete => {
                let delete = self.client.delete_item().table_name(name).set_key(key);
                let delete = delete.set_condition_expression(write.condition);
                let delete = delete.set_expression_attribute_names(names).set_expression_attribute_values(values);
                outcome(table, delete.send().await.map(|delete| delete.attributes))
            }
            Action::Check => Err(StoreError::Unformed),
        }
    }

    /// Writes everything or nothing.
    pub(crate) async fn transact(&self, writes: Vec<Write>) -> Result<Transacted, StoreError> {
        let what = writes.first().map_or("", |write| write.key.table.as_str());
        let parts = writes.into_iter().map(|write| {
            let table = self.name(write.key.table).to_owned();
            write.in_transaction(&table)
        });
        let parts: Vec<_> = parts.collect::<Result<_, _>>()?;
        let answer = self.client.transact_write_items().set_transact_items(Some(parts)).send().await;
        let Err(error) = answer else { return Ok(Transacted::Applied) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                let reasons = cancelled.cancellation_reasons().iter().map(|reason| reason.code());
                let reasons = reasons.map(|code| code.filter(|code| *code != "None").map(str::to_owned));
                Ok(Transacted::Cancelled(reasons.collect()))
            }
            Some(_) | None => Err(StoreError::aws(what, &error)),
        }
    }
}

/// Reads an item into its form.
pub(crate) fn read<T: DeserializeOwned>(table: Table, item: Item) -> Result<T, StoreError> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let pk = text(table.partition_key()).unwrap_or_default();
    let key = Key { table, pk, sk: table.sort_key().and_then(text) };
    serde_dynamo::from_item(item).map_err(|why| StoreError::Strange { key, why })
}

/// The errors of operations that may have a condition.
trait Conditional: ProvideErrorMetadata {
    /// The refusal of the condition, if it is one.
    fn refused(&self) -> Option<&ConditionalCheckFailedException>;
}

macro_rules! conditional {
    ($($error:ident),+) => {
        $(impl Conditional for $error {
            fn refused(&self) -> Option<&ConditionalCheckFailedException> {
                match self {
                    Self::ConditionalCheckFailedException(refused) => Some(refused),
                    _ => None,
                }
            }
        })+
    };
}

conditional!(PutItemError, UpdateItemError, DeleteItemError);

/// The one place that tells a refused condition from an error.
fn outcome<E: Conditional, R>(
    table: Table,
    answer: Result<Option<Item>, SdkError<E, R>>,
) -> Result<Outcome, StoreError> {
    match answer {
        Ok(old) => Ok(Outcome::Applied(old)),
        Err(error) => match error.as_service_error().and_then(Conditional::refused) {
            Some(refused) => Ok(Outcome::Refused(refused.item.clone())),
            None => Err(StoreError::aws(table.as_str(), &error)),
        },
    }
}
