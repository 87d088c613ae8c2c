//! How a guide is laid out.

use std::fmt::Write as _;

use stoa_core::invisible::visible;

/// A numbered part of a guide: rows of label and value, then notes.
pub(super) struct Section {
    title: String,
    rows: Vec<(String, String)>,
    notes: Vec<String>,
}

impl Section {
    /// A part with nothing in it.
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a label of the console, and what goes there.
    pub(super) fn row(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.rows.push((label.into(), value.into()));
        self
    }

    /// Adds several.
    pub(super) fn rows(mut self, rows: impl IntoIterator<Item = (String, String)>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// Adds a line of text below the rows.
    pub(super) fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }
}

/// The whole guide. Its values come from the connection, which may have them from the customer.
pub(super) fn render(title: &str, sections: &[Section]) -> String {
    let title = visible(title);
    let mut text =
        format!("{title}\nFor the administrator of the identity provider. Copy the values exactly; case matters.\n");
    for (number, section) in sections.iter().enumerate() {
        let _ = writeln!(text, "\n{}. {}", number + 1, visible(&section.title));
        let rows: Vec<_> = section.rows.iter().map(|(label, value)| (visible(label), visible(value))).collect();
        let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
        for (label, value) in &rows {
            let _ = writeln!(text, "   {label:<width$}   {value}");
        }
        for note in &section.notes {
            let _ = writeln!(text, "   {}", visible(note));
        }
    }
    text
}
