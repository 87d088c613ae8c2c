//! The rules of the test browser, each against the mirror.

use jiff::SignedDuration;
use stoa_sandbox::browser::{Browser, BrowserError, CookieRefusal, Follow, Page, SameSite};

use crate::mirror::Mirror;

const OURS: &str = "stoa.localhost";
const THEIRS: &str = "pingfederate.localhost";

fn arrived<'a>(page: &'a Page, header: &str) -> Option<&'a str> {
    page.body.lines().find_map(|line| line.strip_prefix(&format!("{header}: ")))
}

async fn set(cookie: &str) -> (Browser, Page) {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    let page = browser.get(&mirror.page(OURS, &[("set-cookie", cookie)])).await.unwrap();
    (browser, page)
}

async fn refusal(cookie: &str) -> CookieRefusal {
    let (browser, page) = set(cookie).await;
    assert!(browser.cookies().is_empty());
    page.hops[0].refused[0].1
}

#[tokio::test]
async fn a_host_cookie_needs_secure_and_the_root_path_and_no_domain() {
    let (browser, page) = set("__Host-l=1; Path=/; Secure; HttpOnly; SameSite=None").await;
    assert_eq!(browser.cookie("__Host-l").unwrap().same_site, SameSite::None);
    assert_eq!(page.hops[0].set, ["__Host-l"]);
    assert_eq!(refusal("__Host-l=1; Path=/").await, CookieRefusal::HostPrefix);
    assert_eq!(refusal("__Host-l=1; Secure").await, CookieRefusal::HostPrefix);
    assert_eq!(refusal("__Host-l=1; Path=/saml; Secure").await, CookieRefusal::HostPrefix);
    assert_eq!(refusal("__Host-l=1; Path=/; Secure; Domain=stoa.localhost").await, CookieRefusal::HostPrefix);
    assert_eq!(refusal("__Secure-l=1").await, CookieRefusal::SecurePrefix);
}

#[tokio::test]
async fn same_site_none_needs_secure() {
    assert_eq!(refusal("a=1; SameSite=None").await, CookieRefusal::NoneWithoutSecure);
}

#[tokio::test]
async fn a_cookie_cannot_be_set_for_another_site_or_for_all() {
    assert_eq!(refusal("a=1; Domain=thinkific.localhost").await, CookieRefusal::ForeignDomain);
    assert_eq!(refusal("a=1; Domain=localhost").await, CookieRefusal::ForeignDomain);
}

#[tokio::test]
async fn a_cookie_over_4096_bytes_is_not_kept() {
    assert_eq!(refusal(&format!("a={}", "x".repeat(4096))).await, CookieRefusal::TooLarge);
}

#[tokio::test]
async fn a_host_only_cookie_stays_with_its_host_and_its_path() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    let cookies = [("set-cookie", "host=1; Path=/"), ("set-cookie", "deep=1; Path=/deep")];
    browser.get(&mirror.page(OURS, &cookies)).await.unwrap();
    let same = browser.get(&mirror.at(OURS, "/deep/er", "200", &[], "")).await.unwrap();
    assert_eq!(arrived(&same, "cookie"), Some("deep=1; host=1"));
    let beside = browser.get(&mirror.at(OURS, "/deeper", "200", &[], "")).await.unwrap();
    assert_eq!(arrived(&beside, "cookie"), Some("host=1"));
    let elsewhere = browser.get(&mirror.page(THEIRS, &[])).await.unwrap();
    assert_eq!(arrived(&elsewhere, "cookie"), None);
}

