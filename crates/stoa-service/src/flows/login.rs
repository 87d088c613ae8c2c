//! `GET /login/{connection}`: begins a login and sends the browser to the identity provider.

use jiff::Timestamp;
use stoa_core::binding::{MAX_PENDING, Pending, SameSite};
use stoa_core::connection::{Connection, ConnectionState, RequestBinding, UrlPolicy};
use stoa_core::destination::Destination;
use stoa_core::fault::{Failure, Fault};
use stoa_core::ids::Reference;
use stoa_core::login::{Begin, LoginItem};
use stoa_core::relay::Relay;
use stoa_saml::AuthnRequest;

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::flows::saml_keys::signing_key;
use crate::incoming::Incoming;
use crate::random;
use crate::store::Written;

/// The flow.
pub async fn login(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    if incoming.is_prefetch() {
        return Ok(Answer::Nothing);
    }
    let now = clients.clock.now();
    let id = incoming.connection()?;
    let connection = clients.store.connection(&id, now).await?;
    trail.connection = Some(id);
    let test = incoming.query("test").is_some();
    check_state(&connection, test)?;
    if incoming.is_framed() {
        return Err(Fault::Framed.into());
    }
    let relay = Relay {
        retries: incoming.query("retry").and_then(|text| text.parse().ok()).unwrap_or(0),
        // A destination that is not allowed is no reason to turn somebody away.
        destination: incoming.query("return_to").and_then(|text| Destination::parse(&text).ok()),
    };
    trail.destination.clone_from(&relay.destination);
    let again = incoming.query("again").is_some();
    let pending = begin(clients, &connection, &relay, (test, again), trail, now).await?;
    set_cookies(&pending, incoming, trail);
    request(clients, &connection, &pending, &relay, trail, now).await
}

fn check_state(connection: &Connection, test: bool) -> Result<(), Failure> {
    match connection.state {
        ConnectionState::Active => Ok(()),
        ConnectionState::Draft | ConnectionState::Tested if test => Ok(()),
        ConnectionState::Draft | ConnectionState::Tested => Err(Fault::ConnectionNotActive.into()),
        ConnectionState::Disabled => Err(Fault::ConnectionDisabled.into()),
    }
}

async fn begin(
    clients: &Clients,
    connection: &Connection,
    relay: &Relay,
    (test, again): (bool, bool),
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Pending, Failure> {
    let reference = Reference::from_random(random::bytes()?);
    let pending = Pending::begin(reference.clone(), now, random::bytes()?);
    let begin = Begin {
        connection: connection.id().clone(),
        version: connection.version,
        binding: pending.hash(),
        to: relay.destination.clone(),
        test,
        again,
    };
    let item = LoginItem::begin(reference.clone(), begin, random::token()?, trail.step("started", now), now);
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
fn set_cookies(pending: &Pending, incoming: &Incoming, trail: &mut Trail) {
    let older = Pending::among(incoming.cookies());
    trail.cookies.push(pending.set_cookie(SameSite::None));
    trail.cookies.extend(older.iter().skip(MAX_PENDING - 1).map(Pending::drop_cookie));
}

async fn request(
    clients: &Clients,
    connection: &Connection,
    pending: &Pending,
    relay: &Relay,
    trail: &Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let saml = connection.saml()?;
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
