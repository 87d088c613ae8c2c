//! The `directory` table: the people and groups of a connection, as their source wants them.
//!
//! The forms of the items are in `stoa-core`, which decides from them. In every partition the first word says what is in
//! it, and the connection follows: no key of one connection is a key of another.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::directory::{DIRECTORY_VERSION, GroupId, KeyHash, RowRefusal, Sealed, UserId};
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;

use super::key::{Form, Key, Range, keys};

keys! { Directory:
    /// A person: `UserItem`.
    user(connection: &ConnectionId, user: &UserId) = "user#{connection}#{user}" / "itself";
    /// That a person belongs to a group, among the person's items: `EdgeItem`.
    belongs(connection: &ConnectionId, user: &UserId, group: &GroupId, generation: u64)
        = "user#{connection}#{user}" / "member#{group}#{generation}";
    /// What is to be done about a person at the school, and what was done.
    sync(connection: &ConnectionId, user: &UserId) = "user#{connection}#{user}" / "sync#thinkific";
    /// What WorkOS has told of a person: `Told`.
    told_user(connection: &ConnectionId, user: &UserId) = "user#{connection}#{user}" / "told";
    /// What WorkOS has told of a membership: `Told`.
    told_member(connection: &ConnectionId, user: &UserId, group: &GroupId)
        = "user#{connection}#{user}" / "told#{group}";
    /// The list of people has one item each.
    listed_user(connection: &ConnectionId, user: &UserId) = "users#{connection}" / "{user}";
    /// A group: `GroupItem`.
    group(connection: &ConnectionId, group: &GroupId) = "group#{connection}#{group}" / "itself";
    /// What WorkOS has told of a group: `Told`.
    told_group(connection: &ConnectionId, group: &GroupId) = "group#{connection}#{group}" / "told";
    /// That a person belongs to a group, among the group's items: `EdgeItem`.
    member(connection: &ConnectionId, group: &GroupId, generation: u64, user: &UserId)
        = "group#{connection}#{group}" / "member#{generation}#{user}";
    /// The list of groups has one item each.
    listed_group(connection: &ConnectionId, group: &GroupId) = "groups#{connection}" / "{group}";
    /// Who has a value that only one may have: `KeyItem`.
    lock(connection: &ConnectionId, by: &'static str, hash: &KeyHash) = "lock#{connection}#{by}#{hash}" / "lock";
    /// One of those who have a value that several may have: `KeyItem`.
    found(connection: &ConnectionId, by: &'static str, hash: &KeyHash, id: &str)
        = "lock#{connection}#{by}#{hash}" / "{id}";
    /// That whoever brings a value is kept out by hand, since this person is: `KeptOutItem`.
    kept_out(connection: &ConnectionId, by: &'static str, hash: &KeyHash, first: &UserId)
        = "lock#{connection}#{by}#{hash}" / "kept-out#{first}";
    /// The same, among the items of whom it is for by now, so that it can be lifted: `KeptOutItem`.
    kept_out_user(connection: &ConnectionId, user: &UserId, by: &'static str, hash: &KeyHash, first: &UserId)
        = "user#{connection}#{user}" / "kept-out#{by}#{hash}#{first}";
    /// Who of a directory has an account that was at the school before them: `KeyItem`.
    account(connection: &ConnectionId, account: u64) = "account#{connection}#{account}" / "whose";
    /// The bearer tokens of a connection's SCIM client: `TokensItem`.
    scim_tokens(connection: &ConnectionId) = "scim#{connection}" / "tokens";
    /// The requests of a connection's SCIM client in this minute, by all processes.
    scim_requests(connection: &ConnectionId) = "pace#{connection}" / "requests";
    /// How far stoa has come with what WorkOS tells: `SyncItem`.
    workos_sync(connection: &ConnectionId) = "workos#{connection}" / "directory-sync";
    /// How far a file has come that broke off: `ImportItem`.
    import_started(connection: &ConnectionId) = "import#{connection}" / "under-way";
    /// A file that is done: `ImportItem`. The instant's fraction makes it a key.
    imported(connection: &ConnectionId, at: Timestamp) = "import#{connection}" / "{at}";
    /// A file that was put into the bucket and is not done: `UploadItem`. Those of all connections, so that one query
    /// finds them, or those of one.
    upload(connection: &ConnectionId, upload: &str) = "upload#" / "{connection}#{upload}";
    /// Whose turn it is to take a connection's files, and which are done: `UploadTurnItem`.
    upload_turn(connection: &ConnectionId) = "upload#{connection}" / "whose-turn";
    /// That somebody was forgotten: `ErasedItem`. The instant's fraction makes it a key.
    erased(connection: &ConnectionId, at: Timestamp) = "erased#{connection}" / "{at}";
    /// When a token was last used: `UsedItem`.
    scim_token_used(connection: &ConnectionId, token: &str) = "used#{connection}" / "{token}";
}

impl Range {
    /// Everything about a person.
    pub(crate) fn of_user(connection: &ConnectionId, user: &UserId) -> Self {
        Key::user(connection, user).partition()
    }

    /// The members of a generation of a group.
    pub(crate) fn members(connection: &ConnectionId, group: &GroupId, generation: u64) -> Self {
        Key::group(connection, group).partition().from(format!("member#{generation}#"))
    }

    /// Every person.
    pub(crate) fn listed_users(connection: &ConnectionId) -> Self {
        Self { table: Table::Directory, pk: format!("users#{connection}"), begin: None }
    }

    /// Every group.
    pub(crate) fn listed_groups(connection: &ConnectionId) -> Self {
        Self { table: Table::Directory, pk: format!("groups#{connection}"), begin: None }
    }

    /// Those who have a value.
    pub(crate) fn found(connection: &ConnectionId, by: &'static str, hash: &KeyHash) -> Self {
        Key::lock(connection, by, hash).partition()
    }

    /// Files that wait in the bucket, of every connection, or of one.
    pub(crate) fn uploads(of: Option<&ConnectionId>) -> Self {
        let begin = of.map(|connection| format!("{connection}#"));
        Self { table: Table::Directory, pk: "upload#".to_owned(), begin }
    }

    /// Who are kept out by hand by a value.
    pub(crate) fn kept_out_by(connection: &ConnectionId, by: &'static str, hash: &KeyHash) -> Self {
        Self::found(connection, by, hash).from(KEPT_OUT)
    }

    /// By which values somebody is kept out by hand.
    pub(crate) fn kept_out(connection: &ConnectionId, user: &UserId) -> Self {
        Key::user(connection, user).partition().from(KEPT_OUT)
    }

    /// When the tokens of a connection were last used.
    pub(crate) fn scim_tokens_used(connection: &ConnectionId) -> Self {
        Self { table: Table::Directory, pk: format!("used#{connection}"), begin: None }
    }
}

/// Whether the item of a person under this sort key is a membership.
pub(crate) fn is_membership(sk: &str) -> bool {
    sk.starts_with("member#")
}

/// Of which group the item of a person under this sort key says what WorkOS told of their membership, if it does.
pub(crate) fn told_group_of(sk: &str) -> Option<GroupId> {
    GroupId::parse(sk.strip_prefix("told#")?).ok()
}

/// How the sort key of what keeps a person out begins, among their items and among those who have the value.
const KEPT_OUT: &str = "kept-out#";

/// Whether the item of a person under this sort key says by what they are kept out.
pub(crate) fn is_kept_out(sk: &str) -> bool {
    sk.starts_with(KEPT_OUT)
}

impl Key {
    /// Whether the item says who has a value that one may have.
    pub(crate) fn is_lock(&self) -> bool {
        self.pk.starts_with("lock#") && self.sk.as_deref() == Some("lock")
    }
}

/// One of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ListedId {
    /// The sort key: the id.
    pub(crate) sk: String,
}

/// That whoever brings a value is kept out by hand, whether or not the directory has somebody who has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptOutItem {
    /// The item's format.
    pub(crate) v: u8,
    /// Who was kept out first, by the id that they had then.
    pub(crate) id: UserId,
    /// Tells the item from those that say who has the value.
    pub(crate) kept_out: bool,
    /// The partition of the value.
    pub(crate) value: String,
}

impl KeptOutItem {
    /// By this value, of this person.
    pub(crate) fn new(id: &UserId, value: String) -> Self {
        Self { v: DIRECTORY_VERSION, id: id.clone(), kept_out: true, value }
    }

    /// Who was kept out first, by the id that they had then.
    pub const fn first(&self) -> &UserId {
        &self.id
    }

    /// Where it would be said that somebody has the value by now: alone, or as one of several.
    pub(crate) fn possession(&self, user: &UserId) -> [Key; 2] {
        ["lock", user.as_str()].map(|sk| Key {
            table: Table::Directory,
            pk: self.value.clone(),
            sk: Some(sk.to_owned()),
        })
    }

    /// Where it stands among those who have the value.
    pub(crate) fn beside_the_value(&self) -> Key {
        Key { table: Table::Directory, pk: self.value.clone(), sk: Some(format!("{KEPT_OUT}{}", self.id)) }
    }

    /// Where it stands among somebody's items.
    pub(crate) fn among(&self, connection: &ConnectionId, user: &UserId) -> Key {
        let value = self.value.splitn(3, '#').last().unwrap_or_default();
        Key { sk: Some(format!("{KEPT_OUT}{value}#{}", self.id)), ..Key::user(connection, user) }
    }
}

/// Whoever has a value, or that whoever brings it is kept out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ValueItem {
    /// The id of the resource that has it, or had it.
    pub(crate) id: String,
    /// Whether it keeps out.
    #[serde(default)]
    pub(crate) kept_out: bool,
}

/// When a token was last used, as of the last hour.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UsedItem {
    /// The item's format.
    pub(crate) v: u8,
    /// The token's id.
    pub(crate) token: String,
    /// When, in epoch seconds.
    pub(crate) at: i64,
}

