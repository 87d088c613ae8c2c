//! One HTTP client for AWS and for the outside: one TLS stack, one connection pool, roots compiled in.
//!
//! Loading the machine's 144 root certificates would be half of a cold start.

use std::sync::LazyLock;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::rt::TokioExecutor;
use stoa_core::connection::UrlPolicy;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(2);
/// How long one is kept that nobody uses.
pub(crate) const IDLE: Duration = Duration::from_secs(20);

/// The TLS settings of everything that leaves a function: made once a process, since the roots are parsed here.
pub(crate) fn tls_config() -> rustls::ClientConfig {
    static CONFIG: LazyLock<rustls::ClientConfig> = LazyLock::new(|| {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
            .unwrap_or_else(|_| unreachable!("the provider offers TLS 1.2 and 1.3"))
    });
    CONFIG.clone()
}

/// TLS over a transport. Plain http is possible only under [`UrlPolicy::LoopbackToo`].
pub(crate) fn secured<R>(mut tcp: Tcp<R>, policy: UrlPolicy) -> HttpsConnector<Tcp<R>> {
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls_config());
    match policy {
        UrlPolicy::Https => builder.https_only().enable_http1().wrap_connector(tcp),
        UrlPolicy::LoopbackToo => builder.https_or_http().enable_http1().wrap_connector(tcp),
    }
}

/// The client under everything that leaves a function for addresses of ours.
#[derive(Clone, Debug)]
pub struct Outbound(Client<HttpsConnector<Tcp>, SdkBody>);

impl Outbound {
    /// Makes the client.
    pub fn new(policy: UrlPolicy) -> Self {
        Self(Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).build(secured(Tcp::new(), policy)))
    }

    /// Sends a request. Redirects are not followed.
    pub async fn send(
        &self,
        request: http::Request<SdkBody>,
    ) -> Result<http::Response<hyper::body::Incoming>, hyper_util::client::legacy::Error> {
        self.0.request(request).await
    }
}

impl HttpConnector for Outbound {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            // Also where the connection broke after the request was sent: the SDK tries again, and every write that
            // matters carries an attempt by which it knows itself.
            let response = client.send(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl HttpClient for Outbound {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
