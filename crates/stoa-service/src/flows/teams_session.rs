//! The Microsoft Teams tab, and the way from it into the browser.
//!
//! ```text
//! in Teams' frame                                       in the browser
//! GET /teams/{connection}                               GET /login/{connection}      (no token: an ordinary login)
//!   └ POST …/session: verify ─► admit ─► seal ─► code ─► GET …/continue#code: "Continue as Mary M. (m…r@pg.com)?"
//!                                                          └ POST …/continue: code ─► ticket ─► 303 /launch
//! ```
//!
//! In the frame no cookie is set, since browsers would withhold it. The code travels in a fragment, which no server and
//! no log sees; it lasts a minute, and only the POST uses it up.

mod redemption;
mod session;

use stoa_core::connection::{Connection, Protocol, TeamsDocument};
use stoa_core::destination::Destination;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::pages::TEAMS_JS;
use stoa_core::relay::Relay;

use crate::flows::begin::Test;
use crate::visit::{Answer, Fresh, Visit};

/// Answers each of the tab's five routes.
pub async fn teams_session(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    match visit.incoming.route_key() {
        "GET /teams/script.js" => Ok(Answer::Script(TEAMS_JS)),
        "GET /teams/{connection}" => tab(visit).await,
        "POST /teams/{connection}/session" => session::session(visit).await,
        "GET /teams/{connection}/continue" => continue_page(visit).await,
        "POST /teams/{connection}/continue" => redemption::redeem_code(visit).await,
        other => Err(Failure::noted(Fault::NotFound, other)),
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
async fn tab(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    visit.trail.in_teams = true;
    let test = Test::read(visit.incoming.query("test"));
    let connection = visit.enter(test.fresh()).await?;
    let teams = settings(&connection)?;
    test.check(&connection, visit.now)?;
    let destination = visit.incoming.query("return_to").and_then(|text| Destination::parse(&text).ok());
    let mut login = Relay::to(destination).login_path(connection.id());
    if let Some(parameter) = test.parameter() {
        let separator = if login.contains('?') { '&' } else { '?' };
        login.push_str(&format!("{separator}test={parameter}"));
    }
    Ok(Answer::Page(visit.frame().teams_tab(teams, &login, visit.public_url())))
}

/// `GET /teams/{connection}/continue`: the page in the browser. The code is in the fragment, so this reads nothing.
async fn continue_page(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    let connection = visit.enter(Fresh::LastMinute).await?;
    token_settings(&connection)?;
    visit.outside_frames()?;
    let own_login = match connection.protocol() {
        Protocol::Saml(_) | Protocol::Oidc(_) | Protocol::Workos(_) => Some(format!("/login/{}", connection.id())),
        Protocol::Teams => None,
    };
    let (action, form_action) = (visit.incoming.path(), visit.form_action());
    Ok(Answer::Page(visit.frame().teams_continue(action, own_login.as_deref(), form_action)))
}
