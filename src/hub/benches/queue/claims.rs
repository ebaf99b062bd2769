//! Claims of nobody.

use bilik_claim::document::DocumentKind;
use bilik_claim::filing::{FORMAT, Standing};
use bilik_claim::ids::{BoothId, ClaimId, Digest, SessionId, TrackingCode, WallTime};
use bilik_claim::personal::{Personal, PersonalBytes};
use bilik_claim::reason::Reason;
use bilik_claim::session::claim::{ClaimRecord, Consent, DocumentRecord, Entry, EntrySource, FinishedClaim};
use bilik_claim::session::item::Field;
use bilik_claim::text::Language;
use std::iter::repeat_n;
use uuid::Uuid;

pub const NOW: WallTime = WallTime(0);

/// A claim with its photographs and its signature, of so many bytes each; its fields are about 2 KB.
pub fn specimen(number: u128, booth: BoothId, photos: &[usize], signature: usize) -> FinishedClaim {
    let (claim, session) = (ClaimId(Uuid::from_u128(number)), SessionId(Uuid::from_u128(number)));
    let photos: Vec<(DocumentKind, PersonalBytes)> =
        DocumentKind::ALL.iter().zip(photos).map(|(kind, size)| (*kind, bytes(*size))).collect();
    let entry = |field: &Field| Entry {
        field: *field,
        value: Personal::new("SPECIMEN"),
        source: EntrySource::Typed,
        doubts: Vec::new(),
    };
    let document = |(kind, photo): &(DocumentKind, PersonalBytes)| DocumentRecord {
        kind: *kind,
        digest: Digest::of(photo.reveal()),
        size: photo.reveal().len() as u64,
    };
    let record = ClaimRecord {
        format: FORMAT,
        claim,
        tracking: TrackingCode::of(claim),
        booth,
        session,
        language: Language::Id,
        consent: Consent { version: 1, language: Language::Id, given_at: NOW },
        reason: Reason::Resigned,
        entries: Field::ALL.iter().filter(|field| **field != Field::Reason).map(entry).collect(),
        documents: photos.iter().map(document).collect(),
        standing: Standing::Unverified { session },
        signed_at: NOW,
    };
    FinishedClaim { record, photos, signature: bytes(signature) }
}

fn bytes(size: usize) -> PersonalBytes {
    PersonalBytes::new(repeat_n(b"SPECIMEN", size.div_ceil(8)).flatten().copied().take(size).collect())
}
