//! A connection's directory: people and groups as their source wants them, and what follows for the school.
//!
//! What a client writes is a [`stoa_scim::Profile`]; here it becomes items that tell nobody's name ([`Sealing`],
//! [`KeyOf`]), and what one person is to have at the school ([`Desired`]).

mod desired;
mod id;
mod index;
mod item;
mod known_again;
mod row;
mod sealing;
mod token;

pub use crate::connection::{
    Authority, Directory, DirectoryDocument, GrantDocument, JoinAttribute, JoinDocument, Leavers, RemovalsDocument,
    Source, UploadsDocument, WorkosSourceDocument,
};
pub use crate::ids::CourseId;
pub use desired::{Desired, Membership, desired, granted, unverified_address};
pub use id::{BadId, GroupId, UserId};
pub use index::{IndexedBy, KeyHash, KeyOf, keys, own_address};
pub use item::{DIRECTORY_VERSION, EdgeItem, GroupItem, KeyItem, Sealed, UserItem};
pub use known_again::known_again_by;
pub use row::{Becomes, FileRow, KnownPerson, RowPlan, RowRefusal, group_key, group_named, leaving};
pub use sealing::Sealing;
pub use stoa_scim::schema::ENTERPRISE_URN;
pub use token::{LIVE_TOKENS, LiveToken, ScimToken, TokenHash, TokensItem};
