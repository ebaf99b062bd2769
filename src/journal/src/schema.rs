//! Opening the database: settings, check, and the way from an older version of the tables.

use crate::DATABASE;
use crate::disk::Disk;
use crate::error::JournalError;
use crate::files::Place;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction};
use std::path::Path;
use std::time::Duration;

/// How long a statement waits for a technician's read-only look to finish.
const BUSY: Duration = Duration::from_secs(2);

/// Page size of a new database, in bytes. One that is there already keeps its own: older programs made pages of 4096 bytes.
/// SQLite writes the log page by page, each with a header of its own, so larger pages keep a claim sooner: of 64 KiB hardly
/// sooner than these, and four times as many claims would lie on a page that goes bad.
pub(crate) const PAGE: u32 = 16 << 10;

/// Filler at the head of each part's row: so many bytes less than a page, which is the largest local payload of a table leaf
/// (SQLite file format, 1.6: U - 35). It fills the cell, so that sealed bytes lie in overflow pages only.
pub(crate) const BESIDE_FILLER: u32 = 35;

/// Step N brings tables of version N to version N + 1; version 0 is an empty file. A step that was ever in use never
/// changes. Each has a queue of the version before it among the tests.
const STEPS: [&str; 3] = [
    "
    CREATE TABLE queue (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        base INTEGER NOT NULL CHECK (base >= 0)         -- last number given out before this database
    ) STRICT;
    CREATE TABLE claim (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        claim BLOB NOT NULL UNIQUE CHECK (length(claim) = 16),
        kept_at INTEGER NOT NULL,                       -- ms since 1970 UTC
        digest BLOB NOT NULL CHECK (length(digest) = 32), -- of the manifest's body
        parts INTEGER NOT NULL,
        bytes INTEGER NOT NULL,                         -- sealed
        state TEXT NOT NULL CHECK (state IN ('queued', 'refused', 'confirmed')),
        refusal TEXT,
        manifest TEXT, manifest_signature TEXT,         -- until confirmed
        receipt TEXT, receipt_signature TEXT, ledger_sequence INTEGER, -- once confirmed
        CHECK ((state = 'refused') = (refusal IS NOT NULL)),
        CHECK ((state = 'confirmed') = (manifest IS NULL)),
        CHECK ((state = 'confirmed') = (receipt IS NOT NULL))
    ) STRICT;
    CREATE INDEX claim_by_state ON claim (state, sequence);
    CREATE TABLE part (
        id INTEGER PRIMARY KEY,
        sequence INTEGER NOT NULL REFERENCES claim (sequence),
        digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
        filler BLOB NOT NULL,                           -- keeps `sealed` out of the b-tree
        sealed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX part_by_claim ON part (sequence);
    INSERT INTO queue (only, base) VALUES (1, 0);
    ",
    "
    CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        at INTEGER NOT NULL,                            -- ms since 1970 UTC
        text TEXT NOT NULL,                             -- JSON, ids only
        hash BLOB NOT NULL CHECK (length(hash) = 32)    -- over this entry and the hash before it
    ) STRICT;
    ",
    // The same columns in the same order: [`crate::pages`] reads them by their place, and tells tables apart by how many
    // columns they have. One without row numbers has none of the pages that it looks at.
    "
    CREATE TABLE claim_3 (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        claim BLOB NOT NULL UNIQUE CHECK (length(claim) = 16),
        kept_at INTEGER NOT NULL,                       -- ms since 1970 UTC
        digest BLOB NOT NULL CHECK (length(digest) = 32), -- of the manifest's body
        parts INTEGER NOT NULL,
        bytes INTEGER NOT NULL,                         -- sealed
        state TEXT NOT NULL CHECK (state IN ('queued', 'refused', 'held', 'confirmed')),
        refusal TEXT,
        manifest TEXT, manifest_signature TEXT,         -- until confirmed
        receipt TEXT, receipt_signature TEXT, ledger_sequence INTEGER, -- once held or confirmed
        CHECK ((state = 'refused') = (refusal IS NOT NULL)),
        CHECK ((state = 'confirmed') = (manifest IS NULL)),
        CHECK ((state IN ('held', 'confirmed')) = (receipt IS NOT NULL))
    ) STRICT;
    INSERT INTO claim_3 SELECT sequence, claim, kept_at, digest, parts, bytes, state, refusal, manifest,
        manifest_signature, receipt, receipt_signature, ledger_sequence FROM claim;
    DROP TABLE claim;
    ALTER TABLE claim_3 RENAME TO claim;
    CREATE INDEX claim_by_state ON claim (state, sequence, bytes);
    ALTER TABLE queue ADD COLUMN hold INTEGER NOT NULL DEFAULT 0 CHECK (hold IN (0, 1)); -- receipts do not erase
    CREATE TABLE hub_keys (
        root BLOB NOT NULL CHECK (length(root) = 32),   -- receipt key of the enrolment
        serial INTEGER NOT NULL CHECK (serial > 0),
        body TEXT NOT NULL, signature TEXT NOT NULL,
        PRIMARY KEY (root, serial)
    ) STRICT, WITHOUT ROWID;
    ",
];

