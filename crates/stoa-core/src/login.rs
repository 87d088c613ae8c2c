//! One login is one item that moves through its states.
//!
//! ```text
//! (none) ─ login ─► Started ─ saml-acs ─► Verified ─ thinkific-launch ─► Launched ─ thinkific-return ─► Returned
//!                      └────────► Refused      └─────────► Failed
//! ```
//!
//! Each arrow is one conditional write that carries a random *attempt*. A write whose reply was lost is sent again by
//! the SDK, meets its own attempt, and has succeeded. What a refused condition means is decided here, from the item
//! as it was.

mod fared;
mod item;

use jiff::Timestamp;

use crate::binding::LOGIN_SECONDS;
use crate::destination::Destination;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::ids::{Attempt, BindingHash, ConnectionId, ProofHash, TicketHash};
use crate::refusal::RefusalCode;

pub use self::fared::Fared;
pub use self::item::{
    Begin, ITEM_VERSION, LoginItem, MAX_NOTES, MAX_STEPS, ProofAtOnce, Seal, State, Step, What, kept_until,
};

/// Codes that a provider is asked about for one login. A person brings one; whoever makes them up gets no further.
pub const MAX_TRIES: u8 = 3;
/// How long a code that the provider is being asked about is nobody else's to ask about: no function lives longer.
const ASKING_SECONDS: i64 = 8;

/// The oldest `began` that is still in time: the condition of the write to Verified compares with it.
pub fn begun_since(now: Timestamp) -> i64 {
    now.as_second() - LOGIN_SECONDS
}

/// Until when a code that is claimed now is nobody else's to ask about.
pub fn asking_until(now: Timestamp) -> i64 {
    now.as_second() + ASKING_SECONDS
}

/// What a refused condition means to the browser that asked.
#[derive(Debug)]
pub enum Meeting {
    /// The write had been applied; only its reply was lost.
    Mine,
    /// The same browser sent the same assertion again before launch: make a new ticket over the old one.
    Reticket {
        /// The attempt that the second write must find.
        attempt: Attempt,
        /// Whether one more step fits into the item.
        step_fits: bool,
    },
    /// The same browser came again after launch: begin one fresh login to the same destination.
    Fresh(Option<Destination>),
    /// It stops here.
    Fault(Failure),
}

/// What the writer of Verified brings, and before it whoever claims a code.
pub struct VerifyAttempt<'a> {
    /// Its attempt.
    pub attempt: &'a Attempt,
    /// Hash of the browser's secret.
    pub binding: &'a BindingHash,
    /// Through which connection the answer came.
    pub connection: &'a ConnectionId,
    /// Hash of the proof.
    pub proof: &'a ProofHash,
}

/// Decides what a refused write to Verified means. `old` is the item as it was; `None`: there is none.
pub fn meet_verified(old: Option<&LoginItem>, mine: &VerifyAttempt<'_>, now: Timestamp) -> Meeting {
    let Some(old) = old else { return Meeting::Fault(Fault::LoginUnknown.into()) };
    if old.attempt == *mine.attempt {
        return Meeting::Mine;
    }
    if old.connection != *mine.connection {
        return Meeting::Fault(Failure::with(
            Fault::LoginOfOtherConnection,
            mine.connection.as_str(),
            old.connection.as_str(),
        ));
    }
    // The request id is derived from the browser's secret, so a Response cannot reach here with another binding
    // unless the item was written by somebody else.
    if old.binding != *mine.binding {
        return Meeting::Fault(Failure::noted(Fault::LoginReplayed, "the item is bound to another browser"));
    }
    let same_proof = old.proof.as_ref() == Some(mine.proof);
    match old.state {
        State::Started if old.is_expired(now) => Meeting::Fault(Fault::LoginExpired.into()),
        State::Started => Meeting::Fault(Fault::StoreContended.into()),
        _ if !same_proof && old.proof.is_some() => {
            Meeting::Fault(Failure::noted(Fault::LoginReplayed, "another assertion had answered this login"))
        }
        State::Verified => Meeting::Reticket { attempt: old.attempt.clone(), step_fits: old.steps.len() < MAX_NOTES },
        State::Launched | State::Returned | State::Refused | State::Failed => match fresh_once(old) {
            Ok(destination) => Meeting::Fresh(destination),
            Err(failure) => Meeting::Fault(failure),
        },
    }
}

