//! Whether a school still has of a person what was done there, by the mirror.

use super::applied::Access;
use super::sync::Sync;
use crate::mirror::{MirroredAccount, SchoolMirror};

/// How much older than the mirror something has to be for the mirror to have seen it, in seconds. A whole look takes
/// long.
const SETTLED: i64 = 3600;

/// In what a school differs from a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Drift {
    /// They are active, and nothing gave them anything.
    #[error("they are active, and have nothing at the school")]
    NotGiven,
    /// They have left, and still have what they were given.
    #[error("they have left, and still have what they were given")]
    NotWithdrawn,
    /// The mirror has no account under their address.
    #[error("the school has no account under their address")]
    AccountGone,
    /// The mirror has another account under their address.
    #[error("the school has another account under their address: Thinkific user {user}")]
    AnotherAccount {
        /// Thinkific's id of that account.
        user: u64,
    },
    /// Their account has got a role that the connection does not name.
    #[error("their account has a role by now")]
    Privileged,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// Whether the directory wants them at the school.
    pub active: bool,
    /// When the directory last changed them, in epoch seconds.
    pub modified: i64,
    /// What was done. `None`: nothing ever was due.
    pub sync: Option<&'a Sync>,
    /// The account that the mirror has under the address that they were given.
    pub under_address: Option<&'a MirroredAccount>,
    /// How far the mirror has come.
    pub mirror: &'a SchoolMirror,
    /// Roles that the connection names.
    pub allow_roles: &'a [String],
}

/// In what a school differs; `None`: in nothing, or it is on its way already.
pub fn drift(sides: &Sides<'_>) -> Option<Drift> {
    let Some(sync) = sides.sync else { return sides.active.then_some(Drift::NotGiven) };
    if sync.due_at.is_some() || sync.stuck.is_some() || sync.held.is_some() {
        return None;
    }
    let (wanted, has) = (sides.active && !sync.blocked, sync.applied.access == Access::Given);
    let account = match (wanted, has) {
        (true, false) => return Some(Drift::NotGiven),
        (false, true) => return Some(Drift::NotWithdrawn),
        (false, false) => return None,
        (true, true) => sync.applied.account.as_ref()?,
    };
    let forbidden = |role: &String| !sides.allow_roles.contains(role);
    if sides.mirror.privileged.iter().any(|known| known.user == account.user && known.roles.iter().any(forbidden)) {
        return Some(Drift::Privileged);
    }
    let done = sync.applied.seen.unwrap_or(sides.modified).max(sides.modified);
    let has_looked = sides.mirror.mirrored_at.is_some_and(|at| at >= done.saturating_add(SETTLED));
    match sides.under_address {
        Some(mirrored) if mirrored.user == account.user => None,
        _ if !has_looked => None,
        Some(mirrored) => Some(Drift::AnotherAccount { user: mirrored.user }),
        None => Some(Drift::AccountGone),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::applied::{Account, Applied};
    use super::*;
    use crate::mirror::Privileged;

    const DONE: i64 = 1_790_000_000;

    fn given() -> Sync {
        let account = Account { user: 7, external_id: "x".to_owned(), is_made: true, password_is_due: false };
        let applied = Applied { account: Some(account), access: Access::Given, seen: Some(DONE), ..Applied::default() };
        Sync { applied, ..Sync::default() }
    }

    fn mirrored(user: u64) -> MirroredAccount {
        MirroredAccount { user, bound: None, seen: DONE, several: false }
    }

    fn found(active: bool, sync: Option<&Sync>, under: Option<u64>, looked: i64) -> Option<Drift> {
        let mirror = SchoolMirror { mirrored_at: Some(DONE + looked), ..SchoolMirror::default() };
        let under = under.map(mirrored);
        let sides = Sides {
            active,
            modified: DONE,
            sync,
            under_address: under.as_ref(),
            mirror: &mirror,
            allow_roles: &["affiliate".to_owned()],
        };
        drift(&sides)
    }

    #[test]
    fn what_is_as_it_was_done_is_no_drift_and_what_is_not_is_named() {
        let given = given();
        let withdrawn =
            Sync { applied: Applied { access: Access::Withdrawn, ..given.applied.clone() }, ..given.clone() };
        let blocked = Sync { blocked: true, ..given.clone() };
        for (active, sync, under, wanted) in [
            (true, Some(&given), Some(7), None),
            (true, Some(&given), None, Some(Drift::AccountGone)),
            (true, Some(&given), Some(8), Some(Drift::AnotherAccount { user: 8 })),
            (false, Some(&given), Some(7), Some(Drift::NotWithdrawn)),
            (true, Some(&blocked), Some(7), Some(Drift::NotWithdrawn)),
            (false, Some(&withdrawn), None, None),
            (true, Some(&withdrawn), Some(7), Some(Drift::NotGiven)),
            (true, None, None, Some(Drift::NotGiven)),
            (false, None, None, None),
        ] {
            assert_eq!(found(active, sync, under, SETTLED), wanted, "{active} {sync:?} {under:?}");
        }
    }

    #[test]
    fn what_the_mirror_cannot_have_seen_yet_or_what_is_on_its_way_is_no_drift() {
        let given = given();
        assert_eq!(found(true, Some(&given), None, SETTLED - 1), None);
        assert_eq!(found(true, Some(&given), Some(8), SETTLED - 1), None);
        let on_its_way = Sync { due_at: Some(1), ..given.clone() };
        let held = Sync { held: Some(1), ..given };
        assert_eq!(found(false, Some(&on_its_way), None, SETTLED), None);
        assert_eq!(found(false, Some(&held), None, SETTLED), None);
    }

    #[test]
    fn a_role_counts_unless_the_connection_names_it() {
        let given = given();
        for (role, wanted) in [("site_admin", Some(Drift::Privileged)), ("affiliate", None)] {
            let known = Privileged { user: 7, email: None, roles: BTreeSet::from([role.to_owned()]) };
            let mirror = SchoolMirror { privileged: vec![known], ..SchoolMirror::default() };
            let under = mirrored(7);
            let sides = Sides {
                active: true,
                modified: DONE,
                sync: Some(&given),
                under_address: Some(&under),
                mirror: &mirror,
                allow_roles: &["affiliate".to_owned()],
            };
            assert_eq!(drift(&sides), wanted, "{role}");
        }
    }
}
