//! One truth: the register, the folders, the documents and the dependency arrows agree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use stoa_core::fault::{Actor, Fault};
use stoa_core::routes::{ConditionKey, ROUTES, Route, Table};
use stoa_saml::RefusalCode;
use stoa_service::store::forms;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names in a folder, without an extension where one is given.
pub(crate) fn names(folder: &str, extension: Option<&str>) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| match extension {
            Some(extension) => name.strip_suffix(extension).map(str::to_owned),
            None => Some(name),
        })
        .collect()
}

fn registered() -> BTreeSet<String> {
    ROUTES.iter().map(|function| function.name.to_owned()).collect()
}

/// Says which of the two sides lacks what.
fn assert_same(what: &str, left: (&str, &BTreeSet<String>), right: (&str, &BTreeSet<String>)) {
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    let (only_left, only_right) = (only(left.1, right.1), only(right.1, left.1));
    assert!(
        only_left.is_empty() && only_right.is_empty(),
        "{what}: only in {}: {only_left:?}; only in {}: {only_right:?}",
        left.0,
        right.0
    );
}

#[test]
fn every_function_has_a_folder_and_sample_events_of_its_name() {
    assert_same("functions", ("ROUTES", &registered()), ("functions/", &names("functions", None)));
    assert_same("sample events", ("ROUTES", &registered()), ("events/", &names("events", None)));
}

#[test]
fn a_main_is_a_module_doc_and_one_call() {
    for function in ROUTES {
        let text = read(&root().join("functions").join(function.name).join("src/main.rs"));
        assert!(text.lines().count() <= 60, "{}: more than 60 lines", function.name);
        let module = function.name.replace('-', "_");
        assert!(text.contains(&format!("functions::{module}::serve().await")), "{}: no call", function.name);
        for route in function.routes {
            let path = match route {
                Route::On(_, path) => path,
                Route::Default => "$default",
            };
            assert!(text.contains(path), "{}: the module doc does not name {path}", function.name);
        }
        assert!(text.contains("reads:") && text.contains("writes:"), "{}: reads and writes", function.name);
    }
}

/// What the code says in a document is compared with it, or, with `STOA_WRITE=1`, written into it.
pub(crate) fn keep(path: &Path, wanted: &str) {
    let text = read(path);
    if text == wanted {
        return;
    }
    if std::env::var("STOA_WRITE").is_ok_and(|value| value == "1") {
        fs::write(path, wanted).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let only = |a: &str, b: &str| {
        let others: BTreeSet<&str> = b.lines().collect();
        a.lines().filter(|line| !others.contains(line)).collect::<Vec<_>>().join("\n  ")
    };
    panic!(
        "{} is not as the code has it.\nTo be removed:\n  {}\nTo be added:\n  {}\n\
         `STOA_WRITE=1 cargo test -p stoa-tests --test it -- sync:: catalogue::` writes it.",
        path.display(),
        only(&text, wanted),
        only(wanted, &text)
    );
}

/// Every source file of the flows, by its path under `flows/`.
fn flows() -> Vec<(String, String)> {
    let mut folders = vec![root().join("crates/stoa-service/src/flows")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root().join("crates/stoa-service/src/flows")).unwrap();
                files.push((name.display().to_string(), read(&path)));
            }
        }
    }
    files
}

/// `Visit::enter` names the connection to the log and ends at one that is switched off. `trust-refresh`, `mirror`,
/// `provisioner`, `workos-sync` and `probe` serve nobody, and `look` and `csv_import` answer whoever is on call.
#[test]
fn a_flow_has_its_connection_from_its_visit() {
    for (name, text) in flows() {
        let own: Vec<&str> = text.lines().filter(|line| line.contains("store.connection")).collect();
        assert!(
            own.is_empty()
                || [
                    "trust_refresh.rs",
                    "mirror/mod.rs",
                    "provisioner.rs",
                    "look.rs",
                    "csv_import.rs",
                    "workos_sync/mod.rs",
                    "probe.rs",
                ]
                .contains(&&*name),
            "{name}: {own:?}"
        );
    }
}