/// What a code is to the login that it was brought for, where its claim was refused.
#[derive(Debug)]
pub enum CodeMeeting {
    /// The claim had been applied; only its reply was lost.
    Mine,
    /// Another request is asking the provider about this very code.
    UnderWay,
    /// This very code has proven the identity: the browser goes on with its ticket, or begins one fresh login.
    Answered,
    /// The login has ended: begin one fresh login to the same destination.
    Fresh(Option<Destination>),
    /// It stops here.
    Fault(Failure),
}

/// Decides what a refused claim of a code means. `old` is the item as it was; `None`: there is none.
pub fn meet_code(old: Option<&LoginItem>, mine: &VerifyAttempt<'_>, now: Timestamp) -> CodeMeeting {
    match (meet_verified(old, mine, now), old) {
        (Meeting::Mine, _) => CodeMeeting::Mine,
        (Meeting::Reticket { .. }, _) => CodeMeeting::Answered,
        (Meeting::Fresh(destination), _) => CodeMeeting::Fresh(destination),
        (Meeting::Fault(failure), Some(old)) if failure.fault == Fault::StoreContended => {
            let is_asked = old.asked.as_ref() == Some(mine.proof);
            if is_asked && old.asking.is_some_and(|until| now.as_second() <= until) {
                CodeMeeting::UnderWay
            } else if old.tries >= MAX_TRIES {
                CodeMeeting::Fault(RefusalCode::TriesSpent.into())
            } else {
                CodeMeeting::Fault(failure)
            }
        }
        (Meeting::Fault(failure), _) => CodeMeeting::Fault(failure),
    }
}

/// What a ticket is to the login that it names.
#[derive(Debug, PartialEq, Eq)]
pub enum Brought {
    /// The one that launches it.
    Current,
    /// The login has ended: begin one fresh login to the same destination.
    Spent(Option<Destination>),
}

/// Decides what somebody gets who brings a ticket, before anything is written. Who brings another than the login's is
/// told the same whatever has become of it.
pub fn meet_ticket(login: &LoginItem, ticket: &TicketHash, now: Timestamp) -> Result<Brought, Failure> {
    // A login that the version before this one launched holds none any more.
    let is_launched_before = login.ticket.is_none() && matches!(login.state, State::Launched | State::Returned);
    match login.state {
        State::Started => Err(Failure::noted(Fault::TicketWrong, "the login is not verified yet")),
        _ if login.ticket.as_ref() != Some(ticket) && !is_launched_before => {
            // Or the same browser posted again meanwhile and holds a newer ticket in the same cookie.
            Err(Failure::noted(Fault::TicketWrong, "the ticket is not the login's, or not its newest"))
        }
        State::Verified if login.is_ticket_expired(now) => Err(Fault::TicketExpired.into()),
        State::Verified => Ok(Brought::Current),
        State::Launched | State::Returned | State::Refused | State::Failed => fresh_once(login).map(Brought::Spent),
    }
}

/// Decides what a refused write to Launched means.
pub fn meet_launched(old: Option<&LoginItem>, attempt: &Attempt, ticket: &TicketHash, now: Timestamp) -> Meeting {
    let Some(old) = old else { return Meeting::Fault(Fault::LoginUnknown.into()) };
    if old.attempt == *attempt {
        return Meeting::Mine;
    }
    match meet_ticket(old, ticket, now) {
        Ok(Brought::Current) => Meeting::Fault(Fault::StoreContended.into()),
        Ok(Brought::Spent(destination)) => Meeting::Fresh(destination),
        Err(failure) => Meeting::Fault(failure),
    }
}

/// Decides what it means that Thinkific has sent somebody back from a launch. Only whom that launch has sent there
/// knows its attempt; nobody else learns whether there is such a login.
pub fn meet_returned(old: Option<&LoginItem>, launch: &Attempt) -> Fault {
    match old.filter(|old| old.attempt == *launch).map(|old| old.state) {
        Some(State::Launched) => Fault::ThinkificSentBack,
        Some(State::Returned) => Fault::ReturnedAgain,
        Some(State::Started | State::Verified | State::Refused | State::Failed) | None => Fault::LoginUnknown,
    }
}

