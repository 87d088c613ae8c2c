//! Failures, injected one by one: what the engine says of each, whether the repair that it names fixes it, and whether
//! it harms nobody. Beside each failure stands one that looks the same and is another.
//!
//! `docs/diagnosis.md` is the matrix as the run found it.

/// An example's connection is there.
macro_rules! connected {
    ($example:expr) => {
        |world| {
            Box::pin(async move {
                world.connect_openid(&$example, str::to_owned).await.unwrap();
            })
        }
    };
}

mod command;
mod ours;
mod provider;
mod record;
mod school;

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;

use futures_util::future::{BoxFuture, LocalBoxFuture};
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use stoa_core::diagnosis::{Cause, Diagnosis, diagnose};
use stoa_core::fault::Actor;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_sandbox::aws::policy::ON_CALL;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::browser::{Follow, Page};
use stoa_sandbox::openid::Example;
use stoa_service::operator::About;

use crate::steps::{MARY, World, go_on};
use crate::sync::{keep, root};

/// Something that is done to a world.
type Act = for<'a> fn(&'a World) -> BoxFuture<'a, ()>;

/// Nothing is done.
fn nothing(_: &World) -> BoxFuture<'_, ()> {
    Box::pin(async {})
}

/// Through which connection people come.
#[derive(Clone, Copy)]
enum Via {
    /// The sandbox's own, SAML.
    Pg,
    /// An example by OpenID Connect.
    Example(&'static Example),
}

impl Via {
    fn id(self) -> ConnectionId {
        let id = match self {
            Self::Pg => "pg",
            Self::Example(example) => example.id,
        };
        ConnectionId::parse(id).unwrap()
    }

    async fn log_in(self, world: &World, person: &str) -> Page {
        match self {
            Self::Pg => world.log_in(&world.browser(), person).await,
            Self::Example(example) => {
                world.openid.sign_on_as(example.product, person);
                world.browser().get(&format!("{}/login/{}", world.url(), example.id)).await.unwrap()
            }
        }
    }
}

/// How far a login goes that fails.
#[derive(Clone, Copy)]
enum Login {
    /// As far as it gets.
    Whole,
    /// The window is closed at the identity provider.
    LeftThere,
    /// The window is closed before the launch.
    LeftBeforeLaunch,
    /// The browser takes a minute and a half to the school.
    Slow,
}

impl Login {
    async fn of(self, via: Via, world: &World, person: &str) -> Page {
        let browser = world.browser();
        match self {
            Self::Whole => via.log_in(world, person).await,
            Self::LeftThere => {
                world.pingfederate.ask();
                browser.get(&world.login_url()).await.unwrap()
            }
            Self::LeftBeforeLaunch => world.ticket(&browser, person, "").await,
            Self::Slow => {
                let ticket = world.ticket(&browser, person, "").await;
                let launched = go_on(&browser.following(Follow::Nothing), &ticket).await;
                world.advance(90);
                go_on(&browser, &launched).await
            }
        }
    }
}

/// How the failure is repaired.
enum Mend {
    /// By the commands that the engine prints for it, in that order, with this address and this text on standard input.
    Printed { address: &'static str, input: fn(&World) -> String },
    /// By whoever acts, outside stoa; or by on-call, in a way that the engine describes and does not spell out.
    Act(Act),
}

/// The printed commands need neither an address nor an input.
const PRINTED: Mend = Mend::Printed { address: "", input: |_| String::new() };

/// A failure.
struct Row {
    /// What goes wrong.
    failure: &'static str,
    /// What looks the same and is something else.
    neighbour: &'static str,
    via: Via,
    /// Before anybody comes.
    prepare: Act,
    /// Who has got in before.
    before: &'static [&'static str],
    /// It goes wrong.
    inject: Act,
    /// Done before each login that fails, for what goes wrong one login at a time.
    each: Act,
    /// How far those get who fail.
    login: Login,
    /// Who then fails, the last of whom is asked about.
    fails: &'static [&'static str],
    /// Who gets in all the same.
    since: &'static [&'static str],
    /// How many seconds pass before somebody asks.
    later: i64,
    /// Whether the question is asked without a reference.
    complaint: bool,
    /// Where the login stopped.
    symptom: &'static str,
    /// What it really is.
    cause: Cause,
    /// Whether no other cause is named beside it.
    alone: bool,
    /// A part of the repair.
    says: &'static str,
    mend: Mend,
    /// Who gets in once it is repaired.
    works: &'static [&'static str],
}

