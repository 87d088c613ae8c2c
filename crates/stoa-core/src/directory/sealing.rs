//! How a profile is kept: encrypted, so that whoever reads the table learns nobody's name.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use stoa_scim::{Profile, ResourceType};

use super::item::Sealed;
use crate::keys::{KeySet, SealBroken, directory_key, seal, unseal};

/// Seals and opens profiles with the secret `directory`: AES-256-GCM, with a key of its own for each sealing. That is
/// derived from the secret and 16 random bytes, so that no key seals two things and the nonce may be constant.
///
/// A seal opens only for the resource and the version that it was made for: nobody who can write to the table gives one
/// person the profile of another, or an earlier one.
#[derive(Clone, Copy)]
pub struct Sealing<'a> {
    keys: &'a KeySet,
}

impl<'a> Sealing<'a> {
    /// With the keys of the secret.
    pub const fn new(keys: &'a KeySet) -> Self {
        Self { keys }
    }

    /// Seals a profile. `of` is the partition key of its item.
    pub fn seal(
        &self,
        profile: &Profile,
        of: (&str, u64),
        random: [u8; 16],
        now: Timestamp,
    ) -> Result<Sealed, SealBroken> {
        self.seal_text(&profile.to_json(), of, random, now)
    }

    /// Seals a text that is no profile, such as the name of a customer's file.
    pub fn seal_text(
        &self,
        text: &str,
        of: (&str, u64),
        random: [u8; 16],
        now: Timestamp,
    ) -> Result<Sealed, SealBroken> {
        let key = self.keys.current(now);
        let sealed = seal(&directory_key(&random, key), &context(of), text.as_bytes().to_vec())?;
        let text = URL_SAFE_NO_PAD.encode([&random[..], &sealed].concat());
        Ok(Sealed { key: key.id.clone(), text })
    }

    /// Opens what was sealed.
    pub fn open(&self, sealed: &Sealed, of: (&str, u64), resource: ResourceType) -> Result<Profile, SealBroken> {
        Profile::from_stored(resource, &self.opened(sealed, of)?).map_err(|_| SealBroken)
    }

    /// Opens a text that is no profile.
    pub fn open_text(&self, sealed: &Sealed, of: (&str, u64)) -> Result<String, SealBroken> {
        String::from_utf8(self.opened(sealed, of)?).map_err(|_| SealBroken)
    }

    fn opened(&self, sealed: &Sealed, of: (&str, u64)) -> Result<Vec<u8>, SealBroken> {
        let key = self.keys.all().iter().find(|key| key.id == sealed.key).ok_or(SealBroken)?;
        let bytes = URL_SAFE_NO_PAD.decode(&sealed.text).map_err(|_| SealBroken)?;
        let (random, ciphertext) = bytes.split_first_chunk::<16>().ok_or(SealBroken)?;
        unseal(&directory_key(random, key), &context(of), ciphertext.to_vec())
    }
}

fn context((pk, version): (&str, u64)) -> Vec<u8> {
    format!("{pk}\0{version}").into_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn keys(ids: &[&str]) -> KeySet {
        let keys: Vec<_> = ids
            .iter()
            .enumerate()
            .map(|(at, id)| format!(r#"{{"id":"{id}","from":{at},"value":"secret of {id}"}}"#))
            .collect();
        KeySet::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(","))).unwrap()
    }

    fn ada() -> Profile {
        Profile::create(ResourceType::User, br#"{"userName":"ada@needle.test"}"#).unwrap().profile
    }

    #[test]
    fn a_profile_opens_for_its_own_item_and_version_only() {
        let (keys, now) = (keys(&["1"]), Timestamp::from_second(100).unwrap());
        let sealing = Sealing::new(&keys);
        let sealed = sealing.seal(&ada(), ("ada", 3), [9; 16], now).unwrap();
        assert!(!sealed.text.contains("needle") && !format!("{sealed:?}").contains(&sealed.text));
        let open = |of| sealing.open(&sealed, of, ResourceType::User);
        assert_eq!(open(("ada", 3)).unwrap(), ada());
        assert!(open(("ada", 2)).is_err() && open(("bob", 3)).is_err());
        let mut changed = sealed.clone();
        changed.text.replace_range(30..31, if &changed.text[30..31] == "A" { "B" } else { "A" });
        assert!(sealing.open(&changed, ("ada", 3), ResourceType::User).is_err());
        let other = sealing.seal(&ada(), ("ada", 3), [8; 16], now).unwrap();
        assert_ne!(other.text, sealed.text);
    }

    #[test]
    fn what_an_earlier_key_sealed_opens_while_the_key_is_kept() {
        let now = Timestamp::from_second(100).unwrap();
        let (before, both, after) = (keys(&["1"]), keys(&["1", "2"]), keys(&["2"]));
        let sealed = Sealing::new(&before).seal(&ada(), ("u", 1), [9; 16], now).unwrap();
        assert_eq!(Sealing::new(&both).open(&sealed, ("u", 1), ResourceType::User).unwrap(), ada());
        assert!(Sealing::new(&after).open(&sealed, ("u", 1), ResourceType::User).is_err());
        let again = Sealing::new(&both).seal(&ada(), ("u", 2), [7; 16], now).unwrap();
        assert_eq!(again.key, "2");
    }
}
