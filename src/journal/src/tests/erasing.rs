use super::*;
use crate::{JournalView, QueueState};
use rusqlite::Connection;
use std::collections::HashSet;

/// Whether any piece of these sealed bytes is in the files of the journal.
pub(super) fn found(office: &Office, parts: &[Vec<u8>]) -> bool {
    found_in(&disk(office.state.path()), parts)
}

fn found_in(disk: &[u8], parts: &[Vec<u8>]) -> bool {
    // Pages hold 4092 bytes of an overflow chain, or more: pieces this short and dense catch each page of it, and each slack.
    const PIECE: usize = 24;
    const STEP: usize = 160;
    // The first bytes are the same in all age files.
    let header = b"age-encryption.org/v1\n-> X25519 ".len();
    let pieces: HashSet<&[u8]> = parts.iter().flat_map(|p| p[header..].windows(PIECE).step_by(STEP)).collect();
    // Most windows are ruled out by their first two bytes.
    let pair = |piece: &[u8]| usize::from(u16::from_le_bytes([piece[0], piece[1]]));
    let mut starts = vec![false; 1 << 16];
    pieces.iter().for_each(|p| starts[pair(p)] = true);
    disk.windows(PIECE).any(|window| starts[pair(window)] && pieces.contains(window))
}

#[test]
fn receipt_erases_for_good() {
    let office = Office::new();
    let mut journal = office.open();
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    let outgoing = journal.next_unsent(0).unwrap().unwrap();
    let parts = sealed(&journal, &outgoing);
    assert!(found(&office, &parts));
    let receipt = office.confirm(&mut journal, &outgoing).unwrap();
    assert!(!found(&office, &parts));

    for _ in 0..2 {
        assert_eq!(office.confirm(&mut journal, &outgoing).unwrap(), receipt);
        // A hub that lost its mind gives another number: the first one stays on record.
        assert_eq!(journal.confirm(outgoing.claim, &office.receipt(&outgoing, 9), KEPT_AT).unwrap(), receipt);
        assert_eq!(journal.next_unsent(0).unwrap(), None);
        assert_eq!(journal.outgoing(outgoing.claim).unwrap(), None);
        assert!(matches!(journal.part(outgoing.parts[0].digest), Err(JournalError::UnknownPart(_))));
        assert_eq!(journal.list().unwrap()[0].state, QueueState::Confirmed { ledger_sequence: 1 });
        drop(journal);
        journal = office.open();
    }
}

#[test]
fn claims_are_erased_in_any_order() {
    for step in [1, 4, 10] {
        let office = Office::new();
        let mut journal = office.open();
        for number in 1..=11 {
            journal.keep(&specimen(number), KEPT_AT).unwrap();
        }
        let claims: Vec<_> = queue(&journal).into_iter().map(|o| (sealed(&journal, &o), o)).collect();
        for turn in 0..11 {
            let (parts, outgoing) = &claims[turn * step % 11];
            office.confirm(&mut journal, outgoing).unwrap();
            assert!(!found(&office, parts), "step {step}, turn {turn}");
        }
        assert_eq!(journal.len().unwrap(), 0);
    }
}

#[test]
fn sealed_bytes_lie_in_overflow_pages_only() {
    [PAGE, OLD_PAGE].into_iter().for_each(check_overflow);
}

fn check_overflow(page: usize) {
    let office = Office::with_pages(page);
    let mut journal = office.open();
    for number in 1..=4 {
        let mut claim = specimen(number);
        // Around the sizes at which SQLite keeps more or less of a row in the cell.
        claim.photos.iter_mut().zip([10, page - 396, page - 6]).for_each(|(slot, size)| slot.1 = photo(size));
        journal.keep(&claim, KEPT_AT).unwrap();
    }
    journal.tend().unwrap();
    let parts: Vec<_> = queue(&journal).iter().flat_map(|o| sealed(&journal, o)).collect();
    let file = fs::read(database(&office)).unwrap();

    let db = Connection::open(database(&office)).unwrap();
    let sql = "SELECT pagetype, pgoffset, pgsize FROM dbstat WHERE name = 'part'";
    let mut statement = db.prepare(sql).unwrap();
    let pages = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let (mut cells, mut overflow) = (Vec::new(), Vec::new());
    for page in pages {
        let (kind, offset, size): (String, u32, u32) = page.unwrap();
        let bytes = &file[offset as usize..][..size as usize];
        if kind == "overflow" { overflow.extend_from_slice(bytes) } else { cells.extend_from_slice(bytes) }
    }
    assert!(!found_in(&cells, &parts));
    for part in parts {
        assert!(found_in(&overflow, &[part]));
    }
}

