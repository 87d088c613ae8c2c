//! A live look at a connection's identity provider, as anybody could take: what it publishes, whether its addresses
//! answer, and what time it believes it is. Nothing is written, and no key or secret is used.

use std::time::Duration;

use http::header::{CONTENT_TYPE, DATE};
use http::{Request, Response};
use jiff::Timestamp;
use stoa_core::connection::{ConnectionDocument, OidcDocument, SamlDocument};
use stoa_core::diagnosis::{Known, ProviderProbe, Published, skew_of};
use stoa_core::oidc::{Jwks, MAX_JWKS};
use stoa_core::trust::{MAX_DISCOVERY, MAX_METADATA, discovery_url, read_metadata};
use stoa_saml::metadata::MetadataError;

use super::StackAccess;
use crate::egress::{EgressError, Limits};

/// Somebody waits, and what is slow is as good as down for a browser.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The most that is read of a page that is looked at for its status.
const MAX_PAGE: usize = 256 * 1024;

type Answered = Result<Response<Vec<u8>>, EgressError>;

impl StackAccess {
    /// Looks. `stored` is the key set that the connection trusts.
    pub(super) async fn look_at_provider(
        &self,
        document: &ConnectionDocument,
        stored: Option<&Jwks>,
        now: Timestamp,
    ) -> Known<ProviderProbe> {
        match (&document.saml, &document.oidc) {
            (Some(saml), _) => Known::Seen(self.look_at_saml(saml, now).await),
            (None, Some(oidc)) => Known::Seen(self.look_at_oidc(oidc, stored, now).await),
            (None, None) if document.workos.is_some() => {
                Known::NotAsked("WorkOS says nothing about an organization without its key".to_owned())
            }
            (None, None) => Known::NotAsked("a Teams tab has no identity provider of its own".to_owned()),
        }
    }

    async fn look_at_saml(&self, saml: &SamlDocument, now: Timestamp) -> ProviderProbe {
        let idp = saml.idp.as_ref();
        let sso = idp.and_then(|idp| idp.sso_redirect.as_ref().or(idp.sso_post.as_ref()));
        let metadata = async {
            match &saml.metadata_url {
                Some(url) => Some(self.fetched(url, MAX_METADATA).await),
                None => None,
            }
        };
        let sign_in = async {
            match sso {
                Some(url) => self.fetched(url, MAX_PAGE).await.ok(),
                None => None,
            }
        };
        let (metadata, sign_in) = tokio::join!(metadata, sign_in);
        let skew = sign_in.as_ref().and_then(|answer| ahead(answer, now));
        let skew = skew.or_else(|| metadata.as_ref()?.as_ref().ok().and_then(|answer| ahead(answer, now)));
        let read = metadata.map(|answer| {
            let xml = body_of(answer)?;
            let known = idp.map(|idp| idp.entity_id.as_str());
            let read = match read_metadata(&xml, None, None, now) {
                Err(MetadataError::SeveralIdentityProviders) => read_metadata(&xml, known, None, now),
                read => read,
            };
            let metadata = read.map_err(|error| error.to_string())?;
            let certificates = metadata.signing.iter().map(|key| key.fingerprint().to_owned()).collect();
            Ok(Published { name: metadata.entity_id, certificates, ..Published::default() })
        });
        let (published, unread) = match read {
            None => (None, Some("the connection has no saml.metadata_url".to_owned())),
            Some(Ok(published)) => (Some(published), None),
            Some(Err(why)) => (None, Some(why)),
        };
        let sign_in = sign_in.map(|answer| answer.status().as_u16());
        ProviderProbe { skew, published, unread, sign_in, token_endpoint: None }
    }

    async fn look_at_oidc(&self, oidc: &OidcDocument, stored: Option<&Jwks>, now: Timestamp) -> ProviderProbe {
        let provider = oidc.provider.as_ref();
        let described = discovery_url(oidc);
        let token = async {
            let request = Request::post(&provider?.token_endpoint)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                // Neither client nor code: nothing that could succeed, or count as an attempt of ours.
                .body(b"grant_type=authorization_code".to_vec())
                .ok()?;
            let answer = self.egress.send(request, Limits { timeout: TIMEOUT, max_bytes: MAX_PAGE }).await.ok()?;
            Some(answer.status().as_u16())
        };
        let sign_in = async { self.fetched(&provider?.authorization_endpoint, MAX_PAGE).await.ok() };
        let keys = async {
            let uri = provider.map(|provider| provider.jwks_uri.as_str()).unwrap_or_default();
            self.fetched(uri, MAX_JWKS).await
        };
        let (discovery, keys, token_endpoint, sign_in) =
            tokio::join!(self.fetched(&described, MAX_DISCOVERY), keys, token, sign_in);
        let answers = [discovery.as_ref().ok(), keys.as_ref().ok(), sign_in.as_ref()];
        let skew = answers.into_iter().flatten().find_map(|answer| ahead(answer, now));
        let read = || -> Result<Published, String> {
            let discovery: serde_json::Value = serde_json::from_slice(&body_of(discovery)?)
                .map_err(|_| "the discovery document is not JSON".to_owned())?;
            let member = |name: &str| discovery.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
            let text = String::from_utf8(body_of(keys)?).map_err(|_| "the key set is not text".to_owned())?;
            let keys = Jwks::parse(&text).map_err(|error| format!("the key set: {error}"))?;
            let stored_endpoint = provider.map(|provider| provider.token_endpoint.as_str());
            Ok(Published {
                name: member("issuer").to_owned(),
                certificates: Vec::new(),
                keys_changed: stored.map(|stored| stored.differing(&keys)).unwrap_or_default(),
                token_endpoint_moved: stored_endpoint.is_some_and(|stored| stored != member("token_endpoint")),
            })
        };
        let (published, unread) = match read() {
            Ok(published) => (Some(published), None),
            Err(why) => (None, Some(why)),
        };
        let sign_in = sign_in.map(|answer| answer.status().as_u16());
        ProviderProbe { skew, published, unread, sign_in, token_endpoint }
    }

    async fn fetched(&self, url: &str, max_bytes: usize) -> Answered {
        let request = Request::get(url).body(Vec::new()).map_err(|_| EgressError::Forbidden)?;
        self.egress.send(request, Limits { timeout: TIMEOUT, max_bytes }).await
    }
}

fn ahead(answer: &Response<Vec<u8>>, now: Timestamp) -> Option<i64> {
    skew_of(answer.headers().get(DATE)?.to_str().ok()?, now)
}

/// The body of a good answer, or why there is none.
fn body_of(answer: Answered) -> Result<Vec<u8>, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    match answer.status() {
        http::StatusCode::OK => Ok(answer.into_body()),
        other => Err(format!("the response has status {}", other.as_u16())),
    }
}
