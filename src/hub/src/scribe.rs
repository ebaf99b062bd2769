//! Writes down what the office decides, behind the loop: the loop never waits for the disk.
//!
//! Entries keep their order. [`Scribe::flush`] returns once everything that was written before is in the ledger; the
//! intake asks for it before it keeps a claim, so that the officer's decision is there to vouch for it.
//!
//! What the ledger cannot take just now (a full disk, another process at work) is tried again until it can; meanwhile
//! entries wait in the queue. An entry is lost only if the queue is full, the disk has failed for good, or the hub is told
//! to stop and the disk is still full. Then the next entry that can be written is [`AuditEvent::EntriesLost`], in front of
//! what follows: the trail itself says where it has a gap, and how large.

use crate::clock::wall_now;
use crate::ledger::{AuditEvent, BoothTrail, Duty, Ledger, LedgerError, SessionDecision, Visit};
use crate::metrics::{Counter, Metrics};
use bilik_claim::ids::{BoothId, ClaimId, WallTime};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Entries that wait for the disk. A minute of a busy office is a few hundred.
const QUEUE: usize = 4096;
/// Entries for one transaction.
const BATCH: usize = 64;
/// Between two tries of the same entries.
const PAUSE: Duration = Duration::from_secs(1);
/// Tries of the same entries once nobody is left to write more: the hub stops.
const LAST_TRIES: u32 = 3;

/// What is written down.
#[derive(Debug)]
pub enum Entry {
    Audit(AuditEvent),
    Decided(SessionDecision),
    Visit(Box<Visit>),
    Duty(Duty),
    Rated { claim: ClaimId, booth: BoothId, rating: u8 },
    Trail { booth: BoothId, trail: BoothTrail, events: Vec<AuditEvent> },
}

enum Job {
    Entry(WallTime, Entry),
    Flush(oneshot::Sender<()>),
}

/// The way to the scribe.
#[derive(Clone)]
pub struct Scribe {
    jobs: mpsc::Sender<Job>,
    metrics: Arc<Metrics>,
    lost: Arc<AtomicU64>,
}

/// Starts the scribe. It ends when every [`Scribe`] is dropped, after the last entry is written.
pub fn spawn(ledger: Arc<dyn Ledger>, metrics: Arc<Metrics>) -> (Scribe, JoinHandle<()>) {
    start(ledger, metrics, QUEUE, || std::thread::sleep(PAUSE))
}

fn start(
    ledger: Arc<dyn Ledger>,
    metrics: Arc<Metrics>,
    queue: usize,
    pause: impl Fn() + Send + 'static,
) -> (Scribe, JoinHandle<()>) {
    let (jobs, queue) = mpsc::channel(queue);
    let lost = Arc::new(AtomicU64::new(0));
    let scribe = Scribe { jobs, metrics: Arc::clone(&metrics), lost: Arc::clone(&lost) };
    let task = tokio::task::spawn_blocking(move || Writer { ledger, metrics, lost, queue, pause }.run());
    (scribe, task)
}

impl Scribe {
    pub fn write(&self, entry: Entry) {
        let why = match self.jobs.try_send(Job::Entry(wall_now(), entry)) {
            Ok(()) => return,
            Err(TrySendError::Full(_)) => "too many wait for the disk",
            Err(TrySendError::Closed(_)) => "nobody writes any more",
        };
        tracing::error!(why, "an audit entry is lost");
        lose(&self.lost, &self.metrics, 1);
    }

    /// Returns once everything before is in the ledger.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.jobs.send(Job::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

fn lose(lost: &AtomicU64, metrics: &Metrics, entries: u64) {
    lost.fetch_add(entries, Ordering::Relaxed);
    (0..entries).for_each(|_| metrics.count(Counter::AuditLost));
}

/// The other end of the queue.
struct Writer<P> {
    ledger: Arc<dyn Ledger>,
    metrics: Arc<Metrics>,
    lost: Arc<AtomicU64>,
    queue: mpsc::Receiver<Job>,
    pause: P,
}

impl<P: Fn()> Writer<P> {
    fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(job) = self.queue.blocking_recv() {
            batch.push(job);
            while batch.len() < BATCH
                && let Ok(job) = self.queue.try_recv()
            {
                batch.push(job);
            }
            self.write(batch.drain(..));
        }
        // What was lost last has no entry behind it.
        self.settle(&mut Vec::new());
    }

