//! stoa.
