//! Between the pure outbox and the wire: what an action needs from the journal, and what an answer does to it.
//!
//! The courier that speaks HTTP is left with this loop, and decides nothing:
//!
//! ```text
//! for event in journal.pending()? { outbox.handle(event) }
//! loop {
//!     match journal.prepare(outbox.next(now))? {
//!         Request::Part     -> PUT;  2xx: Event::PartAccepted, other status: Failed, no answer: TransportFailed
//!         Request::Manifest -> POST; a CommitAnswer: journal.answer(claim, answer)?, the rest as above
//!         Request::Changed  -> the event
//!         Request::Wait     -> journal.tend()?, then wait for the time, a new claim, or the hub
//!     }
//! }
//! ```

use crate::error::JournalError;
use crate::journal::{Journal, Kept};
use crate::outbox::{Action, Event};
use bilik_claim::filing::{CommitAnswer, MAX_PARTS, Manifest, Part, Signed};
use bilik_claim::ids::{ClaimId, Digest};
use ed25519_dalek::VerifyingKey;
use std::time::Instant;

/// The reason that a claim gets whose stored bytes are not what was stored.
pub const DAMAGED: &str = "damaged in the booth's queue";

/// An action with everything it needs.
#[derive(Debug)]
pub enum Request {
    Part {
        claim: ClaimId,
        digest: Digest,
        sealed: Vec<u8>,
    },
    Manifest {
        claim: ClaimId,
        manifest: Signed<Manifest>,
    },
    /// There is nothing to send: the outbox has to know this first.
    Changed(Event),
    /// See [`Action::Wait`].
    Wait {
        until: Option<Instant>,
    },
}

impl Journal {
    /// Every claim in the queue, oldest first, for an outbox that starts empty. Damaged ones are refused on the way.
    pub fn pending(&mut self) -> Result<Vec<Event>, JournalError> {
        let mut events = Vec::new();
        let mut after = 0;
        loop {
            match self.next_unsent(after) {
                Ok(Some(outgoing)) => {
                    after = outgoing.sequence;
                    let (claim, sequence) = (outgoing.claim, outgoing.sequence);
                    events.push(Event::Found { claim, sequence, parts: digests(&outgoing.parts) });
                }
                Ok(None) => return Ok(events),
                // Refused, it is passed over from now on.
                Err(JournalError::Damaged { claim, .. }) => self.refuse(claim, DAMAGED)?,
                Err(error) => return Err(error),
            }
        }
    }

    /// The event that tells the outbox of a claim that was kept just now. None if it is confirmed or refused already.
    pub fn announce(&self, kept: &Kept) -> Result<Option<Event>, JournalError> {
        let queued = kept.sequence.checked_sub(1).map(|after| self.next_unsent(after)).transpose()?.flatten();
        Ok(queued.filter(|o| o.claim == kept.claim).map(|o| Event::Kept {
            claim: o.claim,
            sequence: o.sequence,
            parts: digests(&o.parts),
        }))
    }

    /// Reads what an action sends. A claim that turns out damaged is refused, so that the others go on.
    ///
    /// # Errors
    ///
    /// Those of the journal as a whole; nothing was sent.
    pub fn prepare(&mut self, action: Action) -> Result<Request, JournalError> {
        match action {
            Action::Wait { until } => Ok(Request::Wait { until }),
            Action::PutPart { claim, digest } => match self.part(digest) {
                Ok(sealed) => Ok(Request::Part { claim, digest, sealed }),
                // The row lists a part that is not there, or its pages are broken.
                Err(JournalError::Damaged { .. } | JournalError::UnknownPart(_) | JournalError::Corrupt { .. }) => {
                    self.gone_or_damaged(claim)
                }
                Err(error) => Err(error),
            },
            Action::Commit { claim } => match self.outgoing(claim) {
                Ok(Some(outgoing)) => Ok(Request::Manifest { claim, manifest: outgoing.manifest }),
                Ok(None) => Ok(Request::Changed(Event::Receipt { claim })),
                Err(JournalError::Damaged { .. }) => self.gone_or_damaged(claim),
                Err(error) => Err(error),
            },
        }
    }

    /// Does what the hub's answer to a commit asks for, durably, and says what the outbox has to know.
    ///
    /// An answer that makes no sense (a receipt that is not the hub's or not for these bytes, too many parts) counts as a
    /// failure of this claim: it stays, and is tried again later.
    pub fn answer(
        &mut self,
        claim: ClaimId,
        answer: CommitAnswer,
        receipt_key: &VerifyingKey,
    ) -> Result<Event, JournalError> {
        match answer {
            CommitAnswer::Received { receipt } => match self.confirm(claim, &receipt, receipt_key) {
                Ok(_) => Ok(Event::Receipt { claim }),
                Err(error @ (JournalError::ReceiptSignature { .. } | JournalError::ReceiptMismatch(_))) => {
                    tracing::error!(%claim, %error, "receipt is not accepted");
                    Ok(Event::Failed { claim })
                }
                // No room to record it: the claim stays, and so does the hub's receipt.
                Err(JournalError::Full { .. }) => Ok(Event::Failed { claim }),
                Err(error) => Err(error),
            },
            CommitAnswer::Missing { parts } if parts.len() <= MAX_PARTS => Ok(Event::Missing { claim, parts }),
            CommitAnswer::Missing { .. } => Ok(Event::Failed { claim }),
            CommitAnswer::Refused { reason } => match self.refuse(claim, &reason) {
                Ok(()) => Ok(Event::Refused { claim }),
                Err(JournalError::Full { .. }) => Ok(Event::Failed { claim }),
                Err(error) => Err(error),
            },
        }
    }

    fn gone_or_damaged(&mut self, claim: ClaimId) -> Result<Request, JournalError> {
        // Confirmed meanwhile: its parts are rightly gone.
        if let Ok(None) = self.outgoing(claim) {
            return Ok(Request::Changed(Event::Receipt { claim }));
        }
        tracing::error!(%claim, "claim is damaged in the queue");
        self.refuse(claim, DAMAGED)?;
        Ok(Request::Changed(Event::Refused { claim }))
    }
}

fn digests(parts: &[Part]) -> Vec<Digest> {
    parts.iter().map(|p| p.digest).collect()
}
