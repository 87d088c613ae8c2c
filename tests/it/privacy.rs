//! Nobody's name, address, group, message, ticket or token is in `logins`, in a log line or in a trace.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stoa_core::routes::Table;
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::pingfederate::Person;
use stoa_sandbox::thinkific::{NewUser, Trouble};

use crate::steps::{World, go_on};

/// In every value of the people here; nowhere else.
const NEEDLE: &str = "needle";

fn somebody(login: &str, domain: &str) -> Person {
    let mut person =
        Person::new(&format!("{login}-needle"), &format!("{login}.needle@{domain}"), "Nadja-Needle", "O’Needle", "");
    person.groups = vec!["CN=Needle-Workers".into(), "needle-readers".into()];
    person.others = vec![("employeeNumber".into(), vec!["needle-0815".into()])];
    person
}

/// Collects what must not be found.
struct Values(Vec<String>);

impl Values {
    fn cookies(&mut self, browser: &Browser) {
        // The last part is the secret one; the others are references and indexes.
        self.0.extend(
            browser.cookies().iter().filter_map(|cookie| cookie.value.split('.').next_back().map(str::to_owned)),
        );
    }

    fn page(&mut self, page: &Page) {
        for hop in &page.hops {
            self.0.extend(hop.url.query_pairs().filter(|(name, _)| name == "jwt").map(|(_, jwt)| jwt.into_owned()));
        }
    }

    fn response(&mut self, response: &str) {
        let xml = String::from_utf8(STANDARD.decode(response).unwrap()).unwrap();
        let ids = xml.split(" ID=\"").skip(1).filter_map(|rest| rest.split('"').next());
        self.0.extend(ids.map(str::to_owned));
        let signature = xml.split("SignatureValue>").nth(1).unwrap();
        self.0.push(signature[..40].to_owned());
        self.0.push(response[..80].to_owned());
    }
}

/// One login step by step, noting each secret as it appears.
async fn walk(world: &World, browser: &Browser, login: &str, query: &str, values: &mut Values) -> Page {
    let answer = world.answer(browser, login, query).await;
    values.cookies(browser);
    values.response(answer.response());
    let step = answer.post(&browser.following(Follow::Nothing)).await;
    values.cookies(browser);
    let page = if step.status == 303 { go_on(browser, &step).await } else { step };
    values.page(&page);
    page
}

async fn run_everything(world: &World, values: &mut Values) {
    for (login, domain) in [("known", "pg.com"), ("foreign", "agency.example"), ("busy", "pg.com"), ("bound", "pg.com")]
    {
        world.pingfederate.add_person(somebody(login, domain));
    }
    let mut thief = somebody("thief", "pg.com");
    thief.email = Some("known.needle@pg.com".into());
    world.pingfederate.add_person(thief);
    world.thinkific.add_user(NewUser {
        external_id: Some("somebody-needle".into()),
        ..NewUser::student("bound.needle@pg.com", "Needle", "Needle")
    });

    let browser = world.browser();
    walk(world, &browser, "known-needle", "?return_to=/courses/take/welcome", values).await;
    world.pingfederate.edit_person("known-needle", |person| person.email = Some("married.needle@pg.com".into()));
    walk(world, &browser, "known-needle", "", values).await;
    walk(world, &browser, "known-needle", "?test=1", values).await;
    for login in ["thief-needle", "foreign-needle", "bound-needle"] {
        walk(world, &world.browser(), login, "", values).await;
    }
    world.thinkific.fail_next(Trouble::Unprocessable { field: "email".into(), message: "needle is taken".into() });
    walk(world, &world.browser(), "busy-needle", "", values).await;
    world.pingfederate.edit_person("busy-needle", |person| person.email = Some("two@needle@pg.com".into()));
    walk(world, &world.browser(), "busy-needle", "", values).await;
    for defect in stoa_sandbox::pingfederate::Defect::ALL {
        world.pingfederate.next_defect(*defect);
        world.log_in(&world.browser(), "known-needle").await;
    }
    let back = "/return?login=000000000000&message=known.needle@pg.com&error=needle";
    world.browser().get(&format!("{}{back}", world.url())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c216_c178_nothing_that_names_a_person_or_opens_a_door_is_kept_or_logged() {
    let world = World::start().await;
    world.forget();
    let mut values = Values(vec![world.thinkific.api_key().expose().to_owned()]);
    run_everything(&world, &mut values).await;
    assert!(world.launches() >= 2);

    let log = world.log();
    let logins: Vec<_> = world.front.items(Table::Logins).unwrap().iter().map(ToString::to_string).collect();
    assert!(log.len() > 50 && logins.len() > 20 && values.0.len() > 50);
    for line in log.iter().chain(&logins) {
        assert!(!line.to_lowercase().contains(NEEDLE), "{line}");
        for value in &values.0 {
            assert!(!line.contains(value.as_str()), "{value} is in {line}");
        }
    }
    // The directory holds indexes only.
    for item in world.front.items(Table::Directory).unwrap() {
        assert!(!item.to_string().to_lowercase().contains("needle@"), "{item}");
    }
}
