//! Group commit: those who write at the same time share one transaction, and so one wait for the disk.
//!
//! ```text
//!  writer 1 ──► BEGIN, its work ─┐ somebody waits: leave it open
//!  writer 2 ──►        its work ─┤
//!  writer 3 ──►        its work ─┴► nobody waits, or the group is full: COMMIT ──► all three are answered
//! ```
//!
//! * Nobody is answered before the commit that holds what it wrote: a receipt never runs ahead of its fsync. Reading goes
//!   through another connection, so nobody sees what is not committed either.
//! * Who writes alone commits alone, at once: nothing waits for a group to fill up.
//! * Each has a savepoint of its own: work that fails is undone alone, and the rest of its group is kept.
//! * If SQLite gives the transaction up (a full disk), the commit fails, or a writer panics, the whole group hears that
//!   nothing was kept. After an I/O error nothing more is written at all.

use super::{is_io_failure, storage};
use crate::ledger::LedgerError;
use rusqlite::Connection;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Writers that share a commit at the most: with parts of 8 MiB, half a gigabyte of log.
const MAX_GROUP: u32 = 64;

/// The one connection that writes.
pub(super) struct Writer {
    state: Mutex<State>,
    /// Threads that want to write and have not begun: one of them will end the group.
    waiting: AtomicUsize,
    failed: AtomicBool,
    #[cfg(test)]
    commits: AtomicUsize,
}

pub(super) struct State {
    connection: Connection,
    open: Option<Open>,
}

/// A transaction with work in it.
struct Open {
    group: Arc<Group>,
    members: u32,
}

/// What became of a transaction, for everybody who was in it.
#[derive(Default)]
struct Group {
    outcome: Mutex<Option<Outcome>>,
    ended: Condvar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Committed,
    Full,
    /// For a reason that is another's: the same may succeed the next time.
    Undone,
    Failed,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            state: Mutex::new(State { connection, open: None }),
            waiting: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            #[cfg(test)]
            commits: AtomicUsize::new(0),
        }
    }

    /// The disk has failed: nothing is written any more.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Runs `work` in a transaction, and returns once that is committed.
    pub(super) fn write<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut state = self.lock();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let (result, group) = {
            // Undoes everything if `work` panics.
            let mut turn = Turn { writer: self, state: &mut state, operation, done: false };
            let result = turn.run(work);
            let group = turn.end_unless(self.waiting.load(Ordering::SeqCst) > 0);
            turn.done = true;
            (result, group)
        };
        drop(state);
        let value = result?;
        group.map_or(Outcome::Undone, |group| group.wait()).into_result(operation).map(|()| value)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic has undone its group; the connection is as good as before.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets one turn after the other join a group, as if somebody always waited; the last one ends it. Each turn runs until
    /// it waits for the others, so their order is that of `turns`, whatever the threads do.
    #[cfg(test)]
    pub(super) fn in_one_group<T: Send>(&self, turns: Vec<Box<dyn FnOnce() -> T + Send + '_>>) -> Vec<T> {
        let last = turns.len().saturating_sub(1);
        std::thread::scope(|scope| {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let mut threads = Vec::new();
            for (number, turn) in turns.into_iter().enumerate() {
                let members = || self.lock().open.as_ref().map_or(0, |open| open.members);
                let before = members();
                if number == last {
                    self.waiting.fetch_sub(1, Ordering::SeqCst);
                }
                let thread = scope.spawn(turn);
                while !thread.is_finished() && (number == last || members() <= before) {
                    std::thread::yield_now();
                }
                threads.push(thread);
            }
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    #[cfg(test)]
    pub(super) fn db(&self) -> MutexGuard<'_, State> {
        self.lock()
    }
}

/// One writer's turn at the connection.
struct Turn<'a> {
    writer: &'a Writer,
    state: &'a mut State,
    operation: &'static str,
    done: bool,
}

