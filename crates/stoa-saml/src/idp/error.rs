//! Why a Response could not be issued.

use crate::signing::SignError;

/// Why a Response could not be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The Assertion could not be encrypted.
    #[error("encryption failed")]
    Encryption,
}
