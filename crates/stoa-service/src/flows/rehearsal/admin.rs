//! Questions about the Admin API and what stands beside it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::CourseId;
use stoa_core::rehearsal::{Answer, Finding, GROUP, holders};
use stoa_core::thinkific::{
    ApiAnswer, Enrollment, add_to_group, create_enrollment, create_group, find_enrollments, find_members, find_user,
    list_subscriptions, remove_from_group, update_enrollment,
};

use super::stage::Stage;

/// How long a removal from a group is waited for, and how often it is looked at.
const PATIENCE: (Duration, u32) = (Duration::from_millis(1500), 4);
/// How many days make a year, or nearly.
const YEAR: i64 = 365;

pub(super) async fn search(stage: &Stage<'_>) -> Result<Finding, Failure> {
    stage.make(1, None).await?;
    stage.make(2, None).await?;
    let email = stage.address(1);
    let found = stage.call(&find_user(&email, 1)).await?.listed_users()?.items;
    Ok(match holders(&email, &found) {
        (1, 0) => Answer::Exact.into(),
        (1, _) => Answer::Loose.into(),
        (own, others) => Finding::unclear(format!("finds it {own} times, and {others} others")),
    })
}

#[derive(Deserialize)]
struct Courses {
    items: Vec<Course>,
}

#[derive(Deserialize)]
struct Course {
    id: CourseId,
}

/// The course that was named, else the first that the school lists.
async fn course(stage: &Stage<'_>) -> Result<Option<CourseId>, Failure> {
    if stage.scene.course.is_some() {
        return Ok(stage.scene.course);
    }
    let answer = stage.call(&Stage::one_course()).await?;
    answer.updated()?;
    let courses: Result<Courses, _> = serde_json::from_slice(&answer.body);
    let courses = courses.map_err(|_| Failure::noted(Fault::ThinkificAnswerStrange, "a list of courses"))?;
    Ok(courses.items.first().map(|course| course.id))
}

fn days(now: Timestamp, days: i64) -> Result<Timestamp, Failure> {
    now.checked_add(SignedDuration::from_hours(24 * days)).map_err(|_| Fault::Internal.into())
}

/// An account that is in a course until some time, or why there is none.
struct Enrolled {
    user: u64,
    course: CourseId,
    id: u64,
}

async fn enrolled(stage: &Stage<'_>, until: Option<Timestamp>) -> Result<Result<Enrolled, Finding>, Failure> {
    let Some(course) = course(stage).await? else { return Ok(Err(Finding::unclear("the school lists no course"))) };
    let user = stage.make(1, None).await?.id;
    let answer = stage.call(&create_enrollment(user, course, stage.now, until)).await?;
    if answer.updated().is_err() {
        return Ok(Err(Finding::unclear(format!("nobody can be enrolled in course {course}: HTTP {}", answer.status))));
    }
    let Some(own) = only(stage, user).await? else {
        return Ok(Err(Finding::unclear("enrolled, and there is not one enrollment")));
    };
    Ok(Ok(Enrolled { user, course, id: own.id }))
}

/// Somebody's enrollment, if they have just one.
async fn only(stage: &Stage<'_>, user: u64) -> Result<Option<Enrollment>, Failure> {
    let page = stage.call(&find_enrollments(user, 1)).await?.enrollments(user)?;
    Ok(page.items.first().copied().filter(|_| page.items.len() == 1))
}

/// A status that is neither a success nor a refusal of what was asked.
fn odd(answer: &ApiAnswer) -> Finding {
    Finding::unclear(format!("HTTP {}", answer.status))
}

pub(super) async fn second_enrollment(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let own = match enrolled(stage, None).await? {
        Ok(own) => own,
        Err(unclear) => return Ok(unclear),
    };
    let until = days(stage.now, YEAR)?;
    let answer = stage.call(&create_enrollment(own.user, own.course, stage.now, Some(until))).await?;
    let after = only(stage, own.user).await?;
    Ok(match (answer.status, after) {
        (_, None) => Finding::unclear(format!("HTTP {}, and there is not one enrollment", answer.status)),
        (422, Some(_)) => Answer::Refused.into(),
        (200..=299, Some(Enrollment { expiry_date: None, .. })) => Answer::Unchanged.into(),
        (200..=299, Some(_)) => Answer::Updated.into(),
        (_, Some(_)) => odd(&answer),
    })
}

