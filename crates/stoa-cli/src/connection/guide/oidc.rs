//! OpenID Connect, by product.

use stoa_core::connection::{ClientAuth, Connection, Oidc, Preset, SigningAlgorithm, UserInfo};

use super::attributes::{Travel, rows};
use super::section::Section;

pub(super) fn sections(connection: &Connection, oidc: &Oidc, public_url: &str) -> Vec<Section> {
    let redirect_uri = connection.redirect_uri(public_url);
    let login_url = format!("{public_url}/login/{}", connection.id());
    let preset = connection.document().preset;
    let application = match preset {
        Preset::Pingfederate => pingfederate(&redirect_uri, oidc),
        Preset::Okta => okta(&redirect_uri, &login_url, oidc),
        Preset::Entra => entra(&redirect_uri),
        Preset::Google => google(&redirect_uri),
        Preset::Generic => generic(&redirect_uri, oidc),
    };
    let application = application.note("The redirect URI must match exactly. PKCE (S256) is always used.");
    vec![application, claims(connection, oidc), send_back(preset, oidc)]
}

fn scopes(oidc: &Oidc) -> String {
    oidc.scopes().join(" ")
}

fn authentication(oidc: &Oidc) -> &'static str {
    match oidc.document().client_auth {
        ClientAuth::ClientSecretBasic => "Client Secret (client_secret_basic)",
        ClientAuth::ClientSecretPost => "Client Secret (client_secret_post)",
        ClientAuth::PrivateKeyJwt => "Private Key JWT (private_key_jwt), with the public key that we send you",
    }
}

fn pingfederate(redirect_uri: &str, oidc: &Oidc) -> Section {
    Section::new("Applications > OAuth > Clients > Add Client")
        .row("Client ID", &*oidc.document().client_id)
        .row("Client Authentication", authentication(oidc))
        .row("Redirect URIs", redirect_uri)
        .row("Bypass Authorization Approval", "selected, so that people are not asked for consent")
        .row("Allowed Grant Types", "Authorization Code")
        .row("Require Proof Key for Code Exchange (PKCE)", "selected")
        .row("Scopes", scopes(oidc))
        .row("OpenID Connect > ID Token Signing Algorithm", any_of(oidc, pingfederate_name))
}

/// The algorithms that the connection takes, by the names of a console.
fn any_of(oidc: &Oidc, name: fn(SigningAlgorithm) -> &'static str) -> String {
    let names: Vec<_> = oidc.document().algorithms.iter().map(|algorithm| name(*algorithm)).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        Some(_) | None => names.concat(),
    }
}

const fn pingfederate_name(algorithm: SigningAlgorithm) -> &'static str {
    match algorithm {
        SigningAlgorithm::Rs256 => "RSA using SHA-256",
        SigningAlgorithm::Rs384 => "RSA using SHA-384",
        SigningAlgorithm::Rs512 => "RSA using SHA-512",
        SigningAlgorithm::Ps256 => "RSASSA-PSS using SHA-256",
        SigningAlgorithm::Ps384 => "RSASSA-PSS using SHA-384",
        SigningAlgorithm::Ps512 => "RSASSA-PSS using SHA-512",
        SigningAlgorithm::Es256 => "ECDSA using P256 Curve and SHA-256",
        SigningAlgorithm::Es384 => "ECDSA using P384 Curve and SHA-384",
    }
}

fn okta(redirect_uri: &str, login_url: &str, oidc: &Oidc) -> Section {
    let authentication = match oidc.document().client_auth {
        ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost => "Client secret",
        ClientAuth::PrivateKeyJwt => "Public key / Private key, with the public key that we send you",
    };
    Section::new("Applications > Applications > Create App Integration > OIDC - OpenID Connect > Web Application")
        .row("Grant type", "Authorization Code")
        .row("Sign-in redirect URIs", redirect_uri)
        .row("Sign-out redirect URIs", "none")
        .row("Login initiated by", "Either Okta or App, for a tile in the dashboard")
        .row("Initiate login URI", login_url)
        .row("Client authentication", authentication)
        .row("Require PKCE as additional verification", "selected")
}

