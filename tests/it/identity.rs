//! What the identity provider says about a person, and what it must not leave open.

use stoa_sandbox::pingfederate::{Defect, Person};

use crate::steps::{MARY, MARYS_EMAIL, World};

async fn turned_away(world: &World, login: &str, fault: &str) {
    world.refused_and_traced(&world.log_in(&world.browser(), login).await, fault);
    assert_eq!(world.launches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whom_the_identity_provider_does_not_name_for_ever_is_refused() {
    let world = World::start().await;
    world.pingfederate.next_defect(Defect::TransientNameId);
    turned_away(&world, MARY, "subject_transient").await;
    world.pingfederate.add_person(Person::new("mary@pg.com", MARYS_EMAIL, "Mary", "Miller", ""));
    turned_away(&world, "mary@pg.com", "subject_is_email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_from_an_attribute_must_be_there() {
    let world = World::with(|text| text.replace("from = \"name_id\"", "from = \"employeeNumber\"")).await;
    turned_away(&world, MARY, "subject_missing").await;
    world.pingfederate.edit_person(MARY, |person| {
        person.others = vec![("employeeNumber".into(), vec!["0815".into()])];
    });
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

/// SAML core §2.4 lets a subject go without; what is there and is not read is no reason either.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_id_is_wanted_only_where_it_is_the_subject() {
    let (none, empty) = ((Defect::NoNameId, "saml_name_id_missing"), (Defect::EmptyNameId, "saml_name_id_empty"));
    let odd =
        [none, empty, (Defect::CommentInNameId, "saml_text_not_plain"), (Defect::TransientNameId, "subject_transient")];
    let world = World::start().await;
    for (defect, fault) in odd {
        world.pingfederate.next_defect(defect);
        turned_away(&world, MARY, fault).await;
    }
    let world = World::with(|text| text.replace("from = \"name_id\"", "from = \"employeeNumber\"")).await;
    world.pingfederate.edit_person(MARY, |person| {
        person.others = vec![("employeeNumber".into(), vec!["0815".into()])];
    });
    for (defect, _) in odd {
        world.pingfederate.next_defect(defect);
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    }
}

/// SAML core §2.7.3.1.1: a value may be any XML.
#[tokio::test(flavor = "multi_thread")]
async fn an_attribute_of_xml_is_refused_only_where_it_is_read() {
    let world = World::with_mary().await;
    world.pingfederate.next_defect(Defect::StructuredAttribute);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let reads: [fn(&str) -> String; 3] = [
        |text| text.replace("from = \"name_id\"", "from = \"eduPersonTargetedID\""),
        |text| text.replace("[attributes]", "[attributes]\ncompany = \"eduPersonTargetedID\""),
        |text| {
            let text = text.replace("groups = \"groups\"", "groups = \"eduPersonTargetedID\"");
            format!("{text}\n[admit]\ngroups = [\"a1b2\"]\n")
        },
    ];
    for read in reads {
        let world = World::with(read).await;
        world.pingfederate.next_defect(Defect::StructuredAttribute);
        turned_away(&world, MARY, "saml_text_not_plain").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c115_an_address_of_another_form_is_refused() {
    let world = World::start().await;
    turned_away(&world, "nomail.n", "email_missing").await;
    for email in ["mary@pg.com@evil.example", "\u{430}dmin@pg.com", "mary@pg.com.", "\"m\"@pg.com", "a@pg.com,b@pg.com"]
    {
        world.pingfederate.edit_person(MARY, |person| person.email = Some(email.to_owned()));
        turned_away(&world, MARY, "email_malformed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c116_an_attribute_that_says_two_things_says_nothing() {
    let world = World::start().await;
    // Beside the attribute that the record has, the same name again.
    world.pingfederate.edit_person(MARY, |person| {
        person.others = vec![("email".into(), vec!["admin@pg.com".into()])];
    });
    turned_away(&world, MARY, "attribute_ambiguous").await;
    world.pingfederate.edit_person(MARY, |person| {
        person.email = None;
        person.others = vec![("email".into(), vec![MARYS_EMAIL.into(), "admin@pg.com".into()])];
    });
    turned_away(&world, MARY, "attribute_ambiguous").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c083_every_defect_of_signature_and_trust_looks_the_same_to_a_stranger() {
    use Defect::{
        BrokenDigest, NextCertificate, Sha1, SignedByAnotherKey, Unsigned, Xsw1, Xsw2, Xsw3, Xsw4, Xsw5, Xsw6, Xsw7,
        Xsw8,
    };
    let world = World::start().await;
    let mut seen = std::collections::BTreeSet::new();
    for defect in [
        BrokenDigest,
        NextCertificate,
        Sha1,
        SignedByAnotherKey,
        Unsigned,
        Xsw1,
        Xsw2,
        Xsw3,
        Xsw4,
        Xsw5,
        Xsw6,
        Xsw7,
        Xsw8,
    ] {
        world.pingfederate.next_defect(defect);
        let page = world.log_in(&world.browser(), MARY).await;
        let reference = page.text().split("Reference").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        seen.insert((page.status, page.body.replace(&reference, "")));
        assert_eq!(world.faults().len(), 1, "{defect:?}");
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_eq!(world.launches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_answer_does_not_use_up_the_login_that_it_pretends_to_answer() {
    let world = World::start().await;
    let browser = world.browser();
    let good = world.answer(&browser, MARY, "").await;
    let broken = good.post_with(&browser, &[("SAMLResponse", &good.tampered())]).await;
    world.refused_and_traced(&broken, "saml_digest_mismatch");
    world.signed_in(&good.post(&browser).await, MARYS_EMAIL);
}
