//! The `logins` table: the three writes of a login, and the notes on one that fails.

use jiff::Timestamp;
use stoa_core::binding::Pending;
use stoa_core::failure::Failure;
use stoa_core::ids::{Attempt, BindingHash, ConnectionId, EmailKey, ProofHash, Reference, TicketHash};
use stoa_core::login::{
    ITEM_VERSION, LoginItem, MAX_NOTES, MAX_STEPS, MAX_TRIES, Seal, State, Step, VerifyAttempt, asking_until,
    begun_since, kept_until,
};
use stoa_core::routes::Table;
use stoa_core::teams::code_since;

use super::{AssertionItem, Item, Key, Outcome, Store, Write, read};

/// The write of an item that is new; or it is our own write whose reply was lost.
const ABSENT_OR_MINE: &str = "attribute_not_exists(pk) OR attempt = :attempt";

/// How a conditional write ended.
#[derive(Debug)]
pub enum Written {
    /// It was applied.
    Applied,
    /// Its condition was refused; the item as it was, if there is one.
    Refused(Option<Box<LoginItem>>),
}

/// What is put into a login whose identity is proven.
pub struct Sealed<'a> {
    /// The reference of the login.
    pub reference: &'a Reference,
    /// This write's attempt.
    pub attempt: &'a Attempt,
    /// Hash of the browser's secret.
    pub binding: &'a BindingHash,
    /// When the cookie says that the login began; the item must agree.
    pub began: i64,
    /// Through which connection, and as of which of its versions.
    pub connection: &'a ConnectionId,
    /// The version of the connection that it ran through.
    pub connection_version: u32,
    /// Hash of the assertion or the code.
    pub proof: &'a ProofHash,
    /// Hash of the ticket.
    pub ticket: &'a TicketHash,
    /// The sealed identity.
    pub seal: &'a Seal,
    /// The key of the e-mail address.
    pub email_key: &'a EmailKey,
    /// The step to add, where one fits.
    pub step: Option<&'a Step>,
}

/// What the browser brings from the Teams tab.
pub struct Code<'a> {
    /// The reference of the login.
    pub reference: &'a Reference,
    /// This write's attempt.
    pub attempt: &'a Attempt,
    /// Through which connection.
    pub connection: &'a ConnectionId,
    /// Hash of the code and its hint.
    pub binding: &'a BindingHash,
    /// Hash of the ticket.
    pub ticket: &'a TicketHash,
    /// The step to add.
    pub step: &'a Step,
}

