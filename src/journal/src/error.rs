//! What can go wrong with the queue, sorted by what the booth has to do about it.

use bilik_claim::filing::{ManifestError, SignedError};
use bilik_claim::ids::{ClaimId, Digest};
use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_READ, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHORT_READ};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum JournalError {
    #[error("recipient of the queue is no age X25519 recipient: {0}")]
    Recipient(&'static str),
    #[error("journal in {} is in use by another process", .0.display())]
    InUse(PathBuf),
    #[error("failed to {operation} {}", path.display())]
    File { operation: &'static str, path: PathBuf, source: io::Error },
    /// Of where an export goes, not of the journal.
    #[error("failed to {operation} {}", path.display())]
    Export { operation: &'static str, path: PathBuf, source: io::Error },
    #[error("journal {} has schema {version}, this program knows up to {known}", path.display())]
    Newer { path: PathBuf, version: u32, known: u32 },
    /// At open the damaged file is set aside instead; this comes from a later look or from [`crate::JournalView`].
    #[error("failed to {operation}: journal is damaged: {detail}")]
    Corrupt { operation: &'static str, detail: String },
    /// Nothing was changed. Room has to be made before the next session.
    #[error("failed to {operation}: no space left for the journal")]
    Full { operation: &'static str },
    /// The journal has stopped or has to: only opening it anew tells what is on disk.
    #[error("journal has stopped: {0}")]
    Failed(String),
    #[error("failed to {operation} in the journal")]
    Sqlite { operation: &'static str, source: Box<rusqlite::Error> },
    #[error("failed to write part {name}")]
    Encode { name: &'static str, source: serde_json::Error },
    #[error("failed to seal part {name}")]
    Seal { name: String, source: Box<age::EncryptError> },
    #[error("failed to sign or read a signed body of the queue")]
    Signed(#[from] SignedError),
    #[error("claim {claim} can't be kept")]
    Manifest { claim: ClaimId, source: ManifestError },
    #[error("claim {claim} has {photos} photos for {documents} documents, or others")]
    Photos { claim: ClaimId, photos: usize, documents: usize },
    #[error("claim {claim} has {size} sealed bytes, more than {max}")]
    TooLarge { claim: ClaimId, size: u64, max: u64 },
    #[error("claim {0} is not in the journal")]
    UnknownClaim(ClaimId),
    #[error("part {0} is not in the journal")]
    UnknownPart(Digest),
    /// Stored bytes are not what was stored. Only this claim is affected.
    #[error("claim {claim} is damaged in the journal: {what}")]
    Damaged { claim: ClaimId, what: &'static str },
    /// Nothing was erased.
    #[error("receipt for claim {claim} is not signed by the hub")]
    ReceiptSignature { claim: ClaimId, source: SignedError },
    /// Nothing was erased.
    #[error("receipt is not for the bytes of claim {0}")]
    ReceiptMismatch(ClaimId),
}

impl JournalError {
    /// Sorts an error of SQLite. `operation` completes "failed to …".
    pub(crate) fn sqlite(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| {
            let code = source.sqlite_error_code();
            let extended = source.sqlite_error().map(|e| e.extended_code);
            // The log's index could not grow: a full disk, though SQLite calls it an I/O error.
            if code == Some(ErrorCode::DiskFull) || extended == Some(SQLITE_IOERR_SHMSIZE) {
                Self::Full { operation }
            } else if matches!(extended, Some(SQLITE_IOERR_READ | SQLITE_IOERR_SHORT_READ | SQLITE_IOERR_CORRUPTFS)) {
                // Mostly SQLite itself takes a page that can't be read for a damaged one; for the first page it does not.
                Self::Corrupt { operation, detail: source.to_string() }
            } else if code == Some(ErrorCode::SystemIoFailure) {
                Self::Failed(format!("failed to {operation}: {source}"))
            } else if matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)) {
                Self::Corrupt { operation, detail: source.to_string() }
            } else {
                Self::Sqlite { operation, source: Box::new(source) }
            }
        }
    }

    /// Sorts an error of a file beside the database. `operation` completes "failed to … PATH".
    pub(crate) fn file(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| {
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
                Self::Full { operation }
            } else {
                Self::File { operation, path: path.to_owned(), source }
            }
        }
    }

    /// Whether nothing that the journal believes about the disk can be trusted after this: it has stopped, and works
    /// again once it is opened anew. Every other error is about one claim, or about room.
    pub fn needs_reopening(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Corrupt { .. } | Self::File { .. })
    }
}

/// An error with all its causes, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
