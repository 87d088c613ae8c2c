//! How often a login waits for AWS, one call after the other: counted as what overlaps in the front, never timed. And
//! what the calls cost that are made before anybody knows whether they are needed.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use stoa_core::ids::{ConnectionId, EmailKey, PersonKey, Reference, SchoolId};
use stoa_core::keys::Secret32;
use stoa_core::ticket::Ticket;
use stoa_sandbox::aws::journal::round_trips;
use stoa_sandbox::openid::{GLOBEX, PG_OIDC};
use stoa_service::operator::{SecretName, SecretText};

use crate::oidc::{as_it_comes, log_in};
use crate::pages::send;
use crate::saml_settings::sign_and_encrypt;
use crate::steps::{MARY, MARYS_EMAIL, World};
use crate::teams::{MILA, Tab};
use crate::workos::{ADAS_EMAIL, umbrella};

/// AWS is so far away that calls that are sent together are under way together, however busy this machine is.
const FAR: Duration = Duration::from_millis(200);

/// For each function, how often a login waited.
type Trips = BTreeMap<String, usize>;

/// A login of a known person in three states: every process is new, none was asked in the last minute, all were.
async fn in_each_state(world: &World, login: impl AsyncFn()) -> [Trips; 3] {
    login().await;
    world.start_functions_again().unwrap();
    let cold = far(world, &login).await;
    world.advance(120);
    let idle = far(world, &login).await;
    let warm = far(world, &login).await;
    [cold, idle, warm]
}

async fn far(world: &World, login: &impl AsyncFn()) -> Trips {
    world.forget();
    world.front.set_distance(FAR);
    login().await;
    world.front.set_distance(Duration::ZERO);
    assert_eq!(world.faults(), [""; 0]);
    let calls = world.front.take_calls();
    let mut of_function: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for call in &calls {
        of_function.entry(call.principal.clone()).or_default().push(call);
    }
    of_function.into_iter().map(|(function, calls)| (function, round_trips(calls))).collect()
}

