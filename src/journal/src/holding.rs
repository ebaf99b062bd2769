//! Claims that outlive their receipt, and what is told of receipts ([`bilik_claim::reconcile`]).
//!
//! ```text
//!          receipt, and the hub asks for holding         in a backup, or room is needed
//! QUEUED ────────────────────────────────────────► HELD ────────────────────────────────► CONFIRMED
//!    ▲ │                                             │                                        ▲
//!    │ └───── receipt ───────────────────────────────┼────────────────────────────────────────┘
//!    └────────────── the hub has lost it ────────────┘
//! ```
//!
//! Room is for participants first: a held claim goes before a booth says that it is full.

use crate::audit::{self, BoothAudit};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::rows::{self, QueueState, claim_id, integer, natural};
use bilik_claim::ids::{ClaimId, Digest, WallTime};
use bilik_claim::reconcile::ReceiptNote;
use rusqlite::{Connection, Row, params};

/// Sealed bytes of held claims, at most: some six hundred, a week of a busy booth. The oldest go first.
pub const MAX_HELD: u64 = 2 << 30;

/// Sealed bytes that one transaction erases, unless one claim has more: erasing writes as much to the log.
const ERASED_AT_ONCE: u64 = 32 << 20;

/// Which receipts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipts {
    All,
    /// Those of claims that are held.
    Held,
}

impl Journal {
    /// Whether receipts leave the sealed bytes here from now on. Outlives a restart. Claims that are held stay so.
    pub fn set_hold(&mut self, hold: bool) -> Result<(), JournalError> {
        if self.read(holds)? == hold {
            return Ok(());
        }
        self.write("note whether claims are held", |db| note_hold(db, hold))?;
        tracing::info!(hold, "hub says whether claims are held after their receipt");
        Ok(())
    }

    /// Erases held claims that nobody needs any more, as many from the front of the list as fit one transaction. Those
    /// that are not held stay as they are. Says how many of the list are done with.
    pub fn safe(&mut self, claims: &[ClaimId], at: WallTime) -> Result<usize, JournalError> {
        let (mut erase, mut bytes, mut done) = (Vec::new(), 0, 0);
        for claim in claims {
            let row = self.read(|db| rows::find(db, *claim))?.map(|row| row.listed);
            if let Some(row) = row.filter(|row| matches!(row.state, QueueState::Held { .. })) {
                if bytes > 0 && bytes + row.bytes > ERASED_AT_ONCE {
                    break;
                }
                bytes += row.bytes;
                erase.push((row.sequence, row.claim));
            }
            done += 1;
        }
        self.erase(&erase, true, at)?;
        Ok(done)
    }

    /// What to do about claims that the hub lacks although a receipt is here: those that are held are queued again, in
    /// their old places, and returned. Of those that are gone an entry is made, once for each.
    pub fn recall(&mut self, claims: &[ClaimId], at: WallTime) -> Result<Vec<ClaimId>, JournalError> {
        let (mut held, mut gone) = (Vec::new(), Vec::new());
        for claim in claims {
            match self.read(|db| rows::find(db, *claim))?.map(|row| row.listed.state) {
                Some(QueueState::Held { ledger_sequence }) => held.push((*claim, ledger_sequence)),
                Some(QueueState::Confirmed { .. }) => gone.push(*claim),
                Some(QueueState::Queued | QueueState::Refused { .. }) | None => {}
            }
        }
        if !gone.is_empty() {
            let known = self.read(audit::unknown_to_hub)?;
            gone.retain(|claim| !known.contains(claim));
        }
        if held.is_empty() && gone.is_empty() {
            return Ok(Vec::new());
        }
        self.write("recall claims", |db| {
            for (claim, ledger_sequence) in &held {
                queue_again(db, *claim)?;
                audit::append(db, at, &BoothAudit::ClaimRecalled { claim: *claim, ledger_sequence: *ledger_sequence })?;
            }
            gone.iter().try_for_each(|claim| audit::append(db, at, &BoothAudit::ReceiptUnknownToHub { claim: *claim }))
        })?;
        for claim in &gone {
            tracing::error!(%claim, "hub lacks a claim that it gave a receipt for, and nothing is held here");
        }
        let held: Vec<_> = held.into_iter().map(|(claim, _)| claim).collect();
        for claim in &held {
            tracing::warn!(%claim, "hub lacks a claim that it gave a receipt for: it is queued again");
        }
        Ok(held)
    }

    /// Receipts of claims with numbers below this one, newest first, with the numbers.
    pub fn receipts(
        &self,
        before: u64,
        which: Receipts,
        limit: usize,
    ) -> Result<Vec<(u64, ReceiptNote)>, JournalError> {
        self.read(|db| receipts(db, before, which, limit))
    }

    /// Whether a claim of so many sealed bytes can be kept and erased again. Ask before a session begins.
    pub fn has_room(&self, bytes: u64) -> Result<bool, JournalError> {
        Ok(self.lacking(bytes)? == Some(0))
    }

