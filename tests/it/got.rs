//! What a trace shows as `got` where the code says it in words of its own: explained on the page of its fault.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::sync::{read, root};

/// `PersonInactive` is `person_inactive`.
fn code_of(variant: &str) -> String {
    let mut code = String::new();
    for letter in variant.chars() {
        if letter.is_ascii_uppercase() && !code.is_empty() {
            code.push('_');
        }
        code.push(letter.to_ascii_lowercase());
    }
    code
}

/// The code and the words of each `Failure::noted(Fault::…, "…")`, where both are written out.
fn notes(source: &str) -> Vec<(String, String)> {
    let written = source.split("#[cfg(test)]").next().unwrap_or_default();
    let calls = written.split("noted(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix("Fault::"));
    let note = |call: &str| {
        let (fault, rest) = call.split_once(',')?;
        let words = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        // A refusal of a token or a message has its own crate's words for what it wants.
        let is_own = fault.chars().all(|letter| letter.is_ascii_alphanumeric());
        is_own.then(|| (code_of(fault), words.to_owned()))
    };
    calls.filter_map(note).collect()
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(read(&path));
        }
    }
}

#[test]
fn every_got_that_the_code_words_itself_is_explained_on_its_fault_s_page() {
    let mut found = Vec::new();
    for package in ["stoa-core", "stoa-service"] {
        sources(&root().join(format!("crates/{package}/src")), &mut found);
    }
    let all: BTreeSet<(String, String)> = found.iter().flat_map(|text| notes(text)).collect();
    assert!(all.len() > 30, "{}", all.len());
    let unexplained = all.iter().filter(|(code, words)| {
        let page = read(&root().join(format!("docs/runbook/faults/{code}.md")));
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        // What only a panic or a header of ours says needs no more than its own words.
        code != "internal" && !page.contains(words.as_str())
    });
    let unexplained: Vec<_> = unexplained.collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let text =
        "Failure::noted(Fault::PersonInactive, \"kept out\") noted(\n Fault::Oidc(X::Y), \"sub\") noted(Fault::A, &b)";
    assert_eq!(notes(text), [("person_inactive".to_owned(), "kept out".to_owned())]);
}
