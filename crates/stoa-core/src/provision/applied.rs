//! What has been done for a person at a school.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{CourseId, DetailsKey, EmailKey, SchoolId};

/// What has been done for a person at a school, as far as it is written down. Nobody's name is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Applied {
    /// At which school. An item of an earlier version does not say so: it is the connection's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub school: Option<SchoolId>,
    /// Their account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// Name and address that the account was given. None: they must be given again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<DetailsKey>,
    /// The address alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_key: Option<EmailKey>,
    /// Whether they are at the school.
    pub access: Access,
    /// Their courses that stoa knows of.
    #[serde(with = "by_course", skip_serializing_if = "BTreeMap::is_empty")]
    pub enrolments: BTreeMap<CourseId, Enrolled>,
    /// Groups of the school that they were put into, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, InGroup>,
    /// A run began and its end was not written down: more may have been done than is said here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_doubtful: bool,
    /// When the account was last seen without a role that the connection does not name, in epoch seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
}

impl Applied {
    /// What of it was done at a school: an account's id is somebody else's at another one.
    #[must_use]
    pub fn at(self, school: &SchoolId) -> Self {
        if self.school.as_ref().is_none_or(|own| own == school) { self } else { Self::default() }
    }
}

/// An account at the school.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id at the school.
    pub user: u64,
    /// What a login has to name it by.
    pub external_id: String,
    /// Whether stoa made it. Only then it may be deleted.
    pub is_made: bool,
    /// It was nobody's, and whoever registered it may still know its password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub password_is_due: bool,
}

/// Whether a person is at the school.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// They never were.
    #[default]
    None,
    /// They are.
    Given,
    /// They were, and everything that was given is taken back.
    Withdrawn,
}

/// A course of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Enrolled {
    /// It was about to be given, and was not theirs before. Whether it was given is not written down.
    Giving,
    /// It was given.
    Given {
        /// The enrollment's id at the school.
        id: u64,
        /// When it ends, in epoch seconds.
        until: Option<i64>,
    },
    /// They had it already: it is not stoa's to take away.
    Found {
        /// When it ends, in epoch seconds.
        until: Option<i64>,
    },
}

/// A group of the school that a person was put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InGroup {
    /// They belong there.
    Given,
    /// They do not belong there any more. Thinkific's Admin API has no call that takes somebody out of a group.
    Left,
}

/// Courses are numbers, and an item's keys are texts: so a list of pairs.
mod by_course {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Enrolled;
    use crate::ids::CourseId;

    pub(super) fn serialize<S: Serializer>(
        courses: &BTreeMap<CourseId, Enrolled>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(courses)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<CourseId, Enrolled>, D::Error> {
        Ok(Vec::<(CourseId, Enrolled)>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_at_another_school_is_nothing_here() {
        let [here, there] = ["pg-academy", "other"].map(|school| SchoolId::parse(school).unwrap());
        let account = Account { user: 7, external_id: "a".to_owned(), is_made: true, password_is_due: false };
        let done = Applied { school: Some(here.clone()), account: Some(account), ..Applied::default() };
        assert_eq!(done.clone().at(&here), done);
        assert_eq!(done.clone().at(&there), Applied::default());
        // As an earlier version has written it.
        let done = Applied { school: None, ..done };
        assert_eq!(done.clone().at(&there), done);
    }
}
