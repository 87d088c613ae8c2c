//! Documents that do not hold together, each for one reason.

use super::*;

const PROVIDER: &str = "\n[oidc.provider]\nauthorization_endpoint = \"https://idp.example/authorize\"\n\
    token_endpoint = \"https://idp.example/token\"\njwks_uri = \"https://idp.example/keys\"\n";
const IDP: &str = "\n[saml.idp]\nentity_id = \"https://idp.example\"\nsso_redirect = \"https://idp.example/sso\"\n";
const APP: &str = "2c3caa80-93f9-425e-8b85-0745f50c0d24";
const TENANT: &str = "fec4f964-8bc9-4fac-b972-1c1da35adbcd";

fn check(document: &str, policy: UrlPolicy) -> Result<Connection, ConnectionError> {
    Connection::check(toml::from_str(document).unwrap(), 1, ConnectionState::Active, policy)
}

fn document(domains: &str, settings: &str) -> String {
    format!("id = \"pg\"\ncustomer = \"pg\"\nschool = \"s\"\ndomains = [{domains}]\n{settings}")
}

/// What is wrong with these settings; nothing is `None`.
fn wrong(settings: &str) -> Option<ConnectionError> {
    check(&document("\"pg.com\"", settings), UrlPolicy::Https).err()
}

fn oidc_at(issuer: &str, more: &str) -> String {
    format!("[oidc]\nissuer = \"{issuer}\"\n{more}\n{PROVIDER}")
}

fn oidc(more: &str) -> String {
    oidc_at("https://idp.example", &format!("client_id = \"stoa\"\n{more}"))
}

fn saml(more: &str) -> String {
    format!("[saml]\nsp_entity_id = \"https://sso.example.com\"\n{more}\n{IDP}")
}

fn teams(more: &str) -> String {
    format!("[teams]\napp_id = \"{APP}\"\n{more}\n")
}

fn workos(more: &str) -> String {
    format!("[workos]\n{more}\n")
}

/// The field of an address that is refused.
fn bad_url(settings: &str) -> Option<&'static str> {
    match wrong(settings) {
        Some(ConnectionError::BadUrl { field, .. }) => Some(field),
        _ => None,
    }
}

#[test]
fn every_kind_of_connection_holds_together() {
    let (token, tenants) = (format!("token = true\ntenants = [\"{TENANT}\"]"), format!("tenants = [\"{TENANT}\"]"));
    for settings in [
        saml("skew_seconds = 300"),
        oidc("skew_seconds = 300"),
        oidc_at("https://login.example/{tenantid}/v2.0", &format!("client_id = \"stoa\"\n{tenants}")),
        workos("client_id = \"client_1\"\norganization = \"org_1\""),
        workos("client_id = \"client_1\"\nconnection = \"conn_1\""),
        teams(&token),
        format!("{}\n{}", saml(""), teams("")),
        format!("{}[subject]\nfrom = \"email\"\nis_email = true\n", oidc("")),
    ] {
        assert_eq!(wrong(&settings), None, "{settings}");
    }
}

#[test]
fn a_connection_has_the_customer_s_domains() {
    let with = |domains| check(&document(domains, &oidc("")), UrlPolicy::Https).unwrap_err();
    assert_eq!(with(""), ConnectionError::NoDomain);
    assert_eq!(with("\"pg.com\", \"PG.com\""), ConnectionError::BadDomain("PG.com".into()));
    assert_eq!(with("\"pg.com\", \"gmail.com\""), ConnectionError::PublicDomain("gmail.com".into()));
}

#[test]
fn a_role_that_administers_the_school_is_never_allowed() {
    let with = |account: &str| wrong(&format!("{}\n[account]\n{account}\n", oidc("")));
    assert_eq!(with("allow_roles = [\"affiliate\", \"group_analyst\"]"), None);
    for role in ["site_admin", "course_admin", "Affiliate", "group_analyst ", ""] {
        let forbidden = Some(ConnectionError::ForbiddenRole(role.to_owned()));
        assert_eq!(with(&format!("allow_roles = [\"affiliate\", \"{role}\"]")), forbidden);
    }
}

#[test]
fn a_connection_has_one_protocol_and_nothing_unknown() {
    assert_eq!(wrong(""), Some(ConnectionError::NotOneProtocol(0)));
    assert_eq!(wrong(&teams("")), Some(ConnectionError::NotOneProtocol(0)));
    assert_eq!(wrong(&format!("{}{}", saml(""), oidc(""))), Some(ConnectionError::NotOneProtocol(2)));
    let misspelt = document("\"pg.com\"", &format!("discoverabel = false\n{}", oidc("")));
    assert!(toml::from_str::<ConnectionDocument>(&misspelt).is_err());
}

#[test]
fn a_workspace_is_named_by_its_domain() {
    let hosted = wrong(&oidc("hosted_domains = [\"PG.com\"]"));
    assert_eq!(hosted, Some(ConnectionError::BadHostedDomain("PG.com".into())));
}

