//! Brings claims from the booth into the journal, and from the journal to the hub. No clock, thread or socket: one input
//! at a time goes in, with the time and a source of chance; what is to be done comes out.
//!
//! ```text
//!           Keep, Hub, Answered, Reconciled, Requeue, Note, Tick
//!                                  │
//!          ┌───────────────────────▼──────────────────────┐
//!          │  CLOSED ───── opened: queue into outbox ───► OPEN
//!          │    ▲  tries at once, then every LOOK          │
//!          │    └──── an error that needs reopening ◄──────┘
//!          └───────────────────────┬──────────────────────┘
//!                                  ▼
//!                   Put, Commit, Reconcile, Told
//! ```
//!
//! * **Closed.** A claim that is to be kept opens the journal if it may; else the answer is [`CourierEvent::KeepFailed`].
//!   Answers of the hub to a commit are let go: the hub gives the same one when it is asked again.
//! * **Open.** One request at a time ([`Output::Put`], [`Output::Commit`], [`Output::Reconcile`]); its answer brings the
//!   next. An answer that nobody waits for is let go.
//! * **Reconciling** comes before delivery when it is due (`rounds`), and delivery does not depend on it: a hub that knows
//!   nothing of it is asked again later. Claims that need not be held any more are erased when nothing else happens.
//! * **Errors.** Those that leave the disk unknown ([`JournalError::needs_reopening`]) close the journal, whether they come
//!   from a write or a read. Those about one claim let this claim stand back, so that the others go on. The outbox outlives
//!   the journal: a claim that closes it again and again comes last.
//!
//! Each [`Input::Keep`] is answered by exactly one [`CourierEvent::Kept`] or [`CourierEvent::KeepFailed`] in the outputs
//! of the same call.

mod messages;
mod reconciling;
mod rounds;

pub use messages::{Answer, CourierEvent, Input, Moment, Output, Trouble};

use crate::audit::BoothAudit;
use crate::delivery::Request;
use crate::error::{JournalError, chain};
use crate::journal::{Journal, Opened};
use crate::outbox::{Action, Event, Outbox};
use crate::pack::MAX_CLAIM;
use bilik_claim::audit::AuditHead;
use bilik_claim::filing::CommitAnswer;
use bilik_claim::ids::{ClaimId, WallTime};
use bilik_claim::session::claim::FinishedClaim;
use rounds::Rounds;
use std::time::{Duration, Instant};

/// How often the room on the disk is looked at, and a closed journal is opened, while nothing else happens.
pub const LOOK: Duration = Duration::from_secs(10);

/// Opens the journal, each time that it has to be.
pub type OpenJournal = Box<dyn FnMut(WallTime) -> Result<Opened, JournalError> + Send>;

pub struct Courier {
    open: OpenJournal,
    /// It has been open since the program started.
    begun: bool,
    journal: Option<Journal>,
    outbox: Outbox,
    rounds: Rounds,
    /// Held claims that the hub has in a backup, and that are not erased yet.
    safe: Vec<ClaimId>,
    /// The request that is under way.
    in_flight: Option<u64>,
    /// Requests so far; the number of the last.
    requests: u64,
    /// When the journal was opened last, or was to be.
    opened: Option<Instant>,
    /// When the room was looked at last; none if it has to be now.
    looked: Option<Instant>,
    /// A claim was kept then, and its checkpoint waits until that is told: it is due with the next input.
    kept: Option<Instant>,
    /// When the outbox has something to send.
    due: Option<Instant>,
    /// As it was told.
    ready: Option<Result<(), Trouble>>,
    queue: Option<(u32, u32)>,
    audited: Option<AuditHead>,
}

/// One call: what came with it, and what comes out of it.
struct Turn<'a> {
    now: Moment,
    random: &'a mut dyn FnMut() -> f64,
    out: Vec<Output>,
}

impl Courier {
    /// Nothing is opened before the first input.
    pub fn new(open: OpenJournal) -> Self {
        Self {
            open,
            begun: false,
            journal: None,
            outbox: Outbox::new(),
            rounds: Rounds::default(),
            safe: Vec::new(),
            in_flight: None,
            requests: 0,
            opened: None,
            looked: None,
            kept: None,
            due: None,
            ready: None,
            queue: None,
            audited: None,
        }
    }

    /// Takes an input in. `random` gives numbers from 0 up to 1. Blocks for as long as the disk takes.
    pub fn handle(&mut self, input: Input, now: Moment, random: &mut dyn FnMut() -> f64) -> Vec<Output> {
        let mut turn = Turn { now, random, out: Vec::new() };
        self.open_if_due(&mut turn);
        if self.kept.take().is_some() {
            self.tend(&mut turn);
        }
        match input {
            Input::Keep(claim) => self.keep(&claim, &mut turn),
            Input::Hub(true) => {
                self.rounds.link_is_up(now.instant);
                self.outbox_event(Event::HubReachable, &mut turn);
            }
            Input::Hub(false) => {
                self.rounds.link_is_down();
                self.outbox_event(Event::HubUnreachable, &mut turn);
            }
            Input::Answered { request, claim, answer } => self.answered(request, claim, answer, &mut turn),
            Input::Reconciled { request, answer } => self.reconciled(request, answer, &mut turn),
            Input::Requeue(claim) => self.requeue(claim, &mut turn),
            Input::Note(event) => self.note(&event, &mut turn),
            Input::Tick => self.erase_safe(&mut turn),
        }
        self.send_next(&mut turn);
        self.look_at_room(&mut turn);
        // What has just closed the journal may be over once it is open again.
        self.open_if_due(&mut turn);
        self.tell_audit(&mut turn);
        turn.out
    }

