//! The bounds that hold before the parser sees a byte.
//!
//! The parser is quadratic in the attributes and namespace declarations of a tag, compares them by names of any length,
//! and takes eighty bytes of memory for four of a message; this scan is linear, and what passes it is cheap to parse and
//! to canonicalize. It is no parser: it over-counts what is not well-formed, and leaves to the parser the refusal of it.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memchr3, memmem};

use crate::refusal::{Refusal, RefusalCode};

/// Nesting of the deepest lawful message is about twelve.
const MAX_DEPTH: usize = 64;
/// Attributes of one element, declarations included.
const MAX_ATTRIBUTES: usize = 64;
/// Namespace declarations in scope at one element.
const MAX_NAMESPACES: usize = 64;

/// What a node of the tree takes, and an attribute of one, in bytes. An element may have a text on either side.
const NODE: usize = 80;
const ELEMENT: usize = 3 * NODE;
const ATTRIBUTE: usize = 72;
/// What the allocator and the count of references add to a text that the parser has to write anew.
const REWRITTEN: usize = 48;
/// Equals signs and opening brackets, for each of which the parser reserves memory wherever they stand.
const MAX_RESERVED: usize = 512 * 1024;

/// How large a document may be.
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    /// Elements, comments and CDATA sections.
    markup: usize,
    /// What the tree takes, in bytes.
    memory: usize,
    /// Namespaces in scope, added up over the elements that declare any: the parser copies and compares them for each.
    copies: usize,
    /// How often a name is compared with another, by 16 bytes of it.
    comparisons: usize,
}

/// A protocol message. With two thousand groups, each of which declares its types, it stays below a fifth of each.
pub(crate) const MESSAGE: Limits =
    Limits { bytes: 512 * 1024, markup: 20_000, memory: 14 * 1024 * 1024, copies: 100_000, comparisons: 1_000_000 };
/// Metadata, which may describe a federation of seven hundred.
pub(crate) const METADATA: Limits = Limits {
    bytes: 4 * 1024 * 1024,
    markup: 100_000,
    memory: 14 * 1024 * 1024,
    copies: 1_000_000,
    comparisons: 2_000_000,
};

/// Checks the bounds, and returns the text after byte order mark and XML declaration, with line ends normalised
/// (XML 1.0 §2.11).
pub(crate) fn prescan<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, str>, Refusal> {
    let body = with_line_feeds(body(bytes, limits)?)?;
    let mut scan = Scan::of(&body, limits);
    if let Cow::Owned(copy) = &body {
        scan.take_memory(copy.len())?;
    }
    while scan.next_tag()?.is_some() {}
    // A message has fewer bytes than that.
    let reserved = |sign| body.len() > MAX_RESERVED && memchr_iter(sign, body.as_bytes()).count() > MAX_RESERVED;
    if reserved(b'=') || reserved(b'<') {
        return Err(RefusalCode::TooMuchMarkup.into());
    }
    Ok(body)
}

/// The first start tag by itself, from its `<` to its `>`. What follows it is not looked at.
pub(crate) fn first_tag<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, str>, Refusal> {
    let body = body(bytes, limits)?;
    let mut scan = Scan::of(body, limits);
    let tag = scan.next_tag()?.ok_or(RefusalCode::XmlMalformed)?;
    with_line_feeds(&body[tag])
}

