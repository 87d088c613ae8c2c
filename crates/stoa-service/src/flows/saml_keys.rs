//! A connection's own SAML private keys, out of the secret `saml/{connection}`.

use stoa_core::connection::Connection;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::routes::SecretKind;
use stoa_saml::{DecryptionKey, SigningKey};

use crate::visit::Visit;

/// The key that signs AuthnRequests; `None` where the connection does not ask for signatures.
pub async fn signing_key(visit: &mut Visit<'_>, connection: &Connection) -> Result<Option<SigningKey>, Failure> {
    if !connection.saml()?.document().sign_requests {
        return Ok(None);
    }
    let keys = visit.secret_of(SecretKind::Saml, connection).await?;
    let key = SigningKey::from_pkcs8_pem(keys.current(visit.now).expose()).map_err(|_| broken(connection))?;
    Ok(Some(key))
}

/// The keys that open assertions encrypted to us; none where the connection publishes no certificate.
pub async fn decryption_keys(visit: &mut Visit<'_>, connection: &Connection) -> Result<Vec<DecryptionKey>, Failure> {
    if connection.saml()?.sp_certificates().is_empty() {
        return Ok(Vec::new());
    }
    let keys = visit.secret_of(SecretKind::Saml, connection).await?;
    let parse = |pem: &str| DecryptionKey::from_pkcs8_pem(pem).map_err(|_| broken(connection));
    keys.all().iter().map(|key| parse(key.expose())).collect()
}

fn broken(connection: &Connection) -> Failure {
    Failure::with(Fault::SecretBroken, "a PKCS #8 PEM private key", connection.id().as_str())
}
