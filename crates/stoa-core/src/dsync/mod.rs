//! WorkOS Directory Sync: what WorkOS tells of a customer's people and groups, and what it makes of those that are known.
//!
//! The same is told by two ways: by a signed [`Event`] as it happens, and by the lists of the API, which are asked for what
//! was missed. Either may come late, twice, and in any order. So beside each person, each group and each membership stands
//! by what it is known ([`Told`]): whatever was told, the newest word counts, by WorkOS's own time.

mod arrivals;
mod cursor;
mod event;
mod list;
mod request;
#[cfg(test)]
mod samples;
mod signature;
mod sync;
mod told;
mod whole;
mod words;

pub use arrivals::Arrivals;
pub use cursor::Cursor;
pub use event::{Event, Happened, MAX_BODY};
pub use list::{
    DirectoryFound, DirectoryState, ListPage, Paged, directory_of, events_page, groups_page, people_page, refused,
};
pub use request::{Ask, KINDS};
pub use signature::Signature;
pub use sync::{Failing, SyncItem};
pub use told::{Order, TOLD_VERSION, Told, Word};
pub use whole::{Doubt, Phase, Whole};
pub use words::{GroupWords, PersonWords, Who, WorkosId, group_id, user_id};
