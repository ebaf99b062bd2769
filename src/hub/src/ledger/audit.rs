//! The audit trail: who did what to which claim, in ids, each entry bound to the one before ([`bilik_claim::audit`]).

use super::LedgerError;
use super::VisitOutcome;
use bilik_claim::audit::{AuditEntry, AuditHead, AuditState};
use bilik_claim::document::DocumentKind;
use bilik_claim::ids::{BoothId, ClaimId, Digest, OfficerId, SessionId, WallTime};
use bilik_claim::sentence::Code;
use bilik_claim::session::item::Item;
use bilik_claim::wire::{Closing, Decision};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something that somebody may have to prove later. No names, no reasons in words, no numbers of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum AuditEvent {
    OfficerAdded {
        officer: OfficerId,
    },
    OfficerDisabled {
        officer: OfficerId,
    },
    Login {
        officer: OfficerId,
    },
    /// None: no such account. What was typed is not recorded; people type passwords in the wrong field.
    LoginFailed {
        officer: Option<OfficerId>,
    },
    Logout {
        officer: OfficerId,
    },
    EnrolmentCodeMade,
    /// One was taken back before a booth had used it.
    EnrolmentCodeRevoked,
    BoothEnrolled {
        booth: BoothId,
    },
    /// A booth that was known got a new identity.
    BoothEnrolledAgain {
        booth: BoothId,
    },
    BoothRevoked {
        booth: BoothId,
    },
    /// Every booth was to have this update (SHA-256 of its bundle).
    UpdateOffered {
        update: Digest,
    },
    UpdateWithdrawn {
        update: Digest,
    },
    Assigned {
        session: SessionId,
        booth: BoothId,
        officer: OfficerId,
    },
    Released {
        session: SessionId,
        officer: OfficerId,
    },
    Checked {
        session: SessionId,
        officer: OfficerId,
        item: Item,
        verdict: VerdictKind,
        /// Why it is asked for again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Code>,
        /// Which photograph of the document was judged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        photo: Option<u32>,
    },
    Decided {
        session: SessionId,
        officer: OfficerId,
        decision: DecisionKind,
        /// Why it is returned.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasons: Vec<Code>,
        /// The officer has left a note.
        #[serde(default, skip_serializing_if = "is_false")]
        noted: bool,
    },
    SessionEndedByOfficer {
        session: SessionId,
        officer: OfficerId,
    },
    /// Handed over, taken over or reassigned: `by` says who did it.
    Transferred {
        session: SessionId,
        booth: BoothId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<OfficerId>,
        to: OfficerId,
        by: OfficerId,
    },
    /// The officer asked the supervisors.
    SupervisorAsked {
        session: SessionId,
        officer: OfficerId,
    },
    QuestionClosed {
        session: SessionId,
        by: OfficerId,
        how: QuestionEnd,
    },
    /// A supervisor reads along, which the participant is told.
    WatchBegan {
        session: SessionId,
        booth: BoothId,
        officer: OfficerId,
    },
    WatchEnded {
        session: SessionId,
        officer: OfficerId,
    },
    /// A supervisor who reads along has looked at a photograph of a running session.
    PhotoWatched {
        session: SessionId,
        officer: OfficerId,
        document: DocumentKind,
        photo: u32,
    },
    /// An officer has had this session in focus for so long, up to now.
    Looked {
        session: SessionId,
        officer: OfficerId,
        lasted_ms: i64,
    },
    /// This photograph was given out to an officer for the first time.
    PhotoShown {
        session: SessionId,
        officer: OfficerId,
        document: DocumentKind,
        photo: u32,
    },
    /// The office lets nobody in.
    BoothClosed {
        booth: BoothId,
        officer: OfficerId,
        why: Closing,
    },
    BoothOpened {
        booth: BoothId,
        officer: OfficerId,
    },
    /// A technician did this at the console; the entry about the thing itself follows.
    TechnicianActed {
        officer: OfficerId,
        act: TechnicianAct,
    },
    /// An auditor had the whole trail checked.
    TrailVerified {
        officer: OfficerId,
        intact: bool,
        entries: i64,
    },
    /// The participant has given again what an officer asked for.
    Answered {
        session: SessionId,
        booth: BoothId,
        item: Item,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        photo: Option<u32>,
    },
    /// An officer has written to the participant. The words are not recorded.
    Messaged {
        session: SessionId,
        officer: OfficerId,
    },
    VisitEnded {
        session: SessionId,
        booth: BoothId,
        outcome: VisitOutcome,
    },
    ClaimReceived {
        claim: ClaimId,
        booth: BoothId,
        manifest: Digest,
    },
    ClaimRefused {
        booth: BoothId,
        manifest: Digest,
        /// If the booth had signed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claim: Option<ClaimId>,
    },
    ClaimOpened {
        claim: ClaimId,
        officer: OfficerId,
    },
    /// A document or the signature of a claim. The part's name comes from a fixed list.
    ClaimPartOpened {
        claim: ClaimId,
        part: String,
        officer: OfficerId,
    },
    /// Names and telephone numbers of this many claims, from this ledger sequence down.
    ClaimsListed {
        officer: OfficerId,
        from: u64,
        count: u32,
    },
    ClaimDecided {
        claim: ClaimId,
        officer: OfficerId,
        decision: DecisionKind,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasons: Vec<Code>,
        #[serde(default, skip_serializing_if = "is_false")]
        noted: bool,
    },
    /// A claim is to be decided anew.
    ClaimReopened {
        claim: ClaimId,
        officer: OfficerId,
        /// What it was decided to be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<DecisionKind>,
        #[serde(default, skip_serializing_if = "is_false")]
        noted: bool,
    },
    ClaimExported {
        claim: ClaimId,
    },
    /// A claim came in by hand, from a copy of the booth's queue. Follows its [`AuditEvent::ClaimReceived`].
    ClaimRecovered {
        claim: ClaimId,
    },
    /// Somebody got the passphrase of this booth's disk.
    DiskOpened {
        booth: BoothId,
    },
    /// The booth has a receipt of it, and nobody has it: the ledger was put back from a backup that lacks it.
    ClaimMissing {
        claim: ClaimId,
        booth: BoothId,
    },
    /// A copy of the ledger was made; it has every claim up to this sequence.
    BackupMade {
        horizon: u64,
    },
    /// A new key took the place of the one before, which still opens or counts.
    KeyRotated {
        key: KeyKind,
    },
    /// A receipt key counts no more.
    ReceiptKeyRetired {
        number: u32,
        /// Some booths did not know its successor yet.
        forced: bool,
    },
    /// A booth's own audit trail is shorter than it was, or another.
    BoothTrailCut {
        booth: BoothId,
        noted: AuditHead,
        told: AuditHead,
    },
    /// So many more claims were kept at a booth and lost by its disk.
    BoothLostClaims {
        booth: BoothId,
        count: u32,
    },
    /// So many entries before this one could not be written: the trail has a gap here.
    EntriesLost {
        count: u64,
    },
}

