//! The queue itself. One owner, one connection; every method that changes something is one transaction.

use crate::audit::{self, BoothAudit};
use crate::delivery::{Outgoing, outgoing};
use crate::disk::Disk;
use crate::error::JournalError;
use crate::files::Place;
use crate::holding;
use crate::keys::KeyRing;
use crate::pack::{SealedPart, pack};
use crate::reserve::Reserve;
use crate::rows::{self, ClaimRow, MAX_REASON, QueueRow};
use crate::schema;
use crate::set_aside::{Opening, SetAside, open_or_set_aside};
use crate::view;
use bilik_claim::audit::AuditHead;
use bilik_claim::filing::{FORMAT, Manifest, Receipt, Signed};
use bilik_claim::ids::{BoothId, ClaimId, Digest, TrackingCode, WallTime};
use bilik_claim::session::claim::FinishedClaim;
use ed25519_dalek::{SigningKey, VerifyingKey};
use rusqlite::{Connection, TransactionBehavior};
use std::cell::OnceCell;
use std::ops::RangeInclusive;
use std::path::Path;

#[cfg(test)]
mod testing;

pub use crate::rows::Stats;

/// What the journal needs to know, from the booth's enrolment.
#[derive(Clone)]
pub struct JournalConfig {
    /// The hub's age recipient (`age1…`), until the hub names another. Claims kept earlier stay sealed to the one they were
    /// kept with.
    pub recipient: String,
    /// The hub's, for receipts, until the hub names others.
    pub receipt_key: VerifyingKey,
    pub booth: BoothId,
    /// Signs manifests.
    pub manifest_key: SigningKey,
    /// Bytes of disk to hold back; [`crate::RESERVE`] unless the disk is tiny.
    pub reserve: u64,
}

/// An open journal, and what the disk did to an older one.
pub struct Opened {
    pub journal: Journal,
    /// The database was damaged; what could be salvaged of it is in the journal.
    pub set_aside: Option<SetAside>,
    /// Sequence numbers of claims that were kept and are gone without a trace.
    pub lost: Option<RangeInclusive<u64>>,
}

/// A claim that is on disk for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub claim: ClaimId,
    pub sequence: u64,
    pub tracking: TrackingCode,
}

/// The sealed queue of one booth.
pub struct Journal {
    db: Connection,
    pub(crate) reserve: Reserve,
    place: Place,
    pub(crate) keys: KeyRing,
    booth: BoothId,
    manifest_key: SigningKey,
    /// A checkpoint is due: until it is done, erased bytes may lie in the log.
    checkpoint_due: bool,
    /// Why the journal has stopped. Reads can stop it too: a page that can't be read is all a dying disk may say.
    failed: OnceCell<String>,
}

impl Journal {
    /// Opens the queue in `state_dir`, which is created if need be. Takes seconds when the queue is long, for the whole
    /// file is checked. `at` is for the audit trail.
    ///
    /// # Errors
    ///
    /// [`JournalError::InUse`] if another process has it; [`JournalError::Newer`] if a later program wrote it.
    pub fn open(state_dir: &Path, config: JournalConfig, at: WallTime) -> Result<Opened, JournalError> {
        Self::open_on(Disk::real(), state_dir, config, at)
    }

