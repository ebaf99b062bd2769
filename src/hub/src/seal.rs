//! Opens what booths have sealed. The only place where a claim becomes readable.

use age::Decryptor;
use age::x25519::{Identity, Recipient};
use bilik_claim::filing::MAX_PART;
use bilik_claim::personal::PersonalBytes;
use std::io::Read as _;
use thiserror::Error;
use zeroize::Zeroize as _;

#[derive(Debug, Error)]
pub enum OpenError {
    #[error("part is not sealed to this hub, or damaged")]
    Sealed,
    #[error("part is longer than {MAX_PART} bytes when opened")]
    TooLong,
}

/// The keys that open claims: the present one, which booths seal to, and those it has replaced.
pub struct Identities {
    present: Identity,
    replaced: Vec<Identity>,
}

impl Identities {
    pub fn new(present: Identity, replaced: Vec<Identity>) -> Self {
        Self { present, replaced }
    }

    /// What booths seal to from now on.
    pub fn recipient(&self) -> Recipient {
        self.present.to_public()
    }

    /// Whether what is sealed to this recipient can be opened.
    pub fn opens(&self, recipient: &str) -> bool {
        self.all().any(|identity| identity.to_public().to_string() == recipient)
    }

    /// Opens one part.
    pub fn open(&self, sealed: &[u8]) -> Result<PersonalBytes, OpenError> {
        open(self.all(), sealed)
    }

    fn all(&self) -> impl Iterator<Item = &Identity> {
        std::iter::once(&self.present).chain(&self.replaced)
    }
}

fn open<'a>(identities: impl Iterator<Item = &'a Identity>, sealed: &[u8]) -> Result<PersonalBytes, OpenError> {
    let decryptor = Decryptor::new_buffered(sealed).map_err(|_| OpenError::Sealed)?;
    let identities = identities.map(|identity| identity as &dyn age::Identity);
    let reader = decryptor.decrypt(identities).map_err(|_| OpenError::Sealed)?;
    // Sealed text is longer than the clear one, so this capacity is never grown and no copy is left behind.
    let mut clear = Vec::with_capacity(sealed.len());
    let read = reader.take(MAX_PART as u64 + 1).read_to_end(&mut clear);
    if read.is_err() {
        clear.zeroize();
        return Err(OpenError::Sealed);
    }
    let clear = PersonalBytes::new(clear);
    if clear.reveal().len() > MAX_PART { Err(OpenError::TooLong) } else { Ok(clear) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_identity_opens_undamaged_parts() {
        let alone = |identity: &Identity| Identities::new(identity.clone(), vec![]);
        let identity = Identity::generate();
        let sealed = age::encrypt(&identity.to_public(), b"synthetic part").unwrap();
        let right = alone(&identity);
        assert_eq!(right.open(&sealed).unwrap().reveal(), b"synthetic part");
        assert!(alone(&Identity::generate()).open(&sealed).is_err());
        assert!(right.open(b"not sealed at all").is_err());
        for place in [sealed.len() - 1, sealed.len() / 2] {
            let mut damaged = sealed.clone();
            damaged[place] ^= 1;
            assert!(right.open(&damaged).is_err(), "{place}");
        }
        assert!(right.open(&sealed[..sealed.len() - 1]).is_err());
    }

    #[test]
    fn what_was_sealed_to_a_replaced_key_opens() {
        let (present, replaced) = (Identity::generate(), Identity::generate());
        let identities = Identities::new(present.clone(), vec![Identity::generate(), replaced.clone()]);
        for identity in [&present, &replaced] {
            assert!(identities.opens(&identity.to_public().to_string()));
            let sealed = age::encrypt(&identity.to_public(), b"synthetic part").unwrap();
            assert_eq!(identities.open(&sealed).unwrap().reveal(), b"synthetic part");
        }
        assert!(!identities.opens(&Identity::generate().to_public().to_string()));
        assert_eq!(identities.recipient().to_string(), present.to_public().to_string());
    }
}
