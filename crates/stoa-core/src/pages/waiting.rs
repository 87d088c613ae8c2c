//! The page of somebody who waits in a school's line. It goes on by itself, without a script: the browser asks again.

use jiff::Timestamp;
use maud::html;

use super::{Frame, Page, policy};
use crate::ids::Reference;
use crate::line::refresh_after;

impl Frame<'_> {
    /// "You are let in in about 12 minutes, at 09:14 (UTC)."
    ///
    /// A page without a script does not know the time where it is read, so it says both.
    pub fn waiting(&self, reference: &Reference, at: Timestamp, now: Timestamp) -> Page {
        let text = |id: &str| self.language.text(id);
        let minutes = ((at.as_second() - now.as_second() + 59) / 60).max(1).to_string();
        let time = at.strftime("%H:%M").to_string();
        let body = html! {
            p { (self.language.text_with("waiting-text", &[("minutes", &minutes), ("time", &time)])) }
            p { (text("waiting-stay")) }
            dl {
                dt { (text("label-reference")) } dd { (reference) }
                dt { (text("label-build")) } dd { (self.build) }
            }
        };
        // By its address, so that a page that a form has led to is asked for and not posted again.
        let refresh = format!("{}; url=/launch?login={}", refresh_after(at, now), reference.as_str());
        let page = self.page(200, &text("title-waiting"), policy(false, "'none'"), &body);
        Page { refresh: Some(refresh), ..page }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn a_waiting_page_goes_on_by_itself_and_says_when() {
        let reference = Reference::from_random([1; 8]);
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        for (seconds, minutes, refresh) in [(1, "1", 1), (60, "1", 60), (61, "2", 61), (721, "13", 300), (-5, "1", 1)] {
            let at = Timestamp::from_second(now.as_second() + seconds).unwrap();
            for language in ["en", "es"] {
                let language = Language::negotiate(Some(language));
                let page = Frame { language, build: "abc1234" }.waiting(&reference, at, now);
                assert_eq!(page.status, 200);
                let wanted = format!("{refresh}; url=/launch?login={}", reference.as_str());
                assert_eq!(page.refresh.as_deref(), Some(wanted.as_str()));
                let told = [format!("{minutes} min"), at.strftime("%H:%M").to_string(), reference.to_string()];
                assert!(told.iter().all(|part| page.html.contains(part)), "{told:?}: {}", page.html);
                assert!(!page.html.contains("<script"));
            }
        }
    }
}
