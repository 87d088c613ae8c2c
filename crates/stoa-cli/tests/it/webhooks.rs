//! What a school is asked to tell.

use crate::command::Desk;

#[tokio::test]
async fn what_a_school_is_asked_to_tell_is_shown_and_put_right() {
    let desk = Desk::new().await;
    let show = ["thinkific", "webhooks", "pg-academy"];
    let shown = desk.stoa(&show).await.done();
    assert!(shown.contains("user.updated") && shown.contains("missing"), "{shown}");
    assert!(shown.contains("6 subscriptions would change; --write changes them"), "{shown}");
    assert!(desk.sandbox.thinkific.subscriptions().is_empty(), "nothing was written");

    let write = [&show[..], &["--write"]].concat();
    assert!(desk.stoa(&write).await.done().contains("6 subscriptions changed"));
    assert_eq!(desk.sandbox.thinkific.subscriptions().len(), 6);
    assert!(desk.stoa(&write).await.done().contains("pg-academy tells everything that stoa asks for"));

    // Somebody breaks one, doubles one, removes one, and has one of their own.
    let all = desk.sandbox.thinkific.subscriptions();
    desk.sandbox.thinkific.edit_subscription(&all[0].id, |own| own.status = "disabled".to_owned());
    desk.sandbox.thinkific.subscribe(&all[1].topic, &all[1].target_url);
    desk.sandbox
        .thinkific
        .edit_subscription(&all[2].id, |own| own.target_url = "https://crm.example/\u{1b}[2J".to_owned());
    let shown = desk.stoa(&show).await.done();
    assert!(shown.contains("not ours") && !shown.contains('\u{1b}'), "{shown}");
    assert!(shown.contains("4 subscriptions would change"), "{shown}");
    assert!(desk.stoa(&write).await.done().contains("4 subscriptions changed"));
    let mut told: Vec<_> = desk
        .sandbox
        .thinkific
        .subscriptions()
        .into_iter()
        .filter(|own| own.target_url.contains("/thinkific/"))
        .collect();
    told.sort_by(|a, b| a.topic.cmp(&b.topic));
    told.dedup_by(|a, b| a.topic == b.topic);
    assert_eq!((told.len(), desk.sandbox.thinkific.subscriptions().len()), (6, 7));
    assert!(told.iter().all(|own| own.status == "active" && own.is_signed));

    let nobody = desk.stoa(&["thinkific", "webhooks", "nowhere"]).await.refused();
    assert!(nobody.contains("school_unknown"), "{nobody}");
}
