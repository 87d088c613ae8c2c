//! PingFederate's endpoints, at its own paths.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Form, Path, Query, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, HOST, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use stoa_saml::idp::{IdpDescription, ReceivedAuthnRequest, idp_metadata, parse_post_request, parse_redirect_request};
use stoa_saml::metadata::{Binding, SsoEndpoint};
use stoa_saml::{Certificate, Refusal};

use super::choice::Choice;
use super::defect::Defect;
use super::partner::SpConnection;
use super::respond::{Denial, Order, Writer};
use super::state::{EventKind, Session, Waiting};
use super::{Published, Reason, Shared, pages};
use crate::web::{cookie, token};

/// The cookie of PingFederate's session.
const SESSION: &str = "PF";
const SSO: &str = "/idp/SSO.saml2";
/// How old a request may be, and how far ahead its clock.
const REQUEST_WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// The formats that the connection's contract fulfils.
const NAME_ID_FORMATS: [&str; 2] =
    ["urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "urn:oasis:names:tc:SAML:2.0:nameid-format:unspecified"];

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(SSO, get(sso_redirect).post(sso_post))
        .route("/idp/startSSO.ping", get(start_by_link).post(start_by_form))
        .route("/idp/{transaction}/resumeSAML20/idp/SSO.ping", post(resume))
        .route("/idp/SLO.saml2", get(no_logout).post(no_logout))
        .route("/idp/startSLO.ping", get(no_logout))
        .route("/pf/federation_metadata.ping", get(metadata))
}

async fn sso_redirect(State(shared): State<Shared>, RawQuery(raw): RawQuery, headers: HeaderMap) -> Response {
    let raw = raw.unwrap_or_default();
    let signed = raw.contains("Signature=");
    received(&shared, &headers, signed, |keys| parse_redirect_request(&raw, keys))
}

async fn sso_post(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Form(fields): Form<HashMap<String, String>>,
) -> Response {
    let message = fields.get("SAMLRequest").map(String::as_str).unwrap_or_default();
    let relay_state = fields.get("RelayState").map(String::as_str);
    let xml = STANDARD.decode(message.split_ascii_whitespace().collect::<String>()).unwrap_or_default();
    let signed = String::from_utf8_lossy(&xml).contains("SignatureValue");
    received(&shared, &headers, signed, |keys| parse_post_request(message, relay_state, keys))
}

/// Reads a request twice: for its sender, then with the sender's keys, where it is signed or must be.
fn received(
    shared: &Shared,
    headers: &HeaderMap,
    signed: bool,
    read: impl Fn(&[Certificate]) -> Result<ReceivedAuthnRequest, Refusal>,
) -> Response {
    let checked = read(&[]).map_err(|_| Reason::BadMessage).and_then(|unverified| {
        let partner = active(shared, &unverified.issuer)?;
        let request = if signed || partner.require_signed_requests {
            if partner.signing.is_empty() {
                return Err(Reason::BadSignature);
            }
            read(&partner.signing).map_err(|_| Reason::BadSignature)?
        } else {
            unverified
        };
        let waiting = accept(shared, headers, &partner, &request)?;
        Ok((request, waiting))
    });
    let (request, waiting) = match checked {
        Ok(accepted) => accepted,
        Err(reason) => return refuse(shared, reason),
    };
    shared.record(EventKind::Requested {
        partner: request.issuer.clone(),
        id: request.id.clone(),
        force_authn: request.force_authn,
        signed: request.signed_by.is_some(),
    });
    authenticate(shared, headers, waiting, request.force_authn)
}

fn active(shared: &Shared, entity_id: &str) -> Result<SpConnection, Reason> {
    let partner = shared.state().partner(entity_id).cloned().ok_or(Reason::UnknownConnection)?;
    if partner.active { Ok(partner) } else { Err(Reason::InactiveConnection) }
}

fn accept(
    shared: &Shared,
    headers: &HeaderMap,
    partner: &SpConnection,
    request: &ReceivedAuthnRequest,
) -> Result<Waiting, Reason> {
    let age = shared.config.clock.now().duration_since(request.issue_instant);
    if age.abs() > REQUEST_WINDOW {
        return Err(Reason::StaleRequest);
    }
    let here = format!("{}{SSO}", base_url(headers));
    if request.destination.as_ref().is_some_and(|destination| *destination != here) {
        return Err(Reason::WrongDestination);
    }
    let acs_url = acs(partner, request.acs_url.as_deref())?;
    let format = request.name_id_format.as_deref();
    Ok(Waiting {
        partner: partner.entity_id.clone(),
        acs_url,
        in_response_to: Some(request.id.clone()),
        authn_context: request.authn_context.first().cloned(),
        relay_state: request.relay_state.clone(),
        // An empty Format is refused too; leaving it out is the way to say "any".
        name_id_policy_refused: format.is_some_and(|format| !NAME_ID_FORMATS.contains(&format)),
    })
}

