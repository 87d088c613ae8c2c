//! The rules of a Teams token, the access token that `getAuthToken` gives to a tab, and of the code that follows it.
//!
//! The token's signature has been verified by then. Entra issues it for the tab's own application, in the form of
//! version 1 or 2 as that application's manifest says (`requestedAccessTokenVersion`; absent means 1).

use jiff::Timestamp;

use crate::arrived::Arrived;
use crate::connection::{Connection, PERSONAL_TENANT, TeamsDocument};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::ids::{Attempt, BindingHash};
use crate::login::{LoginItem, State};
use crate::oidc::{Claims, RefusalCode, TokenForm, in_utc, is_guest};

/// The scope that the application exposes and Teams asks for.
const SCOPE: &str = "access_as_user";
/// Clock difference borne, in seconds.
const SKEW: i64 = 120;
/// How long the code lasts that carries an identity from the tab into the browser.
const CODE_SECONDS: i64 = 60;

/// The programs of Microsoft's that may ask for a token, to be authorised beforehand in the application.
pub const APPLICATIONS: &[(&str, &str)] = &[
    ("1fec8e78-bce4-4aaf-ab1b-5451cc387264", "Teams on desktop and mobile"),
    ("5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "Teams on the web"),
    ("4765445b-32c6-49b0-83e6-1d93765276ca", "Microsoft 365 on the web"),
    ("0ec893e0-5785-4de6-99da-4ed124e5296c", "Microsoft 365 on desktop"),
    ("d3590ed6-52b3-4102-aeff-aad2292ab01c", "Microsoft 365 on mobile, Outlook on desktop"),
    ("bc59ab01-8403-45c6-8796-ac3ef710b3e3", "Outlook on the web"),
    ("27922004-5251-4030-b22d-91ecd9a37ea4", "Outlook on mobile"),
];

/// A Teams token that has passed every rule. Made by [`prove`] only.
#[derive(Debug)]
pub struct TeamsToken(Claims);

impl TeamsToken {
    /// Its claims.
    pub fn claims(&self) -> &Claims {
        &self.0
    }
}

/// The Application ID URI of a tab's application: `api://{host}/{application}`.
pub fn application_uri(public_url: &str, teams: &TeamsDocument) -> String {
    let host = public_url.split_once("://").map_or(public_url, |(_, host)| host);
    format!("api://{host}/{}", teams.app_id)
}

/// Holds a token's claims against a connection's tab. What is refused here had a good signature, so the failure says what
/// came.
pub fn prove(
    claims: Claims,
    connection: &Connection,
    teams: &TeamsDocument,
    public_url: &str,
    now: Timestamp,
) -> Result<TeamsToken, Failure> {
    let said = claims.attributes();
    check(claims, teams, public_url, now).map_err(|failure| failure.of(Arrived::of_claims(&said, connection)))
}

fn check(claims: Claims, teams: &TeamsDocument, public_url: &str, now: Timestamp) -> Result<TeamsToken, Failure> {
    let form = form(&claims)?;
    check_tenant(&claims, form, teams)?;
    check_audience(&claims, form, teams, public_url)?;
    check_times(&claims, now)?;
    check_application(&claims, form)?;
    if is_guest(&claims.attributes(), text(&claims, "tid")?, text(&claims, "iss")?) {
        return Err(RefusalCode::TeamsGuest.into());
    }
    text(&claims, "oid")?;
    Ok(TeamsToken(claims))
}

fn form(claims: &Claims) -> Result<TokenForm, Failure> {
    match text(claims, "ver")? {
        "1.0" => Ok(TokenForm::One),
        "2.0" => Ok(TokenForm::Two),
        _ => Err(malformed("ver")),
    }
}

fn malformed(claim: &str) -> Failure {
    Failure::noted(Fault::Oidc(RefusalCode::TokenMalformed), claim)
}

fn refused(code: RefusalCode, wanted: impl Into<String>, got: &str) -> Failure {
    Failure::with(Fault::Oidc(code), wanted, got)
}

fn text<'a>(claims: &'a Claims, name: &str) -> Result<&'a str, Failure> {
    claims.text(name).filter(|text| !text.is_empty()).ok_or_else(|| malformed(name))
}

