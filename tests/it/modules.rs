//! The rooms of the house: which module of a crate leans on which, read off the paths in their sources.
//!
//! Where two modules of a folder lean on each other, neither can be read, tested or moved without the other, and what
//! is above and what below is anybody's guess.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::sync::{names, root};

#[test]
fn no_module_leans_on_one_that_leans_on_it() {
    let mut found = Vec::new();
    for name in names("crates", None) {
        let arrows = Rooms::read(&name).arrows();
        assert!(!arrows.is_empty(), "{name}: no arrow is read");
        for (folder, arrows) in arrows {
            let path = [std::slice::from_ref(&name), &folder[..]].concat().join("::");
            found.extend(circles(&arrows).into_iter().map(|circle| (path.clone(), circle)));
        }
    }
    assert!(found.is_empty(), "modules that lean on each other: {found:#?}");
}

#[test]
fn a_circle_is_found_through_use_through_paths_and_through_what_a_folder_passes_on() {
    let rooms = Rooms::of([
        ("", "mod a; mod b; mod c; mod d; pub use a::Thing;"),
        ("a", "use crate::{b::{self, Other}, Unknown}; mod tests { use crate::d; }"),
        ("b", r##"fn f(c: char) { super::c::g(); c == '"' } // super::a "##),
        ("c", r##"use super::Thing as Renamed; const S: &str = r#""crate::d"#; #[cfg(test)] mod t { use crate::d; }"##),
        ("d", "mod e; mod f; use crate::a; pub(crate) use self::e::E; /* use crate::c; /* */ */"),
        ("d::e", "use super::super::b; const S: &[u8] = b\"\\\"crate::d::f\";"),
        ("d::f", "use crate::d::E;"),
    ]);
    let arrows = rooms.arrows();
    let top = &arrows[&module("")];
    let of = |from: &str| top.get(from).into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    assert_eq!((of("a"), of("b"), of("c"), of("d")), (vec!["b"], vec!["c"], vec!["a"], vec!["a", "b"]));
    assert_eq!(circles(top), [["a", "b", "c"]]);
    assert!(circles(&arrows[&module("d")]).is_empty());
}

type Module = Vec<String>;

fn module(path: &str) -> Module {
    path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// In one folder: from which module to which.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// A crate's modules that have a file, each as its words.
struct Rooms {
    sources: BTreeMap<Module, Vec<String>>,
}

/// A path, and the name by which a `use` makes it known.
struct Named {
    path: Module,
    name: Option<String>,
}

impl Rooms {
    fn read(name: &str) -> Self {
        let mut sources = BTreeMap::new();
        read_folder(&root().join("crates").join(name).join("src"), &Module::new(), &mut sources);
        Self { sources }
    }

    fn of<const N: usize>(sources: [(&str, &str); N]) -> Self {
        Self { sources: sources.map(|(path, text)| (module(path), words(text))).into() }
    }

    /// By folder. Between a folder's own file and what is in it there is no arrow: each names the other.
    fn arrows(&self) -> BTreeMap<Module, Arrows> {
        let paths: BTreeMap<&Module, Vec<Named>> =
            self.sources.iter().map(|(module, words)| (module, self.paths(module, words))).collect();
        let mut arrows: BTreeMap<Module, Arrows> = BTreeMap::new();
        for (from, named) in &paths {
            for to in named.iter().filter_map(|named| self.owner(&named.path, &paths)) {
                let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                if let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) {
                    let folder = arrows.entry(from[..shared].to_vec()).or_default();
                    folder.entry(a.clone()).or_default().insert(b.clone());
                }
            }
        }
        arrows
    }

    /// The module that a path leads to, behind what the modules on the way pass on.
    fn owner(&self, path: &[String], paths: &BTreeMap<&Module, Vec<Named>>) -> Option<Module> {
        let mut path = path.to_vec();
        // As deep as modules are, and no circle of names keeps it going.
        for _ in 0..8 {
            let depth = (0..=path.len()).rev().find(|depth| self.sources.contains_key(&path[..*depth]))?;
            let (module, rest) = path.split_at(depth);
            let Some(name) = rest.first() else { return Some(module.to_vec()) };
            let passed_on = paths.get(&module.to_vec())?.iter().find(|named| named.name.as_ref() == Some(name));
            match passed_on {
                Some(named) if named.path != path => path = [&named.path[..], &rest[1..]].concat(),
                Some(_) | None => return Some(module.to_vec()),
            }
        }
        None
    }

    /// Every path of the crate's own in a module's text, tests apart.
    fn paths(&self, module: &Module, words: &[String]) -> Vec<Named> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            if is_for_tests(&words[at..]) {
                at = end_of_item(words, at);
                continue;
            }
            let before = at.checked_sub(1).map_or("", |before| words[before].as_str());
            let is_own = ["crate", "self", "super"].contains(&word.as_str());
            let is_child =
                before == "use" && self.sources.contains_key(&[&module[..], std::slice::from_ref(word)].concat());
            if before != "::" && (is_own || is_child) {
                let start = if is_own { Module::new() } else { module.clone() };
                let first = found.len();
                read_path(module, start, &words[at..], &mut found);
                if before != "use" {
                    found[first..].iter_mut().for_each(|named| named.name = None);
                }
            }
            at += 1;
        }
        found
    }
}

