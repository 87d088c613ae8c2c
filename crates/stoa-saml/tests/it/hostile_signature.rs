//! `docs/security.md` part B: one signature, of one shape, over the element that is read.
//!
//! What is wrapped, doubled or missing (28–50, 81, 82) is in `hostile_wrapping`; algorithms, references, transforms
//! and keys (47–77, 83) are in `hostile_algorithms`; the Redirect binding (78–80) in `authn_request`.
