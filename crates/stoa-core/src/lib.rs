//! The decisions of stoa, without IO.
pub mod routes;
