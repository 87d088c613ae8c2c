//! `GET /login/{connection}`: begins a login and sends the browser to the identity provider. `/login` alone finds the
//! connection first.

use std::sync::Arc;

use jiff::Timestamp;
use stoa_core::binding::{MAX_PENDING, Pending, SameSite};
use stoa_core::connection::{Connection, ConnectionState, Protocol, RequestBinding, Saml, UrlPolicy};
use stoa_core::destination::Destination;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::login::{Begin, LoginItem, What};
use stoa_core::oidc::authorization_url;
use stoa_core::relay::Relay;
use stoa_core::workos;
use stoa_saml::AuthnRequest;

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::flows::discovery::discovery;
use crate::flows::saml_keys::signing_key;
use crate::incoming::Incoming;
use crate::random;
use crate::store::Written;

/// The longest hint that is passed on: the longest e-mail address.
const MAX_HINT: usize = 254;

/// The flow.
pub async fn login(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    if incoming.is_prefetch() {
        return Ok(Answer::Nothing);
    }
    if incoming.path() == "/login" {
        return discovery(clients, incoming, trail).await;
    }
    let id = incoming.connection()?;
    let asked = Asked {
        relay: Relay {
            retries: incoming.query("retry").and_then(|text| text.parse().ok()).unwrap_or(0),
            // A destination that is not allowed is no reason to turn somebody away.
            destination: incoming.query("return_to").and_then(|text| Destination::parse(&text).ok()),
        },
        again: incoming.query("again").is_some(),
        test: Test::read(incoming.query("test")),
        login_hint: incoming.query("login_hint").filter(|text| is_hint(text)),
    };
    start(clients, incoming, &id, &asked, trail).await
}

/// Which login is asked for.
pub(super) struct Asked {
    /// Retries so far, and where to.
    pub(super) relay: Relay,
    /// Whether it follows one that had ended.
    pub(super) again: bool,
    /// Whether it is a test.
    pub(super) test: Test,
    /// Who is about to sign in, for identity providers that take a hint. Never stored, never logged.
    pub(super) login_hint: Option<String>,
}

/// Whether a login is a test.
pub(super) enum Test {
    /// It is none.
    No,
    /// `?test=1`: anybody's, with the pages that everybody sees.
    Plain,
    /// `?test=KEY`: an administrator's, with pages that show what arrived.
    Link(String),
}

impl Test {
    /// Reads the parameter `test`.
    pub(super) fn read(parameter: Option<String>) -> Self {
        match parameter {
            None => Self::No,
            Some(text) if text == "1" => Self::Plain,
            Some(key) => Self::Link(key),
        }
    }

    /// The parameter, for an address that carries it on.
    pub(super) fn parameter(&self) -> Option<&str> {
        match self {
            Self::No => None,
            Self::Plain => Some("1"),
            Self::Link(key) => Some(key),
        }
    }

    /// Whether it is one of either kind.
    pub(super) const fn is_test(&self) -> bool {
        match self {
            Self::No => false,
            Self::Plain | Self::Link(_) => true,
        }
    }

    /// Whether its pages show what arrived.
    pub(super) const fn is_by_link(&self) -> bool {
        match self {
            Self::No | Self::Plain => false,
            Self::Link(_) => true,
        }
    }
}

/// A hint has the form of an address or a user principal name. What else comes in that parameter is no hint.
fn is_hint(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    text.len() <= MAX_HINT && text.contains('@') && text.chars().all(plain)
}

/// Begins the login.
pub(super) async fn start(
    clients: &Clients,
    incoming: &Incoming,
    id: &ConnectionId,
    asked: &Asked,
    trail: &mut Trail,
) -> Result<Answer, Failure> {
    let now = clients.clock.now();
    let connection = connection(clients, id, &asked.test, now).await?;
    trail.connection = Some(id.clone());
    trail.destination.clone_from(&asked.relay.destination);
    check_test(&connection, &asked.test, now)?;
    if matches!(connection.protocol(), Protocol::Teams) {
        return Err(Fault::TeamsOnly.into());
    }
    if incoming.is_framed() {
        return Err(Fault::Framed.into());
    }
    let pending = begin(clients, &connection, asked, trail, now).await?;
    set_cookies(&pending, &connection, incoming, trail);
    request(clients, &connection, &pending, asked, trail, now).await
}

/// Whoever follows a test link wants to see the last change, and the link itself may be the last change.
pub(super) async fn connection(
    clients: &Clients,
    id: &ConnectionId,
    test: &Test,
    now: Timestamp,
) -> Result<Arc<Connection>, Failure> {
    match test {
        Test::No | Test::Plain => clients.store.connection(id, now).await,
        Test::Link(_) => clients.store.connection_now(id, now).await,
    }
}

/// Whether the connection's state lets such a login begin, and the link, if it is by one, is open.
pub(super) fn check_test(connection: &Connection, test: &Test, now: Timestamp) -> Result<(), Failure> {
    check_state(connection, test)?;
    check_link(connection, test, now)
}

fn check_state(connection: &Connection, test: &Test) -> Result<(), Failure> {
    match connection.state {
        ConnectionState::Active => Ok(()),
        ConnectionState::Draft | ConnectionState::Tested if test.is_test() => Ok(()),
        ConnectionState::Draft | ConnectionState::Tested => Err(Fault::ConnectionNotActive.into()),
        ConnectionState::Disabled => Err(Fault::ConnectionDisabled.into()),
    }
}

