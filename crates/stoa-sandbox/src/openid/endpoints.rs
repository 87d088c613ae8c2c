//! Which product and which endpoint a request is for; and the journal of them.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CACHE_CONTROL, HOST};
use http::{HeaderMap, Method, StatusCode, Uri};

use super::product::{Endpoint, FOREIGN_TENANT, GLOBEX_TENANT, PERSONAL_TENANT, Product, Realm};
use super::refuse::{PageReason, Refused, page};
use super::state::Call;
use super::{Shared, authorize, discovery, token, user_info};
use crate::web::Cut;

/// Answers everything but `/sandbox`.
pub(super) async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let Some(product) = Product::of_host(host) else { return StatusCode::NOT_FOUND.into_response() };
    let Some((realm, endpoint)) = Realm::find(product, uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let call = Incoming { realm, base: format!("http://{host}"), method, uri: &uri, headers: &headers, body: &body };
    let response = call.answer(&shared, endpoint).await;
    record(&shared, product, endpoint, &response);
    response
}

fn record(shared: &Shared, product: Product, endpoint: Endpoint, response: &Response) {
    let cut = response.extensions().get::<Cut>().is_some();
    let call = Call {
        at: shared.config.clock.now(),
        product,
        endpoint,
        status: (!cut).then(|| response.status().as_u16()),
        error: response.extensions().get::<Refused>().map(|refused| refused.0.to_owned()),
    };
    shared.state().calls.push(call);
}

struct Incoming<'a> {
    realm: Realm,
    base: String,
    method: Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    body: &'a Bytes,
}

impl Incoming<'_> {
    async fn answer(&self, shared: &Shared, endpoint: Endpoint) -> Response {
        if !self.allowed(endpoint) {
            return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, POST")]).into_response();
        }
        if !self.tenant_exists() {
            return page(self.realm.product, PageReason::UnknownTenant);
        }
        let (realm, base) = (&self.realm, self.base.as_str());
        match endpoint {
            Endpoint::Discovery => Json(discovery::document(shared, base, realm)).into_response(),
            Endpoint::Jwks if shared.state().keys_down.contains(&realm.product) => {
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Endpoint::Jwks => ([(CACHE_CONTROL, "max-age=3600")], Json(discovery::jwks(shared, realm))).into_response(),
            Endpoint::Authorize => authorize::respond(shared, realm, base, self.headers, self.parameters()),
            Endpoint::SignOn => {
                authorize::signed_on(shared, realm.product, base, &self.parameters().into_iter().collect())
            }
            Endpoint::Token => token::respond(shared, realm, base, self.headers, self.body).await,
            Endpoint::UserInfo => user_info::respond(shared, realm, base, self.headers).await,
            Endpoint::Attacker => {
                Json(serde_json::json!({ "keys": [shared.keys.attacker.public(realm.product)] })).into_response()
            }
        }
    }

    fn allowed(&self, endpoint: Endpoint) -> bool {
        match endpoint {
            Endpoint::Discovery | Endpoint::Jwks | Endpoint::Attacker => self.method == Method::GET,
            Endpoint::Authorize | Endpoint::UserInfo => self.method == Method::GET || self.method == Method::POST,
            Endpoint::SignOn | Endpoint::Token => self.method == Method::POST,
        }
    }

    fn tenant_exists(&self) -> bool {
        let known = [GLOBEX_TENANT, FOREIGN_TENANT, PERSONAL_TENANT, ""];
        // These have no tenant in their paths: Microsoft Graph's userinfo, the sign-on page's answer, the attacker.
        let without = ["oidc", "signin", "attacker"];
        let tenant = self.realm.tenant.as_str();
        self.realm.is_shared() || known.contains(&tenant) || without.contains(&tenant)
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let encoded =
            if self.method == Method::POST { self.body } else { self.uri.query().unwrap_or_default().as_bytes() };
        url::form_urlencoded::parse(encoded).into_owned().collect()
    }
}
