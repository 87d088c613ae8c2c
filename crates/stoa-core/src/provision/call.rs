//! The calls of a reconciliation, as a school takes them.

use jiff::Timestamp;

use crate::directory::Desired;
use crate::email::Email;
use crate::identity::{clean, full_name};
use crate::ids::CourseId;
use crate::thinkific::{
    ApiRequest, Profile, UnknownPassword, add_to_group, create_enrollment, create_user, delete_user, find_enrollments,
    find_user, get_binding, get_bound_user, get_user, reset_password, take_over_user, unend_enrollment,
    update_enrollment, update_user,
};

/// One call: something that is asked, or done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Makes the account.
    Create,
    /// Whose account has the address: a page, counted from 1.
    Search {
        /// Counted from 1.
        page: u32,
    },
    /// Whom an account is bound to.
    Binding {
        /// The account.
        user: u64,
    },
    /// Which account is bound to the person.
    Bound,
    /// What an account is like now.
    Look {
        /// The account.
        user: u64,
    },
    /// Gives an account the person's name and address.
    Tell {
        /// The account.
        user: u64,
        /// And a password that nobody knows: whoever registered it may not have been this person.
        resets_password: bool,
    },
    /// Gives an account a password that nobody knows.
    ResetPassword {
        /// The account.
        user: u64,
    },
    /// What an account is enrolled in: a page, counted from 1.
    List {
        /// The account.
        user: u64,
        /// Counted from 1.
        page: u32,
    },
    /// Gives a course.
    Enrol {
        /// The account.
        user: u64,
        /// Which of the school's courses.
        course: CourseId,
        /// When it ends.
        until: Option<Timestamp>,
    },
    /// Gives a course again, or to another end.
    Extend {
        /// The enrollment.
        id: u64,
        /// Which of the school's courses.
        course: CourseId,
        /// When it ends.
        until: Option<Timestamp>,
        /// It was a preview: from now on it is the whole course.
        begins: bool,
    },
    /// Gives a course without an end, where the school keeps the one that it has if it is told of none.
    Unend {
        /// The enrollment.
        id: u64,
        /// Which of the school's courses.
        course: CourseId,
        /// It was a preview: from now on it is the whole course.
        begins: bool,
    },
    /// Ends a course now.
    End {
        /// The enrollment.
        id: u64,
        /// Which of the school's courses.
        course: CourseId,
    },
    /// Puts an account into a group.
    Join {
        /// The account.
        user: u64,
        /// The group's name.
        group: String,
    },
    /// Deletes an account.
    Delete {
        /// The account.
        user: u64,
    },
}

impl Call {
    /// Whether it changes something.
    pub const fn is_change(&self) -> bool {
        match self {
            Self::Search { .. } | Self::Binding { .. } | Self::Bound | Self::Look { .. } | Self::List { .. } => false,
            Self::Create
            | Self::Tell { .. }
            | Self::ResetPassword { .. }
            | Self::Enrol { .. }
            | Self::Extend { .. }
            | Self::Unend { .. }
            | Self::End { .. }
            | Self::Join { .. }
            | Self::Delete { .. } => true,
        }
    }

    /// The request to Thinkific. `password` is used where one is replaced.
    pub fn request(&self, desired: &Desired, password: &UnknownPassword, now: Timestamp) -> ApiRequest {
        let names = desired.email.as_ref().map(|email| names(desired, email));
        let (first_name, last_name) = names.as_ref().map_or(("", ""), |(first, last)| (first, last));
        let email = desired.email.as_ref().map_or("", Email::as_str);
        let profile = Profile { email, first_name, last_name, company: None };
        match self {
            Self::Create => create_user(profile, desired.user.as_str()),
            Self::Search { page } => find_user(email, *page),
            Self::Binding { user } => get_binding(*user),
            Self::Bound => get_bound_user(desired.user.as_str()),
            Self::Look { user } => get_user(*user),
            Self::Tell { user, resets_password: false } => update_user(*user, profile),
            Self::Tell { user, resets_password: true } => take_over_user(*user, profile, password),
            Self::ResetPassword { user } => reset_password(*user, password),
            Self::List { user, page } => find_enrollments(*user, *page),
            Self::Enrol { user, course, until } => create_enrollment(*user, *course, now, *until),
            Self::Extend { id, until, begins, .. } => update_enrollment(*id, begins.then_some(now), *until),
            Self::Unend { id, begins, .. } => unend_enrollment(*id, begins.then_some(now)),
            Self::End { id, .. } => update_enrollment(*id, None, Some(now)),
            Self::Join { user, group } => add_to_group(*user, group),
            Self::Delete { user } => delete_user(*user),
        }
    }
}

/// The names that the school is told: as of somebody who signs in.
pub(super) fn names(desired: &Desired, email: &Email) -> (String, String) {
    full_name(Some(clean(&desired.first_name)), Some(clean(&desired.last_name)), email)
}