    /// As [`Journal::open`], on a disk that may be simulated.
    pub fn open_on(disk: Disk, state_dir: &Path, config: JournalConfig, at: WallTime) -> Result<Opened, JournalError> {
        let keys = KeyRing::enrolled(&config.recipient, config.receipt_key)?;
        let place = Place::new(disk, state_dir);
        place.make()?;
        let reserve = Reserve::take(&place, config.reserve)?;
        let Opening { connection: db, set_aside, lost } = match open_or_set_aside(&place, at) {
            // Even opening takes a little: the log and its index.
            Err(JournalError::Full { .. }) if reserve.release()? => open_or_set_aside(&place, at)?,
            result => result?,
        };
        if let Some(lost) = &lost {
            tracing::error!(from = lost.start(), to = lost.end(), "claims that were kept are gone from the journal");
        }
        let keys = keys.newest(&db)?;
        let mut journal = Self {
            db,
            reserve,
            place,
            keys,
            booth: config.booth,
            manifest_key: config.manifest_key,
            checkpoint_due: true,
            failed: OnceCell::new(),
        };
        // A crash may have come between an erasure and its checkpoint.
        match journal.tend() {
            Err(JournalError::Full { .. }) => tracing::warn!("disk is full: erasing waits for room"),
            result => result?,
        }
        let booth = journal.booth;
        match journal.write("note the booth", |db| audit::note_identity(db, booth, at)) {
            Err(JournalError::Full { .. }) => {}
            result => result?,
        }
        let Stats { queued, refused, bytes, held, .. } = journal.stats()?;
        tracing::info!(queued, refused, bytes, held, "journal is open");
        Ok(Opened { journal, set_aside, lost })
    }

    /// Seals, signs and stores a claim. When this returns, the claim survives a power cut; its bytes are in the log, and
    /// the checkpoint waits for [`Journal::tend`] or the next change: somebody looks at the screen meanwhile.
    ///
    /// A claim whose id is here already is not stored again, whatever it holds: the first one counts.
    pub fn keep(&mut self, claim: &FinishedClaim, kept_at: WallTime) -> Result<Kept, JournalError> {
        self.alive()?;
        let id = claim.record.claim;
        if let Some(row) = self.find(id)? {
            return Ok(kept(&row));
        }
        let parts = pack(claim, &self.keys.sealer)?;
        let manifest = Manifest {
            format: FORMAT,
            claim: id,
            tracking: TrackingCode::of(id),
            booth: self.booth,
            sequence: 0, // given out in the transaction
            kept_at,
            standing: claim.record.standing.clone(),
            recipient: self.keys.sealer.recipient().to_owned(),
            parts: parts.iter().map(|p| p.part.clone()).collect(),
        };
        manifest.validate().map_err(|source| JournalError::Manifest { claim: id, source })?;

        let (place, key) = (self.place.clone(), self.manifest_key.clone());
        if self.checkpoint_due {
            self.settle(); // the log takes one claim at a time: there is no room held back for two
        }
        let sequence = self
            .commit("keep a claim", |db| store(db, &place, &key, &manifest, &parts))
            .inspect_err(|_| self.settle())?;
        self.place.note_kept(sequence);
        tracing::info!(claim = %id, sequence, parts = parts.len(), "claim is kept");
        Ok(Kept { claim: id, sequence, tracking: manifest.tracking })
    }

    /// The oldest queued claim with a sequence number above `after`; 0 starts at the head. Refused ones are passed over.
    ///
    /// # Errors
    ///
    /// [`JournalError::Damaged`] names a claim whose manifest is not what was stored: refuse it, and ask again.
    pub fn next_unsent(&self, after: u64) -> Result<Option<Outgoing>, JournalError> {
        self.read(|db| rows::next_queued(db, after))?.map(outgoing).transpose()
    }

    /// A queued or refused claim by its id. None if it is unknown, or the hub has it.
    pub fn outgoing(&self, claim: ClaimId) -> Result<Option<Outgoing>, JournalError> {
        self.find(claim)?.filter(|row| row.receipt.is_none()).map(outgoing).transpose()
    }

    /// The sealed bytes of a part, checked against their digest.
    pub fn part(&self, digest: Digest) -> Result<Vec<u8>, JournalError> {
        self.read(|db| view::part(db, digest))
    }

