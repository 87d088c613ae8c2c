//! What is read of a token response (OIDC core §3.1.3.3).

use std::fmt;

use openidconnect::core::{CoreGenderClaim, CoreTokenType};
use openidconnect::{
    AccessToken, EmptyAdditionalClaims, IdToken, OAuth2TokenResponse, RefreshToken, Scope, TokenResponse,
};
use serde::{Deserialize, Serialize};

use super::key::NoEncryption;
use crate::connection::SigningAlgorithm;

/// The members of a token response that are read (OIDC core §3.1.3.3). The ID token stays a text: the library would
/// refuse it for a claim that nobody asks for, and without saying why.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: AccessToken,
    token_type: CoreTokenType,
    #[serde(default)]
    pub(super) id_token: Option<Compact>,
}

/// An ID token as it came.
#[derive(Serialize, Deserialize)]
pub(super) struct Compact(pub(super) String);

impl fmt::Debug for Compact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Compact([redacted])")
    }
}

impl OAuth2TokenResponse for TokenAnswer {
    type TokenType = CoreTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }
    fn token_type(&self) -> &CoreTokenType {
        &self.token_type
    }
    fn expires_in(&self) -> Option<std::time::Duration> {
        None
    }
    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }
    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

impl TokenResponse<EmptyAdditionalClaims, CoreGenderClaim, NoEncryption, SigningAlgorithm> for TokenAnswer {
    fn id_token(&self) -> Option<&IdToken<EmptyAdditionalClaims, CoreGenderClaim, NoEncryption, SigningAlgorithm>> {
        None
    }
}
