use super::*;
use crate::tests::delivering::Hub;
use crate::tests::{KEPT_AT, OLD_PAGE, Office, specimen};
use crate::{DAMAGED, Journal, QueueState};
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use uuid::Uuid;

mod reconciling;

fn claim(number: u128) -> ClaimId {
    ClaimId(Uuid::from_u128(number))
}

/// A courier on a real journal, and all that it said.
struct Desk<'a> {
    office: &'a Office,
    courier: Courier,
    now: Instant,
    told: Vec<CourierEvent>,
    heads: Vec<AuditHead>,
    requests: Vec<Output>,
    /// The disk can't be read: opening fails.
    broken: Arc<AtomicBool>,
    opened: Arc<AtomicU32>,
}

impl<'a> Desk<'a> {
    fn new(office: &'a Office) -> Self {
        let (broken, opened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (state, config) = (office.state.path().to_owned(), office.config());
        let (fails, count) = (broken.clone(), opened.clone());
        let open = move |at| {
            if fails.load(Ordering::Relaxed) {
                return Err(JournalError::Failed("disk is away".into()));
            }
            count.fetch_add(1, Ordering::Relaxed);
            Journal::open(&state, config.clone(), at)
        };
        let courier = Courier::new(Box::new(open));
        Self { office, courier, now: Instant::now(), told: vec![], heads: vec![], requests: vec![], broken, opened }
    }

    fn handle(&mut self, input: Input) {
        let now = Moment { instant: self.now, wall: KEPT_AT };
        let heads = self.heads.len();
        for output in self.courier.handle(input, now, &mut || 0.0) {
            match output {
                Output::Told(CourierEvent::Audited(head)) => self.heads.push(head),
                Output::Told(event) => self.told.push(event),
                Output::Put { .. } | Output::Commit { .. } | Output::Reconcile { .. } => self.requests.push(output),
            }
        }
        assert!(self.heads.len() <= heads + 1);
        assert!(self.requests.len() <= 1, "one request at a time");
    }

    fn keep(&mut self, number: u128) -> bool {
        let before = self.told.len();
        self.handle(Input::Keep(Box::new(specimen(number))));
        let kept = |e: &&CourierEvent| matches!(e, CourierEvent::Kept { claim: c, .. } if *c == claim(number));
        let failed = |e: &&CourierEvent| matches!(e, CourierEvent::KeepFailed { claim: c } if *c == claim(number));
        let (kept, failed) =
            (self.told[before..].iter().filter(kept).count(), self.told[before..].iter().filter(failed).count());
        assert_eq!(kept + failed, 1, "{:?}", &self.told[before..]);
        kept == 1
    }

    fn answer(&mut self, answer: impl FnOnce(&Office, Output) -> (u64, ClaimId, Answer)) {
        let Some(output) = self.requests.pop() else { panic!("nothing was asked") };
        let (request, claim, answer) = answer(self.office, output);
        self.handle(Input::Answered { request, claim, answer });
    }

    /// Lets the hub answer, and time pass, until nothing is left to do or `limit` is over.
    fn deliver(&mut self, hub: &mut Hub, limit: Duration) {
        let until = self.now + limit;
        while self.now < until {
            if self.requests.is_empty() {
                self.now = self.courier.deadline().unwrap_or(self.now).max(self.now + Duration::from_millis(1));
                self.handle(Input::Tick);
            } else {
                self.answer(|office, output| by_contract(office, hub, output));
            }
        }
    }

    fn confirmed(&self) -> Vec<ClaimId> {
        let confirmed = |event: &CourierEvent| match event {
            CourierEvent::Confirmed { claim } => Some(*claim),
            CourierEvent::Kept { .. }
            | CourierEvent::KeepFailed { .. }
            | CourierEvent::Queue { .. }
            | CourierEvent::Damaged { .. }
            | CourierEvent::Audited(_)
            | CourierEvent::Ready(_) => None,
        };
        self.told.iter().filter_map(confirmed).collect()
    }

    fn opened(&self) -> u32 {
        self.opened.load(Ordering::Relaxed)
    }
}

fn by_contract(office: &Office, hub: &mut Hub, output: Output) -> (u64, ClaimId, Answer) {
    match output {
        Output::Put { request, claim, digest, sealed } => {
            hub.put(digest, sealed);
            (request, claim, Answer::PartAccepted(digest))
        }
        Output::Commit { request, claim, manifest } => (request, claim, Answer::Commit(hub.commit(office, &manifest))),
        Output::Reconcile { .. } | Output::Told(_) => panic!("{output:?} is about no claim"),
    }
}

fn refuse_with(status: u16) -> impl Fn(&Office, Output) -> (u64, ClaimId, Answer) {
    move |_, output| match output {
        Output::Put { request, claim, .. } | Output::Commit { request, claim, .. } => {
            (request, claim, Answer::from_status(status))
        }
        Output::Reconcile { .. } | Output::Told(_) => panic!("{output:?} is about no claim"),
    }
}

#[test]
fn claims_go_from_the_booth_to_the_hub() {
    let office = Office::new();
    let mut desk = Desk::new(&office);
    let mut hub = Hub::default();
    assert_eq!(desk.courier.deadline(), None);
    desk.handle(Input::Tick);
    assert_eq!(desk.told, [CourierEvent::Queue { queued: 0, refused: 0 }, CourierEvent::Ready(Ok(()))]);
    assert_eq!(desk.courier.deadline(), Some(desk.now + LOOK));
    for number in 1..=3 {
        assert!(desk.keep(number));
    }
    // While a request hangs, claims are kept all the same.
    assert_eq!(desk.requests.len(), 1);
    desk.deliver(&mut hub, Duration::from_secs(1));
    assert_eq!(desk.confirmed(), [claim(1), claim(2), claim(3)]);
    assert_eq!(desk.told.last(), Some(&CourierEvent::Queue { queued: 0, refused: 0 }));
    assert_eq!((hub.ledger.len(), desk.opened()), (3, 1));
}

#[test]
fn kept_is_told_before_the_log_is_emptied() {
    let office = Office::new();
    let mut desk = Desk::new(&office);
    desk.handle(Input::Hub(false));
    let log = || std::fs::metadata(office.state.path().join("journal.db-wal")).unwrap().len();
    assert!(desk.keep(1));
    let one = log();
    assert!(one > 0);
    assert_eq!(desk.courier.deadline(), Some(desk.now), "it is due once that is told");
    desk.handle(Input::Tick);
    assert!(log() == 0 && desk.courier.deadline() > Some(desk.now), "once is enough");
    // The log grows by one claim at the most.
    for number in 2..=4 {
        assert!(desk.keep(number));
        assert!(log() < one * 3 / 2, "claim {number}");
    }
    // A receipt's own checkpoint is never put off.
    let mut hub = Hub::default();
    desk.handle(Input::Hub(true));
    let Some(Output::Reconcile { request, .. }) = desk.requests.pop() else { panic!("the hub is told first") };
    desk.handle(Input::Reconciled { request, answer: Answer::Failed("it knows nothing of it".to_owned()) });
    while desk.confirmed().is_empty() {
        desk.answer(|office, output| by_contract(office, &mut hub, output));
    }
    assert_eq!(log(), 0);
}

#[test]
fn status_tells_the_claim_from_the_line() {
    let check = |status, expect: &str| {
        let answer = format!("{:?}", Answer::from_status(status));
        assert!(answer.starts_with(expect), "{status} is {answer}");
    };
    for status in [400, 404, 405, 411, 413, 422, 426, 301, 204, 507] {
        check(status, "Failed");
    }
    for status in [401, 403, 408, 429, 500, 502, 503, 504, 511, 599] {
        check(status, "Unreachable");
    }
}

#[test]
fn hub_in_trouble_is_left_alone_and_a_claim_in_trouble_stands_back() {
    let check = |status, next_at_once: bool| {
        let office = Office::new();
        let mut desk = Desk::new(&office);
        desk.keep(1);
        desk.keep(2);
        desk.answer(refuse_with(status));
        assert_eq!(desk.requests.len(), usize::from(next_at_once), "{status}");
        if !next_at_once {
            assert_eq!(desk.courier.deadline(), Some(desk.now + crate::outbox::FIRST_RETRY), "{status}");
        }
        let mut hub = Hub::default();
        desk.deliver(&mut hub, Duration::from_secs(60));
        assert_eq!(hub.ledger.len(), 2, "{status}");
    };
    check(413, true);
    check(507, true);
    check(503, false);
    check(403, false);
    check(429, false);
}

#[test]
fn journal_that_can_not_be_opened_says_no_and_is_tried_again() {
    let office = Office::new();
    let mut desk = Desk::new(&office);
    desk.broken.store(true, Ordering::Relaxed);
    assert!(!desk.keep(1));
    assert!(desk.told.contains(&CourierEvent::Ready(Err(Trouble::Failed))));
    assert_eq!(desk.courier.deadline(), Some(desk.now + LOOK));
    desk.broken.store(false, Ordering::Relaxed);
    // Not at each input: opening reads the whole file.
    assert!(!desk.keep(1));
    assert_eq!(desk.opened(), 0);
    desk.now += LOOK;
    assert!(desk.keep(1));
    assert_eq!(desk.opened(), 1);
    assert_eq!(desk.told.iter().filter(|e| **e == CourierEvent::Ready(Ok(()))).count(), 1);
}

#[test]
fn participant_does_not_see_a_journal_that_stops_and_recovers() {
    let office = Office::new();
    let mut desk = Desk::new(&office);
    assert!(desk.keep(1));
    let obstacle = office.state.path().join("journal.head.new");
    let block = |on: bool| if on { std::fs::create_dir(&obstacle) } else { std::fs::remove_dir(&obstacle) }.unwrap();
    // Opened just now: not again at once, lest a broken disk keeps the booth busy.
    block(true);
    assert!(!desk.keep(2));
    assert_eq!((desk.opened(), desk.told.last()), (1, Some(&CourierEvent::KeepFailed { claim: claim(2) })));
    desk.now += LOOK;
    assert!(!desk.keep(2));
    assert_eq!(desk.opened(), 2);
    block(false);
    desk.now += LOOK;
    desk.handle(Input::Tick);
    assert_eq!(desk.told.last(), Some(&CourierEvent::Ready(Ok(()))));
    // Long enough after that, a passing fault costs nothing but the time to open.
    desk.now += LOOK;
    desk.courier.journal.as_ref().unwrap().stop("as after a failed fsync");
    assert!(desk.keep(2));
    assert_eq!(desk.opened(), 4);
    let mut hub = Hub::default();
    desk.deliver(&mut hub, Duration::from_secs(60));
    assert_eq!(hub.ledger.len(), 2);
}

#[test]
fn read_that_fails_stops_the_journal_and_not_the_delivery() {
    let office = Office::new();
    let mut desk = Desk::new(&office);
    (1..=3).for_each(|number| assert!(desk.keep(number)));
    desk.now += LOOK;
    // The next look at the queue finds the journal stopped.
    desk.courier.journal.as_ref().unwrap().stop("page can't be read");
    let mut hub = Hub::default();
    desk.deliver(&mut hub, Duration::from_secs(60));
    assert_eq!((hub.ledger.len(), desk.opened()), (3, 2));
    assert_eq!(desk.confirmed().len(), 3);
}

#[test]
fn page_that_goes_bad_under_an_open_journal_costs_its_claims_only() {
    let office = Office::with_pages(OLD_PAGE);
    let mut desk = Desk::new(&office);
    (1..=6).for_each(|number| assert!(desk.keep(number)));
    let outgoing = desk.courier.journal.as_ref().unwrap().outgoing(claim(1)).unwrap().unwrap();
    let file = crate::tests::database(&office);
    let bytes = std::fs::read(&file).unwrap();
    let manifest = outgoing.manifest.body.as_bytes();
    let at = bytes.windows(manifest.len()).position(|window| window == manifest).unwrap();
    let page = at / OLD_PAGE * OLD_PAGE;
    let on_page = (1..=6).filter(|n: &u128| {
        let id = claim(*n).to_string();
        bytes[page..page + OLD_PAGE].windows(id.len()).any(|window| window == id.as_bytes())
    });
    let on_page: Vec<_> = on_page.map(claim).collect();
    // Somebody else's write makes SQLite forget the pages it had read.
    let other = Connection::open(&file).unwrap();
    other.execute_batch("UPDATE queue SET base = base; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    let database = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&database, &[0x5a; OLD_PAGE], page as u64).unwrap();

    desk.now += LOOK;
    let mut hub = Hub::default();
    desk.deliver(&mut hub, Duration::from_secs(120));
    let delivered: Vec<_> = hub.ledger.keys().copied().collect();
    assert_eq!(delivered, (1..=6).map(claim).filter(|c| !on_page.contains(c)).collect::<Vec<_>>());
    let missing = on_page.len() as u64;
    assert!(desk.told.contains(&CourierEvent::Damaged { taken_over: 6 - missing, missing }), "{:?}", desk.told);
    assert!(desk.keep(7));
}

#[test]
fn claim_that_closes_the_journal_again_and_again_comes_last() {
    let office = Office::new();
    let mut desk = Desk::new(&office);
    (1..=3).for_each(|number| assert!(desk.keep(number)));
    let mut hub = Hub::default();
    let until = desk.now + Duration::from_secs(300);
    while desk.now < until {
        // Whenever the first claim's turn comes, the disk fails.
        let turn = desk.courier.outbox.next(desk.now);
        let bad = matches!(turn, Action::PutPart { claim: c, .. } | Action::Commit { claim: c } if c == claim(1));
        match &desk.courier.journal {
            Some(journal) if bad => journal.stop("page of the first claim"),
            Some(_) | None => {}
        }
        match desk.requests.pop() {
            Some(Output::Put { request, claim: c, .. } | Output::Commit { request, claim: c, .. }) if c == claim(1) => {
                let answer = Answer::Unreachable("was asked before the disk failed".into());
                desk.handle(Input::Answered { request, claim: c, answer });
            }
            Some(output) => {
                desk.requests.push(output);
                desk.answer(|office, output| by_contract(office, &mut hub, output));
            }
            None => {
                desk.now += Duration::from_millis(100);
                desk.handle(Input::Tick);
            }
        }
    }
    assert_eq!(desk.confirmed(), [claim(2), claim(3)]);
    assert!((2..=31).contains(&desk.opened()), "opened {} times in 300 s", desk.opened());
}

#[test]
fn damaged_claim_is_refused_queued_again_and_the_others_go_on() {
    let office = Office::new();
    let mut desk = Desk::new(&office);
    (1..=3).for_each(|number| assert!(desk.keep(number)));
    let db = Connection::open(crate::tests::database(&office)).unwrap();
    let whole = "UPDATE claim SET manifest = replace(manifest, 'xverified', 'unverified') WHERE sequence = 2";
    db.execute("UPDATE claim SET manifest = replace(manifest, 'unverified', 'xverified') WHERE sequence = 2", [])
        .unwrap();
    let mut hub = Hub::default();
    desk.deliver(&mut hub, Duration::from_secs(60));
    assert_eq!(desk.confirmed(), [claim(1), claim(3)]);
    assert_eq!(desk.told.last(), Some(&CourierEvent::Queue { queued: 1, refused: 1 }), "it is not forgotten");
    let list = desk.courier.journal.as_ref().unwrap().list().unwrap();
    assert_eq!(list[1].state, QueueState::Refused { reason: DAMAGED.into() });

    db.execute(whole, []).unwrap();
    desk.handle(Input::Requeue(claim(2)));
    desk.deliver(&mut hub, Duration::from_secs(60));
    assert_eq!(desk.confirmed(), [claim(1), claim(3), claim(2)]);
    // Unknown and confirmed ones change nothing.
    desk.handle(Input::Requeue(claim(9)));
    desk.handle(Input::Requeue(claim(2)));
    assert!(desk.requests.is_empty());
    assert_eq!((hub.ledger.len(), desk.opened()), (3, 1));
}

#[test]
fn what_was_kept_before_a_start_is_sent_after_it() {
    let office = Office::new();
    let mut before = Desk::new(&office);
    (1..=3).for_each(|number| assert!(before.keep(number)));
    drop(before);
    let mut desk = Desk::new(&office);
    let mut hub = Hub::default();
    desk.deliver(&mut hub, Duration::from_secs(60));
    assert_eq!(desk.confirmed(), [claim(1), claim(2), claim(3)]);
}

#[test]
fn receipt_that_can_not_be_recorded_confirms_nothing() {
    let office = Office::new();
    let mut desk = Desk::new(&office);
    let mut hub = Hub::default();
    assert!(desk.keep(1));
    while !matches!(desk.requests[0], Output::Commit { .. }) {
        desk.answer(|office, output| by_contract(office, &mut hub, output));
    }
    desk.courier.journal.as_ref().unwrap().refuse_changes();
    desk.answer(|office, output| by_contract(office, &mut hub, output));
    assert_eq!((desk.confirmed(), hub.ledger.len()), (vec![], 1));
    assert_eq!(desk.courier.journal.as_ref().unwrap().stats().unwrap().queued, 1);
    // Asked again once the journal can, the hub gives the same receipt.
    desk.courier.journal = None;
    desk.deliver(&mut hub, Duration::from_secs(60));
    assert_eq!((desk.confirmed(), hub.ledger.len()), (vec![claim(1)], 1));
}

#[test]
fn late_and_foreign_answers_change_nothing() {
    let office = Office::new();
    let mut desk = Desk::new(&office);
    desk.keep(1);
    let stray = |request| Input::Answered { request, claim: claim(7), answer: Answer::Failed("late".into()) };
    desk.handle(stray(99));
    assert_eq!(desk.requests.len(), 1, "the request is still under way");
    let mut hub = Hub::default();
    desk.deliver(&mut hub, Duration::from_secs(1));
    desk.handle(stray(1));
    assert_eq!((desk.confirmed(), hub.ledger.len()), (vec![claim(1)], 1));
}
