//! A code that a browser brings: whose turn it is to ask the provider about it, and what follows where it has proved
//! nothing.

use std::time::Duration;

use stoa_core::binding::Pending;
use stoa_core::connection::Connection;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ProofHash;
use stoa_core::login::{CodeMeeting, LoginItem, State, VerifyAttempt, What, fresh_once, meet_code};
use stoa_core::oidc::RefusalCode;
use stoa_core::ticket::Ticket;

use crate::random;
use crate::store::Written;
use crate::visit::{Answer, Ends, Visit};

/// How long another request with the same code is waited for, before it is looked whether it has ended.
const UNDER_WAY: Duration = Duration::from_secs(2);
/// Looks, the first included: as many as the longest call takes.
const LOOKS: u32 = 3;

/// Whose turn it is.
pub(super) enum Turn {
    /// This request asks the provider, and nobody else about this code.
    Ours,
    /// The provider is not asked: the browser goes on so.
    Over(Answer),
}

impl Visit<'_> {
    /// Takes the turn to ask a provider about a code (`proof` is its hash). Without it nobody is asked anything: cookie,
    /// state and code may be made up, by anybody, as often as they like.
    ///
    /// A provider takes a code once, and may take back what it gave for it where it comes a second time (RFC 6749
    /// §4.1.2). So a reload asks nothing: it waits for the request that is asking, and goes on with what that found.
    pub(super) async fn turn(
        &mut self,
        connection: &Connection,
        login: &Pending,
        proof: &ProofHash,
    ) -> Result<Turn, Failure> {
        let (attempt, binding) = (random::attempt()?, login.hash());
        let mine = VerifyAttempt { attempt: &attempt, binding: &binding, connection: connection.id(), proof };
        for look in 1..=LOOKS {
            let (store, now) = (&self.clients.store, self.now);
            let Written::Refused(old) = self.beside(store.claim_code(login, &mine, now)).await? else {
                return Ok(Turn::Ours);
            };
            return match (meet_code(old.as_deref(), &mine, self.now), old) {
                (CodeMeeting::Mine, _) => Ok(Turn::Ours),
                (CodeMeeting::UnderWay, _) if look < LOOKS => {
                    self.wait(UNDER_WAY).await;
                    continue;
                }
                (CodeMeeting::Answered, Some(old)) => Ok(Turn::Over(self.go_on(connection, &old)?)),
                (CodeMeeting::Fresh(destination), _) => Ok(Turn::Over(self.begin_again(connection.id(), destination))),
                (CodeMeeting::UnderWay | CodeMeeting::Answered, _) => Err(Failure::noted(
                    Fault::Oidc(RefusalCode::CodeRefused),
                    "another request with this code is under way",
                )),
                (CodeMeeting::Fault(failure), old) => {
                    self.note_once(login, old.as_deref(), &failure).await;
                    Err(failure)
                }
            };
        }
        Err(RefusalCode::CodeRefused.into())
    }

    /// Goes on with a login that this very code has proven.
    fn go_on(&mut self, connection: &Connection, login: &LoginItem) -> Result<Answer, Failure> {
        if Ticket::among(self.incoming.cookies(), &login.reference).is_some() {
            return Ok(Answer::launch(&login.reference));
        }
        // The ticket was in an answer that the browser did not wait for.
        Ok(self.begin_again(connection.id(), fresh_once(login)?))
    }

    /// Notes why a code got no turn, on a login of this browser: once, however many codes it brings.
    async fn note_once(&mut self, login: &Pending, old: Option<&LoginItem>, failure: &Failure) {
        let Some(old) = old else { return };
        if old.steps.iter().all(|step| step.what != What::Stopped(failure.fault)) {
            let ends = match old.state {
                State::Started => Ends::Nothing,
                state => Ends::NothingIn(state),
            };
            self.note(login, ends, failure).await;
        }
    }

    /// Notes that a code, or what came in its place, has proved nothing. It ends nothing: the genuine answer may still
    /// come.
    pub(super) async fn unproven(&mut self, login: &Pending, failure: Failure) -> Failure {
        self.note(login, Ends::Nothing, &failure).await;
        failure
    }
}
