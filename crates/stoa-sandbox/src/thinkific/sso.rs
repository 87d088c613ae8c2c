//! Custom JWT SSO, "SSO v2": a token in the address signs a person in.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::SET_COOKIE;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::account::NewUser;
use super::fault::{FaultTarget, Trouble};
use super::journal::{SsoAttempt, SsoRefusal};
use super::pages::SESSION;
use super::school::School;
use super::{ByToken, Config, Conflict, Shared, gate, pages};
use crate::web::{cut, token};

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/api/sso/v2/sso/jwt", get(sign_in))
}

#[derive(Debug, Deserialize)]
struct Parameters {
    jwt: Option<String>,
    return_to: Option<String>,
    error_url: Option<String>,
}

async fn sign_in(State(shared): State<Shared>, Query(parameters): Query<Parameters>) -> Response {
    let trouble = shared.school().next_trouble(|target| *target == FaultTarget::Sso);
    if let Some(Trouble::Delay(wait)) = trouble {
        tokio::time::sleep(wait).await;
    }
    let outcome = match trouble {
        Some(Trouble::Cut) => return cut(),
        Some(Trouble::Status(status)) => return pages::broken(status),
        Some(Trouble::Blocked) => return gate::blocked(),
        Some(Trouble::Unprocessable { .. } | Trouble::RateLimited(_)) => Err(SsoRefusal::Injected),
        Some(Trouble::ApplyThenCut | Trouble::Delay(_)) | None => admit(&shared, parameters.jwt.as_deref()),
    };
    if trouble == Some(Trouble::ApplyThenCut) {
        return cut();
    }
    match outcome {
        Ok(user) => signed_in(&shared, user, parameters.return_to.as_deref()),
        Err(refusal) => refused(&shared.config, &refusal, &parameters),
    }
}

fn admit(shared: &Shared, jwt: Option<&str>) -> Result<u64, SsoRefusal> {
    let now = shared.config.clock.now();
    let mut school = shared.school();
    let verified = jwt.ok_or(SsoRefusal::Missing).and_then(|jwt| verify(&school, jwt));
    let (claims, outcome) = match verified {
        Ok(claims) => {
            let outcome = check(&shared.config, &mut school, &claims, now)
                .and_then(|person| find_or_create(&shared.config, &mut school, person, now));
            (Some(claims), outcome)
        }
        Err(refusal) => (None, Err(refusal)),
    };
    school.attempts.push(SsoAttempt { at: now, outcome: outcome.clone(), claims });
    outcome
}

/// The MAC alone; the key is the API key's characters, not what they might decode to.
fn verify(school: &School, jwt: &str) -> Result<Map<String, Value>, SsoRefusal> {
    let head = jwt.split('.').next().filter(|_| jwt.split('.').count() == 3).ok_or(SsoRefusal::Malformed)?;
    let head = URL_SAFE_NO_PAD.decode(head).map_err(|_| SsoRefusal::Malformed)?;
    let head: Value = serde_json::from_slice(&head).map_err(|_| SsoRefusal::Malformed)?;
    if head.get("alg").and_then(Value::as_str) != Some("HS256") {
        return Err(SsoRefusal::Algorithm);
    }
    // Times are compared by the school's own clock, below.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_secret(school.api_key.expose().as_bytes());
    match jsonwebtoken::decode::<Map<String, Value>>(jwt, &key, &validation) {
        Ok(token) => Ok(token.claims),
        Err(error) if *error.kind() == jsonwebtoken::errors::ErrorKind::InvalidSignature => Err(SsoRefusal::Signature),
        Err(_) => Err(SsoRefusal::Malformed),
    }
}

struct Person {
    email: String,
    first_name: String,
    last_name: String,
    company: Option<String>,
    bio: Option<String>,
    external_id: Option<String>,
}

/// The times, the `jti`, and the claims that must be there. Claims it does not know, `roles` among them, are ignored.
fn check(
    config: &Config,
    school: &mut School,
    claims: &Map<String, Value>,
    now: Timestamp,
) -> Result<Person, SsoRefusal> {
    let seconds = now.as_second();
    let iat = claims.get("iat").and_then(Value::as_i64).ok_or(SsoRefusal::Claim("iat"))?;
    if iat.saturating_sub(seconds) > config.iat_leeway.as_secs() {
        return Err(SsoRefusal::IatInFuture);
    }
    if seconds.saturating_sub(iat) > config.iat_window.as_secs() {
        return Err(SsoRefusal::IatTooOld);
    }
    if time_claim(claims, "exp")?.is_some_and(|exp| exp <= seconds) {
        return Err(SsoRefusal::Expired);
    }
    if time_claim(claims, "nbf")?.is_some_and(|nbf| nbf > seconds) {
        return Err(SsoRefusal::NotYet);
    }
    let person = Person {
        email: required(claims, "email")?,
        first_name: required(claims, "first_name")?,
        last_name: required(claims, "last_name")?,
        company: optional(claims, "company")?,
        bio: optional(claims, "bio")?,
        external_id: optional(claims, "external_id")?,
    };
    if !person.email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.')) {
        return Err(SsoRefusal::Claim("email"));
    }
    spend(config, school, optional(claims, "jti")?, now)?;
    Ok(person)
}

