//! Begins a login through a connection that is known, and sends the browser to the identity provider.

use jiff::Timestamp;
use stoa_core::again;
use stoa_core::binding::{MAX_PENDING, Pending, SameSite};
use stoa_core::connection::{Connection, Protocol, RequestBinding};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::login::{Begin, LoginItem, What};
use stoa_core::oidc::authorization_url;
use stoa_core::relay::Relay;
use stoa_core::routes::SecretKind;
use stoa_core::workos;
use stoa_saml::AuthnRequest;

use crate::ahead::Wanted;
use crate::flows::saml_keys::signing_key;
use crate::random;
use crate::secrets::Named;
use crate::visit::{Answer, Fresh, Visit};

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

    /// Whoever follows a test link wants to see the last change, and the link itself may be the last change.
    pub(super) const fn fresh(&self) -> Fresh {
        match self {
            Self::No | Self::Plain => Fresh::LastMinute,
            Self::Link(_) => Fresh::Now,
        }
    }

    /// Whether the connection's state lets such a login begin, and the link, if it is by one, is open.
    pub(super) fn check(&self, connection: &Connection, now: Timestamp) -> Result<(), Failure> {
        connection.takes(self.is_test())?;
        match self {
            Self::No | Self::Plain => Ok(()),
            Self::Link(key) => match &connection.tester {
                Some(tester) if tester.admits(connection.id(), key, now) => Ok(()),
                Some(_) | None => Err(Fault::TestLinkWrong.into()),
            },
        }
    }
}

/// Begins the login.
pub(super) async fn start(visit: &mut Visit<'_>, id: &ConnectionId, asked: &Asked) -> Result<Answer, Failure> {
    visit.trail.destination.clone_from(&asked.relay.destination);
    let connection = visit.enter_through(id, asked.test.fresh()).await?;
    asked.test.check(&connection, visit.now)?;
    if matches!(connection.protocol(), Protocol::Teams) {
        return Err(Fault::TeamsOnly.into());
    }
    visit.outside_frames()?;
    if connection.saml().is_ok_and(|saml| saml.document().sign_requests) {
        // The key that signs the request, while the login is written.
        let own = Some(Named::of(SecretKind::Saml, id));
        visit.ask_ahead(Wanted { own, ..Wanted::default() });
    }
    let pending = begin(visit, &connection, asked).await?;
    set_cookies(visit, &connection, &pending);
    if asked.again {
        visit.trail.cookies.push(again::drop_cookie(id));
    }
    request(visit, &connection, &pending, asked).await
}

async fn begin(visit: &mut Visit<'_>, connection: &Connection, asked: &Asked) -> Result<Pending, Failure> {
    let reference = Reference::from_random(random::bytes()?);
    let mut pending = Pending::begin(reference.clone(), visit.now, random::bytes()?);
    pending.unverified_tester = asked.test.is_by_link();
    let begin = Begin {
        connection: connection.id().clone(),
        version: connection.version,
        binding: pending.hash(),
        destination: asked.relay.destination.clone(),
        test: asked.test.is_test(),
        show: asked.test.is_by_link(),
        again: asked.again,
    };
    let login = LoginItem::begin(reference, begin, random::attempt()?, visit.step(What::Started), visit.now);
    visit.begin(&login).await?;
    Ok(pending)
}

/// Sets the new login's cookie and drops those of the oldest ones beyond [`MAX_PENDING`].
fn set_cookies(visit: &mut Visit<'_>, connection: &Connection, pending: &Pending) {
    let older = visit.pending();
    let same_site = match connection.protocol() {
        Protocol::Saml(_) => SameSite::None,
        Protocol::Oidc(_) | Protocol::Workos(_) | Protocol::Teams => SameSite::Lax,
    };
    visit.trail.cookies.push(pending.set_cookie(same_site));
    visit.trail.cookies.extend(older.iter().skip(MAX_PENDING - 1).map(Pending::drop_cookie));
}

/// Asks the identity provider, as its protocol has it.
async fn request(
    visit: &mut Visit<'_>,
    connection: &Connection,
    pending: &Pending,
    asked: &Asked,
) -> Result<Answer, Failure> {
    let public_url = visit.public_url();
    let redirect_uri = || connection.redirect_uri(public_url);
    let login_hint = asked.login_hint.as_deref();
    match connection.protocol() {
        Protocol::Saml(_) => saml_request(visit, connection, pending, &asked.relay).await,
        Protocol::Workos(_) => {
            Ok(Answer::Redirect(workos::authorization_url(connection, &redirect_uri(), pending, login_hint)?))
        }
        Protocol::Oidc(_) => Ok(Answer::Redirect(authorization_url(connection, &redirect_uri(), pending, login_hint)?)),
        Protocol::Teams => Err(connection.other_protocol("saml")),
    }
}

async fn saml_request(
    visit: &mut Visit<'_>,
    connection: &Connection,
    pending: &Pending,
    relay: &Relay,
) -> Result<Answer, Failure> {
    let saml = connection.saml()?;
    let settings = saml.document();
    let signer = signing_key(visit, connection).await?;
    let (id, acs_url) = (pending.saml_request_id(), connection.acs_url(visit.public_url()));
    let request = AuthnRequest {
        id: &id,
        issue_instant: visit.now,
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
            Ok(Answer::Page(visit.frame().self_posting(&form.action, &fields, visit.form_action())))
        }
    }
}
