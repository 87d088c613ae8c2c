//! The authorization endpoint: what a request must be, and who signs on.

use std::collections::HashMap;

use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::SET_COOKIE;
use jiff::SignedDuration;

use super::answer::{deny, grant};
use super::client::Client;
use super::defect::Defect;
use super::people::Person;
use super::pkce::Challenge;
use super::product::{PERSONAL_TENANT, Product, Realm};
use super::refuse::{PageReason, page};
use super::state::{Mode, Request, Return, Session};
use super::{Shared, pages};
use crate::web::{cookie, is_repeated, token};

/// A request that is not granted: to the browser, or to the client that has proven where it is.
enum Stop {
    Page(PageReason),
    Redirect(Return, &'static str),
}

/// Answers an authorization request.
pub(super) fn respond(
    shared: &Shared,
    realm: &Realm,
    base: &str,
    headers: &HeaderMap,
    parameters: Vec<(String, String)>,
) -> Response {
    let accepted = accept(shared, realm, &parameters);
    shared.state().requests.push(parameters.into_iter().collect());
    match accepted {
        Ok(request) => authenticate(shared, base, headers, request),
        Err(Stop::Page(reason)) => page(realm.product, reason),
        Err(Stop::Redirect(back, error)) => deny(realm, base, &back, error),
    }
}

/// Client and redirect URI first: only then is there an address to which an error may go.
fn accept(shared: &Shared, realm: &Realm, parameters: &[(String, String)]) -> Result<Request, Stop> {
    if is_repeated(parameters) {
        return Err(Stop::Page(PageReason::RepeatedParameter));
    }
    let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let client = shared.state().client_at(realm, get("client_id").unwrap_or_default()).cloned();
    let client = client.ok_or(Stop::Page(PageReason::UnknownClient))?;
    let redirect_uri = get("redirect_uri")
        .filter(|uri| client.redirect_uris.iter().any(|own| own == uri))
        .ok_or(Stop::Page(PageReason::RedirectUriMismatch))?;
    let mode = mode(get("response_mode"));
    let back = Return {
        redirect_uri: redirect_uri.to_owned(),
        mode: mode.unwrap_or(Mode::Query),
        state: get("state").map(str::to_owned),
    };
    let stop = |error| Stop::Redirect(back.clone(), error);
    check_form(realm.product, &get).map_err(stop)?;
    let scopes = scopes(realm.product, &back, get("scope"))?;
    let challenge = get("code_challenge")
        .map(|text| Challenge::parse(realm.product, text, get("code_challenge_method")).ok_or("invalid_request"))
        .transpose()
        .map_err(stop)?;
    if client.require_pkce && challenge.is_none() {
        return Err(stop("invalid_request"));
    }
    let max_age = get("max_age").map(str::parse::<u32>).transpose().map_err(|_| stop("invalid_request"))?;
    Ok(Request {
        realm: realm.clone(),
        client: client.id,
        prompt: prompt(get("prompt")).map_err(stop)?,
        acr: acr(realm.product, get("acr_values")).map_err(stop)?,
        scopes,
        nonce: get("nonce").map(str::to_owned),
        challenge,
        max_age: max_age.map(i64::from),
        login_hint: get("login_hint").map(str::to_owned),
        back,
    })
}

/// What has to be so in every request.
fn check_form<'a>(product: Product, get: &impl Fn(&str) -> Option<&'a str>) -> Result<(), &'static str> {
    if get("response_mode").is_some() && mode(get("response_mode")).is_none() {
        return Err("invalid_request");
    }
    if get("response_type") != Some("code") {
        return Err(if get("response_type").is_some() { "unsupported_response_type" } else { "invalid_request" });
    }
    if get("request").is_some() {
        return Err("request_not_supported");
    }
    if get("request_uri").is_some() {
        return Err("request_uri_not_supported");
    }
    // Okta wants a state.
    if product == Product::Okta && get("state").is_none_or(str::is_empty) {
        return Err("invalid_request");
    }
    Ok(())
}

fn mode(text: Option<&str>) -> Option<Mode> {
    match text {
        None | Some("query") => Some(Mode::Query),
        Some("fragment") => Some(Mode::Fragment),
        Some("form_post") => Some(Mode::FormPost),
        Some(_) => None,
    }
}

/// The scopes that are asked for: none that is unknown, and `openid` among them where the product insists.
fn scopes(product: Product, back: &Return, text: Option<&str>) -> Result<Vec<String>, Stop> {
    let scopes: Vec<String> = text.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
    let refused = |error| Err(Stop::Redirect(back.clone(), error));
    if scopes.iter().any(|scope| !known_scopes(product).contains(&scope.as_str())) {
        return match product {
            Product::PingFederate | Product::Okta => refused("invalid_scope"),
            // AADSTS650053
            Product::Entra => refused("invalid_client"),
            Product::Google => Err(Stop::Page(PageReason::UnknownScope)),
        };
    }
    match product {
        Product::Okta if scopes.iter().all(|scope| scope != "openid") => refused("invalid_scope"),
        Product::Entra | Product::Google if scopes.is_empty() => Err(Stop::Page(PageReason::NoScope)),
        Product::PingFederate | Product::Entra | Product::Okta | Product::Google => Ok(scopes),
    }
}

