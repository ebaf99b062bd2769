//! What goes into the courier and what comes out of it.

use crate::audit::BoothAudit;
use bilik_claim::audit::AuditHead;
use bilik_claim::filing::{CommitAnswer, Manifest, Signed};
use bilik_claim::ids::{ClaimId, Digest, TrackingCode, WallTime};
use bilik_claim::reconcile::{Reconcile, Reconciled};
use bilik_claim::session::claim::FinishedClaim;
use std::time::Instant;

/// When something happens, by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// For waits.
    pub instant: Instant,
    /// For records.
    pub wall: WallTime,
}

pub enum Input {
    Keep(Box<FinishedClaim>),
    /// Whether the hub is there, by the signalling link: true once for each time that the link comes up.
    Hub(bool),
    /// What became of a request.
    Answered {
        request: u64,
        claim: ClaimId,
        answer: Answer,
    },
    /// What became of an [`Output::Reconcile`].
    Reconciled {
        request: u64,
        answer: Answer,
    },
    /// A technician wants a refused claim sent again.
    Requeue(ClaimId),
    /// For the audit trail.
    Note(BoothAudit),
    /// [`super::Courier::deadline`] has come.
    Tick,
}

/// How the hub answered a request.
#[derive(Debug)]
pub enum Answer {
    PartAccepted(Digest),
    Commit(CommitAnswer),
    Reconciled(Box<Reconciled>),
    /// The hub will not take this, and may well take something else.
    Failed(String),
    /// No answer, or one that would have come to any request.
    Unreachable(String),
}

impl Answer {
    /// Reads a status that says no, and that no body explains: RFC 9110 section 15.
    ///
    /// A hub that is overloaded, has trouble of its own, or does not know this booth (any more) says so to each claim
    /// alike. 507 is about the parts of claims that were not committed: committing another can make room.
    pub fn from_status(status: u16) -> Self {
        const INSUFFICIENT_STORAGE: u16 = 507;
        let text = format!("status {status}");
        match status {
            INSUFFICIENT_STORAGE => Self::Failed(text),
            401 | 403 | 408 | 429 | 500..=599 => Self::Unreachable(text),
            _ => Self::Failed(text),
        }
    }
}

/// What to do, in this order.
#[derive(Debug)]
pub enum Output {
    /// `PUT /api/v1/parts/{digest}`
    Put {
        request: u64,
        claim: ClaimId,
        digest: Digest,
        sealed: Vec<u8>,
    },
    /// `POST /api/v1/claims`
    Commit {
        request: u64,
        claim: ClaimId,
        manifest: Signed<Manifest>,
    },
    /// `POST /api/v1/reconcile`
    Reconcile {
        request: u64,
        note: Reconcile,
    },
    Told(CourierEvent),
}

/// News for the booth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CourierEvent {
    /// Durably in the journal.
    Kept {
        claim: ClaimId,
        tracking: TrackingCode,
    },
    KeepFailed {
        claim: ClaimId,
    },
    /// The hub's receipt is verified; the sealed bytes are erased, or held if the hub has asked for that.
    Confirmed {
        claim: ClaimId,
    },
    /// How many claims the hub has not confirmed, and how many of these are refused.
    Queue {
        queued: u32,
        refused: u32,
    },
    /// The end of the audit trail, whenever it has changed; at most once in the outputs of a call.
    Audited(AuditHead),
    /// The queue was found damaged when it was opened. What was taken over goes on; for what was not, a technician is
    /// needed.
    Damaged {
        taken_over: u64,
        missing: u64,
    },
    /// Whether another claim could be kept.
    Ready(Result<(), Trouble>),
}

/// Why no claim can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Full,
    Failed,
}
