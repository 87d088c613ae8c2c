//! What comes back to the redirect URI, and what its errors mean (WorkOS API reference, "SSO", error codes).

use super::state_of;
use crate::binding::Pending;
use crate::connection::WorkosDocument;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::oidc::{RefusalCode, Response, error_name};

/// What came to the redirect URI.
#[derive(Debug)]
pub enum Callback<'a> {
    /// The answer to a login of this browser.
    Answer {
        /// The login that the response answers.
        login: &'a Pending,
        /// The code, or why there is none.
        code: Result<String, Failure>,
    },
    /// A code without a state: the login began at the identity provider. Nothing in it is believed.
    Unsolicited,
}

impl<'a> Callback<'a> {
    /// Reads the answer, for a browser that holds these logins.
    pub fn read(response: &Response, settings: &WorkosDocument, pending: &'a [Pending]) -> Result<Self, Failure> {
        let Some(state) = &response.state else {
            return match (&response.code, &response.error) {
                (None, None) => Err(response.answers_nothing(pending).into()),
                (Some(_), _) | (_, Some(_)) => code_of(response).map(|_| Self::Unsolicited),
            };
        };
        let login = pending.iter().find(|login| state_of(login, settings) == *state);
        Ok(Self::Answer { login: login.ok_or(RefusalCode::StateUnknown)?, code: code_of(response) })
    }
}

fn code_of(response: &Response) -> Result<String, Failure> {
    match (&response.code, &response.error) {
        (Some(code), None) => Ok(code.clone()),
        (None, Some(error)) => Err(Failure::noted(refused(error), error_name(error))),
        (Some(_), Some(error)) => Err(Failure::noted(Fault::Oidc(RefusalCode::ErrorWithCode), error_name(error))),
        (None, None) => Err(RefusalCode::ResponseEmpty.into()),
    }
}

/// What an `error` of WorkOS's means (WorkOS API reference, "SSO", error codes). Its description is never read.
fn refused(error: &str) -> Fault {
    let code = match error {
        "access_denied" | "signin_consent_denied" => RefusalCode::AccessDenied,
        "ambiguous_connection_selector"
        | "connection_domain_invalid"
        | "connection_invalid"
        | "connection_strategy_invalid"
        | "connection_unlinked"
        | "invalid_connection_selector"
        | "organization_invalid" => RefusalCode::WorkosSetUpWrong,
        "idp_initiated_sso_disabled" => return Fault::IdpInitiatedOff,
        "oauth_failed" | "server_error" => RefusalCode::ProviderFailed,
        "profile_not_allowed_outside_organization" => RefusalCode::WorkosProfileForeign,
        _ => RefusalCode::ErrorUnknown,
    };
    Fault::Oidc(code)
}
