//! Claims that outlive their receipt: until they are safe, until there is no room, or until the hub asks for them again.

use super::auditing::{trail, verify};
use super::erasing::found;
use super::faulty::Faulty;
use super::*;
use crate::disk::Disk;
use crate::outbox::Event;
use crate::{BoothAudit, JournalView, MAX_HELD, QueueState, Receipts, Stats};
use proptest::prelude::*;
use rusqlite::Connection;
use std::sync::atomic::Ordering;

const HELD: QueueState = QueueState::Held { ledger_sequence: 1 };
const CONFIRMED: QueueState = QueueState::Confirmed { ledger_sequence: 1 };

/// A claim as it was kept.
type Claim = (Vec<Vec<u8>>, Outgoing);

/// So many claims, each with its sealed bytes; the first of them are held.
fn holding(office: &Office, claims: u128, held: usize) -> (Journal, Vec<Claim>) {
    let mut journal = office.open();
    journal.set_hold(true).unwrap();
    (1..=claims).for_each(|number| drop(journal.keep(&specimen(number), KEPT_AT).unwrap()));
    let claims: Vec<_> = queue(&journal).into_iter().map(|o| (sealed(&journal, &o), o)).collect();
    for (_, outgoing) in &claims[..held] {
        office.confirm(&mut journal, outgoing).unwrap();
    }
    (journal, claims)
}

fn states(journal: &Journal) -> Vec<QueueState> {
    journal.list().unwrap().into_iter().map(|row| row.state).collect()
}

fn told(journal: &Journal, which: Receipts) -> Vec<(u64, bool)> {
    journal.receipts(u64::MAX, which, 9).unwrap().into_iter().map(|(number, note)| (number, note.held)).collect()
}

/// One move after another, and what a claim is then.
#[test]
fn moves_of_a_claim() {
    type Move = dyn Fn(&Office, &mut Journal, &Outgoing);
    let receipt: &Move = &|office, journal, outgoing| assert!(office.confirm(journal, outgoing).is_ok());
    let hold: &Move = &|_, journal, _| journal.set_hold(true).unwrap();
    let let_go: &Move = &|_, journal, _| journal.set_hold(false).unwrap();
    let safe: &Move = &|_, journal, outgoing| assert_eq!(journal.safe(&[outgoing.claim], KEPT_AT).unwrap(), 1);
    let recall: &Move = &|_, journal, outgoing| drop(journal.recall(&[outgoing.claim], KEPT_AT).unwrap());
    let refuse: &Move = &|_, journal, outgoing| journal.refuse(outgoing.claim, "no", KEPT_AT).unwrap();
    let requeue: &Move = &|_, journal, outgoing| journal.requeue(outgoing.claim, KEPT_AT).unwrap();
    let restart: &Move = &|office, journal, _| *journal = reopened(office, journal);
    let refused = || QueueState::Refused { reason: "no".into() };

    let check = |name: &str, moves: &[&Move], expect: QueueState| {
        let office = Office::new();
        let mut journal = office.open();
        journal.keep(&specimen(1), KEPT_AT).unwrap();
        let outgoing = journal.next_unsent(0).unwrap().unwrap();
        let parts = sealed(&journal, &outgoing);
        moves.iter().for_each(|go| go(&office, &mut journal, &outgoing));
        assert_eq!(states(&journal), std::slice::from_ref(&expect), "{name}");
        let erased = matches!(expect, QueueState::Confirmed { .. });
        assert_eq!(found(&office, &parts), !erased, "{name}");
        // Only what the hub does not have is sent.
        let waits = matches!(expect, QueueState::Queued | QueueState::Refused { .. });
        assert_eq!(journal.outgoing(outgoing.claim).unwrap(), waits.then(|| outgoing.clone()), "{name}");
        assert_eq!(journal.len().unwrap(), u64::from(waits), "{name}");
        assert!(verify(&office, None).is_sound(), "{name}: {:?}", verify(&office, None).problems());
    };
    check("never told", &[receipt], CONFIRMED);
    check("held", &[hold, receipt], HELD);
    check("held, and told again", &[hold, receipt, receipt, refuse, requeue], HELD);
    check("asked for before a restart", &[hold, restart, receipt], HELD);
    check("held over a restart", &[hold, receipt, restart], HELD);
    check("no longer asked for: what is held stays", &[hold, receipt, let_go, restart], HELD);
    check("no longer asked for", &[hold, let_go, restart, receipt], CONFIRMED);
    check("safe", &[hold, receipt, safe], CONFIRMED);
    check("safe, and told again", &[hold, receipt, safe, safe, receipt, refuse, requeue, restart], CONFIRMED);
    check("safe before it was sent", &[hold, safe], QueueState::Queued);
    check("refused is held as well", &[hold, refuse, receipt], HELD);
    check("refused is not safe", &[hold, refuse, safe], refused());
    check("recalled", &[hold, receipt, recall], QueueState::Queued);
    check("recalled, then safe or recalled again", &[hold, receipt, recall, safe, recall, restart], QueueState::Queued);
    check("recalled and sent again", &[hold, receipt, recall, receipt, safe], CONFIRMED);
    check("recalled, and no longer asked for", &[hold, receipt, recall, let_go, receipt], CONFIRMED);
    check("recalled too late", &[receipt, recall], CONFIRMED);
    check("recalled while it waits", &[recall], QueueState::Queued);
    check("recalled while refused", &[refuse, recall], refused());
}