    fn write(&self, batch: impl Iterator<Item = Job>) {
        let mut audit = Vec::new();
        for job in batch {
            match job {
                Job::Entry(at, Entry::Audit(event)) => audit.push((at, event)),
                Job::Entry(at, Entry::Decided(decision)) => {
                    self.settle(&mut audit);
                    self.keep(1, || self.ledger.decide_session(&decision, at));
                }
                Job::Entry(_, Entry::Visit(visit)) => {
                    self.settle(&mut audit);
                    self.keep(1, || self.ledger.note_visit(&visit));
                }
                // No entry of the trail.
                Job::Entry(_, Entry::Duty(duty)) => {
                    self.keep(0, || self.ledger.note_duty(&duty));
                }
                Job::Entry(at, Entry::Rated { claim, booth, rating }) => {
                    self.keep(1, || self.ledger.rate_claim(claim, booth, rating, at));
                }
                Job::Entry(at, Entry::Trail { booth, trail, events }) => {
                    self.settle(&mut audit);
                    // Alone, a head is no entry of the trail: if it is lost, the next one stands for it.
                    self.keep(events.len() as u64, || self.ledger.note_trail(booth, &trail, &events, at));
                }
                Job::Flush(done) => {
                    self.settle(&mut audit);
                    let _ = done.send(());
                }
            }
        }
        self.settle(&mut audit);
    }

    /// Writes what is gathered, after a word about what was lost before it.
    fn settle(&self, audit: &mut Vec<(WallTime, AuditEvent)>) {
        let count = self.lost.swap(0, Ordering::Relaxed);
        let entries = audit.len() as u64;
        if count > 0 {
            audit.insert(0, (wall_now(), AuditEvent::EntriesLost { count }));
        }
        if !audit.is_empty() && !self.keep(entries, || self.ledger.record(audit)) {
            // Counted already; only the word about it has to be written yet.
            self.lost.fetch_add(count, Ordering::Relaxed);
        }
        audit.clear();
    }

    /// Tries until it is kept, or cannot be any more. Whether it was kept.
    fn keep(&self, entries: u64, write: impl Fn() -> Result<(), LedgerError>) -> bool {
        for tries in 1_u32.. {
            match write() {
                Ok(()) => return true,
                Err(error) if error.passes() && (!self.queue.is_closed() || tries < LAST_TRIES) => {
                    tracing::warn!(%error, entries, tries, "entries wait for the ledger");
                    (self.pause)();
                }
                Err(error) => {
                    tracing::error!(%error, entries, "entries are lost");
                    break;
                }
            }
        }
        lose(&self.lost, &self.metrics, entries);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Audit as _, AuditState, DecisionKind};
    use crate::sqlite::{SqliteLedger, temporary};
    use bilik_claim::ids::{OfficerId, SessionId};
    use rusqlite::Connection;
    use std::cell::RefCell;
    use std::sync::Mutex;
    use uuid::Uuid;

    fn login(number: u128) -> Entry {
        Entry::Audit(AuditEvent::Login { officer: OfficerId(Uuid::from_u128(number)) })
    }

    fn decided(number: u128) -> Entry {
        let officer = OfficerId(Uuid::from_u128(number));
        Entry::Decided(SessionDecision {
            session: SessionId(Uuid::from_u128(number)),
            booth: None,
            officer,
            decision: DecisionKind::Verified,
            reasons: vec![],
            note: None,
        })
    }