fn known_scopes(product: Product) -> &'static [&'static str] {
    match product {
        Product::PingFederate => &["openid", "profile", "email", "groups", "pingid"],
        Product::Entra => &["openid", "profile", "email", "offline_access", "User.Read"],
        Product::Okta => &["openid", "profile", "email", "address", "phone", "groups", "offline_access"],
        Product::Google => &["openid", "profile", "email"],
    }
}

fn prompt(text: Option<&str>) -> Result<Vec<String>, &'static str> {
    let values: Vec<String> = text.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
    let known = ["none", "login", "consent", "select_account"];
    let alone = values.len() == 1 || values.iter().all(|value| value != "none");
    if alone && values.iter().all(|value| known.contains(&value.as_str())) {
        Ok(values)
    } else {
        Err("invalid_request")
    }
}

/// The class that the person will reach. Okta refuses a class that it does not know; Entra and Google have none.
fn acr(product: Product, values: Option<&str>) -> Result<Option<String>, &'static str> {
    let first = values.unwrap_or_default().split_ascii_whitespace().next().map(str::to_owned);
    match product {
        Product::PingFederate => Ok(first),
        Product::Okta => match first.as_deref() {
            None | Some("urn:okta:loa:1fa:any" | "urn:okta:loa:2fa:any" | "phr" | "phrh") => Ok(first),
            Some(_) => Err("invalid_request"),
        },
        Product::Entra | Product::Google => Ok(None),
    }
}

/// By the session, by whom a test chose, or by asking.
fn authenticate(shared: &Shared, base: &str, headers: &HeaderMap, request: Request) -> Response {
    let product = request.realm.product;
    let asks = |what: &str| request.prompt.iter().any(|value| value == what);
    let now = shared.config.clock.now();
    let state = shared.state();
    let session = cookie(headers, product.session_cookie())
        .and_then(|id| state.sessions.get(&id).cloned())
        .filter(|session| session.product == product && !asks("login") && !asks("select_account"))
        .filter(|session| {
            request.max_age.is_none_or(|seconds| now.duration_since(session.at) <= SignedDuration::from_secs(seconds))
        })
        // Who was deactivated has no session any more.
        .filter(|session| state.person(product, &session.login).is_some_and(|person| person.active));
    let chosen = state.always.get(&product).cloned();
    drop(state);
    match (chosen, session) {
        (Some(login), _) => sign_on(shared, base, &request, &login, None),
        (None, Some(session)) => grant(shared, base, &request, &session, None),
        (None, None) if asks("none") => deny(&request.realm, base, &request.back, "login_required"),
        (None, None) => ask(shared, request),
    }
}

fn ask(shared: &Shared, request: Request) -> Response {
    let transaction = token();
    let mut state = shared.state();
    let here = |person: &&Person| person.product == request.realm.product && belongs(&request.realm, person);
    let people: Vec<Person> = state.people.iter().filter(here).cloned().collect();
    let page = pages::sign_on(&transaction, &people, &request);
    state.waiting.insert(transaction, request);
    page.into_response()
}

/// Whether an authority signs this person on.
fn belongs(realm: &Realm, person: &Person) -> bool {
    match (realm.product, realm.tenant.as_str()) {
        (Product::Entra, "common") => true,
        (Product::Entra, "organizations") => person.tenant != PERSONAL_TENANT,
        (Product::Entra, "consumers") => person.tenant == PERSONAL_TENANT,
        (Product::Entra, tenant) => person.tenant == tenant,
        (Product::PingFederate | Product::Okta | Product::Google, _) => true,
    }
}

/// The sign-on page's answer.
pub(super) fn signed_on(shared: &Shared, product: Product, base: &str, fields: &HashMap<String, String>) -> Response {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let waiting = shared.state().waiting.remove(field("transaction"));
    let Some(request) = waiting.filter(|request| request.realm.product == product) else {
        return page(product, PageReason::UnknownTransaction);
    };
    if fields.contains_key("cancel") {
        return deny(&request.realm, base, &request.back, "access_denied");
    }
    sign_on(shared, base, &request, field("username"), Defect::parse(field("defect")))
}

/// Begins a session and answers. Who is deactivated gets none.
fn sign_on(shared: &Shared, base: &str, request: &Request, login: &str, defect: Option<Defect>) -> Response {
    let product = request.realm.product;
    let person = shared.state().person(product, login).filter(|person| person.active).cloned();
    let Some(person) = person else {
        return deny(&request.realm, base, &request.back, "access_denied");
    };
    let consented = |client: &Client| product != Product::Entra || client.tenants.contains(&person.tenant);
    if !belongs(&request.realm, &person) || !shared.state().client(product, &request.client).is_some_and(consented) {
        return page(product, PageReason::ForeignTenant);
    }
    let session = Session { product, login: login.to_owned(), at: shared.config.clock.now() };
    let id = token();
    shared.state().sessions.insert(id.clone(), session.clone());
    let cookie = format!("{}={id}; Path=/; HttpOnly; Secure; SameSite=None", product.session_cookie());
    let mut response = grant(shared, base, request, &session, defect);
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
