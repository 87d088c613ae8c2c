//! Who has an account at the school, page by page.

use std::collections::{BTreeSet, HashMap, HashSet};

use stoa_core::email::Email;
use stoa_core::identity::email_key;
use stoa_core::ids::EmailKey;
use stoa_core::mirror::{Found, MirroredAccount, Privileged, Run};
use stoa_core::thinkific::{User, list_users};

use super::look::{Look, Stop};
use super::roles::is_known;
use crate::store::{MirroredPage, MirroredUser};

impl Look<'_> {
    /// All accounts, page by page. Only what has changed is written.
    pub(super) async fn accounts(&mut self) -> Result<(), Stop> {
        loop {
            let run = match self.mirror.run.take() {
                Some(run) if run.domains == self.domains => run,
                Some(_) | None => Run {
                    began: self.now().as_second(),
                    page: 1,
                    pages: 0,
                    domains: self.domains.clone(),
                    found: Found::default(),
                },
            };
            let kept = self.kept().await?;
            let listed = self.call(&list_users(run.page), kept).await?.listed_users()?;
            let (page, found) = self.page(&run, &listed.items).await?;
            self.clients.store.put_mirrored_page(self.id, self.side(), &page).await?;
            let found = Found {
                accounts: run.found.accounts + found.accounts,
                claimed: run.found.claimed + found.claimed,
                unasked: run.found.unasked + found.unasked,
            };
            if !listed.has_more {
                return self.finish(Run { found, ..run }).await;
            }
            self.mirror.run = Some(Run { page: run.page + 1, pages: listed.pages, found, ..run });
            self.write().await?;
        }
    }

    /// The side that the look under way writes its pages on.
    const fn side(&self) -> u8 {
        1 - self.mirror.side
    }

    async fn page(&mut self, run: &Run, users: &[User]) -> Result<(MirroredPage, Found), Stop> {
        let now = self.now().as_second();
        let keyed: Vec<(&User, Option<EmailKey>)> = users.iter().map(|user| (user, self.claimed(run, user))).collect();
        let emails: Vec<EmailKey> = keyed.iter().filter_map(|(_, key)| key.clone()).collect();
        let emails: Vec<EmailKey> = emails.into_iter().collect::<HashSet<_>>().into_iter().collect();
        let stored = self.clients.store.mirrored_accounts(&emails).await?;
        let mut found = Found { accounts: users.len() as u64, ..Found::default() };
        let (mut changed, mut seen): (Vec<(EmailKey, MirroredAccount)>, Vec<MirroredUser>) = (Vec::new(), Vec::new());
        for (user, email) in keyed {
            let roles: BTreeSet<String> = user.roles.iter().cloned().collect();
            let before = email.as_ref().and_then(|email| stored.get(email)).filter(|before| before.user == user.id);
            let is_asked = before.is_some_and(|before| before.bound.is_some());
            let several = before.is_some_and(|before| before.several);
            if let (Some(email), None) = (&email, before) {
                let account = MirroredAccount { user: user.id, bound: None, seen: now, several: false };
                changed.push((email.clone(), account));
            }
            found.claimed += u64::from(email.is_some());
            found.unasked += u64::from(email.is_some() && !is_asked);
            if email.is_some() || !roles.is_empty() {
                seen.push(MirroredUser { user: user.id, email, is_asked, several, roles });
            }
        }
        self.write_accounts(changed).await?;
        Ok((MirroredPage { page: run.page, began: run.began, users: seen }, found))
    }

    /// The key of an account's address, where that is of a domain that connections claim.
    fn claimed(&self, run: &Run, user: &User) -> Option<EmailKey> {
        let email = Email::parse(&user.email).ok().filter(|email| run.domains.contains(email.domain()))?;
        Some(email_key(self.id, &email, &self.pepper))
    }

    /// The end of a look: what it has not seen any more is forgotten, and what shares an address is marked.
    async fn finish(&mut self, run: Run) -> Result<(), Stop> {
        let (store, now) = (&self.clients.store, self.now().as_second());
        let pages = store.mirrored_pages(self.id, self.side()).await?;
        let before = store.mirrored_pages(self.id, self.mirror.side).await?;
        let (own, left): (Vec<_>, Vec<_>) = pages.into_iter().partition(|page| page.began == run.began);
        let mut holders: HashMap<&EmailKey, Vec<&MirroredUser>> = HashMap::new();
        for user in own.iter().flat_map(|page| &page.users) {
            if let Some(email) = &user.email {
                holders.entry(email).or_default().push(user);
            }
        }
        let gone =
            before.iter().flat_map(|page| &page.users).filter_map(|user| Some((user.email.as_ref()?, user.user)));
        for (email, user) in gone {
            let is_there = holders.get(email).is_some_and(|users| users.iter().any(|it| it.user == user));
            if !is_there {
                store.forget_account(email, user).await?;
            }
        }
        let mut changed = Vec::new();
        for (email, users) in &holders {
            let several = users.iter().map(|user| user.user).collect::<BTreeSet<_>>().len() > 1;
            if several || users.iter().any(|user| user.several) {
                let user = users.iter().map(|user| user.user).min().unwrap_or_default();
                changed.push(((*email).clone(), MirroredAccount { user, bound: None, seen: now, several }));
            }
        }
        let others: Vec<Privileged> = own
            .iter()
            .flat_map(|page| &page.users)
            .filter(|user| user.roles.iter().any(|role| !is_known(role)))
            .map(|user| Privileged { user: user.user, email: user.email.clone(), roles: user.roles.clone() })
            .collect();
        let left: Vec<u32> = left.iter().map(|page| page.page).collect();
        let (pages_before, side) = (before.iter().map(|page| page.page).collect::<Vec<_>>(), self.side());
        self.write_accounts(changed).await?;
        self.mirror.privileged.retain(|it| it.roles.iter().all(|role| is_known(role)));
        self.mirror.privileged.extend(others);
        self.mirror.mirrored_at = Some(run.began);
        self.mirror.domains = run.domains;
        self.mirror.found = run.found;
        self.mirror.run = None;
        self.mirror.binding = 1;
        let old = std::mem::replace(&mut self.mirror.side, side);
        self.write().await?;
        for page in left {
            self.clients.store.delete_mirrored_page(self.id, side, page).await?;
        }
        for page in pages_before {
            self.clients.store.delete_mirrored_page(self.id, old, page).await?;
        }
        Ok(())
    }
}
