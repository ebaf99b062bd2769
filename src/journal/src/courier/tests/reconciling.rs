//! What passes between courier and hub about receipts, holding and keys.

use super::*;
use crate::BoothAudit;
use crate::courier::rounds::{AGAIN, EVERY};
use crate::tests::sign;
use bilik_claim::filing::{FORMAT, Signed};
use bilik_claim::ids::Digest;
use bilik_claim::reconcile::{HubKeys, Reconcile, Reconciled};
use ed25519_dalek::SigningKey;

const SECOND: Duration = Duration::from_secs(1);

/// A hub that answers about receipts as it is told to, from what it has.
#[derive(Default)]
struct Backed {
    hub: Hub,
    hold: bool,
    backed_up: Vec<ClaimId>,
    keys: Vec<Signed<HubKeys>>,
    asked: Vec<Reconcile>,
}

impl Backed {
    fn reconcile(&mut self, note: Reconcile) -> Reconciled {
        let lacks = |claim: &ClaimId| !self.hub.ledger.contains_key(claim);
        let named: Vec<ClaimId> = note.receipts.iter().map(|note| note.claim).collect();
        self.asked.push(note);
        let missing = named.into_iter().filter(lacks).collect();
        // Also those that nobody named, and those that it has forgotten since.
        Reconciled { missing, safe: self.backed_up.clone(), hold: self.hold, keys: self.keys.clone() }
    }

    fn answer(&mut self, desk: &mut Desk<'_>) {
        match desk.requests.pop() {
            Some(Output::Reconcile { request, note }) => {
                let answer = Answer::Reconciled(Box::new(self.reconcile(note)));
                desk.handle(Input::Reconciled { request, answer });
            }
            Some(output) => {
                desk.requests.push(output);
                desk.answer(|office, output| by_contract(office, &mut self.hub, output));
            }
            None => panic!("nothing was asked"),
        }
    }

    /// Until there is nothing left to do for so long.
    fn work(&mut self, desk: &mut Desk<'_>, limit: Duration) {
        let until = desk.now + limit;
        while desk.now < until {
            if desk.requests.is_empty() {
                desk.now = desk.courier.deadline().unwrap_or(desk.now).max(desk.now + Duration::from_millis(1));
                desk.handle(Input::Tick);
            } else {
                self.answer(desk);
            }
        }
    }
}

fn state(desk: &Desk<'_>, number: u128) -> QueueState {
    let list = desk.courier.journal.as_ref().unwrap().list().unwrap();
    list.into_iter().find(|row| row.claim == claim(number)).unwrap().state
}

fn is_held(desk: &Desk<'_>, number: u128) -> bool {
    matches!(state(desk, number), QueueState::Held { .. })
}

fn is_erased(desk: &Desk<'_>, number: u128) -> bool {
    matches!(state(desk, number), QueueState::Confirmed { .. })
}

fn asks(desk: &Desk<'_>) -> bool {
    matches!(desk.requests.as_slice(), [Output::Reconcile { .. }])
}

/// Three claims that the hub has, and that are held.
fn held<'a>(office: &'a Office, hub: &mut Backed) -> Desk<'a> {
    let mut desk = Desk::new(office);
    hub.hold = true;
    desk.handle(Input::Hub(true));
    (1..=3).for_each(|number| assert!(desk.keep(number)));
    hub.work(&mut desk, SECOND);
    assert!((1..=3).all(|number| is_held(&desk, number)));
    assert_eq!(desk.confirmed(), [claim(1), claim(2), claim(3)]);
    assert_eq!(desk.told.last(), Some(&CourierEvent::Queue { queued: 0, refused: 0 }));
    desk
}

#[test]
fn link_that_comes_up_is_asked_first() {
    let (office, mut hub) = (Office::new(), Backed::default());
    let mut desk = Desk::new(&office);
    desk.handle(Input::Hub(true));
    assert!(asks(&desk), "even if there is nothing to tell");
    assert!(desk.keep(1));
    hub.work(&mut desk, SECOND);
    assert!(is_erased(&desk, 1));
    assert_eq!(hub.asked, [Reconcile { keys: 0, receipts: vec![] }]);

    // While a request is under way, it comes next.
    assert!(desk.keep(2));
    desk.handle(Input::Hub(false));
    desk.handle(Input::Hub(true));
    assert!(!asks(&desk));
    hub.answer(&mut desk);
    assert!(asks(&desk));
    hub.work(&mut desk, SECOND);
    let receipts = &hub.asked[1].receipts;
    assert_eq!(receipts.iter().map(|note| (note.claim, note.held)).collect::<Vec<_>>(), [(claim(1), false)]);
    assert!(is_erased(&desk, 2));
}

