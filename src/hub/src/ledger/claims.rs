//! Claims and the sealed parts they are made of.

use super::{DecisionKind, LedgerError, SealedNote};
use bilik_claim::filing::{Manifest, Receipt, Signed};
use bilik_claim::ids::{BoothId, ClaimId, Digest, OfficerId, SessionId, TrackingCode, WallTime};
use bilik_claim::sentence::Code;
use bilik_claim::wire::Decision;

/// Parts that no claim needs are dropped after this long: 30 days. A booth that was away longer sends them again.
pub const ORPHAN_MS: i64 = 30 * 24 * 3600 * 1000;
/// A booth may have this many parts here that belong to no claim yet; one more drops the oldest, which is asked for again
/// if it is needed. A booth sends the parts of one claim (at most 32) and commits it, so this is several claims' worth,
/// and at most 1 GiB.
pub const MAX_ORPHANS: u32 = 128;
/// A booth may have rated this many claims that are not here; one more drops the oldest.
pub const MAX_EARLY_RATINGS: u32 = 1000;

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutPart {
    Stored,
    /// It was here already.
    Known,
    /// What was here under its name had gone bad and is replaced.
    Mended,
}

pub trait Parts {
    /// Keeps a part under the digest of its bytes. Drops the oldest of the booth's parts that no claim needs, if they are
    /// [`MAX_ORPHANS`].
    fn put_part(&self, booth: BoothId, digest: Digest, bytes: &[u8], now: WallTime) -> Result<PutPart, LedgerError>;

    /// The length of each part, where the booth has sent it.
    fn part_sizes(&self, booth: BoothId, digests: &[Digest]) -> Result<Vec<Option<u64>>, LedgerError>;

    fn part(&self, booth: BoothId, digest: Digest) -> Result<Option<Vec<u8>>, LedgerError>;

    /// Drops parts that came before this moment and belong to no claim, and notes about claims that never came. How many
    /// parts.
    fn drop_orphans(&self, before: WallTime) -> Result<usize, LedgerError>;
}

/// A claim that has passed every test and only has to be kept.
pub struct NewClaim {
    pub signed: Signed<Manifest>,
    pub manifest: Manifest,
}

/// The outcome of keeping a claim.
#[derive(Debug)]
pub enum Commit {
    /// Now or earlier, with the one receipt of this claim.
    Kept { receipt: Signed<Receipt>, new: bool },
    /// Another manifest has this claim's id.
    Conflict,
}

/// A claim in the ledger.
#[derive(Clone, Debug)]
pub struct ClaimRow {
    pub sequence: u64,
    pub manifest: Manifest,
    pub booth_name: String,
    pub received_at: WallTime,
    /// The manifest says *verified*, and the ledger has that officer's decision in that session of that booth, which
    /// vouches for no other claim.
    pub vouched: bool,
    /// A supervisor has taken that word back: the claim is decided anew, as if nobody had vouched for it.
    pub reopened: bool,
    pub decision: Option<ClaimDecision>,
}

impl ClaimRow {
    /// Whether the word that an officer gave in the call still stands.
    pub fn is_verified_in_call(&self) -> bool {
        self.vouched && !self.reopened
    }
}

/// What an officer decided after phoning the participant.
#[derive(Clone, Debug)]
pub struct ClaimDecision {
    pub officer: OfficerId,
    pub at: WallTime,
    pub decision: Decision,
}

/// What an officer decided in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDecision {
    pub session: SessionId,
    /// The session's booth. None if it was gone by then: such a decision vouches for nothing.
    pub booth: Option<BoothId>,
    pub officer: OfficerId,
    pub decision: DecisionKind,
    /// Why it is returned.
    pub reasons: Vec<Code>,
    /// What the officer notes for colleagues, about a claim that is verified.
    pub note: Option<SealedNote>,
}

/// Somebody wants to decide a claim anew.
#[derive(Clone, Debug)]
pub struct Reopening {
    pub officer: OfficerId,
    /// Whether this officer is a supervisor.
    pub oversees: bool,
    /// Why.
    pub note: Option<SealedNote>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReopenClaim {
    Done,
    Unknown,
    /// Nobody has decided it, or it is open again already.
    Open,
    /// It was verified: only a supervisor opens it again, and says why.
    NotSo,
}

/// What came of deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecideClaim {
    Done,
    Unknown,
    /// An officer has decided it before, here or in the call.
    Already,
}

/// Counts for the bar on top of the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub claims_today: u32,
    pub unverified: u32,
}

pub trait Claims {
    /// The receipt of a claim and the digest of its manifest, if it is here.
    fn receipt(&self, claim: ClaimId) -> Result<Option<(Digest, Signed<Receipt>)>, LedgerError>;

    /// Keeps claim, receipt and audit entry in one transaction. `sign` makes the receipt once the ledger's sequence
    /// number is known. Never keeps a second manifest for one claim id, whatever happened in between.
    fn commit_claim(
        &self,
        claim: &NewClaim,
        now: WallTime,
        sign: &dyn Fn(u64) -> Option<Signed<Receipt>>,
    ) -> Result<Commit, LedgerError>;

    /// Records that a manifest was refused, and drops those of its parts that no claim needs. `claim` is its id, if the
    /// booth has signed it.
    fn refuse_claim(
        &self,
        booth: BoothId,
        manifest: Digest,
        claim: Option<ClaimId>,
        parts: &[Digest],
        now: WallTime,
    ) -> Result<(), LedgerError>;

    fn claim(&self, claim: ClaimId) -> Result<Option<ClaimRow>, LedgerError>;

    /// The newest first, below `before`; `unverified`: only those that no officer has decided.
    fn claims(&self, unverified: bool, before: Option<u64>, limit: u32) -> Result<Vec<ClaimRow>, LedgerError>;

    /// Highest sequence of a claim; 0: there is none.
    fn claims_kept(&self) -> Result<u64, LedgerError>;

    /// How many claims are sealed to each age recipient.
    fn claims_by_recipient(&self) -> Result<Vec<(String, u64)>, LedgerError>;

    /// Lets a claim be decided anew, by phone. One that was returned, any officer opens again: it goes nowhere by itself.
    /// One that was verified, in the call or on the phone, is on its way to be paid within five working days (Permenaker
    /// 4/2022), and a mistake in it has to be stopped; but undoing what a colleague vouched for is no officer's own affair.
    /// So that takes a supervisor and a note that says why.
    fn reopen_claim(&self, claim: ClaimId, by: &Reopening, now: WallTime) -> Result<ReopenClaim, LedgerError>;

    /// The claim with this tracking code; if chance gave it to several, the newest.
    fn claim_by_code(&self, code: &TrackingCode) -> Result<Option<ClaimRow>, LedgerError>;

    fn decide_claim(
        &self,
        claim: ClaimId,
        decision: &ClaimDecision,
        note: Option<&SealedNote>,
    ) -> Result<DecideClaim, LedgerError>;

    /// Remembers what an officer decided in the call of a session, with its audit entry.
    fn decide_session(&self, decision: &SessionDecision, now: WallTime) -> Result<(), LedgerError>;

    /// Keeps what a participant thought of the booth; said again, the last word counts. A claim is rated by its own booth
    /// only, also when the rating comes before the claim.
    fn rate_claim(&self, claim: ClaimId, booth: BoothId, rating: u8, now: WallTime) -> Result<(), LedgerError>;

    fn figures(&self, day_start: WallTime) -> Result<Figures, LedgerError>;
}
