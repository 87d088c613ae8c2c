//! Where a cell ends.

/// What stands between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`, as Excel writes where the comma is a decimal point.
    Semicolon,
    /// A tab.
    Tab,
}

impl Separator {
    const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// The byte that it is.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    /// As people call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
        }
    }

    /// From the first bytes, without a mark: what stands in the first row most often, outside quotes. With it, how many
    /// bytes say so and nothing else: Excel's own `sep=;`.
    pub(crate) fn sniff(first: &[u8]) -> (Self, usize) {
        if let Some((separator, length)) = Self::said(first) {
            return (separator, length);
        }
        let mut counts = Self::ALL.map(|separator| (0_usize, separator));
        let mut is_quoted = false;
        for byte in first {
            match byte {
                b'"' => is_quoted = !is_quoted,
                b'\r' | b'\n' if !is_quoted => break,
                byte if !is_quoted => {
                    for (count, separator) in &mut counts {
                        *count += usize::from(separator.byte() == *byte);
                    }
                }
                _ => {}
            }
        }
        let mut best = (0, Self::Comma);
        for (count, separator) in counts {
            if count > best.0 {
                best = (count, separator);
            }
        }
        (best.1, 0)
    }

    fn said(first: &[u8]) -> Option<(Self, usize)> {
        let rest = first.strip_prefix(b"sep=").or_else(|| first.strip_prefix(b"SEP="))?;
        let (byte, rest) = rest.split_first()?;
        let separator = Self::ALL.into_iter().find(|separator| separator.byte() == *byte)?;
        match rest {
            [b'\r', b'\n', ..] => Some((separator, 7)),
            [b'\n' | b'\r', ..] => Some((separator, 6)),
            _ => None,
        }
    }
}