#[test]
fn hub_is_asked_from_time_to_time_while_it_is_there() {
    let (office, mut hub) = (Office::new(), Backed::default());
    let mut desk = Desk::new(&office);
    desk.handle(Input::Tick);
    let start = desk.now;
    hub.work(&mut desk, 2 * EVERY);
    assert_eq!(hub.asked.len(), 0, "the link is not there");
    desk.handle(Input::Hub(true));
    hub.work(&mut desk, 2 * EVERY + SECOND);
    assert_eq!(hub.asked.len(), 3, "{:?}", desk.now - start);
    desk.handle(Input::Hub(false));
    hub.work(&mut desk, 2 * EVERY);
    assert_eq!(hub.asked.len(), 3);
}

#[test]
fn delivery_does_not_depend_on_it() {
    let check = |name: &str, answer: &dyn Fn() -> Answer, again: Duration| {
        let (office, mut hub) = (Office::new(), Backed::default());
        let mut desk = Desk::new(&office);
        desk.handle(Input::Hub(true));
        assert!(desk.keep(1));
        let start = desk.now;
        let Some(Output::Reconcile { request, .. }) = desk.requests.pop() else { panic!("{name}: not asked") };
        desk.handle(Input::Reconciled { request, answer: answer() });
        assert!(!desk.requests.is_empty() && !asks(&desk), "{name}: the claim goes on at once");
        hub.work(&mut desk, SECOND);
        assert!(is_erased(&desk, 1), "{name}");
        while !asks(&desk) {
            desk.now = desk.courier.deadline().unwrap();
            desk.handle(Input::Tick);
        }
        assert_eq!(desk.now - start, again, "{name}");
    };
    check("hub of before", &|| Answer::from_status(404), EVERY);
    check("nonsense", &|| Answer::Failed("answer is not readable".into()), EVERY);
    check("answer to something else", &|| Answer::PartAccepted(Digest::of(b"specimen")), EVERY);
    check("overload", &|| Answer::from_status(503), AGAIN);
    check("no line", &|| Answer::Unreachable("timeout".into()), AGAIN);
}

#[test]
fn hub_from_a_backup_gets_back_what_is_held() {
    let (office, mut hub) = (Office::new(), Backed::default());
    let mut desk = held(&office, &mut hub);
    // It has forgotten the last two. One of these it even calls safe.
    hub.hub.ledger.retain(|id, _| *id == claim(1));
    hub.hub.parts.clear();
    hub.backed_up = vec![claim(1), claim(2)];
    desk.told.clear();
    desk.handle(Input::Hub(true));
    hub.answer(&mut desk);
    assert_eq!(desk.told, [CourierEvent::Queue { queued: 2, refused: 0 }]);
    hub.backed_up.clear();
    hub.work(&mut desk, SECOND);
    assert_eq!(hub.hub.ledger.len(), 3);
    assert!(is_erased(&desk, 1) && is_held(&desk, 2) && is_held(&desk, 3));
    assert_eq!(desk.confirmed(), [claim(2), claim(3)]);
}

#[test]
fn only_what_was_named_and_is_held_is_erased() {
    let (office, mut hub) = (Office::new(), Backed::default());
    let mut desk = held(&office, &mut hub);
    hub.backed_up = vec![claim(2), claim(4), claim(9)];
    desk.handle(Input::Hub(true));
    let Some(Output::Reconcile { request, note }) = desk.requests.pop() else { panic!("not asked") };
    let answer = hub.reconcile(note);
    // The fourth is held by the time the answer comes, and was not named.
    assert!(desk.keep(4));
    let outgoing = desk.courier.journal.as_ref().unwrap().outgoing(claim(4)).unwrap().unwrap();
    office.confirm(desk.courier.journal.as_mut().unwrap(), &outgoing).unwrap();
    desk.handle(Input::Reconciled { request, answer: Answer::Reconciled(Box::new(answer.clone())) });
    assert!(is_held(&desk, 2), "not while somebody may wait");
    desk.handle(Input::Tick);
    assert!(is_erased(&desk, 2));
    assert!([1, 3, 4].into_iter().all(|number| is_held(&desk, number)));
    // A second answer to the same request is none.
    let all = Reconciled { safe: (1..=4).map(claim).collect(), missing: (1..=4).map(claim).collect(), ..answer };
    desk.handle(Input::Reconciled { request, answer: Answer::Reconciled(Box::new(all)) });
    desk.handle(Input::Tick);
    assert!([1, 3, 4].into_iter().all(|number| is_held(&desk, number)));
}

