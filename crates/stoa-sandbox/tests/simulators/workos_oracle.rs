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
use stoa_core::dsync::Signature;
use stoa_core::ids::Reference;
use stoa_core::keys::KeySet;
use stoa_core::workos::{authorization_url, state_of};
use stoa_sandbox::browser::{Browser, Follow};
use stoa_sandbox::workos::{
    Answer, CONNECTION, Config, DIRECTORY, EventDelivery, NewDirectoryUser, ORGANIZATION, WorkOs,
};
use url::Url;
use workos::helpers::pkce::generate_code_challenge;
use workos::helpers::webhook_verification::{WebhookVerifier, compute_webhook_signature};
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

/// What the crate signs, stoa accepts; what the simulator signs, the crate accepts; and what one byte makes of either,
/// neither does.
#[tokio::test]
async fn events_are_signed_as_the_crate_signs_and_verifies_them() {
    let workos = WorkOs::start(Config::default()).await.unwrap();
    workos.hold_events(true);
    let secret = workos.subscribe_events("http://stoa.localhost:9/workos/umbrella/webhook");
    let user = workos.add_directory_user(&NewDirectoryUser::sample("00u1a", "José@umbrella.example"));
    workos.change_directory_user(&user, |user| user.first_name = Some("Zoë \u{1f600}".to_owned()));
    let now = workos.clock().now();
    let keys = format!(r#"{{"keys":[{{"id":"1","from":0,"value":"{secret}"}}]}}"#);
    let keys = KeySet::parse(&keys).unwrap();
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(now.as_millisecond().try_into().unwrap());
    let theirs = WebhookVerifier::new(secret.clone()).with_clock(move || at);
    let ours = |header: &str, body: &str| {
        Signature::read(Some(header)).and_then(|signature| signature.check(&keys, body.as_bytes(), now)).is_ok()
    };
    for delivery in workos.event_deliveries() {
        let body = &delivery.body;
        let time = now.as_millisecond().to_string();
        let signed = [
            EventDelivery::signature(body, &secret, now),
            format!("t={time}, v1={}", compute_webhook_signature(&secret, &time, body)),
        ];
        assert_eq!(signed[0], signed[1]);
        assert!(ours(&signed[0], body) && theirs.verify_payload(&signed[0], body).is_ok());
        // As a program writes JSON that has read it: the crate signs what was sent, and so do we.
        let spaced = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(body).unwrap()).unwrap();
        for altered in [body.replacen("00u1a", "00u1b", 1), format!("{body} "), spaced] {
            assert!(!ours(&signed[0], &altered) && theirs.verify_payload(&signed[0], &altered).is_err(), "{altered}");
        }
        let later = format!("t={}, v1={}", now.as_millisecond() + 1, compute_webhook_signature(&secret, &time, body));
        assert!(!ours(&later, body) && theirs.verify_payload(&later, body).is_err());
    }
}

#[tokio::test]
async fn the_crate_reads_directories_and_events_as_the_simulator_answers_them() {
    use workos::resources::directory_sync::{ListGroupsParams, ListUsersParams};
    use workos::resources::events::ListEventsParams;

    let workos = WorkOs::start(Config::default()).await.unwrap();
    let client = theirs(&workos);
    let leaders = workos.add_directory_group("Leaders");
    for number in 0..3 {
        let user = workos.add_directory_user(&NewDirectoryUser::sample(&format!("idp-{number}"), "a@umbrella.example"));
        if number > 0 {
            workos.add_directory_member(&leaders, &user);
        }
    }
    workos.clock().advance(jiff::SignedDuration::from_secs(60));
    let directory = || Some(DIRECTORY.to_owned());
    let users = ListUsersParams { directory: directory(), limit: Some(2), ..ListUsersParams::default() };
    let page = client.directory_sync().list_users(users.clone()).await.unwrap();
    assert_eq!(page.data.len(), 2);
    let rest = ListUsersParams { after: page.list_metadata.after, ..users };
    let rest = client.directory_sync().list_users(rest).await.unwrap();
    assert_eq!((rest.data.len(), rest.list_metadata.after), (1, None));
    let members = ListUsersParams { group: Some(leaders), ..ListUsersParams::default() };
    assert_eq!(client.directory_sync().list_users(members).await.unwrap().data.len(), 2);
    let groups = ListGroupsParams { directory: directory(), ..ListGroupsParams::default() };
    assert_eq!(client.directory_sync().list_groups(groups).await.unwrap().data[0].name, "Leaders");
    let kinds = stoa_core::dsync::KINDS.iter().map(|kind| (*kind).to_owned()).collect();
    let events = client.events().list_events(ListEventsParams::new(kinds)).await.unwrap();
    assert_eq!(events.data.len(), 6);
}
