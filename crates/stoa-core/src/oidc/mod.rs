//! OpenID Connect as a relying party, and the two that resemble it: WorkOS SSO and Teams tokens. Without IO.

mod refusal;

pub use self::refusal::{Family, RefusalCode};
