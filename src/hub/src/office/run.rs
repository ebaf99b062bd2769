//! The shell around [`Office`]: one loop, one closed set of inputs, one owner of the state.
//!
//! A connection has a bounded outbox. Who does not read fast enough to keep it from filling is cut off alone; the loop
//! never waits for anybody.

use super::{Connection, Effect, Look, Office, OfficerCard, PhotoRefusal, Seen};
use crate::clock::Now;
use crate::ledger::{AuditEvent, Figures, SessionDecision};
use crate::listener::stopped;
use crate::metrics::{Counter, Metrics, Status};
use crate::scribe::{Entry, Scribe};
use crate::seal::Sealer;
use bilik_claim::document::DocumentKind;
use bilik_claim::ids::{BoothId, OfficerId, SessionId};
use bilik_claim::personal::PersonalBytes;
use bilik_claim::wire::{BoothToHub, ConsoleToHub, HubToConsole, Refusal, encode};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Frames that wait for a slow reader before it is cut off.
const OUTBOX: usize = 256;
/// Inputs that wait for the loop; senders wait when it is full.
const INBOX: usize = 1024;
/// How often time passes without an event. Every limit of the office is a multiple of it.
const TICK: Duration = Duration::from_millis(250);

/// Why the hub closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Another protocol version, or no hello.
    Protocol,
    /// Frames that are no messages.
    Malformed,
    TooFast,
    TooSlow,
    Silent,
    Replaced,
    LoggedOut,
    Stopping,
}

impl CloseReason {
    /// WebSocket close code: RFC 6455 where it has one, else from the private range.
    pub fn code(self) -> u16 {
        match self {
            CloseReason::Stopping => 1001,
            CloseReason::Malformed => 1007,
            CloseReason::LoggedOut => 4401,
            CloseReason::Silent => 4408,
            CloseReason::Replaced => 4409,
            CloseReason::TooSlow => 4413,
            CloseReason::Protocol => 4426,
            CloseReason::TooFast => 4429,
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            CloseReason::Stopping => "the hub stops",
            CloseReason::Malformed => "not a message",
            CloseReason::LoggedOut => "no longer logged in",
            CloseReason::Silent => "nothing heard",
            CloseReason::Replaced => "replaced by a newer connection",
            CloseReason::TooSlow => "reads too slowly",
            CloseReason::Protocol => "another protocol",
            CloseReason::TooFast => "sends too fast",
        }
    }
}

/// What a connection task writes.
#[derive(Debug)]
pub enum Outgoing {
    Frame(String),
    /// Say why, then close.
    Close(CloseReason),
}

/// The reading end of a connection's outbox. When it ends, the connection is to be closed.
pub type Outbox = mpsc::Receiver<Outgoing>;

enum Input {
    BoothUp {
        booth: BoothId,
        name: String,
        connection: Connection,
        outbox: mpsc::Sender<Outgoing>,
    },
    BoothSaid {
        booth: BoothId,
        connection: Connection,
        message: BoothToHub,
    },
    ConsoleUp {
        card: OfficerCard,
        connection: Connection,
        outbox: mpsc::Sender<Outgoing>,
    },
    ConsoleSaid {
        officer: OfficerId,
        connection: Connection,
        message: ConsoleToHub,
    },
    /// A console's frame was refused before it got here.
    Refuse {
        connection: Connection,
        reason: Refusal,
    },
    /// A connection has ended, and when its other end was last heard.
    Lost(Connection, Instant),
    OfficerLeft(OfficerId),
    PutPhoto {
        booth: BoothId,
        session: SessionId,
        kind: DocumentKind,
        number: u32,
        photo: Arc<PersonalBytes>,
        reply: oneshot::Sender<Result<(), PhotoRefusal>>,
    },
    HasPhoto {
        booth: BoothId,
        session: SessionId,
        kind: DocumentKind,
        number: u32,
        reply: oneshot::Sender<bool>,
    },
    Photo {
        officer: OfficerId,
        session: SessionId,
        kind: DocumentKind,
        number: u32,
        reply: oneshot::Sender<Result<Option<Look>, PhotoRefusal>>,
    },
    Figures(Figures),
    ShutOut {
        booths: Vec<BoothId>,
        officers: Vec<OfficerId>,
    },
    Fleet(oneshot::Sender<BTreeMap<BoothId, Seen>>),
    Status(oneshot::Sender<Status>),
}

