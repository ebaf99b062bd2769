//! What happens to a database that fails its check at open, and how a fresh one takes over what can be read of it.
//!
//! ```text
//! journal.db  damaged ── rename, sync ──► journal.db.corrupt-N       1
//! journal.db-wal, -shm ─ rename, sync ──► journal.db.corrupt-N-wal   2
//! journal.db.new  ◄── salvage ─────────── journal.db.corrupt-N       3
//! journal.db  ◄─ rename, sync ── journal.db.new                      4
//! ```
//!
//! Power may be cut anywhere: a log without a database belongs to the last one set aside (2 is made good), and without
//! `journal.db` a draft of it is thrown away and made anew (3 and 4 are). What was set aside is never changed or removed.

use crate::DATABASE;
use crate::audit::{self, BoothAudit};
use crate::disk::Disk;
use crate::error::JournalError;
use crate::files::{Head, Place, with_suffix};
use crate::salvage::{Salvaged, salvage};
use crate::{rows, schema};
use bilik_claim::ids::WallTime;
use rusqlite::Connection;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// More damaged databases than this in one directory is a broken disk: the booth has to stop and say so.
pub(crate) const MAX_SET_ASIDE: u32 = 100;
/// The fresh database, until it has what could be salvaged.
const DRAFT: &str = "journal.db.new";

/// A damaged database that was moved out of the way, with its log beside it. It stays as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    pub path: PathBuf,
    /// What SQLite found.
    pub detail: String,
    /// The last sequence number that had been given out; the fresh database counts on from it.
    pub head: u64,
    /// Claims that the fresh database has taken over, confirmed ones among them.
    pub moved: u64,
    /// Claims that it has not: only a technician can get at what is left of them, if anything is.
    pub left: u64,
}

/// An open database, and what it took to get there.
pub(crate) struct Opening {
    pub connection: Connection,
    pub set_aside: Option<SetAside>,
    /// Sequence numbers of claims that were kept, and that neither this database nor one set aside now tells of.
    pub lost: Option<RangeInclusive<u64>>,
}

/// Opens the database of a state directory, or a fresh one in place of a damaged or missing one.
pub(crate) fn open_or_set_aside(place: &Place, at: WallTime) -> Result<Opening, JournalError> {
    finish_set_aside(place)?;
    let head = place.read_head()?;
    let mut detail = "its journal.db was missing".to_owned();
    if place.exists(&place.path(DATABASE))? {
        match schema::open(place) {
            Ok(connection) => {
                let lost = find_loss(&connection, head, at)?;
                return Ok(Opening { connection, set_aside: None, lost });
            }
            Err(JournalError::Corrupt { detail: found, .. }) => detail = found,
            Err(error) => return Err(error),
        }
        move_aside(place)?;
    }
    let source = last_set_aside(place)?;
    let salvaged = make_fresh(place, source.as_deref(), head, at)?;
    let connection = schema::open(place)?;
    let set_aside = source.map(|path| {
        let Salvaged { moved, left } = salvaged;
        tracing::error!(path = %path.display(), detail, moved, left, "journal was damaged and is set aside");
        SetAside { path, detail, head: head.number, moved, left }
    });
    let lost = (set_aside.is_none() && head.kept() > 0).then(|| 1..=head.kept());
    Ok(Opening { connection, set_aside, lost })
}

/// Every database that was set aside in a state directory, oldest first.
pub fn set_aside_files(state_dir: &Path) -> Vec<PathBuf> {
    let place = Place::new(Disk::real(), state_dir);
    numbered(&place).filter(|path| place.exists(path).unwrap_or(false)).collect()
}

/// What the database does not know although it was kept: SQLite drops the end of a damaged log without a word. Numbers
/// count on behind it.
fn find_loss(connection: &Connection, head: Head, at: WallTime) -> Result<Option<RangeInclusive<u64>>, JournalError> {
    let last = rows::next_sequence(connection)?.saturating_sub(1);
    if head.kept() <= last {
        return Ok(None);
    }
    let error = "note a loss";
    let transaction = connection.unchecked_transaction().map_err(JournalError::sqlite(error))?;
    rows::raise_base(&transaction, head.kept())?;
    audit::append(&transaction, at, &BoothAudit::Lost { from: last + 1, to: head.kept() })?;
    transaction.commit().map_err(JournalError::sqlite(error))?;
    Ok(Some(last + 1..=head.kept()))
}

