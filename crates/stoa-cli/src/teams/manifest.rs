//! `manifest.json` of a Teams app (Microsoft's schema 1.17): a personal app with one tab.

use serde_json::{Value, json};
use stoa_core::connection::{ConnectionDocument, SchoolDocument, TeamsDocument};
use stoa_core::teams::application_uri;
use stoa_service::operator::TestLink;

const SCHEMA: &str = "https://developer.microsoft.com/en-us/json-schemas/teams/v1.17/MicrosoftTeams.schema.json";
/// The colour of stoa's pages.
const ACCENT: &str = "#12449E";
/// Ends the name of a test app.
const TEST: &str = " (test)";
/// Names of the icons' files in the package.
pub(super) const COLOR_ICON: &str = "color.png";
pub(super) const OUTLINE_ICON: &str = "outline.png";

/// What an app is made of.
pub(super) struct App<'a> {
    pub(super) connection: &'a ConnectionDocument,
    pub(super) teams: &'a TeamsDocument,
    pub(super) school: &'a SchoolDocument,
    /// The connection's version: Teams takes an app anew only under a higher one.
    pub(super) version: u32,
    pub(super) public_url: &'a str,
    /// The link that the tab is, if it makes test logins only.
    pub(super) test: Option<&'a TestLink>,
}

impl App<'_> {
    /// The app's version as Teams shows it. A test app is made anew with each link, whatever the connection's version:
    /// its own has the day and the minute.
    pub(super) fn version(&self) -> String {
        match self.test {
            None => format!("1.0.{}", self.version),
            Some(link) => format!("1.{}.{}", link.until / 86_400, link.until % 86_400 / 60),
        }
    }

    /// The tab's address.
    pub(super) fn content_url(&self) -> String {
        match self.test {
            None => format!("{}/teams/{}", self.public_url, self.connection.id),
            Some(link) => link.tab_address(self.public_url),
        }
    }

    /// What people see the app called.
    pub(super) fn name(&self) -> String {
        match self.test {
            None => self.teams.name.clone(),
            Some(_) => format!("{}{TEST}", cut(&self.teams.name, 30 - TEST.len())),
        }
    }

    /// The app's id: Entra's of the application. A test app's has another first digit, so that it stands beside the
    /// app that everybody uses and is not an update of it.
    fn id(&self) -> String {
        if self.test.is_none() {
            return self.teams.app_id.clone();
        }
        let mut digits = self.teams.app_id.chars();
        let first = digits.next().and_then(|digit| digit.to_digit(16)).unwrap_or_default() ^ 8;
        format!("{first:x}{}", digits.as_str())
    }

    /// The manifest. What people read is cut to the lengths that the schema allows.
    pub(super) fn manifest(&self) -> Value {
        let (name, url) = (self.name(), self.public_url);
        let customer = self.connection.name.as_deref().unwrap_or(self.connection.customer.as_str());
        let school = host(&self.school.base_url);
        let mut manifest = json!({
            "$schema": SCHEMA,
            "manifestVersion": "1.17",
            "version": self.version(),
            "id": self.id(),
            "developer": {
                "name": cut(school, 32),
                "websiteUrl": self.school.base_url,
                "privacyUrl": self.privacy_url(),
                "termsOfUseUrl": self.terms_url(),
            },
            "name": { "short": name, "full": cut(&format!("{name}: {customer}"), 100) },
            "description": {
                "short": cut(&format!("Courses at {school}"), 80),
                "full": format!("Opens the courses at {school} in your browser, signed in with your work account."),
            },
            "icons": { "color": COLOR_ICON, "outline": OUTLINE_ICON },
            "accentColor": ACCENT,
            "staticTabs": [{
                "entityId": "courses",
                "name": name,
                "contentUrl": self.content_url(),
                "websiteUrl": format!("{url}/login/{}", self.connection.id),
                "scopes": ["personal"],
            }],
            "validDomains": [host(url)],
        });
        if self.teams.token {
            manifest["webApplicationInfo"] =
                json!({ "id": self.teams.app_id, "resource": application_uri(url, self.teams) });
        }
        manifest
    }

    /// Where Thinkific has a school's page on privacy, unless the school moved it.
    pub(super) fn privacy_url(&self) -> String {
        format!("{}/pages/privacy", self.school.base_url)
    }

    /// The same for its terms.
    pub(super) fn terms_url(&self) -> String {
        format!("{}/pages/terms", self.school.base_url)
    }
}

/// The host of an address, without its port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CONNECTION: &str = include_str!("../../../../examples/connections/globex.toml");
    const SCHOOL: &str = include_str!("../../../../examples/connections/schools/pg-academy.toml");

    fn manifest(change: impl FnOnce(&mut ConnectionDocument)) -> Value {
        let mut connection: ConnectionDocument = toml::from_str(CONNECTION).unwrap();
        change(&mut connection);
        let school: SchoolDocument = toml::from_str(SCHOOL).unwrap();
        let teams = connection.teams.as_ref().unwrap();
        let public_url = "https://sso.example.com";
        App { connection: &connection, teams, school: &school, version: 7, public_url, test: None }.manifest()
    }

    /// The lengths that Microsoft's schema sets, and that every address is https.
    fn fits(manifest: &Value) {
        for (pointer, most) in [
            ("/developer/name", 32),
            ("/name/short", 30),
            ("/name/full", 100),
            ("/description/short", 80),
            ("/description/full", 4000),
            ("/staticTabs/0/entityId", 64),
            ("/staticTabs/0/name", 128),
        ] {
            let text = manifest.pointer(pointer).and_then(Value::as_str).unwrap();
            assert!((1..=most).contains(&text.chars().count()), "{pointer}: {text:?}");
        }
        for pointer in [
            "/developer/websiteUrl",
            "/developer/privacyUrl",
            "/developer/termsOfUseUrl",
            "/staticTabs/0/contentUrl",
            "/staticTabs/0/websiteUrl",
        ] {
            let text = manifest.pointer(pointer).and_then(Value::as_str).unwrap();
            assert!(text.starts_with("https://") && text.len() <= 2048, "{pointer}: {text}");
        }
        assert_eq!(manifest["validDomains"], json!(["sso.example.com"]));
    }

    #[test]
    fn an_app_that_opens_an_ordinary_login_asks_entra_for_nothing() {
        let manifest = manifest(|_| {});
        fits(&manifest);
        assert_eq!(manifest["staticTabs"][0]["contentUrl"], "https://sso.example.com/teams/globex");
        let app = json!("2c3caa80-93f9-425e-8b85-0745f50c0d24");
        assert_eq!((&manifest["version"], &manifest["id"]), (&json!("1.0.7"), &app));
        assert_eq!(manifest.get("webApplicationInfo"), None);
    }

    #[test]
    fn an_app_with_a_token_names_its_application_and_long_names_are_cut() {
        let long = |connection: &mut ConnectionDocument| {
            connection.name = Some("ü".repeat(300));
            connection.teams.as_mut().unwrap().token = true;
        };
        let manifest = manifest(long);
        fits(&manifest);
        let app = "2c3caa80-93f9-425e-8b85-0745f50c0d24";
        let wanted = json!({ "id": app, "resource": format!("api://sso.example.com/{app}") });
        assert_eq!(manifest["webApplicationInfo"], wanted);
    }
}
