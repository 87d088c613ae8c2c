//! From a proven identity to a ticket in the browser: what follows a proof, whichever protocol brought it.

use stoa_core::binding::Pending;
use stoa_core::connection::Connection;
use stoa_core::failure::Failure;
use stoa_core::identity::{Admitted, Verified};
use stoa_core::ids::{ProofHash, Reference};
use stoa_core::keys::{Pepper, Secret32};
use stoa_core::login::{Meeting, Seal, VerifyAttempt, What, meet_verified};
use stoa_core::ticket::Ticket;

use crate::random;
use crate::store::{Sealed, Written};
use crate::visit::{Answer, Ends, Visit};

/// A new ticket, and the identity sealed under it.
pub(super) struct Handover {
    pub(super) ticket: Ticket,
    pub(super) seal: Seal,
}

impl Visit<'_> {
    /// Lets a proven person in, if the connection does. Whom it does not let in has ended this login.
    pub(super) async fn admit(
        &mut self,
        connection: &Connection,
        login: &Pending,
        verified: Result<Verified, Failure>,
        proof: &ProofHash,
    ) -> Result<Answer, Failure> {
        match verified.and_then(|verified| verified.admit(connection)) {
            Ok(admitted) => self.write_verified(connection, login, &admitted, proof).await,
            Err(failure) => {
                self.note(login, Ends::Login, &failure).await;
                Err(failure)
            }
        }
    }

    /// Makes a ticket for a login, and seals the identity under it; where an administrator tests, with everything that
    /// came.
    pub(super) async fn hand_over(
        &mut self,
        connection: &Connection,
        reference: &Reference,
        admitted: &Admitted,
        with_arrived: bool,
    ) -> Result<Handover, Failure> {
        let (seal_secrets, pepper) = self.shared_secrets().await;
        let (seal_secrets, pepper) = (seal_secrets?, Pepper::from_keys(&*pepper?));
        let ticket = Ticket {
            reference: reference.clone(),
            connection: connection.id().clone(),
            school: connection.school().clone(),
            person_key: admitted.person_key(connection, &pepper),
            email_key: admitted.email_key(connection, &pepper),
            secret: Secret32::new(random::bytes()?),
        };
        let key = seal_secrets.current(self.now);
        let seal = admitted.seal(&ticket.secret, key, reference.as_str(), connection, with_arrived)?;
        Ok(Handover { ticket, seal })
    }

    /// Write 2 of a login of this browser, and what it means where its condition is refused.
    async fn write_verified(
        &mut self,
        connection: &Connection,
        login: &Pending,
        admitted: &Admitted,
        proof: &ProofHash,
    ) -> Result<Answer, Failure> {
        let handover = self.hand_over(connection, &login.reference, admitted, login.unverified_tester).await?;
        let (attempt, binding, ticket) = (random::attempt()?, login.hash(), handover.ticket.hash());
        let step = self.step(What::Verified);
        let mut sealed = Sealed {
            reference: &login.reference,
            attempt: &attempt,
            binding: &binding,
            began: login.unverified_began,
            connection: connection.id(),
            connection_version: connection.version,
            proof,
            ticket: &ticket,
            seal: &handover.seal,
            email_key: &handover.ticket.email_key,
            step: Some(&step),
        };
        let (store, now) = (&self.clients.store, self.now);
        let Written::Refused(old) = store.verify_login(&sealed, now).await? else {
            return Ok(self.on_to_launch(&handover.ticket));
        };
        let mine = VerifyAttempt { attempt: &attempt, binding: &binding, connection: connection.id(), proof };
        match meet_verified(old.as_deref(), &mine, now) {
            Meeting::Mine => Ok(self.on_to_launch(&handover.ticket)),
            Meeting::Reticket { attempt: last, step_fits } => {
                sealed.step = step_fits.then_some(&step);
                match store.renew_ticket(&sealed, &last, now).await? {
                    Written::Applied => Ok(self.on_to_launch(&handover.ticket)),
                    Written::Refused(Some(old)) if old.attempt == attempt => Ok(self.on_to_launch(&handover.ticket)),
                    // Another tab of this browser was quicker: its ticket is in the cookie, and it carries the login
                    // on.
                    Written::Refused(_) => Ok(Answer::launch(&login.reference)),
                }
            }
            Meeting::Fresh(destination) => Ok(self.begin_again(connection.id(), destination)),
            Meeting::Fault(failure) => {
                if let Some(old) = old {
                    self.note(login, Ends::NothingIn(old.state), &failure).await;
                }
                Err(failure)
            }
        }
    }
}
