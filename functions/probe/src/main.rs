//! Started by the clock, once a minute; no route leads here.
//!
//! Signs in through the public host, over DNS, TLS and the gateway, as a browser would: the start of a login, a Response
//! signed with its own key, the launch, as far as the page that ends a test. It takes nothing from its event: run by
//! hand, with any, it does the same, and answers whether the login failed. Then it counts the connections through which
//! nobody got in for half an hour, though people came.
//!
//! - reads: `connections` (their names), `logins`; the secret `probe`; the public host, through the egress guard
//! - writes: nothing
//! - faults: none that anybody sees; a line and a metric (`docs/logging.md`); alarms: `docs/runbook/alarms/Probe*.md`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::probe::serve().await
}
