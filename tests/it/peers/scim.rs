//! `scim2-tester`, which holds a SCIM server against the RFCs, over the gateway.

use std::process::Command;

use super::{is_wanted, root};
use crate::scim_client::Scim;
use crate::steps::World;

#[tokio::test(flavor = "multi_thread")]
async fn scim2_tester_has_no_objection() {
    if !is_wanted() {
        return;
    }
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    // Its people are active, then they are not.
    for (coin, refused) in [("true", 0), ("false", 1)] {
        let (base, token) = (format!("{}/v2", scim.base()), scim.token().to_owned());
        let tested = tokio::task::spawn_blocking(move || {
            Command::new(root().join(".venv/bin/python"))
                .args([root().join("infra/peers/scim2/check.py").as_os_str(), base.as_ref(), coin.as_ref()])
                .env("SCIM_TOKEN", token)
                .output()
                .expect("scim2-tester must be installed (infra/install.sh)")
        });
        let tested = tested.await.unwrap();
        let said = String::from_utf8_lossy(&tested.stdout).into_owned();
        println!("{said}");
        let is = |line: &str, marks: &[&str]| marks.iter().any(|mark| line.starts_with(mark));
        let count = |marks: &[&str]| said.lines().filter(|line| is(line, marks)).count();
        let good = count(&["SUCCESS ", "COMPLIANT ", "ACCEPTABLE "]);
        let bad = count(&["ERROR ", "CRITICAL ", "DEVIATION "]);
        let errors = String::from_utf8_lossy(&tested.stderr);
        assert!(bad == 0 && good > 100, "{good} good, {bad} bad: {said}\n{errors}");
        assert_eq!(count(&["REFUSED "]), refused, "{said}");
    }
    world.log();
}