    /// As [`Journal::has_room`], and if not, or if they are more than [`MAX_HELD`], held claims go, oldest first, as long as
    /// that helps: the database keeps what it has freed for the next claim, and gives nothing back to the disk.
    pub fn make_room(&mut self, bytes: u64, at: WallTime) -> Result<bool, JournalError> {
        loop {
            let lacking = self.lacking(bytes)?;
            let beyond = self.stats()?.held_bytes.saturating_sub(MAX_HELD);
            let wanted = lacking.unwrap_or(0).max(beyond);
            let oldest = if wanted > 0 { self.read(|db| oldest_held(db, wanted))? } else { Vec::new() };
            if oldest.is_empty() {
                return Ok(lacking == Some(0));
            }
            tracing::warn!(claims = oldest.len(), wanted, "held claims make room");
            match self.erase(&oldest, false, at) {
                // Not even the log has room to erase in.
                Err(JournalError::Full { .. }) => return Ok(false),
                result => result?,
            }
        }
    }

    /// Bytes of freed pages that are missing for a claim of this size. None if no amount would do, for a transaction needs
    /// room outside of the database as well.
    fn lacking(&self, bytes: u64) -> Result<Option<u64>, JournalError> {
        self.alive()?;
        if !self.reserve.fill()? {
            return Ok(None);
        }
        // Once in the log, and once in the database where freed pages do not have it already.
        let growth = bytes.saturating_sub(self.read(rows::free_bytes)?);
        let left = self.reserve.available()?.checked_sub(bytes);
        Ok(left.map(|left| growth.saturating_sub(left)))
    }

    fn erase(&mut self, claims: &[(u64, ClaimId)], safe: bool, at: WallTime) -> Result<(), JournalError> {
        if claims.is_empty() {
            return Ok(());
        }
        self.write("erase held claims", |db| {
            claims.iter().try_for_each(|(sequence, claim)| {
                rows::erase(db, *sequence)?;
                audit::append(db, at, &BoothAudit::ClaimErased { claim: *claim, safe })
            })
        })?;
        tracing::info!(claims = claims.len(), safe, "held claims are erased");
        Ok(())
    }
}

/// Whether receipts leave the sealed bytes here.
pub(crate) fn holds(db: &Connection) -> Result<bool, JournalError> {
    db.query_row("SELECT hold FROM queue", [], |row| row.get(0)).map_err(JournalError::sqlite("read the queue"))
}

/// Takes over from another database whether claims are held.
///
/// # Errors
///
/// Those of the fresh one.
pub(crate) fn salvage(old: &Connection, fresh: &Connection) -> Result<(), JournalError> {
    match holds(old) {
        Ok(hold) => note_hold(fresh, hold),
        Err(_) => Ok(()),
    }
}

fn note_hold(db: &Connection, hold: bool) -> Result<(), JournalError> {
    db.execute("UPDATE queue SET hold = ?1", [hold])
        .map(drop)
        .map_err(JournalError::sqlite("note whether claims are held"))
}

fn queue_again(db: &Connection, claim: ClaimId) -> Result<(), JournalError> {
    let sql = "UPDATE claim SET state = 'queued', receipt = NULL, receipt_signature = NULL, ledger_sequence = NULL
        WHERE claim = ?1 AND state = 'held'";
    db.execute(sql, [claim.0.as_bytes()]).map(drop).map_err(JournalError::sqlite("recall a claim"))
}

fn receipts(
    db: &Connection,
    before: u64,
    which: Receipts,
    limit: usize,
) -> Result<Vec<(u64, ReceiptNote)>, JournalError> {
    let error = "read receipts";
    let state = match which {
        Receipts::All => "state IN ('held', 'confirmed')",
        Receipts::Held => "state = 'held'",
    };
    let sql = format!(
        "SELECT sequence, claim, digest, ledger_sequence, state = 'held' FROM claim
         WHERE sequence < ?1 AND {state} ORDER BY sequence DESC LIMIT ?2"
    );
    let mut statement = db.prepare_cached(&sql).map_err(JournalError::sqlite(error))?;
    let read = |row: &Row<'_>| {
        let (claim, manifest) = (claim_id(row, 1)?, Digest(row.get(2)?));
        let ledger_sequence = natural(row.get(3)?);
        Ok((natural(row.get(0)?), ReceiptNote { claim, manifest, ledger_sequence, held: row.get(4)? }))
    };
    let values = params![integer(before), integer(limit as u64)];
    let rows = statement.query_map(values, read).map_err(JournalError::sqlite(error))?;
    rows.collect::<Result<_, _>>().map_err(JournalError::sqlite(error))
}

/// The oldest held claims that have so many sealed bytes together, as far as one transaction erases them.
fn oldest_held(db: &Connection, bytes: u64) -> Result<Vec<(u64, ClaimId)>, JournalError> {
    let error = "list held claims";
    let sql = "SELECT sequence, claim, bytes FROM claim WHERE state = 'held' ORDER BY sequence";
    let mut statement = db.prepare_cached(sql).map_err(JournalError::sqlite(error))?;
    let mut rows = statement.query([]).map_err(JournalError::sqlite(error))?;
    let (mut oldest, mut sum) = (Vec::new(), 0);
    while sum < bytes.min(ERASED_AT_ONCE)
        && let Some(row) = rows.next().map_err(JournalError::sqlite(error))?
    {
        let mut read = || -> rusqlite::Result<u64> {
            oldest.push((natural(row.get(0)?), claim_id(row, 1)?));
            row.get(2).map(natural)
        };
        sum += read().map_err(JournalError::sqlite(error))?;
    }
    Ok(oldest)
}