/// Reads `a::b::{c, d as e}`, adds each of its paths, and says how many words it has.
fn read_path(module: &Module, start: Module, words: &[String], found: &mut Vec<Named>) -> usize {
    let mut path = start;
    let mut at = 0;
    loop {
        match words.get(at).map(String::as_str) {
            Some("crate") => path.clear(),
            Some("self") if path.is_empty() => path.clone_from(module),
            Some("super") if path.is_empty() => path = module[..module.len().saturating_sub(1)].to_vec(),
            Some("super") => path.truncate(path.len().saturating_sub(1)),
            Some("self") => {}
            Some("{") => {
                at += 1;
                while words.get(at).is_some_and(|word| word != "}") {
                    at += match words[at].as_str() {
                        "," => 1,
                        _ => read_path(module, path.clone(), &words[at..], found).max(1),
                    };
                }
                return at + 1;
            }
            Some(segment) if is_name(segment) => path.push(segment.to_owned()),
            Some(_) | None => break,
        }
        at += 1;
        match words.get(at).map(String::as_str) {
            Some("::") => at += 1,
            Some(_) | None => break,
        }
    }
    let alias = words.get(at + 1).filter(|_| words.get(at).is_some_and(|word| word == "as")).cloned();
    let end = if alias.is_some() { at + 2 } else { at };
    let name = alias.or_else(|| path.last().cloned());
    found.push(Named { path, name });
    end
}

/// `#[cfg(test)]`, or a module of that name.
fn is_for_tests(words: &[String]) -> bool {
    let begins = |start: &[&str]| words.len() >= start.len() && words.iter().zip(start).all(|(word, own)| word == own);
    begins(&["#", "[", "cfg", "(", "test", ")", "]"]) || begins(&["mod", "tests"])
}

/// Behind the `;` or the block in which the item at `at` ends.
fn end_of_item(words: &[String], at: usize) -> usize {
    let mut depth = 0_usize;
    for (index, word) in words.iter().enumerate().skip(at) {
        match word.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return index + 1,
            "}" => depth = depth.saturating_sub(1),
            ";" if depth == 0 => return index + 1,
            _ => {}
        }
    }
    words.len()
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single signs of a source. Comments and texts are none.
fn words(source: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => comment(rest),
            _ if rest.starts_with("::") => take(2, rest, &mut words),
            '"' => 1 + text(&rest[1..]),
            '\'' => character(rest),
            'r' | 'b' | 'c' if raw_text(rest).is_some() => raw_text(rest).unwrap_or_default(),
            _ if is_name(rest) => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                take(end, rest, &mut words)
            }
            space if space.is_whitespace() => space.len_utf8(),
            sign => take(sign.len_utf8(), rest, &mut words),
        };
        rest = &rest[length..];
    }
    words
}

fn take(length: usize, rest: &str, words: &mut Vec<String>) -> usize {
    words.push(rest[..length].to_owned());
    length
}

/// Comments nest.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a text behind its opening quote, the closing one included.
fn text(rest: &str) -> usize {
    let mut escaped = false;
    let end = rest.find(|c| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    });
    end.map_or(rest.len(), |end| end + 1)
}

/// `'x'`, `'\n'` and `'\u{1b}'`; the quote of a lifetime is a sign of its own.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, _))) => rest[at + 1..].find('\'').map_or(rest.len(), |end| at + end + 2),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// `r"…"`, `r#"…"#` and the like.
fn raw_text(rest: &str) -> Option<usize> {
    let opening = rest.trim_start_matches(['b', 'c']).strip_prefix('r')?;
    let quoted = opening.trim_start_matches('#');
    let closing = format!("\"{}", "#".repeat(opening.len() - quoted.len()));
    let text = quoted.strip_prefix('"')?;
    let end = text.find(&closing).map_or(text.len(), |end| end + closing.len());
    Some(rest.len() - text.len() + end)
}

fn read_folder(folder: &Path, module: &Module, sources: &mut BTreeMap<Module, Vec<String>>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let child = || [&module[..], std::slice::from_ref(&stem)].concat();
        if path.is_dir() {
            // What is in it is for tests, as the `tests.rs` beside it says.
            if stem != "tests" {
                read_folder(&path, &child(), sources);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let own = match stem.as_str() {
                "main" | "tests" => continue,
                "lib" | "mod" => module.clone(),
                _ => child(),
            };
            sources.insert(own, words(&fs::read_to_string(&path).expect("a source")));
        }
    }
}

/// Modules that are reached from each other, each set once, by name.
fn circles(arrows: &Arrows) -> Vec<Vec<String>> {
    let reached = |from: &String| {
        let mut seen: BTreeSet<&String> = BTreeSet::new();
        let mut next: Vec<&String> = arrows.get(from).into_iter().flatten().collect();
        while let Some(module) = next.pop() {
            if seen.insert(module) {
                next.extend(arrows.get(module).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<&String>> = arrows.keys().map(|from| (from, reached(from))).collect();
    let on_it = |from: &String| {
        let both = reached[from].iter().filter(|to| reached.get(*to).is_some_and(|back| back.contains(from)));
        both.map(|module| (*module).clone()).collect::<Vec<_>>()
    };
    let circles: BTreeSet<Vec<String>> = arrows.keys().map(on_it).filter(|circle| !circle.is_empty()).collect();
    circles.into_iter().collect()
}
