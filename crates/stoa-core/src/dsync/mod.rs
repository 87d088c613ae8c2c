//! WorkOS Directory Sync: what WorkOS tells of a customer's people and groups, and what it makes of those that are known.
//!
//! The same is told by two ways: by a signed [`Event`] as it happens, and by the lists of the API, which are asked for what
//! was missed. Either may come late, twice, and in any order. So beside each person, each group and each membership stands
//! by what it is known ([`Told`]): whatever was told, the newest word counts, by WorkOS's own time.

mod cursor;
mod event;
mod list;
mod request;
mod signature;
mod told;
mod words;

pub use cursor::{Cursor, Phase, SyncItem, Whole};
pub use event::{Event, Happened, MAX_BODY};
pub use list::{ListPage, directory_of, events_page, groups_page, people_page};
pub use request::{Ask, KINDS};
pub use signature::Signature;
pub use told::{Order, TOLD_VERSION, Told, Word};
pub use words::{GroupWords, PersonWords, Who, WorkosId, group_id, user_id};
