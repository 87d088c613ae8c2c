//! What is done at a school about the people of a directory.
//!
//! What should be ([`Desired`](crate::directory::Desired)) is compared with what was done ([`Applied`]), and what is
//! missing is done, call by call ([`Reconciliation`]). Whatever woke it, and however often: twice changes nothing, and
//! what breaks off anywhere is mended by the next run. It takes away only what it gave, and leaves accounts with a role
//! alone.

mod admission;
mod applied;
mod budget;
mod call;
mod drift;
mod reconcile;
mod regrant;
mod removals;
mod share;
mod sync;

#[cfg(test)]
mod tests;

pub use self::admission::{admit, kept_out};
pub use self::applied::{Access, Account, Applied, Enrolled, InGroup};
pub use self::budget::{CALLS_AT_ONCE, allowance};
pub use self::call::Call;
pub use self::drift::{Drift, Sides, drift};
pub use self::reconcile::{Outcome, Reconciliation, Step, Told};
pub use self::regrant::{CourseChange, Grantee, GroupChange, Regranted};
pub use self::removals::{Removals, is_removal};
pub use self::share::in_turn;
pub use self::sync::{Rank, SYNC_VERSION, Stuck, Sync, TRIES, due_at, retry_in};
