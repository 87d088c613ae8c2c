//! Random bytes from the operating system's generator.

use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use stoa_core::fault::Fault;
use stoa_core::ids::Attempt;

/// Random bytes. Fails only where the operating system has none, which no login survives.
pub fn bytes<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Fault::Internal)?;
    Ok(bytes)
}

/// The attempt of one write.
pub fn attempt() -> Result<Attempt, Fault> {
    Ok(Attempt::from_bytes(bytes()?))
}

/// 16 random bytes as base64url: a token id.
pub fn token() -> Result<String, Fault> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<16>()?))
}
