//! The pages of the Microsoft Teams tab. They are the only ones that load a script, and only the tab may be framed.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{PreEscaped, html};

use super::{Frame, Page, hash, policy};
use crate::connection::TeamsDocument;

/// Microsoft's library, unchanged, from the npm package `@microsoft/teams-js`.
pub const TEAMS_JS: &str = include_str!("../../assets/teams-js/MicrosoftTeams-2.58.0.min.js");
/// Its path. The version is in the query, so that browsers may keep it for ever.
const TEAMS_JS_PATH: &str = "/teams/script.js";
const TEAMS_JS_VERSION: &str = "2.58.0";

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
        let integrity = STANDARD.encode(digest::digest(&digest::SHA384, TEAMS_JS.as_bytes()));
        let body = html! {
            p { (text("teams-text")) }
            p { a href=(login) target="_blank" rel="noopener" { (text("teams-open")) } }
            p #failed hidden { (text("teams-failed")) " " code {} }
            script src=(library) integrity={ "sha384-" (integrity) } {}
            script { (PreEscaped(script)) }
        };
        let scripts = format!("script-src {public_url}{TEAMS_JS_PATH} {}; connect-src 'self'", hash(script));
        self.page(200, &teams.name, format!("{}; {scripts}", policy(false, "'none'")), &body)
    }

    /// Where the tab leads with a code in the fragment: "Continue as m…@pg.com?". Opening it uses nothing up.
    pub fn teams_continue(&self, action: &str, form_action: &str) -> Page {
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
            }
            script { (PreEscaped(CONTINUE_SCRIPT)) }
        };
        // As on the page that confirms: the origin shows that the button is ours.
        let head = html! { meta name="referrer" content="same-origin"; };
        let policy = format!("{}; script-src {}", policy(false, form_action), hash(CONTINUE_SCRIPT));
        self.page_with_head(200, &text("title-confirm"), policy, &head, &body)
    }
}
