//! Between the outbox and the queue on disk: what an action needs from the journal, and what an answer does to it.
//! [`crate::courier`] puts the two together.

use crate::audit::{self, BoothAudit};
use crate::error::{JournalError, chain};
use crate::journal::{Journal, Kept};
use crate::outbox::{Action, Event};
use crate::rows::{self, ClaimRow, QueueRow, QueueState};
use bilik_claim::filing::{CommitAnswer, MAX_PARTS, Manifest, Part, Signed};
use bilik_claim::ids::{ClaimId, Digest, WallTime};
use std::time::Instant;

/// The reason that a claim gets whose stored bytes are not what was stored.
pub const DAMAGED: &str = "damaged in the booth's queue";

/// A claim on its way to the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub claim: ClaimId,
    pub sequence: u64,
    pub manifest: Signed<Manifest>,
    pub parts: Vec<Part>,
}

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
    /// What an outbox has to know of a journal that was opened, for the first time since the program started or again. The
    /// first time, what the hub refused is queued again ([`Journal::requeue_refused`]).
    pub(crate) fn begin(&mut self, first: bool, at: WallTime) -> Result<Vec<Event>, JournalError> {
        if first {
            match self.requeue_refused(at) {
                Err(error) if error.needs_reopening() => return Err(error),
                Err(error) => tracing::error!(error = %chain(&error), "refused claims wait for the next start"),
                Ok(()) => {}
            }
        }
        self.pending(at)
    }

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

    /// A claim as an outbox has to know it that does not. None if it is unknown, the hub has it, or it is damaged: then it
    /// is refused.
    pub(crate) fn found(&mut self, claim: ClaimId, at: WallTime) -> Result<Option<Event>, JournalError> {
        match self.outgoing(claim) {
            Err(JournalError::Damaged { .. }) => self.refuse(claim, DAMAGED, at).map(|()| None),
            found => Ok(found?.map(|o| Event::Found { claim, sequence: o.sequence, parts: digests(&o.parts) })),
        }
    }

    /// Queues a refused claim again, in its old place.
    pub fn requeue(&mut self, claim: ClaimId, at: WallTime) -> Result<(), JournalError> {
        if !matches!(self.known(claim)?.listed.state, QueueState::Refused { .. }) {
            return Ok(());
        }
        self.write("queue a claim again", |db| {
            rows::set_refusal(db, claim, None)?;
            audit::append(db, at, &BoothAudit::ClaimQueuedAgain { claim })
        })
    }

    /// Queues all claims again that the hub refused, and not those that are damaged here: a hub may be mended meanwhile.
    pub fn requeue_refused(&mut self, at: WallTime) -> Result<(), JournalError> {
        let refused = self.read(rows::refused)?;
        if refused.is_empty() {
            return Ok(());
        }
        tracing::info!(claims = refused.len(), "claims that the hub refused are queued again");
        self.write("queue claims again", |db| {
            refused.iter().try_for_each(|claim| {
                rows::set_refusal(db, *claim, None)?;
                audit::append(db, at, &BoothAudit::ClaimQueuedAgain { claim: *claim })
            })
        })
    }

    fn queued(&self) -> Result<Vec<u64>, JournalError> {
        self.read(rows::queued)
    }

    /// The event that tells the outbox of a claim that was kept just now. None if it is refused already, or the hub has it.
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
    pub fn answer(&mut self, claim: ClaimId, answer: CommitAnswer, at: WallTime) -> Result<Event, JournalError> {
        match answer {
            CommitAnswer::Received { receipt } => match self.confirm(claim, &receipt, at) {
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

pub(crate) fn outgoing(row: ClaimRow) -> Result<Outgoing, JournalError> {
    let QueueRow { claim, sequence, .. } = row.listed;
    let damaged = |what| JournalError::Damaged { claim, what };
    let manifest = row.manifest.ok_or(damaged("its manifest is missing"))?;
    if manifest.digest() != row.digest {
        return Err(damaged("its manifest is not the one that was signed"));
    }
    let parts = manifest.peek().map_err(|_| damaged("its manifest can't be read"))?.parts;
    Ok(Outgoing { claim, sequence, manifest, parts })
}