/// One fresh login for one that had ended, and none after that. A test is not followed by a login that is none.
pub fn fresh_once(old: &LoginItem) -> Result<Option<Destination>, Failure> {
    if old.again || old.test { Err(Fault::LoginUsed.into()) } else { Ok(old.destination.clone()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::binding::TICKET_SECONDS;
    use crate::ids::{EmailKey, Reference};

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap()
    }

    fn item(state: State) -> LoginItem {
        let begin = Begin {
            connection: ConnectionId::parse("pg").unwrap(),
            version: 1,
            binding: binding(0),
            destination: Destination::parse("/courses/x").ok(),
            test: false,
            show: false,
            again: false,
        };
        let step = Step {
            t: 0,
            function: "login".into(),
            what: What::Started,
            request: "r".into(),
            build: "b".into(),
            wanted: None,
            got: None,
        };
        let mut item = LoginItem::begin(Reference::from_random([1; 8]), begin, attempt(0), step, now());
        item.state = state;
        if state != State::Started {
            item.proof = Some(proof("x"));
            item.ticket = Some(ticket(0));
            item.verified = Some(now().as_second());
        }
        item
    }

    fn attempt(byte: u8) -> Attempt {
        Attempt::from_bytes([byte; 16])
    }

    fn binding(byte: u8) -> BindingHash {
        BindingHash::from_bytes([byte; 32])
    }

    fn ticket(byte: u8) -> TicketHash {
        TicketHash::from_bytes([byte; 32])
    }

    fn proof(id: &str) -> ProofHash {
        ProofHash::new(&ConnectionId::parse("pg").unwrap(), "issuer", id)
    }

    #[test]
    fn what_happened_is_stored_as_one_word_that_no_fault_has() {
        let words = [
            What::Started,
            What::Verified,
            What::Continued,
            What::Waiting,
            What::TakenOver,
            What::Moved,
            What::Launched,
            What::Tested,
        ];
        assert!(words.iter().all(|what| Fault::of_code(what.as_str()).is_none()));
        let unknown = ["", "Started", "fault_of_tomorrow"].map(|word| What::Unknown(word.to_owned()));
        for what in words.into_iter().chain(Fault::all().map(What::Stopped)).chain(unknown) {
            let stored = serde_json::to_value(&what).unwrap();
            assert_eq!(stored, what.as_str());
            assert_eq!(serde_json::from_value::<What>(stored).unwrap(), what);
        }
    }

    #[test]
    fn c104_what_a_refused_write_to_verified_means() {
        let pg = ConnectionId::parse("pg").unwrap();
        let other = ConnectionId::parse("other").unwrap();
        let fault = |meeting| {
            let Meeting::Fault(failure) = meeting else { panic!("no fault: {meeting:?}") };
            failure.fault
        };
        let meet = |old: Option<&LoginItem>, connection: &ConnectionId, by: u8, id: &str| {
            let mine = VerifyAttempt { attempt: &attempt(by), binding: &binding(0), connection, proof: &proof(id) };
            meet_verified(old, &mine, now())
        };
        assert_eq!(fault(meet(None, &pg, 1, "x")), Fault::LoginUnknown);
        let verified = item(State::Verified);
        assert!(matches!(meet(Some(&verified), &pg, 0, "x"), Meeting::Mine));
        assert!(matches!(meet(Some(&verified), &pg, 1, "x"), Meeting::Reticket { .. }));
        assert_eq!(fault(meet(Some(&verified), &pg, 1, "y")), Fault::LoginReplayed);
        assert_eq!(fault(meet(Some(&verified), &other, 1, "x")), Fault::LoginOfOtherConnection);
        let elsewhere = LoginItem { binding: binding(1), ..verified.clone() };
        assert_eq!(fault(meet(Some(&elsewhere), &pg, 1, "x")), Fault::LoginReplayed);
        let launched = item(State::Launched);
        assert!(matches!(meet(Some(&launched), &pg, 1, "x"), Meeting::Fresh(Some(_))));
        let test = LoginItem { test: true, ..launched.clone() };
        assert_eq!(fault(meet(Some(&test), &pg, 1, "x")), Fault::LoginUsed);
        let again = LoginItem { again: true, ..launched };
        assert_eq!(fault(meet(Some(&again), &pg, 1, "x")), Fault::LoginUsed);
        let old = LoginItem { began: now().as_second() - LOGIN_SECONDS - 1, ..item(State::Started) };
        assert_eq!(fault(meet(Some(&old), &pg, 1, "x")), Fault::LoginExpired);
    }

    #[test]
    fn c164_what_a_refused_claim_of_a_code_means() {
        let (pg, other) = (ConnectionId::parse("pg").unwrap(), ConnectionId::parse("other").unwrap());
        let meet = |old: Option<&LoginItem>, connection: &ConnectionId, by: u8, code: &str| {
            let mine = VerifyAttempt { attempt: &attempt(by), binding: &binding(0), connection, proof: &proof(code) };
            meet_code(old, &mine, now())
        };
        let fault = |meeting| {
            let CodeMeeting::Fault(failure) = meeting else { panic!("no fault: {meeting:?}") };
            failure.fault
        };
        let asked = |tries, seconds| LoginItem {
            tries,
            asked: Some(proof("x")),
            asking: Some(now().as_second() + seconds),
            ..item(State::Started)
        };
        assert!(matches!(meet(Some(&asked(1, 8)), &pg, 0, "x"), CodeMeeting::Mine));
        assert!(matches!(meet(Some(&asked(1, 8)), &pg, 1, "x"), CodeMeeting::UnderWay));
        assert!(matches!(meet(Some(&asked(3, 0)), &pg, 1, "x"), CodeMeeting::UnderWay));
        // What was asked about long ago, or is another code, waits for nobody.
        for (item, code) in
            [(asked(3, -1), "x"), (asked(3, 8), "y"), (LoginItem { tries: 3, ..item(State::Started) }, "x")]
        {
            assert_eq!(fault(meet(Some(&item), &pg, 1, code)), Fault::Oidc(RefusalCode::TriesSpent));
        }
        assert_eq!(fault(meet(Some(&asked(2, 8)), &pg, 1, "y")), Fault::StoreContended);
        assert_eq!(fault(meet(None, &pg, 1, "x")), Fault::LoginUnknown);
        assert_eq!(fault(meet(Some(&asked(1, 8)), &other, 1, "x")), Fault::LoginOfOtherConnection);
        let elsewhere = LoginItem { binding: binding(1), ..asked(1, 8) };
        assert_eq!(fault(meet(Some(&elsewhere), &pg, 1, "x")), Fault::LoginReplayed);
        let old = LoginItem { began: now().as_second() - LOGIN_SECONDS - 1, ..asked(1, 8) };
        assert_eq!(fault(meet(Some(&old), &pg, 1, "x")), Fault::LoginExpired);
        let verified = item(State::Verified);
        assert!(matches!(meet(Some(&verified), &pg, 1, "x"), CodeMeeting::Answered));
        assert_eq!(fault(meet(Some(&verified), &pg, 1, "y")), Fault::LoginReplayed);
        assert!(matches!(meet(Some(&item(State::Launched)), &pg, 1, "x"), CodeMeeting::Fresh(Some(_))));
        let again = LoginItem { again: true, ..item(State::Launched) };
        assert_eq!(fault(meet(Some(&again), &pg, 1, "x")), Fault::LoginUsed);
    }

    #[test]
    fn c107_what_a_refused_write_to_launched_means() {
        let fault = |meeting| {
            let Meeting::Fault(failure) = meeting else { panic!("no fault: {meeting:?}") };
            failure.fault
        };
        let meet = |old: Option<&LoginItem>, by, brought| meet_launched(old, &attempt(by), &ticket(brought), now());
        assert_eq!(fault(meet(None, 1, 0)), Fault::LoginUnknown);
        let verified = item(State::Verified);
        assert!(matches!(meet(Some(&verified), 0, 0), Meeting::Mine));
        assert_eq!(fault(meet(Some(&verified), 1, 1)), Fault::TicketWrong);
        let late = LoginItem { verified: Some(now().as_second() - TICKET_SECONDS - 1), ..verified };
        assert_eq!(fault(meet(Some(&late), 1, 0)), Fault::TicketExpired);
        assert!(matches!(meet(Some(&item(State::Launched)), 1, 0), Meeting::Fresh(Some(_))));
        assert_eq!(fault(meet(Some(&item(State::Started)), 1, 0)), Fault::TicketWrong);
    }

    #[test]
    fn only_whom_a_launch_has_sent_away_comes_back_from_it() {
        for (state, fault) in [
            (State::Started, Fault::LoginUnknown),
            (State::Verified, Fault::LoginUnknown),
            (State::Launched, Fault::ThinkificSentBack),
            (State::Refused, Fault::LoginUnknown),
            (State::Failed, Fault::LoginUnknown),
            (State::Returned, Fault::ReturnedAgain),
        ] {
            let login = item(state);
            assert_eq!(meet_returned(Some(&login), &attempt(0)), fault, "{state:?}");
            assert_eq!(meet_returned(Some(&login), &attempt(1)), Fault::LoginUnknown, "{state:?}");
        }
        assert_eq!(meet_returned(None, &attempt(0)), Fault::LoginUnknown);
    }

    #[test]
    fn c107_what_a_ticket_is_before_anything_is_written() {
        let meet =
            |login: &LoginItem, brought| meet_ticket(login, &ticket(brought), now()).map_err(|failure| failure.fault);
        let verified = item(State::Verified);
        assert_eq!(meet(&verified, 0), Ok(Brought::Current));
        assert_eq!(meet(&verified, 1), Err(Fault::TicketWrong));
        for ended in [State::Launched, State::Returned, State::Refused, State::Failed] {
            assert_eq!(meet(&item(ended), 1), Err(Fault::TicketWrong), "{ended:?}");
        }
        let without = LoginItem { ticket: None, ..verified.clone() };
        let before = LoginItem { ticket: None, ..item(State::Launched) };
        assert_eq!(meet(&before, 1), Ok(Brought::Spent(before.destination.clone())));
        assert_eq!(meet(&without, 0), Err(Fault::TicketWrong));
        let late = LoginItem { verified: Some(now().as_second() - TICKET_SECONDS - 1), ..verified };
        assert_eq!(meet(&late, 0), Err(Fault::TicketExpired));
        assert_eq!(meet(&item(State::Started), 0), Err(Fault::TicketWrong));
        for ended in [State::Launched, State::Returned, State::Refused, State::Failed] {
            let login = item(ended);
            assert_eq!(meet(&login, 0), Ok(Brought::Spent(login.destination.clone())), "{ended:?}");
            assert_eq!(meet(&LoginItem { again: true, ..login }, 0), Err(Fault::LoginUsed), "{ended:?}");
        }
    }

    /// Field by field the item that the former version wrote, since a deployment happens in mid-login.
    #[test]
    fn a_login_that_begins_with_its_proof_is_verified_at_once() {
        let begun = item(State::Started);
        let begin = Begin {
            connection: begun.connection.clone(),
            version: begun.connection_version,
            binding: begun.binding.clone(),
            destination: begun.destination.clone(),
            test: false,
            show: false,
            again: true,
        };
        let at_once = ProofAtOnce {
            attempt: attempt(0),
            proof: Some(proof("x")),
            ticket: Some(ticket(0)),
            seal: Seal { identity: "s".into(), key: "1".into() },
            email_key: EmailKey::from_bytes([7; 24]),
            confirm: true,
        };
        let proven = LoginItem::begin_proven(begun.reference.clone(), begin, at_once, begun.steps[0].clone(), now());
        let wanted = LoginItem {
            state: State::Verified,
            again: true,
            confirm: true,
            proof: Some(proof("x")),
            ticket: Some(ticket(0)),
            sealed: Some("s".into()),
            seal_key: Some("1".into()),
            verified: Some(now().as_second()),
            email_key: Some(EmailKey::from_bytes([7; 24])),
            ttl: kept_until(now()),
            ..begun
        };
        assert_eq!(proven, wanted);
    }
}
