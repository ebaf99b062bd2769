use super::{SqliteLedger, text};
use crate::ledger::{DecisionKind, LedgerError, NOTES_SHOWN, NoteOn, NoteRow, Notes, SealedNote};
use bilik_claim::ids::{ClaimId, OfficerId, SessionId, WallTime};
use rusqlite::{Connection, Row, params};

/// What a note is about. One of a session goes over to its claim when that comes.
pub(super) enum About {
    Claim(ClaimId),
    Session(SessionId),
}

impl From<DecisionKind> for NoteOn {
    fn from(decision: DecisionKind) -> Self {
        match decision {
            DecisionKind::Verified => NoteOn::Verified,
            DecisionKind::Returned => NoteOn::Returned,
        }
    }
}

/// Adds a note, inside the transaction of what it was left with.
pub(super) fn add(
    transaction: &Connection,
    about: &About,
    officer: OfficerId,
    at: WallTime,
    on: NoteOn,
    note: &SealedNote,
) -> rusqlite::Result<()> {
    let (claim, session) = match about {
        About::Claim(claim) => (Some(claim.to_string()), None),
        About::Session(session) => (None, Some(session.to_string())),
    };
    transaction
        .prepare_cached(
            "INSERT INTO notes (claim, session, officer, written_at, about, recipient, sealed)
             VALUES (coalesce(?1, (SELECT claim FROM claims WHERE session = ?2 AND vouched = 1)), ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![claim, session, officer.to_string(), at.0, on.code(), note.recipient, note.bytes])?;
    Ok(())
}

/// The claim of this session has come, by the decision that the session's note was left with.
pub(super) fn adopt(transaction: &Connection, claim: ClaimId, session: SessionId) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE notes SET claim = ?1 WHERE session = ?2 AND claim IS NULL")?
        .execute([claim.to_string(), session.to_string()])?;
    Ok(())
}

/// A session is decided anew: what was noted with the decision before, for a claim that has not come, counts no more.
pub(super) fn forget(transaction: &Connection, session: SessionId) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("DELETE FROM notes WHERE session = ?1 AND claim IS NULL")?
        .execute([session.to_string()])?;
    Ok(())
}

impl Notes for SqliteLedger {
    fn notes(&self, claim: ClaimId) -> Result<Vec<NoteRow>, LedgerError> {
        self.read("read a claim's notes", |connection| {
            connection
                .prepare_cached(
                    "SELECT n.officer, o.name, n.written_at, n.about, n.recipient, n.sealed
                     FROM notes n LEFT JOIN officers o ON o.officer = n.officer
                     WHERE n.claim = ?1 ORDER BY n.number DESC LIMIT ?2",
                )?
                .query_map(params![claim.to_string(), NOTES_SHOWN], note_row)?
                .collect()
        })
    }
}

fn note_row(row: &Row<'_>) -> rusqlite::Result<NoteRow> {
    Ok(NoteRow {
        officer: text(row, 0)?,
        name: row.get(1)?,
        at: WallTime(row.get(2)?),
        on: text(row, 3)?,
        sealed: SealedNote { recipient: row.get(4)?, bytes: row.get(5)? },
    })
}

#[cfg(test)]
mod tests {
    use super::super::temporary;
    use super::*;
    use crate::ledger::{
        Audit as _, AuditState, Booths as _, ClaimDecision, Claims as _, Commit, DecideClaim, Enrolment, NewClaim,
        Parts as _, ReopenClaim, Reopening, SessionDecision, Validity,
    };
    use bilik_claim::filing::{CLAIM_PART, FORMAT, Manifest, Part, Receipt, SIGNATURE_PART, Signed, Standing};
    use bilik_claim::ids::{BoothId, Digest, TrackingCode};
    use bilik_claim::wire::Decision;
    use ed25519_dalek::SigningKey;
    use tempfile::TempDir;
    use uuid::Uuid;

    const BOOTH: BoothId = BoothId(Uuid::from_u128(1));
    const SARI: OfficerId = OfficerId(Uuid::from_u128(2));
    const CLAIM: ClaimId = ClaimId(Uuid::from_u128(10));
    const SESSION: SessionId = SessionId(Uuid::from_u128(3));

    fn note(words: &str) -> SealedNote {
        SealedNote { recipient: "age1later".into(), bytes: words.into() }
    }

