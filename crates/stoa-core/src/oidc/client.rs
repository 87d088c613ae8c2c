//! `openidconnect`'s client over our own keys, and the authorization request.

use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreResponseType, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenType,
};
use openidconnect::{
    AuthUrl, AuthenticationContextClass, AuthenticationFlow, ClientId, CsrfToken, EmptyAdditionalClaims,
    EmptyExtraTokenFields, EndpointNotSet, EndpointSet, IssuerUrl, JsonWebKeySet, LoginHint, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse, StandardTokenIntrospectionResponse, TokenUrl,
};

use super::key::{NoEncryption, ProviderKey};
use super::token_answer::TokenAnswer;
use crate::binding::Pending;
use crate::connection::{Connection, Oidc, Prompt};
use crate::failure::Failure;
use crate::fault::Fault;

/// The client of one connection.
pub(super) type Client = openidconnect::Client<
    EmptyAdditionalClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    NoEncryption,
    ProviderKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    TokenAnswer,
    StandardTokenIntrospectionResponse<EmptyExtraTokenFields, CoreTokenType>,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
>;

/// Makes the client. It verifies nothing itself, so it is given no keys.
pub(super) fn client(oidc: &Oidc, redirect_uri: &str) -> Result<Client, Failure> {
    let broken = |_| Failure::noted(Fault::ConfigurationBroken, "one of the provider's addresses");
    let (document, provider) = (oidc.document(), oidc.provider());
    Ok(openidconnect::Client::new(
        ClientId::new(document.client_id.clone()),
        IssuerUrl::new(document.issuer.clone()).map_err(broken)?,
        JsonWebKeySet::default(),
    )
    .set_auth_uri(AuthUrl::new(provider.authorization_endpoint.clone()).map_err(broken)?)
    .set_token_uri(TokenUrl::new(provider.token_endpoint.clone()).map_err(broken)?)
    .set_redirect_uri(RedirectUrl::new(redirect_uri.to_owned()).map_err(broken)?))
}

/// The `state` of a login through a connection: it names the browser's login, the issuer and the client.
pub fn state(oidc: &Oidc, login: &Pending) -> String {
    login.oidc_state(&[&oidc.document().issuer, &oidc.document().client_id])
}

/// Where the browser is sent (OIDC core §3.1.2.1; PKCE by S256, RFC 7636 §4.3).
pub fn authorization_url(
    connection: &Connection,
    redirect_uri: &str,
    login: &Pending,
    login_hint: Option<&str>,
) -> Result<String, Failure> {
    let oidc = connection.oidc()?;
    let settings = oidc.document();
    let client = client(oidc, redirect_uri)?;
    let verifier = PkceCodeVerifier::new(login.pkce_verifier());
    let (state, nonce) = (CsrfToken::new(state(oidc, login)), Nonce::new(login.oidc_nonce()));
    let mut request = client
        .authorize_url(AuthenticationFlow::<CoreResponseType>::AuthorizationCode, || state, || nonce)
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    // The library asks for `openid` by itself.
    for scope in oidc.scopes().iter().filter(|scope| *scope != "openid") {
        request = request.add_scope(Scope::new(scope.clone()));
    }
    for acr in &settings.acr_values {
        request = request.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
    }
    // A token must say when the sign-on was only where `max_age` was sent (OIDC core §2), and `prompt=login` is
    // checked by that.
    let by_prompt = (settings.prompt == Some(Prompt::Login)).then_some(0);
    if let Some(seconds) = settings.max_age.or(by_prompt) {
        request = request.set_max_age(Duration::from_secs(seconds.into()));
    }
    if let Some(prompt) = settings.prompt {
        request = request.add_prompt(match prompt {
            Prompt::Login => CoreAuthPrompt::Login,
            Prompt::SelectAccount => CoreAuthPrompt::SelectAccount,
            Prompt::Consent => CoreAuthPrompt::Consent,
        });
    }
    if let Some(hint) = login_hint {
        request = request.set_login_hint(LoginHint::new(hint.to_owned()));
    }
    for (name, value) in &settings.authorize_parameters {
        request = request.add_extra_param(name, value);
    }
    Ok(request.url().0.into())
}
