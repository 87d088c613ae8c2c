//! What a file's grants mean at the school: what their change does, and which courses and groups nobody has.

use stoa_core::connection::{ConnectionDocument, GrantDocument};
use stoa_core::provision::{CourseChange, GroupChange, Regranted};
use stoa_service::operator::{Catalogue, OperatorError, Planned, Regrant, StackAccess};
use strsim::osa_distance;

use crate::number::number;
use crate::{CliError, Io};

/// So many people may always lose something at once (`directory.removals`).
const ALWAYS: u64 = 10;

/// What a plan changes for people; or why that is not known, which is no reason not to look.
pub(super) type Change = Result<Option<Regrant>, OperatorError>;

/// What is planned: the names that nobody has, and how many people gain and lose what.
pub(super) async fn print_planned(
    operator: &StackAccess,
    planned: &Planned,
    io: &mut Io<'_>,
) -> Result<Change, CliError> {
    if planned.summary().changes.is_empty() {
        return Ok(Ok(None));
    }
    let catalogue = print_names(operator, planned.document(), io).await?;
    let change = operator.regrant(planned).await;
    match &change {
        Ok(None) => {}
        Ok(Some(change)) => {
            said(&change.counted, &catalogue).iter().try_for_each(|line| io.say(&format!("    {line}")))?;
            if change.counted.losers > ALWAYS {
                let id = change.connection();
                io.say(&format!(
                    "    note: where that is more than directory.removals allows at once, the rest is held: `stoa directory \
                     held {id}` lists them, `stoa directory release {id}` lets them through"
                ))?;
            }
        }
        Err(error) => io.say(&format!(
            "    note: how many people gain or lose something by the grants could not be counted: {error}"
        ))?,
    }
    Ok(change)
}

/// What follows for people of the directory, once a connection is written as it is to be. Returns whether anything does.
pub(super) async fn follow(
    operator: &StackAccess,
    document: &ConnectionDocument,
    change: Option<&Regrant>,
    io: &mut Io<'_>,
) -> Result<bool, CliError> {
    // First: whoever is due for another grant is not among the stuck any more.
    let waiting = operator.waiting_for_domain(document).await?;
    if let Some(change) = change {
        carry_out(operator, change, io).await?;
    }
    if let Some(waiting) = &waiting {
        let (due, _) = operator.make_due(waiting).await?;
        let due = number(
            due,
            "person of its directory was stuck for want of a domain, and is tried again within minutes.",
            "people of its directory were stuck for want of a domain, and are tried again within minutes.",
        );
        io.say(&due)?;
    }
    Ok(change.is_some() || waiting.is_some())
}

/// Has carried out what the changed grants mean, once they are written.
async fn carry_out(operator: &StackAccess, change: &Regrant, io: &mut Io<'_>) -> Result<(), CliError> {
    let (due, busy) = operator.make_due(change).await?;
    let due = number(due, "person of its directory gets or loses", "people of its directory get or lose");
    io.say(&format!("{due} what the grants changed, beginning within three minutes."))?;
    busy.iter().try_for_each(|user| {
        io.say(&format!(
            "    {user} is being worked on now: `stoa directory show {} {user}` in a few minutes",
            change.connection()
        ))
    })
}

/// Warns of courses and groups that the school does not have, and of groups that the directory does not have yet. Returns
/// what the school has, as far as it said.
pub(super) async fn print_names(
    operator: &StackAccess,
    document: &ConnectionDocument,
    io: &mut Io<'_>,
) -> Result<Catalogue, CliError> {
    let grants = document.directory.as_ref().map_or(&[][..], |directory| &directory.grant);
    if grants.is_empty() {
        return Ok(Catalogue::default());
    }
    let catalogue = match operator.catalogue(&document.school).await {
        Ok(catalogue) => catalogue,
        Err(error) => {
            let school = &document.school;
            io.say(&format!("    note: the courses and groups of {school} could not be looked up: {error}"))?;
            Catalogue::default()
        }
    };
    unknown(grants, &catalogue).iter().try_for_each(|warning| io.say(&format!("    warning: {warning}")))?;
    match operator.groups_missing(document).await {
        Ok(missing) => missing.iter().try_for_each(|group| {
            io.say(&format!(
                "    note: the directory has no group {group:?} now; whoever is put into one gets what it grants"
            ))
        })?,
        Err(error) => io.say(&format!("    note: the groups of the directory could not be looked up: {error}"))?,
    }
    Ok(catalogue)
}

