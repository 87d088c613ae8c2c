//! WorkOS's own crate beside ours: what it sends is what we send, and it takes what the simulator answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use stoa_core::binding::Pending;
use stoa_core::connection::{Connection, ConnectionState, Protocol, UrlPolicy};
use stoa_core::ids::Reference;
use stoa_core::workos::{authorization_url, state_of};
use stoa_sandbox::browser::{Browser, Follow};
use stoa_sandbox::workos::{Answer, CONNECTION, Config, ORGANIZATION, WorkOs};
use url::Url;
use workos::helpers::pkce::generate_code_challenge;
use workos::helpers::{SsoAuthorizationUrlParams, SsoPkceCodeExchangeParams};
use workos::models::SSOTokenResponse;
use workos::transport::{HttpRequest, HttpResponse, HttpTransport, TransportError};

const CALLBACK: &str = "http://stoa.localhost:9/oidc/umbrella/callback";
const HINT: &str = "ada+1@umbrella.example";

struct Loopback;

#[async_trait]
impl HttpTransport for Loopback {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut sent = http::Request::new(Full::new(request.body.unwrap_or_default()));
        *sent.method_mut() = request.method;
        *sent.uri_mut() = request.url.parse().map_err(TransportError::other)?;
        *sent.headers_mut() = request.headers;
        let client: legacy::Client<_, Full<Bytes>> = legacy::Client::builder(TokioExecutor::new()).build_http();
        let (parts, body) = client.request(sent).await.map_err(TransportError::other)?.into_parts();
        let body = body.collect().await.map_err(TransportError::other)?.to_bytes();
        Ok(HttpResponse { status: parts.status, headers: parts.headers, body })
    }
}

fn theirs(workos: &WorkOs) -> workos::Client {
    let client = workos::Client::builder().api_key(workos.api_key().expose()).client_id(workos.client_id());
    // By its address, since no resolver of a system need know the name.
    client.base_url(format!("http://{}", workos.address())).max_retries(0).transport(Arc::new(Loopback)).build()
}

fn ours(workos: &WorkOs, selectors: &str) -> Connection {
    let text = format!(
        "id = \"umbrella\"\ncustomer = \"umbrella\"\nschool = \"umbrella\"\ndomains = [\"umbrella.example\"]\n\
         [workos]\nclient_id = \"{}\"\napi_url = \"http://{}\"\n{selectors}",
        workos.client_id(),
        workos.address(),
    );
    Connection::check(toml::from_str(&text).unwrap(), 1, ConnectionState::Active, UrlPolicy::LoopbackToo).unwrap()
}

fn login() -> Pending {
    Pending::begin(Reference::from_random([1; 8]), Timestamp::UNIX_EPOCH, [1; 32])
}

/// Where a request goes, and its parameters.
fn taken_apart(url: &str) -> (String, BTreeMap<String, String>) {
    let url = Url::parse(url).unwrap();
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let parameters: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(parameters.len(), pairs.len(), "one is there twice: {url}");
    (url[..url::Position::AfterPath].to_owned(), parameters)
}

#[tokio::test(flavor = "multi_thread")]
async fn c163_the_request_is_the_one_that_workos_s_own_crate_writes() {
    let workos = WorkOs::start(Config::default()).await.unwrap();
    for (selectors, connection, organization) in [
        (format!("connection = \"{CONNECTION}\""), Some(CONNECTION), None),
        (format!("organization = \"{ORGANIZATION}\""), None, Some(ORGANIZATION)),
    ] {
        let ours = ours(&workos, &selectors);
        let Protocol::Workos(settings) = ours.protocol() else { panic!() };
        for hint in [None, Some(HINT)] {
            let parameters = SsoAuthorizationUrlParams {
                redirect_uri: CALLBACK.to_owned(),
                connection: connection.map(str::to_owned),
                organization: organization.map(str::to_owned),
                login_hint: hint.map(str::to_owned),
                state: Some(state_of(&login(), settings)),
                code_challenge: Some(generate_code_challenge(&login().pkce_verifier())),
                code_challenge_method: Some("S256".to_owned()),
                ..SsoAuthorizationUrlParams::default()
            };
            let theirs = theirs(&workos).sso_helpers().authorization_url(parameters).unwrap();
            let ours = authorization_url(&ours, CALLBACK, &login(), hint).unwrap();
            assert_eq!(taken_apart(&ours), taken_apart(&theirs));
        }
    }
}

/// A code that came by our request, exchanged by their crate.
async fn exchanged(workos: &WorkOs) -> Result<SSOTokenResponse, workos::Error> {
    let url = authorization_url(&ours(workos, &format!("connection = \"{CONNECTION}\"")), CALLBACK, &login(), None);
    let page = Browser::new().following(Follow::Nothing).get(&url.unwrap()).await.unwrap();
    let code = taken_apart(page.header("location").unwrap()).1["code"].clone();
    let parameters = SsoPkceCodeExchangeParams { code, code_verifier: login().pkce_verifier() };
    theirs(workos).sso_helpers().pkce_code_exchange(parameters).await
}

#[tokio::test(flavor = "multi_thread")]
async fn workos_s_own_crate_reads_a_whole_answer_and_no_short_one() {
    let workos = WorkOs::start(Config::default()).await.unwrap();
    workos.register(CALLBACK);
    for (idp_id, email) in [("00u1a", "ada.wong@umbrella.example"), ("00u1b", "wesker@umbrella.example")] {
        workos.sign_on_as(idp_id);
        let profile = exchanged(&workos).await.unwrap().profile;
        assert_eq!((profile.idp_id.as_str(), profile.email.as_str()), (idp_id, email));
        assert_eq!(
            (profile.organization_id.as_deref(), profile.connection_id.as_str()),
            (Some(ORGANIZATION), CONNECTION)
        );
    }
    // Why a login does not go by it.
    workos.answer(Answer::Short);
    assert!(matches!(exchanged(&workos).await, Err(workos::Error::Decode(_))));
}
