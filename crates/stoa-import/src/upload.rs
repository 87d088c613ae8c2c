//! A file that was put into a bucket: whose it is, by its key, and why nothing comes of it.

use stoa_core::ids::ConnectionId;

use crate::header::HeaderError;

/// The largest file that is read, in bytes: [`MAX_ROWS`](crate::MAX_ROWS) people with everything that is read of them.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The longest name of a file, in bytes. S3 takes 1024 for the whole key, and the result's name is longer.
const MAX_NAME: usize = 200;
/// Where a connection's files are put.
const IN: &str = "/in/";

/// Whose an object is, by its key: `CONNECTION/in/NAME`.
#[derive(Clone, PartialEq, Eq)]
pub enum Placed {
    /// A file of a connection's.
    File {
        /// Whose folder it is in.
        connection: ConnectionId,
        /// What the customer calls it. It may name somebody, so it is not logged.
        name: String,
    },
    /// A file of a connection's whose name is none that is taken.
    Misnamed(ConnectionId),
    /// A folder itself, as consoles make them.
    Folder,
    /// Of no connection: nobody can be told.
    Nobody,
}

impl Placed {
    /// By the key.
    pub fn of(key: &str) -> Self {
        let Some((connection, name)) = key.split_once(IN) else { return Self::Nobody };
        let Ok(connection) = ConnectionId::parse(connection) else { return Self::Nobody };
        if name.is_empty() || name.ends_with('/') {
            return Self::Folder;
        }
        let is_taken = name.len() <= MAX_NAME
            && !name.contains(['/', '\\'])
            && !name.chars().any(char::is_control)
            && ![".", ".."].contains(&name);
        if is_taken { Self::File { connection, name: name.to_owned() } } else { Self::Misnamed(connection) }
    }

    /// Where its result is put. A name that is not taken is not repeated. What was done of a file before another one took
    /// its name lies beside the result of that one.
    pub fn result_key(connection: &ConnectionId, name: Option<&str>, refusal: Option<&UploadRefusal>) -> String {
        let replaced = if refusal == Some(&UploadRefusal::Replaced) { ".replaced" } else { "" };
        format!("{connection}/out/{}{replaced}.result.csv", name.unwrap_or("unusable-name"))
    }
}

/// Why nothing comes of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadRefusal {
    /// Its name.
    #[error(
        "the name of a file is at most {MAX_NAME} bytes, without folders, backslashes and control characters. Put it \
         directly into the folder in/"
    )]
    Name,
    /// It is no text.
    #[error("this is no CSV file: {0}. Export it as CSV, with a name that ends in .csv")]
    NotCsv(&'static str),
    /// It has too many bytes.
    #[error("the file has {0} bytes, and {MAX_BYTES} are read at most. Send it in parts")]
    TooLarge(u64),
    /// Its header.
    #[error("{0}")]
    Header(#[from] HeaderError),
    /// It was deleted before it was read.
    #[error("the file was not there any more. Put it there again")]
    Gone,
    /// Another file was put there under its name while it was read.
    #[error("another file was put there under its name while it was read; that one has a result of its own")]
    Replaced,
    /// A younger file of the connection is written already, or a part of it.
    #[error(
        "a younger file, or a part of it, was written in the meantime, and this one would undo it. Send a fresh export"
    )]
    Overtaken,
    /// There is no such connection.
    #[error("nobody is known by the name of this folder")]
    NoConnection,
    /// The connection takes no files.
    #[error("people of this folder do not come from files. Ask whoever set up the sign-in")]
    NotFromFiles,
    /// Of a file that names everybody, a row could not be used. It was read to its end.
    #[error(
        "every row that can be used was taken, but nobody is gone for not being in the file: whoever is in a row that \
         cannot be used would be. Correct the rows below, and send the file again"
    )]
    Incomplete,
    /// A file that names everybody names nobody. It was read to its end.
    #[error("a file that names everybody has to name somebody")]
    NamesNobody,
    /// It broke off again and again.
    #[error("the file could not be taken to its end. Whoever runs the sign-in has been told")]
    Failed,
}

