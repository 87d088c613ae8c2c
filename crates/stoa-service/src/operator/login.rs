//! A login, for whoever looks into it.

use stoa_core::ids::Reference;
use stoa_core::login::LoginItem;

use super::{OperatorError, StackAccess};
use crate::store::{Key, Reads};

impl StackAccess {
    /// A login's item, if it is still kept.
    pub async fn login(&self, reference: &Reference) -> Result<Option<LoginItem>, OperatorError> {
        let read = self.tables.get(&Key::login(reference), Reads::Consistent).await;
        read.map_err(OperatorError::store("read the login"))
    }
}
