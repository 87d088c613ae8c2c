//! SAML 2.0, by product.

use stoa_core::connection::{Connection, IdpInitiated, Preset, Saml};

use super::attributes::{Travel, rows};
use super::section::Section;

/// The values to paste.
struct Values {
    entity_id: String,
    acs_url: String,
    metadata_url: String,
    login_url: String,
}

pub(super) fn sections(connection: &Connection, saml: &Saml, public_url: &str) -> Vec<Section> {
    let values = Values {
        entity_id: saml.document().sp_entity_id.clone(),
        acs_url: connection.acs_url(public_url),
        metadata_url: format!("{public_url}/saml/{}/metadata", connection.id()),
        login_url: format!("{public_url}/login/{}", connection.id()),
    };
    let application = match connection.document().preset {
        Preset::Pingfederate => pingfederate(&values, saml),
        Preset::Okta => okta(&values, saml),
        Preset::Entra => entra(&values),
        Preset::Google => google(&values),
        Preset::Generic => generic(&values),
    };
    let sections =
        [with_rules(application, saml), attributes(connection, saml), send_back(connection.document().preset, &values)];
    sections.into()
}

fn pingfederate(values: &Values, saml: &Saml) -> Section {
    let profiles = match saml.document().idp_initiated {
        IdpInitiated::Off => "SP-Initiated SSO",
        IdpInitiated::Convert | IdpInitiated::Confirm => {
            "SP-Initiated SSO; IdP-Initiated SSO too, if people start from a portal"
        }
    };
    Section::new("Applications > Integration > SP Connections > Create Connection")
        .row("Connection Type", "Browser SSO Profiles, Protocol SAML 2.0")
        .row("Import Metadata > URL", &*values.metadata_url)
        .row("Partner's Entity ID (Connection ID)", &*values.entity_id)
        .row("SAML Profiles", profiles)
        .row("Identity Mapping", "Standard")
        .row("Assertion Consumer Service URL", format!("POST   {}", values.acs_url))
        .row("Allowable SAML Bindings", "POST, Redirect")
        .row("Signature Policy", "leave as it is: the Response is signed. Always Sign Assertion is optional")
        .row("Encryption Policy", encryption(saml, "None", "The Entire Assertion"))
        .row("Digital Signature Settings", "RSA SHA256, or stronger")
        .row("Connection Status", "Active")
}

fn okta(values: &Values, saml: &Saml) -> Section {
    Section::new("Applications > Applications > Create App Integration > SAML 2.0")
        .row("Single sign-on URL", &*values.acs_url)
        .row("Use this for Recipient URL and Destination URL", "selected")
        .row("Audience URI (SP Entity ID)", &*values.entity_id)
        .row("Default RelayState", "leave empty")
        .row("Name ID format", "Unspecified")
        .row("Response, Assertion Signature", "Signed")
        .row("Signature Algorithm, Digest Algorithm", "RSA-SHA256, SHA256")
        .row("Assertion Encryption", encryption(saml, "Unencrypted", "Encrypted, with the certificate of our metadata"))
}

fn entra(values: &Values) -> Section {
    Section::new("Enterprise applications > New application > Create your own application, then Single sign-on > SAML")
        .row("Upload metadata file, saved from", &*values.metadata_url)
        .row("Identifier (Entity ID)", &*values.entity_id)
        .row("Reply URL (Assertion Consumer Service URL)", &*values.acs_url)
        .row("Sign on URL (Optional)", &*values.login_url)
        .row("Relay State (Optional)", "leave empty")
        .row("SAML Certificates > Signing Option", "Sign SAML assertion, or Sign SAML response and assertion")
        .row("SAML Certificates > Signing Algorithm", "SHA-256")
}

fn google(values: &Values) -> Section {
    Section::new("Apps > Web and mobile apps > Add app > Add custom SAML app")
        .row("ACS URL", &*values.acs_url)
        .row("Entity ID", &*values.entity_id)
        .row("Start URL", "leave empty")
        .row("Signed response", "selected")
        .row("Name ID format", "UNSPECIFIED")
}

fn generic(values: &Values) -> Section {
    Section::new("Create an application (service provider) for SAML 2.0")
        .row("Metadata to import", &*values.metadata_url)
        .row("Entity ID, Audience", &*values.entity_id)
        .row("Assertion Consumer Service URL, Reply URL", format!("{}   (binding HTTP-POST)", values.acs_url))
        .row("Sign-in URL", &*values.login_url)
        .row("Signature", "Response or Assertion or both; RSA-SHA256 or stronger, or ECDSA")
}

fn encryption(saml: &Saml, none: &'static str, offered: &'static str) -> String {
    if saml.sp_certificates().is_empty() { none.to_owned() } else { format!("{none}, or {offered}") }
}

/// What holds whichever the product is.
fn with_rules(section: Section, saml: &Saml) -> Section {
    let section = section.note("SHA-1 is refused. Single logout is not supported.");
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
