//! The userinfo endpoint, for ID tokens that say too little (OIDC core §5.3).

use openidconnect::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use openidconnect::http::{HeaderValue, Request, Response};
use serde_json::{Map, Value};

use super::claims::{attributes, has_overage, mixed, said};
use super::entra::is_guest;
use super::{ProvenIdentity, RefusalCode, Tokens};
use crate::connection::{Connection, EmailVerified, Oidc, UserInfo};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::published::Published;

/// More than any person has claims.
const MAX_USERINFO: usize = 128 * 1024;

impl ProvenIdentity {
    /// The endpoint to ask, where the connection needs more than the ID token says.
    pub fn userinfo_endpoint<'a>(&self, connection: &'a Connection) -> Result<Option<&'a str>, Failure> {
        let oidc = connection.oidc()?;
        let wanted = match oidc.document().userinfo {
            UserInfo::Always => true,
            UserInfo::Never => false,
            UserInfo::WhenThin => self.is_thin(connection, oidc.email_verified()),
        };
        Ok(oidc.provider().userinfo_endpoint.as_deref().filter(|_| wanted))
    }

    fn is_thin(&self, connection: &Connection, email_verified: EmailVerified) -> bool {
        let lacks = |name: &str| !self.claims.get(name).is_some_and(|value| !value.is_null() && value != "");
        let names = connection.attribute_names();
        let needs_groups = !connection.document().admit.groups.is_empty();
        lacks(&names.email)
            || (lacks(&names.first_name) && lacks(&names.last_name))
            || (needs_groups && lacks(&names.groups) && !has_overage(&self.claims))
            || (email_verified == EmailVerified::Required && lacks("email_verified"))
            || connection.subject_from().iter().any(|part| lacks(part))
    }

    /// Adds what userinfo says. The ID token's claims win, and another person's answer is refused (OIDC core §5.3.2).
    pub fn with_userinfo(mut self, answer: &Response<Vec<u8>>, connection: &Connection) -> Result<Self, Failure> {
        let mut more = userinfo(answer).map_err(|failure| self.failed(failure, connection))?;
        if more.get("sub") != self.claims.get("sub") {
            return Err(self.failed(RefusalCode::UserInfoSubjectWrong.into(), connection));
        }
        // A claim without a value is one that was not sent (§5.3.2).
        self.claims.retain(|_, value| !value.is_null() && value != "");
        // What is said of one address says nothing of another.
        match self.claims.get("email") {
            Some(email) if more.get("email") == Some(email) => {}
            Some(_) => drop(more.remove("email_verified")),
            None => self.claims.retain(|name, value| name != "email_verified" || !is_true(value)),
        }
        for (name, value) in more {
            self.claims.entry(name).or_insert(value);
        }
        Ok(self)
    }

    /// Whether the address that a claim has counts, by the connection's rule. What is verified is `email` (OIDC core
    /// §5.1): an address out of another claim, such as Entra's `upn`, is so only where it is the same.
    pub(crate) fn check_email_verified(&self, rule: EmailVerified, address: &str) -> Result<(), Failure> {
        let said = self.claims.get("email_verified").filter(|said| !said.is_null());
        match (rule, said) {
            (EmailVerified::Required, Some(_)) if self.claims.get(address) != self.claims.get("email") => {
                let got = format!("{address} differs from email");
                Err(Failure::with(Fault::Oidc(RefusalCode::EmailUnverified), "true", &got))
            }
            (EmailVerified::Ignored, _) | (EmailVerified::WhenPresent, None) => Ok(()),
            (_, Some(said)) if is_true(said) => Ok(()),
            (_, Some(said)) => Err(Failure::with(Fault::Oidc(RefusalCode::EmailUnverified), "true", &said.to_string())),
            (EmailVerified::Required, None) => {
                Err(Failure::with(Fault::Oidc(RefusalCode::EmailUnverified), "true", "no email_verified"))
            }
        }
    }

    /// Whether a guest's address counts. The addresses of an Entra tenant are its administrator's to set, but a guest's
    /// come from their own tenant, which anybody can have (nOAuth); `xms_edov` says that Entra knows whose the domain is.
    pub(crate) fn check_guest(&self, oidc: &Oidc) -> Result<(), Failure> {
        let attributes = self.attributes();
        let tenant = self.claims.get("tid").and_then(Value::as_str);
        let is_guest = tenant.is_some_and(|tenant| is_guest(&attributes, tenant, self.issuer()));
        let is_verified =
            |(name, values): &(String, Vec<String>)| name == "xms_edov" && (*values == ["true"] || *values == ["1"]);
        // Said in the connection's own file, not by a preset.
        let is_trusted = oidc.document().email_verified == Some(EmailVerified::Ignored);
        if !is_guest || is_trusted || attributes.iter().any(is_verified) {
            return Ok(());
        }
        Err(Failure::with(Fault::Oidc(RefusalCode::EmailUnverified), "xms_edov true", "the address of a guest"))
    }

    pub(crate) fn attributes(&self) -> Vec<(String, Vec<String>)> {
        attributes(&self.claims)
    }

    pub(crate) fn mixed(&self) -> Vec<String> {
        mixed(&self.claims)
    }
}

/// True is `true` or the text `true`, and nothing else.
fn is_true(said: &Value) -> bool {
    *said == Value::Bool(true) || said == "true"
}

/// The request. An access token that is no header value is a strange one.
pub fn userinfo_request(endpoint: &str, tokens: &Tokens) -> Result<Request<Vec<u8>>, Failure> {
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", tokens.access_token))
        .map_err(|_| RefusalCode::TokenAnswerStrange)?;
    bearer.set_sensitive(true);
    let request = Request::get(endpoint).header(AUTHORIZATION, bearer).header(ACCEPT, "application/json");
    request.body(Vec::new()).map_err(|_| Fault::ConfigurationBroken.into())
}

/// Its claims: JSON only, since a signed answer was not asked for.
fn userinfo(answer: &Response<Vec<u8>>) -> Result<Map<String, Value>, Failure> {
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(Failure::noted(Fault::Oidc(RefusalCode::UserInfoUnavailable), &format!("status {status}")));
    }
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Failure::with(Fault::Oidc(RefusalCode::UserInfoStrange), "application/json", kind));
    }
    let map = Published::parse(answer.body(), MAX_USERINFO);
    let map = map.map_err(|error| Failure::noted(Fault::Oidc(RefusalCode::UserInfoStrange), &error.to_string()))?;
    Ok(said(map.into_members()))
}
