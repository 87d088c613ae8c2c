//! Bodies that are too large, too deep, say two things, or are of other types.

use serde_json::{Value, json};
use stoa_scim::limits::{BODY_BYTES, DEPTH, ELEMENTS, MEMBERS, PROFILE_BYTES, VALUES};
use stoa_scim::{Profile, Refusal, ResourceType};

fn create(body: &[u8]) -> Result<Profile, Refusal> {
    Profile::create(ResourceType::User, body).map(|received| received.profile)
}

fn refusal(body: impl AsRef<[u8]>) -> Refusal {
    create(body.as_ref()).unwrap_err()
}

fn nested(depth: usize) -> String {
    let inner = depth - 2;
    format!("{{\"userName\":\"a\",\"urn:a:b:c\":{{\"a\":{}1{}}}}}", "[".repeat(inner), "]".repeat(inner))
}

#[test]
fn c186_size_depth_and_number_are_bounded() {
    let at_the_bound = format!("{{\"userName\":\"a\"}}{}", " ".repeat(BODY_BYTES - 16));
    assert_eq!(at_the_bound.len(), BODY_BYTES);
    assert!(create(at_the_bound.as_bytes()).is_ok());
    let wanted = Refusal::TooLarge { what: "body", limit: BODY_BYTES, unit: "bytes" };
    assert_eq!(refusal(at_the_bound + " "), wanted);

    assert!(create(nested(DEPTH).as_bytes()).is_ok());
    assert_eq!(refusal(nested(DEPTH + 1)), Refusal::TooDeep { limit: DEPTH });
    assert_eq!(refusal("[".repeat(100_000)), Refusal::TooDeep { limit: DEPTH });
    assert_eq!(refusal("{\"a\":".repeat(100_000)), Refusal::TooDeep { limit: DEPTH });

    let many = format!("{{\"userName\":\"a\",\"urn:a:b:c\":{{\"a\":[{}0]}}}}", "0,".repeat(VALUES));
    assert_eq!(refusal(many), Refusal::TooLarge { what: "body", limit: VALUES, unit: "values" });

    let large = json!({ "userName": "a", "title": "x".repeat(PROFILE_BYTES) }).to_string();
    assert_eq!(refusal(large), Refusal::TooLarge { what: "resource", limit: PROFILE_BYTES, unit: "bytes" });

    let emails = |count: usize| json!({ "userName": "a", "emails": vec![json!({ "value": "x" }); count] }).to_string();
    assert!(create(emails(ELEMENTS).as_bytes()).is_ok());
    assert_eq!(
        refusal(emails(ELEMENTS + 1)),
        Refusal::TooManyValues { attribute: "emails".to_owned(), limit: ELEMENTS }
    );
}

#[test]
fn the_largest_group_is_taken_and_one_member_more_is_not() {
    let group = |count: usize| {
        let members: Vec<Value> = (0..count).map(|number| json!({ "value": format!("{number:036}") })).collect();
        json!({ "displayName": "G", "members": members }).to_string()
    };
    let body = group(MEMBERS);
    assert!(body.len() < BODY_BYTES, "{}", body.len());
    let received = Profile::create(ResourceType::Group, body.as_bytes()).unwrap();
    assert_eq!(received.members.unwrap().len(), MEMBERS);
    let refusal = Profile::create(ResourceType::Group, group(MEMBERS + 1).as_bytes()).unwrap_err();
    assert_eq!(refusal, Refusal::TooManyValues { attribute: "members".to_owned(), limit: MEMBERS });
    assert_eq!(refusal.status(), 413);
}