#[tokio::test]
async fn a_cross_site_post_carries_only_none_and_a_link_also_lax() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    let cookies = [
        ("set-cookie", "none=1; Secure; SameSite=None"),
        ("set-cookie", "lax=1; SameSite=Lax"),
        ("set-cookie", "unsaid=1"),
        ("set-cookie", "strict=1; SameSite=Strict"),
    ];
    browser.get(&mirror.page(OURS, &cookies)).await.unwrap();
    let target = mirror.page(OURS, &[]);
    let sorted = |page: &Page| {
        let mut names: Vec<_> = page.hops.last().unwrap().sent.clone();
        names.sort();
        names.join(" ")
    };
    let posted = browser.post(Some("http://pingfederate.localhost/"), &target, &[]).await.unwrap();
    assert_eq!(sorted(&posted), "none");
    let their_page = browser.get(&mirror.page(THEIRS, &[])).await.unwrap();
    let linked = browser.follow_link(&their_page, &target).await.unwrap();
    assert_eq!(sorted(&linked), "lax none unsaid");
    let framed = browser.frame(&their_page, &target).await.unwrap();
    assert_eq!(sorted(&framed), "none");
    assert_eq!(arrived(&framed, "sec-fetch-dest"), Some("iframe"));
    let typed = browser.get(&target).await.unwrap();
    assert_eq!(sorted(&typed), "lax none strict unsaid");
    let ours = browser.post(Some("http://stoa.localhost/"), &target, &[]).await.unwrap();
    assert_eq!(sorted(&ours), "lax none strict unsaid");
}

#[tokio::test]
async fn the_redirect_after_a_cross_site_post_carries_lax_again() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    browser.get(&mirror.page(OURS, &[("set-cookie", "lax=1; SameSite=Lax")])).await.unwrap();
    let target = mirror.redirect(OURS, "303", &mirror.page(OURS, &[]));
    let page = browser.post(Some("http://pingfederate.localhost/"), &target, &[("a", "b")]).await.unwrap();
    assert!(page.hops[0].sent.is_empty());
    assert_eq!(page.hops[1].sent, ["lax"]);
    assert_eq!(arrived(&page, "method"), Some("GET"));
    assert_eq!(arrived(&page, "body"), Some(""));
    assert_eq!(arrived(&page, "sec-fetch-site"), Some("cross-site"));
}

#[tokio::test]
async fn a_frame_of_another_site_keeps_only_none() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    let top = browser.get(&mirror.page(THEIRS, &[])).await.unwrap();
    let page = browser.frame(&top, &mirror.page(OURS, &[("set-cookie", "lax=1")])).await.unwrap();
    assert_eq!(page.hops[0].refused, [("lax".to_owned(), CookieRefusal::ThirdParty)]);
}

#[tokio::test]
async fn cookies_age_by_the_browsers_clock() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    let cookies = [
        ("set-cookie", "age=1; Max-Age=120; Expires=Thu, 01 Jan 2099 00:00:00 GMT"),
        ("set-cookie", "date=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT"),
        ("set-cookie", "session=1"),
    ];
    browser.get(&mirror.page(OURS, &cookies)).await.unwrap();
    browser.clock().advance(SignedDuration::from_secs(119));
    assert!(browser.cookie("age").is_some());
    browser.clock().advance(SignedDuration::from_secs(2));
    assert!(browser.cookie("age").is_none() && browser.cookie("date").is_some());
    browser.end_session();
    assert!(browser.cookie("session").is_none() && browser.cookie("date").is_some());
    browser.clock().advance(SignedDuration::from_hours(401 * 24));
    assert!(browser.cookies().is_empty(), "no cookie lives longer than 400 days");
}

#[tokio::test]
async fn max_age_zero_removes_a_cookie() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    browser.get(&mirror.page(OURS, &[("set-cookie", "a=1; Path=/")])).await.unwrap();
    browser.get(&mirror.page(OURS, &[("set-cookie", "a=; Path=/; Max-Age=0")])).await.unwrap();
    assert!(browser.cookies().is_empty());
}

#[tokio::test]
async fn tabs_share_the_jar_and_browsers_do_not() {
    let (browser, _) = set("a=1").await;
    assert_eq!(browser.clone().cookies().len(), 1);
    assert!(Browser::new().cookies().is_empty());
    let thief = browser.with_stolen_cookies();
    browser.forget_site("http://stoa.localhost/").unwrap();
    assert_eq!((browser.cookies().len(), thief.cookies().len()), (0, 1));
    assert!(browser.refusing_cookies().cookies().is_empty());
}

