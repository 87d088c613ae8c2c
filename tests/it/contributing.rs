//! What a newcomer reads first is true: `CONTRIBUTING.md`, and the table at the top of each crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::sync::{read, root};

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

/// A number may only shrink: what takes more files than this is to be made of fewer.
#[test]
fn no_recipe_grows() {
    let text = contributing();
    for (recipe, most) in [("**A fault of stoa's own**", 6), ("**A function**", 13), ("**A preset**", 6)] {
        let after = text.split_once(recipe).unwrap_or_else(|| panic!("no {recipe}")).1;
        let steps = after.split("\n**").next().unwrap_or_default();
        let numbered = |line: &&str| line.split_once(". ").is_some_and(|(number, _)| number.parse::<u8>().is_ok());
        let files = steps.lines().filter(numbered).count();
        assert!((1..=most).contains(&files), "{recipe}: {files} files, at most {most}");
    }
}

#[test]
fn each_crate_s_table_names_its_public_modules_and_nothing_that_is_not_there() {
    for package in ["scim", "core", "service", "sandbox", "cli"] {
        let text = read(&root().join(format!("crates/stoa-{package}/src/lib.rs")));
        let rows = text.lines().filter_map(|line| line.strip_prefix("//! | ")).filter_map(|row| row.split('|').next());
        let words = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2));
        let listed: BTreeSet<&str> = words.collect();
        let declared = |prefix: &str| -> BTreeSet<&str> {
            text.lines().filter_map(|line| line.strip_prefix(prefix)?.strip_suffix(';')).collect()
        };
        let (public, private) = (declared("pub mod "), declared("mod "));
        let missing: Vec<_> = public.difference(&listed).collect();
        assert!(missing.is_empty(), "stoa-{package}: the table at the top of lib.rs lacks {missing:?}");
        let gone: Vec<_> = listed.iter().filter(|name| !public.contains(*name) && !private.contains(*name)).collect();
        assert!(gone.is_empty(), "stoa-{package}: the table at the top of lib.rs names {gone:?}");
        assert!(listed.len() > 5, "stoa-{package}");
    }
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
