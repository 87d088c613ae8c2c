//! `GET /login/{connection}`: begins a login and sends the browser to the identity provider. `/login` alone finds the
//! connection first.

use stoa_core::again;
use stoa_core::destination::Destination;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::relay::Relay;

use crate::flows::begin::{Asked, Test, start};
use crate::flows::home_realm;
use crate::incoming::Incoming;
use crate::visit::{Answer, Visit};

/// The longest hint that is passed on: the longest e-mail address.
const MAX_HINT: usize = 254;

/// Begins a login, or asks for an address to know through which connection.
pub async fn login(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    if visit.incoming.is_prefetch() {
        return Ok(Answer::Nothing);
    }
    match visit.incoming.route_key() {
        "GET /login/{connection}" => {
            let id = visit.incoming.connection()?;
            let asked = asked(visit.incoming, &id);
            start(visit, &id, &asked).await
        }
        "GET /login" => home_realm::ask(visit),
        "POST /login" => home_realm::answer(visit).await,
        other => Err(Failure::noted(Fault::NotFound, other)),
    }
}

fn asked(incoming: &Incoming, connection: &ConnectionId) -> Asked {
    Asked {
        relay: Relay {
            retries: incoming.query("retry").and_then(|text| text.parse().ok()).unwrap_or(0),
            // A destination that is not allowed is no reason to turn somebody away.
            destination: incoming.query("return_to").and_then(|text| Destination::parse(&text).ok()),
        },
        again: again::is_among(incoming.cookies(), connection),
        test: Test::read(incoming.query("test")),
        login_hint: incoming.query("login_hint").filter(|text| is_hint(text)),
    }
}

/// A hint has the form of an address or a user principal name. What else comes in that parameter is no hint.
fn is_hint(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    text.len() <= MAX_HINT && text.contains('@') && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_looks_like_an_address_or_is_none() {
        assert!(is_hint("miller.m@pg.com") && is_hint("O'Brien@contoso.onmicrosoft.com"));
        let long = format!("{}@pg.com", "a".repeat(MAX_HINT));
        for other in ["", "miller.m", "a b@pg.com", "a@pg.com\r\nx: y", &long] {
            assert!(!is_hint(other), "{other:?}");
        }
    }
}
