//! What holds of every file.

use proptest::prelude::*;
use stoa_import::{Mapping, Row, harmless, write_row};

use crate::{import, import_in};

proptest! {
    /// No bytes make it panic, and it does not matter how they are cut.
    #[test]
    fn pieces_do_not_matter(
        file in prop::collection::vec(prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            prop::sample::select(vec!["email,", "a@acme.com", "\n", "\r\n", "\"", ";", ",", "é", "\u{feff}"])
                .prop_map(|text| text.as_bytes().to_vec()),
        ], 0..200),
        piece in 1_usize..50,
    ) {
        let file = file.concat();
        prop_assert_eq!(import(&file), import_in(&file, piece, Mapping::default()));
    }

    /// What is written as CSV is read as what it was.
    #[test]
    fn what_is_written_is_read(
        people in prop::collection::btree_map("[a-z]{1,12}", ("\\PC{1,20}", "[0-9A-Z]{1,8}"), 1..20),
        separator in prop::sample::select(vec![',', ';', '\t']),
    ) {
        let mut file = format!("email{separator}first name{separator}company\r\n");
        for (local, (first, company)) in &people {
            let quoted = first.replace('"', "\"\"");
            file.push_str(&format!("{local}@acme.com{separator}\"{quoted}\"{separator}{company}\r\n"));
        }
        let (_, rows) = import(file.as_bytes()).unwrap();
        prop_assert_eq!(rows.len(), people.len());
        for (row, (local, (first, company))) in rows.iter().zip(&people) {
            if let Row::Person { person, .. } = row {
                prop_assert_eq!(person.email.local(), local.as_str());
                let blank = |c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}';
                let wanted = Some(first.trim_matches(blank).to_owned()).filter(|name| !name.is_empty());
                prop_assert_eq!(&person.first_name, &wanted);
                prop_assert_eq!(person.company.as_ref(), Some(company));
            } else {
                // U+FFFD is what a broken byte becomes; no name has it.
                prop_assert!(first.contains('\u{fffd}'), "{:?}", row);
            }
        }
    }

    #[test]
    fn a_written_row_begins_no_formula_and_keeps_its_cells(cells in prop::collection::vec("\\PC{0,20}", 1..8)) {
        let mut row = String::new();
        write_row(&mut row, cells.iter().map(String::as_str));
        let inner = row.strip_prefix('"').and_then(|row| row.strip_suffix("\"\r\n")).unwrap();
        let written: Vec<String> = inner.split("\",\"").map(|cell| cell.replace("\"\"", "\"")).collect();
        if cells.iter().all(|cell| !cell.contains("\",\"") && !cell.contains('"')) {
            let wanted: Vec<String> = cells.iter().map(|cell| harmless(cell)).collect();
            prop_assert_eq!(written, wanted);
        }
    }
}
