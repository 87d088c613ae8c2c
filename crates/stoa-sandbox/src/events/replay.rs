//! Every file of `events/{function}/` through the function, against the answer beside it.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use stoa_core::routes::ROUTES;

use crate::functions::{FunctionError, Functions};

/// `{name}.answer.json`, beside `{name}.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// What the event is, in a sentence.
    #[serde(rename = "about")]
    _about: String,
    /// HTTP status.
    status: Option<u16>,
    /// The whole answer of a function that no request starts, in place of everything else here.
    answer: Option<Value>,
    /// How `Location` begins; absent: there is none.
    location: Option<String>,
    /// What the body holds: on a fault page, its public code.
    #[serde(default)]
    body: Vec<String>,
}

/// Why the files and the functions do not agree.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A function has no events.
    #[error("{0} has no event; add one as {0}/NAME.json with {0}/NAME.answer.json")]
    NoEvents(PathBuf),
    /// A folder belongs to no function.
    #[error("{0} belongs to no function of the register")]
    NoFunction(PathBuf),
    /// An event has no answer, or an answer no event.
    #[error("{0} has no counterpart")]
    Alone(PathBuf),
    /// A file cannot be read.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// A file is not of its form.
    #[error("{0}: {1}")]
    Form(PathBuf, serde_json::Error),
    /// The function did not answer.
    #[error("{0}: {1}")]
    Function(PathBuf, FunctionError),
    /// It answered something else.
    #[error("{event}: {what}: wanted {wanted}, got {got}")]
    Answer {
        /// The event's file.
        event: PathBuf,
        /// Which part of the answer.
        what: &'static str,
        /// What the answer's file says.
        wanted: String,
        /// What the function said.
        got: String,
    },
}

/// Replays every file against functions of a sandbox with its own connection. Says how many there were.
pub async fn replay(functions: &dyn Functions, folder: &Path) -> Result<usize, ReplayError> {
    for path in entries(folder)? {
        if path.is_dir() && !ROUTES.iter().any(|function| path.ends_with(function.name)) {
            return Err(ReplayError::NoFunction(path));
        }
    }
    let mut count = 0;
    for function in ROUTES {
        let folder = folder.join(function.name);
        let events = if folder.is_dir() { events(&folder)? } else { Vec::new() };
        if events.is_empty() {
            return Err(ReplayError::NoEvents(folder));
        }
        for path in events {
            one(functions, function.name, path).await?;
            count += 1;
        }
    }
    Ok(count)
}

async fn one(functions: &dyn Functions, function: &str, path: PathBuf) -> Result<(), ReplayError> {
    let event: Value = read(&path)?;
    let expected: Expected = read(&answer_of(&path))?;
    let answer = match functions.invoke(function, event).await {
        Ok(answer) => answer,
        Err(error) => return Err(ReplayError::Function(path, error)),
    };
    let differs = |what, wanted: &str, got: &str| ReplayError::Answer {
        event: path.clone(),
        what,
        wanted: wanted.into(),
        got: got.into(),
    };
    if let Some(wanted) = &expected.answer {
        let is_same = *wanted == answer;
        return if is_same { Ok(()) } else { Err(differs("answer", &wanted.to_string(), &answer.to_string())) };
    }
    if answer["statusCode"].as_u64() != expected.status.map(u64::from) {
        return Err(differs("status", &format!("{:?}", expected.status), &answer["statusCode"].to_string()));
    }
    let location = answer["headers"]["location"].as_str();
    match (&expected.location, location) {
        (None, None) => {}
        (Some(wanted), Some(got)) if got.starts_with(wanted.as_str()) => {}
        (wanted, got) => {
            return Err(differs("location", wanted.as_deref().unwrap_or("none"), got.unwrap_or("none")));
        }
    }
    let body = answer["body"].as_str().unwrap_or_default();
    match expected.body.iter().find(|part| !body.contains(part.as_str())) {
        Some(missing) => Err(differs("body", missing, body)),
        None => Ok(()),
    }
}

/// The events of a folder, each of which has its answer; and no answer is left over.
fn events(folder: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    let (answers, events): (Vec<_>, Vec<_>) = entries(folder)?.into_iter().partition(|path| is_answer(path));
    if let Some(alone) = events.iter().find(|event| !answers.contains(&answer_of(event))) {
        return Err(ReplayError::Alone(alone.clone()));
    }
    match answers.into_iter().find(|answer| !events.iter().any(|event| answer_of(event) == *answer)) {
        Some(alone) => Err(ReplayError::Alone(alone)),
        None => Ok(events),
    }
}

fn is_answer(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".answer.json")
}

fn answer_of(event: &Path) -> PathBuf {
    event.with_extension("answer.json")
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    let failed = |error| ReplayError::Io(folder.to_owned(), error);
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, io::Error>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ReplayError> {
    let text = std::fs::read(path).map_err(|error| ReplayError::Io(path.to_owned(), error))?;
    serde_json::from_slice(&text).map_err(|error| ReplayError::Form(path.to_owned(), error))
}
