//! What strangers wrote, in every place that a table or a file has for it, and everything that the command prints of it:
//! it neither commands the terminal, nor makes up a line, nor becomes a part of a command to paste.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use stoa_core::ids::Reference;
use stoa_core::invisible::is_invisible;
use stoa_core::routes::Table;
use stoa_sandbox::openid::{Config, OpenId, Product};
use stoa_service::store::{Form, forms};

use crate::command::{Desk, Ran, stoa};
use crate::full_desk::full_desk;

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

/// The kinds of items that a key may be one of: of the forms that it has, those that leave least open.
fn kinds(table: Table, item: &Value) -> Vec<&'static Form> {
    let text = |name: &str| item[name]["S"].as_str();
    let fits = |form: &&Form| {
        fits(form.pk, text("pk").unwrap_or_default())
            && form.sk.is_none_or(|sk| text("sk").is_some_and(|own| fits(sk, own)))
    };
    let fixed = |form: &Form| {
        let parts = form.pk.split('#').chain(form.sk.into_iter().flat_map(|sk| sk.split('#')));
        parts.filter(|part| !part.starts_with('{')).count()
    };
    let all: Vec<&Form> = forms().filter(|form| form.table == table).filter(fits).collect();
    let most = all.iter().map(|form| fixed(form)).max();
    all.into_iter().filter(|form| Some(fixed(form)) == most).collect()
}

/// Whether a key has a form. What is in braces is never empty; only the last part may have a `#` in it.
fn fits(form: &str, key: &str) -> bool {
    let wanted: Vec<&str> = form.split('#').collect();
    let parts: Vec<&str> = key.splitn(wanted.len(), '#').collect();
    let is = |(wanted, part): (&&str, &&str)| if wanted.starts_with('{') { !part.is_empty() } else { wanted == part };
    parts.len() == wanted.len() && wanted.iter().zip(&parts).all(is)
}

/// The variants of items, of each kind and at each place one, and the item that each is of. What is at the same place in
/// two items of a kind is read and shown by the same lines; but a login's state decides what is said of it.
pub fn variants_of_all(table: Table, items: &[Value]) -> Vec<(&Value, Value)> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for item in items {
        let of = format!("{:?} {}", kinds(table, item), item["state"]);
        let new = variants_of(item).into_iter().filter(|variant| {
            let mut at = Vec::new();
            differences(item, variant, &mut String::new(), &mut at);
            seen.insert((of.clone(), at))
        });
        all.extend(new.map(|variant| (item, variant)));
    }
    all
}

/// The places at which two values differ. A text that is JSON has places of its own.
fn differences(one: &Value, other: &Value, at: &mut String, found: &mut Vec<String>) {
    let inside = |value: &Value| {
        let inner = serde_json::from_str::<Value>(value.as_str()?).ok()?;
        (inner.is_object() || inner.is_array()).then_some(inner)
    };
    let mut step = |name: &str, one: &Value, other: &Value| {
        let length = at.len();
        at.push_str(&format!("/{name}"));
        differences(one, other, at, found);
        at.truncate(length);
    };
    match (one, other) {
        _ if one == other => {}
        (Value::Object(ones), Value::Object(others)) => {
            let names: BTreeSet<&String> = ones.keys().chain(others.keys()).collect();
            names.into_iter().for_each(|name| step(name, &one[name], &other[name]));
        }
        (Value::Array(ones), Value::Array(others)) => {
            let pairs = ones.iter().zip(others).enumerate();
            pairs.for_each(|(number, (one, other))| step(&number.to_string(), one, other));
        }
        _ => match (inside(one), inside(other)) {
            (Some(one), Some(other)) => step("json", &one, &other),
            _ => found.push(at.clone()),
        },
    }
}

/// What two variants of a value change, in one.
fn both(base: &Value, one: &Value, other: &Value) -> Value {
    let inside = |value: &Value| serde_json::from_str::<Value>(value.as_str()?).ok().filter(Value::is_object);
    match (base, one, other) {
        _ if one == base => other.clone(),
        _ if other == base => one.clone(),
        (Value::Object(base), Value::Object(ones), Value::Object(others)) => {
            let names: BTreeSet<&String> = ones.keys().chain(others.keys()).collect();
            let member = |name: &String| match (base.get(name), ones.get(name), others.get(name)) {
                (base, one, other) if one == base => other.cloned(),
                (base, one, other) if other == base => one.cloned(),
                (Some(base), Some(one), Some(other)) => Some(both(base, one, other)),
                (_, one, other) => one.or(other).cloned(),
            };
            names.into_iter().filter_map(|name| Some((name.clone(), member(name)?))).collect()
        }
        (Value::Array(base), Value::Array(ones), Value::Array(others)) if ones.len() == others.len() => {
            base.iter().zip(ones).zip(others).map(|((base, one), other)| both(base, one, other)).collect()
        }
        _ => match (inside(base), inside(one), inside(other)) {
            (Some(base), Some(one), Some(other)) => json!(both(&base, &one, &other).to_string()),
            _ => other.clone(),
        },
    }
}

