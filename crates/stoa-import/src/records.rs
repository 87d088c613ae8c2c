//! Where a row ends (RFC 4180), and that none is endless.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// The longest row that is taken, in bytes, without its separators. A quote that is opened and never closed makes the
/// rest of a file one row.
pub const MAX_ROW: usize = 64 * 1024;
/// The most cells of a row.
pub const MAX_CELLS: usize = 512;

/// A row's cells as bytes, or that it is too large.
pub(crate) enum Record<'a> {
    Cells(Cells<'a>),
    TooLong,
    TooWide,
}

/// The cells of one row.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Cells<'a> {
    pub(crate) fn all(self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends).map(|(start, end)| self.bytes.get(start..*end).unwrap_or_default())
    }
}

/// Cuts bytes into rows.
pub(crate) struct Records {
    reader: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    found: usize,
    size: Size,
    /// The line that the next byte is on, counted from 1; and the one that the row began on.
    line: u64,
    began: u64,
    is_in_row: bool,
    after_return: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Fits,
    TooLong,
    TooWide,
}

impl Records {
    pub(crate) fn new(separator: u8, line: u64) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(separator).build(),
            bytes: vec![0; MAX_ROW],
            ends: vec![0; MAX_CELLS],
            filled: 0,
            found: 0,
            size: Size::Fits,
            line,
            began: line,
            is_in_row: false,
            after_return: false,
        }
    }

    /// Each row that ends in these bytes, with the line that it begins on.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut row: impl FnMut(u64, Record<'_>)) {
        while !bytes.is_empty() {
            if !self.is_in_row {
                let rest = self.skip_to_row(bytes);
                if rest.is_empty() {
                    return;
                }
                bytes = rest;
            }
            let read = self.read(bytes, &mut row);
            bytes = bytes.get(read..).unwrap_or_default();
        }
    }

    /// The row that ends with the file.
    pub(crate) fn end(&mut self, mut row: impl FnMut(u64, Record<'_>)) {
        while self.is_in_row {
            self.read(&[], &mut row);
        }
    }

    /// Past the ends of lines, which an empty line is made of. In a row begun, what follows is its first byte.
    fn skip_to_row<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let at = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
        let (between, rest) = bytes.split_at(at);
        self.count(between);
        self.began = self.line;
        self.is_in_row = !rest.is_empty();
        rest
    }

    fn read(&mut self, bytes: &[u8], row: &mut impl FnMut(u64, Record<'_>)) -> usize {
        let into = self.bytes.get_mut(self.filled..).unwrap_or_default();
        let ends = self.ends.get_mut(self.found..).unwrap_or_default();
        let (result, read, written, ended) = self.reader.read_record(bytes, into, ends);
        self.filled += written;
        self.found += ended;
        self.count(bytes.get(..read).unwrap_or_default());
        match result {
            ReadRecordResult::InputEmpty => {}
            // The rest of the row is read, and forgotten.
            ReadRecordResult::OutputFull => {
                self.size = Size::TooLong;
                self.filled = 0;
                self.found = 0;
            }
            ReadRecordResult::OutputEndsFull => {
                self.size = Size::TooWide;
                self.filled = 0;
                self.found = 0;
            }
            ReadRecordResult::Record | ReadRecordResult::End => {
                let (bytes, ends) = (self.bytes.get(..self.filled), self.ends.get(..self.found));
                let cells = Cells { bytes: bytes.unwrap_or_default(), ends: ends.unwrap_or_default() };
                match self.size {
                    Size::Fits if self.found == 0 => {}
                    Size::Fits => row(self.began, Record::Cells(cells)),
                    Size::TooLong => row(self.began, Record::TooLong),
                    Size::TooWide => row(self.began, Record::TooWide),
                }
                (self.filled, self.found, self.size, self.is_in_row) = (0, 0, Size::Fits, false);
            }
        }
        read
    }

    /// `\r\n` is the end of one line.
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.line += u64::from(*byte == b'\r' || *byte == b'\n' && !self.after_return);
            self.after_return = *byte == b'\r';
        }
    }
}
