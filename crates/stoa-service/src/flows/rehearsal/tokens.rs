//! Questions about the token that signs somebody in.

use stoa_core::failure::Failure;
use stoa_core::rehearsal::{Answer, Finding, Names, Opened, Tries};
use stoa_core::thinkific::{Trial, UnknownPassword, get_binding, get_user, reset_password};

use super::stage::{NAMES, Stage};
use crate::random;

/// How old the tokens are that are tried, in seconds, and what it means if no more than so many are let in.
const AGES: [i64; 4] = [30, 90, 600, 3600];
const AGE_ANSWERS: [Answer; 5] =
    [Answer::Refused, Answer::HalfAMinute, Answer::AMinuteAndAHalf, Answer::TenMinutes, Answer::AnHour];
/// The same of how far they lie ahead.
const LEADS: [i64; 2] = [30, 240];
const LEAD_ANSWERS: [Answer; 3] = [Answer::Refused, Answer::HalfAMinute, Answer::FourMinutes];
/// What another sign-in says that somebody is called.
const OTHER_NAMES: [&str; 2] = ["Renamed", "Since"];

pub(super) async fn refusal(stage: &Stage<'_>) -> Result<Finding, Failure> {
    Ok(match forged(stage).await? {
        Opened::Refused(added) => {
            Finding::noted(Answer::ToErrorUrl, format!("with the parameters {}", added.join(", ")))
        }
        Opened::In => Answer::Elsewhere.into(),
        Opened::Unclear(note) => Finding::noted(Answer::Elsewhere, note),
    })
}

async fn forged(stage: &Stage<'_>) -> Result<Opened, Failure> {
    let (email, id, jti) = (stage.address(1), Stage::new_id()?, random::token()?);
    let trial = Trial { is_forged: true, ..Trial::now(named(&email, NAMES), &id, &jti, stage.now) };
    Ok(stage.open(&trial).await?.0)
}

const fn named<'a>(email: &'a str, [first_name, last_name]: [&'a str; 2]) -> [&'a str; 3] {
    [email, first_name, last_name]
}

/// Opens the address with a token, where a refused one can be told from one that is let in.
async fn sign_in(stage: &Stage<'_>, email: &str, id: &str) -> Result<Opened, Failure> {
    sign_in_as(stage, named(email, NAMES), id).await
}

async fn sign_in_as(stage: &Stage<'_>, names: [&str; 3], id: &str) -> Result<Opened, Failure> {
    if let Some(unclear) = untold(stage).await? {
        return Ok(unclear);
    }
    let jti = random::token()?;
    Ok(stage.open(&Trial::now(names, id, &jti, stage.now)).await?.0)
}

/// Why nothing can be said about tokens at this school, if that is so.
async fn untold(stage: &Stage<'_>) -> Result<Option<Opened>, Failure> {
    Ok(match forged(stage).await? {
        Opened::Refused(_) => None,
        Opened::In | Opened::Unclear(_) => {
            Some(Opened::Unclear("a refused token cannot be told from one that is accepted".to_owned()))
        }
    })
}

/// The answer if somebody is let in; if not, that they are refused.
fn let_in(opened: Opened, answer: Answer) -> Finding {
    match opened {
        Opened::In => answer.into(),
        Opened::Refused(_) => Answer::Refused.into(),
        Opened::Unclear(note) => Finding::unclear(note),
    }
}

pub(super) async fn new_address(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let (email, id) = (stage.address(1), Stage::new_id()?);
    let opened = sign_in(stage, &email, &id).await?;
    match stage.find(&email).await? {
        Some(user) => bound(stage, opened, user.id, &id).await,
        None if opened == Opened::In => Ok(Finding::unclear("accepted, and no account is there")),
        None => Ok(let_in(opened, Answer::Bound)),
    }
}

pub(super) async fn unbound_account(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let user = stage.make(1, None).await?;
    let (email, id) = (stage.address(1), Stage::new_id()?);
    let opened = sign_in(stage, &email, &id).await?;
    bound(stage, opened, user.id, &id).await
}

async fn bound(stage: &Stage<'_>, opened: Opened, user: u64, id: &str) -> Result<Finding, Failure> {
    let binding = stage.call(&get_binding(user)).await?.binding()?;
    Ok(match (opened, binding.as_deref()) {
        (Opened::In, Some(bound)) if bound == id => Answer::Bound.into(),
        (Opened::In, Some(_)) => Finding::unclear("bound to another id"),
        (Opened::Refused(_), Some(_)) => Finding::unclear("refused, and bound all the same"),
        (opened, _) => let_in(opened, Answer::Unbound),
    })
}

