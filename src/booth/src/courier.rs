//! Owns the journal and brings its claims to the hub.
//!
//! One thread: keeps claims as soon as they come, and between them does what the outbox says next. It never waits for
//! the network itself: requests run as tasks, one at a time, and their answers come back as commands. So a claim is
//! kept within the time of a disk write, even while an upload hangs.

use crate::hub_http::{Answer, HubHttp};
use bilik_claim::ids::{ClaimId, TrackingCode, WallTime};
use bilik_claim::session::claim::FinishedClaim;
use bilik_journal::outbox::{Event, Outbox};
use bilik_journal::{Journal, JournalConfig, JournalError, MAX_CLAIM, Request};
use ed25519_dalek::VerifyingKey;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tracing::{error, info, warn};

/// How often the room on the disk is looked at while nothing else happens.
const LOOK: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub enum CourierEvent {
    /// Durably in the journal.
    Kept {
        claim: ClaimId,
        tracking: TrackingCode,
    },
    KeepFailed {
        claim: ClaimId,
    },
    /// The hub's receipt is verified, the sealed bytes are erased.
    Confirmed {
        claim: ClaimId,
    },
    /// How many claims the hub has not confirmed.
    Queue {
        queued: u32,
    },
    /// Whether another claim could be kept.
    Ready(Result<(), Trouble>),
}

/// Why no claim can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Full,
    Failed,
}

enum Command {
    Keep(Box<FinishedClaim>, WallTime),
    Hub(bool),
    /// With the number of the request.
    Answered(u64, ClaimId, Answer),
    Stop,
}

/// Handle of the thread; stops and joins it when dropped.
pub struct Courier {
    commands: mpsc::Sender<Command>,
    thread: Option<JoinHandle<()>>,
}

pub struct CourierConfig {
    pub state_dir: PathBuf,
    /// Makes the journal's configuration, each time that it is opened.
    pub journal: Box<dyn Fn() -> JournalConfig + Send>,
    pub receipt_key: VerifyingKey,
    pub http: HubHttp,
}

impl Courier {
    pub fn start(config: CourierConfig, events: impl Fn(CourierEvent) + Send + 'static) -> std::io::Result<Self> {
        let (commands, receiver) = mpsc::channel();
        let sender = commands.clone();
        let thread = std::thread::Builder::new().name("courier".into()).spawn(move || {
            let mut requests = 0;
            // A journal that has stopped tells again what is on disk once it is opened anew.
            loop {
                let opened = match Journal::open(&config.state_dir, (config.journal)()) {
                    Ok(opened) => opened,
                    Err(error) => {
                        error!(error = %chain(&error), "journal cannot be opened");
                        if without_journal(&receiver, &events) {
                            return;
                        }
                        continue;
                    }
                };
                if let Some(aside) = opened.set_aside {
                    error!(file = %aside.path.display(), "journal was damaged and is set aside; a technician can recover it");
                }
                let worker = Worker {
                    journal: opened.journal,
                    outbox: Outbox::new(),
                    http: config.http.clone(),
                    receipt_key: config.receipt_key,
                    sender: sender.clone(),
                    events: &events,
                    in_flight: None,
                    requests: &mut requests,
                    trouble: None,
                    looked: None,
                    stopped: false,
                };
                if worker.run(&receiver) || without_journal(&receiver, &events) {
                    return;
                }
            }
        })?;
        Ok(Self { commands, thread: Some(thread) })
    }

    pub fn keep(&self, claim: Box<FinishedClaim>, at: WallTime) {
        self.tell(Command::Keep(claim, at));
    }

    pub fn hub_reachable(&self, reachable: bool) {
        self.tell(Command::Hub(reachable));
    }

    fn tell(&self, command: Command) {
        if self.commands.send(command).is_err() {
            error!("courier has stopped");
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.tell(Command::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("courier ended by panic");
        }
    }
}

struct Worker<'a, F> {
    journal: Journal,
    outbox: Outbox,
    http: HubHttp,
    receipt_key: VerifyingKey,
    sender: mpsc::Sender<Command>,
    events: F,
    /// The request that is under way. Numbers go on when the journal is opened anew, so a late answer is known as one.
    in_flight: Option<u64>,
    requests: &'a mut u64,
    trouble: Option<Result<(), Trouble>>,
    looked: Option<Instant>,
    /// The journal has stopped.
    stopped: bool,
}

