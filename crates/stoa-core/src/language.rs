//! The languages of the pages: one file each in `locales/`, found at compile time.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};
use include_dir::{Dir, include_dir};

static LOCALES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/locales");
const FALLBACK: &str = "en";

/// One language's messages.
pub struct Language {
    tag: String,
    bundle: FluentBundle<FluentResource>,
}

impl Language {
    /// The best of an `Accept-Language` header (RFC 9110 §12.5.4): quality first, then order; a region falls back to
    /// its language; nothing known is English.
    pub fn negotiate(accept_language: Option<&str>) -> Self {
        let mut wishes: Vec<(f32, &str)> = accept_language
            .unwrap_or_default()
            .split(',')
            .take(20)
            .filter_map(|wish| {
                let (tag, quality) = wish.split_once(";q=").unwrap_or((wish, "1"));
                Some((quality.trim().parse().ok()?, tag.trim()))
            })
            .collect();
        wishes.sort_by(|a, b| b.0.total_cmp(&a.0));
        let known = wishes
            .iter()
            .filter(|(quality, _)| *quality > 0.0)
            .map(|(_, tag)| tag.split('-').next().unwrap_or_default().to_ascii_lowercase())
            .find(|language| source(language).is_some());
        Self::load(&known.unwrap_or_else(|| FALLBACK.to_owned()))
    }

    fn load(tag: &str) -> Self {
        let mut bundle = FluentBundle::new(vec![tag.parse().unwrap_or_default()]);
        // The pages are HTML with one direction; isolation marks would end up in copied codes.
        bundle.set_use_isolating(false);
        // A file that does not parse loses messages, not the page; a test parses every file.
        let resource = FluentResource::try_new(source(tag).unwrap_or_default().to_owned());
        let _ = bundle.add_resource(resource.unwrap_or_else(|(partial, _)| partial));
        Self { tag: tag.to_owned(), bundle }
    }

    /// For the `lang` attribute.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// A message. An unknown id is shown as itself: a page with a strange word beats none.
    pub fn text(&self, id: &str) -> String {
        self.text_with(id, &[])
    }

    /// A message with values put in.
    pub fn text_with(&self, id: &str, values: &[(&str, &str)]) -> String {
        let mut arguments = FluentArgs::new();
        for (name, value) in values {
            arguments.set(*name, *value);
        }
        let pattern = self.bundle.get_message(id).and_then(|message| message.value());
        pattern.map_or_else(
            || id.to_owned(),
            |pattern| self.bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned(),
        )
    }
}

fn source(tag: &str) -> Option<&'static str> {
    LOCALES.get_file(format!("{tag}.ftl"))?.contents_utf8()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use std::collections::BTreeSet;

    fn ids(source: &str) -> BTreeSet<&str> {
        source
            .lines()
            .filter(|line| !line.starts_with(['#', ' ']))
            .filter_map(|line| line.split_once(" = "))
            .map(|(id, _)| id)
            .collect()
    }

    #[test]
    fn every_language_has_every_message_and_parses() {
        let english = ids(source(FALLBACK).unwrap());
        assert!(LOCALES.files().count() >= 2);
        for file in LOCALES.files() {
            let text = file.contents_utf8().unwrap();
            assert!(FluentResource::try_new(text.to_owned()).is_ok(), "{:?}", file.path());
            assert_eq!(ids(text), english, "{:?}", file.path());
        }
    }

    /// The messages of a file that are another message's text, and whose.
    fn references(source: &str) -> BTreeSet<(&str, &str)> {
        let messages = source.lines().filter_map(|line| line.split_once(" = "));
        messages.filter_map(|(id, text)| Some((id, text.strip_prefix("{ ")?.strip_suffix(" }")?))).collect()
    }

    #[test]
    fn what_is_said_twice_is_written_once_and_the_same_in_every_language() {
        let english = references(source(FALLBACK).unwrap());
        for file in LOCALES.files() {
            let text = file.contents_utf8().unwrap();
            assert_eq!(references(text), english, "{:?}", file.path());
            let sentences =
                text.lines().filter_map(|line| Some(line.split_once(" = ")?.1)).filter(|text| text.ends_with('.'));
            let mut seen = BTreeSet::new();
            for sentence in sentences {
                assert!(seen.insert(sentence), "{:?}: twice: {sentence}", file.path());
            }
        }
        for (id, of) in english {
            for tag in ["en", "es"] {
                let language = Language::load(tag);
                assert_eq!(language.text(id), language.text(of), "{tag}");
                assert!(!language.text(id).contains('{'), "{tag}: {id}");
            }
        }
    }

    #[test]
    fn every_fault_has_a_sentence_and_no_sentence_is_left_over() {
        let wanted: BTreeSet<String> = Fault::all().map(|fault| format!("fault-{}", fault.face().public)).collect();
        let written: BTreeSet<String> = ids(source(FALLBACK).unwrap())
            .into_iter()
            .filter(|id| id.starts_with("fault-"))
            .map(str::to_owned)
            .collect();
        assert_eq!(wanted, written);
    }

    #[test]
    fn the_browser_s_wishes_are_honoured() {
        for (header, tag) in [
            (None, "en"),
            (Some("es-MX,es;q=0.9,en;q=0.8"), "es"),
            (Some("de-DE,de;q=0.9"), "en"),
            (Some("en;q=0.3, es;q=0.9"), "es"),
            (Some("es;q=0, en"), "en"),
            (Some(";;;,,,q=\u{0}"), "en"),
            (Some("../../etc/passwd"), "en"),
        ] {
            assert_eq!(Language::negotiate(header).tag(), tag, "{header:?}");
        }
    }
}
