use super::{SqliteLedger, audit, storage, text};
use crate::ledger::{AuditEvent, BoothRow, Booths, ENROLMENT_MS, LedgerError};
use bilik_claim::ids::{BoothId, Digest, WallTime};
use rusqlite::{OptionalExtension as _, Row, params};

const COLUMNS: &str = "SELECT booth, name, manifest_key, enrolled_at, revoked_at IS NOT NULL FROM booths";

impl Booths for SqliteLedger {
    fn add_enrolment_code(&self, secret: Digest, booth_name: &str, now: WallTime) -> Result<(), LedgerError> {
        self.write("keep an enrolment code", |transaction| {
            let run = || -> rusqlite::Result<()> {
                transaction.execute("DELETE FROM enrolment_codes WHERE expires_at <= ?1", [now.0])?;
                transaction.execute(
                    "INSERT INTO enrolment_codes (secret_digest, booth_name, expires_at) VALUES (?1, ?2, ?3)",
                    params![secret.0, booth_name, now.0.saturating_add(ENROLMENT_MS)],
                )?;
                Ok(())
            };
            run().map_err(|source| storage("keep an enrolment code", source))?;
            audit::append(transaction, now, &AuditEvent::EnrolmentCodeMade)
        })
    }

    fn enrolment_code_is_good(&self, secret: Digest, now: WallTime) -> Result<bool, LedgerError> {
        self.read("look an enrolment code up", |connection| {
            connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM enrolment_codes WHERE secret_digest = ?1 AND expires_at > ?2)",
                params![secret.0, now.0],
                |row| row.get(0),
            )
        })
    }

    fn enrol(
        &self,
        secret: Digest,
        booth: BoothId,
        manifest_key: [u8; 32],
        now: WallTime,
    ) -> Result<Option<String>, LedgerError> {
        self.write("enrol a booth", |transaction| {
            let run = || -> rusqlite::Result<Option<String>> {
                let name: Option<String> = transaction
                    .query_row(
                        "DELETE FROM enrolment_codes WHERE secret_digest = ?1 AND expires_at > ?2 RETURNING booth_name",
                        params![secret.0, now.0],
                        |row| row.get(0),
                    )
                    .optional()?;
                if let Some(name) = &name {
                    transaction.execute(
                        "INSERT INTO booths (booth, name, manifest_key, enrolled_at) VALUES (?1, ?2, ?3, ?4)",
                        params![booth.to_string(), name, manifest_key, now.0],
                    )?;
                }
                Ok(name)
            };
            let name = run().map_err(|source| storage("enrol a booth", source))?;
            if name.is_some() {
                audit::append(transaction, now, &AuditEvent::BoothEnrolled { booth })?;
            }
            Ok(name)
        })
    }

    fn booth(&self, booth: BoothId) -> Result<Option<BoothRow>, LedgerError> {
        self.read("look a booth up", |connection| {
            connection
                .prepare_cached(&format!("{COLUMNS} WHERE booth = ?1"))?
                .query_row([booth.to_string()], booth_row)
                .optional()
        })
    }

    fn booths(&self) -> Result<Vec<BoothRow>, LedgerError> {
        self.read("list booths", |connection| {
            connection
                .prepare_cached(&format!("{COLUMNS} ORDER BY name, enrolled_at"))?
                .query_map([], booth_row)?
                .collect()
        })
    }

    fn revoke_booth(&self, booth: BoothId, now: WallTime) -> Result<bool, LedgerError> {
        self.write("revoke a booth", |transaction| {
            let changed = transaction
                .execute(
                    "UPDATE booths SET revoked_at = ?2 WHERE booth = ?1 AND revoked_at IS NULL",
                    params![booth.to_string(), now.0],
                )
                .map_err(|source| storage("revoke a booth", source))?;
            if changed > 0 {
                audit::append(transaction, now, &AuditEvent::BoothRevoked { booth })?;
            }
            Ok(changed > 0)
        })
    }
}

fn booth_row(row: &Row<'_>) -> rusqlite::Result<BoothRow> {
    Ok(BoothRow {
        booth: text(row, 0)?,
        name: row.get(1)?,
        manifest_key: row.get(2)?,
        enrolled_at: WallTime(row.get(3)?),
        revoked: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_code_works_once_and_in_time() {
        let secret = Digest::of(b"secret");
        let check = |used: Digest, later: i64, expect: Option<&str>| {
            let (_dir, ledger) = temporary();
            ledger.add_enrolment_code(secret, "Bilik 1", WallTime(0)).unwrap();
            let (booth, now) = (BoothId(Uuid::from_u128(1)), WallTime(later));
            assert_eq!(ledger.enrolment_code_is_good(used, now).unwrap(), expect.is_some());
            assert_eq!(ledger.enrol(used, booth, [7; 32], now).unwrap().as_deref(), expect);
            assert_eq!(ledger.booth(booth).unwrap().is_some(), expect.is_some());
            let again = ledger.enrol(used, BoothId(Uuid::from_u128(2)), [8; 32], now).unwrap();
            assert_eq!(again, None, "used twice");
        };
        check(secret, 0, Some("Bilik 1"));
        check(secret, ENROLMENT_MS - 1, Some("Bilik 1"));
        check(secret, ENROLMENT_MS, None);
        check(Digest::of(b"guess"), 0, None);
    }

    #[test]
    fn revoked_booth_stays_known() {
        let (_dir, ledger) = temporary();
        let booth = BoothId(Uuid::from_u128(1));
        ledger.add_enrolment_code(Digest::of(b"s"), "Bilik 1", WallTime(0)).unwrap();
        ledger.enrol(Digest::of(b"s"), booth, [7; 32], WallTime(1)).unwrap();
        assert!(ledger.revoke_booth(booth, WallTime(2)).unwrap());
        assert!(!ledger.revoke_booth(booth, WallTime(3)).unwrap());
        assert!(ledger.booth(booth).unwrap().unwrap().revoked);
        assert_eq!(ledger.booths().unwrap().len(), 1);
    }
}
