//! What binds a login to its browser: cookies, and what happens where there are none.

use stoa_core::binding::MAX_PENDING;
use stoa_core::routes::Table;
use stoa_saml::AuthnRequest;
use stoa_saml::idp::parse_redirect_request;
use stoa_sandbox::aws::journal::Tally;
use stoa_sandbox::browser::{Browser, Follow, SameSite, StoredCookie};
use stoa_sandbox::pingfederate::Defect;
use stoa_sandbox::sandbox::HOST;
use url::Url;

use crate::steps::{Answer, MARY, MARYS_EMAIL, World, go_on};

fn named(browser: &Browser, prefix: &str) -> Vec<StoredCookie> {
    browser.cookies().into_iter().filter(|cookie| cookie.name.starts_with(prefix)).collect()
}

/// A tab that sends these cookies, whatever they are, and keeps none.
fn with_cookies(browser: &Browser, cookies: &str) -> Browser {
    let header: &'static str = Box::leak(cookies.to_owned().into_boxed_str());
    browser.refusing_cookies().with_header("cookie", header)
}

#[tokio::test(flavor = "multi_thread")]
async fn c138_cookies_are_host_only_secure_and_out_of_reach_of_scripts() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "").await;
    let (login, launch) = (named(&browser, "__Host-l-").remove(0), named(&browser, "__Host-t-").remove(0));
    for cookie in [&login, &launch] {
        assert!(cookie.secure && cookie.http_only && cookie.host_only && cookie.path == "/", "{}", cookie.name);
    }
    assert_eq!((login.same_site, launch.same_site), (SameSite::None, SameSite::Lax));
    assert!(login.name.len() + login.value.len() < 120);
    let left = launch.expires.unwrap().duration_since(browser.clock().now()).as_secs();
    assert!((115..=120).contains(&left), "the ticket lives {left} s");
    world.signed_in(&go_on(&browser, &ticket).await, MARYS_EMAIL);
    assert!(named(&browser, "__Host-t-").is_empty(), "the ticket outlived its use");
}

