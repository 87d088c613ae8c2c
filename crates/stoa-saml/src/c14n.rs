//! Exclusive XML Canonicalization 1.0, without comments, of one element.
//!
//! The tree does not keep prefixes, so qualified names are taken from the source text that it borrows.

use aws_lc_rs::digest;
use memchr::{memchr, memchr3};
use roxmltree::{Attribute, NS_XML_URI, Namespace, Node, NodeId};

use crate::algorithm::DigestAlgorithm;

/// How much of a canonical form is kept until it is hashed: it may be many times as long as its source.
const PIECE: usize = 64 * 1024;

/// What is canonicalized: `apex` and all below it, except the element `without` (the enveloped signature).
#[derive(Clone, Copy)]
pub(crate) struct Subset<'a, 'i, 'p> {
    pub(crate) apex: Node<'a, 'i>,
    pub(crate) without: Option<NodeId>,
    /// The prefixes of `InclusiveNamespaces`; the empty one is `#default`.
    pub(crate) inclusive: &'p [&'p str],
}

/// Writes the canonical form.
#[cfg(feature = "idp")]
pub(crate) fn canonicalize(subset: Subset<'_, '_, '_>, out: &mut Vec<u8>) {
    Writer::of(subset, out, None).element(subset.apex, true);
}

/// The digest of the canonical form. `buffer` is overwritten.
pub(crate) fn canonical_digest(
    subset: Subset<'_, '_, '_>,
    algorithm: DigestAlgorithm,
    buffer: &mut Vec<u8>,
) -> digest::Digest {
    buffer.clear();
    let mut hash = algorithm.context();
    Writer::of(subset, buffer, Some(&mut hash)).element(subset.apex, true);
    hash.update(buffer);
    hash.finish()
}

struct Writer<'a, 'i, 'o> {
    out: &'o mut Vec<u8>,
    /// Takes what is written, piece by piece.
    hash: Option<&'o mut digest::Context>,
    without: Option<NodeId>,
    /// Sorted.
    inclusive: Vec<&'o str>,
    /// Whether a value may hold what only a reference can bring: a quote, a tab, a line end.
    has_references: bool,
    /// The declarations written by the open elements: prefix and namespace name, innermost last.
    rendered: Vec<(&'a str, &'a str)>,
    /// The attributes of the element being written.
    attributes: Vec<Attribute<'a, 'i>>,
    last: Leaf<'a>,
}

/// The last start tag of an element without child elements. A list repeats it, and under the same parent the same tag
/// has the same canonical form.
#[derive(Default)]
struct Leaf<'a> {
    parent: Option<NodeId>,
    source: &'a str,
    canonical: Vec<u8>,
}

impl<'a, 'i, 'o> Writer<'a, 'i, 'o> {
    fn of(subset: Subset<'a, 'i, 'o>, out: &'o mut Vec<u8>, hash: Option<&'o mut digest::Context>) -> Self {
        let mut inclusive = subset.inclusive.to_vec();
        inclusive.sort_unstable();
        // Of the whole document: a namespace may be declared round the apex.
        let source = subset.apex.document().input_text();
        Self {
            out,
            hash,
            without: subset.without,
            inclusive,
            has_references: memchr(b'&', source.as_bytes()).is_some(),
            rendered: Vec::with_capacity(16),
            attributes: Vec::new(),
            last: Leaf::default(),
        }
    }

