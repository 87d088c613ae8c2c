//! A launch morning: people of one customer come within an hour, for the first time, to a school that takes 120 calls a
//! minute and ten at once. Whole logins through the sandbox's gateway, over a clock that is moved on; waiting pages are
//! asked for again when they say so.
//!
//! ```sh
//! cargo run --release -p stoa-benches --example morning -- 10000 3600 docs/launch-morning
//! cargo run --release -p stoa-benches --example morning -- 10000 3600 docs/launch-morning bd    # two of the cases
//! ```
//!
//! `docs/launch-morning.csv` has what each case was like from minute to minute, and `docs/launch-morning.svg` draws it. A
//! case that is run again takes the place of its own lines.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement may panic, and prints"
)]

mod scim_client;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use scim_client::Client;
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::pingfederate::Person;
use stoa_sandbox::sandbox::{Options, Sandbox};
use stoa_sandbox::thinkific::NewUser;

/// So many requests are under way at once, as many as the school takes.
const AT_ONCE: usize = 10;

/// What a connection's file needs besides, where people come by SCIM.
const DIRECTORY: &str = "\n[directory]\nsource = \"scim\"\n\n[[directory.grant]]\neverybody = true\ncourses = [3]\n";
/// Calls that the provisioner may make in a minute.
const PROVISIONING_CALLS: usize = 100;

/// What is known before the morning.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Everybody has an account that a file made, and the mirror is warm.
    Accounts,
    /// Everybody was made by SCIM, with a course, and is at the school.
    Provisioned,
    /// Nobody has one, and the mirror is warm.
    Nobody,
    /// Nobody has one, and first logins ask the school.
    Asked,
}

impl Before {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Accounts, "(a) accounts made by a file, mirrored"),
        (Self::Provisioned, "(b) everybody made by SCIM before"),
        (Self::Nobody, "(c) nobody known, mirrored"),
        (Self::Asked, "(d) nobody known, first logins ask"),
    ];
}

/// What happens next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The function `mirror` runs.
    Minute,
    /// Somebody comes for the first time.
    Comes(usize),
    /// A waiting page asks again.
    Asks(usize),
}

#[derive(Default)]
struct Told {
    entered: Vec<(usize, i64)>,
    came: HashMap<usize, i64>,
    faults: usize,
    pages: usize,
    login_calls: usize,
    mirror_calls: usize,
    too_many: usize,
    /// Minute, people who wait, people who are in.
    picture: Vec<(i64, usize, usize)>,
}

struct Morning {
    sandbox: Sandbox,
    began: i64,
    browsers: HashMap<usize, (Browser, Page)>,
    told: Told,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, or: usize| arguments.get(at).map_or(or, |text| text.parse().expect("a number"));
    let (people, seconds) = (number(0, 300), number(1, 108));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let wanted = |name: &str| {
        arguments.get(3).is_none_or(|cases| cases.chars().any(|case| name.starts_with(&format!("({case})"))))
    };
    for (before, name) in Before::ALL.into_iter().filter(|(_, name)| wanted(name)) {
        let told = runtime.block_on(morning(before, people, i64::try_from(seconds).unwrap()));
        println!("{name}: {}", told.line(people));
        if let Some(files) = arguments.get(2) {
            let (table, picture) = (format!("{files}.csv"), format!("{files}.svg"));
            let moments = kept(&std::fs::read_to_string(&table).unwrap_or_default(), name, &told.picture);
            std::fs::write(table, csv(&moments)).unwrap();
            std::fs::write(picture, svg(&moments, people, seconds)).unwrap();
        }
    }
}