impl<F: Fn(CourierEvent)> Worker<'_, F> {
    /// True when the booth stops, false when the journal has.
    fn run(mut self, commands: &mpsc::Receiver<Command>) -> bool {
        match self.journal.pending() {
            Ok(events) => events.into_iter().for_each(|event| self.outbox_event(event)),
            Err(error) => self.journal_failed("list the queue", &error),
        }
        self.tell_queue();
        while !self.stopped {
            self.look_at_room();
            let until = if self.in_flight.is_some() { None } else { self.send_next() };
            let pause = until.map_or(LOOK, |until| until.saturating_duration_since(Instant::now()).min(LOOK));
            match commands.recv_timeout(pause) {
                Ok(Command::Keep(claim, at)) => self.keep(&claim, at),
                Ok(Command::Hub(true)) => self.outbox_event(Event::HubReachable),
                Ok(Command::Hub(false)) => self.outbox_event(Event::HubUnreachable),
                Ok(Command::Answered(request, claim, answer)) => self.answered(request, claim, answer),
                Ok(Command::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return true,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
        false
    }

    fn keep(&mut self, claim: &FinishedClaim, at: WallTime) {
        let id = claim.record.claim;
        match self.journal.keep(claim, at) {
            Ok(kept) => {
                info!(claim = %id, sequence = kept.sequence, "claim kept");
                (self.events)(CourierEvent::Kept { claim: id, tracking: kept.tracking.clone() });
                match self.journal.announce(&kept) {
                    Ok(event) => event.into_iter().for_each(|event| self.outbox_event(event)),
                    Err(error) => self.journal_failed("announce a claim", &error),
                }
                self.tell_queue();
            }
            Err(error) => {
                self.journal_failed("keep a claim", &error);
                (self.events)(CourierEvent::KeepFailed { claim: id });
            }
        }
        self.looked = None;
    }

    /// Starts the next request, or says until when there is none.
    fn send_next(&mut self) -> Option<Instant> {
        loop {
            match self.journal.prepare(self.outbox.next(Instant::now())) {
                Ok(Request::Part { claim, digest, sealed }) => {
                    self.start(claim, move |http| async move { http.put_part(digest, sealed).await });
                    return None;
                }
                Ok(Request::Manifest { claim, manifest }) => {
                    self.start(claim, move |http| async move { http.commit(manifest).await });
                    return None;
                }
                Ok(Request::Changed(event)) => self.outbox_event(event),
                Ok(Request::Wait { until }) => {
                    if let Err(error) = self.journal.tend() {
                        self.journal_failed("tend the journal", &error);
                    }
                    return until;
                }
                Err(error) => {
                    self.journal_failed("read the queue", &error);
                    return None;
                }
            }
        }
    }

    fn start<R: Future<Output = Answer> + Send + 'static>(
        &mut self,
        claim: ClaimId,
        request: impl FnOnce(HubHttp) -> R,
    ) {
        let (sender, request) = (self.sender.clone(), request(self.http.clone()));
        *self.requests += 1;
        let number = *self.requests;
        self.in_flight = Some(number);
        self.http.spawn(async move {
            let answer = request.await;
            // Nobody is there to hear it only when the booth stops.
            let _ = sender.send(Command::Answered(number, claim, answer));
        });
    }

    fn answered(&mut self, request: u64, claim: ClaimId, answer: Answer) {
        if self.in_flight == Some(request) {
            self.in_flight = None;
        }
        match answer {
            Answer::PartAccepted(digest) => self.outbox_event(Event::PartAccepted { claim, digest }),
            Answer::Commit(answer) => match self.journal.answer(claim, answer, &self.receipt_key) {
                Ok(event) => {
                    match &event {
                        Event::Receipt { .. } => {
                            info!(%claim, "claim confirmed by the hub and erased here");
                            (self.events)(CourierEvent::Confirmed { claim });
                        }
                        Event::Refused { .. } => {
                            error!(%claim, "claim refused by the hub; it stays here for a technician")
                        }
                        Event::Kept { .. }
                        | Event::Found { .. }
                        | Event::HubReachable
                        | Event::HubUnreachable
                        | Event::PartAccepted { .. }
                        | Event::Missing { .. }
                        | Event::Failed { .. }
                        | Event::TransportFailed { .. } => {}
                    }
                    self.outbox_event(event);
                    self.tell_queue();
                }
                Err(error) => {
                    self.journal_failed("record the hub's answer", &error);
                    self.outbox_event(Event::Failed { claim });
                }
            },
            Answer::Failed(why) => {
                warn!(%claim, %why, "the hub did not take it");
                self.outbox_event(Event::Failed { claim });
            }
            Answer::Unreachable(why) => {
                warn!(%claim, %why, "the hub was not reached");
                self.outbox_event(Event::TransportFailed { claim });
            }
        }
    }

    fn outbox_event(&mut self, event: Event) {
        self.outbox.handle(event, Instant::now(), &mut rand::random::<f64>);
    }

    fn look_at_room(&mut self) {
        if self.looked.is_some_and(|at| at.elapsed() < LOOK) {
            return;
        }
        self.looked = Some(Instant::now());
        let state = match self.journal.has_room(MAX_CLAIM) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Trouble::Full),
            Err(error) => {
                error!(error = %chain(&error), "journal cannot tell its room");
                Err(Trouble::Failed)
            }
        };
        if self.trouble != Some(state) {
            self.trouble = Some(state);
            (self.events)(CourierEvent::Ready(state));
        }
    }

    fn tell_queue(&self) {
        match self.journal.stats() {
            Ok(stats) => {
                let queued = u32::try_from(stats.queued + stats.refused).unwrap_or(u32::MAX);
                (self.events)(CourierEvent::Queue { queued });
            }
            Err(error) => error!(error = %chain(&error), "queue cannot be counted"),
        }
    }

    fn journal_failed(&mut self, operation: &str, error: &JournalError) {
        error!(error = %chain(error), "failed to {operation}");
        self.looked = None;
        self.stopped = matches!(error, JournalError::Failed(_));
    }
}

/// For a while the booth goes on without a queue: it takes nobody, and says no to a claim that is under way. True when the
/// booth stops.
fn without_journal(commands: &mpsc::Receiver<Command>, events: &impl Fn(CourierEvent)) -> bool {
    events(CourierEvent::Ready(Err(Trouble::Failed)));
    let until = Instant::now() + LOOK;
    loop {
        match commands.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Command::Keep(claim, _)) => events(CourierEvent::KeepFailed { claim: claim.record.claim }),
            Ok(Command::Hub(_) | Command::Answered(..)) => {}
            Ok(Command::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return true,
            Err(mpsc::RecvTimeoutError::Timeout) => return false,
        }
    }
}

/// An error with all its causes, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
