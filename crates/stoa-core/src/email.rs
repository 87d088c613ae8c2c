//! E-mail addresses in the one form that stoa takes.

use std::fmt;

/// An address in normal form: ASCII, lower case, plain local part, dotted domain. Redacted in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    text: String,
    at: usize,
}

/// The text is not an address of the plain form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an email address is local@domain in ASCII, without quotes, spaces or a trailing dot")]
pub struct BadEmail;

impl Email {
    /// Parses an address. Upper case becomes lower case; whatever could be read in two ways is refused: quoted local
    /// parts, a second `@`, Unicode look-alikes, control characters, a trailing dot.
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        if text.len() > 254 || !text.is_ascii() {
            return Err(BadEmail);
        }
        let text = text.to_ascii_lowercase();
        let (local, domain) = text.split_once('@').ok_or(BadEmail)?;
        let local_byte = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-.".contains(&b);
        let local_good = (1..=64).contains(&local.len())
            && local.bytes().all(local_byte)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        if !local_good || !is_domain(domain) {
            return Err(BadEmail);
        }
        let at = local.len();
        Ok(Self { text, at })
    }

    /// The address, normalised.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Before the `@`.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// After the `@`.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// `m…r@pg.com`: enough for the person to recognise, too little for another. Of a short one only the first letter.
    pub fn hint(&self) -> String {
        let mut letters = self.local().chars();
        let first: String = letters.by_ref().take(1).collect();
        let last: String = letters.skip(2).last().into_iter().collect();
        format!("{first}\u{2026}{last}@{}", self.domain())
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email([redacted])")
    }
}

/// Whether the text is a lower-case host name of two labels or more (RFC 1123, LDH).
pub fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn c115_confusable_addresses_are_refused_and_plain_ones_normalised() {
        assert_eq!(Email::parse("Maria.Silva+x@PG.com").unwrap().as_str(), "maria.silva+x@pg.com");
        assert_eq!(Email::parse("o'brien@mail.pg.com").unwrap().domain(), "mail.pg.com");
        for bad in [
            "",
            "@pg.com",
            "a@",
            "a",
            "a@b@c.com",
            "a@pg.com.",
            "a@pg..com",
            "a@-pg.com",
            "\"a\"@pg.com",
            "a b@pg.com",
            "a@pg.com\n",
            " a@pg.com",
            "a@localhost",
            "a\u{ff20}pg.com",
            "\u{430}dmin@pg.com",
            "a@p\u{261}.com",
            "a@[127.0.0.1]",
            "a@pg.com\u{0}",
            ".a@pg.com",
            "a..b@pg.com",
            "a@pg.com,b@pg.com",
        ] {
            assert_eq!(Email::parse(bad), Err(BadEmail), "{bad:?}");
        }
    }

    #[test]
    fn an_address_is_not_printed() {
        let email = Email::parse("maria@pg.com").unwrap();
        assert_eq!(format!("{email:?}"), "Email([redacted])");
        let hint = |text: &str| Email::parse(text).map(|email| email.hint()).unwrap_or_default();
        assert_eq!(hint("maria@pg.com"), "m…a@pg.com");
        assert_eq!((hint("mary@pg.com"), hint("joe@pg.com")), ("m…y@pg.com".into(), "j…@pg.com".into()));
        assert_eq!((hint("jo@pg.com"), hint("j@pg.com")), ("j…@pg.com".into(), "j…@pg.com".into()));
    }
}