/// Makes a database with what can be had of an old one, under its final name once it is whole.
fn make_fresh(place: &Place, source: Option<&Path>, head: Head, at: WallTime) -> Result<Salvaged, JournalError> {
    let draft = place.path(DRAFT);
    for name in ["", "-wal", "-shm"].map(|suffix| with_suffix(&draft, suffix)) {
        if place.exists(&name)? {
            place.remove(&name)?;
        }
    }
    let connection = schema::open_named(place, DRAFT)?;
    rows::raise_base(&connection, head.number)?;
    let salvaged = match source {
        Some(source) => salvage(&place.disk, source, &connection, head)?,
        None => Salvaged::default(),
    };
    let Salvaged { moved, left } = salvaged;
    match source {
        Some(_) => audit::append(&connection, at, &BoothAudit::SetAside { moved, left })?,
        None if head.kept() > 0 => audit::append(&connection, at, &BoothAudit::Lost { from: 1, to: head.kept() })?,
        None => {}
    }
    if !schema::checkpoint(&connection)? {
        return Err(JournalError::Failed("a fresh journal is in use by another process".into()));
    }
    connection.close().map_err(|(_, error)| JournalError::sqlite("close")(error))?;
    place.rename(&draft, &place.path(DATABASE))?;
    place.sync()?;
    Ok(salvaged)
}

/// Moves the database under the first free name, then its log, so that both open together under the new name.
fn move_aside(place: &Place) -> Result<(), JournalError> {
    let mut free = None;
    for path in numbered(place) {
        if !place.exists(&path)? && !place.exists(&with_suffix(&path, "-wal"))? {
            free = Some(path);
            break;
        }
    }
    let Some(target) = free else {
        return Err(JournalError::Failed(format!("{MAX_SET_ASIDE} damaged journals lie in the state directory")));
    };
    place.rename(&place.path(DATABASE), &target)?;
    place.sync()?;
    move_log(place, &target)?;
    place.sync()
}

/// A log without its database is left when setting aside was cut short; a new database must never read it.
fn finish_set_aside(place: &Place) -> Result<(), JournalError> {
    let database = place.path(DATABASE);
    if place.exists(&database)? || !place.exists(&with_suffix(&database, "-wal"))? {
        return Ok(());
    }
    let last = last_set_aside(place)?.or_else(|| numbered(place).next()).unwrap_or(database);
    move_log(place, &last)?;
    place.sync()
}

fn move_log(place: &Place, target: &Path) -> Result<(), JournalError> {
    for suffix in ["-wal", "-shm"] {
        let from = with_suffix(&place.path(DATABASE), suffix);
        if place.exists(&from)? {
            place.rename(&from, &with_suffix(target, suffix))?;
        }
    }
    Ok(())
}

fn last_set_aside(place: &Place) -> Result<Option<PathBuf>, JournalError> {
    let mut last = None;
    for path in numbered(place) {
        if place.exists(&path)? {
            last = Some(path);
        }
    }
    Ok(last)
}

fn numbered(place: &Place) -> impl Iterator<Item = PathBuf> {
    let database = place.path(DATABASE);
    (1..=MAX_SET_ASIDE).map(move |n| with_suffix(&database, &format!(".corrupt-{n}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn orphaned_log_is_never_read_by_a_new_database() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(Disk::real(), dir.path());
        fs::write(dir.path().join("journal.db.corrupt-3"), "damaged").unwrap();
        fs::write(dir.path().join("journal.db-wal"), "log of number three").unwrap();
        let opening = open_or_set_aside(&place, WallTime(0)).unwrap();
        // The database was missing: what is left of the last one set aside counts.
        assert_eq!(opening.set_aside.unwrap().path, dir.path().join("journal.db.corrupt-3"));
        assert_eq!(fs::read(dir.path().join("journal.db.corrupt-3-wal")).unwrap(), b"log of number three");
    }

    #[test]
    fn each_damaged_database_gets_a_name_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(Disk::real(), dir.path());
        place.begin(7).unwrap();
        place.note_kept(7);
        for n in 1..=3 {
            fs::write(dir.path().join(DATABASE), vec![0x55; 8192]).unwrap();
            let opening = open_or_set_aside(&place, WallTime(0)).unwrap();
            let (found, connection) = (opening.set_aside.unwrap(), opening.connection);
            assert_eq!(found.path, dir.path().join(format!("journal.db.corrupt-{n}")));
            assert_eq!((found.head, found.moved, found.left), (7, 0, 7));
            let base: i64 = connection.query_row("SELECT base FROM queue", [], |r| r.get(0)).unwrap();
            assert_eq!((base, set_aside_files(dir.path()).len()), (7, n));
        }
    }
}
