//! From a finished claim to sealed parts.
//!
//! The clear form lives in memory only, in buffers of the right size from the start (a growing one would leave copies
//! behind) that are wiped when dropped.

use crate::error::JournalError;
use crate::seal::Sealer;
use bilik_claim::filing::{CLAIM_PART, MAX_PART, ManifestError, Part, SIGNATURE_PART, document_part};
use bilik_claim::ids::Digest;
use bilik_claim::session::claim::{ClaimRecord, FinishedClaim};
use std::io::{self, Write};
use zeroize::Zeroizing;

/// Sealed bytes of one claim, at most: eleven photographs of the largest size (no reason asks for more) with room for the
/// fields and the signature. The courier makes room for this ([`crate::Journal::make_room`]) before a session.
pub const MAX_CLAIM: u64 = 96 << 20;

/// One part, sealed, as it is stored and sent.
pub(crate) struct SealedPart {
    pub part: Part,
    pub sealed: Vec<u8>,
}

/// Seals every part of the claim: fields first, then documents in their order, then the signature.
pub(crate) fn pack(claim: &FinishedClaim, sealer: &Sealer) -> Result<Vec<SealedPart>, JournalError> {
    let id = claim.record.claim;
    let listed = claim.record.documents.iter().map(|d| d.kind);
    if !listed.eq(claim.photos.iter().map(|(kind, _)| *kind)) {
        let (photos, documents) = (claim.photos.len(), claim.record.documents.len());
        return Err(JournalError::Photos { claim: id, photos, documents });
    }

    let fields = clear_json(&claim.record)?;
    let mut clear: Vec<(String, &[u8])> = vec![(CLAIM_PART.to_owned(), &fields)];
    clear.extend(claim.photos.iter().map(|(kind, photo)| (document_part(*kind), photo.reveal())));
    clear.push((SIGNATURE_PART.to_owned(), claim.signature.reveal()));

    let mut parts = Vec::with_capacity(clear.len());
    let mut total = 0;
    for (name, bytes) in clear {
        // Sealing adds a little: what is too long already need not be sealed to know it.
        if bytes.len() > MAX_PART {
            let size = bytes.len() as u64;
            return Err(JournalError::Manifest { claim: id, source: ManifestError::PartSize { name, size } });
        }
        total += bytes.len() as u64;
        if total > MAX_CLAIM {
            return Err(JournalError::TooLarge { claim: id, size: total, max: MAX_CLAIM });
        }
        let sealed = sealer.seal(&name, bytes)?;
        let part = Part { name, digest: Digest::of(&sealed), size: sealed.len() as u64 };
        parts.push(SealedPart { part, sealed });
    }
    let size = parts.iter().map(|p| p.part.size).sum();
    if size > MAX_CLAIM {
        return Err(JournalError::TooLarge { claim: id, size, max: MAX_CLAIM });
    }
    Ok(parts)
}

fn clear_json(record: &ClaimRecord) -> Result<Zeroizing<Vec<u8>>, JournalError> {
    let encode = |source| JournalError::Encode { name: CLAIM_PART, source };
    let mut length = Length(0);
    serde_json::to_writer(&mut length, record).map_err(encode)?;
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *json, record).map_err(encode)?;
    Ok(json)
}

/// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Office, specimen};
    use bilik_claim::personal::PersonalBytes;
    use bilik_claim::reason::{COMMON_DOCUMENTS, REASONS};

    #[test]
    fn no_reason_outgrows_a_claim() {
        // Tax card and face come on top; of "any one of" a participant may bring all.
        let most = REASONS.iter().map(|r| r.documents.len() + r.any_one_of.len()).max().unwrap();
        let photos = COMMON_DOCUMENTS.len() + 2 + most;
        assert!((photos * MAX_PART) as u64 + MAX_PART as u64 <= MAX_CLAIM);
    }

    #[test]
    fn json_is_written_in_place() {
        let json = clear_json(&specimen(1).record).unwrap();
        assert_eq!(json.len(), json.capacity());
        assert_eq!(serde_json::from_slice::<ClaimRecord>(&json).unwrap(), specimen(1).record);
    }

    #[test]
    fn what_can_not_be_sent_is_not_kept() {
        let sealer = Sealer::new(&Office::new().recipient()).unwrap();
        let check = |change: &dyn Fn(&mut FinishedClaim), expect: &str| {
            let mut claim = specimen(1);
            change(&mut claim);
            let result = pack(&claim, &sealer).map(|parts| parts.len());
            assert!(format!("{result:?}").starts_with(expect), "{result:?} is not {expect}");
        };
        check(&|_| {}, "Ok(5)");
        check(&|c| drop(c.photos.pop()), "Err(Photos");
        check(&|c| c.photos.swap(0, 1), "Err(Photos");
        check(&|c| c.signature = PersonalBytes::new(vec![0; MAX_PART + 1]), "Err(Manifest");
    }
}
