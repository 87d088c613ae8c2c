//! Reconciliations against a school that keeps what it is told, broken off everywhere.

#![allow(clippy::unwrap_used)]

mod morning;
mod school;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use self::school::{Person, School};
use super::{Access, Applied, Call, Enrolled, Outcome, Reconciliation, Step, Stuck, Told};
use crate::connection::{Connection, ConnectionState, UrlPolicy};
use crate::directory::{Desired, UserId};
use crate::email::Email;
use crate::fault::Fault;
use crate::ids::CourseId;
use crate::keys::{KeySet, Pepper};
use crate::thinkific::{ApiAnswer, UnknownPassword};

const NOW: i64 = 1_790_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

fn connection(more: &str) -> Connection {
    let text = format!(
        "id = \"acme\"\ncustomer = \"acme\"\nschool = \"academy\"\ndomains = [\"acme.com\"]\n[attributes]\nemail = \"mail\"\n\
         [saml]\nsp_entity_id = \"https://stoa.example/saml/acme\"\n[saml.idp]\nentity_id = \"https://idp.acme.com\"\n\
         sso_redirect = \"https://idp.acme.com/sso\"\n{more}"
    );
    Connection::check(toml::from_str(&text).unwrap(), 1, ConnectionState::Active, UrlPolicy::Https).unwrap()
}

fn scim() -> Connection {
    connection("[directory]\nsource = \"scim\"\n")
}