/// Entries of before there were notes have none.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's way to ask")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What has become of a question to the supervisors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionEnd {
    Answered,
    /// A supervisor took the session over.
    SteppedIn,
    TakenBack,
}

/// What a technician may do at the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum TechnicianAct {
    /// `booth`: the code is for a known one.
    MakeCode {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        booth: Option<BoothId>,
    },
    RevokeCode,
    RevokeBooth {
        booth: BoothId,
    },
}

/// A key that an operator replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// What claims are sealed to.
    Sealing,
    /// What receipts are signed with.
    Receipt,
}

/// A verdict without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    Correct,
    AskAgain,
    Pending,
}

/// A decision without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    Verified,
    Returned,
}

/// Which entries of the trail; an empty one means all.
#[derive(Clone, Debug, Default)]
pub struct TrailFilter {
    pub from: Option<WallTime>,
    /// Not itself.
    pub until: Option<WallTime>,
    /// Each is named in the entry, as whatever: no two things have the same id.
    pub ids: Vec<Uuid>,
}

/// A piece of the trail, the newest entry first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailPage {
    pub entries: Vec<AuditEntry>,
    /// Where to go on; none at the beginning of the trail.
    pub next: Option<i64>,
}

impl DecisionKind {
    /// A decision, and the names of its reasons.
    pub fn of(decision: &Decision) -> (Self, Vec<Code>) {
        match decision {
            Decision::Verified => (Self::Verified, Vec::new()),
            Decision::Returned { reasons } => (Self::Returned, reasons.iter().map(|words| Code::of(words)).collect()),
        }
    }
}

pub trait Audit {
    fn record(&self, entries: &[(WallTime, AuditEvent)]) -> Result<(), LedgerError>;

    /// At most `limit` entries below the number `before`. Looks through a bounded piece of the trail, so a page with
    /// less, or nothing, may still have a next one.
    fn trail(&self, filter: &TrailFilter, before: Option<i64>, limit: usize) -> Result<TrailPage, LedgerError>;

    /// Walks the whole chain, in pieces: others read in between.
    fn verify_audit(&self, head: Option<Digest>) -> Result<AuditState, LedgerError>;
}
