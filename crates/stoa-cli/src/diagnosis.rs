//! A diagnosis in words: what the evidence says, each cause with its repair, and what is not known.

use std::fmt::Write;

use stoa_core::diagnosis::{Diagnosis, Finding};
use stoa_core::fault::Actor;
use stoa_core::invisible::visible;

use crate::time::instant;

/// As wide as a terminal that is read at night.
const WIDTH: usize = 110;
/// As deep as the longest label.
const DEEP: &str = "                 ";

/// The causes, the likeliest first, and what is not known.
pub(crate) fn render(diagnosis: &Diagnosis) -> String {
    let mut text = "\nWhat the evidence says".to_owned();
    if diagnosis.symptom.is_bad() && diagnosis.same > 0 {
        let Diagnosis { same, good_since, first, .. } = diagnosis;
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n  Of the logins that were looked at, {same} ended like this, the first at {}; {good_since} got in since.",
            instant(*first)
        );
    }
    for (number, finding) in (1..).zip(&diagnosis.findings) {
        text.push_str(&cause(number, finding));
    }
    let leading = diagnosis.leading();
    if leading.len() > 1 {
        let codes: Vec<&str> = leading.iter().map(|finding| finding.row().code).collect();
        text.push_str("\n\n");
        text.push_str(&wrapped(
            "",
            &format!(
                "The evidence does not decide between {}. What \"to be sure\" says of each tells them apart; repair nothing before that.",
                codes.join(" and ")
            ),
        ));
    }
    if !diagnosis.unseen.is_empty() {
        text.push_str("\n\nNot known, and counted neither way");
        for unseen in &diagnosis.unseen {
            text.push('\n');
            text.push_str(&wrapped("  - ", &format!("{}: {}. Ask {}.", unseen.what, unseen.why, unseen.ask)));
        }
    }
    text
}

fn cause(number: usize, finding: &Finding) -> String {
    let row = finding.row();
    let mut text = format!("\n\n{number}. {} [{}]", row.title, row.code);
    let mut line = |label: &str, said: &str| {
        text.push('\n');
        text.push_str(&wrapped(&format!("   {label:<14}"), said));
    };
    for (label, clues) in [("for it:", &finding.speaks), ("against it:", &finding.against)] {
        for (at, clue) in clues.iter().enumerate() {
            line(if at == 0 { label } else { "" }, &format!("- {clue}"));
        }
    }
    line("to be sure:", finding.test());
    line("who acts:", who(row.actor));
    line("repair:", finding.repair());
    line("do not harm:", row.spare);
    line("not if:", row.unless);
    text
}

/// Who acts, for a line.
pub(crate) const fn who(actor: Actor) -> &'static str {
    match actor {
        Actor::Person => "the person.",
        Actor::IdpAdministrator => "the administrator of the customer's identity provider.",
        Actor::SchoolAdministrator => "the administrator of the school.",
        Actor::OnCall => "you, on call.",
    }
}

/// Lines of at most [`WIDTH`] characters, the first after a label and the others below its end. What stands between
/// backticks is a command to paste, and is not broken. Strangers' words are in it, so no line begins but by this.
fn wrapped(label: &str, said: &str) -> String {
    let said = visible(said);
    let indent = DEEP.get(..label.len()).unwrap_or(DEEP);
    let mut lines = vec![label.to_owned()];
    let mut is_first = true;
    for (at, part) in said.split('`').enumerate() {
        let words: Vec<String> = match at % 2 {
            0 => part.split(' ').map(str::to_owned).collect(),
            _ => vec![format!("`{part}`")],
        };
        for (nth, word) in words.iter().enumerate() {
            // Between two parts there is no blank but those that they have.
            let joins = nth == 0 && at > 0;
            let Some(line) = lines.last_mut() else { continue };
            let gap = if joins || is_first { "" } else { " " };
            is_first = false;
            if !joins && line.chars().count() + gap.len() + word.chars().count() > WIDTH {
                lines.push(format!("{indent}{word}"));
            } else {
                line.push_str(gap);
                line.push_str(word);
            }
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_never_broken_and_nothing_gets_lost() {
        let command = format!("`stoa connection rollback pg 3 --reason \"{}\"`", "long ".repeat(30));
        let said = format!("Ask whoever made the change what it was for, then go back: {command}. And more.");
        let lines = wrapped("   repair:     ", &said);
        assert!(lines.contains(&command), "{lines}");
        let joined: Vec<&str> = lines.split_whitespace().collect();
        let expected = format!("repair: {said}");
        assert_eq!(joined, expected.split_whitespace().collect::<Vec<_>>());
        assert!(wrapped("", &"word ".repeat(100)).lines().all(|line| line.chars().count() <= WIDTH));
    }
}