    fn ready() -> (TempDir, SqliteLedger) {
        let (dir, ledger) = temporary();
        let enrolment = Enrolment { booth: None, name: "Bilik 1".into() };
        ledger.add_enrolment_code(Digest::of(b"s"), &enrolment, Validity::TYPED, WallTime(0)).unwrap();
        ledger.enrol(Digest::of(b"s"), BOOTH, [7; 32], WallTime(0)).unwrap();
        (dir, ledger)
    }

    fn decided(ledger: &SqliteLedger, decision: DecisionKind, note: Option<SealedNote>) {
        let made =
            SessionDecision { session: SESSION, booth: Some(BOOTH), officer: SARI, decision, reasons: vec![], note };
        ledger.decide_session(&made, WallTime(1)).unwrap();
    }

    fn file(ledger: &SqliteLedger, number: u128, standing: Standing) {
        let part = |name: &str| Part { name: name.into(), digest: Digest::of(name.as_bytes()), size: 1 };
        let claim = ClaimId(Uuid::from_u128(number));
        let parts = vec![part(CLAIM_PART), part(SIGNATURE_PART)];
        for part in &parts {
            ledger.put_part(BOOTH, part.digest, b"x", WallTime(2)).unwrap();
        }
        let tracking = TrackingCode::of(claim);
        let recipient = "age1specimen".into();
        let (booth, kept_at) = (BOOTH, WallTime(0));
        let manifest =
            Manifest { format: FORMAT, claim, tracking, booth, sequence: 1, kept_at, standing, recipient, parts };
        let signed = Signed::sign(&manifest, &SigningKey::from_bytes(&[7; 32])).unwrap();
        let (format, received_at, digest) = (FORMAT, WallTime(3), signed.digest());
        let sign = |ledger_sequence| {
            let receipt = Receipt { format, claim, manifest: digest, ledger_sequence, received_at };
            Signed::sign(&receipt, &SigningKey::from_bytes(&[9; 32])).ok()
        };
        let kept = ledger.commit_claim(&NewClaim { signed, manifest }, WallTime(3), &sign).unwrap();
        assert!(matches!(kept, Commit::Kept { new: true, .. }));
    }

    fn verified() -> Standing {
        Standing::Verified { officer: SARI, session: SESSION }
    }

    fn read(ledger: &SqliteLedger, claim: ClaimId) -> Vec<(NoteOn, String)> {
        let words = |note: NoteRow| (note.on, String::from_utf8(note.sealed.bytes).unwrap());
        ledger.notes(claim).unwrap().into_iter().map(words).collect()
    }

    #[test]
    fn a_note_of_the_call_waits_for_its_claim() {
        let (_dir, ledger) = ready();
        decided(&ledger, DecisionKind::Verified, Some(note("first")));
        decided(&ledger, DecisionKind::Verified, Some(note("last")));
        assert_eq!(read(&ledger, CLAIM), []);
        file(&ledger, 10, verified());
        // What else that session sends is nobody's word.
        file(&ledger, 11, verified());
        assert_eq!(read(&ledger, CLAIM), [(NoteOn::Verified, "last".into())]);
        assert_eq!(read(&ledger, ClaimId(Uuid::from_u128(11))), []);
        ledger.drop_orphans(WallTime(i64::MAX)).unwrap();
        assert_eq!(read(&ledger, CLAIM).len(), 1, "no orphan");
        // Both keys are needed now.
        let keys = ledger.claims_by_recipient().unwrap();
        assert_eq!(keys, [("age1later".to_owned(), 1), ("age1specimen".to_owned(), 2)]);
    }

