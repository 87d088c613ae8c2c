//! The test catalogue of `docs/security.md`: which tests try which case is read from the tests' names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sync::{keep, read, root};

const PAGE: &str = "docs/security.md";

/// What stands in the place of tests that nobody has written.
const REASONS: [&str; 2] = ["not built yet: ", "does not apply: "];

/// A test: the file it is in, and its name.
type Test = (String, String);

/// The tests of each case, by their names.
fn tried() -> BTreeMap<u16, BTreeSet<Test>> {
    let mut tried: BTreeMap<u16, BTreeSet<Test>> = BTreeMap::new();
    for folder in ["crates", "tests/it"] {
        for path in sources(&root().join(folder)) {
            let text = read(&path);
            let file = path.strip_prefix(root()).expect("a file of ours").to_str().expect("UTF-8").to_owned();
            for (name, is_test) in functions(&text) {
                for case in name.split('_').filter_map(number) {
                    assert!(is_test, "{file}: {name} has a case's number and is not a test");
                    tried.entry(case).or_default().insert((file.clone(), name.to_owned()));
                }
            }
        }
    }
    tried
}

/// The Rust files of a folder and of those below it.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The functions of a file, and whether `#[test]` or `#[tokio::test…]` stands over each.
fn functions(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut is_test = false;
    text.lines().filter_map(move |line| {
        let line = line.trim_start();
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
        let name = rest.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next()?;
        Some((name, std::mem::take(&mut is_test)))
    })
}

/// `c044` is 44.
fn number(word: &str) -> Option<u16> {
    let figures = word.strip_prefix('c').filter(|figures| figures.len() == 3)?;
    figures.parse().ok()
}

/// The tests of one case as the page links them, without the numbers in their names.
fn cell(tests: &BTreeSet<Test>) -> String {
    let mut files: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (file, name) in tests {
        let words: Vec<&str> = name.split('_').filter(|word| number(word).is_none()).collect();
        files.entry(file).or_default().push(format!("`{}`", words.join("_")));
    }
    let listed = files.iter().map(|(file, names)| format!("[{}](../{file}): {}", label(file), names.join(", ")));
    listed.collect::<Vec<_>>().join("; ")
}

/// `crates/stoa-saml/tests/it/hostile_xml.rs` is `saml/hostile_xml`.
fn label(file: &str) -> String {
    let file = file.strip_prefix("crates/stoa-").unwrap_or(file).trim_end_matches(".rs");
    file.replacen("/src/", "/", 1).replacen("/tests/it/", "/", 1).replacen("tests/it/", "", 1)
}

#[test]
fn every_case_has_its_tests_or_says_why_not() {
    let path = root().join(PAGE);
    let (page, mut tried) = (read(&path), tried());
    let (mut wanted, mut cases, mut with_tests) = (String::new(), 0, 0);
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, case, what, _, remark, _] = cells[..] else {
            writeln!(wanted, "{line}").expect("text");
            continue;
        };
        let Some(case) = number(case) else {
            writeln!(wanted, "{line}").expect("text");
            continue;
        };
        cases += 1;
        assert_eq!(case, cases, "{PAGE}: the cases stand in order, each once");
        let tests = tried.remove(&case).unwrap_or_default();
        let has_reason = REASONS.iter().any(|reason| remark.len() > reason.len() && remark.starts_with(reason));
        assert!(
            tests.is_empty() == has_reason,
            "c{case:03}: a case has tests that carry its number, or a remark that begins with one of {REASONS:?}; \
             never both, never neither. It has {tests:?} and {remark:?}"
        );
        with_tests += u16::from(!tests.is_empty());
        let row = [&format!("c{case:03}"), what, &cell(&tests), remark].map(|cell| match cell {
            "" => " ".to_owned(),
            cell => format!(" {cell} "),
        });
        writeln!(wanted, "|{}|", row.join("|")).expect("text");
    }
    assert!(tried.is_empty(), "tests carry numbers that {PAGE} does not have: {tried:?}");
    let count = |line: &str| line.ends_with(" cases have a test.");
    let line = page.lines().find(|line| count(line)).expect("how many cases have a test");
    keep(&path, &wanted.replace(line, &format!("{with_tests} of {cases} cases have a test.")));
}

#[test]
fn c218_no_package_allows_unsafe_code_and_the_check_asks_about_every_dependency() {
    assert!(read(&root().join("Cargo.toml")).contains("\nunsafe_code = \"forbid\"\n"));
    let mut packages = 0;
    for folder in ["crates", "functions"] {
        for entry in fs::read_dir(root().join(folder)).expect(folder).filter_map(Result::ok) {
            let manifest = entry.path().join("Cargo.toml");
            assert!(read(&manifest).contains("\n[lints]\nworkspace = true\n"), "{}", manifest.display());
            packages += 1;
        }
    }
    assert!(packages > 10, "{packages}");
    let check = read(&root().join(".ci/run"));
    let deny = check.lines().find(|line| line.contains("cargo deny ")).expect("cargo deny in .ci/run");
    assert!(["--locked", "licenses", "bans", "sources"].iter().all(|word| deny.contains(word)), "{deny}");
}

/// What `sam build` and pip are given is named to the byte.
#[test]
fn every_python_tool_is_pinned_with_its_hashes_and_cargo_lambda_is_locked() {
    let wanted = read(&root().join("infra/requirements.in"));
    let pinned = read(&root().join("infra/requirements.txt"));
    for line in wanted.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let line = format!("\n{} \\", line.to_lowercase());
        assert!(pinned.contains(&line), "infra/requirements.txt is not made from requirements.in: it lacks{line}");
    }
    let blocks: Vec<&str> = pinned.split("\n").filter(|line| line.contains("==")).collect();
    assert!(blocks.len() > 50 && blocks.iter().all(|line| line.ends_with('\\')), "a package without hashes");
    let install = read(&root().join("infra/install.sh"));
    assert!(install.contains("--require-hashes") && install.contains("--only-binary :all:"));
    let manifest = read(&root().join("Cargo.toml"));
    assert!(manifest.contains("[workspace.metadata.lambda.build]\nlocked = true\n"), "sam build is not --locked");
}
