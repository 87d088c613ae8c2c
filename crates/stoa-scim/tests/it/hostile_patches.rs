//! PATCHes that nobody can read or that would be too much.

use serde_json::json;
use stoa_scim::limits::{ELEMENTS, MEMBERS, OPERATIONS, PATH_BYTES, PATH_TERMS, PROFILE_BYTES};
use stoa_scim::{Patch, Patched, Profile, Refusal, ResourceType};

fn ada() -> Profile {
    let body = br#"{"userName":"ada@x.test","title":"T","name":{"givenName":"A"},"emails":[{"value":"a","type":"work"},{"value":"b","type":"home"}]}"#;
    Profile::create(ResourceType::User, body).unwrap().profile
}

fn patch(operations: &str) -> Result<Patched, Refusal> {
    let body = format!("{{\"Operations\":{operations}}}");
    Patch::parse(ResourceType::User, body.as_bytes())?.apply(&ada())
}

fn refused(operation: &str) -> Refusal {
    match patch(&format!("[{operation}]")).unwrap_err() {
        Refusal::InOperation { number: 1, refusal } => *refusal,
        other => other,
    }
}

#[test]
fn c193_what_cannot_be_read_changes_nothing() {
    for none in ["[]", "{}", "null", "\"add\"", "7"] {
        assert_eq!(patch(none), Err(Refusal::NoOperations), "{none}");
    }
    assert_eq!(Patch::parse(ResourceType::User, b"{}"), Err(Refusal::NoOperations));
    for (operation, wanted) in [
        ("7", Refusal::UnknownOperation),
        ("{}", Refusal::UnknownOperation),
        (r#"{"op":"move","path":"title","value":"a"}"#, Refusal::UnknownOperation),
        (r#"{"op":7,"path":"title","value":"a"}"#, Refusal::UnknownOperation),
        (r#"{"op":"add"}"#, Refusal::NoValue),
        (r#"{"op":"add","path":"title"}"#, Refusal::NoValue),
        (r#"{"op":"replace","value":"a"}"#, Refusal::NoPath),
        (r#"{"op":"replace","value":[{"title":"a"}]}"#, Refusal::NoPath),
        (r#"{"op":"add","value":null}"#, Refusal::NoPath),
        (r#"{"op":"remove"}"#, Refusal::RemoveWithoutPath),
        (r#"{"op":"remove","path":""}"#, Refusal::RemoveWithoutPath),
        (r#"{"op":"remove","path":null}"#, Refusal::RemoveWithoutPath),
        (r#"{"op":"remove","value":{"title":"a"}}"#, Refusal::RemoveWithoutPath),
        (r#"{"op":"add","path":7,"value":"a"}"#, Refusal::PathSyntax { at: 1 }),
    ] {
        assert_eq!(refused(operation), wanted, "{operation}");
    }
    for path in [
        "ti tle",
        "title]",
        "[type eq \"work\"]",
        "emails(value)",
        "title[value eq \"a\"]",
        "emails.value[type pr]",
        "emails[type eq \"work\"]value",
        "emails[type eq \"work\"].value.x y",
        "\"title\"",
        "\u{e9}",
        "name[givenName pr]",
    ] {
        let operation = json!({ "op": "replace", "path": path, "value": "a" }).to_string();
        assert!(matches!(refused(&operation), Refusal::PathSyntax { .. }), "{path}");
    }
    for path in
        ["emails[", "emails[]", "emails[type]", "emails[type eq]", "emails[type eq \"work\"", "emails[colour eq \"x\"]"]
    {
        let operation = json!({ "op": "replace", "path": path, "value": "a" }).to_string();
        let refusal = refused(&operation);
        assert_eq!(refusal.status(), 400, "{path}");
        assert!(
            matches!(refusal, Refusal::FilterSyntax { .. } | Refusal::FilterAttribute { .. }),
            "{path}: {refusal:?}"
        );
    }
}

#[test]
fn c186_operations_paths_and_what_they_make_are_bounded() {
    let many = |count: usize| format!("[{}]", vec![r#"{"op":"add","path":"title","value":"a"}"#; count].join(","));
    assert!(patch(&many(OPERATIONS)).is_ok());
    assert_eq!(patch(&many(OPERATIONS + 1)), Err(Refusal::TooManyOperations { limit: OPERATIONS }));

    let path = |path: String| json!({ "op": "remove", "path": path }).to_string();
    assert!(matches!(refused(&path("x".repeat(PATH_BYTES + 1))), Refusal::PathSyntax { .. }));
    let terms = |count: usize| format!("emails[{}]", vec!["type pr"; count].join(" or "));
    assert!(patch(&format!("[{}]", path(terms(PATH_TERMS)))).is_ok());
    assert_eq!(refused(&path(terms(PATH_TERMS + 1))), Refusal::FilterBound { what: "comparisons", limit: PATH_TERMS });

    let emails: Vec<_> = (0..ELEMENTS - 1).map(|number| json!({ "value": format!("e{number}") })).collect();
    let operation = json!({ "op": "add", "path": "emails", "value": emails }).to_string();
    assert_eq!(refused(&operation), Refusal::TooManyValues { attribute: "emails".to_owned(), limit: ELEMENTS });

    let half = "x".repeat(PROFILE_BYTES / 2);
    let operations =
        json!([{ "op": "add", "path": "title", "value": half }, { "op": "add", "path": "nickName", "value": half }]);
    assert!(matches!(patch(&operations.to_string()), Err(Refusal::TooLarge { what: "resource", .. })));
}

#[test]
fn a_patch_names_no_more_members_than_a_group_may_have() {
    let group = Profile::create(ResourceType::Group, br#"{"displayName":"G"}"#).unwrap().profile;
    let members = |from: usize, to: usize| (from..to).map(|number| number.to_string()).collect::<Vec<_>>();
    let apply = |operations: serde_json::Value| {
        let body = json!({ "Operations": operations }).to_string();
        Patch::parse(ResourceType::Group, body.as_bytes()).unwrap().apply(&group)
    };
    let all = json!([{ "op": "add", "path": "members", "value": members(0, MEMBERS) }]);
    assert_eq!(apply(all).unwrap().edges.added().count(), MEMBERS);
    let more = json!([{ "op": "add", "path": "members", "value": members(0, MEMBERS) },
                      { "op": "remove", "path": "members", "value": ["x"] }]);
    assert_eq!(apply(more).unwrap_err().status(), 413);
}

/// A part of several values at once would make them alike.
#[test]
fn without_a_filter_a_part_is_of_the_primary_value_or_of_the_only_one() {
    let ambiguous = r#"{"op":"replace","path":"emails.value","value":"x"}"#;
    assert_eq!(refused(ambiguous), Refusal::NoTarget { attribute: "emails".to_owned() });
    let decided = r#"[{"op":"replace","path":"emails[type eq \"home\"].primary","value":true},
                      {"op":"replace","path":"emails.value","value":"x"}]"#;
    let patched = patch(decided).unwrap().profile;
    assert_eq!(patched.unverified_email(), Some("x"));
    assert!(patched.folded_emails().contains("a"));
}

#[test]
fn a_patch_of_the_other_type_is_of_nothing_there_is() {
    let patch = Patch::parse(ResourceType::Group, br#"{"Operations":[{"op":"remove","path":"members"}]}"#).unwrap();
    assert_eq!(patch.apply(&ada()), Err(Refusal::NotFound));
}

#[test]
fn what_is_added_as_nothing_adds_nothing_and_takes_nothing_away() {
    for operation in [
        r#"{"op":"add","path":"emails","value":null}"#,
        r#"{"op":"add","path":"emails","value":[]}"#,
        r#"{"op":"add","path":"emails[type eq \"work\"]","value":null}"#,
        r#"{"op":"add","path":"emails[type eq \"work\"].value","value":null}"#,
        r#"{"op":"add","path":"emails[type eq \"work\"].value","value":""}"#,
        r#"{"op":"add","path":"emails[type eq \"other\"].value","value":""}"#,
        r#"{"op":"add","path":"title","value":""}"#,
        r#"{"op":"add","path":"name","value":{}}"#,
        r#"{"op":"remove","path":"emails","value":[]}"#,
        r#"{"op":"remove","path":"emails","value":["c"]}"#,
        r#"{"op":"remove","path":"nickName"}"#,
        r#"{"op":"remove","path":"emails[type eq \"other\"]"}"#,
        r#"{"op":"replace","path":"active","value":"True"}"#,
    ] {
        let patched = patch(&format!("[{operation}]")).unwrap();
        assert!(!patched.is_changed && patched.profile == ada(), "{operation}");
    }
    let unreadable = r#"{"op":"remove","path":"emails","value":[{"colour":"blue"}]}"#;
    assert_eq!(refused(unreadable), Refusal::NamesNone { attribute: "emails".to_owned() });
}

#[test]
fn what_is_ignored_is_noted_by_its_name_and_nothing_of_a_person() {
    for (operation, noted) in [
        (r#"{"op":"add","path":"phones[value eq \"ada@x.test\"].kind","value":"a"}"#, &["phones"][..]),
        (r#"{"op":"add","path":"emails[value eq \"ada@x.test\"].kind","value":"a"}"#, &["emails"]),
        (r#"{"op":"add","value":{"phones[value eq \"ada@x.test\"]":"a"}}"#, &["phones"]),
        (r#"{"op":"add","value":{"ada@x.test":"a","Ada L.":"b"}}"#, &[]),
        (r#"{"op":"add","path":"shoe","value":"ada@x.test"}"#, &["shoe"]),
    ] {
        let patched = patch(&format!("[{operation}]")).unwrap();
        let names = patched.ignored.names();
        assert!(names.iter().map(|name| name.trim_matches('"')).eq(noted.iter().copied()), "{operation}: {names:?}");
    }
}
