//! Generated requests: what is printed reads as the same, what is stored reads as the same, and no bytes are a panic.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use stoa_scim::document::{Meta, document};
use stoa_scim::text::folded;
use stoa_scim::{Endpoint, Filter, Lookup, Patch, Profile, Query, ResourceType, Version};

const PATHS: [&str; 14] = [
    "userName",
    "externalId",
    "displayName",
    "title",
    "active",
    "name",
    "name.givenName",
    "emails",
    "emails[type eq \"work\"]",
    "emails[type eq \"work\"].value",
    "emails[primary eq true].display",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    "urn:example:acme:2.0:User:badge",
];

/// Texts that are alike, so that comparisons hold now and then.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abAB]{1,2}",
        Just("work".to_owned()),
        Just("Jos\u{e9}".to_owned()),
        Just("jose\u{301}".to_owned()),
        Just("a\"\\b) or (".to_owned()),
        "\\PC{0,4}",
    ]
}

fn email() -> impl Strategy<Value = Value> {
    (word(), prop_oneof![Just("work"), Just("home"), Just("Work")])
        .prop_map(|(value, kind)| json!({ "value": value, "type": kind }))
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        Just(json!("True")),
        Just(json!({ "a": 0.1, "b": 7 })),
        word().prop_map(Value::from),
        email(),
        prop::collection::vec(email(), 0..3).prop_map(Value::from),
        word().prop_map(|text| json!({ "givenName": text, "familyName": "B" })),
        word().prop_map(|text| json!([{ "$ref": null, "value": text }])),
    ]
}

fn user() -> impl Strategy<Value = Profile> {
    (prop::collection::btree_map(prop::sample::select(&PATHS[..8]), value(), 0..6), "[abAB]{1,3}").prop_filter_map(
        "a person",
        |(attributes, name)| {
            let mut map: Map<String, Value> = attributes
                .into_iter()
                .filter(|(name, _)| !name.contains('.'))
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            map.insert("userName".to_owned(), name.into());
            let body = Value::from(map).to_string();
            Profile::create(ResourceType::User, body.as_bytes()).ok().map(|received| received.profile)
        },
    )
}

fn operations() -> impl Strategy<Value = Value> {
    let op = prop_oneof![Just("add"), Just("Replace"), Just("REMOVE")];
    let one =
        (op, prop::sample::select(&PATHS[..]), value()).prop_map(|(op, path, value)| match (op, path.len() % 2) {
            ("REMOVE", 0) => json!({ "op": op, "path": path }),
            ("REMOVE", _) => json!({ "op": op, "path": path, "value": value }),
            (_, 0) => json!({ "op": op, "value": { path: value } }),
            _ => json!({ "op": op, "path": path, "value": value }),
        });
    prop::collection::vec(one, 1..5).prop_map(|operations| json!({ "Operations": operations }))
}

fn filter() -> impl Strategy<Value = String> {
    let literal = || word().prop_map(|text| Value::from(text).to_string());
    let operator = || prop::sample::select(&["eq", "NE", "co", "Sw", "ew", "gt", "ge", "lt", "le"][..]);
    let texts = prop::sample::select(
        &["userName", "externalId", "displayName", "name.givenName", "emails", "emails.value", "emails.type", "id"][..],
    );
    let term = prop_oneof![
        (texts, operator(), literal()).prop_map(|(path, operator, text)| format!("{path} {operator} {text}")),
        prop::sample::select(&["title pr", "emails pr", "active eq true", "active ne False", "title eq null"][..])
            .prop_map(str::to_owned),
        literal().prop_map(|text| format!("emails[type eq \"work\" and value eq {text}]")),
        literal().prop_map(|text| format!("emails[type eq \"work\"].value eq {text}")),
        Just("meta.created ge \"2026-05-04T08:00:00Z\"".to_owned()),
    ];
    term.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" and "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|any| format!("({})", any.join(" OR "))),
            inner.prop_map(|one| format!("not ({one})")),
        ]
    })
}

fn answered(profile: &Profile) -> Map<String, Value> {
    let at = "2026-05-04T08:00:00Z".parse().unwrap();
    document(profile, &Meta { id: "u1", created: at, last_modified: at, version: Version(1), base: "https://x.test" })
}

