//! The bounds that hold before the parser sees a byte.
//!
//! The parser is quadratic in the attributes and namespace declarations of a tag and recurses with depth; this scan
//! is linear, and what passes it is cheap to parse. It is no parser: it over-counts what is not well-formed, and
//! leaves to the parser the refusal of it.

use std::borrow::Cow;

use memchr::{memchr, memchr3, memmem};

use crate::refusal::{Refusal, RefusalCode};

/// Nesting of the deepest lawful message is about twelve.
const MAX_DEPTH: usize = 64;
/// Attributes of one element, declarations included.
const MAX_ATTRIBUTES: usize = 64;
/// Namespace declarations in scope at one element.
const MAX_NAMESPACES: usize = 64;

/// How large a document may be.
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    /// Elements, comments and CDATA sections.
    markup: usize,
    /// Namespaces in scope, added up over the elements that declare any: the parser copies and compares them for each.
    copies: usize,
}

/// A protocol message. With a thousand groups, each of which declares its types, it stays below a tenth of the copies.
pub(crate) const MESSAGE: Limits = Limits { bytes: 512 * 1024, markup: 20_000, copies: 100_000 };
/// Metadata, which may describe a whole federation.
pub(crate) const METADATA: Limits = Limits { bytes: 4 * 1024 * 1024, markup: 100_000, copies: 1_000_000 };

/// Checks the bounds, and returns the text after byte order mark and XML declaration, with line ends normalised
/// (XML 1.0 §2.11).
pub(crate) fn prescan<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, str>, Refusal> {
    if bytes.len() > limits.bytes {
        return Err(RefusalCode::TooLarge.into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| RefusalCode::NotUtf8)?;
    let body = after_declaration(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    // The parser would take a second byte order mark off.
    if body.starts_with('\u{feff}') {
        return Err(RefusalCode::XmlMalformed.into());
    }
    Scan::of(body, limits).run()?;
    Ok(with_line_feeds(body))
}

/// The parser normalises too, but lets a lone CR before a character reference through.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    match memchr(b'\r', text.as_bytes()) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
    }
}

/// The parser replaces a reference to what is no character (XML 1.0 §4.1); others refuse it.
fn check_references(text: &[u8]) -> Result<(), Refusal> {
    // Nearly every text has none, and this is the quickest way to know.
    if memchr(b'&', text).is_none() {
        return Ok(());
    }
    for at in memmem::find_iter(text, b"&#") {
        let rest = &text[at + 2..];
        let end = memchr(b';', rest).ok_or(RefusalCode::XmlMalformed)?;
        let reference = std::str::from_utf8(&rest[..end]).map_err(|_| RefusalCode::XmlMalformed)?;
        if !number_of(reference).and_then(char::from_u32).is_some_and(is_character) {
            return Err(Refusal::from(RefusalCode::XmlMalformed).got(reference));
        }
    }
    Ok(())
}

/// XML 1.0 §2.2.
fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Takes an XML declaration (XML 1.0 §2.8) off the front. Version 1.0 and UTF-8 only.
fn after_declaration(text: &str) -> Result<&str, Refusal> {
    let Some(rest) = text.strip_prefix("<?xml").filter(|rest| rest.starts_with(is_space)) else {
        return Ok(text);
    };
    let (declaration, body) = rest.split_once("?>").ok_or(RefusalCode::XmlDeclaration)?;
    let mut left = declaration;
    for (name, required, lawful) in DECLARATION {
        match pseudo_attribute(left, name) {
            Some((value, rest)) if lawful(value) => left = rest,
            None if !required => {}
            Some(_) | None => return Err(RefusalCode::XmlDeclaration.into()),
        }
    }
    if left.trim_matches(is_space).is_empty() { Ok(body) } else { Err(RefusalCode::XmlDeclaration.into()) }
}

type PseudoAttribute = (&'static str, bool, fn(&str) -> bool);

const DECLARATION: [PseudoAttribute; 3] = [
    ("version", true, |value| value == "1.0"),
    ("encoding", false, |value| value.eq_ignore_ascii_case("utf-8")),
    ("standalone", false, |value| matches!(value, "yes" | "no")),
];

fn pseudo_attribute<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let rest = text.strip_prefix(is_space)?.trim_start_matches(is_space).strip_prefix(name)?;
    let rest = rest.trim_start_matches(is_space).strip_prefix('=')?.trim_start_matches(is_space);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split_once(quote)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How much more may come.
    markup: usize,
    /// The open elements, each with the number of its namespace declarations.
    open: Vec<u8>,
    in_scope: usize,
    /// How many more namespaces may be copied.
    copies: usize,
}

impl<'a> Scan<'a> {
    fn of(text: &'a str, limits: &Limits) -> Self {
        let (markup, copies) = (limits.markup, limits.copies);
        Self { bytes: text.as_bytes(), at: 0, markup, open: Vec::with_capacity(16), in_scope: 0, copies }
    }

    fn run(mut self) -> Result<(), Refusal> {
        loop {
            let rest = &self.bytes[self.at..];
            let offset = memchr(b'<', rest);
            check_references(&rest[..offset.unwrap_or(rest.len())])?;
            let Some(offset) = offset else { return Ok(()) };
            self.at += offset + 1;
            let rest = &self.bytes[self.at..];
            match rest.first() {
                Some(b'!') if rest.starts_with(b"!--") => self.skip(3, b"-->")?,
                Some(b'!') if rest.starts_with(b"![CDATA[") => self.skip(8, b"]]>")?,
                Some(b'!') => return Err(RefusalCode::Doctype.into()),
                Some(b'?') => return Err(RefusalCode::ProcessingInstruction.into()),
                Some(b'/') => self.close()?,
                Some(_) => self.open()?,
                None => return Err(RefusalCode::XmlMalformed.into()),
            }
        }
    }

