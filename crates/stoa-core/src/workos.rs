//! WorkOS SSO: what comes back to the redirect URI, and what a profile says (WorkOS API reference, "SSO").
//!
//! WorkOS has verified the identity provider's answer. Its profile is believed because it came from the token endpoint
//! by TLS, in exchange for a code that only the login of this browser could redeem (PKCE).

use serde_json::{Map, Value};

use crate::binding::Pending;
use crate::connection::{Connection, Protocol, WorkosDocument};
use crate::fault::{Failure, Fault};
use crate::identity::Verified;
use crate::oidc::{RefusalCode, Response, attributes, error_name};

/// What stands before the name of an attribute that the WorkOS environment maps beyond the usual ones, so that no
/// mapping can take the place of a field of the profile.
pub const CUSTOM_PREFIX: &str = "custom.";

/// What came to the redirect URI.
#[derive(Debug)]
pub enum Callback<'a> {
    /// The answer to a login of this browser.
    Answer {
        /// The login.
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
        let Some(state) = &response.state else { return code_of(response).map(|_| Self::Unsolicited) };
        let login = pending.iter().find(|login| state_of(login, settings) == *state);
        Ok(Self::Answer { login: login.ok_or(RefusalCode::StateUnknown)?, code: code_of(response) })
    }
}

