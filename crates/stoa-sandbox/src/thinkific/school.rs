//! The school's records, and every way in which they change.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::{fs, io};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::{Accounts, NewUser, User};
use super::catalog::Course;
use super::enrollment::{Enrollment, Enrollments, NewEnrollment};
use super::fault::{Fault, FaultTarget, Trouble};
use super::group::{Group, Groups};
use super::journal::{Call, SsoAttempt};
use super::unprocessable::UnprocessableShape;
use super::webhooks::{self, Origin, Percentage, Subscription, Webhooks};
use super::{ApiKey, Config, Effect, Plan};

/// What the limits are counted by.
#[derive(Debug)]
pub(super) struct Pace {
    pub(super) per_minute: usize,
    pub(super) recent: VecDeque<Timestamp>,
    pub(super) at_once: usize,
    pub(super) closed_until: Option<Timestamp>,
    /// When GraphQL was asked, and what each query cost.
    pub(super) points: VecDeque<(Timestamp, u32)>,
}

/// What a file keeps.
#[derive(Debug, Serialize, Deserialize)]
struct Records {
    users: Vec<User>,
    enrollments: Vec<Enrollment>,
    groups: Vec<Group>,
    #[serde(default)]
    subscriptions: Vec<Subscription>,
}

/// What has been answered and is not done yet.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    /// An enrollment in a bundle, answered with 202.
    Enroll(NewEnrollment),
    /// A removal from groups that GraphQL has accepted.
    Leave {
        /// Who leaves.
        users: Vec<u64>,
        /// Which groups.
        groups: Vec<u64>,
    },
}

#[derive(Debug)]
pub(super) struct School {
    pub(super) api_key: ApiKey,
    pub(super) access_token: ApiKey,
    pub(super) plan: Plan,
    /// The host that the school has moved to.
    pub(super) moved_to: Option<String>,
    pub(super) seats: Option<usize>,
    pub(super) accounts: Accounts,
    pub(super) enrollments: Enrollments,
    pub(super) groups: Groups,
    pub(super) sessions: HashMap<String, u64>,
    pub(super) spent_tokens: HashMap<String, Timestamp>,
    pub(super) attempts: Vec<SsoAttempt>,
    pub(super) calls: Vec<Call>,
    pub(super) pace: Pace,
    pub(super) faults: Vec<Fault>,
    pub(super) unprocessable: UnprocessableShape,
    pub(super) loose_email_query: bool,
    pub(super) webhooks: Webhooks,
    courses: Vec<Course>,
    percentage: Percentage,
    pending: Vec<(Timestamp, Pending)>,
    next_id: u64,
}

impl School {
    /// With the records of the file, where it is there; else with those to begin with.
    pub(super) fn open(config: &Config) -> io::Result<Self> {
        let mut school = Self {
            api_key: config.api_key.clone(),
            access_token: config.access_token.clone(),
            plan: config.plan,
            moved_to: None,
            seats: config.seats,
            accounts: Accounts::default(),
            enrollments: Enrollments::default(),
            groups: Groups::default(),
            sessions: HashMap::new(),
            spent_tokens: HashMap::new(),
            attempts: Vec::new(),
            calls: Vec::new(),
            pace: Pace {
                per_minute: config.requests_per_minute,
                recent: VecDeque::new(),
                at_once: 0,
                closed_until: None,
                points: VecDeque::new(),
            },
            faults: Vec::new(),
            unprocessable: config.unprocessable,
            loose_email_query: config.loose_email_query,
            webhooks: Webhooks::default(),
            courses: config.courses.clone(),
            percentage: config.percentage,
            pending: Vec::new(),
            next_id: 1001,
        };
        match &config.file {
            Some(file) if file.exists() => school.read(serde_json::from_slice(&fs::read(file)?)?),
            _ => {
                let now = config.clock.now();
                for user in &config.users {
                    school.add(user.clone(), now);
                }
                for name in &config.groups {
                    school.add_group(name, now);
                }
            }
        }
        Ok(school)
    }