#[tokio::test(flavor = "multi_thread")]
async fn c139_without_cookies_there_is_one_repost_one_fresh_login_and_then_an_answer() {
    let world = World::with_mary().await;
    let before = world.launches();
    let page = world.log_in(&world.browser().refusing_cookies(), MARY).await;
    world.refused(&page, "cookies_blocked");
    let ours = |path: &str| page.hops.iter().filter(|hop| hop.url.path() == path).count();
    assert_eq!((ours("/saml/pg/acs"), ours("/login/pg"), ours("/launch")), (3, 2, 0), "{:#?}", page.hops);
    assert_eq!(world.launches(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn c139_a_cookie_that_is_held_back_from_cross_site_posts_comes_with_the_repost() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "").await;
    let repost = answer.post(&browser.refusing_cookies().following(Follow::WithoutScripts)).await;
    let form = repost.sends_by_itself().unwrap();
    let page = browser.submit(&repost, form, &[]).await.unwrap();
    world.signed_in(&page, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c139_an_identity_provider_that_answers_no_request_does_not_send_people_round_for_ever() {
    let world = World::start().await;
    for browser in [world.browser(), world.browser().refusing_cookies()] {
        (0..20).for_each(|_| world.pingfederate.next_defect(Defect::NoInResponseTo));
        let page = world.log_in(&browser, MARY).await;
        assert!(page.status >= 400, "{}", page.text());
    }
    assert_eq!(world.launches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_holds_four_pending_logins_and_drops_the_oldest() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let first = world.answer(&browser, MARY, "").await;
    let oldest = named(&browser, "__Host-l-").remove(0).name;
    for _ in 0..4 {
        world.advance(1);
        world.answer(&browser, MARY, "").await;
    }
    let pending = named(&browser, "__Host-l-");
    assert_eq!(pending.len(), 4);
    assert!(pending.iter().all(|cookie| cookie.name != oldest));
    world.signed_in(&first.post(&browser).await, MARYS_EMAIL);
}

/// How many may begin is the gateway's to limit (docs/runbook/flood.md); what each of them leaves behind is ours.
#[tokio::test(flavor = "multi_thread")]
async fn c145_what_is_begun_and_not_gone_on_with_is_one_write_and_an_item_for_a_day() {
    let world = World::start().await;
    let browser = world.browser().following(Follow::Nothing);
    for _ in 0..10 {
        assert_eq!(browser.get(&world.login_url()).await.unwrap().status, 303);
    }
    assert_eq!(Tally::of(&world.front.take_calls()).writes, 10);
    let items = world.front.items(Table::Logins).unwrap();
    assert_eq!(items.len(), 10);
    for item in items {
        let number = |name: &str| item[name]["N"].as_str().unwrap().parse::<i64>().unwrap();
        assert_eq!(number("ttl") - number("began"), 24 * 60 * 60);
    }
    assert!(named(&browser, "__Host-").len() <= MAX_PENDING);
}

/// What a tag or a sibling host sets for the domain that it shares with us: any bytes, in every step of the login.
#[tokio::test(flavor = "multi_thread")]
async fn no_cookie_of_a_neighbour_keeps_anybody_out() {
    let world = World::with_mary().await;
    let odd: [&[u8]; 9] = [
        "name=José".as_bytes(),
        b"name=Jos\xe9",
        "名=値; name=José; name=José".as_bytes(),
        b"\x80\xff",
        b"=nameless; nameless; =; a==b",
        b"q=\"a; b\"; json={\"a\":[1,2]}",
        b"__Host-l-7KQ39FXM2B4T=\xc3\xa9; __Host-t-7KQ39FXM2B4T=\xc3; __Host-a-pg=\xc3",
        b"__Host-l-=; __Host-l-\xe9=1.x; __host-l-7KQ39FXM2B4T=1.x; __Host-l-7KQ39FXM2B4T",
        b"tab=a\tb",
    ];
    for cookies in odd {
        for (before, after) in [(cookies, &b""[..]), (&b""[..], cookies), (cookies, cookies)] {
            let browser = world.browser().beside_cookies(HOST, before, after);
            world.signed_in(&world.log_in(&browser, MARY).await, MARYS_EMAIL);
        }
    }
    assert_eq!(world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_loses_the_right_cookie_again_and_again_is_told_so() {
    let world = World::with_mary().await;
    let stranger = with_cookies(&world.browser(), &format!("__Host-l-000000000000=1.{}", "A".repeat(43)));
    world.refused(&world.log_in(&stranger, MARY).await, "too_many_logins");
}

#[tokio::test(flavor = "multi_thread")]
async fn c136_an_attacker_s_valid_response_in_a_victim_s_browser_is_no_session_of_the_attacker() {
    let world = World::with_mary().await;
    let attacker = world.answer(&world.browser(), "existing.e", "").await;
    let victim = world.browser();
    world.pingfederate.ask();
    let before = world.launches();
    // Ends at the victim's own sign-on page: the post was a reason to ask, and nothing else.
    let page = attacker.post(&victim).await;
    assert_eq!(page.url.host_str(), Some(stoa_sandbox::pingfederate::HOST), "{}", page.text());
    assert_eq!(world.launches(), before);

    // Where the victim has a login of their own under way, it is not touched either.
    let own = world.answer(&victim, MARY, "").await;
    world.pingfederate.ask();
    attacker.post(&victim.following(Follow::WithoutScripts)).await;
    world.signed_in(&own.post(&victim).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c101_a_response_that_answers_another_browser_s_login_opens_nothing() {
    let world = World::with_mary().await;
    let theirs = world.answer(&world.browser(), MARY, "").await;
    let mine = world.browser();
    world.answer(&mine, MARY, "").await;
    world.pingfederate.ask();
    mine.forget_site(&world.pingfederate.url()).unwrap();
    let before = world.launches();
    theirs.post(&mine).await;
    assert_eq!(world.launches(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_address_without_its_cookie_opens_nothing() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "").await;
    let before = world.launches();
    world.refused(&go_on(&world.browser(), &ticket).await, "ticket_missing");
    assert_eq!(world.launches(), before);
    // The whole jar is another matter: who holds a browser's cookies is that browser, until the ticket is used.
    let thief = browser.with_stolen_cookies();
    world.signed_in(&go_on(&thief, &ticket).await, MARYS_EMAIL);
    assert_eq!(world.launches(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_was_changed_in_any_part_is_refused() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "").await;
    let cookie = named(&browser, "__Host-t-").remove(0);
    let parts: Vec<&str> = cookie.value.split('.').collect();
    let stranger = "A".repeat(32);
    let changed = |at: usize, with: &str| {
        let mut parts = parts.clone();
        parts[at] = with;
        format!("{}={}", cookie.name, parts.join("."))
    };
    let before = world.launches();
    for (at, with, fault) in [
        (0, "nobody", "ticket_wrong"),
        (1, "nobody", "ticket_wrong"),
        (2, &*stranger, "ticket_wrong"),
        (3, &*stranger, "ticket_wrong"),
        (4, &*"A".repeat(43), "ticket_wrong"),
        (4, "short", "ticket_missing"),
    ] {
        let page = go_on(&with_cookies(&browser, &changed(at, with)), &ticket).await;
        world.refused(&page, fault);
    }
    assert_eq!(world.launches(), before);
    // Nothing of it has used up the ticket.
    world.signed_in(&go_on(&browser, &ticket).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_cookie_that_was_changed_answers_nothing() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "").await;
    let cookie = named(&browser, "__Host-l-").remove(0);
    let (began, secret) = cookie.value.split_once('.').unwrap();
    // Another time of beginning would lengthen the login's life; the item knows better.
    let began: i64 = began.parse().unwrap();
    let older = with_cookies(&browser, &format!("{}={}.{secret}", cookie.name, began + 1));
    world.refused_and_traced(&answer.post(&older).await, "store_contended");
    world.signed_in(&answer.post(&browser).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c107_a_login_of_more_than_half_an_hour_is_refused_although_its_cookie_is_still_sent() {
    let world = World::with_mary().await;
    // A browser whose clock stands still keeps its cookies.
    let browser = Browser::new();
    let page = browser.following(Follow::Nothing).get(&world.login_url()).await.unwrap();
    world.pingfederate.ask();
    let request = page.header("location").unwrap();
    let sign_on = browser.get(request).await.unwrap();
    world.advance(31 * 60);
    let form = sign_on.forms.first().unwrap();
    let answered = browser.following(Follow::WithoutScripts).submit(&sign_on, form, &[("pf.username", MARY)]).await;
    let page = Answer::on(answered.unwrap()).post(&browser).await;
    world.refused_and_traced(&page, "login_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn c101_a_response_to_one_connection_s_request_by_way_of_another_is_refused() {
    let world = World::with_mary().await;
    world.add_connection().await;
    let browser = world.browser();
    // The identity provider can be asked, by anybody, to answer to `pg-two` what `pg` had asked.
    let page = browser.following(Follow::Nothing).get(&world.login_url()).await.unwrap();
    let genuine = Url::parse(page.header("location").unwrap()).unwrap();
    let request = parse_redirect_request(genuine.query().unwrap(), &[]).unwrap();
    let forged = AuthnRequest {
        id: &request.id,
        issue_instant: request.issue_instant,
        destination: &request.destination.unwrap(),
        issuer: "https://sso.example.com/saml/pg-two",
        acs_url: &format!("{}/saml/pg-two/acs", world.url()),
        force_authn: false,
        name_id_format: None,
        authn_context: &[],
    };
    world.pingfederate.sign_on_as(MARY);
    let forged = forged.redirect_url(Some("0"), None).unwrap();
    let answer = Answer::on(browser.following(Follow::WithoutScripts).get(&forged).await.unwrap());
    let page = answer.post(&browser).await;
    world.refused_and_traced(&page, "login_of_other_connection");
    // An entry there that has the other connection's address does this at each login: the person cannot fix that.
    assert!(
        page.text().contains("does not match this sign-in") && page.text().contains("help desk"),
        "{}",
        page.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefetch_begins_and_ends_nothing() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ahead = browser.with_header("sec-purpose", "prefetch;prerender");
    let logins = || world.front.items(Table::Logins).unwrap().len();
    let before = logins();
    assert_eq!(ahead.get(&world.login_url()).await.unwrap().status, 204);
    assert_eq!(logins(), before);
    assert_eq!(named(&browser, "__Host-").len(), 0);

    let ticket = world.ticket(&browser, MARY, "").await;
    assert_eq!(go_on(&ahead, &ticket).await.status, 204);
    world.signed_in(&go_on(&browser, &ticket).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c137_two_connections_in_one_browser_do_not_meet() {
    let world = World::with_mary().await;
    world.add_connection().await;
    let browser = world.browser();
    let one = world.answer(&browser, MARY, "?return_to=/courses/take/welcome").await;
    world.pingfederate.sign_on_as(MARY);
    let other = format!("{}/login/pg-two?return_to=/courses/take/safety-basics", world.url());
    let two = Answer::on(browser.following(Follow::WithoutScripts).get(&other).await.unwrap());
    let (two, one) = (two.post(&browser).await, one.post(&browser).await);
    world.signed_in(&two, MARYS_EMAIL);
    world.signed_in(&one, MARYS_EMAIL);
    assert_eq!((one.url.path(), two.url.path()), ("/courses/take/welcome", "/courses/take/safety-basics"));
}