pub(super) async fn other_address(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let id = Stage::new_id()?;
    let user = stage.make(1, Some(&id)).await?;
    let other = stage.address(2);
    let opened = sign_in(stage, &other, &id).await?;
    if opened != Opened::In {
        return Ok(let_in(opened, Answer::Unchanged));
    }
    Ok(match stage.find(&other).await? {
        Some(found) if found.id == user.id => Answer::AddressChanged,
        Some(_) => Answer::AccountMade,
        None => Answer::Unchanged,
    }
    .into())
}

pub(super) async fn taken_address(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let id = Stage::new_id()?;
    stage.make(1, Some(&id)).await?;
    stage.make(2, None).await?;
    Ok(let_in(sign_in(stage, &stage.address(2), &id).await?, Answer::Accepted))
}

pub(super) async fn names(stage: &Stage<'_>) -> Result<Finding, Failure> {
    let id = Stage::new_id()?;
    let user = stage.make(1, Some(&id)).await?;
    let opened = sign_in_as(stage, named(&stage.address(1), OTHER_NAMES), &id).await?;
    match opened {
        Opened::In => {}
        Opened::Refused(_) => return Ok(Finding::unclear("a bound account was refused")),
        Opened::Unclear(note) => return Ok(Finding::unclear(note)),
    }
    let Names { first_name, last_name } = Names::read(&stage.call(&get_user(user.id)).await?)?;
    Ok(match [&*first_name, &*last_name] {
        NAMES => Answer::Kept.into(),
        OTHER_NAMES => Answer::Overwritten.into(),
        _ => Finding::unclear("one of the names is another"),
    })
}

/// Makes a bound account, and opens it by tokens of these times.
async fn timed(stage: &Stage<'_>, offsets: &[i64], answers: &[Answer]) -> Result<Finding, Failure> {
    if let Some(unclear) = untold(stage).await? {
        return Ok(let_in(unclear, Answer::Refused));
    }
    let (email, id) = (stage.address(1), Stage::new_id()?);
    stage.make(1, Some(&id)).await?;
    let mut tries = Tries::of(answers);
    for offset in offsets {
        let jti = random::token()?;
        let trial = Trial::now(named(&email, NAMES), &id, &jti, stage.now);
        let trial = Trial { iat: stage.now.as_second() + offset, exp: None, ..trial };
        if !tries.add(stage.open(&trial).await?.0) {
            break;
        }
    }
    Ok(tries.finding())
}

pub(super) async fn age(stage: &Stage<'_>) -> Result<Finding, Failure> {
    timed(stage, &AGES.map(|age| -age), &AGE_ANSWERS).await
}

pub(super) async fn ahead(stage: &Stage<'_>) -> Result<Finding, Failure> {
    timed(stage, &LEADS, &LEAD_ANSWERS).await
}

pub(super) async fn twice(stage: &Stage<'_>) -> Result<Finding, Failure> {
    if let Some(unclear) = untold(stage).await? {
        return Ok(let_in(unclear, Answer::Refused));
    }
    let (email, id, jti) = (stage.address(1), Stage::new_id()?, random::token()?);
    stage.make(1, Some(&id)).await?;
    let trial = Trial::now(named(&email, NAMES), &id, &jti, stage.now);
    match stage.open(&trial).await?.0 {
        Opened::In => Ok(let_in(stage.open(&trial).await?.0, Answer::Accepted)),
        Opened::Refused(_) => Ok(Finding::unclear("a bound account was refused")),
        Opened::Unclear(note) => Ok(Finding::unclear(note)),
    }
}

pub(super) async fn password_reset(stage: &Stage<'_>) -> Result<Finding, Failure> {
    if stage.courses_page(None).await? == 200 {
        return Ok(Finding::unclear("/enrollments is shown to everybody"));
    }
    let (email, id, jti) = (stage.address(1), Stage::new_id()?, random::token()?);
    let user = stage.make(1, Some(&id)).await?;
    let (_, cookies) = stage.open(&Trial::now(named(&email, NAMES), &id, &jti, stage.now)).await?;
    let before = stage.courses_page(Some(&cookies)).await?;
    if before != 200 {
        return Ok(Finding::unclear(format!("/enrollments answers HTTP {before} to somebody who is signed in")));
    }
    let password = UnknownPassword::from_bytes(random::bytes()?);
    stage.call(&reset_password(user.id, &password)).await?.updated()?;
    Ok(match stage.courses_page(Some(&cookies)).await? {
        200 => Answer::Kept.into(),
        300..=399 | 401 | 403 => Answer::Ended.into(),
        status => Finding::unclear(format!("/enrollments answers HTTP {status} afterwards")),
    })
}
