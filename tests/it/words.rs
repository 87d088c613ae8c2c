//! What people read says it in the words of the glossary (`CONTRIBUTING.md`).

use std::fs;
use std::path::{Path, PathBuf};

use crate::sync::{read, root};

/// A row of the glossary.
pub(crate) struct Row {
    write: String,
    not: Vec<Phrase>,
    unless: Vec<Phrase>,
}

/// A few words in a row, as they are compared.
struct Phrase(Vec<String>);

/// A word of a text. An empty one stands where a phrase cannot go on.
struct Word<'a> {
    line: usize,
    text: &'a str,
    small: String,
}

impl<'a> Word<'a> {
    fn new(line: usize, text: &'a str) -> Self {
        Self { line, text, small: text.to_lowercase() }
    }

    /// A wanted word in small letters is met in capitals too.
    fn is(&self, wanted: &str) -> bool {
        self.text == wanted || self.small == wanted
    }
}

#[test]
fn documents_use_the_words_of_the_glossary() {
    let rows = glossary("English");
    let found: Vec<String> =
        documents().iter().flat_map(|path| misused(&name(path), &prose(&without_glossary(path)), &rows)).collect();
    assert!(found.is_empty(), "CONTRIBUTING.md, Glossary:\n{}", found.join("\n"));
}

#[test]
fn the_glossary_says_what_to_write_instead() {
    for language in ["English", "Spanish"] {
        let rows = glossary(language);
        assert!(rows.len() >= 10, "{language}: {} rows", rows.len());
        for row in &rows {
            assert!(!row.write.is_empty() && !row.not.is_empty(), "{language}: an empty cell beside {:?}", row.write);
            let write = prose(&row.write);
            assert_eq!(misused(language, &write, &rows), [""; 0], "{:?} is refused as well", row.write);
            for unless in &row.unless {
                let text = unless.0.join(" ");
                assert!(row.not.iter().any(|not| not.is_in(&words(&text))), "{text:?} excuses nothing");
            }
        }
    }
}

#[test]
fn a_refused_word_is_found_wherever_it_is_read() {
    let rows = glossary("English");
    let cases = [
        ("You can mend this.", "x:1: “mend”: write “fix”"),
        ("Mended.", "x:1: “Mended”: write “fix”"),
        ("One\n\nand what stands in\n  place of the other", "x:3: “in place of”: write “instead of”"),
        ("| a | the **former** one |", "x:1: “former”: write “previous, earlier”"),
        ("[what to mend](fix.md)", "x:1: “mend”: write “fix”"),
        ("A `code` of an IdP", "x:1: “IdP”: write “identity provider”"),
        ("“Please log in”, they\nread", "x:1: “log in”: write “sign in, sign-in”"),
        ("```text\nx\n```\nfor ever", "x:4: “for ever”: write “permanently, forever”"),
    ];
    for (text, expected) in cases {
        assert_eq!(misused("x", &prose(text), &rows), [expected], "{text:?}");
    }
}

#[test]
fn code_links_names_and_other_words_are_left_alone() {
    let rows = glossary("English");
    let cases = [
        "Run `mend --former`, or\n\n```sh\nmend # for ever\n```\n\nand see [it](mend.md).",
        "Okta: *Sign On*, *General*. The claim idp.",
        "Single sign-on, and a gateway that signs on their behalf.",
        "amendment, mendacious, performer, for everybody, formerlyness",
        "Look in the log. In CloudWatch it is the log in the list.",
        "as in. Place of birth; way, round",
        "one way\n\nround the block",
        "https://mend.example/former and <https://former.example/>",
        "<!-- former -->",
    ];
    for text in cases {
        assert_eq!(misused("x", &prose(text), &rows), [""; 0], "{text:?}");
    }
}

/// The documents that people read, the glossary's among them; the template; and the examples that they copy.
fn documents() -> Vec<PathBuf> {
    let mut found = files(&root().join("docs"), "md");
    found.extend(files(&root().join("examples"), "toml"));
    found.extend(entries(&root()).into_iter().filter(|path| is_a(path, "md") || path.ends_with("template.yaml")));
    assert!(found.len() > 200, "{} documents", found.len());
    found
}

/// The files of a folder and those below it.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let (below, here): (Vec<_>, Vec<_>) = entries(&folder).into_iter().partition(|path| path.is_dir());
        found.extend(here.into_iter().filter(|path| is_a(path, extension)));
        folders.extend(below);
    }
    assert!(!found.is_empty(), "{}", folder.display());
    found.sort();
    found
}

fn is_a(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.filter_map(Result::ok).map(|entry| entry.path()).collect()
}

