//! How far the people of a directory have come in their courses, as the school's webhooks have told.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use stoa_core::directory::UserId;
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::provision::Sync;

use super::{OperatorError, StackAccess};
use crate::store::{Key, Range, Reads, StoreError, course_of};

/// People about whom is asked at once.
const AT_ONCE: usize = 16;

/// How far somebody has come in a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InCourse {
    /// Thinkific's id of the course.
    pub course: u64,
    /// How much of it is done, 0 to 100; `None`: the school has said no such number.
    pub percent: Option<u8>,
    /// Since when it is done, in epoch seconds; `None`: it is not. Once done, it stays so.
    pub completed: Option<i64>,
    /// As of when, in epoch milliseconds.
    pub updated: i64,
}

/// As `thinkific-webhook` writes it.
#[derive(Deserialize)]
struct ProgressItem {
    sk: String,
    #[serde(default)]
    percent: Option<u8>,
    #[serde(default)]
    completed: Option<i64>,
    updated: i64,
}

impl StackAccess {
    /// How far each of these people has come, in their order. Whose account is not known, or of whom the school has told
    /// nothing, has come nowhere.
    pub async fn progress_of(
        &self,
        connection: &ConnectionId,
        people: &[UserId],
    ) -> Result<Vec<Vec<InCourse>>, OperatorError> {
        let unknown = || OperatorError::NoConnection(connection.clone());
        let school = self.current(connection).await?.ok_or_else(unknown)?.document()?.school;
        let asked: Vec<_> = people.iter().map(|person| self.progress_of_one(connection, &school, person)).collect();
        let found = stream::iter(asked).buffered(AT_ONCE).try_collect().await;
        found.map_err(OperatorError::store("read how far people have come"))
    }

    async fn progress_of_one(
        &self,
        connection: &ConnectionId,
        school: &SchoolId,
        person: &UserId,
    ) -> Result<Vec<InCourse>, StoreError> {
        let sync: Option<Sync> = self.tables.get(&Key::sync(connection, person), Reads::Consistent).await?;
        let Some(account) = sync.and_then(|sync| sync.applied.at(school).account) else { return Ok(Vec::new()) };
        let items: Vec<ProgressItem> =
            self.tables.query(&Range::progress(school, account.user), Reads::Consistent).await?;
        let in_course = |item: ProgressItem| {
            let course = course_of(&item.sk)?;
            Some(InCourse { course, percent: item.percent, completed: item.completed, updated: item.updated })
        };
        Ok(items.into_iter().filter_map(in_course).collect())
    }
}