const ROW: Row = Row {
    failure: "",
    neighbour: "",
    via: Via::Pg,
    prepare: nothing,
    before: &[MARY],
    inject: nothing,
    each: nothing,
    login: Login::Whole,
    fails: &[MARY, "suharto"],
    since: &[],
    later: 0,
    complaint: false,
    symptom: "",
    cause: Cause::NotSeen,
    alone: true,
    says: "",
    mend: Mend::Act(nothing),
    works: &[MARY, "bak.z"],
};

/// What became of a row: a line of the matrix.
struct Told {
    line: String,
    /// Commands that were run, by their first words.
    ran: BTreeSet<String>,
}

impl Row {
    async fn run(&self) -> Result<Told, String> {
        let world = World::start().await;
        (self.prepare)(&world).await;
        for person in self.before {
            let page = self.via.log_in(&world, person).await;
            self.arrived("before", person, &page)?;
        }
        (self.inject)(&world).await;
        let mut asked = None;
        for person in self.fails {
            let known = references(&world);
            (self.each)(&world).await;
            let page = self.login.of(self.via, &world, person).await;
            if page.url.host_str() == Some(stoa_sandbox::thinkific::HOST) && self.symptom != "handed_over" {
                return Err(format!("{person} got in: {}", page.text()));
            }
            asked = references(&world).difference(&known).next().cloned();
        }
        for person in self.since {
            let page = self.via.log_in(&world, person).await;
            self.arrived("since", person, &page)?;
        }
        world.advance(self.later);
        let diagnosis = self.ask(&world, asked.as_ref()).await?;
        let mut ran = self.check(&world, &diagnosis, asked.as_ref()).await?;
        ran.extend(self.repair(&world, &diagnosis).await?);
        // What functions hold, they hold for a minute.
        world.advance(61);
        for person in self.works {
            let page = self.via.log_in(&world, person).await;
            self.arrived("after the repair", person, &page)?;
        }
        Ok(Told { line: self.line(&diagnosis), ran })
    }

    fn arrived(&self, when: &str, person: &str, page: &Page) -> Result<(), String> {
        match page.url.host_str() == Some(stoa_sandbox::thinkific::HOST) && page.text().contains("signed in as") {
            true => Ok(()),
            false => Err(format!("{when}, {person} did not get in: at {}: {}", page.url, page.text())),
        }
    }

    async fn ask(&self, world: &World, asked: Option<&Reference>) -> Result<Diagnosis, String> {
        let evidence = match (self.complaint, asked) {
            (false, Some(reference)) => {
                let login = world.operator.login(reference).await.unwrap().ok_or("no such login")?;
                world.operator.evidence(About::Login(&login), Timestamp::now()).await
            }
            (false, None) => return Err("the login that failed left no item".to_owned()),
            (true, _) => {
                let since = Timestamp::now() - jiff::SignedDuration::from_hours(2);
                world.operator.evidence(About::Complaint { connection: &self.via.id(), since }, Timestamp::now()).await
            }
        };
        Ok(diagnose(&evidence.unwrap()))
    }

    /// The cause, who acts, the repair, and that each command that only looks can be run.
    async fn check(
        &self,
        world: &World,
        diagnosis: &Diagnosis,
        asked: Option<&Reference>,
    ) -> Result<BTreeSet<String>, String> {
        let leading = diagnosis.leading();
        let named: Vec<Cause> = leading.iter().map(|finding| finding.cause).collect();
        if diagnosis.symptom.code() != self.symptom {
            return Err(format!("the symptom is {}: {diagnosis:#?}", diagnosis.symptom.code()));
        }
        let found = leading.iter().find(|finding| finding.cause == self.cause);
        let finding = found.ok_or_else(|| format!("{:?} is not among {named:?}: {diagnosis:#?}", self.cause))?;
        if self.alone && named.len() > 1 {
            return Err(format!("{named:?} are not told apart: {diagnosis:#?}"));
        }
        if !finding.repair().contains(self.says) {
            return Err(format!("the repair does not say {:?}: {}", self.says, finding.repair()));
        }
        let mut ran = BTreeSet::new();
        for finding in &diagnosis.findings {
            for command in command::commands(&format!("{} {}", finding.test(), finding.repair())) {
                if command::only_looks(&command) {
                    ran.insert(command::run(world, &command, self.address(), "").await?);
                }
            }
        }
        // The same in words, as somebody on call sees it.
        let shown = match (self.complaint, asked) {
            (false, Some(reference)) => format!("stoa trace {reference}"),
            _ => format!("stoa why --connection {} --since 2h", self.via.id()),
        };
        let told = command::output(world, &shown).await?;
        if !told.contains(finding.row().title) || told.contains("There is nothing to fix") {
            return Err(format!("{shown} says otherwise: {told}"));
        }
        Ok(ran)
    }