/// Whether a resource has the key under which it is looked for.
fn has_key(profile: &Profile, lookup: &Lookup) -> bool {
    match lookup {
        Lookup::Id(id) => id == "u1",
        Lookup::UserName(name) => folded(profile.naming()) == *name,
        Lookup::ExternalId(id) => profile.external_id() == Some(id.as_str()),
        Lookup::Email(email) => profile.folded_emails().contains(email),
        Lookup::DisplayName(name) => profile.display_name().map(folded).as_ref() == Some(name),
        Lookup::Member(_) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_filter_prints_as_a_text_that_reads_as_the_same(text in filter(), profile in user()) {
        let filter = Filter::parse(ResourceType::User, &text).unwrap();
        let printed = filter.to_string();
        let again = Filter::parse(ResourceType::User, &printed).unwrap();
        prop_assert_eq!(&again.to_string(), &printed);
        prop_assert_eq!(again.matches(&answered(&profile)), filter.matches(&answered(&profile)), "{}", text);
    }

    #[test]
    fn whoever_a_filter_matches_is_found_under_its_key(text in filter(), profile in user()) {
        let filter = Filter::parse(ResourceType::User, &text).unwrap();
        if let Some(lookup) = filter.lookup() {
            prop_assert!(!filter.matches(&answered(&profile)) || has_key(&profile, &lookup), "{}", text);
        }
    }

    #[test]
    fn a_filter_and_its_opposite_divide_everybody(text in filter(), profile in user()) {
        prop_assume!(!text.contains("not"));
        let whole = answered(&profile);
        let filter = Filter::parse(ResourceType::User, &text).unwrap();
        let opposite = Filter::parse(ResourceType::User, &format!("not ({text})")).unwrap();
        prop_assert_ne!(filter.matches(&whole), opposite.matches(&whole));
    }

    /// A PATCH of what is stored and of what is stored, read again, is one.
    #[test]
    fn c193_a_patch_is_of_the_stored_profile_as_of_the_one_in_memory(profile in user(), body in operations()) {
        let patch = Patch::parse(ResourceType::User, body.to_string().as_bytes());
        let Ok(patch) = patch else { return Ok(()) };
        let stored = Profile::from_stored(ResourceType::User, profile.to_json().as_bytes()).unwrap();
        prop_assert_eq!(&stored, &profile);
        let (here, there) = (patch.apply(&profile), patch.apply(&stored));
        prop_assert_eq!(&here, &there);
        if let Ok(patched) = here {
            let again = Profile::from_stored(ResourceType::User, patched.profile.to_json().as_bytes());
            prop_assert_eq!(again.as_ref(), Ok(&patched.profile));
            prop_assert_eq!(patched.is_changed, patched.profile != profile);
            prop_assert!(!patched.profile.naming().is_empty());
        }
    }

    /// What is answered can be written back as it is.
    #[test]
    fn a_put_of_what_was_answered_changes_nothing(profile in user()) {
        let body = Value::from(answered(&profile)).to_string();
        let received = profile.replace(body.as_bytes()).unwrap();
        prop_assert_eq!(received.profile, profile);
        prop_assert!(received.ignored.is_empty(), "{:?}", received.ignored);
    }

    #[test]
    fn c186_no_text_is_a_panic(text in "\\PC{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        for resource in ResourceType::ALL {
            let _ = Filter::parse(resource, &text).map(|filter| filter.to_string());
            let _ = Profile::create(resource, &bytes);
            let _ = Query::from_parameters(resource, [("attributes", &*text), ("sortBy", &*text)]);
            let operation = json!({ "Operations": [{ "op": "replace", "path": text, "value": text }] });
            let _ = Patch::parse(resource, operation.to_string().as_bytes());
        }
        let _ = Endpoint::parse("GET", &text);
    }

    #[test]
    fn c186_no_garbled_filter_is_a_panic(text in filter(), at in any::<prop::sample::Index>(), sign in "[\\[\\]()\"\\\\. é]") {
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        let place = places[at.index(places.len())];
        let garbled = format!("{}{sign}{}", &text[..place], &text[place..]);
        if let Ok(filter) = Filter::parse(ResourceType::User, &garbled) {
            let printed = filter.to_string();
            prop_assert_eq!(Filter::parse(ResourceType::User, &printed).unwrap().to_string(), printed);
        }
    }
}
