use super::{SqliteLedger, audit, digest, notes, reconcile, storage, text};
use crate::ledger::{
    AuditEvent, ClaimDecision, ClaimRow, Claims, Commit, DecideClaim, DecisionKind, Figures, LedgerError,
    MAX_EARLY_RATINGS, NewClaim, NoteOn, ReopenClaim, Reopening, SealedNote, SessionDecision,
};
use bilik_claim::filing::{Receipt, Signed, Standing};
use bilik_claim::ids::{BoothId, ClaimId, Digest, TrackingCode, WallTime};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

const COLUMNS: &str =
    "SELECT c.sequence, c.manifest, b.name, c.received_at, c.vouched, c.decided_by, c.decided_at, c.decision,
        c.reopened_at IS NOT NULL
    FROM claims c JOIN booths b ON b.booth = c.booth";

/// Claims that wait for an officer's word. Has an index.
const UNDECIDED: &str = "(vouched = 0 OR reopened_at IS NOT NULL) AND decided_at IS NULL";

/// Has an index.
const TRACKING: &str = "json_extract(c.manifest, '$.tracking')";

impl Claims for SqliteLedger {
    fn receipt(&self, claim: ClaimId) -> Result<Option<(Digest, Signed<Receipt>)>, LedgerError> {
        self.read("look a receipt up", |connection| receipt(connection, claim))
    }

