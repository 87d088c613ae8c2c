//! What strangers wrote, where a command changes something: what `hostile` asks of the commands that only look.

use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair};
use serde_json::{Value, json};
use stoa_cli::Input;
use stoa_core::routes::Table;
use stoa_sandbox::pingfederate::Published;

use crate::command::{Desk, stoa};
use crate::full_desk::full_desk;
use crate::hostile::{HOSTILE, HOSTILE_XML, inert, variants, variants_of, write};

/// A command that changes something, and what it is given on standard input.
struct Writer {
    arguments: Vec<String>,
    input: &'static str,
}

impl Writer {
    fn of(text: &str) -> Self {
        Self { arguments: text.split(' ').map(str::to_owned).collect(), input: "" }
    }

    fn because(text: &str) -> Self {
        Self::of(&format!("{text} --reason because"))
    }

    async fn run(&self, desk: &Desk, about: &str) -> u8 {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let ran = desk.stoa_with(&arguments, Input::Piped(Box::new(std::io::Cursor::new(self.input)))).await;
        inert(&ran, &format!("{arguments:?} of {about}"));
        ran.code
    }
}

/// What changes something that is in a table, or reads it before a change. One of each kind at least is carried out on
/// a desk as it is.
fn writers(desk: &Desk, table: Table) -> Vec<Writer> {
    let file = |name: &str| desk.path().join(name).display().to_string();
    let (pg, key, package) = (file("pg.toml"), file("key.pem"), file("test.zip"));
    let fingerprint = {
        let items = desk.sandbox.front.items(Table::Trust).unwrap();
        let trusted = items.iter().find(|item| item.get("certificate").is_some()).unwrap();
        trusted["sk"]["S"].as_str().unwrap().to_owned()
    };
    let mary = "--connection pg --email miller.m@pg.com";
    match table {
        Table::Connections => vec![
            Writer::of(&format!("connection apply {pg}")),
            Writer::because("connection disable pg"),
            Writer::because("connection activate pg"),
            Writer::because("connection rollback pg 1"),
            Writer::of("connection test pg"),
            Writer::of("connection trust pg fetch"),
            Writer::of(&format!("teams package pg --test --out {package}")),
        ],
        Table::Trust => vec![
            Writer::of("connection trust pg fetch"),
            Writer::because(&format!("connection trust pg add {key}")),
            Writer::because(&format!("connection trust pg approve {fingerprint}")),
            Writer::because(&format!("connection trust pg remove {fingerprint}")),
            Writer::of(&format!("connection apply {pg}")),
        ],
        Table::Logins => vec![Writer::because("connection activate pg"), Writer::of("connection test pg")],
        Table::Directory => vec![
            Writer::because(&format!("person reactivate {mary}")),
            Writer::because(&format!("person deactivate {mary}")),
            Writer::because(&format!("person free-address {mary}")),
            Writer::because(&format!("person link {mary} --user 7 --external-id seven")),
        ],
    }
}

/// Puts every table back to what it was.
async fn restore(desk: &Desk, before: &[(Table, Vec<Value>)]) {
    for (table, items) in before {
        let now = desk.sandbox.front.items(*table).unwrap();
        for added in now.iter().filter(|item| !items.contains(item)) {
            let mut key = json!({ "pk": added["pk"] });
            if let Some(sk) = added.get("sk") {
                key["sk"] = sk.clone();
            }
            write(desk, "DeleteItem", *table, ("Key", &key)).await;
        }
        for missing in items.iter().filter(|item| !now.contains(item)) {
            write(desk, "PutItem", *table, ("Item", missing)).await;
        }
    }
}

