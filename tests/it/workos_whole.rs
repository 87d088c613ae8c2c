//! How everything that a directory at WorkOS has is looked at, whatever WorkOS answers in between.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use stoa_sandbox::aws::{Fault, FaultKind};
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
    assert_eq!(umbrella.synced()["whole"]["M"]["after"]["S"], ids[99]);
    workos.remove_directory_user(&ids[99]);
    later(&umbrella, 300);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts().0, 129);
    assert_eq!(umbrella.synced()["whole"], Value::Null);
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
    assert_eq!(umbrella.synced()["doubt"], Value::Null);
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
    assert!(umbrella.synced()["cursor"]["M"]["after"].is_object(), "{}", umbrella.synced());
    // It is not known any more, and neither is what has happened since.
    workos.remove_directory_user(&ids[0]);
    umbrella.add("idp-8", "p8@umbrella.example");
    workos.forget_events();
    later(&umbrella, 600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts().0, 3);
    assert!(umbrella.synced()["lost_at"].is_object() && umbrella.synced()["cursor"]["M"]["from"].is_object());

    // Once may happen. If it happens again, the question is none, and somebody has to hear of it.
    umbrella.add("idp-9", "p9@umbrella.example");
    later(&umbrella, 600);
    umbrella.sync_all().await;
    workos.remove_directory_user(&ids[1]);
    workos.forget_events();
    later(&umbrella, 600);
    fails(&umbrella, "workos_answer_strange").await;
    assert_eq!(umbrella.counts().0, 3, "everything was looked at all the same");

    // Where it never is anything else, no run is in order any more.
    let mut number = 10;
    let mut tell = || {
        number += 1;
        umbrella.add(&format!("idp-{number}"), &format!("p{number}@umbrella.example"));
        later(&umbrella, 600);
    };
    tell();
    umbrella.sync_all().await;
    workos.forget_events();
    later(&umbrella, 600);
    for _ in 0..3 {
        fails(&umbrella, "workos_answer_strange").await;
        later(&umbrella, 300);
    }
    tell();
    fails(&umbrella, "workos_answer_strange").await;
    // Until it is known.
    later(&umbrella, 300);
    umbrella.sync_all().await;
    assert_eq!(umbrella.synced()["lost_again"]["N"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_events_that_is_refused_in_the_middle_is_no_lost_cursor() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    umbrella.sync_all().await;
    umbrella.add("idp-0", "p0@umbrella.example");
    later(&umbrella, 600);
    umbrella.sync_all().await;
    let add = |at: usize| umbrella.add(&format!("idp-{at}"), &format!("p{at}@umbrella.example"));
    (1..=130).map(add).for_each(drop);
    later(&umbrella, 600);
    // The directory, a page of events, and the next one.
    workos.api_answer_after(2, 422, "{}");
    fails(&umbrella, "workos_answer_strange").await;
    assert_eq!(umbrella.synced()["lost_at"], Value::Null);
    assert_eq!(umbrella.counts().0, 101);
    later(&umbrella, 300);
    umbrella.sync_all().await;
    assert_eq!((umbrella.counts().0, &umbrella.synced()["whole"]), (131, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_about_events_that_is_refused_from_the_beginning_is_no_lost_cursor() {
    let umbrella = Umbrella::start().await;
    people(&umbrella, 2);
    umbrella.world.workos.api_answer_after(1, 422, "{}");
    fails(&umbrella, "workos_answer_strange").await;
    assert_eq!(umbrella.counts().0, 2, "the lists are looked at all the same");
    assert_eq!(umbrella.synced()["lost_at"], Value::Null);
    assert_eq!(umbrella.synced()["failing"]["M"]["fault"]["S"], "workos_answer_strange");
    later(&umbrella, 300);
    umbrella.sync_all().await;
    assert_eq!(umbrella.synced()["failing"], Value::Null);
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
        assert!(umbrella.synced()["whole"].is_object(), "{state}: it waits");
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
    assert_eq!(empty.synced()["whole"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_of_groups_takes_none_away_until_one_is_in_it() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let leaders = workos.add_directory_group("Leaders");
    people(&umbrella, 2).iter().for_each(|id| workos.add_directory_member(&leaders, id));
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts(), (2, 1, 2));
    workos.remove_directory_group(&leaders);
    workos.forget_events();
    later(&umbrella, 8 * 86_400);
    fails(&umbrella, "workos_answer_strange").await;
    assert_eq!(umbrella.counts(), (2, 1, 2));
    workos.add_directory_group("Others");
    later(&umbrella, 6 * 3600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts(), (2, 1, 0));
}

/// So many calls of WorkOS's are made before the directory becomes something else. Three were in it when it was last looked
/// at, all of them in a group; one has left since.
async fn look_at_which(becomes: impl Fn(&Umbrella), calls: usize) -> Umbrella {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let leaders = workos.add_directory_group("Leaders");
    let ids = people(&umbrella, 3);
    ids.iter().for_each(|id| workos.add_directory_member(&leaders, id));
    later(&umbrella, 600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts(), (3, 1, 3));
    workos.remove_directory_user(&ids[0]);
    workos.forget_events();
    later(&umbrella, 600);
    becomes(&umbrella);
    umbrella.sync_whole().await;
    umbrella.world.log();
    let (people, groups, members) = umbrella.counts();
    assert!(people >= 2 && groups == 1 && members >= 2, "after {calls} calls: {people} {groups} {members}");
    umbrella
}

/// Whatever had been read of it by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_not_connected_any_more_while_it_is_looked_at_takes_nobody_away() {
    let points = (0..12).map(|calls| async move {
        let unlinked = |umbrella: &Umbrella| umbrella.world.workos.set_directory_state_after(calls, "unlinked");
        let umbrella = look_at_which(unlinked, calls).await;
        let (workos, synced) = (&umbrella.world.workos, umbrella.synced());
        let whole = synced["whole"]["M"].clone();
        if whole.is_object() {
            assert_eq!(
                (&synced["state"]["S"], &whole["phase"]["S"]),
                (&json!("unlinked"), &json!("people")),
                "{calls}"
            );
        }
        // Whatever comes next looks at everything again, and not at what was read before.
        workos.set_directory_state("linked");
        later(&umbrella, 300);
        umbrella.sync_whole().await;
        assert_eq!(umbrella.counts(), (2, 1, 2), "after {calls} calls, and connected again");
        whole.is_object()
    });
    let met: Vec<bool> = stream::iter(points).buffered(4).collect().await;
    // The directory, events, people, the directory, groups, the directory, members; then, before somebody is taken away,
    // people and the directory, twice.
    let wanted = [[true; 9].as_slice(), &[true, true], &[false]].concat();
    assert_eq!(met, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_before_a_directory_was_not_connected_is_read_again() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    workos.add_directory_group("Leaders");
    people(&umbrella, 130);
    umbrella.sync_all().await;
    later(&umbrella, 600);
    // The directory, events, a page of people; then it is not connected, and nobody is listed any more.
    workos.set_directory_state_after(3, "unlinked");
    umbrella.sync_whole().await;
    assert_eq!(umbrella.counts(), (130, 1, 0));
    let read = |umbrella: &Umbrella| {
        let whole = umbrella.synced()["whole"]["M"].clone();
        (whole["phase"]["S"].clone(), whole["after"].clone(), whole["has_people"]["BOOL"].clone())
    };
    assert_eq!(read(&umbrella), (json!("people"), Value::Null, json!(false)));
    workos.set_directory_state("linked");
    later(&umbrella, 300);
    umbrella.sync_all().await;
    assert_eq!((umbrella.counts(), &umbrella.synced()["whole"]), ((130, 1, 0), &Value::Null));
    // The same where it was found so by the next run only.
    workos.api_answer_after(3, 500, "");
    umbrella.sync_whole().await;
    umbrella.world.log();
    assert!(read(&umbrella).1.is_object());
    workos.set_directory_state("unlinked");
    later(&umbrella, 300);
    umbrella.sync_all().await;
    assert_eq!(read(&umbrella), (json!("people"), Value::Null, json!(false)));
    assert_eq!(umbrella.synced()["state"]["S"], "unlinked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_empty_all_at_once_while_it_is_looked_at_takes_nobody_away() {
    let points = (1..12).map(|calls| async move {
        let umbrella = look_at_which(|umbrella| umbrella.world.workos.empty_directory_after(calls), calls).await;
        later(&umbrella, 300);
        umbrella.sync().await;
        let (people, groups, members) = umbrella.counts();
        assert!(people >= 2 && groups == 1 && members >= 2, "after {calls} calls, and later");
    });
    stream::iter(points).buffered(4).collect::<Vec<()>>().await;
    // In the middle of the list of people, which begins again, and is empty.
    let umbrella = Umbrella::start().await;
    people(&umbrella, 130);
    umbrella.sync_all().await;
    later(&umbrella, 600);
    umbrella.world.workos.empty_directory_after(3);
    let answer = umbrella.sync_whole().await;
    assert_eq!((&answer["WorkosSyncFailed"], umbrella.counts().0), (&json!(1), 130), "{answer}");
}

/// Runs of a second, of which the first removal takes all.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_time_is_up_leaves_the_rest_to_the_next_one() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let large = workos.add_directory_group("Large");
    let ids = people(&umbrella, 40);
    ids.iter().for_each(|id| workos.add_directory_member(&large, id));
    let groups: Vec<String> = (0..20).map(|at| workos.add_directory_group(&format!("Group {at}"))).collect();
    later(&umbrella, 600);
    umbrella.sync_all().await;
    assert_eq!(umbrella.counts(), (40, 21, 40));
    ids[..20].iter().for_each(|id| workos.remove_directory_member(&large, id));
    ids[20..37].iter().for_each(|id| workos.remove_directory_user(id));
    groups.iter().for_each(|group| workos.remove_directory_group(group));
    workos.forget_events();
    later(&umbrella, 600);
    let (mut runs, mut takes, mut before) = (0, [0; 3], umbrella.counts());
    let mut wanted = json!({"connection": "umbrella", "whole": true, "seconds": 1});
    while runs == 0 || umbrella.synced()["whole"].is_object() {
        let slow = Fault::next("workos-sync", "dynamodb:DeleteItem", FaultKind::Delay(Duration::from_secs(1)));
        umbrella.world.front.inject(slow.on("directory"));
        let answer = umbrella.world.invoke("workos-sync", wanted).await.unwrap();
        umbrella.world.front.clear_faults();
        assert_eq!(answer["WorkosSyncFailed"], 0, "{answer} {:?}", umbrella.world.take_log());
        wanted = json!({"connection": "umbrella", "seconds": 1});
        let now = umbrella.counts();
        let has_changed = [before.0 != now.0, before.1 != now.1, before.2 != now.2];
        takes.iter_mut().zip(has_changed).for_each(|(takes, has_changed)| *takes += usize::from(has_changed));
        before = now;
        runs += 1;
        assert!(runs < 100, "{now:?}");
        umbrella.world.advance(1);
    }
    assert_eq!(umbrella.counts(), (23, 1, 3));
    assert!(takes.iter().all(|takes| *takes > 2), "{takes:?} of {runs} runs");
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
        // The directory, events, people, the directory, groups, the directory; then nothing.
        workos.api_answer_after(6, 500, "");
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
        assert_eq!(umbrella.synced()["whole"], Value::Null);
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
    for calls in 7..14 {
        workos.api_answer_after(calls, 500, "");
        umbrella.sync_whole().await;
        umbrella.world.log();
        if is_in_middle(&umbrella.synced()) {
            break;
        }
        later(&umbrella, 300);
    }
    assert!(is_in_middle(&umbrella.synced()), "{}", umbrella.synced());
    workos.remove_directory_group(&large);
    umbrella.deliver().await;
    later(&umbrella, 300);
    umbrella.sync_all().await;
    assert_eq!(umbrella.synced()["whole"], Value::Null);
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
        (json!({"conection": "umbrella"}), "event_strange"),
        (json!({"Connection": "umbrella", "hole": true}), "event_strange"),
        (json!({"source": "umbrella"}), "event_strange"),
        (json!("umbrella"), "event_strange"),
        (json!(["umbrella"]), "event_strange"),
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
        let arrivals = umbrella.synced()["arrivals"]["M"].clone();
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
