//! Opens what booths have sealed, and seals what officers note about it. The only place where a claim becomes readable.

use crate::ledger::{NoteOn, NoteRow, SealedNote};
use age::Decryptor;
use age::x25519::{Identity, Recipient};
use bilik_claim::filing::MAX_PART;
use bilik_claim::ids::WallTime;
use bilik_claim::personal::{Personal, PersonalBytes};
use serde::Serialize;
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

    /// For words of the office about a participant.
    pub fn sealer(&self) -> Sealer {
        Sealer(self.recipient())
    }

    pub fn read_note(&self, note: NoteRow) -> OpenedNote {
        let clear = self.open(&note.sealed.bytes).ok();
        let text = clear.and_then(|clear| std::str::from_utf8(clear.reveal()).ok().map(Personal::new));
        OpenedNote { officer: note.name.unwrap_or_default(), at: note.at, on: note.on, text }
    }

    fn all(&self) -> impl Iterator<Item = &Identity> {
        std::iter::once(&self.present).chain(&self.replaced)
    }
}

/// A note in clear.
#[derive(Serialize)]
pub struct OpenedNote {
    /// Who wrote it. Empty where the account is gone.
    pub officer: String,
    pub at: WallTime,
    pub on: NoteOn,
    /// None where its key is gone, or where it is damaged.
    pub text: Option<Personal>,
}

/// Seals to the hub's own present key; opens nothing.
#[derive(Clone)]
pub struct Sealer(Recipient);

impl Sealer {
    /// None if the system has no randomness to give, which is logged: a decision does not wait for its note.
    pub fn note(&self, words: &Personal) -> Option<SealedNote> {
        let sealed = age::encrypt(&self.0, words.reveal().as_bytes());
        sealed
            .inspect_err(|error| tracing::error!(%error, "a note cannot be sealed, and is lost"))
            .ok()
            .map(|bytes| SealedNote { recipient: self.0.to_string(), bytes })
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
    use bilik_claim::ids::OfficerId;
    use uuid::Uuid;

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
    fn a_note_is_read_with_its_key_alone() {
        let (mine, other) = (Identity::generate(), Identity::generate());
        let identities = Identities::new(mine.clone(), vec![]);
        let note = identities.sealer().note(&Personal::new("Ibu Specimen, loket 2")).unwrap();
        assert!(!note.bytes.windows(8).any(|window| window == b"Specimen"));
        assert_eq!(note.recipient, mine.to_public().to_string());
        let read = |identities: &Identities| {
            let (officer, at) = (OfficerId(Uuid::from_u128(1)), WallTime(0));
            identities.read_note(NoteRow { officer, name: None, at, on: NoteOn::Verified, sealed: note.clone() }).text
        };
        assert_eq!(read(&identities), Some(Personal::new("Ibu Specimen, loket 2")));
        assert_eq!(read(&Identities::new(other.clone(), vec![])), None);
        assert_eq!(read(&Identities::new(other, vec![mine])).unwrap().reveal().len(), 21, "replaced since");
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
