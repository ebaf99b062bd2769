//! What the audit trail says, and what a check of the queue finds.

use super::*;
use crate::{BoothAudit, JournalView, Keys, Report};
use bilik_claim::audit::{AuditHead, AuditState};
use bilik_claim::wire::Outcome;
use rusqlite::Connection;

fn keys(office: &Office) -> Keys {
    Keys { manifest: office.booth_key.verifying_key(), receipt: office.receipt_key.verifying_key() }
}

pub(super) fn verify(office: &Office, audit: Option<Digest>) -> Report {
    JournalView::open(&database(office)).unwrap().verify(Some(&keys(office)), audit).unwrap()
}

pub(crate) fn trail(office: &Office) -> Vec<BoothAudit> {
    let db = Connection::open(database(office)).unwrap();
    let mut events = Vec::new();
    let state = crate::audit::verify(&db, None, |event| events.push(event));
    assert!(matches!(state, AuditState::Intact { .. }));
    events
}

/// A session, two claims of which one is confirmed, and one refused and queued again.
fn work(office: &Office) -> Vec<Outgoing> {
    let mut journal = office.open();
    let session = SessionId(Uuid::from_u128(7));
    journal.note(&BoothAudit::SessionBegan { session }, KEPT_AT).unwrap();
    (1..=2).for_each(|number| drop(journal.keep(&specimen(number), KEPT_AT).unwrap()));
    journal.note(&BoothAudit::SessionEnded { session, outcome: Outcome::Kept }, KEPT_AT).unwrap();
    let claims = queue(&journal);
    office.confirm(&mut journal, &claims[0]).unwrap();
    journal.refuse(claims[1].claim, CANARY, KEPT_AT).unwrap();
    journal.requeue(claims[1].claim, KEPT_AT).unwrap();
    // What changes nothing leaves no entry.
    journal.requeue(claims[1].claim, KEPT_AT).unwrap();
    journal.refuse(claims[0].claim, "late", KEPT_AT).unwrap();
    office.confirm(&mut journal, &claims[0]).unwrap();
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    claims
}

#[test]
fn trail_tells_what_became_of_each_claim_in_ids() {
    let office = Office::new();
    let claims = work(&office);
    let (session, booth) = (SessionId(Uuid::from_u128(7)), office.config().booth);
    let [one, two] = [&claims[0], &claims[1]];
    let kept =
        |o: &Outgoing| BoothAudit::ClaimKept { claim: o.claim, sequence: o.sequence, manifest: o.manifest.digest() };
    let expect = [
        BoothAudit::Enrolled { booth },
        BoothAudit::SessionBegan { session },
        kept(one),
        kept(two),
        BoothAudit::SessionEnded { session, outcome: Outcome::Kept },
        BoothAudit::ClaimConfirmed { claim: one.claim, ledger_sequence: 1 },
        BoothAudit::ClaimRefused { claim: two.claim },
        BoothAudit::ClaimQueuedAgain { claim: two.claim },
    ];
    assert_eq!(trail(&office), expect);
    // The reason of a refusal comes from outside, and is not in it.
    let db = Connection::open(database(&office)).unwrap();
    let words: i64 =
        db.query_row("SELECT count(*) FROM audit WHERE instr(text, ?1)", [CANARY], |row| row.get(0)).unwrap();
    assert_eq!(words, 0);

    // Only a new identity is worth an entry at the next start.
    assert_eq!(office.open().audit_head().unwrap().entries, 8);
    let moved = JournalConfig { booth: BoothId(Uuid::from_u128(2)), ..office.config() };
    let journal = Journal::open(office.state.path(), moved, KEPT_AT).unwrap().journal;
    assert_eq!(journal.audit_head().unwrap().entries, 9);
}

#[test]
fn failed_change_leaves_no_entry() {
    let office = Office::new();
    let mut journal = office.open();
    let claim = journal.keep(&specimen(1), KEPT_AT).unwrap().claim;
    let head = journal.audit_head().unwrap();
    journal.refuse_changes();
    assert!(journal.refuse(claim, "no", KEPT_AT).is_err());
    assert_eq!(journal.audit_head().unwrap(), head);
}

