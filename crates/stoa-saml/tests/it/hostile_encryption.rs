//! `security-catalogue.md` part D: what stays shut, and what is not believed once it is open.
