//! The probe: a login that the clock makes through the public host, by SAML, as somebody of an identity provider that is
//! the probe itself. It is a test login of a connection of its own, so it gets as far as the page that ends a test, and
//! never to a school.
//!
//! ```text
//! GET /login/probe?test=1 ─► 303, an AuthnRequest, a cookie ─► Begun
//! POST /saml/probe/acs    ─► 303 /launch, a ticket's cookie ─► Proven
//! GET /launch             ─► 200, the page of the test
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use stoa_saml::idp::{IdpDescription, Issue, ResponseTemplate, idp_metadata, parse_redirect_request};
use stoa_saml::metadata::{Binding, SsoEndpoint};
use stoa_saml::{Certificate, SigningKey};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::binding::LOGIN_COOKIE_PREFIX;
use crate::ids::{ConnectionId, Reference, SchoolId};

/// Whom the probe signs in. No mail reaches that domain (RFC 2606 §2).
const DOMAIN: &str = "probe.invalid";
const PERSON: &str = "probe";

/// How far a login got that did not get to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeStep {
    /// The login's beginning.
    Start,
    /// The Response to it.
    Response,
    /// What the ticket opens.
    Launch,
}

impl ProbeStep {
    /// As the log has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Response => "response",
            Self::Launch => "launch",
        }
    }
}

/// Where a login stopped, and what came instead of what was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// At which of its requests.
    pub step: ProbeStep,
    /// What should have come.
    pub wanted: &'static str,
    /// What did. Of its own host, so it is nobody's text; a name of a part, or a status.
    pub got: String,
}

/// What a request was answered, as far as the probe looks at it.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// Where it leads on to.
    pub location: Option<String>,
    /// `Set-Cookie`, each.
    pub cookies: Vec<String>,
    /// Its body, as text.
    pub page: String,
}

impl Answered {
    /// The address that it leads on to, where it does.
    fn onward(&self, step: ProbeStep, wanted: &'static str) -> Result<&str, Stopped> {
        let got = || Stopped { step, wanted, got: format!("status {}", self.status) };
        self.location.as_deref().filter(|_| self.status == 303 || self.status == 302).ok_or_else(got)
    }

    /// What a browser would keep of its cookies: `name=value` each.
    fn kept(&self) -> impl Iterator<Item = &str> {
        let pairs = self.cookies.iter().filter(|cookie| !cookie.contains("Max-Age=0"));
        pairs.filter_map(|cookie| cookie.split(';').next())
    }
}

/// Where the login begins.
pub fn start_url(public_url: &str) -> String {
    format!("{public_url}/login/{}?test=1", ConnectionId::probe())
}

/// Where the Response goes.
pub fn acs_url(public_url: &str) -> String {
    format!("{public_url}/saml/{}/acs", ConnectionId::probe())
}

/// What we are called there. No connection can get another one, and the host can.
const OUR_ENTITY_ID: &str = "urn:stoa:probe";

/// The identity provider that the probe is: its entity id, and the address at which nobody answers.
fn provider(public_url: &str) -> String {
    format!("{public_url}/{}", ConnectionId::probe())
}

/// The file of the probe's connection, and the metadata beside it.
pub fn connection_file(school: &SchoolId, public_url: &str, key: &Certificate) -> (String, String) {
    let id = ConnectionId::probe();
    let text = format!(
        "id = \"{id}\"\ncustomer = \"{id}\"\nschool = \"{school}\"\ndomains = [\"{DOMAIN}\"]\ndiscoverable = false\n\n\
         [subject]\nfrom = \"name_id\"\n\n\
         [saml]\nsp_entity_id = \"{OUR_ENTITY_ID}\"\n\n\
         [attributes]\nemail = \"email\"\nfirst_name = \"first_name\"\nlast_name = \"last_name\"\n"
    );
    let provider = provider(public_url);
    let metadata = idp_metadata(&IdpDescription {
        entity_id: &provider,
        sso: &[SsoEndpoint { binding: Binding::Redirect, location: provider.clone() }],
        signing: std::slice::from_ref(key),
        valid_until: None,
        wants_signed_requests: false,
    });
    (text, metadata)
}

/// A login that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Its reference, for `stoa trace`.
    pub reference: Reference,
    /// The header `Cookie` of the request that follows.
    pub cookie: String,
    request_id: String,
    relay_state: String,
}

impl Begun {
    /// Reads what the login's beginning was answered.
    pub fn read(answered: &Answered, public_url: &str) -> Result<Self, Stopped> {
        let wanted = "an AuthnRequest, and a cookie";
        let stopped = |got: &str| Stopped { step: ProbeStep::Start, wanted, got: got.to_owned() };
        let location = answered.onward(ProbeStep::Start, wanted)?;
        let rest = location.strip_prefix(&provider(public_url));
        let query = rest.and_then(|rest| rest.strip_prefix('?')).ok_or_else(|| stopped("another address"))?;
        let request = parse_redirect_request(query, &[]).map_err(|_| stopped("no AuthnRequest"))?;
        let pairs: Vec<&str> = answered.kept().collect();
        let names = pairs.iter().filter_map(|pair| pair.strip_prefix(LOGIN_COOKIE_PREFIX)?.split('=').next());
        let reference = names.filter_map(|name| Reference::parse(name).ok()).next();
        Ok(Self {
            reference: reference.ok_or_else(|| stopped("no cookie"))?,
            cookie: pairs.join("; "),
            request_id: request.id,
            relay_state: request.relay_state.unwrap_or_default(),
        })
    }

