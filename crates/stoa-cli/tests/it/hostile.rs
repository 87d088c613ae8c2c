//! What strangers wrote, in every place that a table or a file has for it, and everything that the command prints of it:
//! it neither commands the terminal, nor makes up a line, nor becomes a part of a command to paste.

use serde_json::{Value, json};
use stoa_core::ids::Reference;
use stoa_core::invisible::is_invisible;
use stoa_core::routes::Table;
use stoa_sandbox::openid::{Config, OpenId, Product};
use stoa_service::store::forms;

use crate::command::{Desk, Ran, stoa};

/// Clipboard and cursor by ESC and by C1, a carriage return, marks of direction, a line of its own, quotes of a shell.
pub const HOSTILE: &str = "\u{1b}]52;c;eA==\u{7}\u{1b}[2K\r\u{9b}2J\u{202e}moc\u{2066}\u{200b}\nFORGED '\"`;$(touch pwned)`;touch pwned #\u{85}";
/// The same as far as XML has the characters (XML 1.0 §2.2).
pub const HOSTILE_XML: &str =
    "&#x9b;2J&#x202e;moc&#x2066;&#x200b;&#13;&#10;FORGED '&quot;`;$(touch pwned)`;touch pwned #&#x85;";

#[track_caller]
pub fn inert(ran: &Ran, about: &str) {
    for text in [&ran.out, &ran.err] {
        let seen = text.chars().find(|c| *c != '\n' && is_invisible(*c));
        assert_eq!(seen, None, "{about}: {text:?}");
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("FORGED"), "{about}: a line of a stranger's: {text}");
            let commands = line.split('`').skip(1).step_by(2).chain([line.trim_start()]);
            for command in commands.filter(|command| command.starts_with("stoa ") || command.starts_with("aws ")) {
                assert!(!command.contains("touch pwned"), "{about}: in a command: {line}");
            }
        }
    }
}

/// Replaces a text, or adds to it, so that what reads the beginning goes on to the rest.
fn planted(text: &str, way: usize) -> String {
    if way.is_multiple_of(2) { format!("{text}{HOSTILE}") } else { HOSTILE.to_owned() }
}

