//! Takes over from a damaged database what is provably as it was stored, claim by claim.
//!
//! A queued or refused claim is moved if its manifest and each of its parts have the digests they were kept with; a
//! confirmed one if its receipt is for it; a held one if both hold, and as confirmed if only its receipt does. SQLite is
//! asked first, since it reads the log as well. What it can't say any more is looked for on the pages themselves
//! ([`crate::pages`]): so a page that can't be read costs the claims on it, and none beside, whether it was a root, an index
//! or the head of the file.

use crate::audit;
use crate::delivery::outgoing;
use crate::disk::Disk;
use crate::error::JournalError;
use crate::files::Head;
use crate::pages::Pages;
use crate::rows::{self, ClaimRow, QueueRow, QueueState};
use crate::{holding, keys, schema, view};
use bilik_claim::audit::AuditEntry;
use bilik_claim::filing::{FORMAT, Part, Receipt};
use bilik_claim::ids::Digest;
use rusqlite::Connection;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Salvaged {
    pub moved: u64,
    /// Claims that were there, or must have been, and were not moved.
    pub left: u64,
}

/// Copies what holds from a database that was set aside into a fresh one.
///
/// # Errors
///
/// Those of the fresh one. What it has no room for counts as left.
pub(crate) fn salvage(disk: &Disk, source: &Path, fresh: &Connection, head: Head) -> Result<Salvaged, JournalError> {
    let old = Damaged::open(disk, source)?;
    let last = head.number.max(old.last());
    // Numbers up to here may be of an even older database.
    let base = old.db.as_ref().and_then(|db| rows::base(db).ok()).unwrap_or(0);
    let mut salvaged = Salvaged::default();
    for sequence in rows::looked_up(last) {
        match old.claim(sequence) {
            Looked::Good(row, parts) => match old.copy(fresh, &row, &parts) {
                Ok(true) => salvaged.moved += 1,
                Ok(false) if old.copy_receipt(fresh, &row)? => salvaged.moved += 1,
                Ok(false) | Err(JournalError::Full { .. }) => salvaged.left += 1,
                Err(error) => return Err(error),
            },
            Looked::Bad(row) if old.copy_receipt(fresh, &row)? => salvaged.moved += 1,
            Looked::Bad(_) => salvaged.left += 1,
            Looked::Unknown if sequence <= head.kept() => salvaged.left += 1,
            Looked::Absent if sequence > base && sequence <= head.kept() => salvaged.left += 1,
            Looked::Unknown | Looked::Absent => {}
        }
    }
    rows::raise_base(fresh, last)?;
    audit::salvage(|number| old.audit(number), fresh)?;
    // What can't be read comes again when the booth and the hub reconcile.
    if let Some(db) = old.db() {
        keys::salvage(db, fresh)?;
        holding::salvage(db, fresh)?;
    }
    Ok(salvaged)
}

/// A database of which anything may be broken.
pub(crate) struct Damaged {
    /// None if SQLite can't open it at all.
    db: Option<Connection>,
    disk: Disk,
    path: PathBuf,
    /// Looked at when SQLite can't tell for the first time.
    pages: OnceCell<Pages>,
}

/// What is left of a claim.
pub(crate) enum Looked {
    /// With the parts that a claim which is not erased must have.
    Good(Box<ClaimRow>, Vec<Part>),
    /// It was there, and is not what it was.
    Bad(Box<ClaimRow>),
    /// What could tell is broken.
    Unknown,
    Absent,
}

