//! What another set of grants changes at the school, counted before it is applied.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::applied::{Applied, Enrolled, InGroup};
use crate::connection::GrantDocument;
use crate::directory::{Membership, granted};
use crate::ids::CourseId;

/// Somebody who is active in the directory, without who they are.
pub struct Grantee<'a> {
    /// Their groups in the directory.
    pub memberships: &'a [Membership],
    /// When the directory was first told of them.
    pub since: Timestamp,
    /// What was done for them at the school.
    pub applied: &'a Applied,
}

/// How many people get what, and lose what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regranted {
    /// Of how many.
    pub people: u64,
    /// So many lose a course: beyond the limit on removals, they are held.
    pub losers: u64,
    /// By course. Those for which nothing changes are not here.
    pub courses: BTreeMap<CourseId, CourseChange>,
    /// By group of the school. Those for which nothing changes are not here.
    pub groups: BTreeMap<String, GroupChange>,
}

/// What becomes of a course.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CourseChange {
    /// So many get it who do not have it.
    pub gain: u64,
    /// So many lose it to whom it was given.
    pub lose: u64,
    /// So many keep it to another end.
    pub other_end: u64,
}

/// What becomes of a group of the school.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    /// So many are put into it.
    pub gain: u64,
    /// So many were put into it and should leave it, which Thinkific has no call for.
    pub leave: u64,
}

impl Regranted {
    /// Counts one person. Returns whether they are to have something else than before.
    pub fn count(&mut self, person: &Grantee<'_>, before: &[GrantDocument], after: &[GrantDocument]) -> bool {
        self.people += 1;
        let wanted = |grants| granted(grants, person.memberships, person.since);
        let ((courses_before, groups_before), (courses, groups)) = (wanted(before), wanted(after));
        let has = |course: &CourseId| person.applied.enrolments.get(course);
        for (course, end) in &courses {
            match (courses_before.get(course), has(course)) {
                (Some(before), _) if before != end => self.course(*course).other_end += 1,
                (None, None) => self.course(*course).gain += 1,
                (Some(_), _) | (None, Some(_)) => {}
            }
        }
        let mut is_loser = false;
        for course in courses_before.keys().filter(|course| !courses.contains_key(course)) {
            match has(course) {
                Some(Enrolled::Giving | Enrolled::Given { .. }) => {
                    self.course(*course).lose += 1;
                    is_loser = true;
                }
                // What they had already is not stoa's to take away, and what was not given yet never is.
                Some(Enrolled::Found { .. }) | None => {}
            }
        }
        self.losers += u64::from(is_loser);
        let is_in = |group: &String| person.applied.groups.get(group) == Some(&InGroup::Given);
        for group in groups.iter().filter(|group| !groups_before.contains(*group) && !is_in(group)) {
            self.groups.entry(group.clone()).or_default().gain += 1;
        }
        for group in groups_before.iter().filter(|group| !groups.contains(*group) && is_in(group)) {
            self.groups.entry(group.clone()).or_default().leave += 1;
        }
        courses != courses_before || groups != groups_before
    }

    fn course(&mut self, course: CourseId) -> &mut CourseChange {
        self.courses.entry(course).or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn grants(text: &str) -> Vec<GrantDocument> {
        #[derive(serde::Deserialize)]
        struct Grants {
            #[serde(default)]
            grant: Vec<GrantDocument>,
        }
        toml::from_str::<Grants>(text).unwrap().grant
    }

    fn counted(before: &str, after: &str, people: &[(&[&str], &Applied)]) -> Regranted {
        let (before, after) = (grants(before), grants(after));
        let mut counted = Regranted::default();
        for (groups, applied) in people {
            let since = Timestamp::UNIX_EPOCH;
            let memberships: Vec<_> =
                groups.iter().map(|group| Membership { group: (*group).to_owned(), since }).collect();
            counted.count(&Grantee { memberships: &memberships, since, applied }, &before, &after);
        }
        counted
    }

    fn has(course: u64, enrolled: Enrolled) -> Applied {
        Applied { enrolments: BTreeMap::from([(CourseId(course), enrolled)]), ..Applied::default() }
    }

    const LEADERS: &str = "[[grant]]\ngroup = \"Leaders\"\ncourses = [4]\nthinkific_groups = [\"Managers\"]\n";
    const EVERYBODY: &str = "[[grant]]\neverybody = true\ncourses = [4]\n";
    const GIVEN: Enrolled = Enrolled::Given { id: 1, until: None };

    #[test]
    fn whoever_has_a_course_does_not_gain_it_and_only_what_was_given_is_lost() {
        let nothing = Applied::default();
        let (given, found) = (has(4, GIVEN), has(4, Enrolled::Found { until: None }));
        let people: [(&[&str], &Applied); 4] =
            [(&["leaders"], &nothing), (&["Leaders"], &given), (&["LEADERS"], &found), (&["Others"], &nothing)];
        let gained = counted("", LEADERS, &people);
        assert_eq!(gained.people, 4);
        assert_eq!(gained.courses, BTreeMap::from([(CourseId(4), CourseChange { gain: 1, ..Default::default() })]));
        assert_eq!(gained.groups["Managers"], GroupChange { gain: 3, leave: 0 });
        let lost = counted(LEADERS, "", &people);
        assert_eq!(lost.courses, BTreeMap::from([(CourseId(4), CourseChange { lose: 1, ..Default::default() })]));
        assert_eq!((lost.losers, gained.losers), (1, 0));
        assert!(lost.groups.is_empty(), "nobody was put into it");
        let in_it = Applied { groups: BTreeMap::from([("Managers".to_owned(), InGroup::Given)]), ..given };
        assert_eq!(
            counted(LEADERS, "", &[(&["Leaders"], &in_it)]).groups["Managers"],
            GroupChange { gain: 0, leave: 1 }
        );
    }

    #[test]
    fn what_another_grant_gives_is_neither_lost_nor_gained() {
        let given = has(4, GIVEN);
        let both = format!("{LEADERS}{EVERYBODY}");
        assert!(counted(&both, EVERYBODY, &[(&["Leaders"], &given)]).courses.is_empty());
        assert!(counted(EVERYBODY, &both, &[(&["Leaders"], &given)]).courses.is_empty());
        assert_eq!(counted(EVERYBODY, EVERYBODY, &[(&[], &given)]), Regranted { people: 1, ..Default::default() });
    }

    #[test]
    fn another_end_of_a_course_is_counted_as_that() {
        let shorter = format!("{LEADERS}expires_after = \"30d\"\n");
        let ends = counted(LEADERS, &shorter, &[(&["Leaders"], &has(4, GIVEN))]);
        assert_eq!(ends.courses[&CourseId(4)], CourseChange { other_end: 1, ..Default::default() });
    }
}
