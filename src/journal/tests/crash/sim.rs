//! A disk in memory that loses what was not synced.
//!
//! Every file has what is durable, and changes since: writes and lengths. The directory has names that are durable, and
//! changes since. A sync makes the changes of its file durable, or those of the directory; nothing else does. A power cut
//! ([`Sim::cut`]) keeps any choice of the changes, of a write any choice of its sectors, and of a lost write perhaps the
//! length that it gave its file. Renames are all or nothing. A sync that fails has written some of the changes, says so
//! once, and leaves them all readable until the next power cut, as Linux does.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The unit that a drive writes whole.
const SECTOR: usize = 512;

pub type Inode = u64;

/// Chance with a seed: xorshift64*.
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // The first numbers after small seeds are much alike.
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            dice.next();
        }
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, sides: usize) -> usize {
        ((self.next() >> 33) % sides.max(1) as u64) as usize
    }

    pub fn percent(&mut self, likely: usize) -> bool {
        self.below(100) < likely
    }
}

#[derive(Clone)]
enum Change {
    Write { at: usize, bytes: Arc<[u8]> },
    Length(usize),
}

#[derive(Clone)]
enum Naming {
    Link(String, Inode),
    Rename(String, String, Inode),
    Unlink(String),
}

/// What becomes of one change in a power cut.
#[derive(Clone, Copy)]
enum Fate {
    Kept,
    Lost,
    /// Lost, but for the length of the file.
    LengthOnly,
    Torn,
}

#[derive(Clone, Default)]
struct Contents {
    /// As programs see it.
    now: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

/// An error that a test planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Io,
    Full,
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        const EIO: i32 = 5;
        const ENOSPC: i32 = 28;
        Self::from_raw_os_error(match fault {
            Fault::Io => EIO,
            Fault::Full => ENOSPC,
        })
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub fault: Fault,
    /// Changes and syncs that still succeed.
    pub after: u64,
    /// How many fail then.
    pub lasting: u64,
}

#[derive(Clone)]
pub struct Sim {
    files: BTreeMap<Inode, Contents>,
    names: BTreeMap<String, Inode>,
    durable_names: BTreeMap<String, Inode>,
    pending_names: Vec<Naming>,
    next: Inode,
    /// Changes and syncs so far.
    pub points: u64,
    /// Which of these were syncs of a file.
    pub syncs: Vec<u64>,
    pub plan: Option<Plan>,
    /// A write that fails has done all it should have, as if what is missing had stood there before.
    pub fails_late: bool,
    /// Where power could be cut: the disk before each sync, if they are wanted.
    pub cuts: Option<Vec<Sim>>,
    dice: Dice,
}

/// A disk that several hands hold.
pub type Shared = Arc<Mutex<Sim>>;

