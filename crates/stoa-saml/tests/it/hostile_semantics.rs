//! `security-catalogue.md` part C: genuine, but not for us, not now, or not what was asked.
