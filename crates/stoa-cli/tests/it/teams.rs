//! The Teams package, as Teams would open it.

use std::io::{Cursor, Read as _};

use insta::assert_snapshot;
use serde_json::Value;
use stoa_sandbox::openid::{Config, OpenId, Realm};
use zip::ZipArchive;

use crate::command::Desk;

const APP: &str = "2c3caa80-93f9-425e-8b85-0745f50c0d24";

/// A desk whose connection has a tab, and the arguments that make its package.
async fn with_tab() -> (Desk, String) {
    let desk = Desk::new().await;
    let tab = format!("\n[teams]\napp_id = \"{APP}\"\nname = \"P&G Academy\"\n");
    let file = desk.file("pg.toml", |text| text.to_owned() + &tab);
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    let out = desk.path().join("app.zip").display().to_string();
    (desk, out)
}

fn read(path: &str, name: &str) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(std::fs::read(path).unwrap())).unwrap();
    assert_eq!(archive.len(), 3);
    let mut bytes = Vec::new();
    archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// The school's port differs from run to run.
fn settled(desk: &Desk, text: &str) -> String {
    desk.settled(text).replace(&desk.sandbox.thinkific.school_url(), "https://school.example")
}

#[tokio::test]
async fn a_package_holds_the_manifest_and_both_icons_and_is_the_same_twice() {
    let (desk, out) = with_tab().await;
    let arguments = ["--host", "https://sso.example.com", "teams", "package", "pg", "--out", &out];
    let shown = desk.stoa(&arguments).await.done();
    assert_snapshot!("package", settled(&desk, &shown));
    let manifest = String::from_utf8(read(&out, "manifest.json")).unwrap();
    assert_snapshot!("manifest", settled(&desk, &manifest));
    assert!(read(&out, "color.png").starts_with(b"\x89PNG") && read(&out, "outline.png").starts_with(b"\x89PNG"));
    let before = std::fs::read(&out).unwrap();
    desk.stoa(&arguments).await.done();
    assert_eq!(std::fs::read(&out).unwrap(), before);
}

#[tokio::test]
async fn a_package_for_a_tab_with_a_token_says_what_entra_needs() {
    let (desk, entra) = (Desk::new().await, OpenId::start(Config::default()).await.unwrap());
    let text = format!(
        "id = \"globex\"\ncustomer = \"globex\"\nschool = \"pg-academy\"\ndomains = [\"globex.com\"]\n[teams]\n\
         app_id = \"{APP}\"\ntenants = [\"b7e2f3a0-41c6-4d39-9c5e-0a1d62f7c811\"]\ntoken = true\n\
         jwks_uri = \"{}\"\n",
        entra.jwks_url(&Realm::tenant("common"))
    );
    let file = desk.write("globex.toml", &text);
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    let out = desk.path().join("app.zip").display().to_string();
    let shown = desk.stoa(&["teams", "package", "globex", "--out", &out]).await.done();
    assert_snapshot!("package_with_token", settled(&desk, &shown));
    // A test link would begin a login that this connection does not have.
    let shown = desk.stoa(&["connection", "test", "globex"]).await.done();
    assert!(shown.contains("`stoa teams package globex --test`") && !shown.contains("?test="), "{shown}");
}

#[tokio::test]
async fn a_test_package_stands_beside_the_other_and_is_a_link_of_its_own() {
    let (desk, out) = with_tab().await;
    let mut tabs = Vec::new();
    for _ in 0..2 {
        let host = desk.sandbox.url();
        let shown = desk.stoa(&["--host", &host, "teams", "package", "pg", "--test", "--out", &out]).await.done();
        let manifest: Value = serde_json::from_slice(&read(&out, "manifest.json")).unwrap();
        let tab = manifest["staticTabs"][0]["contentUrl"].as_str().unwrap().to_owned();
        assert!(shown.contains(&tab) && shown.contains("replaces any earlier test link"), "{shown}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&out).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "the link's key is in it");
        }
        assert_eq!(manifest["id"], format!("a{}", &APP[1..]));
        assert_eq!(manifest["name"]["short"], "P&G Academy (test)");
        tabs.push(tab);
    }
    let status = async |tab: &str| desk.sandbox.browser().get(tab).await.unwrap().status;
    assert_eq!((status(&tabs[0]).await, status(&tabs[1]).await), (403, 200));
    let page = desk.sandbox.browser().get(&tabs[1]).await.unwrap();
    let login = page.link("Open the course").unwrap();
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    let shown = desk.sandbox.browser().get(login.as_str()).await.unwrap();
    assert!(shown.text().contains("because you used a test link"), "{}", shown.text());
}

#[tokio::test]
async fn a_connection_without_a_tab_has_no_package() {
    let desk = Desk::new().await;
    let refused = desk.stoa(&["teams", "package", "pg"]).await.refused();
    assert!(refused.contains("the connection pg has no [teams] table"), "{refused}");
    let refused = desk.stoa(&["teams", "package", "nobody"]).await.refused();
    assert!(refused.contains("nobody"), "{refused}");
}
