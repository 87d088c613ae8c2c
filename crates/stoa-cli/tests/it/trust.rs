//! `stoa connection trust`, and `apply` of what providers publish.

use stoa_saml::Certificate;
use stoa_sandbox::openid::{INITECH, Product};
use stoa_sandbox::pingfederate::Published;

use crate::command::Desk;

/// A desk whose connection's metadata is fetched.
async fn fetching() -> Desk {
    let desk = Desk::new().await;
    let applied =
        desk.stoa(&["connection", "apply", &fetched(&desk, str::to_owned), "--reason", "a test"]).await.done();
    assert!(applied.contains("saml.metadata_url: (none) → "), "{applied}");
    desk
}

fn fetched(desk: &Desk, change: impl Fn(&str) -> String) -> String {
    let url = desk.sandbox.pingfederate.metadata_url(desk.sandbox.pingfederate_partner());
    let setting = format!("metadata_url = \"{url}\"");
    desk.file("pg.toml", |text| change(&text.replace("metadata_file = \"pg-metadata.xml\"", &setting)))
}

fn published(desk: &Desk) -> Vec<Certificate> {
    let xml = desk.sandbox.pingfederate.metadata(desk.sandbox.pingfederate_partner()).unwrap();
    stoa_saml::metadata::parse(xml.as_bytes(), None, jiff::Timestamp::now()).unwrap().signing
}

#[tokio::test]
async fn keys_are_listed_and_a_waiting_one_is_approved_and_removed() {
    let desk = fetching().await;
    desk.sandbox.pingfederate.announce_next_certificate();
    desk.sandbox.refresh_trust().await.unwrap();
    let keys = published(&desk);
    let [current, next] = [keys[0].fingerprint(), keys[1].fingerprint()];
    let list = desk.stoa(&["connection", "trust", "pg"]).await.done();
    assert!(list.contains(&format!("SHA-256 {current}\n")) && list.contains("trusted since"), "{list}");
    assert!(list.contains(&format!("SHA-256 {next}\n")) && list.contains("waiting; trusted from 20"), "{list}");

    let short = desk.stoa(&["connection", "trust", "pg", "approve", &next[..16], "--reason", "x"]).await;
    assert!(short.code == 2 && short.err.contains("64 hexadecimal digits"), "{short:?}");
    let silent = desk.stoa(&["connection", "trust", "pg", "approve", next]).await;
    assert!(silent.code == 2 && silent.err.contains("--reason"), "{silent:?}");
    // As a console prints it.
    let colons: Vec<_> = next.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_uppercase()).collect();
    let arguments = ["connection", "trust", "pg", "approve", &colons.join(":"), "--reason", "read out by phone"];
    desk.stoa(&arguments).await.done();
    let list = desk.stoa(&["connection", "trust", "pg"]).await.done();
    assert!(!list.contains("waiting") && list.contains(", by arn:aws:iam::000000000000:user/"), "{list}");
    assert!(list.contains("approve ") && list.ends_with("read out by phone\n"), "{list}");

    desk.stoa(&["connection", "trust", "pg", "remove", next, "--reason", "stolen"]).await.done();
    let list = desk.stoa(&["connection", "trust", "pg"]).await.done();
    assert!(list.contains("removed; it does not come back on its own"), "{list}");
    let refused = desk.stoa(&["connection", "trust", "pg", "remove", current, "--reason", "x"]).await.refused();
    assert!(refused.contains("the last key that pg trusts") && refused.contains("connection disable pg"), "{refused}");
}

#[tokio::test]
async fn a_look_says_what_would_change_and_writes_nothing() {
    let desk = fetching().await;
    desk.sandbox.pingfederate.rotate_certificate();
    desk.sandbox.pingfederate.retire_previous_certificate();
    let new = published(&desk).remove(0);
    let looked = desk.stoa(&["connection", "trust", "pg", "fetch"]).await.done();
    assert!(looked.contains("change_held: every key has been replaced at once"), "{looked}");
    assert!(looked.contains(&format!("approve {} --reason", new.fingerprint())), "{looked}");
    assert!(!desk.stoa(&["connection", "trust", "pg"]).await.done().contains(new.fingerprint()));
    // Before trust-refresh has seen it: the key is read from the metadata.
    desk.stoa(&["connection", "trust", "pg", "approve", new.fingerprint(), "--reason", "urgent"]).await.done();
    assert!(desk.stoa(&["connection", "trust", "pg"]).await.done().contains(new.fingerprint()));
    let unknown = "0".repeat(64);
    let refused = desk.stoa(&["connection", "trust", "pg", "approve", &unknown, "--reason", "x"]).await.refused();
    assert!(refused.contains("has no key with the SHA-256"), "{refused}");
    let arguments = ["connection", "trust", "pg", "approve", new.fingerprint(), "--reason", "twice"];
    let twice = desk.stoa(&arguments).await.refused();
    assert!(twice.contains("already trusts the key"), "{twice}");
}

