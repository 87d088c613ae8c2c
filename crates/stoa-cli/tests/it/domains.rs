//! Domains that are hardly one customer's are asked about before they are claimed.

use crate::command::{Desk, stoa};

/// Another connection, with this domain.
fn claiming(desk: &Desk, domain: &str) -> String {
    desk.file("acme.toml", |text| {
        text.replace("\"pg\"", "\"acme\"").replace("pg.com", domain).replace("/saml/pg", "/saml/acme")
    })
}

#[tokio::test]
async fn a_mail_provider_s_domain_is_claimed_only_by_who_insists() {
    let desk = Desk::new().await;
    for domain in ["yahoo.co.uk", "t-online.de", "uol.com.br", "tutanota.com"] {
        let file = claiming(&desk, domain);
        for command in ["plan", "apply"] {
            let refusal = desk.stoa(&["connection", command, &file]).await.refused();
            assert!(refusal.contains("nothing was written") && refusal.contains("mail providers"), "{refusal}");
            assert!(refusal.contains(&format!("add `--allow-domain {domain}`")), "{refusal}");
        }
        // It has to be named, and another one is not it.
        let other = ["connection", "apply", &file, "--allow-domain", "acme.example"];
        desk.stoa(&other).await.refused();
    }
    assert!(!desk.stoa(&["connection", "list"]).await.done().contains("acme"));
    let file = claiming(&desk, "uol.com.br");
    let insisting = ["connection", "apply", &file, "--allow-domain", "acme.example", "--allow-domain", "uol.com.br"];
    assert!(desk.stoa(&insisting).await.done().contains("Written: connection acme"));
    // What has been claimed is not asked about again.
    let more = desk.write("acme.toml", &format!("{}company = \"company\"\n", std::fs::read_to_string(&file).unwrap()));
    assert!(
        desk.stoa(&["connection", "apply", &more, "--reason", "a test"])
            .await
            .done()
            .contains("Written: connection acme")
    );
}

#[tokio::test]
async fn a_suffix_under_which_others_register_is_nobody_s() {
    let desk = Desk::new().await;
    for domain in ["co.uk", "com.au", "com.mx", "github.io", "onmicrosoft.com"] {
        let file = claiming(&desk, domain);
        let insisting = ["connection", "apply", &file, "--allow-domain", domain];
        let refusal = desk.stoa(&insisting).await.refused();
        assert!(refusal.contains("others register domains below it"), "{refusal}");
        assert!(!refusal.contains("--allow-domain"), "{refusal}");
    }
    let file = claiming(&desk, "acme.onmicrosoft.com");
    assert!(
        desk.stoa(&["connection", "apply", &file, "--reason", "a test"])
            .await
            .done()
            .contains("Written: connection acme")
    );
}

/// Some public bodies own a suffix, and have mail there.
#[tokio::test]
async fn a_suffix_of_a_sector_is_claimed_only_by_who_insists() {
    let desk = Desk::new().await;
    for domain in ["nhs.uk", "police.uk", "wa.gov.au"] {
        let file = claiming(&desk, domain);
        let refusal = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.refused();
        assert!(refusal.contains("nothing was written") && refusal.contains("register domains below it"), "{refusal}");
        assert!(refusal.contains(&format!("add `--allow-domain {domain}`")), "{refusal}");
    }
    let file = claiming(&desk, "nhs.uk");
    let insisting = ["connection", "apply", &file, "--allow-domain", "nhs.uk"];
    assert!(desk.stoa(&insisting).await.done().contains("Written: connection acme"));
}

#[tokio::test]
async fn a_domain_in_other_letters_is_shown_as_people_see_it() {
    let desk = Desk::new().await;
    let file = claiming(&desk, "xn--pple-43d.com");
    let refusal = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.refused();
    assert!(refusal.contains("xn--pple-43d.com: people see it as \u{430}pple.com (\u{430} U+0430)"), "{refusal}");
    let checked = stoa(&["--sandbox", "http://127.0.0.1:1", "connection", "check", &file]).await.done();
    assert!(checked.contains("warning: xn--pple-43d.com: people see it as \u{430}pple.com"), "{checked}");
    let insisting = ["connection", "apply", &file, "--allow-domain", "xn--pple-43d.com"];
    assert!(desk.stoa(&insisting).await.done().contains("Written: connection acme"));
}
