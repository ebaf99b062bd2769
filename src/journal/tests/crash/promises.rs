//! What was promised, and whether a disk holds it: the claims that a screen called kept or confirmed, against what the
//! production journal finds when it opens what is left.

use crate::hub::{AT, Hub, config, specimen};
use bilik_claim::ids::{ClaimId, WallTime};
use bilik_journal::courier::{Answer, Courier, CourierEvent, Input, Moment, Output};
use bilik_journal::disk::Disk;
use bilik_journal::{Journal, JournalError, Opened, QueueRow, QueueState, Stats, chain};
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

/// The claim that is kept to see that the journal serves on.
const ANOTHER: u128 = u128::MAX;

/// By then a lock is free that nobody holds.
const UNLOCKED: Duration = Duration::from_secs(10);

/// What is done with a journal that holds what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Look,
    /// One more claim is kept, and gets the next number.
    Keep,
    /// And all are delivered.
    Drain,
}

#[derive(Clone, Default)]
pub struct Promises {
    pub kept: BTreeSet<ClaimId>,
    pub confirmed: BTreeSet<ClaimId>,
    /// Claims of which nothing was said yet, or that they are not kept: each may be there.
    pub unsaid: usize,
    pub hub: Hub,
}

impl Promises {
    /// Opens a journal and compares. Says which claims are there.
    pub fn check(&self, disk: &Disk, directory: &Path, after: After) -> Result<BTreeSet<ClaimId>, String> {
        if let Some(problem) = self.hub.problems.first() {
            return Err(problem.clone());
        }
        let text = |error: JournalError| chain(&error);
        let begun = begun(disk, directory)?;
        let Opened { mut journal, set_aside, lost } =
            open(disk, directory, AT).map_err(|e| format!("does not open: {}", text(e)))?;
        if set_aside.is_some() || lost.is_some() {
            return Err(format!("damaged: {set_aside:?}, lost {lost:?}"));
        }
        let rows = journal.list().map_err(text)?;
        let there: BTreeSet<ClaimId> = rows.iter().map(|row| row.claim).collect();
        let numbers = rows.iter().map(|row| row.sequence);
        if there.len() != rows.len() || !numbers.eq(1..=rows.len() as u64) {
            return Err(format!("a claim or a number is there twice, or a number is missing: {rows:?}"));
        }
        // It tells of what the end of a log takes with it, and which numbers are given out.
        if begun < rows.len() as u64 {
            return Err(format!("{} numbers are used, and the head knows of {begun}", rows.len()));
        }
        if let Some(claim) = self.kept.difference(&there).next() {
            return Err(format!("{claim} was kept and is gone"));
        }
        if there.difference(&self.kept).count() > self.unsaid {
            return Err(format!("there are claims of nobody: {there:?}"));
        }
        rows.iter().try_for_each(|row| self.check_row(&journal, row))?;
        if after == After::Look {
            return Ok(there);
        }
        let another = journal.keep(&specimen(ANOTHER), AT).map_err(|e| format!("serves no more: {}", text(e)))?;
        if another.sequence != rows.len() as u64 + 1 {
            return Err(format!("number {} is given out behind {}", another.sequence, rows.len()));
        }
        drop(journal);
        if after == After::Drain {
            self.drain(disk, directory, &there)?;
        }
        Ok(there)
    }

    fn check_row(&self, journal: &Journal, row: &QueueRow) -> Result<(), String> {
        let claim = row.claim;
        let filed = self.hub.ledger.get(&claim);
        if filed.is_some_and(|filed| filed.sequence != row.sequence) {
            return Err(format!("{claim} has another number than the hub knows"));
        }
        match &row.state {
            QueueState::Held { ledger_sequence } => {
                if filed.map_or(!self.hub.has_forgotten(claim), |filed| filed.number != *ledger_sequence) {
                    return Err(format!("{claim} has a receipt, and the hub never had it"));
                }
                // Its parts are looked at when it is recalled.
                Ok(())
            }
            QueueState::Confirmed { ledger_sequence } => {
                if filed.map(|filed| filed.number) != Some(*ledger_sequence) {
                    return Err(format!("{claim} is erased, and the hub does not have it"));
                }
                Ok(())
            }
            QueueState::Refused { reason } => Err(format!("{claim} is refused: {reason}")),
            QueueState::Queued if self.confirmed.contains(&claim) && !self.hub.has_forgotten(claim) => {
                Err(format!("{claim} was confirmed and is back"))
            }
            QueueState::Queued => {
                let found = journal.outgoing(claim).map_err(|error| chain(&error))?;
                let outgoing = found.ok_or_else(|| format!("{claim} has no manifest"))?;
                if filed.is_some_and(|filed| filed.manifest != outgoing.manifest.digest()) {
                    return Err(format!("{claim} is another one at the hub"));
                }
                // Each is compared with its digest on the way.
                let whole = outgoing.parts.iter().try_for_each(|part| journal.part(part.digest).map(drop));
                whole.map_err(|error| chain(&error))
            }
        }
    }

