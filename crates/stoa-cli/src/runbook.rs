//! The runbook, compiled in: whoever is on call may have the command and nothing else.

use include_dir::{Dir, include_dir};

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

/// Where the page of an exact code is, below `docs/runbook`.
pub(crate) fn path(code: &str) -> String {
    format!("faults/{code}.md")
}

#[cfg(test)]
mod tests {
    use stoa_core::fault::Fault;

    use super::*;

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
