//! Who can sign on, at each product.

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Value, json};

use super::product::{FOREIGN_TENANT, GLOBEX_TENANT, PERSONAL_TENANT, Product};

/// Somebody who can sign on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The product whose directory the person is in.
    pub product: Product,
    /// What they sign on with: a short name at PingFederate, an address elsewhere.
    pub login: String,
    /// PingFederate and Okta: `sub`. Entra: `oid`. Google: `sub`.
    pub subject: String,
    /// `email`; `None` leaves the claim out.
    pub email: Option<String>,
    /// `email_verified`, where the product sends it; `None` leaves it out.
    pub email_verified: Option<Value>,
    /// `given_name`; `None` leaves the claim out.
    pub first_name: Option<String>,
    /// `family_name`; `None` leaves the claim out.
    pub last_name: Option<String>,
    /// `groups`; empty leaves the claim out.
    pub groups: Vec<String>,
    /// Entra: the tenant that they sign on to.
    pub tenant: String,
    /// Entra: the tenant they come from, where they are a guest.
    pub home_tenant: Option<String>,
    /// Google: the domain of the Workspace that the account is in (`hd`). A private account is in none.
    pub workspace: Option<String>,
    /// Whether they may sign on.
    pub active: bool,
    /// Why they are on the list.
    pub note: String,
}

impl Person {
    /// An ordinary person with one group.
    pub fn new(product: Product, login: &str, email: &str, first_name: &str, last_name: &str, note: &str) -> Self {
        Self {
            product,
            login: login.to_owned(),
            subject: subject(product, login),
            email: Some(email.to_owned()),
            email_verified: match product {
                Product::Okta | Product::Google => Some(json!(true)),
                Product::PingFederate | Product::Entra => None,
            },
            first_name: Some(first_name.to_owned()),
            last_name: Some(last_name.to_owned()),
            groups: vec![group(product, 1)],
            tenant: if product == Product::Entra { GLOBEX_TENANT } else { "" }.to_owned(),
            home_tenant: None,
            workspace: None,
            active: true,
            note: note.to_owned(),
        }
    }

    /// `name`
    pub fn name(&self) -> String {
        let parts = [self.first_name.as_deref(), self.last_name.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Whether a `login_hint` means them.
    pub(super) fn is_called(&self, hint: &str) -> bool {
        self.login.eq_ignore_ascii_case(hint) || self.email.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(hint))
    }
}

/// One person for each case that a login must get right.
pub(super) fn samples() -> Vec<Person> {
    [pingfederate(), entra(), okta(), google()].concat()
}

fn pingfederate() -> Vec<Person> {
    let plain = |login, email, first, last, note| Person::new(Product::PingFederate, login, email, first, last, note);
    vec![
        plain("miller.m", "miller.m@pg.com", "Mary", "Miller", "ordinary"),
        Person { first_name: None, ..plain("suharto", "suharto@pg.com", "", "Suharto", "one name only") },
        plain("li.xl", "li.xl@pg.com", "小龙", "李", "name in Chinese"),
        plain("bak.z", "bak.z@pg.com", "Zoë-Anaïs", "Bąk-Østergård O’Neill", "accents and an apostrophe"),
        plain("partner.p", "pat@agency.example", "Pat", "Partner", "email outside the domain"),
        plain("admin.s", "admin@pg.com", "Sasha", "Admin", "email of the school's administrator"),
        plain("mallory.m", "miller.m@pg.com", "Mallory", "Mallory", "record shows a colleague's email"),
        Person { email: None, ..plain("nomail.n", "", "Nils", "Nomail", "no email") },
        Person { active: false, ..plain("gone.g", "gone.g@pg.com", "Gina", "Gone", "deactivated: cannot sign in") },
    ]
}

fn entra() -> Vec<Person> {
    let plain = |login, first, last, note| Person::new(Product::Entra, login, login, first, last, note);
    vec![
        plain("mila@globex.com", "Mila", "Nikolova", "ordinary"),
        Person { email: None, ..plain("noah@globex.com", "Noah", "Nomail", "account without a mailbox: no email") },
        Person {
            groups: (1..=201).map(|n| group(Product::Entra, n)).collect(),
            ..plain("olga@globex.com", "Olga", "Overage", "201 groups: overage")
        },
        Person {
            home_tenant: Some(FOREIGN_TENANT.to_owned()),
            email: Some("gus@agency.example".to_owned()),
            ..plain("gus_agency.example#EXT#@globex.onmicrosoft.com", "Gus", "Guest", "guest of another company")
        },
        Person {
            home_tenant: Some(PERSONAL_TENANT.to_owned()),
            email: Some("petra@outlook.com".to_owned()),
            ..plain(
                "petra_outlook.com#EXT#@globex.onmicrosoft.com",
                "Petra",
                "Private",
                "guest with a personal account",
            )
        },
        Person {
            tenant: PERSONAL_TENANT.to_owned(),
            ..plain("pia@outlook.com", "Pia", "Private", "personal Microsoft account")
        },
        Person {
            tenant: FOREIGN_TENANT.to_owned(),
            email: Some("mila@globex.com".to_owned()),
            ..plain("mallory@evil.example", "Mallory", "Mallory", "own tenant, with Mila's email in it")
        },
        Person { active: false, ..plain("gina@globex.com", "Gina", "Gone", "deactivated: cannot sign in") },
    ]
}

fn okta() -> Vec<Person> {
    let plain = |login, first, last, note| Person::new(Product::Okta, login, login, first, last, note);
    vec![
        plain("peter@initech.com", "Peter", "Gibbons", "ordinary"),
        Person {
            email_verified: Some(json!(false)),
            ..plain("milton@initech.com", "Milton", "Waddams", "email not verified")
        },
        Person { groups: Vec::new(), ..plain("nina@initech.com", "Nina", "Nogroup", "no groups") },
        Person { active: false, ..plain("bill@initech.com", "Bill", "Gone", "suspended: cannot sign in") },
    ]
}

fn google() -> Vec<Person> {
    let private = |login, first, last, note| Person::new(Product::Google, login, login, first, last, note);
    let member = |login, first, last, note| Person {
        workspace: Some("hooli.example".to_owned()),
        ..private(login, first, last, note)
    };
    vec![
        member("hanna@hooli.example", "Hanna", "Hooli", "ordinary"),
        member("gavin@hooli.test", "Gavin", "Belson", "address in the Workspace's second domain"),
        private("erlich@hooli.example", "Erlich", "Bachman", "left; a private account under the company's address"),
        private("somebody@gmail.com", "Some", "Body", "private account"),
    ]
}

/// A group as the product names it: Entra by its object id, the others by its name.
pub(super) fn group(product: Product, n: usize) -> String {
    match product {
        Product::Entra => format!("6f1d9b1c-0000-4000-8000-{n:012}"),
        Product::PingFederate | Product::Okta | Product::Google if n == 1 => "Learning-Users".to_owned(),
        Product::PingFederate | Product::Okta | Product::Google => format!("Learning-Audience-{n:03}"),
    }
}

/// The same at each start, so that a person with a kept account is that person again.
pub(super) fn subject(product: Product, login: &str) -> String {
    let hash = digest(&SHA256, login.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    match product {
        Product::PingFederate => login.to_owned(),
        Product::Entra => {
            format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
        }
        Product::Okta => format!("00u{}", &hex[..17]),
        Product::Google => {
            let digits: String = hash.as_ref().iter().map(|byte| char::from(b'0' + byte % 10)).collect();
            format!("1{}", &digits[..20])
        }
    }
}