    /// The form that answers it. `random` names the Response, which nobody may have seen before.
    pub fn form(&self, key: &SigningKey, public_url: &str, random: &str, now: Timestamp) -> Result<String, Stopped> {
        let acs = acs_url(public_url);
        let answers = Some(self.request_id.as_str());
        let email = format!("{PERSON}@{DOMAIN}");
        let response =
            ResponseTemplate::pingfederate(random, &provider(public_url), OUR_ENTITY_ID, &acs, answers, PERSON, now)
                .attribute("email", &[&email])
                .attribute("first_name", &["Probe"])
                .attribute("last_name", &["Probe"]);
        // Nothing is encrypted, so nothing random is asked for.
        let xml = response.issue(&Issue::new(key), &mut |_| ()).map_err(|_| Stopped {
            step: ProbeStep::Response,
            wanted: "a signature with the secret probe",
            got: "none".to_owned(),
        })?;
        let mut form = Serializer::new(String::new());
        form.append_pair("SAMLResponse", &STANDARD.encode(&xml));
        form.append_pair("RelayState", &self.relay_state);
        Ok(form.finish())
    }
}

/// A login whose Response was taken.
#[derive(Debug)]
pub struct Proven {
    /// Where the launch is.
    pub url: String,
    /// The header `Cookie` that opens it.
    pub cookie: String,
}

impl Proven {
    /// Reads what the Response was answered.
    pub fn read(answered: &Answered, public_url: &str) -> Result<Self, Stopped> {
        let (step, wanted) = (ProbeStep::Response, "the way to /launch");
        let location = answered.onward(step, wanted)?;
        let stopped = || Stopped { step, wanted, got: "another address".to_owned() };
        let url = Url::parse(public_url).and_then(|host| host.join(location)).map_err(|_| stopped())?;
        if url.path() != "/launch" || !url.as_str().starts_with(public_url) {
            return Err(stopped());
        }
        Ok(Self { url: url.into(), cookie: answered.kept().collect::<Vec<_>>().join("; ") })
    }

    /// Whether the launch ended on the page of this login's test.
    pub fn end(answered: &Answered, reference: &Reference) -> Result<(), Stopped> {
        let is_end = answered.status == 200 && answered.page.contains(&reference.to_string());
        let got = || Stopped {
            step: ProbeStep::Launch,
            wanted: "the page of the test",
            got: format!("status {}", answered.status),
        };
        is_end.then_some(()).ok_or_else(got)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stoa_saml::idp::NewKey;

    use super::*;
    use crate::connection::{Connection, ConnectionState, UrlPolicy};

    const US: &str = "https://sso.example.com";

    fn answered(status: u16, location: Option<&str>, cookies: &[&str]) -> Answered {
        let cookies = cookies.iter().map(|cookie| (*cookie).to_owned()).collect();
        Answered { status, location: location.map(str::to_owned), cookies, page: String::new() }
    }

    #[test]
    fn its_connection_takes_tests_only_whatever_its_state() {
        let (school, key) = (SchoolId::parse("pg-academy").unwrap(), NewKey::generate().unwrap());
        let (text, metadata) = connection_file(&school, US, &key.public);
        let idp = stoa_saml::metadata::parse(metadata.as_bytes(), None, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(idp.signing, [key.public]);
        let idp = format!("[saml.idp]\nentity_id = \"{US}/probe\"\nsso_redirect = \"{US}/probe\"\n[attributes]");
        let document: crate::connection::ConnectionDocument =
            toml::from_str(&text.replace("[attributes]", &idp)).unwrap();
        for (state, as_test) in [
            (ConnectionState::Draft, true),
            (ConnectionState::Tested, true),
            (ConnectionState::Active, true),
            (ConnectionState::Disabled, false),
        ] {
            let connection = Connection::check(document.clone(), 1, state, UrlPolicy::Https).unwrap();
            assert_eq!(
                (connection.takes(false).is_ok(), connection.takes(true).is_ok()),
                (false, as_test),
                "{state:?}"
            );
        }
    }

    #[test]
    fn what_is_not_the_beginning_of_a_login_is_told_apart() {
        let at =
            |status, location, cookies: &[&str]| Begun::read(&answered(status, location, cookies), US).unwrap_err();
        assert_eq!(at(403, None, &[]).got, "status 403");
        assert_eq!(at(200, Some("https://sso.example.com/probe?SAMLRequest=x"), &[]).got, "status 200");
        assert_eq!(at(303, Some("https://elsewhere.example/?SAMLRequest=x"), &[]).got, "another address");
        assert_eq!(at(303, Some("https://sso.example.com/probe?SAMLRequest=x"), &[]).got, "no AuthnRequest");
    }

    #[test]
    fn only_the_launch_of_our_own_host_is_followed() {
        let at =
            |location| Proven::read(&answered(303, Some(location), &["__Host-t-X=1; Path=/", "gone=; Max-Age=0"]), US);
        let proven = at("/launch?login=X").unwrap();
        assert_eq!(
            (proven.url.as_str(), proven.cookie.as_str()),
            ("https://sso.example.com/launch?login=X", "__Host-t-X=1")
        );
        for other in ["/login/probe", "https://elsewhere.example/launch", "//elsewhere.example/launch", "/launch/x"] {
            assert_eq!(at(other).unwrap_err().got, "another address", "{other}");
        }
    }

    #[test]
    fn the_end_is_the_page_of_this_login_s_test() {
        let reference = Reference::from_random([7; 8]);
        let page = |status, page: &str| {
            Proven::end(&Answered { status, page: page.to_owned(), ..Answered::default() }, &reference)
        };
        assert!(page(200, &format!("<dd>{reference}</dd>")).is_ok());
        assert_eq!(page(200, "another page").unwrap_err().step, ProbeStep::Launch);
        assert_eq!(page(403, &reference.to_string()).unwrap_err().got, "status 403");
    }
}
