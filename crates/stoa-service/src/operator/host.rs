//! The name and the certificate of the public host, as whoever opens it meets them.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use stoa_saml::Certificate;
use url::Url;

use super::StackAccess;
use crate::http_client::tls_config;

/// For the connection, and for each read of the handshake.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was met at a host, before anything is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostMet {
    /// It is not asked for by https, so there is no certificate.
    Plain,
    /// Its name leads nowhere.
    Nameless,
    /// Nobody answers there, or not by TLS: the page will not come either.
    Silent,
    /// A browser would not accept its certificate, for this reason.
    Unaccepted(String),
    /// Its certificate is good until then.
    Until(Timestamp),
}

impl StackAccess {
    /// Resolves the name of an address and makes a TLS handshake, by the roots that everything of ours trusts.
    pub async fn meet_host(&self, public_url: &str) -> HostMet {
        let Ok(url) = Url::parse(public_url) else { return HostMet::Nameless };
        let (Some(host), "https") = (url.host_str().map(str::to_owned), url.scheme()) else { return HostMet::Plain };
        let port = url.port_or_known_default().unwrap_or(443);
        let met = tokio::task::spawn_blocking(move || meet(&host, port));
        met.await.unwrap_or(HostMet::Silent)
    }
}

fn meet(host: &str, port: u16) -> HostMet {
    let addresses: Vec<SocketAddr> = match (host, port).to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(_) => return HostMet::Nameless,
    };
    let Some(mut socket) = addresses.iter().find_map(|at| TcpStream::connect_timeout(at, PATIENCE).ok()) else {
        return HostMet::Silent;
    };
    let is_bounded = socket.set_read_timeout(Some(PATIENCE)).and(socket.set_write_timeout(Some(PATIENCE))).is_ok();
    let name = ServerName::try_from(host.to_owned());
    let (true, Ok(name)) = (is_bounded, name) else { return HostMet::Silent };
    let Ok(mut connection) = ClientConnection::new(Arc::new(tls_config()), name) else { return HostMet::Silent };
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut socket) {
            return refusal(&error).map_or(HostMet::Silent, HostMet::Unaccepted);
        }
    }
    let own = connection.peer_certificates().and_then(|chain| chain.first());
    let own = own.and_then(|own| Certificate::from_der(own.as_ref()).ok());
    own.map_or(HostMet::Silent, |own| HostMet::Until(own.not_after()))
}

/// Why a certificate was not accepted, where that is what ended the handshake.
fn refusal(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    matches!(error, rustls::Error::InvalidCertificate(_)).then(|| error.to_string())
}