async fn morning(before: Before, people: usize, seconds: i64) -> Told {
    let connection = match before {
        Before::Provisioned => |file: &str| format!("{file}{DIRECTORY}"),
        Before::Accounts | Before::Nobody | Before::Asked => |file: &str| file.to_owned(),
    };
    let sandbox = Sandbox::start(Options { connection, ..Options::default() }).await.unwrap();
    let first_logins = if before == Before::Asked { "ask" } else { "sign" };
    let file = format!("{}first_logins = \"{first_logins}\"\n", sandbox.school_file());
    sandbox.operator.apply_school("pg-academy.toml", &file).await.unwrap();
    for n in 0..people {
        let (login, email) = (name(n), email(n));
        sandbox.pingfederate.add_person(Person::new(&login, &email, "A", "Pupil", ""));
        if before == Before::Accounts {
            sandbox.thinkific.add_user(NewUser::student(&email, "A", "Pupil"));
        }
    }
    if before == Before::Provisioned {
        println!("  the days before: {} minutes until everybody is at the school", provisioned(&sandbox, people).await);
    }
    if before != Before::Asked {
        println!("  the days before: {} minutes until the mirror is warm", warm(&sandbox).await);
    }
    sandbox.thinkific.take_calls();
    let began = now(&sandbox);
    let mut morning = Morning { sandbox, began, browsers: HashMap::new(), told: Told::default() };
    morning.run(before, people, seconds).await;
    morning.told
}

/// Lets the customer's client make everybody, and the provisioner do what is due for them. The minutes that the second
/// took: a minute is over as soon as its calls are made, however long this machine needs for them.
async fn provisioned(sandbox: &Sandbox, people: usize) -> usize {
    let client = Client::of(sandbox).await;
    let made = (0..people).map(|n| {
        let client = &client;
        async move { client.person(&name(n)).await }
    });
    stream::iter(made).buffered(AT_ONCE).for_each(|_| std::future::ready(())).await;
    forget(sandbox);
    // So late in a minute all of its calls may be made.
    sandbox.advance(100 - now(sandbox).rem_euclid(60));
    sandbox.thinkific.take_calls();
    let (mut minutes, mut calls, mut seen) = (1, 0, 0);
    loop {
        let mut run = Box::pin(sandbox.provision());
        let done = loop {
            match tokio::time::timeout(Duration::from_millis(20), &mut run).await {
                Ok(done) => break done.unwrap(),
                Err(_) => calls += sandbox.thinkific.take_calls().len(),
            }
            if calls >= PROVISIONING_CALLS {
                sandbox.advance(60);
                (minutes, calls, seen) = (minutes + 1, calls - PROVISIONING_CALLS, seen + PROVISIONING_CALLS);
            }
        };
        assert_eq!(done["failed"], 0, "{done}");
        calls += sandbox.thinkific.take_calls().len();
        forget(sandbox);
        if done["people"] == 0 {
            println!("  the days before: {} calls by the provisioner", seen + calls);
            return minutes;
        }
    }
}

/// Lets the mirror look at everybody. Minutes until it has nothing left to do.
async fn warm(sandbox: &Sandbox) -> usize {
    for minutes in 1.. {
        let done = sandbox.mirror().await.unwrap();
        assert_eq!(done["failed"], 0, "{done}");
        forget(sandbox);
        sandbox.advance(60);
        if done["calls"] == 0 {
            return minutes;
        }
    }
    0
}

fn name(n: usize) -> String {
    format!("pupil.{n}")
}

fn email(n: usize) -> String {
    format!("{}@pg.com", name(n))
}

fn now(sandbox: &Sandbox) -> i64 {
    sandbox.thinkific.clock().now().as_second()
}

/// What a sandbox remembers of ten thousand logins is not asked for.
fn forget(sandbox: &Sandbox) {
    sandbox.front.take_calls();
    sandbox.take_log();
}

impl Morning {
    async fn run(&mut self, before: Before, people: usize, seconds: i64) {
        let mut events = BinaryHeap::new();
        for n in 0..people {
            let after = seconds * i64::try_from(n).unwrap() / i64::try_from(people).unwrap();
            events.push(Reverse((after, Event::Comes(n))));
        }
        events.push(Reverse((0, Event::Minute)));
        while self.told.entered.len() + self.told.faults < people {
            let Some(Reverse((at, event))) = events.pop() else { break };
            self.wait_until(at);
            if event == Event::Minute {
                self.minute(before).await;
                events.push(Reverse((at + 60, Event::Minute)));
                continue;
            }
            let mut together = vec![event];
            while together.len() < AT_ONCE {
                match events.peek() {
                    Some(Reverse((next, event))) if *next <= self.now() && *event != Event::Minute => {
                        together.push(*event);
                        events.pop();
                    }
                    Some(_) | None => break,
                }
            }
            for (n, again) in self.together(&together).await {
                events.push(Reverse((again, Event::Asks(n))));
            }
        }
        self.count_calls(false);
        let at = self.now();
        self.told.picture.push((at / 60, 0, self.told.entered.len()));
    }

