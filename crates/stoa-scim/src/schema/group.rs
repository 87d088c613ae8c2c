//! A group (RFC 7643 §4.2).

use super::attribute::{Attribute, complex, reference, text};

static MEMBERS: &[Attribute] = &[
    text("value", "The member's id").exact().immutable(),
    reference("$ref", "The member's address").to(&["User", "Group"]).immutable(),
    text("display", "The member's name").read_only(),
    text("type", "User or Group").canonical(&["User", "Group"]).immutable(),
];

pub(super) static ATTRIBUTES: &[Attribute] = &[
    text("displayName", "Its name").required().unique(),
    complex("members", "Who belongs to it; in lists only where \"attributes\" asks for it", MEMBERS).multi(),
];
