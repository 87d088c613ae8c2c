//! How what comes back is read.

use serde::Deserialize;
use url::Url;

use super::answer::{Answer, Finding};
use crate::failure::Failure;
use crate::thinkific::{ApiAnswer, User};

/// What the SSO address did with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It sent the browser into the school.
    In,
    /// It sent it to `error_url`, with these parameters beside our own: the names, without what they hold.
    Refused(Vec<String>),
    /// Neither: what was seen.
    Unclear(String),
}

/// The most names of parameters that are repeated, and the most characters of one.
const NAMES: (usize, usize) = (8, 32);

/// Reads the answer of the SSO address. A redirect that is not to `error_url` counts as let in: that is where the browser
/// was to return to.
pub fn opened(status: u16, location: Option<&str>, base_url: &str, error_url: &str) -> Opened {
    let target = location.and_then(|location| Url::parse(base_url).ok()?.join(location).ok());
    let Some(target) = target.filter(|_| (300..400).contains(&status)) else {
        return Opened::Unclear(format!("HTTP {status}"));
    };
    let Ok(back) = Url::parse(error_url) else { return Opened::Unclear("no error_url".to_owned()) };
    if (target.origin(), target.path()) != (back.origin(), back.path()) {
        return Opened::In;
    }
    let ours: Vec<_> = back.query_pairs().map(|(name, _)| name).collect();
    let added = target.query_pairs().map(|(name, _)| name).filter(|name| !ours.contains(name));
    let shown = added.take(NAMES.0).map(|name| name.chars().take(NAMES.1).collect::<String>());
    Opened::Refused(shown.map(|name| name.escape_debug().to_string()).collect())
}

/// How often a token was let in, of those that were tried from the least to the most daring.
#[derive(Debug)]
pub struct Tries {
    answers: Vec<Answer>,
    seen: Vec<Opened>,
}

impl Tries {
    /// The answer if none is let in, then that if only the first is, and so on.
    pub fn of(answers: &[Answer]) -> Self {
        Self { answers: answers.to_vec(), seen: Vec::new() }
    }

    /// What became of the next one. Whether another is worth trying.
    pub fn add(&mut self, opened: Opened) -> bool {
        let goes_on = opened == Opened::In;
        self.seen.push(opened);
        goes_on
    }

    /// What follows.
    pub fn finding(&self) -> Finding {
        let unclear = self.seen.iter().find_map(|opened| match opened {
            Opened::Unclear(note) => Some(note),
            Opened::In | Opened::Refused(_) => None,
        });
        let let_in = self.seen.iter().take_while(|opened| **opened == Opened::In).count();
        match (unclear, self.answers.get(let_in)) {
            (None, Some(answer)) => (*answer).into(),
            (Some(note), _) => Finding::unclear(note),
            (None, None) => Finding::unclear("more were let in than were tried"),
        }
    }
}

/// How many of the accounts hold exactly this address, and how many do not.
pub fn holders(email: &str, found: &[User]) -> (usize, usize) {
    let own = found.iter().filter(|user| user.email.eq_ignore_ascii_case(email)).count();
    (own, found.len() - own)
}

/// What somebody is called at the school.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Names {
    /// The given name.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
}

impl Names {
    /// The names in the answer to a request for one user.
    ///
    /// # Errors
    ///
    /// If the answer is none of one user.
    pub fn read(answer: &ApiAnswer) -> Result<Self, Failure> {
        answer.json()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_to_error_url_is_refused() {
        let (base, back) = ("https://acme.thinkific.com", "https://stoa.example/return?login=1");
        let read = |status, location| opened(status, location, base, back);
        assert_eq!(read(302, Some("/enrollments")), Opened::In);
        assert_eq!(read(302, Some("https://acme.thinkific.com/")), Opened::In);
        assert_eq!(
            read(302, Some("https://stoa.example/return?login=1&kind=error&message=No%20%0A")),
            Opened::Refused(vec!["kind".to_owned(), "message".to_owned()])
        );
        assert_eq!(read(302, Some("https://stoa.example/return-not")), Opened::In);
        for (status, location) in [(200, None), (403, Some("/x")), (302, None), (302, Some("https://["))] {
            assert_eq!(read(status, location), Opened::Unclear(format!("HTTP {status}")), "{location:?}");
        }
    }

    #[test]
    fn the_most_daring_token_that_is_let_in_is_the_answer() {
        let answers = [Answer::Refused, Answer::HalfAMinute, Answer::FourMinutes];
        let of = |seen: &[Opened]| {
            let mut tries = Tries::of(&answers);
            for opened in seen {
                if !tries.add(opened.clone()) {
                    break;
                }
            }
            tries.finding()
        };
        let no = Opened::Refused(Vec::new());
        assert_eq!(of(&[no.clone(), Opened::In]), Answer::Refused.into());
        assert_eq!(of(&[Opened::In, no]), Answer::HalfAMinute.into());
        assert_eq!(of(&[Opened::In, Opened::In]), Answer::FourMinutes.into());
        assert_eq!(of(&[Opened::In, Opened::Unclear("HTTP 500".to_owned())]), Finding::unclear("HTTP 500"));
    }
}