/// The text after byte order mark and XML declaration.
fn body<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, Refusal> {
    if bytes.len() > limits.bytes {
        return Err(RefusalCode::TooLarge.into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| RefusalCode::NotUtf8)?;
    let body = after_declaration(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    // The parser would take a second byte order mark off.
    if body.starts_with('\u{feff}') {
        return Err(RefusalCode::XmlMalformed.into());
    }
    Ok(body)
}

/// The parser normalises too, but lets a lone CR before a character reference through.
fn with_line_feeds(text: &str) -> Result<Cow<'_, str>, Refusal> {
    let mut rest = text.as_bytes();
    if memchr(b'\r', rest).is_none() {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(rest.len());
    // Where one follows the other, there is nothing to look for.
    while let Some(at) = if rest.first() == Some(&b'\r') { Some(0) } else { memchr(b'\r', rest) } {
        out.extend_from_slice(&rest[..at]);
        out.push(b'\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    out.extend_from_slice(rest);
    String::from_utf8(out).map(Cow::Owned).map_err(|_| RefusalCode::NotUtf8.into())
}

/// The parser replaces a reference to what is no character (XML 1.0 §4.1); others refuse it.
fn check_references(text: &[u8]) -> Result<(), Refusal> {
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

/// Takes an XML declaration (XML 1.0 §2.8) off the front. Version 1.0 and UTF-8 only, or ASCII where it is that: some
/// libraries (lxml) declare it unless told otherwise, and what is beyond it as references to characters.
fn after_declaration(text: &str) -> Result<&str, Refusal> {
    let Some(rest) = text.strip_prefix("<?xml").filter(|rest| rest.starts_with(is_space)) else {
        return Ok(text);
    };
    let (declaration, body) = rest.split_once("?>").ok_or(RefusalCode::XmlDeclaration)?;
    let (mut left, mut encoding) = (declaration, None);
    for (name, required, lawful) in DECLARATION {
        match pseudo_attribute(left, name) {
            Some((value, rest)) if lawful(value) => {
                left = rest;
                encoding = if name == "encoding" { Some(value) } else { encoding };
            }
            None if !required => {}
            Some(_) | None => return Err(RefusalCode::XmlDeclaration.into()),
        }
    }
    let is_whole = left.trim_matches(is_space).is_empty();
    if !is_whole || !encoding.is_none_or(is_utf8) && !body.is_ascii() {
        return Err(RefusalCode::XmlDeclaration.into());
    }
    Ok(body)
}

fn is_utf8(encoding: &str) -> bool {
    encoding.eq_ignore_ascii_case("utf-8")
}

/// IANA's names of one encoding, a part of UTF-8.
fn is_ascii(encoding: &str) -> bool {
    ["us-ascii", "ascii"].iter().any(|name| encoding.eq_ignore_ascii_case(name))
}

type PseudoAttribute = (&'static str, bool, fn(&str) -> bool);

const DECLARATION: [PseudoAttribute; 3] = [
    ("version", true, |value| value == "1.0"),
    ("encoding", false, |value| is_utf8(value) || is_ascii(value)),
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
    left: Left,
    /// The open elements, each with the number of its namespace declarations.
    open: Vec<u8>,
    in_scope: usize,
    /// Declarations so far: the parser keeps them sorted, and moves half of them for a new one.
    declared: usize,
    /// The longest namespace name so far.
    longest_name: usize,
    /// Whether there is a reference at all: most messages have none.
    has_references: bool,
    /// Whether the parser has to write some values anew.
    rewrites: bool,
    /// The last tag with attributes, and what it holds: a list repeats one.
    last: (&'a [u8], Tag),
}

struct Left {
    markup: usize,
    memory: usize,
    copies: usize,
    comparisons: usize,
}

impl<'a> Scan<'a> {
    fn of(text: &'a str, limits: &Limits) -> Self {
        let &Limits { bytes: _, markup, memory, copies, comparisons } = limits;
        let bytes = text.as_bytes();
        let has_references = memchr(b'&', bytes).is_some();
        Self {
            bytes,
            at: 0,
            left: Left { markup, memory, copies, comparisons },
            open: Vec::with_capacity(16),
            in_scope: 0,
            declared: 0,
            longest_name: 0,
            has_references,
            rewrites: has_references || memchr2(b'\n', b'\t', bytes).is_some(),
            last: (&[], Tag::default()),
        }
    }

    /// Goes on behind the next start tag, and returns where it stands; `None` at the end of the text.
    fn next_tag(&mut self) -> Result<Option<Range<usize>>, Refusal> {
        loop {
            let rest = &self.bytes[self.at..];
            let offset = if rest.first() == Some(&b'<') { Some(0) } else { memchr(b'<', rest) };
            if self.has_references {
                self.text(&rest[..offset.unwrap_or(rest.len())])?;
            }
            let Some(offset) = offset else { return Ok(None) };
            self.at += offset + 1;
            let rest = &self.bytes[self.at..];
            match rest.first() {
                Some(b'!') if rest.starts_with(b"!--") => self.skip(3, b"-->")?,
                Some(b'!') if rest.starts_with(b"![CDATA[") => self.skip(8, b"]]>")?,
                Some(b'!') => return Err(RefusalCode::Doctype.into()),
                Some(b'?') => return Err(RefusalCode::ProcessingInstruction.into()),
                Some(b'/') => self.close()?,
                Some(_) => {
                    let from = self.at - 1;
                    self.open()?;
                    return Ok(Some(from..self.at));
                }
                None => return Err(RefusalCode::XmlMalformed.into()),
            }
        }
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Refusal> {
        // Nearly every text has none, and this is the quickest way to know.
        if memchr(b'&', text).is_none() {
            return Ok(());
        }
        check_references(text)?;
        self.take_memory(text.len() + REWRITTEN)
    }

    fn count(&mut self) -> Result<(), Refusal> {
        self.left.markup = self.left.markup.checked_sub(1).ok_or(RefusalCode::TooMuchMarkup)?;
        Ok(())
    }

    fn take_memory(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.left.memory = self.left.memory.checked_sub(bytes).ok_or(RefusalCode::TooMuchMarkup)?;
        Ok(())
    }

    /// Skips a comment or a CDATA section, which the parser joins with the text around it.
    fn skip(&mut self, opening: usize, end: &[u8]) -> Result<(), Refusal> {
        self.count()?;
        let from = self.at + opening;
        let offset = memmem::find(&self.bytes[from..], end).ok_or(RefusalCode::XmlMalformed)?;
        self.at = from + offset + end.len();
        self.take_memory(2 * NODE + offset + REWRITTEN)
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
        let (text, tag) = self.last;
        let tag = if !text.is_empty() && self.bytes[self.at..].starts_with(text) {
            self.at += text.len();
            self.check_in_scope(&tag)?;
            tag
        } else {
            self.tag()?
        };
        self.charge(&tag)?;
        self.in_scope += usize::from(tag.declared);
        self.open.push(tag.declared);
        if tag.declared > 0 {
            self.left.copies = self.left.copies.checked_sub(self.in_scope).ok_or(RefusalCode::TooManyNamespaces)?;
        }
        if tag.is_empty { self.close() } else { Ok(()) }
    }

    fn tag(&mut self) -> Result<Tag, Refusal> {
        let from = self.at;
        let rest = &self.bytes[from..];
        let length = rest.iter().position(|&byte| is(byte, NAME_END)).unwrap_or(rest.len());
        let mut tag = Tag { has_prefix: check_colons(&rest[..length])?, ..Tag::default() };
        self.at += length;
        loop {
            let rest = &self.bytes[self.at..];
            let offset = rest.iter().position(|&byte| is(byte, VALUE)).ok_or(RefusalCode::XmlMalformed)?;
            let (before, end) = (&rest[..offset], rest[offset]);
            self.at += offset + 1;
            if end == b'>' {
                tag.is_empty = before.last() == Some(&b'/');
                if tag.attributes > 0 {
                    self.last = (&self.bytes[from..self.at], tag);
                }
                return Ok(tag);
            }
            let rest = &self.bytes[self.at..];
            let length = memchr(end, rest).ok_or(RefusalCode::XmlMalformed)?;
            let value = &rest[..length];
            if self.has_references {
                check_references(value)?;
            }
            if self.rewrites && memchr3(b'&', b'\n', b'\t', value).is_some() {
                tag.rewritten += length + REWRITTEN;
            }
            tag.attribute(before, value)?;
            self.check_in_scope(&tag)?;
            self.at += length + 1;
        }
    }

    fn check_in_scope(&self, tag: &Tag) -> Result<(), Refusal> {
        if self.in_scope + usize::from(tag.declared) > MAX_NAMESPACES {
            return Err(RefusalCode::TooManyNamespaces.into());
        }
        Ok(())
    }

    /// What the parser, and the canonical form after it, do for a tag.
    fn charge(&mut self, tag: &Tag) -> Result<(), Refusal> {
        self.take_memory(ELEMENT + tag.attributes * ATTRIBUTE + tag.rewritten)?;
        let declared = usize::from(tag.declared);
        self.declared += declared;
        self.longest_name = self.longest_name.max(tag.longest_name);
        let in_scope = self.in_scope + declared;
        // A namespace name is compared whole, and written wherever its prefix begins to be used.
        let name = self.longest_name / 16;
        let others = tag.attributes - declared;
        let pairs = others * others.saturating_sub(1) / 2;
        let comparisons = usize::from(tag.has_prefix) * name
            + tag.prefixed * (in_scope + name)
            + pairs * (1 + name)
            + declared * (in_scope + self.declared / 64);
        self.left.comparisons = self.left.comparisons.checked_sub(comparisons).ok_or(RefusalCode::TooManyAttributes)?;
        Ok(())
    }
}

/// What one start tag holds.
#[derive(Clone, Copy, Default)]
struct Tag {
    has_prefix: bool,
    is_empty: bool,
    attributes: usize,
    /// Attributes in a namespace.
    prefixed: usize,
    declared: u8,
    has_default: bool,
    longest_name: usize,
    /// What the parser writes anew, in bytes.
    rewritten: usize,
}

impl Tag {
    /// `before` is everything between the previous value and this one's quote: at its end, name and equals sign.
    fn attribute(&mut self, before: &[u8], value: &[u8]) -> Result<(), Refusal> {
        self.attributes += 1;
        if self.attributes > MAX_ATTRIBUTES {
            return Err(RefusalCode::TooManyAttributes.into());
        }
        let name = before.trim_ascii_end().strip_suffix(b"=").unwrap_or(before).trim_ascii_end();
        let name = name.rsplit(u8::is_ascii_whitespace).next().unwrap_or(name);
        if let Some(prefix) = name.strip_prefix(b"xmlns:") {
            return if prefix != b"xmlns" { self.declare(value, false) } else { invalid_namespace() };
        }
        if name == b"xmlns" {
            let repeated = std::mem::replace(&mut self.has_default, true);
            return if !repeated { self.declare(value, true) } else { invalid_namespace() };
        }
        // The parser takes `p:xmlns` for a default namespace declaration, and no other parser does.
        if name.ends_with(b":xmlns") {
            return invalid_namespace();
        }
        self.prefixed += usize::from(check_colons(name)?);
        Ok(())
    }

    /// A prefix is bound to an absolute URI; no prefix, to one or to nothing.
    fn declare(&mut self, value: &[u8], may_be_empty: bool) -> Result<(), Refusal> {
        self.declared += 1;
        self.longest_name = self.longest_name.max(value.len());
        if may_be_empty && value.is_empty() || is_absolute_uri(&resolved(value)) { Ok(()) } else { invalid_namespace() }
    }
}

/// Namespaces in XML 1.0 §4: a colon stands between prefix and name. The parser lets `:name` pass. Returns whether there
/// is one.
fn check_colons(name: &[u8]) -> Result<bool, Refusal> {
    let mut colons = name.iter().enumerate().filter(|&(_, &byte)| byte == b':').map(|(at, _)| at);
    match (colons.next(), colons.next()) {
        (None, _) => Ok(false),
        (Some(at), None) if at > 0 && at + 1 < name.len() => Ok(true),
        (Some(_), _) => Err(RefusalCode::NamespaceInvalid.into()),
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
    let Some(colon) = value.iter().position(|&byte| byte == b':') else { return false };
    value[0].is_ascii_alphabetic()
        && value[..colon].iter().all(|&byte| is(byte, SCHEME))
        && value.iter().all(|&byte| is(byte, URI))
}

/// Ends the name of an element.
const NAME_END: u8 = 1;
/// Begins a value of an attribute, or ends the tag.
const VALUE: u8 = 2;
/// May stand in the scheme of a URI.
const SCHEME: u8 = 4;
/// May stand in a URI.
const URI: u8 = 8;

/// What each byte may be: a look into a table is quicker than a comparison with each of a list.
const BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        let is_name_end = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>');
        let is_value = matches!(byte, b'>' | b'"' | b'\'');
        let is_scheme = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let not_uri = matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}');
        let is_uri = byte.is_ascii_graphic() && !not_uri;
        table[byte as usize] =
            is_name_end as u8 * NAME_END + is_value as u8 * VALUE + is_scheme as u8 * SCHEME + is_uri as u8 * URI;
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

fn is(byte: u8, class: u8) -> bool {
    BYTES[usize::from(byte)] & class != 0
}
