//! Filters that are too long, too deep, of too many comparisons, or that nobody can read.

use stoa_scim::limits::{FILTER_BYTES, FILTER_DEPTH, FILTER_TERMS};
use stoa_scim::{Filter, Refusal, ResourceType, ScimType};

fn refusal(text: &str) -> Refusal {
    let refusal = Filter::parse(ResourceType::User, text).map(|filter| filter.to_string()).unwrap_err();
    assert_eq!((refusal.status(), refusal.scim_type()), (400, Some(ScimType::InvalidFilter)), "{text}");
    refusal
}

fn is_read(text: &str) -> bool {
    Filter::parse(ResourceType::User, text).is_ok()
}

#[test]
fn c186_bombs() {
    let long = |bytes: usize| format!("title eq \"{}\"", "x".repeat(bytes - 11));
    assert!(is_read(&long(FILTER_BYTES)));
    assert_eq!(refusal(&long(FILTER_BYTES + 1)), Refusal::FilterBound { what: "bytes", limit: FILTER_BYTES });
    assert_eq!(refusal(&long(64 * 1024)), Refusal::FilterBound { what: "bytes", limit: FILTER_BYTES });

    let nested = |depth: usize, not: &str| format!("{}title pr{}", format!("{not}(").repeat(depth), ")".repeat(depth));
    for not in ["", "not ", "NOT"] {
        assert!(is_read(&nested(FILTER_DEPTH, not)), "{not}");
        let wanted = Refusal::FilterBound { what: "parentheses inside each other", limit: FILTER_DEPTH };
        assert_eq!(refusal(&nested(FILTER_DEPTH + 1, not)), wanted, "{not}");
        assert_eq!(refusal(&nested(500, not)), wanted, "{not}");
    }
    assert_eq!(
        refusal(&"(".repeat(4_000)),
        Refusal::FilterBound { what: "parentheses inside each other", limit: FILTER_DEPTH }
    );

    for between in [" or ", " and "] {
        let many = |count: usize| vec!["title eq \"x\""; count].join(between);
        assert!(is_read(&many(FILTER_TERMS)));
        assert_eq!(refusal(&many(FILTER_TERMS + 1)), Refusal::FilterBound { what: "comparisons", limit: FILTER_TERMS });
    }
}

#[test]
fn c186_what_cannot_be_read_is_never_everybody_and_never_nobody() {
    for text in [
        "",
        " ",
        "userName",
        "userName eq",
        "userName eq ",
        "userName \"a\"",
        "userName == \"a\"",
        "userName is \"a\"",
        "eq \"a\"",
        "\"a\" eq userName",
        "userName eq \"a",
        "userName eq \"a\\\"",
        "userName eq \"\\x\"",
        "userName eq \"\\ud800\"",
        "userName eq \"a\nb\"",
        "userName eq \"a\" and",
        "userName eq \"a\" or",
        "userName eq \"a\" userName eq \"b\"",
        "userName eq \"a\" xor userName eq \"b\"",
        "userName eq \"a\" and and userName eq \"b\"",
        "and userName eq \"a\"",
        "not userName eq \"a\"",
        "not",
        "not ()",
        "()",
        "(userName eq \"a\"",
        "userName eq \"a\")",
        "(userName eq \"a\"]",
        "emails[type eq \"work\"",
        "emails[type eq \"work\")",
        "emails[]",
        "emails[type]",
        "emails [type eq \"work\"]",
        "emails[type eq \"work\"].",
        "emails[type eq \"work\"].value",
        "emails[type eq \"work\"]value eq \"a\"",
        "emails[emails[type eq \"work\"]]",
        "emails.value[type eq \"work\"]",
        "name[givenName eq \"a\"]",
        "userName[value eq \"a\"]",
        "userName eq [\"a\"]",
        "userName pr \"a\"",
        "userName.eq \"a\"",
        "userName eq \"a\";drop table",
        "a eq \"b\" ) or ( c eq \"d\"",
        "\u{0}",
        "userName\u{0} eq \"a\"",
        "userName eq \"a\"\u{a0}or\u{a0}",
        "\u{1f600} eq \"a\"",
    ] {
        refusal(text);
    }
}

#[test]
fn c186_names_that_are_no_attributes_and_comparisons_that_a_type_does_not_have() {
    for name in
        ["favouriteColour", "password", "emails.favourite", "urn:example:acme:2.0:User:badge", "name.givenName.x"]
    {
        assert_eq!(refusal(&format!("{name} pr")), Refusal::FilterAttribute { name: name.to_owned() });
    }
    assert!(matches!(refusal("emails[colour eq \"x\"]"), Refusal::FilterAttribute { .. }));
    assert!(matches!(refusal("emails[type eq \"x\"].colour eq \"x\""), Refusal::FilterAttribute { .. }));
    assert!(matches!(refusal("emails[userName eq \"x\"]"), Refusal::FilterAttribute { .. }));
    for text in [
        "active gt true",
        "active co \"t\"",
        "active sw tr",
        "name eq \"a\"",
        "meta eq \"a\"",
        "addresses co \"a\"",
        "meta.created co \"2026\"",
        "x509Certificates.value gt \"a\"",
    ] {
        assert!(matches!(refusal(text), Refusal::FilterOperator { .. }), "{text}");
    }
    for text in [
        "active eq \"maybe\"",
        "active eq 1",
        "meta.created gt \"yesterday\"",
        "meta.created gt 2026",
        "emails.primary eq \"x\"",
        "meta.lastModified gt null",
    ] {
        assert!(matches!(refusal(text), Refusal::FilterValue { .. }), "{text}");
    }
}

#[test]
fn a_refusal_says_where() {
    assert_eq!(
        refusal("title eq \"\u{e9}\" nor"),
        Refusal::FilterSyntax { at: 14, wanted: "\"and\", \"or\" or the end" }
    );
    assert_eq!(refusal("title eq"), Refusal::FilterSyntax { at: 9, wanted: "a value" });
}
