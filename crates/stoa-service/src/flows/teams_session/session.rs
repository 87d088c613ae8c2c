//! `POST /teams/{connection}/session`: proves a Teams token and answers with the address that hands the person over.

use stoa_core::connection::{Connection, Protocol, SigningAlgorithm};
use stoa_core::destination::Destination;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::{Admitted, Verified};
use stoa_core::ids::Reference;
use stoa_core::login::{Begin, LoginItem, ProofAtOnce, What};
use stoa_core::relay::Relay;
use stoa_core::teams;

use super::token_settings;
use crate::ahead::Wanted;
use crate::flows::begin::{Asked, Test};
use crate::flows::provider_keys::verified_claims;
use crate::random;
use crate::store::{KeySet, KeySource};
use crate::visit::{Answer, Visit};

/// What Entra signs its access tokens with.
const ALGORITHMS: &[SigningAlgorithm] = &[SigningAlgorithm::Rs256];

/// The flow. The token comes in a form, since it may be too long for a header.
pub(super) async fn session(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    visit.trail.in_teams = true;
    let form = visit.incoming.form()?;
    let asked = Asked {
        relay: Relay::to(form.get("return_to").and_then(|text| Destination::parse(text).ok())),
        again: false,
        test: Test::read(form.get("test").cloned()),
        login_hint: None,
    };
    visit.ask_ahead(Wanted {
        shared: true,
        jwks: Some((visit.incoming.connection()?, KeySet::Teams)),
        ..Wanted::default()
    });
    let connection = visit.enter(asked.test.fresh()).await?;
    let teams = token_settings(&connection)?;
    asked.test.check(&connection, visit.now)?;
    visit.trail.by_test_link = asked.test.is_by_link();
    let token = form.get("token").ok_or_else(|| Failure::noted(Fault::FormMalformed, "no token"))?;
    let source = KeySource { set: KeySet::Teams, uri: &teams.jwks_uri };
    let claims = verified_claims(visit, &connection, source, token, ALGORITHMS).await?;
    let token = teams::prove(claims, &connection, teams, visit.public_url(), visit.now)?;
    let admitted = Verified::from_teams(&token, &connection)?.admit(&connection)?;
    begin(visit, &connection, &asked, &admitted).await
}

/// Writes 1 and 2 in one: the login begins proven, but without a ticket, so that nothing can launch it yet.
async fn begin(
    visit: &mut Visit<'_>,
    connection: &Connection,
    asked: &Asked,
    admitted: &Admitted,
) -> Result<Answer, Failure> {
    let reference = Reference::from_random(random::bytes()?);
    let handover = visit.hand_over(connection, &reference, admitted, asked.test.is_by_link()).await?;
    let hint = admitted.hint();
    let begin = Begin {
        connection: connection.id().clone(),
        version: connection.version,
        binding: handover.ticket.code_hash(&hint),
        destination: asked.relay.destination.clone(),
        test: asked.test.is_test(),
        show: asked.test.is_by_link(),
        // A login that has ended is begun anew by itself, where there is a login to begin.
        again: matches!(connection.protocol(), Protocol::Teams),
    };
    let proof = ProofAtOnce {
        attempt: random::attempt()?,
        proof: None,
        ticket: None,
        seal: handover.seal,
        email_key: handover.ticket.email_key.clone(),
        confirm: false,
    };
    let login = LoginItem::begin_proven(reference, begin, proof, visit.step(What::Verified), visit.now);
    visit.begin(&login).await?;
    let fragment = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &handover.ticket.code())
        .append_pair("hint", &hint)
        .finish();
    let address = format!("{}/teams/{}/continue#{fragment}", visit.public_url(), connection.id());
    let text = serde_json::json!({ "continue": address }).to_string();
    Ok(Answer::Document { status: 200, kind: "application/json", text })
}
