//! The fields of a form or a query, bounded while they are read: nobody needs a login to send them.

use std::borrow::Cow;

use url::form_urlencoded;

/// More than any form or answer has that stoa reads, with what identity providers and portals add to it.
const MAX_FIELDS: usize = 16;
/// In bytes, decoded.
const MAX_NAME: usize = 64;

/// What is no form or query that anybody sends in earnest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooMuch {
    /// More fields than are read.
    #[error("more than {} fields", MAX_FIELDS)]
    Fields,
    /// A name longer than any that is known.
    #[error("a name of more than {} bytes", MAX_NAME)]
    Name,
}

/// Reads fields in their order, up to the first that is too much. What follows it is not looked at.
pub(crate) fn fields(text: &[u8]) -> impl Iterator<Item = Result<(Cow<'_, str>, Cow<'_, str>), TooMuch>> {
    form_urlencoded::parse(text).enumerate().map(|(place, (name, value))| match (place, name.len()) {
        (MAX_FIELDS.., _) => Err(TooMuch::Fields),
        (_, length) if length > MAX_NAME => Err(TooMuch::Name),
        _ => Ok((name, value)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<usize, TooMuch> {
        fields(text.as_bytes()).collect::<Result<Vec<_>, _>>().map(|fields| fields.len())
    }

    #[test]
    fn as_many_fields_are_read_as_may_come_and_no_more() {
        let many = |count: usize| (0..count).map(|n| format!("f{n}=")).collect::<Vec<_>>().join("&");
        assert_eq!((read(""), read(&many(MAX_FIELDS))), (Ok(0), Ok(MAX_FIELDS)));
        for count in [MAX_FIELDS + 1, 100_000] {
            assert_eq!(read(&many(count)), Err(TooMuch::Fields), "{count}");
        }
        // One name as often as one likes is as many fields.
        assert_eq!(read(&"a&".repeat(MAX_FIELDS + 1)), Err(TooMuch::Fields));
    }

    #[test]
    fn a_name_is_measured_as_it_is_read() {
        assert_eq!(read(&"n".repeat(MAX_NAME)), Ok(1));
        assert_eq!(read(&"n".repeat(MAX_NAME + 1)), Err(TooMuch::Name));
        assert_eq!(read(&"%6e".repeat(MAX_NAME)), Ok(1));
        // A byte that is no UTF-8 is read as three.
        assert_eq!(read(&"%ff".repeat(MAX_NAME)), Err(TooMuch::Name));
    }

    /// An iterator would go on behind its first error.
    #[test]
    fn what_follows_too_much_is_not_read() {
        let text = "&a".repeat(500_000);
        let began = fields(text.as_bytes()).position(|field| field.is_err());
        assert_eq!(began, Some(MAX_FIELDS));
    }
}
