//! The command `stoa`, as somebody on call would paste it: with the rights that the policies give them.

use stoa_cli::{Input, Io};

use crate::steps::World;

/// What needs a file of on-call's own, or a person at the customer: rows do it by hand.
pub(super) const WRITTEN_BY_HAND: [&str; 1] = ["stoa connection apply"];

/// The commands in a text, as they stand between backticks.
pub(super) fn commands(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).filter(|part| part.starts_with("stoa ")).map(str::to_owned).collect()
}

/// Whether a command changes nothing.
pub(super) fn only_looks(command: &str) -> bool {
    let words = words(command);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["stoa", "connection", "history" | "list" | "guide", ..]
            | ["stoa", "connection", "trust", _]
            | ["stoa", "person", "show", ..]
            | ["stoa", "logins" | "trace" | "why", ..]
    ) && !command.contains("REFERENCE")
}

/// The name of a command, without what it is about.
pub(super) fn first_words(command: &str) -> String {
    let words = words(command);
    let about = |word: &&String| !word.starts_with('-') && !word.contains(['{', '/']) && **word != word.to_uppercase();
    let take = if words.get(2).is_some_and(|word| word == "trust") { 3 } else { words.len().min(3) };
    let mut name: Vec<&str> = words.iter().take(take).filter(about).map(String::as_str).collect();
    if take == 3 && name.last() == Some(&"trust") {
        let act = words.iter().find(|word| ["approve", "fetch", "add", "remove"].contains(&word.as_str()));
        name.extend(act.map(String::as_str));
    }
    name.join(" ")
}

/// The words of a command, as a shell reads them.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    for c in command.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Runs a printed command, with the address and the input for what the reader fills in. Returns its name.
pub(super) async fn run(world: &World, command: &str, address: &str, input: &str) -> Result<String, String> {
    let (asked, _) = command.split_once(" < ").unwrap_or((command, ""));
    let asked = asked.replace("ADDRESS", address);
    if let Some(left) = ["{", "FILE", "VERSION", "FINGERPRINT", "REFERENCE"].iter().find(|left| asked.contains(**left))
    {
        return Err(format!("{left} is left in `{asked}`"));
    }
    let (code, out, err) = stoa(world, &asked, input).await;
    // Nobody has the address: the command has been understood, and allowed.
    if code == 0 || err.contains("nobody at the school") {
        Ok(first_words(command))
    } else {
        Err(format!("`{asked}` ended with {code}: {err}{out}"))
    }
}

/// What a command prints.
pub(super) async fn output(world: &World, command: &str) -> Result<String, String> {
    match stoa(world, command, "").await {
        (0, out, _) => Ok(out),
        (code, out, err) => Err(format!("`{command}` ended with {code}: {err}{out}")),
    }
}

async fn stoa(world: &World, command: &str, input: &str) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let input = Input::Piped(Box::new(std::io::Cursor::new(input.to_owned().into_bytes())));
    let environment = [("STOA_SANDBOX".to_owned(), world.front.endpoint())].into_iter().collect();
    let mut io = Io { input, out: &mut out, err: &mut err, environment };
    let code = stoa_cli::run(words(command).into_iter().map(Into::into), &mut io).await;
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn a_command_is_read_as_a_shell_reads_it() {
    let text =
        "Do `stoa connection rollback pg 3 --reason \"a b\"`, or `not this`, or `stoa secret put oidc/pg < FILE`.";
    let found = commands(text);
    assert_eq!(found, ["stoa connection rollback pg 3 --reason \"a b\"", "stoa secret put oidc/pg < FILE"]);
    assert_eq!(words(&found[0]), ["stoa", "connection", "rollback", "pg", "3", "--reason", "a b"]);
    for (command, name) in [
        ("stoa connection rollback pg 3 --reason \"a\"", "stoa connection rollback"),
        ("stoa connection trust {id} approve {fingerprint} --reason \"a\"", "stoa connection trust approve"),
        ("stoa connection trust {id} fetch", "stoa connection trust fetch"),
        ("stoa connection trust {id}", "stoa connection trust"),
        ("stoa secret put {secret} < FILE", "stoa secret put"),
        ("stoa trace REFERENCE", "stoa trace"),
    ] {
        assert_eq!(first_words(command), name);
    }
    assert!(only_looks("stoa connection trust pg") && !only_looks("stoa connection trust pg fetch"));
}