    fn read(&mut self, records: Records) {
        let ids = records.users.iter().map(|user| user.id);
        let ids = ids.chain(records.enrollments.iter().map(|enrollment| enrollment.id));
        let highest = ids.chain(records.groups.iter().map(|group| group.id)).max();
        self.next_id = highest.map_or(self.next_id, |id| id + 1);
        records.users.into_iter().for_each(|user| self.accounts.insert(user));
        records.enrollments.into_iter().for_each(|enrollment| self.enrollments.insert(enrollment));
        records.groups.into_iter().for_each(|group| self.groups.insert(group));
        self.webhooks.subscriptions = records.subscriptions;
    }

    /// What a file keeps, as JSON.
    pub(super) fn write(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Records {
            users: self.accounts.all().cloned().collect(),
            enrollments: self.enrollments.all().cloned().collect(),
            groups: self.groups.all().cloned().collect(),
            subscriptions: self.webhooks.subscriptions.clone(),
        })
    }

    fn next_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    pub(super) fn add(&mut self, new: NewUser, now: Timestamp) -> u64 {
        let id = self.next_id();
        self.accounts.insert(User {
            id,
            email: new.email,
            first_name: new.first_name,
            last_name: new.last_name,
            company: None,
            headline: None,
            bio: None,
            roles: new.roles,
            external_source: None,
            external_id: new.external_id,
            password: new.password,
            sign_ins: 0,
            profile_fields: BTreeMap::new(),
            created_at: now,
        });
        self.tell_of_user("user.signup", id, now);
        id
    }

    /// Changes an account, and tells of it if the address, a name or the roles are others. Whether there is one.
    pub(super) fn change_account(&mut self, id: u64, now: Timestamp, change: impl FnOnce(&mut User)) -> bool {
        let told =
            |user: &User| (user.email.clone(), user.first_name.clone(), user.last_name.clone(), user.roles.clone());
        let before = self.accounts.get(id).map(told);
        let is_there = self.accounts.change(id, change);
        if self.accounts.get(id).map(told) != before {
            self.tell_of_user("user.updated", id, now);
        }
        is_there
    }

    /// Somebody has come in.
    pub(super) fn signed_in_as(&mut self, id: u64, now: Timestamp) {
        self.tell_of_user("user.signin", id, now);
    }

    fn tell_of_user(&mut self, topic: &str, id: u64, now: Timestamp) {
        if let Some(user) = self.accounts.get(id) {
            self.webhooks.tell(topic, webhooks::user(user), now);
        }
    }

    fn tell_of_enrollment(&mut self, topic: &str, id: u64, now: Timestamp) {
        let Some(own) = self.enrollments.get(id) else { return };
        let Some(user) = self.accounts.get(own.user_id) else { return };
        let course = self.courses.iter().find(|course| course.id == own.course_id);
        self.webhooks.tell(topic, webhooks::enrolled(own, user, course, self.percentage), now);
    }

    pub(super) fn subscribe(&mut self, what: (&str, &str), origin: Origin, now: Timestamp) -> Subscription {
        let made = Subscription::new(what, self.next_id(), origin, now);
        self.webhooks.subscriptions.push(made.clone());
        made
    }

    /// An order, and the enrollment that comes of it. Whether the account and the course exist.
    pub(super) fn buy(&mut self, user_id: u64, course_id: u64, now: Timestamp) -> bool {
        let number = self.next_id();
        let course = self.courses.iter().find(|course| course.id == course_id);
        let Some((user, course)) = self.accounts.get(user_id).zip(course) else { return false };
        self.webhooks.tell("order.created", webhooks::ordered(number, user, course, now), now);
        if self.enrollments.find(user_id, course_id).is_none() {
            self.enroll(NewEnrollment { user_id, course_id, activated_at: Some(now), expiry_date: None }, now);
        }
        true
    }

    /// Whether the plan has no room for one more student.
    pub(super) fn is_full(&self) -> bool {
        self.seats.is_some_and(|seats| self.accounts.len() >= seats)
    }

    pub(super) fn remove(&mut self, id: u64, now: Timestamp) -> bool {
        if let Some(user) = self.accounts.get(id) {
            self.webhooks.tell("user.deleted", webhooks::deleted(user), now);
        }
        self.sessions.retain(|_, owner| *owner != id);
        self.enrollments.remove_user(id);
        self.groups.remove_user(id);
        self.accounts.remove(id).is_some()
    }

    pub(super) fn enroll(&mut self, new: NewEnrollment, now: Timestamp) -> u64 {
        let id = self.next_id();
        self.enrollments.insert(Enrollment {
            id,
            user_id: new.user_id,
            course_id: new.course_id,
            activated_at: new.activated_at,
            expiry_date: new.expiry_date,
            started_at: None,
            completed_at: None,
            percent_completed: 0,
            created_at: now,
            updated_at: now,
        });
        let topic = if new.activated_at.is_some() { "enrollment.created" } else { "enrollment.trial" };
        self.tell_of_enrollment(topic, id, now);
        id
    }

    pub(super) fn change_enrollment(&mut self, id: u64, now: Timestamp, change: impl FnOnce(&mut Enrollment)) -> bool {
        self.enrollments.change(id, now, change)
    }

    /// Does something at once, or when `settle` finds that its time has come.
    pub(super) fn accept(&mut self, change: Pending, when: Effect, now: Timestamp) {
        let due = match when {
            Effect::AtOnce => now,
            Effect::Later(wait) => now.saturating_add(wait).unwrap_or(Timestamp::MAX),
        };
        self.pending.push((due, change));
        self.settle(now);
    }

    /// Does what is due. Who is enrolled already stays so; who has gone in the meantime is left out.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.pending).into_iter().partition(|(at, _)| *at <= now);
        self.pending = later;
        for (_, change) in due {
            match change {
                Pending::Enroll(new) => {
                    let is_there = self.enrollments.find(new.user_id, new.course_id).is_some();
                    if !is_there && self.accounts.get(new.user_id).is_some() {
                        self.enroll(new, now);
                    }
                }
                Pending::Leave { users, groups } => {
                    for group in groups {
                        if let Some(group) = self.groups.get_mut(group) {
                            group.members.retain(|member| !users.contains(member));
                        }
                    }
                }
            }
        }
    }

    /// Does a part of a course, 0 to 100 of a hundred. Whether the person is in it.
    pub(super) fn study(&mut self, user: u64, course: u64, percent: u8, now: Timestamp) -> bool {
        let Some(id) = self.enrollments.find(user, course).map(|enrollment| enrollment.id) else { return false };
        self.change_enrollment(id, now, |enrollment| {
            enrollment.percent_completed = percent.min(100);
            enrollment.started_at.get_or_insert(now);
            enrollment.completed_at = (percent >= 100).then(|| enrollment.completed_at.unwrap_or(now));
        });
        self.tell_of_enrollment("enrollment.progress", id, now);
        if percent >= 100 {
            self.tell_of_enrollment("enrollment.completed", id, now);
        }
        true
    }

    pub(super) fn add_group(&mut self, name: &str, now: Timestamp) -> u64 {
        let id = self.next_id();
        let token = crate::web::token().chars().take(8).collect();
        self.groups.insert(Group {
            id,
            name: name.to_owned(),
            token,
            created_at: now,
            members: std::collections::BTreeSet::new(),
        });
        id
    }

    pub(super) fn signed_in(&self, session: Option<&str>) -> Option<&User> {
        self.accounts.get(*self.sessions.get(session?)?)
    }

    /// Whether the next matching call is turned away before anybody looks at its key; then it is one less.
    pub(super) fn next_block(&mut self, hit: impl Fn(&FaultTarget) -> bool) -> bool {
        let first = self.faults.iter().find(|fault| fault.times > 0 && hit(&fault.target));
        first.is_some_and(|fault| fault.trouble == Trouble::Blocked) && self.next_trouble(hit).is_some()
    }

    /// The trouble that the next matching call meets, which is then one less.
    pub(super) fn next_trouble(&mut self, hit: impl Fn(&FaultTarget) -> bool) -> Option<Trouble> {
        let at = self.faults.iter().position(|fault| fault.times > 0 && hit(&fault.target))?;
        let fault = self.faults.get_mut(at)?;
        fault.times -= 1;
        let trouble = fault.trouble.clone();
        self.faults.retain(|fault| fault.times > 0);
        Some(trouble)
    }
}
