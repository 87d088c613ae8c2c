//! `GET /sso/authorize` and what a person sees of it.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use url::Url;

use super::defect::Defect;
use super::organization::Person;
use super::state::{Code, Waiting};
use super::{Shared, pages};
use crate::web::{is_repeated, token};

const AUTHORIZE: &str = "/sso/authorize";
const SIGN_ON: &str = "/sso/sign-on/";

pub(super) fn router() -> Router<Shared> {
    Router::new().route(AUTHORIZE, get(authorize)).route("/sso/sign-on/{transaction}", post(sign_on))
}

pub(super) fn is_for_browsers(path: &str) -> bool {
    path == AUTHORIZE || path.starts_with(SIGN_ON)
}

/// A refusal goes back to the relying party only where it is sure who that is.
async fn authorize(State(shared): State<Shared>, Query(fields): Query<Vec<(String, String)>>) -> Response {
    let field = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    if field("client_id") != Some(shared.config.client_id.as_str()) {
        return pages::error("This is not a valid client ID");
    }
    let redirect_uri = field("redirect_uri").unwrap_or_default();
    if !shared.state().redirect_uris.iter().any(|known| known == redirect_uri) {
        return pages::error("This is not a valid redirect URI");
    }
    let is_plain = field("code_challenge").is_some() && field("code_challenge_method") != Some("S256");
    if is_repeated(&fields) || is_plain || field("response_type") != Some("code") {
        return pages::error("The authorization request is not valid");
    }
    let connection = select(&shared, field("connection"), field("organization"), field("provider"));
    let waiting = Waiting {
        connection: connection.clone().unwrap_or_default(),
        redirect_uri: redirect_uri.to_owned(),
        state: field("state").map(str::to_owned),
        challenge: field("code_challenge").map(str::to_owned),
        login_hint: field("login_hint").map(str::to_owned),
    };
    match connection {
        Ok(_) => ask(&shared, waiting),
        Err(error) => back(&waiting, &[("error", error), ("error_description", "The request could not be completed.")]),
    }
}

/// Which connection is meant: exactly one selector, and exactly one linked connection behind it. The environment has no
/// sign-on by a `provider` of everybody, such as Google's.
fn select(
    shared: &Shared,
    connection: Option<&str>,
    organization: Option<&str>,
    provider: Option<&str>,
) -> Result<String, &'static str> {
    let found = match (connection, organization, provider) {
        (Some(id), None, None) => shared.connection(id).ok_or("connection_invalid")?.1,
        (None, Some(id), None) => {
            let found = shared.config.organizations.iter().find(|own| own.id == id).ok_or("organization_invalid")?;
            match found.connections.as_slice() {
                [] => return Err("organization_invalid"),
                [one] => one,
                _ => return Err("ambiguous_connection_selector"),
            }
        }
        _ => return Err("invalid_connection_selector"),
    };
    if found.active { Ok(found.id.clone()) } else { Err("connection_unlinked") }
}

/// Asks who is there, unless a test has said so.
pub(super) fn ask(shared: &Shared, waiting: Waiting) -> Response {
    let people = people(shared, &waiting);
    let always = shared.state().always.clone();
    if let Some(person) = always.and_then(|idp_id| people.iter().find(|person| person.idp_id == idp_id)) {
        return answer(shared, &waiting, person, None);
    }
    let transaction = token();
    let page = pages::sign_on(&format!("{SIGN_ON}{transaction}"), people, &waiting);
    shared.state().waiting.insert(transaction, waiting);
    page.into_response()
}

fn people<'a>(shared: &'a Shared, waiting: &Waiting) -> &'a [Person] {
    shared.connection(&waiting.connection).map_or(&[], |(organization, _)| &organization.people)
}

async fn sign_on(
    State(shared): State<Shared>,
    Path(transaction): Path<String>,
    Form(fields): Form<HashMap<String, String>>,
) -> Response {
    let Some(waiting) = shared.state().waiting.remove(&transaction) else {
        return pages::error("This sign-in has ended");
    };
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if fields.contains_key("cancel") {
        return back(&waiting, &[("error", "access_denied"), ("error_description", "The person refused.")]);
    }
    match people(&shared, &waiting).iter().find(|person| person.idp_id == field("person")) {
        Some(person) => answer(&shared, &waiting, person, Defect::parse(field("defect"))),
        None => back(&waiting, &[("error", "access_denied"), ("error_description", "Nobody has that name.")]),
    }
}

/// Sends the browser back with a code, or as the defect says.
fn answer(shared: &Shared, waiting: &Waiting, person: &Person, chosen: Option<Defect>) -> Response {
    let defect = chosen.or_else(|| shared.state().defects.pop_front());
    if let Some(error) = defect.and_then(Defect::error) {
        return back(waiting, &[("error", &error), ("error_description", "Chosen in the simulator.")]);
    }
    let code = token();
    let given = Code {
        connection: waiting.connection.clone(),
        idp_id: person.idp_id.clone(),
        challenge: waiting.challenge.clone(),
        defect,
        at: shared.config.clock.now(),
    };
    shared.state().codes.insert(code.clone(), given);
    let state = |state: Option<&str>| Waiting { state: state.map(str::to_owned), ..waiting.clone() };
    let code = ("code", code.as_str());
    match defect {
        Some(Defect::ErrorWithCode) => back(waiting, &[code, ("error", "server_error")]),
        Some(Defect::CodeTwice) => back(waiting, &[code, ("code", "another")]),
        Some(Defect::NoCode) => back(waiting, &[]),
        Some(Defect::NoState) => back(&state(None), &[code]),
        Some(Defect::OtherState) => back(&state(Some("of-another-login")), &[code]),
        _ => back(waiting, &[code]),
    }
}

fn back(waiting: &Waiting, parameters: &[(&str, &str)]) -> Response {
    let Ok(mut url) = Url::parse(&waiting.redirect_uri) else {
        return pages::error("This is not a valid redirect URI");
    };
    url.query_pairs_mut().extend_pairs(parameters).extend_pairs(waiting.state.iter().map(|state| ("state", state)));
    Redirect::to(url.as_str()).into_response()
}
