//! Why a person cannot be forgotten yet.

/// Why a person cannot be forgotten yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotYet {
    /// Their source would bring them back.
    #[error(
        "they are active in the directory. Their source has to say first that they have left, or it would bring them back"
    )]
    Active,
    /// Else they would keep what nobody knows any more that they were given.
    #[error(
        "what they were given at the school is not taken back yet. `stoa directory show` says what it waits for; it is \
         done within minutes of their leaving"
    )]
    Given,
}
