use super::{SqliteLedger, audit, digest, storage, text};
use crate::ledger::{AuditEvent, Backups, LedgerError, MAX_MISSING, MissingClaim, Place, Reconciliation};
use bilik_claim::ids::{BoothId, ClaimId, Digest, WallTime};
use bilik_claim::reconcile::ReceiptNote;
use rusqlite::{Connection, OptionalExtension as _, params};

impl Reconciliation for SqliteLedger {
    fn places(&self, claims: &[ClaimId]) -> Result<Vec<Option<Place>>, LedgerError> {
        self.read("look claims up", |connection| {
            let sql = "SELECT booth, manifest_digest, sequence FROM claims WHERE claim = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut place = |claim: &ClaimId| {
                let found = statement.query_row([claim.to_string()], |row| {
                    let sequence = row.get::<_, i64>(2)?.unsigned_abs();
                    Ok(Place { booth: text(row, 0)?, manifest: digest(row, 1)?, sequence })
                });
                found.optional()
            };
            claims.iter().map(&mut place).collect()
        })
    }

    fn note_missing(&self, booth: BoothId, notes: &[ReceiptNote], now: WallTime) -> Result<usize, LedgerError> {
        const OPERATION: &str = "record a missing claim";
        let failed = |source| storage(OPERATION, source);
        self.write(OPERATION, |transaction| {
            let mut noted = 0;
            for note in notes {
                let added = transaction
                    .prepare_cached(
                        "INSERT INTO missing_claims (claim, booth, manifest_digest, ledger_sequence, reported_at)
                         SELECT ?1, ?2, ?3, ?4, ?5
                         WHERE NOT EXISTS (SELECT 1 FROM claims WHERE claim = ?1)
                             AND (SELECT count(*) FROM missing_claims WHERE booth = ?2) < ?6
                         ON CONFLICT (claim) DO NOTHING",
                    )
                    .and_then(|mut statement| {
                        let sequence = i64::try_from(note.ledger_sequence).unwrap_or(i64::MAX);
                        let (claim, booth) = (note.claim.to_string(), booth.to_string());
                        statement.execute(params![claim, booth, note.manifest.0, sequence, now.0, MAX_MISSING])
                    })
                    .map_err(failed)?;
                if added > 0 {
                    audit::append(transaction, now, &AuditEvent::ClaimMissing { claim: note.claim, booth })?;
                    noted += 1;
                }
            }
            Ok(noted)
        })
    }

    fn missing(&self) -> Result<Vec<MissingClaim>, LedgerError> {
        self.read("list missing claims", |connection| {
            connection
                .prepare_cached(
                    "SELECT m.claim, m.booth, b.name, m.ledger_sequence, m.reported_at
                     FROM missing_claims m JOIN booths b ON b.booth = m.booth
                     WHERE m.found_at IS NULL ORDER BY m.reported_at, m.ledger_sequence, m.claim",
                )?
                .query_map([], |row| {
                    Ok(MissingClaim {
                        claim: text(row, 0)?,
                        booth: text(row, 1)?,
                        booth_name: row.get(2)?,
                        ledger_sequence: row.get::<_, i64>(3)?.unsigned_abs(),
                        reported_at: WallTime(row.get(4)?),
                    })
                })?
                .collect()
        })
    }

    fn count_missing(&self) -> Result<u32, LedgerError> {
        self.read("count missing claims", |connection| {
            connection
                .prepare_cached("SELECT count(*) FROM missing_claims WHERE found_at IS NULL")?
                .query_row([], |row| row.get(0))
        })
    }

    fn begin_backup(&self, now: WallTime) -> Result<i64, LedgerError> {
        const OPERATION: &str = "begin a backup";
        self.write(OPERATION, |transaction| {
            transaction
                .query_row("INSERT INTO backups (begun_at) VALUES (?1) RETURNING backup", [now.0], |row| row.get(0))
                .map_err(|source| storage(OPERATION, source))
        })
    }

    fn finish_backup(&self, backup: i64, horizon: u64, now: WallTime) -> Result<(), LedgerError> {
        const OPERATION: &str = "record a backup";
        self.write(OPERATION, |transaction| {
            let known = i64::try_from(horizon).unwrap_or(0);
            transaction
                .execute(
                    "UPDATE backups SET done_at = ?2, horizon = ?3 WHERE backup = ?1",
                    params![backup, now.0, known],
                )
                .map_err(|source| storage(OPERATION, source))?;
            audit::append(transaction, now, &AuditEvent::BackupMade { horizon })
        })
    }

    fn backups(&self) -> Result<Backups, LedgerError> {
        self.read("look backups up", |connection| {
            let last = connection
                .prepare_cached("SELECT begun_at, done_at IS NOT NULL FROM backups ORDER BY backup DESC LIMIT 1")?
                .query_row([], |row| Ok((WallTime(row.get(0)?), row.get(1)?)))
                .optional()?;
            let horizon: i64 = connection
                .prepare_cached("SELECT coalesce(max(horizon), 0) FROM backups")?
                .query_row([], |row| row.get(0))?;
            let (last_begun, finished) = last.map_or((None, false), |(begun, finished)| (Some(begun), finished));
            Ok(Backups { last_begun, finished, horizon: horizon.unsigned_abs() })
        })
    }
}

