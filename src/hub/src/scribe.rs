//! Writes down what the office decides, behind the loop: the loop never waits for the disk.
//!
//! Entries keep their order. [`Scribe::flush`] returns once everything that was written before is in the ledger; the
//! intake asks for it before it keeps a claim, so that the officer's decision is there to vouch for it.

use crate::clock::wall_now;
use crate::ledger::{AuditEvent, Ledger, LedgerError};
use crate::metrics::{Counter, Metrics};
use bilik_claim::ids::{BoothId, ClaimId, OfficerId, SessionId, WallTime};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Entries that wait for the disk. A minute of a busy office is a few hundred.
const QUEUE: usize = 4096;
/// Entries for one transaction.
const BATCH: usize = 64;

/// What is written down.
#[derive(Debug)]
pub enum Entry {
    Audit(AuditEvent),
    Decided { session: SessionId, officer: OfficerId, verified: bool },
    Rated { claim: ClaimId, booth: BoothId, rating: u8 },
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
}

/// Starts the scribe. It ends when every [`Scribe`] is dropped, after the last entry is written.
pub fn spawn(ledger: Arc<dyn Ledger>, metrics: Arc<Metrics>) -> (Scribe, JoinHandle<()>) {
    let (jobs, mut queue) = mpsc::channel(QUEUE);
    let counters = Arc::clone(&metrics);
    let task = tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(job) = queue.blocking_recv() {
            batch.push(job);
            while batch.len() < BATCH
                && let Ok(job) = queue.try_recv()
            {
                batch.push(job);
            }
            write(ledger.as_ref(), batch.drain(..), &counters);
        }
    });
    (Scribe { jobs, metrics }, task)
}

impl Scribe {
    pub fn write(&self, entry: Entry) {
        if self.jobs.try_send(Job::Entry(wall_now(), entry)).is_err() {
            tracing::error!("an audit entry is lost: the disk does not keep up");
            self.metrics.count(Counter::AuditLost);
        }
    }

    /// Returns once everything before is in the ledger.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.jobs.send(Job::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

fn write(ledger: &dyn Ledger, batch: impl Iterator<Item = Job>, metrics: &Metrics) {
    let mut audit = Vec::new();
    let keep = |result: Result<(), LedgerError>, entries: usize| {
        if let Err(error) = result {
            tracing::error!(%error, entries, "entries are lost");
            (0..entries).for_each(|_| metrics.count(Counter::AuditLost));
        }
    };
    let settle = |audit: &mut Vec<(WallTime, AuditEvent)>| {
        if !audit.is_empty() {
            keep(ledger.record(audit), audit.len());
            audit.clear();
        }
    };
    for job in batch {
        match job {
            Job::Entry(at, Entry::Audit(event)) => audit.push((at, event)),
            Job::Entry(at, Entry::Decided { session, officer, verified }) => {
                settle(&mut audit);
                keep(ledger.decide_session(session, officer, verified, at), 1);
            }
            Job::Entry(at, Entry::Rated { claim, booth, rating }) => {
                keep(ledger.rate_claim(claim, booth, rating, at), 1)
            }
            Job::Flush(done) => {
                settle(&mut audit);
                let _ = done.send(());
            }
        }
    }
    settle(&mut audit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Audit as _, AuditState};
    use crate::sqlite::temporary;
    use uuid::Uuid;

    #[tokio::test]
    async fn what_was_written_before_a_flush_is_in_the_ledger_after_it() {
        let (_dir, ledger) = temporary();
        let ledger = Arc::new(ledger);
        let (scribe, task) = spawn(Arc::clone(&ledger) as Arc<dyn Ledger>, Arc::default());
        for number in 0..100 {
            let officer = OfficerId(Uuid::from_u128(number));
            let entry = match number % 3 {
                0 => Entry::Decided { session: SessionId(Uuid::from_u128(number)), officer, verified: true },
                _ => Entry::Audit(AuditEvent::Login { officer }),
            };
            scribe.write(entry);
        }
        scribe.flush().await;
        assert!(matches!(ledger.verify_audit(None).unwrap(), AuditState::Intact { entries: 100, .. }));
        drop(scribe);
        task.await.unwrap();
    }
}
