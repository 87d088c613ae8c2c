//! Other spellings of the same XML: what any writer may choose freely, drawn from a seed.

use roxmltree::{Document, Node};

/// Numbers out of a seed, so that a failure can be had again.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// How much may change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Freedom {
    /// All that means the same: prefixes, where they are declared, white space between elements. To be signed afterwards.
    Meaning,
    /// What canonicalization takes back: order of attributes, quotes, references, sections, comments.
    CanonicalForm,
}

/// A whole document, spelled otherwise.
pub fn respelled(xml: &str, freedom: Freedom, dice: &mut Dice) -> String {
    let document = Document::parse(xml).unwrap();
    spelled(document.root_element(), freedom, dice)
}

/// The elements of which no spelling has a comment inside: to a reader of text it would be two texts.
fn is_text_only(node: Node<'_, '_>) -> bool {
    node.children().all(|child| child.is_text()) && node.children().any(|child| child.text() != Some(""))
}

/// One element as a document of its own.
pub fn spelled(node: Node<'_, '_>, freedom: Freedom, dice: &mut Dice) -> String {
    let mut prefixes = vec!["saml", "samlp", "ds", "a", "saml2p", "ns0", "x-1", "_y", "p.q", ""];
    let mut names: Vec<(String, String)> = Vec::new();
    for namespace in node.descendants().filter_map(|node| node.tag_name().namespace()) {
        if !names.iter().any(|(known, _)| known == namespace) {
            names.push((namespace.to_owned(), prefixes.remove(dice.below(prefixes.len())).to_owned()));
        }
    }
    let mut speller = Speller { freedom, dice, names, out: String::new() };
    speller.element(node, &[]);
    speller.out
}

struct Speller<'d> {
    freedom: Freedom,
    dice: &'d mut Dice,
    /// Which prefix stands for which namespace name, where prefixes are free.
    names: Vec<(String, String)>,
    out: String,
}

type Declared = Vec<(String, String)>;

