//! A group.

use stoa_core::directory::GroupItem;
use stoa_scim::Profile;

/// A group, opened.
#[derive(Clone, Debug)]
pub struct Group {
    /// What is stored.
    pub item: GroupItem,
    /// What the client wrote.
    pub profile: Profile,
}
