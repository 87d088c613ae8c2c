//! The answer to the authorization request: the query of the callback (OIDC core §3.1.2.5, RFC 9207).

use url::form_urlencoded;

use super::RefusalCode;
use crate::binding::Pending;
use crate::connection::{Oidc, TENANT_PLACEHOLDER};
use crate::failure::Failure;
use crate::fault::Fault;

/// The parameters that are read, each at most once. All of it is untrusted.
#[derive(Default)]
pub struct Response {
    /// `code`
    pub code: Option<String>,
    /// `state`
    pub state: Option<String>,
    pub(crate) error: Option<String>,
    issuer: Option<String>,
}

impl Response {
    /// Reads a query. An empty parameter is one that is not there.
    pub fn parse(query: &str) -> Result<Self, Failure> {
        let mut response = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let slot = match &*name {
                "code" => &mut response.code,
                "state" => &mut response.state,
                "error" => &mut response.error,
                "iss" => &mut response.issuer,
                // Response modes that were not asked for: a signed answer (JARM), and tokens past the token endpoint.
                "response" | "id_token" | "access_token" => return Err(malformed(&name)),
                _ => continue,
            };
            if slot.replace(value.into_owned()).is_some() {
                return Err(malformed(&format!("{name} is sent twice")));
            }
        }
        for slot in [&mut response.code, &mut response.state, &mut response.error, &mut response.issuer] {
            *slot = slot.take().filter(|value| !value.is_empty());
        }
        // Printable ASCII (RFC 6749 A.11): a provider takes anything else for a fault of ours, and not of the code.
        if response.code.as_ref().is_some_and(|code| !code.bytes().all(|byte| matches!(byte, b' '..=b'~'))) {
            return Err(malformed("code"));
        }
        Ok(response)
    }

    /// What it means that it has no state, for a browser that holds these logins. Without any, an address without an answer
    /// in it is one that somebody kept or typed; else the answer may have come where no server sees it (a fragment).
    pub fn answers_nothing(&self, pending: &[Pending]) -> RefusalCode {
        let is_empty = self.code.is_none() && self.error.is_none();
        if is_empty && !pending.is_empty() { RefusalCode::ResponseEmpty } else { RefusalCode::StateMissing }
    }

    /// The code, if that is what the provider said and it is the right provider.
    pub fn code_from(&self, oidc: &Oidc) -> Result<&str, Failure> {
        self.check_issuer(oidc)?;
        self.code_or_error()
    }

    /// The code, or what the error means. The error's description is anybody's text and is not read.
    pub fn code_or_error(&self) -> Result<&str, Failure> {
        match (&self.code, &self.error) {
            (Some(_), Some(_)) => Err(RefusalCode::ErrorWithCode.into()),
            (Some(code), None) => Ok(code),
            (None, Some(error)) => Err(error_failure(error)),
            (None, None) => Err(RefusalCode::ResponseEmpty.into()),
        }
    }

    /// RFC 9207 §2.4: byte for byte; for several tenants, that of one of them.
    fn check_issuer(&self, oidc: &Oidc) -> Result<(), Failure> {
        let settings = oidc.document();
        let Some(issuer) = &self.issuer else {
            return if oidc.provider().response_iss { Err(RefusalCode::ResponseIssuerMissing.into()) } else { Ok(()) };
        };
        let of_tenant = |tenant: &String| settings.issuer.replace(TENANT_PLACEHOLDER, tenant) == *issuer;
        if settings.issuer == *issuer || settings.tenants.iter().any(of_tenant) {
            return Ok(());
        }
        Err(Failure::with(Fault::Oidc(RefusalCode::ResponseIssuerWrong), &*settings.issuer, issuer))
    }
}

fn malformed(what: &str) -> Failure {
    Failure::noted(Fault::Oidc(RefusalCode::ResponseMalformed), what)
}

/// RFC 6749 §4.1.2.1, OIDC core §3.1.2.6.
fn error_failure(error: &str) -> Failure {
    let code = match error {
        "access_denied" => RefusalCode::AccessDenied,
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            RefusalCode::InteractionRequired
        }
        "invalid_request"
        | "unauthorized_client"
        | "unsupported_response_type"
        | "invalid_scope"
        | "invalid_request_uri"
        | "invalid_request_object"
        | "request_not_supported"
        | "request_uri_not_supported"
        | "registration_not_supported" => RefusalCode::RequestRefused,
        "server_error" | "temporarily_unavailable" => RefusalCode::ProviderFailed,
        _ => RefusalCode::ErrorUnknown,
    };
    Failure::noted(Fault::Oidc(code), error_name(error))
}

/// What of an `error` may be noted: anything but a name is anybody's text.
pub(crate) fn error_name(error: &str) -> &str {
    let is_name = error.len() <= 64 && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_name { error } else { "not the name of an error" }
}
