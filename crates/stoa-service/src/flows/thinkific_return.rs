//! `GET /return` (Thinkific's `error_url`), `GET /sign-out/{connection}`, and every path that no other route takes.

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::login::State;
use stoa_core::quote::quote;
use stoa_core::routes::{ROUTES, Route};

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::incoming::Incoming;

/// The flow: which of the three it is, the path says.
pub async fn thinkific_return(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    let path = incoming.path();
    if incoming.method() == "GET" && path == "/return" {
        return returned(clients, incoming, trail).await;
    }
    if incoming.method() == "GET"
        && let Some(connection) = path.strip_prefix("/sign-out/")
    {
        return sign_out(clients, connection, trail).await;
    }
    let known = ROUTES.iter().flat_map(|function| function.routes).any(|route| takes_path(route, path));
    Err(if known { Fault::MethodNotAllowed } else { Fault::NotFound }.into())
}

/// Thinkific refused the token. It may say why in parameters that it does not document; they are noted, not shown.
async fn returned(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    let reference = incoming.query("login").and_then(|text| Reference::parse(&text).ok());
    let reference = reference.ok_or(Fault::NotFound)?;
    let said: Vec<String> = ["kind", "error", "message", "error_description"]
        .iter()
        .filter_map(|name| Some(format!("{name}={}", known_word(&incoming.query(name)?))))
        .collect();
    let failure = Failure::noted(Fault::ThinkificSentBack, &said.join(" "));
    trail.login = Some(reference.clone());
    let now = clients.clock.now();
    let step = trail.failed_step(&failure, now);
    let old = clients.store.note_step(&reference, None, State::Launched, State::Returned, &step, now).await?;
    match old {
        Some(login) => {
            trail.connection = Some(login.connection);
            trail.destination = login.to;
        }
        None => return Err(Fault::LoginUnknown.into()),
    }
    Err(failure)
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
async fn sign_out(clients: &Clients, connection: &str, trail: &mut Trail) -> Result<Answer, Failure> {
    let id = ConnectionId::parse(connection).map_err(|_| Failure::noted(Fault::ConnectionUnknown, connection))?;
    let connection = clients.store.connection(&id, clients.clock.now()).await?;
    trail.connection = Some(id);
    let school = clients.store.school(connection.school()).await?;
    Ok(Answer::Redirect(format!("{}/users/sign_out", school.document.base_url)))
}

fn takes_path(route: &Route, path: &str) -> bool {
    match route {
        Route::Default => false,
        Route::On(_, pattern) => {
            let (mut wanted, mut got) = (pattern.split('/'), path.split('/'));
            loop {
                match (wanted.next(), got.next()) {
                    (None, None) => return true,
                    (Some(part), Some(segment))
                        if part == segment || (part.starts_with('{') && !segment.is_empty()) => {}
                    _ => return false,
                }
            }
        }
    }
}
