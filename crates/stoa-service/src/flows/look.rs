//! A live look at the school, from where logins are answered, and which logins are of one address: what the command
//! cannot see from its own machine, or only with a secret.
//!
//! The key goes to the school's own stored address and nowhere else. Of what comes back a status is kept, and whether
//! Thinkific itself answered.

use std::time::Duration;

use http::Request;
use http::header::{ACCEPT, DATE, LOCATION};
use jiff::Timestamp;
use stoa_core::connection::School;
use stoa_core::diagnosis::{ApiProbe, Known, Looked, SiteProbe, skew_of};
use stoa_core::failure::Failure;
use stoa_core::ids::{ConnectionId, EmailKey};
use stoa_core::routes::SecretKind;
use stoa_core::thinkific::{ApiMethod, ApiRequest};
use url::Url;

use crate::api;
use crate::clients::Clients;
use crate::egress::Limits;
use crate::operator::question::MOST_LOGINS;
use crate::secrets::Named;

/// The command waits behind this, and its caller behind the command.
const LIMITS: Limits = Limits { timeout: Duration::from_millis(2500), max_bytes: 256 * 1024 };
/// The cheapest call that takes the key.
const ASKED: &str = "/courses?limit=1";
/// Logins are kept so long.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;

/// Looks. What fails is said in its place, so that the rest counts.
pub(super) async fn look(
    clients: &Clients,
    connection: &ConnectionId,
    who: Option<&EmailKey>,
    now: Timestamp,
) -> Looked {
    let same_address = async {
        let Some(who) = who else {
            return Known::NotAsked("no address was proven".to_owned());
        };
        known(clients.store.logins_of(who, now.as_second() - KEPT_SECONDS, MOST_LOGINS).await)
    };
    let at_school = async {
        let school = match clients.store.connection_now(connection, now).await {
            Ok(connection) => clients.store.school(connection.school()).await,
            Err(failure) => Err(failure),
        };
        match school {
            Ok(school) => {
                let (site, api) = tokio::join!(site(clients, &school, now), admin_api(clients, &school, now));
                (Known::Seen(site), Known::Seen(api))
            }
            Err(failure) => (known(Err(failure.clone())), known(Err(failure))),
        }
    };
    let (same_address, (site, api)) = tokio::join!(same_address, at_school);
    Looked { now: now.as_second(), same_address, site, api }
}

fn known<T>(result: Result<T, Failure>) -> Known<T> {
    match result {
        Ok(value) => Known::Seen(value),
        Err(failure) => Known::NotAnswered(failure.fault.code().to_owned()),
    }
}

async fn site(clients: &Clients, school: &School, now: Timestamp) -> SiteProbe {
    let base = &school.document.base_url;
    let Ok(request) = Request::get(format!("{base}/")).body(Vec::new()) else { return SiteProbe::default() };
    let Ok(answer) = clients.egress.send(request, LIMITS).await else { return SiteProbe::default() };
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    SiteProbe {
        status: Some(answer.status().as_u16()),
        leads_to: header(LOCATION).filter(|_| answer.status().is_redirection()).and_then(|to| other_host(base, to)),
        skew: header(DATE).and_then(|date| skew_of(date, now)),
    }
}

/// The host that a redirect leads to, where it is another.
fn other_host(base: &str, location: &str) -> Option<String> {
    let base = Url::parse(base).ok()?;
    let to = base.join(location).ok()?;
    (to.host_str() != base.host_str()).then(|| to.host_str().unwrap_or_default().to_owned())
}

async fn admin_api(clients: &Clients, school: &School, now: Timestamp) -> ApiProbe {
    let (keyless, keyed) = tokio::join!(keyless(clients, school), keyed(clients, school, now));
    let (keyless, keyless_is_thinkific) = keyless.unwrap_or_default();
    let probe = ApiProbe { keyless, keyless_is_thinkific, ..ApiProbe::default() };
    match keyed {
        Ok((status, plan_lacks_api)) => ApiProbe { keyed: Some(status), plan_lacks_api, ..probe },
        Err(failure) => ApiProbe { key_unread: Some(failure.fault.code().to_owned()), ..probe },
    }
}

/// The status without a key, and whether Thinkific said it.
async fn keyless(clients: &Clients, school: &School) -> Option<(Option<u16>, bool)> {
    let request = Request::get(format!("{}{ASKED}", school.document.api_url))
        .header(ACCEPT, "application/json")
        .header("x-auth-subdomain", &school.document.subdomain)
        .body(Vec::new())
        .ok()?;
    let answer = clients.egress.send(request, LIMITS).await.ok()?;
    Some((Some(answer.status().as_u16()), error_of(answer.body()).is_some()))
}

/// The status with the key, and whether the answer speaks of the plan.
async fn keyed(clients: &Clients, school: &School, now: Timestamp) -> Result<(u16, bool), Failure> {
    let named = Named::of(SecretKind::Thinkific, &school.document.id);
    let keys = clients.secrets.of(&named, school.key_version, None, now).await?;
    let request = ApiRequest { method: ApiMethod::Get, path: ASKED.to_owned(), body: None };
    let key = keys.current(now);
    let answer = api::call(&clients.outbound, school, key, &request, LIMITS.timeout).await?;
    let speaks_of_plan = error_of(&answer.body).is_some_and(|error| error.contains("plan"));
    Ok((answer.status, answer.status == 403 && speaks_of_plan))
}

/// Thinkific's own refusals are JSON with a text `error`.
fn error_of(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    body.get("error")?.as_str().map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_within_the_school_leads_nowhere_else() {
        let base = "https://acme.thinkific.com";
        for (location, other) in [
            ("/users/sign_in", None),
            ("https://acme.thinkific.com/", None),
            ("https://learn.acme.com/", Some("learn.acme.com")),
            ("//learn.acme.com/x", Some("learn.acme.com")),
        ] {
            assert_eq!(other_host(base, location).as_deref(), other, "{location}");
        }
    }

    #[test]
    fn only_json_with_an_error_is_thinkific_s() {
        assert_eq!(error_of(br#"{"error":"Authentication Error"}"#).as_deref(), Some("authentication error"));
        for other in [&b"<html>error</html>"[..], b"error code: 1010", b"", b"{}", br#"{"error":7}"#] {
            assert_eq!(error_of(other), None);
        }
    }
}
