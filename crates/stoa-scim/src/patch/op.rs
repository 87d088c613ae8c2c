//! The three things that an operation may do.

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Replace,
    Remove,
}

impl Op {
    /// In whatever case: Entra capitalises.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            _ if text.eq_ignore_ascii_case("add") => Some(Self::Add),
            _ if text.eq_ignore_ascii_case("replace") => Some(Self::Replace),
            _ if text.eq_ignore_ascii_case("remove") => Some(Self::Remove),
            _ => None,
        }
    }
}
