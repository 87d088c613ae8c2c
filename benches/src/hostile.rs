//! Inputs that cost much, within the limits: a shape with open numbers, so that a search can climb towards the worst.

use std::fmt;
use std::str::FromStr;

use stoa_saml::idp::{SignOptions, sign_enveloped};
use stoa_saml::{SigningKey, metadata, verify};

use crate::message::{KEY, certificate, input, now, trust};

/// What is read, and the limit on its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A Response that anybody may post.
    Response,
    /// A Response that the identity provider itself has signed.
    SignedResponse,
    /// Metadata, as it is fetched.
    Metadata,
    /// Metadata that the pinned key has signed.
    SignedMetadata,
}

impl Limit {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Response, Self::SignedResponse, Self::Metadata, Self::SignedMetadata];

    fn bytes(self) -> usize {
        match self {
            Self::Response | Self::SignedResponse => 512 * 1024,
            Self::Metadata | Self::SignedMetadata => 4 * 1024 * 1024,
        }
    }

    /// What the product does with such an input. The answer is how it was refused, if it was.
    pub fn read(self, xml: &[u8]) -> Option<String> {
        match self {
            Self::Response | Self::SignedResponse => verify(&input(xml, &trust())).err().map(|e| e.code.to_string()),
            Self::Metadata => metadata::parse(xml, None, now()).err().map(|e| e.to_string()),
            Self::SignedMetadata => {
                metadata::parse_signed(xml, None, &[certificate()], now()).err().map(|e| e.to_string())
            }
        }
    }
}

/// How many numbers a shape has.
pub const GENES: usize = 18;

/// The names of the numbers, and the largest of each. Lengths are powers of two.
pub const RANGES: [(&str, u32); GENES] = [
    ("namespaces declared around", 62),
    ("length of their names, 2^n", 14),
    ("length of their prefixes, 2^n", 12),
    ("declarations of each element", 12),
    ("which are its own", 1),
    ("attributes in a namespace", 62),
    ("other attributes", 62),
    ("length of attribute names, 2^n", 8),
    ("what values hold", 5),
    ("length of values, 2^n", 10),
    ("the element's name is prefixed", 1),
    ("what texts hold", 5),
    ("length of texts, 2^n", 13),
    ("comment or section behind it", 2),
    ("depth", 55),
    ("prefixes listed", 32),
    ("the element has an identifier", 1),
    ("eighths of the size", 8),
];

/// A document of many alike elements, by numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape(pub [u32; GENES]);

impl Shape {
    /// The document, as large as the limit and the shape allow.
    pub fn xml(&self, limit: Limit) -> Vec<u8> {
        let [names, name_length, prefix_length, _, _, _, _, _, _, _, _, _, _, _, depth, listed, _, eighths] = self.0;
        let budget = limit.bytes() * eighths.max(1) as usize / 8 - limit.bytes() / 100;
        let prefix = |n: u32| format!("{}{n:02}", "p".repeat(1 << prefix_length.min(12)));
        // Names that differ in their last characters only are compared to the end.
        let around: String =
            (0..names).map(|n| format!(" xmlns:{}='urn:{}{n:02}'", prefix(n), "x".repeat(1 << name_length))).collect();
        let mut xml = format!("{}<w{around}>{}", head(limit), "<d>".repeat(depth as usize));
        let tail = format!("{}</w>{}", "</d>".repeat(depth as usize), tail(limit));
        let mut element = 0;
        while xml.len() + tail.len() < budget {
            let length = xml.len();
            self.push(&mut xml, element);
            if xml.len() + tail.len() >= budget {
                xml.truncate(length);
                break;
            }
            element += 1;
        }
        xml.push_str(&tail);
        if matches!(limit, Limit::Response | Limit::Metadata) {
            return xml.into_bytes();
        }
        let key = SigningKey::from_pkcs8_pem(KEY).unwrap();
        let prefixes = (0..listed).map(|n| if n < names { prefix(n) } else { format!("z{n}") });
        let prefixes = prefixes.collect::<Vec<_>>().join(" ");
        let id = if limit == Limit::SignedResponse { "R-1" } else { "_metadata" };
        let options = SignOptions { prefix_list: &prefixes, ..SignOptions::new(&key) };
        sign_enveloped(&xml, id, &options).map_or_else(|_| xml.into_bytes(), String::into_bytes)
    }

    fn push(&self, xml: &mut String, element: u32) {
        let [
            names,
            _,
            prefix_length,
            declared,
            is_own,
            prefixed,
            plain,
            name_length,
            value,
            value_length,
            is_prefixed,
            text,
            text_length,
            between,
            _,
            _,
            has_id,
            _,
        ] = self.0;
        let prefix = |n: u32| format!("{}{n:02}", "p".repeat(1 << prefix_length.min(12)));
        let name = |kind: &str, n: u32| format!("{}{kind}{n:02}", "n".repeat((1_usize << name_length) - 1));
        let value = filled(value, value_length);
        let tag = if is_prefixed == 1 && names > 0 { format!("{}:e", prefix(0)) } else { "e".to_owned() };
        xml.push('<');
        xml.push_str(&tag);
        for n in 0..declared {
            let own = if is_own == 1 { element } else { 0 };
            xml.push_str(&format!(" xmlns:q{own}-{n}='q:{own}'"));
        }
        for n in 0..prefixed.min(names) {
            xml.push_str(&format!(" {}:{}='{value}'", prefix(n), name("a", 0)));
        }
        for n in 0..plain {
            xml.push_str(&format!(" {}='{value}'", name("b", n)));
        }
        if has_id == 1 {
            xml.push_str(&format!(" ID='i{element}'"));
        }
        let text = filled(text, text_length);
        if text.is_empty() {
            xml.push_str("/>");
        } else {
            xml.push_str(&format!(">{text}</{tag}>"));
        }
        xml.push_str(["", "x<!---->", "<![CDATA[x]]>"][between as usize % 3]);
    }
}

fn filled(kind: u32, length: u32) -> String {
    let piece = ["", "x", "\"", "&#9;", "&amp;", "\r\n"][kind as usize % 6];
    piece.repeat((1_usize << length) / piece.len().max(1))
}

fn head(limit: Limit) -> &'static str {
    match limit {
        Limit::Response | Limit::SignedResponse => {
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"R-1\" Version=\"2.0\" \
             IssueInstant=\"2026-11-20T12:00:00Z\" InResponseTo=\"_1\" Destination=\"https://stoa.example/saml/acme/acs\">\
             <samlp:Extensions>"
        }
        Limit::Metadata | Limit::SignedMetadata => {
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_metadata\"><md:Extensions>"
        }
    }
}

fn tail(limit: Limit) -> &'static str {
    match limit {
        Limit::Response | Limit::SignedResponse => {
            "</samlp:Extensions><samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>\
             </samlp:Status></samlp:Response>"
        }
        Limit::Metadata | Limit::SignedMetadata => "</md:Extensions></md:EntitiesDescriptor>",
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join(","))
    }
}

impl FromStr for Shape {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut genes = [0; GENES];
        for (gene, number) in genes.iter_mut().zip(text.split(',')) {
            *gene = number.parse()?;
        }
        Ok(Self(genes))
    }
}
