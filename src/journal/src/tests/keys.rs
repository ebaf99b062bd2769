//! Which of the hub's keys count, and what follows from it.

use super::auditing::{trail, verify};
use super::*;
use crate::{BoothAudit, JournalView, Keys};
use bilik_claim::reconcile::HubKeys;
use rusqlite::Connection;

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// Keys that name these receipt keys, signed by another.
fn keys(serial: u64, receipt_keys: &[u8], recipient: &str, signer: u8) -> Signed<HubKeys> {
    let receipt_keys = receipt_keys.iter().map(|number| hex(&key(*number))).collect();
    let keys = HubKeys { format: FORMAT, serial, recipient: recipient.into(), receipt_keys };
    Signed::sign(&keys, &key(signer)).unwrap()
}

fn hex(key: &SigningKey) -> String {
    Digest(key.verifying_key().to_bytes()).to_string()
}

fn recipient() -> String {
    age::x25519::Identity::generate().to_public().to_string()
}

/// Which of the keys 1 to 5 count for receipts, by trying each on a claim.
fn counting(journal: &mut Journal) -> Vec<u8> {
    let number = u128::from(journal.keys_serial()) + 100 + journal.list().unwrap().len() as u128;
    let kept = journal.keep(&specimen(number), KEPT_AT).unwrap();
    let outgoing = journal.outgoing(kept.claim).unwrap().unwrap();
    let receipt = |number| sign(&key(number), kept.claim, outgoing.manifest.digest(), 1);
    let counts = (1..=5).filter(|number| journal.knows_signer(&receipt(*number))).collect::<Vec<_>>();
    // And not only in words.
    for number in (1..=5).rev() {
        let confirmed = journal.confirm(kept.claim, &receipt(number), KEPT_AT).is_ok();
        assert_eq!(confirmed, counts.contains(&number), "{number}");
    }
    counts
}

/// The office enrols with receipt key 1. What is offered in turn, the serial then, and the keys that count.
#[test]
fn keys_are_judged() {
    let one = recipient();
    let check = |name: &str, offers: &[&[Signed<HubKeys>]], serial: u64, expect: &[u8]| {
        let office = Office::new();
        let mut journal = office.open();
        for offer in offers {
            let before = journal.keys_serial();
            let taken = journal.take_keys(offer, KEPT_AT).unwrap();
            assert_eq!(taken, journal.keys_serial() > before, "{name}");
            assert!(!journal.take_keys(offer, KEPT_AT).unwrap(), "{name}, a second time");
        }
        for _ in 0..2 {
            assert_eq!(journal.keys_serial(), serial, "{name}");
            assert_eq!(counting(&mut journal), expect, "{name}");
            drop(journal);
            journal = office.open();
        }
        assert!(verify(&office, None).is_sound(), "{name}: {:?}", verify(&office, None).problems());
    };
    let with = |serial, receipt_keys: &[u8], signer| keys(serial, receipt_keys, &one, signer);
    check("none", &[&[]], 0, &[1]);
    check("overlap", &[&[with(1, &[1, 2], 1)]], 1, &[1, 2]);
    check("replaced at once", &[&[with(1, &[2], 1)]], 1, &[2]);
    check("by a stranger", &[&[with(1, &[2], 3)]], 0, &[1]);
    check("by the new key itself", &[&[with(1, &[2], 2)]], 0, &[1]);
    check("signed several times", &[&[with(1, &[2], 3), with(1, &[2], 2), with(1, &[2], 1)]], 1, &[2]);
    check("one after another", &[&[with(1, &[1, 2], 1)], &[with(2, &[2, 3], 2)], &[with(5, &[3], 3)]], 5, &[3]);
    check("by a key that counts no longer", &[&[with(1, &[2], 1)], &[with(2, &[1], 1)]], 1, &[2]);
    check("older", &[&[with(3, &[2], 1)], &[with(2, &[4], 2)]], 3, &[2]);
    check("same number, other keys", &[&[with(3, &[2], 1)], &[with(3, &[4], 2)]], 3, &[2]);
    check("number 0", &[&[with(0, &[2], 1)]], 0, &[1]);
    check("largest number", &[&[with(i64::MAX as u64, &[2], 1)]], i64::MAX as u64, &[2]);
    check("number beyond the table", &[&[with(i64::MAX as u64 + 1, &[2], 1)]], 0, &[1]);
    check("no receipt key", &[&[with(1, &[], 1)]], 0, &[1]);
    check("no recipient", &[&[keys(1, &[2], "age1specimen", 1)]], 0, &[1]);
    let body = with(1, &[2], 1).body.replace("\"format\":1", "\"format\":2");
    let receipt = Signed::from_parts(body.clone(), with(1, &[2], 1).signature);
    check("text that was changed", &[&[receipt]], 0, &[1]);
}

