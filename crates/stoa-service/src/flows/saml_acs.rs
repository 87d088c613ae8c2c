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
use stoa_core::binding::{Pending, TICKET_COOKIE_PREFIX};
use stoa_core::connection::{Connection, ConnectionState, IdpInitiated};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::Verified;
use stoa_core::ids::{BindingHash, ConnectionId, ProofHash, Reference};
use stoa_core::login::{Begin, LoginItem, ProofAtOnce, What};
use stoa_core::relay::{MAX_RETRIES, Relay};
use stoa_core::routes::SecretKind;
use stoa_saml::{
    Expected, Freshness, ResponseInput, Skew, VerifiedResponse, decode_post_binding, unverified_in_response_to, verify,
};

use crate::ahead::Wanted;
use crate::flows::saml_keys::decryption_keys;
use crate::random;
use crate::secrets::Named;
use crate::visit::{Answer, Ends, Fresh, Visit};

/// Marks a form that came from our own page.
const REPOSTED: &str = "stoa_reposted";

/// Takes the Response, and sends the browser on to `/launch`.
pub async fn saml_acs(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    let form = visit.incoming.form()?;
    let pending = visit.pending();
    let response = response(&form);
    let answers = response.as_ref().ok().and_then(|(_, xml)| unverified_in_response_to(xml));
    let login = answers.as_ref().and_then(|answers| pending.iter().find(|login| login.saml_request_id() == *answers));
    if login.is_some() {
        ask_ahead(visit)?;
    }
    let connection = visit.enter(Fresh::for_browser(&pending)).await?;
    let (field, xml) = response?;
    let relay_state = form.get("RelayState").map_or("", String::as_str);
    let posted = Posted { response: field, relay_state, again: form.contains_key(REPOSTED) };
    let is_from_here = answers.is_some() || Relay::is_ours(relay_state);
    let relay =
        if is_from_here { Relay::from_relay_state(relay_state) } else { target(visit, &connection, relay_state).await };
    visit.trail.destination.clone_from(&relay.destination);
    if answers.is_some() {
        return match login {
            Some(login) => solicited(visit, &connection, &xml, login).await,
            None => without_cookie(visit, connection.id(), &posted, &relay),
        };
    }
    match pending.first() {
        // It comes out of a login of ours, but does not say which: the verifier says what is wrong with it. Taken
        // for the identity provider's own beginning, it would go round for ever.
        Some(login) if Relay::is_ours(relay_state) || Pending::is_going_round(&pending, visit.now) => {
            solicited(visit, &connection, &xml, login).await
        }
        None if Relay::is_ours(relay_state) => without_cookie(visit, connection.id(), &posted, &relay),
        _ => unsolicited(visit, &connection, &xml, &relay).await,
    }
}

/// Where a portal sends somebody. Many are told a whole address, such as PingFederate by `TargetResource`; whether it is
/// the school's is the school's to say. That it cannot be asked turns nobody away.
async fn target(visit: &mut Visit<'_>, connection: &Connection, untrusted: &str) -> Relay {
    if !untrusted.contains("://") {
        return Relay::from_target(untrusted);
    }
    match visit.clients.store.school(connection.school()).await {
        Ok(school) => Relay::to(school.destination_of(untrusted)),
        Err(failure) => {
            visit.trail.also = Some(failure.fault);
            Relay::default()
        }
    }
}

/// The Response as it was posted, and decoded.
fn response(form: &HashMap<String, String>) -> Result<(&str, Vec<u8>), Failure> {
    let field = form.get("SAMLResponse").ok_or_else(|| Failure::noted(Fault::FormMalformed, "no SAMLResponse"))?;
    Ok((field, decode_post_binding(field)?))
}

/// The Response answers a login of this browser: what proves it and what follows are read beside the connection. Our
/// own key opens Assertions of few connections, so it is asked for only where it was read before.
fn ask_ahead(visit: &mut Visit<'_>) -> Result<(), Failure> {
    let id = visit.incoming.connection()?;
    let own = Named::of(SecretKind::Saml, &id);
    let own = visit.clients.secrets.is_known(&own, visit.now).then_some(own);
    visit.ask_ahead(Wanted { shared: true, own, trust: Some(id), ..Wanted::default() });
    Ok(())
}

/// What was posted, as far as a page of ours posts it again.
struct Posted<'a> {
    response: &'a str,
    relay_state: &'a str,
    /// Whether it came from that page.
    again: bool,
}

