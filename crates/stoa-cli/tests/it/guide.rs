//! What a customer's administrator is told, word for word, for each kind and product.

use insta::assert_snapshot;

use crate::command::{Desk, Ran, stoa};

const HEAD: &str =
    "id = \"acme\"\ncustomer = \"acme\"\nname = \"Acme\"\nschool = \"academy\"\ndomains = [\"acme.com\"]\n";
pub const SAML: &str = "[saml]\nsp_entity_id = \"https://sso.example.com/saml/acme\"\n";
pub const OIDC: &str = "[oidc]\nissuer = \"https://acme.okta.com\"\nclient_id = \"stoa\"\n";
const TENANT: &str = "b7e2f3a0-41c6-4d39-9c5e-0a1d62f7c811";

/// The guide of a file that has not been applied: no network, no stack.
pub async fn guide(settings: &str) -> String {
    ask(settings).await.done()
}

async fn ask(settings: &str) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.toml");
    std::fs::write(&path, format!("{HEAD}{settings}")).unwrap();
    stoa(&["connection", "guide", path.to_str().unwrap(), "--host", "sso.example.com"]).await
}

#[tokio::test]
async fn saml_by_product() {
    let groups = "[admit]\ngroups = [\"Learners\"]\n";
    let google = "[subject]\nfrom = \"name_id\"\nis_email = true\n";
    for (preset, more) in [
        ("generic", "idp_initiated = \"off\"\n"),
        ("pingfederate", ""),
        ("okta", groups),
        ("entra", groups),
        ("google", google),
    ] {
        assert_snapshot!(format!("guide_saml_{preset}"), guide(&format!("preset = \"{preset}\"\n{SAML}{more}")).await);
    }
}

#[tokio::test]
async fn openid_connect_by_product() {
    let entra = OIDC.replace("https://acme.okta.com", &format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    for (preset, settings) in [
        ("generic", format!("{OIDC}client_auth = \"private_key_jwt\"\nuserinfo = \"never\"\n")),
        ("pingfederate", OIDC.to_owned()),
        ("okta", format!("{OIDC}[admit]\ngroups = [\"Learners\"]\n")),
        ("entra", entra),
        ("google", OIDC.replace("https://acme.okta.com", "https://accounts.google.com")),
    ] {
        assert_snapshot!(format!("guide_oidc_{preset}"), guide(&format!("preset = \"{preset}\"\n{settings}")).await);
    }
}

/// Every product with every way to prove that we are the client: what the guide asks for is what the file says, and a
/// product that has no such way is not guided there.
#[tokio::test]
async fn the_guide_asks_for_the_client_authentication_of_the_file() {
    let issuer = |preset: &str| match preset {
        "entra" => format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "google" => "https://accounts.google.com".to_owned(),
        _ => "https://idp.acme.com".to_owned(),
    };
    for preset in ["generic", "pingfederate", "okta", "entra", "google"] {
        for auth in ["client_secret_basic", "client_secret_post", "private_key_jwt"] {
            let settings = format!(
                "preset = \"{preset}\"\n{}client_auth = \"{auth}\"\n",
                OIDC.replace("https://acme.okta.com", &issuer(preset))
            );
            if auth == "private_key_jwt" && ["entra", "google"].contains(&preset) {
                let refused = ask(&settings).await.refused();
                assert!(refused.contains("oidc.client_auth"), "{preset}: {refused}");
                continue;
            }
            let guide = guide(&settings).await;
            let asks_for_a_secret = guide.contains("   Client secret  ");
            assert_eq!(asks_for_a_secret, auth != "private_key_jwt", "{preset} {auth}: {guide}");
            assert_eq!(guide.contains("public key that we send you"), auth == "private_key_jwt", "{preset}: {guide}");
            assert_eq!(guide.contains("the secret through another channel"), auth != "private_key_jwt", "{guide}");
            // Whoever is free to choose is told which of the two.
            if ["generic", "pingfederate"].contains(&preset) {
                assert!(guide.contains(&format!("({auth})")), "{preset} {auth}: {guide}");
            }
        }
    }
}

#[tokio::test]
async fn workos_and_teams() {
    let workos = "[workos]\nclient_id = \"client_01\"\norganization = \"org_01\"\n";
    assert_snapshot!("guide_workos", guide(workos).await);
    let teams = format!("[teams]\napp_id = \"{TENANT}\"\ntenants = [\"{TENANT}\"]\ntoken = true\n");
    assert_snapshot!("guide_teams", guide(&format!("preset = \"entra\"\n{teams}")).await);
}

/// A page for each product, for whoever has no command at hand. `STOA_WRITE=1` writes them.
#[tokio::test]
async fn each_product_has_its_page() {
    let entra = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let workos = "[workos]\nclient_id = \"client_01\"\norganization = \"org_01\"\n".to_owned();
    let teams = format!("preset = \"entra\"\n[teams]\napp_id = \"{TENANT}\"\ntenants = [\"{TENANT}\"]\ntoken = true\n");
    let both = |preset: &str, issuer: &str, saml: &str| {
        let oidc = OIDC.replace("https://acme.okta.com", issuer);
        vec![
            ("SAML 2.0", format!("preset = \"{preset}\"\n{SAML}{saml}")),
            ("OpenID Connect", format!("preset = \"{preset}\"\n{oidc}")),
        ]
    };
    for (name, title, ways) in [
        ("pingfederate", "PingFederate", both("pingfederate", "https://sso.acme.com", "")),
        ("okta", "Okta", both("okta", "https://acme.okta.com", "")),
        ("entra", "Microsoft Entra ID", both("entra", &entra, "")),
        (
            "google",
            "Google Workspace",
            both("google", "https://accounts.google.com", "[subject]\nfrom = \"name_id\"\nis_email = true\n"),
        ),
        ("generic", "Any other product", both("generic", "https://sso.acme.com", "")),
        ("workos", "WorkOS", vec![("Through WorkOS", workos)]),
        ("teams", "Microsoft Teams", vec![("A tab that signs in by itself", teams)]),
    ] {
        let mut page = format!(
            "# {title}\n\nWhat a customer's administrator sets up, for an example: the company Acme, the host sso.example.com. \
             With the values\nof a customer of yours: `stoa connection guide ID`. Written by the tests of the command.\n"
        );
        for (way, settings) in ways {
            page.push_str(&format!("\n## {way}\n\n```text\n{}```\n", guide(&settings).await));
        }
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/idp/{name}.md"));
        if std::env::var("STOA_WRITE").is_ok_and(|value| value == "1") {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &page).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == page, "docs/idp/{name}.md is not what the guide says; STOA_WRITE=1 writes it");
    }
}

