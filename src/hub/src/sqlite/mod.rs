//! The ledger in one SQLite file.
//!
//! * WAL with `synchronous=FULL`: a commit is on the disk before it is reported, so a receipt never runs ahead.
//! * One connection behind one lock: writers would wait for each other anyway, and the reads are short.
//! * The commands (`enrol-code`, `officer add`) open the same file from another process; SQLite's own locking and a
//!   busy timeout keep them apart.
//! * An I/O error ends all writing until the next start: after a failed fsync nobody knows what the disk holds.

mod audit;
mod booths;
mod claims;
mod officers;
mod parts;

use crate::ledger::{Ledger, LedgerError};
use bilik_claim::ids::Digest;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_VERSION: i64 = 1;
/// How long one process waits for another's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Error)]
pub enum OpenLedgerError {
    #[error("failed to open ledger {}", path.display())]
    Open { path: PathBuf, source: rusqlite::Error },
    #[error("ledger {} has version {found}, this program reads {SCHEMA_VERSION}", path.display())]
    Version { path: PathBuf, found: i64 },
}

/// See the module head.
pub struct SqliteLedger {
    connection: Mutex<Connection>,
    failed: AtomicBool,
}

impl SqliteLedger {
    /// Opens the file, making it if it is not there.
    pub fn open(path: &Path) -> Result<Self, OpenLedgerError> {
        let open = || -> rusqlite::Result<(Connection, i64)> {
            let flags =
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let mut connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "secure_delete", true)?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version == 0 {
                transaction.execute_batch(SCHEMA)?;
                transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
                version = SCHEMA_VERSION;
            }
            transaction.commit()?;
            Ok((connection, version))
        };
        let (connection, version) = open().map_err(|source| OpenLedgerError::Open { path: path.to_owned(), source })?;
        if version != SCHEMA_VERSION {
            return Err(OpenLedgerError::Version { path: path.to_owned(), found: version });
        }
        Ok(Self { connection: Mutex::new(connection), failed: AtomicBool::new(false) })
    }

    /// Runs `work` in one immediate transaction and commits it.
    fn write<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(LedgerError::Failed);
        }
        // A panic in `work` has rolled its transaction back; the connection is as good as before.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let result = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|source| storage(operation, source))
            .and_then(|transaction| {
                let value = work(&transaction)?;
                transaction.commit().map_err(|source| storage(operation, source))?;
                Ok(value)
            });
        if let Err(error) = &result
            && is_io_failure(error)
        {
            self.failed.store(true, Ordering::Release);
            tracing::error!(operation, "the ledger's disk has failed: no more writing until the next start");
        }
        result
    }

    /// Runs `work` on what is committed.
    fn read<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&connection).map_err(|source| storage(operation, source))
    }
}

impl Ledger for SqliteLedger {
    fn is_healthy(&self) -> bool {
        !self.failed.load(Ordering::Acquire)
    }
}

fn storage(operation: &'static str, source: rusqlite::Error) -> LedgerError {
    LedgerError::Storage { operation, source: Box::new(source) }
}

fn is_io_failure(error: &LedgerError) -> bool {
    let LedgerError::Storage { source, .. } = error else { return false };
    source
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code)
        .is_some_and(|code| matches!(code, ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt))
}

/// Reads an id or another value that is kept as text.
fn text<T: FromStr>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn digest(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    row.get::<_, [u8; 32]>(column).map(Digest)
}

#[cfg(test)]
pub(crate) fn temporary() -> (tempfile::TempDir, SqliteLedger) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(&dir.path().join("hub.db")).unwrap();
    (dir, ledger)
}