#[tokio::test]
async fn a_key_set_is_fetched_now_and_written() {
    let desk = Desk::new().await;
    desk.sandbox.connect_openid(&INITECH, str::to_owned).await.unwrap();
    let fetch = ["connection", "trust", "initech", "fetch"];
    let told = desk.stoa(&fetch).await.done();
    assert!(told.contains("Key set jwks, as http") && told.contains("the same keys as before"), "{told}");
    assert!(told.ends_with("Written. Functions use it within a minute.\n"), "{told}");
    let before = desk.stoa(&["connection", "trust", "initech"]).await.done();
    desk.sandbox.openid.rotate_keys(Product::Okta);
    desk.sandbox.openid.retire_previous_key(Product::Okta);
    let told = desk.stoa(&fetch).await.done();
    assert!(told.contains("    changed: new: ") && told.contains("; gone: "), "{told}");
    let after = desk.stoa(&["connection", "trust", "initech"]).await.done();
    assert_ne!(after.lines().next(), before.lines().next());
    // No key of a set is a person's to approve, and what does help is named.
    let arguments = ["connection", "trust", "initech", "approve", &"0".repeat(64), "--reason", "x"];
    let refused = desk.stoa(&arguments).await.refused();
    assert!(
        refused.contains("is used as published") && refused.contains("connection trust initech fetch"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_has_no_keys_has_none_to_fetch() {
    let desk = Desk::new().await;
    desk.sandbox.connect_workos(str::to_owned).await.unwrap();
    let refused = desk.stoa(&["connection", "trust", "umbrella", "fetch"]).await.refused();
    assert!(refused.contains("umbrella has no keys"), "{refused}");
}

#[tokio::test]
async fn metadata_from_a_file_is_nowhere_to_be_looked_at() {
    let desk = Desk::new().await;
    let refused = desk.stoa(&["connection", "trust", "pg", "fetch"]).await.refused();
    assert!(refused.contains("pg has no saml.metadata_url") && refused.contains("… add FILE"), "{refused}");
}

#[tokio::test]
async fn a_certificate_from_a_file_is_added() {
    let desk = fetching().await;
    let pem = include_str!("../../../stoa-sandbox/src/pingfederate/keys/signing-4.cert.pem");
    let file = desk.write("new.pem", pem);
    desk.stoa(&["connection", "trust", "pg", "add", &file, "--reason", "by email, read out"]).await.done();
    let list = desk.stoa(&["connection", "trust", "pg"]).await.done();
    assert!(list.contains("whatever the metadata says"), "{list}");
    let again = desk.stoa(&["connection", "trust", "pg", "add", &file, "--reason", "x"]).await.refused();
    assert!(again.contains("already trusts the key"), "{again}");
    let der = desk.write("new.der", "");
    std::fs::write(&der, stoa_saml::Certificate::from_pem(pem).unwrap().der()).unwrap();
    let as_der = desk.stoa(&["connection", "trust", "pg", "add", &der, "--reason", "x"]).await.refused();
    assert!(as_der.contains("already trusts the key"), "{as_der}");
    let not = desk.write("not.pem", "certificate");
    assert!(desk.stoa(&["connection", "trust", "pg", "add", &not, "--reason", "x"]).await.refused().contains("BEGIN"));
}

/// The new metadata came by email, or is published elsewhere now.
#[tokio::test]
async fn metadata_from_elsewhere_is_compared_and_its_keys_are_added() {
    let desk = Desk::new().await;
    let old = published(&desk).remove(0);
    desk.sandbox.pingfederate.rotate_certificate();
    desk.sandbox.pingfederate.retire_previous_certificate();
    let new = published(&desk).remove(0);
    let xml = desk.sandbox.pingfederate.metadata(desk.sandbox.pingfederate_partner()).unwrap();
    let file = desk.write("new metadata.xml", &xml);
    let url = desk.sandbox.pingfederate.metadata_url(desk.sandbox.pingfederate_partner());
    for from in [&file, &url] {
        let looked = desk.stoa(&["connection", "trust", "pg", "fetch", from]).await.done();
        assert!(looked.contains("change_held: every key has been replaced at once"), "{looked}");
        assert!(looked.contains("Nothing was written.") && looked.contains(new.fingerprint()), "{looked}");
        assert!(looked.contains("    stoa connection trust pg add "), "{looked}");
    }
    let trusted = async || desk.stoa(&["connection", "trust", "pg"]).await.done();
    assert!(!trusted().await.contains(new.fingerprint()));
    let add = async |source: &str| {
        desk.stoa(&["connection", "trust", "pg", "add", source, "--reason", "read out by phone"]).await
    };
    let added = add(&file).await.done();
    assert!(added.contains(new.fingerprint()), "{added}");
    assert!(added.ends_with("    metadata_file = \"new metadata.xml\"\n"), "{added}");
    let list = trusted().await;
    assert!(list.contains(new.fingerprint()) && list.contains(old.fingerprint()), "{list}");
    let again = add(&url).await.refused();
    assert!(again.contains("already trusts the key"), "{again}");
    desk.sandbox.pingfederate.rotate_certificate();
    let added = add(&url).await.done();
    assert!(added.ends_with(&format!("    metadata_url = {url:?}\n")), "{added}");
    let looked = desk.stoa(&["connection", "trust", "pg", "fetch", &url]).await.done();
    assert!(looked.contains("trusts every key of it already"), "{looked}");
    // Somebody else's metadata is nobody's word on this connection.
    let other = desk.write("other.xml", &xml.replace("https://pingfederate.example", "https://other.example"));
    let refused = add(&other).await.refused();
    assert!(refused.contains("other.xml"), "{refused}");
}

#[tokio::test]
async fn a_provider_out_of_reach_stops_no_other_change_but_a_new_connection() {
    let desk = fetching().await;
    desk.sandbox.pingfederate.publish_instead(Some(Published::Status(503)));
    let file = fetched(&desk, |text| format!("{text}\n[admit]\ngroups = [\"learning\"]\n"));
    let applied = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    assert!(applied.contains("so what it last published is kept"), "{applied}");
    assert!(applied.contains("admit.groups") && applied.contains("Written: connection pg"), "{applied}");
    let new = fetched(&desk, |text| text.replace("id = \"pg\"", "id = \"acme\""));
    let refused = desk.stoa(&["connection", "apply", &new, "--reason", "a test"]).await.refused();
    assert!(refused.contains("the response has status 503") && refused.contains("save it as a file"), "{refused}");
}

#[tokio::test]
async fn an_address_that_leads_elsewhere_is_not_followed_and_the_way_is_named() {
    let desk = Desk::new().await;
    desk.sandbox.pingfederate.publish_instead(Some(Published::Status(302)));
    let new = fetched(&desk, |text| text.replace("id = \"pg\"", "id = \"acme\""));
    let refused = desk.stoa(&["connection", "plan", &new]).await.refused();
    assert!(refused.contains("status 302") && refused.contains("saml.metadata_url or oidc.discovery_url"), "{refused}");
}

#[tokio::test]
async fn of_several_identity_providers_the_named_one_is_taken() {
    let desk = Desk::new().await;
    let one = desk.sandbox.pingfederate.metadata(desk.sandbox.pingfederate_partner()).unwrap();
    let other = one.replace("https://pingfederate.example", "https://other.example").replace("_metadata", "_other");
    let both = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{one}{other}</md:EntitiesDescriptor>"
    );
    desk.sandbox.pingfederate.publish_instead(Some(Published::Text(both.clone())));
    desk.write("pg-metadata.xml", &both);
    let acme = |text: &str| text.replace("id = \"pg\"", "id = \"acme\"").replace("/saml/pg", "/saml/acme");
    let named =
        |text: &str| acme(text).replace("sp_entity_id", "idp_entity_id = \"https://other.example\"\nsp_entity_id");
    for file in [fetched(&desk, acme), desk.file("acme.toml", acme)] {
        let refused = desk.stoa(&["connection", "plan", &file]).await.refused();
        assert!(refused.contains("several identity providers"), "{refused}");
    }
    for file in [fetched(&desk, named), desk.file("acme.toml", named)] {
        let plan = desk.stoa(&["connection", "plan", &file]).await.done();
        assert!(plan.contains("saml.idp.entity_id: (none) → \"https://other.example\""), "{plan}");
    }
}

#[tokio::test]
async fn another_identity_provider_is_named_with_what_it_leaves_behind() {
    let desk = Desk::new().await;
    let metadata = desk.sandbox.pingfederate.metadata(desk.sandbox.pingfederate_partner()).unwrap();
    desk.write("pg-metadata.xml", &metadata);
    let file = desk.file("pg.toml", str::to_owned);
    assert!(!desk.stoa(&["connection", "plan", &file]).await.done().contains("the previous identity provider"));
    desk.write("pg-metadata.xml", &metadata.replace("https://pingfederate.example", "https://other.example"));
    let plan = desk.stoa(&["connection", "plan", &file]).await.done();
    assert!(plan.contains("the previous identity provider, https://pingfederate.example, stay trusted"), "{plan}");
}

#[tokio::test]
async fn c129_metadata_that_should_be_signed_and_is_not_is_not_applied() {
    let desk = Desk::new().await;
    let pem = include_str!("../../../stoa-sandbox/src/pingfederate/keys/signing-4.cert.pem");
    let pinned = |text: &str| {
        text.replace("id = \"pg\"", "id = \"acme\"")
            .replace("sp_entity_id", &format!("metadata_certificates = ['''{pem}''']\nsp_entity_id"))
    };
    let refused = desk.stoa(&["connection", "apply", &fetched(&desk, pinned), "--reason", "a test"]).await.refused();
    assert!(refused.contains("the metadata is refused"), "{refused}");
}

#[tokio::test]
async fn what_stands_where_metadata_should_be_is_named_with_its_address() {
    let desk = Desk::new().await;
    let url = desk.sandbox.pingfederate.metadata_url(desk.sandbox.pingfederate_partner());
    let acme = |text: &str| text.replace("id = \"pg\"", "id = \"acme\"").replace("/saml/pg", "/saml/acme");
    for (text, said) in [
        ("<!DOCTYPE html><html><body>Sign in</body></html>", "a web page came, not metadata"),
        ("{\"error\":\"not found\"}", "JSON came, not metadata"),
        ("", "nothing came"),
        ("Not found", "something else than XML came"),
    ] {
        desk.sandbox.pingfederate.publish_instead(Some(Published::Text(text.to_owned())));
        let refused = desk.stoa(&["connection", "apply", &fetched(&desk, acme), "--reason", "a test"]).await.refused();
        assert!(refused.contains(said) && refused.contains(&url), "{refused}");
        // The same for whoever looks later.
        let looked = desk.stoa(&["connection", "check", &file_with(&desk, acme, text)]).await.refused();
        assert!(looked.contains(said), "{looked}");
    }
}

/// The connection's file, with `metadata` beside it.
fn file_with(desk: &Desk, change: impl Fn(&str) -> String, metadata: &str) -> String {
    desk.write("pg-metadata.xml", metadata);
    desk.file("acme.toml", change)
}

#[tokio::test]
async fn a_check_says_what_it_leaves_out() {
    let desk = Desk::new().await;
    let metadata = include_str!("../../../stoa-saml/testdata/as-sent/chain-in-x509data.xml");
    let told = desk.stoa(&["connection", "check", &file_with(&desk, str::to_owned, metadata)]).await.done();
    assert!(told.contains("Signing certificate: CN=idp,O=Example"), "{told}");
    assert!(told.contains("warning: left out, CN=idp,O=Example") && told.contains("part of a chain"), "{told}");
    assert!(!told.contains("2 signing certificates"), "{told}");
}

#[tokio::test]
async fn a_check_asks_nobody_and_says_so() {
    let desk = Desk::new().await;
    let told = desk.stoa(&["connection", "check", &fetched(&desk, str::to_owned)]).await.done();
    assert!(told.contains(": valid.") && !told.contains("identity-provider.invalid"), "{told}");
    assert!(told.contains("not in a file next to this one") && told.contains("connection plan"), "{told}");
    // What the file alone can have wrong is found all the same.
    let public = fetched(&desk, |text| text.replace("pg.com", "gmail.com"));
    let refused = desk.stoa(&["connection", "check", &public]).await.refused();
    assert!(refused.contains("gmail.com"), "{refused}");
}

#[tokio::test]
async fn c127_metadata_at_a_private_address_is_not_read() {
    let desk = Desk::new().await;
    for url in ["https://169.254.169.254/latest", "https://10.0.0.1/metadata", "https://[::ffff:10.0.0.1]/"] {
        let setting = format!("metadata_url = \"{url}\"");
        let file = desk.file("acme.toml", |text| {
            text.replace("id = \"pg\"", "id = \"acme\"").replace("metadata_file = \"pg-metadata.xml\"", &setting)
        });
        let refused = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.refused();
        assert!(refused.contains("not https, or is not on the public internet"), "{refused}");
    }
}
