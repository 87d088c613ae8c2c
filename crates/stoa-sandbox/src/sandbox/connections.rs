//! The example connections, set up as on-call and the customers' administrators would.

use stoa_core::ids::ConnectionId;
use stoa_service::operator::{ConnectionFile, SecretName, SecretText};

use super::{CONNECTION_FILE, Sandbox, SandboxError};
use crate::openid::{Client, Example, Exchange, INITECH, Realm, Step};
use crate::providers::Providers;

/// The example through WorkOS.
const UMBRELLA: &str = include_str!("../../../../examples/connections/umbrella.toml");

/// What the file of a customer has besides whose people Okta keeps up to date.
const DIRECTORY: &str = r#"
[directory]
source = "scim"

[[directory.grant]]
everybody = true
courses = [3]

[[directory.grant]]
group = "Leaders"
courses = [4]
"#;

impl Sandbox {
    /// Applies the connection of the example with Okta, whose console gets the address and a new token, as their
    /// administrator would paste them. What it asked to test them.
    pub async fn connect_provisioned(&self) -> Result<Vec<Exchange>, SandboxError> {
        let id = self.connect_openid(&INITECH, |file| format!("{file}{DIRECTORY}")).await?;
        // A folder that was used before has those of its last starts, which nobody knows any more.
        for listed in self.operator.scim_tokens(&id).await? {
            self.operator.revoke_scim_token(&id, &listed.token.id).await?;
        }
        let (token, _) = self.operator.create_scim_token(&id, None).await?;
        let address = format!("{}/scim/{id}/v2", self.url());
        let connect = Step::Connect { address, token: token.expose().to_owned() };
        Ok(self.openid.provision(INITECH.product, connect).await)
    }

    /// Registers an example's application at its provider and applies its connection, with a change to the file.
    /// Discovery document and keys are fetched, as for a customer.
    pub async fn connect_openid(
        &self,
        example: &Example,
        change: impl FnOnce(&str) -> String,
    ) -> Result<ConnectionId, SandboxError> {
        let text = self.locally(example, &change(example.file));
        let file = ConnectionFile { path: format!("{}.toml", example.id), text, ..ConnectionFile::default() };
        let planned = self.operator.plan(&file).await?;
        let applied = self.operator.apply(planned).await?;
        let redirect_uri = format!("{}/oidc/{}/callback", self.url(), applied.id);
        self.openid.register(Client::new(example.product, example.client_id, example.secret, &redirect_uri));
        let secret = SecretText::new(example.secret)?;
        self.operator.put_secret(&SecretName::Oidc(applied.id.clone()), secret).await?;
        self.operator.activate_untested(&applied.id, "the sandbox's own connection").await?;
        self.front.take_calls();
        self.openid.take_calls();
        Ok(applied.id)
    }

    /// Applies the example's connection, with a change to the file, and allows its redirect URI.
    pub async fn connect_workos(&self, change: impl FnOnce(&str) -> String) -> Result<ConnectionId, SandboxError> {
        // `[workos]` is the last table of the file.
        let text = format!("{}api_url = \"{}\"\n", change(UMBRELLA), self.workos.url());
        let file = ConnectionFile { path: "umbrella.toml".to_owned(), text, ..ConnectionFile::default() };
        let applied = self.operator.apply(self.operator.plan(&file).await?).await?;
        self.workos.register(&format!("{}/oidc/{}/callback", self.url(), applied.id));
        let key = SecretText::new(self.workos.api_key().expose())?;
        self.operator.put_secret(&SecretName::Oidc(applied.id.clone()), key).await?;
        self.operator.activate_untested(&applied.id, "the sandbox's own connection").await?;
        self.front.take_calls();
        Ok(applied.id)
    }

    /// Applies a copy of the sandbox's own connection under another name, whose metadata is fetched from a provider of its
    /// own.
    pub async fn connect_copy(&self, id: &str, providers: &Providers) -> Result<ConnectionId, SandboxError> {
        let text = CONNECTION_FILE
            .replace("id = \"pg\"", &format!("id = \"{id}\""))
            .replace(
                "metadata_file = \"pg-metadata.xml\"",
                &format!("metadata_url = \"{}\"", providers.metadata_url(id)),
            )
            .replace("/saml/pg\"", &format!("/saml/{id}\""));
        let file = ConnectionFile { path: format!("{id}.toml"), text, ..ConnectionFile::default() };
        Ok(self.operator.apply(self.operator.plan(&file).await?).await?.id)
    }

    /// The file with the simulator's addresses instead of the customer's.
    fn locally(&self, example: &Example, text: &str) -> String {
        let keys = format!("[teams]\njwks_uri = \"{}\"\n", self.openid.jwks_url(&Realm::tenant("common")));
        text.replace(example.issuer, &self.openid.url(example.product)).replace("[teams]\n", &keys)
    }
}
