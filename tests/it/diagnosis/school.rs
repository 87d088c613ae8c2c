//! What happened at the school, between it and stoa, or on the browser's way there.

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use stoa_core::diagnosis::Cause;
use stoa_sandbox::thinkific::{ApiKey, Fault, FaultTarget, Plan, Trouble};

use super::{Login, Mend, ROW, Row};
use crate::steps::{MARY, World};

/// What the school does to calls from now on.
fn trouble(world: &World, target: FaultTarget, trouble: Trouble) {
    world.thinkific.inject(Fault { target, trouble, times: 1000 });
}

macro_rules! admin {
    ($trouble:expr) => {
        |world| Box::pin(async move { trouble(world, FaultTarget::Admin, $trouble) })
    };
}

fn over(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move { world.thinkific.clear_faults() })
}

fn key_of(world: &World) -> String {
    world.thinkific.api_key().expose().to_owned()
}

fn renewed(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move { world.thinkific.rotate_api_key(ApiKey::new("fedcba9876543210fedcba9876543210")) })
}

/// New people meet the Admin API; known ones do not.
const NEW: Row = Row { fails: &["suharto", "bak.z"], since: &[MARY], works: &["suharto", MARY], ..ROW };

pub(super) fn rows() -> Vec<Row> {
    [api(), accounts(), signing_in()].into_iter().flatten().collect()
}

fn api() -> Vec<Row> {
    vec![
        Row {
            failure: "the school's key was renewed in Thinkific, and somebody known comes",
            neighbour: "a colleague stores a wrong key of the school",
            symptom: "thinkific_sent_back",
            cause: Cause::SchoolKeyRenewed,
            alone: false,
            says: "stoa secret put thinkific/pg-academy < FILE",
            fails: &[MARY],
            inject: renewed,
            mend: Mend::Printed { address: "", input: key_of },
            ..ROW
        },
        Row {
            failure: "the school's key was renewed in Thinkific, and somebody new comes",
            neighbour: "the plan no longer has the API, in the words of a wrong key",
            symptom: "thinkific_key_refused",
            cause: Cause::SchoolKeyRenewed,
            alone: false,
            says: "stoa secret put thinkific/pg-academy < FILE",
            inject: renewed,
            mend: Mend::Printed { address: "", input: key_of },
            since: &[],
            ..NEW
        },
        Row {
            failure: "a firewall answers before the Admin API",
            neighbour: "the school's key was renewed in Thinkific, and somebody known comes",
            symptom: "thinkific_key_refused",
            cause: Cause::SchoolBlocked,
            says: "what stands before the Admin API",
            inject: admin!(Trouble::Blocked),
            mend: Mend::Act(over),
            ..NEW
        },
        Row {
            failure: "the plan no longer has apps, and Thinkific says so",
            neighbour: "the school's key was renewed in Thinkific, and somebody known comes",
            symptom: "thinkific_key_refused",
            cause: Cause::SchoolPlan,
            says: "billing",
            inject: |world| Box::pin(async move { world.thinkific.change_plan(Plan::WithoutApps) }),
            mend: Mend::Act(|world| Box::pin(async move { world.thinkific.change_plan(Plan::WithApi) })),
            ..NEW
        },
        Row {
            failure: "the plan no longer has the API, in the words of a wrong key",
            neighbour: "the school's key was renewed in Thinkific, and somebody known comes",
            symptom: "thinkific_key_refused",
            cause: Cause::SchoolPlan,
            alone: false,
            says: "billing",
            inject: |world| Box::pin(async move { world.thinkific.change_plan(Plan::WithoutApi) }),
            mend: Mend::Act(|world| Box::pin(async move { world.thinkific.change_plan(Plan::WithApi) })),
            ..NEW
        },
        Row {
            failure: "the Admin API fails",
            neighbour: "a colleague's apply gives the school a wrong API address",
            symptom: "thinkific_unavailable",
            cause: Cause::SchoolDown,
            says: "Wait; people can try again",
            inject: admin!(Trouble::Status(503)),
            mend: Mend::Act(over),
            ..NEW
        },
        Row {
            failure: "the Admin API cuts connections",
            neighbour: "a colleague's apply gives the school a wrong API address",
            symptom: "thinkific_unavailable",
            cause: Cause::SchoolDown,
            says: "Wait; people can try again",
            inject: admin!(Trouble::Cut),
            mend: Mend::Act(over),
            ..NEW
        },
        Row {
            failure: "another integration spends the school's calls",
            neighbour: "the Admin API fails",
            symptom: "in_line",
            cause: Cause::SchoolBusy,
            says: "Leave the page of the line open",
            alone: false,
            inject: admin!(Trouble::RateLimited(Duration::from_secs(50))),
            mend: Mend::Act(over),
            ..NEW
        },
    ]
}

fn unprocessable(field: &str, message: &str) -> Trouble {
    Trouble::Unprocessable { field: field.to_owned(), message: message.to_owned() }
}

