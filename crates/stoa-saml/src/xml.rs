//! The tree, and the few questions this crate asks of it.

use roxmltree::{Document, Node, ParsingOptions};

use crate::refusal::{Refusal, RefusalCode};

/// Namespace names.
pub(crate) mod ns {
    pub(crate) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    pub(crate) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
    pub(crate) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
    pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
    pub(crate) const DSIG11: &str = "http://www.w3.org/2009/xmldsig11#";
    pub(crate) const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
    pub(crate) const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
    pub(crate) const EXC_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
}

/// Parses a text that has passed [`crate::prescan::prescan`].
pub(crate) fn parse(text: &str) -> Result<Document<'_>, Refusal> {
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|_| RefusalCode::XmlMalformed.into())
}

/// Whether the node is that element.
pub(crate) fn is(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    let tag = node.tag_name();
    node.is_element() && tag.name() == name && tag.namespace() == Some(namespace)
}

/// The child elements. Text between them must be white space.
pub(crate) fn elements<'a, 'i>(parent: Node<'a, 'i>) -> Result<impl Iterator<Item = Node<'a, 'i>>, Refusal> {
    if parent.children().any(is_stray) {
        return Err(Refusal::from(RefusalCode::ElementUnexpected).got(parent.tag_name().name()));
    }
    Ok(parent.children().filter(Node::is_element))
}

/// Whether nothing stands in an element but white space and comments, as where only its attributes say something.
pub(crate) fn is_bare(element: Node<'_, '_>) -> bool {
    !element.children().any(|child| child.is_element() || is_stray(child))
}

/// Whether the node is a text that says something.
fn is_stray(node: Node<'_, '_>) -> bool {
    node.is_text() && !node.text().unwrap_or_default().trim_matches(SPACE).is_empty()
}

/// The whole text of an element that holds nothing but text: no element, no comment.
pub(crate) fn text<'a>(node: Node<'a, '_>) -> Result<&'a str, Refusal> {
    let Some(only) = node.first_child() else { return Ok("") };
    if only.is_text() && only.next_sibling().is_none() {
        return Ok(only.text().unwrap_or_default());
    }
    Err(Refusal::from(RefusalCode::TextNotPlain).got(node.tag_name().name()))
}

/// The text of an identifier, without the white space that pretty-printing puts round it.
pub(crate) fn identifier<'a>(node: Node<'a, '_>) -> Result<&'a str, Refusal> {
    text(node).map(|value| value.trim_matches(SPACE))
}

/// An attribute that must be there.
pub(crate) fn required<'a>(node: Node<'a, '_>, name: &'static str) -> Result<&'a str, Refusal> {
    node.attribute(name).ok_or_else(|| Refusal::from(RefusalCode::AttributeMissing).wanted(name))
}

/// White space of XML (XML 1.0 §2.3).
pub(crate) const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Writes text for an element's content or a double-quoted attribute.
pub(crate) fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

/// [`escape`], as a value.
pub(crate) fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    escape(value, &mut out);
    out
}