#[test]
fn c186_what_could_be_read_in_two_ways_is_refused() {
    for twice in [
        r#"{"userName":"a","userName":"b"}"#,
        r#"{"userName":"a","USERNAME":"b"}"#,
        r#"{"userName":"a","user\u004eame":"b"}"#,
        r#"{"userName":"a","name":{"givenName":"a","givenname":"b"}}"#,
        r#"{"userName":"a","emails":[{"value":"a","Value":"b"}]}"#,
        r#"{"userName":"a","urn:a:b:c":{"x":1,"X":2}}"#,
    ] {
        assert!(matches!(refusal(twice), Refusal::RepeatedMember { .. }), "{twice}");
    }
    for broken in [
        &b""[..],
        b" ",
        b"{",
        b"{\"userName\":\"a\"",
        b"{\"userName\":\"a\"}}",
        b"{\"userName\":\"a\"} {}",
        b"{'userName':'a'}",
        b"{\"userName\":\"a\",}",
        b"{\"userName\":\"\xff\"}",
        b"{\"userName\":\"\\ud800\"}",
        b"{\"userName\":\"a\x01\"}",
        b"\xfe\xff\x00{",
        b"userName=a",
        b"<User/>",
        b"{\"userName\":\"a\",\"x\":1e999}",
        b"{\"userName\":\"a\",\"x\":NaN}",
        b"{\"userName\":\"a\",\"x\":01}",
    ] {
        assert!(matches!(refusal(broken), Refusal::NotJson { .. }), "{}", String::from_utf8_lossy(broken));
    }
    for other in ["null", "[]", "\"a\"", "7", "true", "[{\"userName\":\"a\"}]"] {
        assert_eq!(refusal(other), Refusal::NotAnObject, "{other}");
    }
    assert!(create(b"\xef\xbb\xbf{\"userName\":\"a\"}").is_ok());
    assert!(create(r#"{"USERNAME":"a"}"#.as_bytes()).is_ok());
}

#[test]
fn c196_a_value_of_another_type_is_refused_by_name() {
    for (attributes, name) in [
        (r#""userName":7"#, "userName"),
        (r#""userName":{"value":"a"}"#, "userName"),
        (r#""userName":true"#, "userName"),
        (r#""userName":"a","title":1e3"#, "title"),
        (r#""userName":"a","externalId":123"#, "externalId"),
        (r#""userName":"a","title":["a","b"]"#, "title"),
        (r#""userName":"a","active":1"#, "active"),
        (r#""userName":"a","active":"yes""#, "active"),
        (r#""userName":"a","active":"\u212aalse""#, "active"),
        (r#""userName":"a","name":"Ada""#, "name"),
        (r#""userName":"a","name":{"givenName":false}"#, "name.givenName"),
        (r#""userName":"a","emails":[7]"#, "emails"),
        (r#""userName":"a","emails":[["a"]]"#, "emails"),
        (r#""userName":"a","emails":[{"value":7}]"#, "emails.value"),
        (r#""userName":"a","emails":[{"value":"a","primary":"first"}]"#, "emails.primary"),
        (r#""userName":"a","addresses":"1 Street""#, "addresses"),
        (r#""userName":"a","manager":7"#, "manager"),
    ] {
        match refusal(format!("{{{attributes}}}")) {
            Refusal::WrongType { attribute, .. } => assert_eq!(attribute, name, "{attributes}"),
            other => panic!("{attributes}: {other:?}"),
        }
    }
}

#[test]
fn c196_texts_hold_no_control_characters_and_names_are_not_blank() {
    for (attributes, name) in [
        (r#""userName":"a\u0000""#, "userName"),
        (r#""userName":"a\n""#, "userName"),
        (r#""userName":"a","displayName":"\u001b[2J""#, "displayName"),
        (r#""userName":"a","name":{"givenName":"a\u0007"}"#, "name.givenName"),
        (r#""userName":"a","addresses":[{"formatted":"a\u0000"}]"#, "addresses.formatted"),
        (r#""userName":"a","title":"\u0085""#, "title"),
    ] {
        let wanted = Refusal::ControlCharacter { attribute: name.to_owned() };
        assert_eq!(refusal(format!("{{{attributes}}}")), wanted, "{attributes}");
    }
    assert!(create(r#"{"userName":"a","addresses":[{"formatted":"1 Street\r\nTown"}]}"#.as_bytes()).is_ok());
    for blank in [r#"{"userName":" "}"#, r#"{"userName":"\u00a0"}"#, r#"{"userName":""}"#, r#"{"userName":null}"#, "{}"]
    {
        assert_eq!(refusal(blank), Refusal::Missing { attribute: "userName".to_owned() }, "{blank}");
    }
}

#[test]
fn c196_what_the_server_writes_and_a_password_are_not_kept() {
    let body = r#"{"userName":"a","id":"x","meta":{"version":"x"},"groups":[{"value":"x"}],"schemas":[],"Password":"x",
                   "active":true,"manager":{"value":"m","displayName":"x"},"emails":[{"type":"work","primary":true}]}"#;
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let wanted = json!({ "userName": "a", "active": true, enterprise: { "manager": { "value": "m" } } });
    let received = Profile::create(ResourceType::User, body.as_bytes()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&received.profile.to_json()).unwrap(), wanted);
    assert!(received.ignored.is_empty(), "{:?}", received.ignored);
}

#[test]
fn c196_one_value_is_the_primary_one() {
    let two = r#"{"userName":"a","emails":[{"value":"a","primary":true},{"value":"b","primary":"True"}]}"#;
    assert_eq!(refusal(two), Refusal::ManyPrimary { attribute: "emails".to_owned() });
}

#[test]
fn the_address_to_write_to() {
    let email = |emails: Value| {
        let body = json!({ "userName": "a", "emails": emails }).to_string();
        create(body.as_bytes()).unwrap().unverified_email().map(str::to_owned)
    };
    let (home, work) = (json!({ "value": "h", "type": "home" }), json!({ "value": "w", "type": "Work" }));
    assert_eq!(email(json!([])), None);
    assert_eq!(email(json!([home])).as_deref(), Some("h"));
    assert_eq!(email(json!([home, work])).as_deref(), Some("w"));
    assert_eq!(email(json!([{ "value": "p", "primary": "true" }, work])).as_deref(), Some("p"));
    assert_eq!(email(json!([{ "display": "no address", "primary": true }, work])).as_deref(), Some("w"));
}

/// A client that reads something else than it wrote writes it again in each cycle.
#[test]
fn what_was_written_is_read_back_as_it_was() {
    let written = json!({
        "userName": "Ada.Lovelace@X.test",
        "externalId": "00123",
        "title": "  Countess ",
        "phoneNumbers": [{ "value": "+1 (555) 010-9", "type": "mobile" }],
        "name": { "givenName": "Jose\u{301}", "familyName": "O'Neill" },
        "timezone": "Europe/London",
        "active": false
    });
    let profile = create(written.to_string().as_bytes()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&profile.to_json()).unwrap(), written);
}