/// That somebody was forgotten.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ErasedItem {
    /// The item's format.
    pub(crate) v: u8,
    /// The id that they had in the directory.
    pub(crate) user: UserId,
    /// How many items there were.
    pub(crate) items: usize,
    /// The ARN of who erased them.
    pub(crate) by: String,
    /// Why they were.
    pub(crate) reason: String,
}

/// A file of people that is or was imported.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ImportItem {
    /// The item's format.
    pub(crate) v: u8,
    /// The ARN of who imports it.
    pub(crate) by: String,
    /// What the file is known by.
    pub(crate) file: String,
    /// Why it is imported.
    pub(crate) reason: String,
    /// Rows that name somebody and are done.
    pub(crate) rows: u64,
    /// People who were not in the directory.
    pub(crate) new: u64,
    /// People of whom something changed.
    pub(crate) changed: u64,
    /// People who are there again.
    pub(crate) back: u64,
    /// People who are gone.
    pub(crate) gone: u64,
    /// Rows about which nothing was done.
    pub(crate) refused: u64,
}

/// A file that was put into the bucket and is not done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UploadItem {
    /// The item's format.
    pub(crate) v: u8,
    /// Whose file it is.
    pub(crate) connection: ConnectionId,
    /// Which upload of which file it is: one for each time that it is put there.
    pub(crate) upload: String,
    /// The object's key, sealed: a file's name may name somebody.
    pub(crate) key: Sealed,
    /// What the object is known by as long as nobody overwrites it.
    pub(crate) etag: String,
    /// Its size, in bytes.
    pub(crate) bytes: u64,
    /// When it was put there, in epoch seconds.
    pub(crate) at: i64,
    /// How far it has come.
    #[serde(default)]
    pub(crate) done: UploadProgress,
}

