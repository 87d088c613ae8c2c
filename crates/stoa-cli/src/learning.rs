//! `stoa progress`: how far the people of a customer's directory have come in their courses.
//!
//! What the school's webhooks have told is all that is known: of somebody whom they have not told of, the line has no
//! course. People whom the directory does not have are not in the file, since nobody but the school knows their names.

use std::path::Path;

use stoa_core::ids::ConnectionId;
use stoa_import::write_row;
use stoa_service::operator::{InCourse, MOST_AT_ONCE};

use crate::arguments::{Progress, Target};
use crate::directory::export::{WHO, who, write};
use crate::number::number;
use crate::progress::Progress as Bar;
use crate::time::instant;
use crate::{CliError, Io};

/// How far somebody has come in a course. `course` is Thinkific's id.
const HOW_FAR: [&str; 4] = ["course", "percent", "completed", "as of"];

pub(crate) async fn run(command: Progress, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let Progress::Export { id, out } = command;
    export(&id, &out, target, io).await
}

async fn export(id: &ConnectionId, out: &Path, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.change(io).await?;
    let everybody = operator.directory_ids(id).await?;
    let mut bar = Bar::new(u64::try_from(everybody.len()).unwrap_or(u64::MAX));
    let (mut text, mut done, mut lines, mut without) = (String::new(), 0, 0, 0);
    write_row(&mut text, WHO.into_iter().chain(HOW_FAR));
    for batch in everybody.chunks(MOST_AT_ONCE) {
        let people = operator.exported(id, batch).await?;
        let ids: Vec<_> = people.iter().map(|person| person.id.clone()).collect();
        let progress = operator.progress_of(id, &ids).await?;
        for (person, courses) in people.iter().zip(&progress) {
            let who = who(person);
            for course in courses {
                write_row(&mut text, who.iter().chain(&how_far(course)).map(String::as_str));
            }
            if courses.is_empty() {
                write_row(&mut text, who.iter().map(String::as_str).chain([""; HOW_FAR.len()]));
                without += 1;
            }
            lines += courses.len();
            done += 1;
        }
        bar.at(done, io)?;
    }
    bar.end(io)?;
    write(out, text.as_bytes())?;
    io.say(&format!(
        "{}: {} of the directory of {id}, in personal data; {} of courses. Only you can read it.",
        out.display(),
        number(done, "person", "people"),
        number(lines, "line", "lines"),
    ))?;
    if without > 0 {
        let which =
            "of whom the school's webhooks have told nothing: without a course, or their account is not known yet";
        io.say(&format!("{} {which}.", number(without, "person", "people")))?;
    }
    Ok(())
}

fn how_far(course: &InCourse) -> [String; 4] {
    [
        course.course.to_string(),
        course.percent.map(|percent| percent.to_string()).unwrap_or_default(),
        course.completed.map(instant).unwrap_or_default(),
        instant(course.updated / 1000),
    ]
}
