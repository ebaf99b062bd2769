//! A hub's ledger on a simulated disk, and what is done to it. After each step it has the places where power could have been
//! cut, each with what had been answered by then.

use super::model::Op;
use super::mount::Mounted;
use super::promises::{Promises, chain, give, run};
use super::sim::{Plan, Sim, lock};
use super::specimens::{BOOTHS, secret};
use super::{LEDGER, disk_of};
use crate::ledger::{Health, Ledger as _};
use crate::sqlite::SqliteLedger;

/// Pages in the log after which SQLite writes it into the database: few, so that it happens often.
const CHECKPOINT: u32 = 24;

/// What happens in an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A booth brings a claim, part after part.
    File,
    /// Two claims, parts of a third, a decision, a rating and a login at once, in one group commit.
    Crowd,
    /// Officers and supervisors at work; a claim is refused, parts that nobody needs go.
    Work,
    /// A booth asks for a receipt again that it may have.
    Again,
    /// The hub ends properly and starts again.
    Restart,
    /// It is killed and starts again: the machine runs on, and still reads what is not on the disk.
    Kill,
}

/// A place where power could be cut.
#[derive(Clone)]
pub struct Cut {
    pub disk: Sim,
    pub promises: Promises,
}

pub struct Hub {
    pub mounted: Mounted,
    /// None: it could not be opened.
    ledger: Option<SqliteLedger>,
    pub promises: Promises,
    pub cuts: Vec<Cut>,
    /// What went wrong.
    pub problem: Option<String>,
    next: u128,
    entries: u128,
}

impl Hub {
    /// Starts on a disk with what was promised before, and enrols the booths if need be.
    pub fn start(disk: Sim, promises: Promises, next: u128) -> Self {
        let mounted = Mounted::new(disk);
        lock(&mounted.sim).cuts = Some(Vec::new());
        let mut hub = Self { mounted, ledger: None, promises, cuts: Vec::new(), problem: None, next, entries: 1 };
        hub.open();
        hub
    }

    pub fn plan(&self, plan: Option<Plan>) {
        lock(&self.mounted.sim).plan = plan;
    }

    /// The number that the next claim gets.
    pub fn next(&self) -> u128 {
        self.next
    }

    pub fn act(&mut self, act: Act) {
        self.enrol();
        match act {
            Act::File => {
                let number = self.another();
                give(number).for_each(|op| self.one(op));
            }
            Act::Crowd => self.crowd(),
            Act::Work => self.work(),
            Act::Again => self.one(Op::Keep((self.next - 1).max(1))),
            Act::Restart => {
                self.close();
                self.open();
            }
            Act::Kill => {
                self.kill();
                self.open();
            }
        }
    }

    fn another(&mut self) -> u128 {
        self.next += 1;
        self.next - 1
    }

    fn crowd(&mut self) {
        let (first, second, third) = (self.another(), self.another(), self.next);
        let parts = |number| give(number).filter(|op| matches!(op, Op::Put { .. }));
        parts(first).chain(parts(second)).for_each(|op| self.one(op));
        self.entries += 1;
        let mut ops = vec![Op::Keep(first), Op::DecideSession(third), Op::Keep(second)];
        ops.extend(parts(third).take(1));
        ops.extend([Op::Rate { claim: first, rating: 4 }, Op::Note(self.entries)]);
        self.group(&ops);
    }

    fn work(&mut self) {
        self.entries += 1;
        let (last, refused) = ((self.next - 1).max(1), self.another());
        self.one(Op::Note(self.entries));
        self.one(Op::Rate { claim: last, rating: 1 + (self.entries % 4) as u8 });
        self.one(Op::Decide(last));
        self.one(Op::Put { claim: refused, part: 0 });
        self.one(Op::Refuse(refused));
        self.one(Op::Put { claim: refused, part: 1 });
        self.one(Op::DropOrphans);
        // It comes after all, and as it should be.
        give(refused).for_each(|op| self.one(op));
    }

    fn one(&mut self, op: Op) {
        self.group(&[op]);
    }

