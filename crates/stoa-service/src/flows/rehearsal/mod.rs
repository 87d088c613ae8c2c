//! One question of a rehearsal, asked of a school with people of our own, who are gone afterwards.
//!
//! Nobody is touched whose address is not to the letter one of [`TestDomain`](stoa_core::rehearsal::TestDomain)'s, and nobody who has a role.

mod admin;
mod stage;
mod tokens;

use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::SchoolId;
use stoa_core::rehearsal::{Finding, Question};
use stoa_core::routes::SecretKind;

use self::stage::Stage;
use crate::clients::Clients;
use crate::operator::question::{Rehearsed, Scene};
use crate::secrets::Named;

/// Asks the question, or only removes whom an earlier one has left. Whoever is made for it is removed even if it could
/// not be asked to the end.
pub(super) async fn rehearse(
    clients: &Clients,
    id: &SchoolId,
    scene: &Scene,
    now: Timestamp,
) -> Result<Rehearsed, Failure> {
    let school = clients.store.school_if_known(id).await?;
    let school = school.ok_or_else(|| Failure::noted(Fault::SchoolUnknown, id.as_str()))?;
    // Whoever asks has looked already; but deleting people is not left to the command.
    if clients.store.is_claimed(id, scene.domain.as_str()).await? {
        return Err(Failure::noted(Fault::EventStrange, "people sign in with addresses of this domain"));
    }
    let keys = clients.secrets.of(&Named::of(SecretKind::Thinkific, id), school.key_version, None, now).await?;
    let stage = Stage::new(clients, &school, keys.current(now), scene, now);
    let before = stage.clear().await?;
    if scene.only_clears {
        return Ok(Rehearsed { finding: None, calls: stage.calls(), removed: before });
    }
    let finding = Box::pin(ask(&stage, scene.question)).await;
    // What went wrong first is what is told, but for people who are left.
    let after = stage.clear().await;
    let (finding, after) = (finding?, after?);
    Ok(Rehearsed { finding: Some(finding), calls: stage.calls(), removed: before + after })
}

async fn ask(stage: &Stage<'_>, question: Question) -> Result<Finding, Failure> {
    match question {
        Question::Refusal => tokens::refusal(stage).await,
        Question::NewAddress => tokens::new_address(stage).await,
        Question::UnboundAccount => tokens::unbound_account(stage).await,
        Question::OtherAddress => tokens::other_address(stage).await,
        Question::TakenAddress => tokens::taken_address(stage).await,
        Question::Names => tokens::names(stage).await,
        Question::TokenAge => tokens::age(stage).await,
        Question::TokenAhead => tokens::ahead(stage).await,
        Question::TokenTwice => tokens::twice(stage).await,
        Question::Search => admin::search(stage).await,
        Question::SecondEnrollment => admin::second_enrollment(stage).await,
        Question::NullExpiry => admin::null_expiry(stage).await,
        Question::PastExpiry => admin::past_expiry(stage).await,
        Question::GroupRemoval => admin::group_removal(stage).await,
        Question::RateLimit => admin::rate_limit(stage).await,
        Question::WebhooksKey => admin::webhooks_key(stage).await,
        Question::PasswordReset => tokens::password_reset(stage).await,
    }
}
