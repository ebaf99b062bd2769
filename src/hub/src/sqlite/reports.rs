use super::{SqliteLedger, audit, digest, storage, text};
use crate::ledger::{AuditEvent, BoothReport, BoothTrail, LedgerError, Reports};
use bilik_claim::audit::AuditHead;
use bilik_claim::ids::{BoothId, WallTime};
use bilik_claim::machine::MachineReport;
use bilik_claim::wire::{decode, encode};
use rusqlite::{Row, params};

impl Reports for SqliteLedger {
    fn note_keys(&self, booth: BoothId, serial: u64, now: WallTime) -> Result<(), LedgerError> {
        const OPERATION: &str = "note a booth's keys";
        self.write(OPERATION, |transaction| {
            let serial = i64::try_from(serial).unwrap_or(i64::MAX);
            transaction
                .prepare_cached(
                    "INSERT INTO booth_reports (booth, keys, keys_at) VALUES (?1, ?2, ?3)
                     ON CONFLICT (booth) DO UPDATE SET keys = ?2, keys_at = ?3",
                )
                .and_then(|mut statement| statement.execute(params![booth.to_string(), serial, now.0]))
                .map(drop)
                .map_err(|source| storage(OPERATION, source))
        })
    }

    fn note_trail(
        &self,
        booth: BoothId,
        trail: &BoothTrail,
        events: &[AuditEvent],
        now: WallTime,
    ) -> Result<(), LedgerError> {
        const OPERATION: &str = "note the end of a booth's audit trail";
        self.write(OPERATION, |transaction| {
            let columns = |noted: Option<(AuditHead, WallTime)>| {
                let head = noted.map(|(head, _)| head);
                (head.map(|head| head.entries), head.map(|head| head.hash.0), noted.map(|(_, at)| at.0))
            };
            let ((entries, hash, at), (cut_entries, cut_hash, cut_at)) = (columns(trail.head), columns(trail.cut));
            transaction
                .prepare_cached(
                    "INSERT INTO booth_reports
                         (booth, entries, hash, trail_at, cut_entries, cut_hash, cut_at, lost)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                     ON CONFLICT (booth) DO UPDATE SET entries = ?2, hash = ?3, trail_at = ?4,
                         cut_entries = ?5, cut_hash = ?6, cut_at = ?7, lost = ?8",
                )
                .and_then(|mut statement| {
                    let booth = booth.to_string();
                    statement.execute(params![booth, entries, hash, at, cut_entries, cut_hash, cut_at, trail.lost])
                })
                .map_err(|source| storage(OPERATION, source))?;
            events.iter().try_for_each(|event| audit::append(transaction, now, event))
        })
    }

    fn note_machine(&self, booth: BoothId, report: &MachineReport, now: WallTime) -> Result<(), LedgerError> {
        const OPERATION: &str = "note what a booth tells of its machine";
        self.write(OPERATION, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO booth_machines (booth, told_at, report) VALUES (?1, ?2, ?3)
                     ON CONFLICT (booth) DO UPDATE SET told_at = ?2, report = ?3",
                )
                .and_then(|mut statement| statement.execute(params![booth.to_string(), now.0, encode(report)]))
                .map(drop)
                .map_err(|source| storage(OPERATION, source))
        })
    }

    fn machines(&self) -> Result<Vec<(BoothId, WallTime, MachineReport)>, LedgerError> {
        let rows: Vec<(BoothId, WallTime, String)> =
            self.read("read what booths tell of their machines", |connection| {
                connection
                    .prepare_cached("SELECT booth, told_at, report FROM booth_machines")?
                    .query_map([], |row| Ok((text(row, 0)?, WallTime(row.get(1)?), row.get(2)?)))?
                    .collect()
            })?;
        let read = |(booth, at, report): (BoothId, WallTime, String)| Some((booth, at, decode(&report).ok()?));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    fn reports(&self) -> Result<Vec<(BoothId, BoothReport)>, LedgerError> {
        self.read("read what booths have told", |connection| {
            connection
                .prepare_cached(
                    "SELECT booth, keys, keys_at, entries, hash, trail_at, cut_entries, cut_hash, cut_at, lost
                     FROM booth_reports",
                )?
                .query_map([], report)?
                .collect()
        })
    }
}

fn report(row: &Row<'_>) -> rusqlite::Result<(BoothId, BoothReport)> {
    let keys = match row.get::<_, Option<i64>>(1)? {
        Some(serial) => Some((serial.unsigned_abs(), WallTime(row.get(2)?))),
        None => None,
    };
    let head = |column: usize| -> rusqlite::Result<Option<(AuditHead, WallTime)>> {
        let Some(entries) = row.get::<_, Option<i64>>(column)? else { return Ok(None) };
        Ok(Some((AuditHead { entries, hash: digest(row, column + 1)? }, WallTime(row.get(column + 2)?))))
    };
    let trail = BoothTrail { head: head(3)?, cut: head(6)?, lost: row.get(9)? };
    Ok((text(row, 0)?, BoothReport { keys, trail }))
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use crate::ledger::{Audit as _, AuditState, Booths as _, Enrolment, Validity};
    use bilik_claim::ids::Digest;
    use uuid::Uuid;

    const BOOTH: BoothId = BoothId(Uuid::from_u128(1));

    #[test]
    fn what_a_booth_told_last_is_remembered() {
        let (_dir, ledger) = temporary();
        let enrolment = Enrolment { booth: None, name: "Bilik 1".into() };
        ledger.add_enrolment_code(Digest::of(b"s"), &enrolment, Validity::TYPED, WallTime(0)).unwrap();
        ledger.enrol(Digest::of(b"s"), BOOTH, [7; 32], WallTime(0)).unwrap();
        assert!(ledger.reports().unwrap().is_empty());
        let head = |entries, text: &[u8]| AuditHead { entries, hash: Digest::of(text) };
        let mut trail = BoothTrail { head: Some((head(3, b"three"), WallTime(5))), cut: None, lost: 0 };
        ledger.note_trail(BOOTH, &trail, &[], WallTime(5)).unwrap();
        ledger.note_keys(BOOTH, 0, WallTime(6)).unwrap();
        ledger.note_keys(BOOTH, u64::MAX, WallTime(7)).unwrap();
        let keys = Some((i64::MAX.unsigned_abs(), WallTime(7)));
        assert_eq!(ledger.reports().unwrap(), [(BOOTH, BoothReport { keys, trail })]);
        trail = BoothTrail {
            head: Some((head(1, b"one"), WallTime(8))),
            cut: Some((head(3, b"three"), WallTime(8))),
            lost: 2,
        };
        let lost = AuditEvent::BoothLostClaims { booth: BOOTH, count: 2 };
        ledger.note_trail(BOOTH, &trail, &[lost], WallTime(8)).unwrap();
        assert_eq!(ledger.reports().unwrap(), [(BOOTH, BoothReport { keys, trail })]);
        assert!(matches!(ledger.verify_audit(None).unwrap(), AuditState::Intact { entries: 3, .. }));
        assert!(ledger.machines().unwrap().is_empty());
        for (at, software) in [(9, "0.1.0"), (10, "0.2.0")] {
            let report = MachineReport { software: software.into(), ..MachineReport::default() };
            ledger.note_machine(BOOTH, &report, WallTime(at)).unwrap();
            assert_eq!(ledger.machines().unwrap(), [(BOOTH, WallTime(at), report)]);
        }
    }
}
