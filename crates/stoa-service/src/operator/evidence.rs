//! The evidence for a diagnosis, gathered: what the tables have, what Secrets Manager says of secrets without their
//! values, a look at the identity provider, and one question to the function `operator`. Each part may be refused by
//! itself; then the rest counts, and the part is said to be missing.
//!
//! Reads are bounded: the newest logins of the connection, a few of each other connection of the school, one address.

use aws_sdk_secretsmanager::error::SdkError;
use jiff::Timestamp;
use serde_json::Value;
use stoa_core::connection::{Connection, ConnectionDocument, ConnectionState, Protocol};
use stoa_core::diagnosis::{
    Change, ChangeKind, Evidence, KeyAct, Known, Looked, Owner, ProviderProbe, SecretSeen, Seen, Settings, TrustSeen,
    most_common,
};
use stoa_core::ids::{ConnectionId, EmailKey, SchoolId};
use stoa_core::login::LoginItem;
use stoa_core::oidc::Jwks;
use stoa_core::person::{AddressItem, PersonItem};
use stoa_core::routes::SecretKind;

use super::difference::differences;
use super::logins::LoginsWanted;
use super::question::{Question, Reply};
use super::trust::Trusts;
use super::{Answerer, OperatorError, StackAccess};
use crate::store::{ConnectionItem, Key, KeyChange, Reads};

/// Logins of the connection that are looked at.
const LOGINS: usize = 200;
/// Logins of each other connection of the school.
const LOGINS_ELSEWHERE: usize = 20;
/// Other connections that are looked at.
const CONNECTIONS: usize = 10;
/// How far before a login others are looked at, in seconds.
const BEFORE: i64 = 2 * 24 * 3600;

/// What a diagnosis is asked for.
#[derive(Clone, Copy)]
pub enum About<'a> {
    /// A login.
    Login(&'a LoginItem),
    /// A complaint without a reference.
    Complaint {
        /// Through which connection.
        connection: &'a ConnectionId,
        /// Since when.
        since: Timestamp,
    },
}

impl<'a> About<'a> {
    fn connection(self) -> &'a ConnectionId {
        match self {
            Self::Login(login) => &login.connection,
            Self::Complaint { connection, .. } => connection,
        }
    }

    fn since(self) -> i64 {
        match self {
            Self::Login(login) => login.began - BEFORE,
            Self::Complaint { since, .. } => since.as_second(),
        }
    }
}

fn known<T>(result: Result<T, OperatorError>) -> Known<T> {
    match result {
        Ok(value) => Known::Seen(value),
        Err(OperatorError::Aws { what, code }) if code == "AccessDeniedException" => {
            Known::NotAllowed(format!("to {what}"))
        }
        Err(OperatorError::NotUnderstood { .. }) => {
            Known::NotAsked("the function operator is older than this command".to_owned())
        }
        Err(error) => Known::NotAnswered(error.to_string()),
    }
}

/// What is not known because what leads to it is not.
fn no_connection<T>() -> Known<T> {
    Known::NotAsked("the connection could not be read".to_owned())
}

