//! Compares the ledger with the receipts that a booth has. Blocks; knows nothing of HTTP.
//!
//! | The ledger has of the claim | The booth | Answer |
//! |---|---|---|
//! | this manifest, of this booth, up to the last backup | | `safe` |
//! | the same, later than the last backup | | known: nothing is said |
//! | nothing | holds the sealed bytes | `missing`: it sends them again |
//! | nothing | has the receipt alone | `missing`, and recorded here: nobody has it |
//! | another manifest, or another booth's | | nothing is said; logged as a conflict |
//!
//! What counts is the place that a claim has in this ledger, not the one on the receipt: a ledger that was put back from a
//! backup gives numbers out again.

use crate::ledger::{Ledger, LedgerError, Place};
use bilik_claim::ids::{BoothId, ClaimId, WallTime};
use bilik_claim::reconcile::{ReceiptNote, Reconcile};

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    pub missing: Vec<ClaimId>,
    pub safe: Vec<ClaimId>,
    /// Of the missing ones, those whose sealed bytes the booth has no longer.
    pub gone: Vec<ReceiptNote>,
    pub conflicts: Vec<ClaimId>,
}

/// What the booth hears, and how many claims are newly known to be missing.
#[derive(Debug)]
pub struct Answer {
    pub compared: Compared,
    pub hold: bool,
    pub newly_missing: usize,
}

/// Compares, and records what nobody has any more.
pub fn reconcile(ledger: &dyn Ledger, booth: BoothId, told: &Reconcile, now: WallTime) -> Result<Answer, LedgerError> {
    let backups = ledger.backups()?;
    let claims: Vec<ClaimId> = told.receipts.iter().map(|note| note.claim).collect();
    let compared = compare(booth, &told.receipts, &ledger.places(&claims)?, backups.horizon);
    for claim in &compared.conflicts {
        tracing::error!(%booth, %claim, "a booth has a receipt for a claim that is another one here");
    }
    let newly_missing = if compared.gone.is_empty() { 0 } else { ledger.note_missing(booth, &compared.gone, now)? };
    if newly_missing > 0 {
        tracing::error!(%booth, newly_missing, "claims are missing here and at their booth: `bilik-hub claims --missing`");
    }
    Ok(Answer { compared, hold: backups.hold(now), newly_missing })
}

/// `places` in the order of the notes; `horizon`: up to this sequence claims lie in a backup.
fn compare(booth: BoothId, notes: &[ReceiptNote], places: &[Option<Place>], horizon: u64) -> Compared {
    let mut compared = Compared::default();
    for (note, place) in notes.iter().zip(places) {
        match place {
            Some(place) if (place.booth, place.manifest) != (booth, note.manifest) => {
                compared.conflicts.push(note.claim);
            }
            Some(place) if place.sequence <= horizon => compared.safe.push(note.claim),
            Some(_) => {}
            None => {
                compared.missing.push(note.claim);
                if !note.held {
                    compared.gone.push(note.clone());
                }
            }
        }
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Backups, HOLD_MS};
    use bilik_claim::ids::Digest;
    use uuid::Uuid;

    const BOOTH: BoothId = BoothId(Uuid::from_u128(1));
    const OTHER: BoothId = BoothId(Uuid::from_u128(2));

    #[test]
    fn each_receipt_has_its_answer() {
        let manifest = Digest::of(b"manifest");
        let note = |held| ReceiptNote { claim: ClaimId(Uuid::from_u128(7)), manifest, ledger_sequence: 99, held };
        let place = |booth, text: &[u8], sequence| Some(Place { booth, manifest: Digest::of(text), sequence });
        // Missing, safe, gone, in conflict.
        let check = |held: bool, place: Option<Place>, horizon: u64, expect: [bool; 4]| {
            let compared = compare(BOOTH, &[note(held)], &[place], horizon);
            let found = [
                !compared.missing.is_empty(),
                !compared.safe.is_empty(),
                !compared.gone.is_empty(),
                !compared.conflicts.is_empty(),
            ];
            assert_eq!(found, expect, "{held} {place:?} {horizon}");
        };
        for held in [true, false] {
            check(held, place(BOOTH, b"manifest", 5), 4, [false, false, false, false]);
            check(held, place(BOOTH, b"manifest", 5), 5, [false, true, false, false]);
            check(held, place(BOOTH, b"manifest", 5), 0, [false, false, false, false]);
            check(held, place(OTHER, b"manifest", 5), 5, [false, false, false, true]);
            check(held, place(BOOTH, b"other", 5), 5, [false, false, false, true]);
            // The number on the receipt lies in the backup; the claim does not.
            check(held, None, 99, [true, false, !held, false]);
        }
    }

    #[test]
    fn booths_hold_while_somebody_backs_the_hub_up() {
        let check = |last_begun: Option<i64>, finished: bool, now: i64, expect: bool| {
            let backups = Backups { last_begun: last_begun.map(WallTime), finished, horizon: 0 };
            assert_eq!(backups.hold(WallTime(now)), expect, "{backups:?} {now}");
        };
        check(None, false, 1, false);
        check(Some(0), true, HOLD_MS - 1, true);
        check(Some(0), true, HOLD_MS, false);
        // Put back from a copy, or never ended.
        check(Some(0), false, HOLD_MS * 9, true);
        // A clock that was set back.
        check(Some(HOLD_MS), true, 0, true);
    }
}
