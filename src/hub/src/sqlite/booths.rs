use super::{SqliteLedger, audit, storage, text};
use crate::ledger::{AuditEvent, BoothRow, Booths, CodeId, Enrolment, LedgerError, OpenCode, Validity};
use bilik_claim::ids::{BoothId, Digest, WallTime};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

const COLUMNS: &str = "SELECT booth, name, enrolled_at, revoked_at IS NOT NULL FROM booths";

impl Booths for SqliteLedger {
    fn add_enrolment_code(
        &self,
        secret: Digest,
        enrolment: &Enrolment,
        validity: Validity,
        now: WallTime,
    ) -> Result<(), LedgerError> {
        self.write("keep an enrolment code", |transaction| {
            let run = || -> rusqlite::Result<()> {
                transaction.execute("DELETE FROM enrolment_codes WHERE expires_at <= ?1", [now.0])?;
                transaction.execute(
                    "INSERT INTO enrolment_codes (secret_digest, booth, booth_name, expires_at) VALUES (?1, ?2, ?3, ?4)",
                    params![
                        secret.0,
                        enrolment.booth.map(|booth| booth.to_string()),
                        enrolment.name,
                        validity.end(now).0
                    ],
                )?;
                Ok(())
            };
            run().map_err(|source| storage("keep an enrolment code", source))?;
            audit::append(transaction, now, &AuditEvent::EnrolmentCodeMade)
        })
    }

    fn enrolment_codes(&self, now: WallTime) -> Result<Vec<OpenCode>, LedgerError> {
        self.read("list enrolment codes", |connection| {
            connection
                .prepare_cached(
                    "SELECT booth, booth_name, secret_digest, expires_at FROM enrolment_codes
                     WHERE expires_at > ?1 ORDER BY expires_at, secret_digest",
                )?
                .query_map([now.0], |row| {
                    let id = CodeId::of(Digest(row.get(2)?));
                    Ok(OpenCode { id, enrolment: enrolment_row(row)?, expires_at: WallTime(row.get(3)?) })
                })?
                .collect()
        })
    }

    fn revoke_enrolment_code(&self, id: CodeId, now: WallTime) -> Result<bool, LedgerError> {
        const OPERATION: &str = "revoke an enrolment code";
        self.write(OPERATION, |transaction| {
            let changed = transaction
                .execute(
                    "DELETE FROM enrolment_codes WHERE substr(secret_digest, 1, 8) = ?1 AND expires_at > ?2",
                    params![id.0, now.0],
                )
                .map_err(|source| storage(OPERATION, source))?;
            if changed > 0 {
                audit::append(transaction, now, &AuditEvent::EnrolmentCodeRevoked)?;
            }
            Ok(changed > 0)
        })
    }

    fn enrolment(&self, secret: Digest, now: WallTime) -> Result<Option<Enrolment>, LedgerError> {
        self.read("look an enrolment code up", |connection| enrolment(connection, secret, now))
    }

