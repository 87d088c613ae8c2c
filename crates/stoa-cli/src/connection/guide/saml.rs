//! SAML 2.0, by product.

use stoa_core::connection::{Connection, IdpInitiated, Preset, Saml};

use super::attributes::{Travel, rows};
use super::saml_application::{Values, application, without_preset};
use super::section::Section;

pub(super) fn sections(connection: &Connection, saml: &Saml, public_url: &str) -> Vec<Section> {
    let values = Values {
        entity_id: saml.document().sp_entity_id.clone(),
        acs_url: connection.acs_url(public_url),
        metadata_url: format!("{public_url}/saml/{}/metadata", connection.id()),
        login_url: format!("{public_url}/login/{}", connection.id()),
    };
    let preset = connection.document().preset;
    let mut sections = vec![with_rules(application(preset, &values, saml), saml)];
    if preset == Preset::Generic {
        sections.extend(without_preset(&values, saml));
    }
    sections.extend([attributes(connection, saml), send_back(preset, &values)]);
    sections
}

/// What holds whichever the product is.
fn with_rules(section: Section, saml: &Saml) -> Section {
    let section = section.note("Signatures with SHA-1 are refused. Single logout is not supported.");
    let section = if saml.document().sign_requests {
        section.note("Our requests are signed; the certificate is in our metadata.")
    } else {
        section.note("Our requests are not signed, so signed requests must not be required.")
    };
    match saml.document().idp_initiated {
        IdpInitiated::Off => {
            section.note("Logins that start in your portal are refused: in the portal, link to the address at the end of this guide.")
        }
        IdpInitiated::Convert | IdpInitiated::Confirm => section,
    }
}

fn attributes(connection: &Connection, saml: &Saml) -> Section {
    let document = connection.document();
    let title = match document.preset {
        Preset::Pingfederate => "Assertion Creation > Attribute Contract: send these attributes",
        Preset::Okta => "Attribute Statements: send these attributes",
        Preset::Entra => "Attributes & Claims: send these claims (most are there by default)",
        Preset::Google => "Attribute mapping: send these app attributes",
        Preset::Generic => "Send these attributes",
    };
    let by_name_id = connection.subject_from() == ["name_id"];
    let label = match document.preset {
        Preset::Pingfederate => "SAML_SUBJECT",
        Preset::Google => "Name ID",
        Preset::Generic | Preset::Okta | Preset::Entra => "NameID",
    };
    let mut section = Section::new(title);
    if by_name_id {
        section = section.row(label, name_id(document.preset, document.subject.is_email));
    }
    if let Some(format) = &saml.document().name_id_format {
        section = section.row("NameID format that we request", format);
    }
    section = section.rows(rows(connection, Travel::Saml));
    if by_name_id { section.note("A transient NameID is refused: it identifies nobody.") } else { section }
}

fn name_id(preset: Preset, is_email: bool) -> &'static str {
    match (is_email, preset) {
        (true, Preset::Google) => "Basic Information > Primary email",
        (true, _) => "the email address",
        (false, Preset::Google) => "an ID that never changes, such as a custom attribute; not Primary email",
        (false, _) => "a permanent identifier of the person, such as an employee number; not the email address",
    }
}

fn send_back(preset: Preset, values: &Values) -> Section {
    let entity_id: String = url::form_urlencoded::byte_serialize(values.entity_id.as_bytes()).collect();
    let what = match preset {
        Preset::Pingfederate => format!("https://YOUR-HOST/pf/federation_metadata.ping?PartnerSpId={entity_id}"),
        Preset::Okta => "Sign On > SAML 2.0 > Metadata URL > Copy".to_owned(),
        Preset::Entra => "SAML Certificates > App Federation Metadata Url".to_owned(),
        Preset::Google => "Download metadata (the file)".to_owned(),
        Preset::Generic => "the address of your metadata, or the file".to_owned(),
    };
    let section = Section::new("Send us").row("Metadata", what);
    match preset {
        Preset::Pingfederate => {
            section.note("Keep PartnerSpId: without it, PingFederate shows another connection's certificate.")
        }
        Preset::Generic | Preset::Okta | Preset::Entra | Preset::Google => section,
    }
}