    /// The trail's texts, in order.
    fn trail(dir: &tempfile::TempDir) -> Vec<String> {
        let connection = Connection::open(dir.path().join("hub.db")).unwrap();
        let mut statement = connection.prepare("SELECT text FROM audit ORDER BY sequence").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn what_was_written_before_a_flush_is_in_the_ledger_after_it() {
        let (_dir, ledger) = temporary();
        let ledger = Arc::new(ledger);
        let (scribe, task) = spawn(Arc::clone(&ledger) as Arc<dyn Ledger>, Arc::default());
        for number in 0..100 {
            scribe.write(if number % 3 == 0 { decided(number) } else { login(number) });
        }
        scribe.flush().await;
        assert!(matches!(ledger.verify_audit(None).unwrap(), AuditState::Intact { entries: 100, .. }));
        drop(scribe);
        task.await.unwrap();
    }

    #[test]
    fn a_flush_waits_for_what_stands_before_it() {
        let check = |entry: Entry| {
            let (dir, ledger) = temporary();
            ledger.set_busy_timeout(Duration::ZERO);
            let other = Connection::open(dir.path().join("hub.db")).unwrap();
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            let other = RefCell::new(Some(other));
            let (done, flushed) = oneshot::channel();
            let flushed = RefCell::new(flushed);
            let pause = || {
                assert!(flushed.borrow_mut().try_recv().is_err(), "it is not written yet");
                *other.borrow_mut() = None;
            };
            let (_jobs, queue) = mpsc::channel(1);
            let (ledger, metrics, lost) = (Arc::new(ledger), Arc::default(), Arc::default());
            let writer = Writer { ledger, metrics, lost, queue, pause };
            writer.write([Job::Entry(WallTime(0), entry), Job::Flush(done)].into_iter());
            flushed.borrow_mut().try_recv().unwrap();
            assert!(other.borrow().is_none(), "it had to wait");
            assert_eq!(trail(&dir).len(), 1);
        };
        check(login(1));
        check(decided(1));
    }

    /// A ledger whose file another process holds until the scribe's pauses let it go.
    struct Held {
        dir: tempfile::TempDir,
        ledger: Arc<SqliteLedger>,
        metrics: Arc<Metrics>,
        scribe: Scribe,
        task: JoinHandle<()>,
    }

    fn held(queue: usize, pause: impl Fn(&mut Option<Connection>) + Send + 'static) -> Held {
        let (dir, ledger) = temporary();
        ledger.set_busy_timeout(Duration::ZERO);
        let other = Connection::open(dir.path().join("hub.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let other = Mutex::new(Some(other));
        let pause = move || pause(&mut other.lock().unwrap());
        let (ledger, metrics) = (Arc::new(ledger), Arc::new(Metrics::default()));
        let (scribe, task) = start(Arc::clone(&ledger) as Arc<dyn Ledger>, Arc::clone(&metrics), queue, pause);
        Held { dir, ledger, metrics, scribe, task }
    }

    #[tokio::test]
    async fn a_passing_fault_loses_nothing() {
        let tries = AtomicU64::new(0);
        let held = held(QUEUE, move |other| {
            // Gone after the fifth try.
            if tries.fetch_add(1, Ordering::Relaxed) == 4 {
                *other = None;
            }
        });
        [login(1), decided(2), login(3)].into_iter().for_each(|entry| held.scribe.write(entry));
        held.scribe.flush().await;
        let texts = trail(&held.dir);
        let decisions: Vec<bool> = texts.iter().map(|text| text.contains("decided")).collect();
        assert_eq!(decisions, [false, true, false], "{texts:?}");
        assert_eq!(held.metrics.get(Counter::AuditLost), 0);
        drop(held.scribe);
        held.task.await.unwrap();
    }

    #[tokio::test]
    async fn what_found_no_place_stands_in_the_trail_as_a_gap() {
        let (waits, waiting) = std::sync::mpsc::channel();
        let (go, gone) = std::sync::mpsc::channel::<()>();
        let held = held(2, move |other| {
            waits.send(()).unwrap();
            gone.recv().unwrap();
            *other = None;
        });
        held.scribe.write(login(0));
        waiting.recv().unwrap();
        // Two find a place, the others do not.
        (1..=10).for_each(|number| held.scribe.write(login(number)));
        go.send(()).unwrap();
        held.scribe.flush().await;
        assert_eq!(held.metrics.get(Counter::AuditLost), 8);
        let texts = trail(&held.dir);
        let lost = r#"{"event":"entries_lost","count":8}"#;
        assert_eq!(texts.iter().filter(|text| *text == lost).count(), 1, "{texts:?}");
        assert_eq!(texts.len(), 4, "{texts:?}");
        assert!(matches!(held.ledger.verify_audit(None).unwrap(), AuditState::Intact { entries: 4, .. }));
        drop(held.scribe);
        held.task.await.unwrap();
    }

    #[tokio::test]
    async fn a_hub_that_stops_does_not_wait_for_ever() {
        let held = held(QUEUE, |_| {});
        (0..10).for_each(|number| held.scribe.write(login(number)));
        drop(held.scribe);
        held.task.await.unwrap();
        assert_eq!((held.metrics.get(Counter::AuditLost), trail(&held.dir).len()), (10, 0));
    }
}
