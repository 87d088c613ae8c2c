//! SimpleSAMLphp, as Debian has it, in PHP's own web server.

use std::process::Command;

use serde_json::{Value, json};
use stoa_core::ids::ConnectionId;
use stoa_sandbox::browser::{Browser, Page};
use stoa_service::operator::{ConnectionFile, SecretName, SecretText};

use super::{Process, connect, free_port, is_wanted, root, wait_for};
use crate::steps::World;

const HOST: &str = "simplesamlphp.localhost";
const SP_KEY: &str = include_str!("../../../crates/stoa-saml/testdata/keys/sp.key");
const SP_CERTIFICATE: &str = include_str!("../../../crates/stoa-saml/testdata/keys/sp.crt");

/// A running SimpleSAMLphp.
struct Peer {
    url: String,
    folder: tempfile::TempDir,
    settings: Value,
    _process: Process,
}

impl Peer {
    async fn start() -> Self {
        let port = free_port();
        let url = format!("http://{HOST}:{port}");
        let folder = tempfile::tempdir().unwrap();
        let settings = json!({
            "url": url,
            "folder": folder.path(),
            "keys": root().join("crates/stoa-saml/testdata/keys"),
            "idp": "idp-current",
            "algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "sp_metadata": "",
            "sign_response": true,
            "sign_assertion": false,
            "encrypt": false,
            "encryption": "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            "requests_signed": false,
        });
        let mut command = Command::new("php");
        command
            .args(["-S", &format!("127.0.0.1:{port}"), "-t", "/usr/share/simplesamlphp/www", "-q"])
            .env("SIMPLESAMLPHP_CONFIG_DIR", root().join("infra/peers/simplesamlphp"))
            .env("STOA_PEER", folder.path().join("peer.json"));
        let peer = Self { url, folder, settings, _process: Process::start(command) };
        peer.write();
        peer
    }

    fn write(&self) {
        std::fs::write(self.folder.path().join("peer.json"), self.settings.to_string()).unwrap();
    }

    /// Its administrator changes settings.
    fn set(&mut self, settings: Value) {
        for (name, value) in settings.as_object().unwrap() {
            self.settings[name] = value.clone();
        }
        self.write();
    }

    /// Connects stoa to it: its metadata here, ours there.
    async fn connect(&mut self, world: &World, saml: &str) {
        let metadata = wait_for(&format!("{}/saml2/idp/metadata.php", self.url)).await;
        let text = format!(
            "id = \"ssp\"\ncustomer = \"example\"\nschool = \"pg-academy\"\ndomains = [\"example.org\"]\n\
             [saml]\nmetadata_file = \"ssp.xml\"\nsp_entity_id = \"https://sso.example.com/saml/ssp\"\n{saml}\n"
        );
        let file = ConnectionFile {
            path: "ssp.toml".into(),
            text,
            metadata: Some(metadata.into_bytes()),
            ..ConnectionFile::default()
        };
        connect(world, file, "ssp").await;
        let ours = world.browser().get(&format!("{}/saml/ssp/metadata", world.url())).await.unwrap();
        self.set(json!({ "sp_metadata": ours.body }));
    }
}

/// A whole login: our address, the sign-on page, and back.
async fn log_in(world: &World, browser: &Browser, (name, password): (&str, &str)) -> Page {
    let page = browser.get(&format!("{}/login/ssp", world.url())).await.unwrap();
    let form = page.form_to("").unwrap_or_else(|| panic!("no sign-on page: {} {}", page.url, page.body)).clone();
    let page = browser.submit(&page, &form, &[("username", name), ("password", password)]).await.unwrap();
    match page.form_to("/acs") {
        Some(form) => browser.submit(&page, form, &[]).await.unwrap(),
        None => page,
    }
}

const ADA: (&str, &str) = ("ada", "lovelace");

#[tokio::test(flavor = "multi_thread")]
async fn simplesamlphp_signs_the_response_the_assertion_or_both() {
    if !is_wanted() {
        return;
    }
    let (world, mut peer) = (World::start().await, Peer::start().await);
    peer.connect(&world, "").await;
    for (response, assertion) in [(true, false), (false, true), (true, true)] {
        peer.set(json!({ "sign_response": response, "sign_assertion": assertion }));
        world.signed_in(&log_in(&world, &world.browser(), ADA).await, "ada@example.org");
    }
    peer.set(json!({ "sign_response": false, "sign_assertion": false }));
    world.refused(&log_in(&world, &world.browser(), ADA).await, "saml_signature_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn simplesamlphp_encrypts_to_our_key_and_checks_our_signature() {
    if !is_wanted() {
        return;
    }
    let (world, mut peer) = (World::start().await, Peer::start().await);
    let name = SecretName::Saml(ConnectionId::parse("ssp").unwrap());
    world.operator.put_secret(&name, SecretText::new(SP_KEY).unwrap()).await.unwrap();
    peer.connect(&world, &format!("sign_requests = true\nsp_certificates = ['''{SP_CERTIFICATE}''']")).await;
    peer.set(json!({ "encrypt": true, "requests_signed": true }));
    for encryption in ["2009/xmlenc11#aes128-gcm", "2009/xmlenc11#aes256-gcm", "2001/04/xmlenc#aes256-cbc"] {
        peer.set(json!({ "encryption": format!("http://www.w3.org/{encryption}"), "sign_assertion": true }));
        world.signed_in(&log_in(&world, &world.browser(), ADA).await, "ada@example.org");
    }
    // CBC is opened only under a Response signature that was verified before.
    peer.set(json!({ "sign_response": false }));
    world.refused(&log_in(&world, &world.browser(), ADA).await, "saml_cbc_unsigned");
}

#[tokio::test(flavor = "multi_thread")]
async fn simplesamlphp_sends_names_with_every_letter_and_other_digests() {
    if !is_wanted() {
        return;
    }
    let (world, mut peer) = (World::start().await, Peer::start().await);
    peer.connect(&world, "request_binding = \"redirect\"\nforce_authn = true").await;
    for digest in ["rsa-sha384", "rsa-sha512"] {
        peer.set(json!({ "algorithm": format!("http://www.w3.org/2001/04/xmldsig-more#{digest}") }));
        world.signed_in(&log_in(&world, &world.browser(), ("jose", "nunez")).await, "jose@example.org");
    }
    let user = world.thinkific.user("jose@example.org").unwrap();
    assert_eq!((user.first_name.as_str(), user.last_name.as_str()), ("José", "Núñez & Søn"));
    // Its next key is not trusted until somebody says so.
    peer.set(json!({ "idp": "idp-next" }));
    world.refused(&log_in(&world, &world.browser(), ADA).await, "saml_signature_mismatch");
}