impl Turn<'_> {
    fn run<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        if self.writer.has_failed() {
            return Err(LedgerError::Failed);
        }
        if self.state.open.is_none() {
            self.execute("BEGIN IMMEDIATE").inspect_err(|error| self.note(error))?;
            self.state.open = Some(Open { group: Arc::default(), members: 0 });
        }
        let result = self.execute("SAVEPOINT own").and_then(|()| work(&self.state.connection)).and_then(|value| {
            self.execute("RELEASE own")?;
            Ok(value)
        });
        match &result {
            Ok(_) => {
                if let Some(open) = &mut self.state.open {
                    open.members += 1;
                }
            }
            Err(error) => self.undo(error),
        }
        result
    }

    /// Takes back what failed: alone, if the transaction is still there.
    fn undo(&mut self, error: &LedgerError) {
        self.note(error);
        let alone = !self.state.connection.is_autocommit()
            && !self.writer.has_failed()
            && self.execute("ROLLBACK TO own").and_then(|()| self.execute("RELEASE own")).is_ok();
        if !alone {
            self.give_up(Outcome::of(error));
        }
    }

    /// Commits, unless another goes on with this group. The group that the turn was part of.
    fn end_unless(&mut self, another: bool) -> Option<Arc<Group>> {
        let open = self.state.open.as_ref()?;
        let group = Arc::clone(&open.group);
        if another && open.members < MAX_GROUP {
            return Some(group);
        }
        match self.execute("COMMIT") {
            Ok(()) => {
                #[cfg(test)]
                self.writer.commits.fetch_add(1, Ordering::Relaxed);
                self.state.open = None;
                group.end(Outcome::Committed);
            }
            Err(error) => {
                self.note(&error);
                self.give_up(Outcome::of(&error));
            }
        }
        Some(group)
    }

    /// Undoes the whole group.
    fn give_up(&mut self, outcome: Outcome) {
        if !self.state.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            self.note(&error);
        }
        if let Some(open) = self.state.open.take() {
            open.group.end(outcome);
        }
    }

    /// Before the next writer has its turn: what an fsync that failed has left on the disk is not known.
    fn note(&self, error: &LedgerError) {
        if is_io_failure(error) && !self.writer.failed.swap(true, Ordering::AcqRel) {
            tracing::error!(self.operation, "the ledger's disk has failed: no more writing until the next start");
        }
    }

    fn execute(&self, sql: &str) -> Result<(), LedgerError> {
        let run = self.state.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        run.map(drop).map_err(|source| storage(self.operation, source))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.give_up(Outcome::Undone);
        }
    }
}

impl Group {
    fn end(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.ended.notify_all();
    }

