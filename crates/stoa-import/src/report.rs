//! What whoever sent a file reads about it: counts, and a line for each row that cannot be used. Nothing of a row is
//! repeated: whoever has the file looks at the line.

use stoa_core::connection::UploadsDocument;

use crate::result::write_row;
use crate::upload::UploadRefusal;

/// The most rows that are listed. What has more is no list of people.
pub const MOST_LINES: usize = 100_000;

/// What becomes of the people of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// They were not in the directory.
    pub new: u64,
    /// Something of them is another.
    pub changed: u64,
    /// They were gone, and are there again.
    pub back: u64,
    /// They were there, and are gone.
    pub gone: u64,
    /// Nothing is to be done.
    pub unchanged: u64,
}

/// What is told of a file.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was to be done with it.
    pub uploads: UploadsDocument,
    /// What becomes of its people.
    pub counts: Counts,
    /// Whoever is missing in it, if it names everybody; they are among those who are gone.
    pub leavers: Option<u64>,
    /// Rows that cannot be used, by line, with the reason; at most [`MOST_LINES`].
    pub lines: Vec<(u64, String)>,
    /// How many rows cannot be used.
    pub unusable: u64,
    /// Why nothing came of it, or not everything.
    pub refusal: Option<UploadRefusal>,
}

impl Report {
    /// As a CSV file of three columns, which any spreadsheet opens.
    pub fn render(&self, name: Option<&str>) -> String {
        let mut text = String::new();
        let mut row = |what: &str, line: &str, says: &str| write_row(&mut text, [what, line, says]);
        row("what", "line", "says");
        if let Some(name) = name {
            row("file", "", name);
        }
        row("outcome", "", self.outcome());
        if let Some(refusal) = &self.refusal {
            row("code", "", refusal.code());
            row("why", "", &refusal.to_string());
        }
        if self.was_compared() {
            let Counts { new, changed, back, gone, unchanged } = self.counts;
            let counts = [("new", new), ("changed", changed), ("back", back), ("gone", gone), ("unchanged", unchanged)];
            for (what, count) in counts {
                row(what, "", &count.to_string());
            }
            if let Some(leavers) = self.leavers {
                row("gone, not in the file", "", &leavers.to_string());
            }
            row("rows that cannot be used", "", &self.unusable.to_string());
        }
        let mut lines: Vec<_> = self.lines.iter().collect();
        lines.sort_by_key(|(line, _)| *line);
        for (line, why) in &lines {
            row("row", &line.to_string(), why);
        }
        let listed = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        if self.unusable > listed {
            row("more rows", "", &(self.unusable - listed).to_string());
        }
        text
    }

    fn outcome(&self) -> &'static str {
        match (&self.refusal, self.uploads.write) {
            (Some(UploadRefusal::Incomplete | UploadRefusal::NamesNobody), true) => "written; nobody was removed",
            (Some(UploadRefusal::Incomplete | UploadRefusal::NamesNobody), false) | (None, false) => {
                "compared; nothing was written"
            }
            (Some(UploadRefusal::Failed), _) => "broken off; a part of it may be written",
            (Some(_), _) => "refused; nothing was written",
            (None, true) => "written",
        }
    }

    fn was_compared(&self) -> bool {
        matches!(
            &self.refusal,
            None | Some(UploadRefusal::Incomplete | UploadRefusal::NamesNobody | UploadRefusal::Failed)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_and_lists_in_the_order_of_the_file_and_no_cell_is_a_formula() {
        let lines = vec![(7, "the email address is not one".to_owned()), (3, "=1+1".to_owned())];
        let counts = Counts { new: 2, unchanged: 5, ..Counts::default() };
        let report = Report { counts, lines, unusable: 4, leavers: Some(0), ..Report::default() };
        let text = report.render(Some("@people.csv"));
        let wanted = "\"what\",\"line\",\"says\"\r\n\"file\",\"\",\"'@people.csv\"\r\n\
            \"outcome\",\"\",\"compared; nothing was written\"\r\n\"new\",\"\",\"2\"\r\n\"changed\",\"\",\"0\"\r\n\
            \"back\",\"\",\"0\"\r\n\"gone\",\"\",\"0\"\r\n\"unchanged\",\"\",\"5\"\r\n\
            \"gone, not in the file\",\"\",\"0\"\r\n\"rows that cannot be used\",\"\",\"4\"\r\n\
            \"row\",\"3\",\"'=1+1\"\r\n\"row\",\"7\",\"the email address is not one\"\r\n\"more rows\",\"\",\"2\"\r\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn what_was_refused_has_a_code_and_no_counts() {
        let report = Report { refusal: Some(UploadRefusal::Gone), ..Report::default() };
        let text = report.render(None);
        assert!(text.contains("\"code\",\"\",\"gone\"") && text.contains("refused; nothing was written"), "{text}");
        assert!(!text.contains("unchanged"), "{text}");
    }
}