fn time_claim(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, SsoRefusal> {
    claims.get(name).map(|value| value.as_i64().ok_or(SsoRefusal::Claim(name))).transpose()
}

fn required(claims: &Map<String, Value>, name: &'static str) -> Result<String, SsoRefusal> {
    optional(claims, name)?.ok_or(SsoRefusal::Claim(name))
}

fn optional(claims: &Map<String, Value>, name: &'static str) -> Result<Option<String>, SsoRefusal> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Err(SsoRefusal::Claim(name)),
    }
}

fn spend(config: &Config, school: &mut School, jti: Option<String>, now: Timestamp) -> Result<(), SsoRefusal> {
    let Some(jti) = jti else {
        return if config.require_jti { Err(SsoRefusal::Claim("jti")) } else { Ok(()) };
    };
    school.spent_tokens.retain(|_, at| now.duration_since(*at) <= config.iat_window);
    match school.spent_tokens.insert(jti, now) {
        Some(_) if config.spends_tokens => Err(SsoRefusal::Replayed),
        Some(_) | None => Ok(()),
    }
}

/// The account with this e-mail, in any case, else a new one. An external id is bound once and never moves.
fn find_or_create(config: &Config, school: &mut School, mut person: Person, now: Timestamp) -> Result<u64, SsoRefusal> {
    let mut found = school.accounts.by_email(&person.email).map(|user| user.id);
    let owner = person.external_id.as_deref().and_then(|id| school.accounts.by_external_id(id)).map(|user| user.id);
    if let Some(owner) = owner.filter(|owner| Some(*owner) != found) {
        match (config.conflict, found) {
            (Conflict::Refused, _) | (Conflict::Moves, Some(_)) => return Err(SsoRefusal::ExternalIdTaken),
            (Conflict::ExternalId, _) => found = Some(owner),
            (Conflict::Moves, None) => {
                school.change_account(owner, now, |user| user.email.clone_from(&person.email));
                found = Some(owner);
            }
            (Conflict::Address, _) => person.external_id = None,
        }
    }
    let bound = found.and_then(|id| school.accounts.get(id)?.external_id.as_deref());
    if person.external_id.is_some() && bound.is_none() {
        match if found.is_none() { config.new_by_token } else { config.unbound_by_token } {
            ByToken::Binds => {}
            ByToken::Leaves => person.external_id = None,
            ByToken::Refused => return Err(SsoRefusal::NotKnown),
        }
    }
    if bound.zip(person.external_id.as_deref()).is_some_and(|(bound, given)| bound != given) {
        return Err(SsoRefusal::ExternalIdTaken);
    }
    let id = match found {
        Some(id) => id,
        None if school.is_full() => return Err(SsoRefusal::Full),
        None => school.add(NewUser::student(&person.email, &person.first_name, &person.last_name), now),
    };
    let is_new = found.is_none();
    school.change_account(id, now, |user| {
        user.external_id = user.external_id.take().or(person.external_id);
        if is_new || config.login_updates_names {
            user.first_name = person.first_name;
            user.last_name = person.last_name;
            user.company = person.company.or(user.company.take());
            user.bio = person.bio.or(user.bio.take());
        }
        user.sign_ins += 1;
    });
    school.signed_in_as(id, now);
    Ok(id)
}

fn signed_in(shared: &Shared, user: u64, return_to: Option<&str>) -> Response {
    let session = token();
    shared.school().sessions.insert(session.clone(), user);
    let target = return_to.filter(|target| may_return(&shared.config, target)).unwrap_or("/enrollments");
    let cookie = format!("{SESSION}={session}; Path=/; HttpOnly; Secure; SameSite=Lax");
    (http::StatusCode::FOUND, [(SET_COOKIE, cookie), (http::header::LOCATION, target.to_owned())]).into_response()
}

/// A path of the school, or an address on it or on an allowed host.
fn may_return(config: &Config, target: &str) -> bool {
    match Url::parse(target) {
        Ok(url) => {
            let host = url.host_str().unwrap_or_default();
            matches!(url.scheme(), "http" | "https")
                && (host == super::HOST || config.return_hosts.iter().any(|allowed| allowed == host))
        }
        Err(_) => target.starts_with('/') && !target.starts_with("//") && !target.starts_with("/\\"),
    }
}

/// To `error_url`, else to `return_to` without a session and without a word, else Thinkific's own page.
fn refused(config: &Config, refusal: &SsoRefusal, parameters: &Parameters) -> Response {
    let error_url = parameters.error_url.as_deref().filter(|_| config.honors_error_url);
    if let Some(Ok(mut url)) = error_url.map(Url::parse) {
        let mut query = url.query_pairs_mut();
        if let Some(kind) = &config.error_parameters.kind {
            query.append_pair(kind, "error");
        }
        query.append_pair(&config.error_parameters.message, &refusal.to_string());
        drop(query);
        return Redirect::to(url.as_str()).into_response();
    }
    match parameters.return_to.as_deref().filter(|target| may_return(config, target)) {
        Some(target) => Redirect::to(target).into_response(),
        None => pages::sso_error(),
    }
}