/// The Response answers no login of this browser: the cookie was not sent, or there is none.
fn without_cookie(
    visit: &Visit<'_>,
    connection: &ConnectionId,
    posted: &Posted<'_>,
    relay: &Relay,
) -> Result<Answer, Failure> {
    if relay.retries == 0 && !posted.again {
        // A post from our own page is same-site: cookies that were held back come along now. Nothing else of what a
        // stranger has posted is written into it: escaped, a field of four bytes is a line.
        let relay_state = Relay::rewritten(posted.relay_state);
        let fields = [("SAMLResponse", posted.response), ("RelayState", &relay_state), (REPOSTED, "1")];
        let page = visit.frame().self_posting(visit.incoming.path(), &fields, visit.form_action());
        return Ok(Answer::Page(page));
    }
    let holds_others = visit.incoming.cookies().any(|cookie| {
        cookie.starts_with(stoa_core::binding::LOGIN_COOKIE_PREFIX) || cookie.starts_with(TICKET_COOKIE_PREFIX)
    });
    // Where the identity provider drops RelayState, the count of retries is lost, and a round has no end to reach.
    let is_counted = Relay::is_counted(posted.relay_state);
    match (relay.retries, holds_others) {
        (0, false) if !is_counted => Err(Fault::CookiesBlocked.into()),
        (0, true) if !is_counted && Pending::is_going_round(&visit.pending(), visit.now) => {
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
    visit: &mut Visit<'_>,
    connection: &Connection,
    xml: &[u8],
    relay: &Relay,
) -> Result<Answer, Failure> {
    match connection.saml()?.document().idp_initiated {
        IdpInitiated::Off => Err(Fault::IdpInitiatedOff.into()),
        IdpInitiated::Convert => Ok(Answer::Redirect(relay.login_path(connection.id()))),
        IdpInitiated::Confirm => confirm(visit, connection, xml, relay).await,
    }
}

/// What a Response is held against.
struct Asked<'a> {
    expected: Expected<'a>,
    /// When the login began, in epoch seconds.
    began: i64,
    /// Whether an administrator tests, who is shown what came.
    by_tester: bool,
}

/// Verifies a Response against the connection.
async fn prove(
    visit: &mut Visit<'_>,
    connection: &Connection,
    xml: &[u8],
    asked: Asked<'_>,
) -> Result<VerifiedResponse, Failure> {
    let settings = connection.saml()?.document();
    let trust = visit.trust(connection).await?;
    let keys = decryption_keys(visit, connection).await?;
    let broken = || Failure::noted(Fault::ConfigurationBroken, connection.id().as_str());
    let freshness = if settings.force_authn {
        Freshness::AuthenticatedSince(Timestamp::from_second(asked.began).map_err(|_| Fault::LoginUnknown)?)
    } else {
        Freshness::Any
    };
    let input = ResponseInput {
        xml,
        trust: &trust,
        sp_entity_id: &settings.sp_entity_id,
        acs_url: &connection.acs_url(visit.public_url()),
        expected: asked.expected,
        freshness,
        skew: Skew::from_seconds(settings.skew_seconds).map_err(|_| broken())?,
        decryption_keys: &keys,
        now: visit.now,
    };
    match verify(&input) {
        Ok(proven) => Ok(proven),
        Err(refusal) if asked.by_tester => Err(Failure::from(refusal).of_response(&input, connection)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// The Response answers a login of this browser.
async fn solicited(
    visit: &mut Visit<'_>,
    connection: &Connection,
    xml: &[u8],
    login: &Pending,
) -> Result<Answer, Failure> {
    visit.trail.login = Some(login.reference.clone());
    let request_id = login.saml_request_id();
    let asked = Asked {
        expected: Expected::Request { id: &request_id },
        began: login.unverified_began,
        by_tester: login.unverified_tester,
    };
    let proven = match prove(visit, connection, xml, asked).await {
        Ok(proven) => proven,
        Err(failure) => {
            visit.note(login, Ends::Nothing, &failure).await;
            return Err(failure);
        }
    };
    let proof = proof_of(connection, &proven);
    visit.admit(connection, login, Verified::from_saml(&proven, connection), &proof).await
}

fn proof_of(connection: &Connection, proven: &VerifiedResponse) -> ProofHash {
    ProofHash::new(connection.id(), proven.issuer(), proven.assertion_id())
}

/// "Continue as Mary M. (m…r@pg.com)?": the Response is proven, but it may have been posted into this browser by
/// anybody, so the person must say so on our own page.
async fn confirm(visit: &mut Visit<'_>, connection: &Connection, xml: &[u8], relay: &Relay) -> Result<Answer, Failure> {
    if connection.state != ConnectionState::Active {
        return Err(Fault::ConnectionNotActive.into());
    }
    let asked = Asked { expected: Expected::Unsolicited, began: visit.now.as_second(), by_tester: false };
    let proven = prove(visit, connection, xml, asked).await?;
    let admitted = Verified::from_saml(&proven, connection)?.admit(connection)?;
    let (proof, attempt) = (proof_of(connection, &proven), random::attempt()?);
    if !visit.clients.store.use_assertion(&proof, attempt.clone(), proven.replay_until()).await? {
        return Err(Fault::AssertionReplayed.into());
    }
    let reference = Reference::from_random(random::bytes()?);
    let handover = visit.hand_over(connection, &reference, &admitted, false).await?;
    let begin = Begin {
        connection: connection.id().clone(),
        version: connection.version,
        binding: BindingHash::of_ticket(&handover.ticket.hash()),
        destination: relay.destination.clone(),
        test: false,
        show: false,
        again: true,
    };
    let proof = ProofAtOnce {
        attempt,
        proof: Some(proof),
        ticket: Some(handover.ticket.hash()),
        seal: handover.seal,
        email_key: handover.ticket.email_key.clone(),
        confirm: true,
    };
    let login = LoginItem::begin_proven(reference, begin, proof, visit.step(What::Verified), visit.now);
    visit.begin(&login).await?;
    visit.trail.cookies.push(handover.ticket.set_cookie());
    let own_login = relay.login_path(connection.id());
    Ok(Answer::Page(visit.frame().confirm(&login.reference, &admitted.hint(), &own_login, visit.form_action())))
}
