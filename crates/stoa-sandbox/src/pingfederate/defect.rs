//! What can be wrong with the next Response.

use serde::Serialize;

/// A defect of one Response. Each is made for real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Defect {
    /// Changed after it was signed, so that the digest does not fit.
    BrokenDigest,
    /// A comment in the middle of the NameID, put in after signing; the signature still holds.
    CommentInNameId,
    /// Ended an hour ago.
    Expired,
    /// A page instead of a Response.
    HtmlPage,
    /// The identity provider's own failure, signed.
    IdpErrorStatus,
    /// Signed with the next certificate of the ring, announced or not.
    NextCertificate,
    /// No attributes.
    NoAttributes,
    /// No `InResponseTo`.
    NoInResponseTo,
    /// Begins in an hour.
    NotYetValid,
    /// Another request's `InResponseTo`.
    OtherInResponseTo,
    /// The previous Response to this partner once more.
    ReplayPrevious,
    /// SHA-1 by name. The values are SHA-256's, since the crypto library makes no SHA-1 signatures.
    Sha1,
    /// Signed by a stranger's key.
    SignedByAnotherKey,
    /// A transient NameID.
    TransientNameId,
    /// Two Assertions under one signature.
    TwoAssertions,
    /// No signature.
    Unsigned,
    /// For another audience.
    WrongAudience,
    /// For another destination.
    WrongDestination,
    /// From another issuer.
    WrongIssuer,
    /// For another recipient.
    WrongRecipient,
    /// A forged Response wraps the original in its Signature.
    Xsw1,
    /// A forged Response with the original detached beside the Signature.
    Xsw2,
    /// A forged Assertion before the original.
    Xsw3,
    /// The original Assertion as a child of the forged one.
    Xsw4,
    /// The original Assertion at the end, its Signature in the forged one.
    Xsw5,
    /// The original Assertion inside the Signature of the forged one.
    Xsw6,
    /// The original Assertion in `Extensions`.
    Xsw7,
    /// The original Assertion in a `ds:Object` of the forged one's Signature.
    Xsw8,
}

impl Defect {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::BrokenDigest,
        Self::CommentInNameId,
        Self::Expired,
        Self::HtmlPage,
        Self::IdpErrorStatus,
        Self::NextCertificate,
        Self::NoAttributes,
        Self::NoInResponseTo,
        Self::NotYetValid,
        Self::OtherInResponseTo,
        Self::ReplayPrevious,
        Self::Sha1,
        Self::SignedByAnotherKey,
        Self::TransientNameId,
        Self::TwoAssertions,
        Self::Unsigned,
        Self::WrongAudience,
        Self::WrongDestination,
        Self::WrongIssuer,
        Self::WrongRecipient,
        Self::Xsw1,
        Self::Xsw2,
        Self::Xsw3,
        Self::Xsw4,
        Self::Xsw5,
        Self::Xsw6,
        Self::Xsw7,
        Self::Xsw8,
    ];

    /// Its name in forms and addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BrokenDigest => "broken-digest",
            Self::CommentInNameId => "comment-in-name-id",
            Self::Expired => "expired",
            Self::HtmlPage => "html-page",
            Self::IdpErrorStatus => "idp-error-status",
            Self::NextCertificate => "next-certificate",
            Self::NoAttributes => "no-attributes",
            Self::NoInResponseTo => "no-in-response-to",
            Self::NotYetValid => "not-yet-valid",
            Self::OtherInResponseTo => "other-in-response-to",
            Self::ReplayPrevious => "replay-previous",
            Self::Sha1 => "sha1",
            Self::SignedByAnotherKey => "signed-by-another-key",
            Self::TransientNameId => "transient-name-id",
            Self::TwoAssertions => "two-assertions",
            Self::Unsigned => "unsigned",
            Self::WrongAudience => "wrong-audience",
            Self::WrongDestination => "wrong-destination",
            Self::WrongIssuer => "wrong-issuer",
            Self::WrongRecipient => "wrong-recipient",
            Self::Xsw1 => "xsw1",
            Self::Xsw2 => "xsw2",
            Self::Xsw3 => "xsw3",
            Self::Xsw4 => "xsw4",
            Self::Xsw5 => "xsw5",
            Self::Xsw6 => "xsw6",
            Self::Xsw7 => "xsw7",
            Self::Xsw8 => "xsw8",
        }
    }

    /// The defect of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|defect| defect.as_str() == name)
    }

    pub(super) const fn wraps_response(self) -> bool {
        matches!(self, Self::Xsw1 | Self::Xsw2)
    }

    pub(super) const fn wraps_assertion(self) -> bool {
        matches!(self, Self::Xsw3 | Self::Xsw4 | Self::Xsw5 | Self::Xsw6 | Self::Xsw7 | Self::Xsw8)
    }

    /// Whether it is made by changing the text of a written Response.
    pub(super) const fn rewrites(self) -> bool {
        matches!(self, Self::CommentInNameId) || self.wraps_response() || self.wraps_assertion()
    }
}
