//! What two deliveries of a directory's events make of each other, and what is left of them.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::json;
use stoa_sandbox::aws::{Fault, FaultKind};

use crate::workos_directory::{BREAKS, Umbrella, orders};

const EMAIL: &str = "ada.wong@umbrella.example";
/// How long the first one waits in the middle, and the second one before it comes.
const WAITS: Duration = Duration::from_millis(1500);
const COMES: Duration = Duration::from_millis(300);

/// Posts one event, whose call of this kind waits, and another one in the meantime.
async fn meet(umbrella: &Umbrella, (first, second): (&str, &str), waiting: (&str, usize)) {
    let (action, skipped) = waiting;
    let met = umbrella.world.front.faults_met();
    let delay = Fault::next("workos-webhook", action, FaultKind::Delay(WAITS)).on("directory").after(skipped);
    umbrella.world.front.inject(delay);
    let later = async {
        tokio::time::sleep(COMES).await;
        umbrella.signed(second).await
    };
    let (first, second) = tokio::join!(umbrella.signed(first), later);
    assert_eq!((first.0, second.0), (204, 204));
    assert_eq!(umbrella.world.front.faults_met(), met + 1, "they did not meet");
}

/// The bodies of what was told of a kind, in its order; then it is as if it had never been sent.
fn told(umbrella: &Umbrella, kind: &str) -> Vec<String> {
    let deliveries = umbrella.world.workos.event_deliveries().into_iter();
    deliveries.filter(|delivery| delivery.kind == kind).map(|delivery| delivery.body).collect()
}