    /// Delivers everything: at the end each claim is at the hub, and nothing is left.
    fn drain(&self, disk: &Disk, directory: &Path, there: &BTreeSet<ClaimId>) -> Result<(), String> {
        let mut hub = self.hub.clone();
        let mut courier = courier(disk, directory);
        let mut now = Instant::now();
        let mut inputs = VecDeque::from([Input::Hub(true)]);
        while let Some(input) = inputs.pop_front() {
            now += Duration::from_millis(1);
            for output in courier.handle(input, Moment { instant: now, wall: AT }, &mut || 0.0) {
                match output {
                    Output::Put { request, claim, digest, sealed } => {
                        hub.put(digest, &sealed);
                        inputs.push_back(Input::Answered { request, claim, answer: Answer::PartAccepted(digest) });
                    }
                    Output::Commit { request, claim, manifest } => {
                        let answer = Answer::Commit(hub.commit(&manifest));
                        inputs.push_back(Input::Answered { request, claim, answer });
                    }
                    Output::Reconcile { request, note } => {
                        let answer = Answer::Reconciled(Box::new(hub.reconcile(&note)));
                        inputs.push_back(Input::Reconciled { request, answer });
                    }
                    Output::Told(
                        CourierEvent::Kept { .. }
                        | CourierEvent::KeepFailed { .. }
                        | CourierEvent::Confirmed { .. }
                        | CourierEvent::Queue { .. }
                        | CourierEvent::Damaged { .. }
                        | CourierEvent::Audited(_)
                        | CourierEvent::Ready(_),
                    ) => {}
                }
            }
        }
        drop(courier);
        if let Some(problem) = hub.problems.first() {
            return Err(problem.clone());
        }
        // The one that was kept last is among them.
        let mut all = there.clone();
        all.insert(specimen(ANOTHER).record.claim);
        all.extend(self.hub.ledger.keys());
        if !hub.ledger.keys().eq(all.iter()) {
            return Err(format!("not all is delivered: {:?}", hub.ledger.keys()));
        }
        let journal = open(disk, directory, AT).map_err(|error| chain(&error))?.journal;
        let left = Stats { held: 0, held_bytes: 0, ..journal.stats().map_err(|error| chain(&error))? };
        if left == Stats::default() { Ok(()) } else { Err(format!("something is left: {left:?}")) }
    }
}

pub fn courier(disk: &Disk, directory: &Path) -> Courier {
    let (disk, directory) = (disk.clone(), directory.to_owned());
    Courier::new(Box::new(move |at| open(&disk, &directory, at)))
}

/// The number in `journal.head`; 0 without one.
fn begun(disk: &Disk, directory: &Path) -> Result<u64, String> {
    match disk.files.read(&directory.join("journal.head"), 32) {
        Ok(bytes) => {
            let number = std::str::from_utf8(&bytes).ok().and_then(|text| text.split_whitespace().next()?.parse().ok());
            number.ok_or_else(|| format!("the head makes no sense: {bytes:?}"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(format!("the head can't be read: {error}")),
    }
}

/// A lock outlives the process that held it, or a fork of this one holds a copy of it, for a moment.
fn open(disk: &Disk, directory: &Path, at: WallTime) -> Result<Opened, JournalError> {
    let start = Instant::now();
    loop {
        match Journal::open_on(disk.clone(), directory, config(), at) {
            Err(JournalError::InUse(_)) if start.elapsed() < UNLOCKED => std::thread::yield_now(),
            result => return result,
        }
    }
}
