//! Which bytes are which letters.
//!
//! A byte order mark says it, and so do the zeros of UTF-16. Without either, a file is UTF-8 until a row is not; then it
//! is Windows-1252, if every row with letters beyond ASCII so far could be that as well, which is none. So the first such
//! row decides, and a later one of the other kind is refused: half of such a file would be read wrongly.

use yore::code_pages::CP1252;

/// Bytes that the encoding is guessed from.
pub(crate) const SNIFFED: usize = 64 * 1024;

/// How a file writes letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// No letter beyond ASCII has come yet.
    Ascii,
    /// UTF-8, with or without a mark.
    Utf8,
    /// UTF-16, the lower byte first.
    Utf16Le,
    /// UTF-16, the higher byte first.
    Utf16Be,
    /// Windows-1252, as Excel writes in western Europe.
    Windows1252,
}

impl Encoding {
    /// As people call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ascii => "ASCII",
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16 (little endian)",
            Self::Utf16Be => "UTF-16 (big endian)",
            Self::Windows1252 => "Windows-1252",
        }
    }
}

/// Turns a file's bytes into bytes in which every separator is ASCII, and a row's bytes into text.
pub(crate) struct Letters {
    pub(crate) encoding: Encoding,
    units: Option<Units>,
}

/// The units of UTF-16 in a stream of bytes.
struct Units {
    of: fn([u8; 2]) -> u16,
    /// What came of a unit that is not whole.
    odd: Option<u8>,
    /// The first half of a letter whose second half has not come.
    half: Option<u16>,
}

impl Units {
    fn new(of: fn([u8; 2]) -> u16) -> Self {
        Self { of, odd: None, half: None }
    }

    /// The letters that are whole with the next bytes; U+FFFD for halves of nothing.
    fn next(&mut self, bytes: &[u8], is_last: bool) -> String {
        let mut bytes = self.odd.take().into_iter().chain(bytes.iter().copied());
        let mut units: Vec<u16> = self.half.take().into_iter().collect();
        while let Some(first) = bytes.next() {
            match bytes.next() {
                Some(second) => units.push((self.of)([first, second])),
                None => self.odd = Some(first),
            }
        }
        if !is_last {
            self.half = units.pop_if(|unit| (0xd800..0xdc00).contains(unit));
        }
        let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
        let broken = (is_last && self.odd.is_some()).then_some(char::REPLACEMENT_CHARACTER);
        letters.chain(broken).collect()
    }
}

impl Letters {
    /// From the first bytes, and how many of them are a mark.
    pub(crate) fn sniff(first: &[u8]) -> (Self, usize) {
        let (encoding, mark) = match first {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
            _ => (without_mark(first), 0),
        };
        let units = match encoding {
            Encoding::Utf16Le => Some(Units::new(u16::from_le_bytes)),
            Encoding::Utf16Be => Some(Units::new(u16::from_be_bytes)),
            Encoding::Ascii | Encoding::Utf8 | Encoding::Windows1252 => None,
        };
        (Self { encoding, units }, mark)
    }

    /// The next bytes: UTF-8 of UTF-16, with U+FFFD for what is none; of anything else as they are.
    pub(crate) fn next(&mut self, bytes: &[u8], is_last: bool, into: &mut Vec<u8>) {
        match &mut self.units {
            Some(units) => into.extend_from_slice(units.next(bytes, is_last).as_bytes()),
            None => into.extend_from_slice(bytes),
        }
    }

    /// A row's bytes as text; `None`: they are of another encoding than the file.
    pub(crate) fn text(&mut self, bytes: &[u8]) -> Option<String> {
        if bytes.is_ascii() {
            return std::str::from_utf8(bytes).ok().map(str::to_owned);
        }
        let utf8 = std::str::from_utf8(bytes).ok();
        // What a broken letter became before this: in no encoding is it one of a name.
        if utf8.is_some_and(|text| text.contains(char::REPLACEMENT_CHARACTER)) {
            return None;
        }
        match (self.encoding, utf8) {
            (Encoding::Ascii, Some(text)) => {
                self.encoding = Encoding::Utf8;
                Some(text.to_owned())
            }
            (Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be, Some(text)) => Some(text.to_owned()),
            (Encoding::Ascii | Encoding::Windows1252, None) => {
                let text = windows_1252(bytes)?;
                self.encoding = Encoding::Windows1252;
                Some(text)
            }
            // What is letters beyond ASCII in UTF-8 is two odd ones each in Windows-1252.
            (Encoding::Windows1252, Some(_)) | (Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be, None) => None,
        }
    }
}

/// The zeros of UTF-16 where ASCII should be: in each second byte.
fn without_mark(first: &[u8]) -> Encoding {
    let pairs = first.chunks_exact(2).take(512);
    let (mut high, mut low, mut all) = (0, 0, 0);
    for pair in pairs {
        all += 1;
        match pair {
            [0, byte] if *byte != 0 => high += 1,
            [byte, 0] if *byte != 0 => low += 1,
            _ => {}
        }
    }
    match (all >= 2, low * 10 >= all * 6, high * 10 >= all * 6) {
        (true, true, _) => Encoding::Utf16Le,
        (true, _, true) => Encoding::Utf16Be,
        _ => Encoding::Ascii,
    }
}

/// Five bytes are nothing in Windows-1252, though the Web's standard reads them as control characters.
fn windows_1252(bytes: &[u8]) -> Option<String> {
    let text = CP1252.decode(bytes);
    let is_nothing = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
    (!text.contains(is_nothing)).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In UTF-16, pieces may end within a unit and within a pair of units.
    #[test]
    fn pieces_of_any_size_are_the_same_letters() {
        let text = "Zoë 𝄞 Ł";
        let bytes: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        for size in 1..=bytes.len() {
            let (mut letters, mark) = Letters::sniff(&bytes);
            let mut read = Vec::new();
            for piece in bytes[mark..].chunks(size) {
                letters.next(piece, false, &mut read);
            }
            letters.next(&[], true, &mut read);
            assert_eq!(std::str::from_utf8(&read), Ok(text), "{size}");
        }
    }

    #[test]
    fn halves_of_nothing_are_no_letters() {
        for (bytes, wanted) in [
            (&[0xd8, 0x34, 0x00, 0x41][..], "\u{fffd}A"),
            (&[0x00, 0x41, 0xd8, 0x34], "A\u{fffd}"),
            (&[0x00, 0x41, 0x00], "A\u{fffd}"),
        ] {
            assert_eq!(Units::new(u16::from_be_bytes).next(bytes, true), wanted);
        }
    }
}
