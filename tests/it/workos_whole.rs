//! How everything that a directory at WorkOS has is looked at, whatever WorkOS answers in between.

use serde_json::{Value, json};
use stoa_core::routes::Table;
use stoa_sandbox::workos::NewDirectoryUser;

use crate::workos_directory::Umbrella;

/// So many people, of whom no webhook tells; WorkOS's ids of them.
fn people(umbrella: &Umbrella, count: usize) -> Vec<String> {
    let add = |at: usize| {
        let new = NewDirectoryUser::sample(&format!("idp-{at}"), &format!("p{at}@umbrella.example"));
        umbrella.world.workos.add_directory_user(&new)
    };
    let ids = (0..count).map(add).collect();
    umbrella.world.workos.lose_events();
    umbrella.world.advance(600);
    ids
}

/// How far stoa has come.
fn item(umbrella: &Umbrella) -> Value {
    let items = umbrella.world.front.items(Table::Directory).unwrap();
    items.into_iter().find(|item| item["pk"]["S"] == "workos#umbrella").unwrap()
}

/// A run that fails so; what it answers.
async fn fails(umbrella: &Umbrella, fault: &str) -> Value {
    let answer = umbrella.sync().await;
    assert_eq!((&answer["WorkosSyncFailed"], umbrella.world.faults()), (&json!(1), vec![fault.to_owned()]));
    answer
}