impl Damaged {
    /// # Errors
    ///
    /// Those that do not come from damage.
    pub fn open(disk: &Disk, path: &Path) -> Result<Self, JournalError> {
        let db = match schema::open_read_only(disk, path) {
            Ok(db) => Some(db),
            Err(JournalError::Corrupt { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Self { db, disk: disk.clone(), path: path.to_owned(), pages: OnceCell::new() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// As SQLite sees it, if it can.
    pub fn db(&self) -> Option<&Connection> {
        self.db.as_ref()
    }

    fn pages(&self) -> &Pages {
        self.pages.get_or_init(|| Pages::scan(&self.disk, &self.path))
    }

    /// The highest number of a claim.
    pub fn last(&self) -> u64 {
        self.db.as_ref().and_then(|db| rows::last_sequence(db).ok()).unwrap_or_else(|| self.pages().last())
    }

    pub fn claim(&self, sequence: u64) -> Looked {
        let told = match self.db.as_ref().map(|db| rows::at(db, sequence)) {
            Some(Ok(Some(row))) => judge(row),
            Some(Ok(None)) => Looked::Absent,
            Some(Err(_)) | None => Looked::Unknown,
        };
        if matches!(told, Looked::Good(..)) {
            return told;
        }
        // A broken tree can also say that nothing is there.
        let values = self.pages().claim(sequence);
        values.and_then(|values| rows::from_page(sequence, &values)).map_or(told, judge)
    }

    /// The bytes with this digest, if they can be had.
    pub fn part(&self, digest: Digest) -> Option<Vec<u8>> {
        let told = self.db.as_ref().and_then(|db| view::part(db, digest).ok());
        told.or_else(|| self.pages().part(digest))
    }

    /// An entry of the audit trail, which proves itself by its place in the chain.
    fn audit(&self, number: i64) -> Option<AuditEntry> {
        match self.db.as_ref().map(|db| audit::at(db, number)) {
            Some(Ok(Some(entry))) => Some(entry),
            // After the last one it is worth a look only if the last can't be told.
            Some(Ok(None)) if self.pages.get().is_none() => None,
            Some(Ok(None) | Err(_)) | None => self.pages().audit(u64::try_from(number).ok()?),
        }
    }

    /// One transaction for each claim. False, and nothing copied, if a part is not what it was.
    fn copy(&self, fresh: &Connection, row: &ClaimRow, parts: &[Part]) -> Result<bool, JournalError> {
        let error = "salvage a claim";
        let transaction = fresh.unchecked_transaction().map_err(JournalError::sqlite(error))?;
        rows::insert_row(&transaction, row)?;
        for part in parts {
            let Some(sealed) = self.part(part.digest) else { return Ok(false) };
            rows::insert_part(&transaction, row.listed.sequence, part.digest, &sealed)?;
        }
        transaction.commit().map_err(JournalError::sqlite(error))?;
        Ok(true)
    }

    /// Of a held claim, what proves that the hub has it. False if it is not one, or there is no room.
    fn copy_receipt(&self, fresh: &Connection, row: &ClaimRow) -> Result<bool, JournalError> {
        let QueueState::Held { ledger_sequence } = row.listed.state else { return Ok(false) };
        let listed = QueueRow { state: QueueState::Confirmed { ledger_sequence }, ..row.listed.clone() };
        match judge(ClaimRow { listed, manifest: None, ..row.clone() }) {
            Looked::Good(row, parts) => match self.copy(fresh, &row, &parts) {
                Err(JournalError::Full { .. }) => Ok(false),
                result => result,
            },
            Looked::Bad(_) | Looked::Unknown | Looked::Absent => Ok(false),
        }
    }
}

/// Whether a row is what was stored.
fn judge(row: ClaimRow) -> Looked {
    let (claim, sequence) = (row.listed.claim, row.listed.sequence);
    let ours = |r: Receipt| r.format == FORMAT && r.claim == claim && r.manifest == row.digest;
    let receipt_holds = row.receipt.as_ref().is_none_or(|receipt| receipt.peek().is_ok_and(ours));
    if !receipt_holds {
        return Looked::Bad(Box::new(row));
    }
    if matches!(row.listed.state, QueueState::Confirmed { .. }) {
        return Looked::Good(Box::new(row), Vec::new());
    }
    let manifest = row.manifest.as_ref().and_then(|signed| signed.peek().ok());
    let ours = manifest.is_some_and(|m| m.claim == claim && m.sequence == sequence && m.validate().is_ok());
    match outgoing(row.clone()) {
        Ok(outgoing) if ours => Looked::Good(Box::new(row), outgoing.parts),
        Ok(_) | Err(_) => Looked::Bad(Box::new(row)),
    }
}