    fn now(&self) -> i64 {
        now(&self.sandbox) - self.began
    }

    fn wait_until(&self, at: i64) {
        if at > self.now() {
            self.sandbox.advance(at - self.now());
        }
    }

    async fn minute(&mut self, before: Before) {
        self.count_calls(false);
        if before != Before::Asked {
            self.sandbox.mirror().await.unwrap();
        }
        if before == Before::Provisioned {
            self.sandbox.provision().await.unwrap();
        }
        self.count_calls(true);
        self.told.picture.push((self.now() / 60, self.browsers.len(), self.told.entered.len()));
        forget(&self.sandbox);
    }

    fn count_calls(&mut self, by_mirror: bool) {
        let calls = self.sandbox.thinkific.take_calls();
        self.told.too_many += calls.iter().filter(|call| call.status == 429).count();
        *(if by_mirror { &mut self.told.mirror_calls } else { &mut self.told.login_calls }) += calls.len();
    }

    /// What several people do at once. Who waits, and when they ask again.
    async fn together(&mut self, events: &[Event]) -> Vec<(usize, i64)> {
        let mut steps = Vec::new();
        for event in events {
            match event {
                Event::Minute => {}
                Event::Asks(n) => steps.push((*n, self.browsers.remove(n).unwrap(), true)),
                Event::Comes(n) => {
                    let browser = self.sandbox.browser();
                    self.told.came.insert(*n, self.now());
                    self.sandbox.pingfederate.sign_on_as(&name(*n));
                    let answer =
                        browser.following(Follow::WithoutScripts).get(&self.sandbox.login_url()).await.unwrap();
                    steps.push((*n, (browser, answer), false));
                }
            }
        }
        let pages = join_all(steps.iter().map(|(_, (browser, page), waited)| async move {
            if *waited {
                browser.follow_link(page, &refresh(page).unwrap().1).await.unwrap()
            } else {
                browser.submit(page, page.form_to("/acs").unwrap(), &[]).await.unwrap()
            }
        }))
        .await;
        let (at, mut again) = (self.now(), Vec::new());
        for ((n, (browser, _), _), page) in steps.into_iter().zip(pages) {
            if page.text().contains(&format!("({})", email(n))) {
                self.told.entered.push((n, at));
            } else if let Some((seconds, _)) = refresh(&page) {
                self.told.pages += 1;
                self.browsers.insert(n, (browser, page));
                again.push((n, at + seconds));
            } else {
                println!("  a fault: {}", page.text());
                self.told.faults += 1;
            }
        }
        again
    }
}

/// After how many seconds a page goes on by itself, and where.
fn refresh(page: &Page) -> Option<(i64, String)> {
    let (seconds, url) = page.header("refresh")?.split_once("; url=")?;
    Some((seconds.parse().ok()?, url.to_owned()))
}

impl Told {
    fn line(&self, people: usize) -> String {
        let mut waits: Vec<i64> = self.entered.iter().map(|(n, at)| at - self.came[n]).collect();
        waits.sort_unstable();
        let at = |part: usize| waits.get((waits.len() * part / 100).min(waits.len().saturating_sub(1))).copied();
        let minutes = |seconds: Option<i64>| seconds.unwrap_or_default() as f64 / 60.0;
        let last = self.entered.iter().map(|(_, at)| *at).max();
        // Of people who came in another second than each other.
        let order: Vec<i64> = self.entered.iter().map(|(n, _)| self.came[n]).collect();
        let overtaken = order.windows(2).filter(|pair| pair[0] > pair[1] + 60).count();
        format!(
            "{} of {people} in after {:.0} minutes; waits p50 {:.1}, p90 {:.1}, most {:.1} minutes; {} faults; calls by \
             logins {}, by the mirror {}, refused with 429 {}; waiting pages {}; overtaken by more than a minute {}",
            self.entered.len(),
            minutes(last),
            minutes(at(50)),
            minutes(at(90)),
            minutes(at(100)),
            self.faults,
            self.login_calls,
            self.mirror_calls,
            self.too_many,
            self.pages,
            overtaken,
        )
    }
}

