//! Enrollments: which courses a user may enter, and until when.
//!
//! Source: Thinkific's Admin API description, "Enrollments". It has no call that deletes one: an enrollment ends by its
//! expiry date, and keeps the progress.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::admin::{ApiAnswer, ApiMethod, ApiRequest, Page};
use crate::failure::Failure;
use crate::ids::CourseId;

/// Enrollments on a page. The API's most.
const PAGE_ENROLLMENTS: usize = 250;

/// An enrollment, as far as stoa looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Enrollment {
    /// Thinkific's id.
    pub id: u64,
    /// The id of the user whose it is.
    pub user_id: u64,
    /// In which course.
    pub course_id: CourseId,
    /// A preview: it opens only what the course shows everybody.
    #[serde(default)]
    pub is_free_trial: bool,
    /// When access began. None in a preview.
    #[serde(default)]
    pub activated_at: Option<Timestamp>,
    /// When access ends; None: never.
    #[serde(default)]
    pub expiry_date: Option<Timestamp>,
}

/// An end that is none, at a school that keeps the end that an enrollment has where it is told that there is none.
/// 31 December 2999.
const FAR: i64 = 32_503_593_600;

impl Enrollment {
    /// When access ends, in epoch seconds; `None`: never, or so late that stoa has written it in place of never.
    pub fn ends(&self) -> Option<i64> {
        self.expiry_date.map(Timestamp::as_second).filter(|end| *end != FAR)
    }

    /// Whether it opens the whole course now.
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.is_free_trial && self.expiry_date.is_none_or(|end| end > now)
    }
}

/// Asks for a user's enrollments: a page of them, counted from 1. Expired ones are among them.
pub fn find_enrollments(user: u64, page: u32) -> ApiRequest {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("query[user_id]", &user.to_string())
        .append_pair("limit", &PAGE_ENROLLMENTS.to_string())
        .append_pair("page", &page.to_string())
        .finish();
    ApiRequest { method: ApiMethod::Get, path: format!("/enrollments?{query}"), body: None }
}

/// Enrolls a user. Without `activated_at` it would be a preview only.
pub fn create_enrollment(user: u64, course: CourseId, from: Timestamp, until: Option<Timestamp>) -> ApiRequest {
    let body = json!({
        "user_id": user,
        "course_id": course,
        "activated_at": seconds(from),
        "expiry_date": until.map(seconds),
    });
    ApiRequest { method: ApiMethod::Post, path: "/enrollments".into(), body: Some(body) }
}

/// Writes until when an enrollment opens its course, and from when where that is to change: a preview has no such time.
/// An end of now or earlier closes it at once.
pub fn update_enrollment(id: u64, from: Option<Timestamp>, until: Option<Timestamp>) -> ApiRequest {
    let mut body = json!({ "expiry_date": until.map(seconds) });
    if let Some(from) = from {
        body["activated_at"] = seconds(from);
    }
    ApiRequest { method: ApiMethod::Put, path: format!("/enrollments/{id}"), body: Some(body) }
}

/// Takes the end of an enrollment away where the school does nothing about an end that is `null`: it gets one that nobody
/// lives to see.
pub fn unend_enrollment(id: u64, from: Option<Timestamp>) -> ApiRequest {
    update_enrollment(id, from, Timestamp::from_second(FAR).ok())
}

/// ISO 8601 in UTC, to the second.
fn seconds(at: Timestamp) -> Value {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}

impl ApiAnswer {
    /// The answer to [`find_enrollments`]. Whether the filter is exact is not documented, so whose they are is compared
    /// again.
    pub fn enrollments(&self, user: u64) -> Result<Page<Enrollment>, Failure> {
        let page = self.page::<Enrollment>(PAGE_ENROLLMENTS)?;
        Ok(Page { items: page.items.into_iter().filter(|it| it.user_id == user).collect(), ..page })
    }

    /// The answer to [`create_enrollment`]: the enrollment.
    pub fn enrolled(&self) -> Result<Enrollment, Failure> {
        self.json()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_user_s_own_enrollments_are_read_and_a_full_page_may_not_be_the_last() {
        let of =
            |user: u64| json!({"id": 1, "user_id": user, "course_id": 2, "expiry_date": "2026-11-20T00:00:00.000Z"});
        let answer = |items: Vec<Value>| ApiAnswer {
            status: 200,
            rate_limit_reset: None,
            body: json!({ "items": items }).to_string().into_bytes(),
        };
        let page = answer(vec![of(7), of(70)]).enrollments(7).unwrap();
        assert_eq!((page.items.len(), page.has_more), (1, false));
        assert!(!page.items[0].is_open("2026-11-20T00:00:00Z".parse().unwrap()));
        assert!(page.items[0].is_open("2026-11-19T23:59:59Z".parse().unwrap()));
        assert!(answer(vec![of(70); PAGE_ENROLLMENTS]).enrollments(7).unwrap().has_more);
    }

    #[test]
    fn an_enrollment_that_is_made_opens_the_course_and_says_its_end_even_where_there_is_none() {
        let at: Timestamp = "2026-11-27T21:00:00.5Z".parse().unwrap();
        let body = create_enrollment(1, CourseId(2), at, None).body.unwrap();
        assert_eq!(
            body,
            json!({"user_id": 1, "course_id": 2, "activated_at": "2026-11-27T21:00:00Z", "expiry_date": null})
        );
        assert_eq!(update_enrollment(3, None, Some(at)).body.unwrap(), json!({"expiry_date": "2026-11-27T21:00:00Z"}));
    }

    #[test]
    fn an_end_in_place_of_none_is_none_and_no_other_is() {
        let far = unend_enrollment(3, None).body.unwrap();
        assert_eq!(far, json!({"expiry_date": "2999-12-31T00:00:00Z"}));
        let ends = |end: Value| {
            let it = json!({"id": 3, "user_id": 1, "course_id": 2, "expiry_date": end});
            serde_json::from_value::<Enrollment>(it).unwrap().ends()
        };
        assert_eq!(ends(far["expiry_date"].clone()), None);
        assert_eq!(ends(Value::Null), None);
        assert_eq!(ends(json!("2999-12-30T23:59:59Z")), Some(FAR - 1));
    }
}