    /// Takes the hub's receipt if it is good, and erases the claim, or holds it if the hub has asked for that. Returns the
    /// receipt on record, which is the first one even when another good one comes later.
    ///
    /// A refused claim is confirmed as well: what counts is that the hub has it.
    ///
    /// # Errors
    ///
    /// [`JournalError::ReceiptSignature`] and [`JournalError::ReceiptMismatch`]: nothing was erased.
    pub fn confirm(&mut self, claim: ClaimId, signed: &Signed<Receipt>, at: WallTime) -> Result<Receipt, JournalError> {
        self.alive()?;
        let receipt = self.keys.open(signed).map_err(|source| JournalError::ReceiptSignature { claim, source })?;
        let row = self.known(claim)?;
        // The digest column was taken from the manifest's text when it was stored; a text that changed since is damage.
        let covered = match &row.manifest {
            Some(manifest) => receipt.covers(claim, manifest) && manifest.digest() == row.digest,
            None => receipt.format == FORMAT && receipt.claim == claim && receipt.manifest == row.digest,
        };
        if !covered {
            return Err(JournalError::ReceiptMismatch(claim));
        }
        if let Some(on_record) = &row.receipt {
            return Ok(on_record.peek()?);
        }
        let (sequence, ledger_sequence) = (row.listed.sequence, receipt.ledger_sequence);
        let hold = self.read(holding::holds)?;
        self.write("confirm a claim", |db| {
            rows::record_receipt(db, sequence, &receipt, signed)?;
            if hold {
                return audit::append(db, at, &BoothAudit::ClaimHeld { claim, ledger_sequence });
            }
            rows::erase(db, sequence)?;
            audit::append(db, at, &BoothAudit::ClaimConfirmed { claim, ledger_sequence })
        })?;
        tracing::info!(%claim, sequence, ledger_sequence, held = hold, "claim is confirmed");
        Ok(receipt)
    }

    /// Marks a claim that will never be accepted as it is. It stays, and no longer stands in the way.
    ///
    /// `reason` comes from outside: it is cut to [`MAX_REASON`] characters, and control characters are taken out.
    pub fn refuse(&mut self, claim: ClaimId, reason: &str, at: WallTime) -> Result<(), JournalError> {
        if self.known(claim)?.receipt.is_some() {
            return Ok(());
        }
        let reason: String = reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
        self.write("refuse a claim", |db| {
            rows::set_refusal(db, claim, Some(&reason))?;
            audit::append(db, at, &BoothAudit::ClaimRefused { claim })
        })?;
        tracing::warn!(%claim, "claim is refused");
        Ok(())
    }

    /// Adds an entry to the audit trail that is not about a claim.
    pub fn note(&mut self, event: &BoothAudit, at: WallTime) -> Result<(), JournalError> {
        self.write("add to the audit trail", |db| audit::append(db, at, event))
    }

    /// The end of the audit trail, for somebody else to remember.
    pub fn audit_head(&self) -> Result<AuditHead, JournalError> {
        self.read(audit::head)
    }

    pub fn stats(&self) -> Result<Stats, JournalError> {
        self.read(rows::stats)
    }

    pub fn list(&self) -> Result<Vec<QueueRow>, JournalError> {
        self.read(rows::list)
    }

    /// Does what had to wait: the checkpoint of a claim just kept or one that a reader held up, a reserve that the disk had
    /// no room for. Cheap when nothing is due; call it once *kept* is told, and when idle.
    pub fn tend(&mut self) -> Result<(), JournalError> {
        self.alive()?;
        let result = self.catch_up();
        self.watch(&result);
        result
    }

    pub(crate) fn alive(&self) -> Result<(), JournalError> {
        match self.failed.get() {
            Some(reason) => Err(JournalError::Failed(reason.clone())),
            None => Ok(()),
        }
    }

    pub(crate) fn known(&self, claim: ClaimId) -> Result<ClaimRow, JournalError> {
        self.find(claim)?.ok_or(JournalError::UnknownClaim(claim))
    }

    fn find(&self, claim: ClaimId) -> Result<Option<ClaimRow>, JournalError> {
        self.read(|db| rows::find(db, claim))
    }

