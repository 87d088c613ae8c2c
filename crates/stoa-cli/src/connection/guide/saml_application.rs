//! What is entered for stoa in each product's console, for SAML. Every signature and every encryption that is named here
//! is one that the verifier takes.

use stoa_core::connection::{IdpInitiated, Preset, Saml};

use super::section::Section;

/// The values to paste.
pub(super) struct Values {
    pub(super) entity_id: String,
    pub(super) acs_url: String,
    pub(super) metadata_url: String,
    pub(super) login_url: String,
}

/// The product's own part.
pub(super) fn application(preset: Preset, values: &Values, saml: &Saml) -> Section {
    match preset {
        Preset::Pingfederate => pingfederate(values, saml),
        Preset::Okta => okta(values, saml),
        Preset::Entra => entra(values, saml),
        Preset::Google => google(values),
        Preset::Generic => generic(values, saml),
    }
}

/// What the general part means in common products that have no preset.
pub(super) fn without_preset(values: &Values, saml: &Saml) -> [Section; 2] {
    [adfs(values, saml), keycloak(values, saml)]
}

/// Whether the Assertion can be encrypted for us.
fn can_be_encrypted(saml: &Saml) -> bool {
    !saml.sp_certificates().is_empty()
}

fn pingfederate(values: &Values, saml: &Saml) -> Section {
    let profiles = match saml.document().idp_initiated {
        IdpInitiated::Off => "SP-Initiated SSO",
        IdpInitiated::Convert | IdpInitiated::Confirm => {
            "SP-Initiated SSO; IdP-Initiated SSO too, if people start from a portal"
        }
    };
    let section = Section::new("Applications > Integration > SP Connections > Create Connection")
        .row("Connection Type", "Browser SSO Profiles, Protocol SAML 2.0")
        .row("Import Metadata > URL", &*values.metadata_url)
        .row("Partner's Entity ID (Connection ID)", &*values.entity_id)
        .row("SAML Profiles", profiles)
        .row("Identity Mapping", "Standard")
        .row("Assertion Consumer Service URL", format!("POST   {}", values.acs_url))
        .row("Allowable SAML Bindings", "POST, Redirect")
        .row("Signature Policy", "as it is (the Response is signed), or Always Sign Assertion")
        .row("Digital Signature Settings", "RSA SHA256, RSA SHA384 or RSA SHA512");
    let section = if can_be_encrypted(saml) {
        section
            .row("Encryption Policy", "None, or The Entire Assertion")
            .row(
                "Select XML Encryption Certificate > Block Encryption Algorithm",
                "AES-256-GCM, AES-128-GCM, AES-256 or AES-128",
            )
            .row("Select XML Encryption Certificate > Key Transport Algorithm", "RSA-OAEP")
    } else {
        section.row("Encryption Policy", "None")
    };
    section.row("Connection Status", "Active")
}

fn okta(values: &Values, saml: &Saml) -> Section {
    let section = Section::new("Applications > Applications > Create App Integration > SAML 2.0")
        .row("Single sign-on URL", &*values.acs_url)
        .row("Use this for Recipient URL and Destination URL", "selected")
        .row("Audience URI (SP Entity ID)", &*values.entity_id)
        .row("Default RelayState", "leave empty")
        .row("Name ID format", "Unspecified")
        .row("Response, Assertion Signature", "Signed")
        .row("Signature Algorithm", "RSA-SHA256")
        .row("Digest Algorithm", "SHA256");
    if can_be_encrypted(saml) {
        section
            .row("Assertion Encryption", "Unencrypted, or Encrypted")
            .row("Encryption Algorithm", "AES256-GCM, AES256-CBC or AES128-CBC")
            .row("Key Transport Algorithm", "RSA-OAEP")
            .row("Encryption Certificate", "the one in our metadata")
    } else {
        section.row("Assertion Encryption", "Unencrypted")
    }
}

fn entra(values: &Values, saml: &Saml) -> Section {
    let section = Section::new(
        "Enterprise applications > New application > Create your own application, then Single sign-on > SAML",
    )
    .row("Upload metadata file, saved from", &*values.metadata_url)
    .row("Identifier (Entity ID)", &*values.entity_id)
    .row("Reply URL (Assertion Consumer Service URL)", &*values.acs_url)
    .row("Sign on URL (Optional)", &*values.login_url)
    .row("Relay State (Optional)", "leave empty")
    .row("SAML Certificates > Signing Algorithm", "SHA-256");
    if can_be_encrypted(saml) {
        section
            .row("SAML Certificates > Signing Option", "Sign SAML response and assertion, or Sign SAML response")
            .row("Token encryption", "none, or Import Certificate")
            .note("Import Certificate: the one in our metadata. Entra then encrypts with AES-256-CBC, which is accepted only")
            .note("if the Response is signed; its own default, Sign SAML assertion, does not sign it.")
    } else {
        section.row("SAML Certificates > Signing Option", "Sign SAML assertion, or Sign SAML response and assertion")
    }
}

