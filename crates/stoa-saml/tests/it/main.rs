//! One integration binary; each module is one subject.

mod accepted_encryption;
mod accepted_shapes;
mod accepted_signatures;
mod authn_request;
mod fixture;
mod metadata;