#[test]
fn wrong_receipt_erases_nothing() {
    let office = Office::new();
    let mut journal = office.open();
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    journal.keep(&specimen(2), KEPT_AT).unwrap();
    let [first, second] = <[Outgoing; 2]>::try_from(queue(&journal)).unwrap();
    let key = &office.receipt_key;
    let (claim, digest) = (first.claim, first.manifest.digest());

    let check = |journal: &mut Journal, receipt: Signed<Receipt>, expect: &str| {
        let result = journal.confirm(claim, &receipt, KEPT_AT);
        assert!(format!("{result:?}").starts_with(expect), "{result:?} is not {expect}");
        assert_eq!(journal.next_unsent(0).unwrap().unwrap(), first);
        assert_eq!(sealed(journal, &first).len(), 5);
    };
    let mut other_text = sign(key, claim, digest, 1);
    other_text.body = other_text.body.replace("\"ledger_sequence\":1", "\"ledger_sequence\":2");
    let mut newer = sign(key, claim, digest, 1).peek().unwrap();
    newer.format += 1;
    let manifest = Signed::from_parts(first.manifest.body.clone(), first.manifest.signature.clone());

    check(&mut journal, sign(&office.booth_key, claim, digest, 1), "Err(ReceiptSignature");
    check(&mut journal, other_text, "Err(ReceiptSignature");
    check(&mut journal, manifest, "Err(ReceiptSignature");
    check(&mut journal, sign(key, second.claim, digest, 1), "Err(ReceiptMismatch");
    check(&mut journal, sign(key, second.claim, second.manifest.digest(), 1), "Err(ReceiptMismatch");
    check(&mut journal, sign(key, claim, second.manifest.digest(), 1), "Err(ReceiptMismatch");
    check(&mut journal, Signed::sign(&newer, key).unwrap(), "Err(ReceiptMismatch");

    office.confirm(&mut journal, &first).unwrap();
    // Nor does one change the record of a confirmed claim.
    let other = sign(key, claim, second.manifest.digest(), 1);
    let result = journal.confirm(claim, &other, KEPT_AT);
    assert!(matches!(result, Err(JournalError::ReceiptMismatch(_))));
    let unknown = ClaimId(Uuid::nil());
    let result = journal.confirm(unknown, &sign(key, unknown, digest, 1), KEPT_AT);
    assert!(matches!(result, Err(JournalError::UnknownClaim(_))));
}

#[test]
fn reader_only_puts_erasure_off() {
    let office = Office::new();
    let mut journal = office.open();
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    let outgoing = journal.next_unsent(0).unwrap().unwrap();
    let parts = sealed(&journal, &outgoing);

    let reader = Connection::open(database(&office)).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM claim;").unwrap();
    office.confirm(&mut journal, &outgoing).unwrap();
    assert!(found(&office, &parts), "the reader still needs the old pages");
    reader.execute_batch("COMMIT").unwrap();
    journal.tend().unwrap();
    assert!(!found(&office, &parts));
}

#[test]
fn crash_between_erasure_and_checkpoint_is_made_good() {
    let office = Office::new();
    let mut journal = office.open();
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    let outgoing = journal.next_unsent(0).unwrap().unwrap();
    let parts = sealed(&journal, &outgoing);
    let reader = Connection::open(database(&office)).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM claim;").unwrap();
    office.confirm(&mut journal, &outgoing).unwrap();

    let after_crash = Office { state: tempfile::tempdir().unwrap(), ..Office::new() };
    for name in ["journal.db", "journal.db-wal", "journal.head"] {
        fs::copy(office.state.path().join(name), after_crash.state.path().join(name)).unwrap();
    }
    assert!(found(&after_crash, &parts));
    let journal = after_crash.open();
    assert!(!found(&after_crash, &parts));
    assert_eq!(journal.list().unwrap()[0].state, QueueState::Confirmed { ledger_sequence: 1 });
    assert_eq!(JournalView::open(&database(&after_crash)).unwrap().list().unwrap().rows.len(), 1);
}
