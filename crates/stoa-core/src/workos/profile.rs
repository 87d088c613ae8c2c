//! What the token endpoint answers: a person's profile, or why there is none.

use http::Response;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::connection::{Connection, Protocol};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::identity::Verified;
use crate::oidc::{RefusalCode, attributes, error_name, mixed};
use crate::published::Published;

/// What stands before the name of an attribute that the WorkOS environment maps beyond the usual ones, so that no
/// mapping can take the place of a field of the profile.
pub const CUSTOM_PREFIX: &str = "custom.";

/// Whom the token endpoint named in exchange for the code of a login.
pub struct Profile(Map<String, Value>);

/// The member of the answer that is read. Its tokens are for an API that is not called.
#[derive(Deserialize)]
struct TokenAnswer {
    // A map, since a connection chooses by name what the subject is, and most fields may be missing or `null`.
    profile: Map<String, Value>,
}

/// More than any profile, with a thousand groups in it.
const MAX_ANSWER: usize = 256 * 1024;

/// A refusal, in the form of RFC 6749 §5.2 (`error`) or in that of the rest of the API (`code`).
#[derive(Default, Deserialize)]
struct Refusal {
    code: Option<String>,
    error: Option<String>,
}

impl Profile {
    /// Reads the answer of the token endpoint. Nothing else may be handed in.
    pub fn from_token_answer(answer: &Response<Vec<u8>>) -> Result<Self, Failure> {
        if !answer.status().is_success() {
            return Err(refused(answer));
        }
        match serde_json::from_slice(answer.body()) {
            Ok(TokenAnswer { profile }) => Ok(Self(profile)),
            Err(_) => Err(strange(answer.body())),
        }
    }

    /// Whether it is of the connection's organization and connection is checked first: the domain of an address says
    /// nothing about whose people they are.
    pub fn verify(self, connection: &Connection) -> Result<Verified, Failure> {
        let Protocol::Workos(settings) = connection.protocol() else {
            return Err(connection.other_protocol("workos"));
        };
        // Nothing of a foreign one is shown on a test link, either: one environment holds the people of all customers.
        self.check("organization_id", settings.organization.as_deref())?;
        self.check("connection_id", settings.connection.as_deref())?;
        let (claims, mixed) = self.into_claims();
        Verified::from_claims(claims, &mixed, connection)
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

    /// Every field, and the names of those that are mixed lists.
    fn into_claims(self) -> (Vec<(String, Vec<String>)>, Vec<String>) {
        let none = Map::new();
        // Of the objects only this one: `raw_attributes` is whatever the identity provider sent.
        let custom = self.0.get("custom_attributes").and_then(Value::as_object).unwrap_or(&none);
        let named = |name: String| format!("{CUSTOM_PREFIX}{name}");
        let (mut claims, mut mixed_lists) = (attributes(&self.0), mixed(&self.0));
        claims.extend(attributes(custom).into_iter().map(|(name, values)| (named(name), values)));
        mixed_lists.extend(mixed(custom).into_iter().map(named));
        (claims, mixed_lists)
    }
}

/// What came instead of a profile, of which nothing is quoted.
fn strange(body: &[u8]) -> Failure {
    let read = Published::parse(body, MAX_ANSWER).and_then(|mut members| members.object("profile"));
    let got = read.err().map_or_else(|| "not one profile".to_owned(), |error| error.to_string());
    Failure::with(Fault::Oidc(RefusalCode::TokenAnswerStrange), "profile", &got)
}

/// What a refusal of the token endpoint means. Its description is never read.
fn refused(answer: &Response<Vec<u8>>) -> Failure {
    let status = answer.status().as_u16();
    let refusal: Refusal = serde_json::from_slice(answer.body()).unwrap_or_default();
    let error = refusal.code.or(refusal.error);
    let code = match (status, error.as_deref()) {
        (408 | 429 | 500.., _) => RefusalCode::TokenEndpointUnavailable,
        (400.., Some("invalid_grant")) => RefusalCode::CodeRefused,
        (400.., Some("invalid_client" | "unauthorized_client")) | (401, _) => RefusalCode::ClientRefused,
        (400.., _) => RefusalCode::TokenRequestRefused,
        (..400, _) => RefusalCode::TokenAnswerStrange,
    };
    let error = error.as_deref().map(error_name).unwrap_or_default();
    Failure::noted(Fault::Oidc(code), format!("status {status} {error}").trim_end())
}
