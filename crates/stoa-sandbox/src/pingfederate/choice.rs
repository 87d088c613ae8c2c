//! What a developer picks on the sign-on page, beside the person: the simulator's own form fields.

use std::collections::HashMap;

use maud::{Markup, html};
use stoa_saml::idp::{DataEncryption, KeyTransport, Placement, SignWhat};

use super::defect::Defect;
use super::partner::Encryption;

const SIGN: &[(&str, SignWhat)] =
    &[("response", SignWhat::Response), ("assertion", SignWhat::Assertion), ("both", SignWhat::Both)];
const DATA: &[(&str, DataEncryption)] = &[
    ("aes128-gcm", DataEncryption::Aes128Gcm),
    ("aes192-gcm", DataEncryption::Aes192Gcm),
    ("aes256-gcm", DataEncryption::Aes256Gcm),
    ("aes128-cbc", DataEncryption::Aes128Cbc),
    ("aes192-cbc", DataEncryption::Aes192Cbc),
    ("aes256-cbc", DataEncryption::Aes256Cbc),
];
const TRANSPORT: &[(&str, KeyTransport)] = &[
    ("oaep-mgf1p-sha1", KeyTransport::OaepMgf1pSha1),
    ("oaep-sha1", KeyTransport::OaepSha1),
    ("oaep-sha256", KeyTransport::OaepSha256),
];
const PLACEMENT: &[(&str, Placement)] = &[("inside", Placement::Inside), ("sibling", Placement::Sibling)];

/// What is not chosen is the connection's own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choice {
    pub(super) defect: Option<Defect>,
    pub(super) sign: Option<SignWhat>,
    pub(super) encrypt: Option<Encryption>,
}

impl Choice {
    pub(super) fn of(fields: &HashMap<String, String>) -> Self {
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let encrypt = pick(DATA, field("encrypt")).map(|data| Encryption {
            data,
            transport: pick(TRANSPORT, field("transport")).unwrap_or(KeyTransport::OaepMgf1pSha1),
            placement: pick(PLACEMENT, field("placement")).unwrap_or(Placement::Inside),
        });
        Self { defect: Defect::parse(field("defect")), sign: pick(SIGN, field("sign")), encrypt }
    }

    pub(super) fn fields() -> Markup {
        html! {
            label for="defect" { "What is wrong with the Response" }
            select #defect name="defect" {
                option value="" { "nothing" }
                (defects())
            }
            details {
                summary { "How it is signed and encrypted" }
                (select("sign", "Signed", "as the connection says", SIGN))
                (select("encrypt", "Encrypted", "as the connection says", DATA))
                (select("transport", "Its key by", "oaep-mgf1p-sha1", TRANSPORT))
                (select("placement", "Its key stands", "inside", PLACEMENT))
            }
        }
    }
}

/// Every defect.
pub(super) fn defects() -> Markup {
    html! { @for defect in Defect::ALL { option { (defect.as_str()) } } }
}

fn pick<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

fn select<T>(name: &str, label: &str, otherwise: &str, table: &[(&str, T)]) -> Markup {
    html! {
        label for=(name) { (label) }
        select id=(name) name=(name) {
            option value="" { (otherwise) }
            @for (value, _) in table { option { (value) } }
        }
    }
}
