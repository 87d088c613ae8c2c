//! The rooms of the house: which module of a crate leans on which, read off the paths in their sources.
//!
//! Where two modules of a folder lean on each other, neither can be read, tested or moved without the other, and what
//! is above and what below is anybody's guess.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The circles that are left, by crate, folder and modules. One that is gone goes from here, too; none is added.
const CIRCLES: &[&str] = &[];

const CRATES: &[&str] = &["stoa-saml", "stoa-core", "stoa-service", "stoa-cli", "stoa-sandbox"];

#[test]
fn no_module_leans_on_one_that_leans_on_it() {
    let mut found = BTreeSet::new();
    for name in CRATES {
        let arrows = Rooms::read(name).arrows();
        assert!(!arrows.is_empty(), "{name}: no arrow is read");
        for (folder, arrows) in arrows {
            let path = [&[(*name).to_owned()], &folder[..]].concat().join("::");
            found.extend(circles(&arrows).into_iter().map(|circle| format!("{path}: {}", circle.join(", "))));
        }
    }
    let known: BTreeSet<String> = CIRCLES.iter().map(|circle| (*circle).to_owned()).collect();
    let (new, gone): (Vec<_>, Vec<_>) = (found.difference(&known).collect(), known.difference(&found).collect());
    assert!(new.is_empty(), "modules that lean on each other: {new:#?}");
    assert!(gone.is_empty(), "no circle any more, so not to be listed: {gone:#?}");
}

#[test]
fn a_circle_is_found_through_use_through_paths_and_through_what_a_folder_passes_on() {
    let room = |path: &str, text: &str| (module(path), text.parse().expect("tokens"));
    let rooms = Rooms::of([
        room("", "mod a; mod b; mod c; mod d; pub use a::Thing;"),
        room("a", "use crate::{b::{self, Other}, Unknown}; mod tests { use crate::d; }"),
        room("b", "fn f() { super::c::g() } // super::a"),
        room("c", "use super::Thing as Renamed; #[cfg(test)] mod tests { use crate::d; }"),
        room("d", "mod e; mod f; use crate::a; pub(crate) use self::e::E;"),
        room("d::e", "use super::super::b;"),
        room("d::f", "use crate::d::E;"),
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

/// A crate's modules that have a file.
struct Rooms {
    sources: BTreeMap<Module, TokenStream>,
}

impl Rooms {
    fn read(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name).join("src");
        let mut sources = BTreeMap::new();
        read_folder(&root, &Module::new(), &mut sources);
        Self { sources }
    }

    fn of<const N: usize>(sources: [(Module, TokenStream); N]) -> Self {
        Self { sources: sources.into() }
    }

    /// By folder. Between a folder's own file and what is in it there is no arrow: each names the other.
    fn arrows(&self) -> BTreeMap<Module, Arrows> {
        let paths: BTreeMap<&Module, Vec<Named>> =
            self.sources.iter().map(|(module, tokens)| (module, self.paths(module, tokens))).collect();
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

    /// Every path of the crate's own in a module's text.
    fn paths(&self, module: &Module, tokens: &TokenStream) -> Vec<Named> {
        let mut found = Vec::new();
        self.walk(module, tokens.clone(), &mut found);
        found
    }

    fn walk(&self, module: &Module, tokens: TokenStream, found: &mut Vec<Named>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            if is_for_tests(&tokens[at..]) {
                at += tokens[at..].iter().position(|token| is_end(token)).map_or(tokens.len(), |end| end + 1);
                continue;
            }
            match token {
                TokenTree::Group(group) => self.walk(module, group.stream(), found),
                TokenTree::Ident(ident) => {
                    let after_colon = at > 0 && is_punct(&tokens[at - 1], ':');
                    let in_use = at > 0 && is_ident(&tokens[at - 1], "use");
                    let child = [&module[..], &[ident.to_string()]].concat();
                    let is_own = ident == "crate" || ident == "self" || ident == "super";
                    if !after_colon && (is_own || in_use && self.sources.contains_key(&child)) {
                        let start = if is_own { Vec::new() } else { module.clone() };
                        let before = found.len();
                        read_path(module, start, &tokens[at..], found);
                        if !in_use {
                            found[before..].iter_mut().for_each(|named| named.name = None);
                        }
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            at += 1;
        }
    }
}

/// A path, and the name by which a `use` makes it known.
struct Named {
    path: Module,
    name: Option<String>,
}

/// Reads `a::b::{c, d as e}` and adds each of its paths.
fn read_path(module: &Module, start: Module, tokens: &[TokenTree], found: &mut Vec<Named>) {
    let mut path = start;
    let mut rest = tokens;
    let mut name = None;
    loop {
        match rest.first() {
            Some(TokenTree::Ident(ident)) => {
                match ident.to_string().as_str() {
                    "crate" => path.clear(),
                    "self" if path.is_empty() => path.clone_from(module),
                    "self" => {}
                    "super" if path.is_empty() => path = module[..module.len().saturating_sub(1)].to_vec(),
                    "super" => path.truncate(path.len().saturating_sub(1)),
                    segment => path.push(segment.to_owned()),
                }
                rest = &rest[1..];
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let members: Vec<TokenTree> = group.stream().into_iter().collect();
                for member in members.split(|token| is_punct(token, ',')).filter(|member| !member.is_empty()) {
                    read_path(module, path.clone(), member, found);
                }
                return;
            }
            Some(TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_)) | None => break,
        }
        match rest {
            [one, two, ..] if is_punct(one, ':') && is_punct(two, ':') => rest = &rest[2..],
            [word, alias, ..] if is_ident(word, "as") => {
                name = Some(alias.to_string());
                break;
            }
            _ => break,
        }
    }
    let name = name.or_else(|| path.last().cloned());
    found.push(Named { path, name });
}

/// `#[cfg(test)]`, or a module of that name.
fn is_for_tests(tokens: &[TokenTree]) -> bool {
    match tokens {
        [hash, TokenTree::Group(attribute), ..] if is_punct(hash, '#') => {
            attribute.stream().to_string().replace(' ', "") == "cfg(test)"
        }
        [word, name, ..] => is_ident(word, "mod") && is_ident(name, "tests"),
        _ => false,
    }
}

/// The end of an item.
fn is_end(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(token, ';'),
    }
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn is_ident(token: &TokenTree, wanted: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == wanted)
}

fn read_folder(folder: &Path, module: &Module, sources: &mut BTreeMap<Module, TokenStream>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let child = || [&module[..], &[stem.clone()]].concat();
        if path.is_dir() {
            read_folder(&path, &child(), sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let own = match stem.as_str() {
                "main" | "tests" => continue,
                "lib" | "mod" => module.clone(),
                _ => child(),
            };
            let text = fs::read_to_string(&path).expect("a source");
            sources.insert(own, text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display())));
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