/// The time of a later run.
fn later(umbrella: &Umbrella, seconds: i64) {
    umbrella.world.workos.lose_events();
    umbrella.world.advance(seconds);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_whose_place_is_gone_begins_again() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let ids = people(&umbrella, 130);
    // The directory, the events, a page of people; then nothing.
    workos.api_answer_after(3, 500, "");
    fails(&umbrella, "workos_unavailable").await;
    assert_eq!(umbrella.counts().0, 100);
    assert_eq!(item(&umbrella)["whole"]["M"]["after"]["S"], ids[99]);
    workos.remove_directory_user(&ids[99]);
    later(&umbrella, 300);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts().0, 129);
    assert_eq!(item(&umbrella)["whole"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_refused_in_the_middle_each_time_is_left_and_takes_nobody_away() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let leaders = workos.add_directory_group("Leaders");
    let ids = people(&umbrella, 101);
    workos.add_directory_member(&leaders, &ids[0]);
    later(&umbrella, 300);
    // The directory, the events, a page of people, and the next one, refused; the first one again, and so on.
    for calls in [3, 5, 7, 9] {
        workos.api_answer_after(calls, 422, "{}");
    }
    fails(&umbrella, "workos_answer_strange").await;
    assert_eq!(umbrella.counts(), (100, 1, 1), "what is behind it was looked at");
    workos.remove_directory_user(&ids[1]);
    later(&umbrella, 6 * 3600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts(), (100, 1, 1));
    assert_eq!(item(&umbrella)["doubt"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_lost_is_made_up_for_by_a_look_at_everything() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let ids = people(&umbrella, 2);
    umbrella.sync_all().await;
    umbrella.add("idp-7", "p7@umbrella.example");
    later(&umbrella, 600);
    umbrella.sync_all().await;
    assert!(item(&umbrella)["cursor"]["M"]["after"].is_object(), "{}", item(&umbrella));
    // It is not known any more, and neither is what has happened since.
    workos.remove_directory_user(&ids[0]);
    umbrella.add("idp-8", "p8@umbrella.example");
    workos.forget_events();
    later(&umbrella, 600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts().0, 3);
    assert!(item(&umbrella)["lost_at"].is_object() && item(&umbrella)["cursor"]["M"]["from"].is_object());

    // Once may happen. If it happens again, the question is none, and somebody has to hear of it.
    umbrella.add("idp-9", "p9@umbrella.example");
    later(&umbrella, 600);
    umbrella.sync_all().await;
    workos.remove_directory_user(&ids[1]);
    workos.forget_events();
    later(&umbrella, 600);
    fails(&umbrella, "workos_answer_strange").await;
    assert_eq!(umbrella.counts().0, 3, "everything was looked at all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_about_events_that_is_refused_from_the_beginning_is_no_lost_cursor() {
    let umbrella = Umbrella::start().await;
    people(&umbrella, 2);
    umbrella.world.workos.api_answer_after(1, 422, "{}");
    fails(&umbrella, "workos_answer_strange").await;
    assert_eq!(umbrella.counts().0, 2, "the lists are looked at all the same");
    assert_eq!(item(&umbrella)["lost_at"], Value::Null);
    assert_eq!(item(&umbrella)["failing"]["M"]["fault"]["S"], "workos_answer_strange");
    later(&umbrella, 300);
    umbrella.sync_all().await;
    assert_eq!(item(&umbrella)["failing"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_not_connected_takes_nobody_away() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let ids = people(&umbrella, 2);
    umbrella.sync_all().await;
    for state in ["validating", "unlinked", "invalid_credentials", "a state of a later year"] {
        workos.set_directory_state(state);
        workos.remove_directory_user(&ids[0]);
        workos.forget_events();
        later(&umbrella, 600);
        let answer = umbrella.sync_whole().await;
        assert_eq!((&answer["WorkosSyncFailed"], umbrella.counts().0), (&json!(0), 2), "{state} {answer}");
        assert!(item(&umbrella)["whole"].is_object(), "{state}: it waits");
    }
    workos.set_directory_state("linked");
    later(&umbrella, 600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts().0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_takes_nobody_away_until_somebody_is_in_it() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    people(&umbrella, 2);
    umbrella.sync_all().await;
    workos.empty_directory();
    later(&umbrella, 8 * 86_400);
    for _ in 0..2 {
        fails(&umbrella, "workos_answer_strange").await;
        assert_eq!(umbrella.counts().0, 2);
        later(&umbrella, 300);
    }
    umbrella.add("idp-7", "p7@umbrella.example");
    later(&umbrella, 6 * 3600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts().0, 1);
    // Where there never was anybody, an empty list is as it should be.
    let empty = Umbrella::start().await;
    empty.sync_all().await;
    assert_eq!(item(&empty)["whole"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_read_stops_nobody_behind_it_and_takes_nobody_away() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let ids = people(&umbrella, 2);
    umbrella.sync_all().await;
    let leaders = workos.add_directory_group("Leaders");
    workos.add_directory_member(&leaders, &ids[1]);
    workos.remove_directory_user(&ids[0]);
    umbrella.add("idp-7", "p7@umbrella.example");
    workos.forget_events();
    workos.list_strangely(true);
    later(&umbrella, 8 * 86_400);
    let answer = fails(&umbrella, "workos_answer_strange").await;
    assert_eq!(umbrella.counts(), (3, 1, 1), "{answer}");
    later(&umbrella, 300);
    fails(&umbrella, "workos_answer_strange").await;
    workos.list_strangely(false);
    later(&umbrella, 6 * 3600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts(), (2, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_gone_in_the_middle_ends_no_look() {
    for is_told in [false, true] {
        let umbrella = Umbrella::start().await;
        let workos = &umbrella.world.workos;
        let groups: Vec<String> = (0..4).map(|at| workos.add_directory_group(&format!("Group {at}"))).collect();
        let ids = people(&umbrella, 1);
        for group in &groups {
            workos.add_directory_member(group, &ids[0]);
        }
        later(&umbrella, 300);
        // The directory, events, people, groups; then nothing.
        workos.api_answer_after(4, 500, "");
        fails(&umbrella, "workos_unavailable").await;
        workos.forget_events();
        workos.remove_directory_group(&groups[1]);
        workos.remove_directory_group(&groups[2]);
        match is_told {
            true => umbrella.deliver().await,
            false => workos.forget_events(),
        }
        later(&umbrella, 300);
        let answer = umbrella.sync().await;
        assert_eq!(answer["WorkosSyncFailed"], 0, "{is_told} {answer} {:?}", umbrella.world.take_log());
        assert_eq!(item(&umbrella)["whole"], Value::Null);
        let (_, _, members) = umbrella.counts();
        assert_eq!(members, 2, "{is_told}");
    }
}

/// The one whose pages are read is gone when the next run comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_gone_between_two_of_its_pages_ends_no_look() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let large = workos.add_directory_group("Large");
    let small: Vec<String> = (0..4).map(|at| workos.add_directory_group(&format!("Group {at}"))).collect();
    umbrella.deliver().await;
    let ids = people(&umbrella, 101);
    for id in &ids {
        workos.add_directory_member(&large, id);
    }
    for group in &small {
        workos.add_directory_member(group, &ids[0]);
    }
    later(&umbrella, 300);
    // Which group comes first is not known: each call of a look fails once, until the large one is in its middle.
    let is_in_middle = |item: &Value| {
        let whole = &item["whole"]["M"];
        whole["phase"]["M"]["members"].is_object() && whole["after"].is_object()
    };
    for calls in 5..12 {
        workos.api_answer_after(calls, 500, "");
        umbrella.sync_whole().await;
        umbrella.world.log();
        if is_in_middle(&item(&umbrella)) {
            break;
        }
        later(&umbrella, 300);
    }
    assert!(is_in_middle(&item(&umbrella)), "{}", item(&umbrella));
    workos.remove_directory_group(&large);
    umbrella.deliver().await;
    later(&umbrella, 300);
    umbrella.sync_all().await;
    assert_eq!(item(&umbrella)["whole"], Value::Null);
    assert_eq!(umbrella.counts(), (101, 4, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_by_hand_is_taken_to_the_letter() {
    let umbrella = Umbrella::start().await;
    for (event, fault) in [
        (json!({"whole": true}), "event_strange"),
        (json!({"whole": true, "connection": "No Name!"}), "event_strange"),
        (json!({"whole": "yes", "connection": "umbrella"}), "event_strange"),
        (json!({"whole": true, "connection": "umbrella", "directory": "x"}), "event_strange"),
        (json!({"whole": true, "connection": "umbrela"}), "connection_unknown"),
        (json!({"connection": "pg"}), "workos_source_off"),
    ] {
        assert!(umbrella.world.invoke("workos-sync", event.clone()).await.is_err(), "{event}");
        assert_eq!(umbrella.world.faults(), [fault], "{event}");
    }
    assert!(umbrella.world.workos.take_calls().is_empty());
    let answer = umbrella.world.invoke("workos-sync", json!({"connection": "umbrella"})).await.unwrap();
    assert_eq!((&answer["connections"], &answer["WorkosSyncFailed"]), (&json!(1), &json!(0)));
}

/// What a webhook tells in time, and what it misses.
#[tokio::test(flavor = "multi_thread")]
async fn that_a_webhook_tells_nothing_is_noted() {
    let umbrella = Umbrella::start().await;
    let missed = |umbrella: &Umbrella| {
        let arrivals = item(umbrella)["arrivals"]["M"].clone();
        (arrivals["told"].is_object(), arrivals["missed"].is_object())
    };
    umbrella.sync_all().await;
    assert_eq!(missed(&umbrella), (false, false));
    umbrella.add("idp-1", "p1@umbrella.example");
    umbrella.deliver().await;
    umbrella.world.advance(600);
    umbrella.sync_all().await;
    assert_eq!(missed(&umbrella), (true, false));
    umbrella.add("idp-2", "p2@umbrella.example");
    later(&umbrella, 600);
    umbrella.sync_all().await;
    assert_eq!(missed(&umbrella), (true, true));
}