fn acs(partner: &SpConnection, wanted: Option<&str>) -> Result<String, Reason> {
    let known = match wanted {
        Some(wanted) => partner.acs_urls.iter().find(|url| *url == wanted),
        None => partner.acs_urls.first(),
    };
    known.cloned().ok_or(Reason::UnknownAcs)
}

async fn start_by_link(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(fields): Query<HashMap<String, String>>,
) -> Response {
    start(&shared, &headers, &fields)
}

async fn start_by_form(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Form(fields): Form<HashMap<String, String>>,
) -> Response {
    start(&shared, &headers, &fields)
}

/// IdP-initiated: `TargetResource` becomes the RelayState. `PARTNER` and `TARGET` are its other names.
fn start(shared: &Shared, headers: &HeaderMap, fields: &HashMap<String, String>) -> Response {
    let field = |names: [&str; 2]| names.into_iter().find_map(|name| fields.get(name)).cloned();
    let entity_id = field(["PartnerSpId", "PARTNER"]).unwrap_or_default();
    let waiting = active(shared, &entity_id).and_then(|partner| {
        if !partner.idp_initiated {
            return Err(Reason::IdpInitiatedDisabled);
        }
        Ok(Waiting {
            acs_url: acs(&partner, None)?,
            partner: partner.entity_id,
            in_response_to: None,
            authn_context: None,
            relay_state: field(["TargetResource", "TARGET"]),
            name_id_policy_refused: false,
        })
    });
    match waiting {
        Ok(waiting) => authenticate(shared, headers, waiting, false),
        Err(reason) => refuse(shared, reason),
    }
}

/// By the session, by whom a test chose, or by asking.
fn authenticate(shared: &Shared, headers: &HeaderMap, waiting: Waiting, again: bool) -> Response {
    if waiting.name_id_policy_refused {
        return deny(shared, &waiting, Denial::NameIdPolicy);
    }
    let state = shared.state();
    // Who was deactivated has no session any more.
    let session = cookie(headers, SESSION)
        .and_then(|id| state.sessions.get(&id).cloned())
        .filter(|session| !again && state.person(&session.login).is_some_and(|person| person.active));
    let chosen = state.always.clone();
    drop(state);
    match (chosen, session) {
        (Some(login), _) => sign_on(shared, &waiting, &login, Choice::default()),
        (None, Some(session)) => respond(shared, &waiting, &session, Choice::default()),
        (None, None) => {
            let transaction = token();
            let mut state = shared.state();
            let page = pages::sign_on(&transaction, &state.people, &waiting);
            state.waiting.insert(transaction, waiting);
            page.into_response()
        }
    }
}

/// The sign-on page's answer. `defect` and the rest are the simulator's own fields.
async fn resume(
    State(shared): State<Shared>,
    Path(transaction): Path<String>,
    Form(fields): Form<HashMap<String, String>>,
) -> Response {
    let Some(waiting) = shared.state().waiting.remove(&transaction) else {
        return refuse(&shared, Reason::UnknownTransaction);
    };
    if fields.contains_key("pf.cancel") {
        return deny(&shared, &waiting, Denial::NotAuthenticated);
    }
    let login = fields.get("pf.username").map(String::as_str).unwrap_or_default();
    sign_on(&shared, &waiting, login, Choice::of(&fields))
}

/// Begins a session and answers. Who is deactivated gets none.
fn sign_on(shared: &Shared, waiting: &Waiting, login: &str, choice: Choice) -> Response {
    let known = shared.state().person(login).is_some_and(|person| person.active);
    if !known {
        return deny(shared, waiting, Denial::NotAuthenticated);
    }
    let session = Session { login: login.to_owned(), at: shared.config.clock.now() };
    let id = token();
    shared.state().sessions.insert(id.clone(), session.clone());
    let cookie = format!("{SESSION}={id}; Path=/; HttpOnly; Secure; SameSite=None");
    ([(SET_COOKIE, cookie)], respond(shared, waiting, &session, choice)).into_response()
}

