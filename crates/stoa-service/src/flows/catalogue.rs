//! The courses and groups of a school, as it lists them now.

use jiff::Timestamp;
use stoa_core::connection::School;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::SchoolId;
use stoa_core::keys::Key;
use stoa_core::routes::SecretKind;
use stoa_core::thinkific::{ApiAnswer, ApiRequest, Page, find_courses, find_groups};

use crate::api;
use crate::clients::Clients;
use crate::operator::question::Catalogue;
use crate::secrets::Named;

/// The most pages of a list that are read, of 250 each: a school's minute has 120 calls.
const MAX_PAGES: u32 = 8;

/// Reads both lists.
pub(super) async fn catalogue(clients: &Clients, id: &SchoolId, now: Timestamp) -> Result<Catalogue, Failure> {
    let school = clients.store.school_if_known(id).await?;
    let school = school.ok_or_else(|| Failure::noted(Fault::SchoolUnknown, id.as_str()))?;
    let keys = clients.secrets.of(&Named::of(SecretKind::Thinkific, id), school.key_version, None, now).await?;
    let lists = Lists { clients, school: &school, key: keys.current(now) };
    let (courses, more_courses) = lists.all(find_courses, ApiAnswer::courses).await?;
    let (groups, more_groups) = lists.all(find_groups, ApiAnswer::groups).await?;
    let groups = groups.into_iter().map(|group| group.name).collect();
    Ok(Catalogue { courses, groups, is_whole: !more_courses && !more_groups })
}

struct Lists<'a> {
    clients: &'a Clients,
    school: &'a School,
    key: &'a Key,
}

impl Lists<'_> {
    /// The items of a list, and whether there are more than are read.
    async fn all<T>(
        &self,
        page: fn(u32) -> ApiRequest,
        items: fn(&ApiAnswer) -> Result<Page<T>, Failure>,
    ) -> Result<(Vec<T>, bool), Failure> {
        let mut all = Vec::new();
        for number in 1..=MAX_PAGES {
            let answer = api::call(&self.clients.outbound, self.school, self.key, &page(number), api::TIMEOUT).await?;
            let page = items(&answer)?;
            all.extend(page.items);
            if !page.has_more {
                return Ok((all, false));
            }
        }
        Ok((all, true))
    }
}