    /// An address of somebody who is there, for commands that need one.
    fn address(&self) -> &'static str {
        match &self.mend {
            Mend::Printed { address, .. } if !address.is_empty() => address,
            Mend::Printed { .. } | Mend::Act(_) => "miller.m@pg.com",
        }
    }

    async fn repair(&self, world: &World, diagnosis: &Diagnosis) -> Result<BTreeSet<String>, String> {
        let mut ran = BTreeSet::new();
        match &self.mend {
            Mend::Act(act) => act(world).await,
            Mend::Printed { address, input } => {
                let finding = diagnosis.findings.iter().find(|finding| finding.cause == self.cause).unwrap();
                let changing: Vec<String> = command::commands(finding.repair())
                    .into_iter()
                    .filter(|command| !command::only_looks(command))
                    .collect();
                // Of two for two kinds of keys, the first.
                let command = changing.first().ok_or_else(|| format!("no command in {:?}", finding.repair()))?;
                ran.insert(command::run(world, command, address, &input(world)).await?);
            }
        }
        Ok(ran)
    }

    fn line(&self, diagnosis: &Diagnosis) -> String {
        let row = self.cause.row();
        let named: Vec<&str> = diagnosis.leading().iter().map(|finding| finding.row().code).collect();
        let how = match &self.mend {
            Mend::Printed { .. } => "the printed command",
            Mend::Act(_) => "whoever acts",
        };
        format!(
            "| {} | {} | `{}` | {} | {} | {how} |",
            self.failure,
            self.neighbour,
            self.symptom,
            named.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", "),
            who(row.actor)
        )
    }
}

fn who(actor: Actor) -> &'static str {
    match actor {
        Actor::Person => "the person",
        Actor::IdpAdministrator => "identity provider",
        Actor::SchoolAdministrator => "school",
        Actor::OnCall => "on-call",
    }
}

fn references(world: &World) -> HashSet<Reference> {
    let keys = world.logins().into_iter().map(|item| item["pk"]["S"].as_str().unwrap().to_owned());
    keys.map(|key| Reference::parse(&key).unwrap()).collect()
}

/// Every failure, the likeliest to be confused side by side.
fn rows() -> Vec<Row> {
    [ours::rows(), provider::rows(), record::rows(), school::rows()].into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_is_told_from_its_neighbour_and_its_repair_fixes_it_and_harms_nobody() {
    let (rows, only) = (rows(), std::env::var("STOA_FAILURE").unwrap_or_default());
    assert!(rows.len() >= 60, "{} failures", rows.len());
    let failures: BTreeSet<&str> = rows.iter().map(|row| row.failure).collect();
    assert_eq!(failures.len(), rows.len(), "a failure stands twice");
    let alone: Vec<&str> = rows.iter().map(|row| row.neighbour).filter(|name| !failures.contains(name)).collect();
    assert!(alone.is_empty(), "what looks the same is not injected itself: {alone:?}");
    let chosen: Vec<&Row> = rows.iter().filter(|row| row.failure.contains(&only)).collect();
    let run = |row: &'static Row| async move { (row.failure, row.run().await) };
    // They live as long as the process: a table of functions that borrow nothing.
    let chosen: Vec<&'static Row> = rows_for_ever(chosen);
    let told: Vec<_> = stream::iter(chosen.into_iter().map(run)).buffered(4).collect().await;
    let wrong: Vec<String> =
        told.iter().filter_map(|(failure, told)| Some(format!("{failure}: {}", told.as_ref().err()?))).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), told.len(), wrong.join("\n\n"));
    if !only.is_empty() {
        return;
    }
    let told: Vec<Told> = told.into_iter().filter_map(|(_, told)| told.ok()).collect();
    every_command_was_run(&told).await;
    keep(&root().join("docs/diagnosis.md"), &document(&told));
}

