//! The courier's thread: carries inputs to [`bilik_journal::courier`] and its outputs to the hub and the loop.
//!
//! It never waits for the network itself: requests run as tasks, and their answers come back as inputs. So a claim is kept
//! within the time of a disk write, even while an upload hangs. Nothing is decided here.
//!
//! Two promises hold even if the thread or a task ends by panic: a participant who waits for their claim to be kept is told
//! that it was not ([`Waiting`]), and a request that was started is answered ([`Asked`]).

use crate::clock;
use crate::hub_http::HubHttp;
use bilik_claim::ids::ClaimId;
use bilik_claim::session::claim::FinishedClaim;
use bilik_journal::courier::{Answer, Courier as Core, CourierEvent, Input, Moment, Output, Trouble};
use bilik_journal::{BoothAudit, Journal, JournalConfig};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tracing::error;

pub use bilik_journal::chain;

/// Hears the news; on the courier's thread, and on that of whoever sees it end.
pub type Events = Arc<dyn Fn(CourierEvent) + Send + Sync>;

enum Command {
    Keep(Box<FinishedClaim>, Waiting),
    Other(Input),
    Stop,
}

/// Handle of the thread; stops and joins it when dropped.
pub struct Courier {
    commands: mpsc::Sender<Command>,
    events: Events,
    thread: Option<JoinHandle<()>>,
}

pub struct CourierConfig {
    pub state_dir: PathBuf,
    pub journal: JournalConfig,
    pub http: HubHttp,
}

impl Courier {
    pub fn start(config: CourierConfig, events: Events) -> std::io::Result<Self> {
        let (commands, receiver) = mpsc::channel();
        let CourierConfig { state_dir, journal, http } = config;
        let open = Box::new(move |at| Journal::open(&state_dir, journal.clone(), at));
        let worker =
            Worker { core: Core::new(open), http, sender: commands.clone(), end: End { events: events.clone() } };
        let thread = std::thread::Builder::new().name("courier".into()).spawn(move || worker.run(&receiver))?;
        Ok(Self { commands, events, thread: Some(thread) })
    }

    /// The answer is one [`CourierEvent::Kept`] or [`CourierEvent::KeepFailed`], whatever happens.
    pub fn keep(&self, claim: Box<FinishedClaim>) {
        let waiting = Waiting { claim: claim.record.claim, told: false, events: self.events.clone() };
        self.tell(Command::Keep(claim, waiting));
    }

    pub fn hub_reachable(&self, reachable: bool) {
        self.tell(Command::Other(Input::Hub(reachable)));
    }