impl Speller<'_> {
    fn element(&mut self, node: Node<'_, '_>, outer: &[(String, String)]) {
        let (name, mut attributes, declared) = match self.freedom {
            Freedom::Meaning => self.renamed(node, outer),
            Freedom::CanonicalForm => as_it_is(node, outer),
        };
        self.shuffle(&mut attributes);
        self.out.push('<');
        self.out.push_str(&name);
        for (name, value) in attributes {
            let value = self.attribute_value(&value);
            let (before, around) = (self.dice.pick(&[" ", "  ", "\n", "\t"]), self.dice.pick(&["", "", "", " ", "\n"]));
            self.out.push_str(&[before, &name, around, "=", around, &value].concat());
        }
        self.out.push_str(self.dice.pick(&["", "", "\n", " "]));
        if !node.has_children() && self.dice.one_in(2) {
            self.out.push_str("/>");
            return;
        }
        self.out.push('>');
        for child in node.children() {
            if child.is_element() {
                self.between();
                self.element(child, &declared);
            } else if child.is_text() && is_text_only(node) {
                self.text(child.text().unwrap());
            } else if child.is_text() {
                self.out.push_str(child.text().unwrap());
            }
        }
        if node.children().any(|child| child.is_element()) {
            self.between();
        }
        self.out.push_str(&["</", &name, self.dice.pick(&["", "", " ", "\n"]), ">"].concat());
    }

    fn renamed(&mut self, node: Node<'_, '_>, outer: &[(String, String)]) -> (String, Vec<(String, String)>, Declared) {
        let namespace = node.tag_name().namespace().unwrap_or_default();
        let (_, prefix) = self.names.iter().find(|(known, _)| known == namespace).unwrap().clone();
        let mut declared = outer.to_vec();
        let mut attributes: Vec<(String, String)> =
            node.attributes().map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned())).collect();
        let mut declare = |prefix: &str, namespace: &str| {
            let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            if !attributes.iter().any(|(known, _)| *known == name) {
                attributes.push((name, namespace.to_owned()));
            }
        };
        let is_bound = declared.iter().any(|(known, bound)| *known == prefix && bound == namespace);
        if !is_bound || self.dice.one_in(8) {
            declare(&prefix, namespace);
            declared.push((prefix.clone(), namespace.to_owned()));
        }
        if outer.is_empty() && self.dice.one_in(2) {
            for (namespace, prefix) in self.names.iter().filter(|(_, prefix)| !prefix.is_empty()) {
                declare(prefix, namespace);
                declared.push((prefix.clone(), namespace.clone()));
            }
        }
        if self.dice.one_in(6) {
            declare("unused", "urn:unused");
        }
        let name = node.tag_name().name();
        (if prefix.is_empty() { name.to_owned() } else { format!("{prefix}:{name}") }, attributes, declared)
    }

    fn shuffle(&mut self, attributes: &mut [(String, String)]) {
        for at in (1..attributes.len()).rev() {
            attributes.swap(at, self.dice.below(at + 1));
        }
    }

    /// What may stand between two elements.
    fn between(&mut self) {
        if self.freedom == Freedom::Meaning {
            self.out.push_str(self.dice.pick(&["", "", "\n", "\n    ", "\t", " ", "\r\n"]));
        }
        self.out.push_str(self.dice.pick(&["", "", "", "<!-- -->", "<!--a < b & c--><!---->"]));
    }

    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if self.dice.one_in(24) {
                let length = rest.char_indices().nth(1 + self.dice.below(6)).map_or(rest.len(), |(at, _)| at);
                let section = &rest[..length];
                if !section.contains("]]>") && !section.contains('\r') {
                    self.out.push_str(&["<![CDATA[", section, "]]>"].concat());
                    rest = &rest[length..];
                    continue;
                }
            }
            self.character(c, &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('\r', "&#13;")]);
            rest = &rest[c.len_utf8()..];
        }
    }

    fn attribute_value(&mut self, value: &str) -> String {
        let quote = self.dice.pick(&["\"", "'"]);
        let before = std::mem::take(&mut self.out);
        for c in value.chars() {
            self.character(
                c,
                &[
                    ('&', "&amp;"),
                    ('<', "&lt;"),
                    ('"', "&quot;"),
                    ('\'', "&apos;"),
                    ('\t', "&#9;"),
                    ('\n', "&#xA;"),
                    ('\r', "&#xD;"),
                ],
            );
        }
        let value = std::mem::replace(&mut self.out, before);
        [quote, &value, quote].concat()
    }

    fn character(&mut self, c: char, escapes: &[(char, &str)]) {
        match escapes.iter().find(|(escaped, _)| *escaped == c) {
            _ if self.dice.one_in(30) => {
                let number = u32::from(c);
                let reference = [format!("&#{number};"), format!("&#x{number:X};"), format!("&#x0{number:x};")];
                self.out.push_str(&reference[self.dice.below(3)]);
            }
            Some((_, escape)) => self.out.push_str(escape),
            None => self.out.push(c),
        }
    }
}

/// Names and declarations as the source has them; on the outermost element, all that are in scope.
fn as_it_is(node: Node<'_, '_>, outer: &[(String, String)]) -> (String, Vec<(String, String)>, Declared) {
    let source = node.document().input_text();
    let name = &source[node.range().start + 1..];
    let name = &name[..name.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).unwrap()];
    let attribute = |attribute: roxmltree::Attribute<'_, '_>| {
        (source[attribute.range_qname()].to_owned(), attribute.value().to_owned())
    };
    let mut attributes: Vec<(String, String)> = node.attributes().map(attribute).collect();
    let mut declared = outer.to_vec();
    for namespace in node.namespaces().filter(|namespace| namespace.name() != Some("xml")) {
        let (prefix, uri) = (namespace.name().unwrap_or_default().to_owned(), namespace.uri().to_owned());
        let bound = outer.iter().rev().find(|(known, _)| *known == prefix).map_or("", |(_, bound)| bound);
        if bound != uri {
            let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            attributes.push((name, uri.clone()));
            declared.push((prefix, uri));
        }
    }
    (name.to_owned(), attributes, declared)
}
