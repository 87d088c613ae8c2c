//! What Thinkific does not document, asked of a school with people of our own.
//!
//! The questions are data: what is asked and how, what is assumed, which answers there are, what depends on them. Who
//! asks is the function `operator`; the simulated school can be told to give each of the answers.

mod answer;
mod people;
mod question;
mod reading;

use std::collections::BTreeMap;

use crate::connection::FirstLogins;

pub use self::answer::{Answer, Finding};
pub use self::people::{DomainError, GROUP, TestDomain};
pub use self::question::{NOT_ASKED, Question};
pub use self::reading::{Names, Opened, Tries, holders, opened};

/// What a school answered.
pub type Findings = BTreeMap<Question, Finding>;

/// The questions of which the answer was not what `first_logins = "sign"` needs: none if it is not set, or nothing was
/// asked.
pub fn unfit_for(first_logins: FirstLogins, findings: &Findings) -> Vec<Question> {
    let needs = match first_logins {
        FirstLogins::Ask => &[][..],
        FirstLogins::Sign => &[Question::NewAddress, Question::UnboundAccount],
    };
    let otherwise = |question: &Question| findings.get(question).is_some_and(|it| it.answer != Some(Answer::Bound));
    needs.iter().copied().filter(otherwise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_sign_at_once_both_kinds_of_accounts_must_become_bound() {
        let found = |answer: Answer| Findings::from([(Question::NewAddress, answer.into())]);
        let sign = |findings: &Findings| unfit_for(FirstLogins::Sign, findings);
        assert!(sign(&Findings::new()).is_empty(), "nothing is known");
        assert!(sign(&found(Answer::Bound)).is_empty());
        assert_eq!(sign(&found(Answer::Unbound)), [Question::NewAddress]);
        let unclear = Findings::from([(Question::UnboundAccount, Finding::unclear("HTTP 500"))]);
        assert_eq!(sign(&unclear), [Question::UnboundAccount]);
        assert!(unfit_for(FirstLogins::Ask, &unclear).is_empty());
    }
}