/// Every variant of a JSON value in which one text, or one name of a member, is a stranger's.
pub fn variants(value: &Value, way: &mut usize) -> Vec<Value> {
    match value {
        Value::String(text) => {
            *way += 1;
            let mut variants = vec![json!(planted(text, *way))];
            // Documents and key sets are JSON inside a text.
            if let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str::<Value>(text) {
                variants.extend(self::variants(&inner, way).into_iter().map(|inner| json!(inner.to_string())));
            }
            variants
        }
        Value::Array(items) => {
            let one = |(at, item): (usize, &Value)| {
                let mut counted = *way + at;
                let replaced = |item| {
                    let mut items = items.clone();
                    items[at] = item;
                    Value::Array(items)
                };
                variants(item, &mut counted).into_iter().map(replaced).collect::<Vec<_>>()
            };
            items.iter().enumerate().flat_map(one).collect()
        }
        Value::Object(members) => {
            let mut all = Vec::new();
            for (name, member) in members {
                for variant in variants(member, way) {
                    let mut members = members.clone();
                    members.insert(name.clone(), variant);
                    all.push(Value::Object(members));
                }
            }
            all
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// Every variant of an item, as DynamoDB has it, that is still under its partition key.
pub fn variants_of(item: &Value) -> Vec<Value> {
    let (members, mut way) = (item.as_object().unwrap(), 0);
    let mut all = Vec::new();
    for (name, attribute) in members.iter().filter(|(name, _)| *name != "pk") {
        for variant in attributes(attribute, &mut way) {
            let mut members = members.clone();
            members.insert(name.clone(), variant);
            all.push(Value::Object(members));
        }
    }
    all
}

/// Of an attribute: its texts, and the names in its maps, which are fingerprints in some.
fn attributes(attribute: &Value, way: &mut usize) -> Vec<Value> {
    let (kind, value) = attribute.as_object().and_then(|attribute| attribute.iter().next()).unwrap();
    match (kind.as_str(), value) {
        ("S", text) => variants(text, way).into_iter().map(|text| json!({ "S": text })).collect(),
        ("L", Value::Array(items)) => {
            let mut all = Vec::new();
            for (at, item) in items.iter().enumerate() {
                for variant in attributes(item, way) {
                    let mut items = items.clone();
                    items[at] = variant;
                    all.push(json!({ "L": items }));
                }
            }
            all
        }
        ("M", Value::Object(members)) => {
            let mut all = Vec::new();
            for (name, member) in members {
                for variant in attributes(member, way) {
                    let mut members = members.clone();
                    members.insert(name.clone(), variant);
                    all.push(json!({ "M": members }));
                }
                let mut renamed = members.clone();
                let member = renamed.remove(name).unwrap();
                renamed.insert(planted(name, 0), member);
                all.push(json!({ "M": renamed }));
            }
            all
        }
        _ => Vec::new(),
    }
}

pub async fn write(desk: &Desk, operation: &str, table: Table, (name, value): (&str, &Value)) {
    let body = json!({ "TableName": desk.sandbox.front.stack().table_name(table), name: value });
    desk.dynamodb(operation, &body.to_string()).await;
}

/// A desk with an item of every kind: logins that ended well and badly, a person who was changed, keys, key sets, and
/// all that can be seen of a provider.
pub async fn full_desk() -> Desk {
    let desk = Desk::new().await;
    for person in ["miller.m", "partner.p"] {
        desk.sandbox.pingfederate.sign_on_as(person);
        desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    }
    let person = ["--connection", "pg", "--email", "miller.m@pg.com", "--reason", "a test"];
    desk.stoa(&[&["person", "deactivate"][..], &person].concat()).await.done();
    let tab = "\n[teams]\napp_id = \"2c3caa80-93f9-425e-8b85-0745f50c0d24\"\nname = \"P&G Academy\"\n";
    let file = desk.file("pg.toml", |text| text.to_owned() + tab);
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    let key = desk.write("key.pem", include_str!("../../testdata/sha1.pem"));
    desk.stoa(&["connection", "trust", "pg", "add", &key, "--reason", "a test"]).await.done();

    let items = desk.sandbox.front.items(Table::Trust).unwrap();
    let trusted = items.iter().find(|item| item.get("certificate").is_some()).unwrap();
    let (fingerprint, certificate) = (&trusted["sk"], &trusted["certificate"]);
    let at = json!({ "N": "1790000000" });
    let watch = json!({ "M": {
        "fetched": at, "failing_since": at, "failure": { "S": "no answer" },
        "waiting": { "L": [
            { "M": { "fingerprint": fingerprint, "certificate": certificate, "since": at } },
            { "M": { "fingerprint": fingerprint, "certificate": certificate } },
        ] },
        "missing": { "M": { fingerprint["S"].as_str().unwrap(): at } },
        "dropped": { "M": { fingerprint["S"].as_str().unwrap(): at } },
        "refused": { "L": [fingerprint] },
        "held": { "M": { "what": { "S": "entity_id" }, "got": { "S": "https://other.example" }, "since": at } },
        "drift": { "S": "token_endpoint: a, not b" },
    } });
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "one", "use": "sig",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
    let jwks = json!({ "keys": [jwk] }).to_string();
    for sk in ["jwks", "jwks#teams"] {
        let set = json!({ "pk": { "S": "pg" }, "sk": { "S": sk }, "uri": { "S": "https://idp.example/keys" },
            "jwks": { "S": jwks }, "at": at });
        write(&desk, "PutItem", Table::Trust, ("Item", &set)).await;
        let seen = json!({ "pk": { "S": "watch#pg" }, "sk": { "S": sk }, "n": { "N": "1" }, "watch": watch });
        write(&desk, "PutItem", Table::Trust, ("Item", &seen)).await;
    }
    let seen = json!({ "pk": { "S": "watch#pg" }, "sk": { "S": "saml" }, "n": { "N": "7" }, "watch": watch });
    write(&desk, "PutItem", Table::Trust, ("Item", &seen)).await;
    let shown = desk.stoa(&["connection", "trust", "pg"]).await.done();
    for part in
        ["waiting; trusted from", "held: it came", "removed;", "Key set jwks: one", "Held since", "unreadable since"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    desk
}

/// What looks at a table. No command of these writes.
fn readers(desk: &Desk, table: Table) -> Vec<Vec<String>> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let references = desk.sandbox.front.items(Table::Logins).unwrap();
    let references = references
        .iter()
        .filter_map(|item| Reference::parse(item["pk"]["S"].as_str().unwrap()).ok())
        .collect::<Vec<_>>();
    let file = desk.path().join("pg.toml").display().to_string();
    let of_connection = [
        "connection list",
        "connection history pg",
        "connection show pg",
        "connection guide pg",
        "connection trust pg",
        "secret list",
    ];
    let mut readers: Vec<Vec<String>> = match table {
        Table::Connections => of_connection.map(words).into(),
        Table::Trust => vec![words("connection trust pg"), words("status"), words("doctor --host http://127.0.0.1:1")],
        Table::Logins => vec![words("logins --connection pg"), words("logins --failed"), words("connection list")],
        Table::Directory => vec![words("person show --connection pg --email miller.m@pg.com")],
    };
    if table == Table::Connections {
        readers.push(["connection".to_owned(), "plan".to_owned(), file].into());
        readers.push(words("connection contacts pg"));
        readers.push(words("status"));
        readers.push(words("connection timeline --all"));
        readers.push(words("hand-off --host http://127.0.0.1:1"));
        readers.push(words("doctor --host http://127.0.0.1:1"));
        readers.push(words("connection test pg --result"));
        let out = desk.path().join("app.zip").display().to_string();
        readers.push([words("teams package pg --out"), vec![out]].concat());
    }
    if table == Table::Logins {
        readers.extend(references.iter().map(|reference| vec!["trace".to_owned(), reference.to_string()]));
    }
    readers
}

/// Forms of keys that this desk has nothing under: what no command reads, and what a directory's client would have made.
const ABSENT: [&str; 22] = [
    "history#",
    "assertion#",
    "tested#",
    "webhook#",
    "line#",
    "calls#",
    "turn#",
    "mirror#",
    "owed#",
    "progress#",
    "lease#",
    "removals#",
    "pace#",
    "lock#",
    "user#",
    "users#",
    "group#",
    "groups#",
    "scim#",
    "used#",
    "import#",
    "erased#",
];

async fn sweep(table: Table) {
    let desk = full_desk().await;
    desk.sandbox.mirror().await.unwrap();
    let items = desk.sandbox.front.items(table).unwrap();
    let is_of = |form: &stoa_service::store::Form, item: &Value| {
        let begins = |form: &str, text: &str| text.starts_with(form.split('{').next().unwrap_or_default());
        begins(form.pk, item["pk"]["S"].as_str().unwrap())
            && form.sk.is_none_or(|sk| begins(sk, item["sk"]["S"].as_str().unwrap()))
    };
    for form in forms().filter(|form| form.table == table) {
        let optional = ABSENT.iter().any(|begin| form.pk.starts_with(begin)) || form.sk == Some("round");
        assert!(optional || items.iter().any(|item| is_of(form, item)), "nothing is under {form}");
    }
    let readers = readers(&desk, table);
    let mut count = 0;
    for item in &items {
        for variant in variants_of(item) {
            count += 1;
            write(&desk, "PutItem", table, ("Item", &variant)).await;
            for arguments in &readers {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                inert(&desk.stoa(&arguments).await, &format!("{arguments:?} of {variant}"));
            }
            // One whose sort key was changed stands beside it.
            if variant.get("sk") != item.get("sk") {
                let key = json!({ "pk": variant["pk"], "sk": variant["sk"] });
                write(&desk, "DeleteItem", table, ("Key", &key)).await;
            }
            write(&desk, "PutItem", table, ("Item", item)).await;
        }
    }
    assert!(count > 10, "{count} variants");
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_nothing_in_the_table_connections_reaches_the_terminal_as_it_is() {
    sweep(Table::Connections).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_nothing_in_the_table_trust_reaches_the_terminal_as_it_is() {
    sweep(Table::Trust).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_nothing_in_the_table_logins_reaches_the_terminal_as_it_is() {
    sweep(Table::Logins).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_nothing_in_the_table_directory_reaches_the_terminal_as_it_is() {
    sweep(Table::Directory).await;
}

/// Runs everything that reads a file and writes nothing.
async fn read_file(desk: &Desk, path: &str, about: &str) {
    for command in ["check", "plan", "guide"] {
        inert(&desk.stoa(&["connection", command, path]).await, &format!("{command} of {about}"));
        inert(&stoa(&["connection", command, path]).await, &format!("{command} of {about}, without a stack"));
    }
}

/// TOML has an escape for every character, so each text of the file can be a stranger's.
fn toml_variants(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split('"').collect();
    let quoted: String = HOSTILE.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
    let mut all = Vec::new();
    for at in (1..parts.len()).step_by(2) {
        for before in [parts[at], ""] {
            let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            parts[at] = format!("{before}{quoted}");
            all.push(parts.join("\""));
        }
    }
    all.push(format!("\"{quoted}\" = 1\n{text}"));
    all.push(text.replace("\n", &format!(" # \u{9b}2J\u{202e}moc\n\"{quoted}\"\n")));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_nothing_in_a_file_reaches_the_terminal_as_it_is() {
    let desk = Desk::new().await;
    for example in [
        include_str!("../../../../examples/connections/pg.toml"),
        include_str!("../../../../examples/connections/initech.toml"),
    ] {
        for (at, text) in toml_variants(example).iter().enumerate() {
            let path = desk.write("hostile.toml", text);
            read_file(&desk, &path, &format!("variant {at} of {example}")).await;
        }
    }
    let school = "id = \"acme\"\nsubdomain = \"acme\"\nbase_url = \"https://acme.thinkific.com\"\n";
    let folder = desk.path().join("folder");
    std::fs::create_dir_all(folder.join("schools")).unwrap();
    for text in toml_variants(school) {
        std::fs::write(folder.join("schools/acme.toml"), &text).unwrap();
        let ran = desk.stoa(&["connection", "plan", &folder.display().to_string()]).await;
        inert(&ran, &text);
    }
    // A folder's name comes in the customer's archive as well.
    let path =
        desk.write("\u{202e}a'\u{9b};touch pwned #.toml", include_str!("../../../../examples/connections/pg.toml"));
    read_file(&desk, &path, "a hostile name").await;
    inert(&desk.stoa(&["connection", "apply", &path, "--reason", "a test"]).await, "apply of a hostile name");
}

#[tokio::test(flavor = "multi_thread")]
async fn c217_nothing_that_a_provider_publishes_reaches_the_terminal_as_it_is() {
    let desk = Desk::new().await;
    // SAML: each value of an attribute, and each text.
    let metadata = desk.sandbox.pingfederate.metadata(desk.sandbox.pingfederate_partner()).unwrap();
    let path = desk.file("pg.toml", str::to_owned);
    let parts: Vec<&str> = metadata.split('"').collect();
    for at in (1..parts.len()).step_by(2) {
        for before in [parts[at], ""] {
            let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            parts[at] = format!("{before}{HOSTILE_XML}");
            desk.write("pg-metadata.xml", &parts.join("\""));
            read_file(&desk, &path, &format!("metadata with another {}", parts[at - 1])).await;
        }
    }
    desk.write("pg-metadata.xml", &metadata.replace("</", &format!("{HOSTILE_XML}</")));
    read_file(&desk, &path, "metadata with other texts").await;

    // OpenID Connect: each member of the discovery document and of the key set.
    let openid = OpenId::start(Config::default()).await.unwrap();
    let issuer = openid.url(Product::Okta);
    let get = async |address: String| {
        let page = desk.sandbox.browser().get(&address).await.unwrap();
        serde_json::from_str::<Value>(&page.body).unwrap()
    };
    let discovery = get(format!("{issuer}/.well-known/openid-configuration")).await;
    let keys = get(discovery["jwks_uri"].as_str().unwrap().to_owned()).await;
    let path = desk.write(
        "acme.toml",
        &format!(
            "id = \"acme\"\ncustomer = \"acme\"\nschool = \"pg-academy\"\ndomains = [\"acme.example\"]\npreset = \"okta\"\n\
             [oidc]\nissuer = \"{issuer}\"\nclient_id = \"x\"\ndiscovery_file = \"discovery.json\"\njwks_file = \"jwks.json\"\n"
        ),
    );
    let published = json!({ "discovery": discovery, "keys": keys });
    let mut way = 0;
    for variant in [vec![published.clone()], variants(&published, &mut way)].concat() {
        desk.write("discovery.json", &variant["discovery"].to_string());
        desk.write("jwks.json", &variant["keys"].to_string());
        read_file(&desk, &path, &variant.to_string()).await;
    }
}
