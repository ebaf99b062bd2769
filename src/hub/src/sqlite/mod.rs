//! The ledger in one SQLite file.
//!
//! * WAL with `synchronous=FULL`: a commit is on the disk before it is reported, so a receipt never runs ahead.
//! * One connection writes, for all who write at the same time together ([`group`]); another one reads what is committed,
//!   behind a lock: the reads are short.
//! * The commands (`enrol-code`, `officer add`) open the same file from another process; SQLite's own locking and a
//!   busy timeout keep them apart.
//! * What goes wrong on the disk:
//!
//! | What | Then | [`Health`] |
//! |---|---|---|
//! | I/O error or damage met while writing | no more writing until the next start: after a failed fsync nobody knows what the disk holds | `Failed` |
//! | I/O error or damage met while reading | that reading fails; everything else goes on | `Unreadable` |
//! | no room | that writing fails, and may be tried again | `Full`, until something is kept |
//!
//! What was refused for want of room is undone, but the log may hold it until something else is kept in its place: the next
//! start may find it done, as it may what was under way. So one who was refused asks again for the same, and a commit names its parts.
//!
//! A checkpoint that fails in SQLite's own hands is not among them: the log has what was promised, and the next commit
//! meets the same disk.
//!
//! After a failed fsync the next start finds in the log what everybody can read and what may not be on the disk: Linux takes
//! such pages for clean. So the log is written over itself, and synced, before anything that is read of it is promised.

mod audit;
mod booths;
mod claims;
mod copy;
mod disk;
mod group;
mod notes;
mod officers;
mod parts;
#[cfg(test)]
pub(crate) mod power;
mod reconcile;
mod reports;
mod schema;
mod statistics;

pub(crate) use copy::back_up;

use crate::ledger::{Health, Ledger, LedgerError};
use bilik_claim::filing::MAX_PART;
use bilik_claim::ids::Digest;
use disk::Disk;
use group::Writer;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;

/// How long one process waits for another's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Error)]
pub enum OpenLedgerError {
    #[error("failed to open ledger {}", path.display())]
    Open { path: PathBuf, source: rusqlite::Error },
    #[error("failed to copy the ledger to {} before its layout changes", path.display())]
    Copy { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("failed to write the log of ledger {} over itself", path.display())]
    Renew { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("ledger {} has version {found}, this program reads up to {}", path.display(), schema::VERSION)]
    Version { path: PathBuf, found: i64 },
}

/// See the module head.
pub struct SqliteLedger {
    writer: Writer,
    reader: Mutex<Connection>,
    full: AtomicBool,
    unreadable: AtomicBool,
}

impl SqliteLedger {
    /// Opens the file, making it if it is not there and bringing it to the present layout.
    pub fn open(path: &Path) -> Result<Self, OpenLedgerError> {
        Self::open_on(&Disk::real(), path)
    }

    /// As [`SqliteLedger::open`], on a disk that may be simulated.
    pub(crate) fn open_on(disk: &Disk, path: &Path) -> Result<Self, OpenLedgerError> {
        let open = || -> rusqlite::Result<Connection> {
            let flags =
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = match disk.vfs {
                Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
                None => Connection::open_with_flags(path, flags)?,
            };
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "secure_delete", true)?;
            Ok(connection)
        };
        let failed = |source| OpenLedgerError::Open { path: path.to_owned(), source };
        let mut connection = open().map_err(failed)?;
        renew_log(&connection, disk, path)?;
        schema::migrate(&mut connection, disk, path)?;
        let reader = open().map_err(failed)?;
        reader.pragma_update(None, "query_only", true).map_err(failed)?;
        Ok(Self {
            writer: Writer::new(connection),
            reader: Mutex::new(reader),
            full: AtomicBool::new(false),
            unreadable: AtomicBool::new(false),
        })
    }

    /// Whether a file could be opened, without changing it.
    pub fn check(path: &Path) -> Result<(), OpenLedgerError> {
        schema::check(path)
    }

    #[cfg(test)]
    pub(crate) fn set_busy_timeout(&self, timeout: Duration) {
        self.db().busy_timeout(timeout).unwrap();
    }

    /// The connection that writes.
    #[cfg(test)]
    fn db(&self) -> std::sync::MutexGuard<'_, group::State> {
        self.writer.db()
    }

    /// Runs `work` in one transaction, perhaps together with others' work, and returns once it is committed.
    fn write<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let result = self.writer.write(operation, work);
        if matches!(result, Err(LedgerError::Full { .. })) {
            self.note_full(operation);
        }
        result
    }

    /// Runs `work` on what is committed.
    fn read<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let connection = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&connection).map_err(|source| storage(operation, source));
        if result.as_ref().is_err_and(is_io_failure) && !self.unreadable.swap(true, Ordering::AcqRel) {
            tracing::error!(operation, "the ledger's disk cannot be read everywhere: it has to be looked at");
        }
        result
    }

    fn note_full(&self, operation: &'static str) {
        if !self.full.swap(true, Ordering::AcqRel) {
            tracing::error!(operation, "the ledger's disk is full: booths keep their claims until there is room");
        }
    }

    /// Something as large as a part, or a claim, was kept.
    fn note_room(&self) {
        if self.full.swap(false, Ordering::AcqRel) {
            tracing::info!("the ledger's disk has room again");
        }
    }
}

