//! `POST /teams/{connection}/session`: proves a Teams token and answers with the address that hands the person over.

use stoa_core::connection::{Connection, Protocol, SigningAlgorithm};
use stoa_core::destination::Destination;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::{Admitted, Verified};
use stoa_core::ids::Reference;
use stoa_core::login::{Begin, LoginItem, State, What, kept_until};
use stoa_core::teams;

use super::token_settings;
use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::flows::login::{Test, check_test, connection};
use crate::flows::proven::hand_over;
use crate::flows::provider_keys::{KeySource, verified_claims};
use crate::incoming::Incoming;
use crate::random;
use crate::store::{TEAMS_JWKS, Written};

/// What Entra signs its access tokens with.
const ALGORITHMS: &[SigningAlgorithm] = &[SigningAlgorithm::Rs256];

/// The flow. The token comes in a form, since it may be too long for a header.
pub(super) async fn session(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    trail.in_teams = true;
    let now = clients.clock.now();
    let id = incoming.connection()?;
    let form = incoming.form()?;
    let test = Test::read(form.get("test").cloned());
    let connection = connection(clients, &id, &test, now).await?;
    trail.connection = Some(id);
    let teams = token_settings(&connection)?;
    check_test(&connection, &test, now)?;
    trail.by_test_link = test.is_by_link();
    let token = form.get("token").ok_or_else(|| Failure::noted(Fault::FormMalformed, "no token"))?;
    let source = KeySource { sk: TEAMS_JWKS, uri: &teams.jwks_uri };
    let claims = verified_claims(clients, &connection, source, token, ALGORITHMS, now).await?;
    let token = teams::check(claims, teams, &clients.environment.public_url, now)?;
    let admitted = Verified::from_teams(&token, &connection)?.admit(&connection)?;
    let destination = form.get("return_to").and_then(|text| Destination::parse(text).ok());
    begin(clients, &connection, &admitted, (destination, &test), trail).await
}

/// Writes 1 and 2 in one: the login begins proven, but without a ticket, so that nothing can launch it yet.
async fn begin(
    clients: &Clients,
    connection: &Connection,
    admitted: &Admitted,
    (to, test): (Option<Destination>, &Test),
    trail: &mut Trail,
) -> Result<Answer, Failure> {
    let now = clients.clock.now();
    let reference = Reference::from_random(random::bytes()?);
    let handover = hand_over(clients, connection, &reference, admitted, test.is_by_link(), now).await?;
    let hint = admitted.email_hint();
    let begin = Begin {
        connection: connection.id().clone(),
        version: connection.version,
        binding: handover.ticket.code_hash(&hint),
        to,
        test: test.is_test(),
        // A login that has ended is begun anew by itself, where there is a login to begin.
        again: matches!(connection.protocol(), Protocol::Teams),
    };
    let step = trail.step(What::Verified, now);
    let mut item = LoginItem::begin(reference.clone(), begin, random::token()?, step, now);
    item.state = State::Verified;
    item.show = test.is_by_link();
    item.sealed = Some(handover.sealed);
    item.seal_key = Some(handover.seal_key);
    item.verified = Some(now.as_second());
    item.who = Some(handover.ticket.email.clone());
    item.ttl = kept_until(now);
    if let Written::Refused(_) = clients.store.begin_login(&item).await? {
        return Err(Failure::noted(Fault::StoreContended, "the reference exists"));
    }
    trail.login = Some(reference);
    let fragment = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &handover.ticket.code())
        .append_pair("hint", &hint)
        .finish();
    let address = format!("{}/teams/{}/continue#{fragment}", clients.environment.public_url, connection.id());
    Ok(Answer::Document { kind: "application/json", text: serde_json::json!({ "continue": address }).to_string() })
}