    /// When the next [`Input::Tick`] is due at the latest; none before the first input.
    pub fn deadline(&self) -> Option<Instant> {
        let routine = match &self.journal {
            Some(_) => self.looked,
            None => self.opened,
        };
        let routine = routine.or(self.opened).map(|at| at + LOOK);
        // While the journal is closed or a request is under way, there is nothing to ask the hub.
        let round = self.rounds.due().filter(|_| self.journal.is_some() && self.in_flight.is_none());
        // At once: it was opened long ago.
        let erasing = self.opened.filter(|_| self.journal.is_some() && !self.safe.is_empty());
        [routine, self.due, self.kept, round, erasing].into_iter().flatten().min()
    }

    fn open_if_due(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.instant;
        if self.journal.is_some() || self.opened.is_some_and(|at| now < at + LOOK) {
            return;
        }
        self.opened = Some(now);
        let opened = (self.open)(turn.now.wall)
            .and_then(|mut opened| Ok((opened.journal.begin(!self.begun, turn.now.wall)?, opened)));
        match opened {
            Ok((events, opened)) => {
                self.begun = true;
                events.into_iter().for_each(|event| self.outbox_event(event, turn));
                let lost = opened.lost.map_or(0, |lost| lost.end() + 1 - lost.start());
                let (moved, left) = opened.set_aside.map_or((0, 0), |aside| (aside.moved, aside.left));
                if moved + left + lost > 0 {
                    turn.tell(CourierEvent::Damaged { taken_over: moved, missing: left + lost });
                }
                self.journal = Some(opened.journal);
                self.tell_queue(turn);
                self.look_at_room(turn);
                self.send_next(turn);
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), "journal can't be opened");
                self.tell_ready(Err(Trouble::Failed), turn);
            }
        }
    }

    fn keep(&mut self, claim: &FinishedClaim, turn: &mut Turn<'_>) {
        let id = claim.record.claim;
        // A journal that fails now may be good again once it is opened anew: the participant is waiting.
        for _ in 0..2 {
            self.open_if_due(turn);
            let Some(journal) = &mut self.journal else { break };
            match journal.keep(claim, turn.now.wall) {
                Ok(kept) => {
                    let announced = journal.announce(&kept);
                    turn.tell(CourierEvent::Kept { claim: id, tracking: kept.tracking });
                    match announced {
                        Ok(event) => event.into_iter().for_each(|event| self.outbox_event(event, turn)),
                        Err(error) => self.failed("announce a claim", &error, turn),
                    }
                    self.tell_queue(turn);
                    (self.looked, self.kept) = (None, Some(turn.now.instant));
                    return;
                }
                Err(error) => {
                    self.failed("keep a claim", &error, turn);
                    if !error.needs_reopening() {
                        break;
                    }
                }
            }
        }
        turn.tell(CourierEvent::KeepFailed { claim: id });
    }

    fn requeue(&mut self, claim: ClaimId, turn: &mut Turn<'_>) {
        let Some(journal) = &mut self.journal else { return };
        match journal.requeue(claim, turn.now.wall).and_then(|()| journal.found(claim, turn.now.wall)) {
            Ok(event) => event.into_iter().for_each(|event| self.outbox_event(event, turn)),
            Err(error) => self.failed("queue a claim again", &error, turn),
        }
    }

    fn note(&mut self, event: &BoothAudit, turn: &mut Turn<'_>) {
        let Some(journal) = &mut self.journal else {
            tracing::error!("entry of the audit trail is lost: the journal is closed");
            return;
        };
        if let Err(error) = journal.note(event, turn.now.wall) {
            self.failed("add to the audit trail", &error, turn);
        }
    }

    /// Starts the next request, or notes when there may be one.
    fn send_next(&mut self, turn: &mut Turn<'_>) {
        self.due = None;
        self.reconcile_if_due(turn);
        let mut changed = false;
        while self.in_flight.is_none() {
            let Some(journal) = &mut self.journal else { break };
            let action = self.outbox.next(turn.now.instant);
            match (journal.prepare(action, turn.now.wall), action) {
                (Ok(Request::Part { claim, digest, sealed }), _) => {
                    let request = self.start();
                    turn.out.push(Output::Put { request, claim, digest, sealed });
                }
                (Ok(Request::Manifest { claim, manifest }), _) => {
                    let request = self.start();
                    turn.out.push(Output::Commit { request, claim, manifest });
                }
                (Ok(Request::Changed(event)), _) => {
                    self.outbox_event(event, turn);
                    changed = true;
                }
                (Ok(Request::Wait { until }), _) => {
                    self.due = until;
                    if self.kept.is_none() {
                        self.tend(turn);
                    }
                    break;
                }
                (Err(error), Action::PutPart { claim, .. } | Action::Commit { claim }) => {
                    self.outbox_event(Event::NotSent { claim }, turn);
                    self.failed("read the queue", &error, turn);
                }
                (Err(error), Action::Wait { .. }) => self.failed("read the queue", &error, turn),
            }
        }
        if changed {
            self.tell_queue(turn);
        }
    }

    fn tend(&mut self, turn: &mut Turn<'_>) {
        let Some(journal) = &mut self.journal else { return };
        if let Err(error) = journal.tend() {
            self.failed("tend the journal", &error, turn);
        }
    }

    fn start(&mut self) -> u64 {
        self.requests += 1;
        self.in_flight = Some(self.requests);
        self.requests
    }

    fn answered(&mut self, request: u64, claim: ClaimId, answer: Answer, turn: &mut Turn<'_>) {
        // One that nobody waits for is let go: a receipt that comes a second time could undo a recall.
        if self.in_flight.take_if(|number| *number == request).is_none() {
            return;
        }
        let event = match answer {
            Answer::PartAccepted(digest) => Event::PartAccepted { claim, digest },
            Answer::Commit(answer) => self.committed(claim, answer, turn),
            Answer::Reconciled(_) => Event::Failed { claim },
            Answer::Failed(why) => {
                tracing::warn!(%claim, %why, "the hub did not take it");
                Event::Failed { claim }
            }
            Answer::Unreachable(why) => {
                tracing::warn!(%claim, %why, "the hub was not reached");
                Event::TransportFailed { claim }
            }
        };
        self.outbox_event(event, turn);
    }

    fn committed(&mut self, claim: ClaimId, answer: CommitAnswer, turn: &mut Turn<'_>) -> Event {
        let Some(journal) = &mut self.journal else { return Event::NotSent { claim } };
        if matches!(&answer, CommitAnswer::Received { receipt } if !journal.knows_signer(receipt)) {
            // The hub may have new keys.
            self.rounds.hurry(turn.now.instant);
        }
        match journal.answer(claim, answer, turn.now.wall) {
            Ok(event) => {
                if matches!(event, Event::Receipt { .. }) {
                    turn.tell(CourierEvent::Confirmed { claim });
                }
                self.tell_queue(turn);
                event
            }
            Err(error) => {
                self.failed("record the hub's answer", &error, turn);
                Event::NotSent { claim }
            }
        }
    }

    fn outbox_event(&mut self, event: Event, turn: &mut Turn<'_>) {
        self.outbox.handle(event, turn.now.instant, turn.random);
    }

    fn look_at_room(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.instant;
        let Some(journal) = &mut self.journal else { return };
        // What a claim takes in the database shows after its checkpoint.
        if self.kept.is_some() || self.looked.is_some_and(|at| now < at + LOOK) {
            return;
        }
        self.looked = Some(now);
        match journal.make_room(MAX_CLAIM, turn.now.wall) {
            Ok(true) => self.tell_ready(Ok(()), turn),
            Ok(false) => self.tell_ready(Err(Trouble::Full), turn),
            Err(error) => {
                self.tell_ready(Err(Trouble::Failed), turn);
                self.failed("ask for room", &error, turn);
            }
        }
    }

    fn tell_ready(&mut self, ready: Result<(), Trouble>, turn: &mut Turn<'_>) {
        if self.ready != Some(ready) {
            self.ready = Some(ready);
            turn.tell(CourierEvent::Ready(ready));
        }
    }

    fn tell_queue(&mut self, turn: &mut Turn<'_>) {
        let Some(journal) = &self.journal else { return };
        match journal.stats() {
            Ok(stats) => {
                let count = |claims| u32::try_from(claims).unwrap_or(u32::MAX);
                let (queued, refused) = (count(stats.queued + stats.refused), count(stats.refused));
                if self.queue != Some((queued, refused)) {
                    self.queue = Some((queued, refused));
                    turn.tell(CourierEvent::Queue { queued, refused });
                }
            }
            Err(error) => self.failed("count the queue", &error, turn),
        }
    }

    fn tell_audit(&mut self, turn: &mut Turn<'_>) {
        let Some(journal) = &self.journal else { return };
        match journal.audit_head() {
            Ok(head) if self.audited == Some(head) => {}
            Ok(head) => {
                self.audited = Some(head);
                turn.tell(CourierEvent::Audited(head));
            }
            Err(error) => self.failed("read the end of the audit trail", &error, turn),
        }
    }

    fn failed(&mut self, operation: &str, error: &JournalError, turn: &mut Turn<'_>) {
        tracing::error!(error = %chain(error), "failed to {operation}");
        self.looked = None;
        if error.needs_reopening() {
            self.journal = None;
            self.tell_ready(Err(Trouble::Failed), turn);
        }
    }
}

impl Turn<'_> {
    fn tell(&mut self, event: CourierEvent) {
        self.out.push(Output::Told(event));
    }
}

#[cfg(test)]
mod tests;
