use super::*;
use crate::Request;
use crate::outbox::{Action, Event, Outbox};
use bilik_claim::filing::{CommitAnswer, MAX_PARTS, Manifest};
use std::collections::BTreeMap;
use std::time::Instant;

/// A hub by the contract: parts by digest, then the manifest; the same receipt for ever.
#[derive(Default)]
pub(crate) struct Hub {
    pub parts: BTreeMap<Digest, Vec<u8>>,
    pub ledger: BTreeMap<ClaimId, (Digest, u64)>,
}

impl Hub {
    pub fn put(&mut self, digest: Digest, sealed: Vec<u8>) {
        assert_eq!(Digest::of(&sealed), digest);
        self.parts.insert(digest, sealed);
    }

    pub fn commit(&mut self, office: &Office, signed: &Signed<Manifest>) -> CommitAnswer {
        let manifest = signed.open(&office.booth_key.verifying_key()).unwrap();
        let missing: Vec<_> = manifest.parts.iter().map(|p| p.digest).filter(|d| !self.parts.contains_key(d)).collect();
        if !missing.is_empty() {
            return CommitAnswer::Missing { parts: missing };
        }
        let number = self.ledger.len() as u64 + 1;
        let (digest, number) = *self.ledger.entry(manifest.claim).or_insert((signed.digest(), number));
        if digest != signed.digest() {
            return CommitAnswer::Refused { reason: "other manifest".into() };
        }
        CommitAnswer::Received { receipt: sign(&office.receipt_key, manifest.claim, digest, number) }
    }
}

/// One turn of the courier's loop. False when there is nothing to do now.
fn turn(office: &Office, journal: &mut Journal, outbox: &mut Outbox, hub: &mut Hub, now: Instant) -> bool {
    let event = match journal.prepare(outbox.next(now), KEPT_AT).unwrap() {
        Request::Part { claim, digest, sealed } => {
            hub.put(digest, sealed);
            Event::PartAccepted { claim, digest }
        }
        Request::Manifest { claim, manifest } => {
            let answer = hub.commit(office, &manifest);
            journal.answer(claim, answer, KEPT_AT).unwrap()
        }
        Request::Changed(event) => event,
        Request::Wait { .. } => return false,
    };
    outbox.handle(event, now, &mut || 0.5);
    true
}

#[test]
fn queue_drains_over_restarts() {
    let office = Office::new();
    let now = Instant::now();
    let mut hub = Hub::default();
    let mut journal = office.open();
    let mut outbox = Outbox::new();
    for number in 1..=4 {
        let kept = journal.keep(&specimen(number), KEPT_AT).unwrap();
        let event = journal.announce(&kept).unwrap().unwrap();
        assert!(matches!(event, Event::Kept { .. }));
        outbox.handle(event, now, &mut || 0.5);
    }
    let mut turns = 0;
    loop {
        // Every third turn the program is killed: the outbox forgets everything.
        if turns % 3 == 2 {
            drop(journal);
            journal = office.open();
            outbox = Outbox::new();
            for event in journal.pending(KEPT_AT).unwrap() {
                outbox.handle(event, now, &mut || 0.5);
            }
        }
        turns += 1;
        assert!(turns < 200, "the queue does not drain");
        if !turn(&office, &mut journal, &mut outbox, &mut hub, now) {
            break;
        }
    }
    assert_eq!((journal.len().unwrap(), hub.ledger.len()), (0, 4));
    assert!(outbox.is_empty());
    let numbers: Vec<_> = (1..=4).map(|n| hub.ledger[&ClaimId(Uuid::from_u128(n))].1).collect();
    assert_eq!(numbers, [1, 2, 3, 4], "oldest first");
    for sealed in hub.parts.values() {
        assert!(contains(&age::decrypt(&office.identity, sealed).unwrap(), CANARY.as_bytes()));
    }
}

#[test]
fn answers_are_judged() {
    let office = Office::new();
    let mut journal = office.open();
    let kept = journal.keep(&specimen(1), KEPT_AT).unwrap();
    let outgoing = journal.next_unsent(0).unwrap().unwrap();
    let claim = kept.claim;
    let mut check = |answer, expect: Event| {
        assert_eq!(journal.answer(claim, answer, KEPT_AT).unwrap(), expect);
    };
    let digest = Digest::of(b"specimen");
    let missing = |count| CommitAnswer::Missing { parts: vec![digest; count] };
    check(missing(1), Event::Missing { claim, parts: vec![digest] });
    check(missing(MAX_PARTS + 1), Event::Failed { claim });
    let receipt = sign(&office.booth_key, claim, outgoing.manifest.digest(), 1);
    check(CommitAnswer::Received { receipt }, Event::Failed { claim });
    check(CommitAnswer::Received { receipt: sign(&office.receipt_key, claim, digest, 1) }, Event::Failed { claim });
    check(CommitAnswer::Refused { reason: "no".into() }, Event::Refused { claim });
    check(CommitAnswer::Received { receipt: office.receipt(&outgoing, 1) }, Event::Receipt { claim });

    // What was confirmed needs nothing any more, whatever an outbox that missed it believes.
    assert_eq!(journal.announce(&kept).unwrap(), None);
    let part = Action::PutPart { claim, digest: outgoing.parts[0].digest };
    for action in [part, Action::Commit { claim }] {
        let request = journal.prepare(action, KEPT_AT).unwrap();
        assert!(matches!(request, Request::Changed(Event::Receipt { .. })), "{request:?}");
    }
}
