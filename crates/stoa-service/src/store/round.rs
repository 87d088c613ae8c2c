//! How far `trust-refresh` has come on its way round all connections.

use stoa_core::failure::Failure;
use stoa_core::ids::ConnectionId;

use super::{Key, Reads, RoundItem, Store};

/// On which of its two ways a run notes how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Round all connections.
    First,
    /// Round those that were out of reach the last time.
    Later,
}

impl Store {
    /// How far earlier runs have come.
    pub async fn round(&self) -> Result<RoundItem, Failure> {
        Ok(self.tables.get(&Key::round(), Reads::Consistent).await?.unwrap_or_default())
    }

    /// Notes that everything up to this connection is taken on. Of two runs at once, either may have the last word: each
    /// connection is looked at once too often, and never left out.
    pub async fn take_on(&self, place: Place, up_to: &ConnectionId) -> Result<(), Failure> {
        let expression = match place {
            Place::First => "SET #first = :up_to",
            Place::Later => "SET #later = :up_to",
        };
        self.tables.write(Key::round().update(expression).with(":up_to", up_to)).await?;
        Ok(())
    }
}