/// Whoever asks may not see everything, and something is always down. The rest still counts.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_looked_at_is_said_and_not_taken_for_absent() {
    for (principal, action, what, why) in [
        (
            ON_CALL,
            "secretsmanager:DescribeSecret",
            "when the secrets were written",
            "not allowed: to describe the secrets",
        ),
        ("operator", "dynamodb:GetItem", "what the Admin API says now", "no answer: permission_missing"),
        ("operator", "dynamodb:Query", "the logins with the same address", "no answer: permission_missing"),
    ] {
        let world = World::with_mary().await;
        let known = references(&world);
        world.log_in(&world.browser(), "mallory.m").await;
        let asked = references(&world).difference(&known).next().cloned().unwrap();
        let login = world.operator.login(&asked).await.unwrap().unwrap();
        world.front.inject(Fault::next(principal, action, FaultKind::Deny));
        let diagnosis = diagnose(&world.operator.evidence(About::Login(&login), Timestamp::now()).await.unwrap());
        let unseen: Vec<_> = diagnosis.unseen.iter().map(|unseen| (unseen.what, unseen.why.as_str())).collect();
        assert!(unseen.contains(&(what, why)), "{action}: {unseen:?}");
        assert!(diagnosis.findings.iter().any(|finding| finding.cause == Cause::ColleaguesAddress), "{diagnosis:#?}");
    }
}

fn rows_for_ever(chosen: Vec<&Row>) -> Vec<&'static Row> {
    let names: BTreeSet<&str> = chosen.iter().map(|row| row.failure).collect();
    let all: &'static [Row] = Vec::leak(rows());
    all.iter().filter(|row| names.contains(row.failure)).collect()
}

/// What the register prints and no failure here led to is run by itself, at a connection that has what it is about.
fn every_command_was_run(told: &[Told]) -> LocalBoxFuture<'_, ()> {
    Box::pin(every_command_ran(told))
}

async fn every_command_ran(told: &[Told]) {
    let ran: BTreeSet<&str> = told.iter().flat_map(|told| &told.ran).map(String::as_str).collect();
    let mut missing = BTreeSet::new();
    for cause in Cause::ALL {
        for command in command::commands(&format!("{} {}", cause.row().test, cause.row().repair)) {
            let words = command::first_words(&command);
            if !ran.contains(words.as_str()) && !command::WRITTEN_BY_HAND.contains(&words.as_str()) {
                missing.insert(words);
            }
        }
    }
    let world = World::start().await;
    ours::pg_oidc(&world).await;
    for (words, command) in ALONE {
        if missing.remove(words) {
            command::run(&world, command, "", "").await.unwrap();
        }
    }
    assert!(missing.is_empty(), "no failure ran {missing:?}; {ran:?}");
}

/// Commands that are run by themselves, each by its first words.
const ALONE: [(&str, &str); 2] = [
    ("stoa connection test", "stoa connection test pg"),
    ("stoa connection trust fetch", "stoa connection trust pg-oidc fetch"),
];

const HEAD: &str = "\
# Diagnosis

`stoa trace REFERENCE` and `stoa why --connection ID --since 2h` rank causes by evidence: what changed and by whom, how
others fare, whose the address is, and what the identity provider and the school say now. What could not be looked at is
listed and counts neither way. This page is written by the tests (`STOA_WRITE=1`): each failure below was injected in
the sandbox, the engine asked, the repair done, and then the same people and a bystander signed in.

## What the engine said

Where several causes are named, the evidence does not decide between them, and the engine says what tells them apart.

| failure | looks the same | stopped by | the engine named | acts | repaired by |
|---|---|---|---|---|---|
";

fn document(told: &[Told]) -> String {
    let mut text = HEAD.to_owned();
    for told in told {
        let _ = writeln!(text, "{}", told.line);
    }
    text.push_str("\n## Causes\n");
    for cause in Cause::ALL {
        let row = cause.row();
        let _ = write!(
            text,
            "\n### {}\n\n{}\n\n- to be sure: {}\n- acts: {}\n- repair: {}\n- must not harm: {}\n- not if: {}\n",
            row.code,
            row.title,
            plain(row.test),
            who(row.actor),
            plain(row.repair),
            row.spare,
            row.unless
        );
    }
    text
}

/// With the words for what the evidence fills in.
fn plain(text: &str) -> String {
    [
        ("{id}", "ID"),
        ("{school}", "SCHOOL"),
        ("{version}", "VERSION"),
        ("{fingerprint}", "FINGERPRINT"),
        ("{secret}", "NAME"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