    /// Recursion is bounded by the prescan's depth.
    fn element(&mut self, node: Node<'a, 'i>, is_apex: bool) {
        if self.without == Some(node.id()) {
            return;
        }
        self.hash_pieces();
        let name = qualified_name(node);
        let outer = self.rendered.len();
        let is_leaf = !node.children().any(|child| child.is_element());
        let source = if is_leaf { start_tag(node) } else { "" };
        if is_leaf && self.last.source == source && self.last.parent == node.parent().map(|parent| parent.id()) {
            self.out.extend_from_slice(&self.last.canonical);
        } else {
            let from = self.out.len();
            self.start_tag(node, name, is_apex);
            if is_leaf && !source.is_empty() {
                self.last.parent = node.parent().map(|parent| parent.id());
                self.last.source = source;
                self.last.canonical.clear();
                self.last.canonical.extend_from_slice(&self.out[from..]);
            }
        }
        for child in node.children() {
            if child.is_element() {
                self.element(child, false);
            } else if child.is_text() {
                self.text(child.text().unwrap_or_default());
            }
        }
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'>');
        self.rendered.truncate(outer);
    }

    fn start_tag(&mut self, node: Node<'a, 'i>, name: &'a str, is_apex: bool) {
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        self.declarations(node, prefix(name), is_apex);
        self.attributes(node);
        self.out.push(b'>');
    }

    /// Exc-C14N §3: the prefixes that the element visibly uses, and the listed ones that are in scope.
    fn declarations(&mut self, node: Node<'a, 'i>, prefix_of_name: &'a str, is_apex: bool) {
        let outer = self.rendered.len();
        self.declare(prefix_of_name, node.tag_name().namespace().unwrap_or_default());
        for attribute in node.attributes() {
            if let Some(uri) = attribute.namespace().filter(|&uri| uri != NS_XML_URI) {
                self.declare(prefix(attribute_name(node, &attribute)), uri);
            }
        }
        // Where nothing is declared, the parent has written them.
        if !self.inclusive.is_empty() && (is_apex || declares(node)) {
            self.listed(node);
        }
        if self.rendered.len() > outer + 1 {
            self.rendered[outer..].sort_unstable();
        }
        for &(prefix, uri) in &self.rendered[outer..] {
            self.out.extend_from_slice(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.extend_from_slice(b"=\"");
            write_attribute_value(uri, self.has_references, self.out);
            self.out.push(b'"');
        }
    }

    fn listed(&mut self, node: Node<'a, 'i>) {
        let mut has_default = false;
        for namespace in node.namespaces() {
            let prefix = namespace.name().unwrap_or_default();
            has_default |= prefix.is_empty();
            if self.inclusive.binary_search(&prefix).is_ok() {
                self.declare(prefix, namespace.uri());
            }
        }
        if !has_default && self.inclusive.first() == Some(&"") {
            self.declare("", "");
        }
    }

    fn declare(&mut self, prefix: &'a str, uri: &'a str) {
        let current = self.rendered.iter().rev().find(|(rendered, _)| *rendered == prefix).map_or("", |&(_, uri)| uri);
        // The tree holds each pair of prefix and name once.
        if !std::ptr::eq(current, uri) && current != uri && uri != NS_XML_URI {
            self.rendered.push((prefix, uri));
        }
    }

    /// C14N §2.3: attributes by namespace name, then local name.
    fn attributes(&mut self, node: Node<'a, 'i>) {
        self.attributes.clear();
        self.attributes.extend(node.attributes());
        if self.attributes.len() > 1 {
            self.attributes.sort_unstable_by(|a, b| (a.namespace(), a.name()).cmp(&(b.namespace(), b.name())));
        }
        for attribute in &self.attributes {
            self.out.push(b' ');
            self.out.extend_from_slice(attribute_name(node, attribute).as_bytes());
            self.out.extend_from_slice(b"=\"");
            write_attribute_value(attribute.value(), self.has_references, self.out);
            self.out.push(b'"');
        }
    }

    fn text(&mut self, text: &str) {
        for piece in text.as_bytes().chunks(PIECE) {
            write_text(piece, self.has_references, self.out);
            self.hash_pieces();
        }
    }

    fn hash_pieces(&mut self) {
        if let Some(hash) = self.hash.as_mut().filter(|_| self.out.len() >= PIECE) {
            hash.update(self.out);
            self.out.clear();
        }
    }
}

/// The name as the start tag spells it.
fn qualified_name<'a>(node: Node<'a, '_>) -> &'a str {
    let source = &node.document().input_text()[node.range().start + 1..];
    let local = node.tag_name().name();
    // The local name is a part of the source, behind the prefix if there is one.
    let before = local.as_ptr().addr() - source.as_ptr().addr();
    &source[..before + local.len()]
}

/// The start tag of an element that holds something, from `<` to `>`; of another, nothing.
fn start_tag<'a>(node: Node<'a, '_>) -> &'a str {
    let inside = node.first_child().map(|child| child.range().start);
    inside.map_or("", |inside| &node.document().input_text()[node.range().start..inside])
}

/// Whether other namespaces are in scope than at the parent.
fn declares(node: Node<'_, '_>) -> bool {
    let parent = node.parent().map(|parent| parent.namespaces()).into_iter().flatten();
    !node.namespaces().map(std::ptr::from_ref::<Namespace<'_>>).eq(parent.map(std::ptr::from_ref))
}

fn attribute_name<'a>(node: Node<'a, '_>, attribute: &Attribute<'a, '_>) -> &'a str {
    &node.document().input_text()[attribute.range_qname()]
}

fn prefix(qualified_name: &str) -> &str {
    let bytes = qualified_name.as_bytes();
    bytes.iter().position(|&byte| byte == b':').map_or("", |colon| &qualified_name[..colon])
}

/// C14N §2.3, text nodes. A carriage return comes of a reference only.
fn write_text(text: &[u8], has_references: bool, out: &mut Vec<u8>) {
    let mut rest = text;
    if !has_references || memchr(b'\r', rest).is_none() {
        while let Some(at) = memchr3(b'&', b'<', b'>', rest) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(text_escape(rest[at]));
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
        return;
    }
    for &byte in rest {
        match text_escape(byte) {
            b"" => out.push(byte),
            escape => out.extend_from_slice(escape),
        }
    }
}

fn text_escape(byte: u8) -> &'static [u8] {
    match byte {
        b'&' => b"&amp;",
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'\r' => b"&#xD;",
        _ => b"",
    }
}

/// C14N §2.3, attribute nodes. All but a quote comes of a reference only.
fn write_attribute_value(value: &str, has_references: bool, out: &mut Vec<u8>) {
    let mut rest = value.as_bytes();
    let next = |rest: &[u8]| match has_references {
        false => memchr(b'"', rest),
        true => rest.iter().position(|&byte| !attribute_escape(byte).is_empty()),
    };
    while let Some(at) = next(rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(attribute_escape(rest[at]));
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn attribute_escape(byte: u8) -> &'static [u8] {
    match byte {
        b'&' => b"&amp;",
        b'<' => b"&lt;",
        b'"' => b"&quot;",
        b'\t' => b"&#x9;",
        b'\n' => b"&#xA;",
        b'\r' => b"&#xD;",
        _ => b"",
    }
}