#[tokio::test]
async fn scim_by_product() {
    let directory = "[directory]\nsource = \"scim\"\n[[directory.grant]]\ngroup = \"Leaders\"\ncourses = [1]\n";
    for preset in ["generic", "pingfederate", "okta", "entra"] {
        let guide = guide(&format!("preset = \"{preset}\"\n{SAML}{directory}")).await;
        let from = guide.find("Provision people").unwrap();
        let to = guide.find("Decide who can sign in").unwrap();
        assert_snapshot!(format!("guide_scim_{preset}"), &guide[from..to]);
    }
    let other = guide(&format!("{SAML}{}", directory.replace("scim", "csv"))).await;
    assert!(!other.contains("Provision people"), "{other}");
    let columns = "source = \"csv\"\ncolumns = { email = \"Login Mail\" }";
    let files = guide(&format!("{SAML}{}", directory.replace("source = \"scim\"", columns))).await;
    for wanted in
        ["Send people: a CSV file", "   Login Mail    the work address, at exactly ", "   External ID   the id of"]
    {
        assert!(files.contains(wanted), "{wanted} in {files}");
    }
}

#[tokio::test]
async fn a_directory_at_workos() {
    let directory = "[directory]\nsource = \"workos\"\nworkos = { directory = \"directory_01\" }\n\
                     [[directory.grant]]\ngroup = \"Leaders\"\ncourses = [1]\n";
    let guide = guide(&format!("{SAML}{directory}")).await;
    let from = guide.find("Provision people").unwrap();
    let to = guide.find("Decide who can sign in").unwrap();
    assert_snapshot!("guide_workos_directory", &guide[from..to]);
}

#[tokio::test]
async fn the_names_are_those_that_the_connection_wants() {
    let settings = "[subject]\nfrom = \"employeeNumber\"\n[attributes]\nemail = \"mail\"\ncompany = \"org\"\n";
    let guide = guide(&format!("{settings}{SAML}sign_requests = false\nname_id_format = \"urn:x\"\n")).await;
    for wanted in ["   employeeNumber ", "   mail ", "   org ", "   firstName ", "   urn:x"] {
        assert!(guide.contains(wanted), "{wanted} in {guide}");
    }
    // Groups that nobody is admitted by are not asked for.
    assert!(!guide.contains("   groups "), "{guide}");
}

#[tokio::test]
async fn a_connection_that_was_applied_has_its_guide_by_name() {
    let desk = Desk::new().await;
    let guide = desk.stoa(&["connection", "guide", "pg"]).await.done();
    assert!(guide.contains("/saml/pg/acs") && guide.contains("https://sso.example.com/saml/pg"), "{guide}");
    assert!(desk.stoa(&["connection", "guide", "nobody"]).await.refused().contains("no connection nobody"));
    let broken = desk.file("broken.toml", |text| text.replace("pg.com", "PG.com"));
    assert!(desk.stoa(&["connection", "guide", &broken]).await.refused().contains("is not a lower-case domain"));
}
