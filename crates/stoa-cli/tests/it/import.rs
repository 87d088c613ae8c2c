//! People from a file.

use crate::command::Desk;

#[tokio::test]
async fn a_file_of_people_is_checked_before_anything_else() {
    let desk = Desk::new().await;
    let file = desk.write(
        "people.csv",
        "Employee #;First Name;Last Name;Work Email;Status;Department\r\n\
         0042;Ada;Example;ada@pg.com;Active;Plant 7\r\n\
         0043;Bo;Example;bo@pg.com;Terminated;Plant 7\r\n\
         1,2E+05;Cy;Example;cy@pg.com;Active;Plant 8\r\n\
         0045;Di;Example;di@elsewhere.example;Active;Plant 8\r\n",
    );
    let result = desk.folder.path().join("result.csv");
    let import = ["import", &file, "--connection", "pg"];
    let shown = desk.stoa(&[&import[..], &["--result", result.to_str().unwrap()]].concat()).await.done();
    for part in [
        "letters     ASCII",
        "separator   semicolon",
        "columns     by bamboohr: email in column 4, external_id in column 1",
        "people      1 who are there, 1 who are gone",
        "groups      \"Plant 7\" 2",
        "not usable  2",
        "line 4: external_id is a number in exponent form",
        "line 5: the email address is outside the domains",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains("ada@pg.com") && !shown.contains("elsewhere"), "{shown}");
    let written = std::fs::read_to_string(&result).unwrap();
    assert!(
        written.starts_with("\"line\",\"why\"\r\n\"4\",\"external_id is") && written.lines().count() == 3,
        "{written}"
    );

    let by_hand = [&import[..], &["--column", "email=Department"]].concat();
    assert!(desk.stoa(&by_hand).await.done().contains("not usable  4"));
    let missing = [&import[..], &["--column", "email=Mail"]].concat();
    assert!(desk.stoa(&missing).await.refused().contains("\"Mail\", which is not there; there are: \"Employee #\""));
    assert_eq!(desk.stoa(&[&import[..], &["--column", "mail=x"]].concat()).await.code, 2);
    assert_eq!(desk.stoa(&[&import[..], &["--preset", "sap"]].concat()).await.code, 2);
    assert!(desk.stoa(&["import", "no/such.csv", "--connection", "pg"]).await.refused().contains("no/such.csv"));
    let binary = desk.write("people.xlsx", "PK\u{3}\u{4}\u{14}\u{0}");
    assert!(desk.stoa(&["import", &binary, "--connection", "pg"]).await.refused().contains("no column is called"));
}
