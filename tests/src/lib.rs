//! The package of the end-to-end tests, which are in `it/`.