#[test]
fn a_flow_knows_its_routes_by_the_words_of_the_register() {
    let keys: BTreeSet<String> = ROUTES.iter().flat_map(|function| function.routes).map(|route| route.key()).collect();
    let mut known = BTreeSet::new();
    for (name, text) in flows() {
        for arm in text.lines().map(str::trim).filter(|line| line.starts_with('"') && line.contains("\" => ")) {
            let key = arm.split('"').nth(1).unwrap();
            assert!(keys.contains(key), "{name}: {key} is no route");
            known.insert(key.to_owned());
        }
    }
    // A function with one route, or one that takes both of its routes alike, asks nothing.
    let asked =
        ROUTES.iter().filter(|function| ["login", "teams-session", "thinkific-return"].contains(&function.name));
    let wanted = asked.flat_map(|function| function.routes).filter(|route| **route != Route::Default);
    assert_same("routes", ("ROUTES", &wanted.map(|route| route.key()).collect()), ("the flows", &known));
}

#[test]
fn every_fault_has_a_runbook_page_with_its_four_headings() {
    let codes: BTreeSet<String> = Fault::all().map(|fault| fault.code().to_owned()).collect();
    assert_same("runbook", ("the code", &codes), ("docs/runbook/faults", &names("docs/runbook/faults", Some(".md"))));
    for fault in Fault::all() {
        let path = root().join(format!("docs/runbook/faults/{}.md", fault.code()));
        let (face, text) = (fault.face(), read(&path));
        let (_, sections) = text.split_once("\n## ").unwrap_or_else(|| panic!("{}: no heading", fault.code()));
        let line = format!("Public code `{}` · HTTP {} · acts: {}", face.public, face.status, who(face.actor));
        keep(&path, &format!("# {}\n\n{line}\n\n## {sections}", fault.code()));
        for heading in ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"] {
            let after = text.split(heading).nth(1).unwrap_or_default();
            let body = after.split("\n## ").next().unwrap_or_default().trim();
            assert!(body.len() > 20, "{}: {heading} says nothing", fault.code());
        }
    }
}

fn who(actor: Actor) -> &'static str {
    match actor {
        Actor::Person => "the person",
        Actor::IdpAdministrator => "the administrator of the customer's identity provider",
        Actor::SchoolAdministrator => "the school's administrator",
        Actor::OnCall => "on-call",
    }
}

#[test]
fn the_runbook_s_table_has_every_fault_as_it_is() {
    let path = root().join("docs/runbook/README.md");
    let text = read(&path);
    let is_row = |line: &&str| line.starts_with("| [`") && line.contains("](faults/");
    let row = |fault: Fault| {
        let (face, code) = (fault.face(), fault.code());
        let acts = match face.actor {
            Actor::Person => "the person",
            Actor::IdpAdministrator => "identity provider",
            Actor::SchoolAdministrator => "school",
            Actor::OnCall => "on-call",
        };
        (code, format!("| [`{code}`](faults/{code}.md) | `{}` | {} | {acts} |", face.public, face.status))
    };
    let rows: BTreeMap<_, _> = Fault::all().map(row).collect();
    let before = text.lines().take_while(|line| !is_row(line));
    let after = text.lines().skip_while(|line| !is_row(line)).filter(|line| !is_row(line));
    let lines: Vec<&str> = before.chain(rows.values().map(String::as_str)).chain(after).collect();
    keep(&path, &(lines.join("\n") + "\n"));
}

/// Whole logins produce stoa's own faults (`infra/check_ledgers.py`); the verifier's are produced where it is tested.
#[test]
fn every_refusal_of_the_verifier_is_expected_by_a_test_of_it() {
    let folder = root().join("crates/stoa-saml/tests/it");
    let files = fs::read_dir(&folder).expect("the verifier's tests").filter_map(Result::ok);
    let text: String = files.map(|file| read(&file.path())).collect();
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    let missing: Vec<_> =
        RefusalCode::ALL.iter().filter(|code| !words.contains(format!("{code:?}").as_str())).collect();
    assert!(missing.is_empty(), "no test expects {missing:?}");
}

