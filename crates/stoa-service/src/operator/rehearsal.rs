//! What a school does that is not documented: asked through the function `operator`, since the command has no school's
//! key, and kept.

use stoa_core::ids::SchoolId;
use stoa_core::rehearsal::{Findings, TestDomain};

use super::question::{Question, Rehearsed, Reply, Scene};
use super::{Answerer, OperatorError, StackAccess};
use crate::store::{ABSENT, Key, Reads, RehearsalItem};

impl StackAccess {
    /// Asks one question of a rehearsal.
    pub async fn rehearse(&self, school: &SchoolId, scene: Scene) -> Result<Rehearsed, OperatorError> {
        let question = Question::Rehearse { school: school.clone(), scene };
        let Reply::Rehearsed(rehearsed) = self.ask_once(&question).await? else {
            return Err(OperatorError::Answer(Answerer::Operator));
        };
        Ok(rehearsed)
    }

    /// What rehearsals have found of a school. None: it was never rehearsed.
    pub async fn rehearsal(&self, school: &SchoolId) -> Result<Option<RehearsalItem>, OperatorError> {
        let found = self.tables.get(&Key::rehearsal(school), Reads::Consistent).await;
        found.map_err(OperatorError::store("read what rehearsals have found"))
    }

    /// Keeps what was found, beside what was found earlier of other questions.
    pub async fn keep_rehearsal(
        &self,
        school: &SchoolId,
        domain: &TestDomain,
        findings: &Findings,
    ) -> Result<(), OperatorError> {
        let before = self.rehearsal(school).await?;
        let mut found = before.as_ref().map(|item| item.found.clone()).unwrap_or_default();
        for (question, finding) in findings {
            let finding = serde_json::to_value(finding).map_err(|_| OperatorError::Unformed)?;
            found.insert(question.code().to_owned(), finding);
        }
        let (at, by) = (Self::now().as_second(), self.by.clone());
        let item = RehearsalItem { v: RehearsalItem::VERSION, at, by, domain: domain.to_string(), found };
        let write = Key::rehearsal(school).put(&item);
        let write = match &before {
            None => write.only_if(ABSENT),
            Some(before) => write.only_if("#at = :before").with(":before", before.at),
        };
        let outcome = self.tables.write(write).await.map_err(OperatorError::store("keep what was found"))?;
        if outcome.is_applied() { Ok(()) } else { Err(OperatorError::SchoolMeanwhile(school.clone())) }
    }
}