/// Version of the tables that this program works with, kept in `user_version`.
pub(crate) const SCHEMA: u32 = STEPS.len() as u32;

/// Opens the database of a state directory, made if it is not there, checked, and of the current version.
///
/// # Errors
///
/// After [`JournalError::Corrupt`] the file and its log are as they were found.
pub(crate) fn open(place: &Place) -> Result<Connection, JournalError> {
    place.renew_log(&place.path(DATABASE))?;
    let connection = open_named(place, DATABASE)?;
    place.sync()?;
    Ok(connection)
}

/// As [`open`], under another name; the name is not made durable.
pub(crate) fn open_named(place: &Place, name: &str) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let path = place.path(name);
    let mut connection = connect(&place.disk, &path, flags)?;
    // Else closing would write the log into a database that has just been found damaged, and remove it.
    leave_log(&connection, true)?;
    configure(&connection)?;
    check_integrity(&connection)?;
    migrate(&mut connection, &path)?;
    leave_log(&connection, false)?;
    Ok(connection)
}

/// Opens a database to read it only: settings that could change the file stay as they are.
pub(crate) fn open_read_only(disk: &Disk, path: &Path) -> Result<Connection, JournalError> {
    let connection = connect(disk, path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    leave_log(&connection, true)?;
    connection.busy_timeout(BUSY).map_err(JournalError::sqlite("set"))?;
    version(&connection, path)?;
    Ok(connection)
}

/// Whether closing the connection leaves the log alone.
pub(crate) fn leave_log(connection: &Connection, leave: bool) -> Result<(), JournalError> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave)
        .map(drop)
        .map_err(JournalError::sqlite("set"))
}

/// Empties the log into the database and cuts it to nothing. False if a reader was in the way.
pub(crate) fn checkpoint(connection: &Connection) -> Result<bool, JournalError> {
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .map(|busy| busy == 0)
        .map_err(JournalError::sqlite("checkpoint"))
}

fn connect(disk: &Disk, path: &Path, flags: OpenFlags) -> Result<Connection, JournalError> {
    match disk.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    }
    .map_err(JournalError::sqlite("open"))
}

fn configure(connection: &Connection) -> Result<(), JournalError> {
    connection.busy_timeout(BUSY).map_err(JournalError::sqlite("set"))?;
    // First, for the first write fixes it. A database that is there already keeps its own.
    connection.pragma_update(None, "page_size", PAGE).map_err(JournalError::sqlite("set"))?;
    let settings = [
        ("journal_mode", "WAL", "wal"),
        ("synchronous", "FULL", "2"),
        ("secure_delete", "ON", "1"),
        ("foreign_keys", "ON", "1"),
        ("temp_store", "MEMORY", "2"),
        ("trusted_schema", "OFF", "0"),
        ("cell_size_check", "ON", "1"),
        ("wal_autocheckpoint", "0", "0"),
    ];
    for (name, value, expect) in settings {
        connection.pragma_update(None, name, value).map_err(JournalError::sqlite("set"))?;
        let got = connection
            .pragma_query_value(None, name, |row| {
                Ok(match row.get_ref(0)? {
                    rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                    rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    rusqlite::types::ValueRef::Null
                    | rusqlite::types::ValueRef::Real(_)
                    | rusqlite::types::ValueRef::Blob(_) => String::new(),
                })
            })
            .map_err(JournalError::sqlite("set"))?;
        if got != expect {
            return Err(JournalError::Failed(format!("SQLite does not take {name}={value}, it says {got}")));
        }
    }
    Ok(())
}

