//! `oidc-provider`, a certified OpenID provider, in Node.

use std::process::Command;

use serde_json::json;
use stoa_core::ids::ConnectionId;
use stoa_sandbox::browser::{Browser, Page};
use stoa_service::operator::{ConnectionFile, SecretName, SecretText};

use super::{Process, connect, free_port, is_wanted, root, wait_for};
use crate::steps::World;

const HOST: &str = "op.localhost";
/// PingFederate's client ids have such letters; they are encoded twice on the way (RFC 6749 §2.3.1).
const CLIENT: &str = "P&G Academy (test)";
const CLIENT_SECRET: &str = "s+cret: 100% \"quoted\"";
const KEY: &str = include_str!("../../../crates/stoa-saml/testdata/keys/idp-current.key");
const NEXT_KEY: &str = include_str!("../../../crates/stoa-saml/testdata/keys/idp-next.key");
const CLIENT_KEY: &str = include_str!("../../../crates/stoa-saml/testdata/keys/sp.key");

/// A running provider.
struct Peer {
    port: u16,
    process: Option<Process>,
}

impl Peer {
    fn new() -> Self {
        Self { port: free_port(), process: None }
    }

    fn url(&self) -> String {
        format!("http://{HOST}:{}", self.port)
    }

    /// Starts it, or starts it anew with another key.
    async fn start(&mut self, world: &World, kid: &str, key: &str, with_client_key: bool) {
        self.process = None;
        let method = if with_client_key { "private_key_jwt" } else { "client_secret_basic" };
        let mut client = json!({
            "client_id": CLIENT,
            "redirect_uris": [format!("{}/oidc/op/callback", world.url())],
            "token_endpoint_auth_method": method,
        });
        if !with_client_key {
            client["client_secret"] = CLIENT_SECRET.into();
        }
        let settings = json!({
            "port": self.port,
            "issuer": self.url(),
            "keys": { kid: key },
            "client": client,
            "client_key": with_client_key.then_some(CLIENT_KEY),
            "people": {
                "u-1001": {
                    "email": "ada@example.org",
                    "email_verified": true,
                    "given_name": "Ada",
                    "family_name": "Lovelace",
                },
                "u-1002": { "email": "eve@example.com", "email_verified": true },
            },
        });
        let mut command = Command::new("node");
        command
            .arg(root().join("infra/peers/oidc-provider/server.js"))
            .env("NODE_NO_WARNINGS", "1")
            .env("STOA_PEER", settings.to_string());
        self.process = Some(Process::start(command));
        wait_for(&format!("{}/.well-known/openid-configuration", self.url())).await;
    }

    /// Connects stoa to it: its discovery document and keys are fetched, and we are its client already.
    async fn connect(&self, world: &World, settings: &str, secret: &str) {
        let name = SecretName::Oidc(ConnectionId::parse("op").unwrap());
        world.operator.put_secret(&name, SecretText::new(secret).unwrap()).await.unwrap();
        let text = format!(
            "id = \"op\"\ncustomer = \"example\"\nschool = \"pg-academy\"\ndomains = [\"example.org\"]\n\
             [oidc]\nissuer = \"{}\"\nclient_id = \"{CLIENT}\"\n{settings}\n",
            self.url()
        );
        connect(world, ConnectionFile { path: "op.toml".into(), text, ..ConnectionFile::default() }, "op").await;
    }
}

/// A whole login: our address, the sign-on and consent pages, and back.
async fn log_in(world: &World, browser: &Browser, person: &str) -> Page {
    let mut page = browser.get(&format!("{}/login/op", world.url())).await.unwrap();
    while page.url.path().starts_with("/interaction/") {
        let form = page.forms.first().unwrap_or_else(|| panic!("no form: {}", page.body)).clone();
        let fields: &[_] = if form.field("login").is_some() { &[("login", person), ("password", "any")] } else { &[] };
        page = browser.submit(&page, &form, fields).await.unwrap();
    }
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_provider_signs_people_in_and_changes_its_key() {
    if !is_wanted() {
        return;
    }
    let (world, mut peer) = (World::start().await, Peer::new());
    peer.start(&world, "one", KEY, false).await;
    peer.connect(&world, "", CLIENT_SECRET).await;
    world.signed_in(&log_in(&world, &world.browser(), "u-1001").await, "ada@example.org");
    world.refused(&log_in(&world, &world.browser(), "u-1002").await, "email_domain_foreign");
    // A key that was never seen is fetched in the middle of the login.
    peer.start(&world, "two", NEXT_KEY, false).await;
    world.signed_in(&log_in(&world, &world.browser(), "u-1001").await, "ada@example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_provider_takes_our_private_key_jwt() {
    if !is_wanted() {
        return;
    }
    let (world, mut peer) = (World::start().await, Peer::new());
    peer.start(&world, "one", KEY, true).await;
    peer.connect(&world, "client_auth = \"private_key_jwt\"\nprompt = \"login\"\nmax_age = 3600", CLIENT_KEY).await;
    world.signed_in(&log_in(&world, &world.browser(), "u-1001").await, "ada@example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_provider_refuses_a_wrong_secret_and_a_cancelled_login() {
    if !is_wanted() {
        return;
    }
    let (world, mut peer) = (World::start().await, Peer::new());
    peer.start(&world, "one", KEY, false).await;
    peer.connect(&world, "", "another secret").await;
    world.refused(&log_in(&world, &world.browser(), "u-1001").await, "oidc_client_refused");
    let browser = world.browser();
    let page = browser.get(&format!("{}/login/op", world.url())).await.unwrap();
    let abort = page.link("[ Cancel ]").unwrap_or_else(|| panic!("no way out: {}", page.body)).to_string();
    world.refused(&browser.follow_link(&page, &abort).await.unwrap(), "oidc_access_denied");
}