/// What grants name and the school does not have, with what is most like it. Of a school that was not read whole nothing
/// is missing for sure.
fn unknown(grants: &[GrantDocument], catalogue: &Catalogue) -> Vec<String> {
    let mut warnings = Vec::new();
    if !catalogue.is_whole {
        return warnings;
    }
    for (number, grant) in (1..).zip(grants) {
        let known = |id: &u64| catalogue.courses.iter().any(|course| course.id == *id);
        for id in grant.courses.iter().filter(|id| !known(id)) {
            let like = |id: u64| move |known: u64| osa_distance(&id.to_string(), &known.to_string());
            let nearest = catalogue.courses.iter().min_by_key(|course| like(*id)(course.id));
            let nearest =
                nearest.map_or_else(String::new, |course| format!("; nearest is {} {:?}", course.id, course.name));
            warnings.push(format!(
                "directory.grant {number}: the school lists no course {id}{nearest}. Courses of Thinkific's new course \
                 builder are in no list"
            ));
        }
        for group in grant.thinkific_groups.iter().filter(|group| !catalogue.groups.contains(group)) {
            let like = |known: &String| osa_distance(&group.to_lowercase(), &known.to_lowercase());
            let nearest = catalogue.groups.iter().min_by_key(|known| like(known));
            let nearest = nearest.map_or_else(String::new, |known| format!("; nearest is {known:?}"));
            warnings.push(format!("directory.grant {number}: the school has no group {group:?}{nearest}"));
        }
    }
    warnings
}

/// What the change of the grants does, line by line.
fn said(changed: &Regranted, catalogue: &Catalogue) -> Vec<String> {
    let people = number(changed.people, "active person", "active people");
    if changed.courses.is_empty() && changed.groups.is_empty() {
        return vec![format!("grants: of {people} whom they reach, nobody gains or loses anything")];
    }
    let mut lines = vec![format!("grants: of {people} whom they reach,")];
    for (id, CourseChange { gain, lose, other_end }) in &changed.courses {
        let name = catalogue.courses.iter().find(|course| course.id == id.0);
        let name = name.map_or_else(String::new, |course| format!(" {:?}", course.name));
        let parts = [
            (gain, "gains it", "gain it"),
            (lose, "loses it", "lose it"),
            (other_end, "keeps it to another end", "keep it to another end"),
        ];
        lines.push(format!("    course {id}{name}: {}", counted(&parts)));
    }
    for (name, GroupChange { gain, leave }) in &changed.groups {
        let leaves = "should leave it, which only the school's administrator can do";
        let parts = [(gain, "is put into it", "are put into it"), (leave, leaves, leaves)];
        lines.push(format!("    group {name:?}: {}", counted(&parts)));
    }
    lines
}

fn counted(parts: &[(&u64, &str, &str)]) -> String {
    let parts = parts.iter().filter(|(count, ..)| **count > 0).map(|(count, one, many)| number(**count, one, many));
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use stoa_core::thinkific::Course;

    use super::*;

    #[test]
    fn what_is_misspelt_is_named_with_what_is_most_like_it() {
        let course = |id: u64, name: &str| Course { id, name: name.to_owned() };
        let catalogue = Catalogue {
            courses: vec![course(3, "Safety"), course(4711, "Leading")],
            groups: vec!["Managers".to_owned(), "Everybody".to_owned()],
            is_whole: true,
        };
        let grant = GrantDocument {
            courses: [3, 4712].into(),
            thinkific_groups: ["Mangers".to_owned(), "Everybody".to_owned()].into(),
            ..GrantDocument::default()
        };
        let warnings = unknown(std::slice::from_ref(&grant), &catalogue);
        let [courses, groups] = &warnings[..] else { panic!("{warnings:?}") };
        assert!(
            courses.starts_with("directory.grant 1: the school lists no course 4712; nearest is 4711 \"Leading\".")
        );
        assert_eq!(groups, "directory.grant 1: the school has no group \"Mangers\"; nearest is \"Managers\"");
        assert!(unknown(&[grant], &Catalogue { is_whole: false, ..catalogue }).is_empty(), "it may be on a later page");
    }
}