impl Ledger for SqliteLedger {
    fn health(&self) -> Health {
        let is = |state: &AtomicBool| state.load(Ordering::Acquire);
        match (self.writer.has_failed(), is(&self.full), is(&self.unreadable)) {
            (true, _, _) => Health::Failed,
            (false, true, _) => Health::Full,
            (false, false, true) => Health::Unreadable,
            (false, false, false) => Health::Good,
        }
    }

    fn look_for_room(&self) -> Result<(), LedgerError> {
        const OPERATION: &str = "look for room";
        if !self.full.load(Ordering::Acquire) {
            return Ok(());
        }
        // A part of the largest size, of no booth, is kept and dropped: what is free then is free for a real one.
        self.write(OPERATION, |transaction| {
            let insert =
                "INSERT INTO parts (booth, digest, received_at, bytes) VALUES ('', zeroblob(32), 0, zeroblob(?1))";
            transaction
                .execute("DELETE FROM parts WHERE booth = ''", [])
                .and_then(|_| transaction.execute(insert, [MAX_PART as i64]))
                .map(drop)
                .map_err(|source| storage(OPERATION, source))
        })?;
        self.write(OPERATION, |transaction| {
            let dropped = transaction.execute("DELETE FROM parts WHERE booth = ''", []);
            dropped.map(drop).map_err(|source| storage(OPERATION, source))
        })?;
        self.note_room();
        Ok(())
    }
}

/// See the module head. Nobody else writes to the log meanwhile.
fn renew_log(connection: &Connection, disk: &Disk, path: &Path) -> Result<(), OpenLedgerError> {
    let failed = |source| OpenLedgerError::Renew { path: path.to_owned(), source };
    connection.execute_batch("BEGIN IMMEDIATE").map_err(|source| failed(source.into()))?;
    let renewed = disk.files.renew(&schema::beside(path, "-wal"));
    connection.execute_batch("ROLLBACK").map_err(|source| failed(source.into()))?;
    renewed.map_err(|source| failed(source.into()))
}

fn storage(operation: &'static str, source: rusqlite::Error) -> LedgerError {
    match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => LedgerError::Full { operation },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerError::Busy { operation },
        Some(_) | None => LedgerError::Storage { operation, source: Box::new(source) },
    }
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

