use super::*;
use crate::{JournalView, QueueState, Stats};
use bilik_claim::filing::{CLAIM_PART, SIGNATURE_PART};
use bilik_claim::personal::PersonalBytes;

#[test]
fn kept_survives_reopening_and_opens_at_the_hub_only() {
    let office = Office::new();
    let mut journal = office.open();
    let kept = journal.keep(&specimen(1), KEPT_AT).unwrap();
    assert_eq!((kept.sequence, kept.tracking.clone()), (1, TrackingCode::of(kept.claim)));
    // As a kill leaves it: nothing is closed or dropped in order.
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(office.state.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    drop(journal);

    for state in [office.state.path(), copy.path()] {
        let journal = Journal::open(state, office.config(), KEPT_AT).unwrap().journal;
        let outgoing = journal.next_unsent(0).unwrap().unwrap();
        let manifest = outgoing.manifest.open(&office.booth_key.verifying_key()).unwrap();
        assert_eq!(manifest.validate(), Ok(()));
        assert_eq!((manifest.sequence, manifest.kept_at, &manifest.parts), (1, KEPT_AT, &outgoing.parts));
        assert_eq!(manifest.recipient, office.recipient());

        let claim = specimen(1);
        for part in &outgoing.parts {
            let sealed = journal.part(part.digest).unwrap();
            assert_eq!((Digest::of(&sealed), sealed.len() as u64), (part.digest, part.size));
            let clear = age::decrypt(&office.identity, &sealed).unwrap();
            if part.name == CLAIM_PART {
                assert_eq!(serde_json::from_slice::<ClaimRecord>(&clear).unwrap(), claim.record);
            } else if part.name == SIGNATURE_PART {
                assert_eq!(clear, claim.signature.reveal());
            } else {
                let photo = claim.photos.iter().find(|(kind, _)| part.name == format!("{}.jpg", kind.code())).unwrap();
                assert_eq!(clear, photo.1.reveal());
            }
        }
    }
}

#[test]
fn nothing_personal_is_on_disk_in_clear() {
    let office = Office::new();
    let mut journal = office.open();
    for number in 1..=3 {
        journal.keep(&specimen(number), KEPT_AT).unwrap();
        assert!(!contains(&disk(office.state.path()), CANARY.as_bytes()));
    }
    JournalView::open(&database(&office)).unwrap().export(&office.state.path().join("out")).unwrap();
    for claim in 1..=3 {
        let out = office.state.path().join("out").join(ClaimId(Uuid::from_u128(claim)).to_string());
        assert!(!contains(&disk(&out), CANARY.as_bytes()));
    }
    // The search finds what is there.
    fs::write(office.state.path().join("out/clear"), CANARY).unwrap();
    fs::copy(office.state.path().join("out/clear"), office.state.path().join("clear")).unwrap();
    fs::remove_dir_all(office.state.path().join("out")).unwrap();
    assert!(contains(&disk(office.state.path()), CANARY.as_bytes()));
}

#[test]
fn same_claim_is_kept_once() {
    let office = Office::new();
    let mut journal = office.open();
    let first = journal.keep(&specimen(1), KEPT_AT).unwrap();
    let manifest = journal.next_unsent(0).unwrap().unwrap().manifest;
    let mut changed = specimen(1);
    changed.signature = PersonalBytes::new(b"<svg/>".to_vec());
    for _ in 0..2 {
        assert_eq!(journal.keep(&changed, WallTime(0)).unwrap(), first);
        assert_eq!(queue(&journal).len(), 1);
        assert_eq!(journal.next_unsent(0).unwrap().unwrap().manifest, manifest);
        drop(journal);
        journal = office.open();
    }
    let outgoing = journal.next_unsent(0).unwrap().unwrap();
    office.confirm(&mut journal, &outgoing).unwrap();
    assert_eq!(journal.keep(&specimen(1), KEPT_AT).unwrap(), first);
    assert_eq!(queue(&journal), []);
}

#[test]
fn sequence_has_no_gaps() {
    let office = Office::new();
    let mut journal = office.open();
    for number in 1..=9 {
        if number % 3 == 0 {
            // What fails gives out no number, and neither does a claim that is here.
            let mut broken = specimen(100 + number);
            broken.photos.pop();
            assert!(journal.keep(&broken, KEPT_AT).is_err());
            journal.keep(&specimen(1), KEPT_AT).unwrap();
            drop(journal);
            journal = office.open();
        }
        assert_eq!(u128::from(journal.keep(&specimen(number), KEPT_AT).unwrap().sequence), number);
        if number % 2 == 0 {
            let outgoing = journal.next_unsent(0).unwrap().unwrap();
            office.confirm(&mut journal, &outgoing).unwrap();
        }
    }
    let sequences: Vec<_> = queue(&journal).iter().map(|o| o.sequence).collect();
    assert_eq!(sequences, [5, 6, 7, 8, 9]);
}

#[test]
fn refused_claim_stays_and_lets_others_pass() {
    let office = Office::new();
    let mut journal = office.open();
    for number in 1..=3 {
        journal.keep(&specimen(number), KEPT_AT).unwrap();
    }
    let first = journal.next_unsent(0).unwrap().unwrap();
    journal.refuse(first.claim, &format!("bad\n\u{1b}[2J{}", "x".repeat(1000)), KEPT_AT).unwrap();
    drop(journal);
    let mut journal = office.open();

    let numbers = |journal: &Journal| queue(journal).iter().map(|o| o.sequence).collect::<Vec<_>>();
    assert_eq!(numbers(&journal), [2, 3]);
    let Stats { queued, refused, bytes, .. } = journal.stats().unwrap();
    assert_eq!((queued, refused, journal.len().unwrap()), (2, 1, 3));
    assert_eq!(bytes, journal.list().unwrap().iter().map(|r| r.bytes).sum::<u64>());
    let QueueState::Refused { reason } = &journal.list().unwrap()[0].state else { panic!("not refused") };
    assert_eq!(reason.chars().count(), crate::MAX_REASON);
    assert!(reason.starts_with("bad[2Jx"));
    assert_eq!(sealed(&journal, &first).len(), 5);

    journal.requeue(first.claim, KEPT_AT).unwrap();
    assert_eq!(numbers(&journal), [1, 2, 3]);
    journal.refuse(first.claim, "no", KEPT_AT).unwrap();
    office.confirm(&mut journal, &first).unwrap();
    assert_eq!(journal.stats().unwrap().refused, 0);
    // The receipt has the last word.
    journal.refuse(first.claim, "no", KEPT_AT).unwrap();
    assert!(matches!(journal.list().unwrap()[0].state, QueueState::Confirmed { ledger_sequence: 1 }));
    assert!(matches!(journal.refuse(ClaimId(Uuid::nil()), "", KEPT_AT), Err(JournalError::UnknownClaim(_))));
}

#[test]
fn technician_looks_beside_a_running_booth() {
    let office = Office::new();
    let mut journal = office.open();
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    assert!(matches!(Journal::open(office.state.path(), office.config(), KEPT_AT), Err(JournalError::InUse(_))));

    let view = JournalView::open(&database(&office)).unwrap();
    assert_eq!(view.list().unwrap().rows, journal.list().unwrap());
    journal.keep(&specimen(2), KEPT_AT).unwrap();
    assert_eq!(view.list().unwrap().rows.len(), 2);

    let out = tempfile::tempdir().unwrap();
    let exported = view.export(out.path()).unwrap();
    assert_eq!((exported.claims, exported.parts, &exported.damaged), (2, 10, &vec![]));
    assert_eq!(exported.bytes, journal.stats().unwrap().bytes);
    // Again into the same place: the same files.
    assert_eq!(JournalView::open(&database(&office)).unwrap().export(out.path()).unwrap(), exported);
    for outgoing in queue(&journal) {
        let directory = out.path().join(outgoing.claim.to_string());
        let text = fs::read(directory.join("manifest.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Signed<bilik_claim::filing::Manifest>>(&text).unwrap(), outgoing.manifest);
        for part in &outgoing.parts {
            let file = fs::read(directory.join(format!("{}.age", part.name))).unwrap();
            let clear = age::decrypt(&office.identity, &file).unwrap();
            assert_eq!(clear, age::decrypt(&office.identity, &journal.part(part.digest).unwrap()).unwrap());
        }
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 6);
    }
}

#[test]
fn room_is_what_the_disk_has() {
    let office = Office::new();
    let journal = office.open();
    assert!(journal.has_room(1 << 20).unwrap());
    assert!(!journal.has_room(1 << 60).unwrap());
    assert!(!journal.has_room(u64::MAX).unwrap());
}