async fn sweep(table: Table) {
    let desk = full_desk().await;
    let before: Vec<(Table, Vec<Value>)> =
        Table::ALL.iter().map(|table| (*table, desk.sandbox.front.items(*table).unwrap())).collect();
    let writers = writers(&desk, table);
    let mut done = 0;
    for writer in &writers {
        done += usize::from(writer.run(&desk, "a desk as it is").await == 0);
        restore(&desk, &before).await;
    }
    assert!(done > 0, "none of them changes anything");
    let (_, items) = before.iter().find(|(swept, _)| *swept == table).unwrap();
    for variant in items.iter().flat_map(variants_of) {
        for writer in &writers {
            write(&desk, "PutItem", table, ("Item", &variant)).await;
            writer.run(&desk, &variant.to_string()).await;
            restore(&desk, &before).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_whoever_changes_a_connection_prints_nothing_of_the_table_as_it_is() {
    sweep(Table::Connections).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_whoever_changes_what_is_trusted_prints_nothing_of_the_table_as_it_is() {
    sweep(Table::Trust).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_whoever_activates_prints_nothing_of_the_logins_as_it_is() {
    sweep(Table::Logins).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_whoever_changes_a_person_prints_nothing_of_the_directory_as_it_is() {
    sweep(Table::Directory).await;
}

/// A desk whose connection's metadata is fetched, and with it a key set from where the metadata is.
async fn fetching() -> Desk {
    let desk = Desk::new().await;
    let url = desk.sandbox.pingfederate.metadata_url(desk.sandbox.pingfederate_partner());
    let from = format!("metadata_url = \"{url}\"");
    let file = desk.file("pg.toml", |text| text.replace("metadata_file = \"pg-metadata.xml\"", &from));
    desk.stoa(&["connection", "apply", &file, "--reason", "read where it is published"]).await.done();
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_nothing_of_fetched_metadata_reaches_the_terminal_as_it_is() {
    let desk = fetching().await;
    let metadata = desk.sandbox.pingfederate.metadata(desk.sandbox.pingfederate_partner()).unwrap();
    let parts: Vec<&str> = metadata.split('"').collect();
    let mut all = vec![metadata.replace("</", &format!("{HOSTILE_XML}</")), HOSTILE.to_owned(), String::new()];
    for at in (1..parts.len()).step_by(2) {
        for before in [parts[at], ""] {
            let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            parts[at] = format!("{before}{HOSTILE_XML}");
            all.push(parts.join("\""));
        }
    }
    let apply = format!("connection apply {}", desk.path().join("pg.toml").display());
    for published in all {
        desk.sandbox.pingfederate.publish_instead(Some(Published::Text(published.clone())));
        for writer in [Writer::of("connection trust pg fetch"), Writer::of(&apply)] {
            writer.run(&desk, &published).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_nothing_of_a_fetched_key_set_reaches_the_terminal_as_it_is() {
    let desk = fetching().await;
    let url = desk.sandbox.pingfederate.metadata_url(desk.sandbox.pingfederate_partner());
    let key = json!({ "kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "alg": "ES256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
    let keys = json!({ "keys": [key] });
    let issuer = "https://idp.acme.example";
    let discovery = json!({ "issuer": issuer, "authorization_endpoint": format!("{issuer}/a"),
        "token_endpoint": format!("{issuer}/t"), "jwks_uri": url });
    desk.write("discovery.json", &discovery.to_string());
    desk.write("jwks.json", &keys.to_string());
    let path = desk.write(
        "acme.toml",
        &format!(
            "id = \"acme\"\ncustomer = \"acme\"\nschool = \"pg-academy\"\ndomains = [\"acme.example\"]\n[oidc]\n\
             issuer = \"{issuer}\"\nclient_id = \"x\"\ndiscovery_file = \"discovery.json\"\njwks_file = \"jwks.json\"\n"
        ),
    );
    desk.stoa(&["connection", "apply", &path]).await.done();
    let (mut way, mut done) = (0, 0);
    for published in [vec![keys.clone()], variants(&keys, &mut way)].concat() {
        desk.sandbox.pingfederate.publish_instead(Some(Published::Text(published.to_string())));
        let fetch = Writer::of("connection trust acme fetch");
        done += usize::from(fetch.run(&desk, &published.to_string()).await == 0);
    }
    assert!(done > 1, "{done} were written");
}

/// The names in a certificate are its owner's, and those of the file are whoever sent it.
#[tokio::test(flavor = "multi_thread")]
async fn c217_nothing_of_a_certificate_reaches_the_terminal_as_it_is() {
    let desk = full_desk().await;
    for kind in [DnType::CommonName, DnType::OrganizationName, DnType::CustomDnType(vec![2, 5, 4, 5])] {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(kind, DnValue::Utf8String(HOSTILE.to_owned()));
        let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        let path = desk.write("hostile.pem", &pem);
        let fingerprint = stoa_saml::Certificate::from_pem(&pem).unwrap().fingerprint().to_owned();
        for (command, is_done) in [
            (Writer::because(&format!("connection trust pg add {path}")), true),
            (Writer::of("connection trust pg"), true),
            (Writer::because(&format!("connection trust pg remove {fingerprint}")), true),
            (Writer::because(&format!("connection trust pg approve {fingerprint}")), false),
        ] {
            assert_eq!(command.run(&desk, "a certificate").await == 0, is_done, "{:?}", command.arguments);
        }
        let sp = format!("sp_certificates = [\"\"\"\n{pem}\"\"\"]\nsign_requests = true\n");
        let file = desk.file("pg.toml", |text| text.replace("[saml]\n", &format!("[saml]\n{sp}")));
        for command in ["check", "plan", "guide"] {
            inert(&desk.stoa(&["connection", command, &file]).await, command);
        }
    }
    for text in [HOSTILE.to_owned(), format!("-----BEGIN CERTIFICATE-----\n{HOSTILE}\n-----END CERTIFICATE-----\n")] {
        let path = desk.write("\u{202e}a'\u{9b};touch pwned #.pem", &text);
        inert(&desk.stoa(&["connection", "trust", "pg", "add", &path, "--reason", "a test"]).await, &text);
        let add = ["--sandbox", "http://127.0.0.1:1", "connection", "trust", "pg", "add", &path, "--reason", HOSTILE];
        inert(&stoa(&add).await, &text);
    }
}

/// A secret comes from a colleague's mail or a customer's portal. It is not printed, and neither is what is wrong with
/// it in its own words.
#[tokio::test(flavor = "multi_thread")]
async fn c217_nothing_of_a_secret_or_of_an_argument_reaches_the_terminal_as_it_is() {
    let desk = Desk::new().await;
    let set = json!({ "keys": [{ "id": HOSTILE, "from": 0, "value": HOSTILE }] }).to_string();
    for input in [HOSTILE.to_owned(), set, format!("{{\"keys\": {HOSTILE:?}}}"), format!("{{\"{HOSTILE}\": 1}}")] {
        for name in ["oidc/pg", "saml/pg", "thinkific/pg-academy", "seal", "pepper", "oidc/nobody", HOSTILE] {
            let ran = desk
                .stoa_with(&["secret", "put", name], Input::Piped(Box::new(std::io::Cursor::new(input.clone()))))
                .await;
            inert(&ran, &format!("{name} {input}"));
        }
    }
    let file = desk.file("pg.toml", str::to_owned);
    for arguments in [
        &["connection", "activate", HOSTILE, "--reason", "x"][..],
        &["connection", "disable", "pg", "--reason", HOSTILE],
        &["connection", "rollback", "pg", HOSTILE, "--reason", "x"],
        &["connection", "trust", "pg", "approve", HOSTILE, "--reason", "x"],
        &["connection", "apply", &file, "--allow-domain", HOSTILE],
        &["connection", "apply", HOSTILE],
        &[
            "person",
            "link",
            "--connection",
            "pg",
            "--subject",
            HOSTILE,
            "--user",
            "7",
            "--external-id",
            HOSTILE,
            "--reason",
            "x",
        ],
        &["person", "deactivate", "--connection", "pg", "--subject", HOSTILE, "--reason", HOSTILE],
        &["person", "show", "--connection", "pg", "--email", HOSTILE],
        &["logins", "--connection", "pg", "--since", HOSTILE],
        &["trace", HOSTILE],
        &["teams", "package", "pg", "--out", HOSTILE],
        &[HOSTILE],
    ] {
        inert(&desk.stoa(arguments).await, &format!("{arguments:?}"));
    }
}
