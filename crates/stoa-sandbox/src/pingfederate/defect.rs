//! What can be wrong with the next Response.

use crate::defects::defects;

defects! {
    /// A defect of one Response. Each is made for real.
    pub enum Defect {
        /// Changed after it was signed, so that the digest does not fit.
        BrokenDigest = "broken-digest",
        /// A comment in the middle of the NameID, put in after signing; the signature still holds.
        CommentInNameId = "comment-in-name-id",
        /// An empty NameID.
        EmptyNameId = "empty-name-id",
        /// Ended an hour ago.
        Expired = "expired",
        /// A page instead of a Response.
        HtmlPage = "html-page",
        /// The identity provider's own failure, signed.
        IdpErrorStatus = "idp-error-status",
        /// Signed with the next certificate of the ring, announced or not.
        NextCertificate = "next-certificate",
        /// No attributes.
        NoAttributes = "no-attributes",
        /// No `InResponseTo`.
        NoInResponseTo = "no-in-response-to",
        /// No NameID.
        NoNameId = "no-name-id",
        /// Begins in an hour.
        NotYetValid = "not-yet-valid",
        /// Another request's `InResponseTo`.
        OtherInResponseTo = "other-in-response-to",
        /// The previous Response to this partner once more.
        ReplayPrevious = "replay-previous",
        /// SHA-1 by name. The values are SHA-256's, since the crypto library makes no SHA-1 signatures.
        Sha1 = "sha1",
        /// Signed by a stranger's key.
        SignedByAnotherKey = "signed-by-another-key",
        /// A NameID inside the value of an attribute, as Shibboleth writes `eduPersonTargetedID`. Lawful.
        StructuredAttribute = "structured-attribute",
        /// A transient NameID.
        TransientNameId = "transient-name-id",
        /// Two Assertions under one signature.
        TwoAssertions = "two-assertions",
        /// No signature.
        Unsigned = "unsigned",
        /// For another audience.
        WrongAudience = "wrong-audience",
        /// For another destination.
        WrongDestination = "wrong-destination",
        /// From another issuer.
        WrongIssuer = "wrong-issuer",
        /// For another recipient.
        WrongRecipient = "wrong-recipient",
        /// A forged Response wraps the original in its Signature.
        Xsw1 = "xsw1",
        /// A forged Response with the original detached beside the Signature.
        Xsw2 = "xsw2",
        /// A forged Assertion before the original.
        Xsw3 = "xsw3",
        /// The original Assertion as a child of the forged one.
        Xsw4 = "xsw4",
        /// The original Assertion at the end, its Signature in the forged one.
        Xsw5 = "xsw5",
        /// The original Assertion inside the Signature of the forged one.
        Xsw6 = "xsw6",
        /// The original Assertion in `Extensions`.
        Xsw7 = "xsw7",
        /// The original Assertion in a `ds:Object` of the forged one's Signature.
        Xsw8 = "xsw8",
    }
}

impl Defect {
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
