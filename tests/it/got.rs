//! What a trace shows as `got` where the code says it in words of its own: explained on the page of its fault.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use stoa_core::fault::Fault;

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

/// `Fault::Oidc(RefusalCode::KeyUnknown)` is `oidc_key_unknown`; what is no fault's name is none.
fn fault_of(text: &str) -> Option<String> {
    match text.split_once("(RefusalCode::") {
        Some((family, variant)) => refused(family, variant.trim_end_matches(')')),
        None => Some(code_of(text)).filter(|code| Fault::of_code(code).is_some()),
    }
}

/// The code of a refusal, by the name that it has in the source of its crate.
fn refused(family: &str, variant: &str) -> Option<String> {
    match family {
        "Saml" => {
            stoa_saml::RefusalCode::ALL.iter().find(|code| format!("{code:?}") == variant).map(|code| code.as_str())
        }
        _ => stoa_core::refusal::RefusalCode::ALL
            .iter()
            .find(|code| format!("{code:?}") == variant)
            .map(|code| code.as_str()),
    }
    .map(str::to_owned)
}

/// The name at the beginning of a text: of a fault, or of a code.
fn name(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(text.len());
    &text[..end]
}

/// The code of each place that works out what it says was received: `Failure::noted` and `with` of a value, a call that
/// takes a refusal's code and more, and `.got(…)` of a refusal of a message.
fn computed(source: &str, family: &str) -> Vec<String> {
    let written = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut codes = Vec::new();
    for (call, takes_words) in [("Failure::noted(", true), ("Failure::with(", false)] {
        for rest in written.split(call).skip(1) {
            let Some((fault, rest)) = rest.trim_start().strip_prefix("Fault::").and_then(|rest| rest.split_once(','))
            else {
                continue;
            };
            let is_words = takes_words && rest.trim_start().starts_with('"');
            codes.extend(fault_of(fault.trim()).filter(|_| !is_words));
        }
    }
    let places: Vec<(usize, &str)> = written.match_indices("RefusalCode::").collect();
    for (at, word) in places {
        let rest = &written[at + word.len()..];
        let variant = name(rest);
        let (before, after) = (written[..at].trim_end(), rest[variant.len()..].trim_start());
        let is_call = after.starts_with(',') && before.ends_with('(') && !before.ends_with("matches!(");
        let chain = after.split(['{', '}', ';', '=']).next().unwrap_or_default();
        if is_call || (family == "Saml" && chain.contains(".got(")) {
            codes.extend(refused(family, variant));
        }
    }
    codes
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

#[test]
fn every_got_that_the_code_works_out_is_explained_on_its_fault_s_page() {
    let mut all = BTreeSet::new();
    for (package, family) in [("stoa-core", "Oidc"), ("stoa-service", "Oidc"), ("stoa-saml", "Saml")] {
        let mut found = Vec::new();
        sources(&root().join(format!("crates/{package}/src")), &mut found);
        all.extend(found.iter().flat_map(|text| computed(text, family)));
    }
    assert!(all.len() > 80, "{}", all.len());
    for code in ["oidc_key_unknown", "saml_audience_mismatch", "email_domain_foreign", "workos_answer_strange"] {
        assert!(all.contains(code), "{code} is not seen: {all:?}");
    }
    let is_explained = |code: &&String| read(&root().join(format!("docs/runbook/faults/{code}.md"))).contains("`got`");
    let unexplained: Vec<_> = all.iter().filter(|code| !is_explained(code)).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}

#[test]
fn a_got_is_seen_in_each_form_in_which_it_is_worked_out() {
    let of = |text: &str, family| computed(text, family);
    assert_eq!(of("Failure::noted(\n Fault::EmailMalformed, attribute)", "Oidc"), ["email_malformed"]);
    assert_eq!(of("Failure::noted(Fault::EmailMalformed, \"words\")", "Oidc"), [""; 0]);
    assert_eq!(of("Failure::with(Fault::Oidc(RefusalCode::KeyUnknown), wanted, got)", "Oidc"), ["oidc_key_unknown"]);
    assert_eq!(of("refused(RefusalCode::KeyUnknown, wanted, got)", "Oidc"), ["oidc_key_unknown"]);
    assert_eq!(of("RefusalCode::KeyUnknown.into()", "Oidc"), [""; 0]);
    let chained = "Refusal::from(RefusalCode::AudienceMismatch).wanted(own).got(&all)";
    assert_eq!(of(chained, "Saml"), ["saml_audience_mismatch"]);
    let other_arm = "A => Err(RefusalCode::AudienceMissing.into()), B => Err(x.got(y))";
    assert_eq!(of(other_arm, "Saml"), [""; 0]);
}
