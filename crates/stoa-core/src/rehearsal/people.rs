//! The people who exist for the questions only, and the domain that they are under.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::question::Question;
use crate::email::Email;

/// The group that one question makes.
pub const GROUP: &str = "stoa rehearsal";

/// A mail domain under which nobody signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TestDomain(String);

/// Why a domain is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a mail domain, such as test.example.com")]
pub struct DomainError;

impl TestDomain {
    /// A mail domain, in lower case afterwards.
    ///
    /// # Errors
    ///
    /// If an address under it would not be one that stoa accepts of people.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let domain = Self(text.to_ascii_lowercase());
        let is_taken = |address: &String| Email::parse(address).is_ok_and(|it| it.as_str() == address);
        let is_good = Question::ALL.iter().flat_map(|question| domain.addresses(*question)).all(|it| is_taken(&it));
        if is_good { Ok(domain) } else { Err(DomainError) }
    }

    /// The domain.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The addresses of all of a question's people.
    pub fn addresses(&self, question: Question) -> impl Iterator<Item = String> + use<'_> {
        (1..=question.people()).map(move |number| self.address(question, number))
    }

    /// The address of one of a question's people, counted from 1. The same with each rehearsal, so that whoever was left
    /// by one is found by the next; unlike any that a person has.
    pub fn address(&self, question: Question, number: u8) -> String {
        let question = question.code().replace('_', "-");
        // One within the other: the search is asked whether it tells them apart.
        let longer = "x".repeat(usize::from(number.saturating_sub(1)));
        format!("{longer}stoa-rehearsal-{question}@{}", self.0)
    }
}

impl fmt::Display for TestDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TestDomain {
    type Error = DomainError;

    fn try_from(text: String) -> Result<Self, DomainError> {
        Self::parse(&text)
    }
}

impl From<TestDomain> for String {
    fn from(domain: TestDomain) -> Self {
        domain.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nobody_has_an_address_twice_and_one_is_within_another() {
        let domain = TestDomain::parse("Test.Example.com").unwrap();
        let all: Vec<String> = Question::ALL.iter().flat_map(|it| domain.addresses(*it)).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(domain.address(Question::Search, 2), "xstoa-rehearsal-search@test.example.com");
        assert!(domain.address(Question::Search, 2).contains(&domain.address(Question::Search, 1)));
        for wrong in ["", "example", "a@b.com", "a b.com", "x.com\n", ".com", "b\u{fc}cher.example"] {
            assert_eq!(TestDomain::parse(wrong), Err(DomainError), "{wrong:?}");
        }
    }
}