    /// Does these at once: one group commit.
    fn group(&mut self, ops: &[Op]) {
        self.restart_if_failed();
        let Some(ledger) = &self.ledger else { return };
        let first = self.promises.open.len();
        self.promises.open.extend(ops.iter().map(|op| (*op, false)));
        let answers = if let [op] = ops {
            vec![run(ledger, *op)]
        } else {
            let turn = |op: &Op| -> Box<dyn FnOnce() -> _ + Send + '_> {
                let op = *op;
                Box::new(move || run(ledger, op))
            };
            ledger.writer.in_one_group(ops.iter().map(turn).collect())
        };
        self.note_cuts();
        let failed = answers.iter().any(Result::is_err);
        for (place, answer) in answers.into_iter().enumerate() {
            let (op, answered) = &mut self.promises.open[first + place];
            *answered = answer.is_ok();
            if let (Op::Keep(number), Ok(Some(receipt))) = (*op, answer)
                && *self.promises.receipts.entry(number).or_insert_with(|| receipt.clone()) != receipt
            {
                self.problem = Some(format!("claim {number} has a second receipt"));
            }
        }
        self.cut_now();
        // What a ledger that goes on has not answered is undone; of one that has failed nobody knows before it is open again.
        let ledger = self.ledger.as_ref().filter(|ledger| ledger.health() != Health::Failed);
        match ledger {
            Some(ledger) if failed => self.problem = self.promises.settle_running(ledger).err().or(self.problem.take()),
            Some(_) => self.promises.keep(),
            None => self.try_after_failure(),
        }
    }

    fn try_after_failure(&mut self) {
        if let Some(ledger) = &self.ledger
            && run(ledger, Op::Note(0)).is_ok()
        {
            self.problem = Some("goes on writing after its disk has failed".into());
        }
    }

    fn restart_if_failed(&mut self) {
        if self.ledger.as_ref().is_none_or(|ledger| ledger.health() == Health::Failed) {
            // By then it may have ended either way.
            if lock(&self.mounted.sim).points.is_multiple_of(2) {
                self.close();
            } else {
                self.kill();
            }
            self.open();
        }
    }

    fn kill(&mut self) {
        self.note_cuts();
        let disk = lock(&self.mounted.sim).clone();
        // What the old one does while it is dropped, it does to a disk that nobody looks at.
        self.ledger = None;
        self.mounted = Mounted::new(disk);
        self.cut_now();
    }

    fn close(&mut self) {
        self.ledger = None;
        self.note_cuts();
        self.cut_now();
    }

    fn open(&mut self) {
        let opened = SqliteLedger::open_on(&disk_of(&self.mounted), &self.mounted.directory.join(LEDGER));
        self.note_cuts();
        let ledger = match opened {
            Ok(ledger) => ledger,
            Err(error) if lock(&self.mounted.sim).plan.is_none() => {
                self.problem = Some(format!("does not open: {}", chain(&error)));
                return;
            }
            Err(_) => return,
        };
        ledger.db().pragma_update(None, "wal_autocheckpoint", CHECKPOINT).unwrap();
        if let Err(problem) = self.promises.settle(&ledger) {
            self.problem = Some(format!("opened again: {problem}"));
        }
        self.ledger = Some(ledger);
        self.cut_now();
        self.enrol();
    }

    /// Enrols the booths that are not yet.
    fn enrol(&mut self) {
        for number in 0..BOOTHS {
            if self.promises.sure.lacks(number) {
                if !self.promises.sure.codes.contains(&secret(number)) {
                    self.one(Op::Code(number));
                }
                self.one(Op::Enrol(number));
            }
        }
    }

    /// What happened up to here happened under the promises that stand now.
    fn note_cuts(&mut self) {
        let cuts = lock(&self.mounted.sim).cuts.replace(Vec::new()).unwrap_or_default();
        self.cuts.extend(cuts.into_iter().map(|disk| Cut { disk, promises: self.promises.clone() }));
    }

    /// Here power could be cut, too.
    fn cut_now(&mut self) {
        let mut disk = lock(&self.mounted.sim).clone();
        (disk.cuts, disk.plan) = (None, None);
        self.cuts.push(Cut { disk, promises: self.promises.clone() });
    }
}
