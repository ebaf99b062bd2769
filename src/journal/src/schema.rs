//! Opening the database: settings, schema, check, and what happens to one that fails it.

use crate::DATABASE;
use crate::error::JournalError;
use crate::files;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Version of the tables, kept in `user_version`.
pub(crate) const SCHEMA: u32 = 1;
/// How long a statement waits for a technician's read-only look to finish.
const BUSY: Duration = Duration::from_secs(2);
/// More damaged databases than this in one directory is a broken disk: the booth has to stop and say so.
const MAX_SET_ASIDE: u32 = 100;

/// Filler at the head of each part's row, in bytes: the largest local payload of a table leaf in pages of 4096 bytes
/// (SQLite file format, 1.6: U - 35). It fills the cell, so that sealed bytes lie in overflow pages only.
pub(crate) const FILLER: u32 = 4096 - 35;

const TABLES: &str = "
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
";

/// A damaged database that was moved out of the way. Its claims are not sent until a technician recovers them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    pub path: PathBuf,
    /// What SQLite found.
    pub detail: String,
    /// The last sequence number that had been given out; the fresh database counts on from it.
    pub head: u64,
}

/// Opens the database of a state directory, or a fresh one in place of a damaged one.
pub(crate) fn open_or_set_aside(state_dir: &Path) -> Result<(Connection, Option<SetAside>), JournalError> {
    finish_set_aside(state_dir)?;
    let detail = match open(state_dir) {
        Ok(connection) => return Ok((connection, None)),
        Err(JournalError::Corrupt { detail, .. }) => detail,
        Err(error) => return Err(error),
    };
    let path = set_aside(state_dir)?;
    tracing::error!(path = %path.display(), detail, "journal was damaged and is set aside");
    let head = files::read_head(state_dir)?;
    Ok((open(state_dir)?, Some(SetAside { path, detail, head })))
}

/// Opens a database to read it only: settings that could change the file stay as they are.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(JournalError::sqlite("open for reading"))?;
    connection.busy_timeout(BUSY).map_err(JournalError::sqlite("set"))?;
    check_version(&connection, path)?;
    Ok(connection)
}

/// Empties the log into the database and cuts it to nothing. False if a reader was in the way.
pub(crate) fn checkpoint(connection: &Connection) -> Result<bool, JournalError> {
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .map(|busy| busy == 0)
        .map_err(JournalError::sqlite("checkpoint"))
}

