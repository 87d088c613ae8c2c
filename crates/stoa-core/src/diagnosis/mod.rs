//! Why logins fail, from evidence: what speaks for each cause, who acts, and what the repair must not harm.
//!
//! A fault's code says where a login stopped. Why it stopped there is told by more: what changed before the first
//! failure and by whom, how others fare, whose the address is, and what a live look at the identity provider and the
//! school says. [`diagnose`] weighs it; it reads nothing by itself. Evidence that could not be got is [`Known`] to be
//! missing, counts neither way, and is said.
//!
//! | module | has |
//! |---|---|
//! | `known` | what is known, told from what is not |
//! | `evidence` | everything that may be known about a failure |
//! | `probe` | what a live look said |
//! | `cause` | the register of causes: whom each concerns, who acts, the repair |
//! | `candidates` | which causes a symptom can have, and which settings are behind it |
//! | `course` | how it went: who got in before and since, and what changed in between |
//! | `clue` | what each piece of evidence says for and against causes |
//! | `weigh` | the ranking |

mod candidates;
mod cause;
mod clue;
mod course;
mod evidence;
mod known;
mod probe;
mod weigh;

pub use self::cause::{Cause, Row, Seat, Spread};
pub use self::evidence::{Change, ChangeKind, Evidence, KeyAct, Owner, SecretSeen, Seen, Settings, Symptom, TrustSeen};
pub use self::known::Known;
pub use self::probe::{ApiProbe, Looked, ProviderProbe, Published, SiteProbe, skew_of};
pub use self::weigh::{Diagnosis, Finding, Unseen, diagnose, most_common};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
