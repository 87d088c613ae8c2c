//! Discovery documents (OIDC discovery §3), as each product writes them, and key sets.

use serde_json::{Value, json};

use super::Shared;
use super::forge::merged;
use super::product::{Endpoint, Product, Realm};

/// The discovery document of a realm at this address, with what a test has changed in it.
pub(super) fn document(shared: &Shared, base: &str, realm: &Realm) -> Value {
    let changes = shared.state().discovery_changes.get(&realm.product).cloned();
    merged(&described(base, realm), changes.unwrap_or_default())
}

fn described(base: &str, realm: &Realm) -> Value {
    let at = |endpoint| format!("{base}{}", realm.path(endpoint));
    let endpoints = json!({
        "issuer": issuer(base, realm),
        "authorization_endpoint": at(Endpoint::Authorize),
        "token_endpoint": at(Endpoint::Token),
        "userinfo_endpoint": at(Endpoint::UserInfo),
        "jwks_uri": at(Endpoint::Jwks),
    });
    let particular = match realm.product {
        Product::PingFederate => pingfederate(base),
        Product::Entra => entra(base, &realm.tenant),
        Product::Okta => okta(base),
        Product::Google => google(base),
    };
    merged(&endpoints, particular)
}

/// A shared authority does not know whose token it will be.
fn issuer(base: &str, realm: &Realm) -> String {
    if realm.is_shared() {
        Realm { tenant: "{tenantid}".to_owned(), ..realm.clone() }.issuer(base)
    } else {
        realm.issuer(base)
    }
}

/// The key set of a realm.
pub(super) fn jwks(shared: &Shared, realm: &Realm) -> Value {
    let state = shared.state();
    let mut keys = shared.keys.published(realm, state.rotation(realm.product));
    keys.extend(state.extra_keys.get(&realm.product).cloned().unwrap_or_default());
    json!({ "keys": keys })
}

/// The algorithms and methods are what the server can do, not what a client is set up for; `none` among them.
fn pingfederate(base: &str) -> Value {
    let signing = [
        "none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384",
        "PS512",
    ];
    json!({
        "revocation_endpoint": format!("{base}/as/revoke_token.oauth2"),
        "introspection_endpoint": format!("{base}/as/introspect.oauth2"),
        "pushed_authorization_request_endpoint": format!("{base}/as/par.oauth2"),
        "device_authorization_endpoint": format!("{base}/as/device_authz.oauth2"),
        "registration_endpoint": format!("{base}/as/clients.oauth2"),
        "ping_end_session_endpoint": format!("{base}/idp/startSLO.ping"),
        "end_session_endpoint": format!("{base}/idp/init_logout.openid"),
        "scopes_supported": ["openid", "profile", "email", "groups", "pingid"],
        "claims_supported": ["idp", "sub"],
        "response_types_supported": [
            "code", "token", "id_token", "code token", "code id_token", "token id_token", "code token id_token"
        ],
        "response_modes_supported": [
            "fragment", "fragment.jwt", "query", "query.jwt", "form_post", "form_post.jwt", "jwt"
        ],
        "grant_types_supported": ["implicit", "authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": signing,
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "tls_client_auth",
            "none"
        ],
        "token_endpoint_auth_signing_alg_values_supported": &signing[1..],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": false,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": false,
        "prompt_values_supported": ["none", "login", "consent", "create"],
        "code_challenge_methods_supported": ["plain", "S256"],
    })
}

fn entra(base: &str, tenant: &str) -> Value {
    json!({
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "request_uri_parameter_supported": false,
        "device_authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{base}/{tenant}/oauth2/v2.0/logout"),
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
            "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid",
            "ver", "at_hash", "c_hash", "email"
        ],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    })
}

fn okta(base: &str) -> Value {
    json!({
        "registration_endpoint": format!("{base}/oauth2/v1/clients"),
        "introspection_endpoint": format!("{base}/oauth2/v1/introspect"),
        "revocation_endpoint": format!("{base}/oauth2/v1/revoke"),
        "end_session_endpoint": format!("{base}/oauth2/v1/logout"),
        "response_types_supported": [
            "code", "id_token", "code id_token", "code token", "id_token token", "code id_token token"
        ],
        "response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"],
        "grant_types_supported": ["authorization_code", "implicit", "refresh_token", "password"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone", "offline_access", "groups"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"
        ],
        "claims_supported": [
            "iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce", "name", "nickname",
            "preferred_username", "given_name", "middle_name", "family_name", "email", "email_verified", "profile",
            "zoneinfo", "locale", "address", "phone_number", "picture", "website", "gender", "birthdate",
            "updated_at", "at_hash", "c_hash"
        ],
        "code_challenge_methods_supported": ["S256"],
        "request_parameter_supported": true,
        "request_object_signing_alg_values_supported": ["HS256", "RS256", "ES256"],
    })
}

fn google(base: &str) -> Value {
    json!({
        "device_authorization_endpoint": format!("{base}/device/code"),
        "revocation_endpoint": format!("{base}/revoke"),
        "response_types_supported": [
            "code", "token", "id_token", "code token", "code id_token", "token id_token", "code token id_token", "none"
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": [
            "aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "picture",
            "sub"
        ],
        "authorization_response_iss_parameter_supported": true,
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
    })
}
