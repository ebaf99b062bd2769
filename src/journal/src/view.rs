//! What a technician sees of a queue, and how its claims are taken out by hand.

use crate::error::JournalError;
use crate::rows;
use crate::rows::QueueRow;
use crate::{files, schema};
use bilik_claim::filing::{Manifest, Signed};
use bilik_claim::ids::{ClaimId, Digest};
use rusqlite::Connection;
use std::path::Path;

/// What an export wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    pub claims: u64,
    pub parts: u64,
    /// Sealed bytes.
    pub bytes: u64,
    /// Claims of which something could not be read; the rest of each was written.
    pub damaged: Vec<ClaimId>,
}

/// A queue opened to look at, without keys: beside a running booth, or one that was set aside as damaged.
pub struct JournalView {
    db: Connection,
}

impl JournalView {
    /// Opens a database file (`STATE/journal.db`, or a `journal.db.corrupt-N`) for reading.
    pub fn open(database: &Path) -> Result<Self, JournalError> {
        Ok(Self { db: schema::open_read_only(database)? })
    }

    /// See [`crate::Journal::list`].
    pub fn list(&self) -> Result<Vec<QueueRow>, JournalError> {
        rows::list(&self.db)
    }

    /// See [`crate::Journal::export`].
    pub fn export(&self, directory: &Path) -> Result<Exported, JournalError> {
        export(&self.db, directory)
    }
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

pub(crate) fn export(db: &Connection, directory: &Path) -> Result<Exported, JournalError> {
    files::make_directory(directory)?;
    let mut exported = Exported::default();
    for row in rows::list(db)? {
        let Some(manifest) = rows::find(db, row.claim)?.and_then(|r| r.manifest) else { continue };
        exported.claims += 1;
        if !export_claim(db, directory, row.claim, &manifest, &mut exported)? {
            exported.damaged.push(row.claim);
        }
    }
    files::sync_directory(directory)?;
    tracing::info!(claims = exported.claims, damaged = exported.damaged.len(), "queue is exported");
    Ok(exported)
}

/// False if something of the claim could not be read. Errors are those of the disk written to.
fn export_claim(
    db: &Connection,
    directory: &Path,
    claim: ClaimId,
    manifest: &Signed<Manifest>,
    exported: &mut Exported,
) -> Result<bool, JournalError> {
    let directory = directory.join(claim.to_string());
    files::make_directory(&directory)?;
    let text =
        serde_json::to_vec_pretty(manifest).map_err(|source| JournalError::Encode { name: "manifest.json", source })?;
    files::write_file(&directory.join("manifest.json"), &text)?;

    // Names become paths: a manifest that does not hold together is written as it is, and not followed.
    let Some(listed) = manifest.peek().ok().filter(|m| m.validate().is_ok()) else { return Ok(false) };
    let mut whole = true;
    for listed in listed.parts {
        let Ok(sealed) = part(db, listed.digest) else {
            whole = false;
            continue;
        };
        files::write_file(&directory.join(format!("{}.age", listed.name)), &sealed)?;
        exported.parts += 1;
        exported.bytes += listed.size;
    }
    files::sync_directory(&directory)?;
    Ok(whole)
}
