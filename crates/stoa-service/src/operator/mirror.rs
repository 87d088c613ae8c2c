//! How far the mirror of a school has come, and that it looks at everybody now.

use stoa_core::ids::SchoolId;
use stoa_core::mirror::SchoolMirror;

use super::{OperatorError, StackAccess};
use crate::store::{Key, Reads};

impl StackAccess {
    /// How far the mirror of a school has come. None: nobody has looked yet.
    pub async fn school_mirror(&self, school: &SchoolId) -> Result<Option<SchoolMirror>, OperatorError> {
        let found = self.tables.get(&Key::mirror(school), Reads::Consistent).await;
        found.map_err(OperatorError::store("read the mirror"))
    }

    /// Asks the function `mirror` to look at all accounts with its next run. Returns when that was asked, in epoch
    /// seconds.
    pub async fn want_mirror(&self, school: &SchoolId) -> Result<i64, OperatorError> {
        let now = Self::now().as_second();
        // Its revision is counted up, so that a run that is under way does not write over it what it has read before.
        let write = Key::mirror(school)
            .update("SET wanted = :now, rev = if_not_exists(rev, :none) + :one, v = if_not_exists(v, :one)")
            .with(":now", now)
            .with(":none", 0)
            .with(":one", 1);
        self.tables.write(write).await.map_err(OperatorError::store("ask for the mirror"))?;
        Ok(now)
    }
}
