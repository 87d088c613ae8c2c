//! `POST /saml/{connection}/acs`: takes the identity provider's answer, proves it, and hands the identity on.
//!
//! ```text
//! cookie of the login that the Response answers?  ── no InResponseTo ─► the identity provider began it
//!   │ no: re-post once from our own page, then one fresh login, then "cookies blocked"
//!   ▼ yes
//! verify ─► admit ─► seal under a new ticket ─► Started → Verified ─► 303 /launch
//! ```

use std::collections::HashMap;

use jiff::Timestamp;
use stoa_core::binding::{MAX_PENDING, Pending, TICKET_COOKIE_PREFIX};
use stoa_core::connection::{Connection, ConnectionState, IdpInitiated};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::Verified;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::login::{Begin, LoginItem, State, What, kept_until};
use stoa_core::relay::{MAX_RETRIES, Relay};
use stoa_saml::{
    Expected, Freshness, ResponseInput, Skew, VerifiedResponse, decode_post_binding, unverified_in_response_to, verify,
};

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::flows::login::form_action;
use crate::flows::proven::{admit, connection_for, hand_over, note, proof_hash};
use crate::flows::saml_keys::decryption_keys;
use crate::incoming::Incoming;
use crate::random;
use crate::store::Written;

/// Marks a form that came from our own page.
const REPOSTED: &str = "stoa_reposted";

/// The flow.
pub async fn saml_acs(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    let now = clients.clock.now();
    let id = incoming.connection()?;
    let form = incoming.form()?;
    let pending = Pending::among(incoming.cookies());
    let connection = connection_for(clients, &id, &pending, now).await?;
    trail.connection = Some(id);
    if connection.state == ConnectionState::Disabled {
        return Err(Fault::ConnectionDisabled.into());
    }
    let field = form.get("SAMLResponse").ok_or_else(|| Failure::noted(Fault::FormMalformed, "no SAMLResponse"))?;
    let xml = decode_post_binding(field)?;
    let relay_state = form.get("RelayState").map_or("", String::as_str);
    let answers = unverified_in_response_to(&xml);
    let is_from_here = answers.is_some() || Relay::is_ours(relay_state);
    let relay = if is_from_here { Relay::from_relay_state(relay_state) } else { Relay::from_target(relay_state) };
    trail.destination.clone_from(&relay.destination);
    if let Some(answers) = answers {
        return match pending.iter().find(|login| login.saml_request_id() == answers) {
            Some(login) => solicited(clients, &connection, &xml, login, trail, now).await,
            None => without_cookie(clients, incoming, connection.id(), &form, &relay, trail),
        };
    }
    match pending.first() {
        // It comes out of a login of ours, but does not say which: the verifier says what is wrong with it. Taken
        // for the identity provider's own beginning, it would go round for ever.
        Some(login) if Relay::is_ours(relay_state) || is_going_round(&pending, now) => {
            solicited(clients, &connection, &xml, login, trail, now).await
        }
        None if Relay::is_ours(relay_state) => without_cookie(clients, incoming, connection.id(), &form, &relay, trail),
        _ => unsolicited(clients, &connection, &xml, &relay, trail, now).await,
    }
}

/// Whether this browser has begun as many logins as it can hold within two minutes.
pub(super) fn is_going_round(pending: &[Pending], now: Timestamp) -> bool {
    let recent = |login: &&Pending| now.as_second() - login.unverified_began < 120;
    pending.iter().filter(recent).count() >= MAX_PENDING
}

/// The Response answers no login of this browser: the cookie was not sent, or there is none.
fn without_cookie(
    clients: &Clients,
    incoming: &Incoming,
    connection: &ConnectionId,
    form: &HashMap<String, String>,
    relay: &Relay,
    trail: &Trail,
) -> Result<Answer, Failure> {
    if relay.retries == 0 && !form.contains_key(REPOSTED) {
        // A post from our own page is same-site: cookies that were held back come along now.
        let mut fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
        fields.push((REPOSTED, "1"));
        fields.sort_unstable();
        let page = trail.frame().self_posting(incoming.path(), &fields, form_action(clients));
        return Ok(Answer::Page(page));
    }
    let holds_others = incoming.cookies().any(|cookie| {
        cookie.starts_with(stoa_core::binding::LOGIN_COOKIE_PREFIX) || cookie.starts_with(TICKET_COOKIE_PREFIX)
    });
    // Where the identity provider drops RelayState, the count of retries is lost, and a round has no end to reach.
    let is_counted = form.get("RelayState").is_some_and(|text| Relay::is_counted(text));
    match (relay.retries, holds_others) {
        (0, false) if !is_counted => Err(Fault::CookiesBlocked.into()),
        (0, true) if !is_counted && is_going_round(&Pending::among(incoming.cookies()), clients.clock.now()) => {
            Err(Fault::TooManyLogins.into())
        }
        (0, _) | (1..MAX_RETRIES, true) => {
            let next = Relay { retries: relay.retries + 1, ..relay.clone() };
            Ok(Answer::Redirect(next.login_path(connection)))
        }
        (_, false) => Err(Fault::CookiesBlocked.into()),
        (_, true) => Err(Fault::TooManyLogins.into()),
    }
}