/// How far a file has come that was put into the bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct UploadProgress {
    /// How it is read, hashed: under other settings it begins again.
    pub(crate) reading: String,
    /// Rows that name somebody and are done.
    pub(crate) rows: u64,
    /// People who were not in the directory.
    pub(crate) new: u64,
    /// People of whom something changed.
    pub(crate) changed: u64,
    /// People who are there again.
    pub(crate) back: u64,
    /// People who are gone.
    pub(crate) gone: u64,
    /// People of whom nothing changed.
    pub(crate) unchanged: u64,
    /// Rows that the directory refused.
    pub(crate) refused: u64,
    /// Which rows these are, as far as they are remembered.
    pub(crate) lines: Vec<RefusedLine>,
    /// Of those who are gone, people whom the file does not name.
    pub(crate) left: u64,
    /// Up to whom people whom the file does not name have left.
    pub(crate) left_to: Option<UserId>,
    /// Whether all of this is only compared.
    pub(crate) compared: bool,
    /// Rows, or people whom it does not name, that may be written and are not counted: as many as are under way at once.
    pub(crate) perhaps: u64,
    /// People whom a run found as they are to be, or nearly, where one before it broke off, which may have done it.
    pub(crate) doubtful: u64,
    /// Runs since it last came further.
    pub(crate) runs: u32,
    /// When that was, in epoch seconds.
    pub(crate) since: i64,
    /// Runs that failed since it is given up.
    pub(crate) given_up: u32,
    /// What was written of it while the connection's file said something else.
    pub(crate) before: UploadWritten,
}

