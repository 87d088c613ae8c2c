//! What somebody should know before a connection is used: `check`, `plan` and `apply` say the same.

use jiff::{SignedDuration, Timestamp};
use stoa_sandbox::pingfederate::Published;

use crate::command::{Desk, stoa};

const SHA1: &str = include_str!("../../testdata/sha1.pem");

/// Metadata with everything in it that gives reason to warn.
fn alarming() -> String {
    let sound = include_str!("../../../stoa-saml/testdata/as-sent/chain-in-x509data.xml");
    let body: String = SHA1.lines().skip_while(|line| !line.starts_with("MII")).collect();
    let body = body.replace("-----END CERTIFICATE-----", "");
    let another = format!(
        "<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data>\
         </ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService "
    );
    sound.replacen("<md:IDPSSODescriptor ", "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" ", 1).replacen(
        "<md:SingleSignOnService ",
        &another,
        1,
    )
}

/// The texts of the warnings, however they are laid out.
fn warnings(printed: &str) -> Vec<&str> {
    printed.lines().filter_map(|line| Some(line.split_once("warning: ")?.1)).collect()
}

#[tokio::test]
async fn a_plan_and_an_apply_warn_of_whatever_a_check_warns_of() {
    let desk = Desk::new().await;
    let acme = |text: &str| {
        let certificate = format!("sp_certificates = ['''{SHA1}''']\nsp_entity_id");
        text.replace("id = \"pg\"", "id = \"acme\"")
            .replace("/saml/pg", "/saml/acme")
            .replace("sp_entity_id", &certificate)
    };
    desk.write("pg-metadata.xml", &alarming());
    let from_file = desk.file("acme.toml", acme);
    let checked = desk.stoa(&["connection", "check", &from_file]).await.done();
    let expected = warnings(&checked);
    for wanted in ["wants signed requests", "signed with SHA-1", "left out, CN=", "2 signing certificates"] {
        assert!(expected.iter().any(|warning| warning.contains(wanted)), "{wanted} in {checked}");
    }
    // Theirs and ours.
    assert_eq!(expected.iter().filter(|warning| warning.contains("SHA-1")).count(), 2, "{checked}");
    desk.sandbox.pingfederate.publish_instead(Some(Published::Text(alarming())));
    let url = desk.sandbox.pingfederate.metadata_url(desk.sandbox.pingfederate_partner());
    let from_address = desk.file("fetched.toml", |text| {
        acme(&text.replace("metadata_file = \"pg-metadata.xml\"", &format!("metadata_url = \"{url}\"")))
    });
    for (what, file) in [("plan", &from_file), ("plan", &from_address), ("apply", &from_address)] {
        let printed = desk.stoa(&["connection", what, file]).await.done();
        let said = warnings(&printed);
        assert_eq!(said.len(), expected.len(), "{printed}");
        for warning in &expected {
            assert!(said.iter().any(|said| said.ends_with(warning)), "{what}: {warning} in {printed}");
        }
        assert!(!printed.contains("BEGIN CERTIFICATE"), "{printed}");
    }
}

#[tokio::test]
async fn an_end_that_is_near_is_warned_of_only_where_nobody_fetches_again() {
    let desk = Desk::new().await;
    let end = Timestamp::now() + SignedDuration::from_hours(1000);
    let metadata = desk.sandbox.pingfederate.metadata(desk.sandbox.pingfederate_partner()).unwrap();
    let metadata = metadata.replacen("entityID=", &format!("validUntil=\"{end:.0}\" entityID="), 1);
    desk.write("pg-metadata.xml", &metadata);
    let file = desk.file("pg.toml", str::to_owned);
    for what in ["check", "plan"] {
        let printed = desk.stoa(&["connection", what, &file]).await.done();
        assert!(warnings(&printed).iter().any(|warning| warning.contains("the metadata is valid until")), "{printed}");
    }
    desk.sandbox.pingfederate.publish_instead(Some(Published::Text(metadata)));
    let url = desk.sandbox.pingfederate.metadata_url(desk.sandbox.pingfederate_partner());
    let setting = format!("metadata_url = \"{url}\"");
    let file = desk.file("pg.toml", |text| text.replace("metadata_file = \"pg-metadata.xml\"", &setting));
    let printed = desk.stoa(&["connection", "plan", &file]).await.done();
    assert_eq!(warnings(&printed), [""; 0], "{printed}");
}

#[tokio::test]
async fn a_rehearsal_by_http_is_checked_as_it_is_planned() {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", str::to_owned);
    let checked = desk.stoa(&["connection", "check", &file]).await.done();
    assert!(checked.contains("    requests go to http://"), "{checked}");
    desk.stoa(&["connection", "plan", &file]).await.done();
    // Without a sandbox it is no address for a connection, and the way to say which is named.
    let refused = stoa(&["connection", "check", &file]).await.refused();
    assert!(refused.contains("must be an absolute https address") && refused.contains("--sandbox"), "{refused}");
    let metadata = desk.sandbox.pingfederate.metadata(desk.sandbox.pingfederate_partner()).unwrap();
    desk.write("pg-metadata.xml", &metadata.replace(".localhost", ".example"));
    let refused = stoa(&["connection", "check", &file]).await.refused();
    assert!(refused.contains("must be an absolute https address") && !refused.contains("--sandbox"), "{refused}");
}

#[tokio::test]
async fn who_changes_a_saml_connection_is_told_that_our_metadata_follows_in_a_minute() {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", |text| format!("{text}\n[admit]\ngroups = [\"learning\"]\n"));
    let applied = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    assert!(
        applied.contains("/saml/pg/metadata, says so within a minute; until then it is the previous one"),
        "{applied}"
    );
    let new =
        desk.file("acme.toml", |text| text.replace("id = \"pg\"", "id = \"acme\"").replace("/saml/pg", "/saml/acme"));
    let applied = desk.stoa(&["connection", "apply", &new, "--reason", "a test"]).await.done();
    assert!(applied.contains("Written: connection acme") && !applied.contains("the previous one"), "{applied}");
}
