//! The runbook, compiled in: whoever is on call may have the command and nothing else.

use include_dir::{Dir, include_dir};
use stoa_core::ids::ConnectionId;

static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/runbook");

/// The page of a fault.
pub(crate) struct FaultPage(&'static str);

impl FaultPage {
    /// Finds the page of an exact code.
    pub(crate) fn of(code: &str) -> Option<Self> {
        PAGES.get_file(path(code))?.contents_utf8().map(Self)
    }

    /// A section's text, by its heading.
    pub(crate) fn section(&self, heading: &str) -> Option<&'static str> {
        let (_, rest) = self.0.split_once(&format!("\n## {heading}\n"))?;
        let text = rest.split("\n## ").next().unwrap_or(rest).trim();
        (!text.is_empty()).then_some(text)
    }
}

/// A page's text for a terminal: what is known here in the place of the page's stand-ins, and beside the words of a link
/// where it leads.
pub(crate) fn told(text: &str, stack: &str, connection: &ConnectionId) -> String {
    let text = with_paths(text).replace("STACK", stack);
    // Every other part is between two backticks.
    let is_command = |part: &str| part.split_whitespace().next() == Some("stoa");
    let parts = text.split('`').enumerate().map(|(at, part)| match at % 2 == 1 && is_command(part) {
        true => of_connection(part, connection),
        false => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

/// A command with the connection's name in it. The pages write it as ID or CONNECTION.
fn of_connection(command: &str, connection: &ConnectionId) -> String {
    let words = command.split(' ').map(|word| {
        let before = word.strip_suffix("ID").or_else(|| word.strip_suffix("CONNECTION"));
        match before.filter(|before| before.is_empty() || before.ends_with(['/', '\n'])) {
            Some(before) => format!("{before}{connection}"),
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn with_paths(text: &str) -> String {
    let (mut told, mut rest) = (String::new(), text);
    while let Some((before, words, target, after)) = next_link(rest) {
        told.push_str(&format!("{before}{words} ({})", from_root(target)));
        rest = after;
    }
    told + rest
}

/// What comes before a link, its words, where it leads, and what follows it.
fn next_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (start, after) = text.split_once("](")?;
    let (before, words) = start.rsplit_once('[')?;
    let (target, after) = after.split_once(')')?;
    Some((before, words, target, after))
}

/// From the repository's root, for a link from the page of a fault.
fn from_root(target: &str) -> String {
    let (above, twice) = (target.strip_prefix("../"), target.strip_prefix("../../"));
    match (twice, above) {
        (Some(path), _) => format!("docs/{path}"),
        (None, Some(path)) => format!("docs/runbook/{path}"),
        (None, None) => format!("docs/runbook/faults/{target}"),
    }
}

/// Where the page of an exact code is, below `docs/runbook`.
pub(crate) fn path(code: &str) -> String {
    format!("faults/{code}.md")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stoa_core::fault::Fault;

    use super::*;

    #[test]
    fn a_page_is_told_with_the_names_that_are_known() {
        let page = "Do `stoa connection\ntrust ID fetch`, `stoa secret put oidc/ID`, `--user ID` of the ID in `STACK-login`, \
                    `stoa\n  person show ID`;\n\
                    see [teams], [keys](../trust-keys.md), [more](../../data.md#a) and [`b`](b.md).";
        let told = told(page, "stoa", &ConnectionId::parse("acme").unwrap());
        assert_eq!(
            told,
            "Do `stoa connection\ntrust acme fetch`, `stoa secret put oidc/acme`, `--user ID` of the ID in `stoa-login`, \
             `stoa\n  person show acme`;\n\
             see [teams], keys (docs/runbook/trust-keys.md), more (docs/data.md#a) and `b` (docs/runbook/faults/b.md)."
        );
    }

    #[test]
    fn every_fault_has_a_page_with_the_sections_that_a_trace_prints() {
        for fault in Fault::all() {
            let page = FaultPage::of(fault.code());
            for heading in ["Meaning", "Diagnosis", "Mitigation"] {
                let section = page.as_ref().and_then(|page| page.section(heading));
                assert!(section.is_some(), "{}: {heading}", path(fault.code()));
            }
        }
    }
}
