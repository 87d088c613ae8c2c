//! `security-catalogue.md` part B: one signature, of one shape, over the element that is read.