/// The `state` of a login, bound to whose people are asked for.
pub fn state_of(login: &Pending, settings: &WorkosDocument) -> String {
    let selectors = [&settings.organization, &settings.connection].map(|id| id.as_deref().unwrap_or_default());
    login.oidc_state(&[&settings.api_url, &settings.client_id, selectors[0], selectors[1]])
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

/// What a refusal of the token endpoint means (RFC 6749 §5.2).
pub fn exchange_refused(status: u16, error: Option<&str>) -> Failure {
    let code = match (status, error) {
        (408 | 429 | 500.., _) => RefusalCode::TokenEndpointUnavailable,
        (400.., Some("invalid_grant")) => RefusalCode::CodeRefused,
        (400.., Some("invalid_client" | "unauthorized_client")) | (401, _) => RefusalCode::ClientRefused,
        (400.., _) => RefusalCode::TokenRequestRefused,
        (..400, _) => RefusalCode::TokenAnswerStrange,
    };
    let error = error.map(error_name).unwrap_or_default();
    Failure::noted(Fault::Oidc(code), format!("status {status} {error}").trim_end())
}

/// Whom the token endpoint named in exchange for the code of a login.
pub struct Profile(Map<String, Value>);

impl Profile {
    /// Takes the `profile` of an answer of the token endpoint. Nothing else may be handed in.
    pub fn from_token_answer(profile: Map<String, Value>) -> Self {
        Self(profile)
    }

    /// Whether it is of the connection's organization and connection is checked first: the domain of an address says
    /// nothing about whose people they are.
    pub fn verify(self, connection: &Connection) -> Result<Verified, Failure> {
        let Protocol::Workos(settings) = connection.protocol() else {
            return Err(connection.other_protocol("workos"));
        };
        self.check("organization_id", settings.organization.as_deref())?;
        self.check("connection_id", settings.connection.as_deref())?;
        Verified::from_claims(self.into_claims(), connection)
    }

    fn check(&self, field: &str, wanted: Option<&str>) -> Result<(), Failure> {
        let got = self.0.get(field).and_then(Value::as_str).unwrap_or_default();
        match wanted {
            Some(wanted) if wanted != got => {
                Err(Failure::with(Fault::Oidc(RefusalCode::WorkosProfileForeign), wanted, got))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn into_claims(self) -> Vec<(String, Vec<String>)> {
        // Of the objects only this one: `raw_attributes` is whatever the identity provider sent.
        let custom = self.0.get("custom_attributes").and_then(Value::as_object).map(attributes).unwrap_or_default();
        let custom = custom.into_iter().map(|(name, values)| (format!("{CUSTOM_PREFIX}{name}"), values));
        attributes(&self.0).into_iter().chain(custom).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::connection::{ConnectionDocument, ConnectionState, UrlPolicy};
    use crate::ids::Reference;

    fn connection(settings: &str) -> Connection {
        let text = format!(
            "id = \"umbrella\"\ncustomer = \"umbrella\"\nschool = \"umbrella\"\ndomains = [\"umbrella.example\"]\n{settings}"
        );
        let document: ConnectionDocument = toml::from_str(&text).unwrap();
        Connection::check(document, 1, ConnectionState::Active, UrlPolicy::Https).unwrap()
    }

    fn ours() -> Connection {
        connection("[workos]\nclient_id = \"client_1\"\norganization = \"org_1\"\nconnection = \"conn_1\"")
    }

    fn profile(change: impl FnOnce(&mut Value)) -> Profile {
        let mut profile = json!({
            "object": "profile", "id": "prof_1", "connection_id": "conn_1", "connection_type": "OktaSAML",
            "organization_id": "org_1", "idp_id": "00u1", "email": "ada@umbrella.example", "name": "Ada Wong",
            "first_name": "Ada", "last_name": "Wong", "role": {"slug": "admin"}, "roles": [{"slug": "admin"}],
            "groups": ["a", "b"], "custom_attributes": {"employee": 7, "email": "evil@umbrella.example", "deep": {"x": 1}},
            "raw_attributes": {"email": "evil@umbrella.example"},
        });
        change(&mut profile);
        let Value::Object(profile) = profile else { panic!() };
        Profile::from_token_answer(profile)
    }

    fn fault<T>(result: Result<T, Failure>) -> &'static str {
        result.err().map_or("none", |failure| failure.fault.code())
    }

    fn pending() -> Vec<Pending> {
        vec![Pending::begin(Reference::from_random([1; 8]), jiff::Timestamp::UNIX_EPOCH, [1; 32])]
    }

    fn answered(query: &str) -> &'static str {
        let (pending, connection) = (pending(), ours());
        let Protocol::Workos(settings) = connection.protocol() else { panic!() };
        let state = state_of(&pending[0], settings);
        let response = Response::parse(&query.replace("OURS", &state));
        match response.and_then(|response| Callback::read(&response, settings, &pending)) {
            Ok(Callback::Answer { code: Ok(_), .. }) => "code",
            Ok(Callback::Answer { code: Err(failure), .. }) | Err(failure) => failure.fault.code(),
            Ok(Callback::Unsolicited) => "unsolicited",
        }
    }

    #[test]
    fn an_answer_is_to_a_login_of_this_browser_or_to_none() {
        for (query, wanted) in [
            ("code=x&state=OURS", "code"),
            ("code=x", "unsolicited"),
            ("code=x&state=other", "oidc_state_unknown"),
            ("code=x&code=y&state=OURS", "oidc_response_malformed"),
            ("code=x&state=OURS&state=OURS", "oidc_response_malformed"),
            ("code=x&error=server_error&state=OURS", "oidc_error_with_code"),
            ("code=&state=OURS", "oidc_response_empty"),
            ("state=OURS", "oidc_response_empty"),
            ("", "oidc_response_empty"),
            ("error=access_denied", "oidc_access_denied"),
        ] {
            assert_eq!(answered(query), wanted, "{query}");
        }
    }

    #[test]
    fn each_error_of_workos_has_its_fault() {
        for (error, wanted) in [
            ("access_denied", "oidc_access_denied"),
            ("ambiguous_connection_selector", "workos_set_up_wrong"),
            ("connection_domain_invalid", "workos_set_up_wrong"),
            ("connection_invalid", "workos_set_up_wrong"),
            ("connection_strategy_invalid", "workos_set_up_wrong"),
            ("connection_unlinked", "workos_set_up_wrong"),
            ("idp_initiated_sso_disabled", "idp_initiated_off"),
            ("invalid_connection_selector", "workos_set_up_wrong"),
            ("organization_invalid", "workos_set_up_wrong"),
            ("oauth_failed", "oidc_provider_failed"),
            ("profile_not_allowed_outside_organization", "workos_profile_foreign"),
            ("server_error", "oidc_provider_failed"),
            ("signin_consent_denied", "oidc_access_denied"),
            ("Access_Denied", "oidc_error_unknown"),
        ] {
            assert_eq!(answered(&format!("error={error}&error_description=x&state=OURS")), wanted, "{error}");
        }
    }

    #[test]
    fn each_refusal_of_the_token_endpoint_has_its_fault() {
        for (status, error, wanted) in [
            (400, Some("invalid_grant"), "oidc_code_refused"),
            (400, Some("invalid_client"), "oidc_client_refused"),
            (400, Some("unauthorized_client"), "oidc_client_refused"),
            (401, None, "oidc_client_refused"),
            (400, Some("unsupported_grant_type"), "oidc_token_request_refused"),
            (422, Some("invalid_request_parameters"), "oidc_token_request_refused"),
            (429, Some("invalid_grant"), "oidc_token_endpoint_unavailable"),
            (500, None, "oidc_token_endpoint_unavailable"),
            (307, None, "oidc_token_answer_strange"),
        ] {
            assert_eq!(exchange_refused(status, error).fault.code(), wanted, "{status} {error:?}");
        }
    }

    #[test]
    fn a_profile_of_another_organization_or_connection_is_foreign() {
        assert_eq!(fault(profile(|_| {}).verify(&ours())), "none");
        for (field, value) in [
            ("organization_id", json!("org_2")),
            ("organization_id", json!(null)),
            ("organization_id", json!("ORG_1")),
            ("connection_id", json!("conn_2")),
            ("connection_id", json!(["conn_1"])),
        ] {
            let foreign = profile(|profile| profile[field] = value.clone());
            assert_eq!(fault(foreign.verify(&ours())), "workos_profile_foreign", "{field} {value}");
        }
        // What the connection does not name is not compared.
        let by_organization = connection("[workos]\nclient_id = \"client_1\"\norganization = \"org_1\"");
        let other = profile(|profile| profile["connection_id"] = "conn_2".into());
        assert_eq!(fault(other.verify(&by_organization)), "none");
    }

    #[test]
    fn a_mapped_attribute_never_takes_the_place_of_a_field() {
        let admitted = profile(|_| {}).verify(&ours()).unwrap().admit(&ours()).unwrap();
        assert_eq!(admitted.email_hint(), "a…@umbrella.example");
        let renamed = connection(
            "[subject]\nfrom = \"custom.employee\"\n[workos]\nclient_id = \"client_1\"\norganization = \"org_1\"",
        );
        assert_eq!(fault(profile(|_| {}).verify(&renamed).and_then(|it| it.admit(&renamed))), "none");
    }

    #[test]
    fn a_profile_that_names_nobody_is_not_admitted() {
        for (field, value, wanted) in [
            ("email", json!(null), "email_missing"),
            ("email", json!(" "), "email_missing"),
            ("email", json!(["a@umbrella.example", "b@umbrella.example"]), "attribute_ambiguous"),
            ("email", json!("ada@evil.example"), "email_domain_foreign"),
            ("idp_id", json!(null), "subject_missing"),
            ("idp_id", json!("ada@umbrella.example"), "subject_is_email"),
        ] {
            let changed = profile(|profile| profile[field] = value.clone());
            let result = changed.verify(&ours()).and_then(|verified| verified.admit(&ours()));
            assert_eq!(fault(result), wanted, "{field} {value}");
        }
    }
}
