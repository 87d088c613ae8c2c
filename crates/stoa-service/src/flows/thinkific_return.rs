//! `GET /return` (Thinkific's `error_url`), `GET /sign-out/{connection}`, and every path that no other route takes.

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{Attempt, Reference};
use stoa_core::login::{State, meet_returned};
use stoa_core::quote::quote;
use stoa_core::routes::ROUTES;

use crate::store::{By, Note};
use crate::visit::{Answer, Visit};

/// Answers the way back, the way out, and every path that is nobody's.
pub async fn thinkific_return(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    match visit.incoming.route_key() {
        "GET /return" => returned(visit).await,
        "GET /sign-out/{connection}" => sign_out(visit).await,
        _ => Err(unknown(visit.incoming.path())),
    }
}

/// Nothing is there, or not for this method.
fn unknown(path: &str) -> Failure {
    let known = ROUTES.iter().flat_map(|function| function.routes).any(|route| route.takes(path).is_some());
    if known { Fault::MethodNotAllowed.into() } else { Failure::noted(Fault::NotFound, kind_of(path)) }
}

/// Which kind of path it is. The path itself is not noted: people paste tokens and addresses of their own into it.
fn kind_of(path: &str) -> &'static str {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    match (segments.next(), segments.next_back()) {
        (None, _) => "no path",
        (Some("login"), _) => "below /login",
        (Some("saml"), _) => "below /saml",
        (Some("oidc"), _) => "below /oidc",
        (Some("teams"), _) => "below /teams",
        (Some("launch" | "return"), _) => "below /launch or /return",
        (Some("sign-out"), _) => "below /sign-out",
        (Some(".well-known"), _) => "below /.well-known",
        (Some(first), last) if last.unwrap_or(first).contains('.') => "a file",
        (Some(_), _) => "another path",
    }
}

/// Thinkific refused the token. It may say why in parameters that it does not document; they are noted, not shown.
async fn returned(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    let reference = visit.incoming.query("login").and_then(|text| Reference::parse(&text).ok());
    let reference = reference.ok_or_else(|| Failure::noted(Fault::NotFound, "/return without a login"))?;
    visit.trail.login = Some(reference.clone());
    let launch = visit.incoming.query("launch").and_then(|text| Attempt::parse(&text).ok());
    let launch = launch.ok_or(Fault::LoginUnknown)?;
    let said: Vec<String> = ["kind", "error", "message", "error_description"]
        .iter()
        .filter_map(|name| Some(format!("{name}={}", known_word(&visit.incoming.query(name)?))))
        .collect();
    let failure = Failure::noted(Fault::ThinkificSentBack, &said.join(" "));
    let (step, by) = (visit.failed_step(&failure), By::Launch(&launch));
    let note = Note { reference: &reference, by, from: State::Launched, to: State::Returned, step: &step };
    let login = visit.clients.store.note_step(&note, visit.now).await?;
    let fault = meet_returned(login.as_deref(), &launch);
    if let Some(login) = login.filter(|_| fault != Fault::LoginUnknown) {
        visit.trail.connection = Some(login.connection);
        visit.trail.destination = login.destination;
    }
    Err(Failure { fault, ..failure })
}

/// Free text from outside is reduced to the words that errors are made of.
fn known_word(text: &str) -> &'static str {
    const WORDS: &[&str] = &[
        "expired",
        "signature",
        "iat",
        "exp",
        "jti",
        "email",
        "external_id",
        "first_name",
        "last_name",
        "blank",
        "taken",
        "invalid",
        "disabled",
        "permission",
        "plan",
        "error",
    ];
    let text = quote(text).to_ascii_lowercase();
    WORDS.iter().find(|word| text.contains(**word)).copied().unwrap_or("other")
}

/// Sends the browser to the school's own sign-out. There is no session of ours to end.
async fn sign_out(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    let connection = visit.leave().await?;
    let school = visit.clients.store.school(connection.school()).await?;
    Ok(Answer::Redirect(format!("{}/users/sign_out", school.document.base_url)))
}
