//! What a school is asked to tell. The function `operator` asks, since the command has no school's key.

use stoa_core::ids::SchoolId;

use super::question::{Question, Reply, Told};
use super::{Answerer, OperatorError, StackAccess};

impl StackAccess {
    /// The subscriptions of a school and what becomes of them; with `write`, that is done.
    pub async fn webhooks(&self, school: &SchoolId, write: bool) -> Result<Vec<Told>, OperatorError> {
        let question = Question::Webhooks { school: school.clone(), write };
        let Reply::Webhooks(told) = self.ask(&question).await? else {
            return Err(OperatorError::Answer(Answerer::Operator));
        };
        Ok(told)
    }
}
