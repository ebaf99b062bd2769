use super::{SqliteLedger, digest, storage};
use crate::ledger::{Audit, AuditEvent, AuditState, LedgerError};
use bilik_claim::audit::{AuditEntry, AuditHead, AuditWalk};
use bilik_claim::ids::{Digest, WallTime};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

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
        self.read("walk the audit trail", |connection| {
            let mut statement = connection.prepare("SELECT sequence, at, text, hash FROM audit ORDER BY sequence")?;
            let mut rows = statement.query([])?;
            let mut walk = AuditWalk::new(head);
            while let Some(row) = rows.next()? {
                let at = WallTime(row.get(1)?);
                let entry = AuditEntry { sequence: row.get(0)?, at, text: row.get(2)?, hash: digest(row, 3)? };
                if !walk.step(&entry) {
                    break;
                }
            }
            Ok(walk.state())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use bilik_claim::ids::OfficerId;
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
}