/// The issuer is that of the token's own tenant, and the tenant is one of the connection's.
fn check_tenant(claims: &Claims, form: TokenForm, teams: &TeamsDocument) -> Result<(), Failure> {
    let (issuer, tenant) = (text(claims, "iss")?, text(claims, "tid")?);
    let wanted = form.issuer(tenant);
    if issuer != wanted {
        return Err(refused(RefusalCode::IssuerWrong, wanted, issuer));
    }
    if tenant == PERSONAL_TENANT {
        return Err(RefusalCode::TeamsPersonalAccount.into());
    }
    if !teams.tenants.iter().any(|own| own == tenant) {
        return Err(refused(RefusalCode::TenantForeign, teams.tenants.join(", "), tenant));
    }
    Ok(())
}

/// Version 2 names the application by its id, version 1 by its id or by its URI, which has our host in it.
fn check_audience(claims: &Claims, form: TokenForm, teams: &TeamsDocument, public_url: &str) -> Result<(), Failure> {
    let audience = text(claims, "aud")?;
    let uri = match form {
        TokenForm::One => Some(application_uri(public_url, teams)),
        TokenForm::Two => None,
    };
    if audience == teams.app_id || uri.as_deref() == Some(audience) {
        return Ok(());
    }
    Err(refused(RefusalCode::AudienceWrong, uri.unwrap_or_else(|| teams.app_id.clone()), audience))
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), Failure> {
    let now = now.as_second();
    let (expires, issued) = (claims.required_instant("exp")?, claims.required_instant("iat")?);
    let begins = claims.instant("nbf")?.unwrap_or(issued);
    for (is_wrong, code, name, at) in [
        (expires + SKEW <= now, RefusalCode::TokenExpired, "exp", expires),
        (issued > now + SKEW, RefusalCode::TokenFromFuture, "iat", issued),
        (begins > now + SKEW, RefusalCode::TokenNotYetValid, "nbf", begins),
    ] {
        if is_wrong {
            return Err(refused(code, format!("now {}", in_utc(now)), &format!("{name} {}", in_utc(at))));
        }
    }
    Ok(())
}

/// A token for our application that another program asked for is no proof that the person is in Teams.
fn check_application(claims: &Claims, form: TokenForm) -> Result<(), Failure> {
    let application = text(claims, form.application())?;
    if !APPLICATIONS.iter().any(|(id, _)| *id == application) {
        return Err(refused(RefusalCode::TeamsApplicationForeign, "Teams, Outlook or Microsoft 365", application));
    }
    let scopes = claims.text("scp").unwrap_or_default();
    if !scopes.split(' ').any(|scope| scope == SCOPE) {
        return Err(refused(RefusalCode::TeamsScopeMissing, SCOPE, scopes));
    }
    Ok(())
}

/// Decides what a refused hand-over of a code means. `old` is the login's item as it was.
pub fn meet_handed_over(
    old: Option<&LoginItem>,
    attempt: &Attempt,
    code_hash: &BindingHash,
    now: Timestamp,
) -> Result<(), Failure> {
    let wrong = |note| Err(Failure::noted(Fault::TeamsCodeWrong, note));
    match old {
        None => wrong("there is no such login"),
        Some(old) if old.attempt == *attempt => Ok(()),
        Some(old) if old.binding != *code_hash => wrong("the code, or the hint with it, is a different one"),
        Some(old) if old.ticket.is_some() || old.state != State::Verified => wrong("it was used before"),
        Some(old) if old.verified.is_none_or(|made| made < code_since(now)) => wrong("it is older than a minute"),
        Some(_) => Err(Fault::StoreContended.into()),
    }
}

/// The oldest `verified` whose code is still in time.
pub fn code_since(now: Timestamp) -> i64 {
    now.as_second() - CODE_SECONDS
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