#[tokio::test]
async fn redirects_turn_a_post_into_a_get_except_307_and_308() {
    let mirror = Mirror::start().await;
    for (status, method) in [("301", "GET"), ("302", "GET"), ("303", "GET"), ("307", "POST"), ("308", "POST")] {
        let target = mirror.redirect(OURS, status, &mirror.page(OURS, &[]));
        let page = Browser::new().post(None, &target, &[("a", "b c")]).await.unwrap();
        assert_eq!(arrived(&page, "method"), Some(method), "{status}");
        assert_eq!(arrived(&page, "body"), Some(if method == "POST" { "a=b+c" } else { "" }));
    }
}

#[tokio::test]
async fn redirects_that_do_not_end_are_given_up() {
    let mirror = Mirror::start().await;
    let error = Browser::new().get(&mirror.redirect(OURS, "302", "")).await.unwrap_err();
    assert!(matches!(error, BrowserError::TooManyHops(_)));
}

#[tokio::test]
async fn nothing_but_this_machine_is_opened() {
    for address in ["http://example.com/", "https://stoa.localhost/", "http://localhost.example/", "http://[::1]/"] {
        let error = Browser::new().get(address).await.unwrap_err();
        assert!(matches!(error, BrowserError::NotLoopback(_)), "{address}");
    }
}

#[tokio::test]
async fn fetch_metadata_and_origin_say_where_a_request_began() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    let typed = browser.get(&mirror.page(OURS, &[])).await.unwrap();
    assert_eq!(arrived(&typed, "sec-fetch-site"), Some("none"));
    assert_eq!(arrived(&typed, "sec-fetch-user"), Some("?1"));
    assert_eq!((arrived(&typed, "origin"), arrived(&typed, "referer")), (None, None));
    let target = mirror.page(OURS, &[]);
    let posted = browser.post(Some("http://pingfederate.localhost:1/idp"), &target, &[]).await.unwrap();
    assert_eq!(arrived(&posted, "sec-fetch-site"), Some("cross-site"));
    assert_eq!(arrived(&posted, "origin"), Some("http://pingfederate.localhost:1"));
    assert_eq!(arrived(&posted, "referer"), Some("http://pingfederate.localhost:1/"));
    let own = browser.follow_link(&typed, &target).await.unwrap();
    assert_eq!(arrived(&own, "sec-fetch-site"), Some("same-origin"));
}

const FORM: &str = r#"<form method="post" action="/?status=200"><input name="a" value="1"></form>"#;

#[tokio::test]
async fn a_page_that_sends_no_referrer_posts_with_origin_null() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    let page = browser.get(&mirror.html(OURS, &[("referrer-policy", "no-referrer")], FORM)).await.unwrap();
    let posted = browser.submit(&page, &page.forms[0], &[]).await.unwrap();
    assert_eq!((arrived(&posted, "origin"), arrived(&posted, "referer")), (Some("null"), None));
    let page = browser.get(&mirror.html(OURS, &[("referrer-policy", "same-origin")], FORM)).await.unwrap();
    let posted = browser.submit(&page, &page.forms[0], &[]).await.unwrap();
    assert!(arrived(&posted, "origin").unwrap().starts_with("http://stoa.localhost"));
}

#[tokio::test]
async fn a_post_that_leaves_its_origin_and_returns_hides_where_it_began() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    let away_and_back = mirror.redirect(THEIRS, "307", &mirror.page(OURS, &[]));
    let form = format!(r#"<form method="post" action="{}"></form>"#, away_and_back.replace('&', "&amp;"));
    let page = browser.get(&mirror.html(OURS, &[], &form)).await.unwrap();
    let posted = browser.submit(&page, &page.forms[0], &[]).await.unwrap();
    assert_eq!(arrived(&posted, "origin"), Some("null"));
    assert_eq!(arrived(&posted, "referer").map(|referer| referer.ends_with('/')), Some(true), "its origin alone");
    assert_eq!(arrived(&posted, "sec-fetch-site"), Some("cross-site"));
}