    /// The door of all reading: an error that tells of the disk stops the journal, as one of writing does.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Connection) -> Result<T, JournalError>) -> Result<T, JournalError> {
        self.alive()?;
        let result = look(&self.db);
        self.watch(&result);
        result
    }

    /// Runs one transaction and the checkpoint behind it. The change is durable when this returns Ok.
    pub(crate) fn write<T>(
        &mut self,
        operation: &'static str,
        change: impl Fn(&Connection) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let result = self.commit(operation, change);
        self.settle();
        result
    }

    /// Runs one transaction; on a full disk once more, with the reserve. The change is durable when this returns Ok.
    fn commit<T>(
        &mut self,
        operation: &'static str,
        change: impl Fn(&Connection) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.alive()?;
        let mut result = self.transact(operation, &change);
        if matches!(result, Err(JournalError::Full { .. })) && self.reserve.release().unwrap_or(false) {
            tracing::warn!("disk is full: the journal takes its reserve");
            result = self.transact(operation, &change);
        }
        self.watch(&result);
        self.checkpoint_due = true;
        result
    }

    /// After a change, which is decided. What fails here stops the journal, and can't undo it.
    fn settle(&mut self) {
        if self.failed.get().is_none() {
            let settled = self.catch_up();
            self.watch(&settled);
        }
    }

    fn transact<T>(
        &mut self,
        operation: &'static str,
        change: impl Fn(&Connection) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let error = JournalError::sqlite(operation);
        let run = || -> Result<T, JournalError> {
            let transaction = self
                .db
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(JournalError::sqlite(operation))?;
            let value = change(&transaction)?;
            transaction.commit().map_err(error)?;
            Ok(value)
        };
        let result = run();
        if result.is_err() && !self.db.is_autocommit() {
            return Err(JournalError::Failed(format!("failed to {operation}, and to roll it back")));
        }
        result
    }

    fn catch_up(&mut self) -> Result<(), JournalError> {
        if self.checkpoint_due {
            match schema::checkpoint(&self.db) {
                Ok(done) => self.checkpoint_due = !done,
                // The log keeps what the database has no room for.
                Err(JournalError::Full { .. }) => {
                    self.reserve.release()?;
                    self.checkpoint_due = !schema::checkpoint(&self.db)?;
                }
                Err(error) => return Err(error),
            }
        }
        self.reserve.fill().map(drop)
    }

    /// Stops the journal after an error that leaves the disk unknown.
    fn watch<T>(&self, result: &Result<T, JournalError>) {
        if let Err(error) = result
            && error.needs_reopening()
            && self.failed.set(error.to_string()).is_ok()
        {
            tracing::error!(%error, "journal stops");
            // Closing must not write the log into a database of which nothing is known: opening it anew tells.
            if let Err(error) = schema::leave_log(&self.db, true) {
                tracing::warn!(%error, "log can't be left alone");
            }
        }
    }
}

/// Gives out the next number, signs the manifest and stores everything.
fn store(
    db: &Connection,
    place: &Place,
    key: &SigningKey,
    manifest: &Manifest,
    parts: &[SealedPart],
) -> Result<u64, JournalError> {
    let sequence = rows::next_sequence(db)?;
    let manifest = Manifest { sequence, ..manifest.clone() };
    let signed = Signed::sign(&manifest, key)?;
    place.begin(sequence)?;
    rows::insert(db, &manifest, &signed, parts)?;
    let (claim, at) = (manifest.claim, manifest.kept_at);
    audit::append(db, at, &BoothAudit::ClaimKept { claim, sequence, manifest: signed.digest() })?;
    Ok(sequence)
}

fn kept(row: &ClaimRow) -> Kept {
    Kept { claim: row.listed.claim, sequence: row.listed.sequence, tracking: row.listed.tracking.clone() }
}
