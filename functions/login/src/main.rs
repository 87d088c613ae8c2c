//! `GET /login/{connection}`, and `GET /login` and `POST /login`, which find the connection by an e-mail address
//!
//! Begins a login: writes its item, sets the cookie that binds it to the browser, and sends the browser to the identity
//! provider with a request of the connection's protocol.
//!
//! - reads: `connections`; the secret `saml/{connection}` where requests are signed
//! - writes: `logins` (write 1: Started)
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::login::serve().await
}