/// The same, where there may be nothing.
fn optional_text<T: FromStr>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    if row.get_ref(column)? == rusqlite::types::ValueRef::Null { Ok(None) } else { text(row, column).map(Some) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Audit as _, AuditEvent, Parts as _};
    use bilik_claim::ids::{BoothId, WallTime};
    use std::ffi::c_int;
    use std::os::fd::AsRawFd as _;
    use uuid::Uuid;

    const BOOTH: BoothId = BoothId(Uuid::from_u128(1));

    fn put(ledger: &SqliteLedger, number: u8, size: usize) -> Result<(), LedgerError> {
        let bytes = vec![number; size];
        ledger.put_part(BOOTH, Digest::of(&bytes), &bytes, WallTime(0)).map(drop)
    }

    /// Allows the file no more pages than this.
    fn bound(ledger: &SqliteLedger, pages: u32) {
        ledger.db().pragma_update(None, "max_page_count", pages).unwrap();
    }

    unsafe extern "C" {
        fn dup2(old: c_int, new: c_int) -> c_int;
    }

    /// From now on the log takes everything and cannot be synced: it is /dev/null. What it held, the writer has in memory.
    fn fail_syncs(log: &Path) {
        let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
        let open: Vec<PathBuf> = std::fs::read_dir("/proc/self/fd").unwrap().map(|fd| fd.unwrap().path()).collect();
        for fd in open.iter().filter(|fd| std::fs::read_link(fd).is_ok_and(|file| file == log)) {
            let fd = fd.file_name().unwrap().to_str().unwrap().parse().unwrap();
            // SAFETY: both are open, and SQLite goes on with the number.
            assert_eq!(unsafe { dup2(null.as_raw_fd(), fd) }, fd);
        }
    }

    #[test]
    fn a_commit_waits_for_the_disk_and_one_that_fails_is_the_last() {
        let (dir, ledger) = temporary();
        // The first commit into an empty log syncs its head, whatever the settings: this is not the one.
        put(&ledger, 1, 10).unwrap();
        fail_syncs(&dir.path().canonicalize().unwrap().join("hub.db-wal"));
        assert!(matches!(put(&ledger, 2, 10), Err(LedgerError::Failed)));
        assert_eq!(ledger.health(), Health::Failed);
        assert!(matches!(put(&ledger, 3, 10), Err(LedgerError::Failed)));
    }

    #[test]
    fn a_full_disk_is_told_until_there_is_room_again() {
        let (_dir, ledger) = temporary();
        bound(&ledger, 100);
        let error = put(&ledger, 1, 1 << 20).unwrap_err();
        assert!(matches!(error, LedgerError::Full { .. }) && error.passes(), "{error}");
        assert_eq!(ledger.health(), Health::Full);
        // Small things may still fit; they prove nothing.
        ledger.record(&[(WallTime(0), AuditEvent::EnrolmentCodeMade)]).unwrap();
        assert_eq!(ledger.health(), Health::Full);
        assert!(matches!(ledger.look_for_room(), Err(LedgerError::Full { .. })));
        bound(&ledger, 1 << 20);
        ledger.look_for_room().unwrap();
        assert_eq!(ledger.health(), Health::Good);
        assert_eq!(ledger.drop_orphans(WallTime(i64::MAX)).unwrap(), 0, "nothing is left of the try");
        // A part that fits is proof as well.
        bound(&ledger, 1);
        put(&ledger, 2, 3 << 20).and_then(|()| put(&ledger, 3, 8 << 20)).unwrap_err();
        bound(&ledger, 1 << 20);
        put(&ledger, 4, 1 << 20).unwrap();
        assert_eq!(ledger.health(), Health::Good);
    }

    #[test]
    fn another_process_at_work_is_no_failure() {
        let (dir, ledger) = temporary();
        ledger.set_busy_timeout(Duration::ZERO);
        let other = Connection::open(dir.path().join("hub.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let error = put(&ledger, 1, 10).unwrap_err();
        assert!(matches!(error, LedgerError::Busy { .. }) && error.passes(), "{error}");
        other.execute_batch("ROLLBACK").unwrap();
        put(&ledger, 1, 10).unwrap();
        assert_eq!(ledger.health(), Health::Good);
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_goes_on() {
        let (dir, ledger) = temporary();
        put(&ledger, 1, 100_000).unwrap();
        drop(ledger);
        // The first page of the table is overwritten behind SQLite's back.
        let path = dir.path().join("hub.db");
        let ledger = SqliteLedger::open(&path).unwrap();
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'parts'";
        let root: u32 = ledger.db().query_row(sql, [], |row| row.get(0)).unwrap();
        drop(ledger);
        let mut file = std::fs::read(&path).unwrap();
        let root = root as usize;
        file[(root - 1) * 4096..root * 4096].fill(0xff);
        std::fs::write(&path, file).unwrap();
        let ledger = SqliteLedger::open(&path).unwrap();
        assert_eq!(ledger.health(), Health::Good);
        ledger.part(BOOTH, Digest::of(&vec![1; 100_000])).unwrap_err();
        assert_eq!(ledger.health(), Health::Unreadable);
        ledger.record(&[(WallTime(0), AuditEvent::EnrolmentCodeMade)]).unwrap();
        assert_eq!(ledger.health(), Health::Unreadable);
    }
}