/// By what a request has shown that a login is its own. A reference, which is read out on the phone, shows nothing.
#[derive(Clone, Copy)]
pub enum By<'a> {
    /// It has the secret of the browser that began it, or the code of the Teams tab.
    Browser(&'a BindingHash),
    /// It has its ticket.
    Ticket(&'a TicketHash),
    /// It comes back from its launch.
    Launch(&'a Attempt),
}

/// A step that is noted on a login in state `from`, which moves on to `to`.
pub struct Note<'a> {
    /// The reference of the login.
    pub reference: &'a Reference,
    /// Whose it must be.
    pub by: By<'a>,
    /// The state in which the login must be.
    pub from: State,
    /// The state that it moves to; the same, where it stays.
    pub to: State,
    /// The step to add.
    pub step: &'a Step,
}

impl Store {
    /// Write 1: the login begins. A reference that exists already with another attempt is [`Written::Refused`].
    pub async fn begin_login(&self, item: &LoginItem) -> Result<Written, Failure> {
        let put = Key::login(&item.reference).put(item).only_if(ABSENT_OR_MINE).with(":attempt", &item.attempt);
        written(self.tables.write(put).await?)
    }

    /// Claims a code before the provider is asked about it: for a login that this browser has begun here, that is in
    /// time, and for which few have been tried. Nobody else asks about the same code meanwhile.
    pub async fn claim_code(
        &self,
        login: &Pending,
        mine: &VerifyAttempt<'_>,
        now: Timestamp,
    ) -> Result<Written, Failure> {
        let claim = Key::login(&login.reference)
            .update(
                "SET attempt = :attempt, asked = :proof, asking = :until, tries = if_not_exists(tries, :none) + :one",
            )
            .only_if(
                "#state = :from AND binding = :binding AND #connection = :connection AND began = :began \
                 AND began >= :since AND (attribute_not_exists(tries) OR tries < :most) \
                 AND (attribute_not_exists(asked) OR asked <> :proof OR asking < :now)",
            )
            .showing_refused()
            .with(":from", State::Started)
            .with(":binding", mine.binding)
            .with(":connection", mine.connection)
            .with(":began", login.unverified_began)
            .with(":since", begun_since(now))
            .with(":attempt", mine.attempt)
            .with(":proof", mine.proof)
            .with(":until", asking_until(now))
            .with(":now", now.as_second())
            .with(":none", 0)
            .with(":one", 1)
            .with(":most", MAX_TRIES);
        written(self.tables.write(claim).await?)
    }

    /// Write 2: Started → Verified.
    pub async fn verify_login(&self, sealed: &Sealed<'_>, now: Timestamp) -> Result<Written, Failure> {
        let update = sealing(sealed, now)
            .only_if(
                "#state = :from AND binding = :binding AND #connection = :connection AND began = :began \
                 AND began >= :since",
            )
            .with(":from", State::Started)
            .with(":binding", sealed.binding)
            .with(":connection", sealed.connection)
            .with(":began", sealed.began)
            .with(":since", begun_since(now));
        written(self.tables.write(update).await?)
    }

    /// The same browser sent the same assertion again: a new ticket in place of the last writer's.
    pub async fn renew_ticket(
        &self,
        sealed: &Sealed<'_>,
        last_attempt: &Attempt,
        now: Timestamp,
    ) -> Result<Written, Failure> {
        let update = sealing(sealed, now)
            .only_if("#state = :from AND attempt = :last")
            .with(":from", State::Verified)
            .with(":last", last_attempt);
        written(self.tables.write(update).await?)
    }

    /// Write 3: Verified → Launched. Nothing can fail after it.
    pub async fn launch_login(
        &self,
        reference: &Reference,
        ticket: &TicketHash,
        attempt: &Attempt,
        step: &Step,
    ) -> Result<Written, Failure> {
        // The sealed identity has done its work. The ticket's hash stays: whoever brings another is told nothing.
        let update = Key::login(reference)
            .update("SET #state = :to, attempt = :attempt, steps = list_append(steps, :step) REMOVE sealed, seal_key")
            .only_if("#state = :from AND ticket = :ticket")
            .showing_refused()
            .with(":to", State::Launched)
            .with(":from", State::Verified)
            .with(":attempt", attempt)
            .with(":ticket", ticket)
            .with(":step", [step]);
        written(self.tables.write(update).await?)
    }

    /// A verified login whose person waits in the line before the school: its ticket counts until then, and they have
    /// confirmed, if they had to, that it is theirs.
    pub async fn keep_waiting(
        &self,
        reference: &Reference,
        ticket: &TicketHash,
        until: i64,
        step: Option<&Step>,
    ) -> Result<(), Failure> {
        let login = Key::login(reference);
        let update = match step {
            Some(step) => login
                .update("SET waits = :until, steps = list_append(steps, :step) REMOVE confirm")
                .with(":step", [step]),
            None => login.update("SET waits = :until REMOVE confirm"),
        };
        let update = update
            .only_if("#state = :from AND ticket = :ticket")
            .with(":until", until)
            .with(":from", State::Verified)
            .with(":ticket", ticket);
        // That it is launched by now, or has a newer ticket, is for the next request to find.
        self.tables.write(update).await?;
        Ok(())
    }

    /// Notes a step on a login. Best effort: the person's page does not depend on it. A login that has something to
    /// tell is kept as long as one that arrived. Returns the login as it was.
    pub async fn note_step(&self, note: &Note<'_>, now: Timestamp) -> Result<Option<Box<LoginItem>>, Failure> {
        // What a provider was asked about in vain may be asked about again.
        let update = match note.from {
            State::Started => "SET #state = :to, #ttl = :ttl, steps = list_append(steps, :step) REMOVE asked, asking",
            State::Verified | State::Launched | State::Refused | State::Failed | State::Returned => {
                "SET #state = :to, #ttl = :ttl, steps = list_append(steps, :step)"
            }
        };
        let update = Key::login(note.reference)
            .update(update)
            .showing_old()
            .with(":to", note.to)
            .with(":ttl", kept_until(now))
            .with(":from", note.from)
            .with(":step", [note.step]);
        let condition = "#state = :from AND size(steps) < :max";
        let update = match note.by {
            By::Browser(binding) => update.only_if(format!("{condition} AND binding = :by")).with(":by", binding),
            By::Ticket(ticket) => update.only_if(format!("{condition} AND ticket = :by")).with(":by", ticket),
            By::Launch(attempt) => update.only_if(format!("{condition} AND attempt = :by")).with(":by", attempt),
        };
        // A launch is come back from once, and there is room for it.
        let update = update.with(":max", if matches!(note.by, By::Launch(_)) { MAX_STEPS } else { MAX_NOTES });
        match self.tables.write(update).await? {
            Outcome::Applied(old) | Outcome::Refused(old) => login(old),
        }
    }

    /// A login that a Teams token began gets its ticket, once: until then it has none, and nothing can launch it.
    pub async fn redeem_code(&self, code: &Code<'_>, now: Timestamp) -> Result<Written, Failure> {
        let update = Key::login(code.reference)
            .update("SET attempt = :attempt, ticket = :ticket, steps = list_append(steps, :step)")
            .only_if(
                "#state = :from AND #connection = :connection AND binding = :code AND attribute_not_exists(ticket) \
                 AND verified >= :since",
            )
            .showing_refused()
            .with(":from", State::Verified)
            .with(":connection", code.connection)
            .with(":code", code.binding)
            .with(":since", code_since(now))
            .with(":attempt", code.attempt)
            .with(":ticket", code.ticket)
            .with(":step", [code.step]);
        written(self.tables.write(update).await?)
    }

    /// Marks an unsolicited assertion as used. `false`: it was used before.
    pub async fn use_assertion(&self, proof: &ProofHash, attempt: Attempt, until: Timestamp) -> Result<bool, Failure> {
        let used = AssertionItem::new(attempt, until);
        let put = Key::assertion(proof).put(&used).only_if(ABSENT_OR_MINE).with(":attempt", &used.attempt);
        Ok(self.tables.write(put).await?.is_applied())
    }
}

fn sealing(sealed: &Sealed<'_>, now: Timestamp) -> Write {
    let expression = "SET #state = :to, attempt = :attempt, cv = :cv, #assertion = :assertion, ticket = :ticket, \
                      sealed = :sealed, seal_key = :seal_key, who = :who, verified = :now, #ttl = :ttl, v = :v";
    let login = Key::login(sealed.reference);
    let forgotten = "REMOVE tries, asked, asking";
    let update = match sealed.step {
        Some(step) => {
            login.update(format!("{expression}, steps = list_append(steps, :step) {forgotten}")).with(":step", [step])
        }
        None => login.update(format!("{expression} {forgotten}")),
    };
    update
        .showing_refused()
        .with(":to", State::Verified)
        .with(":attempt", sealed.attempt)
        .with(":cv", sealed.connection_version)
        .with(":assertion", sealed.proof)
        .with(":ticket", sealed.ticket)
        .with(":sealed", &sealed.seal.identity)
        .with(":seal_key", &sealed.seal.key)
        .with(":who", sealed.email_key)
        .with(":now", now.as_second())
        .with(":ttl", kept_until(now))
        .with(":v", ITEM_VERSION)
}

fn written(outcome: Outcome) -> Result<Written, Failure> {
    match outcome {
        Outcome::Applied(_) => Ok(Written::Applied),
        Outcome::Refused(old) => Ok(Written::Refused(login(old)?)),
    }
}

fn login(item: Option<Item>) -> Result<Option<Box<LoginItem>>, Failure> {
    Ok(item.map(|item| read(Table::Logins, item).map(Box::new)).transpose()?)
}