/// A minute, who waits in it, and who is in.
type Moment = (i64, usize, usize);

/// By case, in their order.
type Moments = BTreeMap<String, Vec<Moment>>;

const HEADER: &str = "case,minute,waiting,in";

/// What the table has, with the lines of one case replaced.
fn kept(table: &str, name: &str, moments: &[Moment]) -> Moments {
    let mut all = Moments::new();
    for line in table.lines().filter(|line| *line != HEADER) {
        let mut fields = line.rsplitn(4, ',');
        let mut number = || fields.next().unwrap().parse::<usize>().unwrap();
        let (entered, waiting, minute) = (number(), number(), number());
        let case = fields.next().unwrap().trim_matches('"').to_owned();
        all.entry(case).or_default().push((i64::try_from(minute).unwrap(), waiting, entered));
    }
    all.insert(name.to_owned(), moments.to_vec());
    all
}

fn csv(moments: &Moments) -> String {
    let mut text = format!("{HEADER}\n");
    for (name, (minute, waiting, entered)) in
        moments.iter().flat_map(|(name, moments)| moments.iter().map(move |moment| (name, moment)))
    {
        let _ = writeln!(text, "\"{name}\",{minute},{waiting},{entered}");
    }
    text
}

/// People who wait and people who are in, over the minutes: a panel for each case.
fn svg(pictures: &Moments, people: usize, seconds: usize) -> String {
    const WIDTH: f64 = 640.0;
    const HEIGHT: f64 = 150.0;
    let minutes = pictures.values().flatten().map(|(minute, _, _)| *minute).max().unwrap_or(1).max(1);
    let height = 60.0 + pictures.len() as f64 * (HEIGHT + 60.0);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 740 {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"740\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"60\" y=\"24\" font-size=\"15\">{people} people come within {} minutes, for the first time</text>\n",
        seconds / 60,
    );
    for (at, (name, points)) in pictures.iter().enumerate() {
        let top = 60.0 + at as f64 * (HEIGHT + 60.0);
        let line = |value: fn(&(i64, usize, usize)) -> usize| {
            points.iter().fold(String::new(), |mut line, point| {
                let x = 60.0 + WIDTH * point.0 as f64 / minutes as f64;
                let y = top + HEIGHT - HEIGHT * value(point) as f64 / people as f64;
                let _ = write!(line, "{x:.1},{y:.1} ");
                line
            })
        };
        let bottom = top + HEIGHT;
        let _ = writeln!(text, "<text x=\"60\" y=\"{}\">{name}</text>", top - 8.0);
        let _ = writeln!(
            text,
            "<path d=\"M60 {top}V{bottom}H{}\" fill=\"none\" stroke=\"#888\"/>\
             <polyline points=\"{}\" fill=\"none\" stroke=\"#12449e\" stroke-width=\"2\"/>\
             <polyline points=\"{}\" fill=\"none\" stroke=\"#c4540a\" stroke-width=\"2\"/>",
            60.0 + WIDTH,
            line(|point| point.2),
            line(|point| point.1),
        );
        let _ = writeln!(
            text,
            "<text x=\"54\" y=\"{}\" text-anchor=\"end\">{people}</text><text x=\"54\" y=\"{bottom}\" text-anchor=\"end\">0</text>\
             <text x=\"60\" y=\"{}\">0</text><text x=\"700\" y=\"{}\" text-anchor=\"end\">{minutes} min</text>",
            top + 10.0,
            bottom + 16.0,
            bottom + 16.0,
        );
    }
    let _ = writeln!(
        text,
        "<text x=\"60\" y=\"{0}\" fill=\"#12449e\">in the school</text><text x=\"160\" y=\"{0}\" fill=\"#c4540a\">waiting</text>\n</svg>",
        height - 12.0
    );
    text
}
