//! From the form of a new customer to people who sign in, and to whoever takes over.

use stoa_sandbox::openid::Product;

use crate::command::{Desk, stoa};

/// What the page shows as an answer sheet.
fn answers() -> &'static str {
    let page = include_str!("../../../../docs/integration-checklist.md");
    page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap()
}

#[tokio::test]
async fn the_answers_become_the_file_that_apply_takes() {
    let desk = Desk::new().await;
    let (url, okta) = (desk.sandbox.url(), desk.sandbox.openid.url(Product::Okta));
    let form = desk.write("answers.toml", &answers().replace("https://initech.okta.com", &okta));
    let made = desk.stoa(&["connection", "new", "--from", &form]).await.done();
    for part in ["preset = \"okta\"", "\"groups\"]\n", "groups = [\"Learning-Users\"]", "[[contact]]"] {
        assert!(made.contains(part), "{part}: {made}");
    }
    let file = desk.write("initech.toml", &made);
    let planned = desk.stoa(&["connection", "plan", &file]).await.done();
    assert!(planned.contains("Connection initech: new, version 1, draft"), "{planned}");
    assert!(!planned.contains("warning"), "{planned}");
    // Nothing but the answers is needed for OpenID Connect, and what is commented out may be meant.
    let all: Vec<_> = answers().lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    let form = desk.write("all.toml", &all.join("\n"));
    let made = stoa(&["connection", "new", "--from", &form]).await.done();
    for part in ["from = \"employee_number\"", "[attributes]\nfirst_name = \"givenName\""] {
        assert!(made.contains(part), "{part}: {made}");
    }

    let saml =
        answers().replace("\"oidc\"", "\"saml\"").replace("https://initech.okta.com", "https://x.example/metadata");
    let form = desk.write("saml.toml", &saml);
    let made = desk.stoa(&["connection", "new", "--from", &form, "--host", "sso.example.com"]).await.done();
    assert!(made.contains("sp_entity_id = \"https://sso.example.com/saml/initech\""), "{made}");
    for (from, to, said) in [
        ("client_id", "# client_id", "the answers lack client_id"),
        ("initech.com\"]", "gmail.com\"]", "gmail.com"),
        ("product = \"okta\"", "product = \"octa\"", "octa"),
        ("school =", "scholl =", "scholl"),
    ] {
        let form = desk.write("wrong.toml", &answers().replacen(from, to, 1));
        let refused = desk.stoa(&["connection", "new", "--from", &form, "--host", &url]).await.refused();
        assert!(refused.contains(said), "{said}: {refused}");
    }
}

#[tokio::test]
async fn a_timeline_has_what_was_reached_and_says_what_was_not() {
    let desk = Desk::new().await;
    let line = |told: &str, name: &str| told.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    let told = desk.stoa(&["connection", "timeline", "pg"]).await.done();
    assert!(
        line(&told, "file applied").ends_with("day 0.0") && line(&told, "active").contains("Z   day 0.0"),
        "{told}"
    );
    assert!(
        line(&told, "first login").ends_with("not yet") && line(&told, "first test").ends_with("not yet"),
        "{told}"
    );
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    desk.sandbox.browser().get(&format!("{}?test=1", desk.sandbox.login_url())).await.unwrap();
    desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    let told = desk.stoa(&["connection", "timeline", "pg"]).await.done();
    assert!(
        line(&told, "first login").contains("Z   day 0.0") && line(&told, "first test").contains("Z   day "),
        "{told}"
    );
    assert!(line(&told, "first hundred").ends_with("not yet"), "{told}");
    let all = desk.stoa(&["connection", "timeline", "--all"]).await.done();
    assert!(all.starts_with("DAYS UNTIL") && line(&all, "pg ").contains("not yet"), "{all}");
    assert!(line(&all, "the middle one").ends_with(" -"), "{all}");
}

#[tokio::test]
async fn whoever_takes_over_is_told_what_there_is_and_what_is_open() {
    let desk = Desk::new().await;
    let file = desk.file("acme.toml", |text| {
        let text = text.replace("id = \"pg\"", "id = \"acme\"").replace("customer = \"pg\"", "customer = \"acme\"");
        text.replace("pg.com\"]", "acme.example\"]").replace("/saml/pg", "/saml/acme")
    });
    desk.stoa(&["connection", "apply", &file]).await.done();
    desk.sandbox.set_up_probe().await.unwrap();
    let told = desk.stoa(&["hand-off", "--host", &desk.sandbox.url()]).await.done();
    assert!(told.starts_with("# stoa-local at 20"), "{told}");
    for part in
        ["\nacme   draft   ", "under way: not active yet", "\npg   active   ", "Academy desk", "acme version 1: new"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let probe = told.lines().find(|line| line.starts_with("probe ")).unwrap();
    assert!(probe.ends_with("the stack's own: it only tests"), "{probe}");
    assert!(told.contains("## What `stoa doctor` finds now\n\nNothing.\n"), "{told}");
}