fn pepper() -> Pepper {
    Pepper::from_keys(&KeySet::parse(r#"{"keys":[{"id":"a","from":0,"value":"x"}]}"#).unwrap())
}

fn ada(courses: &[(u64, Option<Timestamp>)], groups: &[&str]) -> Desired {
    Desired {
        user: UserId::from_random([7; 16]),
        created: Some(NOW),
        active: true,
        email: Some(Email::parse("ada@acme.com").unwrap()),
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        enrolments: courses.iter().map(|(course, until)| (CourseId(*course), *until)).collect(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    }
}

fn gone(desired: &Desired) -> Desired {
    Desired { active: false, enrolments: BTreeMap::new(), groups: BTreeSet::new(), ..desired.clone() }
}

/// What happens to one call or write of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// The run dies before it.
    CrashBefore,
    /// It is carried out, and the run dies.
    CrashAfter,
    /// It is not carried out: too many at once, or the other side is not there.
    Refused(u16),
    /// It is carried out, and the answer never comes.
    Lost,
    /// It is carried out twice, and the second answer comes.
    Twice,
    /// It is carried out, and once more after the next one of the run.
    Late,
}

const TROUBLES: [Trouble; 8] = [
    Trouble::CrashBefore,
    Trouble::CrashAfter,
    Trouble::Refused(429),
    Trouble::Refused(503),
    Trouble::Refused(520),
    Trouble::Lost,
    Trouble::Twice,
    Trouble::Late,
];

/// A run: the school, what is written down, and at which of its points there is trouble.
struct World<'a> {
    connection: &'a Connection,
    school: School,
    applied: Applied,
    owner: Option<&'a str>,
    calls: Vec<Call>,
}

impl<'a> World<'a> {
    fn new(connection: &'a Connection, school: School) -> Self {
        Self { connection, school, applied: Applied::default(), owner: None, calls: Vec::new() }
    }

    /// One run. `None`: it broke off. Counts its points in `point`.
    fn run(&mut self, desired: &Desired, trouble: Option<(usize, Trouble)>, point: &mut usize) -> Option<Outcome> {
        let told = Told::new(desired, self.connection, &pepper());
        let wanted = (desired, told.as_ref());
        let mut run = Reconciliation::new(self.connection, wanted, self.applied.clone(), self.owner, now());
        let mut late = None;
        for _ in 0..200 {
            let step = run.step();
            let here = trouble.filter(|(at, _)| at == point).map(|(_, trouble)| trouble);
            *point += 1;
            if here == Some(Trouble::CrashBefore) {
                return None;
            }
            let call = match step {
                Step::Note | Step::End(_) => {
                    if matches!(here, Some(Trouble::Refused(_))) {
                        return None;
                    }
                    self.applied = run.applied().clone();
                    match (here, step) {
                        // The writer asks for a write whose answer was lost again, and a write twice is one.
                        (Some(Trouble::CrashAfter | Trouble::Lost), _) => return None,
                        (_, Step::End(outcome)) => return Some(outcome),
                        (_, Step::Note | Step::Call(_)) => continue,
                    }
                }
                Step::Call(call) => call,
            };
            let request = call.request(desired, &UnknownPassword::from_bytes([1; 32]), now());
            let answer = match here {
                Some(Trouble::Refused(status)) => ApiAnswer { status, rate_limit_reset: None, body: Vec::new() },
                _ => self.school.answer(&request),
            };
            if let Some(late) = late.take() {
                self.school.answer(&late);
            }
            let answer = match here {
                Some(Trouble::CrashAfter | Trouble::Lost) => {
                    self.calls.push(call);
                    return None;
                }
                Some(Trouble::Twice) => self.school.answer(&request),
                Some(Trouble::Late) => {
                    late = Some(request);
                    answer
                }
                Some(Trouble::CrashBefore | Trouble::Refused(_)) | None => answer,
            };
            self.calls.push(call.clone());
            if run.heard(&call, &answer).is_err() {
                // As whoever carries it out does: what is known is written down.
                self.applied = run.applied().clone();
                return None;
            }
        }
        panic!("a run without an end: {:?}", self.calls);
    }

    fn settle(&mut self, desired: &Desired) -> Outcome {
        self.run(desired, None, &mut 0).unwrap()
    }

    fn user(&self) -> u64 {
        self.applied.account.as_ref().unwrap().user
    }

    fn open(&self, user: u64) -> BTreeMap<u64, Option<Timestamp>> {
        self.school.open(user, now())
    }

    /// Twice changes nothing and asks nothing.
    fn is_quiet(&mut self, desired: &Desired) -> bool {
        let (before, school) = (self.applied.clone(), self.school.clone());
        self.calls.clear();
        self.settle(desired) == Outcome::Settled
            && self.calls.is_empty()
            && (&before, &school) == (&self.applied, &self.school)
    }
}

/// What a school can be like before.
fn schools() -> Vec<(&'static str, School)> {
    let mut unbound = School::new();
    let user = unbound.person("Ada@acme.com");
    unbound.course(user, 1, None);
    unbound.course(user, 2, Some(days(-3)));
    unbound.course(user, 4, None);
    let mut tried = unbound.clone();
    let trial = tried.course(user, 3, None);
    tried.courses.get_mut(&trial).unwrap().is_trial = true;
    tried.answers_empty = true;
    let twice = School { refuses_twice: false, ..School::new() };
    let keeps = School { keeps_ends: true, ..unbound.clone() };
    vec![
        ("empty", School::new()),
        ("unbound", unbound),
        ("with a preview", tried),
        ("enrolls twice", twice),
        ("keeps ends", keeps),
    ]
}

#[test]
fn a_new_person_gets_an_account_courses_and_groups_and_loses_what_they_got() {
    let connection = scim();
    let mut world = World::new(&connection, School::new());
    let ada = ada(&[(1, None), (2, Some(days(30))), (3, Some(days(-1)))], &["A"]);
    assert_eq!(world.settle(&ada), Outcome::Settled);
    let user = world.user();
    assert_eq!(world.open(user), BTreeMap::from([(1, None), (2, Some(days(30)))]));
    let person = &world.school.people[&user];
    assert_eq!((person.email.as_str(), person.name.as_str()), ("ada@acme.com", "Ada Lovelace"));
    assert_eq!(person.external_id.as_deref(), Some(ada.user.as_str()));
    assert_eq!(person.groups, BTreeSet::from(["A".to_owned()]));
    // Made at one go: nothing is looked for.
    assert_eq!(world.calls.len(), 4, "{:?}", world.calls);
    assert!(world.is_quiet(&ada));

    let gone = gone(&ada);
    assert_eq!(world.settle(&gone), Outcome::Settled);
    assert!(world.open(user).is_empty());
    assert_eq!(world.applied.access, Access::Withdrawn);
    assert!(world.is_quiet(&gone));
    // And back, with the same enrollments: the progress is in them.
    let before: Vec<u64> = world.school.courses.keys().copied().collect();
    assert_eq!(world.settle(&ada), Outcome::Settled);
    assert_eq!(world.open(user), BTreeMap::from([(1, None), (2, Some(days(30)))]));
    assert_eq!(world.school.courses.keys().copied().collect::<Vec<_>>(), before);
    assert!(world.is_quiet(&ada));
}

#[test]
fn whoever_comes_back_is_in_their_courses_also_where_an_end_is_not_taken_away_by_null() {
    let connection = scim();
    for keeps_ends in [false, true] {
        let mut world = World::new(&connection, School { keeps_ends, ..School::new() });
        let ada = ada(&[(1, None), (2, None), (3, Some(days(30)))], &[]);
        for wanted in [&ada, &gone(&ada), &ada] {
            world.calls.clear();
            assert_eq!(world.settle(wanted), Outcome::Settled);
        }
        let open = world.open(world.user());
        assert_eq!(open.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((open[&1].is_some(), open[&2].is_some(), open[&3]), (keeps_ends, keeps_ends, Some(days(30))));
        // The list twice: before anything is written, and after the first end was taken away.
        let count = |is: fn(&Call) -> bool| world.calls.iter().filter(|call| is(call)).count();
        let (lists, extends) =
            (count(|it| matches!(it, Call::List { .. })), count(|it| matches!(it, Call::Extend { .. })));
        let unends = count(|it| matches!(it, Call::Unend { .. }));
        assert_eq!((extends, unends), if keeps_ends { (2, 2) } else { (3, 0) }, "{:?}", world.calls);
        assert_eq!(lists, 2 * 3, "three pages each: {:?}", world.calls);
        assert!(world.is_quiet(&ada));
        // A run that broke off later asks for all of it again, and finds it.
        world.applied.is_doubtful = true;
        world.calls.clear();
        assert_eq!(world.settle(&ada), Outcome::Settled);
        assert!(!world.calls.iter().any(Call::is_change), "{:?}", world.calls);
        assert_eq!(world.settle(&gone(&ada)), Outcome::Settled);
        assert!(world.open(world.user()).is_empty());
    }
}

#[test]
fn what_was_there_before_is_not_taken_away() {
    let connection = scim();
    let mut world = World::new(&connection, schools().remove(1).1);
    let (user, elsewhere) = (101, 4);
    let ada = ada(&[(1, Some(days(9))), (2, None)], &[]);
    assert_eq!(world.settle(&ada), Outcome::Settled);
    assert_eq!(world.user(), user);
    assert!(!world.school.people[&user].has_old_password, "whoever registered it knew the password");
    assert_eq!(world.open(user), BTreeMap::from([(1, None), (2, None), (elsewhere, None)]));
    assert_eq!(world.applied.enrolments[&CourseId(1)], Enrolled::Found { until: None });
    assert!(world.is_quiet(&ada));
    assert_eq!(world.settle(&gone(&ada)), Outcome::Settled);
    assert_eq!(world.open(user), BTreeMap::from([(1, None), (elsewhere, None)]));
}

#[test]
fn an_account_with_a_role_or_of_somebody_else_is_left_alone() {
    let [strict, plain] = ["[account]\nexisting = \"refuse\"\n", ""]
        .map(|account| connection(&format!("{account}[directory]\nsource = \"scim\"\nleavers = \"delete\"\n")));
    let ada = ada(&[(1, None)], &["A"]);
    let with = |change: &dyn Fn(&mut Person)| {
        let mut school = School::new();
        let user = school.person("ada@acme.com");
        change(school.people.get_mut(&user).unwrap());
        school
    };
    let bound = |it: &mut Person| it.external_id = Some("others".to_owned());
    for (connection, school, why) in [
        (&plain, with(&|it| it.roles = vec!["site_admin".to_owned()]), Stuck::Privileged { user: 101 }),
        (&plain, with(&bound), Stuck::Bound { user: 101 }),
        (&strict, with(&|_| ()), Stuck::Unbound { user: 101 }),
    ] {
        let mut world = World::new(connection, school.clone());
        assert_eq!(world.settle(&ada), Outcome::Stuck(why));
        assert_eq!(world.school, school);
    }
    // Whose address it is, a login has proven.
    let mut world = World { owner: Some("others"), ..World::new(&plain, with(&bound)) };
    assert_eq!(world.settle(&ada), Outcome::Settled);
    assert_eq!(world.applied.account.as_ref().unwrap().external_id, "others");
    // A role that is given later: nothing more is done, and nothing taken away.
    world.school.people.get_mut(&101).unwrap().roles = vec!["course_admin".to_owned()];
    let school = world.school.clone();
    assert_eq!(world.settle(&gone(&ada)), Outcome::Stuck(Stuck::Privileged { user: 101 }));
    assert_eq!(world.school, school);
}

#[test]
fn leavers_go_as_the_connection_says_and_only_what_was_made_is_deleted() {
    let ada = ada(&[(1, None)], &[]);
    for (leavers, school, is_deleted, keeps_password) in [
        ("expire", School::new(), false, true),
        ("delete", School::new(), true, true),
        ("expire_and_reset_password", schools().remove(1).1, false, false),
        ("delete", schools().remove(1).1, false, false),
    ] {
        let text = format!(
            "[account]\nexisting = \"keep_password\"\n[directory]\nsource = \"scim\"\nleavers = \"{leavers}\"\n"
        );
        let connection = connection(&text);
        let mut world = World::new(&connection, school);
        world.settle(&ada);
        let user = world.user();
        world.school.people.get_mut(&user).unwrap().has_old_password = true;
        assert_eq!(world.settle(&gone(&ada)), Outcome::Settled);
        let person = &world.school.people[&user];
        assert_eq!((person.is_deleted, person.has_old_password), (is_deleted, keeps_password), "{leavers}");
        assert!(world.is_quiet(&gone(&ada)));
        assert_eq!(world.settle(&ada), Outcome::Settled);
        assert!(world.open(world.user()).contains_key(&1));
    }
}

#[test]
fn an_account_that_a_token_bound_and_nobody_made_is_not_deleted() {
    let connection = connection("[directory]\nsource = \"scim\"\nleavers = \"delete\"\n");
    let ada = ada(&[(1, None)], &[]);
    for is_older in [true, false] {
        let mut school = School::new();
        let user = school.person("ada@acme.com");
        let person = school.people.get_mut(&user).unwrap();
        (person.external_id, person.is_older) = (Some(ada.user.as_str().to_owned()), is_older);
        let mut world = World::new(&connection, school);
        assert_eq!(world.settle(&ada), Outcome::Settled);
        assert_eq!(world.settle(&gone(&ada)), Outcome::Settled);
        assert_eq!(world.school.people[&user].is_deleted, !is_older);
    }
}

#[test]
fn a_changed_address_moves_the_account_and_never_one_of_another_domain() {
    let connection = scim();
    let mut world = World::new(&connection, School::new());
    let before = ada(&[(1, None)], &[]);
    world.settle(&before);
    let user = world.user();
    let after = Desired { email: Some(Email::parse("ada.king@acme.com").unwrap()), ..before.clone() };
    assert_eq!(world.settle(&after), Outcome::Settled);
    assert_eq!(world.school.people[&user].email, "ada.king@acme.com");
    // Changed behind our back: noticed where something else is to be done, and put right within the domain alone.
    world.school.people.get_mut(&user).unwrap().email = "x@acme.com".to_owned();
    let more = ada(&[(1, None), (2, None)], &[]);
    let more = Desired { email: after.email.clone(), ..more };
    assert_eq!(world.settle(&more), Outcome::Settled);
    assert_eq!(world.school.people[&user].email, "ada.king@acme.com");
    world.school.people.get_mut(&user).unwrap().email = "ada@globex.com".to_owned();
    assert_eq!(world.settle(&before), Outcome::Stuck(Stuck::AddressForeign { user }));
    assert_eq!(world.school.people[&user].email, "ada@globex.com");
    // What is given no longer is taken away, whatever the address: it waits for nobody.
    assert_eq!(world.open(user), BTreeMap::from([(1, None)]));
    let nobody = Desired { email: None, ..ada(&[(2, None)], &[]) };
    assert_eq!(world.settle(&nobody), Outcome::Stuck(Stuck::NoAddress));
    assert_eq!(world.open(user), BTreeMap::new());
}

#[test]
fn what_the_school_refuses_stops_nothing_else() {
    let connection = scim();
    let mut world = World::new(&connection, School::new());
    assert_eq!(
        world.settle(&ada(&[(1, None), (2, None), (99, None)], &["A", "Z"])),
        Outcome::Stuck(Stuck::CourseRefused { course: 99 })
    );
    let user = world.user();
    assert_eq!(world.open(user), BTreeMap::from([(1, None), (2, None)]));
    assert_eq!(
        world.settle(&ada(&[(1, None), (2, None)], &["A", "Z"])),
        Outcome::Stuck(Stuck::GroupRefused { group: "Z".to_owned() })
    );
    assert_eq!(world.school.people[&user].groups, BTreeSet::from(["A".to_owned()]));
    // A name that is refused keeps nobody in a course that they have lost.
    let renamed = Desired { first_name: "Refused".to_owned(), ..ada(&[(1, None)], &["A"]) };
    let fields = "fields: first_name".to_owned();
    assert_eq!(world.settle(&renamed), Outcome::Stuck(Stuck::ProfileRefused { fields }));
    assert_eq!(world.open(user), BTreeMap::from([(1, None)]));
    let mut alone = World::new(&connection, School::new());
    assert!(matches!(alone.settle(&renamed), Outcome::Stuck(Stuck::ProfileRefused { .. })));
}

#[test]
fn an_account_that_was_deleted_at_the_school_is_made_again() {
    let connection = scim();
    let mut world = World::new(&connection, School::new());
    world.settle(&ada(&[(1, None)], &[]));
    world.school = School::new();
    let more = ada(&[(1, None), (2, None)], &["A"]);
    assert_eq!(world.settle(&more), Outcome::Settled);
    assert_eq!(world.open(world.user()).len(), 2);
    world.school = School::new();
    assert_eq!(world.settle(&gone(&more)), Outcome::Settled);
}

#[test]
fn a_failure_of_the_school_is_told_by_its_fault() {
    let (connection, ada) = (scim(), ada(&[], &[]));
    let told = Told::new(&ada, &connection, &pepper());
    let mut run = Reconciliation::new(&connection, (&ada, told.as_ref()), Applied::default(), None, now());
    for (status, fault) in
        [(429, Fault::ThinkificBusy), (503, Fault::ThinkificUnavailable), (401, Fault::ThinkificKeyRefused)]
    {
        let answer = ApiAnswer { status, rate_limit_reset: None, body: Vec::new() };
        assert_eq!(run.heard(&Call::Create, &answer).unwrap_err().fault, fault);
    }
}

/// Every point of every run × everything that can happen there; then runs without trouble until all is quiet. The end
/// is the one of a run without trouble: what should be there is there, nothing is twice, and nothing is gone that was
/// not stoa's.
#[test]
fn whatever_breaks_off_anywhere_the_end_is_as_it_should_be() {
    let connection = connection("[directory]\nsource = \"scim\"\nleavers = \"expire_and_reset_password\"\n");
    let here = ada(&[(1, Some(days(9))), (2, Some(days(30))), (3, None)], &["A", "B"]);
    let less =
        Desired { email: Some(Email::parse("ada.king@acme.com").unwrap()), ..ada(&[(2, Some(days(60)))], &["A"]) };
    let fewer = Desired { email: here.email.clone(), ..less.clone() };
    let left = gone(&here);
    let stories: [&[&Desired]; 5] =
        [&[&here], &[&here, &less], &[&here, &left], &[&here, &left, &here], &[&fewer, &here]];
    let mut points = 0;
    for (name, school) in schools() {
        for story in stories {
            let mut undisturbed = World::new(&connection, school.clone());
            let (last, before) = story.split_last().unwrap();
            before.iter().for_each(|desired| assert_eq!(undisturbed.settle(desired), Outcome::Settled));
            let (start, applied) = (undisturbed.school.clone(), undisturbed.applied.clone());
            let mut steps = 0;
            assert_eq!(undisturbed.run(last, None, &mut steps), Some(Outcome::Settled));
            for point in 0..steps {
                for trouble in TROUBLES {
                    points += 1;
                    let mut world = World::new(&connection, start.clone());
                    world.applied = applied.clone();
                    world.run(last, Some((point, trouble)), &mut 0);
                    assert_eq!(world.settle(last), Outcome::Settled);
                    let told = format!("{name}, {} steps before, {trouble:?} at {point}", before.len());
                    assert!(world.is_quiet(last), "{told}: {:?}", world.calls);
                    same(&undisturbed, &world, &told);
                }
            }
        }
    }
    // As the documents say.
    assert!((1000..3000).contains(&points), "{points}");
    println!("{points} points");
}

/// Trouble in a run, then another wish before anything is mended: nobody keeps a course of the run that broke off.
#[test]
fn whoever_leaves_in_the_middle_of_coming_keeps_nothing() {
    let connection = scim();
    let here = ada(&[(1, None), (2, None)], &["A"]);
    for (name, school) in schools() {
        let found: BTreeMap<_, _> = school.open(101, now());
        for point in 0..20 {
            for trouble in TROUBLES {
                if !school.refuses_twice && matches!(trouble, Trouble::Twice | Trouble::Late) {
                    // A call that arrives twice makes two enrollments there, and only the one that was answered is known.
                    continue;
                }
                let mut world = World::new(&connection, school.clone());
                world.run(&here, Some((point, trouble)), &mut 0);
                assert_eq!(world.settle(&gone(&here)), Outcome::Settled);
                let open = world.school.people.keys().flat_map(|user| world.open(*user)).collect::<BTreeMap<_, _>>();
                assert_eq!(open, found, "{name}: {trouble:?} at {point}");
            }
        }
    }
}

fn same(undisturbed: &World<'_>, world: &World<'_>, told: &str) {
    let (one, other) = (&undisturbed.school, &world.school);
    let people = |school: &School| school.people.values().cloned().collect::<Vec<_>>();
    assert_eq!(people(one), people(other), "{told}");
    let courses = |world: &World<'_>| {
        let mut courses: Vec<_> = world.school.courses.values().map(|it| (it.course, it.until)).collect();
        courses.sort_unstable();
        courses
    };
    // Where the school takes a second enrollment, a call that arrived twice makes two, and both are open or closed.
    if one.refuses_twice {
        assert_eq!(courses(undisturbed), courses(world), "{told}");
    }
    let open = |world: &World<'_>| world.applied.account.as_ref().map(|account| world.open(account.user));
    assert_eq!(open(undisturbed), open(world), "{told}");
}
