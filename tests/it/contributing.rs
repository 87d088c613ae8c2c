//! What a newcomer reads first is true: `CONTRIBUTING.md`, and the table at the top of each crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sync::{names, read, root};

/// What stands in a recipe for a name that is not chosen yet.
const PLACEHOLDERS: [&str; 5] = ["CODE", "NAME", "CASE", "SUBJECT", "xx"];

fn contributing() -> String {
    read(&root().join("CONTRIBUTING.md"))
}

/// The part of a document under a heading.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let after = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}")).1;
    after.split("\n## ").next().unwrap_or_default()
}

/// What stands between single backticks, outside of fences.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("\n```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2))
}

#[test]
fn every_stage_of_the_check_is_in_the_table_in_its_order() {
    let check = read(&root().join(".ci/run"));
    let stages: Vec<&str> = check.lines().filter_map(|line| line.strip_prefix("run ")?.split(' ').next()).collect();
    let text = contributing();
    let rows = section(&text, "## The stages of the check").lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    assert!(stages.len() > 10);
    assert_eq!(listed, stages);
}

#[test]
fn files_in_recipes_exist() {
    let text = contributing();
    let files: Vec<&str> = quoted(&text).filter(|word| word.contains('/') && !word.contains([' ', '$', '*'])).collect();
    assert!(files.len() > 30, "{files:?}");
    let missing: Vec<&&str> =
        files.iter().filter(|file| !exists(&root(), &file.split('/').collect::<Vec<_>>())).collect();
    assert!(missing.is_empty(), "CONTRIBUTING.md names {missing:?}");
}

/// Whether there is such a file, or, where a part has a placeholder, one of that form.
fn exists(folder: &Path, parts: &[&str]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return true };
    match PLACEHOLDERS.iter().find_map(|placeholder| part.strip_prefix(placeholder)) {
        None => folder.join(part).exists() && exists(&folder.join(part), rest),
        Some(ending) => fs::read_dir(folder).is_ok_and(|mut entries| {
            entries.any(|entry| {
                let name = entry.map(|entry| entry.file_name().to_string_lossy().into_owned()).unwrap_or_default();
                name.ends_with(ending) && exists(&folder.join(name), rest)
            })
        }),
    }
}

/// The numbered steps of a recipe.
fn steps<'a>(text: &'a str, recipe: &str) -> Vec<&'a str> {
    let after = text.split_once(recipe).unwrap_or_else(|| panic!("no {recipe}")).1;
    let numbered = |line: &&str| line.split_once(". ").is_some_and(|(number, _)| number.parse::<u8>().is_ok());
    after.split("\n**").next().unwrap_or_default().lines().filter(numbered).collect()
}

/// A number may only shrink: what takes more files than this is to be made of fewer.
#[test]
fn no_recipe_grows() {
    let text = contributing();
    // Of a fault, the seventh is what the diagnosis knows of it.
    for (recipe, most) in [("**A fault of stoa's own**", 7), ("**A function**", 13), ("**A preset**", 6)] {
        let files = steps(&text, recipe).len();
        assert!((1..=most).contains(&files), "{recipe}: {files} files, at most {most}");
    }
}

/// Of the faults and of the functions the one about which least is written. A file that names it and is in no step is one
/// that the author of the next is not told of.
#[test]
fn whatever_names_a_fault_or_a_function_is_in_its_recipe() {
    // What writes itself, and what was measured or decided once.
    let others =
        ["docs/runbook/README.md", "docs/security.md", "docs/takeover.md", "docs/mutation.md", "docs/decisions/"];
    let text = contributing();
    let mut files = Vec::new();
    for folder in ["crates", "docs", "events", "functions", "infra", "tests/it"] {
        list(&root().join(folder), &mut files);
    }
    files.push(root().join("template.yaml"));
    for (recipe, names) in [
        ("**A fault of stoa's own**", ["choice_foreign", "ChoiceForeign"]),
        ("**A function**", ["saml-metadata", "saml_metadata"]),
    ] {
        let steps = steps(&text, recipe);
        let known: Vec<&str> = steps.iter().flat_map(|step| quoted(step)).collect();
        let mut seen = 0;
        for file in &files {
            let path = file.strip_prefix(root()).expect("a file of the workspace").to_str().expect("a name");
            // The specification of metadata has nearly the name of the function.
            let text = fs::read_to_string(file).unwrap_or_default().replace("saml-metadata-2.0-os", "");
            let says = |name: &&str| path.contains(name) || text.contains(name);
            if !names.iter().any(says) || others.iter().any(|other| path.starts_with(other)) {
                continue;
            }
            assert!(known.iter().any(|known| leads_to(known, path)), "{recipe} has no step for {path}");
            seen += 1;
        }
        assert!(seen > 3, "{recipe}: {seen} files");
    }
}