/// The identity provider began the login. Nothing in the message is believed unless the connection asks for it.
async fn unsolicited(
    clients: &Clients,
    connection: &Connection,
    xml: &[u8],
    relay: &Relay,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    match connection.saml()?.document().idp_initiated {
        IdpInitiated::Off => Err(Fault::IdpInitiatedOff.into()),
        IdpInitiated::Convert => Ok(Answer::Redirect(relay.login_path(connection.id()))),
        IdpInitiated::Confirm => confirm(clients, connection, xml, relay, trail, now).await,
    }
}

/// Verifies a Response against the connection.
async fn prove(
    clients: &Clients,
    connection: &Connection,
    xml: &[u8],
    expected: Expected<'_>,
    began: i64,
    now: Timestamp,
) -> Result<VerifiedResponse, Failure> {
    let settings = connection.saml()?.document();
    let trust = clients.store.trust(connection, now).await?;
    let keys = decryption_keys(clients, connection, now).await?;
    let broken = || Failure::noted(Fault::ConfigurationBroken, connection.id().as_str());
    let freshness = if settings.force_authn {
        Freshness::AuthenticatedSince(Timestamp::from_second(began).map_err(|_| Fault::LoginUnknown)?)
    } else {
        Freshness::Any
    };
    let input = ResponseInput {
        xml,
        trust: &trust,
        sp_entity_id: &settings.sp_entity_id,
        acs_url: &connection.acs_url(&clients.environment.public_url),
        expected,
        freshness,
        skew: Skew::from_seconds(settings.skew_seconds).map_err(|_| broken())?,
        decryption_keys: &keys,
        now,
    };
    Ok(verify(&input)?)
}

/// The Response answers a login of this browser.
async fn solicited(
    clients: &Clients,
    connection: &Connection,
    xml: &[u8],
    login: &Pending,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    trail.login = Some(login.reference.clone());
    let request_id = login.saml_request_id();
    let expected = Expected::Request { id: &request_id };
    let proven = match prove(clients, connection, xml, expected, login.unverified_began, now).await {
        Ok(proven) => proven,
        Err(failure) => {
            // An unproven message ends nothing: the genuine answer may still come.
            let stays = (State::Started, State::Started);
            note(clients, &login.reference, &login.hash(), stays, &failure, trail, now).await;
            return Err(failure);
        }
    };
    let proof = proof_of(connection, &proven);
    admit(clients, connection, login, Verified::from_saml(&proven, connection), &proof, trail, now).await
}

fn proof_of(connection: &Connection, proven: &VerifiedResponse) -> String {
    proof_hash(connection, proven.issuer(), proven.assertion_id())
}

/// "Continue as m…@pg.com?": the Response is proven, but it may have been posted into this browser by anybody, so the
/// person must say so on our own page.
async fn confirm(
    clients: &Clients,
    connection: &Connection,
    xml: &[u8],
    relay: &Relay,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    if connection.state != ConnectionState::Active {
        return Err(Fault::ConnectionNotActive.into());
    }
    let proven = prove(clients, connection, xml, Expected::Unsolicited, now.as_second(), now).await?;
    let admitted = Verified::from_saml(&proven, connection)?.admit(connection)?;
    let (assertion, attempt) = (proof_of(connection, &proven), random::token()?);
    if !clients.store.use_assertion(&assertion, &attempt, proven.replay_until()).await? {
        return Err(Fault::AssertionReplayed.into());
    }
    let reference = Reference::from_random(random::bytes()?);
    let handover = hand_over(clients, connection, &reference, &admitted, false, now).await?;
    let begin = Begin {
        connection: connection.id().clone(),
        version: connection.version,
        binding: handover.ticket.hash(),
        to: relay.destination.clone(),
        test: false,
        again: true,
    };
    let mut item = LoginItem::begin(reference.clone(), begin, attempt, trail.step(What::Verified, now), now);
    item.state = State::Verified;
    item.confirm = true;
    item.assertion = Some(assertion);
    item.ticket = Some(handover.ticket.hash());
    item.sealed = Some(handover.sealed);
    item.seal_key = Some(handover.seal_key);
    item.verified = Some(now.as_second());
    item.who = Some(handover.ticket.email.clone());
    item.ttl = kept_until(now);
    if let Written::Refused(_) = clients.store.begin_login(&item).await? {
        return Err(Failure::noted(Fault::StoreContended, "the reference exists"));
    }
    trail.login = Some(reference.clone());
    trail.cookies.push(handover.ticket.set_cookie());
    Ok(Answer::Page(trail.frame().confirm(&reference, &admitted.email_hint(), form_action(clients))))
}