impl StackAccess {
    /// Gathers what is known about a login or a complaint. That there is no such connection is the caller's mistake.
    pub async fn evidence(&self, about: About<'_>, now: Timestamp) -> Result<Evidence, OperatorError> {
        let id = about.connection();
        let current = self.current(id).await;
        if let Ok(None) = current {
            return Err(OperatorError::NoConnection(id.clone()));
        }
        let current = current.and_then(|item| item.ok_or_else(|| OperatorError::NoConnection(id.clone())));
        let document = current.as_ref().ok().and_then(|item| item.document().ok());
        let wanted = LoginsWanted {
            connection: id,
            since: Timestamp::from_second(about.since()).ok(),
            email: None,
            limit: LOGINS,
        };
        let (trusts, history, found, others) =
            tokio::join!(self.trusts(id), self.history(id), self.logins(wanted, |_| true), self.list());
        let stored = trusts.as_ref().ok().and_then(stored_keys);
        // Which address is asked about is known first where a login is, else once the logins are there.
        let listed: Vec<LoginItem> = found.as_ref().map(|found| found.logins.clone()).unwrap_or_default();
        let asked = match about {
            About::Login(login) => Some(login),
            About::Complaint { .. } => {
                let is_open = current.as_ref().is_ok_and(|item| item.state == ConnectionState::Active);
                let seen: Vec<Seen> = listed.iter().map(|login| Seen::of(login, now)).collect();
                let most = most_common(&seen).filter(|_| is_open).map(|seen| seen.reference.clone());
                most.and_then(|reference| listed.iter().find(|login| login.reference == reference))
            }
        };
        let who = asked.and_then(|login| login.email_key.clone());
        let question = Question::Look { connection: id.clone(), who: who.clone() };
        let school = document.as_ref().map(|document| document.school.clone());
        let (looked, provider, secrets, owner, school_change) = tokio::join!(
            self.ask(&question),
            self.provider(document.as_ref(), stored.as_ref(), now),
            self.secrets_seen(id, school.as_ref(), others.as_deref().unwrap_or_default()),
            self.owner(who.as_ref(), school.as_ref()),
            self.school_change(school.as_ref()),
        );
        let looked = known(looked.and_then(|reply| {
            let Reply::Looked(looked) = reply else { return Err(OperatorError::Answer(Answerer::Operator)) };
            Ok(*looked)
        }));
        // The function's clock is kept by AWS; this machine's by whoever owns it.
        let (at, ahead) = looked.seen().map_or((now, 0), |looked| {
            let theirs = Timestamp::from_second(looked.now).unwrap_or(now);
            (theirs, now.as_second() - looked.now)
        });
        let provider = provider.map(|probe| ProviderProbe { skew: probe.skew.map(|skew| skew + ahead), ..probe });
        let logins = known(found).map(|found| found.logins.iter().map(|login| Seen::of(login, at)).collect());
        let elsewhere = self.elsewhere(id, school.as_ref(), others, (about, at)).await;
        let same_address = self.same_address(&looked, at).await;
        let changes = known(history.map(|history| changes_of(&history, trusts.as_ref().ok(), school_change)));
        Ok(Evidence {
            now: at,
            connection: id.clone(),
            login: asked.map(|login| Seen::of(login, at)),
            settings: known(current.and_then(|item| self.settings_of(&item, &changes))),
            logins,
            elsewhere,
            same_address,
            owner,
            changes,
            secrets,
            trust: known(trusts).map(|trusts| trust_seen(&trusts, at)),
            provider,
            site: from_looked(&looked, |looked| looked.site.clone()),
            api: from_looked(&looked, |looked| looked.api.clone()),
        })
    }

    async fn provider(
        &self,
        document: Option<&ConnectionDocument>,
        stored: Option<&Jwks>,
        now: Timestamp,
    ) -> Known<ProviderProbe> {
        match document {
            Some(document) => self.look_at_provider(document, stored, now).await,
            None => no_connection(),
        }
    }

    fn settings_of(&self, item: &ConnectionItem, changes: &Known<Vec<Change>>) -> Result<Settings, OperatorError> {
        let document = item.document()?;
        // What does not hold together any more still says where it led.
        let checked = Connection::check(document.clone(), item.version, item.state, self.url_policy);
        let provider = match checked.as_ref().map(Connection::protocol) {
            Ok(Protocol::Saml(saml)) => saml.idp().entity_id.clone(),
            Ok(Protocol::Oidc(_)) => document.oidc.as_ref().map(|oidc| oidc.issuer.clone()).unwrap_or_default(),
            Ok(Protocol::Workos(_) | Protocol::Teams) | Err(_) => String::new(),
        };
        let closed = changes.seen().and_then(|changes| {
            changes.iter().find(|change| matches!(change.kind, ChangeKind::State(state) if state == item.state))
        });
        Ok(Settings {
            school: document.school.clone(),
            state: item.state,
            state_since: closed.map_or(item.at, |change| change.at),
            state_by: closed.and_then(|change| change.by.clone()).unwrap_or_else(|| item.by.clone()),
            state_reason: closed.map_or_else(|| item.reason.clone(), |change| change.reason.clone()),
            has_earlier_ids: document.account.earlier_external_id.is_some(),
            provider,
        })
    }

