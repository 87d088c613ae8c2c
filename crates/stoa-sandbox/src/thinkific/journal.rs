//! What the school writes down: the calls of its Admin API, and the tokens that were presented.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// One call of the Admin API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// When it came.
    pub at: Timestamp,
    /// The method, as it stands in the request line.
    pub method: String,
    /// The path below `/api/public/v1` (of webhooks `/api/v2`, of GraphQL `/stable`), and the query.
    pub path: String,
    /// The request's body.
    pub body: String,
    /// The answer's status; 0 where the connection was cut.
    pub status: u16,
}

/// What became of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SsoAttempt {
    /// When the call arrived.
    pub at: Timestamp,
    /// The account it opened, or why it opened none.
    pub outcome: Result<u64, SsoRefusal>,
    /// The claims, where the signature was right.
    pub claims: Option<Map<String, Value>>,
}

/// Why a token opened no account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum SsoRefusal {
    /// Not HS256.
    #[error("Algorithm not supported")]
    Algorithm,
    /// A claim that must be there is missing, blank, or of another type.
    #[error("{0} is invalid")]
    Claim(&'static str),
    /// The account with this e-mail has another external id, or the external id is another account's.
    #[error("External ID has already been taken")]
    ExternalIdTaken,
    /// `exp` is over.
    #[error("Signature has expired")]
    Expired,
    /// There is no room for another student.
    #[error("You have reached the maximum number of students for your plan")]
    Full,
    /// `iat` lies in the future.
    #[error("Invalid iat")]
    IatInFuture,
    /// `iat` is older than the window.
    #[error("Token is too old")]
    IatTooOld,
    /// Refused on demand.
    #[error("Something went wrong")]
    Injected,
    /// Not a JWT.
    #[error("Not enough or too many segments")]
    Malformed,
    /// No token.
    #[error("Missing token")]
    Missing,
    /// `nbf` is not reached.
    #[error("Signature nbf has not been reached")]
    NotYet,
    /// Nobody is bound to the external id, and tokens bind nobody.
    #[error("User not found")]
    NotKnown,
    /// The `jti` was used.
    #[error("Token has already been used")]
    Replayed,
    /// The MAC is wrong.
    #[error("Signature verification raised")]
    Signature,
}