/// A row that the directory refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RefusedLine {
    /// The line of the file that it begins on.
    pub(crate) line: u64,
    /// The reason.
    pub(crate) why: RowRefusal,
}

/// What was written of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct UploadWritten {
    /// Rows that are done.
    pub(crate) rows: u64,
    /// Rows, or people whom it does not name, that may be done as well.
    pub(crate) perhaps: u64,
    /// People who were not in the directory.
    pub(crate) new: u64,
    /// People of whom something changed.
    pub(crate) changed: u64,
    /// People who are there again.
    pub(crate) back: u64,
    /// People who are gone.
    pub(crate) gone: u64,
    /// Rows that the directory refused.
    pub(crate) refused: u64,
}

impl UploadProgress {
    /// So it is read from now on. Under other settings it begins again, and what was written stays so.
    pub(crate) fn read_as(&mut self, reading: String, compared: bool) {
        if self.reading != reading {
            let (runs, since, before) = (self.runs, self.since, self.written());
            *self = Self { reading, runs, since, before, ..Self::default() };
        }
        self.compared = compared;
    }

    /// What was written so far, under whatever settings.
    pub(crate) fn written(&self) -> UploadWritten {
        let before = self.before;
        if self.compared {
            return before;
        }
        UploadWritten {
            rows: before.rows + self.rows,
            perhaps: before.perhaps + self.perhaps,
            new: before.new + self.new,
            changed: before.changed + self.changed,
            back: before.back + self.back,
            gone: before.gone + self.gone,
            refused: before.refused + self.refused,
        }
    }

    /// Whether something of it was written, or may be.
    pub(crate) fn is_written(&self) -> bool {
        let written = self.written();
        written.rows + written.perhaps + written.gone > 0
    }

    /// Whether it has come anywhere, so that it is taken to its end before another one.
    pub(crate) fn is_under_way(&self) -> bool {
        self.rows > 0 || self.is_written()
    }
}

/// Whose turn it is to take a connection's files, and which are done.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct UploadTurnItem {
    /// When the youngest file that was written was put into the bucket, in epoch seconds.
    pub(crate) youngest: Option<i64>,
    /// The uploads that were done last.
    pub(crate) ended: Vec<String>,
}
