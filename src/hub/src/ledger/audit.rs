//! The audit trail: who did what to which claim, in ids, each entry bound to the one before.
//!
//! The hash of an entry covers its text, its time, its number and the hash before it. A changed, removed or inserted
//! entry breaks the chain at that place. A chain cut off at its end is noticed by comparing with a head that was noted
//! earlier (`verify-audit --head`).

use super::LedgerError;
use bilik_claim::ids::{BoothId, ClaimId, Digest, OfficerId, SessionId, WallTime};
use bilik_claim::session::item::Item;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

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
    },
    Decided {
        session: SessionId,
        officer: OfficerId,
        decision: DecisionKind,
    },
    SessionEndedByOfficer {
        session: SessionId,
        officer: OfficerId,
    },
    ClaimReceived {
        claim: ClaimId,
        booth: BoothId,
        manifest: Digest,
    },
    ClaimRefused {
        booth: BoothId,
        manifest: Digest,
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
    },
    ClaimExported {
        claim: ClaimId,
    },
    /// A claim came in by hand, from a copy of the booth's queue. Follows its [`AuditEvent::ClaimReceived`].
    ClaimRecovered {
        claim: ClaimId,
    },
    /// So many entries before this one could not be written: the trail has a gap here.
    EntriesLost {
        count: u64,
    },
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

/// What the chain looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditState {
    /// Unbroken; `noted` tells whether the head that was asked for is part of it.
    Intact { entries: i64, head: Digest, noted: bool },
    /// This entry does not follow from the one before.
    Broken { sequence: i64 },
}

/// The hash before the first entry.
pub const AUDIT_ROOT: Digest = Digest([0; 32]);

/// The hash of one entry.
pub fn audit_hash(previous: Digest, sequence: i64, at: WallTime, text: &str) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(b"bilik audit 1\0");
    hasher.update(previous.0);
    hasher.update(sequence.to_be_bytes());
    hasher.update(at.0.to_be_bytes());
    hasher.update(text.as_bytes());
    Digest(hasher.finalize().into())
}

pub trait Audit {
    fn record(&self, entries: &[(WallTime, AuditEvent)]) -> Result<(), LedgerError>;

    /// Walks the whole chain.
    fn verify_audit(&self, head: Option<Digest>) -> Result<AuditState, LedgerError>;
}
