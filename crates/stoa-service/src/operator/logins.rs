//! Logins of a connection, newest first: by the index, or by an address whose key only the function `operator` knows.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use jiff::Timestamp;
use stoa_core::email::Email;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::login::LoginItem;
use stoa_core::routes::Index;

use super::question::{MOST_LOGINS, Question, Reply};
use super::{Operator, OperatorError};

type Item = HashMap<String, AttributeValue>;

/// DynamoDB takes no more keys in one batch.
const BATCH: u16 = 100;
/// How many logins are looked at for those that are wanted.
const MOST_LOOKED_AT: usize = 2000;
/// How often what DynamoDB left out of a batch is asked for again.
const TRIES: usize = 4;

/// Which logins.
#[derive(Clone, Copy)]
pub struct LoginsWanted<'a> {
    /// Through which connection.
    pub connection: &'a ConnectionId,
    /// Begun then or later.
    pub since: Option<Timestamp>,
    /// Whose. Only proven logins have an owner.
    pub email: Option<&'a Email>,
    /// How many.
    pub limit: usize,
}

/// Logins, newest first.
#[derive(Debug)]
pub struct LoginsFound {
    /// Those that were wanted.
    pub logins: Vec<LoginItem>,
    /// Whether there may be more of them than were looked at.
    pub may_be_more: bool,
}

impl Operator {
    /// The newest logins that `keep` keeps.
    pub async fn logins(
        &self,
        wanted: LoginsWanted<'_>,
        keep: impl Fn(&LoginItem) -> bool,
    ) -> Result<LoginsFound, OperatorError> {
        let unknown = || OperatorError::NoConnection(wanted.connection.clone());
        let connection = self.current(wanted.connection).await?.ok_or_else(unknown)?;
        let keep = |login: &LoginItem| login.connection == *wanted.connection && keep(login);
        if let Some(email) = wanted.email {
            let question = Question::FindLogins {
                school: connection.document()?.school,
                email: email.as_str().to_owned(),
                since: wanted.since.map_or(0, Timestamp::as_second),
                limit: MOST_LOGINS,
            };
            let Reply::Logins(references) = self.ask(&question).await? else {
                return Err(OperatorError::Item("the answer of the function operator".into()));
            };
            let all = references.len() >= usize::from(MOST_LOGINS);
            return Ok(self.take(&references, wanted.limit, keep).await?.or_more(all));
        }
        let mut found = LoginsFound { logins: Vec::new(), may_be_more: false };
        let (mut looked_at, mut start) = (0, None);
        loop {
            let (references, next) = self.page(wanted, start).await?;
            looked_at += references.len();
            let page = self.take(&references, wanted.limit - found.logins.len(), &keep).await?;
            found.logins.extend(page.logins);
            start = next;
            let enough = page.may_be_more || found.logins.len() >= wanted.limit || looked_at >= MOST_LOOKED_AT;
            if start.is_none() || enough {
                return Ok(found.or_more(page.may_be_more || start.is_some()));
            }
        }
    }

    /// A page of the index `by-connection`.
    async fn page(
        &self,
        wanted: LoginsWanted<'_>,
        start: Option<Item>,
    ) -> Result<(Vec<Reference>, Option<Item>), OperatorError> {
        let since = wanted.since.map_or(0, Timestamp::as_second);
        let page = self
            .dynamodb
            .query()
            .table_name(&self.names.logins)
            .index_name(Index::LoginsByConnection.as_str())
            .key_condition_expression("#connection = :connection AND began >= :since")
            .expression_attribute_names("#connection", "connection")
            .expression_attribute_values(":connection", AttributeValue::S(wanted.connection.to_string()))
            .expression_attribute_values(":since", AttributeValue::N(since.to_string()))
            .scan_index_forward(false)
            .limit(BATCH.into())
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| OperatorError::aws("read the index by-connection", &error))?;
        let reference = |item: &Item| Reference::parse(item.get("pk")?.as_s().ok()?).ok();
        let references = page.items().iter().filter_map(reference).collect();
        Ok((references, page.last_evaluated_key.filter(|key| !key.is_empty())))
    }

    /// The items behind some references, in that order, as far as they are kept and wanted.
    async fn take(
        &self,
        references: &[Reference],
        limit: usize,
        keep: impl Fn(&LoginItem) -> bool,
    ) -> Result<LoginsFound, OperatorError> {
        let mut items = self.items(references).await?;
        let mut logins: Vec<LoginItem> =
            references.iter().filter_map(|reference| items.remove(reference)).filter(keep).collect();
        let may_be_more = logins.len() > limit;
        logins.truncate(limit);
        Ok(LoginsFound { logins, may_be_more })
    }

    /// The items behind up to a hundred references. One that has been cleaned up meanwhile is missing.
    async fn items(&self, references: &[Reference]) -> Result<HashMap<Reference, LoginItem>, OperatorError> {
        let key = |reference: &Reference| {
            HashMap::from([("pk".to_owned(), AttributeValue::S(reference.as_str().to_owned()))])
        };
        let mut keys: Vec<Item> = references.iter().map(key).collect();
        let mut items = HashMap::new();
        for _ in 0..TRIES {
            if keys.is_empty() {
                return Ok(items);
            }
            let asked = KeysAndAttributes::builder().set_keys(Some(keys)).build();
            let asked = asked.map_err(|_| OperatorError::Item("a batch".into()))?;
            let answer = self.dynamodb.batch_get_item().request_items(&self.names.logins, asked).send().await;
            let answer = answer.map_err(|error| OperatorError::aws("read the logins", &error))?;
            for item in answer.responses.unwrap_or_default().into_values().flatten() {
                let broken = |_| OperatorError::Item("a login".into());
                let login: LoginItem = serde_dynamo::from_item(item).map_err(broken)?;
                items.insert(login.pk.clone(), login);
            }
            keys = answer.unprocessed_keys.unwrap_or_default().into_values().flat_map(|left| left.keys).collect();
        }
        Err(OperatorError::Busy)
    }
}

impl LoginsFound {
    fn or_more(self, may_be_more: bool) -> Self {
        Self { may_be_more: self.may_be_more || may_be_more, ..self }
    }
}