#[test]
fn a_subject_is_something_that_stays() {
    let with = |settings: &str| wrong(&format!("{}\n{settings}", oidc("")));
    assert_eq!(with("[attributes]\nemail = \"\""), Some(ConnectionError::EmptyAttributeName));
    assert_eq!(with("[subject]\nfrom = \"tid+\""), Some(ConnectionError::EmptyAttributeName));
    assert_eq!(with("[subject]\nfrom = \"email\""), Some(ConnectionError::SubjectIsEmail));
    let token = teams(&format!("token = true\ntenants = [\"{TENANT}\"]"));
    assert_eq!(with(&token), Some(ConnectionError::TeamsSubject));
    let transient = "name_id_format = \"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"";
    assert_eq!(wrong(&saml(transient)), Some(ConnectionError::TransientNameId));
}

#[test]
fn an_address_is_absolute_https_and_nobody_s_own() {
    for url in [
        "http://idp.example/",
        "idp.example",
        "urn:idp",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://idp.localhost/",
        "https://user@idp.example/",
        "https://:secret@idp.example/",
        "https://idp.example/#fragment",
    ] {
        assert!(check_url("url", url, UrlPolicy::Https).is_err(), "{url}");
    }
    assert!(check_url("url", "https://idp.example/a?b=c", UrlPolicy::Https).is_ok());
    for url in ["http://idp.example/", "http://10.0.0.1/", "http://localhost.evil.example/"] {
        assert!(check_url("url", url, UrlPolicy::LoopbackToo).is_err(), "{url}");
    }
    assert!(check_url("url", "http://idp.localhost:8080/", UrlPolicy::LoopbackToo).is_ok());
}

#[test]
fn every_address_of_a_connection_is_checked() {
    for (settings, field) in [
        (oidc("").replace("https://idp.example/authorize", "http://a/"), "oidc.provider.authorization_endpoint"),
        (oidc("").replace("https://idp.example/token", "http://a/"), "oidc.provider.token_endpoint"),
        (oidc("").replace("https://idp.example/keys", "http://a/"), "oidc.provider.jwks_uri"),
        (format!("{}userinfo_endpoint = \"http://a/\"", oidc("")), "oidc.provider.userinfo_endpoint"),
        (oidc("discovery_url = \"http://a/\""), "oidc.discovery_url"),
        (oidc_at("http://idp.example", "client_id = \"stoa\""), "oidc.issuer"),
        (saml("metadata_url = \"http://a/\""), "saml.metadata_url"),
        (saml("").replace("https://idp.example/sso", "http://a/"), "saml.idp"),
        (format!("{}{}", saml(""), teams("jwks_uri = \"http://a/\"")), "teams.jwks_uri"),
        (workos("client_id = \"client_1\"\norganization = \"org_1\"\napi_url = \"http://a\""), "workos.api_url"),
        (workos("client_id = \"client_1\"\norganization = \"org_1\"\napi_url = \"https://a/\""), "workos.api_url"),
    ] {
        assert_eq!(bad_url(&settings), Some(field), "{settings}");
    }
}

#[test]
fn openid_connect_is_asked_for_what_it_needs() {
    for (settings, expected) in [
        (oidc_at("https://idp.example", "client_id = \"\""), ConnectionError::BadClientId),
        (oidc_at("https://idp.example", "client_id = \"a\\u0000\""), ConnectionError::BadClientId),
        (oidc("algorithms = []"), ConnectionError::NoAlgorithm),
        (oidc("skew_seconds = 301"), ConnectionError::SkewTooLarge("oidc")),
        (oidc("authorize_parameters = { nonce = \"n\" }"), ConnectionError::ReservedParameter("nonce".into())),
        (oidc("scopes = [\"email\"]"), ConnectionError::NoOpenidScope),
    ] {
        assert_eq!(wrong(&settings), Some(expected), "{settings}");
    }
}

#[test]
fn c157_an_issuer_of_anybody_s_tenant_is_refused() {
    let of = |issuer: &str, tenants: &str| {
        wrong(&oidc_at(&format!("https://login.example/{issuer}/v2.0"), &format!("client_id = \"stoa\"\n{tenants}")))
    };
    assert_eq!(of("{tenantid}", ""), Some(ConnectionError::NoTenant));
    for tenant in [TENANT.to_uppercase(), TENANT.replace('-', "0"), TENANT.replacen('f', "g", 1), format!("{TENANT}0")]
    {
        let expected = ConnectionError::BadGuid("oidc.tenants", tenant.clone());
        assert_eq!(of("{tenantid}", &format!("tenants = [\"{tenant}\"]")), Some(expected));
    }
    for shared in ["common", "organizations", "consumers"] {
        for (host, expected) in [
            ("login.microsoftonline.com", Some(ConnectionError::NoTenant)),
            ("login.microsoftonline.us", Some(ConnectionError::NoTenant)),
            ("login.microsoftonline.com.example", None),
            ("sso.example", None),
        ] {
            let file = oidc_at(&format!("https://{host}/{shared}/v2.0"), "client_id = \"stoa\"");
            assert_eq!(wrong(&file), expected, "{host} {shared}");
        }
    }
}