/// Every file in a folder. What a crate's own tests take for an example is left out.
fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        if !path.is_dir() {
            files.push(path);
        } else if !path.ends_with("tests") {
            list(&path, files);
        }
    }
}

/// Whether a step's path, with its placeholders, is this file or a folder of it.
fn leads_to(step: &str, file: &str) -> bool {
    let mut parts = file.split('/');
    step.split('/').all(|wanted| {
        let part = parts.next().unwrap_or_default();
        match PLACEHOLDERS.iter().find_map(|placeholder| wanted.strip_prefix(placeholder)) {
            Some(ending) => part.ends_with(ending),
            None => part == wanted,
        }
    })
}

#[test]
fn each_crate_s_table_names_its_modules_and_nothing_that_is_not_there() {
    for package in names("crates", None) {
        let text = read(&root().join(format!("crates/{package}/src/lib.rs")));
        let rows = text.lines().filter_map(|line| line.strip_prefix("//! | ")).filter_map(|row| row.split('|').next());
        let words = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2));
        let listed: BTreeSet<&str> = words.collect();
        let declared = |prefix: &str| -> BTreeSet<&str> {
            text.lines().filter_map(|line| line.strip_prefix(prefix)?.strip_suffix(';')).collect()
        };
        let modules = &declared("pub mod ") | &declared("mod ");
        let missing: Vec<_> = modules.difference(&listed).collect();
        assert!(missing.is_empty(), "{package}: the table at the top of lib.rs lacks {missing:?}");
        let gone: Vec<_> = listed.difference(&modules).collect();
        assert!(gone.is_empty(), "{package}: the table at the top of lib.rs names {gone:?}");
        assert!(listed.len() > 5, "{package}");
    }
}

/// `/// Which.`, or `/// The school.` over `school`: who reads that has read the name already.
#[test]
fn no_doc_says_only_the_name_below_it() {
    let mut files = Vec::new();
    for folder in ["benches", "crates", "functions", "tests"] {
        list(&root().join(folder), &mut files);
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    assert!(files.len() > 200, "{} files", files.len());
    let empty: Vec<_> = files.iter().flat_map(|file| empty_docs(&read(file), file)).collect();
    assert!(empty.is_empty(), "{empty:#?}");
    let text = "/// Why.\nreason: A,\n/// The school.\n#[x]\npub(crate) school: B,\n/// The school.\npub id: C,\n/// But\n/// why.\n";
    assert_eq!(empty_docs(text, Path::new("x")), ["x: Why.", "x: The school."]);
}

fn empty_docs(text: &str, file: &Path) -> Vec<String> {
    const QUESTIONS: [&str; 9] = ["Detail", "How", "What", "When", "Where", "Which", "Who", "Whose", "Why"];
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_empty = |at: &usize| {
        let is_first = *at == 0 || !lines[at - 1].starts_with("///");
        let Some(doc) = lines[*at].strip_prefix("/// ").and_then(|doc| doc.strip_suffix('.')) else { return false };
        let below = lines[at + 1..].iter().find(|line| !line.starts_with("#[")).copied().unwrap_or_default();
        let word = doc.strip_prefix("The ").unwrap_or(doc);
        let mut names = below.split(|c: char| !c.is_alphanumeric() && c != '_');
        let name = names.find(|name| {
            !["", "pub", "crate", "super", "const", "async", "fn", "struct", "enum", "type", "static"].contains(name)
        });
        is_first && (QUESTIONS.contains(&doc) || name.is_some_and(|name| name.eq_ignore_ascii_case(word)))
    };
    (0..lines.len()).filter(is_empty).map(|at| format!("{}: {}", file.display(), &lines[at][4..])).collect()
}

/// Every part of the product has a row, and a row says what was not tried as well.
#[test]
fn the_readme_says_what_was_tried_and_what_was_not() {
    let text = read(&root().join("README.md"));
    let rows: Vec<&str> = section(&text, "## What is supported, and what it was tried against")
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect();
    for part in ["SAML 2.0", "OpenID Connect", "WorkOS", "Microsoft Teams", "Thinkific", "AWS", "browsers"] {
        let row = rows.iter().find(|row| row.starts_with(&format!("| {part} |"))).unwrap_or_else(|| panic!("{part}"));
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert!(cells.len() == 6 && !cells[2].is_empty() && !cells[4].is_empty(), "{row}");
    }
}