    fn enrol(
        &self,
        secret: Digest,
        booth: BoothId,
        manifest_key: [u8; 32],
        now: WallTime,
    ) -> Result<Option<String>, LedgerError> {
        const OPERATION: &str = "enrol a booth";
        self.write(OPERATION, |transaction| {
            let run = || -> rusqlite::Result<Option<Enrolment>> {
                let Some(code) = enrolment(transaction, secret, now)? else { return Ok(None) };
                if code.booth.is_some_and(|known| known != booth) {
                    return Ok(None);
                }
                let id = booth.to_string();
                if code.booth.is_some() {
                    transaction.execute(
                        "UPDATE booth_keys SET retired_at = ?2 WHERE booth = ?1 AND retired_at IS NULL",
                        params![id, now.0],
                    )?;
                } else {
                    transaction.execute(
                        "INSERT INTO booths (booth, name, enrolled_at) VALUES (?1, ?2, ?3)",
                        params![id, code.name, now.0],
                    )?;
                }
                transaction.execute(
                    "INSERT INTO booth_keys (booth, key, since) VALUES (?1, ?2, ?3)
                     ON CONFLICT (booth, key) DO UPDATE SET since = ?3, retired_at = NULL",
                    params![id, manifest_key, now.0],
                )?;
                transaction.execute("DELETE FROM enrolment_codes WHERE secret_digest = ?1", [secret.0])?;
                Ok(Some(code))
            };
            let Some(code) = run().map_err(|source| storage(OPERATION, source))? else { return Ok(None) };
            let event = match code.booth {
                None => AuditEvent::BoothEnrolled { booth },
                Some(booth) => AuditEvent::BoothEnrolledAgain { booth },
            };
            audit::append(transaction, now, &event)?;
            Ok(Some(code.name))
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

    fn booth_keys(&self, booth: BoothId) -> Result<Vec<[u8; 32]>, LedgerError> {
        self.read("look a booth's keys up", |connection| {
            connection
                .prepare_cached("SELECT key FROM booth_keys WHERE booth = ?1 ORDER BY since DESC, key")?
                .query_map([booth.to_string()], |row| row.get(0))?
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
                transaction
                    .execute(
                        "UPDATE booth_keys SET retired_at = ?2 WHERE booth = ?1 AND retired_at IS NULL",
                        params![booth.to_string(), now.0],
                    )
                    .map_err(|source| storage("revoke a booth", source))?;
                audit::append(transaction, now, &AuditEvent::BoothRevoked { booth })?;
            }
            Ok(changed > 0)
        })
    }
}

/// A code that is good now. One for a booth that has been revoked is not.
fn enrolment(connection: &Connection, secret: Digest, now: WallTime) -> rusqlite::Result<Option<Enrolment>> {
    connection
        .prepare_cached(
            "SELECT c.booth, c.booth_name FROM enrolment_codes c LEFT JOIN booths b ON b.booth = c.booth
             WHERE c.secret_digest = ?1 AND c.expires_at > ?2
                 AND (c.booth IS NULL OR (b.booth IS NOT NULL AND b.revoked_at IS NULL))",
        )?
        .query_row(params![secret.0, now.0], enrolment_row)
        .optional()
}

/// Of booth and name, in this order.
fn enrolment_row(row: &Row<'_>) -> rusqlite::Result<Enrolment> {
    let known: Option<String> = row.get(0)?;
    let booth = known.map(|_| text(row, 0)).transpose()?;
    Ok(Enrolment { booth, name: row.get(1)? })
}

fn booth_row(row: &Row<'_>) -> rusqlite::Result<BoothRow> {
    Ok(BoothRow { booth: text(row, 0)?, name: row.get(1)?, enrolled_at: WallTime(row.get(2)?), revoked: row.get(3)? })
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use crate::clock::HOUR_MS;
    use crate::ledger::{Audit as _, AuditState};
    use uuid::Uuid;

    const BOOTH: BoothId = BoothId(Uuid::from_u128(1));

    fn new_booth() -> Enrolment {
        Enrolment { booth: None, name: "Bilik 1".into() }
    }

    #[test]
    fn a_code_works_once_and_in_time() {
        let secret = Digest::of(b"secret");
        let carried = Validity::hours(72).unwrap();
        let check = |used: Digest, validity: Validity, later: i64, expect: Option<&str>| {
            let (_dir, ledger) = temporary();
            ledger.add_enrolment_code(secret, &new_booth(), validity, WallTime(0)).unwrap();
            let now = WallTime(later);
            assert_eq!(ledger.enrolment(used, now).unwrap().is_some(), expect.is_some());
            assert_eq!(ledger.enrol(used, BOOTH, [7; 32], now).unwrap().as_deref(), expect);
            assert_eq!(ledger.booth(BOOTH).unwrap().is_some(), expect.is_some());
            let again = ledger.enrol(used, BoothId(Uuid::from_u128(2)), [8; 32], now).unwrap();
            assert_eq!(again, None, "used twice");
        };
        check(secret, Validity::TYPED, 0, Some("Bilik 1"));
        check(secret, Validity::TYPED, HOUR_MS / 6 - 1, Some("Bilik 1"));
        check(secret, Validity::TYPED, HOUR_MS / 6, None);
        check(secret, carried, 72 * HOUR_MS - 1, Some("Bilik 1"));
        check(secret, carried, 72 * HOUR_MS, None);
        check(Digest::of(b"guess"), carried, 0, None);
    }

    #[test]
    fn validity_has_bounds() {
        let check = |hours: u16, good: bool| assert_eq!(Validity::hours(hours).is_some(), good, "{hours}");
        check(0, false);
        check(1, true);
        check(14 * 24, true);
        check(14 * 24 + 1, false);
        check(u16::MAX, false);
    }

    #[test]
    fn open_codes_are_listed_and_taken_back() {
        let (_dir, ledger) = temporary();
        let carried = Validity::hours(1).unwrap();
        let codes = [(b"late", carried), (b"soon", Validity::TYPED), (b"used", carried)];
        for (text, validity) in codes {
            ledger.add_enrolment_code(Digest::of(text), &new_booth(), validity, WallTime(0)).unwrap();
        }
        ledger.enrol(Digest::of(b"used"), BOOTH, [7; 32], WallTime(1)).unwrap();
        let listed =
            |now| ledger.enrolment_codes(WallTime(now)).unwrap().iter().map(|code| code.id).collect::<Vec<_>>();
        let [late, soon, used] = codes.map(|(text, _)| CodeId::of(Digest::of(text)));
        assert_eq!(listed(2), [soon, late]);
        assert_eq!(listed(600_000), [late]);
        assert_eq!(ledger.enrolment_codes(WallTime(2)).unwrap()[1].expires_at, WallTime(3_600_000));
        assert_eq!(late.to_string().parse(), Ok(late));
        let audit = || match ledger.verify_audit(None).unwrap() {
            AuditState::Intact { entries, .. } => entries,
            AuditState::Broken { sequence } => panic!("broken at {sequence}"),
        };
        let before = audit();
        assert!(!ledger.revoke_enrolment_code(used, WallTime(3)).unwrap(), "was used");
        assert!(!ledger.revoke_enrolment_code(soon, WallTime(600_000)).unwrap(), "is too old");
        assert_eq!(audit(), before);
        assert!(ledger.revoke_enrolment_code(late, WallTime(3)).unwrap());
        assert!(!ledger.revoke_enrolment_code(late, WallTime(4)).unwrap());
        assert_eq!(audit(), before + 1);
        assert_eq!(ledger.enrol(Digest::of(b"late"), BoothId(Uuid::from_u128(2)), [8; 32], WallTime(5)).unwrap(), None);
        assert_eq!(listed(5), [soon]);
    }

    #[test]
    fn revoked_booth_stays_known_with_its_keys() {
        let (_dir, ledger) = temporary();
        ledger.add_enrolment_code(Digest::of(b"s"), &new_booth(), Validity::TYPED, WallTime(0)).unwrap();
        ledger.enrol(Digest::of(b"s"), BOOTH, [7; 32], WallTime(1)).unwrap();
        assert!(ledger.revoke_booth(BOOTH, WallTime(2)).unwrap());
        assert!(!ledger.revoke_booth(BOOTH, WallTime(3)).unwrap());
        assert!(ledger.booth(BOOTH).unwrap().unwrap().revoked);
        assert_eq!(ledger.booths().unwrap().len(), 1);
        assert_eq!(ledger.booth_keys(BOOTH).unwrap(), [[7; 32]]);
    }

    #[test]
    fn a_known_booth_gets_a_further_key() {
        let (_dir, ledger) = temporary();
        ledger.add_enrolment_code(Digest::of(b"s"), &new_booth(), Validity::TYPED, WallTime(0)).unwrap();
        ledger.enrol(Digest::of(b"s"), BOOTH, [7; 32], WallTime(1)).unwrap();
        let again = Enrolment { booth: Some(BOOTH), name: "Bilik 1".into() };
        ledger.add_enrolment_code(Digest::of(b"t"), &again, Validity::TYPED, WallTime(2)).unwrap();
        assert_eq!(ledger.enrolment(Digest::of(b"t"), WallTime(3)).unwrap(), Some(again.clone()));
        assert_eq!(ledger.enrol(Digest::of(b"t"), BoothId(Uuid::from_u128(2)), [8; 32], WallTime(3)).unwrap(), None);
        assert_eq!(ledger.enrol(Digest::of(b"t"), BOOTH, [8; 32], WallTime(3)).unwrap().as_deref(), Some("Bilik 1"));
        assert_eq!(ledger.enrol(Digest::of(b"t"), BOOTH, [9; 32], WallTime(4)).unwrap(), None, "used twice");
        assert_eq!(ledger.booth_keys(BOOTH).unwrap(), [[8; 32], [7; 32]], "the newest first");
        assert_eq!(ledger.booths().unwrap().len(), 1);
        // A code does not bring a revoked booth back.
        ledger.add_enrolment_code(Digest::of(b"u"), &again, Validity::TYPED, WallTime(5)).unwrap();
        ledger.revoke_booth(BOOTH, WallTime(6)).unwrap();
        assert_eq!(ledger.enrolment(Digest::of(b"u"), WallTime(7)).unwrap(), None);
        assert_eq!(ledger.enrol(Digest::of(b"u"), BOOTH, [9; 32], WallTime(7)).unwrap(), None);
    }
}