    fn commit_claim(
        &self,
        claim: &NewClaim,
        now: WallTime,
        sign: &dyn Fn(u64) -> Option<Signed<Receipt>>,
    ) -> Result<Commit, LedgerError> {
        const OPERATION: &str = "keep a claim";
        let failed = |source| storage(OPERATION, source);
        let manifest = &claim.manifest;
        let manifest_digest = claim.signed.digest();
        let commit = self.write(OPERATION, |transaction| {
            if let Some((stored, receipt)) = receipt(transaction, manifest.claim).map_err(failed)? {
                return Ok(if stored == manifest_digest {
                    Commit::Kept { receipt, new: false }
                } else {
                    Commit::Conflict
                });
            }
            let next: i64 = transaction
                .query_row("SELECT coalesce(max(sequence), 0) + 1 FROM claims", [], |row| row.get(0))
                .map_err(failed)?;
            let receipt = sign(next.unsigned_abs()).ok_or(LedgerError::Unreadable("receipt"))?;
            let (id, booth) = (manifest.claim.to_string(), manifest.booth.to_string());
            let run = || -> rusqlite::Result<()> {
                let vouched = vouched(transaction, manifest.booth, &manifest.standing)?;
                transaction.execute(
                    "INSERT INTO claims (sequence, claim, booth, received_at, manifest_digest, manifest, signature,
                         receipt, receipt_signature, session, vouched)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                    params![
                        next,
                        id,
                        booth,
                        now.0,
                        manifest_digest.0,
                        claim.signed.body,
                        claim.signed.signature,
                        receipt.body,
                        receipt.signature,
                        manifest.standing.session().to_string(),
                        vouched,
                    ],
                )?;
                for part in &manifest.parts {
                    // A part that another claim has brought stays that one's; both need it.
                    transaction
                        .prepare_cached(
                            "UPDATE parts SET claim = ?3 WHERE booth = ?1 AND digest = ?2 AND claim IS NULL",
                        )?
                        .execute(params![booth, part.digest.0, id])?;
                    // None: swept away since the parts were counted. Roll back, the booth sends it again.
                    transaction
                        .prepare_cached("SELECT 1 FROM parts WHERE booth = ?1 AND digest = ?2")?
                        .query_row(params![booth, part.digest.0], |_| Ok(()))?;
                }
                transaction.execute("DELETE FROM ratings WHERE claim = ?1 AND booth <> ?2", [&id, &booth])?;
                if vouched {
                    notes::adopt(transaction, manifest.claim, manifest.standing.session())?;
                }
                reconcile::found(transaction, manifest.claim, manifest_digest, now)
            };
            run().map_err(failed)?;
            let event =
                AuditEvent::ClaimReceived { claim: manifest.claim, booth: manifest.booth, manifest: manifest_digest };
            audit::append(transaction, now, &event)?;
            Ok(Commit::Kept { receipt, new: true })
        })?;
        if let Commit::Kept { new: true, .. } = commit {
            self.note_room();
        }
        Ok(commit)
    }

    fn refuse_claim(
        &self,
        booth: BoothId,
        manifest: Digest,
        claim: Option<ClaimId>,
        parts: &[Digest],
        now: WallTime,
    ) -> Result<(), LedgerError> {
        const OPERATION: &str = "record a refused claim";
        self.write(OPERATION, |transaction| {
            for part in parts {
                transaction
                    .prepare_cached("DELETE FROM parts WHERE booth = ?1 AND digest = ?2 AND claim IS NULL")
                    .and_then(|mut statement| statement.execute(params![booth.to_string(), part.0]))
                    .map_err(|source| storage(OPERATION, source))?;
            }
            audit::append(transaction, now, &AuditEvent::ClaimRefused { booth, manifest, claim })
        })
    }

    fn claim(&self, claim: ClaimId) -> Result<Option<ClaimRow>, LedgerError> {
        self.read("look a claim up", |connection| {
            connection
                .prepare_cached(&format!("{COLUMNS} WHERE c.claim = ?1"))?
                .query_row([claim.to_string()], claim_row)
                .optional()
        })
    }

    fn claims(&self, unverified: bool, before: Option<u64>, limit: u32) -> Result<Vec<ClaimRow>, LedgerError> {
        let filter = if unverified { format!("AND {UNDECIDED}") } else { String::new() };
        let before = before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
        self.read("list claims", |connection| {
            connection
                .prepare_cached(&format!("{COLUMNS} WHERE c.sequence < ?1 {filter} ORDER BY c.sequence DESC LIMIT ?2"))?
                .query_map(params![before, limit], claim_row)?
                .collect()
        })
    }

    fn claims_kept(&self) -> Result<u64, LedgerError> {
        self.read("count claims", |connection| {
            let sql = "SELECT coalesce(max(sequence), 0) FROM claims";
            connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
        })
    }

    fn claims_by_recipient(&self) -> Result<Vec<(String, u64)>, LedgerError> {
        self.read("count claims by their key", |connection| {
            // A claim whose notes are sealed to a later key than itself needs both.
            let sql = "SELECT recipient, count(*) FROM (
                    SELECT json_extract(manifest, '$.recipient') AS recipient, claim FROM claims
                    UNION SELECT recipient, claim FROM notes WHERE claim IS NOT NULL)
                GROUP BY 1";
            let row = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
            connection.prepare(sql)?.query_map([], row)?.collect()
        })
    }

    fn decide_claim(
        &self,
        claim: ClaimId,
        decision: &ClaimDecision,
        note: Option<&SealedNote>,
    ) -> Result<DecideClaim, LedgerError> {
        const OPERATION: &str = "decide a claim";
        let failed = |source| storage(OPERATION, source);
        self.write(OPERATION, |transaction| {
            let open: Option<bool> = transaction
                .query_row(&format!("SELECT {UNDECIDED} FROM claims WHERE claim = ?1"), [claim.to_string()], |row| {
                    row.get(0)
                })
                .optional()
                .map_err(failed)?;
            match open {
                None => return Ok(DecideClaim::Unknown),
                Some(false) => return Ok(DecideClaim::Already),
                Some(true) => {}
            }
            let text = serde_json::to_string(&decision.decision).map_err(|_| LedgerError::Unreadable("decision"))?;
            transaction
                .execute(
                    "UPDATE claims SET decided_by = ?2, decided_at = ?3, decision = ?4 WHERE claim = ?1",
                    params![claim.to_string(), decision.officer.to_string(), decision.at.0, text],
                )
                .map_err(failed)?;
            let (kind, reasons) = DecisionKind::of(&decision.decision);
            let ClaimDecision { officer, at, .. } = *decision;
            if let Some(note) = note {
                notes::add(transaction, &notes::About::Claim(claim), officer, at, kind.into(), note).map_err(failed)?;
            }
            let noted = note.is_some();
            let event = AuditEvent::ClaimDecided { claim, officer, decision: kind, reasons, noted };
            audit::append(transaction, decision.at, &event)?;
            Ok(DecideClaim::Done)
        })
    }

    fn reopen_claim(&self, claim: ClaimId, by: &Reopening, now: WallTime) -> Result<ReopenClaim, LedgerError> {
        const OPERATION: &str = "reopen a claim";
        let failed = |source| storage(OPERATION, source);
        let Reopening { officer, oversees, ref note } = *by;
        self.write(OPERATION, |transaction| {
            let found: Option<(bool, Option<String>)> = transaction
                .query_row(
                    &format!("SELECT {UNDECIDED}, decision ->> '$.kind' FROM claims WHERE claim = ?1"),
                    [claim.to_string()],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()
                .map_err(failed)?;
            let was = match found {
                None => return Ok(ReopenClaim::Unknown),
                Some((true, _)) => return Ok(ReopenClaim::Open),
                Some((false, Some(kind))) if kind == "returned" => DecisionKind::Returned,
                Some((false, _)) => DecisionKind::Verified,
            };
            if was == DecisionKind::Verified && !(oversees && note.is_some()) {
                return Ok(ReopenClaim::NotSo);
            }
            transaction
                .execute(
                    "UPDATE claims SET decided_by = NULL, decided_at = NULL, decision = NULL, reopened_at = ?2
                     WHERE claim = ?1",
                    params![claim.to_string(), now.0],
                )
                .map_err(failed)?;
            if let Some(note) = note {
                notes::add(transaction, &notes::About::Claim(claim), officer, now, NoteOn::Reopened, note)
                    .map_err(failed)?;
            }
            let noted = note.is_some();
            audit::append(transaction, now, &AuditEvent::ClaimReopened { claim, officer, was: Some(was), noted })?;
            Ok(ReopenClaim::Done)
        })
    }

    fn claim_by_code(&self, code: &TrackingCode) -> Result<Option<ClaimRow>, LedgerError> {
        self.read("look a claim up by its code", |connection| {
            connection
                .prepare_cached(&format!("{COLUMNS} WHERE {TRACKING} = ?1 ORDER BY c.sequence DESC LIMIT 1"))?
                .query_row([code.as_str()], claim_row)
                .optional()
        })
    }

    fn decide_session(&self, decision: &SessionDecision, now: WallTime) -> Result<(), LedgerError> {
        const OPERATION: &str = "keep a decision";
        let SessionDecision { session, booth, officer, decision, reasons, note } = decision.clone();
        let verified = decision == DecisionKind::Verified;
        self.write(OPERATION, |transaction| {
            transaction
                .execute(
                    "INSERT INTO session_decisions (session, booth, officer, verified, decided_at)
                         VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (session) DO UPDATE SET booth = ?2, officer = ?3, verified = ?4, decided_at = ?5",
                    params![
                        session.to_string(),
                        booth.map(|booth| booth.to_string()),
                        officer.to_string(),
                        verified,
                        now.0
                    ],
                )
                .and_then(|_| notes::forget(transaction, session))
                .and_then(|()| match &note {
                    Some(note) => {
                        notes::add(transaction, &notes::About::Session(session), officer, now, decision.into(), note)
                    }
                    None => Ok(()),
                })
                .map_err(|source| storage(OPERATION, source))?;
            let noted = note.is_some();
            audit::append(transaction, now, &AuditEvent::Decided { session, officer, decision, reasons, noted })
        })
    }

    fn rate_claim(&self, claim: ClaimId, booth: BoothId, rating: u8, now: WallTime) -> Result<(), LedgerError> {
        const OPERATION: &str = "keep a rating";
        let (claim, booth) = (claim.to_string(), booth.to_string());
        self.write(OPERATION, |transaction| {
            let run = || -> rusqlite::Result<()> {
                let others: bool = transaction.query_row(
                    "SELECT EXISTS (SELECT 1 FROM claims WHERE claim = ?1 AND booth <> ?2)",
                    [&claim, &booth],
                    |row| row.get(0),
                )?;
                if others {
                    return Ok(());
                }
                transaction.execute(
                    "INSERT INTO ratings (claim, booth, rating, rated_at) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (claim, booth) DO UPDATE SET rating = ?3, rated_at = ?4",
                    params![claim, booth, rating, now.0],
                )?;
                transaction.execute(
                    "DELETE FROM ratings WHERE booth = ?1 AND claim IN (
                         SELECT claim FROM ratings WHERE booth = ?1 AND claim NOT IN (SELECT claim FROM claims)
                         ORDER BY rated_at DESC LIMIT -1 OFFSET ?2)",
                    params![booth, MAX_EARLY_RATINGS],
                )?;
                Ok(())
            };
            run().map_err(|source| storage(OPERATION, source))
        })
    }

    fn figures(&self, day_start: WallTime) -> Result<Figures, LedgerError> {
        self.read("count claims", |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT (SELECT count(*) FROM claims WHERE received_at >= ?1),
                                (SELECT count(*) FROM claims WHERE {UNDECIDED})"
                ))?
                .query_row([day_start.0], |row| Ok(Figures { claims_today: row.get(0)?, unverified: row.get(1)? }))
        })
    }
}

