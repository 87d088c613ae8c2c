//! The example connection through WorkOS, set up as an operator and the environment's administrator would.

use stoa_core::ids::ConnectionId;
use stoa_service::operator::{ConnectionFile, SecretName, SecretText};

use crate::sandbox::{Sandbox, SandboxError};

/// The example's file.
const FILE: &str = include_str!("../../../../examples/connections/umbrella.toml");

impl Sandbox {
    /// Applies the example's connection, with a change to the file, and allows its redirect URI.
    pub async fn connect_workos(&self, change: impl FnOnce(&str) -> String) -> Result<ConnectionId, SandboxError> {
        // `[workos]` is the last table of the file.
        let text = format!("{}api_url = \"{}\"\n", change(FILE), self.workos.url());
        let file = ConnectionFile { path: "umbrella.toml".to_owned(), text, ..ConnectionFile::default() };
        let applied = self.operator.apply(self.operator.plan(&file).await?).await?;
        self.workos.register(&format!("{}/oidc/{}/callback", self.url(), applied.id));
        let key = SecretText::new(self.workos.api_key().expose())?;
        self.operator.put_secret(&SecretName::Oidc(applied.id.clone()), key).await?;
        self.operator.activate_untested(&applied.id, "the sandbox's own connection").await?;
        self.front.take_calls();
        Ok(applied.id)
    }
}