fn entra(redirect_uri: &str) -> Section {
    Section::new("App registrations > New registration")
        .row("Supported account types", "Accounts in this organizational directory only (Single tenant)")
        .row("Redirect URI", format!("Web   {redirect_uri}"))
        .row(
            "Certificates & secrets > New client secret",
            "valid as long as your policy allows; tell us when it expires",
        )
        .row("API permissions > Microsoft Graph > Delegated", "openid, profile, email; Grant admin consent")
}

fn google(redirect_uri: &str) -> Section {
    Section::new("Google Cloud console > Google Auth Platform > Clients > Create client")
        .row("Application type", "Web application")
        .row("Authorized redirect URIs", redirect_uri)
        .row("Audience > User type", "Internal")
}

fn generic(redirect_uri: &str, oidc: &Oidc) -> Section {
    Section::new("Create a client (web application) for OpenID Connect")
        .row("Redirect URI", redirect_uri)
        .row("Grant type, response type", "Authorization Code, code")
        .row("Client authentication", authentication(oidc))
        .row("Scopes", scopes(oidc))
        .row("ID token signature", any_of(oidc, SigningAlgorithm::as_str))
        .row("Userinfo response", "JSON, not signed; ID token not encrypted")
}

fn claims(connection: &Connection, oidc: &Oidc) -> Section {
    let by_userinfo = match oidc.document().userinfo {
        UserInfo::Never => "in the ID token",
        UserInfo::WhenThin | UserInfo::Always => "in the ID token or at the userinfo endpoint",
    };
    let section = Section::new(format!("Send these claims, {by_userinfo}")).rows(rows(connection, Travel::Oidc));
    match connection.document().preset {
        Preset::Pingfederate => section
            .note("Applications > OAuth > OpenID Connect Policy Management: the policy's Attribute Contract, Attribute")
            .note("Scopes and Contract Fulfillment. sub must be a permanent identifier of the person."),
        Preset::Entra => section
            .note(
                "A person without an address in Entra (Mail) cannot sign in: preferred_username does not count as one.",
            )
            .note("Add acct in the same place: it says who is a guest. A guest's address is accepted only if")
            .note("the optional claim xms_edov says that Entra has verified who owns its domain."),
        Preset::Google => section
            .note(format!(
                "Only accounts of the Google Workspace whose primary domain is {} can sign in;",
                oidc.hosted_domains().join(" or ")
            ))
            .note("private Google accounts cannot."),
        Preset::Generic | Preset::Okta => section,
    }
}

fn send_back(preset: Preset, oidc: &Oidc) -> Section {
    let has_secret = match oidc.document().client_auth {
        ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost => true,
        ClientAuth::PrivateKeyJwt => false,
    };
    let heading = if has_secret { "Send us these, the secret through another channel" } else { "Send us these" };
    let section = Section::new(heading);
    let section = match preset {
        Preset::Pingfederate => section.row("Issuer", "the Base URL (System > Server > Protocol Settings)"),
        Preset::Okta => section
            .row("Issuer", "https://YOUR-ORG.okta.com")
            .row("Client ID", "General > Client Credentials > Client ID"),
        Preset::Entra => section.row("Directory (tenant) ID", "Overview").row("Application (client) ID", "Overview"),
        Preset::Google => section.row("Client ID", "shown when the client is created"),
        Preset::Generic => {
            section.row("Issuer", "whose /.well-known/openid-configuration we read").row("Client ID", "yours to choose")
        }
    };
    let section = if has_secret {
        section.row("Client secret", secret(preset))
    } else {
        section.note("No secret is needed: we have a private key, and send you its public key.")
    };
    section.note(format!(
        "What we have so far: issuer {}, client id {}.",
        oidc.document().issuer,
        oidc.document().client_id
    ))
}

/// Where the product's console shows it.
const fn secret(preset: Preset) -> &'static str {
    match preset {
        Preset::Pingfederate | Preset::Generic => "the one that you generate",
        Preset::Okta => "General > Client Credentials > Client secrets",
        Preset::Entra => "Certificates & secrets > Value (not Secret ID)",
        Preset::Google => "shown when the client is created, and only then",
    }
}
