//! The identity provider's half, for simulators, tests and the probe: it writes and signs Responses, and reads
//! AuthnRequests. It can also write what no identity provider should, since refusals are to be tried too.

mod encrypt;
mod error;
mod forge;
mod metadata;
mod new_key;
mod received;
mod template;
mod write;

pub use encrypt::{DataEncryption, Encrypt, KeyTransport, Placement, encrypted_assertion};
pub use error::IssueError;
pub use forge::{canonical_form, sign_bytes};
pub use metadata::{IdpDescription, idp_metadata};
pub use new_key::NewKey;
pub use received::{ReceivedAuthnRequest, parse_post_request, parse_redirect_request};
pub use template::{
    AssertionTemplate, AttributeTemplate, ConfirmationTemplate, Issue, ResponseTemplate, SignWhat, StatusTemplate,
};

pub use crate::signing::{SignOptions, sign_enveloped};

/// A source of random bytes: fills the whole buffer.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);