    /// For the audit trail.
    pub fn note(&self, event: BoothAudit) {
        self.tell(Command::Other(Input::Note(event)));
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

struct Worker {
    core: Core,
    http: HubHttp,
    sender: mpsc::Sender<Command>,
    end: End,
}

impl Worker {
    fn run(mut self, commands: &mpsc::Receiver<Command>) {
        self.handle(Input::Tick);
        loop {
            let pause = self.core.deadline().map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()));
            match commands.recv_timeout(pause) {
                Ok(Command::Keep(claim, waiting)) => {
                    self.handle(Input::Keep(claim));
                    // The core answers within the call.
                    waiting.told();
                }
                Ok(Command::Other(input)) => self.handle(input),
                Err(mpsc::RecvTimeoutError::Timeout) => self.handle(Input::Tick),
                Ok(Command::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn handle(&mut self, input: Input) {
        let now = Moment { instant: Instant::now(), wall: clock::now().wall };
        for output in self.core.handle(input, now, &mut rand::random::<f64>) {
            match output {
                Output::Put { request, claim, digest, sealed } => {
                    self.ask(request, Some(claim), |http| http.put_part(digest, sealed));
                }
                Output::Commit { request, claim, manifest } => {
                    self.ask(request, Some(claim), |http| http.commit(manifest));
                }
                Output::Reconcile { request, note } => self.ask(request, None, |http| http.reconcile(note)),
                Output::Told(event) => (self.end.events)(event),
            }
        }
    }

    fn ask<R: Future<Output = Answer> + Send + 'static>(
        &self,
        request: u64,
        claim: Option<ClaimId>,
        start: impl FnOnce(HubHttp) -> R,
    ) {
        let asked = Asked { request, claim, answer: None, sender: self.sender.clone() };
        let answer = start(self.http.clone());
        self.http.spawn(async move {
            let mut asked = asked;
            asked.answer = Some(answer.await);
        });
    }
}

/// Somebody waits for a claim to be kept. Dropped without an answer, by whoever has it then, it says that it was not.
struct Waiting {
    claim: ClaimId,
    told: bool,
    events: Events,
}

impl Waiting {
    fn told(mut self) {
        self.told = true;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.told {
            (self.events)(CourierEvent::KeepFailed { claim: self.claim });
        }
    }
}

/// A request under way. Its answer is sent when the task is over, however that came.
struct Asked {
    request: u64,
    /// None if it is about receipts.
    claim: Option<ClaimId>,
    answer: Option<Answer>,
    sender: mpsc::Sender<Command>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        let answer = self.answer.take().unwrap_or_else(|| Answer::Unreachable("request was given up".into()));
        let request = self.request;
        let input = match self.claim {
            Some(claim) => Input::Answered { request, claim, answer },
            None => Input::Reconciled { request, answer },
        };
        // Nobody is there to hear it only when the booth stops.
        let _ = self.sender.send(Command::Other(input));
    }
}

/// Takes the booth out of service when the thread ends by panic.
struct End {
    events: Events,
}

impl Drop for End {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.events)(CourierEvent::Ready(Err(Trouble::Failed)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use uuid::Uuid;

    const CLAIM: ClaimId = ClaimId(Uuid::nil());

    fn listen() -> (Events, Arc<Mutex<Vec<CourierEvent>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = heard.clone();
        (Arc::new(move |event| ear.lock().unwrap().push(event)), heard)
    }

    #[test]
    fn whoever_waits_is_told_once_even_if_nobody_answers() {
        let check = |answer: &dyn Fn(Waiting), expect: &[CourierEvent]| {
            let (events, heard) = listen();
            answer(Waiting { claim: CLAIM, told: false, events });
            assert_eq!(*heard.lock().unwrap(), expect);
        };
        let failed = [CourierEvent::KeepFailed { claim: CLAIM }];
        check(&Waiting::told, &[]);
        check(&drop, &failed);
        // In the hands of a thread that panics.
        check(&|waiting| drop(std::thread::spawn(move || panic!("with {} in hand", waiting.claim)).join()), &failed);
        // On its way to a thread that is gone.
        check(
            &|waiting| {
                let (sender, receiver) = mpsc::channel();
                sender.send(waiting).unwrap();
                drop(receiver);
            },
            &failed,
        );
    }

    #[test]
    fn thread_that_panics_takes_the_booth_out_of_service() {
        let (events, heard) = listen();
        let end = End { events: events.clone() };
        let _ = std::thread::spawn(move || {
            let _end = end;
            panic!("specimen")
        })
        .join();
        drop(End { events });
        assert_eq!(*heard.lock().unwrap(), [CourierEvent::Ready(Err(Trouble::Failed))]);
    }

    #[test]
    fn request_is_answered_even_if_its_task_is_dropped() {
        let check = |claim: Option<ClaimId>, answer: Option<Answer>, expect: &str| {
            let (sender, receiver) = mpsc::channel();
            drop(Asked { request: 3, claim, answer, sender });
            let answer = match (claim, receiver.recv().unwrap()) {
                (Some(_), Command::Other(Input::Answered { request: 3, answer, .. })) => answer,
                (None, Command::Other(Input::Reconciled { request: 3, answer })) => answer,
                _ => panic!("no answer"),
            };
            assert!(format!("{answer:?}").starts_with(expect), "{answer:?}");
        };
        for claim in [Some(CLAIM), None] {
            check(claim, Some(Answer::Failed("no".into())), "Failed");
            check(claim, None, "Unreachable");
        }
    }
}