    fn count(&mut self) -> Result<(), Refusal> {
        self.markup = self.markup.checked_sub(1).ok_or(RefusalCode::TooMuchMarkup)?;
        Ok(())
    }

    /// Skips a comment or a CDATA section.
    fn skip(&mut self, opening: usize, end: &[u8]) -> Result<(), Refusal> {
        self.count()?;
        let from = self.at + opening;
        let offset = memmem::find(&self.bytes[from..], end).ok_or(RefusalCode::XmlMalformed)?;
        self.at = from + offset + end.len();
        Ok(())
    }

    fn close(&mut self) -> Result<(), Refusal> {
        let declared = self.open.pop().ok_or(RefusalCode::XmlMalformed)?;
        self.in_scope -= usize::from(declared);
        Ok(())
    }

    /// Reads one start tag, from behind its `<` to behind its `>`.
    fn open(&mut self) -> Result<(), Refusal> {
        self.count()?;
        if self.open.len() == MAX_DEPTH {
            return Err(RefusalCode::TooDeep.into());
        }
        let name =
            self.bytes[self.at..].split(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>')).next();
        check_colons(name.unwrap_or_default())?;
        let mut tag = Tag::default();
        loop {
            let offset = memchr3(b'>', b'"', b'\'', &self.bytes[self.at..]).ok_or(RefusalCode::XmlMalformed)?;
            let (name, from) = (&self.bytes[self.at..self.at + offset], self.at + offset + 1);
            let end = self.bytes[from - 1];
            self.at = from;
            if end == b'>' {
                self.in_scope += usize::from(tag.declared);
                self.open.push(tag.declared);
                if tag.declared > 0 {
                    self.copies = self.copies.checked_sub(self.in_scope).ok_or(RefusalCode::TooManyNamespaces)?;
                }
                return if name.last() == Some(&b'/') { self.close() } else { Ok(()) };
            }
            let length = memchr(end, &self.bytes[from..]).ok_or(RefusalCode::XmlMalformed)?;
            tag.attribute(name, &self.bytes[from..from + length])?;
            if self.in_scope + usize::from(tag.declared) > MAX_NAMESPACES {
                return Err(RefusalCode::TooManyNamespaces.into());
            }
            self.at = from + length + 1;
        }
    }
}

#[derive(Default)]
struct Tag {
    attributes: usize,
    declared: u8,
    has_default: bool,
}

impl Tag {
    /// `before` is everything between the previous value and this one's quote: at its end, name and equals sign.
    fn attribute(&mut self, before: &[u8], value: &[u8]) -> Result<(), Refusal> {
        self.attributes += 1;
        if self.attributes > MAX_ATTRIBUTES {
            return Err(RefusalCode::TooManyAttributes.into());
        }
        check_references(value)?;
        let name = before.trim_ascii_end().strip_suffix(b"=").unwrap_or(before).trim_ascii_end();
        let name = name.rsplit(u8::is_ascii_whitespace).next().unwrap_or(name);
        if let Some(prefix) = name.strip_prefix(b"xmlns:") {
            self.declared += 1;
            return if prefix != b"xmlns" && is_absolute_uri(&resolved(value)) { Ok(()) } else { invalid_namespace() };
        }
        if name == b"xmlns" {
            self.declared += 1;
            let repeated = std::mem::replace(&mut self.has_default, true);
            return if !repeated && (value.is_empty() || is_absolute_uri(&resolved(value))) {
                Ok(())
            } else {
                invalid_namespace()
            };
        }
        // The parser takes `p:xmlns` for a default namespace declaration, and no other parser does.
        if name.ends_with(b":xmlns") { invalid_namespace() } else { check_colons(name) }
    }
}

/// Namespaces in XML 1.0 §4: a colon stands between prefix and name. The parser lets `:name` pass.
fn check_colons(name: &[u8]) -> Result<(), Refusal> {
    match memchr(b':', name) {
        None => Ok(()),
        Some(at) if at > 0 && at + 1 < name.len() && memchr(b':', &name[at + 1..]).is_none() => Ok(()),
        Some(_) => invalid_namespace(),
    }
}

/// A namespace name as the parser will see it: lawful, though nobody does it, is a reference in it (XML 1.0 §3.3.3). One
/// that is no character stays as it is, and is refused as part of a URI.
fn resolved(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'&', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    for piece in value.split_inclusive(|&byte| byte == b';') {
        let (text, reference) = memchr(b'&', piece).map_or((piece, None), |at| (&piece[..at], Some(&piece[at..])));
        out.extend_from_slice(text);
        let Some(reference) = reference else { continue };
        match std::str::from_utf8(reference).ok().and_then(character) {
            Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => out.extend_from_slice(reference),
        }
    }
    Cow::Owned(out)
}

/// What `&amp;`, `&#38;` or `&#x26;` stands for.
fn character(reference: &str) -> Option<char> {
    Some(match reference.strip_prefix('&')?.strip_suffix(';')? {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        number => return char::from_u32(number_of(number.strip_prefix('#')?)?),
    })
}

/// The digits of a character reference.
fn number_of(digits: &str) -> Option<u32> {
    match digits.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
        None => digits.parse().ok(),
    }
}

fn invalid_namespace() -> Result<(), Refusal> {
    Err(RefusalCode::NamespaceInvalid.into())
}

/// RFC 3986 §4.3, loosely: a scheme, then characters a URI may have. Canonical XML is undefined over relative ones.
fn is_absolute_uri(value: &[u8]) -> bool {
    let Some(colon) = memchr(b':', value) else { return false };
    value[0].is_ascii_alphabetic()
        && value[..colon].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && value.iter().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(b))
}
