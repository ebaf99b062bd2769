//! The versions of the file's layout, and the way from each to the next.
//!
//! ```text
//! (empty) ──1.sql──► version 1 ──2.sql──► version 2 ──3.sql──► version 3 ──4.sql──► version 4 ──5.sql──► version 5 ──6.sql──► ..
//! ```
//!
//! A new file walks the same way as an old one, so there is one description of the present layout and every step is used
//! each time a hub is set up. An old file is copied beside itself first (`hub.db.v1`), then all its steps are one
//! transaction: the file is at its old version or at the present one, whatever happens. A file of a later version is left
//! alone.

use super::disk::Disk;
use super::{OpenLedgerError, copy};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Step `n` leads from version `n` to `n + 1`. Once released, a step is never changed.
const STEPS: [&str; 6] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
];
/// The version that this program works with.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// Brings an open file to the present version.
pub(super) fn migrate(connection: &mut Connection, disk: &Disk, path: &Path) -> Result<(), OpenLedgerError> {
    let failed = |source| OpenLedgerError::Open { path: path.to_owned(), source };
    let found = version(connection).map_err(failed)?;
    if found == VERSION {
        return Ok(());
    }
    if (1..VERSION).contains(&found) {
        keep_old(connection, disk, path, found)?;
    }
    let mut walk = || -> rusqlite::Result<i64> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked again: another process may have been faster.
        let from = version(&transaction)?;
        let Some(steps) = usize::try_from(from).ok().and_then(|from| STEPS.get(from..)) else { return Ok(from) };
        steps.iter().try_for_each(|step| transaction.execute_batch(step))?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
        Ok(from)
    };
    let from = walk().map_err(failed)?;
    if !(0..=VERSION).contains(&from) {
        return Err(OpenLedgerError::Version { path: path.to_owned(), found: from });
    }
    if from > 0 && from < VERSION {
        tracing::info!(from, to = VERSION, "the ledger was brought to the present version");
    }
    Ok(())
}

/// Whether this program can work with the file, without changing it.
pub(super) fn check(path: &Path) -> Result<(), OpenLedgerError> {
    let found = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|connection| version(&connection))
        .map_err(|source| OpenLedgerError::Open { path: path.to_owned(), source })?;
    if (0..=VERSION).contains(&found) { Ok(()) } else { Err(OpenLedgerError::Version { path: path.to_owned(), found }) }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Copies all of the file to `<path>.v<version>`, there whole or not at all.
