//! Copies of the whole ledger, beside whoever writes into it.

use super::BUSY_TIMEOUT;
use super::disk::Disk;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::path::Path;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Copies all that is committed now to `target`, which only the owner may read, by way of `new`: there whole or not at
/// all. Neither blocks writers nor is blocked by them. `judge` looks at the copy before it gets its name.
pub(super) fn copy<T>(
    connection: &Connection,
    disk: &Disk,
    new: &Path,
    target: &Path,
    judge: impl FnOnce(&Path) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // An empty file that only the owner may read is there first: SQLite would give it wider rights.
    disk.files.make_anew(new)?;
    let name = new.to_str().ok_or("its path is not UTF-8")?;
    connection.execute("VACUUM INTO ?1", [name])?;
    let judged = judge(new)?;
    disk.files.keep_as(new, target)?;
    Ok(judged)
}

/// [`copy`] of the ledger at `path`. The highest claim sequence, as it was read back from the copy.
pub(crate) fn back_up(path: &Path, new: &Path, target: &Path) -> Result<u64, Failure> {
    let source = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    source.busy_timeout(BUSY_TIMEOUT)?;
    let made = copy(&source, &Disk::real(), new, target, horizon);
    if made.is_err() {
        // As large as the ledger, and of no use.
        let _ = fs::remove_file(new);
    }
    made
}

/// Reads the whole file, page by page, and its claims.
fn horizon(path: &Path) -> Result<u64, Failure> {
    let copy = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let word: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if word != "ok" {
        return Err(format!("the copy is damaged: {word}").into());
    }
    let last: i64 = copy.query_row("SELECT coalesce(max(sequence), 0) FROM claims", [], |row| row.get(0))?;
    Ok(last.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::super::{SqliteLedger, temporary};
    use super::*;
    use crate::ledger::{Audit as _, AuditEvent, AuditState, Parts as _};
    use bilik_claim::ids::{BoothId, Digest, WallTime};
    use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
    use uuid::Uuid;

    #[test]
    fn a_copy_is_one_state_while_others_write() {
        let (dir, ledger) = temporary();
        let (stop, written) = (AtomicBool::new(false), AtomicI64::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Acquire) {
                    ledger.record(&[(WallTime(0), AuditEvent::EnrolmentCodeMade)]).unwrap();
                    written.fetch_add(1, Ordering::AcqRel);
                }
            });
            for number in 0..5 {
                let target = dir.path().join(format!("copy-{number}.db"));
                let before = written.load(Ordering::Acquire);
                back_up(&dir.path().join("hub.db"), &target.with_extension("new"), &target).unwrap();
                // One may have been written and not counted yet.
                let after = written.load(Ordering::Acquire) + 1;
                let copy = SqliteLedger::open(&target).unwrap();
                let AuditState::Intact { entries, .. } = copy.verify_audit(None).unwrap() else { panic!("broken") };
                assert!((before..=after).contains(&entries), "{before} {entries} {after}");
            }
            stop.store(true, Ordering::Release);
        });
    }

    #[test]
    fn what_cannot_be_read_makes_no_copy() {
        let (dir, ledger) = temporary();
        let bytes = vec![7; 100_000];
        ledger.put_part(BoothId(Uuid::from_u128(1)), Digest::of(&bytes), &bytes, WallTime(0)).unwrap();
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'parts'";
        let root: usize = ledger.db().query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap() as usize;
        drop(ledger);
        let path = dir.path().join("hub.db");
        let mut file = fs::read(&path).unwrap();
        file[(root - 1) * 4096..root * 4096].fill(0xff);
        fs::write(&path, file).unwrap();
        let (new, target) = (dir.path().join("copy.new"), dir.path().join("copy.db"));
        back_up(&path, &new, &target).unwrap_err();
        assert!(!new.exists() && !target.exists());
    }
}
