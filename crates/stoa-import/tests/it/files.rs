//! Files as they are.

use std::collections::BTreeMap;

use stoa_import::{Column, Encoding, HeaderError, Mapping, Person, Preset, Row, Separator, Why, harmless, write_row};

use crate::{emails, import, import_in, refused};

const PLAIN: &str = "email,first_name,last_name\nada@acme.com,Ada,Example\nli@acme.com,Li,Xu\n";

fn first(rows: &[Row]) -> Person {
    match &rows[0] {
        Row::Person { person, .. } => person.clone(),
        Row::Rejected(rejection) => panic!("{rejection}"),
    }
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn p20_each_encoding_is_told_from_the_others() {
    let text = "email,first name\nada@acme.com,Zoë\n";
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let marked = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    for (file, encoding) in [
        (text.as_bytes().to_vec(), Encoding::Utf8),
        (marked(&[0xef, 0xbb, 0xbf], text.as_bytes().to_vec()), Encoding::Utf8),
        (latin, Encoding::Windows1252),
        (marked(&[0xff, 0xfe], utf16(text, u16::to_le_bytes)), Encoding::Utf16Le),
        (marked(&[0xfe, 0xff], utf16(text, u16::to_be_bytes)), Encoding::Utf16Be),
        (utf16(text, u16::to_le_bytes), Encoding::Utf16Le),
        (utf16(text, u16::to_be_bytes), Encoding::Utf16Be),
    ] {
        let (seen, rows) = import(&file).unwrap();
        assert_eq!((seen.encoding, first(&rows).first_name.as_deref()), (encoding, Some("Zoë")));
    }
    assert_eq!(import(PLAIN.as_bytes()).unwrap().0.encoding, Encoding::Ascii);
    // Excel's euro sign and dash are Windows-1252 only.
    let (_, rows) = import(b"email,company\nada@acme.com,\x80uro \x96 AG\n").unwrap();
    assert_eq!(first(&rows).company.as_deref(), Some("€uro – AG"));
}

#[test]
fn p20_a_row_of_another_encoding_is_refused_by_its_number() {
    let mixed = b"email,first name\nzo@acme.com,Zo\xc3\xab\nad@acme.com,Ad\xe9\nli@acme.com,Li\n";
    let (seen, rows) = import(mixed).unwrap();
    assert_eq!(seen.encoding, Encoding::Utf8);
    assert_eq!((emails(&rows), refused(&rows)), (vec!["zo@acme.com", "li@acme.com"], vec![(3, Why::Encoding)]));
    let mixed = b"email,first name\nad@acme.com,Ad\xe9\nzo@acme.com,Zo\xc3\xab\nxx@acme.com,X\x81\n";
    let (seen, rows) = import(mixed).unwrap();
    assert_eq!(seen.encoding, Encoding::Windows1252);
    assert_eq!(refused(&rows), [(3, Why::Encoding), (4, Why::Encoding)]);
    let broken =
        [&[0xff, 0xfe][..], &utf16("email\nada@acme.com\n", u16::to_le_bytes), &[0x00, 0xd8, 0x0a, 0x00]].concat();
    let (_, rows) = import(&broken).unwrap();
    assert_eq!(refused(&rows), [(3, Why::Encoding)]);
}

#[test]
fn p21_separators_are_told_apart() {
    for (separator, character) in [(Separator::Comma, ','), (Separator::Semicolon, ';'), (Separator::Tab, '\t')] {
        let (seen, rows) = import(PLAIN.replace(',', &character.to_string()).as_bytes()).unwrap();
        assert_eq!((seen.separator, emails(&rows).len()), (separator, 2));
    }
    let (seen, rows) = import(format!("sep=;\r\n{}", PLAIN.replace(',', ";")).as_bytes()).unwrap();
    assert_eq!((seen.separator, emails(&rows).len()), (Separator::Semicolon, 2));
    let (seen, _) = import(b"\"last, first\";email;id;x\nA;ada@acme.com;1;2\n").unwrap();
    assert_eq!(seen.separator, Separator::Semicolon, "what is quoted does not count");
}

#[test]
fn p21_the_same_person_twice_is_one() {
    let file = "email,first name,employee id\nAda@X.test,Ada,7\n ada@x.test ,Ada,7\nADA@x.test,Eve,7\nli@x.test,Li,7\n";
    let (_, rows) = import(file.as_bytes()).unwrap();
    assert_eq!(emails(&rows), ["ada@x.test"]);
    let wanted = [(3, Why::Double(2)), (4, Why::Conflict(Column::Email, 2)), (5, Why::Conflict(Column::ExternalId, 2))];
    assert_eq!(refused(&rows), wanted);
}

#[test]
fn quoted_cells_hold_separators_quotes_and_ends_of_lines() {
    let file = "email,company,groups\r\nada@acme.com,\"Acme, \"\"the\"\" company\",\"A | B|\"\r\n\r\nli@acme.com,\"x\",\"\nC\n\"\r\n";
    let (_, rows) = import(file.as_bytes()).unwrap();
    let ada = first(&rows);
    assert_eq!(ada.company.as_deref(), Some("Acme, \"the\" company"));
    assert_eq!(ada.groups.iter().collect::<Vec<_>>(), ["A", "B"]);
    assert!(matches!(&rows[1], Row::Person { line: 4, person } if person.groups.contains("C")), "{rows:?}");
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    for end in ["\n", "\r\n", "\r"] {
        let file = ["email,company", "ada@acme.com,\"a", "b\"", "", "x", "li@acme.com,c", "y"].join(end);
        for piece in [1, 2, 3, 1000] {
            let (_, rows) = import_in(file.as_bytes(), piece, Mapping::default()).unwrap();
            let lines: Vec<_> = refused(&rows).into_iter().map(|(line, _)| line).collect();
            // The company of line 2 has the end of a line in it.
            assert_eq!(lines, [2, 5, 7], "{end:?} {piece}");
            assert!(matches!(rows[2], Row::Person { line: 6, .. }));
        }
    }
}

#[test]
fn ids_stay_text_and_rounded_ones_are_refused() {
    let id = |id: &str| {
        let (_, rows) = import(format!("email,employee id\nada@acme.com,{id}\n").as_bytes()).unwrap();
        match &rows[0] {
            Row::Person { person, .. } => Ok(person.external_id.clone().unwrap()),
            Row::Rejected(rejection) => Err(rejection.why),
        }
    };
    for kept in ["00123", "123", "0", "E12", "12E", "1e", "abc", "1.5", "12345678901234567890", "e5", "1E2E3", "5e-3x"]
    {
        assert_eq!(id(kept).unwrap(), kept);
    }
    for rounded in ["1.23E+05", "1.23457E+11", "\"1,23E+05\"", "1E5", "1e-7", "-1.2E+3"] {
        assert_eq!(id(rounded), Err(Why::Exponent(Column::ExternalId)), "{rounded}");
    }
    assert_eq!(id("\"\""), Err(Why::Empty(Column::ExternalId)));
    assert!(Why::Exponent(Column::ExternalId).to_string().contains("rounded"));
}

#[test]
fn c213_each_system_is_known_by_its_header() {
    for (preset, header, row, id) in [
        (Preset::Thinkific, "First Name,Last Name,Email,Company", "Ada,Example,ada@acme.com,Acme", None),
        (Preset::Thinkific, "user_email,first_name,last_name,external_id", "ada@acme.com,Ada,Example,007", Some("007")),
        (
            Preset::SuccessFactors,
            "STATUS,USERID,USERNAME,FIRSTNAME,LASTNAME,MI,GENDER,EMAIL,MANAGER,HR,DEPARTMENT",
            "active,00042,aexample,Ada,Example,,F,ada@acme.com,00007,00001,Plant 7",
            Some("00042"),
        ),
        (
            Preset::Workday,
            "Employee_ID,Legal_First_Name,Legal_Last_Name,Email - Primary Work,Active_Status,Cost Center",
            "00042,Ada,Example,ada@acme.com,1,Plant 7",
            Some("00042"),
        ),
        (
            Preset::BambooHr,
            "Employee #,First Name,Last Name,Work Email,Status,Department",
            "42,Ada,Example,ada@acme.com,Active,Plant 7",
            Some("42"),
        ),
        (
            Preset::Personio,
            "Personalnummer;Vorname;Nachname;E-Mail;Status;Abteilung",
            "42;Ada;Example;ada@acme.com;aktiv;Plant 7",
            Some("42"),
        ),
    ] {
        let (seen, rows) = import(format!("{header}\n{row}\n").as_bytes()).unwrap();
        let ada = first(&rows);
        assert_eq!(seen.preset, Some(preset), "{header}");
        assert_eq!((ada.first_name.as_deref(), ada.last_name.as_deref()), (Some("Ada"), Some("Example")));
        assert_eq!(ada.external_id.as_deref(), id, "{header}");
        assert!(ada.is_active && (preset == Preset::Thinkific || ada.groups.contains("Plant 7")), "{header}");
    }
}

#[test]
fn successfactors_second_header_is_nobody() {
    let file = "STATUS,USERID,FIRSTNAME,LASTNAME,EMAIL\nStatus,User ID,First Name,Last Name,Email\nactive,1,A,E,ada@acme.com\n";
    let (_, rows) = import(file.as_bytes()).unwrap();
    assert_eq!((emails(&rows).len(), refused(&rows)), (1, Vec::new()));
}

#[test]
fn a_connections_own_names_come_first() {
    let columns = |name: &str| BTreeMap::from([(Column::Email, name.to_owned()), (Column::Groups, "Site".to_owned())]);
    let file = "email;Login Mail;SITE\nprivate@x.test;ada@acme.com;Plant 7\n";
    let mapping = Mapping { preset: None, columns: columns("login_mail") };
    let (_, rows) = import_in(file.as_bytes(), 7, mapping).unwrap();
    assert_eq!((emails(&rows), first(&rows).groups.len()), (vec!["ada@acme.com"], 1));
    let missing = import_in(file.as_bytes(), 7, Mapping { preset: None, columns: columns("mail") }).unwrap_err();
    assert!(matches!(missing, HeaderError::Missing { column: Column::Email, .. }), "{missing}");
}

#[test]
fn a_header_that_cannot_be_used_refuses_the_file() {
    assert_eq!(import(b"").unwrap_err(), HeaderError::Empty);
    assert_eq!(import(b"\n\r\n\n").unwrap_err(), HeaderError::Empty);
    let there = |file: &[u8]| match import(file).unwrap_err() {
        HeaderError::NoEmail(there) => there,
        other => panic!("{other}"),
    };
    assert_eq!(there(b"name,id,status,step 2\nAda,7,,\n"), "there are: \"name\", \"id\", \"status\", …");
    assert_eq!(import(b"email,EMAIL\n").unwrap_err(), HeaderError::Twice("email".to_owned()));
    let wide = vec!["x"; 600].join(",");
    assert_eq!(import(wide.as_bytes()).unwrap_err(), HeaderError::Unreadable(Why::TooWide));
}

/// What is said of a header stands in the result, which is to name nobody.
#[test]
fn a_file_without_a_header_is_refused_and_its_first_row_is_not_repeated() {
    let mail = Mapping { preset: None, columns: BTreeMap::from([(Column::Email, "Mail".to_owned())]) };
    for first in [
        "ada@acme.com,Ada,Lovelace,00042,Leaders",
        "Ada,Lovelace,Employee,active,+49 170 1234567",
        "Lovelace;Ada;1815-12-10;Plant",
        "Ada,Lovelace",
        "Ada",
        // Somebody's company is called Group, and their department Team.
        "Ada,Lovelace,Group,Team,ada@acme.com",
    ] {
        for mapping in [Mapping::default(), mail.clone()] {
            let file = format!("{first}\nbob@acme.com,Bob,Babbage,7,Leaders\n");
            let told = import_in(file.as_bytes(), 7, mapping).unwrap_err().to_string();
            assert!(told.contains("is there a header?"), "{told}");
            for needle in ["Ada", "ada", "acme", "Lovelace", "42", "Leaders", "1815", "170", "Plant", "Team"] {
                assert!(!told.contains(needle), "{first}: {told}");
            }
        }
    }
}

#[test]
fn who_cannot_be_used_is_refused_with_why() {
    let file = "email,first name,status\n\
        ,Ada,active\n\
        ada,Ada,active\n\
        ada@other.example,Ada,active\n\
        <ada@acme.com>,Ada,active\n\
        ada@acme.com,\"A\u{7}da\",active\n\
        ada@acme.com,Ada,perhaps\n\
        ada@acme.com,Ada\n\
        ada@acme.com,Ada,active,more\n\
        ada@acme.com,Ada,active,,\n\
        bob@acme.com,Bob,Terminated\n";
    let (_, rows) = import(file.as_bytes()).unwrap();
    let wanted = [
        (2, Why::Empty(Column::Email)),
        (3, Why::Email),
        (4, Why::Domain),
        (5, Why::Email),
        (6, Why::Control(Column::FirstName)),
        (7, Why::Status),
        (8, Why::Cells { wanted: 3, got: 2 }),
        (9, Why::Cells { wanted: 3, got: 4 }),
    ];
    assert_eq!(refused(&rows), wanted);
    assert_eq!(emails(&rows), ["ada@acme.com", "bob@acme.com"]);
    assert!(matches!(&rows[9], Row::Person { person, .. } if !person.is_active));
}

#[test]
fn c213_no_cell_that_is_written_is_a_formula() {
    for cell in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1", "\u{a0}@x"] {
        assert!(harmless(cell).starts_with('\''), "{cell:?}");
    }
    for cell in ["", "a=1", "Ada", "o'brien@acme.com", "00123"] {
        assert_eq!(harmless(cell), cell);
    }
    let mut row = String::new();
    write_row(&mut row, ["7", "=HYPERLINK(\"http://x\")", "a,b\nc"]);
    assert_eq!(row, "\"7\",\"'=HYPERLINK(\"\"http://x\"\")\",\"a,b\nc\"\r\n");
}
