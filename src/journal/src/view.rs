//! What a technician sees of a queue, damaged or not, and how its claims are taken out by hand.
//!
//! A database that SQLite can open is read claim by claim: what can't be read is counted, and hides nothing else.

use crate::disk::{Disk, Files as _, RealFiles};
use crate::error::JournalError;
use crate::rows::{self, LISTED_CONFIRMED, QueueRow, QueueState};
use crate::salvage::{Damaged, Looked};
use bilik_claim::ids::{ClaimId, Digest};
use rusqlite::Connection;
use std::io;
use std::path::Path;

/// Claims of a queue that could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Oldest first: those that are here, and the last [`LISTED_CONFIRMED`] others.
    pub rows: Vec<QueueRow>,
    /// Claims whose row can't be read.
    pub unreadable: u64,
}

/// What an export wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    pub claims: u64,
    pub parts: u64,
    /// Sealed bytes.
    pub bytes: u64,
    /// Claims of which something could not be read; the rest of each was written.
    pub damaged: Vec<ClaimId>,
    /// Claims of which nothing could be read.
    pub unreadable: u64,
}

/// A queue opened to look at, without keys: beside a running booth, or one that was set aside as damaged.
pub struct JournalView {
    pub(crate) queue: Damaged,
}

impl JournalView {
    /// Opens a database file (`STATE/journal.db`, or a `journal.db.corrupt-N`) for reading.
    pub fn open(database: &Path) -> Result<Self, JournalError> {
        Ok(Self { queue: Damaged::open(&Disk::real(), database)? })
    }

    /// Claims that are here, held ones among them, and the last [`LISTED_CONFIRMED`] others.
    pub fn list(&self) -> Result<Listed, JournalError> {
        match self.queue.db().map(rows::list) {
            Some(Ok(rows)) => Ok(Listed { rows, unreadable: 0 }),
            Some(Err(JournalError::Corrupt { .. } | JournalError::Sqlite { .. })) | None => Ok(self.list_each()),
            Some(Err(error)) => Err(error),
        }
    }

    /// Writes every claim that is here, held ones among them, under `directory`: `CLAIM/manifest.json` and `CLAIM/NAME.age`.
    ///
    /// # Errors
    ///
    /// Those of the disk written to; what can't be read is counted.
    pub fn export(&self, directory: &Path) -> Result<Exported, JournalError> {
        RealFiles.make_directory(directory).map_err(failed("create", directory))?;
        let listed = self.list()?;
        let mut exported = Exported { unreadable: listed.unreadable, ..Exported::default() };
        for row in listed.rows.into_iter().filter(|row| !erased(row)) {
            self.export_claim(directory, &row, &mut exported)?;
        }
        RealFiles.sync_directory(directory).map_err(failed("sync", directory))?;
        let Exported { claims, unreadable, .. } = exported;
        tracing::info!(claims, damaged = exported.damaged.len(), unreadable, "queue is exported");
        Ok(exported)
    }

    fn list_each(&self) -> Listed {
        let mut listed = Listed::default();
        for sequence in rows::looked_up(self.queue.last()) {
            match self.queue.claim(sequence) {
                Looked::Good(row, _) | Looked::Bad(row) => listed.rows.push(row.listed),
                Looked::Unknown => listed.unreadable += 1,
                Looked::Absent => {}
            }
        }
        let older = listed.rows.iter().filter(|r| erased(r)).count().saturating_sub(LISTED_CONFIRMED as usize);
        let mut skipped = 0;
        listed.rows.retain(|row| {
            let skip = skipped < older && erased(row);
            skipped += usize::from(skip);
            !skip
        });
        listed
    }

    fn export_claim(&self, directory: &Path, row: &QueueRow, exported: &mut Exported) -> Result<(), JournalError> {
        let row = match self.queue.claim(row.sequence) {
            Looked::Good(row, _) | Looked::Bad(row) => row,
            Looked::Unknown | Looked::Absent => {
                exported.unreadable += 1;
                return Ok(());
            }
        };
        // One that was erased meanwhile has gone where it should.
        let Some(manifest) = &row.manifest else { return Ok(()) };
        let directory = directory.join(row.listed.claim.to_string());
        RealFiles.make_directory(&directory).map_err(failed("create", &directory))?;
        let encode = |source| JournalError::Encode { name: "manifest.json", source };
        write(&directory.join("manifest.json"), &serde_json::to_vec_pretty(manifest).map_err(encode)?)?;
        exported.claims += 1;

        // Names become paths: a manifest that does not hold together is written as it is, and not followed.
        let listed = manifest.peek().ok().filter(|m| m.validate().is_ok());
        let mut whole = listed.is_some();
        for part in listed.into_iter().flat_map(|m| m.parts) {
            let Some(sealed) = self.queue.part(part.digest) else {
                whole = false;
                continue;
            };
            write(&directory.join(format!("{}.age", part.name)), &sealed)?;
            exported.parts += 1;
            exported.bytes += part.size;
        }
        RealFiles.sync_directory(&directory).map_err(failed("sync", &directory))?;
        if !whole && !self.erased_meanwhile(row.listed.claim) {
            exported.damaged.push(row.listed.claim);
        }
        Ok(())
    }

    /// The hub has it by now: parts that are missing have rightly gone.
    pub(crate) fn erased_meanwhile(&self, claim: ClaimId) -> bool {
        let row = self.queue.db().and_then(|db| rows::find(db, claim).ok().flatten());
        row.is_some_and(|row| row.manifest.is_none())
    }
}

fn erased(row: &QueueRow) -> bool {
    matches!(row.state, QueueState::Confirmed { .. })
}

/// A part as it was stored, or an error that names the claim.
pub(crate) fn part(db: &Connection, digest: Digest) -> Result<Vec<u8>, JournalError> {
    let (claim, sealed) = rows::part(db, digest)?.ok_or(JournalError::UnknownPart(digest))?;
    if Digest::of(&sealed) == digest {
        Ok(sealed)
    } else {
        Err(JournalError::Damaged { claim, what: "a part is not what was sealed" })
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    RealFiles.write(path, bytes).map_err(failed("write", path))
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Export { operation, path: path.to_owned(), source }
}
