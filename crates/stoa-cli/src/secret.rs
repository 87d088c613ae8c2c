//! `stoa secret`: from standard input into Secrets Manager, and never back; which there are, and whose.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use stoa_core::invisible::visible;
use stoa_service::operator::{ListedSecret, SecretName, SecretOwner, SecretText, StackAccess, needed_secrets};

use crate::arguments::{Secret, Target};
use crate::time::instant;
use crate::{CliError, Input, Io};

/// Secrets Manager's own limit.
const MOST: u64 = 65_536;
/// Of a secret of our own that was not made here.
const LEAST: usize = 32;

pub(crate) async fn run(command: Secret, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    match command {
        Secret::Put { name, random, before_apply } => {
            let secret = parse(&name)?;
            let text = if random { random_text(&name, &secret)? } else { read(&secret, io)? };
            put(&secret, text, before_apply, &target.change(io).await?, io).await
        }
        Secret::List => list(&target.read(io)?.operator, io).await,
        Secret::Remove { name } => {
            let secret = parse(&name)?;
            target.change(io).await?.remove_secret(&secret).await?;
            io.say(&format!("{name}: removed. For 30 days `stoa secret put {name}` can still write to it again."))
        }
    }
}

async fn put(
    secret: &SecretName,
    text: SecretText,
    before_apply: bool,
    operator: &StackAccess,
    io: &mut Io<'_>,
) -> Result<(), CliError> {
    if !before_apply && operator.owner_of(secret).await? == SecretOwner::Nobody {
        return Err(CliError::NobodysSecret(match secret {
            SecretName::Thinkific(id) => format!("school {id}"),
            SecretName::Saml(id) | SecretName::Oidc(id) | SecretName::Workos(id) => format!("connection {id}"),
            SecretName::Probe => "connection probe".to_owned(),
            SecretName::Seal | SecretName::Pepper | SecretName::Directory => "stack".to_owned(),
        }));
    }
    operator.put_secret(secret, text).await?;
    // The school's item says that there is another key; others are looked for once a minute.
    let when = if matches!(secret, SecretName::Thinkific(_)) { "at once" } else { "within 60 s" };
    io.say(&format!("{secret}: written. Functions use it {when}."))
}

/// Prints what is there, and then what is not there and needed.
async fn list(operator: &StackAccess, io: &mut Io<'_>) -> Result<(), CliError> {
    let listed = operator.list_secrets().await?;
    io.say(&format!("{:<32} {:<21} {:<21} WHOSE", "NAME", "WRITTEN", "MADE"))?;
    let mut usable = BTreeSet::new();
    for secret in &listed {
        let whose = whose(secret, operator).await?;
        if secret.deleted.is_none() {
            usable.insert(secret.name.clone());
        }
        let at = |time: Option<i64>| time.map_or_else(|| "-".to_owned(), instant);
        let (name, written, made) = (visible(&secret.name), at(secret.changed), at(secret.created));
        io.say(&format!("{name:<32} {written:<21} {made:<21} {whose}"))?;
    }
    for (name, whose) in needed(operator).await? {
        if !usable.contains(&name) {
            io.say(&format!("{name:<32} missing: {whose} needs it, `stoa secret put {name}` writes it"))?;
        }
    }
    Ok(())
}

async fn whose(secret: &ListedSecret, operator: &StackAccess) -> Result<String, CliError> {
    let whose = match SecretName::parse(&secret.name) {
        None => "nobody's: it has no name that stoa reads".to_owned(),
        Some(name) => match operator.owner_of(&name).await? {
            SecretOwner::Stack if name == SecretName::Directory => "every directory's".to_owned(),
            SecretOwner::Stack => "every login's".to_owned(),
            SecretOwner::Connection(id, true) => format!("connection {id}"),
            SecretOwner::Connection(id, false) => format!("connection {id}, which does not use it as it stands"),
            SecretOwner::School(id) => format!("school {id}"),
            SecretOwner::Nobody => format!("nobody's; `stoa secret remove {name}` removes it"),
        },
    };
    let gone = secret.deleted.map(|at| format!("; marked for deletion since {}, nobody can read it", instant(at)));
    Ok(whose + &gone.unwrap_or_default())
}

/// What the stack as it is configured cannot do without, and whose it is.
async fn needed(operator: &StackAccess) -> Result<BTreeMap<String, String>, CliError> {
    let every = "every login".to_owned();
    let mut needed =
        BTreeMap::from([(SecretName::Seal.to_string(), every.clone()), (SecretName::Pepper.to_string(), every)]);
    for item in operator.list().await? {
        let document = item.document()?;
        let school = SecretName::Thinkific(document.school.clone());
        needed.insert(school.to_string(), format!("school {}", document.school));
        for name in needed_secrets(&document) {
            needed.insert(name.to_string(), format!("connection {}", document.id));
        }
    }
    Ok(needed)
}

fn parse(name: &str) -> Result<SecretName, CliError> {
    SecretName::parse(name).ok_or_else(|| CliError::SecretName(name.to_owned()))
}

fn random_text(name: &str, secret: &SecretName) -> Result<SecretText, CliError> {
    match secret {
        SecretName::Seal | SecretName::Pepper | SecretName::Directory => Ok(SecretText::random()?),
        SecretName::Saml(_)
        | SecretName::Oidc(_)
        | SecretName::Workos(_)
        | SecretName::Thinkific(_)
        | SecretName::Probe => Err(CliError::NotRandom(name.to_owned())),
    }
}

fn read(secret: &SecretName, io: &mut Io<'_>) -> Result<SecretText, CliError> {
    let Input::Piped(input) = &mut io.input else { return Err(CliError::Terminal) };
    let mut text = String::new();
    input.take(MOST + 1).read_to_string(&mut text).map_err(CliError::Input)?;
    if text.len() as u64 > MOST {
        return Err(CliError::SecretTooLong);
    }
    let is_ours = matches!(secret, SecretName::Seal | SecretName::Pepper | SecretName::Directory);
    // An empty one has a message of its own.
    if is_ours && (1..LEAST).contains(&text.trim().len()) {
        return Err(CliError::SecretTooShort);
    }
    Ok(SecretText::new(&text)?)
}