fn one(umbrella: &Umbrella, kind: &str) -> String {
    told(umbrella, kind).pop().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_names_of_a_group_that_come_at_once_the_newer_one_stays() {
    for at in 0..2 {
        let umbrella = Umbrella::start().await;
        let workos = &umbrella.world.workos;
        let group = workos.add_directory_group("Leaders");
        umbrella.deliver().await;
        for name in ["Heads", "Chiefs"] {
            umbrella.world.advance(1);
            workos.rename_directory_group(&group, name);
        }
        let bodies = told(&umbrella, "dsync.group.updated");
        // What was told, and what the group is, are read one after the other.
        meet(&umbrella, (&bodies[0], &bodies[1]), ("dynamodb:GetItem", at)).await;
        let opened = umbrella.opened().await;
        assert!(opened.values().all(|profile| profile.contains("Chiefs")), "{opened:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_addition_in_the_middle_of_a_removal_leaves_no_membership() {
    let edges = |umbrella: &Umbrella| {
        let all = ["user#umbrella#", "group#umbrella#"];
        all.map(|begin| umbrella.count(begin, |sk| sk.starts_with("member#")))
    };
    for (removal, is_first, left) in [
        ("dsync.user.deleted", true, (0, 1, 0)),
        ("dsync.user.deleted", false, (0, 1, 0)),
        ("dsync.group.deleted", true, (1, 0, 0)),
        ("dsync.group.deleted", false, (1, 0, 0)),
    ] {
        let umbrella = Umbrella::start().await;
        let workos = &umbrella.world.workos;
        let (ada, group) = (umbrella.add("00u1a", EMAIL), workos.add_directory_group("Leaders"));
        umbrella.deliver().await;
        umbrella.world.advance(1);
        workos.add_directory_member(&group, &ada);
        umbrella.world.advance(1);
        match removal {
            "dsync.user.deleted" => workos.remove_directory_user(&ada),
            _ => workos.remove_directory_group(&group),
        }
        let (added, removed) = (one(&umbrella, "dsync.group.user_added"), one(&umbrella, removal));
        match is_first {
            // The removal has looked whom it is about, and writes.
            true => meet(&umbrella, (&removed, &added), ("dynamodb:DeleteItem", 0)).await,
            // The addition has looked whether it counts, and writes.
            false => meet(&umbrella, (&added, &removed), ("dynamodb:ConditionCheckItem", 0)).await,
        }
        assert_eq!((umbrella.counts(), edges(&umbrella)), (left, [0, 0]), "{removal} {is_first}");
    }
}

/// The identity provider may have another id of somebody one day. Nobody tells their groups again.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_gets_another_id_of_the_identity_providers_keeps_their_groups_in_every_order() {
    for leaves in [false, true] {
        let umbrella = Umbrella::start().await;
        let workos = &umbrella.world.workos;
        let groups = ["Leaders", "Heads"].map(|name| workos.add_directory_group(name));
        let other = umbrella.add("00u1b", "leon@umbrella.example");
        workos.add_directory_member(&groups[0], &other);
        let before: Vec<String> = workos.event_deliveries().into_iter().map(|delivery| delivery.body).collect();
        umbrella.world.advance(1);
        let ada = umbrella.add("00u1a", EMAIL);
        umbrella.world.advance(1);
        workos.add_directory_member(&groups[0], &ada);
        umbrella.world.advance(1);
        match leaves {
            true => workos.remove_directory_member(&groups[0], &ada),
            false => workos.add_directory_member(&groups[1], &ada),
        }
        umbrella.world.advance(1);
        workos.change_directory_user(&ada, |user| user.idp_id = "00u1z".to_owned());
        let all = workos.event_deliveries().into_iter().skip(before.len());
        let bodies: Vec<String> = all.map(|delivery| delivery.body).collect();
        assert_eq!(bodies.len(), 4);
        for order in orders(bodies.len()) {
            for body in before.iter().chain(order.iter().map(|at| &bodies[*at])) {
                assert_eq!(umbrella.signed(body).await, (204, String::new()), "{order:?}");
            }
            let members = if leaves { 1 } else { 3 };
            assert_eq!(umbrella.counts(), (2, 2, members), "{leaves} {order:?}");
            let opened = umbrella.opened().await;
            assert!(opened.values().any(|profile| profile.contains("00u1z")), "{order:?} {opened:?}");
            // Each once more.
            for body in &bodies {
                assert_eq!(umbrella.signed(body).await.0, 204);
            }
            assert_eq!(umbrella.counts(), (2, 2, members), "{leaves} {order:?} again");
            umbrella.empty().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gets_an_id_back_that_they_had_keeps_their_groups() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let (ada, group) = (umbrella.add("00u1a", EMAIL), workos.add_directory_group("Leaders"));
    workos.add_directory_member(&group, &ada);
    for idp_id in ["00u1z", "00u1a", "00u1z", "00u1a"] {
        umbrella.deliver().await;
        umbrella.world.advance(1);
        workos.change_directory_user(&ada, |user| user.idp_id = idp_id.to_owned());
        umbrella.deliver().await;
        assert_eq!(umbrella.counts(), (1, 1, 1), "{idp_id}");
    }
    umbrella.world.advance(1);
    workos.remove_directory_member(&group, &ada);
    umbrella.deliver().await;
    assert_eq!(umbrella.counts(), (1, 1, 0));
    workos.remove_directory_user(&ada);
    umbrella.deliver().await;
    assert_eq!(umbrella.counts(), (0, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_meets_another_one_stops_no_page() {
    let umbrella = Umbrella::start().await;
    umbrella.add("00u1a", EMAIL);
    umbrella.world.workos.add_directory_group("Leaders");
    umbrella.world.advance(600);
    umbrella.sync_all().await;
    umbrella.world.advance(600);
    // Beside what notes how far stoa has come: that a person is listed, and that a group is.
    for skipped in [1, 3] {
        let met = umbrella.world.front.faults_met();
        let conflict = Fault::next("workos-sync", "dynamodb:PutItem", FaultKind::Conflict).on("directory");
        umbrella.world.front.inject(conflict.after(skipped).times(1));
        let answer = umbrella.sync_whole().await;
        assert_eq!(answer["WorkosSyncFailed"], 0, "{answer} {:?}", umbrella.world.take_log());
        assert_eq!(umbrella.world.front.faults_met(), met + 1);
        umbrella.world.advance(600);
    }
}

/// Each call of the delivery that makes them somebody else, broken off before and after it counts: WorkOS sends it again.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_change_of_id_breaks_off_the_next_delivery_keeps_the_groups() {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let leaders = workos.add_directory_group("Leaders");
    let ada = umbrella.add("00u1a", EMAIL);
    umbrella.world.advance(1);
    workos.add_directory_member(&leaders, &ada);
    umbrella.world.advance(1);
    workos.remove_directory_member(&leaders, &ada);
    umbrella.world.advance(1);
    workos.change_directory_user(&ada, |user| user.idp_id = "00u1z".to_owned());
    let bodies: Vec<String> = workos.event_deliveries().into_iter().map(|delivery| delivery.body).collect();
    let [_, made, added, removed, changed] = [0, 1, 2, 3, 4].map(|at| bodies[at].as_str());
    let stories: [(&[&str], &str, usize); 3] = [
        (&[made, added], changed, 1),
        // Who they are now is known first: what was told of the other one before that goes over to them.
        (&[removed, changed], added, 0),
        (&[made, added, removed], changed, 0),
    ];
    let mut points = 0;
    for (before, last, members) in stories {
        // The secrets are held by then.
        for breaks in BREAKS.into_iter().filter(|(action, _)| action.starts_with("dynamodb:")) {
            for skipped in 0.. {
                let at = format!("{breaks:?} {skipped} of {} before", before.len());
                umbrella.empty().await;
                for body in before {
                    assert_eq!(umbrella.signed(body).await.0, 204, "{at}");
                }
                let delivery = umbrella.signed(last);
                if !umbrella.breaks_off(("workos-webhook", breaks), skipped, delivery).await {
                    break;
                }
                points += 1;
                assert_eq!(umbrella.signed(last).await, (204, String::new()), "{at}");
                assert_eq!(umbrella.counts(), (1, 1, members), "{at}");
                assert!(umbrella.opened().await.values().any(|profile| profile.contains("00u1z")), "{at}");
            }
        }
    }
    println!("{points} points at which a change of id breaks off");
    assert!(points > 60, "{points}");
}

/// Breaks a run off at each of its calls of one kind, and lets the next one go on. How many there were.
///
/// By events, or by a look at everything, of which no event tells.
async fn breaks_off(breaks: (&str, bool), is_whole: bool) -> usize {
    let umbrella = Umbrella::start().await;
    let workos = &umbrella.world.workos;
    let leaders = workos.add_directory_group("Leaders");
    let come = |who: String| {
        let user = umbrella.add(&who, &format!("{who}@umbrella.example"));
        workos.add_directory_member(&leaders, &user);
        user
    };
    // One who stays, with another id of the identity provider's at each point, and two who have left by the next one.
    let stays = come("s".to_owned());
    let mut leavers = ["l", "m"].map(|who| come(who.to_owned()));
    workos.lose_events();
    umbrella.world.advance(600);
    umbrella.sync_all().await;
    for skipped in 0.. {
        let at = format!("{breaks:?} {skipped} {is_whole}");
        leavers.iter().for_each(|user| workos.remove_directory_user(user));
        leavers = ["l", "m"].map(|who| come(format!("{who}-{skipped}")));
        workos.change_directory_user(&stays, |user| user.idp_id = format!("s-{skipped}"));
        workos.rename_directory_group(&leaders, &format!("Leaders {skipped}"));
        workos.lose_events();
        if is_whole {
            workos.forget_events();
        }
        umbrella.world.advance(600);
        let wanted = if is_whole { json!({"connection": "umbrella", "whole": true}) } else { json!(null) };
        let run = umbrella.world.invoke("workos-sync", wanted);
        if !umbrella.breaks_off(("workos-sync", breaks), skipped, run).await {
            assert!(skipped > 0, "{at} hit nothing");
            return skipped;
        }
        umbrella.world.advance(300);
        // One that broke off before it was noted that everything is to be looked at has to be told again.
        let goes_on = !is_whole || umbrella.synced()["whole"].is_object();
        let answer = if goes_on { umbrella.sync().await } else { umbrella.sync_whole().await };
        assert_eq!(answer["WorkosSyncFailed"], 0, "{at} {answer} {:?}", umbrella.world.take_log());
        umbrella.world.log();
        assert_eq!(umbrella.counts(), (3, 1, 3), "{at}");
        let opened = umbrella.opened().await;
        for wanted in [format!("\"s-{skipped}\""), format!("\"Leaders {skipped}\"")] {
            assert!(opened.values().any(|profile| profile.contains(&wanted)), "{at} {wanted}");
        }
    }
    unreachable!()
}

/// Each call of a run, broken off before and after it counts, and refused: the next run leaves the same.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_run_breaks_off_the_next_one_heals_it() {
    // They mostly wait: for what WorkOS takes of calls in a second.
    let swept = BREAKS.into_iter().flat_map(|breaks| [true, false].map(|is_whole| breaks_off(breaks, is_whole)));
    let points: Vec<usize> = stream::iter(swept).buffer_unordered(16).collect().await;
    println!("{} points at which a run breaks off", points.iter().sum::<usize>());
}
