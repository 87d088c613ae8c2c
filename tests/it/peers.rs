//! Logins through identity providers, and people from SCIM clients, that are not ours. Runs where `STOA_PEERS` is set, and then fails where one of
//! them is missing (`infra/install.sh` installs them). Configurations are in `infra/peers/`.

mod openid;
mod scim;
mod simplesamlphp;
mod workos;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use stoa_core::connection::ConnectionState;
use stoa_sandbox::browser::Browser;
use stoa_service::operator::ConnectionFile;

use crate::steps::World;

fn is_wanted() -> bool {
    std::env::var_os("STOA_PEERS").is_some()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// A server as a process of its own; ends when dropped.
struct Process(Child);

impl Process {
    fn start(mut command: Command) -> Self {
        Self(
            command.spawn().unwrap_or_else(|error| panic!("{command:?} must be installed (infra/install.sh): {error}")),
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// The page at an address, once the server answers.
async fn wait_for(url: &str) -> String {
    for _ in 0..100 {
        match Browser::new().get(url).await {
            Ok(page) if page.status == 200 => return page.body.clone(),
            Ok(page) => panic!("{url}: {} {}", page.status, page.text()),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("{url} does not answer")
}

/// Writes a connection as on-call would, and lets everybody in.
async fn connect(world: &World, file: ConnectionFile, id: &str) {
    world.operator.apply(world.operator.plan(&file).await.unwrap()).await.unwrap();
    world.set_state(id, ConnectionState::Active).await;
    // Functions hold a connection for a minute.
    world.advance(61);
}