pub(super) async fn null_expiry(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let own = match enrolled(stage, Some(days(stage.now, YEAR)?)).await? {
        Ok(own) => own,
        Err(unclear) => return Ok(unclear),
    };
    let answer = stage.call(&update_enrollment(own.id, None, None)).await?;
    if answer.updated().is_err() {
        return Ok(odd(&answer));
    }
    Ok(match only(stage, own.user).await? {
        Some(Enrollment { expiry_date: None, .. }) => Answer::Cleared.into(),
        Some(_) => Answer::Unchanged.into(),
        None => Finding::unclear("there is not one enrollment"),
    })
}

pub(super) async fn past_expiry(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let own = match enrolled(stage, None).await? {
        Ok(own) => own,
        Err(unclear) => return Ok(unclear),
    };
    let answer = stage.call(&update_enrollment(own.id, None, Some(days(stage.now, -1)?))).await?;
    if answer.status == 422 {
        return Ok(Answer::Refused.into());
    }
    if answer.updated().is_err() {
        return Ok(odd(&answer));
    }
    Ok(match only(stage, own.user).await? {
        Some(own) if !own.is_open(stage.now) => Answer::Closed.into(),
        Some(_) => Finding::unclear("accepted, and the course is still open"),
        None => Finding::unclear("there is not one enrollment"),
    })
}

#[derive(Deserialize)]
struct Mutated {
    #[serde(default)]
    errors: Vec<serde_json::Value>,
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    bulk_remove_users_from_groups: Option<Removed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    #[serde(default)]
    user_errors: Vec<serde_json::Value>,
}

/// Whether GraphQL says that it did, or will do, what it was asked. It says so with status 200, whatever it is.
fn is_taken(answer: &ApiAnswer) -> bool {
    let Ok(Mutated { errors, data }) = serde_json::from_slice::<Mutated>(&answer.body) else { return false };
    let removed = data.and_then(|data| data.bulk_remove_users_from_groups);
    errors.is_empty() && removed.is_some_and(|removed| removed.user_errors.is_empty())
}

pub(super) async fn group_removal(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let user = stage.make(1, None).await?.id;
    let group = stage.call(&create_group(GROUP)).await?.made_group()?.id;
    stage.call(&add_to_group(user, GROUP)).await?.updated()?;
    let is_in = async || {
        let members = stage.call(&find_members(group)).await?.listed_users()?;
        Ok::<_, Failure>(members.items.iter().any(|member| member.id == user))
    };
    if !is_in().await? {
        return Ok(Finding::unclear("added to a group, and not in it"));
    }
    let answer = stage.call_graphql(&remove_from_group(user, group)).await?;
    match answer.status {
        401 | 403 => return Ok(Answer::Refused.into()),
        200 if is_taken(&answer) => {}
        200 => return Ok(Finding::noted(Answer::Refused, "the key is taken, and the operation is not")),
        _ => return Ok(odd(&answer)),
    }
    let (pause, times) = PATIENCE;
    for time in 0..times {
        if !is_in().await? {
            return Ok(if time == 0 { Answer::AtOnce } else { Answer::Later }.into());
        }
        tokio::time::sleep(pause).await;
    }
    Ok(Finding::unclear(format!("accepted, and still in the group after {} s", (pause * times).as_secs())))
}

pub(super) async fn rate_limit(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let answer = stage.call(&Stage::one_course()).await?;
    Ok(if answer.rate_limit_reset.is_some() { Answer::Sent } else { Answer::Absent }.into())
}

pub(super) async fn webhooks_key(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let answer = stage.call_webhooks(&list_subscriptions(None)).await?;
    Ok(match answer.status {
        200..=299 => Answer::Accepted.into(),
        401 | 403 => Answer::Refused.into(),
        _ => odd(&answer),
    })
}