pub fn lock(disk: &Shared) -> MutexGuard<'_, Sim> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sim {
    pub fn new(seed: u64) -> Self {
        Self {
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending_names: Vec::new(),
            next: 1,
            points: 0,
            syncs: Vec::new(),
            plan: None,
            fails_late: false,
            cuts: None,
            dice: Dice::new(seed),
        }
    }

    pub fn find(&self, name: &str) -> Option<Inode> {
        self.names.get(name).copied()
    }

    pub fn make(&mut self, name: &str) -> Result<Inode, Fault> {
        if let Some(inode) = self.find(name) {
            return Ok(inode);
        }
        self.step()?;
        let inode = self.next;
        self.next += 1;
        self.files.insert(inode, Contents::default());
        self.names.insert(name.to_owned(), inode);
        self.pending_names.push(Naming::Link(name.to_owned(), inode));
        Ok(inode)
    }

    pub fn rename(&mut self, from: &str, to: &str) -> Result<bool, Fault> {
        self.step()?;
        let Some(inode) = self.names.remove(from) else { return Ok(false) };
        self.names.insert(to.to_owned(), inode);
        self.pending_names.push(Naming::Rename(from.to_owned(), to.to_owned(), inode));
        Ok(true)
    }

    pub fn remove(&mut self, name: &str) -> Result<bool, Fault> {
        self.step()?;
        self.pending_names.push(Naming::Unlink(name.to_owned()));
        Ok(self.names.remove(name).is_some())
    }

    pub fn contents(&self, inode: Inode) -> &[u8] {
        self.files.get(&inode).map_or(&[], |file| &file.now)
    }

    pub fn write(&mut self, inode: Inode, at: usize, bytes: &[u8]) -> Result<(), Fault> {
        let step = self.step();
        // A write that fails may have begun.
        let begun = if step.is_ok() || self.fails_late { bytes.len() } else { self.dice.below(bytes.len()) };
        let bytes = &bytes[..begun];
        self.change(inode, Change::Write { at, bytes: bytes.into() });
        step
    }

    pub fn resize(&mut self, inode: Inode, length: usize) -> Result<(), Fault> {
        self.step()?;
        self.change(inode, Change::Length(length));
        Ok(())
    }

    fn change(&mut self, inode: Inode, change: Change) {
        if let Some(file) = self.files.get_mut(&inode) {
            apply(&mut file.now, &change);
            file.pending.push(change);
        }
    }

    pub fn sync(&mut self, inode: Inode) -> Result<(), Fault> {
        self.may_be_cut();
        self.syncs.push(self.points);
        let step = self.step();
        let dice = &mut self.dice;
        if let Some(file) = self.files.get_mut(&inode) {
            for change in file.pending.drain(..) {
                let fate = if step.is_ok() { Fate::Kept } else { any(dice) };
                settle(&mut file.durable, &change, fate, dice);
            }
        }
        step
    }

    pub fn sync_names(&mut self) -> Result<(), Fault> {
        self.may_be_cut();
        self.step()?;
        self.pending_names.clear();
        self.durable_names.clone_from(&self.names);
        Ok(())
    }

    /// Notes a place where power could be cut.
    pub fn may_be_cut(&mut self) {
        if let Some(mut cuts) = self.cuts.take() {
            cuts.push(self.clone());
            self.cuts = Some(cuts);
        }
    }

    /// Counts a change or a sync, which may have to fail.
    pub fn step(&mut self) -> Result<(), Fault> {
        self.points += 1;
        match &mut self.plan {
            Some(plan) if plan.after > 0 => plan.after -= 1,
            Some(plan) if plan.lasting > 0 => {
                plan.lasting -= 1;
                return Err(plan.fault);
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Changes that a power cut could lose.
    pub fn unsynced(&self) -> usize {
        self.reachable().iter().map(|inode| self.files[inode].pending.len()).sum::<usize>() + self.pending_names.len()
    }

    fn reachable(&self) -> BTreeSet<Inode> {
        let renamed = self.pending_names.iter().filter_map(|naming| match naming {
            Naming::Link(_, inode) | Naming::Rename(_, _, inode) => Some(*inode),
            Naming::Unlink(_) => None,
        });
        self.durable_names.values().copied().chain(renamed).filter(|inode| self.files.contains_key(inode)).collect()
    }

    /// The disk after a power cut that keeps the changes whose bits are set, whole.
    pub fn cut_exactly(&self, kept: u64) -> Self {
        let mut number = 0;
        self.cut(&mut Dice::new(1), |_, _| {
            number += 1;
            if kept.checked_shr(number - 1).unwrap_or(0) & 1 == 1 { Fate::Kept } else { Fate::Lost }
        })
    }

    /// The disk after a power cut by chance: mostly early, mostly late, all sorts, or exactly at the last moment.
    pub fn cut_by_chance(&self, dice: &mut Dice) -> Self {
        let likely = [3, 20, 50, 80, 97][dice.below(5)];
        let tears = dice.percent(60);
        // Drives mostly write in order, then the interesting part is around one place.
        let ordered = dice.percent(30).then(|| dice.below(self.unsynced() + 1));
        let mut number = 0;
        self.cut(dice, |dice, _| {
            number += 1;
            match ordered {
                Some(end) if number <= end => Fate::Kept,
                Some(end) if number > end + 1 => Fate::Lost,
                Some(_) => any(dice),
                None if tears && dice.percent(25) => any(dice),
                None if dice.percent(likely) => Fate::Kept,
                None => Fate::Lost,
            }
        })
    }

    fn cut(&self, dice: &mut Dice, mut fate: impl FnMut(&mut Dice, bool) -> Fate) -> Self {
        let mut after = Self::new(dice.next());
        after.next = self.next;
        for inode in self.reachable() {
            let file = &self.files[&inode];
            let mut durable = file.durable.clone();
            for change in &file.pending {
                let fate = fate(dice, true);
                settle(&mut durable, change, fate, dice);
            }
            after.files.insert(inode, Contents { now: durable.clone(), durable, pending: Vec::new() });
        }
        after.names.clone_from(&self.durable_names);
        for naming in &self.pending_names {
            if matches!(fate(dice, false), Fate::Lost) {
                continue;
            }
            match naming {
                Naming::Link(name, inode) => drop(after.names.insert(name.clone(), *inode)),
                Naming::Rename(from, to, inode) => {
                    if after.names.get(from) == Some(inode) {
                        after.names.remove(from);
                    }
                    after.names.insert(to.clone(), *inode);
                }
                Naming::Unlink(name) => drop(after.names.remove(name)),
            }
        }
        after.durable_names.clone_from(&after.names);
        after
    }
}

fn any(dice: &mut Dice) -> Fate {
    [Fate::Kept, Fate::Lost, Fate::LengthOnly, Fate::Torn][dice.below(4)]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { at, bytes: new } => {
            let end = at + new.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*at..end].copy_from_slice(new);
        }
        Change::Length(length) => bytes.resize(*length, 0),
    }
}

fn settle(durable: &mut Vec<u8>, change: &Change, fate: Fate, dice: &mut Dice) {
    match (fate, change) {
        (Fate::Kept, _) => apply(durable, change),
        (Fate::Lost, _) | (Fate::LengthOnly | Fate::Torn, Change::Length(_)) => {}
        (Fate::LengthOnly, Change::Write { at, bytes }) => {
            let end = at + bytes.len();
            if durable.len() < end {
                durable.resize(end, 0);
            }
        }
        (Fate::Torn, Change::Write { at, bytes }) => {
            let mut from = 0;
            while from < bytes.len() {
                let to = bytes.len().min(((at + from) / SECTOR + 1) * SECTOR - at);
                if dice.percent(50) {
                    apply(durable, &Change::Write { at: at + from, bytes: bytes[from..to].into() });
                }
                from = to;
            }
        }
    }
}
