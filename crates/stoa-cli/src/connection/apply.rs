//! `plan` and `apply`: everything is planned before anything is written.

use jiff::Timestamp;
use stoa_core::connection::{ConnectionDocument, ConnectionState};
use stoa_service::operator::{Planned, PlannedSchool, Regrant, StackAccess};

use super::files::{Files, read};
use super::grants::{Change, follow, print_planned};
use super::test::link;
use super::warnings;
use crate::arguments::{Apply, Files as Named, Target, reason};
use crate::domain::{Doubt, doubt};
use crate::io::word;
use crate::{CliError, Io};

/// What a set of files would change, in the order of writing.
struct Plan {
    schools: Vec<PlannedSchool>,
    connections: Vec<Planned>,
}

pub(super) async fn plan(named: &Named, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let files = read(&named.path)?;
    let operator = target.read(io)?.operator;
    let plan = Plan::make(&operator, &files, &named.allow_domain).await?;
    plan.print(&operator, io).await?;
    if plan.changes() == 0 {
        return io.say("Nothing to do.");
    }
    let allowed = named.allow_domain.iter().map(|domain| format!(" --allow-domain {}", word(domain)));
    let (path, allowed) = (word(&named.path.display().to_string()), allowed.collect::<String>());
    io.say(&format!("Nothing was written. `stoa connection apply {path}{allowed}` writes it."))
}

pub(super) async fn apply(command: &Apply, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let named = &command.files;
    let files = read(&named.path)?;
    let operator = target.change(io).await?;
    let plan = Plan::make(&operator, &files, &named.allow_domain).await?;
    let changes = plan.print(&operator, io).await?;
    if plan.changes() == 0 {
        // An earlier run may have been cut off behind its write.
        let mut is_done = true;
        for planned in &plan.connections {
            is_done &= !follow(&operator, planned.document(), None, io).await?;
        }
        return if is_done { io.say("Nothing to do.") } else { Ok(()) };
    }
    let changes: Vec<Option<Regrant>> = changes.into_iter().collect::<Result<_, _>>()?;
    let reason = plan.reason(command.reason.clone(), io)?;
    // Asked for before anything is written.
    let public_url = target.public_url(io)?;
    for school in plan.schools.into_iter().filter(|school| !school.changes.is_empty()) {
        let school = operator.write_school(school).await?;
        io.say(&format!("Written: school {}.", school.id))?;
    }
    for (connection, change) in plan.connections.into_iter().zip(changes) {
        if connection.summary().changes.is_empty() {
            follow(&operator, connection.document(), None, io).await?;
            continue;
        }
        let (document, is_new) = (connection.document().clone(), connection.is_new());
        let applied = operator.apply(connection.because(reason.clone())).await?;
        io.say(&format!(
            "Written: connection {}, version {}, {}.",
            applied.id,
            applied.version,
            applied.state.as_str()
        ))?;
        follow(&operator, &document, change.as_ref(), io).await?;
        if is_new {
            next_steps(&operator, &document, &public_url, io).await?;
        } else if document.saml.is_some() {
            io.say(&format!(
                "Our metadata, {public_url}/saml/{}/metadata, says so within a minute; until then it is the previous one.",
                applied.id
            ))?;
        }
    }
    io.say(&format!(
        "Commit {} now: whoever applies next starts from the file, and would undo what is only in the stack.",
        word(&named.path.display().to_string())
    ))
}

/// What is left to do for a new connection.
async fn next_steps(
    operator: &StackAccess,
    document: &ConnectionDocument,
    public_url: &str,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    let id = &document.id;
    if document.oidc.is_some() || document.workos.is_some() {
        io.say(&format!("Write its secret from standard input: `stoa secret put oidc/{id}`."))?;
    }
    io.say(&format!("The guide for their administrator: `stoa connection guide {id}`."))?;
    link(operator, id, public_url, io).await?;
    io.say(&format!("After their test login: `stoa connection activate {id} --reason \"…\"`."))
}

impl Plan {
    async fn make(operator: &StackAccess, files: &Files, allowed: &[String]) -> Result<Self, CliError> {
        let mut schools = Vec::new();
        for file in &files.schools {
            let planned = operator.plan_school(&file.path, &file.text).await;
            schools.push(planned.map_err(|error| CliError::in_file(&file.path, error))?);
        }
        let ids: Vec<_> = schools.iter().map(|school| school.id().clone()).collect();
        let mut connections = Vec::new();
        for file in &files.connections {
            let planned = operator.plan_beside(file, &ids).await;
            let planned = planned.map_err(|error| CliError::in_file(&file.path, error))?;
            // What has been claimed has been asked about.
            planned.new_domains.iter().try_for_each(|domain| ask_about(&file.path, domain, allowed))?;
            connections.push(planned);
        }
        Ok(Self { schools, connections })
    }

