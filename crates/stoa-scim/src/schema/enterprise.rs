//! The enterprise extension of a person (RFC 7643 §4.3).

use super::attribute::{Attribute, complex, reference, text};

static MANAGER: &[Attribute] = &[
    text("value", "The manager's id").exact(),
    reference("$ref", "The manager's address").to(&["User"]),
    text("displayName", "The manager's name").read_only(),
];

pub(super) static ATTRIBUTES: &[Attribute] = &[
    text("employeeNumber", "The company's number of the person"),
    text("costCenter", "Cost center"),
    text("organization", "Organization"),
    text("division", "Division"),
    text("department", "Department"),
    complex("manager", "Whom they report to", MANAGER),
];