/// A check that moved must keep its row, or nobody removes it any more to see which test notices.
#[test]
fn every_text_of_the_mutation_list_is_in_its_file_exactly_once() {
    let list = read(&root().join("infra/mutate_checks.txt"));
    let (mut folder, mut file, mut check) = ("", String::new(), "");
    let (mut find, mut count, mut wrong) = (Vec::new(), 0, Vec::new());
    for line in list.lines().chain(["#"]) {
        if let Some(text) = line.strip_prefix("- ") {
            find.push(text);
            continue;
        }
        if !find.is_empty() {
            let text = squeezed(find.drain(..));
            let times = squeezed(read(&root().join(&file)).lines()).matches(&text).count();
            count += 1;
            if times != 1 {
                wrong.push(format!("{file} [{check}] {times} times: {text}"));
            }
        }
        if let Some(name) = line.strip_prefix("= ") {
            folder = name;
        } else if let Some(path) = line.strip_prefix("@ ") {
            file = format!("crates/{folder}/src/{path}");
        } else if line.starts_with('[') {
            check = line;
        }
    }
    assert!(count > 300, "only {count} texts were read");
    assert!(wrong.is_empty(), "infra/mutate_checks.txt wants each text exactly once:\n{}", wrong.join("\n"));
}

/// Lines without what stands around them, as `infra/mutate_checks.sh` compares.
fn squeezed<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What `apply` writes into the stored form is no setting.
#[test]
fn every_setting_is_explained() {
    let text = read(&root().join("docs/connections.md"));
    let mut missing = Vec::new();
    for file in ["document", "saml", "oidc", "workos", "teams", "directory", "school", "contact"] {
        let source = read(&root().join(format!("crates/stoa-core/src/connection/{file}.rs")));
        for part in source.split("pub struct ").skip(1) {
            let (name, body) = part.split_once(" {").expect("a struct");
            if !name.ends_with("Document") || ["IdpDocument", "ProviderDocument"].contains(&name) {
                continue;
            }
            let body = body.split("\n}").next().unwrap_or_default();
            let fields = body.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next());
            for field in fields.filter(|field| !["idp", "provider"].contains(field)) {
                if !text.contains(&format!("`{field}`")) && !text.contains(&format!("**`[{field}]`**")) {
                    missing.push(format!("{name}.{field}"));
                }
            }
        }
    }
    let tables =
        ["saml", "oidc", "workos", "teams", "directory", "contact"].map(|table| format!("ConnectionDocument.{table}"));
    missing.retain(|setting| !tables.contains(setting));
    assert!(missing.is_empty(), "docs/connections.md lacks {missing:?}");
}

/// The keys in `docs/data.md` are those that the code makes.
#[test]
fn every_kind_of_item_is_described_under_its_key() {
    let text = read(&root().join("docs/data.md"));
    for table in Table::ALL {
        let section = text.split("\n## `").find(|section| section.starts_with(&format!("{}`", table.as_str())));
        let section = section.unwrap_or_else(|| panic!("docs/data.md has no section {}", table.as_str()));
        let rows = section.lines().skip_while(|line| !line.starts_with("| item | key |")).skip(2);
        let keys = rows.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(2));
        let described: BTreeSet<String> = keys.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()).collect();
        let made = forms().filter(|form| form.table == *table).map(ToString::to_string).collect();
        assert_same(table.as_str(), ("the code", &made), ("docs/data.md", &described));
    }
}

