//! Who holds a role at the school.

use std::collections::BTreeMap;

use stoa_core::email::Email;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::email_key;
use stoa_core::ids::EmailKey;
use stoa_core::mirror::Privileged;
use stoa_core::thinkific::{ROLES, User, list_users_with_role};

use super::look::{Look, Stop};

/// Pages of the accounts with one role. A school with more has too many to be read by every launch.
const ROLE_PAGES: u32 = 8;

impl Look<'_> {
    /// The accounts that hold a role, role by role. All of them are read before any of them is written. They are few,
    /// and who must not get in is more pressing than who waits.
    pub(super) async fn roles(&mut self) -> Result<(), Stop> {
        let began = self.now().as_second();
        let mut holders: BTreeMap<u64, Privileged> = BTreeMap::new();
        for role in ROLES {
            for page in 1.. {
                if page > ROLE_PAGES {
                    let note = format!("more than {ROLE_PAGES} pages of accounts with the role {role}");
                    return Err(Failure::noted(Fault::ThinkificAnswerStrange, &note).into());
                }
                let listed = self.call(&list_users_with_role(role, page), 0).await?.listed_users()?;
                for user in &listed.items {
                    // The filter is believed as little as any other: the account says which roles it has.
                    if !user.roles.is_empty() {
                        holders.insert(user.id, self.privileged(user));
                    }
                }
                if !listed.has_more {
                    break;
                }
            }
        }
        // A role that the API cannot be asked for was seen at the last look at everybody.
        let others = self.mirror.privileged.iter().filter(|it| it.roles.iter().any(|role| !is_known(role)));
        for other in others.cloned().collect::<Vec<_>>() {
            holders.entry(other.user).or_insert(other);
        }
        self.mirror.privileged = holders.into_values().collect();
        self.mirror.roles_at = Some(began);
        self.write().await
    }

    fn privileged(&self, user: &User) -> Privileged {
        Privileged { user: user.id, email: self.key_of(&user.email), roles: user.roles.iter().cloned().collect() }
    }

    fn key_of(&self, address: &str) -> Option<EmailKey> {
        Email::parse(address).ok().map(|email| email_key(self.id, &email, &self.pepper))
    }
}

pub(super) fn is_known(role: &str) -> bool {
    ROLES.contains(&role)
}