fn receipt(connection: &Connection, claim: ClaimId) -> rusqlite::Result<Option<(Digest, Signed<Receipt>)>> {
    connection
        .prepare_cached("SELECT manifest_digest, receipt, receipt_signature FROM claims WHERE claim = ?1")?
        .query_row([claim.to_string()], |row| Ok((digest(row, 0)?, Signed::from_parts(row.get(1)?, row.get(2)?))))
        .optional()
}

/// A booth alone cannot make a claim *verified*: the officer's decision has to be on record here too, for a session of
/// this booth, and it vouches for one claim. A second one of that session is kept for an officer to take up.
fn vouched(connection: &Connection, booth: BoothId, standing: &Standing) -> rusqlite::Result<bool> {
    match standing {
        Standing::Unverified { .. } => Ok(false),
        Standing::Verified { officer, session } => connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM session_decisions
                            WHERE session = ?1 AND officer = ?2 AND booth = ?3 AND verified = 1)
                AND NOT EXISTS (SELECT 1 FROM claims WHERE session = ?1 AND vouched = 1)",
            [session.to_string(), officer.to_string(), booth.to_string()],
            |row| row.get(0),
        ),
    }
}

fn claim_row(row: &Row<'_>) -> rusqlite::Result<ClaimRow> {
    let body: String = row.get(1)?;
    let json = |column| {
        move |error: serde_json::Error| {
            rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
        }
    };
    let decided: Option<i64> = row.get(6)?;
    let decision = match decided {
        None => None,
        Some(at) => {
            let words: String = row.get(7)?;
            let decision = serde_json::from_str(&words).map_err(json(7))?;
            Some(ClaimDecision { officer: text(row, 5)?, at: WallTime(at), decision })
        }
    };
    Ok(ClaimRow {
        sequence: row.get::<_, i64>(0)?.unsigned_abs(),
        manifest: serde_json::from_str(&body).map_err(json(1))?,
        booth_name: row.get(2)?,
        received_at: WallTime(row.get(3)?),
        vouched: row.get(4)?,
        reopened: row.get(8)?,
        decision,
    })
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use crate::ledger::{Audit as _, AuditState, Booths as _, Enrolment, Health, Ledger as _, Parts as _, Validity};
    use bilik_claim::filing::{CLAIM_PART, FORMAT, Manifest, Part, SIGNATURE_PART};
    use bilik_claim::ids::{OfficerId, SessionId};
    use bilik_claim::wire::Decision;
    use ed25519_dalek::SigningKey;
    use uuid::Uuid;

    const BOOTH: BoothId = BoothId(Uuid::from_u128(1));
    const OFFICER: OfficerId = OfficerId(Uuid::from_u128(2));
    const SESSION: SessionId = SessionId(Uuid::from_u128(3));

    fn claim(number: u128, standing: Standing, sequence: u64) -> NewClaim {
        let claim = ClaimId(Uuid::from_u128(number));
        let part = |name: &str| Part { name: name.into(), digest: Digest::of(name.as_bytes()), size: 1 };
        let manifest = Manifest {
            format: FORMAT,
            claim,
            tracking: TrackingCode::of(claim),
            booth: BOOTH,
            sequence,
            kept_at: WallTime(0),
            standing,
            recipient: "age1specimen".into(),
            parts: vec![part(CLAIM_PART), part(SIGNATURE_PART)],
        };
        let signed = Signed::sign(&manifest, &SigningKey::from_bytes(&[7; 32])).unwrap();
        NewClaim { signed, manifest }
    }

    fn ready() -> (tempfile::TempDir, SqliteLedger) {
        let (dir, ledger) = temporary();
        let enrolment = Enrolment { booth: None, name: "Bilik 1".into() };
        ledger.add_enrolment_code(Digest::of(b"s"), &enrolment, Validity::TYPED, WallTime(0)).unwrap();
        ledger.enrol(Digest::of(b"s"), BOOTH, [7; 32], WallTime(0)).unwrap();
        for name in [CLAIM_PART, SIGNATURE_PART] {
            ledger.put_part(BOOTH, Digest::of(name.as_bytes()), b"x", WallTime(0)).unwrap();
        }
        (dir, ledger)
    }

    fn commit(ledger: &SqliteLedger, claim: &NewClaim, now: i64) -> Commit {
        let sign = |ledger_sequence| {
            let receipt = Receipt {
                format: FORMAT,
                claim: claim.manifest.claim,
                manifest: claim.signed.digest(),
                ledger_sequence,
                received_at: WallTime(now),
            };
            Signed::sign(&receipt, &SigningKey::from_bytes(&[9; 32])).ok()
        };
        ledger.commit_claim(claim, WallTime(now), &sign).unwrap()
    }

    #[test]
    fn one_claim_has_one_receipt_for_ever() {
        let (_dir, ledger) = ready();
        let unverified = Standing::Unverified { session: SESSION };
        let first = claim(10, unverified.clone(), 1);
        let Commit::Kept { receipt, new: true } = commit(&ledger, &first, 100) else { panic!("not new") };
        let Commit::Kept { receipt: again, new: false } = commit(&ledger, &first, 200) else { panic!("not kept") };
        assert_eq!(receipt, again);
        assert!(matches!(commit(&ledger, &claim(10, unverified.clone(), 2), 300), Commit::Conflict));
        assert_eq!(ledger.receipt(first.manifest.claim).unwrap(), Some((first.signed.digest(), receipt)));
        assert_eq!(ledger.drop_orphans(WallTime(i64::MAX)).unwrap(), 0, "its parts are not orphans");
        // The second shares its parts with the first, and takes none from it.
        let Commit::Kept { receipt, new: true } = commit(&ledger, &claim(11, unverified, 2), 400) else { panic!("no") };
        assert_eq!(receipt.peek().unwrap().ledger_sequence, 2);
        let owners: String = {
            let connection = ledger.db();
            connection.query_row("SELECT group_concat(DISTINCT claim) FROM parts", [], |row| row.get(0)).unwrap()
        };
        assert_eq!(owners, first.manifest.claim.to_string());
        assert!(matches!(ledger.verify_audit(None).unwrap(), AuditState::Intact { entries: 4, .. }));
    }

    #[test]
    fn a_claim_whose_part_is_gone_is_not_kept() {
        let (_dir, ledger) = ready();
        ledger.drop_orphans(WallTime(i64::MAX)).unwrap();
        // What another booth has sent is no part of this one's claim.
        for name in [CLAIM_PART, SIGNATURE_PART] {
            ledger.put_part(BoothId(Uuid::from_u128(8)), Digest::of(name.as_bytes()), b"x", WallTime(0)).unwrap();
        }
        let claim = claim(10, Standing::Unverified { session: SESSION }, 1);
        assert!(
            ledger
                .commit_claim(&claim, WallTime(0), &|_| Some(Signed::from_parts("{}".into(), String::new())))
                .is_err()
        );
        assert!(ledger.receipt(claim.manifest.claim).unwrap().is_none());
        assert_eq!(ledger.health(), Health::Good);
    }

    #[test]
    fn nothing_is_kept_without_its_entry() {
        let check = |what: &str, change: &dyn Fn(&SqliteLedger) -> Result<(), LedgerError>| {
            let (_dir, ledger) = ready();
            commit(&ledger, &claim(10, Standing::Unverified { session: SESSION }, 1), 1);
            ledger.put_part(BOOTH, Digest::of(b"orphan"), b"orphan", WallTime(0)).unwrap();
            let tables = |ledger: &SqliteLedger| -> Vec<i64> {
                let connection = ledger.db();
                let count = |sql| connection.query_row(sql, [], |row| row.get(0)).unwrap();
                vec![
                    count("SELECT count(*) FROM claims"),
                    count("SELECT count(decided_at) FROM claims"),
                    count("SELECT count(*) FROM parts"),
                    count("SELECT count(*) FROM session_decisions"),
                ]
            };
            let before = tables(&ledger);
            let trap = "CREATE TRIGGER trap BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'on purpose'); END";
            ledger.db().execute_batch(trap).unwrap();
            change(&ledger).unwrap_err();
            assert_eq!(tables(&ledger), before, "{what}");
            ledger.db().execute_batch("DROP TRIGGER trap").unwrap();
            change(&ledger).unwrap();
            assert_ne!(tables(&ledger), before, "{what}");
        };
        check("a claim", &|ledger| {
            let sign = |_| Some(Signed::from_parts("{}".into(), String::new()));
            let new = claim(11, Standing::Unverified { session: SESSION }, 2);
            ledger.commit_claim(&new, WallTime(2), &sign).map(drop)
        });
        check("a refusal", &|ledger| {
            let (manifest, orphan) = (Digest::of(b"manifest"), Digest::of(b"orphan"));
            ledger.refuse_claim(BOOTH, manifest, None, &[orphan], WallTime(2))
        });
        check("a session's decision", &|ledger| {
            ledger.decide_session(&decision(OFFICER, Some(BOOTH), true), WallTime(2))
        });
        check("a claim's decision", &|ledger| {
            let decision = ClaimDecision { officer: OFFICER, at: WallTime(2), decision: Decision::Verified };
            ledger.decide_claim(ClaimId(Uuid::from_u128(10)), &decision, None).map(drop)
        });
    }

    fn decision(officer: OfficerId, booth: Option<BoothId>, verified: bool) -> SessionDecision {
        let decision = if verified { DecisionKind::Verified } else { DecisionKind::Returned };
        SessionDecision { session: SESSION, booth, officer, decision, reasons: vec![], note: None }
    }

    #[test]
    fn verified_needs_the_officers_word_here_too() {
        let check = |decided: Option<SessionDecision>, vouched: bool| {
            let (_dir, ledger) = ready();
            if let Some(decided) = &decided {
                ledger.decide_session(decided, WallTime(0)).unwrap();
            }
            let claim = claim(10, Standing::Verified { officer: OFFICER, session: SESSION }, 1);
            commit(&ledger, &claim, 1);
            assert_eq!(ledger.claim(claim.manifest.claim).unwrap().unwrap().vouched, vouched, "{decided:?}");
            assert_eq!(ledger.figures(WallTime(0)).unwrap().unverified, u32::from(!vouched));
        };
        check(Some(decision(OFFICER, Some(BOOTH), true)), true);
        check(Some(decision(OFFICER, Some(BOOTH), false)), false);
        check(Some(decision(OfficerId(Uuid::from_u128(9)), Some(BOOTH), true)), false);
        check(Some(decision(OFFICER, Some(BoothId(Uuid::from_u128(8))), true)), false);
        check(Some(decision(OFFICER, None, true)), false);
        check(None, false);
    }

    #[test]
    fn one_decision_vouches_for_one_claim() {
        let (_dir, ledger) = ready();
        ledger.decide_session(&decision(OFFICER, Some(BOOTH), true), WallTime(0)).unwrap();
        let verified = || Standing::Verified { officer: OFFICER, session: SESSION };
        for (number, vouched) in [(10, true), (11, false), (12, false)] {
            // Also not once the officer has decided again.
            ledger.decide_session(&decision(OFFICER, Some(BOOTH), true), WallTime(1)).unwrap();
            let claim = claim(number, verified(), 1);
            assert!(matches!(commit(&ledger, &claim, 1), Commit::Kept { new: true, .. }));
            assert_eq!(ledger.claim(claim.manifest.claim).unwrap().unwrap().vouched, vouched, "{number}");
        }
        assert_eq!(ledger.claims(true, None, 10).unwrap().len(), 2, "an officer looks at the others");
    }

    #[test]
    fn a_refused_claim_leaves_no_parts_behind() {
        let (_dir, ledger) = ready();
        let kept = claim(10, Standing::Unverified { session: SESSION }, 1);
        commit(&ledger, &kept, 1);
        let orphan = Digest::of(b"orphan");
        ledger.put_part(BOOTH, orphan, b"orphan", WallTime(0)).unwrap();
        let shared = kept.manifest.parts[0].digest;
        ledger.refuse_claim(BOOTH, Digest::of(b"manifest"), None, &[orphan, shared], WallTime(2)).unwrap();
        assert_eq!(ledger.part_sizes(BOOTH, &[orphan, shared]).unwrap(), [None, Some(1)]);
        assert!(matches!(ledger.verify_audit(None).unwrap(), AuditState::Intact { entries: 4, .. }));
    }

    #[test]
    fn the_last_word_of_the_claims_own_booth_is_its_rating() {
        let (_dir, ledger) = ready();
        let other = BoothId(Uuid::from_u128(8));
        let id = |number| ClaimId(Uuid::from_u128(number));
        let rate = |number, booth, rating, now| ledger.rate_claim(id(number), booth, rating, WallTime(now)).unwrap();
        let ratings = |number| -> Vec<(String, u8)> {
            let connection = ledger.db();
            let mut statement = connection.prepare("SELECT booth, rating FROM ratings WHERE claim = ?1").unwrap();
            let rows = statement.query_map([id(number).to_string()], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(Result::unwrap).collect()
        };
        rate(10, other, 1, 1);
        rate(10, BOOTH, 1, 2);
        rate(10, BOOTH, 4, 3);
        commit(&ledger, &claim(10, Standing::Unverified { session: SESSION }, 1), 4);
        assert_eq!(ratings(10), [(BOOTH.to_string(), 4)], "another booth's word goes once the claim is here");
        rate(10, other, 1, 5);
        rate(10, BOOTH, 3, 6);
        assert_eq!(ratings(10), [(BOOTH.to_string(), 3)]);
        assert!(ledger.rate_claim(id(11), BOOTH, 9, WallTime(70)).is_err());
        // A booth that makes ids up only pushes its own out.
        rate(99, other, 2, 7);
        for number in 0..=u128::from(MAX_EARLY_RATINGS) {
            rate(1000 + number, BOOTH, 1, 10 + number as i64);
        }
        assert!(ratings(1000).is_empty() && ratings(1001).len() == 1);
        assert_eq!((ratings(10).len(), ratings(99).len()), (1, 1));
    }

    #[test]
    fn a_claim_is_decided_once() {
        let (_dir, ledger) = ready();
        let new = claim(10, Standing::Unverified { session: SESSION }, 1);
        commit(&ledger, &new, 50);
        let id = new.manifest.claim;
        let words = Decision::Returned { reasons: vec!["Foto buram".into()] };
        let decision = ClaimDecision { officer: OFFICER, at: WallTime(60), decision: words.clone() };
        assert_eq!(ledger.decide_claim(ClaimId(Uuid::from_u128(99)), &decision, None).unwrap(), DecideClaim::Unknown);
        assert_eq!(ledger.claims(true, None, 10).unwrap().len(), 1);
        assert_eq!(ledger.decide_claim(id, &decision, None).unwrap(), DecideClaim::Done);
        assert_eq!(ledger.decide_claim(id, &decision, None).unwrap(), DecideClaim::Already);
        assert!(ledger.claims(true, None, 10).unwrap().is_empty());
        let row = ledger.claims(false, None, 10).unwrap().remove(0);
        assert_eq!(row.decision.unwrap().decision, words);
        assert!(ledger.claims(false, Some(row.sequence), 10).unwrap().is_empty());
        assert_eq!(ledger.figures(WallTime(50)).unwrap(), Figures { claims_today: 1, unverified: 0 });
        assert_eq!(ledger.figures(WallTime(51)).unwrap(), Figures { claims_today: 0, unverified: 0 });
    }
}
