//! The bearer tokens of a connection's SCIM client: made here, shown once, and kept as a hash under the pepper.
//!
//! The function `operator` hashes them, since the command reads no secret. What is written is written here, with the
//! caller's own permission.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stoa_core::connection::Source;
use stoa_core::directory::{DIRECTORY_VERSION, LIVE_TOKENS, LiveToken, ScimToken, TokenHash, TokensItem};
use stoa_core::ids::ConnectionId;

use super::question::{Question, Reply};
use super::{Answerer, OperatorError, StackAccess};
use crate::random;
use crate::store::{Key, Range, Reads, UsedItem};

/// A token, and when it was last used.
#[derive(Clone, Debug)]
pub struct ListedToken {
    /// The token, without what it is.
    pub token: LiveToken,
    /// As of the last hour; `None`: it never was, as far as is known.
    pub used: Option<i64>,
}

impl StackAccess {
    /// The tokens of a connection, the oldest first.
    pub async fn scim_tokens(&self, connection: &ConnectionId) -> Result<Vec<ListedToken>, OperatorError> {
        let item = self.scim_tokens_item(connection).await?;
        let used: Vec<UsedItem> = self.tables.query(&Range::scim_tokens_used(connection), Reads::Consistent).await?;
        let used: BTreeMap<String, i64> = used.into_iter().map(|used| (used.token, used.at)).collect();
        let listed = |token: LiveToken| ListedToken { used: used.get(&token.id).copied(), token };
        Ok(item.tokens.into_iter().map(listed).collect())
    }

    /// Whether the directory of a connection has anybody.
    pub async fn has_people(&self, connection: &ConnectionId) -> Result<bool, OperatorError> {
        let nobody = self.tables.is_empty(&Range::listed_users(connection)).await;
        Ok(!nobody.map_err(OperatorError::store("read the directory"))?)
    }

    /// Makes a token. It is in the answer and nowhere else.
    pub async fn create_scim_token(
        &self,
        connection: &ConnectionId,
        expires: Option<Timestamp>,
    ) -> Result<(ScimToken, LiveToken), OperatorError> {
        let unknown = || OperatorError::NoConnection(connection.clone());
        let document = self.current(connection).await?.ok_or_else(unknown)?.document()?;
        if document.directory.is_none_or(|directory| directory.source != Source::Scim) {
            return Err(OperatorError::NotScim(connection.clone()));
        }
        let before = self.scim_tokens_item(connection).await?;
        let now = Self::now();
        // Those that have expired make room.
        let mut tokens: Vec<LiveToken> = before.tokens.iter().filter(|token| token.is_live(now)).cloned().collect();
        if tokens.len() >= LIVE_TOKENS {
            return Err(OperatorError::TokensLive(connection.clone()));
        }
        let random = random::bytes().map_err(|_| OperatorError::Secret("no random bytes"))?;
        let token = ScimToken::from_random(random);
        let live = LiveToken {
            id: self.free_id(&before),
            hash: self.token_hash(connection, &token).await?,
            created: now.as_second(),
            expires: expires.map(Timestamp::as_second),
            by: self.by.clone(),
        };
        tokens.push(live.clone());
        self.write_scim_tokens(connection, &before, tokens).await?;
        Ok((token, live))
    }

    /// Takes a token away. Functions may take it for a minute more.
    pub async fn revoke_scim_token(&self, connection: &ConnectionId, id: &str) -> Result<(), OperatorError> {
        let before = self.scim_tokens_item(connection).await?;
        let tokens: Vec<LiveToken> = before.tokens.iter().filter(|token| token.id != id).cloned().collect();
        if tokens.len() == before.tokens.len() {
            return Err(OperatorError::NoToken(connection.clone(), id.to_owned()));
        }
        self.write_scim_tokens(connection, &before, tokens).await
    }

    async fn scim_tokens_item(&self, connection: &ConnectionId) -> Result<TokensItem, OperatorError> {
        let item: Option<TokensItem> =
            self.tables.get(&Key::scim_tokens(connection), Reads::Consistent).await.map_err(OperatorError::from)?;
        Ok(item.unwrap_or_default())
    }

    /// A number that no token of the connection has had: each change counts.
    fn free_id(&self, before: &TokensItem) -> String {
        (before.rev + 1).to_string()
    }

    async fn write_scim_tokens(
        &self,
        connection: &ConnectionId,
        before: &TokensItem,
        tokens: Vec<LiveToken>,
    ) -> Result<(), OperatorError> {
        let item = TokensItem { v: DIRECTORY_VERSION, rev: before.rev + 1, tokens };
        let write = Key::scim_tokens(connection)
            .put(&item)
            .only_if("attribute_not_exists(pk) OR rev = :before")
            .with(":before", before.rev);
        let written = self.tables.write(write).await.map_err(OperatorError::store("write the tokens"))?;
        if written.is_applied() { Ok(()) } else { Err(OperatorError::Busy) }
    }

    async fn token_hash(&self, connection: &ConnectionId, token: &ScimToken) -> Result<TokenHash, OperatorError> {
        let question = Question::HashScimToken { connection: connection.clone(), token: token.expose().to_owned() };
        let Reply::ScimTokenHash(hash) = self.ask(&question).await? else {
            return Err(OperatorError::Answer(Answerer::Operator));
        };
        Ok(hash)
    }
}
