//! What is known of a school before anybody comes.

use stoa_core::ids::SchoolId;
use stoa_sandbox::thinkific::NewUser;

use crate::command::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_asked_for_shown_on_its_way_and_said_how_warm_it_is() {
    let desk = Desk::new().await;
    for n in 0..300 {
        desk.sandbox.thinkific.add_user(NewUser::student(&format!("pupil.{n}@pg.com"), "A", "Pupil"));
    }
    desk.sandbox.thinkific.allow_per_minute(1000);
    let status = ["school", "mirror", "pg-academy", "--status"];
    let cold = desk.stoa(&status).await.done();
    assert!(cold.contains("accounts      looked at never; 0 in all"), "{cold}");
    assert!(cold.contains("first_logins"), "{cold}");

    let id = SchoolId::parse("pg-academy").unwrap();
    let (asked, ()) = tokio::join!(desk.stoa(&["school", "mirror", "pg-academy"]), async {
        // The clock starts the function once a minute; here it does not wait for it.
        while desk.sandbox.operator.school_mirror(&id).await.unwrap().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        loop {
            let done = desk.sandbox.mirror().await.unwrap();
            assert_eq!(done["failed"], 0, "{done}");
            if done["calls"] == 0 {
                break;
            }
            desk.sandbox.advance(60);
        }
    });
    let asked = asked.done();
    assert!(asked.contains("Asked."), "{asked}");
    assert!(asked.contains("bindings      known of 302 of 302"), "{asked}");
    let warm = desk.stoa(&status).await.done();
    assert!(warm.contains("302 in all, 302 of customers' domains") && warm.contains("accounts with one: 1"), "{warm}");
    let refused = desk.stoa(&["school", "mirror", "nowhere"]).await.refused();
    assert!(refused.contains("there is no school nowhere"), "{refused}");
}
