//! The pages of the Microsoft Teams tab. They are the only ones that load a script, and only the tab may be framed.

use maud::{PreEscaped, html};

use super::{Frame, Page, hash, policy};
use crate::connection::TeamsDocument;

/// Microsoft's library, unchanged, from the npm package `@microsoft/teams-js`.
pub const TEAMS_JS: &str = include_str!("../../assets/teams-js/MicrosoftTeams-2.58.0.min.js");
/// Its path. The version is in the query, so that browsers may keep it for ever.
const TEAMS_JS_PATH: &str = "/teams/script.js";
const TEAMS_JS_VERSION: &str = "2.58.0";
/// What a browser holds it against (Subresource Integrity §3.3), and a test the file.
const TEAMS_JS_INTEGRITY: &str = "sha384-sMo/EOqQPa1OCup2/VBRum7oFeOS22kvs8WGDc45xK53tUVZzFR5WwFYDUYN1LO4";

const TAB_SCRIPT: &str = include_str!("../../assets/teams-tab.js");
const TOKEN_SCRIPT: &str = include_str!("../../assets/teams-token.js");
const CONTINUE_SCRIPT: &str = include_str!("../../assets/teams-continue.js");

/// The hosts of Teams, Outlook and Microsoft 365, as Microsoft's "tab requirements" list them.
const FRAME_ANCESTORS: &str = "frame-ancestors https://*.cloud.microsoft https://teams.microsoft.com \
https://*.teams.microsoft.com https://*.microsoft365.com https://*.office.com https://outlook.office.com \
https://outlook.office365.com";

/// A page's policy, for the routes that Teams shows in a frame: its faults too, or the person would see nothing.
pub fn in_teams(policy: &str) -> String {
    policy.replace("frame-ancestors 'none'", FRAME_ANCESTORS)
}

impl Frame<'_> {
    /// The tab: a link that opens the course outside Teams. It leads to the ordinary login, which is what happens
    /// without a script and outside Teams; the script adds what Teams knows.
    pub fn teams_tab(&self, teams: &TeamsDocument, login: &str, public_url: &str) -> Page {
        let text = |id: &str| self.language.text(id);
        let script = if teams.token { TOKEN_SCRIPT } else { TAB_SCRIPT };
        let library = format!("{TEAMS_JS_PATH}?v={TEAMS_JS_VERSION}");
        let body = html! {
            p { (text("teams-text")) }
            p { a href=(login) target="_blank" rel="noopener" { (text("teams-open")) } }
            p #failed hidden { (text("teams-failed")) " " code {} }
            script src=(library) integrity=(TEAMS_JS_INTEGRITY) {}
            script { (PreEscaped(script)) }
        };
        let scripts = format!("script-src {public_url}{TEAMS_JS_PATH} {}; connect-src 'self'", hash(script));
        self.page(200, &teams.name, format!("{}; {scripts}", policy(false, "'none'")), &body)
    }

    /// Where the tab leads with a code in the fragment: "Continue as Mary M. (m…r@pg.com)?". Opening it uses nothing up. `own_login` begins a login of whoever is
    /// not that person, where there is one outside Teams.
    pub fn teams_continue(&self, action: &str, own_login: Option<&str>, form_action: &str) -> Page {
        let text = |id: &str| self.language.text(id);
        // The script puts the hint where this stands.
        const HINT: &str = "\u{fffc}";
        let question = self.language.text_with("teams-continue-text", &[("hint", HINT)]);
        let (before, after) = question.split_once(HINT).unwrap_or((&question, ""));
        let body = html! {
            p #lost { (text("teams-continue-lost")) }
            form method="post" action=(action) hidden {
                p { (before) strong {} (after) }
                input type="hidden" name="code";
                input type="hidden" name="hint";
                button type="submit" { (text("continue")) }
                @match own_login {
                    Some(address) => p { a href=(address) { (text("not-me")) } },
                    None => p { (text("not-me-in-teams")) },
                }
            }
            script { (PreEscaped(CONTINUE_SCRIPT)) }
        };
        // As on the page that confirms: the origin shows that the button is ours.
        let head = html! { meta name="referrer" content="same-origin"; };
        let policy = format!("{}; script-src {}", policy(false, form_action), hash(CONTINUE_SCRIPT));
        self.page_with_head(200, &text("title-continue"), policy, &head, &body)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest;
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;
    use crate::language::Language;

    fn frame<'a>(tag: &str) -> Frame<'a> {
        Frame { language: Language::negotiate(Some(tag)), build: "abc1234" }
    }

    #[test]
    fn the_library_is_the_one_that_microsoft_published() {
        let hash = STANDARD.encode(digest::digest(&digest::SHA384, TEAMS_JS.as_bytes()));
        assert_eq!(TEAMS_JS_INTEGRITY, format!("sha384-{hash}"));
    }

    #[test]
    fn the_hint_has_its_place_in_every_language() {
        for tag in ["en", "es"] {
            let page = frame(tag).teams_continue("/teams/pg/continue", Some("/login/pg"), "'self'");
            assert!(page.html.contains("<strong></strong>?") && !page.html.contains('\u{fffc}'), "{}", page.html);
            assert!(page.html.contains("<a href=\"/login/pg\">"), "{}", page.html);
            let page = frame(tag).teams_continue("/teams/pg/continue", None, "'self'");
            assert!(!page.html.contains("<a href"), "{}", page.html);
        }
    }

    #[test]
    fn c141_a_tab_s_name_and_its_link_are_no_markup() {
        let teams = TeamsDocument {
            app_id: String::new(),
            tenants: Vec::new(),
            token: true,
            jwks_uri: String::new(),
            name: "<img src=x>".to_owned(),
        };
        let page =
            frame("en").teams_tab(&teams, "/login/pg?return_to=\"><script>alert(1)</script>", "https://x.example");
        assert!(!page.html.contains("<img") && !page.html.contains("<script>alert"), "{}", page.html);
    }
}
