//! Between the outbox and the queue on disk: what an action needs from the journal, and what an answer does to it.
//! [`crate::courier`] puts the two together.

use crate::error::JournalError;
use crate::journal::{Journal, Kept, Outgoing, outgoing};
use crate::outbox::{Action, Event};
use crate::rows;
use bilik_claim::filing::{CommitAnswer, MAX_PARTS, Manifest, Part, Signed};
use bilik_claim::ids::{ClaimId, Digest, WallTime};
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
    /// Every claim in the queue, oldest first, for an outbox that starts empty. Damaged ones are refused on the way; what
    /// can't be read, and what can't be refused for want of room, is passed over until the next time.
    ///
    /// # Errors
    ///
    /// Only those after which the journal has to be opened anew.
    pub fn pending(&mut self, at: WallTime) -> Result<Vec<Event>, JournalError> {
        let mut events = Vec::new();
        for sequence in self.queued()? {
            let found = self.read(|db| rows::at(db, sequence)).and_then(|row| row.map(outgoing).transpose());
            let result = match found {
                Ok(Some(Outgoing { claim, sequence, parts, .. })) => {
                    events.push(Event::Found { claim, sequence, parts: digests(&parts) });
                    Ok(())
                }
                Ok(None) => Ok(()),
                Err(JournalError::Damaged { claim, .. }) => self.refuse(claim, DAMAGED, at),
                Err(error) => Err(error),
            };
            match result {
                Err(error) if error.needs_reopening() => return Err(error),
                Err(error) => tracing::error!(sequence, %error, "claim is passed over"),
                Ok(()) => {}
            }
        }
        Ok(events)
    }

    /// A claim as an outbox has to know it that does not. None if it is unknown or confirmed.
    pub(crate) fn found(&self, claim: ClaimId) -> Result<Option<Event>, JournalError> {
        let found = self.outgoing(claim)?;
        Ok(found.map(|o| Event::Found { claim, sequence: o.sequence, parts: digests(&o.parts) }))
    }

    fn queued(&self) -> Result<Vec<u64>, JournalError> {
        self.read(rows::queued)
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
    /// Nothing was sent. If it is not one that [needs reopening](JournalError::needs_reopening), the others can go on.
    pub fn prepare(&mut self, action: Action, at: WallTime) -> Result<Request, JournalError> {
        match action {
            Action::Wait { until } => Ok(Request::Wait { until }),
            Action::PutPart { claim, digest } => match self.part(digest) {
                Ok(sealed) => Ok(Request::Part { claim, digest, sealed }),
                // What was sealed is not what lies there, or the row lists a part that does not.
                Err(JournalError::Damaged { .. } | JournalError::UnknownPart(_)) => self.gone_or_damaged(claim, at),
                Err(error) => Err(error),
            },
            Action::Commit { claim } => match self.outgoing(claim) {
                Ok(Some(outgoing)) => Ok(Request::Manifest { claim, manifest: outgoing.manifest }),
                Ok(None) => Ok(Request::Changed(Event::Receipt { claim })),
                Err(JournalError::Damaged { .. }) => self.gone_or_damaged(claim, at),
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
        at: WallTime,
    ) -> Result<Event, JournalError> {
        match answer {
            CommitAnswer::Received { receipt } => match self.confirm(claim, &receipt, receipt_key, at) {
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
            CommitAnswer::Refused { reason } => match self.refuse(claim, &reason, at) {
                Ok(()) => Ok(Event::Refused { claim }),
                Err(JournalError::Full { .. }) => Ok(Event::Failed { claim }),
                Err(error) => Err(error),
            },
        }
    }

    fn gone_or_damaged(&mut self, claim: ClaimId, at: WallTime) -> Result<Request, JournalError> {
        // Confirmed meanwhile: its parts are rightly gone.
        if let Ok(None) = self.outgoing(claim) {
            return Ok(Request::Changed(Event::Receipt { claim }));
        }
        tracing::error!(%claim, "claim is damaged in the queue");
        self.refuse(claim, DAMAGED, at)?;
        Ok(Request::Changed(Event::Refused { claim }))
    }
}

fn digests(parts: &[Part]) -> Vec<Digest> {
    parts.iter().map(|p| p.digest).collect()
}
