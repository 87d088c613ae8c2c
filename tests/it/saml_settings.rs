//! What a connection's SAML settings do to a login, and what each defect of a Response comes to.

use stoa_core::ids::ConnectionId;
use stoa_saml::idp::{DataEncryption, KeyTransport, Placement, SignWhat};
use stoa_sandbox::pingfederate::{Defect, Encryption};
use stoa_service::operator::{SecretName, SecretText};

use crate::steps::{MARY, MARYS_EMAIL, World};

const SP_KEY: &str = include_str!("../../crates/stoa-saml/testdata/keys/sp.key");
const SP_CERTIFICATE: &str = include_str!("../../crates/stoa-saml/testdata/keys/sp.crt");
const NEXT_KEY: &str = include_str!("../../crates/stoa-saml/testdata/keys/sp-next.key");
const NEXT_CERTIFICATE: &str = include_str!("../../crates/stoa-saml/testdata/keys/sp-next.crt");

/// The connection's file with more lines in its `[saml]` table.
fn with_saml(file: &str, lines: &str) -> String {
    file.replace("[saml]\n", &format!("[saml]\n{lines}\n"))
}

async fn put_sp_keys(world: &World, keys: &[(&str, i64, &str)]) {
    let keys: Vec<_> =
        keys.iter().map(|(id, from, pem)| serde_json::json!({ "id": id, "from": from, "value": pem })).collect();
    let text = SecretText::new(&serde_json::json!({ "keys": keys }).to_string()).unwrap();
    let name = SecretName::Saml(ConnectionId::parse("pg").unwrap());
    world.operator.put_secret(&name, text).await.unwrap();
}