impl UploadRefusal {
    /// A stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NotCsv(_) => "not_csv",
            Self::TooLarge(_) => "too_large",
            Self::Header(_) => "header",
            Self::Gone => "gone",
            Self::Replaced => "replaced",
            Self::Overtaken => "overtaken",
            Self::NoConnection => "no_connection",
            Self::NotFromFiles => "not_from_files",
            Self::Incomplete => "incomplete",
            Self::NamesNobody => "names_nobody",
            Self::Failed => "failed",
        }
    }

    /// Refuses by name and size, before anything is read.
    pub fn by_name(name: &str, bytes: u64) -> Result<(), Self> {
        if !name.to_ascii_lowercase().ends_with(".csv") {
            return Err(Self::NotCsv("its name does not end in .csv"));
        }
        match bytes {
            0 => Err(HeaderError::Empty.into()),
            bytes if bytes > MAX_BYTES => Err(Self::TooLarge(bytes)),
            _ => Ok(()),
        }
    }
}

/// What a file is instead of text, by its first bytes.
pub fn begins_like(first: &[u8]) -> Result<(), UploadRefusal> {
    const OTHERS: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "it is a workbook or a ZIP archive"),
        (b"\xd0\xcf\x11\xe0", "it is a workbook of an old Excel"),
        (b"%PDF-", "it is a PDF"),
        (b"\x1f\x8b", "it is compressed"),
        (b"-----BEGIN PGP", "it is encrypted"),
        (b"{", "it is JSON"),
        (b"<", "it is XML or HTML"),
    ];
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    match OTHERS.iter().find(|(begin, _)| text.starts_with(begin)) {
        Some((_, what)) => Err(UploadRefusal::NotCsv(what)),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn file(name: &str) -> Placed {
        Placed::File { connection: ConnectionId::parse("acme").unwrap(), name: name.to_owned() }
    }

    #[test]
    fn whose_a_file_is_stands_in_its_key_and_odd_keys_are_nobody_s() {
        for name in ["people.csv", "all people +1 100%25.csv", "a..b.csv", "Größe–名.csv", "in", "out.csv", "%2F.csv"]
        {
            assert!(Placed::of(&format!("acme/in/{name}")) == file(name), "{name}");
        }
        let misnamed = Placed::Misnamed(ConnectionId::parse("acme").unwrap());
        let long = "x".repeat(201);
        for name in ["a/b.csv", "../globex/in/x.csv", "..", ".", "a\\b.csv", "a\nb.csv", "in/x.csv", &long] {
            assert!(Placed::of(&format!("acme/in/{name}")) == misnamed, "{name}");
        }
        for key in [
            "",
            "acme",
            "acme/in",
            "acme/out/x.csv",
            "in/x.csv",
            "/in/x.csv",
            "ACME/in/x",
            "a b/in/x",
            "a/b/in/x",
            "../in/x",
        ] {
            assert!(Placed::of(key) == Placed::Nobody, "{key}");
        }
        assert!(Placed::of("acme/in/") == Placed::Folder && Placed::of("acme/in/sub/") == Placed::Folder);
    }

    #[test]
    fn a_result_is_no_file_of_anybody_s() {
        let acme = ConnectionId::parse("acme").unwrap();
        for name in [Some("in"), Some("people.csv"), None] {
            for refusal in [None, Some(&UploadRefusal::Replaced), Some(&UploadRefusal::Gone)] {
                assert!(Placed::of(&Placed::result_key(&acme, name, refusal)) == Placed::Nobody, "{name:?}");
            }
        }
        let key = Placed::result_key(&acme, Some("a.csv"), Some(&UploadRefusal::Replaced));
        assert_eq!(key, "acme/out/a.csv.replaced.result.csv");
    }

    #[test]
    fn what_is_no_text_is_known_by_its_first_bytes() {
        for first in
            [&b"PK\x03\x04x"[..], b"\xd0\xcf\x11\xe0", b"%PDF-1.7", b"\x1f\x8b\x08", b" {}", b"\xef\xbb\xbf<a>"]
        {
            assert!(matches!(begins_like(first), Err(UploadRefusal::NotCsv(_))), "{first:?}");
        }
        for first in [&b"Email\n"[..], b"\xef\xbb\xbf\"Email\"", b"\xff\xfeE\0", b"sep=;", b"P"] {
            assert_eq!(begins_like(first), Ok(()), "{first:?}");
        }
        assert_eq!(UploadRefusal::by_name("A.CSV", MAX_BYTES), Ok(()));
        let refused = |name, bytes| UploadRefusal::by_name(name, bytes).unwrap_err().code();
        assert_eq!(refused("a.csv", MAX_BYTES + 1), "too_large");
        assert_eq!((refused("a.xlsx", 1), refused("a.csv", 0)), ("not_csv", "header"));
    }
}
