//! What a school is asked to tell: looked at, and put right.

use jiff::Timestamp;
use stoa_core::connection::School;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::SchoolId;
use stoa_core::keys::Key;
use stoa_core::routes::SecretKind;
use stoa_core::thinkific::{ApiAnswer, WebhooksRequest, create_subscription, delete_subscription, list_subscriptions};
use stoa_core::webhook::{Step, Subscription, subscribe, target_url};

use crate::api;
use crate::clients::Clients;
use crate::secrets::Named;

/// The most pages of subscriptions that are read. Thinkific has about thirty topics.
const MAX_PAGES: usize = 10;

/// What there is and what there should be; with `write`, the one is made the other. Each change stands for itself: done
/// again, what is left is done.
pub(super) async fn webhook_subscriptions(
    clients: &Clients,
    id: &SchoolId,
    write: bool,
    now: Timestamp,
) -> Result<Vec<Step>, Failure> {
    let school = clients.store.school_if_known(id).await?;
    let school = school.ok_or_else(|| Failure::noted(Fault::SchoolUnknown, id.as_str()))?;
    let keys = clients.secrets.of(&Named::of(SecretKind::Thinkific, id), school.key_version, None, now).await?;
    let api = Webhooks { clients, school: &school, key: keys.current(now) };
    let target = target_url(&clients.environment.public_url, id);
    let steps = subscribe(api.all().await?, &target);
    if write {
        // First what is missing: in between, a topic is told twice, and not at all never.
        for step in &steps {
            if let Step::Create(topic) = step {
                api.call(&create_subscription(topic, &target)).await?.updated()?;
            }
        }
        for step in &steps {
            if let Step::Remove(own) = step {
                api.call(&delete_subscription(&own.id)).await?.updated()?;
            }
        }
    }
    Ok(steps)
}

struct Webhooks<'a> {
    clients: &'a Clients,
    school: &'a School,
    key: &'a Key,
}

impl Webhooks<'_> {
    async fn call(&self, request: &WebhooksRequest) -> Result<ApiAnswer, Failure> {
        api::call_webhooks(&self.clients.outbound, self.school, self.key, request).await
    }

    async fn all(&self) -> Result<Vec<Subscription>, Failure> {
        let (mut all, mut next) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let page = self.call(&list_subscriptions(next.as_deref())).await?.subscriptions()?;
            all.extend(page.items);
            next = page.next;
            if next.is_none() {
                return Ok(all);
            }
        }
        Err(Failure::noted(Fault::ThinkificAnswerStrange, "subscriptions without an end"))
    }
}
