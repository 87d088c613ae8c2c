//! The bearer tokens of a connection's SCIM client, as functions read them.

use std::sync::Arc;

use jiff::Timestamp;
use stoa_core::directory::{DIRECTORY_VERSION, LiveToken, TokensItem};
use stoa_core::failure::Failure;
use stoa_core::ids::ConnectionId;

use crate::pace::minute;
use crate::store::items::UsedItem;
use crate::store::{Key, Reads, Store};

/// How often it is written that a token is in use, in seconds.
const NOTED_EVERY: i64 = 3600;
/// How many requests of a connection's client are taken in a minute. Entra asks for 25 a second.
const REQUESTS_PER_MINUTE: u32 = 3_000;

impl Store {
    /// The tokens of a connection as of the last minute. A connection that there is not has none.
    pub async fn scim_tokens(&self, connection: &ConnectionId, now: Timestamp) -> Result<Arc<TokensItem>, Failure> {
        if let Some(held) = self.held_tokens.fresh(connection, now) {
            return Ok(held);
        }
        let item: Option<TokensItem> = self.tables.get(&Key::scim_tokens(connection), Reads::Consistent).await?;
        Ok(self.held_tokens.hold(connection.clone(), item.unwrap_or_default(), now))
    }

    /// Draws requests from the connection's minute. `false`: the minute's are spent.
    pub(crate) async fn draw_requests(
        &self,
        connection: &ConnectionId,
        requests: u32,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let more = Key::scim_requests(connection)
            .update("SET #requests = #requests + :drawn")
            .only_if("#minute = :minute AND #requests <= :room")
            .with(":drawn", requests)
            .with(":minute", minute(now))
            .with(":room", REQUESTS_PER_MINUTE - requests);
        // A clock that is behind takes nothing away.
        let first = Key::scim_requests(connection)
            .update("SET v = :v, #minute = :minute, #requests = :drawn")
            .only_if("attribute_not_exists(pk) OR #minute < :minute")
            .with(":v", DIRECTORY_VERSION)
            .with(":minute", minute(now))
            .with(":drawn", requests);
        // Of two processes that are the first of a minute, one comes second.
        for write in [more.clone(), first, more] {
            if self.tables.write(write).await?.is_applied() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes that a token is in use, once an hour by each process.
    pub async fn note_scim_token(
        &self,
        connection: &ConnectionId,
        token: &LiveToken,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let name = (connection.clone(), token.id.clone());
        if self.noted_tokens.within(&name, NOTED_EVERY, now).is_some() {
            return Ok(());
        }
        let used = UsedItem { v: DIRECTORY_VERSION, token: token.id.clone(), at: now.as_second() };
        self.tables.write(Key::scim_token_used(connection, &token.id).put(&used)).await?;
        self.noted_tokens.hold(name, (), now);
        Ok(())
    }
}