/// How everybody else talks to the office.
#[derive(Clone)]
pub struct Switchboard {
    inbox: mpsc::Sender<Input>,
    connections: Arc<AtomicU64>,
}

/// Starts the loop. It ends when `stop` turns true, after telling every connection.
pub fn spawn(
    office: Office,
    scribe: Scribe,
    metrics: Arc<Metrics>,
    sealer: Sealer,
    stop: watch::Receiver<bool>,
) -> (Switchboard, JoinHandle<()>) {
    let (inbox, inputs) = mpsc::channel(INBOX);
    let shell = Shell { office, scribe, metrics, sealer, outboxes: HashMap::new() };
    let task = tokio::spawn(shell.run(inputs, stop));
    (Switchboard { inbox, connections: Arc::default() }, task)
}

impl Switchboard {
    /// A booth has said hello over a new connection.
    pub async fn booth_up(&self, booth: BoothId, name: String) -> (Connection, Outbox) {
        let (connection, (outbox, reader)) = (self.next(), mpsc::channel(OUTBOX));
        self.send(Input::BoothUp { booth, name, connection, outbox }).await;
        (connection, reader)
    }

    pub async fn booth_said(&self, booth: BoothId, connection: Connection, message: BoothToHub) {
        self.send(Input::BoothSaid { booth, connection, message }).await;
    }

    /// An officer's console has said hello over a new connection.
    pub async fn console_up(&self, card: OfficerCard) -> (Connection, Outbox) {
        let (connection, (outbox, reader)) = (self.next(), mpsc::channel(OUTBOX));
        self.send(Input::ConsoleUp { card, connection, outbox }).await;
        (connection, reader)
    }

    pub async fn console_said(&self, officer: OfficerId, connection: Connection, message: ConsoleToHub) {
        self.send(Input::ConsoleSaid { officer, connection, message }).await;
    }

    /// Tells a console that one of its frames was no message.
    pub async fn refuse(&self, connection: Connection, reason: Refusal) {
        self.send(Input::Refuse { connection, reason }).await;
    }

    /// A connection has ended; `heard` is when its other end last gave a sign of life.
    pub async fn lost(&self, connection: Connection, heard: Instant) {
        self.send(Input::Lost(connection, heard)).await;
    }

    pub async fn officer_left(&self, officer: OfficerId) {
        self.send(Input::OfficerLeft(officer)).await;
    }

    pub async fn put_photo(
        &self,
        booth: BoothId,
        session: SessionId,
        kind: DocumentKind,
        number: u32,
        photo: Arc<PersonalBytes>,
    ) -> Result<(), PhotoRefusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Input::PutPhoto { booth, session, kind, number, photo, reply }).await;
        // No answer: the hub stops, and with it the session.
        answer.await.unwrap_or(Err(PhotoRefusal::NotYours))
    }

    pub async fn has_photo(&self, booth: BoothId, session: SessionId, kind: DocumentKind, number: u32) -> bool {
        let (reply, answer) = oneshot::channel();
        self.send(Input::HasPhoto { booth, session, kind, number, reply }).await;
        answer.await.unwrap_or(false)
    }

    pub async fn photo(
        &self,
        officer: OfficerId,
        session: SessionId,
        kind: DocumentKind,
        number: u32,
    ) -> Result<Option<Look>, PhotoRefusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Input::Photo { officer, session, kind, number, reply }).await;
        answer.await.unwrap_or(Err(PhotoRefusal::NotYours))
    }

    pub async fn set_figures(&self, figures: Figures) {
        self.send(Input::Figures(figures)).await;
    }

    pub async fn shut_out(&self, booths: Vec<BoothId>, officers: Vec<OfficerId>) {
        self.send(Input::ShutOut { booths, officers }).await;
    }

    /// Every booth that has been heard in this run.
    pub async fn fleet(&self) -> BTreeMap<BoothId, Seen> {
        let (reply, answer) = oneshot::channel();
        self.send(Input::Fleet(reply)).await;
        answer.await.unwrap_or_default()
    }

    pub async fn status(&self) -> Status {
        let (reply, answer) = oneshot::channel();
        self.send(Input::Status(reply)).await;
        answer.await.unwrap_or_default()
    }

    async fn send(&self, input: Input) {
        // Fails when the hub stops: the outboxes end then, and the connection tasks with them.
        let _ = self.inbox.send(input).await;
    }

    fn next(&self) -> Connection {
        Connection(self.connections.fetch_add(1, Ordering::Relaxed))
    }
}

