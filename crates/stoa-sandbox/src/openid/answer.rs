//! What the browser carries back to the client (OIDC core §3.1.2.5), with the front channel's defects.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Map, Value, json};

use super::client::Algorithm;
use super::defect::{Defect, Stage};
use super::jws::compact;
use super::product::{Product, Realm};
use super::refuse::Refused;
use super::state::{Grant, Mode, Request, Return, Session};
use super::{Shared, pages};
use crate::web::token;

type Parameters = Vec<(&'static str, String)>;

/// An error for the client.
pub(super) fn deny(realm: &Realm, base: &str, back: &Return, error: &'static str) -> Response {
    let mut parameters = vec![("error", error.to_owned()), ("error_description", description(realm.product, error))];
    parameters.extend(closing(realm, base, back));
    let mut response = send(back, &parameters);
    response.extensions_mut().insert(Refused(error));
    response
}

/// A code for the client, or what the defect makes of it.
pub(super) fn grant(
    shared: &Shared,
    base: &str,
    request: &Request,
    session: &Session,
    defect: Option<Defect>,
) -> Response {
    let defect = defect.or_else(|| shared.state().defects.pop_front());
    let mut back = request.back.clone();
    let code = issue_code(shared, request, session, defect);
    let mut parameters: Parameters = vec![("code", code)];
    let front = defect.filter(|defect| defect.stage() == Stage::Answer);
    if let Some(error) = front.and_then(Defect::error) {
        if front != Some(Defect::ErrorWithCode) {
            parameters.clear();
        }
        parameters.push(("error", error.to_owned()));
        parameters.push(("error_description", description(request.realm.product, error)));
    }
    parameters.extend(closing(&request.realm, base, &back));
    match front {
        Some(Defect::HtmlPage) => return pages::maintenance(request.realm.product).into_response(),
        Some(Defect::ModeJwt) => return jwt(shared, request, base, &parameters),
        Some(Defect::ModeFragment) => back.mode = Mode::Fragment,
        Some(Defect::ModeFormPost) => back.mode = Mode::FormPost,
        Some(front) => change(shared, request, front, &mut parameters),
        None => {}
    }
    send(&back, &parameters)
}

fn issue_code(shared: &Shared, request: &Request, session: &Session, defect: Option<Defect>) -> String {
    let code = token();
    let grant = Grant {
        request: request.clone(),
        login: session.login.clone(),
        authenticated_at: session.at,
        issued_at: shared.config.clock.now(),
        defect,
        spent_for: None,
    };
    shared.state().codes.insert(code.clone(), grant);
    code
}

/// `state`, and Google's `iss` (RFC 9207).
fn closing(realm: &Realm, base: &str, back: &Return) -> Parameters {
    let mut parameters: Parameters = back.state.iter().map(|state| ("state", state.clone())).collect();
    match realm.product {
        Product::Google => parameters.push(("iss", realm.issuer(base))),
        Product::Entra => parameters.push(("session_state", token())),
        Product::PingFederate | Product::Okta => {}
    }
    parameters
}

fn change(shared: &Shared, request: &Request, defect: Defect, parameters: &mut Parameters) {
    let mut set = |name: &'static str, value: Option<String>| {
        parameters.retain(|(known, _)| *known != name);
        parameters.extend(value.map(|value| (name, value)));
    };
    match defect {
        Defect::StateMissing => set("state", None),
        Defect::StateOther => set("state", Some(token())),
        Defect::StateTwice => parameters.push(("state", token())),
        Defect::CodeMissing => set("code", None),
        Defect::CodeUnknown => set("code", Some(token())),
        Defect::CodeReplayed => {
            let previous = shared.state().previous_code(&request.client);
            set("code", previous);
        }
        Defect::ResponseIssuerOther => set("iss", Some("https://idp.attacker.example".to_owned())),
        Defect::ResponseIssuerMissing => set("iss", None),
        _ => {}
    }
}

fn send(back: &Return, parameters: &Parameters) -> Response {
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(parameters);
    let encoded = encoded.finish();
    let separator = match back.mode {
        Mode::FormPost => return pages::form_post(&back.redirect_uri, parameters).into_response(),
        Mode::Fragment => '#',
        Mode::Query if back.redirect_uri.contains('?') => '&',
        Mode::Query => '?',
    };
    let location = format!("{}{separator}{encoded}", back.redirect_uri);
    (StatusCode::FOUND, [(LOCATION, location)]).into_response()
}

/// One signed parameter (JARM §2.1).
fn jwt(shared: &Shared, request: &Request, base: &str, parameters: &Parameters) -> Response {
    let product = request.realm.product;
    let mut claims: Map<String, Value> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    claims.insert("iss".to_owned(), json!(request.realm.issuer(base)));
    claims.insert("aud".to_owned(), json!(request.client));
    claims.insert("exp".to_owned(), json!(shared.config.clock.now().as_second() + 600));
    let rotation = shared.state().rotation(product);
    let key = shared.keys.ring(product).current(rotation);
    let header = json!({ "alg": "RS256", "kid": key.kid });
    let signed = compact(&header, &Value::Object(claims), &key.signer, Algorithm::Rs256);
    send(&request.back, &vec![("response", signed.unwrap_or_default())])
}

/// In words that nobody should show to a person unescaped, or at all.
fn description(product: Product, error: &str) -> String {
    match (product, error) {
        (_, "something_else") => "<script>alert('from the provider')</script>".to_owned(),
        (Product::Entra, _) => {
            format!("AADSTS{}: {error}. Trace ID: {} Correlation ID: {}", number(error), token(), token())
        }
        (Product::PingFederate | Product::Okta | Product::Google, _) => format!("The request was refused: {error}"),
    }
}

/// Entra's number for an error of the front channel.
fn number(error: &str) -> u32 {
    match error {
        "access_denied" => 65_004,
        "consent_required" => 65_001,
        "interaction_required" => 50_076,
        "login_required" => 50_058,
        "invalid_client" => 650_053,
        "unsupported_response_type" => 700_051,
        "invalid_request" => 900_144,
        "temporarily_unavailable" => 90_033,
        _ => 50_000,
    }
}