    /// Why a connection is changed, as the history will have it. A new one is its own reason.
    fn reason(&self, given: Option<String>, io: &mut Io<'_>) -> Result<Option<String>, CliError> {
        let is_change = |planned: &Planned| !planned.is_new() && !planned.summary().changes.is_empty();
        if given.is_some() || !self.connections.iter().any(is_change) {
            return Ok(given);
        }
        let typed = io.ask("Why? It is kept in the history: ")?;
        typed.and_then(|typed| reason(&typed).ok()).map(Some).ok_or(CliError::NoReason)
    }

    fn changes(&self) -> usize {
        let schools = self.schools.iter().filter(|school| !school.changes.is_empty()).count();
        schools + self.connections.iter().filter(|planned| !planned.summary().changes.is_empty()).count()
    }

    async fn print(&self, operator: &StackAccess, io: &mut Io<'_>) -> Result<Vec<Change>, CliError> {
        for school in &self.schools {
            let what = match (school.is_new(), school.changes.is_empty()) {
                (true, _) => "new",
                (false, true) => "unchanged",
                (false, false) => "changes",
            };
            io.say(&format!("School {}: {what}", school.id()))?;
            print_changes(&school.changes, io)?;
        }
        let mut changes = Vec::new();
        for planned in &self.connections {
            print_connection(planned, io)?;
            for sibling in operator.directories_beside(planned.document()).await? {
                let id = &planned.document().id;
                io.say(&format!(
                    "    warning: whoever has left the directory of {sibling} still comes in through {id}, a connection of the \
                     same customer and school: directory = {{ source = \"none\", of = \"{sibling}\" }} asks it"
                ))?;
            }
            changes.push(print_planned(operator, planned, io).await?);
        }
        Ok(changes)
    }
}

/// Stops at a domain that is hardly one customer's, unless somebody has said that it is.
fn ask_about(path: &str, domain: &str, allowed: &[String]) -> Result<(), CliError> {
    let is_allowed = |doubt: &Doubt| doubt.may_be_overruled() && allowed.iter().any(|allowed| allowed == domain);
    match doubt(domain).filter(|doubt| !is_allowed(doubt)) {
        Some(why) => Err(CliError::Domain { path: path.to_owned(), domain: domain.to_owned(), why }),
        None => Ok(()),
    }
}

/// What would become of a connection.
pub(super) fn print_connection(planned: &Planned, io: &mut Io<'_>) -> Result<(), CliError> {
    let summary = planned.summary();
    let (id, version, state) = (&summary.id, summary.version, summary.state.as_str());
    let what = match (planned.is_new(), summary.changes.is_empty()) {
        (true, _) => format!("new, version {version}, {state}"),
        (false, true) => format!("unchanged at version {version}, {state}"),
        (false, false) => format!("version {} → {version}, stays {state}", version.saturating_sub(1)),
    };
    io.say(&format!("Connection {id}: {what}"))?;
    print_changes(&summary.changes, io)?;
    if summary.state == ConnectionState::Active && !summary.changes.is_empty() {
        io.say(&format!(
            "    note: {id} is active and stays active: the change applies to everybody within a minute. `stoa connection \
             test {id}` tries it"
        ))?;
    }
    for domain in &planned.kept_domains {
        io.say(&format!("    note: {domain} stays claimed, so that no other customer can take it"))?;
    }
    if let Some(why) = planned.unreached() {
        io.say(&format!(
            "    note: the identity provider cannot be read now, so what it last published is kept: {why}"
        ))?;
    }
    if let Some(previous) = &planned.former_idp {
        io.say(&format!(
            "    note: the keys of the previous identity provider, {previous}, stay trusted until `stoa connection trust {id} \
             remove` removes each of them"
        ))?;
    }
    if let Some(warning) = warnings::of_groups(planned.document()) {
        io.say(&format!("    warning: {warning}"))?;
    }
    if let Some(said) = warnings::of_previous_subject(planned.document(), Timestamp::now()) {
        io.say(&format!("    {said}"))?;
    }
    if let Some(saml) = &planned.document().saml {
        for warning in warnings::all(planned.metadata(), saml, Timestamp::now()) {
            io.say(&format!("    warning: {warning}"))?;
        }
    }
    for fingerprint in &planned.untrusted_keys {
        io.say(&format!(
            "    note: the metadata names a key that {id} does not trust, SHA-256 {fingerprint}; apply does not \
             change keys, `stoa connection trust {id}` does"
        ))?;
    }
    Ok(())
}

fn print_changes(changes: &[String], io: &mut Io<'_>) -> Result<(), CliError> {
    changes.iter().try_for_each(|change| io.say(&format!("    {change}")))
}
