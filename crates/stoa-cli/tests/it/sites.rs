//! Two schools are never one site of Thinkific's.

use stoa_core::ids::SchoolId;
use stoa_core::routes::Table;

use crate::command::{Desk, Ran};

fn school(id: &str, subdomain: &str, host: &str) -> String {
    format!("id = \"{id}\"\nsubdomain = \"{subdomain}\"\nbase_url = \"https://{host}\"\n")
}

/// Applies a folder with this one school.
async fn apply(desk: &Desk, text: &str) -> Ran {
    let folder = desk.path().join("one");
    std::fs::create_dir_all(folder.join("schools")).unwrap();
    std::fs::write(folder.join("schools/school.toml"), text).unwrap();
    desk.stoa(&["connection", "apply", &folder.display().to_string()]).await
}

/// Each claim, and whose it is.
fn claims(desk: &Desk) -> Vec<(String, String)> {
    let text = |item: &serde_json::Value, name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    let items = desk.sandbox.front.items(Table::Connections).unwrap();
    let mut claims: Vec<_> = items
        .iter()
        .filter_map(|item| Some((text(item, "pk").strip_prefix("site#")?.to_owned(), text(item, "school"))))
        .filter(|(_, school)| school != "pg-academy")
        .collect();
    claims.sort();
    claims
}

fn owned(claims: &[(&str, &str)]) -> Vec<(String, String)> {
    claims.iter().map(|(site, school)| ((*site).to_owned(), (*school).to_owned())).collect()
}

#[tokio::test]
async fn a_second_school_on_the_same_site_is_refused_and_the_first_one_named() {
    let desk = Desk::new().await;
    apply(&desk, &school("acme", "acme", "learn.acme.com")).await.done();
    let ours = desk.sandbox.thinkific.school_url();
    for (file, site, owner) in [
        (school("dup", "acme", "acme.thinkific.com"), "acme.thinkific.com", "acme"),
        (school("dup", "ACME", "other.example"), "acme.thinkific.com", "acme"),
        (school("dup", "other", "acme.thinkific.com"), "acme.thinkific.com", "acme"),
        (school("dup", "other", "LEARN.acme.com."), "learn.acme.com", "acme"),
        (school("dup", "pg-academy", "other.example"), "pg-academy.thinkific.com", "pg-academy"),
        (school("dup", "other", "x").replace("https://x", &ours), "thinkific.localhost:", "pg-academy"),
    ] {
        let refusal = apply(&desk, &file).await.refused();
        assert!(refusal.contains("nothing was written: the site "), "{refusal}");
        assert!(refusal.contains(site) && refusal.contains(&format!("is the school {owner} already")), "{refusal}");
    }
    let dup = SchoolId::parse("dup").unwrap();
    assert!(desk.sandbox.operator.school_item(&dup).await.unwrap().is_none());
    assert_eq!(claims(&desk), owned(&[("acme.thinkific.com", "acme"), ("learn.acme.com", "acme")]));
}

#[tokio::test]
async fn a_site_that_a_school_has_left_is_free_and_one_that_it_keeps_is_not() {
    let desk = Desk::new().await;
    apply(&desk, &school("acme", "acme", "learn.acme.com")).await.done();
    let moved = apply(&desk, &school("acme", "acme-two", "learn.acme.com")).await.done();
    assert!(moved.contains("site: \"acme.thinkific.com\" → (none)"), "{moved}");
    assert_eq!(claims(&desk), owned(&[("acme-two.thinkific.com", "acme"), ("learn.acme.com", "acme")]));
    apply(&desk, &school("zenith", "acme", "acme.thinkific.com")).await.done();
    apply(&desk, &school("zenith", "acme", "learn.acme.com")).await.refused();
    // Removed by hand, with its claims left behind.
    let item = r#"{"TableName":"stoa-local-connections","Key":{"pk":{"S":"school#acme"},"sk":{"S":"current"}}}"#;
    desk.dynamodb("DeleteItem", item).await;
    apply(&desk, &school("zenith", "acme", "learn.acme.com")).await.done();
    assert_eq!(
        claims(&desk),
        owned(&[("acme-two.thinkific.com", "acme"), ("acme.thinkific.com", "zenith"), ("learn.acme.com", "zenith")])
    );
    let back = apply(&desk, &school("acme", "acme", "acme.thinkific.com")).await.refused();
    assert!(back.contains("is the school zenith already"), "{back}");
}

/// Both have planned while the site was free; the transaction decides.
#[tokio::test]
async fn a_site_that_two_schools_ask_for_at_once_is_one_s() {
    let desk = Desk::new().await;
    let operator = &desk.sandbox.operator;
    let text = |id| school(id, "acme", "acme.thinkific.com");
    let first = operator.plan_school("acme.toml", &text("acme")).await.unwrap();
    let second = operator.plan_school("dup.toml", &text("dup")).await.unwrap();
    operator.write_school(first).await.unwrap();
    let refusal = operator.write_school(second).await.unwrap_err().to_string();
    assert_eq!(
        refusal,
        "nothing was written: the site acme.thinkific.com is another school already, so it cannot be dup too"
    );
    assert!(operator.school_item(&SchoolId::parse("dup").unwrap()).await.unwrap().is_none());
}

/// A stack from before there were claims: one apply writes them.
#[tokio::test]
async fn a_school_without_its_claims_gets_them_by_an_apply() {
    let desk = Desk::new().await;
    let file = school("acme", "acme", "acme.thinkific.com");
    apply(&desk, &file).await.done();
    let item =
        r#"{"TableName":"stoa-local-connections","Key":{"pk":{"S":"site#acme.thinkific.com"},"sk":{"S":"claim"}}}"#;
    desk.dynamodb("DeleteItem", item).await;
    let applied = apply(&desk, &file).await.done();
    assert!(applied.contains("site: (none) → \"acme.thinkific.com\"") && applied.contains("Written: school acme."));
    assert_eq!(claims(&desk), owned(&[("acme.thinkific.com", "acme")]));
    assert!(apply(&desk, &file).await.done().ends_with("Nothing to do.\n"));
}
