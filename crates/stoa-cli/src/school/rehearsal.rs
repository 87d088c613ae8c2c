//! `stoa school rehearse`: what a school does that is not documented.

use std::time::Duration;

use stoa_core::connection::SchoolDocument;
use stoa_core::invisible::visible;
use stoa_core::rehearsal::{Answer, Finding, Findings, NOT_ASKED, Question, TestDomain, unfit_for};
use stoa_service::operator::{OperatorError, Rehearsed, Scene, StackAccess};

use crate::arguments::{Rehearse, Target};
use crate::{CliError, Io};

/// As many calls as any question makes, about.
const CALLS_OF_A_QUESTION: u32 = 12;

pub(super) async fn run(wanted: Rehearse, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let Some(domain) = &wanted.domain else {
        return print(&wanted.only, io);
    };
    let operator = target.change(io).await?;
    let school = operator.school_item(&wanted.id).await?.ok_or_else(|| CliError::NoSchool(wanted.id.clone()))?;
    if let Some(customer) = operator.claim(&wanted.id, domain.as_str()).await? {
        return Err(CliError::DomainSignsIn { domain: domain.to_string(), customer: customer.to_string() });
    }
    let document = school.document()?;
    if wanted.clear {
        clear(&operator, &wanted, domain, io).await
    } else {
        ask(&operator, &wanted, &document, io).await
    }
}

fn print(only: &[Question], io: &mut Io<'_>) -> Result<(), CliError> {
    for question in asked(only) {
        let answers: Vec<&str> = question.answers().iter().map(|answer| answer.words()).collect();
        io.say(&format!("{}: {}", question.code(), question.asks()))?;
        io.say(&format!("    asked:    {}", question.how()))?;
        io.say(&format!("    answers:  {}, as is assumed; or {}", answers[0], answers[1..].join(", or ")))?;
        io.say(&format!("    matters:  {}", question.matters()))?;
    }
    io.say("Not asked, since no program can see it:")?;
    for (what, how) in NOT_ASKED {
        io.say(&format!("    {what}: {how}"))?;
    }
    io.say("Nothing was asked. --domain DOMAIN asks.")
}

fn asked(only: &[Question]) -> Vec<Question> {
    let is_asked = |question: &&Question| only.is_empty() || only.contains(question);
    Question::ALL.iter().filter(is_asked).copied().collect()
}

/// Asks one question after another and keeps what was found, though not all of them be answered.
async fn ask(
    operator: &StackAccess,
    wanted: &Rehearse,
    document: &SchoolDocument,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let questions = asked(&wanted.only);
    let (mut findings, mut unanswered) = (Findings::new(), 0);
    io.say(&head())?;
    for question in &questions {
        match one(operator, wanted, *question, false).await {
            Ok(Rehearsed { finding: Some(finding), calls, .. }) => {
                io.say(&line(*question, &finding))?;
                findings.insert(*question, finding);
                pause(calls, wanted.calls_per_minute).await;
            }
            Ok(Rehearsed { finding: None, .. }) => unanswered += 1,
            Err(error) => {
                io.say(&format!("{:<18} {}", question.code(), visible(&error.to_string())))?;
                unanswered += 1;
                // How many calls it made is not known. A school that has had enough is left alone first of all.
                pause(CALLS_OF_A_QUESTION, wanted.calls_per_minute).await;
            }
        }
    }
    if let (Some(domain), false) = (&wanted.domain, findings.is_empty()) {
        operator.keep_rehearsal(&wanted.id, domain, &findings).await?;
    }
    for line in differences(&findings).into_iter().chain(unfit(document, &findings)) {
        io.say(&line)?;
    }
    match unanswered {
        0 => Ok(()),
        unanswered => Err(CliError::Unanswered { unanswered, all: questions.len() }),
    }
}

/// Removes whoever was left.
async fn clear(
    operator: &StackAccess,
    wanted: &Rehearse,
    domain: &TestDomain,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let mut removed = 0;
    for question in asked(&wanted.only).into_iter().filter(|question| question.people() > 0) {
        let cleared = one(operator, wanted, question, true).await?;
        removed += cleared.removed;
        pause(cleared.calls, wanted.calls_per_minute).await;
    }
    io.say(&match removed {
        0 => format!("Nobody was left under {domain}"),
        1 => format!("Removed the one who was left under {domain}"),
        removed => format!("Removed {removed} people who were left under {domain}"),
    })
}

async fn one(
    operator: &StackAccess,
    wanted: &Rehearse,
    question: Question,
    only_clears: bool,
) -> Result<Rehearsed, OperatorError> {
    let Some(domain) = wanted.domain.clone() else { return Err(OperatorError::Unformed) };
    operator.rehearse(&wanted.id, Scene { question, domain, course: wanted.course, only_clears }).await
}

/// Leaves the rest of the school's calls to people who sign in.
async fn pause(calls: u32, per_minute: u16) {
    tokio::time::sleep(Duration::from_secs(60) * calls / u32::from(per_minute)).await;
}

fn head() -> String {
    format!("{:<18} {:<24} found", "question", "assumed")
}

fn line(question: Question, finding: &Finding) -> String {
    let note = finding.note.as_ref().map(|note| format!(" ({})", visible(note))).unwrap_or_default();
    let mark = if finding.answer == Some(question.assumed()) { "" } else { " *" };
    format!("{:<18} {:<24} {}{note}{mark}", question.code(), question.assumed().words(), finding.words())
}

/// The table, and what depends on what is not as assumed.
pub(super) fn table(findings: &Findings) -> Vec<String> {
    let rows = findings.iter().map(|(question, finding)| line(*question, finding));
    std::iter::once(head()).chain(rows).chain(differences(findings)).collect()
}

/// What depends on the answers that are not those which are assumed, and how the sandbox gives them.
fn differences(findings: &Findings) -> Vec<String> {
    let other: Vec<(Question, Option<Answer>)> = findings
        .iter()
        .filter(|(question, finding)| finding.answer != Some(question.assumed()))
        .map(|(question, finding)| (*question, finding.answer))
        .collect();
    if other.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), "* is not as assumed, and matters:".to_owned()];
    lines.extend(other.iter().map(|(question, _)| format!("  {}: {}", question.code(), question.matters())));
    let options: Vec<String> = other
        .iter()
        .filter_map(|(question, answer)| Some(format!("--answer {}={}", question.code(), answer.as_ref()?.code())))
        .collect();
    if !options.is_empty() {
        lines.push(format!("The sandbox's school does the same: cargo run -p stoa-sandbox -- {}", options.join(" ")));
    }
    lines
}

/// What of the school's settings does not go with what was found.
pub(super) fn unfit(document: &SchoolDocument, findings: &Findings) -> Vec<String> {
    let of = |question: Question| {
        let found = findings.get(&question).map(Finding::words).unwrap_or_default();
        format!("first_logins = \"sign\" is set, and must not be: {}: {found}", question.asks())
    };
    unfit_for(document.first_logins, findings).into_iter().map(of).collect()
}
