//! Which bytes are which letters.
//!
//! A byte order mark says it, and so do the zeros of UTF-16. Without either, a file is UTF-8 until a row is not; then it
//! is Windows-1252, if every row with letters beyond ASCII so far could be that as well, which is none. So the first such
//! row decides, and a later one of the other kind is refused: half of such a file would be read wrongly.

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

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
    decoder: Option<Decoder>,
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
        let decoder = match encoding {
            Encoding::Utf16Le => Some(UTF_16LE.new_decoder_without_bom_handling()),
            Encoding::Utf16Be => Some(UTF_16BE.new_decoder_without_bom_handling()),
            Encoding::Ascii | Encoding::Utf8 | Encoding::Windows1252 => None,
        };
        (Self { encoding, decoder }, mark)
    }

    /// The next bytes: UTF-8 of UTF-16, with U+FFFD for what is none; of anything else as they are.
    pub(crate) fn next(&mut self, bytes: &[u8], is_last: bool, into: &mut Vec<u8>) {
        let Some(decoder) = &mut self.decoder else { return into.extend_from_slice(bytes) };
        let mut rest = bytes;
        let mut text = [0; 8192];
        loop {
            let (result, read, written, _) = decoder.decode_to_utf8(rest, &mut text, is_last);
            into.extend_from_slice(text.get(..written).unwrap_or_default());
            rest = rest.get(read..).unwrap_or_default();
            if result == CoderResult::InputEmpty {
                return;
            }
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
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let is_nothing = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
    (!text.contains(is_nothing)).then(|| text.into_owned())
}
