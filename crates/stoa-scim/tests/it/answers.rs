//! What is answered: the documents of discovery, the attributes that are asked for, refusals.

use serde_json::{Value, json};
use stoa_scim::document::{Meta, document};
use stoa_scim::limits::PROJECTED;
use stoa_scim::{Profile, Projection, Refusal, ResourceType, ScimType, Version, discovery};

use crate::directory::BASE;

fn ada() -> serde_json::Map<String, Value> {
    let body = json!({
        "userName": "ada@x.test",
        "name": { "givenName": "Ada", "familyName": "L" },
        "emails": [{ "value": "w@x.test", "type": "work" }, { "value": "h@x.test", "type": "home" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "R&D", "costCenter": "7" },
        "urn:example:acme:2.0:User": { "badge": 7 }
    });
    let profile = Profile::create(ResourceType::User, body.to_string().as_bytes()).unwrap().profile;
    let at = "2026-05-04T08:00:00Z".parse().unwrap();
    let meta = Meta { id: "u1", created: at, last_modified: at, version: Version(1), base: BASE };
    document(&profile, &meta)
}

#[test]
fn what_is_supported_is_said_and_nothing_else() {
    let config = discovery::service_provider_config(BASE);
    for (feature, supported) in [("patch", true), ("filter", true), ("sort", true), ("etag", true)] {
        assert_eq!(config[feature]["supported"], supported, "{feature}");
    }
    for feature in ["bulk", "changePassword"] {
        assert_eq!(config[feature]["supported"], false, "{feature}");
    }
    assert_eq!(discovery::resource_types(BASE)["totalResults"], 2);
    assert_eq!(discovery::resource_type("Group", BASE).unwrap()["endpoint"], "/Groups");
    assert_eq!(discovery::resource_type("Device", BASE), None);
    assert_eq!(discovery::schemas(BASE)["itemsPerPage"], 3);
}

/// A client takes from the schemas what it may send.
#[test]
fn the_schemas_say_of_each_attribute_what_holds_of_it() {
    let user = discovery::schema("URN:ietf:params:scim:schemas:core:2.0:user", BASE).unwrap();
    let attribute = |name: &str| {
        let found = user["attributes"].as_array().unwrap().iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{name}")).clone()
    };
    let wanted = json!({ "type": "string", "required": true, "caseExact": false, "uniqueness": "server" });
    for (name, wanted) in wanted.as_object().unwrap() {
        assert_eq!(attribute("userName")[name], *wanted, "{name}");
    }
    assert_eq!(attribute("groups")["mutability"], "readOnly");
    assert_eq!(attribute("emails")["multiValued"], true);
    assert_eq!(attribute("emails")["subAttributes"].as_array().unwrap().len(), 4);
    assert!(!user.to_string().contains("password"));
    assert_eq!(discovery::schema("urn:example:acme:2.0:User", BASE), None);
}

#[test]
fn only_what_is_asked_for_is_answered_and_the_id_always() {
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let only = |names: &[&str]| Value::from(Projection::new(ResourceType::User, names, &[]).unwrap().apply(ada()));
    let shown = only(&["USERNAME", "emails.value", "emails.type", &format!("{enterprise}:department"), "nothing"]);
    let wanted = json!({
        "schemas": ada()["schemas"],
        "id": "u1",
        "userName": "ada@x.test",
        "emails": [{ "value": "w@x.test", "type": "work" }, { "value": "h@x.test", "type": "home" }],
        enterprise: { "department": "R&D" }
    });
    assert_eq!(shown, wanted);
    assert_eq!(only(&["urn:example:acme:2.0:User"])["urn:example:acme:2.0:User"]["badge"], 7);
    assert_eq!(only(&[enterprise])[enterprise]["costCenter"], "7");
    assert_eq!(only(&["nothing"]).as_object().unwrap().len(), 2);

    let without = |names: &[&str]| Value::from(Projection::new(ResourceType::User, &[], names).unwrap().apply(ada()));
    let hidden = without(&["id", "schemas", "name.givenName", "emails.type", "userName", enterprise, "meta"]);
    assert_eq!(hidden["id"], "u1");
    assert_eq!(hidden["name"], json!({ "familyName": "L" }));
    assert_eq!(hidden["emails"], json!([{ "value": "w@x.test" }, { "value": "h@x.test" }]));
    for gone in ["userName", "meta", enterprise] {
        assert_eq!(hidden.get(gone), None, "{gone}");
    }
    assert_eq!(hidden["urn:example:acme:2.0:User"]["badge"], 7);
}

#[test]
fn members_are_read_only_where_somebody_wants_to_see_them() {
    let projection = |only: &[&str], without: &[&str]| Projection::new(ResourceType::Group, only, without).unwrap();
    assert!(Projection::Default.shows("members") && !Projection::Default.asks_for("members"));
    let asked = projection(&["members.value"], &[]);
    assert!(asked.shows("members") && asked.asks_for("members"));
    assert!(!projection(&["displayName"], &[]).shows("members"));
    assert!(!projection(&[], &["Members"]).shows("members"));
    assert!(projection(&[], &["members.display"]).shows("members"));
    let many = ["displayName"; PROJECTED + 1];
    assert!(Projection::new(ResourceType::Group, &many[1..], &[]).is_ok());
    let wanted = Err(Refusal::Parameter { name: "excludedAttributes" });
    assert_eq!(Projection::new(ResourceType::Group, &[], &many), wanted);
}

#[test]
fn a_refusal_is_answered_in_the_form_that_clients_read() {
    let refusal = Refusal::Taken { attribute: "userName" };
    let wanted = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "409",
        "scimType": "uniqueness",
        "detail": "Another one has this \"userName\"."
    });
    assert_eq!(refusal.document(), wanted);
    for (refusal, status, scim_type) in [
        (Refusal::Unauthorized, 401, None),
        (Refusal::FilterForbidden, 403, None),
        (Refusal::NotFound, 404, None),
        (Refusal::Method, 405, None),
        (Refusal::VersionDiffers, 412, None),
        (Refusal::TooLarge { what: "body", limit: 1, unit: "bytes" }, 413, None),
        (Refusal::TooManyRequests { seconds: 1 }, 429, None),
        (Refusal::NotSupported { what: "Bulk" }, 501, None),
        (Refusal::Unavailable, 503, None),
        (Refusal::OldVersion, 400, Some(ScimType::InvalidVers)),
        (Refusal::TooMany { limit: 1 }, 400, Some(ScimType::TooMany)),
        (Refusal::PathSyntax { at: 1 }, 400, Some(ScimType::InvalidPath)),
        (Refusal::RemoveWithoutPath, 400, Some(ScimType::NoTarget)),
    ] {
        let inner = Refusal::InOperation { number: 2, refusal: Box::new(refusal.clone()) };
        for refusal in [refusal, inner] {
            assert_eq!((refusal.status(), refusal.scim_type()), (status, scim_type), "{refusal}");
        }
    }
}

