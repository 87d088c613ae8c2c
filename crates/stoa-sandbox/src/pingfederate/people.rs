//! Who works at the customer.

use serde::Serialize;

/// Somebody who can sign on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The short name they sign on with; the NameID.
    pub login: String,
    /// `email`; `None` leaves the attribute out.
    pub email: Option<String>,
    /// `firstName`; `None` leaves the attribute out.
    pub first_name: Option<String>,
    /// `lastName`; `None` leaves the attribute out.
    pub last_name: Option<String>,
    /// `groups`; empty leaves the attribute out.
    pub groups: Vec<String>,
    /// Further attributes: a name and its values each.
    pub others: Vec<(String, Vec<String>)>,
    /// Whether they may sign on.
    pub active: bool,
    /// Why they are on the list.
    pub note: String,
}

impl Person {
    /// An ordinary person with one group.
    pub fn new(login: &str, email: &str, first_name: &str, last_name: &str, note: &str) -> Self {
        Self {
            login: login.to_owned(),
            email: Some(email.to_owned()),
            first_name: Some(first_name.to_owned()),
            last_name: Some(last_name.to_owned()),
            groups: vec!["Learning-Users".to_owned()],
            others: Vec::new(),
            active: true,
            note: note.to_owned(),
        }
    }
}

/// One person for each case that a login must get right.
pub(super) fn samples() -> Vec<Person> {
    let plain = Person::new;
    vec![
        plain("miller.m", "miller.m@pg.com", "Mary", "Miller", "ordinary"),
        plain("existing.e", "existing@pg.com", "Erin", "Existing", "has an account at the school already"),
        Person { first_name: None, ..plain("suharto", "suharto@pg.com", "", "Suharto", "one name only") },
        Person {
            first_name: None,
            last_name: None,
            ..plain("frontdesk", "frontdesk@pg.com", "", "", "shared mailbox without names")
        },
        plain("li.xl", "li.xl@pg.com", "小龙", "李", "name in Chinese"),
        plain("bak.z", "bak.z@pg.com", "Zoë-Anaïs", "Bąk-Østergård O’Neill", "accents and an apostrophe"),
        Person {
            groups: (1..=200).map(|n| format!("CN=GBL-Learning-Audience-{n:03},OU=Groups,DC=pg,DC=com")).collect(),
            ..plain(
                "vandenberg.mc",
                "vandenberg.mc@pg.com",
                "Maximiliana Charlotte Wilhelmina Alexandrina",
                "van den Berghe-von Hohenlohe-Schillingsfürst zu Waldenburg",
                "long name, 200 groups",
            )
        },
        Person { groups: Vec::new(), ..plain("nogroup.n", "nogroup.n@pg.com", "Nadia", "Nogroup", "no groups") },
        plain("partner.p", "pat@agency.example", "Pat", "Partner", "email outside the domain"),
        plain("admin.s", "admin@pg.com", "Sasha", "Admin", "email of the school's administrator"),
        plain("smith.j1", "john.smith@pg.com", "John", "Smith", "left; the address was given away"),
        plain("smith.j2", "john.smith@pg.com", "John", "Smith", "has the address of the one who left"),
        plain("mallory.m", "miller.m@pg.com", "Mallory", "Mallory", "record shows a colleague's email"),
        plain("upper.p", "Petra.UPPER@PG.COM", "Petra", "Upper", "email in capitals"),
        Person { email: None, ..plain("nomail.n", "", "Nils", "Nomail", "no email") },
        Person { active: false, ..plain("gone.g", "gone.g@pg.com", "Gina", "Gone", "deactivated: cannot sign in") },
    ]
}
