//! Identity providers by the hundred: each publishes the same metadata at an address of its own, or has gone silent.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;

use crate::listen::Server;

/// The running providers. They stop when dropped.
pub struct Providers {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    silent: BTreeSet<String>,
    asked: Vec<String>,
}

impl Providers {
    /// Starts them; each publishes this.
    pub async fn start(metadata: String) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let (metadata, asked) = (Bytes::from(metadata), state.clone());
        let server = Server::start(0, move |_, request| {
            let (metadata, asked) = (metadata.clone(), asked.clone());
            async move {
                let provider = request.uri().path().trim_start_matches('/').to_owned();
                let is_silent = {
                    let mut state = locked(&asked);
                    state.asked.push(provider.clone());
                    state.silent.contains(&provider)
                };
                if is_silent {
                    std::future::pending::<()>().await;
                }
                Ok(Response::new(Full::new(metadata)))
            }
        })
        .await?;
        Ok(Self { server, state })
    }

    /// Where a provider publishes its metadata.
    pub fn metadata_url(&self, provider: &str) -> String {
        format!("http://{}/{provider}", self.server.address())
    }

    /// Lets a provider take requests from now on and answer none.
    pub fn silence(&self, provider: &str) {
        locked(&self.state).silent.insert(provider.to_owned());
    }

    /// Which providers were asked, in that order, since the start or the last time this was called.
    pub fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut locked(&self.state).asked)
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