/// A command that looks and writes nothing, and what it reads on a desk as it is.
struct Reader {
    arguments: Vec<String>,
    read: BTreeSet<(String, String)>,
    code: u8,
}

/// The commands that read most of the tables, and take a tenth of a second for it. What leaves everything readable is
/// planted for them at once.
const WIDE: &[&str] = &["trace", "why", "status", "hand-off", "doctor"];

impl Reader {
    async fn of(desk: &Desk, arguments: Vec<String>) -> Self {
        let mut reader = Self { arguments, read: BTreeSet::new(), code: 0 };
        desk.sandbox.front.take_calls();
        let ran = reader.run(desk).await;
        reader.code = ran.code;
        // Of all of them, only this one finds something.
        assert_eq!(ran.code, u8::from(reader.arguments[0] == "doctor"), "{:?}: {}", reader.arguments, ran.shown());
        for call in desk.sandbox.front.take_calls() {
            if let ("on-call" | "operator", Some(table)) = (&*call.principal, call.resource.split('/').next()) {
                reader.read.extend(call.keys.into_iter().map(|key| (table.to_owned(), key)));
            }
        }
        reader
    }

    async fn run(&self, desk: &Desk) -> Ran {
        desk.stoa(&self.arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// Whether what it prints of an item is inert, and whether it still could read everything.
    async fn holds(&self, desk: &Desk, item: &Value) -> bool {
        let ran = self.run(desk).await;
        inert(&ran, &format!("{:?} of {item}", self.arguments));
        ran.code == self.code
    }

    /// Whether it reads the partition of an item, itself or through the function `operator`.
    fn reads(&self, table: Table, item: &Value) -> bool {
        self.read.contains(&(table.as_str().to_owned(), item["pk"]["S"].as_str().unwrap().to_owned()))
    }

    fn is_wide(&self) -> bool {
        WIDE.contains(&self.arguments[0].as_str())
    }

    /// The login that it traces, as its key has it.
    fn traced(&self) -> Option<String> {
        (self.arguments[0] == "trace").then(|| self.arguments[1].replace('-', ""))
    }
}

/// Every command that looks.
fn looking(desk: &Desk) -> Vec<Vec<String>> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let file = |name: &str| desk.path().join(name).display().to_string();
    let mut all: Vec<Vec<String>> = [
        "connection list",
        "connection show pg",
        "connection show pg 1",
        "connection history pg",
        "connection timeline pg",
        "connection timeline --all",
        "connection contacts pg",
        "connection guide pg",
        "connection trust pg",
        "connection test pg --result",
        "secret list",
        "scim token list pg",
        "school mirror pg-academy --status",
        "school show pg-academy",
        "thinkific webhooks pg-academy",
        "directory held pg",
        "directory stuck pg",
        "person show --connection pg --email miller.m@pg.com",
        "person show --connection pg --email nogroup.n@pg.com",
        "logins --connection pg",
        "logins --failed",
        "logins --email miller.m@pg.com",
        "why --connection pg",
        "status",
        "hand-off --host http://127.0.0.1:1",
        "doctor --host http://127.0.0.1:1",
    ]
    .map(words)
    .into();
    all.push([words("connection plan"), vec![file("pg.toml")]].concat());
    all.push([words("teams package pg --out"), vec![file("app.zip")]].concat());
    all.push([words("import --connection pg"), vec![file("people.csv")]].concat());
    let keys = |table| {
        let items = desk.sandbox.front.items(table).unwrap();
        items.into_iter().map(|item| item["pk"]["S"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let references = keys(Table::Logins).into_iter().filter_map(|key| Reference::parse(&key).ok());
    all.extend(references.map(|reference| vec!["trace".to_owned(), reference.to_string()]));
    let people = keys(Table::Directory).into_iter().filter_map(|key| key.strip_prefix("user#pg#").map(str::to_owned));
    all.extend(people.map(|id| [words("directory show pg"), vec![id]].concat()));
    all
}

/// What no command that looks reads, and why.
const UNREAD: &[(&str, &str)] = &[
    ("`site#{host}` / `claim`", "only an apply of a school reads whose a host is"),
    ("`watch#` / `round`", "how far trust-refresh has come in a round"),
    ("`assertion#{proof}`", "only saml-acs asks whether an Assertion was used"),
    ("`turn#{school}#{person}`", "logins of one person take turns by it"),
    ("`calls#{school}#{minute}`", "whoever calls a school draws from it"),
    ("`webhook#{school}#{event}`", "thinkific-webhook knows by it what it has taken"),
    ("`line#{school}`", "logins wait in it"),
    ("`mirror#{school}` / `page#{side}#{page:06}`", "the mirror's own pages, which it reads again"),
    ("`owed#{school}` / `account#{person}`", "the mirror does what is owed, and counts it in `mirrored`"),
    ("`progress#{school}#{user}` / `course#{course}`", "nothing asks for progress yet"),
    ("`group#{connection}#{group}` / `itself`", "only SCIM shows groups, over the gateway"),
    ("`group#{connection}#{group}` / `member#{generation}#{user}`", "the same"),
    ("`groups#{connection}` / `{group}`", "the same"),
    ("`lock#{connection}#{by}#{hash}` / `lock`", "SCIM and launches find people by it"),
    ("`account#{connection}#{account}` / `whose`", "the provisioner gives no account to a second person by it"),
    ("`pace#{connection}` / `requests`", "scim draws from it"),
    ("`lease#{school}` / `lease`", "provisioners agree by it who works"),
    ("`removals#{connection}` / `removals`", "the provisioner counts in it"),
    ("`group#{connection}#{group}` / `told`", "by it workos-webhook knows what WorkOS told last"),
    ("`workos#{connection}` / `directory-sync`", "how far workos-sync has come"),
    ("`import#{connection}` / `under-way`", "only an import that writes reads how far it has come"),
    ("`import#{connection}` / `{at}`", "kept; no command shows who imported what"),
    ("`upload#` / `{connection}#{upload}`", "csv-import goes on with it"),
    ("`upload#{connection}` / `whose-turn`", "csv-import takes a connection's files by it, one after the other"),
    ("`erased#{connection}` / `{at}`", "kept; no command shows who was erased"),
];

async fn sweep(table: Table) {
    let desk = full_desk().await;
    let mut readers = Vec::new();
    for arguments in looking(&desk) {
        readers.push(Reader::of(&desk, arguments).await);
    }
    let items = desk.sandbox.front.items(table).unwrap();
    for form in forms().filter(|form| form.table == table) {
        let mut own = items.iter().filter(|item| kinds(table, item).contains(&form)).peekable();
        assert!(own.peek().is_some(), "nothing is under {form}");
        let is_read = own.any(|item| readers.iter().any(|reader| reader.reads(table, item)));
        let is_known = UNREAD.iter().any(|(unread, _)| *unread == form.to_string());
        assert_ne!(is_read, is_known, "{form}: a command reads it, or it is in UNREAD with the reason");
    }
    let (mut count, mut at_once) = (0, BTreeMap::new());
    for (item, variant) in variants_of_all(table, &items) {
        count += 1;
        write(&desk, "PutItem", table, ("Item", &variant)).await;
        let (wide, narrow): (Vec<&Reader>, Vec<&Reader>) =
            readers.iter().filter(|reader| reader.reads(table, item)).partition(|reader| reader.is_wide());
        let mut is_readable = true;
        for reader in narrow {
            is_readable &= reader.holds(&desk, &variant).await;
        }
        // One whose sort key was changed stands beside it.
        let is_beside = variant.get("sk") != item.get("sk");
        if is_readable && !is_beside {
            at_once.entry(item.to_string()).or_insert((item, Vec::new())).1.push(variant.clone());
        } else {
            // What is no login's own is said by the same lines of every trace, so they take turns.
            let traces: Vec<String> = wide.iter().filter_map(|reader| reader.traced()).collect();
            let turn = traces.get(count % traces.len().max(1));
            let is_own = |traced: &String| item["pk"]["S"] == **traced;
            for reader in wide {
                let traced = reader.traced();
                if traced.is_none() || traced.as_ref() == turn || traced.as_ref().is_some_and(is_own) {
                    reader.holds(&desk, &variant).await;
                }
            }
        }
        if is_beside {
            let key = json!({ "pk": variant["pk"], "sk": variant["sk"] });
            write(&desk, "DeleteItem", table, ("Key", &key)).await;
        }
        write(&desk, "PutItem", table, ("Item", item)).await;
    }
    let mut at_once: Vec<(&Value, Vec<Value>)> = at_once.into_values().collect();
    while let Some((item, mut variants)) = at_once.pop() {
        let planted = variants.iter().fold(item.clone(), |planted, variant| both(item, &planted, variant));
        write(&desk, "PutItem", table, ("Item", &planted)).await;
        let mut is_readable = true;
        for reader in readers.iter().filter(|reader| reader.is_wide() && reader.reads(table, item)) {
            is_readable &= reader.holds(&desk, &planted).await;
        }
        write(&desk, "PutItem", table, ("Item", item)).await;
        // What one of them hides is seen without it.
        if !is_readable && variants.len() > 1 {
            let others = variants.split_off(variants.len() / 2);
            at_once.extend([(item, variants), (item, others)]);
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
