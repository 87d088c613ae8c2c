//! To whom accounts are bound.

use stoa_core::ids::EmailKey;
use stoa_core::mirror::{Bound, MirroredAccount};
use stoa_core::thinkific::get_binding;

use super::look::{Look, Stop};

impl Look<'_> {
    /// Asks to what accounts are bound of which nobody knows, page by page.
    pub(super) async fn bindings(&mut self) -> Result<(), Stop> {
        while self.mirror.found.unasked > 0 {
            let number = self.mirror.binding.max(1);
            let Some(mut page) = self.clients.store.mirrored_page(self.id, self.mirror.side, number).await? else {
                self.mirror.found.unasked = 0;
                return self.write().await;
            };
            let mut stop = None;
            for user in page.users.iter_mut().filter(|user| !user.is_asked) {
                let Some(email) = &user.email else { continue };
                match self.binding(email, user.user).await {
                    Ok(()) => {
                        user.is_asked = true;
                        self.mirror.found.unasked = self.mirror.found.unasked.saturating_sub(1);
                    }
                    Err(why) => {
                        stop = Some(why);
                        break;
                    }
                }
            }
            self.clients.store.put_mirrored_page(self.id, self.mirror.side, &page).await?;
            if stop.is_none() {
                self.mirror.binding = number + 1;
            }
            self.write().await?;
            if let Some(why) = stop {
                return Err(why);
            }
        }
        Ok(())
    }

    async fn binding(&mut self, email: &EmailKey, user: u64) -> Result<(), Stop> {
        let kept = self.kept().await?;
        let external_id = self.call(&get_binding(user), kept).await?.binding()?;
        let bound = Bound::of(self.id, external_id.as_deref(), &self.pepper);
        let stored = self.clients.store.mirrored_accounts(std::slice::from_ref(email)).await?.remove(email);
        // The address may be another account's by now.
        let Some(before) = stored.filter(|before| before.user == user) else { return Ok(()) };
        let account = MirroredAccount { bound: Some(bound), seen: self.now().as_second(), ..before };
        self.write_accounts(vec![(email.clone(), account)]).await
    }
}