fn check_link(connection: &Connection, test: &Test, now: Timestamp) -> Result<(), Failure> {
    match test {
        Test::No | Test::Plain => Ok(()),
        Test::Link(key) => match &connection.tester {
            Some(tester) if tester.admits(connection.id(), key, now) => Ok(()),
            Some(_) | None => Err(Fault::TestLinkWrong.into()),
        },
    }
}

async fn begin(
    clients: &Clients,
    connection: &Connection,
    asked: &Asked,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Pending, Failure> {
    let reference = Reference::from_random(random::bytes()?);
    let mut pending = Pending::begin(reference.clone(), now, random::bytes()?);
    pending.unverified_tester = asked.test.is_by_link();
    let begin = Begin {
        connection: connection.id().clone(),
        version: connection.version,
        binding: pending.hash(),
        to: asked.relay.destination.clone(),
        test: asked.test.is_test(),
        again: asked.again,
    };
    let mut item = LoginItem::begin(reference.clone(), begin, random::token()?, trail.step(What::Started, now), now);
    item.show = asked.test.is_by_link();
    match clients.store.begin_login(&item).await? {
        Written::Applied => {
            trail.login = Some(reference);
            Ok(pending)
        }
        // 60 random bits met an existing reference: as good as never, and the next try has others.
        Written::Refused(_) => Err(Failure::noted(Fault::StoreContended, "the reference exists")),
    }
}

/// Sets the new login's cookie and drops those of the oldest ones beyond [`MAX_PENDING`].
fn set_cookies(pending: &Pending, connection: &Connection, incoming: &Incoming, trail: &mut Trail) {
    let older = Pending::among(incoming.cookies());
    let same_site = match connection.protocol() {
        Protocol::Saml(_) => SameSite::None,
        Protocol::Oidc(_) | Protocol::Workos(_) | Protocol::Teams => SameSite::Lax,
    };
    trail.cookies.push(pending.set_cookie(same_site));
    trail.cookies.extend(older.iter().skip(MAX_PENDING - 1).map(Pending::drop_cookie));
}

/// Asks the identity provider, as its protocol has it.
async fn request(
    clients: &Clients,
    connection: &Connection,
    pending: &Pending,
    asked: &Asked,
    trail: &Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    match connection.protocol() {
        Protocol::Saml(saml) => saml_request(clients, connection, saml, pending, &asked.relay, trail, now).await,
        Protocol::Workos(_) => {
            let redirect_uri = connection.redirect_uri(&clients.environment.public_url);
            let login_hint = asked.login_hint.as_deref();
            Ok(Answer::Redirect(workos::authorization_url(connection, &redirect_uri, pending, login_hint)?))
        }
        Protocol::Oidc(_) => {
            let redirect_uri = connection.redirect_uri(&clients.environment.public_url);
            let login_hint = asked.login_hint.as_deref();
            Ok(Answer::Redirect(authorization_url(connection, &redirect_uri, pending, login_hint)?))
        }
        Protocol::Teams => Err(connection.other_protocol("saml")),
    }
}

async fn saml_request(
    clients: &Clients,
    connection: &Connection,
    saml: &Saml,
    pending: &Pending,
    relay: &Relay,
    trail: &Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let settings = saml.document();
    let signer = signing_key(clients, connection, now).await?;
    let (id, acs_url) = (pending.saml_request_id(), connection.acs_url(&clients.environment.public_url));
    let request = AuthnRequest {
        id: &id,
        issue_instant: now,
        destination: saml.sso_url(),
        issuer: &settings.sp_entity_id,
        acs_url: &acs_url,
        force_authn: settings.force_authn,
        name_id_format: settings.name_id_format.as_deref(),
        authn_context: &[],
    };
    let relay_state = relay.to_relay_state();
    let failed = || Failure::noted(Fault::SecretBroken, connection.id().as_str());
    match settings.request_binding {
        RequestBinding::Redirect => {
            Ok(Answer::Redirect(request.redirect_url(Some(&relay_state), signer.as_ref()).map_err(|_| failed())?))
        }
        RequestBinding::Post => {
            let form = request.post_form(Some(&relay_state), signer.as_ref()).map_err(|_| failed())?;
            let fields = [("SAMLRequest", form.saml_request.as_str()), ("RelayState", &relay_state)];
            let policy = form_action(clients);
            Ok(Answer::Page(trail.frame().self_posting(&form.action, &fields, policy)))
        }
    }
}

/// Where forms may lead. Chromium holds each redirect after a form against this, and they end at a school.
pub fn form_action(clients: &Clients) -> &'static str {
    match clients.environment.url_policy {
        UrlPolicy::Https => "'self' https:",
        UrlPolicy::LoopbackToo => "'self' https: http:",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_looks_like_an_address_or_is_none() {
        assert!(is_hint("miller.m@pg.com") && is_hint("O'Brien@contoso.onmicrosoft.com"));
        let long = format!("{}@pg.com", "a".repeat(MAX_HINT));
        for other in ["", "miller.m", "a b@pg.com", "a@pg.com\r\nx: y", &long] {
            assert!(!is_hint(other), "{other:?}");
        }
    }
}