#[test]
fn claim_that_is_gone_is_on_record_once() {
    let (office, mut hub) = (Office::new(), Backed::default());
    let mut desk = Desk::new(&office);
    (1..=2).for_each(|number| assert!(desk.keep(number)));
    hub.work(&mut desk, SECOND);
    hub.hub.ledger.remove(&claim(1));
    for _ in 0..3 {
        desk.handle(Input::Hub(true));
        hub.work(&mut desk, SECOND);
    }
    assert!(is_erased(&desk, 1) && is_erased(&desk, 2));
    let gone = BoothAudit::ReceiptUnknownToHub { claim: claim(1) };
    drop(desk);
    let trail = crate::tests::auditing::trail(&office);
    assert_eq!(trail.iter().filter(|event| **event == gone).count(), 1);
}

#[test]
fn receipt_that_comes_twice_does_not_undo_a_recall() {
    let (office, mut hub) = (Office::new(), Backed { hold: true, ..Backed::default() });
    let mut desk = Desk::new(&office);
    desk.handle(Input::Hub(true));
    assert!(desk.keep(1));
    while !matches!(desk.requests[0], Output::Commit { .. }) {
        hub.answer(&mut desk);
    }
    let Some(Output::Commit { request, claim: id, manifest }) = desk.requests.pop() else { panic!("no commit") };
    let receipt = sign(&office.receipt_key, id, manifest.digest(), 1);
    let answer = || Answer::Commit(CommitAnswer::Received { receipt: receipt.clone() });
    desk.handle(Input::Answered { request, claim: id, answer: answer() });
    assert!(is_held(&desk, 1));
    desk.handle(Input::Hub(true));
    hub.answer(&mut desk);
    assert_eq!(state(&desk, 1), QueueState::Queued);
    desk.handle(Input::Answered { request, claim: id, answer: answer() });
    assert_eq!(state(&desk, 1), QueueState::Queued);
    hub.work(&mut desk, SECOND);
    assert!(is_held(&desk, 1) && hub.hub.ledger.len() == 1);
}

#[test]
fn strange_receipt_makes_the_courier_ask_for_keys() {
    let (office, mut hub) = (Office::new(), Backed::default());
    let mut desk = Desk::new(&office);
    assert!(desk.keep(1));
    let new = SigningKey::from_bytes(&[9; 32]);
    let signed_by_new = |office: &Office, hub: &mut Hub, output| match by_contract(office, hub, output) {
        (request, id, Answer::Commit(CommitAnswer::Received { receipt })) => {
            let digest = receipt.peek().unwrap().manifest;
            (request, id, Answer::Commit(CommitAnswer::Received { receipt: sign(&new, id, digest, 1) }))
        }
        other => other,
    };
    let (mut rounds, start) = (Vec::new(), desk.now);
    // Nobody tells of the new key at first: it is asked for once a minute, however often the claim is tried.
    while desk.now < start + 3 * AGAIN - SECOND {
        match desk.requests.pop() {
            Some(Output::Reconcile { request, .. }) => {
                rounds.push(desk.now - start);
                desk.handle(Input::Reconciled { request, answer: Answer::from_status(404) });
            }
            Some(output) => {
                desk.requests.push(output);
                desk.answer(|office, output| signed_by_new(office, &mut hub.hub, output));
            }
            None => {
                desk.now = desk.courier.deadline().unwrap().max(desk.now + Duration::from_millis(1));
                desk.handle(Input::Tick);
            }
        }
    }
    assert_eq!(rounds[0], Duration::ZERO);
    assert!((2..=3).contains(&rounds.len()), "{rounds:?}");
    assert!(rounds.windows(2).all(|pair| pair[1] - pair[0] >= AGAIN), "{rounds:?}");
    assert_eq!(state(&desk, 1), QueueState::Queued);

    // Then it does, and the receipt counts at once.
    let receipt_keys = vec![Digest(new.verifying_key().to_bytes()).to_string()];
    let keys = HubKeys { format: FORMAT, serial: 7, recipient: office.recipient(), receipt_keys };
    hub.keys = vec![Signed::sign(&keys, &new).unwrap(), Signed::sign(&keys, &office.receipt_key).unwrap()];
    let until = desk.now + 3 * AGAIN;
    while desk.now < until && desk.confirmed().is_empty() {
        match desk.requests.pop() {
            Some(output @ Output::Reconcile { .. }) => {
                desk.requests.push(output);
                hub.answer(&mut desk);
            }
            Some(output) => {
                desk.requests.push(output);
                desk.answer(|office, output| signed_by_new(office, &mut hub.hub, output));
            }
            None => {
                desk.now = desk.courier.deadline().unwrap().max(desk.now + Duration::from_millis(1));
                desk.handle(Input::Tick);
            }
        }
    }
    assert_eq!(desk.confirmed(), [claim(1)]);
    desk.handle(Input::Hub(true));
    hub.answer(&mut desk);
    assert_eq!(hub.asked.last().unwrap().keys, 7);
}

