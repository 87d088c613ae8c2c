//! A customer's CSV file of people: which columns, and what is in them.

use stoa_core::connection::{Column, Connection, Source, UploadsDocument};

use super::section::Section;

pub(super) fn sections(connection: &Connection) -> Vec<Section> {
    let Some(directory) = connection.directory().filter(|directory| directory.source == Source::Csv) else {
        return Vec::new();
    };
    let domains = connection.document().domains.join(", ");
    let columns = Column::ALL.iter().map(|column| {
        let called = directory.columns.get(column).cloned().unwrap_or_else(|| heading(*column).to_owned());
        (called, holds(*column, &domains))
    });
    let section = Section::new("Send people: a CSV file with one row for each, and these columns")
        .rows(columns)
        .note("Email is needed, the others if you have them. Exports of SuccessFactors, Workday, BambooHR and Personio are")
        .note("read as they are. Save as CSV UTF-8, with ids as text; a spreadsheet makes 42 of 00042 otherwise.")
        .note("Say with each file whether it names everybody: only then whoever is missing has left.")
        .note("It is full of personal data: send it by the way that we agreed on, not by email.");
    vec![section, bucket(connection, directory.uploads)]
}

/// For whoever puts files there by themselves.
fn bucket(connection: &Connection, uploads: UploadsDocument) -> Section {
    let id = connection.id();
    let done = match (uploads.write, uploads.complete) {
        (false, _) => "Until we have looked at the first ones together, a file is only compared: nothing is written.",
        (true, false) => "What differs is written. Whoever is not in the file stays.",
        (true, true) => "What differs is written, and whoever is not in the file has left: each file names everybody.",
    };
    Section::new("Or put files into our bucket yourselves, with the keys that we give you")
        .rows([
            ("put a file there".to_owned(), format!("aws s3 cp people.csv s3://BUCKET/{id}/in/")),
            ("what became of it".to_owned(), format!("aws s3 cp s3://BUCKET/{id}/out/people.csv.result.csv .")),
        ])
        .note(done)
        .note("Within minutes the result has counts, and a line for each row that cannot be used, with the reason.")
        .note("Any SFTP product that writes to S3 does as well. Names end in .csv. S3 deletes everything after a week.")
}

const fn heading(column: Column) -> &'static str {
    match column {
        Column::Email => "Email",
        Column::ExternalId => "External ID",
        Column::FirstName => "First Name",
        Column::LastName => "Last Name",
        Column::Company => "Company",
        Column::Groups => "Groups",
        Column::Status => "Status",
    }
}

fn holds(column: Column, domains: &str) -> String {
    match column {
        Column::Email => return format!("the work address, at exactly {domains}"),
        Column::ExternalId => "the id of your HR system, which stays when name and address change",
        Column::FirstName => "the first name",
        Column::LastName => "the last name",
        Column::Company => "which part of your company they work for",
        Column::Groups => "what they belong to; several with | between them",
        Column::Status => "active or left; without this column, everybody in the file is there",
    }
    .to_owned()
}