#[tokio::test]
async fn form_action_holds_for_the_form_and_for_the_redirects_after_it() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    let away = mirror.redirect(OURS, "303", &mirror.page(THEIRS, &[]));
    let form = format!(r#"<form method="post" action="{}"></form>"#, away.replace('&', "&amp;"));
    let page = browser.get(&mirror.html(OURS, &[], &form)).await.unwrap();
    browser.submit(&page, &page.forms[0], &[]).await.unwrap();
    let policy = [("content-security-policy", "default-src 'none'; form-action 'self'")];
    let page = browser.get(&mirror.html(OURS, &policy, &form)).await.unwrap();
    let error = browser.submit(&page, &page.forms[0], &[]).await.unwrap_err();
    assert!(matches!(error, BrowserError::FormAction { .. }));
}

const AUTO: &str = r#"<body onload="document.forms[0].submit()"><form method="post" action="/?status=200">
    <input type="hidden" name="SAMLResponse" value="a&amp;b"><noscript><input type="submit"></noscript></form>"#;

#[tokio::test]
async fn a_form_that_sends_itself_is_sent_where_scripts_run() {
    let mirror = Mirror::start().await;
    let browser = Browser::new();
    let page = browser.get(&mirror.html(THEIRS, &[], AUTO)).await.unwrap();
    assert_eq!(arrived(&page, "body"), Some("SAMLResponse=a%26b"));
    assert_eq!(page.hops.len(), 2);
    let page = browser.following(Follow::WithoutScripts).get(&mirror.html(THEIRS, &[], AUTO)).await.unwrap();
    assert_eq!(page.sends_by_itself().unwrap().field("SAMLResponse"), Some("a&b"));
    let policy = [("content-security-policy", "default-src 'none'")];
    let page = browser.get(&mirror.html(THEIRS, &policy, AUTO)).await.unwrap();
    assert_eq!(page.hops.len(), 1, "the policy stops the script");
}

#[tokio::test]
async fn an_inline_script_runs_where_its_hash_is_allowed() {
    let mirror = Mirror::start().await;
    let html = r#"<form method="post" action="/?status=200"></form><script>document.forms[0].submit()</script>"#;
    let hash = "script-src 'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='";
    let page = Browser::new().get(&mirror.html(OURS, &[("content-security-policy", hash)], html)).await.unwrap();
    let wrong = "script-src 'sha256-AAAAVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='";
    let stopped = Browser::new().get(&mirror.html(OURS, &[("content-security-policy", wrong)], html)).await.unwrap();
    assert_eq!((page.hops.len(), stopped.hops.len()), (2, 1));
}

#[tokio::test]
async fn a_refresh_is_followed() {
    let mirror = Mirror::start().await;
    let html = r#"<meta http-equiv="Refresh" content="0; url='/?status=204'">"#;
    let page = Browser::new().get(&mirror.html(OURS, &[], html)).await.unwrap();
    assert_eq!((page.status, page.hops.len()), (204, 2));
}

#[tokio::test]
async fn a_form_is_read_as_a_browser_reads_it() {
    let mirror = Mirror::start().await;
    let html = r#"<p>Hello <b>you</b></p><form action="/go"><input name="t" value="x"><input type="checkbox" name="c">
        <input type="checkbox" name="d" checked><select name="s"><option value="1">one<option value="2" selected>two
        </select><textarea name="a">text</textarea><input name="off" disabled><button name="b" value="v">Press</button>
        </form><input form="f" name="elsewhere"><a href="/next">On</a>"#;
    let browser = Browser::new();
    let page = browser.get(&mirror.html(OURS, &[], html)).await.unwrap();
    let names: Vec<_> = page.forms[0].fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(names, ["t=x", "d=on", "s=2", "a=text"]);
    assert_eq!(page.forms[0].buttons[0].label, "Press");
    assert!(page.text().starts_with("Hello you"));
    assert_eq!(page.link("On").unwrap().path(), "/next");
}

#[tokio::test]
async fn a_hop_is_printed_without_its_query() {
    let mirror = Mirror::start().await;
    let page = Browser::new().get(&mirror.page(OURS, &[("set-cookie", "a=1")])).await.unwrap();
    let line = page.hops[0].to_string();
    assert!(line.starts_with("200 GET  http://stoa.localhost:") && line.contains("/?…"), "{line}");
    assert!(line.ends_with("sets a"), "{line}");
}