fn trips(of: &[(&str, usize)]) -> Trips {
    of.iter().map(|(function, trips)| ((*function).to_owned(), *trips)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saml_login_waits_for_aws_six_times_and_four_where_it_was_asked_in_the_last_minute() {
    let world = World::start().await;
    let login = async || world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let [cold, idle, warm] = in_each_state(&world, login).await;
    let rare = trips(&[("login", 2), ("saml-acs", 2), ("thinkific-launch", 2)]);
    assert_eq!([&cold, &idle], [&rare, &rare]);
    assert_eq!(warm, trips(&[("login", 1), ("saml-acs", 1), ("thinkific-launch", 2)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openid_login_waits_for_aws_once_more_since_a_code_is_claimed_first() {
    for example in [&PG_OIDC, &GLOBEX] {
        let world = as_it_comes(example).await;
        let login = async || {
            let page = log_in(&world, example, &world.browser(), "").await;
            assert_eq!(page.url.host_str(), Some(stoa_sandbox::thinkific::HOST), "{}", page.text());
        };
        let [cold, idle, warm] = in_each_state(&world, login).await;
        let rare = trips(&[("login", 2), ("oidc-callback", 3), ("thinkific-launch", 2)]);
        assert_eq!([&cold, &idle], [&rare, &rare], "{}", example.id);
        assert_eq!(warm, trips(&[("login", 1), ("oidc-callback", 2), ("thinkific-launch", 2)]), "{}", example.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_through_workos_waits_as_often_as_one_by_openid() {
    let world = umbrella().await;
    let address = format!("{}/login/umbrella", world.url());
    let login = async || world.signed_in(&world.browser().get(&address).await.unwrap(), ADAS_EMAIL);
    let [cold, idle, warm] = in_each_state(&world, login).await;
    let rare = trips(&[("login", 2), ("oidc-callback", 3), ("thinkific-launch", 2)]);
    assert_eq!([&cold, &idle], [&rare, &rare]);
    assert_eq!(warm, trips(&[("login", 1), ("oidc-callback", 2), ("thinkific-launch", 2)]));
}

/// The session and the code that becomes a ticket are two requests of one function.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_from_teams_waits_for_aws_five_times_and_four() {
    let tab = Tab::start().await;
    let login = async || tab.world.signed_in(&tab.arrive().await, MILA);
    let [cold, idle, warm] = in_each_state(&tab.world, login).await;
    let rare = trips(&[("teams-session", 3), ("thinkific-launch", 2)]);
    assert_eq!([&cold, &idle], [&rare, &rare]);
    assert_eq!(warm, trips(&[("teams-session", 2), ("thinkific-launch", 2)]));
}

/// A new process does not know that a connection's Assertions are encrypted before it has read the connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_with_keys_of_ours_waits_as_often_as_one_without_once_they_were_read() {
    let world = World::start().await;
    sign_and_encrypt(&world).await;
    let login = async || world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let [cold, idle, warm] = in_each_state(&world, login).await;
    assert_eq!(cold, trips(&[("login", 2), ("saml-acs", 3), ("thinkific-launch", 2)]));
    assert_eq!(idle, trips(&[("login", 2), ("saml-acs", 2), ("thinkific-launch", 2)]));
    assert_eq!(warm, trips(&[("login", 1), ("saml-acs", 1), ("thinkific-launch", 2)]));
}

fn secrets_asked_for(world: &World, name: &str) -> usize {
    let calls = world.front.take_calls();
    calls.iter().filter(|call| call.operation == "GetSecretValue" && call.resource.starts_with(name)).count()
}

/// Seal and pepper once an hour, a school's key once a minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_after_a_minute_asks_for_one_secret() {
    let world = World::with_mary().await;
    for (seconds, asked) in [(61, 1), (61, 1), (3601, 5), (1, 0)] {
        world.advance(seconds);
        world.forget();
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        assert_eq!(secrets_asked_for(&world, ""), asked, "after {seconds} s");
    }
}

/// Tickets that somebody has made up, each for another school.
#[tokio::test(flavor = "multi_thread")]
async fn c144_made_up_tickets_buy_one_look_ahead_a_minute() {
    let world = World::with_mary().await;
    for (process, reads) in [("that is new", 3), ("that holds seal and pepper", 1)] {
        if reads == 3 {
            world.start_functions_again().unwrap();
        }
        world.advance(61);
        world.forget();
        for number in 0..20_u8 {
            let ticket = Ticket {
                reference: Reference::from_random([number; 8]),
                connection: ConnectionId::parse("pg").unwrap(),
                school: SchoolId::parse(&format!("school-{number}")).unwrap(),
                person_key: PersonKey::from_bytes([number; 24]),
                email_key: EmailKey::from_bytes([number; 24]),
                secret: Secret32::new([number; 32]),
            };
            let cookie = ticket.set_cookie();
            let headers = [("cookie", cookie.split(';').next().unwrap())];
            let address = format!("/launch?login={}", ticket.reference.as_str());
            send(&world, Method::GET, &address, &headers, Vec::new()).await;
            assert_eq!(world.faults(), ["login_unknown"]);
        }
        let asked = secrets_asked_for(&world, "");
        assert!(asked <= reads, "a process {process}: {asked} secrets were asked for");
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    }
}

/// One process has the new seal, the other has read the old one lately: an unknown name, and a known one of which the
/// value is another.
#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_was_replaced_is_read_again_at_once_and_at_most_once_a_minute() {
    let old = "0123456789abcdefghijklmnopqrstuvwxyz";
    let both = format!(r#"{{"keys":[{{"id":"2","from":1,"value":"another"}},{{"id":"1","from":0,"value":"{old}"}}]}}"#);
    for new in [both.as_str(), "quite another seal"] {
        let world = as_it_comes(&PG_OIDC).await;
        world.operator.put_secret(&SecretName::Seal, SecretText::new(old).unwrap()).await.unwrap();
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        world.operator.put_secret(&SecretName::Seal, SecretText::new(new).unwrap()).await.unwrap();
        // `oidc-callback` was not asked yet, and reads the new one.
        world.forget();
        for _ in 0..3 {
            world.refused(&log_in(&world, &PG_OIDC, &world.browser(), "").await, "ticket_wrong");
        }
        // Its own, once. The launch has read it within the minute.
        assert_eq!(secrets_asked_for(&world, "seal"), 1, "{new}");
        world.advance(61);
        world.forget();
        world.signed_in(&log_in(&world, &PG_OIDC, &world.browser(), "").await, MARYS_EMAIL);
        assert_eq!(secrets_asked_for(&world, "seal"), 1, "{new}");
    }
}