/// Requests are signed, and Assertions encrypted to us.
pub async fn sign_and_encrypt(world: &World) {
    put_sp_keys(world, &[("1", 0, SP_KEY)]).await;
    let lines = format!("sign_requests = true\nsp_certificates = ['''{SP_CERTIFICATE}''']");
    world.reconfigure(|file| with_saml(file, &lines)).await;
    world.import_metadata("pg").await;
    world.pingfederate.edit_partner(world.pingfederate_partner(), |partner| {
        let (data, transport) = (DataEncryption::Aes256Gcm, KeyTransport::OaepMgf1pSha1);
        partner.encrypt = Some(Encryption { data, transport, placement: Placement::Inside });
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_signed_where_the_connection_asks_by_redirect_and_by_post() {
    for binding in ["redirect", "post"] {
        let world = World::start().await;
        put_sp_keys(&world, &[("1", 0, SP_KEY)]).await;
        let lines = format!(
            "sign_requests = true\nrequest_binding = \"{binding}\"\nsp_certificates = ['''{SP_CERTIFICATE}''']"
        );
        world.reconfigure(|file| with_saml(file, &lines)).await;
        world.import_metadata("pg").await;
        let entity_id = world.pingfederate_partner();
        assert!(world.pingfederate.edit_partner(entity_id, |partner| assert!(partner.require_signed_requests)));
        let page = world.log_in(&world.browser(), MARY).await;
        world.signed_in(&page, MARYS_EMAIL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn assertions_may_be_encrypted_to_either_of_two_keys() {
    let world = World::start().await;
    put_sp_keys(&world, &[("1", 0, SP_KEY), ("2", 1, NEXT_KEY)]).await;
    for (certificate, data, placement) in [
        (SP_CERTIFICATE, DataEncryption::Aes256Gcm, Placement::Inside),
        (NEXT_CERTIFICATE, DataEncryption::Aes128Gcm, Placement::Sibling),
        (NEXT_CERTIFICATE, DataEncryption::Aes128Cbc, Placement::Inside),
    ] {
        let lines = format!("sp_certificates = ['''{certificate}''']");
        world.reconfigure(|file| with_saml(file, &lines)).await;
        world.import_metadata("pg").await;
        world.pingfederate.edit_partner(world.pingfederate_partner(), |partner| {
            partner.encrypt = Some(Encryption { data, transport: KeyTransport::OaepMgf1pSha1, placement });
        });
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c119_cbc_without_a_response_signature_is_refused_and_a_lost_key_is_one_generic_failure() {
    let world = World::start().await;
    put_sp_keys(&world, &[("1", 0, SP_KEY)]).await;
    let lines = format!("sp_certificates = ['''{SP_CERTIFICATE}''']");
    world.reconfigure(|file| with_saml(file, &lines)).await;
    world.import_metadata("pg").await;
    let encrypt =
        |data| Some(Encryption { data, transport: KeyTransport::OaepMgf1pSha1, placement: Placement::Inside });
    world.pingfederate.edit_partner(world.pingfederate_partner(), |partner| {
        (partner.sign, partner.encrypt) = (SignWhat::Assertion, encrypt(DataEncryption::Aes128Cbc));
    });
    let page = world.log_in(&world.browser(), MARY).await;
    assert_eq!(page.status, 403);
    assert!(page.text().contains("saml-untrusted"), "{}", page.text());

    world.pingfederate.edit_partner(world.pingfederate_partner(), |partner| {
        (partner.sign, partner.encrypt) = (SignWhat::Assertion, encrypt(DataEncryption::Aes128Gcm));
    });
    put_sp_keys(&world, &[("2", 0, NEXT_KEY)]).await;
    world.advance(61);
    let lost_key = world.log_in(&world.browser(), MARY).await;
    assert!(lost_key.text().contains("saml-untrusted"), "{}", lost_key.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_authentication_is_asked_for_and_checked() {
    let world = World::start().await;
    world.reconfigure(|file| with_saml(file, "force_authn = true")).await;
    let browser = world.browser();
    world.signed_in(&world.log_in(&browser, MARY).await, MARYS_EMAIL);
    // PingFederate remembers Mary, but must ask her again.
    world.pingfederate.ask();
    let page = browser.get(&world.login_url()).await.unwrap();
    assert!(page.text().contains("Sign On"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn c072_the_next_certificate_is_not_trusted_before_it_is_known() {
    let world = World::with_mary().await;
    world.pingfederate.rotate_certificate();
    let page = world.log_in(&world.browser(), MARY).await;
    world.refused_and_traced(&page, "saml_signature_mismatch");
}

/// Catalogue 33–41 among others, through the whole login. The public code never says more than its family.
#[tokio::test(flavor = "multi_thread")]
async fn each_defect_of_a_response_is_a_fault_of_its_own() {
    let world = World::with_mary().await;
    let mut wrong = Vec::new();
    for defect in Defect::ALL.iter().copied() {
        let Some((fault, public)) = expected(defect) else { continue };
        world.pingfederate.next_defect(defect);
        let page = world.log_in(&world.browser(), MARY).await;
        let faults = world.faults();
        if faults != [fault] || !page.text().contains(public) {
            wrong.push(format!("{defect:?}: {faults:?}, {}", page.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(world.launches(), 1, "only Mary's own first login");
}

/// The exact fault and its public code.
fn expected(defect: Defect) -> Option<(&'static str, &'static str)> {
    Some(match defect {
        Defect::BrokenDigest => ("saml_digest_mismatch", "saml-untrusted"),
        Defect::CommentInNameId => ("saml_text_not_plain", "saml-malformed"),
        Defect::Expired => ("saml_expired", "saml-time"),
        // No Response comes, or one to another login: see the tests below.
        Defect::HtmlPage | Defect::OtherInResponseTo | Defect::ReplayPrevious => return None,
        // Lawful: see `identity`.
        Defect::StructuredAttribute => return None,
        Defect::EmptyNameId => ("saml_name_id_empty", "saml-policy"),
        Defect::NoNameId => ("saml_name_id_missing", "saml-policy"),
        Defect::IdpErrorStatus => ("saml_status_authn_failed", "saml-idp-status"),
        Defect::NextCertificate | Defect::SignedByAnotherKey => ("saml_signature_mismatch", "saml-untrusted"),
        Defect::NoAttributes => ("email_missing", "email-missing"),
        Defect::NoInResponseTo => ("saml_in_response_to_missing", "saml-protocol"),
        Defect::NotYetValid => ("saml_issued_in_future", "saml-time"),
        Defect::Sha1 => ("saml_digest_algorithm_refused", "saml-untrusted"),
        Defect::TransientNameId => ("subject_transient", "subject-missing"),
        Defect::TwoAssertions | Defect::Xsw3 | Defect::Xsw5 => ("saml_assertion_repeated", "saml-untrusted"),
        Defect::Unsigned => ("saml_signature_missing", "saml-untrusted"),
        Defect::WrongAudience => ("saml_audience_mismatch", "saml-protocol"),
        Defect::WrongDestination => ("saml_destination_mismatch", "saml-protocol"),
        Defect::WrongIssuer => ("saml_response_issuer_mismatch", "saml-protocol"),
        Defect::WrongRecipient => ("saml_recipient_mismatch", "saml-protocol"),
        Defect::Xsw1 | Defect::Xsw2 | Defect::Xsw4 | Defect::Xsw6 | Defect::Xsw7 | Defect::Xsw8 => {
            ("saml_assertion_misplaced", "saml-untrusted")
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_another_login_leads_to_a_fresh_one() {
    let world = World::with_mary().await;
    for defect in [Defect::OtherInResponseTo, Defect::ReplayPrevious] {
        world.pingfederate.next_defect(defect);
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    }
}