#[test]
fn claims_are_sealed_to_whom_the_hub_names_from_then_on() {
    let (office, new) = (Office::new(), age::x25519::Identity::generate());
    let mut journal = office.open();
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    let offer = keys(1, &[1], &new.to_public().to_string(), 1);
    assert!(journal.take_keys(&[offer], KEPT_AT).unwrap());
    journal.keep(&specimen(2), KEPT_AT).unwrap();
    drop(journal);
    let mut journal = office.open();
    journal.keep(&specimen(3), KEPT_AT).unwrap();
    let opens = |identity: &age::x25519::Identity, o: &Outgoing| {
        sealed(&journal, o).iter().all(|part| age::decrypt(identity, part).is_ok())
    };
    let claims = queue(&journal);
    assert_eq!(claims.iter().map(|o| opens(&office.identity, o)).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(claims.iter().map(|o| opens(&new, o)).collect::<Vec<_>>(), [false, true, true]);
    let named = claims.iter().map(|o| o.manifest.peek().unwrap().recipient == office.recipient());
    assert_eq!(named.collect::<Vec<_>>(), [true, false, false]);
    assert!(trail(&office).contains(&BoothAudit::HubKeysTaken { serial: 1 }));
}

#[test]
fn keys_belong_to_an_enrolment() {
    let office = Office::new();
    let mut journal = office.open();
    assert!(journal.take_keys(&[keys(4, &[2], &recipient(), 1)], KEPT_AT).unwrap());
    drop(journal);
    // Enrolled anew, at a hub that has another receipt key now; then back.
    for (root, serial, counts) in [(3, 0, vec![3]), (1, 4, vec![2]), (2, 0, vec![2])] {
        let office = Office { receipt_key: key(root), state: copy(&office), ..Office::new() };
        let mut journal = office.open();
        assert_eq!((journal.keys_serial(), counting(&mut journal)), (serial, counts), "{root}");
    }
}

fn copy(office: &Office) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(office.state.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    to
}

#[test]
fn stored_keys_count_only_as_far_as_they_follow() {
    let check = |damage: &str, serial: u64, counts: &[u8]| {
        let office = Office::new();
        let mut journal = office.open();
        for offer in
            [keys(1, &[1, 2], &recipient(), 1), keys(2, &[2, 3], &recipient(), 2), keys(3, &[3], &recipient(), 3)]
        {
            assert!(journal.take_keys(&[offer], KEPT_AT).unwrap());
        }
        drop(journal);
        Connection::open(database(&office)).unwrap().execute_batch(damage).unwrap();
        let mut journal = office.open();
        assert_eq!((journal.keys_serial(), counting(&mut journal)), (serial, counts.to_vec()), "{damage}");
        // The hub tells them again.
        assert_eq!(journal.take_keys(&[keys(3, &[3], &recipient(), counts[0])], KEPT_AT).unwrap(), serial < 3);
        drop(journal);
        assert_eq!(office.open().keys_serial(), 3, "{damage}");
    };
    check("", 3, &[3]);
    check("DELETE FROM hub_keys WHERE serial = 3", 2, &[2, 3]);
    check("UPDATE hub_keys SET body = '' WHERE serial = 2", 1, &[1, 2]);
    check("UPDATE hub_keys SET body = replace(body, ':3,', ':9,') WHERE serial = 3", 2, &[2, 3]);
    check("DELETE FROM hub_keys", 0, &[1]);
}

#[test]
fn keys_outlive_a_damaged_queue() {
    let office = Office::new();
    let mut journal = office.open();
    assert!(journal.take_keys(&[keys(4, &[2], &recipient(), 1)], KEPT_AT).unwrap());
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    drop(journal);
    break_an_index(&office);
    let opened = Journal::open(office.state.path(), office.config(), KEPT_AT).unwrap();
    assert!(opened.set_aside.is_some());
    assert_eq!(opened.journal.keys_serial(), 4);
}

#[test]
fn check_of_the_queue_knows_keys_that_counted_once() {
    let office = Office::new();
    let mut journal = office.open();
    for (serial, receipt_keys, signer) in [(1, [1, 2], 1), (2, [2, 3], 2)] {
        counting(&mut journal);
        assert!(journal.take_keys(&[keys(serial, &receipt_keys, &recipient(), signer)], KEPT_AT).unwrap());
    }
    counting(&mut journal);
    let check = |receipt: u8, foreign: usize| {
        let keys = Keys { manifest: office.booth_key.verifying_key(), receipt: key(receipt).verifying_key() };
        let report = JournalView::open(&database(&office)).unwrap().verify(Some(&keys), None).unwrap();
        assert_eq!(report.foreign.len(), foreign, "{receipt}");
    };
    // Confirmed by keys 1, 2 and 3.
    check(1, 0);
    check(2, 2);
    check(5, 3);
}