    /// The newest logins to the same school through other connections.
    async fn elsewhere(
        &self,
        id: &ConnectionId,
        school: Option<&SchoolId>,
        others: Result<Vec<ConnectionItem>, OperatorError>,
        (about, now): (About<'_>, Timestamp),
    ) -> Known<Vec<Seen>> {
        let (Some(school), others) = (school, known(others)) else { return no_connection() };
        let others = match others {
            Known::Seen(others) => others,
            missing => return missing.map(|_| Vec::new()),
        };
        let mut found = Vec::new();
        let documents = others.iter().filter_map(|item| item.document().ok());
        for other in documents.filter(|other| other.school == *school && other.id != *id).take(CONNECTIONS) {
            let wanted = LoginsWanted {
                connection: &other.id,
                since: Timestamp::from_second(about.since()).ok(),
                email: None,
                limit: LOGINS_ELSEWHERE,
            };
            match self.logins(wanted, |_| true).await {
                Ok(logins) => found.extend(logins.logins.iter().map(|login| Seen::of(login, now))),
                Err(error) => return known(Err(error)),
            }
        }
        found.sort_by_key(|seen: &Seen| std::cmp::Reverse(seen.began));
        Known::Seen(found)
    }

    async fn same_address(&self, looked: &Known<Looked>, now: Timestamp) -> Known<Vec<Seen>> {
        let references = match from_looked(looked, |looked| looked.same_address.clone()) {
            Known::Seen(references) => references,
            missing => return missing.map(|_| Vec::new()),
        };
        let items = self.items(&references).await;
        known(items.map(|mut items| {
            let in_order = references.iter().filter_map(|reference| items.remove(reference));
            in_order.map(|login| Seen::of(&login, now)).collect()
        }))
    }

    /// When the secrets were written that the connection needs, and those of others that may have been meant.
    async fn secrets_seen(
        &self,
        id: &ConnectionId,
        school: Option<&SchoolId>,
        others: &[ConnectionItem],
    ) -> Known<Vec<SecretSeen>> {
        let name = |kind: SecretKind, of: &str| match kind.is_per_id() {
            true => format!("{}/{of}", kind.as_str()),
            false => kind.as_str().to_owned(),
        };
        let mut names: Vec<(String, bool)> = SecretKind::ALL
            .iter()
            .filter_map(|kind| match kind {
                SecretKind::Seal | SecretKind::Pepper | SecretKind::Directory => Some((name(*kind, ""), false)),
                SecretKind::Saml | SecretKind::Oidc | SecretKind::Workos => Some((name(*kind, id.as_str()), false)),
                SecretKind::Thinkific => Some((name(*kind, school?.as_str()), false)),
                SecretKind::Probe => None,
            })
            .collect();
        let documents = others.iter().filter_map(|item| item.document().ok()).filter(|other| other.id != *id);
        let with_secret = documents.filter(|other| other.oidc.is_some() || other.workos.is_some());
        names.extend(with_secret.take(CONNECTIONS).map(|other| (name(SecretKind::Oidc, other.id.as_str()), true)));
        let mut seen = Vec::new();
        for (name, elsewhere) in names {
            let full = format!("{}/{name}", self.names.secret_prefix);
            match self.secrets.describe_secret().secret_id(&full).send().await {
                Ok(secret) => {
                    let (created, changed) = (secret.created_date(), secret.last_changed_date());
                    let replaced = matches!((created, changed), (Some(created), Some(changed)) if changed > created);
                    let changed = changed.or(created).map(aws_sdk_secretsmanager::primitives::DateTime::secs);
                    // One that waits for its deletion is not there for anybody.
                    let changed = changed.filter(|_| secret.deleted_date().is_none());
                    seen.push(SecretSeen { name, changed, replaced, elsewhere });
                }
                Err(SdkError::ServiceError(error)) if error.err().is_resource_not_found_exception() => {
                    seen.push(SecretSeen { name, changed: None, replaced: false, elsewhere });
                }
                Err(error) => return known(Err(OperatorError::aws("describe the secrets", &error))),
            }
        }
        Known::Seen(seen)
    }

    /// Who has the address.
    async fn owner(&self, who: Option<&EmailKey>, school: Option<&SchoolId>) -> Known<Option<Owner>> {
        let (Some(who), Some(school)) = (who, school) else {
            return Known::NotAsked("no address was proven".to_owned());
        };
        known(self.owner_of_address(who, school).await)
    }

    async fn owner_of_address(&self, who: &EmailKey, school: &SchoolId) -> Result<Option<Owner>, OperatorError> {
        let reading = || OperatorError::store("read the directory");
        let read = self.tables.get(&Key::email(who), Reads::Consistent).await;
        let address: Option<AddressItem> = read.map_err(reading())?;
        let Some(address) = address.and_then(|address| address.owner()) else { return Ok(None) };
        let read = self.tables.get(&Key::person(&address.person, school), Reads::Consistent).await;
        let person: Option<PersonItem> = read.map_err(reading())?;
        Ok(Some(Owner {
            since: address.since,
            until: address.until,
            state: person.as_ref().map(|person| person.state),
            checked: person.and_then(|person| person.checked),
        }))
    }

    async fn school_change(&self, school: Option<&SchoolId>) -> Option<Change> {
        let item = self.school_item(school?).await.ok().flatten()?;
        Some(Change { at: item.at, by: Some(item.by), reason: None, kind: ChangeKind::School })
    }
}

fn from_looked<T>(looked: &Known<Looked>, part: impl FnOnce(&Looked) -> Known<T>) -> Known<T> {
    match looked {
        Known::Seen(looked) => part(looked),
        Known::NotAsked(why) => Known::NotAsked(why.clone()),
        Known::NotAllowed(what) => Known::NotAllowed(what.clone()),
        Known::NotAnswered(why) => Known::NotAnswered(why.clone()),
    }
}

/// The key set of an OpenID provider, as it is stored.
fn stored_keys(trusts: &Trusts) -> Option<Jwks> {
    trusts.key_sets.iter().find(|set| set.set == crate::store::KeySet::Oidc)?.item.keys().ok()
}

fn trust_seen(trusts: &Trusts, now: Timestamp) -> TrustSeen {
    TrustSeen {
        trusted: trusts.keys.iter().filter(|key| key.is_live(now)).map(|key| key.fingerprint.clone()).collect(),
    }
}

/// What changed in a connection, its keys and its school, newest first.
fn changes_of(history: &[ConnectionItem], trusts: Option<&Trusts>, school: Option<Change>) -> Vec<Change> {
    let mut changes: Vec<Change> = school.into_iter().collect();
    for pair in history.windows(2) {
        let [before, after] = pair else { continue };
        let change = |kind| Change { at: after.at, by: Some(after.by.clone()), reason: after.reason.clone(), kind };
        if before.document != after.document {
            // As JSON: what an older or a newer version wrote counts as well.
            let read = |item: &ConnectionItem| serde_json::from_str::<Value>(&item.document).unwrap_or_default();
            let lines = differences(Some(&read(before)), &read(after));
            changes.push(change(ChangeKind::Settings { version: after.version, before: before.version, lines }));
        }
        if before.state != after.state {
            changes.push(change(ChangeKind::State(after.state)));
        }
    }
    let by_hand = trusts.iter().flat_map(|trusts| &trusts.history).filter_map(|change| {
        let act = match &change.what {
            KeyChange::Approve | KeyChange::Add => KeyAct::Trusted,
            KeyChange::Remove => KeyAct::Removed,
            KeyChange::Unknown(_) => return None,
        };
        let (by, reason) = (Some(change.by.clone()), Some(change.reason.clone()));
        Some(Change { at: change.at, by, reason, kind: ChangeKind::Key(act, change.fingerprint.clone()) })
    });
    changes.extend(by_hand);
    let dropped = trusts.iter().flat_map(|trusts| &trusts.watch.dropped);
    changes.extend(dropped.map(|(print, at)| Change {
        at: *at,
        by: None,
        reason: None,
        kind: ChangeKind::Key(KeyAct::Dropped, print.clone()),
    }));
    changes.sort_by_key(|change| std::cmp::Reverse(change.at));
    changes
}