fn google(values: &Values) -> Section {
    Section::new("Apps > Web and mobile apps > Add app > Add custom SAML app")
        .row("ACS URL", &*values.acs_url)
        .row("Entity ID", &*values.entity_id)
        .row("Start URL", "leave empty")
        .row("Signed response", "selected")
        .row("Name ID format", "UNSPECIFIED")
}

fn generic(values: &Values, saml: &Saml) -> Section {
    let section = Section::new("Create an application (service provider) for SAML 2.0")
        .row("Metadata to import", &*values.metadata_url)
        .row("Entity ID, Audience", &*values.entity_id)
        .row("Assertion Consumer Service URL, Reply URL", format!("{}   (binding HTTP-POST)", values.acs_url))
        .row("Sign-in URL", &*values.login_url)
        .row("Signature algorithm", "RSA-SHA256, RSA-SHA384, RSA-SHA512, ECDSA-SHA256 or ECDSA-SHA384")
        .row("Digest algorithm", "SHA-256, SHA-384 or SHA-512")
        .row("Canonicalization", "Exclusive (xml-exc-c14n)");
    if can_be_encrypted(saml) {
        section
            .row("What is signed", "Response, or both")
            .row(
                "Encryption of the Assertion",
                "none, AES-256-GCM, AES-192-GCM, AES-128-GCM, AES-256-CBC or AES-128-CBC",
            )
            .row("Key transport", "RSA-OAEP with SHA-1 only, or RSA-OAEP with SHA-256 only")
            .note("In RSA-OAEP, digest and mask must use the same hash. RSA 1.5 and Triple DES are refused.")
            .note("AES-GCM is also accepted if only the Assertion is signed, AES-CBC is not.")
    } else {
        section.row("What is signed", "Response, Assertion, or both").row("Encryption of the Assertion", "none")
    }
}

fn adfs(values: &Values, saml: &Saml) -> Section {
    let section = Section::new("If it is AD FS: Relying Party Trusts > Add Relying Party Trust > Claims aware")
        .row("Import data about the relying party", &*values.metadata_url)
        .row("Properties > Advanced > Secure hash algorithm", "SHA-256");
    if can_be_encrypted(saml) {
        section
            .row("Set-AdfsRelyingPartyTrust -SamlResponseSignature", "MessageAndAssertion, or MessageOnly")
            .row("Set-AdfsRelyingPartyTrust -EncryptClaims", "$true, or $false")
            .note("AD FS encrypts with AES-256-CBC as soon as it has our certificate, which the import brings. This is accepted")
            .note("only if the message is signed; its own default, AssertionOnly, does not sign it.")
    } else {
        section.row(
            "Set-AdfsRelyingPartyTrust -SamlResponseSignature",
            "AssertionOnly, MessageAndAssertion or MessageOnly",
        )
    }
}

fn keycloak(values: &Values, saml: &Saml) -> Section {
    let signed_requests = if saml.document().sign_requests { "On" } else { "Off" };
    let section = Section::new("If it is Keycloak: Clients > Import client")
        .row("Resource file, saved from", &*values.metadata_url)
        .row("Settings > Sign documents", "On")
        .row("Settings > Sign assertions", "Off, or On")
        .row("Settings > Signature algorithm", "RSA_SHA256, or RSA_SHA512")
        .row("Settings > Canonicalization method", "EXCLUSIVE")
        .row("Keys > Client signature required", signed_requests);
    if can_be_encrypted(saml) {
        section
            .row("Keys > Encrypt assertions", "Off, or On")
            .row("Keys > Encryption algorithm", "AES_256_GCM, AES_192_GCM, AES_128_GCM, AES_256_CBC or AES_128_CBC")
            .row("Keys > Key transport algorithm", "RSA-OAEP-11")
            .row("Keys > Digest method", "SHA-256")
            .row("Keys > Mask generation function", "mgf1sha256")
            .note("A Keycloak without these choices encrypts with AES-128-CBC and RSA-OAEP-MGF1P with SHA-1, which is accepted, too.")
    } else {
        section.row("Keys > Encrypt assertions", "Off")
    }
}
