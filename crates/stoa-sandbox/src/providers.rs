//! Identity providers by the hundred: each publishes the same metadata at an address of its own, or has gone silent.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::listen::Server;

/// The running providers. They stop when dropped.
pub struct Providers {
    server: Server,
    silent: Silent,
}

type Silent = Arc<Mutex<BTreeSet<String>>>;

impl Providers {
    /// Starts them; each publishes this.
    pub async fn start(metadata: String) -> io::Result<Self> {
        let silent = Silent::default();
        let (metadata, asked) = (Bytes::from(metadata), silent.clone());
        let server = Server::start(0, move |_, request| {
            let (metadata, asked) = (metadata.clone(), asked.clone());
            async move {
                if asked.lock().unwrap_or_else(PoisonError::into_inner).contains(request.uri().path()) {
                    std::future::pending::<()>().await;
                }
                Ok(Response::new(Full::new(metadata)))
            }
        })
        .await?;
        Ok(Self { server, silent })
    }

    /// Where a provider publishes its metadata.
    pub fn metadata_url(&self, provider: &str) -> String {
        format!("http://{}/{provider}", self.server.address())
    }

    /// Lets a provider take requests from now on and answer none.
    pub fn silence(&self, provider: &str) {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).insert(format!("/{provider}"));
    }
}
