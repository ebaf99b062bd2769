//! What is compared with booths' receipts, and which copies of the ledger there are.

use super::LedgerError;
use bilik_claim::ids::{BoothId, ClaimId, Digest, WallTime};
use bilik_claim::reconcile::ReceiptNote;

/// A booth may have reported this many missing claims; more are only logged. More than it has receipts of, so a booth
/// that makes claims up fills nobody's disk.
pub const MAX_MISSING: u32 = 10_000;
/// Booths hold their claims for this long after a backup was begun: 7 days.
pub const HOLD_MS: i64 = 7 * 24 * 3600 * 1000;

/// Where a claim stands in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub booth: BoothId,
    /// Of the manifest's body.
    pub manifest: Digest,
    pub sequence: u64,
}

/// A claim that a booth has a receipt of, and that nobody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingClaim {
    pub claim: ClaimId,
    pub booth: BoothId,
    pub booth_name: String,
    /// That the receipt tells. Another claim may have that number by now.
    pub ledger_sequence: u64,
    pub reported_at: WallTime,
}

/// The copies of the ledger, as far as it knows of them itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backups {
    pub last_begun: Option<WallTime>,
    /// The last one is whole. If not, it failed or was never ended; or this is the very copy, put back in place.
    pub finished: bool,
    /// Claims up to this sequence lie in a whole copy; 0: none does.
    pub horizon: u64,
}

impl Backups {
    /// Whether booths have to hold what they have a receipt of. A copy that has been put back says so until it has been
    /// backed up itself: the booths may have more than it.
    pub fn hold(&self, now: WallTime) -> bool {
        self.last_begun.is_some_and(|begun| !self.finished || now.0.saturating_sub(begun.0) < HOLD_MS)
    }
}

pub trait Reconciliation {
    /// In the order of the ids.
    fn places(&self, claims: &[ClaimId]) -> Result<Vec<Option<Place>>, LedgerError>;

    /// Records each of these claims that is neither here nor recorded yet, with an audit entry. How many.
    fn note_missing(&self, booth: BoothId, notes: &[ReceiptNote], now: WallTime) -> Result<usize, LedgerError>;

    /// Those that have not come back, the longest known first.
    fn missing(&self) -> Result<Vec<MissingClaim>, LedgerError>;

    fn count_missing(&self) -> Result<u32, LedgerError>;

    /// To be told before the copy is made. The number of the backup.
    fn begin_backup(&self, now: WallTime) -> Result<i64, LedgerError>;

    /// The copy is whole and on its disk; `horizon` is the highest sequence that was read back from it.
    fn finish_backup(&self, backup: i64, horizon: u64, now: WallTime) -> Result<(), LedgerError>;

    fn backups(&self) -> Result<Backups, LedgerError>;
}