#[derive(Clone, Debug)]
enum Move {
    Receipt,
    Hold(bool),
    Safe,
    Recall,
    Refuse,
    Requeue,
    Restart,
}

fn any_move() -> impl Strategy<Value = Move> {
    let simple = [Move::Receipt, Move::Safe, Move::Recall, Move::Refuse, Move::Requeue, Move::Restart];
    prop_oneof![6 => proptest::sample::select(simple.to_vec()), 1 => any::<bool>().prop_map(Move::Hold)]
}

/// What a move makes of a claim, in one table.
fn after(state: QueueState, go: &Move, hold: bool) -> QueueState {
    use QueueState::{Confirmed, Held, Queued, Refused};
    match (go, state) {
        (Move::Receipt, Queued | Refused { .. }) if hold => Held { ledger_sequence: 1 },
        (Move::Receipt, Queued | Refused { .. }) | (Move::Safe, Held { .. }) => Confirmed { ledger_sequence: 1 },
        (Move::Recall, Held { .. }) | (Move::Requeue, Refused { .. }) => Queued,
        (Move::Refuse, Queued | Refused { .. }) => Refused { reason: "no".into() },
        (_, state) => state,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn any_moves_of_several_claims_follow_the_table(
        moves in proptest::collection::vec((0usize..3, any_move()), 1..25),
    ) {
        let office = Office::new();
        let (mut journal, claims) = holding(&office, 3, 0);
        let (mut expect, mut hold) = (vec![QueueState::Queued; 3], true);
        for (place, go) in &moves {
            let outgoing = &claims[*place].1;
            let only = [outgoing.claim];
            match go {
                Move::Receipt => drop(office.confirm(&mut journal, outgoing)),
                Move::Hold(on) => {
                    hold = *on;
                    journal.set_hold(hold).unwrap();
                }
                Move::Safe => assert_eq!(journal.safe(&only, KEPT_AT).unwrap(), 1),
                Move::Recall => {
                    let held = matches!(expect[*place], QueueState::Held { .. });
                    assert_eq!(journal.recall(&only, KEPT_AT).unwrap(), if held { only.to_vec() } else { vec![] });
                }
                Move::Refuse => journal.refuse(outgoing.claim, "no", KEPT_AT).unwrap(),
                Move::Requeue => journal.requeue(outgoing.claim, KEPT_AT).unwrap(),
                Move::Restart => journal = reopened(&office, &mut journal),
            }
            expect[*place] = after(expect[*place].clone(), go, hold);
            prop_assert_eq!(&states(&journal), &expect);
        }
        for (state, (parts, outgoing)) in expect.iter().zip(&claims) {
            let erased = matches!(state, QueueState::Confirmed { .. });
            prop_assert_eq!(found(&office, parts), !erased);
            prop_assert!(erased || sealed(&journal, outgoing) == *parts);
        }
        prop_assert!(verify(&office, None).is_sound());
    }
}

fn reopened(office: &Office, journal: &mut Journal) -> Journal {
    // The lock has to go first.
    let other = Office::new();
    drop(std::mem::replace(journal, other.open()));
    office.open()
}

#[test]
fn each_move_is_in_the_audit_trail_once() {
    let office = Office::new();
    let (mut journal, claims) = holding(&office, 3, 2);
    let [one, two, three] = [0, 1, 2].map(|place: usize| claims[place].1.claim);
    journal.safe(&[one, three], KEPT_AT).unwrap();
    for _ in 0..2 {
        journal.recall(&[one, two, three, ClaimId(Uuid::nil())], KEPT_AT).unwrap();
        journal.safe(&[one, two], KEPT_AT).unwrap();
        journal = reopened(&office, &mut journal);
    }
    let expect = [
        BoothAudit::ClaimHeld { claim: one, ledger_sequence: 1 },
        BoothAudit::ClaimHeld { claim: two, ledger_sequence: 1 },
        BoothAudit::ClaimErased { claim: one, safe: true },
        BoothAudit::ClaimRecalled { claim: two, ledger_sequence: 1 },
        BoothAudit::ReceiptUnknownToHub { claim: one },
    ];
    assert_eq!(trail(&office)[4..], expect);
}

#[test]
fn recalled_claim_is_found_as_one_of_a_start_is() {
    let office = Office::new();
    let (mut journal, claims) = holding(&office, 2, 2);
    let (one, two) = (&claims[0].1, &claims[1].1);
    assert_eq!(journal.pending(KEPT_AT).unwrap(), []);
    assert_eq!(journal.recall(&[two.claim, one.claim], KEPT_AT).unwrap(), [two.claim, one.claim]);
    let found = |o: &Outgoing| Event::Found {
        claim: o.claim,
        sequence: o.sequence,
        parts: o.parts.iter().map(|part| part.digest).collect(),
    };
    assert_eq!(journal.pending(KEPT_AT).unwrap(), [found(one), found(two)]);
    assert_eq!(journal.found(two.claim, KEPT_AT).unwrap(), Some(found(two)));
    assert_eq!(sealed(&journal, two), claims[1].0);
}

#[test]
fn move_that_fails_changes_nothing() {
    let office = Office::new();
    let (mut journal, claims) = holding(&office, 2, 1);
    let (head, held) = (journal.audit_head().unwrap(), claims[0].1.claim);
    journal.refuse_changes();
    assert!(journal.safe(&[held], KEPT_AT).is_err());
    assert!(journal.recall(&[held], KEPT_AT).is_err());
    assert!(office.confirm(&mut journal, &claims[1].1).is_err());
    drop(journal);
    let journal = office.open();
    assert_eq!((states(&journal), journal.audit_head().unwrap()), (vec![HELD, QueueState::Queued], head));
    assert_eq!(sealed(&journal, &claims[0].1), claims[0].0);
}

#[test]
fn receipts_are_told_newest_first() {
    let office = Office::new();
    let (mut journal, claims) = holding(&office, 5, 4);
    journal.safe(&[claims[1].1.claim], KEPT_AT).unwrap();
    assert_eq!(told(&journal, Receipts::All), [(4, true), (3, true), (2, false), (1, true)]);
    assert_eq!(told(&journal, Receipts::Held), [(4, true), (3, true), (1, true)]);
    let page = journal.receipts(4, Receipts::All, 2).unwrap();
    assert_eq!(page.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [3, 2]);
    let note = &page[1].1;
    let (claim, manifest) = (claims[1].1.claim, claims[1].1.manifest.digest());
    assert_eq!((note.claim, note.manifest, note.ledger_sequence), (claim, manifest, 1));
    assert_eq!(journal.receipts(1, Receipts::All, 9).unwrap(), []);
}

#[test]
fn held_claims_are_seen_and_can_be_taken_out() {
    let office = Office::new();
    let (journal, _) = holding(&office, 3, 2);
    let Stats { queued, refused, held, bytes, held_bytes } = journal.stats().unwrap();
    let sizes: Vec<u64> = journal.list().unwrap().iter().map(|row| row.bytes).collect();
    assert_eq!((queued, refused, held), (1, 0, 2));
    assert_eq!((held_bytes, bytes), (sizes[0] + sizes[1], sizes[2]));
    let view = JournalView::open(&database(&office)).unwrap();
    assert_eq!(view.list().unwrap().rows.iter().filter(|row| row.state == HELD).count(), 2);
    let out = tempfile::tempdir().unwrap();
    let exported = view.export(out.path()).unwrap();
    assert_eq!((exported.claims, exported.parts, exported.damaged.len()), (3, 15, 0));
    let report = verify(&office, None);
    assert_eq!((report.claims, report.parts, report.problems().len()), (3, 15, 0));
    Connection::open(database(&office)).unwrap().execute("DELETE FROM part WHERE sequence = 1", []).unwrap();
    assert_eq!(verify(&office, None).damaged.len(), 1);
}

/// A claim's bytes are about 77 kB; the disk has room for the reserve and so much more.
#[test]
fn held_claims_go_before_a_booth_says_that_it_is_full() {
    const CLAIM: u64 = 100_000;
    let check = |free: u64, room: bool, left: &[u64]| {
        let office = Office::new();
        let (journal, claims) = holding(&office, 4, 3);
        drop(journal);
        let (faulty, small) = Faulty::small(u64::MAX / 2);
        let mut journal =
            Journal::open_on(faulty.disk(), office.state.path(), office.config(), KEPT_AT).unwrap().journal;
        small.free.store(free, Ordering::Relaxed);
        assert_eq!(journal.make_room(CLAIM, KEPT_AT).unwrap(), room, "{free}");
        assert_eq!(journal.has_room(CLAIM).unwrap(), room, "{free}");
        let held: Vec<u64> = told(&journal, Receipts::Held).into_iter().map(|(number, _)| number).collect();
        assert_eq!(held, left, "{free}");
        let gone = 3 - left.len();
        for (place, (parts, _)) in claims.iter().enumerate() {
            assert_eq!(found(&office, parts), place >= gone, "{free}, claim {place}");
        }
        let erased = trail(&office).into_iter().filter(|e| matches!(e, BoothAudit::ClaimErased { safe: false, .. }));
        assert_eq!(erased.count(), gone, "{free}");
        assert_eq!(journal.outgoing(claims[3].1.claim).unwrap().as_ref(), Some(&claims[3].1), "what waits stays");
    };
    check(1 << 30, true, &[3, 2, 1]);
    check(2 * CLAIM, true, &[3, 2, 1]);
    check(2 * CLAIM - 1, true, &[3, 2]);
    check(CLAIM + 20_000, true, &[3]);
    check(CLAIM, true, &[3]);
    // No room for the log: what is held is not in the way.
    check(CLAIM - 1, false, &[3, 2, 1]);
    check(0, false, &[3, 2, 1]);
}

#[test]
fn held_claims_are_bounded() {
    let office = Office::new();
    let (mut journal, _) = holding(&office, 3, 3);
    let claims = format!("UPDATE claim SET bytes = {}", MAX_HELD / 2);
    Connection::open(database(&office)).unwrap().execute(&claims, []).unwrap();
    assert!(journal.make_room(0, KEPT_AT).unwrap());
    assert_eq!(told(&journal, Receipts::Held), [(3, true), (2, true)]);
}

#[test]
fn much_is_erased_in_several_transactions() {
    let office = Office::new();
    let (mut journal, claims) = holding(&office, 4, 4);
    let claims: Vec<_> = claims.iter().map(|(_, outgoing)| outgoing.claim).collect();
    let db = Connection::open(database(&office)).unwrap();
    // One larger than a transaction, two that fit, one that does not fit with them.
    for (sequence, mebibytes) in [(1, 96), (2, 16), (3, 16), (4, 1)] {
        let sql = "UPDATE claim SET bytes = ?2 << 20 WHERE sequence = ?1";
        db.execute(sql, [sequence, mebibytes]).unwrap();
    }
    assert_eq!(journal.safe(&claims, KEPT_AT).unwrap(), 1);
    assert_eq!(journal.safe(&claims[1..], KEPT_AT).unwrap(), 2);
    assert_eq!(journal.safe(&claims, KEPT_AT).unwrap(), 4);
    assert_eq!(journal.stats().unwrap().held, 0);
    assert_eq!(journal.safe(&[], KEPT_AT).unwrap(), 0);
}

#[test]
fn held_claim_of_a_damaged_queue_is_taken_over() {
    let check = |damage: &str, expect: &[QueueState]| {
        let office = Office::new();
        let (journal, claims) = holding(&office, 3, 2);
        drop(journal);
        Connection::open(database(&office)).unwrap().execute_batch(damage).unwrap();
        // The file's head is enough to fail the check.
        let mut bytes = fs::read(database(&office)).unwrap();
        bytes[..100].fill(0);
        fs::write(database(&office), bytes).unwrap();
        let opened = Journal::open_on(Disk::real(), office.state.path(), office.config(), KEPT_AT).unwrap();
        assert_eq!(opened.set_aside.map(|aside| (aside.moved, aside.left)), Some((3, 0)), "{damage}");
        assert_eq!(states(&opened.journal), expect, "{damage}");
        for (row, (parts, outgoing)) in expect.iter().zip(&claims) {
            if *row == HELD {
                assert_eq!(sealed(&opened.journal, outgoing), *parts, "{damage}");
            }
        }
        drop(opened.journal);
        assert!(verify(&office, None).is_sound(), "{damage}: {:?}", verify(&office, None).problems());
    };
    check("", &[HELD, HELD, QueueState::Queued]);
    // The hub has it: only the copy is gone.
    check("UPDATE part SET sealed = zeroblob(9) WHERE sequence = 1", &[CONFIRMED, HELD, QueueState::Queued]);
    check("UPDATE claim SET manifest = '{}' WHERE sequence = 2", &[HELD, CONFIRMED, QueueState::Queued]);
}

#[test]
fn what_the_hub_asked_for_outlives_a_damaged_queue() {
    let office = Office::new();
    let (journal, claims) = holding(&office, 2, 1);
    drop(journal);
    break_an_index(&office);
    let opened = Journal::open(office.state.path(), office.config(), KEPT_AT).unwrap();
    assert!(opened.set_aside.is_some());
    let mut journal = opened.journal;
    office.confirm(&mut journal, &claims[1].1).unwrap();
    assert_eq!(states(&journal), [HELD, HELD]);
}