/// A claim is kept: if it was missing, it is no longer. Only these very bytes are what was missed.
pub(super) fn found(transaction: &Connection, claim: ClaimId, manifest: Digest, now: WallTime) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "UPDATE missing_claims SET found_at = ?3 WHERE claim = ?1 AND manifest_digest = ?2 AND found_at IS NULL",
        )?
        .execute(params![claim.to_string(), manifest.0, now.0])
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use crate::ledger::{
        Audit as _, AuditState, Booths as _, Claims as _, Commit, Enrolment, NewClaim, Parts as _, Validity,
    };
    use bilik_claim::filing::{CLAIM_PART, FORMAT, Manifest, Part, Receipt, SIGNATURE_PART, Signed, Standing};
    use bilik_claim::ids::{SessionId, TrackingCode};
    use ed25519_dalek::SigningKey;
    use uuid::Uuid;

    const BOOTH: BoothId = BoothId(Uuid::from_u128(1));
    const OTHER: BoothId = BoothId(Uuid::from_u128(2));

    fn ready() -> (tempfile::TempDir, SqliteLedger) {
        let (dir, ledger) = temporary();
        for (booth, name) in [(BOOTH, "Bilik 1"), (OTHER, "Bilik 2")] {
            let secret = Digest::of(name.as_bytes());
            ledger
                .add_enrolment_code(secret, &Enrolment { booth: None, name: name.into() }, Validity::TYPED, WallTime(0))
                .unwrap();
            ledger.enrol(secret, booth, [7; 32], WallTime(0)).unwrap();
        }
        for name in [CLAIM_PART, SIGNATURE_PART] {
            ledger.put_part(BOOTH, Digest::of(name.as_bytes()), b"x", WallTime(0)).unwrap();
        }
        (dir, ledger)
    }

    fn claim(number: u128, sequence: u64) -> NewClaim {
        let claim = ClaimId(Uuid::from_u128(number));
        let part = |name: &str| Part { name: name.into(), digest: Digest::of(name.as_bytes()), size: 1 };
        let manifest = Manifest {
            format: FORMAT,
            claim,
            tracking: TrackingCode::of(claim),
            booth: BOOTH,
            sequence,
            kept_at: WallTime(0),
            standing: Standing::Unverified { session: SessionId(Uuid::from_u128(3)) },
            recipient: "age1specimen".into(),
            parts: vec![part(CLAIM_PART), part(SIGNATURE_PART)],
        };
        let signed = Signed::sign(&manifest, &SigningKey::from_bytes(&[7; 32])).unwrap();
        NewClaim { signed, manifest }
    }

    fn commit(ledger: &SqliteLedger, claim: &NewClaim) {
        let receipt = |_| Some(Signed::<Receipt>::from_parts("{}".into(), String::new()));
        let commit = ledger.commit_claim(claim, WallTime(50), &receipt).unwrap();
        assert!(matches!(commit, Commit::Kept { new: true, .. }));
    }

    fn note(claim: &NewClaim) -> ReceiptNote {
        let manifest = claim.signed.digest();
        ReceiptNote { claim: claim.manifest.claim, manifest, ledger_sequence: u64::MAX, held: false }
    }

    fn open(ledger: &SqliteLedger) -> Vec<u128> {
        ledger.missing().unwrap().iter().map(|missing| missing.claim.0.as_u128()).collect()
    }

    #[test]
    fn a_missing_claim_is_on_record_once_until_it_is_found() {
        let (_dir, ledger) = ready();
        let (here, gone, changed) = (claim(10, 1), claim(11, 2), claim(12, 3));
        commit(&ledger, &here);
        let notes: Vec<ReceiptNote> = [&here, &gone, &gone, &changed].map(note).into();
        assert_eq!(ledger.note_missing(BOOTH, &notes, WallTime(60)).unwrap(), 2, "what is here is not missing");
        assert_eq!(ledger.note_missing(BOOTH, &notes, WallTime(70)).unwrap(), 0);
        assert_eq!(ledger.note_missing(OTHER, &notes, WallTime(70)).unwrap(), 0, "told by another");
        let rows = ledger.missing().unwrap();
        assert_eq!((open(&ledger), ledger.count_missing().unwrap()), (vec![11, 12], 2));
        assert_eq!((rows[0].booth, rows[0].booth_name.as_str(), rows[0].reported_at), (BOOTH, "Bilik 1", WallTime(60)));
        let trail = |ledger: &SqliteLedger| match ledger.verify_audit(None).unwrap() {
            AuditState::Intact { entries, .. } => entries,
            AuditState::Broken { sequence } => panic!("broken at {sequence}"),
        };
        assert_eq!(trail(&ledger), 4 + 1 + 2);
        commit(&ledger, &gone);
        // The same id, but not what the booth has a receipt of.
        commit(&ledger, &claim(12, 9));
        assert_eq!((open(&ledger), trail(&ledger)), (vec![12], 9));
        assert_eq!(ledger.note_missing(BOOTH, &[note(&gone)], WallTime(80)).unwrap(), 0);
        let places = ledger.places(&[gone.manifest.claim, ClaimId(Uuid::nil()), here.manifest.claim]).unwrap();
        let place =
            |claim: &NewClaim, sequence| Some(Place { booth: BOOTH, manifest: claim.signed.digest(), sequence });
        assert_eq!(places, [place(&gone, 2), None, place(&here, 1)]);
    }

    #[test]
    fn a_booth_that_makes_claims_up_comes_to_an_end() {
        let (_dir, ledger) = ready();
        let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                    INSERT INTO missing_claims SELECT 'made up ' || i, ?2, zeroblob(32), i, 0, NULL FROM n";
        ledger.db().execute(fill, params![MAX_MISSING - 1, OTHER.to_string()]).unwrap();
        let notes: Vec<ReceiptNote> = (1..4).map(|number| note(&claim(number, 1))).collect();
        assert_eq!(ledger.note_missing(OTHER, &notes, WallTime(1)).unwrap(), 1);
        assert_eq!(ledger.note_missing(OTHER, &notes, WallTime(2)).unwrap(), 0);
        assert_eq!(ledger.note_missing(BOOTH, &[note(&claim(1 << 70, 1))], WallTime(3)).unwrap(), 1);
    }

    #[test]
    fn only_a_finished_backup_makes_anything_safe() {
        let (_dir, ledger) = ready();
        assert_eq!(ledger.backups().unwrap(), Backups::default());
        let backups = |begun, finished, horizon| Backups { last_begun: Some(WallTime(begun)), finished, horizon };
        let first = ledger.begin_backup(WallTime(1)).unwrap();
        assert_eq!(ledger.backups().unwrap(), backups(1, false, 0));
        ledger.finish_backup(first, 7, WallTime(2)).unwrap();
        assert_eq!(ledger.backups().unwrap(), backups(1, true, 7));
        ledger.begin_backup(WallTime(3)).unwrap();
        assert_eq!(ledger.backups().unwrap(), backups(3, false, 7), "what is safe stays safe");
        let third = ledger.begin_backup(WallTime(4)).unwrap();
        ledger.finish_backup(third, 5, WallTime(5)).unwrap();
        assert_eq!(ledger.backups().unwrap(), backups(4, true, 7));
    }
}
