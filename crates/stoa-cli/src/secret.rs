//! `stoa secret`: from standard input into Secrets Manager, and never back.

use std::io::Read;

use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_service::operator::{SecretName, SecretText};

use crate::arguments::{Secret, Target};
use crate::{CliError, Input, Io};

/// Secrets Manager's own limit.
const MOST: u64 = 65_536;
/// Of a secret of our own that was not made here.
const LEAST: usize = 32;

pub(crate) async fn run(command: Secret, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let Secret::Put { name, random } = command;
    let secret = parse(&name)?;
    let text = if random { random_text(&name, &secret)? } else { read(&secret, io)? };
    let operator = target.change(io).await?;
    operator.put_secret(&secret, text).await?;
    io.say(&format!("{name}: written. Functions use it within 60 s."))?;
    let known = match &secret {
        SecretName::Seal | SecretName::Pepper | SecretName::Directory => true,
        SecretName::Saml(id) | SecretName::Oidc(id) => operator.current(id).await?.is_some(),
        SecretName::Thinkific(id) => operator.school_item(id).await?.is_some(),
    };
    if known { Ok(()) } else { io.say("note: there is no connection or school with that name yet. Is the name right?") }
}

fn parse(name: &str) -> Result<SecretName, CliError> {
    let unknown = || CliError::SecretName(name.to_owned());
    match name.split_once('/') {
        None if name == "seal" => Ok(SecretName::Seal),
        None if name == "pepper" => Ok(SecretName::Pepper),
        None if name == "directory" => Ok(SecretName::Directory),
        Some(("saml", id)) => ConnectionId::parse(id).map(SecretName::Saml).map_err(|_| unknown()),
        Some(("oidc", id)) => ConnectionId::parse(id).map(SecretName::Oidc).map_err(|_| unknown()),
        Some(("thinkific", id)) => SchoolId::parse(id).map(SecretName::Thinkific).map_err(|_| unknown()),
        None | Some(_) => Err(unknown()),
    }
}

fn random_text(name: &str, secret: &SecretName) -> Result<SecretText, CliError> {
    match secret {
        SecretName::Seal | SecretName::Pepper | SecretName::Directory => Ok(SecretText::random()?),
        SecretName::Saml(_) | SecretName::Oidc(_) | SecretName::Thinkific(_) => {
            Err(CliError::NotRandom(name.to_owned()))
        }
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
