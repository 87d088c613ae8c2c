//! What whoever sent a file reads about it: counts, and a line for each row that cannot be used. Nothing of a row is
//! repeated: whoever has the file looks at the line.
//!
//! A file may break off anywhere, with a part of it written. What is said then is what is known: how many rows are done,
//! and how many more may be.

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

impl Counts {
    /// Of how many people something was written.
    const fn written(self) -> u64 {
        self.new + self.changed + self.back + self.gone
    }
}

/// How far a file was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Rows that name somebody and are done.
    pub rows: u64,
    /// Rows, or people whom it does not name, that may be done as well: they were under way when it broke off.
    pub perhaps: u64,
    /// Whether what they say was written, and not only compared.
    pub written: bool,
}

/// What was written of a file before the connection's file said something else, and it was read from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Rows that are done.
    pub rows: u64,
    /// Rows that may be done as well.
    pub perhaps: u64,
    /// What became of their people; whoever stayed as they were is not among them.
    pub counts: Counts,
}

/// What is told of a file.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was to be done with it.
    pub uploads: UploadsDocument,
    /// How far it came.
    pub taken: Taken,
    /// What was written of it under other settings.
    pub before: Option<Before>,
    /// What becomes of its people.
    pub counts: Counts,
    /// Whom a run found as they are to be, or nearly, where one before it broke off: those may be its own doing.
    pub doubtful: u64,
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
        for (what, count) in self.known() {
            row(what, "", &count.to_string());
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

    /// What is known, and how many of it.
    fn known(&self) -> Vec<(&'static str, u64)> {
        let Taken { rows, perhaps, .. } = self.taken;
        let mut known = Vec::new();
        if !self.is_whole() && rows + perhaps > 0 {
            known.extend([("rows that are done", rows), ("rows that may be done as well, at most", perhaps)]);
        }
        if self.is_whole() || rows + perhaps > 0 {
            let Counts { new, changed, back, gone, unchanged } = self.counts;
            known.extend([
                ("new", new),
                ("changed", changed),
                ("back", back),
                ("gone", gone),
                ("unchanged", unchanged),
            ]);
            known.extend(self.leavers.map(|leavers| ("gone, not in the file", leavers)));
            if self.doubtful > 0 {
                known.push(("more that this file may have done, at most", self.doubtful));
            }
            // Of a file that was not read to its end it is known only what the directory has refused.
            let unusable = if self.is_whole() { "rows that cannot be used" } else { "of these, refused" };
            known.push((unusable, self.unusable));
        }
        if let Some(Before { rows, perhaps, counts: Counts { new, changed, back, gone, .. } }) = self.before {
            known.extend([
                ("before, under other settings: rows that are done", rows),
                ("before: rows that may be done as well, at most", perhaps),
                ("before: new", new),
                ("before: changed", changed),
                ("before: back", back),
                ("before: gone", gone),
            ]);
        }
        known
    }

    fn outcome(&self) -> &'static str {
        let Taken { perhaps, written, .. } = self.taken;
        let before = self.before.unwrap_or_default();
        let is_partly_written = written && self.counts.written() > 0 || before.counts.written() > 0;
        let may_be_written = written && perhaps + self.doubtful > 0 || before.perhaps > 0;
        match (&self.refusal, self.uploads.write) {
            (None, true) => "written",
            (Some(UploadRefusal::Incomplete), true) => "written; nobody is gone for not being in the file",
            (Some(UploadRefusal::Incomplete) | None, false) if is_partly_written || may_be_written => {
                "compared; a part of it was written before, under other settings"
            }
            (Some(UploadRefusal::Incomplete) | None, false) => "compared; nothing was written",
            (Some(_), _) if is_partly_written => "broken off; a part of it is written",
            (Some(_), _) if may_be_written => "broken off; a part of it may be written",
            (Some(UploadRefusal::Failed), _) => "broken off; nothing was written",
            (Some(_), _) => "refused; nothing was written",
        }
    }

    /// Whether it was read to its end.
    fn is_whole(&self) -> bool {
        matches!(&self.refusal, None | Some(UploadRefusal::Incomplete | UploadRefusal::NamesNobody))
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
        assert!(!text.contains("unchanged") && !text.contains("done"), "{text}");
    }

    /// Wherever a file may break off, and whatever was known by then.
    #[test]
    fn what_is_said_of_a_file_that_was_not_taken_to_its_end_is_what_is_known() {
        let counts = Counts { new: 300, ..Counts::default() };
        let before = Before { rows: 200, perhaps: 0, counts: Counts { gone: 7, ..Counts::default() } };
        let taken = |rows, perhaps, written| Taken { rows, perhaps, written };
        for (refusal, taken, before, wanted) in [
            (UploadRefusal::Gone, taken(300, 0, true), None, "broken off; a part of it is written"),
            (UploadRefusal::Gone, taken(300, 100, true), None, "broken off; a part of it is written"),
            (UploadRefusal::Gone, taken(0, 100, true), None, "broken off; a part of it may be written"),
            (UploadRefusal::Gone, taken(300, 0, false), None, "refused; nothing was written"),
            (UploadRefusal::Gone, taken(0, 0, true), Some(before), "broken off; a part of it is written"),
            (UploadRefusal::Failed, taken(300, 100, true), None, "broken off; a part of it is written"),
            (UploadRefusal::Failed, taken(0, 0, true), None, "broken off; nothing was written"),
            (UploadRefusal::Failed, taken(300, 0, false), None, "broken off; nothing was written"),
        ] {
            let counts = if taken.rows > 0 { counts } else { Counts::default() };
            let report = Report { refusal: Some(refusal), taken, before, counts, unusable: 3, ..Report::default() };
            let text = report.render(None);
            assert!(text.contains(&format!("\"outcome\",\"\",\"{wanted}\"")), "{wanted}: {text}");
            // Counts are of rows that are done; where none is, there are none to be told.
            let is_known = taken.rows + taken.perhaps > 0;
            for (what, count) in [("rows that are done", taken.rows), ("new", counts.new), ("of these, refused", 3)] {
                assert_eq!(text.contains(&format!("\"{what}\",\"\",\"{count}\"")), is_known, "{what}: {text}");
            }
            assert_eq!(text.contains("\"before: gone\",\"\",\"7\""), before.is_some(), "{text}");
        }
        let refused = Report { refusal: Some(UploadRefusal::Gone), taken: taken(300, 0, true), ..Report::default() };
        assert!(refused.render(None).contains("refused; nothing was written"), "{refused:?}");
        let report = Report { before: Some(before), ..Report::default() };
        assert!(report.render(None).contains("compared; a part of it was written before"), "{report:?}");
    }
}
