//! Files that are meant to do harm.

use stoa_import::{Import, MAX_ROW, Mapping, Row, Why};

use crate::{emails, import, refused};

#[test]
fn c213_a_line_of_a_hundred_megabytes_is_one_refused_row() {
    let mut import = Import::new(Mapping::default(), vec!["acme.com".to_owned()]);
    let mut rows = Vec::new();
    import.feed(b"email,company\nada@acme.com,", |row| rows.push(row)).unwrap();
    let piece = vec![b'x'; 1024 * 1024];
    for _ in 0..100 {
        import.feed(&piece, |row| rows.push(row)).unwrap();
    }
    import.feed(b"\nli@acme.com,Acme\n", |row| rows.push(row)).unwrap();
    import.end(|row| rows.push(row)).unwrap();
    assert_eq!((refused(&rows), emails(&rows)), (vec![(2, Why::TooLong)], vec!["li@acme.com"]));
}

#[test]
fn a_quote_that_is_never_closed_costs_the_rest_of_the_file_and_says_where() {
    let rest = "li@acme.com,Acme\n".repeat(10_000);
    let (_, rows) =
        import(format!("email,company\nada@acme.com,Acme\nbob@acme.com,\"Acme\n{rest}").as_bytes()).unwrap();
    assert_eq!((emails(&rows), refused(&rows)), (vec!["ada@acme.com"], vec![(3, Why::TooLong)]));
    // Shorter than a row may be: a control character is in the cell.
    let (_, rows) = import(b"email,company\nada@acme.com,\"Acme\nli@acme.com,Acme\n").unwrap();
    assert_eq!((emails(&rows).len(), refused(&rows).len()), (0, 1));
}

#[test]
fn c213_rows_of_commas_and_of_nothing_are_refused_one_by_one() {
    let wide = ",".repeat(MAX_ROW * 2);
    let file = format!("email,company\n{wide}\n\"\"\n,\n\nada@acme.com,A\n");
    let (_, rows) = import(file.as_bytes()).unwrap();
    assert_eq!(emails(&rows), ["ada@acme.com"]);
    assert_eq!(refused(&rows).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn zeros_and_other_controls_are_in_no_name() {
    let file = b"email,company\n\0\0\0\0\nada@acme.com,A\0B\na\0da@acme.com,A\nli@acme.com,\x1b[2J\nok@acme.com,A\n";
    let (_, rows) = import(file).unwrap();
    assert_eq!(emails(&rows), ["ok@acme.com"]);
    assert_eq!(refused(&rows).len(), 4);
    // All zeros: no header.
    assert!(import(&[0; 100_000]).is_err());
}

#[test]
fn archives_pictures_and_noise_are_no_people() {
    let noise: Vec<u8> = (0..200_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    for file in [b"PK\x03\x04\x14\0\x06\0".to_vec(), b"\x89PNG\r\n\x1a\n".to_vec(), b"%PDF-1.7\n".to_vec(), noise] {
        assert!(import(&file).is_err());
    }
}

#[test]
fn no_refusal_repeats_what_the_file_says() {
    let file = "email,first name,employee id\nneedle@other.example,needle,1\nneedle,x,2\nada@acme.com,needle,1.5E+9\n";
    let (_, rows) = import(file.as_bytes()).unwrap();
    for row in &rows {
        match row {
            Row::Rejected(rejection) => assert!(!format!("{rejection} {rejection:?}").contains("needle")),
            Row::Person { person, .. } => panic!("{}", person.email.as_str()),
        }
    }
    let (_, rows) = import(b"email\nneedle@acme.com\n").unwrap();
    assert!(!format!("{rows:?}").contains("needle"));
}