fn accounts() -> Vec<Row> {
    vec![
        Row {
            failure: "the school demands a field",
            neighbour: "the plan is full",
            symptom: "thinkific_refused_account",
            cause: Cause::AccountField,
            says: "Make the field optional",
            inject: |world| {
                Box::pin(async move {
                    let target = FaultTarget::AdminCall { method: http::Method::POST, path: "/users".to_owned() };
                    trouble(world, target, unprocessable("cost_center", "can't be blank"));
                })
            },
            mend: Mend::Act(over),
            later: 3600,
            ..NEW
        },
        Row {
            failure: "an account that the search does not find has the address",
            neighbour: "the school demands a field",
            symptom: "thinkific_refused_account",
            cause: Cause::AccountAddressTaken,
            says: "Search for the address in Thinkific",
            inject: |world| {
                Box::pin(async move {
                    let target = FaultTarget::AdminCall { method: http::Method::POST, path: "/users".to_owned() };
                    let taken = unprocessable("email", "has already been taken");
                    world.thinkific.inject(Fault { target, trouble: taken, times: 1 });
                })
            },
            fails: &["suharto"],
            since: &["li.xl"],
            mend: Mend::Act(over),
            later: 3600,
            ..NEW
        },
        Row {
            failure: "the plan is full",
            neighbour: "the school demands a field",
            symptom: "thinkific_refused_account",
            cause: Cause::AccountLimit,
            alone: false,
            says: "See in Thinkific how many people the plan allows",
            inject: |world| {
                Box::pin(async move {
                    world.thinkific.answer_unprocessable_as(stoa_sandbox::thinkific::UnprocessableShape::Sentences);
                    world.thinkific.change_seats(Some(world.thinkific.users().len()));
                })
            },
            mend: Mend::Act(|world| Box::pin(async move { world.thinkific.change_seats(None) })),
            later: 3600,
            ..NEW
        },
    ]
}

fn signing_in() -> Vec<Row> {
    vec![
        Row {
            failure: "the school has moved to another address",
            neighbour: "the person is in the school, and misses a course there",
            symptom: "handed_over",
            cause: Cause::SchoolMoved,
            fails: &[MARY],
            says: "set `base_url` in the school's file",
            inject: |world| Box::pin(async move { world.thinkific.move_to(Some("learn.localhost")) }),
            mend: Mend::Act(|world| Box::pin(async move { world.thinkific.move_to(None) })),
            ..ROW
        },
        Row {
            failure: "the person is in the school, and misses a course there",
            neighbour: "the school has moved to another address",
            symptom: "handed_over",
            cause: Cause::InTheSchool,
            fails: &[MARY],
            says: "last sign-in and enrolments",
            ..ROW
        },
        Row {
            failure: "the school's clock is wrong",
            neighbour: "a browser took too long",
            symptom: "thinkific_sent_back",
            cause: Cause::SchoolClock,
            says: "the clock of the school's host",
            inject: |world| Box::pin(async move { world.thinkific.clock().advance(SignedDuration::from_secs(-600)) }),
            mend: Mend::Act(|world| {
                Box::pin(async move { world.thinkific.clock().advance(SignedDuration::from_secs(600)) })
            }),
            ..ROW
        },
        Row {
            failure: "a browser took too long",
            neighbour: "the school's clock is wrong",
            symptom: "thinkific_sent_back",
            cause: Cause::SlowBrowser,
            login: Login::Slow,
            fails: &["suharto"],
            since: &["li.xl"],
            says: "the person's network holds the redirect back",
            ..ROW
        },
        Row {
            failure: "the browser did not follow to the launch",
            neighbour: "DynamoDB does not answer the launch, so that no step says so",
            symptom: "not_launched",
            cause: Cause::TicketLost,
            login: Login::LeftBeforeLaunch,
            fails: &["suharto"],
            since: &["li.xl"],
            later: 200,
            says: "Start again from the course link",
            ..ROW
        },
        Row {
            failure: "single sign-on is off at the school",
            neighbour: "the school's key was renewed in Thinkific, and somebody known comes",
            symptom: "thinkific_sent_back",
            cause: Cause::SchoolSsoOff,
            says: "whether single sign-on is still on",
            inject: |world| Box::pin(async move { trouble(world, FaultTarget::Sso, unprocessable("base", "is off")) }),
            mend: Mend::Act(over),
            ..ROW
        },
        Row {
            failure: "the school has bound one account to somebody else",
            neighbour: "single sign-on is off at the school",
            symptom: "thinkific_sent_back",
            cause: Cause::SchoolRefusesData,
            fails: &[MARY],
            since: &["li.xl"],
            says: "Open the person's account in Thinkific",
            inject: |world| Box::pin(async move { bind(world, Some("somebody else")) }),
            mend: Mend::Act(|world| {
                Box::pin(async move {
                    bind(world, None);
                    world.advance(3600);
                })
            }),
            ..ROW
        },
    ]
}

/// Binds Mary's account to another id, or to none.
fn bind(world: &World, to: Option<&str>) {
    let mary = world.thinkific.user("miller.m@pg.com").unwrap().id;
    assert!(world.thinkific.edit_user(mary, |user| user.external_id = to.map(str::to_owned)));
}
