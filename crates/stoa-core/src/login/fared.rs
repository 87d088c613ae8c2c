//! How those fared who came through a connection lately.

use super::{LoginItem, State, What};
use crate::fault::Actor;
use crate::ids::Reference;

/// So many refusals, and nobody who got in, are no coincidence.
const LOCKED_OUT: usize = 5;

/// What became of some logins of one connection. Tests are nobody's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fared {
    /// Those that got in.
    pub ok: usize,
    /// Those whose last step is a refusal that the identity provider's administrator can end.
    pub refused: usize,
    /// One of these, and the code of its refusal: the newest.
    pub newest: Option<(Reference, &'static str)>,
}

impl Fared {
    /// What became of these, the newest first.
    pub fn of<'a>(logins: impl IntoIterator<Item = &'a LoginItem>) -> Self {
        let mut fared = Self::default();
        for login in logins.into_iter().filter(|login| !login.test) {
            let last = login.steps.last().map(|step| &step.what);
            match (login.state, last) {
                (State::Launched | State::Returned, _) => fared.ok += 1,
                (_, Some(What::Stopped(fault))) if fault.face().actor == Actor::IdpAdministrator => {
                    fared.refused += 1;
                    fared.newest.get_or_insert_with(|| (login.reference.clone(), fault.code()));
                }
                (State::Started | State::Verified | State::Refused | State::Failed, _) => {}
            }
        }
        fared
    }

    /// Whether nobody gets in, for a reason that the customer's side has to put right.
    pub fn is_locked_out(&self) -> bool {
        self.ok == 0 && self.refused >= LOCKED_OUT
    }
}