struct Shell {
    office: Office,
    scribe: Scribe,
    metrics: Arc<Metrics>,
    sealer: Sealer,
    outboxes: HashMap<Connection, mpsc::Sender<Outgoing>>,
}

impl Shell {
    async fn run(mut self, mut inputs: mpsc::Receiver<Input>, mut stop: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                input = inputs.recv() => match input {
                    Some(input) => self.handle(input, Now::read()),
                    None => break,
                },
                _ = tick.tick() => self.office.tick(Now::read()),
                () = stopped(&mut stop) => break,
            }
            self.carry_out();
        }
        self.office.close(Now::read());
        self.carry_out();
        for outbox in self.outboxes.into_values() {
            let _ = outbox.try_send(Outgoing::Close(CloseReason::Stopping));
        }
    }

    fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::BoothUp { booth, name, connection, outbox } => {
                self.outboxes.insert(connection, outbox);
                self.office.booth_up(booth, name, connection, now);
            }
            Input::BoothSaid { booth, connection, message } => self.office.booth_said(booth, connection, message, now),
            Input::ConsoleUp { card, connection, outbox } => {
                self.outboxes.insert(connection, outbox);
                self.office.console_up(card, connection, now);
            }
            Input::ConsoleSaid { officer, connection, message } => {
                self.office.console_said(officer, connection, message, now);
            }
            Input::Refuse { connection, reason } => {
                self.deliver(connection, encode(&HubToConsole::Refused { reason }));
            }
            Input::Lost(connection, heard) => {
                self.outboxes.remove(&connection);
                self.office.connection_lost(connection, heard, now);
            }
            Input::OfficerLeft(officer) => self.office.officer_left(officer, now),
            Input::PutPhoto { booth, session, kind, number, photo, reply } => {
                let _ = reply.send(self.office.put_photo(booth, session, kind, number, photo));
            }
            Input::HasPhoto { booth, session, kind, number, reply } => {
                let _ = reply.send(self.office.has_photo(booth, session, kind, number));
            }
            Input::Photo { officer, session, kind, number, reply } => {
                let _ = reply.send(self.office.photo(officer, session, kind, number));
            }
            Input::Figures(figures) => self.office.set_figures(figures, now),
            Input::ShutOut { booths, officers } => self.office.shut_out(&booths, &officers, now),
            Input::Fleet(reply) => {
                let _ = reply.send(self.office.fleet(now));
            }
            Input::Status(reply) => {
                let _ = reply.send(self.office.status());
            }
        }
    }

    /// Until nothing is left to do: cutting a slow reader off is an event with effects of its own.
    fn carry_out(&mut self) {
        loop {
            let effects = self.office.drain();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::ToBooth(connection, message) => self.deliver(connection, encode(&message)),
                    Effect::ToConsole(connection, message) => self.deliver(connection, encode(&message)),
                    Effect::Close(connection, reason) => {
                        if let Some(outbox) = self.outboxes.remove(&connection) {
                            let _ = outbox.try_send(Outgoing::Close(reason));
                        }
                    }
                    Effect::Audit(event) => self.scribe.write(Entry::Audit(event)),
                    Effect::Decided(decision, note) => {
                        let note = note.and_then(|words| self.sealer.note(&words));
                        self.scribe.write(Entry::Decided(SessionDecision { note, ..decision }));
                    }
                    Effect::Visit(visit) => {
                        self.metrics.figures().visit(&visit);
                        self.scribe.write(Entry::Visit(visit));
                    }
                    Effect::Duty(duty) => {
                        self.metrics.figures().duty(&duty);
                        self.scribe.write(Entry::Duty(duty));
                    }
                    Effect::Rated { claim, booth, rating } => self.scribe.write(Entry::Rated { claim, booth, rating }),
                    Effect::Trail { booth, trail, events } => {
                        events.iter().for_each(|event| self.count(event));
                        self.scribe.write(Entry::Trail { booth, trail, events });
                    }
                }
            }
        }
    }

    fn count(&self, event: &AuditEvent) {
        if let AuditEvent::BoothTrailCut { .. } = event {
            self.metrics.count(Counter::BoothTrailsCut);
        }
        if let AuditEvent::BoothLostClaims { count, .. } = event {
            self.metrics.add(Counter::BoothClaimsLost, u64::from(*count));
        }
    }

    fn deliver(&mut self, connection: Connection, frame: String) {
        let Some(outbox) = self.outboxes.get(&connection) else { return };
        match outbox.try_send(Outgoing::Frame(frame)) {
            Ok(()) => self.metrics.count(Counter::FramesOut),
            Err(TrySendError::Full(_)) => {
                tracing::warn!(connection = connection.0, "a connection reads too slowly and is cut off");
                self.metrics.count(Counter::CutOff);
                self.lost(connection);
            }
            Err(TrySendError::Closed(_)) => self.lost(connection),
        }
    }

    fn lost(&mut self, connection: Connection) {
        let now = Now::read();
        self.outboxes.remove(&connection);
        self.office.connection_lost(connection, now.instant, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Role;
    use crate::office::Settings;
    use crate::scribe;
    use crate::seal::Identities;
    use crate::sqlite::temporary;
    use bilik_claim::ids::Digest;
    use uuid::Uuid;

    #[tokio::test]
    async fn who_does_not_read_is_cut_off_alone() {
        let (_dir, ledger) = temporary();
        let metrics = Arc::new(Metrics::default());
        let (scribe, _) = scribe::spawn(Arc::new(ledger), Arc::clone(&metrics));
        let settings = Settings { branch_name: "Cabang Uji".into(), default_capacity: 4, utc_offset_hours: 7 };
        let (stopper, stop) = watch::channel(false);
        let sealer = Identities::new(age::x25519::Identity::generate(), vec![]).sealer();
        let (office, task) = spawn(Office::new(settings, 0), scribe, metrics, sealer, stop);
        let card = |number| OfficerCard {
            officer: OfficerId(Uuid::from_u128(number)),
            name: "Petugas".into(),
            role: Role::Officer,
            languages: vec![],
            login: Digest::of(b""),
        };
        let (slow, mut unread) = office.console_up(card(1)).await;
        let (fast, mut read) = office.console_up(card(2)).await;
        for _ in 0..OUTBOX {
            office.console_said(card(1).officer, slow, ConsoleToHub::Ping).await;
            office.console_said(card(2).officer, fast, ConsoleToHub::Ping).await;
            read.recv().await.unwrap();
        }
        assert_eq!(office.status().await.consoles, 1);
        let mut frames = 0;
        while unread.recv().await.is_some() {
            frames += 1;
        }
        assert_eq!(frames, OUTBOX, "the outbox ends when its frames are read");

        stopper.send(true).unwrap();
        task.await.unwrap();
        let mut last = None;
        while let Some(outgoing) = read.recv().await {
            last = Some(outgoing);
        }
        assert!(matches!(last, Some(Outgoing::Close(CloseReason::Stopping))), "{last:?}");
    }
}