fn open(state_dir: &Path) -> Result<Connection, JournalError> {
    let path = state_dir.join(DATABASE);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags).map_err(JournalError::sqlite("open"))?;
    configure(&connection)?;
    check_integrity(&connection)?;
    migrate(&mut connection, state_dir)?;
    files::sync_directory(state_dir)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> Result<(), JournalError> {
    connection.busy_timeout(BUSY).map_err(JournalError::sqlite("set"))?;
    // The page size comes first: it is fixed by the first write, and `FILLER` rests on it.
    let settings = [
        ("page_size", "4096", "4096"),
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

fn check_integrity(connection: &Connection) -> Result<(), JournalError> {
    let operation = "check";
    let verdict: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(JournalError::sqlite(operation))?;
    if verdict == "ok" { Ok(()) } else { Err(JournalError::Corrupt { operation, detail: verdict }) }
}

fn check_version(connection: &Connection, path: &Path) -> Result<u32, JournalError> {
    let version: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(JournalError::sqlite("read the version of"))?;
    // An older program after a rollback of the image must not set a newer queue aside as damaged.
    if version > SCHEMA {
        return Err(JournalError::Newer { path: path.to_owned(), version, known: SCHEMA });
    }
    Ok(version)
}

fn migrate(connection: &mut Connection, state_dir: &Path) -> Result<(), JournalError> {
    let error = "migrate";
    let version = check_version(connection, &state_dir.join(DATABASE))?;
    if version == SCHEMA {
        return Ok(());
    }
    let base = files::read_head(state_dir)?;
    let transaction = connection.transaction().map_err(JournalError::sqlite(error))?;
    // Version 0 is a new file. A later schema adds its step here, each from the version before it.
    transaction.execute_batch(TABLES).map_err(JournalError::sqlite(error))?;
    transaction
        .execute("INSERT INTO queue (only, base) VALUES (1, ?1)", [i64::try_from(base).unwrap_or(i64::MAX)])
        .map_err(JournalError::sqlite(error))?;
    transaction.pragma_update(None, "user_version", SCHEMA).map_err(JournalError::sqlite(error))?;
    transaction.commit().map_err(JournalError::sqlite(error))
}

/// Names of the files that SQLite keeps for a database.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Moves the database under the first free name, then its log, so that both open together under the new name.
fn set_aside(state_dir: &Path) -> Result<PathBuf, JournalError> {
    let database = state_dir.join(DATABASE);
    let mut free = (1..=MAX_SET_ASIDE).map(|n| with_suffix(&database, &format!(".corrupt-{n}")));
    let Some(target) = free.find(|p| !p.exists() && !with_suffix(p, "-wal").exists()) else {
        return Err(JournalError::Failed(format!("{MAX_SET_ASIDE} damaged journals lie in the state directory")));
    };
    rename(&database, &target)?;
    files::sync_directory(state_dir)?;
    move_log(&database, &target)?;
    files::sync_directory(state_dir)?;
    Ok(target)
}

/// A log without its database is left when setting aside was cut short; a new database must never read it.
fn finish_set_aside(state_dir: &Path) -> Result<(), JournalError> {
    let database = state_dir.join(DATABASE);
    if database.exists() || !with_suffix(&database, "-wal").exists() {
        return Ok(());
    }
    let numbered = |n: u32| with_suffix(&database, &format!(".corrupt-{n}"));
    let last = (1..=MAX_SET_ASIDE).rev().map(numbered).find(|p| p.exists()).unwrap_or_else(|| numbered(1));
    move_log(&database, &last)?;
    files::sync_directory(state_dir)
}

fn move_log(database: &Path, target: &Path) -> Result<(), JournalError> {
    let log = with_suffix(database, "-wal");
    if log.exists() {
        rename(&log, &with_suffix(target, "-wal"))?;
    }
    // The index of the log is rebuilt from it.
    let index = with_suffix(database, "-shm");
    if index.exists() { fs::remove_file(&index).map_err(JournalError::file("remove", &index)) } else { Ok(()) }
}

fn rename(from: &Path, to: &Path) -> Result<(), JournalError> {
    fs::rename(from, to).map_err(JournalError::file("set aside", from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_sqlite_has_the_log_reset_repaired() {
        assert!(rusqlite::version_number() >= 3_051_003, "SQLite {}", rusqlite::version());
    }

    #[test]
    fn newer_schema_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (connection, _) = open_or_set_aside(dir.path()).unwrap();
        connection.pragma_update(None, "user_version", SCHEMA + 1).unwrap();
        drop(connection);
        assert!(matches!(open_or_set_aside(dir.path()), Err(JournalError::Newer { version: 2, .. })));
        assert!(dir.path().join(DATABASE).exists());
    }

    #[test]
    fn orphaned_log_is_never_read_by_a_new_database() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("journal.db.corrupt-3"), "damaged").unwrap();
        fs::write(dir.path().join("journal.db-wal"), "log of number three").unwrap();
        let (_, set_aside) = open_or_set_aside(dir.path()).unwrap();
        assert_eq!(set_aside, None);
        assert_eq!(fs::read(dir.path().join("journal.db.corrupt-3-wal")).unwrap(), b"log of number three");
    }

    #[test]
    fn each_damaged_database_gets_a_name_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        files::write_head(dir.path(), 7).unwrap();
        for n in 1..=3 {
            fs::write(dir.path().join(DATABASE), vec![0x55; 8192]).unwrap();
            let (connection, found) = open_or_set_aside(dir.path()).unwrap();
            let found = found.unwrap();
            assert_eq!(found.path, dir.path().join(format!("journal.db.corrupt-{n}")));
            assert_eq!(found.head, 7);
            let base: i64 = connection.query_row("SELECT base FROM queue", [], |r| r.get(0)).unwrap();
            assert_eq!(base, 7);
        }
    }
}
