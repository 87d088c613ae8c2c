//! Exclusive XML Canonicalization 1.0, without comments, of one element.
//!
//! The tree does not keep prefixes, so qualified names are taken from the source text that it borrows.

use memchr::{memchr, memchr3};
use roxmltree::{Attribute, NS_XML_URI, Node, NodeId};

/// Writes the canonical form of `apex` and all below it, except the element `without` (the enveloped signature).
///
/// `inclusive` are the prefixes of `InclusiveNamespaces`; the empty one is `#default`.
pub(crate) fn canonicalize(apex: Node<'_, '_>, without: Option<NodeId>, inclusive: &[&str], out: &mut Vec<u8>) {
    let mut writer = Writer { out, without, inclusive, rendered: Vec::with_capacity(16), attributes: Vec::new() };
    writer.element(apex);
}

struct Writer<'a, 'i, 'o> {
    out: &'o mut Vec<u8>,
    without: Option<NodeId>,
    inclusive: &'o [&'o str],
    /// The declarations written by the open elements: prefix and namespace name, innermost last.
    rendered: Vec<(&'a str, &'a str)>,
    /// The attributes of the element being written.
    attributes: Vec<Attribute<'a, 'i>>,
}

impl<'a, 'i> Writer<'a, 'i, '_> {
    /// Recursion is bounded by the prescan's depth.
    fn element(&mut self, node: Node<'a, 'i>) {
        if self.without == Some(node.id()) {
            return;
        }
        let name = qualified_name(node);
        let outer = self.rendered.len();
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        self.declarations(node, prefix(name), outer);
        self.attributes(node);
        self.out.push(b'>');
        for child in node.children() {
            if child.is_element() {
                self.element(child);
            } else if child.is_text() {
                write_text(child.text().unwrap_or_default(), self.out);
            }
        }
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'>');
        self.rendered.truncate(outer);
    }

    /// Exc-C14N §3: the prefixes that the element visibly uses, and the listed ones that are in scope.
    fn declarations(&mut self, node: Node<'a, 'i>, prefix_of_name: &'a str, outer: usize) {
        self.declare(prefix_of_name, node.tag_name().namespace().unwrap_or_default());
        for attribute in node.attributes() {
            if let Some(uri) = attribute.namespace().filter(|&uri| uri != NS_XML_URI) {
                self.declare(prefix(attribute_name(node, &attribute)), uri);
            }
        }
        for &listed in self.inclusive {
            match node.namespaces().find(|namespace| namespace.name().unwrap_or_default() == listed) {
                Some(namespace) => self.declare(namespace.name().unwrap_or_default(), namespace.uri()),
                None if listed.is_empty() => self.declare("", ""),
                None => {}
            }
        }
        self.rendered[outer..].sort_unstable();
        for &(prefix, uri) in &self.rendered[outer..] {
            self.out.extend_from_slice(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.extend_from_slice(b"=\"");
            write_attribute_value(uri, self.out);
            self.out.push(b'"');
        }
    }

    fn declare(&mut self, prefix: &'a str, uri: &'a str) {
        if uri == NS_XML_URI {
            return;
        }
        let current = self.rendered.iter().rev().find(|(rendered, _)| *rendered == prefix).map_or("", |&(_, uri)| uri);
        if current != uri {
            self.rendered.push((prefix, uri));
        }
    }

    /// C14N §2.3: attributes by namespace name, then local name.
    fn attributes(&mut self, node: Node<'a, 'i>) {
        self.attributes.clear();
        self.attributes.extend(node.attributes());
        self.attributes.sort_unstable_by(|a, b| (a.namespace(), a.name()).cmp(&(b.namespace(), b.name())));
        for attribute in &self.attributes {
            self.out.push(b' ');
            self.out.extend_from_slice(attribute_name(node, attribute).as_bytes());
            self.out.extend_from_slice(b"=\"");
            write_attribute_value(attribute.value(), self.out);
            self.out.push(b'"');
        }
    }
}

/// The name as the start tag spells it.
fn qualified_name<'a>(node: Node<'a, '_>) -> &'a str {
    let source = &node.document().input_text()[node.range().start + 1..];
    let end = source.bytes().position(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>'));
    &source[..end.unwrap_or(source.len())]
}

fn attribute_name<'a>(node: Node<'a, '_>, attribute: &Attribute<'a, '_>) -> &'a str {
    &node.document().input_text()[attribute.range_qname()]
}

fn prefix(qualified_name: &str) -> &str {
    qualified_name.split_once(':').map_or("", |(prefix, _)| prefix)
}

/// C14N §2.3, text nodes.
fn write_text(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    if memchr(b'\r', rest).is_none() {
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

/// C14N §2.3, attribute nodes.
fn write_attribute_value(value: &str, out: &mut Vec<u8>) {
    for &byte in value.as_bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\t' => out.extend_from_slice(b"&#x9;"),
            b'\n' => out.extend_from_slice(b"&#xA;"),
            b'\r' => out.extend_from_slice(b"&#xD;"),
            _ => out.push(byte),
        }
    }
}