pub(crate) fn check_integrity(connection: &Connection) -> Result<(), JournalError> {
    let operation = "check";
    let verdict: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(JournalError::sqlite(operation))?;
    if verdict == "ok" { Ok(()) } else { Err(JournalError::Corrupt { operation, detail: verdict }) }
}

fn version(connection: &Connection, path: &Path) -> Result<u32, JournalError> {
    let version: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(JournalError::sqlite("read the version of"))?;
    // An older program after a rollback of the image must not set a newer queue aside as damaged.
    if version > SCHEMA {
        return Err(JournalError::Newer { path: path.to_owned(), version, known: SCHEMA });
    }
    Ok(version)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let error = "migrate";
    let version = version(connection, path)?;
    if version == SCHEMA {
        return Ok(());
    }
    // A table that is rebuilt is away for a moment, and parts refer to it.
    connection.pragma_update(None, "foreign_keys", "OFF").map_err(JournalError::sqlite(error))?;
    let transaction = connection.transaction().map_err(JournalError::sqlite(error))?;
    climb(&transaction, version).map_err(JournalError::sqlite(error))?;
    transaction.commit().map_err(JournalError::sqlite(error))?;
    connection.pragma_update(None, "foreign_keys", "ON").map_err(JournalError::sqlite(error))?;
    if version > 0 {
        tracing::info!(from = version, to = SCHEMA, "journal has the tables of this program");
    }
    Ok(())
}

/// All steps in one transaction: a power cut leaves the old version or the new one.
fn climb(transaction: &Transaction<'_>, version: u32) -> rusqlite::Result<()> {
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_sqlite_has_the_log_reset_repaired() {
        assert!(rusqlite::version_number() >= 3_051_003, "SQLite {}", rusqlite::version());
    }

    /// Tables as they stand in a file.
    fn tables(connection: &Connection) -> Vec<String> {
        let sql = "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name";
        let mut statement = connection.prepare(sql).unwrap();
        // A dump indents as the step did when it was made.
        let squeeze = |sql: String| sql.split_whitespace().collect::<Vec<_>>().join(" ");
        statement.query_map([], |row| row.get(0).map(squeeze)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn every_older_version_becomes_the_current_one() {
        let current = tables(&open(&Place::new(Disk::real(), tempfile::tempdir().unwrap().path())).unwrap());
        let older = [include_str!("tests/v1.sql"), include_str!("tests/v2.sql")];
        assert_eq!(older.len(), SCHEMA as usize - 1, "a queue of each version before this one");
        for (sql, version) in older.into_iter().zip(1..) {
            let dir = tempfile::tempdir().unwrap();
            let old = Connection::open(dir.path().join(DATABASE)).unwrap();
            old.execute_batch(sql).unwrap();
            let before: u32 = old.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            assert_eq!(before, version);
            drop(old);
            let connection = open(&Place::new(Disk::real(), dir.path())).unwrap();
            assert_eq!(tables(&connection), current, "version {version}");
            let loose =
                "SELECT (SELECT count(*) FROM pragma_foreign_key_check) + (foreign_keys <> 1) FROM pragma_foreign_keys";
            assert_eq!(connection.query_row(loose, [], |row| row.get::<_, i64>(0)), Ok(0), "version {version}");
        }
    }

    #[test]
    fn newer_schema_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(Disk::real(), dir.path());
        let connection = open(&place).unwrap();
        connection.pragma_update(None, "user_version", SCHEMA + 1).unwrap();
        drop(connection);
        assert!(matches!(open(&place), Err(JournalError::Newer { version, .. }) if version == SCHEMA + 1));
        assert!(dir.path().join(DATABASE).exists());
    }
}