fn keep_old(connection: &Connection, disk: &Disk, path: &Path, version: i64) -> Result<(), OpenLedgerError> {
    let (target, new) = (beside(path, &format!(".v{version}")), beside(path, &format!(".v{version}.new")));
    let failed = |source| OpenLedgerError::Copy { path: target.clone(), source };
    copy::copy(connection, disk, &new, &target, |_| Ok(())).map_err(failed)?;
    tracing::info!(path = %target.display(), "the ledger was copied before its layout changes");
    Ok(())
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{
        Audit as _, AuditState, Backups, Booths as _, Claims as _, Enrolment, Notes as _, Reconciliation as _,
        ReopenClaim, Reopening, Reports as _, SealedNote, Statistics as _,
    };
    use crate::sqlite::SqliteLedger;
    use bilik_claim::ids::{BoothId, ClaimId, Digest, OfficerId, WallTime};
    use bilik_claim::sentence::Code;
    use ed25519_dalek::SigningKey;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use uuid::Uuid;

    /// What the first release wrote: two booths, three claims (two by one decision), ratings, an open code.
    const VERSION_1: &str = include_str!("fixtures/1.sql");
    /// The same a version later: the first booth has a second key and a code for a third.
    const VERSION_2: &str = include_str!("fixtures/2.sql");
    /// A version later still: a backup, a claim that nobody has, a booth's word about its trail.
    const VERSION_3: &str = include_str!("fixtures/3.sql");
    /// And one more: what a booth told of its machine, a claim that was returned on the phone.
    const VERSION_4: &str = include_str!("fixtures/4.sql");
    /// And one more: what a visit cost.
    const VERSION_5: &str = include_str!("fixtures/5.sql");
    const BOOTH: BoothId = BoothId(Uuid::from_u128(1));
    const REVOKED: BoothId = BoothId(Uuid::from_u128(0x11));

    fn old(dir: &Path) -> PathBuf {
        of_version(dir, VERSION_1)
    }

    fn of_version(dir: &Path, fixture: &str) -> PathBuf {
        let path = dir.join("hub.db");
        Connection::open(&path).unwrap().execute_batch(fixture).unwrap();
        path
    }

    fn ask<T: rusqlite::types::FromSql>(path: &Path, sql: &str) -> T {
        Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_first_releases_ledger_comes_along_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = old(dir.path());
        let audit: i64 = ask(&path, "SELECT count(*) FROM audit");
        let ledger = SqliteLedger::open(&path).unwrap();
        assert_eq!(ask::<i64>(&path, "PRAGMA user_version"), VERSION);
        assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        let AuditState::Intact { entries, .. } = ledger.verify_audit(None).unwrap() else { panic!("broken") };
        assert_eq!(entries, audit);

        let key = SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
        assert_eq!(ledger.booth_keys(BOOTH).unwrap(), [key]);
        assert_eq!(ledger.booth_keys(REVOKED).unwrap(), [[9; 32]]);
        assert_eq!(ledger.booths().unwrap().iter().map(|booth| booth.revoked).collect::<Vec<_>>(), [false, true]);
        let open = Enrolment { booth: None, name: "Bilik 3".into() };
        assert_eq!(ledger.enrolment(Digest::of(b"u"), WallTime(2000)).unwrap(), Some(open));

        let rows = ledger.claims(false, None, 10).unwrap();
        assert_eq!(
            rows.iter().map(|row| (row.sequence, row.vouched)).collect::<Vec<_>>(),
            [(3, false), (2, false), (1, true)],
            "one decision vouches for one claim"
        );
        for row in &rows {
            let (digest, receipt) = ledger.receipt(row.manifest.claim).unwrap().unwrap();
            assert_eq!(receipt.peek().unwrap().manifest, digest);
        }
        let booths: String =
            ask(&path, "SELECT group_concat(booth) FROM (SELECT booth FROM session_decisions ORDER BY session)");
        assert_eq!(booths, format!("{BOOTH},{BOOTH}"), "found in the audit trail");
        let rated: String = ask(&path, "SELECT group_concat(claim) FROM ratings");
        assert_eq!(rated, ClaimId(Uuid::from_u128(10)).to_string(), "another booth's word does not count");
        assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM parts"), 3);
    }

    #[test]
    fn the_second_releases_ledger_comes_along_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = of_version(dir.path(), VERSION_2);
        let dump = |path: &Path| -> Vec<i64> {
            let tables = ["audit", "booths", "booth_keys", "claims", "enrolment_codes", "parts", "ratings"];
            tables.iter().map(|table| ask(path, &format!("SELECT count(*) FROM {table}"))).collect()
        };
        let before = dump(&path);
        let ledger = SqliteLedger::open(&path).unwrap();
        assert_eq!((ask::<i64>(&path, "PRAGMA user_version"), dump(&path)), (VERSION, before));
        assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert!(matches!(ledger.verify_audit(None).unwrap(), AuditState::Intact { entries: 14, .. }));
        assert_eq!(ledger.booth_keys(BOOTH).unwrap().len(), 2);
        assert_eq!(ledger.claims(false, None, 10).unwrap().len(), 3);
        // What is new is empty, and works.
        assert_eq!(ledger.backups().unwrap(), Backups::default());
        assert_eq!((ledger.count_missing().unwrap(), ledger.reports().unwrap().len()), (0, 0));
        ledger.note_keys(BOOTH, 7, WallTime(1)).unwrap();
        let copy = dir.path().join("hub.db.v2");
        assert_eq!(
            (ask::<i64>(&copy, "PRAGMA user_version"), ask::<String>(&copy, "PRAGMA integrity_check")),
            (2, "ok".into())
        );
    }

    #[test]
    fn the_third_releases_ledger_comes_along_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = of_version(dir.path(), VERSION_3);
        let ledger = SqliteLedger::open(&path).unwrap();
        assert_eq!((ask::<i64>(&path, "PRAGMA user_version"), ledger.count_missing().unwrap()), (VERSION, 1));
        assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert!(ledger.backups().unwrap().finished);
        let reports = ledger.reports().unwrap();
        assert_eq!(
            reports.iter().map(|(booth, told)| (*booth, told.keys)).collect::<Vec<_>>(),
            [(BOOTH, Some((7, WallTime(3000))))]
        );
        assert!(ledger.machines().unwrap().is_empty());
        ledger.note_machine(BOOTH, &Default::default(), WallTime(1)).unwrap();
        let copy = dir.path().join("hub.db.v3");
        assert_eq!(ask::<String>(&copy, "PRAGMA integrity_check"), "ok");
    }

    #[test]
    fn the_fourth_releases_ledger_comes_along_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = of_version(dir.path(), VERSION_4);
        let ledger = SqliteLedger::open(&path).unwrap();
        assert_eq!((ask::<i64>(&path, "PRAGMA user_version"), ledger.machines().unwrap().len()), (VERSION, 1));
        assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert!(matches!(ledger.verify_audit(None).unwrap(), AuditState::Intact { .. }));
        // What was decided, and rated, before there were statistics is in them all the same.
        let day = ledger.day(0, 7, None).unwrap();
        assert_eq!((day.total.visits, day.total.phoned, day.total.ratings), (0, 1, [0, 0, 0, 1]));
        assert_eq!(day.total.reasons.first().map(|row| row.reason), Some(Code::DocumentUnreadable));
        let row = ledger.claims(false, None, 1).unwrap().remove(0);
        let found = ledger.claim_by_code(&row.manifest.tracking).unwrap().unwrap();
        assert_eq!(found.manifest.claim, row.manifest.claim);
        assert_eq!(ask::<String>(&dir.path().join("hub.db.v4"), "PRAGMA integrity_check"), "ok");
    }

    #[test]
    fn the_fifth_releases_ledger_comes_along_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = of_version(dir.path(), VERSION_5);
        let undecided =
            |path: &Path| ask::<i64>(path, "SELECT count(*) FROM claims WHERE vouched = 0 AND decided_at IS NULL");
        let before = undecided(&path);
        let ledger = SqliteLedger::open(&path).unwrap();
        assert_eq!((ask::<i64>(&path, "PRAGMA user_version"), undecided(&path)), (VERSION, before));
        assert_eq!(ask::<i64>(&path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert_eq!(ledger.claims(true, None, 10).unwrap().len() as i64, before);
        assert_eq!(ledger.day(0, 7, None).unwrap().total.visits, 1);
        // What was verified in the call back then can be opened again now.
        let claim = ClaimId(Uuid::from_u128(10));
        assert!(ledger.claim(claim).unwrap().unwrap().is_verified_in_call() && ledger.notes(claim).unwrap().is_empty());
        let note = Some(SealedNote { recipient: "age1specimen".into(), bytes: b"why".to_vec() });
        let by = Reopening { officer: OfficerId(Uuid::from_u128(2)), oversees: true, note };
        assert_eq!(ledger.reopen_claim(claim, &by, WallTime(5000)).unwrap(), ReopenClaim::Done);
        assert_eq!(ledger.claims(true, None, 10).unwrap().len() as i64, before + 1);
        assert_eq!(ledger.notes(claim).unwrap()[0].name.as_deref(), Some("Sari Contoh"));
        assert_eq!(ask::<String>(&dir.path().join("hub.db.v5"), "PRAGMA integrity_check"), "ok");
    }

    #[test]
    fn an_old_file_is_copied_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = old(dir.path());
        // Left by a copy that was cut short.
        fs::write(dir.path().join("hub.db.v1.new"), "half").unwrap();
        drop(SqliteLedger::open(&path).unwrap());
        let copy = dir.path().join("hub.db.v1");
        assert_eq!(ask::<i64>(&copy, "PRAGMA user_version"), 1);
        assert_eq!(ask::<String>(&copy, "PRAGMA integrity_check"), "ok");
        assert_eq!(ask::<i64>(&copy, "SELECT count(*) FROM claims"), 3);
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!dir.path().join("hub.db.v1.new").exists());
        // Never again: the copy is what it was.
        fs::write(&copy, "mark").unwrap();
        drop(SqliteLedger::open(&path).unwrap());
        assert_eq!(fs::read(&copy).unwrap(), b"mark");
    }

    #[test]
    fn without_room_for_the_copy_nothing_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = old(dir.path());
        // What stands in the way cannot be replaced by a file.
        fs::create_dir(dir.path().join("hub.db.v1.new")).unwrap();
        assert!(matches!(SqliteLedger::open(&path), Err(OpenLedgerError::Copy { .. })));
        assert_eq!(ask::<i64>(&path, "PRAGMA user_version"), 1);
        assert_eq!(ask::<i64>(&path, "SELECT count(manifest_key) FROM booths"), 2);
    }

    #[test]
    fn a_later_version_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hub.db");
        drop(SqliteLedger::open(&path).unwrap());
        for found in [VERSION + 1, -1] {
            Connection::open(&path).unwrap().pragma_update(None, "user_version", found).unwrap();
            for opened in [SqliteLedger::open(&path).map(drop), check(&path)] {
                assert!(matches!(opened, Err(OpenLedgerError::Version { found: told, .. }) if told == found));
            }
            assert_eq!(ask::<i64>(&path, "PRAGMA user_version"), found);
        }
    }

    #[test]
    fn looking_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = old(dir.path());
        check(&path).unwrap();
        assert_eq!(ask::<i64>(&path, "PRAGMA user_version"), 1);
        assert!(matches!(check(&dir.path().join("none.db")), Err(OpenLedgerError::Open { .. })));
    }
}