fn respond(shared: &Shared, waiting: &Waiting, session: &Session, choice: Choice) -> Response {
    let mut state = shared.state();
    let defect = choice.defect.or_else(|| state.defects.pop_front());
    let choice = Choice { defect, ..choice };
    let (partner, person) = (state.partner(&waiting.partner).cloned(), state.person(&session.login).cloned());
    let (Some(partner), Some(person)) = (partner, person) else {
        drop(state);
        return refuse(shared, Reason::UnknownConnection);
    };
    let previous = state.previous.get(&partner.entity_id).cloned();
    drop(state);
    let written = match (defect, previous) {
        (Some(Defect::ReplayPrevious), Some(previous)) => Ok(previous),
        _ => writer(shared).login(&partner, &person, &order(waiting, &partner, session.at, choice)),
    };
    let Ok(xml) = written else { return refuse(shared, Reason::Internal) };
    shared.record(EventKind::Issued { partner: partner.entity_id.clone(), login: Some(person.login), defect });
    shared.state().previous.insert(partner.entity_id, xml.clone());
    if defect == Some(Defect::HtmlPage) {
        return pages::maintenance().into_response();
    }
    pages::auto_post(&waiting.acs_url, &STANDARD.encode(xml), waiting.relay_state.as_deref()).into_response()
}

fn deny(shared: &Shared, waiting: &Waiting, why: Denial) -> Response {
    let Some(partner) = shared.state().partner(&waiting.partner).cloned() else {
        return refuse(shared, Reason::UnknownConnection);
    };
    let order = order(waiting, &partner, shared.config.clock.now(), Choice::default());
    let Ok(xml) = writer(shared).denial(&partner, &order, why) else { return refuse(shared, Reason::Internal) };
    shared.record(EventKind::Issued { partner: partner.entity_id, login: None, defect: None });
    pages::auto_post(&waiting.acs_url, &STANDARD.encode(xml), waiting.relay_state.as_deref()).into_response()
}

fn order(waiting: &Waiting, partner: &SpConnection, at: Timestamp, choice: Choice) -> Order {
    Order {
        acs_url: waiting.acs_url.clone(),
        in_response_to: waiting.in_response_to.clone(),
        authn_context: waiting.authn_context.clone(),
        authenticated_at: at,
        defect: choice.defect,
        sign: choice.sign.unwrap_or(partner.sign),
        encrypt: choice.encrypt.or(partner.encrypt),
    }
}

fn writer(shared: &Shared) -> Writer<'_> {
    Writer {
        entity_id: &shared.config.entity_id,
        keys: &shared.keys,
        rotation: shared.state().rotation,
        now: shared.config.clock.now(),
    }
}

async fn metadata(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(fields): Query<HashMap<String, String>>,
) -> Response {
    let instead = shared.state().published.clone();
    match instead {
        Some(Published::Text(xml)) => return ([(CONTENT_TYPE, "application/samlmetadata+xml")], xml).into_response(),
        Some(Published::Status(status)) => return StatusCode::from_u16(status).unwrap_or_default().into_response(),
        None => {}
    }
    match metadata_for(&shared, &base_url(&headers), fields.get("PartnerSpId").map(String::as_str)) {
        Ok(xml) => ([(CONTENT_TYPE, "application/samlmetadata+xml")], xml).into_response(),
        Err(reason) => refuse(&shared, reason),
    }
}

/// With a partner, the certificates of its connection; without, the server's default one, which signs nothing here.
pub(super) fn metadata_for(shared: &Shared, base_url: &str, partner: Option<&str>) -> Result<String, Reason> {
    let signing = match partner {
        Some(partner) => {
            active(shared, partner)?;
            shared.keys.published(shared.state().rotation)
        }
        None => vec![shared.keys.server_default.clone()],
    };
    let location = format!("{base_url}{SSO}");
    let sso = [Binding::Redirect, Binding::Post].map(|binding| SsoEndpoint { binding, location: location.clone() });
    Ok(idp_metadata(&IdpDescription {
        entity_id: &shared.config.entity_id,
        sso: &sso,
        signing: &signing,
        valid_until: None,
        wants_signed_requests: false,
    }))
}

async fn no_logout(State(shared): State<Shared>) -> Response {
    refuse(&shared, Reason::NoLogout)
}

fn refuse(shared: &Shared, reason: Reason) -> Response {
    shared.record(EventKind::Refused { reason });
    pages::error(reason).into_response()
}

/// The address it was called by, as PingFederate's base URL is the one its clients know.
fn base_url(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or(super::HOST);
    format!("http://{host}")
}
