//! Whom WorkOS knows: the customers of an environment, their connections and their people.

use std::collections::BTreeMap;

use serde::Serialize;

/// The connection of [`Organization::samples`] that the sandbox's own customer signs on by.
pub const CONNECTION: &str = "conn_01UMBRELLA";
/// The sandbox's own customer.
pub const ORGANIZATION: &str = "org_01UMBRELLA";

/// A customer of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Organization {
    /// `org_…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// How its people sign on.
    pub connections: Vec<SsoConnection>,
    /// Its people.
    pub people: Vec<Person>,
}

/// A way to sign on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SsoConnection {
    /// `conn_…`
    pub id: String,
    /// What stands behind it, such as `PingFederateSAML`.
    pub kind: String,
    /// Whether it is linked to the identity provider.
    pub active: bool,
}

/// Somebody who can sign on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The identity provider's id of them, which they keep.
    pub idp_id: String,
    /// Their address.
    pub email: String,
    /// Their given name.
    pub first_name: Option<String>,
    /// Their family name.
    pub last_name: Option<String>,
    /// The groups of the identity provider.
    pub groups: Vec<String>,
    /// The attributes that the environment maps beyond the usual ones.
    pub custom_attributes: BTreeMap<String, String>,
    /// Why they are on the list.
    pub note: String,
}

impl Person {
    fn new(idp_id: &str, email: &str, (first, last): (&str, &str), note: &str) -> Self {
        let name = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            idp_id: idp_id.to_owned(),
            email: email.to_owned(),
            first_name: name(first),
            last_name: name(last),
            groups: vec!["Learners".to_owned()],
            custom_attributes: [("department".to_owned(), "Research".to_owned())].into(),
            note: note.to_owned(),
        }
    }
}

impl SsoConnection {
    fn new(id: &str, kind: &str, active: bool) -> Self {
        Self { id: id.to_owned(), kind: kind.to_owned(), active }
    }
}

impl Organization {
    /// One customer that is set up as it should be, and one for each way in which it may not be.
    pub(super) fn samples() -> Vec<Self> {
        let organization = |id: &str, name: &str, connections: Vec<SsoConnection>, people| Self {
            id: id.to_owned(),
            name: name.to_owned(),
            connections,
            people,
        };
        let umbrella = vec![
            Person::new("00u1a", "ada.wong@umbrella.example", ("Ada", "Wong"), "ordinary"),
            Person::new("00u1b", "wesker@umbrella.example", ("", "Wesker"), "one name only"),
            Person::new("00u1c", "hunk@contractor.example", ("H.", "Unk"), "email outside the domain"),
            Person {
                groups: Vec::new(),
                ..Person::new("00u1d", "rain@umbrella.example", ("Rain", "Ocampo"), "no groups")
            },
        ];
        let victim =
            Person::new("00u9x", "ada.wong@umbrella.example", ("Not", "Ada"), "shows another customer's address");
        vec![
            organization(
                ORGANIZATION,
                "Umbrella",
                vec![SsoConnection::new(CONNECTION, "PingFederateSAML", true)],
                umbrella,
            ),
            organization(
                "org_01TRICELL",
                "Tricell",
                vec![SsoConnection::new("conn_01TRICELL", "OktaSAML", true)],
                vec![victim],
            ),
            organization(
                "org_01TWO",
                "Two connections",
                vec![
                    SsoConnection::new("conn_01TWOA", "OktaSAML", true),
                    SsoConnection::new("conn_01TWOB", "EntraIdOIDC", true),
                ],
                Vec::new(),
            ),
            organization("org_01NONE", "No connection", Vec::new(), Vec::new()),
            organization(
                "org_01PENDING",
                "Not linked yet",
                vec![SsoConnection::new("conn_01PENDING", "GenericSAML", false)],
                Vec::new(),
            ),
        ]
    }
}