#[test]
fn check_finds_what_was_changed_behind_the_journal() {
    let check = |change: &str, expect: &[&str]| {
        let office = Office::new();
        work(&office);
        let head = office.open().audit_head().unwrap();
        Connection::open(database(&office)).unwrap().execute_batch(change).unwrap();
        let report = verify(&office, Some(head.hash));
        let problems = report.problems();
        assert_eq!(problems.len(), expect.len(), "{change}: {problems:?}");
        for (problem, expect) in problems.iter().zip(expect) {
            assert!(problem.contains(expect), "{change}: {problem}");
        }
        assert_eq!(report.is_sound(), expect.is_empty());
    };
    check("", &[]);
    check("UPDATE audit SET text = replace(text, 'refused', 'confirmed') WHERE sequence = 7", &["entry 7"]);
    check("UPDATE audit SET at = 1 WHERE sequence = 2", &["entry 2"]);
    check("DELETE FROM audit WHERE sequence = 4", &["entry 4"]);
    check("DELETE FROM audit WHERE sequence > 5", &["head that was noted"]);
    check("DELETE FROM audit", &["head that was noted"]);
    check(
        "UPDATE audit SET sequence = 100 WHERE sequence = 3; UPDATE audit SET sequence = 3 WHERE sequence = 4;
         UPDATE audit SET sequence = 4 WHERE sequence = 100;",
        &["entry 3"],
    );
    check("UPDATE part SET sealed = zeroblob(9) WHERE id = 7", &["is not as it was stored"]);
    check("DELETE FROM part WHERE id = 7", &["is not as it was stored"]);
    check(
        "UPDATE claim SET manifest = replace(manifest, 'unverified', 'xverified') WHERE sequence = 2",
        &["is not as it was stored"],
    );
    check("UPDATE claim SET receipt = replace(receipt, ':1,', ':9,') WHERE sequence = 1", &["stored"]);
    check("UPDATE claim SET receipt_signature = manifest_signature FROM (SELECT 1) WHERE sequence = 9", &[]);
    check("DELETE FROM part; DELETE FROM claim WHERE sequence = 2", &["1 claims are missing"]);
}

#[test]
fn check_asks_for_the_right_signatures() {
    let office = Office::new();
    work(&office);
    let mut other = keys(&office);
    assert!(verify(&office, None).is_sound());
    std::mem::swap(&mut other.manifest, &mut other.receipt);
    let view = JournalView::open(&database(&office)).unwrap();
    assert_eq!(view.verify(Some(&other), None).unwrap().foreign.len(), 2);
    let report = view.verify(None, None).unwrap();
    assert_eq!((report.claims, report.parts, report.audit_entries, report.is_sound()), (2, 5, 8, true));
}

#[test]
fn trail_goes_on_after_a_queue_was_set_aside() {
    let office = Office::new();
    work(&office);
    let before = trail(&office);
    let head = office.open().audit_head().unwrap();
    // The file's head is enough to fail the check; all claims can be had from their pages.
    let mut bytes = fs::read(database(&office)).unwrap();
    bytes[..100].fill(0);
    fs::write(database(&office), bytes).unwrap();
    let opened = Journal::open(office.state.path(), office.config(), KEPT_AT).unwrap();
    let aside = opened.set_aside.unwrap();
    assert_eq!((aside.moved, aside.left), (2, 0));
    drop(opened.journal);
    let report = verify(&office, Some(head.hash));
    assert!(report.is_sound(), "{:?}", report.problems());
    let mut after = trail(&office);
    assert_eq!(after.pop(), Some(BoothAudit::SetAside { moved: 2, left: 0 }));
    assert_eq!(after, before);

    // So it is when SQLite can open the old one, and an index is broken.
    let office = Office::new();
    work(&office);
    let head = office.open().audit_head().unwrap();
    break_an_index(&office);
    let opened = Journal::open(office.state.path(), office.config(), KEPT_AT).unwrap();
    assert_eq!(opened.set_aside.map(|aside| (aside.moved, aside.left)), Some((2, 0)));
    drop(opened.journal);
    let report = verify(&office, Some(head.hash));
    assert!(report.is_sound(), "{:?}", report.problems());
    assert_eq!((report.audit_entries, trail(&office).pop()), (9, Some(BoothAudit::SetAside { moved: 2, left: 0 })));
}

#[test]
fn queue_of_an_older_schema_goes_on() {
    goes_on(include_str!("v1.sql"));
    goes_on(include_str!("v2.sql"));
}

fn goes_on(old_queue: &str) {
    let office = Office::new();
    let old = Connection::open(database(&office)).unwrap();
    old.execute_batch(old_queue).unwrap();
    drop(old);
    let mut journal = office.open();
    assert_eq!(journal.audit_head().unwrap().entries, 1);
    let rows = journal.list().unwrap();
    assert_eq!(rows.iter().map(|row| row.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    let waiting = queue(&journal);
    assert_eq!((waiting.len(), sealed(&journal, &waiting[0]).len()), (1, 3));
    assert_eq!(journal.keep(&specimen(4), KEPT_AT).unwrap().sequence, 4);
    office.confirm(&mut journal, &waiting[0]).unwrap();
    drop(journal);
    assert!(verify(&office, None).is_sound(), "{:?}", verify(&office, None).problems());
    assert_ne!(office.open().audit_head().unwrap(), AuditHead::default());
}