    #[test]
    fn a_note_without_a_claim_is_not_kept() {
        let count = |ledger: &SqliteLedger| -> i64 {
            ledger.db().query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).unwrap()
        };
        let (_dir, ledger) = ready();
        decided(&ledger, DecisionKind::Verified, Some(note("left before signing")));
        ledger.drop_orphans(WallTime(1)).unwrap();
        assert_eq!(count(&ledger), 1, "the booth may be away");
        ledger.drop_orphans(WallTime(2)).unwrap();
        assert_eq!(count(&ledger), 0);
        decided(&ledger, DecisionKind::Verified, Some(note("taken back")));
        decided(&ledger, DecisionKind::Returned, None);
        assert_eq!(count(&ledger), 0);
    }

    fn reopen(ledger: &SqliteLedger, oversees: bool, words: Option<&str>) -> ReopenClaim {
        ledger.reopen_claim(CLAIM, &Reopening { officer: SARI, oversees, note: words.map(note) }, WallTime(9)).unwrap()
    }

    fn decide(ledger: &SqliteLedger, decision: Decision, words: Option<&str>) -> DecideClaim {
        let decision = ClaimDecision { officer: SARI, at: WallTime(5), decision };
        ledger.decide_claim(CLAIM, &decision, words.map(note).as_ref()).unwrap()
    }

    #[test]
    fn what_was_verified_is_opened_again_by_a_supervisor_who_says_why() {
        let returned = || Decision::Returned { reasons: vec!["Foto buram".into()] };
        let check = |name: &str, begin: &dyn Fn(&SqliteLedger), anybody: bool| {
            let (_dir, ledger) = ready();
            assert_eq!(reopen(&ledger, true, Some("why")), ReopenClaim::Unknown);
            begin(&ledger);
            for (oversees, why) in [(false, None), (false, Some("why")), (true, None)] {
                let expect = if anybody { ReopenClaim::Done } else { ReopenClaim::NotSo };
                assert_eq!(reopen(&ledger, oversees, why), expect, "{name}: {oversees} {why:?}");
                if anybody {
                    assert_eq!(decide(&ledger, returned(), None), DecideClaim::Done, "{name}");
                }
            }
            assert_eq!(ledger.figures(WallTime(0)).unwrap().unverified, 0, "{name}");
            assert_eq!(reopen(&ledger, true, Some("salah rekening")), ReopenClaim::Done, "{name}");
            assert_eq!(reopen(&ledger, true, Some("again")), ReopenClaim::Open, "{name}");
            // It waits for an officer like any other, and its receipt is what it was.
            let row = ledger.claims(true, None, 10).unwrap().remove(0);
            assert!(row.manifest.claim == CLAIM && !row.is_verified_in_call() && row.decision.is_none(), "{name}");
            assert_eq!(ledger.figures(WallTime(0)).unwrap().unverified, 1, "{name}");
            assert_eq!(decide(&ledger, returned(), Some("ditelepon")), DecideClaim::Done, "{name}");
            assert_eq!(decide(&ledger, Decision::Verified, None), DecideClaim::Already, "{name}");
            let newest = [(NoteOn::Returned, "ditelepon".to_owned()), (NoteOn::Reopened, "salah rekening".to_owned())];
            assert_eq!(read(&ledger, CLAIM)[..2], newest, "{name}");
            assert!(matches!(ledger.verify_audit(None).unwrap(), AuditState::Intact { .. }));
            let trail: String = {
                let sql = "SELECT group_concat(text, ' ') FROM (SELECT text FROM audit ORDER BY sequence DESC LIMIT 2)";
                ledger.db().query_row(sql, [], |row| row.get(0)).unwrap()
            };
            assert!(trail.matches("\"noted\":true").count() == 2 && !trail.contains("ditelepon"), "{trail}");
            let was = if anybody { "\"was\":\"returned\"" } else { "\"was\":\"verified\"" };
            assert!(trail.contains(was), "{name}: {trail}");
        };
        check(
            "in the call",
            &|ledger| (decided(ledger, DecisionKind::Verified, None), file(ledger, 10, verified())).1,
            false,
        );
        let phoned = |ledger: &SqliteLedger, decision| {
            file(ledger, 10, Standing::Unverified { session: SESSION });
            assert_eq!(decide(ledger, decision, None), DecideClaim::Done);
        };
        check("on the phone", &|ledger| phoned(ledger, Decision::Verified), false);
        check("returned", &|ledger| phoned(ledger, returned()), true);
    }

    #[test]
    fn one_word_vouches_for_one_claim_also_when_it_was_taken_back() {
        let (_dir, ledger) = ready();
        decided(&ledger, DecisionKind::Verified, None);
        file(&ledger, 10, verified());
        assert_eq!(reopen(&ledger, true, Some("why")), ReopenClaim::Done);
        file(&ledger, 11, verified());
        assert_eq!(ledger.claims(true, None, 10).unwrap().len(), 2, "both wait for an officer");
    }
}
