//! What a filter can be answered from without looking at everybody.

use stoa_scim::{Filter, Lookup, ResourceType};

#[test]
fn c187_c188_what_clients_match_by_has_a_key() {
    let (id, email) = (|| Some(Lookup::Id("U1".to_owned())), || Some(Lookup::Email("ada@x.test".to_owned())));
    let name = || Some(Lookup::UserName("ada@x.test".to_owned()));
    for (filter, wanted) in [
        ("userName eq \"Ada@X.test\"", name()),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName Eq Ada@X.test", name()),
        ("externalId eq \"00U1\"", Some(Lookup::ExternalId("00U1".to_owned()))),
        ("id eq \"U1\"", id()),
        ("displayName eq \"JOS\u{c9}\"", Some(Lookup::DisplayName("jose\u{301}".to_owned()))),
        ("emails eq \"Ada@X.test\"", email()),
        ("emails.value eq \"Ada@X.test\"", email()),
        ("emails[value eq \"Ada@X.test\"]", email()),
        ("emails[type eq \"work\" and value eq \"Ada@X.test\"]", email()),
        ("emails[type eq \"work\"].value eq \"Ada@X.test\"", email()),
        ("active eq true and userName eq \"Ada@X.test\"", name()),
        ("emails eq \"a\" and (displayName eq \"b\" and (userName eq \"ADA@x.test\"))", name()),
        ("userName eq \"a\" and id eq \"U1\"", id()),
        ("userName eq \"Ada@X.test\" and (title pr or title eq \"b\")", name()),
        // Somebody without the key may be meant.
        ("userName eq \"a\" or title pr", None),
        ("userName eq \"a\" or userName eq \"b\"", None),
        ("not (userName eq \"a\")", None),
        ("emails[value eq \"a\" or type eq \"work\"]", None),
        ("emails[not (value eq \"a\")]", None),
        ("emails[type eq \"work\"].value ne \"a\"", None),
        ("emails.type eq \"work\"", None),
        ("phoneNumbers.value eq \"a\"", None),
        ("userName ne \"a\"", None),
        ("userName sw \"a\"", None),
        ("userName eq null", None),
        ("userName pr", None),
        ("manager.value eq \"U1\"", None),
        ("name.formatted eq \"a\"", None),
    ] {
        assert_eq!(Filter::parse(ResourceType::User, filter).unwrap().lookup(), wanted, "{filter}");
    }
    for filter in ["members eq \"U1\"", "members.value eq \"U1\"", "members[value eq \"U1\"]"] {
        let lookup = Filter::parse(ResourceType::Group, filter).unwrap().lookup();
        assert_eq!(lookup, Some(Lookup::Member("U1".to_owned())), "{filter}");
    }
}
