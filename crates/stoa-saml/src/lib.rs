//! SAML 2.0 for a service provider, without IO.
//!
//! [`verify`] takes the bytes of a Response and everything it is held against, and returns what the identity
//! provider said, or the one exact reason why not. The crate opens nothing, knows no clock and draws no random
//! values: `now` and identifiers are arguments.
//!
//! # What holds
//! - One parser, one tree. The check of a signature returns the element it covers, and claims are read from that
//!   element and from nothing else.
//! - There is no unverified state to forget: a [`VerifiedResponse`] exists only as the result of [`verify`], a
//!   [`Trust`] always has a key, and a weak key is no [`Certificate`].
//! - The sender chooses nothing: keys come from the connection, algorithms and transforms from a short list.
//! - Whatever is not understood is refused, with a [`RefusalCode`] of its own.
//!
//! # Where it is
//! | module | does |
//! |---|---|
//! | `verify` | goes through the checks in their order: the way in |
//! | `prescan`, `xml`, `layout` | which bytes are a document, and where in one signatures and Assertions may stand |
//! | `signature`, `c14n`, `algorithm` | what a key signed |
//! | `certificate`, `key_value`, `verification_key`, `trust` | which keys there are, and whose word counts |
//! | `decryption`, `private_key` | what was sent under our key |
//! | `response`, `assertion` | what the signed element says |
//! | `refusal` | why not |
//! | `timestamp`, `base64_text` | the forms of values |
//! | [`metadata`] | what an identity provider says of itself |
//! | `authn_request`, `signing` | what is sent to it |
//! | `idp` | its half of the protocol, for simulators and tests: with the feature of that name |
//!
//! # Where the specifications are
//! Section numbers cite SAML 2.0 core (saml-core-2.0-os), bindings and profiles, XML Signature 1.1, XML Encryption
//! 1.1, and Exclusive XML Canonicalization 1.0.

// A new variant must say what it means in every table.
#![warn(clippy::wildcard_enum_match_arm)]

mod algorithm;
mod assertion;
mod authn_request;
mod base64_text;
mod c14n;
mod certificate;
mod decryption;
#[cfg(feature = "idp")]
pub mod idp;
mod key_value;
mod layout;
pub mod metadata;
mod prescan;
mod private_key;
mod refusal;
mod response;
mod signature;
mod signing;
mod timestamp;
mod trust;
mod verification_key;
mod verify;
mod xml;

pub use algorithm::{DigestAlgorithm, SignatureAlgorithm};
pub use authn_request::{AuthnRequest, PostForm};
pub use base64_text::decode_post_binding;
pub use certificate::Certificate;
pub use private_key::{DecryptionKey, KeyError, SigningKey};
pub use refusal::{Family, Refusal, RefusalCode};
pub use response::{
    Attribute, Expected, Freshness, NameId, ResponseInput, Signed, UnverifiedStatements, VerifiedResponse,
};
pub use signing::SignError;
pub use timestamp::{Skew, SkewError};
pub use trust::{Trust, TrustError};
pub use verification_key::{CertificateError, VerificationKey};
pub use verify::{unverified_in_response_to, unverified_statements, verify};