#[test]
fn round_that_the_disk_breaks_off_is_begun_anew() {
    let (office, mut hub) = (Office::new(), Backed::default());
    let mut desk = held(&office, &mut hub);
    hub.hub.ledger.clear();
    desk.handle(Input::Hub(true));
    desk.courier.journal.as_ref().unwrap().refuse_changes();
    hub.answer(&mut desk);
    assert!(is_held(&desk, 1));
    // Opened anew, it can.
    desk.courier.journal = None;
    hub.work(&mut desk, 2 * AGAIN);
    assert_eq!(hub.hub.ledger.len(), 3);
}

#[test]
fn refused_claims_are_tried_once_more_at_each_start() {
    let office = Office::new();
    let mut desk = Desk::new(&office);
    (1..=3).for_each(|number| assert!(desk.keep(number)));
    let refused = |reason: &str| QueueState::Refused { reason: reason.into() };
    let refuse = |desk: &mut Desk<'_>, number, reason| {
        desk.courier.journal.as_mut().unwrap().refuse(claim(number), reason, KEPT_AT).unwrap();
    };
    refuse(&mut desk, 1, "no such booth");
    refuse(&mut desk, 2, DAMAGED);
    drop(desk);
    let mut desk = Desk::new(&office);
    desk.handle(Input::Tick);
    assert_eq!(desk.told[0], CourierEvent::Queue { queued: 3, refused: 1 });
    assert_eq!((state(&desk, 1), state(&desk, 2)), (QueueState::Queued, refused(DAMAGED)));

    refuse(&mut desk, 1, "no such booth");
    desk.courier.journal = None;
    desk.now += LOOK;
    desk.handle(Input::Tick);
    assert_eq!(state(&desk, 1), refused("no such booth"), "not when it is only opened again");
    assert_eq!(desk.told.last(), Some(&CourierEvent::Queue { queued: 3, refused: 2 }));
    drop(desk);

    let mut desk = Desk::new(&office);
    desk.deliver(&mut Hub::default(), LOOK);
    assert!(is_erased(&desk, 1) && is_erased(&desk, 3));
    assert_eq!(state(&desk, 2), refused(DAMAGED));
}

#[test]
fn end_of_the_audit_trail_is_told_when_it_changes() {
    let (office, mut hub) = (Office::new(), Backed::default());
    let mut desk = Desk::new(&office);
    desk.handle(Input::Tick);
    assert_eq!(desk.heads.len(), 1);
    desk.handle(Input::Tick);
    assert_eq!(desk.heads.len(), 1, "nothing was added");
    assert!(desk.keep(1));
    assert_eq!(desk.heads.len(), 2);
    hub.work(&mut desk, SECOND);
    let head = desk.courier.journal.as_ref().unwrap().audit_head().unwrap();
    assert_eq!((desk.heads.len(), desk.heads.last()), (3, Some(&head)));
    assert_eq!(head.entries, 3);
    // The same one, seen again.
    desk.courier.journal = None;
    hub.work(&mut desk, 2 * LOOK);
    assert_eq!(desk.heads.len(), 3);
}
