use super::{SqliteLedger, digest, storage};
use crate::ledger::{Audit, AuditEvent, AuditState, LedgerError, TrailFilter, TrailPage};
use bilik_claim::audit::{AuditEntry, AuditHead, AuditWalk};
use bilik_claim::ids::{Digest, WallTime};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

/// Entries read at a time, before others get their turn.
const PIECE: i64 = 20_000;
/// Entries looked through for one page, about a second's worth.
const LOOKED_THROUGH: i64 = 1_000_000;

/// Adds one entry to the chain, inside the transaction of what it is about.
pub(super) fn append(transaction: &Connection, at: WallTime, event: &AuditEvent) -> Result<(), LedgerError> {
    let last: Option<AuditHead> = transaction
        .prepare_cached("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
        .and_then(|mut statement| {
            let head = |row: &Row<'_>| Ok(AuditHead { entries: row.get(0)?, hash: digest(row, 1)? });
            statement.query_row([], head).optional()
        })
        .map_err(|source| storage("read the end of the audit trail", source))?;
    // An event is a map of ids: it always serialises.
    let text = serde_json::to_string(event).unwrap_or_default();
    let AuditHead { entries: sequence, hash } = last.unwrap_or_default().after(at, &text);
    transaction
        .prepare_cached("INSERT INTO audit (sequence, at, text, hash) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut statement| statement.execute(params![sequence, at.0, text, hash.0]))
        .map_err(|source| storage("add to the audit trail", source))?;
    Ok(())
}

impl Audit for SqliteLedger {
    fn record(&self, entries: &[(WallTime, AuditEvent)]) -> Result<(), LedgerError> {
        self.write("add to the audit trail", |transaction| {
            entries.iter().try_for_each(|(at, event)| append(transaction, *at, event))
        })
    }

    fn verify_audit(&self, head: Option<Digest>) -> Result<AuditState, LedgerError> {
        let mut walk = AuditWalk::new(head);
        let mut last = i64::MIN;
        loop {
            let piece = self.read("walk the audit trail", |connection| {
                connection
                    .prepare_cached(
                        "SELECT sequence, at, text, hash FROM audit WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
                    )?
                    .query_map([last, PIECE], entry)?
                    .collect::<rusqlite::Result<Vec<_>>>()
            })?;
            let Some(end) = piece.last().map(|entry| entry.sequence) else { return Ok(walk.state()) };
            if !piece.iter().all(|entry| walk.step(entry)) {
                return Ok(walk.state());
            }
            last = end;
        }
    }

    fn trail(&self, filter: &TrailFilter, before: Option<i64>, limit: usize) -> Result<TrailPage, LedgerError> {
        const OPERATION: &str = "read the audit trail";
        let end: Option<i64> = self.read(OPERATION, |connection| {
            connection.query_row("SELECT max(sequence) FROM audit", [], |row| row.get(0))
        })?;
        let end = end.unwrap_or(0).saturating_add(1);
        let mut top = before.map_or(end, |before| before.clamp(1, end));
        let stop = top.saturating_sub(LOOKED_THROUGH);
        let ids: Vec<String> = filter.ids.iter().map(Uuid::to_string).collect();
        let (from, until) = (filter.from.map_or(i64::MIN, |at| at.0), filter.until.map_or(i64::MAX, |at| at.0));
        let mut entries = Vec::new();
        while top > 1.max(stop) && entries.len() < limit {
            let bottom = top.saturating_sub(PIECE).max(1);
            let wanted = limit - entries.len();
            let found = self.read(OPERATION, |connection| {
                connection
                    .prepare_cached(
                        "SELECT sequence, at, text, hash FROM audit
                         WHERE sequence < ?1 AND sequence >= ?2 AND at >= ?3 AND at < ?4
                             AND (?5 IS NULL OR instr(text, ?5) > 0) AND (?6 IS NULL OR instr(text, ?6) > 0)
                             AND (?7 IS NULL OR instr(text, ?7) > 0)
                         ORDER BY sequence DESC LIMIT ?8",
                    )?
                    .query_map(
                        params![top, bottom, from, until, ids.first(), ids.get(1), ids.get(2), wanted as i64],
                        entry,
                    )?
                    .collect::<rusqlite::Result<Vec<_>>>()
            })?;
            let full = found.len() == wanted;
            top = found.last().filter(|_| full).map_or(bottom, |entry| entry.sequence);
            entries.extend(found);
        }
        Ok(TrailPage { entries, next: (top > 1).then_some(top) })
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry { sequence: row.get(0)?, at: WallTime(row.get(1)?), text: row.get(2)?, hash: digest(row, 3)? })
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use bilik_claim::ids::{BoothId, OfficerId, SessionId};
    use uuid::Uuid;

    #[test]
    fn any_change_breaks_the_chain() {
        let check = |change: &str, expect: Option<i64>| {
            let (_dir, ledger) = temporary();
            for number in 0..5 {
                let officer = OfficerId(Uuid::from_u128(number));
                ledger.record(&[(WallTime(1000), AuditEvent::Login { officer })]).unwrap();
            }
            ledger.db().execute_batch(change).unwrap();
            let state = ledger.verify_audit(None).unwrap();
            match expect {
                Some(sequence) => assert_eq!(state, AuditState::Broken { sequence }, "{change}"),
                None => assert!(matches!(state, AuditState::Intact { entries: 5, noted: true, .. }), "{change}"),
            }
        };
        check("", None);
        check("UPDATE audit SET text = replace(text, 'login', 'logout') WHERE sequence = 3", Some(3));
        check("UPDATE audit SET at = 1 WHERE sequence = 2", Some(2));
        check("DELETE FROM audit WHERE sequence = 4", Some(4));
        check("DELETE FROM audit WHERE sequence = 1", Some(1));
        check("UPDATE audit SET hash = zeroblob(32) WHERE sequence = 5", Some(5));
    }

    #[test]
    fn a_cut_end_is_noticed_by_a_noted_head() {
        let (_dir, ledger) = temporary();
        let entry = |number| (WallTime(number), AuditEvent::EnrolmentCodeMade);
        ledger.record(&[entry(1), entry(2)]).unwrap();
        let AuditState::Intact { head, .. } = ledger.verify_audit(None).unwrap() else { panic!("broken") };
        ledger.record(&[entry(3)]).unwrap();
        assert!(matches!(ledger.verify_audit(Some(head)).unwrap(), AuditState::Intact { entries: 3, noted: true, .. }));
        ledger.db().execute_batch("DELETE FROM audit WHERE sequence >= 2").unwrap();
        assert!(matches!(ledger.verify_audit(Some(head)).unwrap(), AuditState::Intact { noted: false, .. }));
    }

    #[test]
    fn the_trail_is_read_in_pages() {
        let (_dir, ledger) = temporary();
        let officer = |number: u128| OfficerId(Uuid::from_u128(number));
        let (session, booth) = (SessionId(Uuid::from_u128(7)), BoothId(Uuid::from_u128(8)));
        // Entries 1 to 6, one each second; 3 is about a session at a booth.
        let entries: Vec<(WallTime, AuditEvent)> = (1..=6)
            .map(|number| {
                let event = match number {
                    3 => AuditEvent::Assigned { session, booth, officer: officer(1) },
                    _ => AuditEvent::Login { officer: officer(number % 2) },
                };
                (WallTime(number as i64 * 1000), event)
            })
            .collect();
        ledger.record(&entries).unwrap();
        let check = |filter: &TrailFilter, before, limit, expect: &[i64], next: Option<i64>| {
            let page = ledger.trail(filter, before, limit).unwrap();
            let found: Vec<i64> = page.entries.iter().map(|entry| entry.sequence).collect();
            assert_eq!((found.as_slice(), page.next), (expect, next), "{filter:?} before {before:?}");
        };
        let all = TrailFilter::default();
        let ids = |ids: &[Uuid]| TrailFilter { ids: ids.to_vec(), ..TrailFilter::default() };
        check(&all, None, 100, &[6, 5, 4, 3, 2, 1], None);
        check(&all, None, 4, &[6, 5, 4, 3], Some(3));
        check(&all, Some(3), 4, &[2, 1], None);
        check(&all, Some(1), 4, &[], None);
        check(&all, Some(i64::MAX), 1, &[6], Some(6));
        check(&all, Some(i64::MIN), 1, &[], None);
        check(&ids(&[officer(1).0]), None, 100, &[5, 3, 1], None);
        check(&ids(&[officer(1).0]), None, 2, &[5, 3], Some(3));
        check(&ids(&[booth.0, session.0]), None, 100, &[3], None);
        check(&ids(&[booth.0, Uuid::from_u128(9)]), None, 100, &[], None);
        let hours = TrailFilter { from: Some(WallTime(2000)), until: Some(WallTime(5000)), ids: vec![] };
        check(&hours, None, 100, &[4, 3, 2], None);
        let (_dir, empty) = temporary();
        assert_eq!(empty.trail(&all, None, 5).unwrap(), TrailPage { entries: vec![], next: None });
    }
}