/// Where the key of an item is put together, and nowhere else.
#[test]
fn keys_are_put_together_in_one_room() {
    let room = root().join("crates/stoa-service/src/store/items");
    let mut folders: Vec<PathBuf> =
        names("crates", None).iter().map(|name| root().join("crates").join(name).join("src")).collect();
    // What a key begins with, or the whole of one that is always the same. A table's name stands for the table, too.
    let literal = |form: &str| match form.split_once('{') {
        Some(("", _)) => None,
        Some((begin, _)) => Some(format!("\"{begin}")),
        None => Some(format!("\"{form}\"")).filter(|_| Table::ALL.iter().all(|table| table.as_str() != form)),
    };
    let literals: BTreeSet<String> =
        forms().flat_map(|form| [Some(form.pk), form.sk]).flatten().filter_map(literal).collect();
    assert!(literals.contains("\"person#") && literals.contains("\"current\""), "{literals:?}");
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("sources").filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() && path != room {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = read(&path);
                // With a `*` it is a pattern of the register's.
                let is_key = |literal: &str| text.split(literal).skip(1).any(|rest| !rest.starts_with('*'));
                let here = literals.iter().filter(|literal| is_key(literal));
                found.extend(here.map(|literal| format!("{}: {literal}", path.display())));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    let conditions = ROUTES.iter().flat_map(|function| function.grants).flat_map(|grant| grant.conditions);
    let patterns = conditions.filter(|condition| condition.key == ConditionKey::LeadingKeys);
    for pattern in patterns.flat_map(|condition| condition.values) {
        let begin = format!("\"{}", pattern.trim_end_matches('*'));
        assert!(literals.contains(&begin), "the register knows keys like {pattern}");
    }
}

#[test]
fn every_alarm_of_the_template_has_a_runbook_page() {
    let template = read(&root().join("template.yaml"));
    let lines: Vec<&str> = template.lines().collect();
    let alarms: BTreeSet<String> = lines
        .windows(2)
        .filter(|pair| pair[1].trim() == "Type: AWS::CloudWatch::Alarm")
        .map(|pair| pair[0].trim().trim_end_matches(':').to_owned())
        .collect();
    assert!(!alarms.is_empty());
    assert_same(
        "alarms",
        ("template.yaml", &alarms),
        ("docs/runbook/alarms", &names("docs/runbook/alarms", Some(".md"))),
    );
}

/// What on-call's policies of 0.1.0 allowed already.
const RIGHTS_BEFORE: [&str; 25] = [
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudwatch:DescribeAlarmHistory",
    "cloudwatch:DescribeAlarms",
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "lambda:GetAlias",
    "lambda:GetFunctionConfiguration",
    "lambda:InvokeFunction",
    "lambda:ListVersionsByFunction",
    "lambda:UpdateAlias",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:GetQueryResults",
    "logs:StartQuery",
    "logs:StopQuery",
    "secretsmanager:CreateSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:TagResource",
];

/// Whoever runs a stack has to know what somebody may whom they gave a policy.
#[test]
fn every_right_that_on_call_got_since_is_told() {
    let (template, told) = (read(&root().join("template.yaml")), read(&root().join("UPGRADE.md")));
    let policies = template.split("\n  OnCallRead:").nth(1).unwrap().split("\nOutputs:").next().unwrap();
    let allowed: BTreeSet<&str> = policies
        .split(|c: char| !c.is_ascii_alphanumeric() && c != ':')
        .filter(|word| {
            word.split_once(':').is_some_and(|(service, action)| {
                let is_service = !service.is_empty() && service.bytes().all(|b| b.is_ascii_lowercase());
                // A condition's key has a colon behind it.
                let is_action = action.len() > 3 && action.bytes().all(|b| b.is_ascii_alphanumeric());
                is_service && is_action && action.starts_with(|c: char| c.is_ascii_uppercase())
            })
        })
        .collect();
    let before: BTreeSet<&str> = RIGHTS_BEFORE.into_iter().collect();
    assert!(before.is_subset(&allowed), "{:?}", before.difference(&allowed));
    let untold: Vec<_> = allowed.difference(&before).filter(|right| !told.contains(&format!("`{right}`"))).collect();
    assert!(untold.is_empty(), "UPGRADE.md does not tell of {untold:?}");
}

#[test]
fn links_in_documents_resolve() {
    let mut pages: Vec<_> = names("", Some(".md")).iter().map(|name| root().join(format!("{name}.md"))).collect();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("docs").filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    let mut broken = Vec::new();
    for page in pages {
        for target in read(&page).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let here = page.parent().expect("a folder").join(file);
            if !file.is_empty() && !file.contains("://") && !here.exists() {
                broken.push(format!("{} → {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// `saml, scim ← core ← import ← service ← functions`; sandbox and cli on top, side by side. The sandbox is for tests only.
#[test]
fn dependency_arrows_point_one_way() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let allowed = |package: &str| -> &'static [&'static str] {
        match package {
            "stoa-saml" | "stoa-scim" => &[],
            "stoa-core" => &["stoa-saml", "stoa-scim"],
            "stoa-import" => &["stoa-core"],
            "stoa-service" => &["stoa-core", "stoa-import", "stoa-saml", "stoa-scim"],
            "stoa-cli" => &["stoa-core", "stoa-import", "stoa-saml", "stoa-service"],
            "stoa-sandbox" => &["stoa-core", "stoa-saml", "stoa-service"],
            // What is counted needs no more than the verifier.
            "stoa-benches" => &["stoa-saml"],
            "stoa-tests" => &[],
            _ => &["stoa-service"],
        }
    };
    let allowed_in_tests = |package: &str| -> &'static [&'static str] {
        match package {
            "stoa-cli" => &["stoa-sandbox"],
            // `stoa-scim` for what is sealed: a test opens it.
            "stoa-tests" => &["stoa-cli", "stoa-core", "stoa-saml", "stoa-scim", "stoa-service", "stoa-sandbox"],
            "stoa-benches" => &["stoa-core", "stoa-saml", "stoa-service", "stoa-sandbox"],
            _ => &[],
        }
    };
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let on = dependency["name"].as_str().expect("a name");
            let is_ours = on.starts_with("stoa-");
            // A package may name itself, to turn its own feature on for its tests.
            let is_for_tests = dependency["kind"] == "dev" && allowed_in_tests(name).contains(&on);
            let is_allowed = on == name || allowed(name).contains(&on) || is_for_tests;
            assert!(!is_ours || is_allowed, "{name} must not depend on {on}");
            let names_aws = on.starts_with("aws-sdk") || on == "aws-config";
            assert!(!names_aws || ["stoa-service", "stoa-tests"].contains(&name), "{name} must not name AWS");
        }
    }
}

/// The sans-IO crates take time, random bytes and settings as arguments.
#[test]
fn sans_io_crates_ask_nobody() {
    for folder in ["crates/stoa-saml/src", "crates/stoa-scim/src", "crates/stoa-core/src", "crates/stoa-import/src"] {
        let mut folders = vec![root().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("sources").filter_map(Result::ok) {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = read(&path);
                for banned in ["Timestamp::now(", "SystemTime::now(", "rand::fill(", "env::var", "std::net", "std::fs"]
                {
                    assert!(!text.contains(banned), "{}: {banned}", path.display());
                }
            }
        }
    }
}

/// A script that waits for a line which nobody prints any more waits until it gives up.
#[test]
fn a_script_waits_for_lines_that_the_sandbox_prints() {
    let printed = read(&root().join("crates/stoa-sandbox/src/show.rs"));
    let script = read(&root().join("infra/lambda-login.sh"));
    let waits = script.lines().filter(|line| line.contains("wait_for") && line.contains("/sandbox.log"));
    let awaited: Vec<&str> = waits.filter_map(|line| line.split('"').nth(1)).collect();
    assert!(!awaited.is_empty(), "the script waits for no line");
    for line in awaited {
        assert!(printed.contains(line), "infra/lambda-login.sh waits for {line:?}");
    }
}

#[test]
fn the_readme_is_short_and_names_the_two_commands() {
    let text = read(&root().join("README.md"));
    assert!(text.lines().count() <= 185, "{} lines", text.lines().count());
    for command in ["cargo run -p stoa-sandbox", "cargo test --workspace"] {
        assert!(text.contains(command), "{command}");
    }
    let ci = read(&root().join(".ci/run"));
    assert!(ci.contains("cargo test --workspace"), ".ci/run does not call the README's test command");
}

/// What a reader copies is a connection.
#[test]
fn connections_in_documents_are_of_the_form_that_apply_takes() {
    let mut seen = 0;
    for page in ["README.md", "docs/connections.md"] {
        let text = read(&root().join(page));
        for block in text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            if block.contains("customer = ") {
                let parsed = toml::from_str::<stoa_core::connection::ConnectionDocument>(block);
                assert!(parsed.is_ok(), "{page}: {block}\n{parsed:?}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 2, "{seen}");
}