    fn wait(&self) -> Outcome {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match *outcome {
                Some(outcome) => return outcome,
                None => outcome = self.ended.wait(outcome).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl Outcome {
    fn of(error: &LedgerError) -> Self {
        match error {
            LedgerError::Full { .. } => Outcome::Full,
            LedgerError::Failed => Outcome::Failed,
            LedgerError::Storage { .. } if is_io_failure(error) => Outcome::Failed,
            LedgerError::Storage { .. }
            | LedgerError::Busy { .. }
            | LedgerError::Undone { .. }
            | LedgerError::Unreadable(_) => Outcome::Undone,
        }
    }

    fn into_result(self, operation: &'static str) -> Result<(), LedgerError> {
        match self {
            Outcome::Committed => Ok(()),
            Outcome::Full => Err(LedgerError::Full { operation }),
            Outcome::Undone => Err(LedgerError::Undone { operation }),
            Outcome::Failed => Err(LedgerError::Failed),
        }
    }
}

#[cfg(test)]
impl std::ops::Deref for State {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::AssertUnwindSafe;
    use std::thread;

    fn writer(dir: &tempfile::TempDir) -> Writer {
        let connection = Connection::open(dir.path().join("w.db")).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        let tables = "CREATE TABLE t (n INTEGER PRIMARY KEY, bytes BLOB);
                      CREATE TABLE late (n REFERENCES t DEFERRABLE INITIALLY DEFERRED);";
        connection.execute_batch(tables).unwrap();
        Writer::new(connection)
    }

    fn insert(connection: &Connection, number: usize, size: usize) -> Result<usize, LedgerError> {
        connection
            .execute("INSERT INTO t VALUES (?1, zeroblob(?2))", [number, size].map(|n| n as i64))
            .map_err(|source| storage("insert", source))
    }

    /// What is committed, as another connection sees it.
    fn seen(dir: &tempfile::TempDir) -> Vec<i64> {
        let connection = Connection::open(dir.path().join("w.db")).unwrap();
        let mut statement = connection.prepare("SELECT n FROM t ORDER BY n").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    type Work = dyn Fn(&Connection, usize) -> Result<usize, LedgerError> + Sync;

    /// Lets so many writers at the connection at once. What each was told; None: it panicked.
    fn together(writer: &Writer, writers: usize, work: &Work) -> Vec<Option<Result<usize, LedgerError>>> {
        thread::scope(|scope| {
            let gate = writer.lock();
            let run = |number| move || writer.write("insert", |connection| work(connection, number));
            let threads: Vec<_> = (0..writers)
                .map(|number| scope.spawn(move || std::panic::catch_unwind(AssertUnwindSafe(run(number))).ok()))
                .collect();
            while writer.waiting.load(Ordering::SeqCst) < writers {
                thread::yield_now();
            }
            drop(gate);
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    #[test]
    fn who_waits_together_commits_together() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir);
        let told = together(&writer, 40, &|connection, number| insert(connection, number, 10));
        assert!(told.iter().all(|told| matches!(told, Some(Ok(1)))));
        assert_eq!(writer.commits.load(Ordering::Relaxed), 1);
        assert_eq!(seen(&dir), (0..40).collect::<Vec<_>>());
        // No more than a group holds, and alone when alone.
        together(&writer, 70, &|connection, number| insert(connection, 100 + number, 10));
        assert_eq!(writer.commits.load(Ordering::Relaxed), 3);
        writer.write("insert", |connection| insert(connection, 300, 10)).unwrap();
        assert_eq!((writer.commits.load(Ordering::Relaxed), seen(&dir).len()), (4, 111));
    }

    #[test]
    fn work_that_fails_is_undone_alone() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir);
        // Every third writes something, then gives up; the last one among them, too.
        let told = together(&writer, 10, &|connection, number| {
            insert(connection, number, 10)?;
            if number % 3 == 0 { Err(LedgerError::Unreadable("test")) } else { Ok(1) }
        });
        let kept = |number: &usize| !number.is_multiple_of(3);
        let good: Vec<usize> = (0..10).filter(|number| matches!(told[*number], Some(Ok(1)))).collect();
        assert_eq!(good, (0..10).filter(kept).collect::<Vec<_>>());
        assert_eq!(seen(&dir), (0..10).filter(kept).map(|number| number as i64).collect::<Vec<_>>());
        assert!(!writer.has_failed());
    }

    #[test]
    fn what_is_not_kept_is_told_to_nobody_as_kept() {
        let check = |work: &Work, panics: usize| {
            let dir = tempfile::tempdir().unwrap();
            let writer = writer(&dir);
            writer.db().pragma_update(None, "max_page_count", 50).unwrap();
            let told = together(&writer, 12, work);
            let mut good: Vec<i64> = (0..12).filter(|number| matches!(told[*number as usize], Some(Ok(_)))).collect();
            good.sort_unstable();
            assert_eq!(seen(&dir), good, "told and kept are the same");
            assert_eq!(told.iter().filter(|told| told.is_none()).count(), panics);
            assert!(told.iter().flatten().all(|told| told.as_ref().err().is_none_or(LedgerError::passes)), "{told:?}");
            // The next one finds everything in order.
            writer.write("insert", |connection| insert(connection, 99, 10)).unwrap();
            assert_eq!(seen(&dir).len(), good.len() + 1);
            good.len()
        };
        // One is too large for the disk.
        let kept = check(&|connection, number| insert(connection, number, if number == 5 { 1 << 20 } else { 10 }), 0);
        assert!(kept <= 11);
        // SQLite gives the whole transaction up.
        check(
            &|connection, number| {
                insert(connection, number, 10)?;
                if number == 5 {
                    connection.execute_batch("ROLLBACK").unwrap();
                    return Err(LedgerError::Full { operation: "insert" });
                }
                Ok(1)
            },
            0,
        );
        check(
            &|connection, number| {
                insert(connection, number, 10)?;
                assert_ne!(number, 5, "on purpose");
                Ok(1)
            },
            1,
        );
        // All work is good, and the commit finds that it is not.
        let kept = check(
            &|connection, number| {
                insert(connection, number, 10)?;
                if number == 5 {
                    connection.execute("INSERT INTO late VALUES (-1)", []).unwrap();
                }
                Ok(1)
            },
            0,
        );
        assert_eq!(kept, 0);
    }

    #[test]
    fn after_an_io_error_nothing_more_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir);
        let told = together(&writer, 12, &|connection, number| {
            insert(connection, number, 10)?;
            if number == 5 {
                let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
                return Err(storage("insert", rusqlite::Error::SqliteFailure(error, None)));
            }
            Ok(1)
        });
        assert!(writer.has_failed());
        assert!(told.iter().flatten().all(|told| told.is_err()), "one group, nothing of it kept: {told:?}");
        assert!(seen(&dir).is_empty());
        assert!(matches!(writer.write("insert", |c| insert(c, 99, 10)), Err(LedgerError::Failed)));
    }
}
