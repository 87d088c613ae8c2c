//! What the program prints says it in the words of the glossary (`CONTRIBUTING.md`): pages, command, guides, errors.

use std::path::{Path, PathBuf};

use crate::sync::{read, root};
use crate::words::{LEFT_OUT, entries, glossary, misused, name, prose};

/// Where texts are that somebody reads. Below the simulators it is only what is not a product's own.
const SOURCES: &[&str] = &[
    "crates/stoa-cli/src",
    "crates/stoa-service/src",
    "crates/stoa-core/src",
    "crates/stoa-saml/src",
    "crates/stoa-sandbox/src/main.rs",
    "crates/stoa-sandbox/src/show.rs",
    "crates/stoa-sandbox/src/sandbox.rs",
    "crates/stoa-sandbox/src/sandbox",
    "crates/stoa-sandbox/src/arguments.rs",
    "crates/stoa-sandbox/src/control.rs",
    "crates/stoa-sandbox/src/events",
    "crates/stoa-sandbox/src/pingfederate/control_page.rs",
    "crates/stoa-sandbox/src/pingfederate/people.rs",
    "crates/stoa-sandbox/src/openid/control_page.rs",
    "crates/stoa-sandbox/src/openid/people.rs",
    "crates/stoa-sandbox/src/thinkific/control_page.rs",
    "crates/stoa-sandbox/src/workos/control_page.rs",
    "crates/stoa-sandbox/src/workos/organization.rs",
];

/// Here the comments are printed too: they are the help. A file, and a folder beside it.
const HELP: [&str; 2] = ["arguments.rs", "arguments"];

/// The consoles' own names, which the guides must repeat.
const CONSOLES: &[&str] = &["Sign On >", "Sign on URL (Optional)"];

/// A text in a file.
#[derive(Debug, PartialEq, Eq)]
struct Text {
    line: usize,
    text: String,
}

#[test]
fn pages_use_the_words_of_the_glossary() {
    for (file, language) in [("en.ftl", "English"), ("es.ftl", "Spanish")] {
        let (text, rows) = (read(&root().join("crates/stoa-core/locales").join(file)), glossary(language));
        let messages = text.lines().enumerate().filter_map(|(at, line)| Some((at + 1, line.split_once(" = ")?.1)));
        let messages: Vec<_> = messages.collect();
        assert!(messages.len() > 90, "{file}");
        let found: Vec<_> =
            messages.iter().flat_map(|(at, text)| misused(&format!("{file}:{at}"), &prose(text), &rows)).collect();
        assert!(found.is_empty(), "CONTRIBUTING.md, Glossary:\n{}", found.join("\n"));
    }
}

#[test]
fn the_command_and_its_errors_use_the_words_of_the_glossary() {
    let rows = glossary("English");
    let files: Vec<PathBuf> = SOURCES.iter().flat_map(|source| rust(&root().join(source))).collect();
    assert!(files.len() > 150, "{} files", files.len());
    let mut found = Vec::new();
    for path in files {
        for Text { line, text } in texts(&read(&path), path.iter().any(|part| HELP.iter().any(|help| part == *help))) {
            found.extend(misused(&format!("{}:{line}", name(&path)), &without_names(&text), &rows));
        }
    }
    assert!(found.is_empty(), "CONTRIBUTING.md, Glossary:\n{}", found.join("\n"));
}

#[test]
fn texts_are_found_where_they_are_printed_and_nowhere_else() {
    let source = "/// A \"doc\".\n#[error(\"an error of {0}\")]\nstruct A<'a>(&'a str); // \"a comment\"\n\
        const Q: char = '\"';\nfn f() { say(\"one \\\n    line, \\\"quoted\\\"\\n\") }\nconst R: &str = r#\"raw\"#;\n\
        #[cfg(test)]\nmod tests { const T: &str = \"a test\"; }\n";
    let found = |with_docs| texts(source, with_docs).into_iter().map(|text| (text.line, text.text)).collect::<Vec<_>>();
    let printed = [(2, "an error of {0}"), (5, "one line, \"quoted\"\n"), (7, "raw")];
    let printed = printed.map(|(line, text)| (line, text.to_owned()));
    assert_eq!(found(false), printed);
    assert_eq!(found(true)[0], (1, " A \"doc\".".to_owned()));
    assert_eq!(found(true)[1..], printed);
    assert_eq!(misused("x", &without_names("{former} Sign On > `mend`"), &glossary("English")), [""; 0]);
    assert_eq!(misused("x", &without_names("{id} is mended"), &glossary("English")).len(), 1);
}

/// The Rust files below a folder, or the file itself. Files of tests are left out.
fn rust(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        return entries(path).iter().flat_map(|path| rust(path)).collect();
    }
    let is_test = path.file_stem().is_some_and(|stem| stem == "tests")
        || path.parent().is_some_and(|folder| folder.ends_with("tests"));
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    if is_rust && !is_test { vec![path.to_owned()] } else { Vec::new() }
}

/// The string literals of a file but those of its tests, which come last. With the documentation, where that is asked for.
fn texts(source: &str, with_docs: bool) -> Vec<Text> {
    let source = source.split("\n#[cfg(test)]").next().unwrap_or(source);
    let (mut found, mut rest) = (Vec::new(), source);
    while let Some(first) = rest.chars().next() {
        let (length, text) = token(rest).unwrap_or((first.len_utf8(), None));
        let is_doc = rest.starts_with('/');
        if let Some(text) = text.filter(|_| with_docs || !is_doc) {
            found.push(Text { line: source[..source.len() - rest.len()].matches('\n').count() + 1, text });
        }
        rest = &rest[length..];
    }
    found
}

/// The length of the comment or literal that begins here, and its text if somebody may read it.
fn token(rest: &str) -> Option<(usize, Option<String>)> {
    let to_end_of_line = || rest.find('\n').unwrap_or(rest.len());
    if let Some(doc) = rest.strip_prefix("///") {
        let text = doc.lines().next().unwrap_or_default();
        return Some((to_end_of_line(), Some(text.to_owned())));
    }
    if rest.starts_with("//") {
        return Some((to_end_of_line(), None));
    }
    for (open, close) in [("r##\"", "\"##"), ("r#\"", "\"#"), ("r\"", "\"")] {
        if let Some(inner) = rest.strip_prefix(open) {
            let length = inner.find(close).expect("an end");
            return Some((open.len() + length + close.len(), Some(inner[..length].to_owned())));
        }
    }
    // A lifetime has no second quote; the signs that matter here are a quote and a backslash.
    for character in ["'\"'", "'\\\"'", "'\\\\'", "'\\''"] {
        if rest.starts_with(character) {
            return Some((character.len(), None));
        }
    }
    let mut inner = rest.strip_prefix('"')?;
    let mut text = String::new();
    loop {
        let sign = inner.chars().next()?;
        inner = &inner[sign.len_utf8()..];
        match sign {
            '"' => return Some((rest.len() - inner.len(), Some(text))),
            '\\' if inner.starts_with('\n') => inner = inner.trim_start(),
            '\\' => {
                let escaped = inner.chars().next()?;
                inner = &inner[escaped.len_utf8()..];
                text.push(if escaped == 'n' { '\n' } else { escaped });
            }
            other => text.push(other),
        }
    }
}

/// A text without what is put into it, code, and the consoles' own names.
fn without_names(text: &str) -> String {
    let mut kept = CONSOLES.iter().fold(text.to_owned(), |text, name| text.replace(name, &LEFT_OUT.to_string()));
    while let Some((before, after)) =
        kept.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)))
    {
        kept = format!("{before}{LEFT_OUT}{after}");
    }
    prose(&kept)
}
