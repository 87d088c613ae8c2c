//! Logins of a connection, newest first: by the index, or by an address whose key only the function `operator` knows.

use std::collections::HashMap;

use jiff::Timestamp;
use stoa_core::email::Email;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::login::LoginItem;
use stoa_core::routes::Index;

use super::question::{MOST_LOGINS, Question, Reply};
use super::{Answerer, OperatorError, StackAccess};
use crate::store::{Entries, Item, Key, Reads, read};

/// DynamoDB takes no more keys in one batch.
const BATCH: u16 = 100;
/// How many logins are looked at for those that are wanted.
const MOST_LOOKED_AT: usize = 2000;

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

impl StackAccess {
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
                return Err(OperatorError::Answer(Answerer::Operator));
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
        let entries = Entries { index: Index::LoginsByConnection, of: wanted.connection.as_str(), since };
        let page = self.tables.entries(&entries, BATCH, start).await;
        let page = page.map_err(OperatorError::store("read the index by-connection"))?;
        let reference = |item: &Item| Reference::parse(item.get("pk")?.as_s().ok()?).ok();
        Ok((page.items.iter().filter_map(reference).collect(), page.next))
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
    pub(super) async fn items(&self, references: &[Reference]) -> Result<HashMap<Reference, LoginItem>, OperatorError> {
        let keys = references.iter().map(Key::login);
        let found = self.tables.batch("logins", keys, Reads::Eventual).await;
        let mut items = HashMap::new();
        for (table, item) in found.map_err(OperatorError::store("read the logins"))? {
            let login: LoginItem = read(table, item)?;
            items.insert(login.reference.clone(), login);
        }
        Ok(items)
    }
}

impl LoginsFound {
    fn or_more(self, may_be_more: bool) -> Self {
        Self { may_be_more: self.may_be_more || may_be_more, ..self }
    }
}