#[test]
fn c170_everybody_s_personal_accounts_are_no_customer_s() {
    let personal = Some(ConnectionError::PersonalTenant("oidc"));
    let of = |tenant: &str, tenants: &str| {
        wrong(&oidc_at(&format!("https://login.example/{tenant}/v2.0"), &format!("client_id = \"stoa\"\n{tenants}")))
    };
    assert_eq!(of(PERSONAL_TENANT, ""), personal);
    assert_eq!(of("{tenantid}", &format!("tenants = [\"{TENANT}\", \"{PERSONAL_TENANT}\"]")), personal);
    let tab = wrong(&teams(&format!("token = true\ntenants = [\"{PERSONAL_TENANT}\"]")));
    assert_eq!(tab, Some(ConnectionError::PersonalTenant("teams.tenants")));
}

#[test]
fn saml_has_our_side_whole() {
    let named = |id: &str| saml("").replacen("https://sso.example.com", id, 1);
    let broken = |field| ConnectionError::BadCertificate(field, 0);
    for (settings, expected) in [
        (named(""), ConnectionError::BadEntityId),
        (named(&"x".repeat(1025)), ConnectionError::BadEntityId),
        (saml("skew_seconds = 301"), ConnectionError::SkewTooLarge("saml")),
        (saml("request_binding = \"post\""), ConnectionError::NoEndpoint("HTTP-POST")),
        (saml("metadata_certificates = [\"none\"]"), broken("saml.metadata_certificates")),
        (saml("sp_certificates = [\"none\"]"), broken("saml.sp_certificates")),
        (saml("sign_requests = true"), ConnectionError::NoSpCertificate),
    ] {
        assert_eq!(wrong(&settings), Some(expected), "{settings:.80}");
    }
}

#[test]
fn a_tab_is_of_one_application_and_known_tenants() {
    let of = |app: &str, more: &str| wrong(&teams(more).replacen(APP, app, 1));
    assert_eq!(of("tab", "token = true"), Some(ConnectionError::BadGuid("teams.app_id", "tab".into())));
    assert_eq!(of(APP, "tenants = [\"t\"]"), Some(ConnectionError::BadGuid("teams.tenants", "t".into())));
    assert_eq!(of(APP, "token = true"), Some(ConnectionError::NoTenant));
    for name in ["", "a\\u0007", "a name of thirty-one characters"] {
        assert_eq!(of(APP, &format!("name = \"{name}\"")), Some(ConnectionError::BadTeamsName), "{name}");
    }
}

#[test]
fn workos_is_one_organization_s_or_connection_s() {
    let bad = |prefix, id: &str| Some(ConnectionError::BadWorkosId(prefix, id.to_owned()));
    let of = |client: &str, more: &str| wrong(&workos(&format!("client_id = \"{client}\"\n{more}")));
    assert_eq!(of("client_1", ""), Some(ConnectionError::NoWorkosSelector));
    assert_eq!(of("org_1", "organization = \"org_1\""), bad("client_", "org_1"));
    for id in ["conn_1", "org_", "org_1/..", &format!("org_{}", "1".repeat(100))] {
        assert_eq!(of("client_1", &format!("organization = \"{id}\"")), bad("org_", id));
    }
    assert_eq!(of("client_1", "connection = \"org_1\""), bad("conn_", "org_1"));
}

/// The tab's way would otherwise go around what the other way demands.
#[test]
fn a_teams_token_stands_for_no_sign_on_that_must_say_more() {
    let token = teams(&format!("token = true\ntenants = [\"{TENANT}\"]"));
    let subject = "[subject]\nfrom = \"tid+oid\"\n";
    let issuer = format!("https://login.example/{TENANT}/v2.0");
    let oidc = |demand: &str, more: &str| {
        wrong(&format!("{}\n{subject}{more}", oidc_at(&issuer, &format!("client_id = \"stoa\"\n{demand}"))))
    };
    for (demand, name) in [
        ("acr_values = [\"mfa\"]", "oidc.acr_values"),
        ("max_age = 0", "oidc.max_age"),
        ("prompt = \"login\"", "oidc.prompt"),
        ("email_verified = \"required\"", "oidc.email_verified"),
        ("hosted_domains = [\"pg.com\"]", "oidc.hosted_domains"),
    ] {
        assert_eq!(oidc(demand, &token), Some(ConnectionError::TeamsDemand(name)), "{demand}");
        assert_eq!(oidc(demand, &token.replacen("token = true", "token = false", 1)), None, "{demand}");
    }
    for asked in ["", "prompt = \"select_account\"", "prompt = \"consent\"", "email_verified = \"ignored\""] {
        assert_eq!(oidc(asked, &token), None, "{asked}");
    }
    let forced = |is_forced: bool| wrong(&format!("{}\n{subject}{token}", saml(&format!("force_authn = {is_forced}"))));
    assert_eq!(forced(true), Some(ConnectionError::TeamsDemand("saml.force_authn")));
    assert_eq!(forced(false), None);
}
