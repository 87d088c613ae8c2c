//! The Microsoft Teams tab, and the way from it into the browser.
//!
//! ```text
//! in Teams' frame                                       in the browser
//! GET /teams/{connection}                               GET /login/{connection}      (no token: an ordinary login)
//!   └ POST …/session: verify ─► admit ─► seal ─► code ─► GET …/continue#code: "Continue as m…@pg.com?"
//!                                                          └ POST …/continue: code ─► ticket ─► 303 /launch
//! ```
//!
//! In the frame no cookie is set, since browsers would withhold it. The code travels in a fragment, which no server and
//! no log sees; it lasts a minute, and only the POST uses it up.

mod handover;
mod session;

use stoa_core::connection::{Connection, ConnectionState, TeamsDocument};
use stoa_core::destination::Destination;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::pages::TEAMS_JS;
use stoa_core::relay::Relay;

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::flows::login::{Test, check_test, connection, form_action};
use crate::incoming::Incoming;

/// The flow: which of its routes it is, method and path say.
pub async fn teams_session(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    let path: Vec<&str> = incoming.path().split('/').skip(2).collect();
    match (incoming.method(), path.as_slice()) {
        ("GET", ["script.js"]) => Ok(Answer::Script(TEAMS_JS)),
        ("GET", [_connection]) => tab(clients, incoming, trail).await,
        ("POST", [_connection, "session"]) => session::session(clients, incoming, trail).await,
        ("GET", [_connection, "continue"]) => continue_page(clients, incoming, trail).await,
        ("POST", [_connection, "continue"]) => handover::hand_over(clients, incoming, trail).await,
        _ => Err(Failure::noted(Fault::NotFound, incoming.path())),
    }
}

/// The tab's settings; a connection without a tab is unknown to these routes.
fn settings(connection: &Connection) -> Result<&TeamsDocument, Failure> {
    connection.document().teams.as_ref().ok_or_else(|| connection.other_protocol("teams"))
}

/// The same, where a Teams token proves the person.
fn token_settings(connection: &Connection) -> Result<&TeamsDocument, Failure> {
    let teams = settings(connection)?;
    if teams.token { Ok(teams) } else { Err(connection.other_protocol("teams.token")) }
}

/// `GET /teams/{connection}`: the page in Teams' frame. Its faults are seen there too.
async fn tab(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    trail.in_teams = true;
    let now = clients.clock.now();
    let id = incoming.connection()?;
    let test = Test::read(incoming.query("test"));
    let connection = connection(clients, &id, &test, now).await?;
    trail.connection = Some(id);
    let teams = settings(&connection)?;
    check_test(&connection, &test, now)?;
    let destination = incoming.query("return_to").and_then(|text| Destination::parse(&text).ok());
    let mut login = Relay { retries: 0, destination }.login_path(connection.id());
    if let Some(parameter) = test.parameter() {
        let separator = if login.contains('?') { '&' } else { '?' };
        login.push_str(&format!("{separator}test={parameter}"));
    }
    Ok(Answer::Page(trail.frame().teams_tab(teams, &login, &clients.environment.public_url)))
}

/// `GET /teams/{connection}/continue`: the page in the browser. The code is in the fragment, so this reads nothing.
async fn continue_page(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    let id = incoming.connection()?;
    let connection = clients.store.connection(&id, clients.clock.now()).await?;
    trail.connection = Some(id);
    token_settings(&connection)?;
    if connection.state == ConnectionState::Disabled {
        return Err(Fault::ConnectionDisabled.into());
    }
    if incoming.is_framed() {
        return Err(Fault::Framed.into());
    }
    Ok(Answer::Page(trail.frame().teams_continue(incoming.path(), form_action(clients))))
}