pub(crate) fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// A document, with empty lines where the glossary itself stands.
fn without_glossary(path: &Path) -> String {
    let text = read(path);
    if !path.ends_with("CONTRIBUTING.md") {
        return text;
    }
    let mut inside = false;
    let lines = text.lines().map(|line| {
        inside = if line.starts_with("## ") { line == "## Glossary" } else { inside };
        if inside { "" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The rows of one language.
pub(crate) fn glossary(language: &str) -> Vec<Row> {
    let text = read(&root().join("CONTRIBUTING.md"));
    let (_, glossary) = text.split_once("\n## Glossary\n").expect("a glossary");
    let glossary = glossary.split("\n## ").next().unwrap_or_default();
    let (_, part) = glossary.split_once(&format!("\n### {language}\n")).expect("a language");
    let table = part.split("\n### ").next().unwrap_or_default();
    // The first two are the heading and the line below it.
    table.lines().filter(|line| line.starts_with('|')).skip(2).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let &[write, _, not, unless] = cells.as_slice() else { panic!("four cells: {line}") };
    Row { write: write.to_owned(), not: phrases(not), unless: phrases(unless) }
}

fn phrases(cell: &str) -> Vec<Phrase> {
    let phrases = cell.split(',').map(str::trim).filter(|phrase| !phrase.is_empty());
    phrases.map(|phrase| Phrase(phrase.split(' ').map(str::to_owned).collect())).collect()
}

impl Phrase {
    fn is_in(&self, words: &[Word<'_>]) -> bool {
        !self.places(words).is_empty()
    }

    /// Where it begins.
    fn places(&self, words: &[Word<'_>]) -> Vec<usize> {
        let length = self.0.len();
        let here = |window: &[Word<'_>]| window.iter().zip(&self.0).all(|(word, wanted)| word.is(wanted));
        words.windows(length).enumerate().filter(|(_, window)| here(window)).map(|(at, _)| at).collect()
    }
}

/// What a text says otherwise than the glossary: where, which word, and what to write.
pub(crate) fn misused(file: &str, prose: &str, rows: &[Row]) -> Vec<String> {
    let words = words(prose);
    let mut found = Vec::new();
    for row in rows {
        for not in &row.not {
            let end = |at: usize, phrase: &Phrase| at + phrase.0.len();
            let is_excused = |at: usize| {
                let mut excuses = row.unless.iter().flat_map(|unless| {
                    unless.places(&words).into_iter().map(|from| (from, end(from, unless))).collect::<Vec<_>>()
                });
                excuses.any(|(from, to)| from <= at && end(at, not) <= to)
            };
            for at in not.places(&words).into_iter().filter(|at| !is_excused(*at)) {
                let said: Vec<&str> = words[at..end(at, not)].iter().map(|word| word.text).collect();
                found.push((words[at].line, said.join(" "), &row.write));
            }
        }
    }
    found.sort();
    found.into_iter().map(|(line, said, write)| format!("{file}:{line}: “{said}”: write “{write}”")).collect()
}

/// The words of a text, with an empty one at each sign and each empty line.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line_number = at + 1;
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let length = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(length.max(first.len_utf8()));
            if length > 0 {
                words.push(Word::new(line_number, word.trim_matches(['\'', '’'])));
            } else if !first.is_whitespace() {
                words.push(Word::new(line_number, ""));
            }
            rest = after;
        }
        if line.trim().is_empty() {
            words.push(Word::new(line_number, ""));
        }
    }
    words
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || ['-', '\'', '’'].contains(&c)
}

/// Stands for what is no prose, so that no phrase goes across it.
pub(crate) const LEFT_OUT: char = '\u{1a}';

/// Markdown without code, addresses, comments and the names in italics. Each line stays where it is.
pub(crate) fn prose(markdown: &str) -> String {
    let text = without_blocks(markdown);
    let (mut prose, mut rest) = (String::new(), text.as_str());
    while let Some(first) = rest.chars().next() {
        let length = left_out(rest).unwrap_or_default();
        if length > 0 {
            prose.push(LEFT_OUT);
            prose.extend(rest[..length].chars().filter(|c| *c == '\n'));
            rest = &rest[length..];
        } else if let Some(after) = rest.strip_prefix("**") {
            rest = after;
        } else {
            prose.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    prose
}

/// How much of the text that begins here is no prose.
fn left_out(text: &str) -> Option<usize> {
    if !text.starts_with(['`', ']', '<', '*', '{', 'h']) {
        return None;
    }
    let paragraph = text.split("\n\n").next().unwrap_or(text);
    let paragraph = paragraph.split(LEFT_OUT).next().unwrap_or(paragraph);
    let through = |open: &str, close: &str| {
        let inner = paragraph.strip_prefix(open)?;
        Some(open.len() + inner.find(close)? + close.len())
    };
    let is_name = text.starts_with('*') && !text.starts_with("**") && !text.starts_with("* ");
    let address = || {
        let is_one = text.starts_with("https://") || text.starts_with("http://");
        is_one.then(|| text.find(char::is_whitespace).unwrap_or(text.len()))
    };
    through("`", "`")
        .or_else(|| through("](", ")"))
        .or_else(|| through("<!--", "-->"))
        .or_else(|| through("{", "}"))
        .or_else(|| is_name.then(|| through("*", "*"))?)
        .or_else(address)
}

/// Markdown with empty lines for those of its code blocks.
fn without_blocks(markdown: &str) -> String {
    let mut inside = false;
    let lines = markdown.lines().map(|line| {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        if inside || is_fence { "" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}
