//! Whole lives of people in Entra and Okta, whose consoles send what they send: through the gateway, the provisioner and
//! the school.

use serde_json::Value;
use stoa_core::ids::ConnectionId;
use stoa_sandbox::openid::{Example, Exchange, GLOBEX, INITECH, Step};

use crate::provisioning::GRANTS;
use crate::steps::World;

const BY_OBJECT_ID: &str = "join = { claim = \"oid\", attribute = \"externalId\" }\n";

/// A customer whose console knows the address and has the token. Entra's address has this behind it.
async fn start(example: &Example, flag: &str) -> World {
    let world = World::start().await;
    let grants = match example.id == GLOBEX.id {
        true => GRANTS.replace("source = \"scim\"\n", &format!("source = \"scim\"\n{BY_OBJECT_ID}")),
        false => GRANTS.to_owned(),
    };
    let id: ConnectionId = world.connect_openid(example, |file| format!("{file}{grants}")).await.unwrap();
    let (token, _) = world.operator.create_scim_token(&id, None).await.unwrap();
    let address = format!("{}/scim/{id}/v2{flag}", world.url());
    pressed(&world, example, Step::Connect { address, token: token.expose().to_owned() }).await;
    world
}

/// Something is done in the console, and no answer displeases it.
async fn pressed(world: &World, example: &Example, step: Step) -> Vec<Exchange> {
    let exchanges = world.openid.provision(example.product, step).await;
    let wrong: Vec<_> = exchanges.iter().filter(|exchange| exchange.error.is_some()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    exchanges
}

async fn provisioned(world: &World) {
    let answer = world.invoke("provisioner", Value::Null).await.unwrap();
    assert_eq!(answer["failed"], 0, "{answer}");
}

async fn enters(world: &World, example: &Example) -> bool {
    world.openid.sign_on_as(example.product, example.person);
    let page = world.browser().get(&format!("{}/login/{}", world.url(), example.id)).await.unwrap();
    page.url.host_str() == Some(stoa_sandbox::thinkific::HOST)
}

async fn a_life(example: &Example, flag: &str, sends_in_cycles: bool) {
    let world = start(example, flag).await;
    let cycle = async || {
        if sends_in_cycles {
            pressed(&world, example, Step::Cycle).await;
        }
        provisioned(&world).await;
    };
    let person = || example.person.to_owned();
    // Assigned, and in a group.
    pressed(&world, example, Step::Assign { person: person() }).await;
    pressed(&world, example, Step::PushGroup { name: "Leaders".to_owned(), members: person() }).await;
    cycle().await;
    assert_eq!(world.open_to(example.person), [3, 4]);
    world.thinkific.take_calls();
    assert!(enters(&world, example).await);
    assert!(world.thinkific.take_calls().is_empty(), "they are there already");

    // Once more, and nothing has changed: nothing is due.
    pressed(&world, example, Step::Cycle).await;
    let answer = world.invoke("provisioner", Value::Null).await.unwrap();
    assert_eq!(answer["people"], 0, "{answer}");

    // A new name, and out of the group.
    world.openid.edit_person(example.product, example.person, |own| own.last_name = Some("Other".to_owned()));
    pressed(&world, example, Step::Cycle).await;
    pressed(&world, example, Step::PushGroup { name: "Leaders".to_owned(), members: String::new() }).await;
    cycle().await;
    assert_eq!(world.thinkific.user(example.person).unwrap().last_name, "Other");
    assert_eq!(world.open_to(example.person), [3]);

    // Gone, and back under the same id.
    let id = world.openid.provisioned(example.product).await[0].id.clone();
    pressed(&world, example, Step::Unassign { person: person() }).await;
    cycle().await;
    assert!(!enters(&world, example).await);
    assert_eq!(world.open_to(example.person), [0; 0]);
    pressed(&world, example, Step::Assign { person: person() }).await;
    cycle().await;
    assert!(enters(&world, example).await);
    assert_eq!(world.open_to(example.person), [3]);
    assert_eq!(world.openid.provisioned(example.product).await[0].id, id);

    // The group is deleted.
    pressed(&world, example, Step::UnlinkGroup { name: "Leaders".to_owned() }).await;
    cycle().await;
    assert_eq!(world.open_to(example.person), [3]);
    world.log();
}

#[tokio::test(flavor = "multi_thread")]
async fn entra_keeps_a_person_up_to_date_in_cycles() {
    a_life(&GLOBEX, "", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entra_keeps_a_person_up_to_date_with_the_flag_that_the_guide_names() {
    a_life(&GLOBEX, "?aadOptscim062020", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn okta_keeps_a_person_up_to_date_at_once() {
    a_life(&INITECH, "", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn okta_links_a_group_that_is_there_already_and_sandboxes_start_again() {
    let world = World::start().await;
    for _ in 0..3 {
        let tested = world.connect_provisioned().await.unwrap();
        assert!(tested.iter().all(|exchange| exchange.error.is_none()), "{tested:?}");
        pressed(&world, &INITECH, Step::Assign { person: INITECH.person.to_owned() }).await;
        pressed(&world, &INITECH, Step::PushGroup { name: "Leaders".to_owned(), members: INITECH.person.to_owned() })
            .await;
        provisioned(&world).await;
        assert_eq!(world.open_to(INITECH.person), [3, 4]);
        // A console that has forgotten everything, and processes that hold nothing, as after a start.
        world.openid.forget_provisioned(INITECH.product).await;
        world.start_functions_again().unwrap();
    }
    world.log();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_says_what_is_wrong_with_the_token_or_the_address() {
    for example in [&GLOBEX, &INITECH] {
        let world = start(example, "").await;
        let id = ConnectionId::parse(example.id).unwrap();
        let (token, _) = world.operator.create_scim_token(&id, None).await.unwrap();
        // Which tokens there are is held for a minute.
        world.advance(61);
        let base = format!("{}/scim/{id}", world.url());
        for (address, token, status) in [
            (format!("{base}/v2"), "wrong", 401),
            // The form of SCIM 1.1.
            (format!("{base}/v1"), token.expose(), 400),
            ("http://127.0.0.1:1/scim".to_owned(), token.expose(), 0),
        ] {
            let step = Step::Connect { address: address.clone(), token: token.to_owned() };
            let exchanges = world.openid.provision(example.product, step).await;
            let [first] = &exchanges[..] else { panic!("{exchanges:?}") };
            assert_eq!(first.status, status, "{address}: {first:?}");
            assert!(first.error.is_some());
        }
        world.log();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_s_page_does_the_same_by_its_forms() {
    let world = start(&GLOBEX, "").await;
    let url = format!("{}/sandbox/provisioning", world.openid.url(GLOBEX.product));
    let browser = world.browser();
    let page = browser.get(&url).await.unwrap();
    assert!(page.text().contains("Tenant URL"), "{}", page.text());
    for form in [
        &[("step", "assign"), ("person", GLOBEX.person)][..],
        &[("step", "push-group"), ("name", "Leaders"), ("members", GLOBEX.person)],
        &[("step", "cycle")],
    ] {
        let page = browser.post(None, &url, form).await.unwrap();
        assert_eq!(page.url.path(), "/sandbox/provisioning");
    }
    provisioned(&world).await;
    assert_eq!(world.open_to(GLOBEX.person), [3, 4]);
    // The others have no SCIM client here.
    let google = format!("{}/sandbox/provisioning", world.openid.url(stoa_sandbox::openid::Product::Google));
    assert_eq!(browser.get(&google).await.unwrap().status, 404);
    world.log();
}