/// What may be logged names nobody.
#[test]
fn c216_neither_debug_nor_a_refusal_prints_what_a_client_wrote_of_a_person() {
    let needle = "Needle";
    let body = json!({ "userName": needle, "name": { "givenName": needle }, "emails": [{ "value": needle }] });
    let body = body.to_string();
    let received = Profile::create(ResourceType::User, body.as_bytes()).unwrap();
    let patch =
        format!(r#"{{"Operations":[{{"op":"add","path":"emails[value eq \"{needle}\"].type","value":"{needle}"}}]}}"#);
    let patch = stoa_scim::Patch::parse(ResourceType::User, patch.as_bytes()).unwrap();
    let filter = format!("userName eq \"{needle}\" or emails[value sw \"{needle}\"]");
    let filter = stoa_scim::Filter::parse(ResourceType::User, &filter).unwrap();
    let lookup = stoa_scim::Filter::parse(ResourceType::User, &format!("userName eq {needle}")).unwrap().lookup();
    let patched = patch.apply(&received.profile).unwrap();
    let mut printed = format!("{received:?} {patch:?} {filter:?} {lookup:?} {patched:?}");
    for bad in [
        format!(r#"{{"userName":"a","active":"{needle}"}}"#),
        format!(r#"{{"userName":"a\u0000{needle}"}}"#),
        format!(r#"{{"userName":{{"{needle}":1}}}}"#),
        format!(r#"{{"userName":"a","title":["{needle}","{needle}"]}}"#),
        format!(r#"{{"userName":"{needle}" "{needle}"}}"#),
    ] {
        printed += &Profile::create(ResourceType::User, bad.as_bytes()).unwrap_err().to_string();
    }
    for bad in ["userName eq \"Needle", "active eq Needle", "userName eq \"Needle\" Needle", "active co \"Needle\""] {
        printed += &stoa_scim::Filter::parse(ResourceType::User, bad).unwrap_err().to_string();
    }
    assert!(!printed.contains(needle), "{printed}");
}
